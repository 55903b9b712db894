/*
 * One timer wheel for all connections of a worker: a connection costs a list
 * link and a number, not a timer. Resolution is a second, which is what
 * handshake limits and pings need; nothing here is precise. Loop thread only.
 */
#ifndef COLLABD_SERVER_WHEEL_H
#define COLLABD_SERVER_WHEEL_H

#include <stdint.h>

#include <bsd/sys/queue.h>

#include "base/compat.h"

#define WHEEL_SLOTS	64	/* seconds; a longer wait goes round again */

struct wheel_entry {
	TAILQ_ENTRY(wheel_entry) _link;
	int64_t	_due_ms;	/* 0: not in the wheel */
};

TAILQ_HEAD(wheel_list, wheel_entry);

struct wheel {
	struct wheel_list _slots[WHEEL_SLOTS];
	int64_t	_second;	/* the last one that was run */
};

void	wheel_init(struct wheel *wheel, int64_t now_ms);
/* (Re)schedules an entry for due_ms (monotonic). O(1). */
void	wheel_add(struct wheel *wheel, struct wheel_entry *entry,
	    int64_t due_ms);
/* Takes an entry out; harmless if it is not in. */
void	wheel_remove(struct wheel *wheel, struct wheel_entry *entry);
/*
 * Calls on_due for each entry whose time has come, after taking it out; it may
 * add any entry again and remove others. Call about once a second.
 */
void	wheel_run(struct wheel *wheel, int64_t now_ms,
	    void (*on_due)(struct wheel_entry *entry, void *arg), void *arg);

#endif

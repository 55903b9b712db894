/*
 * Saves as the database has them: while rooms are open, one worker of the
 * machine follows the admin's log and announces each row to the room of its
 * object, on whatever worker or machine that is. Who was first to see a row
 * announces it (store_announce()), so machines need not agree on who asks.
 *
 * A row counts as announced when Redis has said so. Until then it is read
 * again, by this worker or another, for as long as the log has it. What has
 * gathered costs no memory; of more than 4,000 rows the newest are announced.
 * When a worker has just started, or was without Redis, which may have lost
 * what it was told, the rows of 24 hours are gone through again.
 *
 * Loop thread only.
 */
#ifndef COLLABD_SERVER_SAVES_H
#define COLLABD_SERVER_SAVES_H

#include <stdbool.h>

#include "base/compat.h"
#include "base/conf.h"
#include "shm/region.h"

struct adminlog;
struct pool;
struct event_base;
struct rooms;
struct saves;
struct store;

/* All are borrowed and outlive it; pool and store are freed after it. */
struct saves *saves_new(const struct conf *conf, struct event_base *base,
	    struct shm *shm, int slot, struct pool *pool,
	    struct store *store, struct rooms *rooms) MUSTCHECK;
/* NULL is allowed. */
void	saves_free(struct saves *saves);
/* The store has come up; from its hook. */
void	saves_on_up(struct saves *saves);
/* Whether tabs are told of saves by the log; else by the page's click. */
bool	saves_follow_log(const struct saves *saves);

#endif

/*
 * Which of a worker's client sockets are ready: an epoll descriptor of their
 * own behind one event of the loop. libevent would want an event (128 bytes)
 * and a place in its map (40) for each connection, most of which say nothing
 * for minutes; here a connection costs nothing but what the kernel keeps.
 * Level-triggered: what is not taken is reported again. Loop thread only.
 */
#ifndef COLLABD_SERVER_WATCH_H
#define COLLABD_SERVER_WATCH_H

#include <stdbool.h>

#include "base/compat.h"

struct event_base;
struct watch;

/*
 * on_ready is called in the loop, for each socket at most once a turn, with
 * the subject that the socket was added with. An error or a hang-up counts as
 * both. It may add, change and remove any socket, but memory that is a subject
 * must stay until the end of the turn. It may get a socket that was removed
 * or closed earlier in the same turn. NULL: the system has no descriptor left.
 */
struct watch *watch_new(struct event_base *base,
	    void (*on_ready)(void *subject, bool readable, bool writable,
	    void *arg), void *arg) MUSTCHECK;
/* NULL is fine. The sockets are the caller's. */
void	watch_free(struct watch *watch);
/* Watches a socket for the first time, or again after watch_remove(). False
 * with errno. */
bool	watch_add(struct watch *watch, int fd, bool reads, bool writes,
	    void *subject) MUSTCHECK;
/* Watches a socket that was added for something else. False with errno. */
bool	watch_change(struct watch *watch, int fd, bool reads, bool writes,
	    void *subject) MUSTCHECK;
/* Not needed before close(2), as long as no other descriptor means the same
 * socket. */
void	watch_remove(struct watch *watch, int fd);

#endif

/*
 * The end of a worker that lets its clients go: their sockets are closed with
 * 1012, spread over drain_time so that those who come back storm neither the
 * database nor Redis, and then the lease is given back. At most
 * shutdown_timeout in all. Loop thread only.
 */
#ifndef COLLABD_SERVER_DRAIN_H
#define COLLABD_SERVER_DRAIN_H

#include "base/compat.h"
#include "base/conf.h"

struct clients;
struct drain;
struct event_base;
struct store;

/*
 * Begins with the next turn of the loop. The caller accepts no more by now, but
 * answers who was accepted; rooms no longer announce who leaves. done is called
 * when all are gone and the lease is given back, or the time is over. All are
 * borrowed; the store is freed before it, since its answer may be awaited.
 */
struct drain *drain_start(const struct conf *conf, struct event_base *base,
	    struct clients *clients, struct store *store,
	    void (*done)(void *arg), void *arg) MUSTCHECK;
/* done is not called any more. NULL is allowed. */
void	drain_free(struct drain *drain);

#endif

/*
 * A worker's server: everything between the listening sockets and the rooms.
 * Owns the connections, the rooms, the store and the database's pool of its
 * process. Made after the fork. Loop thread only.
 */
#ifndef COLLABD_SERVER_SERVER_H
#define COLLABD_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"
#include "base/conf.h"
#include "shm/region.h"

struct event_base;
struct server;
struct server_listener;

/*
 * conf, shm and listeners outlive the server. redis_url is resolved ("embedded"
 * is a unix:// URL by now). NULL, with the reason logged, when something cannot be
 * set up.
 */
struct server *server_new(const struct conf *conf, const char *redis_url,
	    struct event_base *base, struct shm *shm, int slot,
	    const struct server_listener *listeners, size_t n) MUSTCHECK;
/* Closes what is open, at once. */
void	server_free(struct server *server);
/* Runs the loop until the server has drained or server_stop() was called. */
void	server_run(struct server *server);
/*
 * Accepts no more, closes the sockets with 1012 spread over drain_time, leaves
 * presence to the lease so that who comes back to another worker was never
 * gone, and ends server_run(). At most shutdown_timeout. Harmless when
 * repeated.
 */
void	server_drain(struct server *server);
/* Opens the audit log again, after it was moved away. */
void	server_reopen(struct server *server);
/* Writes to the log how the worker and its rooms are (dump.h). */
void	server_dump(const struct server *server);
/* Ends server_run() at once. */
void	server_stop(struct server *server);

#endif

/*
 * Where Redis is: turns the host of the URL into socket addresses without ever
 * blocking (evdns reads resolv.conf and the hosts file), and goes through them
 * one connection attempt after the other, since a name may have an address on
 * which nothing listens (localhost is ::1 too). Loop thread only.
 */
#ifndef COLLABD_STORE_REDIS_ADDR_H
#define COLLABD_STORE_REDIS_ADDR_H

#include <sys/socket.h>

#include <stdbool.h>

#include "base/compat.h"

struct event_base;
struct redis_addr;
struct redis_url;

struct redis_addr *redis_addr_new(const struct redis_url *url,
	    struct event_base *base) MUSTCHECK;
void	redis_addr_free(struct redis_addr *a);
/*
 * Finds the next address to try. cb gets it (borrowed until the next call), or
 * NULL and why; it may be called before this returns. A name is asked for anew
 * when all its addresses were tried. One search at a time.
 */
void	redis_addr_next(struct redis_addr *a, void (*cb)(
	    const struct sockaddr *sa, socklen_t len, const char *error,
	    void *arg), void *arg);
/* Gives up a search; its cb is not called. */
void	redis_addr_cancel(struct redis_addr *a);

#endif

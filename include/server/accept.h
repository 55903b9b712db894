/*
 * Accepting, fairly among workers that share one listening socket, and never
 * spinning when descriptors run out. Loop thread only.
 */
#ifndef COLLABD_SERVER_ACCEPT_H
#define COLLABD_SERVER_ACCEPT_H

#include <stddef.h>

#include "base/compat.h"
#include "server/client.h"
#include "server/listener.h"

struct acceptor;

/* Listens on all of them; what is accepted goes to clients_add(). */
struct acceptor *acceptor_new(struct event_base *base, struct shm *shm,
	    int slot, struct clients *clients,
	    const struct server_listener *listeners, size_t n) MUSTCHECK;
/* Stops accepting for good. */
void	acceptor_free(struct acceptor *acceptor);

#endif

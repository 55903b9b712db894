/*
 * How many connections each client address has on this worker, so that one
 * cannot take the places of all others (max_connections_per_address). IPv6
 * counts by its first 64 bits, which is what a single host has at its disposal.
 * Owns an entry for each address that has a connection; loop thread only.
 */
#ifndef COLLABD_SERVER_ADDRESS_H
#define COLLABD_SERVER_ADDRESS_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"

struct address;
struct addresses;

/* conf is borrowed. */
struct addresses *addresses_new(const struct conf *conf) MUSTCHECK;
/* All connections were put back before. */
void	addresses_free(struct addresses *set);
/*
 * Counts one more connection of the address behind peer: see proxy_client().
 * *out is to be put back, or NULL if nothing is counted: there is no limit, or
 * the address is not known (not yet: a proxy's peer without a forwarded_for).
 * False, with the reason logged and *out NULL, if the address has as many as it
 * may have.
 */
bool	addresses_get(struct addresses *set,
	    const struct sockaddr_storage *peer, struct slice forwarded_for,
	    struct address **out) MUSTCHECK;
/* The connection is gone. NULL is fine. */
void	addresses_put(struct addresses *set, struct address *address);
/* Addresses with connections. */
size_t	addresses_count(const struct addresses *set);

#endif

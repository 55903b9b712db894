/*
 * Which peers are proxies of ours, so that what they say about the browser is
 * believed. Pure; any thread.
 */
#ifndef COLLABD_SERVER_PROXY_H
#define COLLABD_SERVER_PROXY_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"

/* An IPv4 address on an IPv6 socket is AF_INET too. */
struct proxy_address {
	int	family;		/* AF_INET or AF_INET6 */
	uint8_t	bytes[16];	/* AF_INET: 4 and zeroes */
};

/*
 * Whether peer is in list: addresses, networks (address/bits) or "unix".
 * An IPv4 peer on an IPv6 socket is compared as IPv4.
 */
bool	proxy_is_trusted(const struct conf_list *list,
	    const struct sockaddr_storage *peer);
/*
 * Where a connection comes from: the peer, or behind one that is in list the
 * last address in forwarded_for (an X-Forwarded-For, absent or any bytes) that
 * is not in list; the first if all are. False if that is not known: on a unix
 * socket, or when a proxy of ours does not say it.
 */
bool	proxy_client(const struct conf_list *list,
	    const struct sockaddr_storage *peer, struct slice forwarded_for,
	    struct proxy_address *out) MUSTCHECK;
/* False with a sentence in err at the first entry that is none of these. */
bool	proxy_check_list(const struct conf_list *list, struct buf *err)
	    MUSTCHECK;

#endif

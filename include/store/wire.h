/*
 * The bytes between a link and Redis: finds the host, connects, over TCP, TLS or
 * a unix socket. Knows no protocol, retries nothing and limits no time: that is
 * redis_link.c's. The simulator (tests/sim/) has wires of its own. Loop thread
 * only.
 */
#ifndef COLLABD_STORE_WIRE_H
#define COLLABD_STORE_WIRE_H

#include "base/compat.h"
#include "base/slice.h"

struct buf;
struct event_base;
struct redis_url;
struct tls_context;
struct wire;

/* Each may close the wire. */
struct wire_hooks {
	void	(*on_open)(void *arg);
	/* Borrowed, valid until the wire is closed or this returns. */
	void	(*on_bytes)(struct slice bytes, void *arg);
	/* It could not be opened, or it was lost: why, in plain words without
	 * secrets. Nothing else is called any more; it is to be closed. */
	void	(*on_lost)(const char *reason, void *arg);
};

/* url, tls (NULL: plain) and hooks are borrowed and outlive the wire. */
struct wire *wire_new(const struct redis_url *url, struct tls_context *tls,
	    struct event_base *base, const struct wire_hooks *hooks,
	    void *arg) MUSTCHECK;
void	wire_free(struct wire *wire);
/* Only of a closed one. on_open or on_lost follows, perhaps before this
 * returns. */
void	wire_open(struct wire *wire);
/* No hook is called any more; of a closed one nothing. */
void	wire_close(struct wire *wire);
/* Copies; only of an open one. */
void	wire_write(struct wire *wire, const struct buf *bytes);

#endif

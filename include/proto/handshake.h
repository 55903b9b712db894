/*
 * The websocket handshake, RFC 6455 section 4.2: whether a request head is one,
 * and the answer that accepts it. Who may connect is not asked here. Owns
 * nothing. Any thread.
 */
#ifndef COLLABD_PROTO_HANDSHAKE_H
#define COLLABD_PROTO_HANDSHAKE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"
#include "proto/reqhead.h"

/* The subprotocol of collabd's own client; protocol.md "Beyond the package". */
#define HANDSHAKE_SUBPROTOCOL	"collabd.v1"

#define HANDSHAKE_VERSION	"13"

/* Base64 of a SHA-1, and a NUL. */
#define HANDSHAKE_ACCEPT_SIZE	29

/* Whether the request asks for a websocket at all; if not, it is ordinary HTTP
 * (health, metrics, files). */
bool	handshake_is_upgrade(const struct reqhead *head);
/*
 * 101 when the head is a complete and correct opening handshake, else the HTTP
 * status of the refusal: 405 not GET, 426 no upgrade to a websocket or not
 * version 13, 400 anything else. Extensions that the client offers are ignored.
 */
int	handshake_check(const struct reqhead *head) MUSTCHECK;
/* Whether the client offers the subprotocol; case counts (section 4.1). */
bool	handshake_offers(const struct reqhead *head, const char *subprotocol);
/* The Sec-WebSocket-Accept for a key, NUL-terminated. */
void	handshake_accept_key(struct slice key, char out[HANDSHAKE_ACCEPT_SIZE]);
/*
 * Appends the 101 response. The caller saw handshake_check() say 101.
 * subprotocol is NULL or a constant of ours, never the client's text.
 */
void	handshake_response_add(struct buf *b, const struct reqhead *head,
	    const char *subprotocol);

#endif

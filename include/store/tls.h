/*
 * TLS to Redis: the context (whom to trust) and the making of a bufferevent
 * that speaks it. The only user of OpenSSL in this layer; SHA1, by which Redis
 * names scripts, is therefore here too. Loop thread only.
 */
#ifndef COLLABD_STORE_TLS_H
#define COLLABD_STORE_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"

struct bufferevent;
struct conf;
struct event_base;
struct redis_url;
struct tls_context;

/*
 * Chain and host name are verified, TLS 1.2 at least, unless redis_tls_verify
 * is off or the URL says ssl_cert_reqs=none; the URL's ssl_check_hostname and
 * files beat the settings. NULL with a sentence in err when a file is
 * unusable. Owned by the caller.
 */
struct tls_context *tls_context_new(const struct conf *conf,
	    const struct redis_url *url, struct buf *err) MUSTCHECK;
void	tls_context_free(struct tls_context *ctx);
/* A bufferevent without a socket that will speak TLS to host once connected.
 * NULL on failure, with a sentence in err. */
struct bufferevent *tls_bufferevent_new(struct tls_context *ctx,
	    struct event_base *base, const char *host, struct buf *err)
	    MUSTCHECK;
/* Appends why TLS on bev failed; nothing if it did not. */
void	tls_add_reason(struct bufferevent *bev, struct buf *out);

/* SHA1 of n bytes as 40 hex digits and a NUL. */
void	tls_sha1_hex(const void *p, size_t n, char out[41]);

#endif

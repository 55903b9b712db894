/*
 * One connection to Redis, over TCP, TLS or a unix socket, that is made again
 * for ever. Owns the socket, the reader and the commands in flight. Knows no
 * key and no room. Loop thread only.
 *
 *	state       waits for                            ends after
 *	DOWN        redis_link_start()
 *	CONNECTING  name, TCP, TLS                       redis_socket_timeout
 *	AUTH        answers to AUTH, SELECT, PING        the same deadline
 *	READY       commands; PING every 30 s            the oldest command's
 *	                                                 redis_socket_timeout
 *	BACKOFF     a timer: 50 ms doubled up to 5 s, half of it random
 *
 * A lost connection, an answer that does not come in time or is not RESP2, or
 * an answer nobody waits for: the connection is closed, each command in flight
 * is told once (NULL), then on_down is called.
 */
#ifndef COLLABD_STORE_REDIS_LINK_H
#define COLLABD_STORE_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "store/resp.h"

struct conf;
struct event_base;
struct redis_link;
struct redis_url;
struct tls_context;

struct redis_link_hooks {
	void	(*on_ready)(void *arg);
	/* Once for each on_ready; commands in flight were told before. */
	void	(*on_down)(void *arg);
	/* A published message; NULL if the link never subscribes. */
	void	(*on_push)(const struct resp_value *value, void *arg);
};

/* name stands in log lines. conf, url, tls (NULL: plain) and hooks are
 * borrowed and outlive the link. Does nothing before redis_link_start(). */
struct redis_link *redis_link_new(const struct conf *conf,
	    const struct redis_url *url, struct tls_context *tls,
	    struct event_base *base, const char *name,
	    const struct redis_link_hooks *hooks, void *arg) MUSTCHECK;
/* Nothing is called any more. Not from inside a callback of the link. */
void	redis_link_free(struct redis_link *link);
void	redis_link_start(struct redis_link *link);
bool	redis_link_is_ready(const struct redis_link *link);
/* Why the last connection ended or failed, in plain words without secrets;
 * NULL when none did, or when the present one has proved itself. */
const char *redis_link_reason(const struct redis_link *link);

/* How it is, for a dump. */
struct redis_link_view {
	const char	*name, *state;
	int64_t		 turned_ms;	/* when it last became READY, or ceased
					 * to be it or was made; clock_mono_ms() */
	size_t		 in_flight;	/* commands */
};
void	redis_link_describe(const struct redis_link *link,
	    struct redis_link_view *view);

/*
 * Sends one command (RESP, copied). cb gets the answer, borrowed, or NULL when
 * the connection was lost; exactly once unless the link is freed, never before
 * the call returns. cb may be NULL. False when the link is not READY: then
 * nothing was sent and cb will not be called.
 */
bool	redis_link_send(struct redis_link *link, const struct buf *command,
	    void (*cb)(const struct resp_value *answer, void *arg), void *arg)
	    MUSTCHECK;
/* Asks whether the other end is there, and drops the link if there is no answer
 * within a second. For one that may be dead because another is. */
void	redis_link_probe(struct redis_link *link);
/*
 * Closes the connection for a reason that the answers gave (READONLY: another
 * server is the master now) and starts again. May be called from inside a
 * callback; commands in flight are told before it returns.
 */
void	redis_link_drop(struct redis_link *link, const char *reason);

#endif

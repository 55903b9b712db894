/*
 * A connection to Redis as bytes: a bufferevent, and the addresses to try.
 * wire_close() is the only way out of a connection.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "store/redis_addr.h"
#include "store/redis_url.h"
#include "store/tls.h"
#include "store/wire.h"

struct wire {
	const struct redis_url	*url;
	struct tls_context	*tls;
	struct event_base	*base;
	const struct wire_hooks	*hooks;
	void			*arg;
	struct redis_addr	*addr;
	struct bufferevent	*bev;
	uint64_t		 generation;	/* of the connection */
};

struct wire *
wire_new(const struct redis_url *url, struct tls_context *tls,
    struct event_base *base, const struct wire_hooks *hooks, void *arg)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	wire->url = url;
	wire->tls = tls;
	wire->base = base;
	wire->hooks = hooks;
	wire->arg = arg;
	wire->addr = redis_addr_new(url, base);
	return (wire);
}

void
wire_close(struct wire *wire)
{
	redis_addr_cancel(wire->addr);
	if (wire->bev != NULL)
		bufferevent_free(wire->bev);
	wire->bev = NULL;
	wire->generation++;
}

void
wire_free(struct wire *wire)
{
	wire_close(wire);
	redis_addr_free(wire->addr);
	free(wire);
}

void
wire_write(struct wire *wire, const struct buf *bytes)
{
	if (bufferevent_write(wire->bev, bytes->p, bytes->n) == -1)
		log_fatal("out of memory (command)");
}

static void
read_cb(struct bufferevent *bev, void *arg)
{
	struct wire *wire = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	uint64_t generation = wire->generation;
	struct evbuffer_iovec vec;

	while (evbuffer_peek(in, -1, NULL, &vec, 1) > 0) {
		wire->hooks->on_bytes((struct slice){ vec.iov_base,
		    vec.iov_len }, wire->arg);
		if (wire->generation != generation)
			return;
		(void)evbuffer_drain(in, vec.iov_len);
	}
}

static void
event_cb(struct bufferevent *bev, short what, void *arg)
{
	struct wire *wire = arg;
	struct buf reason = { 0 };
	int saved = EVUTIL_SOCKET_ERROR(), on = 1;

	if ((what & BEV_EVENT_CONNECTED) != 0) {
		/* fails on a unix socket, where there is nothing to set */
		(void)setsockopt(bufferevent_getfd(bev), IPPROTO_TCP,
		    TCP_NODELAY, &on, sizeof(on));
		wire->hooks->on_open(wire->arg);
		return;
	}
	tls_add_reason(bev, &reason);
	if (reason.n == 0 && (what & BEV_EVENT_EOF) != 0)
		buf_add_str(&reason, "Redis closed the connection");
	else if (reason.n == 0)
		buf_add_str(&reason, saved == 0 ? "connection lost" :
		    evutil_socket_error_to_string(saved));
	wire->hooks->on_lost(buf_str(&reason), wire->arg);
	buf_fini(&reason);
}

/* NULL, with the reason, if there can be none. */
static struct bufferevent *
make_bufferevent(struct wire *wire, struct buf *reason)
{
	struct bufferevent *bev;

	if (wire->tls != NULL)
		return (tls_bufferevent_new(wire->tls, wire->base,
		    wire->url->host, reason));
	bev = bufferevent_socket_new(wire->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		buf_add_str(reason, "no bufferevent");
	return (bev);
}

static void
connect_cb(const struct sockaddr *sa, socklen_t len, const char *error,
    void *arg)
{
	struct wire *wire = arg;
	uint64_t generation = wire->generation;
	struct buf reason = { 0 };

	if (sa == NULL)
		buf_addf(&reason, "cannot find the host: %s", error);
	else
		wire->bev = make_bufferevent(wire, &reason);
	if (wire->bev == NULL) {
		wire->hooks->on_lost(buf_str(&reason), wire->arg);
		buf_fini(&reason);
		return;
	}
	bufferevent_setcb(wire->bev, read_cb, NULL, event_cb, wire);
	(void)bufferevent_enable(wire->bev, EV_READ | EV_WRITE);
	/* On failure event_cb has been or will be called, unless there is not
	 * even a socket. */
	if (bufferevent_socket_connect(wire->bev, sa, (int)len) == -1 &&
	    wire->generation == generation)
		wire->hooks->on_lost(strerror(errno), wire->arg);
}

void
wire_open(struct wire *wire)
{
	redis_addr_next(wire->addr, connect_cb, wire);
}

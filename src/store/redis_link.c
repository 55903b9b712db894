/*
 * One connection to Redis. link_set_state() is the only writer of the state,
 * redis_link_drop() the only way out of a connection. Commands in flight are a
 * FIFO: Redis answers in order, so the oldest waiter is the one that an answer
 * is for, and its deadline is the only one that has to be watched. Published
 * messages come between the answers and are told apart by their form.
 *
 * Never blocks, never gives up, and never logs what the URL holds.
 */
#include <sys/queue.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "store/redis_addr.h"
#include "store/redis_link.h"
#include "store/redis_url.h"
#include "store/tls.h"

#define PING_MS		30000	/* hosted Redis closes idle links after 300 s */
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS	5000

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_AUTH, LINK_READY,
	LINK_BACKOFF };

static const char *const state_names[] = {
	[LINK_DOWN] = "DOWN",
	[LINK_CONNECTING] = "CONNECTING",
	[LINK_AUTH] = "AUTH",
	[LINK_READY] = "READY",
	[LINK_BACKOFF] = "BACKOFF",
};

struct waiter {
	TAILQ_ENTRY(waiter)	 entry;
	int64_t			 deadline_ms;
	void			(*cb)(const struct resp_value *, void *);
	void			*arg;
};
TAILQ_HEAD(waiters, waiter);

struct redis_link {
	const struct conf	*conf;
	const struct redis_url	*url;
	struct tls_context	*tls;
	struct event_base	*base;
	const char		*name;
	const struct redis_link_hooks *hooks;
	void			*arg;

	enum link_state		 state;
	struct redis_addr	*addr;
	struct bufferevent	*bev;
	struct resp_reader	*reader;
	struct waiters		 waiters;
	struct event		*timer;		/* deadline or back-off */
	struct event		*ping;
	unsigned		 failures;	/* since it last stayed READY */
	int64_t			 ready_ms;	/* when it became READY */
	uint64_t		 generation;	/* of the connection */
	bool			 auth_old;	/* AUTH takes no user here */
	bool			 in_callback;
	char			*reason;	/* last one logged, or NULL */
};

static void connect_cb(const struct sockaddr *sa, socklen_t len,
    const char *error, void *arg);
static void timer_cb(evutil_socket_t fd, short what, void *arg);
static void ping_cb(evutil_socket_t fd, short what, void *arg);

static void
start_timer(struct event *ev, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(ev, &tv);
}

static void
link_set_state(struct redis_link *link, enum link_state state)
{
	static const uint8_t next[] = {
		[LINK_DOWN] = 1 << LINK_CONNECTING,
		[LINK_CONNECTING] = 1 << LINK_AUTH | 1 << LINK_BACKOFF,
		[LINK_AUTH] = 1 << LINK_READY | 1 << LINK_BACKOFF,
		[LINK_READY] = 1 << LINK_BACKOFF,
		[LINK_BACKOFF] = 1 << LINK_CONNECTING,
	};

	ASSERT((next[link->state] & 1 << state) != 0);
	log_debug("redis %s: %s -> %s", link->name, state_names[link->state],
	    state_names[state]);
	link->state = state;
}

struct redis_link *
redis_link_new(const struct conf *conf, const struct redis_url *url,
    struct tls_context *tls, struct event_base *base, const char *name,
    const struct redis_link_hooks *hooks, void *arg)
{
	struct redis_link *link = xcalloc(1, sizeof(*link));

	link->conf = conf;
	link->url = url;
	link->tls = tls;
	link->base = base;
	link->name = name;
	link->hooks = hooks;
	link->arg = arg;
	link->addr = redis_addr_new(url, base);
	link->timer = evtimer_new(base, timer_cb, link);
	link->ping = event_new(base, -1, EV_PERSIST, ping_cb, link);
	if (link->timer == NULL || link->ping == NULL)
		log_fatal("out of memory (timer)");
	TAILQ_INIT(&link->waiters);
	return (link);
}

/* Closes what a connection consists of; the waiters stay. */
static void
close_connection(struct redis_link *link)
{
	redis_addr_cancel(link->addr);
	if (link->bev != NULL)
		bufferevent_free(link->bev);
	link->bev = NULL;
	resp_reader_free(link->reader);
	link->reader = NULL;
	link->generation++;
	(void)evtimer_del(link->timer);
	(void)event_del(link->ping);
}

void
redis_link_free(struct redis_link *link)
{
	struct waiter *w;

	if (link == NULL)
		return;
	ASSERT(!link->in_callback);
	close_connection(link);
	while ((w = TAILQ_FIRST(&link->waiters)) != NULL) {
		TAILQ_REMOVE(&link->waiters, w, entry);
		free(w);
	}
	redis_addr_free(link->addr);
	event_free(link->timer);
	event_free(link->ping);
	free(link->reason);
	free(link);
}

void
redis_link_start(struct redis_link *link)
{
	link_set_state(link, LINK_CONNECTING);
	start_timer(link->timer, link->conf->redis_socket_timeout_ms);
	redis_addr_next(link->addr, connect_cb, link);
}

bool
redis_link_is_ready(const struct redis_link *link)
{
	return (link->state == LINK_READY);
}

const char *
redis_link_reason(const struct redis_link *link)
{
	return (link->reason);
}

/* Half of the wait is random, so that workers do not come back in step. */
static int64_t
backoff_ms(const struct redis_link *link)
{
	int64_t ms = BACKOFF_MAX_MS;

	if (link->failures < 7)
		ms = (int64_t)BACKOFF_FIRST_MS << link->failures;
	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	return (ms / 2 + (int64_t)(hash_seed() % (uint64_t)(ms / 2 + 1)));
}

/* One line for each new reason, not for each attempt. */
static void
log_reason(struct redis_link *link, const char *reason)
{
	if (link->reason != NULL && strcmp(link->reason, reason) == 0) {
		log_debug("redis %s: %s", link->name, reason);
		return;
	}
	log_warn("redis %s: %s; trying again", link->name, reason);
	free(link->reason);
	link->reason = xstrdup(reason);
}

static void
call(struct redis_link *link, struct waiter *w, const struct resp_value *v)
{
	bool outer = link->in_callback;

	link->in_callback = true;
	if (w->cb != NULL)
		w->cb(v, w->arg);
	link->in_callback = outer;
	free(w);
}

void
redis_link_drop(struct redis_link *link, const char *reason)
{
	struct waiters lost = TAILQ_HEAD_INITIALIZER(lost);
	bool was_ready = link->state == LINK_READY, outer = link->in_callback;
	struct waiter *w;

	if (link->state == LINK_DOWN || link->state == LINK_BACKOFF)
		return;
	/* A link that comes and goes at once is a failure like any other. */
	if (was_ready && clock_mono_ms() - link->ready_ms >= BACKOFF_MAX_MS) {
		link->failures = 0;
		free(link->reason);
		link->reason = NULL;
	}
	log_reason(link, reason);
	close_connection(link);
	link_set_state(link, LINK_BACKOFF);
	start_timer(link->timer, backoff_ms(link));
	link->failures++;
	TAILQ_CONCAT(&lost, &link->waiters, entry);
	while ((w = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, w, entry);
		call(link, w, NULL);
	}
	if (was_ready) {
		link->in_callback = true;
		link->hooks->on_down(link->arg);
		link->in_callback = outer;
	}
}

/* Arms the timer for the oldest command. */
static void
watch_deadline(struct redis_link *link)
{
	struct waiter *w = TAILQ_FIRST(&link->waiters);
	int64_t left;

	if (link->state != LINK_READY)
		return;
	if (w == NULL) {
		(void)evtimer_del(link->timer);
		return;
	}
	/* The analyzer takes a waiter for one that left with TAILQ_CONCAT. */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	left = w->deadline_ms - clock_mono_ms();
	start_timer(link->timer, left < 0 ? 0 : left);
}

static void
timer_cb(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct redis_link *link = arg;
	struct waiter *w = TAILQ_FIRST(&link->waiters);

	switch (link->state) {
	case LINK_BACKOFF:
		redis_link_start(link);
		break;
	case LINK_CONNECTING:
		redis_link_drop(link, "no connection within "
		    "redis_socket_timeout");
		break;
	case LINK_AUTH:
		redis_link_drop(link, "no answer within redis_socket_timeout");
		break;
	case LINK_READY:
		if (w != NULL && w->deadline_ms <= clock_mono_ms())
			redis_link_drop(link, "no answer within "
			    "redis_socket_timeout");
		else
			watch_deadline(link);
		break;
	case LINK_DOWN:
		break;
	}
}

static void
enqueue(struct redis_link *link, const struct buf *command,
    void (*cb)(const struct resp_value *, void *), void *arg)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->cb = cb;
	w->arg = arg;
	w->deadline_ms = clock_mono_ms() + link->conf->redis_socket_timeout_ms;
	TAILQ_INSERT_TAIL(&link->waiters, w, entry);
	if (bufferevent_write(link->bev, command->p, command->n) == -1)
		log_fatal("out of memory (command)");
	if (TAILQ_FIRST(&link->waiters) == w)
		watch_deadline(link);
}

bool
redis_link_send(struct redis_link *link, const struct buf *command,
    void (*cb)(const struct resp_value *, void *), void *arg)
{
	if (link->state != LINK_READY)
		return (false);
	enqueue(link, command, cb, arg);
	return (true);
}

/*
 * What an error means that Redis answered while the connection was set up; in
 * plain words, for the operator.
 */
static const char *
explain(const struct resp_value *v)
{
	if (resp_is_error(v, "NOAUTH"))
		return ("Redis wants a password, and redis_url has none");
	if (resp_is_error(v, "WRONGPASS"))
		return ("Redis refuses the user or password of redis_url");
	if (resp_is_error(v, "NOPERM"))
		return ("the Redis user of redis_url lacks a permission");
	if (resp_is_error(v, "LOADING"))
		return ("Redis is still loading its data");
	if (strstr(v->text.p, "without any password configured") != NULL)
		return ("redis_url has a password, but Redis has none set");
	if (strstr(v->text.p, "invalid password") != NULL)
		return ("Redis refuses the password of redis_url");
	if (strstr(v->text.p, "max number of clients") != NULL)
		return ("Redis has no free connection (maxclients)");
	if (strstr(v->text.p, "DB index") != NULL)
		return ("the database number of redis_url does not exist");
	return (NULL);
}

static void
setup_failed(struct redis_link *link, const struct resp_value *v)
{
	const char *reason = explain(v);
	char *text;

	if (reason != NULL) {
		redis_link_drop(link, reason);
		return;
	}
	/* The first word is a code of Redis; the rest might quote us. */
	text = xasprintf("Redis answered %.*s",
	    (int)strcspn(v->text.p, " "), v->text.p);
	redis_link_drop(link, text);
	free(text);
}

static void
on_setup(const struct resp_value *v, void *arg)
{
	struct redis_link *link = arg;

	if (v != NULL && v->type == RESP_ERROR)
		setup_failed(link, v);
}

static void
on_auth(const struct resp_value *v, void *arg)
{
	struct redis_link *link = arg;

	/* Before Redis 6 there are no users; hosts put in a made-up one. */
	if (v != NULL && v->type == RESP_ERROR &&
	    link->url->user != NULL && link->url->password != NULL &&
	    strstr(v->text.p, "wrong number of arguments") != NULL) {
		link->auth_old = true;
		redis_link_drop(link, "AUTH with a user is not known there; "
		    "using the password alone");
		return;
	}
	on_setup(v, arg);
}

/* The last answer of the setup. */
static void
on_first_pong(const struct resp_value *v, void *arg)
{
	struct redis_link *link = arg;

	if (v == NULL)
		return;
	if (v->type == RESP_ERROR) {
		setup_failed(link, v);
		return;
	}
	link_set_state(link, LINK_READY);
	link->ready_ms = clock_mono_ms();
	if (link->reason != NULL)
		log_info("redis %s: connected", link->name);
	start_timer(link->ping, PING_MS);
	watch_deadline(link);
	link->hooks->on_ready(link->arg);
}

static void
send_setup(struct redis_link *link)
{
	const char *user = link->auth_old ? NULL : link->url->user;
	struct buf b = { 0 };

	if (user != NULL || link->url->password != NULL) {
		resp_add_header(&b, user != NULL ? 3 : 2);
		resp_add_str(&b, "AUTH");
		if (user != NULL)
			resp_add_str(&b, user);
		resp_add_str(&b, link->url->password == NULL ? "" :
		    link->url->password);
		enqueue(link, &b, on_auth, link);
		explicit_bzero(b.p, b.n);
		buf_reset(&b);
	}
	if (link->url->db != 0) {
		resp_add_header(&b, 2);
		resp_add_str(&b, "SELECT");
		resp_add_int(&b, link->url->db);
		enqueue(link, &b, on_setup, link);
		buf_reset(&b);
	}
	resp_add_header(&b, 1);
	resp_add_str(&b, "PING");
	enqueue(link, &b, on_first_pong, link);
	buf_fini(&b);
}

static bool
is_push(const struct redis_link *link, const struct resp_value *v)
{
	return (link->hooks->on_push != NULL && v->type == RESP_ARRAY &&
	    v->n == 3 && slice_is(resp_text(resp_at(v, 0)), "message"));
}

/* One value that came in. The connection may be gone afterwards. */
static void
take(struct redis_link *link, const struct resp_value *v)
{
	struct waiter *w = TAILQ_FIRST(&link->waiters);
	bool outer = link->in_callback;

	if (is_push(link, v)) {
		link->in_callback = true;
		link->hooks->on_push(v, link->arg);
		link->in_callback = outer;
		return;
	}
	if (w == NULL) {
		/* maxclients is said before anything was asked */
		if (v->type == RESP_ERROR)
			setup_failed(link, v);
		else
			redis_link_drop(link, "an answer nobody asked for");
		return;
	}
	TAILQ_REMOVE(&link->waiters, w, entry);
	call(link, w, v);
}

static void
read_cb(struct bufferevent *bev, void *arg)
{
	struct redis_link *link = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	uint64_t generation = link->generation;
	struct evbuffer_iovec vec;
	struct resp_value *v;

	while (evbuffer_peek(in, -1, NULL, &vec, 1) > 0) {
		if (!resp_reader_feed(link->reader, vec.iov_base,
		    vec.iov_len)) {
			redis_link_drop(link, resp_reader_error(link->reader));
			return;
		}
		(void)evbuffer_drain(in, vec.iov_len);
		for (;;) {
			if (!resp_reader_next(link->reader, &v)) {
				redis_link_drop(link,
				    resp_reader_error(link->reader));
				return;
			}
			if (v == NULL)
				break;
			take(link, v);
			resp_value_free(v);
			if (link->generation != generation)
				return;
		}
	}
	watch_deadline(link);
}

static void
event_cb(struct bufferevent *bev, short what, void *arg)
{
	struct redis_link *link = arg;
	struct buf reason = { 0 };
	int saved = EVUTIL_SOCKET_ERROR(), on = 1;

	if ((what & BEV_EVENT_CONNECTED) != 0) {
		/* fails on a unix socket, where there is nothing to set */
		(void)setsockopt(bufferevent_getfd(bev), IPPROTO_TCP,
		    TCP_NODELAY, &on, sizeof(on));
		link_set_state(link, LINK_AUTH);
		send_setup(link);
		return;
	}
	tls_add_reason(bev, &reason);
	if (reason.n == 0 && (what & BEV_EVENT_EOF) != 0)
		buf_add_str(&reason, "Redis closed the connection");
	else if (reason.n == 0)
		buf_add_str(&reason, saved == 0 ? "connection lost" :
		    evutil_socket_error_to_string(saved));
	redis_link_drop(link, buf_str(&reason));
	buf_fini(&reason);
}

static void
connect_cb(const struct sockaddr *sa, socklen_t len, const char *error,
    void *arg)
{
	struct redis_link *link = arg;
	struct buf reason = { 0 };

	if (sa == NULL) {
		buf_addf(&reason, "cannot find the host: %s", error);
		redis_link_drop(link, buf_str(&reason));
		buf_fini(&reason);
		return;
	}
	if (link->tls != NULL)
		link->bev = tls_bufferevent_new(link->tls, link->base,
		    link->url->host, &reason);
	else if ((link->bev = bufferevent_socket_new(link->base, -1,
	    BEV_OPT_CLOSE_ON_FREE)) == NULL)
		buf_add_str(&reason, "no bufferevent");
	if (link->bev == NULL) {
		redis_link_drop(link, buf_str(&reason));
		buf_fini(&reason);
		return;
	}
	link->reader = resp_reader_new();
	bufferevent_setcb(link->bev, read_cb, NULL, event_cb, link);
	(void)bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	/* On failure event_cb has been or will be called, unless there is not
	 * even a socket. */
	if (bufferevent_socket_connect(link->bev, sa, (int)len) == -1 &&
	    link->state == LINK_CONNECTING)
		redis_link_drop(link, strerror(errno));
}

static void
on_pong(const struct resp_value *v UNUSED, void *arg UNUSED)
{
}

static void
ping_cb(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct redis_link *link = arg;
	struct buf b = { 0 };

	resp_add_header(&b, 1);
	resp_add_str(&b, "PING");
	if (!redis_link_send(link, &b, on_pong, NULL))
		log_debug("redis %s: ping while not ready", link->name);
	buf_fini(&b);
}

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

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "store/redis_error.h"
#include "store/redis_link.h"
#include "store/redis_url.h"
#include "store/wire.h"

#define PROBE_MS	1000	/* for the answer to redis_link_probe() */
#define PING_MS		30000	/* hosted Redis closes idle links after 300 s */
#define BACKOFF_FIRST_MS 50
/* Less than redis_settle_time: who was there when Redis was lost is to be back
 * in time to say what it knows. */
#define BACKOFF_MAX_MS	2000

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
	const char		*name;
	const struct redis_link_hooks *hooks;
	void			*arg;

	enum link_state		 state;
	struct wire		*wire;
	struct resp_reader	*reader;
	struct waiters		 waiters;
	struct timer		*timer;		/* deadline or back-off */
	struct timer		*ping;
	unsigned		 failures;	/* since it last stayed READY */
	int64_t			 ready_ms;	/* when it became READY */
	int64_t			 turned_ms;	/* as in struct redis_link_view */
	uint64_t		 generation;	/* of the connection */
	bool			 auth_old;	/* AUTH takes no user here */
	bool			 in_callback;
	bool			 is_probed;	/* its answer is awaited */
	char			*reason;	/* last one logged, or NULL */
};

static void on_open(void *arg);
static void on_bytes(struct slice bytes, void *arg);
static void on_lost(const char *reason, void *arg);
static void timer_cb(void *arg);
static void ping_cb(void *arg);

static const struct wire_hooks wire_hooks = {
	.on_open = on_open,
	.on_bytes = on_bytes,
	.on_lost = on_lost,
};

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
	if (link->state == LINK_READY || state == LINK_READY)
		link->turned_ms = clock_mono_ms();
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
	link->name = name;
	link->hooks = hooks;
	link->arg = arg;
	link->wire = wire_new(url, tls, base, &wire_hooks, link);
	link->timer = timer_new(base, timer_cb, link);
	link->ping = timer_new(base, ping_cb, link);
	link->turned_ms = clock_mono_ms();
	TAILQ_INIT(&link->waiters);
	return (link);
}

/* Closes what a connection consists of; the waiters stay. */
static void
close_connection(struct redis_link *link)
{
	wire_close(link->wire);
	resp_reader_free(link->reader);
	link->reader = NULL;
	link->generation++;
	timer_stop(link->timer);
	timer_stop(link->ping);
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
	wire_free(link->wire);
	timer_free(link->timer);
	timer_free(link->ping);
	free(link->reason);
	free(link);
}

void
redis_link_start(struct redis_link *link)
{
	link_set_state(link, LINK_CONNECTING);
	timer_start(link->timer, link->conf->redis_socket_timeout_ms);
	wire_open(link->wire);
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

void
redis_link_describe(const struct redis_link *link,
    struct redis_link_view *view)
{
	const struct waiter *w;

	view->name = link->name;
	view->state = state_names[link->state];
	view->turned_ms = link->turned_ms;
	view->in_flight = 0;
	TAILQ_FOREACH(w, &link->waiters, entry)
		view->in_flight++;
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
	timer_start(link->timer, backoff_ms(link));
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

	if (link->state != LINK_READY)
		return;
	if (w == NULL) {
		timer_stop(link->timer);
		return;
	}
	/* The analyzer takes a waiter for one that left with TAILQ_CONCAT. */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	timer_start(link->timer, w->deadline_ms - clock_mono_ms());
}

static void
timer_cb(void *arg)
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
			redis_link_drop(link, link->is_probed ?
			    "no answer to a ping" : "no answer within "
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
	wire_write(link->wire, command);
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
	const char *meaning = redis_error_of(v->text).meaning;

	if (meaning != NULL)
		return (meaning);
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
	timer_start(link->ping, PING_MS);
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
on_bytes(struct slice bytes, void *arg)
{
	struct redis_link *link = arg;
	uint64_t generation = link->generation;
	struct resp_value *v;

	if (!resp_reader_feed(link->reader, bytes.p, bytes.n)) {
		redis_link_drop(link, resp_reader_error(link->reader));
		return;
	}
	for (;;) {
		if (!resp_reader_next(link->reader, &v)) {
			redis_link_drop(link, resp_reader_error(link->reader));
			return;
		}
		if (v == NULL)
			break;
		take(link, v);
		resp_value_free(v);
		if (link->generation != generation)
			return;
	}
	watch_deadline(link);
}

static void
on_open(void *arg)
{
	struct redis_link *link = arg;

	link->reader = resp_reader_new();
	link_set_state(link, LINK_AUTH);
	send_setup(link);
}

static void
on_lost(const char *reason, void *arg)
{
	redis_link_drop(arg, reason);
}

static void
on_pong(const struct resp_value *v UNUSED, void *arg)
{
	((struct redis_link *)arg)->is_probed = false;
}

static void
send_ping(struct redis_link *link)
{
	struct buf b = { 0 };

	resp_add_header(&b, 1);
	resp_add_str(&b, "PING");
	if (!redis_link_send(link, &b, on_pong, link))
		log_debug("redis %s: ping while not ready", link->name);
	buf_fini(&b);
}

void
redis_link_probe(struct redis_link *link)
{
	int64_t deadline_ms = clock_mono_ms() + PROBE_MS;
	struct waiter *w;

	if (link->state != LINK_READY || link->is_probed)
		return;
	link->is_probed = true;
	send_ping(link);
	TAILQ_FOREACH(w, &link->waiters, entry) {
		if (w->deadline_ms > deadline_ms)
			w->deadline_ms = deadline_ms;
	}
	watch_deadline(link);
}

static void
ping_cb(void *arg)
{
	struct redis_link *link = arg;

	timer_start(link->ping, PING_MS);
	send_ping(link);
}

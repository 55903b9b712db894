/*
 * A worker's server: from a request to a room. on_request() is the way in, in
 * this order: what is asked for (404), whether it is a handshake (400, 405,
 * 426), where it comes from (403), who it is (403, 503), and only then 101.
 * Every 403 has the same body; the reason is in the log.
 *
 * A struct visitor stands behind each connection from its request on: first
 * with a check under way, then with a member of a room, or with neither (echo);
 * or with a proxy's question to the guard.
 */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "db/pool.h"
#include "django/cookie.h"
#include "django/origin.h"
#include "proto/handshake.h"
#include "proto/http.h"
#include "rooms/room.h"
#include "server/accept.h"
#include "server/assets.h"
#include "server/audit.h"
#include "server/drain.h"
#include "server/dump.h"
#include "server/guard.h"
#include "server/ops.h"
#include "server/people.h"
#include "server/proxy.h"
#include "server/reauth.h"
#include "server/roomfx.h"
#include "server/route.h"
#include "server/saves.h"
#include "server/server.h"
#include "shm/counters.h"
#include "store/store.h"

#define COOKIE_MAX	8192	/* a signed_cookies session has up to 4 KiB */
/* A worker begins to accept when the database and Redis have answered it, but
 * it does not wait for ever: clients shall be told 503 rather than nothing. */
#define OPEN_STEP_MS	10
#define TICK_MS		1000
#define OPEN_MAX_MS	3000

struct server {
	const struct conf	*conf;
	struct event_base	*base;
	struct shm		*shm;
	int			 slot;
	struct clients		*clients;
	struct acceptor		*acceptor;
	struct people		*people;
	struct roomfx		*rooms;
	struct store		*store;
	struct pool		*pool;
	struct auth		*auth;
	struct audit		*audit;
	struct guard		*guard;
	struct saves		*saves;
	struct reauth		*reauth;
	struct drain		*drain;		/* NULL: not on its way out */
	struct timer		*tick;
	struct timer		*open;
	const struct server_listener *listeners;
	size_t			 n_listeners;
	int64_t			 open_at_ms;	/* at the latest */
	bool			 is_done;
};

/* What is kept of a request until it is answered. */
struct admission {
	struct auth_check	*check;
	struct route		 route;
	char			*cookie;
	size_t			 cookie_n;
	struct buf		 response;	/* the 101 */
	bool			 is_v1;
};

struct visitor {
	struct server		*server;
	struct client		*client;
	struct admission	*admission;	/* NULL once admitted */
	struct member		*member;
	struct guard_ask	*ask;		/* a proxy's */
	bool			 is_echo;
};

/* --- answers --- */

static void
count_answer(struct server *srv, int status)
{
	counters_add_handshake(srv->shm, srv->slot, status);
}

static void
respond(struct server *srv, struct client *c, int status, const char *body,
    bool head_only)
{
	struct buf b = { NULL, 0, 0 };

	count_answer(srv, status);
	http_response_add(&b, status, NULL, "text/plain; charset=utf-8", body,
	    strlen(body), head_only);
	client_respond(c, (struct slice){ b.p, b.n });
	buf_fini(&b);
}

static void
refuse_request(struct server *srv, struct client *c, int status,
    bool head_only)
{
	char body[64];

	log_debug("c%llu refused status=%d",
	    (unsigned long long)client_number(c), status);
	(void)snprintf(body, sizeof(body), "%s\n", http_status_text(status));
	respond(srv, c, status, body, head_only);
}

static void
refuse(struct server *srv, struct client *c, int status)
{
	refuse_request(srv, c, status, false);
}

static void
forbid(struct server *srv, struct client *c, const char *reason,
    const char *where)
{
	log_info("c%llu refused reason=\"%s\" room=%s",
	    (unsigned long long)client_number(c), reason, where);
	refuse(srv, c, 403);
}

static void
answer_ops(struct server *srv, struct client *c, enum route_kind kind,
    bool head_only)
{
	struct buf b = { NULL, 0, 0 };

	if (kind == ROUTE_HEALTH) {
		/* So that the next question is answered from fresh knowledge
		 * however quiet the site is. */
		auth_probe_start(srv->auth);
		(void)ops_add_health(&b, pool_is_healthy(srv->pool),
		    store_down_reason(srv->store), srv->drain != NULL,
		    head_only);
	} else
		ops_add_metrics(&b, srv->shm, head_only);
	client_respond(c, (struct slice){ b.p, b.n });
	buf_fini(&b);
}

static void
answer_asset(struct server *srv, struct client *c, const struct reqhead *head,
    const struct asset *asset)
{
	struct buf b = { NULL, 0, 0 };
	struct slice body;

	count_answer(srv, asset_answer_add(&b, asset, head, &body));
	client_respond_with(c, (struct slice){ b.p, b.n }, body);
	buf_fini(&b);
}

/* What is answered without a handshake. */
static void
answer_plain(struct server *srv, struct client *c, const struct reqhead *head,
    enum route_kind kind, const struct route *route)
{
	bool is_head = slice_is(head->method, "HEAD");

	if (!is_head && !slice_is(head->method, "GET"))
		refuse(srv, c, 405);
	else if (kind == ROUTE_ASSET)
		answer_asset(srv, c, head, route->asset);
	else
		answer_ops(srv, c, kind, is_head);
}

/* --- visitors --- */

static void
end_handshake(struct visitor *v)
{
	struct admission *adm = v->admission;

	if (adm == NULL)
		return;
	v->admission = NULL;
	if (adm->check != NULL)
		auth_check_cancel(adm->check);
	if (adm->cookie != NULL)
		explicit_bzero(adm->cookie, adm->cookie_n);
	free(adm->cookie);
	buf_fini(&adm->response);
	free(adm);
}

static void
free_visitor(struct visitor *v)
{
	if (v->member != NULL)
		roomfx_leave(v->member, client_went_away(v->client));
	if (v->ask != NULL)
		guard_cancel(v->ask);
	end_handshake(v);
	free(v);
}

/* An answer other than 101 ends the visit. */
static void
turn_down(struct visitor *v, int status)
{
	struct client *c = v->client;

	client_set_owner(c, NULL);
	refuse(v->server, c, status);
	free_visitor(v);
}

static void
let_in(struct visitor *v, const struct auth_result *result)
{
	struct server *srv = v->server;
	struct client *c = v->client;
	struct admission *adm = v->admission;
	struct route *route = &adm->route;
	struct grant *grant;

	grant = people_get(srv->people,
	    (struct slice){ adm->cookie, adm->cookie_n }, result->user,
	    route->app_label, route->model,
	    result->may_change, result->may_take_over);
	count_answer(srv, 101);
	client_upgrade(c, (struct slice){ adm->response.p, adm->response.n },
	    true);
	if (!client_is_live(c)) {
		/* The socket died of it, and the visitor with it. */
		people_put(srv->people, grant);
		return;
	}
	v->member = roomfx_join(srv->rooms, route, c, grant, adm->is_v1);
	log_debug("c%llu joined room=%s user=%s",
	    (unsigned long long)client_number(c), route->key,
	    v->member->user->id);
	end_handshake(v);
}

static bool
is_over_limit(struct server *srv, const char *user_id)
{
	int64_t max = srv->conf->max_connections_per_user;

	return (max != 0 && people_sockets_of(srv->people, user_id) >= max);
}

static void
on_checked(const struct auth_result *result, void *arg)
{
	struct visitor *v = arg;
	struct client *c = v->client;

	v->admission->check = NULL;
	if (result->verdict == AUTH_ALLOWED &&
	    !is_over_limit(v->server, result->user->id)) {
		let_in(v, result);
		return;
	}
	if (result->verdict == AUTH_ALLOWED) {
		log_warn_limited("c%llu refused reason=\"too many sockets of "
		    "one user\" user=%s", (unsigned long long)client_number(c),
		    result->user->id);
		identity_free(result->user);
		turn_down(v, 429);
	} else if (result->verdict == AUTH_DENIED) {
		log_info("c%llu refused reason=\"%s\" room=%s",
		    (unsigned long long)client_number(c), result->reason,
		    v->admission->route.key);
		turn_down(v, 403);
	} else {
		log_warn_limited("c%llu not decided reason=\"%s\"",
		    (unsigned long long)client_number(c), result->reason);
		turn_down(v, 503);
	}
}

static struct visitor *
new_visitor(struct server *srv, struct client *c, const struct reqhead *head)
{
	struct visitor *v = xcalloc(1, sizeof(*v));
	struct admission *adm = xcalloc(1, sizeof(*adm));

	v->server = srv;
	v->client = c;
	v->admission = adm;
	adm->is_v1 = handshake_offers(head, HANDSHAKE_SUBPROTOCOL);
	handshake_response_add(&adm->response, head,
	    adm->is_v1 ? HANDSHAKE_SUBPROTOCOL : NULL);
	client_set_owner(c, v);
	return (v);
}

static void
start_echo(struct server *srv, struct client *c, const struct reqhead *head)
{
	struct visitor *v = new_visitor(srv, c, head);

	v->is_echo = true;
	count_answer(srv, 101);
	client_upgrade(c, (struct slice){ v->admission->response.p,
	    v->admission->response.n }, false);
	if (client_is_live(c))
		end_handshake(v);
}

static void
start_check(struct server *srv, struct client *c, const struct reqhead *head,
    const struct route *route, const char *cookie, size_t cookie_n)
{
	struct visitor *v = new_visitor(srv, c, head);
	struct admission *adm = v->admission;
	struct auth_query query = { .session = { cookie, cookie_n } };

	adm->route = *route;
	adm->cookie = xmemdup0(cookie, cookie_n);
	adm->cookie_n = cookie_n;
	if (*route->app_label != '\0') {
		query.app_label = slice_of(route->app_label);
		query.model = slice_of(route->model);
	}
	adm->check = auth_check_start(srv->auth, &query, on_checked, v);
	if (adm->check == NULL) {
		log_warn_limited("too many handshakes in line");
		turn_down(v, 503);
	}
}

/* Whether what the client says of another is believed. */
static bool
is_proxy(const struct server *srv, const struct client *c)
{
	return (proxy_is_trusted(&srv->conf->trusted_proxies,
	    client_peer(c)));
}

/* Whether the browser speaks TLS to whatever is in front. */
static bool
is_secure(const struct server *srv, struct client *c,
    const struct reqhead *head)
{
	return (slice_is_nocase(head->forwarded_proto, "https") &&
	    is_proxy(srv, c));
}

/* --- the guard --- */

static void
on_guarded(struct client *c, struct slice response, void *arg)
{
	struct visitor *v = client_owner(c);

	(void)arg;
	client_set_owner(c, NULL);
	v->ask = NULL;
	free_visitor(v);
	client_respond(c, response);
}

static void
ask_guard(struct server *srv, struct client *c, const struct reqhead *head,
    enum route_kind kind)
{
	struct guard_ask *ask;
	struct visitor *v;

	if (!slice_is(head->method, "GET") && !slice_is(head->method, "HEAD")) {
		refuse(srv, c, 405);
		return;
	}
	v = xcalloc(1, sizeof(*v));
	v->server = srv;
	v->client = c;
	client_set_owner(c, v);
	ask = guard_start(srv->guard, c, head, kind == ROUTE_REFUSED);
	if (ask != NULL)
		v->ask = ask;
}

static void
on_handshake(struct server *srv, struct client *c, const struct reqhead *head,
    const struct route *route)
{
	struct origin_request origin = {
		.origin = head->origin, .n_origins = head->n_origins,
		.host = head->host, .secure = is_secure(srv, c, head),
	};
	char cookie[COOKIE_MAX];
	const char *reason;
	long n;
	int status;

	if ((status = handshake_check(head)) != 101)
		refuse_request(srv, c, status, slice_is(head->method, "HEAD"));
	else if (route->kind == ROUTE_MODEL &&
	    !handshake_offers(head, HANDSHAKE_SUBPROTOCOL))
		refuse(srv, c, 404);
	else if (route->kind == ROUTE_ECHO)
		start_echo(srv, c, head);
	else if (!origin_is_allowed(srv->conf, &origin, &reason))
		forbid(srv, c, reason, route->key);
	else if ((n = cookie_value(head->cookie,
	    srv->conf->session_cookie_name, cookie, sizeof(cookie))) <= 0)
		forbid(srv, c, "no session cookie", route->key);
	else {
		start_check(srv, c, head, route, cookie, (size_t)n);
		explicit_bzero(cookie, (size_t)n);
	}
}

/* What an address serves: the public one everything but, if it has an address
 * of its own, health and metrics; that one nothing else. */
static enum route_kind
kind_served(const struct server *srv, struct client *c,
    const struct reqhead *head, const struct route *route)
{
	bool is_ops = route->kind == ROUTE_HEALTH ||
	    route->kind == ROUTE_METRICS;

	if (client_is_ops(c)) {
		if (slice_is(head->path, "/health"))
			return (ROUTE_HEALTH);
		if (slice_is(head->path, "/metrics"))
			return (ROUTE_METRICS);
		return (is_ops ? route->kind : ROUTE_NONE);
	}
	if (is_ops && srv->conf->metrics_listen.n != 0)
		return (ROUTE_NONE);
	/* There is nothing here for anybody else. */
	if ((route->kind == ROUTE_GUARD || route->kind == ROUTE_REFUSED) &&
	    !is_proxy(srv, c))
		return (ROUTE_NONE);
	if ((route->kind == ROUTE_ECHO && !srv->conf->echo_room) ||
	    (route->kind == ROUTE_CHAT && !srv->conf->enable_chat))
		return (ROUTE_NONE);
	return (route->kind);
}

static void
on_request(struct client *c, const struct reqhead *head, void *arg)
{
	struct server *srv = arg;
	struct route route;
	enum route_kind kind;

	route_parse(head->path, srv->conf->websocket_prefix,
	    &srv->conf->room_alias, &route);
	kind = kind_served(srv, c, head, &route);
	if (kind == ROUTE_NONE)
		refuse_request(srv, c, 404, slice_is(head->method, "HEAD"));
	else if (kind == ROUTE_HEALTH || kind == ROUTE_METRICS ||
	    kind == ROUTE_ASSET)
		answer_plain(srv, c, head, kind, &route);
	else if (kind == ROUTE_GUARD || kind == ROUTE_REFUSED)
		ask_guard(srv, c, head, kind);
	else
		on_handshake(srv, c, head, &route);
}

static void
on_message(struct client *c, const struct ws_message *message, void *arg)
{
	struct visitor *v = client_owner(c);
	struct frame *f;

	(void)arg;
	if (v == NULL)
		return;
	if (v->member != NULL)
		roomfx_receive(v->member, message->data);
	else if (v->is_echo) {
		f = frame_new(message->opcode, message->data);
		client_send(c, f);
		frame_put(f);
	}
}

static void
on_gone(struct client *c, void *owner, void *arg)
{
	(void)c;
	(void)arg;
	free_visitor(owner);
}

static const struct client_hooks client_hooks = {
	.on_request = on_request,
	.on_message = on_message,
	.on_gone = on_gone,
};

/* --- the store --- */

static void
on_store_message(const struct store_message *msg, void *arg)
{
	rooms_on_message(roomfx_now(((struct server *)arg)->rooms), msg);
}

static void
on_store_up(bool fresh_identity, void *arg)
{
	struct server *srv = arg;

	log_info("redis is up, worker id %s%s", store_worker_id(srv->store),
	    fresh_identity ? " (new)" : "");
	rooms_on_up(roomfx_now(srv->rooms), fresh_identity);
	saves_on_up(srv->saves);
}

static void
on_store_down(void *arg)
{
	log_warn("redis is down; rooms stay open, locks cannot change");
	rooms_on_down(roomfx_now(((struct server *)arg)->rooms));
}

static void
on_store_suspend(void *arg)
{
	rooms_on_suspend(roomfx_now(((struct server *)arg)->rooms));
}

static void
on_store_orphan(const char *worker_id, void *arg)
{
	rooms_on_orphan(roomfx_now(((struct server *)arg)->rooms), worker_id);
}

static const struct store_hooks store_hooks = {
	.on_message = on_store_message,
	.on_up = on_store_up,
	.on_down = on_store_down,
	.on_suspend = on_store_suspend,
	.on_orphan = on_store_orphan,
};

/* --- life and end --- */

static void
tick_cb(void *arg)
{
	struct server *srv = arg;
	int64_t now = clock_mono_ms();

	timer_start(srv->tick, TICK_MS);
	shm_slot_beat(srv->shm, srv->slot, now);
	clients_tick(srv->clients, now);
	rooms_tick(roomfx_now(srv->rooms));
}

static void
open_cb(void *arg)
{
	struct server *srv = arg;

	if (srv->drain != NULL)
		return;
	if ((!pool_is_healthy(srv->pool) || !store_is_up(srv->store)) &&
	    clock_mono_ms() < srv->open_at_ms) {
		timer_start(srv->open, OPEN_STEP_MS);
		return;
	}
	srv->acceptor = acceptor_new(srv->base, srv->shm, srv->slot,
	    srv->clients, srv->listeners, srv->n_listeners);
	shm_slot_set_state(srv->shm, srv->slot, SHM_SLOT_ACCEPTING);
}

static void
on_drained(void *arg)
{
	server_stop(arg);
}

void
server_drain(struct server *srv)
{
	if (srv->drain != NULL)
		return;
	log_info("draining %zu connections", clients_count(srv->clients));
	shm_slot_set_state(srv->shm, srv->slot, SHM_SLOT_DRAINING);
	acceptor_free(srv->acceptor);
	srv->acceptor = NULL;
	rooms_leave_quietly(roomfx_rooms(srv->rooms));
	srv->drain = drain_start(srv->conf, srv->base, srv->clients,
	    srv->store, on_drained, srv);
}

void
server_reopen(struct server *srv)
{
	audit_reopen(srv->audit);
}

void
server_dump(const struct server *srv)
{
	dump_log(&(struct dump_of){
		.clients = srv->clients, .people = srv->people,
		.rooms = roomfx_rooms(srv->rooms), .store = srv->store,
		.auth = srv->auth, .pool = srv->pool,
		.shm = srv->shm, .slot = srv->slot,
	});
}

void
server_stop(struct server *srv)
{
	srv->is_done = true;
}

void
server_run(struct server *srv)
{
	while (!srv->is_done) {
		if (event_base_loop(srv->base, EVLOOP_ONCE) == -1)
			log_fatal("event loop");
		rooms_tell_news(roomfx_rooms(srv->rooms));
		clients_end_turn(srv->clients);
		rooms_end_turn(roomfx_rooms(srv->rooms));
	}
}

struct server *
server_new(const struct conf *conf, const char *redis_url,
    struct event_base *base, struct shm *shm, int slot,
    const struct server_listener *listeners, size_t n)
{
	struct server *srv = xcalloc(1, sizeof(*srv));

	srv->conf = conf;
	srv->base = base;
	srv->shm = shm;
	srv->slot = slot;
	srv->people = people_new();
	srv->rooms = roomfx_new(conf, base, shm, slot, srv->people);
	srv->clients = clients_new(conf, base, shm, slot, &client_hooks, srv);
	srv->tick = timer_new(base, tick_cb, srv);
	srv->open = timer_new(base, open_cb, srv);
	srv->listeners = listeners;
	srv->n_listeners = n;
	srv->open_at_ms = clock_mono_ms() + OPEN_MAX_MS;
	srv->pool = pool_new(conf, base, shm, slot);
	srv->store = store_new(conf, redis_url, base, shm, slot, &store_hooks,
	    srv);
	srv->audit = audit_new(conf->audit_log);
	if (srv->pool == NULL || srv->store == NULL || srv->audit == NULL) {
		server_free(srv);
		return (NULL);
	}
	srv->auth = auth_new(srv->pool);
	srv->guard = guard_new(&(struct guard_parts){
		.conf = conf, .base = base, .shm = shm, .slot = slot,
		.auth = srv->auth, .store = srv->store,
		.people = srv->people, .audit = srv->audit,
	}, on_guarded, srv);
	srv->saves = saves_new(conf, base, shm, slot, srv->pool, srv->store,
	    roomfx_rooms(srv->rooms));
	roomfx_attach(srv->rooms, srv->store, srv->audit, srv->saves);
	timer_start(srv->tick, TICK_MS);
	srv->reauth = reauth_new(conf, base, shm, slot, srv->auth,
	    srv->people, srv->rooms);
	auth_probe_start(srv->auth);
	timer_start(srv->open, 0);
	return (srv);
}

void
server_free(struct server *srv)
{
	rooms_leave_quietly(roomfx_rooms(srv->rooms));
	acceptor_free(srv->acceptor);
	clients_free(srv->clients);
	saves_free(srv->saves);
	if (pool_free(srv->pool))
		auth_free(srv->auth);
	reauth_free(srv->reauth);
	if (srv->store != NULL)
		store_free(srv->store);
	guard_free(srv->guard);
	drain_free(srv->drain);
	roomfx_free(srv->rooms);
	people_free(srv->people);
	audit_free(srv->audit);
	timer_free(srv->tick);
	timer_free(srv->open);
	free(srv);
}

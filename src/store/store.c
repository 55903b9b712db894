/*
 * The store as a whole: its life, its identity, and when it is up. Two links:
 * commands, and a subscriber to this worker's own channel. Up means that both
 * are ready, that Redis confirmed the lease under the present id, and that
 * the channel of that id is subscribed; only store_update() decides that, and
 * only it tells the hooks. The verbs are in store_room.c and store_check.c,
 * what becomes of a command in store_queue.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "shm/counters.h"
#include "store/pubmsg.h"
#include "store/store_priv.h"
#include "store/tls.h"

static void on_commands_ready(void *arg);
static void on_commands_down(void *arg);
static void on_subscriber_ready(void *arg);
static void on_subscriber_down(void *arg);
static void on_push(const struct resp_value *v, void *arg);

static const struct redis_link_hooks command_hooks = {
	.on_ready = on_commands_ready,
	.on_down = on_commands_down,
};
static const struct redis_link_hooks subscriber_hooks = {
	.on_ready = on_subscriber_ready,
	.on_down = on_subscriber_down,
	.on_push = on_push,
};

/* A new id. It goes into the shared memory before Redis hears it, so that a
 * death in between leaves no name that nobody knows. */
static void
make_identity(struct store *store)
{
	uint64_t id;

	do
		id = hash_seed();
	while (id == 0);
	(void)snprintf(store->id, sizeof(store->id), "%016llx",
	    (unsigned long long)id);
	shm_slot_set_identity(store->shm, store->slot, store->id);
	store->identity++;
	store->fresh = true;
	store->acquired = false;
	store->leased = false;
	store->subscribed = false;
}

static bool
open_url(struct store *store, const char *redis_url)
{
	struct buf err = { 0 };
	bool ok;

	ok = redis_url_parse(redis_url, &store->url, &err);
	if (ok && store->url.ignored != NULL)
		log_warn("redis_url: ignored: %s", store->url.ignored);
	if (ok && store->url.tls)
		ok = (store->tls = tls_context_new(store->conf, &store->url,
		    &err)) != NULL;
	if (!ok)
		log_err("redis_url: %s", buf_str(&err));
	buf_fini(&err);
	return (ok);
}

struct store *
store_new(const struct conf *conf, const char *redis_url,
    struct event_base *base, struct shm *shm, int slot,
    const struct store_hooks *hooks, void *arg)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store->conf = conf;
	store->base = base;
	store->shm = shm;
	store->slot = slot;
	store->hooks = hooks;
	store->arg = arg;
	store->keys.prefix = conf->redis_prefix == NULL ? "" :
	    conf->redis_prefix;
	if (!open_url(store, redis_url)) {
		redis_url_fini(&store->url);
		free(store);
		return (NULL);
	}
	store->scripts = scripts_new();
	make_identity(store);
	store_queue_init(store);
	store_lease_init(store);
	store_orphan_init(store);
	store->commands = redis_link_new(conf, &store->url, store->tls, base,
	    "commands", &command_hooks, store);
	store->subscriber = redis_link_new(conf, &store->url, store->tls,
	    base, "subscriber", &subscriber_hooks, store);
	redis_link_start(store->commands);
	redis_link_start(store->subscriber);
	return (store);
}

void
store_free(struct store *store)
{
	if (store == NULL)
		return;
	ASSERT(store->depth == 0);
	redis_link_free(store->commands);
	redis_link_free(store->subscriber);
	store_orphan_fini(store);
	store_lease_fini(store);
	store_queue_fini(store);
	store_forget_server(store);
	scripts_free(store->scripts);
	tls_context_free(store->tls);
	redis_url_fini(&store->url);
	free(store);
}

const char *
store_worker_id(const struct store *store)
{
	return (store->id);
}

bool
store_is_up(const struct store *store)
{
	return (store->up);
}

const char *
store_down_reason(const struct store *store)
{
	const char *reason = NULL;

	if (store->up)
		return (store->refusal);
	if (!redis_link_is_ready(store->commands))
		reason = redis_link_reason(store->commands);
	else if (!redis_link_is_ready(store->subscriber))
		reason = redis_link_reason(store->subscriber);
	return (reason == NULL ? "not connected yet" : reason);
}

static void
describe_link(const struct redis_link *link, struct store_link_view *view)
{
	struct redis_link_view v;

	redis_link_describe(link, &v);
	view->name = v.name;
	view->state = v.state;
	view->reason = redis_link_reason(link);
	view->is_ready = redis_link_is_ready(link);
	view->for_ms = clock_mono_ms() - v.turned_ms;
	view->in_flight = v.in_flight;
}

void
store_describe(const struct store *store, struct store_view *view)
{
	const struct store_op *op;
	int64_t now_ms = clock_mono_ms();

	memset(view, 0, sizeof(*view));
	describe_link(store->commands, &view->links[0]);
	describe_link(store->subscriber, &view->links[1]);
	view->is_up = store->up;
	view->is_leased = store->leased;
	view->is_suspended = store->suspended;
	view->has_resigned = store->resigned;
	view->is_settled = store_is_settled(store);
	view->generation = store->generation;
	if (store->lease_end_ms > now_ms)
		view->lease_left_ms = store->lease_end_ms - now_ms;
	view->refusal = store->refusal;
	TAILQ_FOREACH(op, &store->waiting, entry)
		view->n_waiting++;
	TAILQ_FOREACH(op, &store->sent, entry)
		view->n_sent++;
	if ((op = TAILQ_FIRST(&store->sent)) != NULL)
		view->oldest_ms = now_ms - op->sent_ms;
	view->bytes = store->bytes;
}

void
store_refused(struct store *store, const char *meaning)
{
	if (meaning == store->refusal)
		return;
	if (meaning != NULL)
		log_warn("redis: takes no writes: %s", meaning);
	else
		log_info("redis: takes writes again");
	store->refusal = meaning;
}

void
store_update(struct store *store)
{
	bool up = redis_link_is_ready(store->commands) && store->leased &&
	    redis_link_is_ready(store->subscriber) && store->subscribed;
	bool fresh = store->fresh;

	if (up == store->up)
		return;
	store->up = up;
	store->depth++;
	if (up) {
		store->fresh = false;
		store->up_generation = store->generation;
		log_debug("redis: up, worker id %s%s", store->id,
		    fresh ? " (new)" : "");
		store->hooks->on_up(fresh, store->arg);
	} else {
		log_debug("redis: down");
		store->hooks->on_down(store->arg);
	}
	store->depth--;
	if (up)
		store_queue_flush(store);
}

/* --- the command link -------------------------------------------------- */

/*
 * Every script is loaded ahead, so that no command meets NOSCRIPT in a burst
 * and has to be sent again behind a later one.
 */
static void
load_scripts(struct store *store)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < SCRIPTS_N; i++) {
		buf_reset(&b);
		resp_add_header(&b, 3);
		resp_add_str(&b, "SCRIPT");
		resp_add_str(&b, "LOAD");
		resp_add_str(&b, store->scripts->v[i].text);
		/* a refusal is nothing: EVAL follows then */
		if (!redis_link_send(store->commands, &b, NULL, NULL))
			break;
	}
	buf_fini(&b);
}

static void
count_connect(struct store *store)
{
	if (++store->connects > 2)
		counters_add(store->shm, store->slot,
		    COUNTER_REDIS_RECONNECTS, 1);
}

static void
on_commands_ready(void *arg)
{
	struct store *store = arg;

	count_connect(store);
	store->connection++;
	load_scripts(store);
	if (store->resigned) {
		store->leased = true;
		store_update(store);
	} else
		store_ask_server(store);
}

static void
on_commands_down(void *arg)
{
	struct store *store = arg;

	store_forget_server(store);
	store->leased = false;
	store_update(store);
	/* It may be as dead, and not know: nothing is asked there. */
	redis_link_probe(store->subscriber);
}

/* --- the subscriber link ----------------------------------------------- */

static void
on_subscribed(const struct resp_value *v, void *arg)
{
	struct store *store = arg;

	if (v == NULL)
		return;
	if (v->type == RESP_ERROR) {
		log_warn_limited("redis: cannot subscribe: %s", v->text.p);
		redis_link_drop(store->subscriber,
		    "the channel was refused");
		return;
	}
	/* A late answer for a former id tells nothing. */
	if (!keys_is_channel(&store->keys, resp_text(resp_at(v, 1)),
	    store->id))
		return;
	store->subscribed = true;
	store_update(store);
}

static void
send_subscription(struct store *store, const char *verb, const char *id,
    void (*cb)(const struct resp_value *, void *))
{
	struct buf b = { 0 };

	resp_add_header(&b, 2);
	resp_add_str(&b, verb);
	keys_add_channel(&store->keys, &b, id);
	if (!redis_link_send(store->subscriber, &b, cb, store))
		log_debug("redis: subscriber is not ready");
	buf_fini(&b);
}

static void
on_subscriber_ready(void *arg)
{
	struct store *store = arg;

	count_connect(store);
	send_subscription(store, "SUBSCRIBE", store->id, on_subscribed);
}

static void
on_subscriber_down(void *arg)
{
	struct store *store = arg;

	store->subscribed = false;
	store_update(store);
}

static void
on_push(const struct resp_value *v, void *arg)
{
	struct store *store = arg;
	struct store_message msg;

	/* Of a former id: the same events come to the new one's channel. */
	if (!keys_is_channel(&store->keys, resp_text(resp_at(v, 1)),
	    store->id))
		return;
	if (!pubmsg_parse(resp_text(resp_at(v, 2)), &msg)) {
		log_warn_limited("redis: a message on our channel is not "
		    "one of ours; ignored");
		return;
	}
	store_saw_epoch(store, msg.epoch);
	store->depth++;
	store->hooks->on_message(&msg, store->arg);
	store->depth--;
}

/* --- identity ---------------------------------------------------------- */

void
store_lapsed(struct store *store, uint64_t identity)
{
	if (identity != store->identity || store->resigned)
		return;
	log_warn("redis: the lease of worker id %s has lapsed", store->id);
	store_rename(store);
}

void
store_rename(struct store *store)
{
	char old[STORE_ID_SIZE];

	memcpy(old, store->id, sizeof(old));
	memcpy(store->former, old, sizeof(old));
	/* on_down first: until then the old id is what the server knows */
	store->leased = false;
	store_update(store);
	make_identity(store);
	if (redis_link_is_ready(store->subscriber)) {
		send_subscription(store, "SUBSCRIBE", store->id,
		    on_subscribed);
		send_subscription(store, "UNSUBSCRIBE", old, NULL);
	}
	if (redis_link_is_ready(store->commands) && store->server != NULL)
		store_lease_send(store);
}

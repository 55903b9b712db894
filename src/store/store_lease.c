/*
 * The lease: the key by which others see that this worker lives. Taken under
 * each new id, renewed every few seconds by a script that fails if it lapsed,
 * since then somebody may be cleaning up after us already and going on under
 * the old id would make ghosts. It is believed only while it is surely valid:
 * then the worker suspends itself, before others give its locks away. And its
 * opposite, the graceful resignation.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "store/store_priv.h"

#define RENEW_MS	5000	/* a third of STORE_LEASE_MS: two may be lost */
/* So much before the lease may end by the clock of Redis it is no longer
 * believed: for clocks that do not run alike, and to say so. */
#define MARGIN_MS	3000

static void
lease_cb(void *arg)
{
	struct store *store = arg;

	timer_start(store->lease_timer, RENEW_MS);
	if (redis_link_is_ready(store->commands) && store->server != NULL &&
	    !store->resigned)
		store_lease_send(store);
}

/*
 * No renewal was answered for so long that others may take this worker for dead
 * at any moment, and give its locks away. Also when it was stopped, and wakes.
 */
static void
suspend_cb(void *arg)
{
	struct store *store = arg;

	if (store->resigned)
		return;
	log_warn("redis: the lease of worker id %s is in doubt: locks are "
	    "unknown until Redis answers", store->id);
	store->suspended = true;
	store->leased = false;
	store_update(store);
	store->depth++;
	store->hooks->on_suspend(store->arg);
	store->depth--;
}

void
store_lease_init(struct store *store)
{
	store->suspend_timer = timer_new(store->base, suspend_cb, store);
	store->lease_timer = timer_new(store->base, lease_cb, store);
	timer_start(store->lease_timer, RENEW_MS);
}

void
store_lease_fini(struct store *store)
{
	timer_free(store->lease_timer);
	timer_free(store->suspend_timer);
}

/* It holds from when the command was sent: Redis got it later. False if it has
 * been over for the worker by the time of the answer. */
static bool
extend(struct store *store, int64_t sent_ms)
{
	int64_t now_ms = clock_mono_ms();

	store->lease_end_ms = sent_ms + STORE_LEASE_MS - MARGIN_MS;
	if (store->lease_end_ms <= now_ms)
		return (false);
	timer_start(store->suspend_timer, store->lease_end_ms - now_ms);
	store->suspended = false;
	return (true);
}

static void
on_lease(struct store_op *op, const struct resp_value *v)
{
	struct store *store = op->store;

	/* Lost or refused: the link's end, or the next tick, tries again. */
	if (v == NULL || v->type != RESP_ARRAY ||
	    op->identity != store->identity || store->resigned)
		return;
	if (resp_at(v, 0)->integer == 0) {
		store_lapsed(store, op->identity);
		return;
	}
	store->acquired = true;
	if (!extend(store, op->sent_ms) || !store_note_generation(store, v))
		return;
	store->leased = true;
	store_update(store);
}

void
store_lease_send(struct store *store)
{
	struct store_op *op = store_op_new(store, OP_SCRIPT, SCRIPT_LEASE,
	    on_lease);

	char known[STORE_EPOCH_SIZE];

	op->flags = OP_ONCE | OP_URGENT;
	keys_add_lease(&store->keys, &op->keys, store->id);
	keys_add_workers(&store->keys, &op->keys);
	keys_add_worker_rooms(&store->keys, &op->keys, store->id);
	keys_add_generation(&store->keys, &op->keys);
	keys_add_unsettled(&store->keys, &op->keys);
	op->n_keys = 5;
	store_op_arg_str(op, store->id);
	store_op_arg_int(op, STORE_LEASE_MS);
	store_op_arg_int(op, STORE_TTL_MS);
	store_op_arg_str(op, store->acquired ? "renew" : "new");
	store_add_generation(op);
	store_op_arg_int(op, store->connection);
	store_op_arg_str(op, store->up_generation == 0 ? "" :
	    store_epoch_text(store->up_generation, known));
	store_op_submit(op);
}

struct resignation {
	void	(*cb)(void *);
	void	*arg;
};

static void
abandon_resignation(struct store_op *op)
{
	free(op->job);
}

static void
on_resigned(struct store_op *op, const struct resp_value *v)
{
	struct resignation *r = op->job;

	if (v == NULL)
		log_warn("redis: could not resign; the lease ends by itself");
	if (r->cb != NULL)
		r->cb(r->arg);
	free(r);
}

void
store_resign(struct store *store, int64_t ms, void (*cb)(void *), void *arg)
{
	struct store_op *op = store_op_new(store, OP_PLAIN, SCRIPTS_N,
	    on_resigned);
	struct resignation *r = xcalloc(1, sizeof(*r));

	store->resigned = true;
	r->cb = cb;
	r->arg = arg;
	op->job = r;
	op->abandon = abandon_resignation;
	op->flags = OP_ONCE | OP_URGENT;
	store_op_arg_str(op, "PEXPIRE");
	keys_add_lease(&store->keys, &op->args, store->id);
	op->n_args++;
	/* 0 would delete it under the feet of commands that still come */
	store_op_arg_int(op, ms < 1 ? 1 : ms);
	store_op_submit(op);
}

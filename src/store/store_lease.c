/*
 * The lease: the key by which others see that this worker lives. Taken under
 * each new id, renewed every few seconds by a script that fails if it lapsed,
 * since then somebody may be cleaning up after us already and going on under
 * the old id would make ghosts. And its opposite, the graceful resignation.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "store/store_priv.h"

#define RENEW_MS	5000	/* a third of STORE_LEASE_MS: two may be lost */

static void
lease_cb(void *arg)
{
	struct store *store = arg;

	timer_start(store->lease_timer, RENEW_MS);
	if (redis_link_is_ready(store->commands) && !store->resigned)
		store_lease_send(store);
}

void
store_lease_init(struct store *store)
{
	store->lease_timer = timer_new(store->base, lease_cb, store);
	timer_start(store->lease_timer, RENEW_MS);
}

void
store_lease_fini(struct store *store)
{
	timer_free(store->lease_timer);
}

static void
on_lease(struct store_op *op, const struct resp_value *v)
{
	struct store *store = op->store;

	/* Lost or refused: the link's end, or the next tick, tries again. */
	if (v == NULL || v->type != RESP_INTEGER ||
	    op->identity != store->identity || store->resigned)
		return;
	if (v->integer == 0) {
		store_lapsed(store, op->identity);
		return;
	}
	store->acquired = true;
	store->leased = true;
	store_update(store);
}

void
store_lease_send(struct store *store)
{
	struct store_op *op = store_op_new(store, OP_SCRIPT, SCRIPT_LEASE,
	    on_lease);

	op->flags = OP_ONCE | OP_URGENT;
	keys_add_lease(&store->keys, &op->keys, store->id);
	keys_add_workers(&store->keys, &op->keys);
	keys_add_worker_rooms(&store->keys, &op->keys, store->id);
	op->n_keys = 3;
	store_op_arg_str(op, store->id);
	store_op_arg_int(op, STORE_LEASE_MS);
	store_op_arg_int(op, STORE_TTL_MS);
	store_op_arg_str(op, store->acquired ? "renew" : "new");
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

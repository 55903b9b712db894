/*
 * Dead workers. Every ORPHAN_TICK_MS the shared memory is asked for a worker
 * of this machine whose death the master saw; every ORPHAN_SCAN_TICKS ticks
 * Redis is asked for workers without a lease. Either way a script gives the
 * right to clean up to one worker only. What a dead worker left is then read:
 * its set of rooms, and for each room the users it holds there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "shm/counters.h"
#include "store/store_priv.h"

#define ORPHAN_TICK_MS		2000
#define ORPHAN_SCAN_TICKS	5
#define REAP_MS			30000	/* then another may try */
#define CHUNK			32	/* rooms to a script */

static void
on_orphans(struct store_op *op, const struct resp_value *v)
{
	struct store *store = op->store;
	char id[STORE_ID_SIZE];
	struct slice text;
	size_t i;

	if (v == NULL || v->type != RESP_ARRAY)
		return;
	for (i = 0; i < v->n; i++) {
		text = resp_text(resp_at(v, i));
		if (!keys_is_worker_id(text))
			continue;
		memcpy(id, text.p, text.n);
		id[text.n] = '\0';
		log_info("redis: worker %s is gone; cleaning up", id);
		counters_add(store->shm, store->slot, COUNTER_ORPHANS_TAKEN,
		    1);
		store->hooks->on_orphan(id, store->arg);
	}
}

/* dead: a worker known to be dead, or "" to look at all. */
static void
look(struct store *store, const char *dead)
{
	struct store_op *op = store_op_new(store, OP_SCRIPT, SCRIPT_ORPHAN,
	    on_orphans);

	if (*dead == '\0')
		op->flags = OP_ONCE;
	keys_add_workers(&store->keys, &op->keys);
	op->n_keys = 1;
	keys_add_lease(&store->keys, &op->args, "");
	keys_add_reap(&store->keys, &op->args, "");
	op->n_args = 2;
	store_op_arg_int(op, REAP_MS);
	store_op_arg_str(op, store->id);
	store_op_arg_str(op, dead);
	store_op_submit(op);
}

static void
orphan_cb(void *arg)
{
	struct store *store = arg;
	char dead[SHM_WORKER_ID_MAX + 1];

	timer_start(store->orphan_timer, ORPHAN_TICK_MS);
	/* Who leaves cleans up after nobody. */
	if (!store->up || store->resigned)
		return;
	while (shm_orphan_take(store->shm, dead))
		if (keys_is_worker_id(slice_of(dead)))
			look(store, dead);
	/* Ours, when its users have had time to come back under the new one. */
	if (*store->former != '\0' && store_is_settled(store)) {
		look(store, store->former);
		*store->former = '\0';
	}
	if (++store->orphan_ticks % ORPHAN_SCAN_TICKS == 0)
		look(store, "");
}

void
store_orphan_init(struct store *store)
{
	store->orphan_timer = timer_new(store->base, orphan_cb, store);
	timer_start(store->orphan_timer, ORPHAN_TICK_MS);
}

void
store_orphan_fini(struct store *store)
{
	timer_free(store->orphan_timer);
}

/* --- what it left ------------------------------------------------------ */

struct orphan_job {
	char	 worker[STORE_ID_SIZE];
	void	(*cb)(enum store_status, const struct store_room *,
		    const struct slice *, size_t, void *);
	void	*arg;
	struct store_room *rooms;	/* all; their strings are owned here */
	size_t	 n_rooms;
	size_t	 asked;			/* rooms asked for their users */
	/* the pairs found */
	struct store_room *pair_rooms;	/* strings of rooms[] */
	struct slice *users;		/* owned */
	size_t	 n, cap;
};

static void
job_free(struct orphan_job *job)
{
	size_t i;

	for (i = 0; i < job->n_rooms; i++) {
		free((void *)(uintptr_t)job->rooms[i].key);
		free((void *)(uintptr_t)job->rooms[i].name);
	}
	for (i = 0; i < job->n; i++)
		free((void *)(uintptr_t)job->users[i].p);
	free(job->rooms);
	free(job->pair_rooms);
	free(job->users);
	free(job);
}

static void
abandon_orphan(struct store_op *op)
{
	job_free(op->job);
}

static void
job_done(struct orphan_job *job, enum store_status status)
{
	if (status == STORE_OK)
		job->cb(status, job->pair_rooms, job->users, job->n, job->arg);
	else
		job->cb(status, NULL, NULL, 0, job->arg);
	job_free(job);
}

static void
job_add(struct orphan_job *job, struct store_room room, struct slice user)
{
	if (job->n == job->cap) {
		job->cap = job->cap == 0 ? 16 : job->cap * 2;
		job->pair_rooms = xreallocarray(job->pair_rooms, job->cap,
		    sizeof(*job->pair_rooms));
		job->users = xreallocarray(job->users, job->cap,
		    sizeof(*job->users));
	}
	job->pair_rooms[job->n] = room;
	job->users[job->n++] = (struct slice){ xmemdup0(user.p, user.n),
	    user.n };
}

static void ask_holders(struct store *store, struct orphan_job *job);

static void
on_holders(struct store_op *op, const struct resp_value *v)
{
	struct orphan_job *job = op->job;
	size_t first = job->asked - (op->n_keys / KEYS_OF_ROOM), i, j;
	struct slice user;

	if (v == NULL || v->type != RESP_ARRAY) {
		job_done(job, STORE_UNAVAILABLE);
		return;
	}
	for (i = 0; i < v->n && first + i < job->asked; i++)
		for (j = 0; j < resp_at(v, i)->n; j++) {
			user = resp_text(resp_at(resp_at(v, i), j));
			if (user.p != NULL)
				job_add(job, job->rooms[first + i], user);
		}
	if (job->asked == job->n_rooms)
		job_done(job, STORE_OK);
	else
		ask_holders(op->store, job);
}

/* Asks for the users of the next rooms. */
static void
ask_holders(struct store *store, struct orphan_job *job)
{
	struct store_op *op = store_op_new(store, OP_ROOM, SCRIPT_HOLDERS,
	    on_holders);

	op->job = job;
	op->abandon = abandon_orphan;
	for (; job->asked < job->n_rooms &&
	    op->n_keys < (size_t)CHUNK * KEYS_OF_ROOM; job->asked++) {
		keys_add_room(&store->keys, &op->keys,
		    job->rooms[job->asked]);
		op->n_keys += KEYS_OF_ROOM;
	}
	store_op_arg_str(op, job->worker);
	store_op_submit(op);
}

static void
on_rooms(struct store_op *op, const struct resp_value *v)
{
	struct orphan_job *job = op->job;
	struct slice key, name;
	size_t i;

	if (v == NULL) {
		job_done(job, STORE_UNAVAILABLE);
		return;
	}
	job->rooms = xcalloc(v->n, sizeof(*job->rooms));
	for (i = 0; i < v->n; i++) {
		if (!keys_parse_room_ref(resp_text(resp_at(v, i)), &key,
		    &name))
			continue;
		job->rooms[job->n_rooms].key = xmemdup0(key.p, key.n);
		job->rooms[job->n_rooms++].name = xmemdup0(name.p, name.n);
	}
	if (job->n_rooms == 0)
		job_done(job, STORE_OK);
	else
		ask_holders(op->store, job);
}

void
store_orphan_load(struct store *store, const char *worker_id,
    void (*cb)(enum store_status, const struct store_room *,
    const struct slice *, size_t, void *), void *arg)
{
	struct store_op *op = store_op_new(store, OP_PLAIN, SCRIPTS_N,
	    on_rooms);
	struct orphan_job *job = xcalloc(1, sizeof(*job));

	ASSERT(strlen(worker_id) < sizeof(job->worker));
	memcpy(job->worker, worker_id, strlen(worker_id) + 1);
	job->cb = cb;
	job->arg = arg;
	op->job = job;
	op->abandon = abandon_orphan;
	store_op_arg_str(op, "SMEMBERS");
	keys_add_worker_rooms(&store->keys, &op->args, worker_id);
	op->n_args++;
	store_op_submit(op);
}

static void
on_forgotten(struct store_op *op UNUSED, const struct resp_value *v UNUSED)
{
	/* If it was lost, the right to clean up ends and is won again. */
}

void
store_orphan_done(struct store *store, const char *worker_id)
{
	struct store_op *op = store_op_new(store, OP_SCRIPT, SCRIPT_FORGET,
	    on_forgotten);

	keys_add_workers(&store->keys, &op->keys);
	keys_add_worker_rooms(&store->keys, &op->keys, worker_id);
	keys_add_lease(&store->keys, &op->keys, worker_id);
	keys_add_reap(&store->keys, &op->keys, worker_id);
	op->n_keys = 4;
	store_op_arg_str(op, worker_id);
	store_op_submit(op);
}

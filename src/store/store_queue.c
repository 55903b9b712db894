/*
 * The commands of a store, from the call to the answer. Two lists, both in the
 * order of the calls: what waits, and what is in flight. Nothing overtakes: a
 * command is sent only when none waits before it, and what was in flight when
 * a connection was lost goes back in front, so Redis sees the calls in their
 * order however often they are repeated.
 *
 * An attempt fails when the connection is lost while the command is in flight,
 * or when its time to try comes and the store is not up. While the store is
 * up nothing waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "shm/counters.h"
#include "store/redis_error.h"
#include "store/store_priv.h"

/* So many commands may be under way; more fail at once. A worker has 50,000
 * sockets by default, which may all want something after a lost link. */
#define OPS_MAX		200000
#define BYTES_MAX	(256u << 20)
/* An epoch further in the future was not made with the time. */
#define AHEAD_MS	INT64_C(86400000)

static void retry_cb(void *arg);

void
store_queue_init(struct store *store)
{
	TAILQ_INIT(&store->waiting);
	TAILQ_INIT(&store->sent);
	store->retry_timer = timer_new(store->base, retry_cb, store);
}

static void
op_free(struct store_op *op)
{
	buf_fini(&op->keys);
	buf_fini(&op->args);
	free(op->label);
	free(op);
}

static void
op_unlink(struct store_op *op)
{
	struct store *store = op->store;

	if (op->is_sent)
		TAILQ_REMOVE(&store->sent, op, entry);
	else
		TAILQ_REMOVE(&store->waiting, op, entry);
	store->n_ops--;
	store->bytes -= op->keys.n + op->args.n;
}

/* No callbacks any more: what is still there is forgotten. */
void
store_queue_fini(struct store *store)
{
	struct store_op *op;

	/* The analyzer does not know that is_sent tells the queue. */
	while ((op = TAILQ_FIRST(&store->waiting)) != NULL ||
	    (op = TAILQ_FIRST(&store->sent)) != NULL) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		op_unlink(op);
		if (op->abandon != NULL)
			op->abandon(op);
		op_free(op);
	}
	timer_free(store->retry_timer);
}

struct store_op *
store_op_new(struct store *store, enum op_kind kind, enum script script,
    void (*finish)(struct store_op *, const struct resp_value *))
{
	struct store_op *op = xcalloc(1, sizeof(*op));

	op->store = store;
	op->kind = kind;
	op->script = script;
	op->finish = finish;
	return (op);
}

void
store_op_arg(struct store_op *op, const void *p, size_t n)
{
	resp_add_bulk(&op->args, p, n);
	op->n_args++;
}

void
store_op_arg_str(struct store_op *op, const char *s)
{
	store_op_arg(op, s, strlen(s));
}

void
store_op_arg_int(struct store_op *op, int64_t v)
{
	resp_add_int(&op->args, v);
	op->n_args++;
}

void
store_op_arg_opt(struct store_op *op, struct slice s)
{
	if (s.p == NULL) {
		store_op_arg(op, "", 0);
		return;
	}
	resp_add_bulk_header(&op->args, s.n + 1);
	buf_add_char(&op->args, 'v');
	buf_add(&op->args, s.p, s.n);
	buf_add(&op->args, "\r\n", 2);
	op->n_args++;
}

void
store_saw_epoch(struct store *store, uint64_t epoch)
{
	uint64_t soon = (uint64_t)(clock_wall_us() / US_PER_MS +
	    AHEAD_MS) << 16;

	if (store->last_epoch < epoch && epoch < soon)
		store->last_epoch = epoch;
}

/* One that is later than all that were seen: the time in milliseconds in front,
 * behind it what tells apart those of one moment. */
static uint64_t
new_epoch(const struct store *store)
{
	uint64_t epoch = (uint64_t)(clock_wall_us() / US_PER_MS) << 16;

	epoch |= hash_seed() & 0xffff;
	return (epoch > store->last_epoch ? epoch : store->last_epoch + 1);
}

const char *
store_epoch_text(uint64_t epoch, char out[STORE_EPOCH_SIZE])
{
	(void)snprintf(out, STORE_EPOCH_SIZE, "%016llx",
	    (unsigned long long)epoch);
	return (out);
}

void
store_op_arg_room(struct store_op *op, struct store_room room)
{
	struct buf b = { 0 };

	keys_add_room_ref(&b, room);
	store_op_arg(op, b.p, b.n);
	buf_fini(&b);
}

/* What common.lua calls KEYS[1 to 4] and ARGV[1 to 6], around the op's keys. */
static void
add_room_arguments(const struct store_op *op, struct buf *out)
{
	const struct store *store = op->store;
	char epoch[STORE_EPOCH_SIZE];

	keys_add_lease(&store->keys, out, store->id);
	keys_add_worker_rooms(&store->keys, out, *op->worker != '\0' ?
	    op->worker : store->id);
	keys_add_generation(&store->keys, out);
	keys_add_unsettled(&store->keys, out);
	buf_add(out, op->keys.p, op->keys.n);
	resp_add_str(out, store->id);
	keys_add_channel(&store->keys, out, "");
	resp_add_str(out, store_epoch_text(new_epoch(store), epoch));
	resp_add_int(out, STORE_TTL_MS);
	resp_add_int(out, op->sends != 0 ? -store->connection :
	    store->connection);
	resp_add_int(out, (int64_t)op->number);
}

static void
op_render(const struct store_op *op, struct buf *out)
{
	size_t keys = op->n_keys, args = op->n_args;

	if (op->kind == OP_PLAIN) {
		resp_add_header(out, args);
		buf_add(out, op->args.p, op->args.n);
		return;
	}
	if (op->kind == OP_ROOM) {
		keys += 4;
		args += 6;
	}
	resp_add_header(out, 3 + keys + args);
	resp_add_str(out, op->eval ? "EVAL" : "EVALSHA");
	resp_add_str(out, op->eval ?
	    op->store->scripts->v[op->script].text :
	    op->store->scripts->v[op->script].sha);
	resp_add_int(out, (int64_t)keys);
	if (op->kind == OP_ROOM)
		add_room_arguments(op, out);
	else
		buf_add(out, op->keys.p, op->keys.n);
	buf_add(out, op->args.p, op->args.n);
}

/* Calls finish, which may submit others, and frees op. */
static void
op_finish(struct store_op *op, const struct resp_value *v)
{
	struct store *store = op->store;

	op_unlink(op);
	store->depth++;
	op->finish(op, v);
	store->depth--;
	op_free(op);
}

static void
arm_retry(struct store *store, int64_t at_ms)
{
	if (store->retry_at_ms != 0 && store->retry_at_ms <= at_ms)
		return;
	store->retry_at_ms = at_ms;
	timer_start(store->retry_timer, at_ms - clock_mono_ms());
}

/* One attempt more has failed. False when it was the last. */
static bool
count_failure(struct store_op *op)
{
	const struct conf *conf = op->store->conf;

	op->failures++;
	if (op->failures > conf->redis_max_retries)
		return (false);
	op->next_ms = clock_mono_ms() +
	    (conf->redis_retry_delay_ms << (op->failures - 1));
	return (true);
}

/* Puts op among those that wait, at its place. */
static void
insert_waiting(struct store_op *op)
{
	struct store *store = op->store;
	struct store_op *before;

	op->is_sent = false;
	TAILQ_FOREACH_REVERSE(before, &store->waiting, store_ops, entry)
		if (before->number < op->number)
			break;
	if (before == NULL)
		TAILQ_INSERT_HEAD(&store->waiting, op, entry);
	else
		TAILQ_INSERT_AFTER(&store->waiting, before, op, entry);
	arm_retry(store, op->next_ms);
}

/* An attempt that was in flight failed. */
static void
op_failed(struct store_op *op)
{
	if ((op->flags & OP_ONCE) != 0 || !count_failure(op)) {
		op_finish(op, NULL);
		return;
	}
	TAILQ_REMOVE(&op->store->sent, op, entry);
	insert_waiting(op);
}

static void on_answer(const struct resp_value *v, void *arg);

/* Writes op to the link, which is ready. */
static void
op_write(struct store_op *op)
{
	struct store *store = op->store;
	struct buf out = { 0 };

	op_render(op, &out);
	if (op->sends != 0)
		counters_add(store->shm, store->slot, COUNTER_REDIS_RETRIES,
		    1);
	op->sends++;
	op->sent_ms = clock_mono_ms();
	op->identity = store->identity;
	if (!redis_link_send(store->commands, &out, on_answer, op))
		log_fatal("command link is not ready");
	buf_fini(&out);
}

static void
on_error(struct store_op *op, const struct resp_value *v)
{
	struct store *store = op->store;
	struct redis_error error;

	if (resp_is_error(v, "NOSCRIPT") && !op->eval) {
		op->eval = true;
		op->sends--;	/* it was not run, so this is no repeat */
		op_write(op);
		return;
	}
	if (resp_is_error(v, "WRONGTYPE") && op->kind == OP_PLAIN) {
		op_finish(op, resp_at(v, 0));	/* nil: nothing of ours */
		return;
	}
	error = redis_error_of(v->text);
	switch (error.kind) {
	case REDIS_ERROR_PASSING:
		op_failed(op);
		redis_link_drop(store->commands, error.meaning);
		return;
	case REDIS_ERROR_OPERATOR:
		store_refused(store, error.meaning);
		break;
	case REDIS_ERROR_BUG:
		log_warn_limited("redis: a command failed (%s): %s",
		    op->label == NULL ? "-" : op->label, v->text.p);
		break;
	}
	op_finish(op, NULL);
}

/* The id under which op was sent is no longer ours: nothing was done. */
static void
on_lapsed(struct store_op *op)
{
	struct store *store = op->store;
	uint64_t identity = op->identity;

	if (store->resigned) {
		op_finish(op, NULL);
		return;
	}
	op->sends = 0;
	op->next_ms = clock_mono_ms() + store->conf->redis_retry_delay_ms;
	TAILQ_REMOVE(&store->sent, op, entry);
	insert_waiting(op);
	store_lapsed(store, identity);
	store_queue_flush(store);
}

static void
on_answer(const struct resp_value *v, void *arg)
{
	struct store_op *op = arg;
	struct store *store = op->store;

	if (v == NULL) {
		op_failed(op);
		return;
	}
	counters_add(store->shm, store->slot, COUNTER_REDIS_ROUND_TRIPS, 1);
	if (v->type == RESP_ERROR) {
		on_error(op, v);
		return;
	}
	if (v->type == RESP_ARRAY && slice_is(resp_text(resp_at(v, 0)),
	    "LAPSED")) {
		on_lapsed(op);
		return;
	}
	op_finish(op, v);
}

/* Up, and the link has not been lost just now (the hooks are told last). */
static bool
is_open(const struct store *store)
{
	return (store->up && redis_link_is_ready(store->commands));
}

static void
op_send(struct store_op *op)
{
	op->is_sent = true;
	TAILQ_INSERT_TAIL(&op->store->sent, op, entry);
	op_write(op);
}

void
store_op_submit(struct store_op *op)
{
	struct store *store = op->store;
	bool urgent = (op->flags & OP_URGENT) != 0;

	op->number = ++store->last_number;
	store->n_ops++;
	store->bytes += op->keys.n + op->args.n;
	if (store->n_ops > OPS_MAX || store->bytes > BYTES_MAX) {
		log_warn_limited("redis: too many commands under way");
		op->failures = (unsigned)store->conf->redis_max_retries;
	} else if (urgent ? redis_link_is_ready(store->commands) :
	    is_open(store) && TAILQ_EMPTY(&store->waiting)) {
		op_send(op);
		return;
	}
	/* Never called back before we return: the timer does that. */
	if (urgent || !count_failure(op)) {
		op->failures = (unsigned)store->conf->redis_max_retries;
		op->next_ms = clock_mono_ms();
	}
	insert_waiting(op);
}

void
store_queue_flush(struct store *store)
{
	struct store_op *op;

	while (is_open(store) &&
	    (op = TAILQ_FIRST(&store->waiting)) != NULL) {
		TAILQ_REMOVE(&store->waiting, op, entry);
		op_send(op);
	}
}

/*
 * The time of some has come, and the store is not up. Those that gave up are
 * taken out first, since their callbacks may submit others.
 */
static void
retry_cb(void *arg)
{
	struct store *store = arg;
	int64_t now_ms = clock_mono_ms();
	struct store_ops lost = TAILQ_HEAD_INITIALIZER(lost);
	struct store_op *op, *next;

	store->retry_at_ms = 0;
	for (op = TAILQ_FIRST(&store->waiting); op != NULL; op = next) {
		next = TAILQ_NEXT(op, entry);
		if (op->next_ms <= now_ms && !count_failure(op)) {
			TAILQ_REMOVE(&store->waiting, op, entry);
			TAILQ_INSERT_TAIL(&lost, op, entry);
		} else
			arm_retry(store, op->next_ms);
	}
	while ((op = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, op, entry);
		/* finish takes it out of the list it is in */
		TAILQ_INSERT_HEAD(&store->waiting, op, entry);
		op_finish(op, NULL);
	}
	store_queue_flush(store);
}

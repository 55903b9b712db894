/*
 * The verbs on one room. Each makes one command: the room's keys, the
 * arguments in the order that its script (src/store/lua) names in its first
 * comment, and the event's fixed parts. Nothing is decided here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "shm/counters.h"
#include "store/numbered.h"
#include "store/pubmsg.h"
#include "store/store_priv.h"

static const struct slice nothing = { NULL, 0 };
static const struct store_member nobody = {
	{ NULL, 0 }, { NULL, 0 }, { NULL, 0 }
};

static void
reply_unavailable(struct store_op *op)
{
	struct store_reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.status = STORE_UNAVAILABLE;
	reply.snapshot.previous_ttl_ms = -2;
	if (op->cb != NULL)
		op->cb(&reply, op->arg);
}

static void
finish_room(struct store_op *op, const struct resp_value *v)
{
	struct store *store = op->store;
	struct store_member *members;
	struct store_reply reply;
	int64_t bad;

	if (v == NULL) {
		reply_unavailable(op);
		return;
	}
	if (!store_reply_parse(v, &reply, &members, &bad)) {
		log_warn_limited("redis: strange answer about room %s",
		    op->label);
		reply_unavailable(op);
		return;
	}
	if (bad != 0)
		log_warn_limited("redis: room %s: %lld values of another type "
		    "or size than ours, taken as absent", op->label,
		    (long long)bad);
	store_saw_epoch(store, reply.snapshot.epoch);
	if (reply.status == STORE_MISMATCH)
		counters_add(store->shm, store->slot,
		    COUNTER_REDIS_MISMATCHES, 1);
	if (op->cb != NULL)
		op->cb(&reply, op->arg);
	free(members);
}

static struct store_op *
room_op(struct store *store, enum script script, struct store_room room,
    void (*cb)(const struct store_reply *, void *), void *arg)
{
	struct store_op *op = store_op_new(store, OP_ROOM, script, finish_room);

	keys_add_room(&store->keys, &op->keys, room);
	op->n_keys = KEYS_OF_ROOM;
	op->label = xstrdup(room.key);
	op->cb = cb;
	op->arg = arg;
	return (op);
}

static void
add_event(struct store_op *op, struct store_room room,
    struct store_member joined, struct slice left,
    const struct store_frame *frames, size_t n)
{
	struct buf b = { 0 };

	pubmsg_add_head(&b, room.key);
	store_op_arg(op, b.p, b.n);
	buf_reset(&b);
	pubmsg_add_tail(&b, joined, left, frames, n);
	store_op_arg(op, b.p, b.n);
	buf_fini(&b);
}

/* The badge's three arguments: what the model's room has of it, and hears. */
static void
add_badge(struct store_op *op, struct store_room room,
    const struct store_badge *badge)
{
	struct buf value = { 0 }, message = { 0 };

	store_op_arg(op, badge->object.p, badge->object.n);
	if (badge->value.p != NULL)
		numbered_add(&value, badge->until_us / US_PER_MS,
		    badge->value);
	store_op_arg_opt(op, (struct slice){ value.n != 0 ? value.p : NULL,
	    value.n });
	if (badge->object.n != 0 && badge->is_news)
		pubmsg_add_badge(&message, room.key, badge->object,
		    badge->value);
	store_op_arg(op, message.p, message.n);
	buf_fini(&message);
	buf_fini(&value);
}

static void
add_expected(struct store_op *op, const struct store_snapshot *s)
{
	store_op_arg_opt(op, s->editor);
	store_op_arg_opt(op, s->previous);
	store_op_arg_opt(op, s->state);
}

static void
add_change(struct store_op *op, const struct store_change *c)
{
	store_op_arg_opt(op, c->editor);
	store_op_arg_int(op, c->editor_ttl_ms);
	store_op_arg_opt(op, c->previous);
	store_op_arg_int(op, c->previous_ttl_ms);
	store_op_arg_opt(op, c->state);
	store_op_arg_opt(op, c->modified);
}

void
store_join(struct store *store, struct store_room room,
    struct store_member member, bool announce, struct slice chat_value,
    struct slice modified_if_absent, uint64_t known_epoch,
    const struct store_frame *frames, size_t n_frames,
    void (*cb)(const struct store_reply *, void *), void *arg)
{
	struct store_op *op = room_op(store, SCRIPT_JOIN, room, cb, arg);
	char epoch[STORE_EPOCH_SIZE];

	store_op_arg(op, member.user_id.p, member.user_id.n);
	store_op_arg(op, member.info.p, member.info.n);
	store_op_arg_str(op, announce ? "1" : "0");
	store_op_arg_opt(op, chat_value);
	store_op_arg_opt(op, modified_if_absent);
	store_op_arg_room(op, room);
	add_event(op, room, member, nothing, frames, n_frames);
	store_op_arg(op, member.states.p, member.states.n);
	store_op_arg_str(op, known_epoch == 0 ? "" :
	    store_epoch_text(known_epoch, epoch));
	store_op_submit(op);
}

void
store_commit(struct store *store, struct store_room room,
    const struct store_snapshot *expected, const struct store_change *change,
    const char *gate_user, int64_t gate_ms,
    void (*cb)(const struct store_reply *, void *), void *arg)
{
	struct store_op *op = room_op(store, SCRIPT_COMMIT, room, cb, arg);
	bool gated = gate_user != NULL && gate_ms > 0;

	if (gated) {
		keys_add_attention(&store->keys, &op->keys, room, gate_user);
		op->n_keys++;
	}
	add_expected(op, expected);
	add_change(op, change);
	store_op_arg_int(op, gated ? gate_ms : 0);
	add_event(op, room, nobody, nothing, change->frames,
	    change->n_frames);
	add_badge(op, room, &change->badge);
	store_op_arg_str(op, change->moves_lock ? "1" : "0");
	store_op_submit(op);
}

void
store_restore(struct store *store, struct store_room room, uint64_t epoch,
    uint64_t seq, const struct store_change *change,
    void (*cb)(const struct store_reply *, void *), void *arg)
{
	struct store_op *op = room_op(store, SCRIPT_RESTORE, room, cb, arg);
	char text[STORE_EPOCH_SIZE];

	store_op_arg_str(op, store_epoch_text(epoch, text));
	store_op_arg_int(op, (int64_t)seq);
	add_change(op, change);
	add_event(op, room, nobody, nothing, change->frames,
	    change->n_frames);
	add_badge(op, room, &change->badge);
	store_op_submit(op);
}

void
store_leave(struct store *store, struct store_room room,
    const char *worker_id, struct slice user_id,
    const struct store_snapshot *expected, const struct store_change *change,
    void (*cb)(const struct store_reply *, void *), void *arg)
{
	struct store_op *op = room_op(store, SCRIPT_LEAVE, room, cb, arg);

	ASSERT(strlen(worker_id) < sizeof(op->worker));
	memcpy(op->worker, worker_id, strlen(worker_id) + 1);
	store_op_arg_str(op, worker_id);
	store_op_arg(op, user_id.p, user_id.n);
	add_expected(op, expected);
	add_change(op, change);
	store_op_arg_room(op, room);
	add_event(op, room, nobody, user_id, change->frames,
	    change->n_frames);
	add_badge(op, room, &change->badge);
	store_op_submit(op);
}

void
store_load(struct store *store, struct store_room room,
    void (*cb)(const struct store_reply *, void *), void *arg)
{
	store_op_submit(room_op(store, SCRIPT_LOAD, room, cb, arg));
}

void
store_send(struct store *store, struct store_room room, struct slice user_a,
    struct slice user_b, const struct store_frame *frames, size_t n_frames,
    void (*cb)(const struct store_reply *, void *), void *arg)
{
	struct store_op *op = room_op(store, SCRIPT_SEND, room, cb, arg);
	struct buf b = { 0 };

	op->flags = OP_ONCE;
	store_op_arg(op, user_a.p, user_a.n);
	store_op_arg(op, user_b.p, user_b.n);
	pubmsg_add_head(&b, room.key);
	pubmsg_add_tail(&b, nobody, nothing, frames, n_frames);
	store_op_arg(op, b.p, b.n);
	buf_fini(&b);
	store_op_submit(op);
}

void
store_state(struct store *store, struct store_room room, struct slice user_id,
    struct slice letter, void (*cb)(const struct store_reply *, void *),
    void *arg)
{
	struct store_op *op = room_op(store, SCRIPT_STATE, room, cb, arg);
	struct buf b = { 0 };

	store_op_arg(op, user_id.p, user_id.n);
	store_op_arg(op, letter.p, letter.n);
	pubmsg_add_head(&b, room.key);
	store_op_arg(op, b.p, b.n);
	buf_fini(&b);
	store_op_submit(op);
}

void
store_announce(struct store *store, struct store_room room, int64_t number,
    struct slice value, struct slice modified,
    void (*cb)(const struct store_reply *, void *), void *arg)
{
	struct store_op *op = room_op(store, SCRIPT_ANNOUNCE, room, cb, arg);
	struct buf b = { 0 };

	numbered_add(&b, number, value);
	store_op_arg_int(op, number);
	store_op_arg(op, b.p, b.n);
	store_op_arg(op, modified.p, modified.n);
	buf_reset(&b);
	pubmsg_add_head(&b, room.key);
	store_op_arg(op, b.p, b.n);
	buf_reset(&b);
	pubmsg_add_saved(&b, number, value);
	store_op_arg(op, b.p, b.n);
	buf_fini(&b);
	store_op_submit(op);
}

/* --- who edits what --- */

struct badges_job {
	void	(*cb)(enum store_status, const struct store_badge *, size_t,
		    void *);
	void	*arg;
};

static void
abandon_badges(struct store_op *op)
{
	free(op->job);
}

static void
finish_badges(struct store_op *op, const struct resp_value *v)
{
	struct badges_job *job = op->job;
	struct store_badge *list = NULL;
	enum store_status status = STORE_UNAVAILABLE;
	size_t i, n = 0;

	if (v != NULL && v->type == RESP_ARRAY) {
		status = STORE_OK;
		list = xcalloc(v->n / 2 + 1, sizeof(*list));
		for (i = 0; i + 1 < v->n; i += 2) {
			struct slice object = resp_text(resp_at(v, i));
			struct slice value = resp_text(resp_at(v, i + 1));
			int64_t until_ms;

			if (object.p == NULL || !numbered_parse(value,
			    &until_ms, &list[n].value))
				continue;
			list[n++].object = object;
		}
	}
	job->cb(status, list, n, job->arg);
	free(list);
	free(job);
}

void
store_badges(struct store *store, struct store_room room,
    void (*cb)(enum store_status, const struct store_badge *, size_t, void *),
    void *arg)
{
	struct store_op *op = store_op_new(store, OP_ROOM, SCRIPT_BADGES,
	    finish_badges);
	struct badges_job *job = xcalloc(1, sizeof(*job));

	job->cb = cb;
	job->arg = arg;
	keys_add_room(&store->keys, &op->keys, room);
	op->n_keys = KEYS_OF_ROOM;
	op->label = xstrdup(room.key);
	op->job = job;
	op->abandon = abandon_badges;
	store_op_arg_int(op, clock_wall_us() / US_PER_MS);
	store_op_submit(op);
}

void
store_chat_seen(struct store *store, struct store_room room,
    struct slice user_id, struct slice chat_value)
{
	struct store_op *op;

	if (!store->up)
		return;
	op = room_op(store, SCRIPT_SEEN, room, NULL, NULL);
	op->flags = OP_ONCE;
	store_op_arg(op, user_id.p, user_id.n);
	store_op_arg(op, chat_value.p, chat_value.n);
	store_op_submit(op);
}

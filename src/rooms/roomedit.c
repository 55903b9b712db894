/*
 * The verbs of the rule book, applied to a room: take the state (from the
 * shared cache, else from Redis), let the rule book make the next one, offer it
 * to Redis with what it was made from; on a mismatch Redis returns the present
 * state and it starts over. What a socket is told about its own request is
 * decided in answer(); what the room is told goes with the commit as an event.
 *
 * Knows no rule: those are in rules/edit.c.
 */
#include <stdio.h>

#include "base/clock_text.h"
#include "base/log.h"
#include "base/text.h"
#include "rooms/room.h"
#include "rooms/roomop.h"
#include "store/roomstate.h"

/* A compare-and-set that loses so often is hopeless or a bug; each loss means
 * that another worker won. */
#define TRIES_MAX	64
#define PAGE_SIZE	9	/* text of which page it is, and a NUL */

static void	run_edit(struct roomop *op);
static void	on_loaded_state(const struct store_reply *reply, void *arg);

static void
count_claim(struct roomop *op)
{
	enum room_count id = COUNT_CLAIMS_REFUSED;

	if (op->verb != EDIT_CLAIM || op->outcome == EDIT_IS_EDITOR)
		return;
	if (op->outcome == EDIT_DONE)
		id = COUNT_CLAIMS_GRANTED;
	else if (op->outcome == EDIT_PENDING)
		id = COUNT_CLAIMS_PENDING;
	rooms_count(op->room->set, id, 1);
}

/* Tells the socket that asked, where the room's events do not. st is needed for
 * EDIT_PENDING and EDIT_IS_EDITOR only. */
static void
answer(struct roomop *op, const struct edit_state *st)
{
	struct member *m = op->member;

	count_claim(op);
	if (m == NULL)
		return;
	switch (op->outcome) {
	case EDIT_IS_EDITOR:
		if (op->verb == EDIT_CLAIM && m->tab != NULL) {
			tab_send_lock(m);
			break;
		}
		/* From the state that decided: the event that tells the room
		 * may still be under way, and nobody is no answer to a claim. */
		if (op->verb == EDIT_CLAIM)
			member_send_status(m, st);
		else
			member_refuse(m, REFUSED_IS_EDITOR, op->why);
		break;
	case EDIT_HELD:
		member_refuse(m, REFUSED_HELD, op->why);
		if (m->tab == NULL)
			member_correct_status(m, st);
		break;
	case EDIT_PENDING:
		member_send_pending(m, edit_place(st, m->user->id),
		    st->n_claims);
		break;
	case EDIT_NOT_EDITOR:
		roomop_refuse(op, REFUSED_NOT_EDITOR);
		break;
	case EDIT_NO_EDITOR:
		member_refuse(m, REFUSED_NO_EDITOR, op->why);
		break;
	case EDIT_FORBIDDEN:
		member_refuse(m, REFUSED_FORBIDDEN, op->why);
		break;
	case EDIT_NOBODY:
		member_refuse(m, REFUSED_NOBODY, op->why);
		break;
	case EDIT_DONE:
	case EDIT_NOTHING:
		break;
	}
}

/* Whether the state has another editor than the room was told of, though no
 * event of ours came in between: another program's word, which must reach the
 * clients. */
static bool
is_foreign(const struct roomop *op)
{
	const struct room *room = op->room;
	struct slice told;

	told = snapshot_part(&room->told, SNAPSHOT_EDITOR);
	return (room->sync == SYNC_READ && op->snap.epoch == room->epoch &&
	    op->snap.seq == room->seq &&
	    !snapshot_part_is(&op->snap, SNAPSHOT_EDITOR, told));
}

/* Whether the state is older than what the room was told: Redis' answers and its
 * events come on two connections. What is decided from it must not be told
 * behind them; a commit would be refused anyway. */
static bool
is_behind(const struct roomop *op)
{
	const struct room *room = op->room;

	return (room->sync == SYNC_READ && op->snap.epoch == room->epoch &&
	    op->snap.seq < room->seq);
}

/* Lets the room hear of it first, as an event of its own; op starts over. */
static void
postpone(struct roomop *op)
{
	struct room *room = op->room;
	struct roomop *adopt = roomop_new(room, OP_ADOPT, NULL);

	roomop_stop(op);
	TAILQ_INSERT_HEAD(&room->ops, adopt, link);
	roomop_start_next(room);
}

static void
after_leave(struct roomop *op, bool ok)
{
	struct room *room = op->room;
	struct room_user *user = room_user_find(room, slice_of(op->user_id));

	if (!ok) {
		room->needs_repair = true;
		return;
	}
	if (user != NULL) {
		room_user_place(room, user, PLACE_NONE);
		room_user_release(room, user);
	}
	/* With its last user the worker has left the room's set: what happens
	 * there from now on does not come here. */
	if (room->n_held == 0 && room->sync == SYNC_READ)
		room_set_sync(room, SYNC_UNREAD);
}

/* A heartbeat that Redis did not hear: room_beat() says it again. */
static void
owe_beat(const struct roomop *op)
{
	if (op->verb == EDIT_HEARTBEAT)
		op->room->owes_beats = true;
}

/* The room was not read to its end, because of what this would change. */
static void
after_restore(struct roomop *op)
{
	if (op->verb == EDIT_RESTORE)
		roomop_load(op->room);
}

/* A deadline that could not be met is not forgotten. */
static void
tick_again(struct room *room)
{
	room->deadline_us = room->set->now.wall_us + US_PER_SEC;
	room_arm(room);
}

/* The state is only worth reading for who has got a place in the line. */
static void
answer_done(struct roomop *op, const struct store_snapshot *snap)
{
	struct roomstate rs;

	if (op->outcome != EDIT_PENDING) {
		answer(op, NULL);
		return;
	}
	/* An event may have been faster than the answer, which comes on another
	 * connection: its own, or one after it that knows better. */
	if (op->member != NULL && op->member->place_told) {
		count_claim(op);
		return;
	}
	roomstate_decode(&rs, snap, op->room->set->now.wall_us);
	answer(op, &rs.st);
	roomstate_fini(&rs);
}

/* Whoever's commit went through writes it, and nobody else. */
static void
write_audit(struct roomop *op)
{
	struct rooms *set = op->room->set;

	if (op->audit.n == 0)
		return;
	set->ops->audit((struct slice){ op->audit.p, op->audit.n }, set->arg);
	rooms_count(set, op->audit_count, 1);
}

/* The link was lost, or the lease is in doubt, and what Redis holds may be older
 * than what is known here, or not yet what it will be: nobody is answered from
 * it. */
static bool
is_too_early(const struct roomop *op)
{
	const struct room *room = op->room;

	return (op->kind == OP_EDIT && op->verb != EDIT_RESTORE &&
	    (room_is_back(room) || !room->set->now.is_up));
}

static void
on_committed(const struct store_reply *reply, void *arg)
{
	struct roomop *op = arg;
	bool ok = true;

	if (reply->status == STORE_UNAVAILABLE)
		owe_beat(op);

	switch (reply->status) {
	case STORE_MISMATCH:
		roomop_keep(op, &reply->snapshot);
		if (++op->tries < TRIES_MAX) {
			if (is_too_early(op))
				roomop_start_over(op);
			else if (op->kind == OP_EDIT && is_foreign(op))
				postpone(op);
			else
				run_edit(op);
			return;
		}
		log_warn_limited("room %s: gave up after %u mismatches",
		    op->room->key, op->tries);
		roomop_refuse(op, REFUSED_BUSY);
		ok = false;
		break;
	case STORE_UNSETTLED:
		if (roomop_put_aside(op))
			return;
		ok = false;
		break;
	case STORE_GATED:
		roomop_refuse(op, REFUSED_TOO_SOON);
		break;
	case STORE_UNAVAILABLE:
		roomop_refuse(op, REFUSED_UNDECIDED);
		ok = false;
		break;
	default:
		if (reply->status == STORE_OK) {
			roomop_keep(op, &reply->snapshot);
			answer_done(op, &reply->snapshot);
			write_audit(op);
		}
		break;
	}
	if (op->kind == OP_LEAVE && op->worker_id == NULL)
		after_leave(op, ok);
	/* The user is there, the page is not. */
	if (reply->status == STORE_NOT_LAST)
		roomop_page_gone(op->room, op->user_id, op->page);
	if (op->verb == EDIT_TICK && !ok)
		tick_again(op->room);
	after_restore(op);
	roomop_end(op, ok);
}

static void
offer(struct roomop *op, const struct roomstate *rs,
    const struct edit_result *res, int64_t now_us)
{
	const struct rooms *set = op->room->set;
	struct store_snapshot expected = snapshot_view(&op->snap, now_us);
	struct room_commit commit = {
		.room = op->room,
		.expected = &expected,
		.from = rs,
		.res = res,
		.verb = op->verb,
		.reason = op->reason != NULL ? op->reason : "",
		.saves_us = op->saves_us,
		.n_saves = 1 + op->n_more,
		.gate_user = res->is_gated ? op->user_id : NULL,
		.moves_lock = op->verb != EDIT_RESTORE &&
		    !text_same_or_none(res->next.editor.id, rs->st.editor.id),
		.audit = &op->audit,
		.audit_count = &op->audit_count,
	};

	buf_reset(&op->audit);		/* of a try that lost */
	if (op->kind == OP_LEAVE)
		set->ops->leave(&commit, op->user_id, op->worker_id,
		    roomop_ask(op, on_committed), set->arg);
	else
		set->ops->commit(&commit, roomop_ask(op, on_committed),
		    set->arg);
}

/* Whether the user who releases in a page has a tab, which keeps the lock. */
static bool
has_tabs(const struct roomop *op)
{
	const struct room_user *user;

	if (op->verb != EDIT_RELEASE)
		return (false);
	user = room_user_find(op->room, slice_of(op->user_id));
	return (user != NULL && room_user_has_tab(user));
}

/* Which page it is, as the rule book has it. */
static const char *
page_text(const struct roomop *op, char out[PAGE_SIZE])
{
	if (op->page == 0)
		return (NULL);
	(void)snprintf(out, PAGE_SIZE, "%08x", (unsigned)op->page);
	return (out);
}

static void
run_edit(struct roomop *op)
{
	struct room *room = op->room;
	int64_t now_us = room->set->now.wall_us;
	char page[PAGE_SIZE];
	struct store_snapshot view = snapshot_view(&op->snap, now_us);
	struct edit_command cmd = {
		.verb = op->verb,
		.user = { op->user_id, op->user_name },
		.tab = op->tab,
		.page = page_text(op, page),
		.has_tabs = has_tabs(op),
		.gave_back = op->gave_back,
		.may_change = op->may_change,
		.may_take_over = op->may_take_over,
		.moves = op->moves,
		.may_return = op->may_return,
		.target = op->peer_id,
		.has_viewers = room_has_viewers(room),
		.heartbeat_us = op->heartbeat_us,
		.saved_us = op->saved_us,
	};
	struct roomstate rs;
	struct edit_result res;

	roomstate_decode(&rs, &view, now_us);
	edit_apply(&rs.st, &cmd, &room->set->policy, now_us, &res);
	op->outcome = res.outcome;
	if (res.changed || res.n_events != 0)
		offer(op, &rs, &res, now_us);
	else if (is_behind(op) && ++op->tries < TRIES_MAX)
		room->set->ops->load(room, roomop_ask(op, on_loaded_state),
		    room->set->arg);
	else {
		answer(op, &res.next);
		after_restore(op);
		if (is_foreign(op))
			roomop_adopt(room);
		if (op->verb == EDIT_TICK) {
			/* Too early: the clock was set back, or a heartbeat
			 * came meanwhile. */
			room->deadline_us = edit_deadline(&res.next,
			    &room->set->policy);
			if (room->deadline_us > now_us)
				room_arm(room);
		}
		roomop_end(op, true);
	}
	roomstate_fini(&rs);
}

static void
on_loaded_state(const struct store_reply *reply, void *arg)
{
	struct roomop *op = arg;

	if (reply->status == STORE_OK && is_too_early(op)) {
		roomop_start_over(op);
		return;
	}
	if (reply->status != STORE_OK) {
		roomop_refuse(op, REFUSED_UNDECIDED);
		if (op->kind == OP_LEAVE && op->worker_id == NULL)
			after_leave(op, false);
		if (op->verb == EDIT_TICK)
			tick_again(op->room);
		after_restore(op);
		owe_beat(op);
		roomop_end(op, false);
		return;
	}
	roomop_keep(op, &reply->snapshot);
	run_edit(op);
}

void
roomop_start_edit(struct roomop *op)
{
	struct rooms *set = op->room->set;

	if (op->member != NULL)
		op->member->place_told = false;
	/* What Redis has lost may still be in the cache; and what this worker
	 * cannot know, it is not to learn there. */
	if (op->verb != EDIT_RESTORE && set->now.is_up &&
	    op->room->word == WORD_TOLD &&
	    set->ops->cached(op->room, &op->snap, set->arg))
		run_edit(op);
	else
		set->ops->load(op->room, roomop_ask(op, on_loaded_state),
		    set->arg);
}

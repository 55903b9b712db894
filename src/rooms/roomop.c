/*
 * The operations of a room: join, leave, the verbs of the rule book, reading
 * anew. One at a time in each room: the first of the queue is under way, the
 * rest wait, so a join and a leave of one user cannot overtake each other, and
 * a compare-and-set fails only against other workers.
 *
 * Joins of different users behind each other are under way together: Redis takes
 * them in their order, and none looks at what another has done. A large room
 * fills in a few round trips, each of which the room's sockets are told of with
 * one write.
 *
 * How the rule book is applied is in roomedit.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/xmalloc.h"
#include "rooms/room.h"
#include "rooms/roomop.h"

/* Messages of one user that may wait in one room, with the one under way: a
 * user stands in nobody's way for longer. */
#define USER_EDITS_MAX	64
/* Joins under way together: what comes behind them, a claim, waits for as many
 * at most. */
#define JOINS_MAX	32

static void
count(const struct roomop *op, int64_t n)
{
	rooms_count(op->room->set, COUNT_OPERATIONS, n);
}

static void
free_op(struct roomop *op)
{
	count(op, -1);
	snapshot_fini(&op->snap);
	buf_fini(&op->audit);
	free(op->tab);
	free(op->reason);
	free(op->user_id);
	free(op->user_name);
	free(op->worker_id);
	free(op->peer_id);
	free(op);
}

struct room_ask *
roomop_ask(struct roomop *op,
    void (*answer)(const struct store_reply *, void *))
{
	op->ask = room_ask_for(op->room->set, answer, op);
	return (&op->ask);
}

struct roomop *
roomop_new(struct room *room, enum op_kind kind, const char *user_id)
{
	struct roomop *op = xcalloc(1, sizeof(*op));

	op->room = room;
	op->kind = kind;
	op->saves_us[0] = SAY_NO_TIME;
	op->user_id = user_id == NULL ? NULL : xstrdup(user_id);
	count(op, 1);
	return (op);
}

/* The bit of a join, leave or state in its user's in_line: without it none
 * waits, and nothing has to be looked for. 0: of others there are few. */
static uint8_t
line_bit(const struct roomop *op)
{
	if (op->done != NULL || (op->kind != OP_JOIN &&
	    op->kind != OP_LEAVE && op->kind != OP_STATE))
		return (0);
	return ((uint8_t)(1u << op->kind));
}

static void
mark_in_line(const struct roomop *op, bool waits)
{
	uint8_t bit = line_bit(op);
	struct room_user *user;

	if (bit == 0)
		return;
	user = room_user_find(op->room, slice_of(op->user_id));
	if (user != NULL)
		user->in_line = (uint8_t)((user->in_line & ~bit) |
		    (waits ? bit : 0));
}

static bool
may_be_in_line(const struct roomop *op)
{
	uint8_t bit = line_bit(op);
	const struct room_user *user;

	if (bit == 0)
		return (true);
	user = room_user_find(op->room, slice_of(op->user_id));
	return (user != NULL && (user->in_line & bit) != 0);
}

/* Whether both do the same, and nobody waits to be told of the older one. What
 * is done is found out when it is started. */
static bool
is_same(const struct roomop *old, const struct roomop *op)
{
	return (old->kind == op->kind && old->verb == op->verb &&
	    old->member == NULL && old->done == NULL &&
	    text_same_or_none(old->user_id, op->user_id) &&
	    text_same_or_none(old->tab, op->tab) && old->page == op->page);
}

/* The last one under way; NULL: none is. */
static struct roomop *
last_busy(const struct room *room)
{
	struct roomop *op = room->n_busy == 0 ? NULL : TAILQ_FIRST(&room->ops);
	unsigned i;

	/* The analyzer does not see that TAILQ_REMOVE moves the head on. */
	for (i = 1; i < room->n_busy; i++)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		op = TAILQ_NEXT(op, link);
	return (op);
}

/* The first one that waits, or NULL. */
static struct roomop *
first_waiting(const struct room *room)
{
	struct roomop *op = last_busy(room);

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return (op == NULL ? TAILQ_FIRST(&room->ops) : TAILQ_NEXT(op, link));
}

/* The join of a user that is under way, or NULL. */
static struct roomop *
busy_join(const struct room *room, const char *user_id)
{
	struct roomop *op = TAILQ_FIRST(&room->ops);
	unsigned i;

	for (i = 0; i < room->n_busy; i++, op = TAILQ_NEXT(op, link)) {
		/* As above. */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		if (op->kind == OP_JOIN && strcmp(op->user_id, user_id) == 0)
			return (op);
	}
	return (NULL);
}

/* One in line that op makes needless, or that makes op needless. */
static struct roomop *
find_same(const struct roomop *op)
{
	struct roomop *old;

	/* What a client asks is answered. */
	if (op->member != NULL || op->done != NULL || !may_be_in_line(op))
		return (NULL);
	old = first_waiting(op->room);
	while (old != NULL && !is_same(old, op))
		old = TAILQ_NEXT(old, link);
	return (old);
}

/* The socket that came first is not to wait for those after it, nor the lock
 * for others because its heartbeat was due twice. */
static bool
keeps_place(const struct roomop *op)
{
	return (op->kind == OP_JOIN ||
	    (op->kind == OP_EDIT && op->verb == EDIT_HEARTBEAT));
}

void
roomop_push(struct roomop *op)
{
	struct room *room = op->room;
	struct roomop *old = find_same(op);

	if (old != NULL && !room->puts_first && keeps_place(op)) {
		free_op(op);
		return;
	}
	/* Else at the end: what the user did before is done before. */
	if (old != NULL) {
		ASSERT(old != room->first_at);
		TAILQ_REMOVE(&room->ops, old, link);
		free_op(old);
	}
	mark_in_line(op, true);
	if (!room->puts_first)
		TAILQ_INSERT_TAIL(&room->ops, op, link);
	else if (room->first_at == NULL)
		TAILQ_INSERT_HEAD(&room->ops, op, link);
	else
		TAILQ_INSERT_AFTER(&room->ops, room->first_at, op, link);
	if (room->puts_first)
		room->first_at = op;
	else
		roomop_start_next(room);
}

void
roomop_first(struct room *room)
{
	room->puts_first = true;
	room->first_at = last_busy(room);
}

void
roomop_first_done(struct room *room)
{
	room->puts_first = false;
	room->first_at = NULL;
	roomop_start_next(room);
}

void
roomop_stop(struct roomop *op)
{
	struct room *room = op->room;

	ASSERT(room->n_busy == 1 && TAILQ_FIRST(&room->ops) == op);
	room->n_busy = 0;
}

void
roomop_start_over(struct roomop *op)
{
	struct room *room = op->room;
	struct roomop *load = NULL, *recall = NULL, *other;

	roomop_stop(op);
	TAILQ_REMOVE(&room->ops, op, link);
	/* What is read before a recall counts for nothing. */
	TAILQ_FOREACH(other, &room->ops, link) {
		if (other->kind == OP_RECALL) {
			recall = other;
			load = NULL;
		} else if (other->kind == OP_LOAD && load == NULL)
			load = other;
	}
	if (load == NULL) {
		load = roomop_new(room, OP_LOAD, NULL);
		if (recall == NULL)
			TAILQ_INSERT_HEAD(&room->ops, load, link);
		else
			TAILQ_INSERT_AFTER(&room->ops, recall, load, link);
	}
	TAILQ_INSERT_AFTER(&room->ops, load, op, link);
	roomop_start_next(room);
}

bool
roomop_put_aside(struct roomop *op)
{
	struct room *room = op->room;
	struct roomop *other;

	if (op->kind != OP_EDIT || op->member == NULL)
		return (false);
	roomop_stop(op);
	TAILQ_REMOVE(&room->ops, op, link);
	TAILQ_FOREACH(other, &room->aside, link) {
		if (other->member == op->member && other->verb == op->verb)
			break;
	}
	if (other != NULL)
		free_op(op);
	else
		TAILQ_INSERT_TAIL(&room->aside, op, link);
	roomop_start_next(room);
	return (true);
}

void
roomop_resume(struct room *room)
{
	TAILQ_CONCAT(&room->ops, &room->aside, link);
	roomop_start_next(room);
}

/* An operation under way is over; the next one starts. */
void
roomop_end(struct roomop *op, bool ok)
{
	struct room *room = op->room;

	ASSERT(op->kind == OP_JOIN ? busy_join(room, op->user_id) == op :
	    TAILQ_FIRST(&room->ops) == op && room->n_busy == 1);
	TAILQ_REMOVE(&room->ops, op, link);
	room->n_busy--;
	if (op->done != NULL)
		op->done(ok, op->done_arg);
	free_op(op);
	room_release(room);
	roomop_start_next(room);
	/* Chat may have waited for it. */
	roomchat_start_next(room);
}

void
roomop_forget(struct room *room, struct member *member)
{
	struct roomop *op, *next;

	TAILQ_FOREACH(op, &room->ops, link) {
		if (op->member == member)
			op->member = NULL;
	}
	/* It would be made the editor behind its leaving. */
	TAILQ_FOREACH_SAFE(op, &room->aside, link, next) {
		if (op->member != member)
			continue;
		TAILQ_REMOVE(&room->aside, op, link);
		free_op(op);
	}
}

void
roomop_drop_all(struct room *room)
{
	struct roomop *op;

	TAILQ_CONCAT(&room->ops, &room->aside, link);
	while ((op = TAILQ_FIRST(&room->ops)) != NULL) {
		TAILQ_REMOVE(&room->ops, op, link);
		if (op->done != NULL)
			op->done(false, op->done_arg);
		free_op(op);
	}
}

static bool
is_full(struct room *room, struct member *member, enum say why)
{
	const char *id = member->user->id;
	struct roomop *op;
	unsigned n = 0;

	TAILQ_FOREACH(op, &room->ops, link) {
		if (op->kind != OP_EDIT || !text_same(op->user_id, id) ||
		    ++n < USER_EDITS_MAX)
			continue;
		member_refuse(member, REFUSED_BUSY, why);
		return (true);
	}
	return (false);
}

/* --- what a worker remembers of a snapshot --- */

void
roomop_keep(struct roomop *op, const struct store_snapshot *snap)
{
	struct room *room = op->room;
	const struct rooms *set = room->set;

	snapshot_set(&op->snap, snap, set->now.wall_us);
	/* Only who receives the room's events may say that it is current. */
	if (room->n_held != 0 && room->sync == SYNC_READ && set->now.is_up)
		set->ops->cache(room, &op->snap, set->arg);
}

void
roomop_refuse(struct roomop *op, enum refusal why)
{
	unsigned i;

	for (i = 0; op->member != NULL && i <= op->n_more; i++)
		member_refuse(op->member, why, op->why);
}

/* --- joining --- */

/* Events come, so what the room shows stays true. */
static bool
is_current(const struct room *room)
{
	return (room->sync == SYNC_READ && room->n_held != 0);
}

/*
 * Tried again by rooms_tick() or rooms_on_up(); it may have been done all the
 * same. If it was refused because Redis takes no writes, who and what is here may
 * yet be read: the user's sockets are welcomed to that.
 */
static void
on_not_joined(struct room *room, struct room_user *user)
{
	const struct room_now *now = &room->set->now;

	room->needs_repair = true;
	if (user == NULL)
		return;
	room_user_place(room, user, PLACE_DOUBTFUL);
	if (!now->is_up || !now->takes_no_writes)
		return;
	room->is_refused = true;
	room_await(room, user, 0);
	if (!is_current(room))
		roomop_load(room);
}

static void
on_joined(const struct store_reply *reply, void *arg)
{
	struct roomop *op = arg;
	struct room *room = op->room;
	struct room_user *user = room_user_find(room, slice_of(op->user_id));
	bool was_current = is_current(room);

	if (reply->status != STORE_OK || user == NULL) {
		on_not_joined(room, user);
		roomop_end(op, false);
		return;
	}
	room->is_refused = false;
	room_user_place(room, user, PLACE_HELD);
	user->letter = op->letter;
	room_await(room, user, reply->snapshot.seq);
	if (reply->has_roster && (!was_current ||
	    room->epoch != reply->snapshot.epoch))
		room_resync(room, reply);
	roomop_end(op, true);
}

static void
start_join(struct roomop *op)
{
	struct room *room = op->room;
	struct room_user *user = room_user_find(room, slice_of(op->user_id));
	const struct rooms *set = room->set;

	if (user == NULL || TAILQ_EMPTY(&user->members)) {
		roomop_end(op, true);
		return;
	}
	if (user->place == PLACE_HELD && room->sync == SYNC_READ) {
		if (!user->is_awaited)
			room_user_welcome(user);
		roomop_end(op, true);
		return;
	}
	op->letter = tab_letter(user);
	set->ops->join(room, user, &op->letter,
	    is_current(room) ? room->epoch : 0, roomop_ask(op, on_joined),
	    set->arg);
}

void
roomop_join(struct room *room, const char *user_id)
{
	roomop_push(roomop_new(room, OP_JOIN, user_id));
}

bool
roomop_is_joining(struct room *room, const char *user_id)
{
	const struct room_user *user;

	if (busy_join(room, user_id) != NULL)
		return (true);
	user = room_user_find(room, slice_of(user_id));
	return (user != NULL && (user->in_line & 1u << OP_JOIN) != 0);
}

/* --- reading anew --- */

static void
on_loaded_room(const struct store_reply *reply, void *arg)
{
	struct roomop *op = arg;

	if (reply->status == STORE_OK)
		room_resync(op->room, reply);
	roomop_end(op, reply->status == STORE_OK);
}

void
roomop_load(struct room *room)
{
	roomop_push(roomop_new(room, OP_LOAD, NULL));
}

/* --- asking the rule book --- */

static char *
copy_or_null(struct slice s)
{
	return (s.p == NULL ? NULL : xmemdup0(s.p, s.n));
}

/*
 * A save right behind one that stands in line is decided with it and told in
 * the same event: nothing lies between them, so it would be decided alike a
 * round trip later. Whether it goes with the last one.
 */
static bool
joins_last(struct room *room, const struct member *member, const char *name,
    int64_t at_us)
{
	struct roomop *last = TAILQ_LAST(&room->ops, roomop_list);

	if (last == NULL || last == TAILQ_FIRST(&room->ops) ||
	    last->kind != OP_EDIT || last->verb != EDIT_UPDATED ||
	    last->member != member ||
	    !text_same_or_none(last->tab, member->tab) ||
	    last->may_change != member->right->may_change ||
	    !text_same_or_none(last->user_name, name) ||
	    last->n_more == ROOMOP_MORE_MAX)
		return (false);
	last->saves_us[++last->n_more] = at_us;
	return (true);
}

void
roomop_edit(struct room *room, struct member *member, enum edit_verb verb,
    const struct saying *message)
{
	const struct person *who = member->right->person;
	const char *name = *who->email != '\0' ? who->email : who->username;
	struct roomop *op;

	if (message != NULL && (is_full(room, member, message->what) ||
	    (verb == EDIT_UPDATED &&
	    joins_last(room, member, name, message->at_us))))
		return;
	op = roomop_new(room, OP_EDIT, member->user->id);
	op->verb = verb;
	op->tab = member->tab == NULL ? NULL : xstrdup(member->tab);
	op->page = member->page;
	op->may_change = member->right->may_change;
	op->may_take_over = member->right->may_take_over;
	op->user_name = xstrdup(name);
	if (message != NULL) {
		op->member = member;
		op->why = message->what;
		op->moves = message->moves;
		op->may_return = message->may_return;
		op->reason = copy_or_null(message->reason);
		op->peer_id = copy_or_null(message->recipient);
		op->saves_us[0] = message->at_us;
	}
	roomop_push(op);
}

void
roomop_page_gone(struct room *room, const char *user_id, uint32_t page)
{
	struct roomop *op;
	unsigned n = 0;

	/* Only of an editor does the rule book know pages, and not many. */
	if (page == 0 || !text_same(room->editor.id, user_id))
		return;
	TAILQ_FOREACH(op, &room->ops, link) {
		if (op->kind == OP_EDIT && op->verb == EDIT_PAGE_GONE &&
		    ++n == EDIT_PAGES_MAX)
			return;
	}
	op = roomop_new(room, OP_EDIT, user_id);
	op->verb = EDIT_PAGE_GONE;
	op->page = page;
	roomop_push(op);
}

void
roomop_saved(struct room *room)
{
	struct roomop *op = roomop_new(room, OP_EDIT, room->saved_by);

	op->verb = EDIT_SAVED;
	op->saved_us = room->saved_us;
	roomop_push(op);
}

void
roomop_tick(struct room *room)
{
	struct roomop *op = roomop_new(room, OP_EDIT, NULL);

	op->verb = EDIT_TICK;
	roomop_push(op);
}

void
roomop_restore(struct room *room)
{
	struct roomop *op = roomop_new(room, OP_EDIT, room->editor.id);

	op->verb = EDIT_RESTORE;
	op->user_name = xstrdup(room->editor.name);
	op->tab = room->editor.tab == NULL ? NULL :
	    xstrdup(room->editor.tab);
	op->heartbeat_us = room->editor.heartbeat_us;
	/* Next: a release that waits must find the lock. */
	roomop_first(room);
	roomop_push(op);
	roomop_first_done(room);
}

/* --- leaving --- */

static void
start_leave(struct roomop *op)
{
	struct room *room = op->room;
	struct room_user *user;

	if (op->worker_id == NULL) {
		user = room_user_find(room, slice_of(op->user_id));
		if (user == NULL || !TAILQ_EMPTY(&user->members) ||
		    user->place == PLACE_NONE) {
			/* It is here again; the page is not. */
			if (user != NULL && !TAILQ_EMPTY(&user->members))
				roomop_page_gone(room, op->user_id, op->page);
			else if (user != NULL)
				room_user_release(room, user);
			roomop_end(op, true);
			return;
		}
	}
	op->verb = EDIT_LEAVE;
	roomop_start_edit(op);
}

void
roomop_leave(struct room *room, const char *user_id, const char *worker_id,
    void (*done)(bool, void *), void *arg)
{
	struct roomop *op = roomop_new(room, OP_LEAVE, user_id);

	op->worker_id = worker_id == NULL ? NULL : xstrdup(worker_id);
	op->done = done;
	op->done_arg = arg;
	roomop_push(op);
}

void
roomop_depart(struct room *room, const struct member *m)
{
	struct roomop *op = roomop_new(room, OP_LEAVE, m->user->id);

	op->page = m->page;
	op->gave_back = m->tab == NULL && m->gave_back;
	roomop_push(op);
}

/* --- what users do in their tabs --- */

static void
on_stated(const struct store_reply *reply, void *arg)
{
	struct roomop *op = arg;
	struct room_user *user = room_user_find(op->room,
	    slice_of(op->user_id));

	/* ABSENT: the join that is to come says it. */
	if (reply->status == STORE_OK && user != NULL)
		user->letter = op->letter;
	if (reply->status == STORE_UNAVAILABLE)
		op->room->needs_repair = true;
	roomop_end(op, reply->status != STORE_UNAVAILABLE);
}

static void
start_state(struct roomop *op)
{
	struct room *room = op->room;
	struct room_user *user = room_user_find(room, slice_of(op->user_id));

	if (user == NULL || user->place != PLACE_HELD ||
	    TAILQ_EMPTY(&user->members) || tab_letter(user) == user->letter) {
		/* It did something else for a moment, which some were shown. */
		if (user != NULL)
			room_note_letter(room, user);
		roomop_end(op, true);
		return;
	}
	op->letter = tab_letter(user);
	room->set->ops->state(room, op->user_id, &op->letter,
	    roomop_ask(op, on_stated), room->set->arg);
}

void
roomop_state(struct room *room, const char *user_id)
{
	roomop_push(roomop_new(room, OP_STATE, user_id));
}

/* --- who edits what --- */

void
room_badges(struct room_ask *ask, enum store_status status,
    const struct store_badge *badges, size_t n)
{
	struct roomop *op = ask->arg;

	if (status == STORE_OK)
		room_note_badges(op->room, badges, n);
	roomop_end(op, status == STORE_OK);
}

void
roomop_badges(struct room *room)
{
	roomop_push(roomop_new(room, OP_BADGES, NULL));
}

/* --- the queue --- */

static void
start_load(struct roomop *op)
{
	const struct rooms *set = op->room->set;

	set->ops->load(op->room, roomop_ask(op, on_loaded_room), set->arg);
}

static void
start_badges(struct roomop *op)
{
	const struct rooms *set = op->room->set;

	set->ops->badges(op->room, roomop_ask(op, NULL), set->arg);
}

static void (*const starts[])(struct roomop *) = {
	[OP_JOIN] = start_join,
	[OP_LEAVE] = start_leave,
	[OP_EDIT] = roomop_start_edit,
	[OP_LOAD] = start_load,
	[OP_ADOPT] = roomop_start_adopt,
	[OP_STATE] = start_state,
	[OP_BADGES] = start_badges,
	[OP_RECALL] = roomop_start_recall,
};

/* The one that may be started now, or NULL. */
static struct roomop *
next_to_start(const struct room *room)
{
	struct roomop *last = last_busy(room), *op = first_waiting(room);

	if (last == NULL || op == NULL)
		return (op);
	/* In a room that is not known each would be answered with all who are
	 * there. */
	if (last->kind != OP_JOIN || op->kind != OP_JOIN ||
	    room->n_busy >= JOINS_MAX || room->sync != SYNC_READ ||
	    busy_join(room, op->user_id) != NULL)
		return (NULL);
	return (op);
}

/* Many operations end without asking Redis: a loop, not a recursion, works
 * them off, however many a client has sent. */
void
roomop_start_next(struct room *room)
{
	struct roomop *op;

	if (room->is_starting)
		return;
	room->is_starting = true;
	while ((op = next_to_start(room)) != NULL) {
		room->n_busy++;
		/* The analyzer does not see that TAILQ_REMOVE moves the head
		 * on. */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		mark_in_line(op, false);
		op->started_ms = room->set->now.mono_ms;
		starts[op->kind](op);
	}
	room->is_starting = false;
}

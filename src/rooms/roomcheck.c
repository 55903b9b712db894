/*
 * What a worker looks for about once a second, because nobody announces it:
 * whether Redis knows what the rooms know (the slow check), what Redis refused
 * or did not answer, comparisons that were put off, locks that tabs keep.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "rooms/room.h"

#define AWAIT_MS	1000	/* for the event that a newcomer's place in the
				 * order needs */

/*
 * A chunk of rooms at a time, in the order of their keys; the next one when
 * Redis has answered for it. All at once would take memory that the worker
 * keeps and needs for nothing else. A room that comes meanwhile may have to
 * wait for the next check: what it knows is new.
 */
struct room_check {
	struct rooms	*set;
	char		*keys[STORE_CHECK_ROOMS];	/* under way */
	size_t		 n;
};

static bool	check_some(struct room_check *check);

static void
on_differs(struct room *room, const struct store_reply *reply)
{
	const struct store_snapshot *snap = &reply->snapshot;

	/* In an unsettled generation a lock that is about to be given back
	 * looks free. */
	if (room->sync != SYNC_READ || !room->set->now.is_settled)
		return;
	if (snap->epoch == 0) {
		/* Redis no longer knows that this worker is in the room. */
		room_set_sync(room, SYNC_UNREAD);
		rooms_rejoin(room);
		return;
	}
	if (snap->epoch != room->epoch)
		room_start_resync(room);
	else if (snap->seq > room->seq)
		room->suspect_seq = snap->seq;
	else if (snap->seq == room->seq)
		roomop_adopt(room);
}

void
rooms_checked(struct rooms *set, size_t i, const struct store_reply *reply)
{
	struct room_check *check = set->check;
	struct room *room;

	if (i < check->n) {
		room = room_find(check->set, check->keys[i]);
		if (room != NULL)
			on_differs(room, reply);
		return;
	}
	/* One that was not answered may have been too much for Redis, and holds
	 * up no other; when the link is lost every room joins again. */
	if (!check->set->now.is_up || !check_some(check))
		rooms_end_check(check->set);
}

void
rooms_end_check(struct rooms *set)
{
	struct room_check *check = set->check;

	if (check == NULL)
		return;
	set->check = NULL;
	while (check->n > 0)
		free(check->keys[--check->n]);
	free(check);
}

/* The first room behind the chunk that was checked last. */
static struct room *
next_unchecked(const struct room_check *check)
{
	struct room_tree *tree = &check->set->tree;
	struct room probe = { .key = NULL }, *room;

	if (check->n == 0)
		return (RB_MIN(room_tree, tree));
	probe.key = check->keys[check->n - 1];
	room = RB_NFIND(room_tree, tree, &probe);
	if (room != NULL && strcmp(room->key, probe.key) == 0)
		room = RB_NEXT(room_tree, tree, room);
	return (room);
}

/* Asks for the next chunk; false if there is none. */
static bool
check_some(struct room_check *check)
{
	struct store_room rooms[STORE_CHECK_ROOMS];
	struct store_snapshot known[STORE_CHECK_ROOMS];
	struct room *room = next_unchecked(check);
	struct rooms *set = check->set;

	while (check->n > 0)
		free(check->keys[--check->n]);
	for (; room != NULL && check->n < STORE_CHECK_ROOMS;
	    room = RB_NEXT(room_tree, &check->set->tree, room)) {
		if (TAILQ_EMPTY(&room->members))
			continue;
		rooms[check->n] = (struct store_room){ room->key, room->name };
		known[check->n] = (struct store_snapshot){
			.epoch = room->epoch,
			.seq = room->seq,
			.editor = snapshot_part(&room->told, SNAPSHOT_EDITOR),
		};
		check->keys[check->n++] = xstrdup(room->key);
		/* Nobody announces what ran out. */
		if (room->kind == ROOM_MODEL)
			roomop_badges(room);
	}
	if (check->n == 0)
		return (false);
	set->ops->check(rooms, known, check->n, set->arg);
	return (true);
}

static void
check_rooms(struct rooms *set)
{
	set->check = xcalloc(1, sizeof(*set->check));
	set->check->set = set;
	if (!check_some(set->check))
		rooms_end_check(set);
}

/* What Redis refused, or did not answer, while the link stayed up. */
static void
repair(struct room *room)
{
	struct room_user *user, *next;

	if (room->sync != SYNC_READ && !TAILQ_EMPTY(&room->members)) {
		rooms_rejoin(room);
		return;
	}
	if (!room->needs_repair)
		return;
	room->needs_repair = false;
	for (user = RB_MIN(room_users, &room->users); user != NULL;
	    user = next) {
		next = RB_NEXT(room_users, &room->users, user);
		if (!TAILQ_EMPTY(&user->members)) {
			roomop_join(room, user->id);
			roomop_state(room, user->id);
		} else if (user->place != PLACE_NONE && !room->set->is_leaving)
			roomop_leave(room, user->id, NULL, NULL, NULL);
	}
	room_release(room);
}

/* Events are a moment behind answers, not seconds. */
static bool
is_waiting_long(const struct room *room, int64_t now_ms)
{
	return (!TAILQ_EMPTY(&room->awaited) &&
	    now_ms - room->awaits_since_ms > AWAIT_MS);
}

/* What had to wait for who else was there before Redis lost its data. */
static void
on_settled(struct room *room)
{
	if (!TAILQ_EMPTY(&room->aside))
		roomop_resume(room);
	if (room->past == PAST_OPEN && room->sync == SYNC_READ) {
		room_set_past(room, PAST_SETTLED);
		roomop_load(room);
	}
}

void
rooms_tick(struct rooms *set)
{
	int64_t now_ms = set->now.mono_ms;
	struct room *room;

	RB_FOREACH(room, room_tree, &set->tree) {
		/* The event did get lost. */
		if (room->sync == SYNC_READ && (room->suspect_seq > room->seq ||
		    is_waiting_long(room, now_ms)))
			room_start_resync(room);
		room->suspect_seq = 0;
		room_beat(room);
		room_tick_shown(room);
		if (TAILQ_EMPTY(&room->ops) && set->now.is_up)
			repair(room);
		if (set->now.is_settled)
			on_settled(room);
	}
	if (set->check != NULL || now_ms < set->check_at_ms ||
	    !set->now.is_up)
		return;
	set->check_at_ms = now_ms + STORE_CHECK_MS - 500 +
	    arc4random_uniform(1000);
	check_rooms(set);
}

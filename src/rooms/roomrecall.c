/*
 * Where Redis and a room differ though nobody of ours has changed it: what it
 * may have forgotten is said to it again, and what another program did to the
 * lock is made an event that every worker hears of.
 */
#include <string.h>

#include "rooms/room.h"
#include "rooms/roomop.h"
#include "store/roomstate.h"

/* --- what Redis may have forgotten --- */

static void
on_recalled(const struct store_reply *reply, void *arg)
{
	struct roomop *op = arg;

	/* Whatever became of it, the room is read next. */
	room_set_past(op->room, PAST_SETTLED);
	roomop_end(op, reply->status != STORE_UNAVAILABLE);
}

void
roomop_start_recall(struct roomop *op)
{
	static const struct edit_state nothing;
	struct room *room = op->room;
	int64_t now_us = room->set->now.wall_us;
	struct store_snapshot known = snapshot_view(&room->told, now_us);
	struct store_change change;
	struct roomstate rs;

	memset(&change, 0, sizeof(change));
	change.editor = known.editor;
	change.editor_ttl_ms = room_editor_ttl_ms(room);
	change.previous_ttl_ms = known.previous_ttl_ms;
	/* Else it has run out. */
	if (known.previous_ttl_ms > 0)
		change.previous = known.previous;
	change.state = known.state;
	change.modified = known.modified;
	roomstate_decode(&rs, &known, now_us);
	room->set->ops->restore(room, &change, &nothing, &rs.st,
	    roomop_ask(op, on_recalled), room->set->arg);
	roomstate_fini(&rs);
}

void
roomop_recall(struct room *room)
{
	room_set_past(room, PAST_UNSAID);
	roomop_push(roomop_new(room, OP_RECALL, NULL));
}

/* --- what another program did to the lock --- */

static void
on_adopted(const struct store_reply *reply, void *arg)
{
	/* A mismatch means that somebody was faster: the event tells. */
	if (reply->status == STORE_OK || reply->status == STORE_MISMATCH)
		roomop_keep(arg, &reply->snapshot);
	roomop_end(arg, reply->status == STORE_OK);
}

/*
 * Commits what is there unchanged, so that it gets a sequence number and every
 * worker hears of it.
 */
static void
on_loaded_foreign(const struct store_reply *reply, void *arg)
{
	struct roomop *op = arg;
	struct room *room = op->room;
	const struct rooms *set = room->set;
	struct edit_state told = {
		.editor = { room->editor.id, room->editor.name },
	};
	struct roomstate rs;

	if (reply->status != STORE_OK || room->sync != SYNC_READ ||
	    reply->snapshot.epoch != room->epoch ||
	    reply->snapshot.seq != room->seq) {
		roomop_end(op, false);
		return;
	}
	roomstate_decode(&rs, &reply->snapshot, set->now.wall_us);
	set->ops->adopt(room, &reply->snapshot, &told, &rs.st,
	    roomop_ask(op, on_adopted), set->arg);
	roomstate_fini(&rs);
}

void
roomop_start_adopt(struct roomop *op)
{
	const struct rooms *set = op->room->set;

	set->ops->load(op->room, roomop_ask(op, on_loaded_foreign), set->arg);
}

void
roomop_adopt(struct room *room)
{
	roomop_push(roomop_new(room, OP_ADOPT, NULL));
}

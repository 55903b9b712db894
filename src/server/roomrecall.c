/*
 * Where Redis and a room differ though nobody of ours has changed it: what it
 * may have forgotten is said to it again, and what another program did to the
 * lock is made an event that every worker hears of.
 */
#include <string.h>

#include "base/clock_text.h"
#include "server/room.h"
#include "server/roomop.h"
#include "store/roomstate.h"

/* --- what Redis may have forgotten --- */

static void
on_recalled(const struct store_reply *reply, void *arg)
{
	struct roomop *op = arg;

	/* Whatever became of it, the room is read next. */
	op->room->is_recalling = false;
	roomop_end(op, reply->status != STORE_UNAVAILABLE);
}

/* Of the editor that the texts name, in place of who was told. */
static void
add_badge(struct room *room, const struct edit_state *told,
    const struct store_snapshot *snap, int64_t now_us,
    struct store_badge *badge, struct buf *value)
{
	struct roomstate rs;

	roomstate_decode(&rs, snap, now_us);
	room_make_badge(room, told, &rs.st,
	    now_us + room_editor_ttl_ms(room) * US_PER_MS, badge, value);
	roomstate_fini(&rs);
}

void
roomop_start_recall(struct roomop *op)
{
	static const struct edit_state nothing;
	struct room *room = op->room;
	int64_t now_us = room->set->now.wall_us;
	struct store_snapshot known = snapshot_view(&room->told, now_us);
	struct store_change change;
	struct buf badge = { NULL, 0, 0 };

	memset(&change, 0, sizeof(change));
	change.editor = known.editor;
	change.editor_ttl_ms = room_editor_ttl_ms(room);
	change.previous_ttl_ms = known.previous_ttl_ms;
	/* Else it has run out. */
	if (known.previous_ttl_ms > 0)
		change.previous = known.previous;
	change.state = known.state;
	change.modified = known.modified;
	add_badge(room, &nothing, &known, now_us, &change.badge, &badge);
	room->set->ops->restore(room, &change, roomop_ask(op, on_recalled),
	    room->set->arg);
	buf_fini(&badge);
}

void
roomop_recall(struct room *room)
{
	room->is_recalling = true;
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

/* The editor that another program made, or unmade. */
static void
add_foreign_badge(struct room *room, const struct store_snapshot *snap,
    struct store_badge *badge, struct buf *value)
{
	struct edit_state told = {
		.editor = { room->editor.id, room->editor.name },
	};

	add_badge(room, &told, snap, room->set->now.wall_us, badge, value);
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
	struct buf badge = { NULL, 0, 0 };
	struct store_change change;

	if (reply->status != STORE_OK || !room->is_synced ||
	    reply->snapshot.epoch != room->epoch ||
	    reply->snapshot.seq != room->seq) {
		roomop_end(op, false);
		return;
	}
	memset(&change, 0, sizeof(change));
	change.editor = reply->snapshot.editor;
	change.previous = reply->snapshot.previous;
	change.state = reply->snapshot.state;
	add_foreign_badge(room, &reply->snapshot, &change.badge, &badge);
	room->set->ops->commit(room, &reply->snapshot, &change, NULL,
	    roomop_ask(op, on_adopted), room->set->arg);
	buf_fini(&badge);
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

/*
 * The saves that a room is told of: found in the admin's log, announced through
 * Redis (saves.c), and shown here to tabs and to pages of the package, each as
 * it understands them.
 */
#include <stdlib.h>

#include "base/clock_text.h"
#include "base/xmalloc.h"
#include "rooms/room.h"

/* A save of the log that the room was told of by the page's click, as the state
 * says or so long ago at most, is not told again to its own user's pages of the
 * package, which have the new text already and would load anew once more. */
#define TOLD_MS		10000
/* Nor is one from so long before the room was opened that the pages in it show
 * it already. How long ago that was says nothing: Redis may have been away. */
#define OLD_US		(60 * US_PER_SEC)
/*
 * The time that pages are told of a save. Their scripts heed no time that is not
 * later than the last one they were told, and that was the browser's, whose clock
 * may be ahead; they count in milliseconds.
 */
static int64_t
time_of_save(const struct room *room, const struct room_save *save)
{
	int64_t us = save->when_us, told_us;

	if (room->modified != NULL &&
	    clock_parse_iso(room->modified, &told_us) &&
	    us < told_us + US_PER_MS)
		us = told_us + US_PER_MS;
	return (us);
}

/* Whether it is the save that the room waits for. */
static bool
is_awaited(const struct room *room, const char *user_id, int64_t saved_us)
{
	struct edit_state st = {
		.saver = { room->editor.saver, room->editor.saver_name },
		.saved_us = room->editor.saved_us,
	};

	return (edit_awaits(&st, user_id, saved_us));
}

/*
 * Pages of the package know a save as content_updated. Others than the saver's
 * may have been loaded anew at its click, before it was done: they are told
 * again. Who was made the editor meanwhile has the old text and would write it
 * over the new one; its script heeds a save only when it believes that it is not
 * the editor. Then it claims at once, which is answered, and loads anew.
 */
static void
tell_updated(struct room *room, const struct room_save *save)
{
	struct slice id = slice_of(save->user_id);
	bool was_told = is_awaited(room, save->user_id, save->when_us);
	struct tell t = { .what = TELL_STATUS };

	if (save->when_us <= room->opened_us - OLD_US)
		return;
	if (was_told && room->editor.id != NULL &&
	    !slice_is(id, room->editor.id))
		room_tell(room, TO_USER, slice_of(room->editor.id), &t);
	t.what = TELL_UPDATED;
	t.updated.who = (struct edit_person){ save->user_id, save->name };
	t.updated.at_us = time_of_save(room, save);
	room_tell(room, TO_OTHERS, id, &t);
	if (!was_told && (room->updated_ms == 0 ||
	    room->set->now.mono_ms - room->updated_ms >= TOLD_MS))
		room_tell(room, TO_USER, id, &t);
}

void
room_note_saved(struct room *room, struct slice text)
{
	const struct rooms *set = room->set;
	struct tell t = { .what = TELL_SAVED, .text = text };
	struct room_save save;

	if (room->saved != NULL && slice_is(text, room->saved))
		return;
	/* It goes to browsers as it is, and stood in Redis. */
	if (!set->ops->read_save(text, &save, set->arg))
		return;
	free(room->saved);
	room->saved = xmemdup0(text.p, text.n);
	room_tell(room, TO_TABS, (struct slice){ NULL, 0 }, &t);
	free(room->saved_by);
	room->saved_by = save.user_id;
	if (save.user_id != NULL) {
		tell_updated(room, &save);
		room->saved_us = save.when_us;
	}
	free(save.name);
	room_check_saved(room);
}

void
room_check_saved(struct room *room)
{
	if (room->saved_by != NULL && room->editor.saver != NULL &&
	    is_awaited(room, room->saved_by, room->saved_us))
		roomop_saved(room);
}

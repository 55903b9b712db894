/*
 * The saves that a room is told of: found in the admin's log, announced through
 * Redis (saves.c), and shown here to tabs and to pages of the package, each as
 * it understands them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock_text.h"
#include "base/json.h"
#include "base/xmalloc.h"
#include "proto/tabmsg.h"
#include "server/room.h"

/* A save of the log that the room was told of by the page's click, as the state
 * says or so long ago at most, is not told again to its own user's pages of the
 * package, which have the new text already and would load anew once more. */
#define TOLD_MS		10000
/* Nor is one from so long before the room was opened that the pages in it show
 * it already. How long ago that was says nothing: Redis may have been away. */
#define OLD_US		(60 * US_PER_SEC)
#define SAVE_DEPTH	4

static struct slice
buf_slice(const struct buf *b)
{
	return ((struct slice){ b->p, b->n });
}

/* A save of the log, taken apart. */
struct save {
	struct json	*_obj;		/* keeps the name */
	struct buf	 id;
	const char	*name;
	int64_t		 when_us;
};

/* False: it lacks something. Either way the caller gives it to save_fini(). */
static bool
save_read(struct save *save, struct slice text)
{
	struct slice s;
	int64_t number;

	memset(save, 0, sizeof(*save));
	if (json_parse(text.p, text.n, SAVE_DEPTH, &save->_obj) != JSON_OK) {
		save->_obj = NULL;
		return (false);
	}
	s = json_get_string(save->_obj, "user_id");
	if (json_get_int(save->_obj, "user_id", &number))
		buf_addf(&save->id, "%lld", (long long)number);
	else if (s.p != NULL)
		buf_add(&save->id, s.p, s.n);
	save->name = json_get_string(save->_obj, "name").p;
	s = json_get_string(save->_obj, "when");
	return (save->name != NULL && save->id.n != 0 && s.p != NULL &&
	    clock_parse_iso(s.p, &save->when_us));
}

static void
save_fini(struct save *save)
{
	json_free(save->_obj);
	buf_fini(&save->id);
}

/*
 * The time that pages are told of a save. Their scripts heed no time that is not
 * later than the last one they were told, and that was the browser's, whose clock
 * may be ahead; they count in milliseconds.
 */
static void
time_of_save(const struct room *room, const struct save *save,
    char out[CLOCK_ISO_SIZE])
{
	int64_t us = save->when_us, told_us;

	if (room->modified != NULL &&
	    clock_parse_iso(room->modified, &told_us) &&
	    us < told_us + US_PER_MS)
		us = told_us + US_PER_MS;
	clock_format_iso(us, out);
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
tell_updated(struct room *room, struct save *save)
{
	struct message_user u = room_message_user(room, buf_str(&save->id),
	    save->name);
	struct slice id = buf_slice(&save->id);
	struct buf b = { NULL, 0, 0 };
	bool was_told = is_awaited(room, u.id, save->when_us);
	char when[CLOCK_ISO_SIZE];

	if (save->when_us <= room->opened_us - OLD_US)
		return;
	if (was_told && room->editor.id != NULL &&
	    !slice_is(id, room->editor.id)) {
		message_add_editor_status(&b, NULL);
		room_deliver(room, 'U', slice_of(room->editor.id),
		    buf_slice(&b));
		buf_reset(&b);
	}
	time_of_save(room, save, when);
	message_add_content_updated(&b, &u, when);
	room_deliver(room, 'X', id, buf_slice(&b));
	if (!was_told && (room->updated_ms == 0 ||
	    room->set->now.mono_ms - room->updated_ms >= TOLD_MS))
		room_deliver(room, 'U', id, buf_slice(&b));
	buf_fini(&b);
}

void
room_note_saved(struct room *room, struct slice text)
{
	struct buf b = { NULL, 0, 0 };
	struct save save;

	if (room->saved != NULL && slice_is(text, room->saved))
		return;
	/* It goes to browsers as it is, and stood in Redis. */
	if (!json_is_object(text, SAVE_DEPTH) || text.p[0] != '{')
		return;
	free(room->saved);
	room->saved = xmemdup0(text.p, text.n);
	tabmsg_add_saved(&b, text);
	room_deliver(room, 'T', (struct slice){ NULL, 0 }, buf_slice(&b));
	buf_fini(&b);
	free(room->saved_by);
	room->saved_by = NULL;
	if (save_read(&save, text)) {
		tell_updated(room, &save);
		room->saved_by = xstrdup(buf_str(&save.id));
		room->saved_us = save.when_us;
	}
	save_fini(&save);
	room_check_saved(room);
}

void
room_check_saved(struct room *room)
{
	if (room->saved_by != NULL && room->editor.saver != NULL &&
	    is_awaited(room, room->saved_by, room->saved_us))
		roomop_saved(room);
}

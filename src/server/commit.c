/*
 * What the rule book has made of a room, as texts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/xmalloc.h"
#include "proto/message.h"
#include "proto/tabmsg.h"
#include "server/audit.h"
#include "server/commit.h"
#include "server/roster.h"
#include "server/saves.h"

/* --- who edits, for the room of the model --- */

/* The id at the end of "e:app/model/id", which may have slashes itself. */
static struct slice
object_of(const struct room *room)
{
	const char *slash = strchr(room->key, '/');

	slash = slash == NULL ? NULL : strchr(slash + 1, '/');
	return (slash == NULL ? (struct slice){ NULL, 0 } :
	    slice_of(slash + 1));
}

void
commit_make_badge(struct room *room, const struct edit_state *from,
    const struct edit_state *to, struct store_badge *badge, struct buf *value)
{
	const char *old = from->editor.id, *new = to->editor.id;
	struct tabmsg_who who;
	char *name;
	bool changes = !text_same_or_none(old, new);

	memset(badge, 0, sizeof(*badge));
	/* A heartbeat makes it hold longer; nobody needs to hear of it. */
	if (room->kind != ROOM_EDIT || (!changes && (new == NULL ||
	    from->heartbeat_us == to->heartbeat_us)))
		return;
	badge->object = object_of(room);
	badge->is_news = changes;
	badge->until_us = room->set->now.wall_us +
	    room_editor_ttl_ms(room) * US_PER_MS;
	if (new == NULL)
		return;
	name = roster_name(room, new, to->editor.name);
	who = render_who(room, new, name);
	tabmsg_add_badge_value(value, &who);
	badge->value = (struct slice){ value->p, value->n };
	free(name);
}

/* --- the frames --- */

/* At most one for the pages of the package and one for the tabs. */
_Static_assert(2 * EDIT_EVENTS_MAX <= STORE_FRAMES_MAX, "frames of a result");

/* What was written to the next text of f goes to these. */
static void
add_frame(struct commit *f, char audience)
{
	struct buf *b = &f->text[f->n];

	f->frame[f->n++] = (struct store_frame){
		.audience = audience, .text = { b->p, b->n },
	};
}

/* The time of a save: the client's, if it sent one, in our form. */
static void
time_of(const struct room_commit *of, size_t i, char out[CLOCK_ISO_SIZE])
{
	int64_t us = of->saves_us[i];

	clock_format_iso(us == SAY_NO_TIME ? of->room->set->now.wall_us : us,
	    out);
}

/* A save as tabs are told of it when nobody follows the log. */
static void
add_save(struct room *room, const struct edit_event *ev, const char *time,
    struct commit *f)
{
	char *name = roster_name(room, ev->who.id, ev->who.name);
	struct tabmsg_who who = render_who(room, ev->who.id, name);
	struct buf save = { NULL, 0, 0 };

	tabmsg_add_save(&save, 0, &who, time, "change", slice_of("[]"));
	tabmsg_add_saved(&f->text[f->n],
	    (struct slice){ save.p, save.n });
	add_frame(f, 'T');
	buf_fini(&save);
	free(name);
}

/* The frames of each save of the operation. */
static void
add_saves(const struct render *r, const struct room_commit *of,
    const struct edit_event *ev, const struct message_user *u,
    struct commit *f)
{
	char time[CLOCK_ISO_SIZE];
	size_t i;

	ASSERT(f->n + 2 * of->n_saves <= STORE_FRAMES_MAX);
	for (i = 0; i < of->n_saves; i++) {
		time_of(of, i, time);
		message_add_content_updated(&f->text[f->n], u, time);
		add_frame(f, 'A');
		if (!saves_follow_log(r->saves))
			add_save(of->room, ev, time, f);
	}
}

/* The lock went from one to another: what tabs and the audit log are told. */
static void
add_change(const struct room_commit *of, const struct edit_event *ev,
    const char *now, struct commit *f)
{
	struct room *room = of->room;
	char *from = roster_name(room, ev->from.id, ev->from.name);
	char *to = ev->who.id == NULL ? xstrdup("") :
	    roster_name(room, ev->who.id, ev->who.name);
	struct tabmsg_who a = render_who(room, ev->from.id, from);
	struct tabmsg_who b = render_who(room, ev->who.id, to);
	struct audit_person from_person = { ev->from.id, from };
	struct audit_person to_person = { ev->who.id, to };
	const char *action, *why = "", *reason = "";

	if (ev->type == EDIT_EV_HANDED) {
		action = "hand_over";
		why = ev->why == EDIT_BY_EDITOR ? "editor" : "countdown";
		*of->audit_count = COUNT_LOCKS_HANDED_OVER;
		tabmsg_add_handed_over(&f->text[f->n], &a, &b, why);
	} else if (ev->type == EDIT_EV_TAKEN) {
		action = "take_over";
		reason = of->reason;
		*of->audit_count = COUNT_LOCKS_TAKEN_OVER;
		tabmsg_add_taken_over(&f->text[f->n], &a, &b, reason);
	} else {
		action = "forced_release";
		why = ev->why == EDIT_SILENT ? "silent" : "forbidden";
		to_person.id = NULL;
		*of->audit_count = COUNT_LOCKS_FORCED;
		tabmsg_add_lock_lost(&f->text[f->n], &a, why);
	}
	add_frame(f, 'T');
	audit_add(of->audit, now, action, room->key, &from_person,
	    &to_person, why, reason);
	free(from);
	free(to);
}

static void
make_frames(const struct render *r, const struct room_commit *of,
    struct commit *f)
{
	const struct edit_result *res = of->res;
	struct room *room = of->room;
	char now[CLOCK_ISO_SIZE];
	size_t i;

	clock_format_iso(room->set->now.wall_us, now);
	for (i = 0; i < res->n_events; i++) {
		const struct edit_event *ev = &res->events[i];
		struct message_user u = render_user(room, ev->who.id,
		    ev->who.name);
		struct buf *b = &f->text[f->n];

		switch (ev->type) {
		case EDIT_EV_STATUS:
			message_add_editor_status(b, &u);
			break;
		case EDIT_EV_RELEASED:
			message_add_lock_released(b, &u,
			    ev->deliberate ? now : NULL);
			break;
		case EDIT_EV_UPDATED:
			add_saves(r, of, ev, &u, f);
			continue;
		case EDIT_EV_ATTENTION:
			message_add_attention_requested(b, &u, now);
			add_frame(f, 'A');
			/* A tab is shown who asks to edit, in the line. */
			if (of->verb == EDIT_ASK)
				continue;
			message_add_attention_requested(&f->text[f->n], &u,
			    now);
			add_frame(f, 'T');
			continue;
		case EDIT_EV_LEFT:
			continue;	/* each worker makes its own */
		case EDIT_EV_HANDED:
		case EDIT_EV_TAKEN:
		case EDIT_EV_LOST:
			add_change(of, ev, now, f);
			continue;
		}
		add_frame(f, 'A');
	}
}

/* --- all of it --- */

/* Both absent, or the same bytes. */
static bool
same(struct slice a, struct slice b)
{
	if (a.p == NULL || b.p == NULL)
		return (a.p == b.p);
	return (a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
}

void
commit_make(struct commit *c, const struct render *r,
    const struct room_commit *of)
{
	struct room *room = of->room;
	const struct edit_state *next = &of->res->next;
	struct roomtext_policy policy = {
		room->set->id_is_number, room_editor_ttl_ms(room)
	};
	struct slice told = of->expected->editor;

	memset(c, 0, sizeof(*c));
	roomstate_encode(of->from, next, &policy, room->set->now.wall_us,
	    &c->_text, &c->change);
	if (of->res->sets_modified) {
		time_of(of, of->n_saves - 1, c->_time);
		c->change.modified = slice_of(c->_time);
	}
	make_frames(r, of, c);
	c->change.frames = c->frame;
	c->change.n_frames = c->n;
	commit_make_badge(room, &of->from->st, next, &c->change.badge,
	    &c->_badge);
	if (same(told, c->change.editor))
		c->change.editor_ttl_ms = 0;
	c->change.moves_lock = of->moves_lock;
}

void
commit_fini(struct commit *c)
{
	size_t i;

	for (i = 0; i < STORE_FRAMES_MAX; i++)
		buf_fini(&c->text[i]);
	buf_fini(&c->_badge);
	roomtext_fini(&c->_text);
}

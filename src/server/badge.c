/*
 * Who edits which object of a model, as the room of the model shows it on a
 * change list. Kept in Redis by whoever commits a change of a lock, with the
 * time until which it holds; read anew at every slow check, because what runs
 * out is announced by nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/xmalloc.h"
#include "proto/tabmsg.h"
#include "server/room.h"

#define VALUE_DEPTH	2

struct badge {
	LIST_ENTRY(badge) link;
	char	*object;	/* as in the URL of its page, decoded */
	char	*value;		/* JSON of tabmsg_add_badge_value() */
	bool	 mark;		/* scratch of a comparison */
};

static struct badge *
find(struct room *room, struct slice object)
{
	struct badge *badge;

	LIST_FOREACH(badge, &room->badges, link) {
		/* As below: what was dropped is in the list no more. */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		if (slice_is(object, badge->object))
			return (badge);
	}
	return (NULL);
}

static void
drop(struct badge *badge)
{
	LIST_REMOVE(badge, link);
	free(badge->object);
	free(badge->value);
	free(badge);
}

void
room_drop_badges(struct room *room)
{
	struct badge *badge;

	/* The analyzer does not see that LIST_REMOVE moves the head on. */
	while ((badge = LIST_FIRST(&room->badges)) != NULL)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		drop(badge);
}

/* As it is now. */
static void
tell_badge(struct room *room, struct slice object)
{
	struct badge *badge = find(room, object);
	struct buf b = { NULL, 0, 0 };

	tabmsg_add_badge(&b, object, badge == NULL ?
	    (struct slice){ NULL, 0 } : slice_of(badge->value));
	room_deliver(room, 'T', (struct slice){ NULL, 0 },
	    (struct slice){ b.p, b.n });
	buf_fini(&b);
}

/* Whether that is another editor than before. */
static bool
put(struct room *room, struct slice object, struct slice value)
{
	struct badge *badge = find(room, object);

	if (badge != NULL && value.p != NULL &&
	    slice_is(value, badge->value)) {
		badge->mark = true;
		return (false);
	}
	/* It goes to browsers as it is, and stood in Redis. */
	if (!json_is_object(value, VALUE_DEPTH))
		value = (struct slice){ NULL, 0 };
	if (badge == NULL && value.p == NULL)
		return (false);
	if (badge != NULL)
		drop(badge);
	if (value.p == NULL)
		return (true);
	badge = xcalloc(1, sizeof(*badge));
	badge->object = xmemdup0(object.p, object.n);
	badge->value = xmemdup0(value.p, value.n);
	badge->mark = true;
	LIST_INSERT_HEAD(&room->badges, badge, link);
	return (true);
}

void
room_note_badge(struct room *room, struct slice object, struct slice value)
{
	/* What it comes on top of is not known yet. */
	if (room->kind != ROOM_MODEL || !room->has_badges)
		return;
	if (put(room, object, value))
		tell_badge(room, object);
}

void
room_note_badges(struct room *room, const struct store_badge *badges, size_t n)
{
	struct badge *badge, *next;
	struct member *m;
	char *object;
	bool is_first = !room->has_badges;
	size_t i;

	room->has_badges = true;
	LIST_FOREACH(badge, &room->badges, link)
		badge->mark = false;
	for (i = 0; i < n; i++) {
		if (put(room, badges[i].object, badges[i].value) && !is_first)
			tell_badge(room, badges[i].object);
	}
	for (badge = LIST_FIRST(&room->badges); badge != NULL; badge = next) {
		next = LIST_NEXT(badge, link);
		if (badge->mark)
			continue;
		object = xstrdup(badge->object);
		drop(badge);
		tell_badge(room, slice_of(object));
		free(object);
	}
	if (!is_first)
		return;
	/* Who said hello before they were read. */
	TAILQ_FOREACH(m, &room->members, link) {
		if (m->tab != NULL)
			tab_send_badges(m);
	}
}

void
tab_send_badges(struct member *m)
{
	struct buf b = { NULL, 0, 0 };
	struct badge *badge;

	tabmsg_open_badges(&b);
	LIST_FOREACH(badge, &m->room->badges, link)
		tabmsg_add_badges(&b, slice_of(badge->object),
		    slice_of(badge->value));
	tabmsg_close_badges(&b);
	member_send(m, (struct slice){ b.p, b.n });
	buf_fini(&b);
}

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
room_make_badge(struct room *room, const struct edit_state *from,
    const struct edit_state *to, int64_t until_us, struct store_badge *badge,
    struct buf *value)
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
	badge->until_us = until_us;
	if (new == NULL)
		return;
	name = room_name_of(room, new, to->editor.name);
	who = (struct tabmsg_who){ new, room->set->id_is_number, name };
	tabmsg_add_badge_value(value, &who);
	badge->value = (struct slice){ value->p, value->n };
	free(name);
}

/*
 * Who edits which object of a model, as the room of the model shows it on a
 * change list. Kept in Redis by whoever commits a change of a lock, with the
 * time until which it holds; read anew at every slow check, because what runs
 * out is announced by nobody.
 */
#include <stdlib.h>

#include "base/xmalloc.h"
#include "rooms/room.h"

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
	struct tell t = { .what = TELL_BADGE, .badge = { object,
	    slice_of(badge == NULL ? NULL : badge->value) } };

	room_tell(room, TO_TABS, (struct slice){ NULL, 0 }, &t);
}

/* Whether that is another editor than before. */
static bool
put(struct room *room, struct slice object, struct slice value)
{
	const struct rooms *set = room->set;
	struct badge *badge = find(room, object);

	if (badge != NULL && value.p != NULL &&
	    slice_is(value, badge->value)) {
		badge->mark = true;
		return (false);
	}
	/* It goes to browsers as it is, and stood in Redis. */
	if (!set->ops->is_badge(value, set->arg))
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
	member_tell(m, &(struct tell){ .what = TELL_BADGES });
}

/*
 * The registry of rooms and their members, who come, go and are told things. What
 * they say is in verbs.c; everything that concerns Redis is in roomop.c and
 * roomsync.c; nothing here waits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock_text.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xmalloc.h"
#include "rooms/room.h"

#define EDITOR_TTL_MS	INT64_C(180000)	/* the package's own */
#define FILL_MIN	32	/* users; in a smaller room it is not worth it */
#define FILL_TICKS	2	/* that what was made of users is kept for */

static int
room_cmp(struct room *a, struct room *b)
{
	return (strcmp(a->key, b->key));
}

static int
room_user_cmp(struct room_user *a, struct room_user *b)
{
	return (strcmp(a->id, b->id));
}

RB_GENERATE(room_tree, room, link, room_cmp)
RB_GENERATE(room_users, room_user, link, room_user_cmp)

struct rooms *
rooms_new(const struct conf *conf, const struct rooms_ops *ops, void *arg)
{
	struct rooms *set = xcalloc(1, sizeof(*set));

	set->ops = ops;
	set->arg = arg;
	set->conf = conf;
	set->id_is_number = conf->user_id_type == USER_ID_INTEGER;
	set->policy.heartbeat_timeout_us =
	    conf->heartbeat_timeout_ms * US_PER_MS;
	set->policy.reclaim_grace_us = conf->reclaim_grace_ms * US_PER_MS;
	set->policy.leave_grace_us = conf->leave_grace_ms * US_PER_MS;
	set->policy.countdown_us = conf->handover_countdown_ms * US_PER_MS;
	set->policy.hold_us = conf->handover_hold_ms * US_PER_MS;
	set->policy.offer_us = conf->offer_time_ms * US_PER_MS;
	set->policy.save_settle_us = conf->save_settle_ms * US_PER_MS;
	RB_INIT(&set->tree);
	RB_INIT(&set->dues);
	set->seed = hash_seed();
	TAILQ_INIT(&set->idle);
	LIST_INIT(&set->orphans);
	return (set);
}

void
rooms_set_now(struct rooms *set, const struct room_now *now)
{
	set->now = *now;
}

struct room_ask
room_ask_for(struct rooms *set,
    void (*answer)(const struct store_reply *, void *), void *arg)
{
	return ((struct room_ask){ set, answer, arg });
}

void
room_answered(struct room_ask *ask, const struct store_reply *reply)
{
	ask->answer(reply, ask->arg);
}

void
rooms_count(const struct rooms *set, enum room_count what, int64_t n)
{
	set->ops->count(what, n, set->arg);
}

struct room *
room_find(struct rooms *set, const char *key)
{
	struct room probe = { .key = (char *)(uintptr_t)key };

	return (RB_FIND(room_tree, &set->tree, &probe));
}

struct room *
room_open(struct rooms *set, const char *key, const char *name)
{
	struct room *room = room_find(set, key);

	if (room != NULL)
		return (room);
	room = xcalloc(1, sizeof(*room));
	room->set = set;
	room->key = xstrdup(key);
	room->name = xstrdup(name);
	room->kind = key[0] == 'c' ? ROOM_CHAT :
	    key[0] == 'm' ? ROOM_MODEL : ROOM_EDIT;
	room->opened_us = set->now.wall_us;
	LIST_INIT(&room->badges);
	room->deadline_us = room->due_ms = INT64_MAX;
	RB_INIT(&room->users);
	TAILQ_INIT(&room->members);
	TAILQ_INIT(&room->ops);
	TAILQ_INIT(&room->aside);
	TAILQ_INIT(&room->awaited);
	TAILQ_INIT(&room->talkers);
	RB_INSERT(room_tree, &set->tree, room);
	set->n_rooms++;
	rooms_count(set, COUNT_ROOMS, 1);
	return (room);
}

static void
free_user(struct room *room, struct room_user *user)
{
	room_await_no_more(room, user);
	room_user_place(room, user, PLACE_NONE);
	RB_REMOVE(room_users, &room->users, user);
	room->n_users--;
	rooms_count(room->set, COUNT_USERS, -1);
	room->set->ops->forget(user, room->set->arg);
	free(user->states);
	free(user);
}

void
room_editor_fini(struct room_editor *editor)
{
	free(editor->id);
	free(editor->name);
	free(editor->tab);
	free(editor->saver);
	free(editor->saver_name);
	memset(editor, 0, sizeof(*editor));
}

static void
free_room(struct room *room)
{
	struct rooms *set = room->set;
	struct room_user *user, *next;

	RB_FOREACH_SAFE(user, room_users, &room->users, next)
		free_user(room, user);
	set->ops->uncache(room, set->arg);
	RB_REMOVE(room_tree, &set->tree, room);
	set->n_rooms--;
	rooms_count(set, COUNT_ROOMS, -1);
	room_disarm(room);
	room_editor_fini(&room->editor);
	free(room->modified);
	free(room->saved);
	free(room->saved_by);
	snapshot_fini(&room->told);
	room_drop_badges(room);
	if (room->news != NULL)
		buf_fini(room->news);
	free(room->news);
	free(room->key);
	free(room->name);
	free(room);
}

void
room_release(struct room *room)
{
	if (room->is_idle)
		return;
	room->is_idle = true;
	TAILQ_INSERT_TAIL(&room->set->idle, room, idle_link);
}

static bool
is_kept(struct room *room)
{
	struct room_user *user;

	if (!TAILQ_EMPTY(&room->members) || !TAILQ_EMPTY(&room->ops) ||
	    !TAILQ_EMPTY(&room->talkers))
		return (true);
	if (room->set->is_leaving)
		return (false);
	RB_FOREACH(user, room_users, &room->users) {
		/* Redis was away when it left: told when it is back. */
		if (user->place != PLACE_NONE)
			return (true);
	}
	return (false);
}

void
rooms_tell_news(struct rooms *set)
{
	struct room *room;

	TAILQ_FOREACH(room, &set->idle, idle_link)
		room_tell_news(room);
}

void
rooms_end_turn(struct rooms *set)
{
	struct room *room;

	rooms_tell_news(set);
	while ((room = TAILQ_FIRST(&set->idle)) != NULL) {
		TAILQ_REMOVE(&set->idle, room, idle_link);
		room->is_idle = false;
		if (!is_kept(room))
			free_room(room);
	}
}

void
rooms_free(struct rooms *set)
{
	struct room *room;

	while ((room = RB_ROOT(&set->tree)) != NULL) {
		ASSERT(TAILQ_EMPTY(&room->members));
		roomop_drop_all(room);
		roomchat_drop_all(room);
		free_room(room);
	}
	rooms_end_check(set);
	rooms_drop_orphans(set);
	free(set);
}

void
rooms_leave_quietly(struct rooms *set)
{
	set->is_leaving = true;
}

struct room_user *
room_user_find(struct room *room, struct slice id)
{
	struct room_user *user = RB_ROOT(&room->users);
	size_t n = strnlen(id.p, id.n);
	int cmp;

	while (user != NULL) {
		/* The order is room_user_cmp()'s. */
		cmp = strncmp(id.p, user->id, n);
		if (cmp == 0 && user->id[n] == '\0')
			break;
		user = cmp > 0 ? RB_RIGHT(user, link) : RB_LEFT(user, link);
	}
	return (user);
}

struct room_user *
room_user_get(struct room *room, struct slice id)
{
	struct room_user *user = room_user_find(room, id);
	size_t n;

	if (user != NULL)
		return (user);
	n = strnlen(id.p, id.n);
	user = xcalloc(1, offsetof(struct room_user, id) + n + 1);
	memcpy(user->id, id.p, n);
	TAILQ_INIT(&user->members);
	RB_INSERT(room_users, &room->users, user);
	room->n_users++;
	rooms_count(room->set, COUNT_USERS, 1);
	return (user);
}

void
room_user_release(struct room *room, struct room_user *user)
{
	if (!user->is_present && user->place == PLACE_NONE &&
	    TAILQ_EMPTY(&user->members))
		free_user(room, user);
}

void
room_user_place(struct room *room, struct room_user *user,
    enum room_place place)
{
	room->n_held += place == PLACE_HELD;
	room->n_held -= user->place == PLACE_HELD;
	user->place = place;
}

bool
room_has_viewers(const struct room *room)
{
	struct room_user *user;
	struct room_users *users = (struct room_users *)(uintptr_t)&room->users;

	RB_FOREACH(user, room_users, users) {
		if (user->is_present && !text_same(user->id, room->editor.id))
			return (true);
	}
	return (false);
}

int64_t
room_editor_ttl_ms(const struct room *room)
{
	/* A longer heartbeat_timeout must not be cut short by it. */
	int64_t least_ms = room->set->conf->heartbeat_timeout_ms + 60000;

	return (least_ms > EDITOR_TTL_MS ? least_ms : EDITOR_TTL_MS);
}

void
member_tell(struct member *m, const struct tell *what)
{
	m->room->set->ops->tell_one(m, what, m->room->set->arg);
}

void
room_tell(struct room *room, char audience, struct slice user_id,
    const struct tell *what)
{
	const struct rooms *set = room->set;

	if (audience == TO_TABS || audience == TO_USERS_TABS) {
		if (room->n_tabs == 0)
			return;
		/* Who it speaks of may be among them. */
		room_tell_news(room);
	}
	set->ops->tell(room, what, audience, user_id, set->arg);
}

void
member_refuse(struct member *m, enum refusal why, enum say in_reply_to)
{
	struct tell t = { .what = TELL_REFUSED,
	    .refused = { why, in_reply_to } };

	if (m->is_v1)
		member_tell(m, &t);
}

static struct edit_person
status_for(const struct member *m, const struct edit_state *st)
{
	static const struct edit_state unknown;
	struct room *room = m->room;
	struct edit_state told = {
		.editor = { room->editor.id, room->editor.name },
		.heartbeat_us = room->editor.heartbeat_us,
		.saver = { room->editor.saver, room->editor.saver_name },
		.settle_us = room->editor.settle_us,
	};

	return (edit_status(room->word != WORD_TOLD ? &unknown :
	    st != NULL ? st : &told, m->user->id, &room->set->policy,
	    room->set->now.wall_us));
}

void
member_send_status(struct member *m, const struct edit_state *st)
{
	struct tell t = { .what = TELL_STATUS, .who = status_for(m, st) };

	m->is_deceived = t.who.id == NULL && m->room->editor.id != NULL &&
	    m->room->word == WORD_TOLD;
	if (m->is_deceived)
		m->room->deceives = true;
	member_tell(m, &t);
}

void
member_correct_status(struct member *m, const struct edit_state *st)
{
	/* Nobody would be an answer on which the page claims, for ever. */
	if (m->is_deceived && status_for(m, st).id != NULL)
		member_send_status(m, st);
}

void
member_send_pending(struct member *m, size_t place, size_t of)
{
	struct tell t = { .what = TELL_PENDING, .pending = { place, of } };

	m->place = place;
	m->place_told = true;
	/* Tabs are shown the whole line. */
	if (!m->is_v1 || m->tab != NULL || place == 0)
		return;
	member_tell(m, &t);
}

/* --- who comes and goes --- */

void
room_tell_joined(struct room *room, struct room_user *user)
{
	struct tell t = { .what = TELL_JOINED, .user = user };

	room_tell(room, TO_OTHERS, slice_of(user->id), &t);
}

void
room_tell_left(struct room *room, struct room_user *user)
{
	struct tell t = { .what = TELL_LEFT, .user = user };

	room_tell(room, TO_OTHERS, slice_of(user->id), &t);
}

void
room_tick_shown(struct room *room)
{
	if (room->fills == 1)
		room->set->ops->stale(room, room->set->arg);
	room->fills -= room->fills != 0;
}

/* The other users, one user_joined each. */
static void
welcome_edit(struct member *m)
{
	struct tell t = { .what = TELL_JOINED };

	RB_FOREACH(t.user, room_users, &m->room->users) {
		if (t.user->is_present && t.user != m->user)
			member_tell(m, &t);
	}
}

static void
welcome(struct member *m)
{
	struct room *room = m->room;
	bool greets = m->stage == MEMBER_GREETS;

	m->stage = MEMBER_READY;
	if (room->n_users >= FILL_MIN)
		room->fills = FILL_TICKS;
	if (room->kind == ROOM_CHAT)
		member_tell(m, &(struct tell){ .what = TELL_ACTIVE });
	/* In an edit room this is the first frame: the scripts learn their own
	 * user id from it. */
	member_tell(m, &(struct tell){ .what = TELL_JOINED, .user = m->user });
	/* A tab is shown the others in its own way, in a moment. */
	if (room->kind != ROOM_CHAT && !greets)
		welcome_edit(m);
	member_receive_kept(m);
	if (greets && m->tab == NULL) {
		/* The hello was one message too many. */
		welcome_edit(m);
		roomop_state(room, m->user->id);
	}
}

void
room_user_welcome(struct room_user *user)
{
	struct member *m;

	TAILQ_FOREACH(m, &user->members, user_link) {
		if (m->stage != MEMBER_READY)
			welcome(m);
	}
}

struct member *
rooms_join(struct rooms *set, const char *key, const char *name,
    struct client *client, struct right *right, bool is_v1)
{
	struct room *room = room_open(set, key, name);
	struct room_user *user = room_user_get(room,
	    slice_of(right->person->id));
	struct member *m = xcalloc(1, sizeof(*m));

	if (user->profile == NULL && user->joined_us == 0)
		user->joined_us = set->now.wall_us;
	m->room = room;
	m->user = user;
	m->client = client;
	m->right = right;
	m->is_v1 = is_v1;
	TAILQ_INSERT_TAIL(&room->members, m, link);
	TAILQ_INSERT_TAIL(&user->members, m, user_link);
	roomop_join(room, user->id);
	return (m);
}

/* What a tab says when its page is left, unless the browser has closed its socket
 * before, as Firefox does. */
static void
say_goodbye(struct member *m)
{
	const struct saying bye = {
		.what = SAY_RELEASE_LOCK,
		.at_us = SAY_NO_TIME,
		.may_return = true,
	};
	const struct room *room = m->room;

	if (room->kind == ROOM_EDIT && m->tab != NULL && !m->gave_back &&
	    text_same(room->editor.id, m->user->id) &&
	    text_same(m->tab, room->editor.tab))
		roomop_edit(m->room, m, EDIT_RELEASE, &bye);
}

void
member_leave(struct member *m, bool went_away)
{
	struct room *room = m->room;
	struct room_user *user = m->user;
	const struct rooms *set = room->set;

	if (went_away)
		say_goodbye(m);
	roomop_forget(room, m);
	roomchat_forget(room, m);
	/* The room will have to be told who left. */
	if (TAILQ_FIRST(&user->members) == m &&
	    TAILQ_NEXT(m, user_link) == NULL && user->profile == NULL)
		set->ops->keep(user, (struct slice){ NULL, 0 }, set->arg);
	TAILQ_REMOVE(&room->members, m, link);
	TAILQ_REMOVE(&user->members, m, user_link);
	tab_fini(m);
	if (TAILQ_EMPTY(&user->members) && room->set->is_leaving)
		room_user_release(room, user);
	else if (TAILQ_EMPTY(&user->members))
		roomop_depart(room, m);
	else if (!room->set->is_leaving)
		roomop_page_gone(room, user->id, m->page);
	if (m->early != NULL)
		buf_fini(m->early);
	free(m->early);
	free(m);
	room_release(room);
}

/* The right to change the object was taken away: the lock goes with it, and
 * the place in the line. */
static void
demote(struct member *m)
{
	/* One who could not be verified has lost nothing yet. */
	if (m->room->kind != ROOM_EDIT || m->right->may_change ||
	    m->right->is_unverified)
		return;
	if (m->place != 0 || text_same(m->room->editor.id, m->user->id))
		roomop_edit(m->room, m, EDIT_REVOKE, NULL);
}

size_t
rooms_enforce(struct rooms *set)
{
	struct room *room;
	struct member *m, *next;
	size_t closed = 0;

	RB_FOREACH(room, room_tree, &set->tree) {
		TAILQ_FOREACH_SAFE(m, &room->members, link, next) {
			if (!m->right->is_denied) {
				demote(m);
				continue;
			}
			closed++;
			set->ops->close(m, CLOSE_ENDED, set->arg);
		}
	}
	return (closed);
}

size_t
rooms_unverified(struct rooms *set)
{
	const struct member *m;
	struct room *room;
	size_t n = 0;

	RB_FOREACH(room, room_tree, &set->tree) {
		TAILQ_FOREACH(m, &room->members, link)
			n += m->right->is_unverified;
	}
	return (n);
}

size_t
rooms_close_unverified(struct rooms *set, size_t n)
{
	struct room *room;
	struct member *m, *next;
	size_t closed = 0;

	RB_FOREACH(room, room_tree, &set->tree) {
		TAILQ_FOREACH_SAFE(m, &room->members, link, next) {
			if (!m->right->is_unverified ||
			    (closed >= n && m->place == 0))
				continue;
			closed++;
			set->ops->close(m, CLOSE_UNVERIFIED, set->arg);
		}
	}
	return (closed);
}

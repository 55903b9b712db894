/*
 * Who is in a room, as its sockets are shown it. A user's info is a JSON text
 * that goes through Redis with the user: {"username","name","email",
 * "avatar_url","joined"}. The frames that show a user are made from it by each
 * worker for its own sockets, so that the comparison after a lost event tells
 * clients in the same words as the event would have.
 *
 * The info of a user with sockets here is made when it is wanted, from the
 * identity that all its sockets share: an idle connection does not pay for it.
 * Of other users all but "joined", which comes last, is kept once for all
 * rooms, as a profile, and "joined" as the number that it is. An info that
 * another program made in another form is kept whole.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/xmalloc.h"
#include "server/profile.h"
#include "server/room.h"

#define INFO_DEPTH	4

/* Around the time, which is of one length. */
#define JOINED		",\"joined\":\""
#define JOINED_END	"\"}"

static struct slice
buf_slice(const struct buf *b)
{
	return ((struct slice){ b->p, b->n });
}

static void
add_profile(struct buf *b, const struct identity *who)
{
	buf_add_char(b, '{');
	json_add_pair(b, "username", who->username);
	buf_add_char(b, ',');
	json_add_pair(b, "name", who->name);
	buf_add_char(b, ',');
	json_add_pair(b, "email", who->email);
	buf_add_char(b, ',');
	json_add_pair(b, "avatar_url", who->avatar_url);
}

/* What follows a profile. */
static void
add_joined_at(struct buf *b, int64_t joined_us)
{
	char iso[CLOCK_ISO_SIZE];

	buf_add_str(b, JOINED);
	buf_add_str(b, clock_format_iso(joined_us, iso));
	buf_add_str(b, JOINED_END);
}

char *
room_user_info(const struct room_user *user)
{
	const struct member *m = TAILQ_FIRST(&user->members);
	struct buf b = { NULL, 0, 0 };
	struct slice text;

	if (user->profile != NULL) {
		text = profile_text(user->profile);
		buf_add(&b, text.p, text.n);
	} else if (m != NULL)
		add_profile(&b, m->grant->session->user->identity);
	else
		buf_add_str(&b, "{}");
	if (!user->is_odd && (user->profile != NULL || m != NULL))
		add_joined_at(&b, user->joined_us);
	return (buf_steal(&b));
}

/* Splits an info as it is made here; false if it is another, in however little:
 * it goes back to Redis as it came. */
static bool
split_info(struct slice info, struct slice *profile, int64_t *joined_us)
{
	const size_t n = sizeof(JOINED) + CLOCK_ISO_SIZE + sizeof(JOINED_END)
	    - 3;
	struct buf b = { NULL, 0, 0 };
	char iso[CLOCK_ISO_SIZE];
	const char *tail;
	bool ok;

	if (info.n < n)
		return (false);
	tail = info.p + info.n - n;
	memcpy(iso, tail + sizeof(JOINED) - 1, sizeof(iso) - 1);
	iso[sizeof(iso) - 1] = '\0';
	if (!clock_parse_iso(iso, joined_us))
		return (false);
	add_joined_at(&b, *joined_us);
	ok = b.n == n && memcmp(b.p, tail, n) == 0;
	buf_fini(&b);
	*profile = (struct slice){ info.p, info.n - n };
	return (ok);
}

void
room_user_keep_info(struct room *room, struct room_user *user,
    struct slice info)
{
	struct slice profile;
	int64_t joined_us;

	user->is_odd = !split_info(info, &profile, &joined_us);
	if (user->is_odd)
		profile = info;
	else
		user->joined_us = joined_us;
	user->profile = profile_get(room->set->profiles, profile);
}

void
roster_info_read(struct roster_info *info, struct slice text)
{
	const struct { const char *key, **out; } texts[] = {
		{ "username", &info->username }, { "name", &info->name },
		{ "email", &info->email }, { "joined", &info->joined },
		{ "avatar_url", &info->avatar_url },
	};
	size_t i;

	memset(info, 0, sizeof(*info));
	if (text.p == NULL ||
	    json_parse(text.p, text.n, INFO_DEPTH, &info->_obj) != JSON_OK)
		info->_obj = NULL;
	for (i = 0; i < COUNT_OF(texts); i++) {
		struct slice s = { NULL, 0 };

		if (info->_obj != NULL)
			s = json_get_string(info->_obj, texts[i].key);
		*texts[i].out = s.p != NULL ? s.p : "";
	}
	if (*info->avatar_url == '\0')
		info->avatar_url = NULL;
	/* Written by an older collabd. */
	if (*info->name == '\0')
		info->name = info->username;
}

void
roster_info_fini(struct roster_info *info)
{
	json_free(info->_obj);
	info->_obj = NULL;
}

char *
room_name_of(struct room *room, const char *id, const char *fallback)
{
	struct room_user *user = room_user_find(room, slice_of(id));
	struct roster_info info;
	char *text, *name = NULL;

	if (user != NULL) {
		text = room_user_info(user);
		roster_info_read(&info, slice_of(text));
		if (*info.name != '\0')
			name = xstrdup(info.name);
		roster_info_fini(&info);
		free(text);
	}
	return (name != NULL ? name : xstrdup(fallback != NULL ? fallback :
	    ""));
}

/* A user as frames of this room show it. info keeps the strings. */
static struct message_user
user_from_info(const struct room *room, const char *id, struct slice text,
    struct roster_info *info)
{
	struct message_user u = room_message_user(room, id, "");

	roster_info_read(info, text);
	u.email = info->email;
	u.avatar_url = info->avatar_url;
	u.username = info->username;
	/* An edit room shows the e-mail, as the package does; a user without
	 * one is better shown by the login name than by nothing. */
	if (room->kind != ROOM_CHAT && *u.email != '\0')
		u.username = u.email;
	return (u);
}

/* user_joined of one user, as sockets of this room are told. */
static void
add_joined(struct room *room, const char *id, struct slice info, struct buf *b)
{
	struct roster_info r;
	struct message_user u = user_from_info(room, id, info, &r);

	if (room->kind == ROOM_CHAT)
		message_add_chat_joined(b, &u, r.joined);
	else
		message_add_edit_joined(b, &u, r.joined, room->modified);
	roster_info_fini(&r);
}

void
room_tell_joined(struct room *room, struct room_user *user)
{
	struct buf b = { NULL, 0, 0 };
	char *info = room_user_info(user);

	add_joined(room, user->id, slice_of(info), &b);
	room_deliver(room, 'X', slice_of(user->id), buf_slice(&b));
	buf_fini(&b);
	free(info);
}

void
room_tell_left(struct room *room, struct room_user *user)
{
	struct buf b = { NULL, 0, 0 };
	char *info = room_user_info(user);
	struct roster_info r;
	struct message_user u = user_from_info(room, user->id,
	    slice_of(info), &r);

	if (room->kind == ROOM_CHAT)
		message_add_chat_left(&b, &u);
	else
		message_add_edit_left(&b, &u);
	room_deliver(room, 'X', slice_of(user->id), buf_slice(&b));
	roster_info_fini(&r);
	buf_fini(&b);
	free(info);
}

/* Who is shown to a socket of user besides user itself. */
static bool
is_shown(const struct room_user *other, const struct room_user *user)
{
	return (other->is_present && other != user);
}

/* The other users, one user_joined each. */
static void
welcome_edit(struct member *m)
{
	struct room *room = m->room;
	struct room_user *user;
	struct buf b = { NULL, 0, 0 };
	char *info;

	RB_FOREACH(user, room_users, &room->users) {
		if (!is_shown(user, m->user))
			continue;
		info = room_user_info(user);
		buf_reset(&b);
		add_joined(room, user->id, slice_of(info), &b);
		member_send(m, buf_slice(&b));
		free(info);
	}
	buf_fini(&b);
}

/* The other users, in one list. */
static void
welcome_chat(struct member *m)
{
	struct room *room = m->room;
	struct message_active *list;
	struct roster_info *infos;
	struct room_user *user;
	struct buf b = { NULL, 0, 0 };
	char **texts;
	size_t i, n = 0;

	RB_FOREACH(user, room_users, &room->users)
		n++;
	list = xcalloc(n, sizeof(*list));
	infos = xcalloc(n, sizeof(*infos));
	texts = xcalloc(n, sizeof(*texts));
	n = 0;
	RB_FOREACH(user, room_users, &room->users) {
		if (!is_shown(user, m->user))
			continue;
		texts[n] = room_user_info(user);
		list[n].user = user_from_info(room, user->id,
		    slice_of(texts[n]), &infos[n]);
		list[n].last_seen = infos[n].joined;
		n++;
	}
	message_add_active_users(&b, list, n);
	member_send(m, buf_slice(&b));
	buf_fini(&b);
	for (i = 0; i < n; i++) {
		roster_info_fini(&infos[i]);
		free(texts[i]);
	}
	free(texts);
	free(infos);
	free(list);
}

static void
welcome(struct member *m)
{
	struct room *room = m->room;
	struct buf b = { NULL, 0, 0 };
	char *info = room_user_info(m->user);

	m->is_ready = true;
	if (room->kind == ROOM_CHAT)
		welcome_chat(m);
	/* In an edit room this is the first frame: the scripts learn their own
	 * user id from it. */
	add_joined(room, m->user->id, slice_of(info), &b);
	member_send(m, buf_slice(&b));
	buf_fini(&b);
	free(info);
	if (room->kind != ROOM_CHAT)
		welcome_edit(m);
	member_receive_kept(m);
}

void
room_user_welcome(struct room_user *user)
{
	struct member *m;

	TAILQ_FOREACH(m, &user->members, user_link) {
		if (!m->is_ready)
			welcome(m);
	}
}

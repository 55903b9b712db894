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
 *
 * Who enters is shown everybody, so when a large room fills each user is shown
 * as often as there are users. What was made to show one is kept then (struct
 * shown) and used again, a frame by reference; it is dropped when nobody has
 * come for a second or two, so that an idle room does not pay for it either.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock_text.h"
#include "base/json.h"
#include "base/xmalloc.h"
#include "proto/wsframe.h"
#include "server/people.h"
#include "server/profile.h"
#include "server/roster.h"

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
add_profile(struct buf *b, const struct person *who)
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
roster_info(const struct room_user *user)
{
	const struct member *m = TAILQ_FIRST(&user->members);
	struct buf b = { NULL, 0, 0 };
	struct slice text;

	if (user->profile != NULL) {
		text = profile_text(user->profile);
		buf_add(&b, text.p, text.n);
	} else if (m != NULL)
		add_profile(&b, m->right->person);
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

static void	forget_shown(struct room_user *user);

void
roster_keep_info(struct render *r, struct room_user *user, struct slice info)
{
	struct slice profile;
	int64_t joined_us;

	user->is_odd = !split_info(info, &profile, &joined_us);
	if (user->is_odd)
		profile = info;
	else
		user->joined_us = joined_us;
	user->profile = profile_get(r->profiles, profile);
	forget_shown(user);
}

/* --- what was made of a user --- */

static void
forget_shown(struct room_user *user)
{
	struct shown *shown = user->shown;

	if (shown == NULL)
		return;
	user->shown = NULL;
	if (shown->joined != NULL)
		frame_put(shown->joined);
	buf_fini(&shown->person);
	free(shown);
}

void
roster_forget_shown(struct room *room)
{
	struct room_user *user;

	if (room->fills == 0)
		return;
	RB_FOREACH(user, room_users, &room->users)
		forget_shown(user);
}

struct shown *
roster_shown(struct render *r, struct room *room, struct room_user *user)
{
	uint64_t changes;

	if (room->fills == 0)
		return (NULL);
	changes = people_changes(r->people);
	if (room->shown_of != changes)
		roster_forget_shown(room);
	room->shown_of = changes;
	if (user->shown == NULL)
		user->shown = xcalloc(1, sizeof(*user->shown));
	return (user->shown);
}

void
roster_forget(struct render *r, struct room_user *user)
{
	forget_shown(user);
	profile_put(r->profiles, user->profile);
	user->profile = NULL;
}

/* --- an info, taken apart --- */

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
roster_name(struct room *room, const char *id, const char *fallback)
{
	struct room_user *user = room_user_find(room, slice_of(id));
	struct roster_info info;
	char *text, *name = NULL;

	if (user != NULL) {
		text = roster_info(user);
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
	struct message_user u = render_user(room, id, "");

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

static struct frame *
make_joined(struct room *room, const struct room_user *user)
{
	struct buf b = { NULL, 0, 0 };
	char *info = roster_info(user);
	struct roster_info r;
	struct message_user u = user_from_info(room, user->id,
	    slice_of(info), &r);
	struct frame *f;

	if (room->kind == ROOM_CHAT)
		message_add_chat_joined(&b, &u, r.joined);
	else
		message_add_edit_joined(&b, &u, r.joined, room->modified);
	f = frame_new(WS_OP_TEXT, buf_slice(&b));
	roster_info_fini(&r);
	buf_fini(&b);
	free(info);
	return (f);
}

struct frame *
roster_joined(struct render *r, struct room *room, struct room_user *user)
{
	struct shown *shown = roster_shown(r, room, user);

	if (shown == NULL)
		return (make_joined(room, user));
	if (shown->joined == NULL)
		shown->joined = make_joined(room, user);
	return (frame_get(shown->joined));
}

void
roster_add_left(struct buf *b, const struct room *room,
    const struct room_user *user)
{
	char *info = roster_info(user);
	struct roster_info r;
	struct message_user u = user_from_info(room, user->id,
	    slice_of(info), &r);

	if (room->kind == ROOM_CHAT)
		message_add_chat_left(b, &u);
	else
		message_add_edit_left(b, &u);
	roster_info_fini(&r);
	free(info);
}

struct slice
roster_active(struct render *r, struct room *room, struct room_user *user,
    struct buf *own)
{
	struct shown *shown = roster_shown(r, room, user);
	struct buf *b = shown == NULL ? own : &shown->person;
	struct message_user u;
	struct roster_info parts;
	char *info;

	if (shown != NULL && b->n != 0)
		return (buf_slice(b));
	buf_reset(b);
	info = roster_info(user);
	u = user_from_info(room, user->id, slice_of(info), &parts);
	message_add_active(b, &u, parts.joined);
	roster_info_fini(&parts);
	free(info);
	return (buf_slice(b));
}

/* --- as tabs are shown it --- */

static const struct {
	char		 letter;
	const char	*name;
} states[] = {
	{ TAB_DIRTY, "dirty" },
	{ TAB_VIEWING, "viewing" },
	{ TAB_IDLE, "idle" },
};

static const char *
state_name(char letter)
{
	size_t i;

	for (i = 0; i < COUNT_OF(states); i++) {
		if (states[i].letter == letter)
			return (states[i].name);
	}
	return ("none");
}

static void
add_person(const struct room *room, const struct room_user *user,
    struct buf *b)
{
	char *text = roster_info(user);
	struct roster_info info;
	struct tabmsg_person person;

	roster_info_read(&info, slice_of(text));
	person = (struct tabmsg_person){
		.who = render_who(room, user->id, info.name),
		.username = info.username,
		.email = info.email,
		.avatar_url = info.avatar_url,
		.since = info.joined,
		.state = state_name(room_user_letter(user)),
	};
	tabmsg_add_person(b, &person);
	roster_info_fini(&info);
	free(text);
}

struct slice
roster_person(struct render *r, struct room *room, struct room_user *user,
    struct buf *own)
{
	struct shown *shown = roster_shown(r, room, user);
	struct buf *b = shown == NULL ? own : &shown->person;
	char letter = room_user_letter(user);

	if (shown != NULL && b->n != 0 && shown->letter == letter)
		return (buf_slice(b));
	buf_reset(b);
	add_person(room, user, b);
	if (shown != NULL)
		shown->letter = letter;
	return (buf_slice(b));
}

/*
 * From what is told to frames: which of the package's, or of the tabs', it is,
 * with which words. A frame is encoded once for all that get it, and queued by
 * reference.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock_text.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "proto/wsframe.h"
#include "server/client.h"
#include "server/frame.h"
#include "server/hear.h"
#include "server/profile.h"
#include "server/render.h"
#include "server/roster.h"
#include "server/saves.h"

static struct slice
buf_slice(const struct buf *b)
{
	return ((struct slice){ b->p, b->n });
}

struct message_user
render_user(const struct room *room, const char *id, const char *name)
{
	return ((struct message_user){
		.id = id,
		.id_is_number = room->set->id_is_number,
		.username = name != NULL ? name : "",
		.email = "",
	});
}

struct tabmsg_who
render_who(const struct room *room, const char *id, const char *name)
{
	return ((struct tabmsg_who){ id, room->set->id_is_number, name });
}

/* --- delivery --- */

static bool
is_for(const struct member *m, char audience, struct slice user_id)
{
	bool is_of_pages = audience == TO_PAGES || audience == TO_OTHERS ||
	    audience == TO_USER;

	if (m->stage != MEMBER_READY || (m->tab == NULL) != is_of_pages)
		return (false);
	switch (audience) {
	case TO_PAGES:
	case TO_TABS:
		return (true);
	case TO_TABS_MANY:
	case TO_TABS_EACH:
		return (m->news_at == 0 &&
		    m->takes_many == (audience == TO_TABS_MANY));
	default:
		return (slice_is(user_id, m->user->id) !=
		    (audience == TO_OTHERS));
	}
}

static void
deliver(struct room *room, char audience, struct slice user_id,
    struct frame *f)
{
	struct member *m, *next;

	TAILQ_FOREACH_SAFE(m, &room->members, link, next) {
		if (is_for(m, audience, user_id))
			client_send(m->client, f);
	}
}

/* Frames for many sockets: mostly one, for which nothing is allocated. */
struct frames {
	struct frame	*first;
	struct frame	**more;
	size_t		 n;
};

/* Takes the reference over. */
static void
add_frame(struct frames *f, struct frame *frame)
{
	if (f->n == 0)
		f->first = frame;
	else {
		f->more = xreallocarray(f->more, f->n, sizeof(*f->more));
		f->more[f->n - 1] = frame;
	}
	f->n++;
}

static struct frame *
nth_frame(const struct frames *f, size_t i)
{
	return (i == 0 ? f->first : f->more[i - 1]);
}

static void
add_text(struct frames *f, struct buf *b)
{
	add_frame(f, frame_new(WS_OP_TEXT, buf_slice(b)));
	buf_reset(b);
}

/* --- refusals --- */

static const struct {
	const char	*code, *message;
} refusals[] = {
	[REFUSED_BAD] = { NULL, "This message is not understood." },
	[REFUSED_NOT_READY] = { "not_ready",
	    "The room has not answered yet." },
	[REFUSED_RATE] = { "rate", "You send too much at once." },
	[REFUSED_EMPTY] = { "empty",
	    "A message needs a recipient and a text." },
	[REFUSED_TOO_LONG] = { "too_long", "The message is too long." },
	[REFUSED_HELLO] = { "bad_hello",
	    "A hello needs a tab of 1 to 64 letters, digits, _ or -." },
	[REFUSED_NO_USER] = { "nobody", "Nobody has that user_id." },
	[REFUSED_ANSWER] = { "bad_answer",
	    "An answer is hand_over or later." },
	[REFUSED_DISABLED] = { "disabled", "There is no chat." },
	[REFUSED_IS_EDITOR] = { "is_editor",
	    "You are the editor yourself." },
	[REFUSED_HELD] = { "held", "Somebody else is the editor." },
	[REFUSED_NOT_EDITOR] = { "not_editor",
	    "Only the editor can do this." },
	[REFUSED_NO_EDITOR] = { "no_editor", "There is no editor to ask." },
	[REFUSED_FORBIDDEN] = { "forbidden",
	    "You have no permission to do this." },
	[REFUSED_NOBODY] = { "nobody", "Nobody has asked to edit." },
	[REFUSED_TOO_SOON] = { "too_soon", "You have just asked." },
	[REFUSED_BUSY] = { "unavailable", "The server is busy; try again." },
	[REFUSED_UNDECIDED] = { "unavailable",
	    "The server cannot decide this at the moment." },
	[REFUSED_UNSENT] = { "unavailable",
	    "The message could not be sent." },
};
_Static_assert(COUNT_OF(refusals) == REFUSALS, "each has its words");

static void
add_refusal(struct buf *b, enum refusal why, enum say to)
{
	const char *code = refusals[why].code;

	message_add_error(b, code != NULL ? code : hear_name(to),
	    refusals[why].message, slice_of(hear_name(to)));
}

/* --- who is there --- */

static void
add_active(struct render *r, const struct member *m, struct buf *b)
{
	struct room *room = m->room;
	struct buf own = { NULL, 0, 0 };
	struct room_user *user;

	message_open_users(b, MESSAGE_ACTIVE_USERS);
	RB_FOREACH(user, room_users, &room->users) {
		if (user->is_present && user != m->user)
			message_add_listed(b, roster_active(r, room, user,
			    &own));
	}
	message_close_users(b);
	buf_fini(&own);
}

static void
add_presence(struct render *r, const struct member *m, struct buf *b)
{
	struct room *room = m->room;
	struct buf own = { NULL, 0, 0 };
	struct room_user *user;

	message_open_users(b, MESSAGE_PRESENCE);
	RB_FOREACH(user, room_users, &room->users) {
		if (user->is_present || user == m->user)
			message_add_listed(b, roster_person(r, room, user,
			    &own));
	}
	message_close_users(b);
	buf_fini(&own);
}

static void
add_present(struct render *r, struct room *room, struct room_user *user,
    struct buf *b)
{
	struct buf own = { NULL, 0, 0 };

	tabmsg_add_present(b, roster_person(r, room, user, &own));
	buf_fini(&own);
}

static void
make_news(struct render *r, struct room *room, const struct tell *t,
    bool takes_many, struct frames *f)
{
	struct buf b = { NULL, 0, 0 }, own = { NULL, 0, 0 };
	struct room_user **users = t->news.present;
	size_t i, n = t->news.n_present;

	if (takes_many && n > 1) {
		message_open_users(&b, MESSAGE_USERS_PRESENT);
		for (i = 0; i < n; i++)
			message_add_listed(&b, roster_person(r, room,
			    users[i], &own));
		message_close_users(&b);
		add_text(f, &b);
	} else {
		for (i = 0; i < n; i++) {
			add_present(r, room, users[i], &b);
			add_text(f, &b);
		}
	}
	for (i = 0; i < t->news.n_absent; i++) {
		struct tabmsg_who who = render_who(room, t->news.absent[i],
		    "");

		tabmsg_add_absent(&b, &who);
		add_text(f, &b);
	}
	buf_fini(&own);
	buf_fini(&b);
}

/* --- the lock --- */

static void
add_lock(struct room *room, const struct edit_state *st, bool hides_editor,
    struct buf *b)
{
	struct tabmsg_claim line[EDIT_CLAIMS_MAX];
	char *names[EDIT_CLAIMS_MAX], *editor = NULL;
	struct tabmsg_lock lock = {
		.id_is_number = room->set->id_is_number,
		.n_line = st->n_claims,
		.hold_us = st->hold_us,
	};
	size_t i;

	if (st->editor.id != NULL && !hides_editor) {
		editor = roster_name(room, st->editor.id, st->editor.name);
		lock.editor = render_who(room, st->editor.id, editor);
		lock.tab = st->tab;
	}
	/* Another program's head start may have no end. */
	if (st->previous != NULL && st->previous_until_us != INT64_MAX) {
		lock.previous = st->previous;
		lock.previous_until_us = st->previous_until_us;
	}
	for (i = 0; i < st->n_claims; i++) {
		const struct edit_claim *c = &st->claims[i];

		names[i] = roster_name(room, c->who.id, c->who.name);
		line[i].who = render_who(room, c->who.id, names[i]);
		line[i].asked = c->asked;
		if (c->asked && lock.next == NULL) {
			lock.next = c->who.id;
			lock.countdown_us = st->countdown_us;
		}
	}
	lock.line = line;
	if (st->n_claims != 0 && st->offer_us != 0) {
		lock.offered = st->claims[0].who.id;
		lock.offer_us = st->offer_us;
	}
	tabmsg_add_lock(b, &lock);
	for (i = 0; i < st->n_claims; i++)
		free(names[i]);
	free(editor);
}

uint64_t
render_lock_number(struct render *r, struct room *room,
    const struct edit_state *st)
{
	struct buf b = { NULL, 0, 0 };
	uint64_t number;

	add_lock(room, st, false, &b);
	number = hash_bytes(b.p, b.n, r->seed) | 1;
	buf_fini(&b);
	return (number);
}

/* --- what tabs are told besides --- */

/* The client compares, the daemon only says how. */
static void
add_save_check(struct buf *b, const struct conf *conf)
{
	static const char *const names[] = {
		[SAVE_CHECK_ON] = "on",
		[SAVE_CHECK_LOG] = "log",
		[SAVE_CHECK_OFF] = "off",
	};

	json_add_pair(b, "save_check", names[conf->save_check]);
	buf_addf(b, ",\"save_check_timeout\":%lld.%03lld,",
	    (long long)conf->save_check_timeout_ms / 1000,
	    (long long)conf->save_check_timeout_ms % 1000);
}

static void
add_settings(struct buf *b, const struct conf *conf)
{
	size_t i, n = 0;

	buf_add_str(b, "{\"texts\":{");
	for (i = 0; i < conf_options_count; i++) {
		const struct conf_option *o = &conf_options[i];
		const char *text;

		if ((o->flags & CONF_TEXT) == 0)
			continue;
		text = *(char *const *)(const void *)
		    ((const char *)conf + o->offset);
		/* Unless the site has set it, the client has its own, in
		 * its user's language. */
		if (strcmp(text, o->def) == 0)
			continue;
		if (n++ != 0)
			buf_add_char(b, ',');
		json_add_pair(b, o->name, text);
	}
	buf_addf(b, "},\"enable_chat\":%s,\"chat_message_max\":%lld,"
	    "\"notification_request_interval\":%lld,"
	    "\"handover_countdown\":%lld,\"handover_hold\":%lld,"
	    "\"offer_time\":%lld,", conf->enable_chat ? "true" : "false",
	    (long long)conf->chat_message_max,
	    (long long)conf->notification_request_interval_ms / 1000,
	    (long long)conf->handover_countdown_ms / 1000,
	    (long long)conf->handover_hold_ms / 1000,
	    (long long)conf->offer_time_ms / 1000);
	add_save_check(b, conf);
	json_add_pair(b, "admin_url", conf->admin_url);
	buf_add_char(b, '}');
}

static void
add_hello(struct render *r, const struct member *m, struct buf *b)
{
	struct room *room = m->room;
	const struct person *who = m->right->person;
	char now[CLOCK_ISO_SIZE];
	struct tabmsg_hello hello = {
		.you = {
			.who = render_who(room, who->id, who->name),
			.username = who->username,
			.email = who->email,
			.avatar_url = who->avatar_url,
		},
		.tab = m->tab,
		.may_change = m->right->may_change,
		.may_take_over = m->right->may_take_over,
		.now = clock_format_iso(room->set->now.wall_us, now),
		.follows_log = saves_follow_log(r->saves),
		.last_save = slice_of(room->saved),
		.settings = buf_slice(&r->settings),
	};

	tabmsg_add_hello(b, &hello);
}

static void
add_badges(const struct room *room, struct buf *b)
{
	const struct badge *badge;

	tabmsg_open_badges(b);
	LIST_FOREACH(badge, &room->badges, link)
		tabmsg_add_badges(b, slice_of(badge->object),
		    slice_of(badge->value));
	tabmsg_close_badges(b);
}

/* --- all of it --- */

static void
add_who(const struct room *room, const struct tell *t, struct buf *b)
{
	struct message_user u = render_user(room, t->who.id, t->who.name);

	if (t->what == TELL_RELEASED)
		message_add_lock_released(b, &u, NULL);
	else
		message_add_editor_status(b, t->who.id == NULL ? NULL : &u);
}

static void
add_updated(const struct room *room, const struct tell *t, struct buf *b)
{
	struct message_user u = render_user(room, t->updated.who.id,
	    t->updated.who.name);
	char when[CLOCK_ISO_SIZE];

	message_add_content_updated(b, &u,
	    clock_format_iso(t->updated.at_us, when));
}

/* What is one text, whoever it is for. */
static void
add_told(struct render *r, struct room *room, const struct tell *t,
    struct buf *b)
{
	switch (t->what) {
	case TELL_REFUSED:
		add_refusal(b, t->refused.why, t->refused.to);
		break;
	case TELL_STATUS:
	case TELL_RELEASED:
		add_who(room, t, b);
		break;
	case TELL_PENDING:
		message_add_claim_pending(b, (unsigned)t->pending.place,
		    (unsigned)t->pending.of);
		break;
	case TELL_LEFT:
		roster_add_left(b, room, t->user);
		break;
	case TELL_UPDATED:
		add_updated(room, t, b);
		break;
	case TELL_PONG:
		tabmsg_add_pong(b);
		break;
	case TELL_PRESENT:
		add_present(r, room, t->user, b);
		break;
	case TELL_LOCK:
		add_lock(room, t->lock.st, t->lock.hides_editor, b);
		break;
	case TELL_UNKNOWN:
		tabmsg_add_lock_unknown(b);
		break;
	case TELL_SAVED:
		tabmsg_add_saved(b, t->text);
		break;
	case TELL_BADGE:
		tabmsg_add_badge(b, t->badge.object, t->badge.value);
		break;
	case TELL_BADGES:
		add_badges(room, b);
		break;
	default:
		ASSERT(false);
	}
}

/* What is made for one socket alone; false if it is for whomever. */
static bool
add_own(struct render *r, const struct member *m, const struct tell *t,
    struct buf *b)
{
	switch (t->what) {
	case TELL_ACTIVE:
		add_active(r, m, b);
		return (true);
	case TELL_PRESENCE:
		add_presence(r, m, b);
		return (true);
	case TELL_HELLO:
		add_hello(r, m, b);
		return (true);
	default:
		return (false);
	}
}

/* The frames of what is told; m NULL: to an audience. */
static void
make(struct render *r, struct room *room, const struct member *m,
    const struct tell *t, bool takes_many, struct frames *f)
{
	struct buf b = { NULL, 0, 0 };

	if (t->what == TELL_JOINED)
		add_frame(f, roster_joined(r, room, t->user));
	else if (t->what == TELL_FRAME)
		add_frame(f, frame_new(WS_OP_TEXT, t->text));
	else if (t->what == TELL_NEWS)
		make_news(r, room, t, takes_many, f);
	else {
		if (m == NULL || !add_own(r, m, t, &b))
			add_told(r, room, t, &b);
		add_text(f, &b);
	}
	buf_fini(&b);
}

static void
frames_fini(struct frames *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		frame_put(nth_frame(f, i));
	free(f->more);
}

void
render_tell(struct render *r, struct room *room, const struct tell *t,
    char audience, struct slice user_id)
{
	struct frames f = { NULL, NULL, 0 };
	size_t i;

	make(r, room, NULL, t, audience == TO_TABS_MANY, &f);
	for (i = 0; i < f.n; i++)
		deliver(room, audience, user_id, nth_frame(&f, i));
	frames_fini(&f);
}

void
render_tell_one(struct render *r, struct member *m, const struct tell *t)
{
	struct frames f = { NULL, NULL, 0 };
	size_t i;

	make(r, m->room, m, t, m->takes_many, &f);
	for (i = 0; i < f.n; i++)
		client_send(m->client, nth_frame(&f, i));
	frames_fini(&f);
}

void
render_init(struct render *r, const struct conf *conf,
    const struct people *people)
{
	memset(r, 0, sizeof(*r));
	r->people = people;
	r->profiles = profiles_new();
	r->seed = hash_seed();
	add_settings(&r->settings, conf);
}

void
render_fini(struct render *r)
{
	profiles_free(r->profiles);
	buf_fini(&r->settings);
}

/*
 * Tabs: the sockets of collabd's own client, from their hello on. What they say
 * besides the frames of the package, and the frames that show them the room as
 * a state (who is here and does what, the lock with its line, the last save)
 * rather than as events: after a gap the same frames make it right again.
 *
 * Knows no rule of the lock: it shows what the rule book's state holds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "base/xmalloc.h"
#include "proto/tabmsg.h"
#include "proto/wsframe.h"
#include "server/client.h"
#include "server/room.h"
#include "server/saves.h"
#include "shm/counters.h"
#include "store/roomstate.h"

/* A tab's socket answers pings; its lock is kept without a word of the page,
 * whose timers a browser slows down when it is not seen. */
#define BEAT_US		(30 * US_PER_SEC)

static struct slice
buf_slice(const struct buf *b)
{
	return ((struct slice){ b->p, b->n });
}

static struct tabmsg_who
make_who(const struct room *room, const char *id, const char *name)
{
	return ((struct tabmsg_who){ id, room->set->id_is_number, name });
}

static void
tell(struct room *room, struct buf *b)
{
	room_deliver(room, 'T', (struct slice){ NULL, 0 }, buf_slice(b));
	buf_fini(b);
}

static void
tell_one(struct member *m, struct buf *b)
{
	member_send(m, buf_slice(b));
	buf_fini(b);
}

/* --- what people do --- */

static const struct {
	char		 letter;
	const char	*name;
} states[] = {			/* the first one that a user has counts */
	{ TAB_DIRTY, "dirty" },
	{ TAB_VIEWING, "viewing" },
	{ TAB_IDLE, "idle" },
};

static char
letter_of(struct slice name)
{
	size_t i;

	for (i = 0; i < COUNT_OF(states); i++) {
		if (slice_is(name, states[i].name))
			return (states[i].letter);
	}
	return (TAB_VIEWING);
}

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

char
tab_letter(const struct room_user *user)
{
	const struct member *m;
	size_t i;

	for (i = 0; i < COUNT_OF(states); i++) {
		TAILQ_FOREACH(m, &user->members, user_link) {
			if ((m->tab != NULL || m->greets) &&
			    m->letter == states[i].letter)
				return (m->letter);
		}
	}
	return (TAB_NONE);
}

/* Over all workers; this one's word is newer than what Redis gave back. */
static char
whole_letter(const struct room_user *user)
{
	char mine = tab_letter(user);
	size_t i;

	for (i = 0; i < COUNT_OF(states); i++) {
		if (mine == states[i].letter || (user->states != NULL &&
		    strchr(user->states, states[i].letter) != NULL))
			return (states[i].letter);
	}
	return (TAB_NONE);
}

bool
room_user_has_tab(const struct room_user *user)
{
	return (whole_letter(user) != TAB_NONE);
}

/* --- who is here --- */

static void
add_person(const struct room *room, const struct room_user *user,
    struct buf *b)
{
	char *text = room_user_info(user);
	struct roster_info info;
	struct tabmsg_person person;

	roster_info_read(&info, slice_of(text));
	person = (struct tabmsg_person){
		.who = make_who(room, user->id, info.name),
		.username = info.username,
		.email = info.email,
		.avatar_url = info.avatar_url,
		.since = info.joined,
		.state = state_name(whole_letter(user)),
	};
	tabmsg_add_person(b, &person);
	roster_info_fini(&info);
	free(text);
}

/* The user as tabs are shown it; own is used where nothing is kept. */
static struct slice
person_text(struct room *room, struct room_user *user, struct buf *own)
{
	struct shown *shown = room_user_shown(room, user);
	struct buf *b = shown == NULL ? own : &shown->person;
	char letter = whole_letter(user);

	if (shown != NULL && b->n != 0 && shown->letter == letter)
		return (buf_slice(b));
	buf_reset(b);
	add_person(room, user, b);
	if (shown != NULL)
		shown->letter = letter;
	return (buf_slice(b));
}

/* room->news: for each change a letter, the user's id and a NUL. */
#define NEWS_CAME	'+'	/* was not here before */
#define NEWS_CHANGED	'~'
#define NEWS_LEFT	'-'

static void
note_news(struct room *room, const struct room_user *user, char what)
{
	if (room->n_tabs == 0)
		return;
	if (room->news == NULL) {
		room->news = xcalloc(1, sizeof(*room->news));
		/* The end of the turn tells. */
		room_release(room);
	}
	buf_add_char(room->news, what);
	buf_add(room->news, user->id, strlen(user->id) + 1);
}

static size_t
next_news(struct slice news, size_t at)
{
	return (at + strlen(news.p + at) + 1);
}

/* The first change of a user, or the length of them all. */
static size_t
find_news(struct slice news, const char *id)
{
	size_t at = 0;

	while (at < news.n && strcmp(news.p + at + 1, id) != 0)
		at = next_news(news, at);
	return (at);
}

static struct slice
pending_news(const struct room *room)
{
	return (room->news == NULL ? (struct slice){ NULL, 0 } :
	    buf_slice(room->news));
}

static void
send_presence(struct member *m)
{
	struct room *room = m->room;
	struct slice news = pending_news(room);
	struct buf b = { NULL, 0, 0 }, own = { NULL, 0, 0 };
	struct room_user *user;

	message_open_users(&b, MESSAGE_PRESENCE);
	RB_FOREACH(user, room_users, &room->users) {
		if (user->is_present || user == m->user)
			message_add_listed(&b, person_text(room, user, &own));
	}
	message_close_users(&b);
	tell_one(m, &b);
	buf_fini(&own);
	/* Who comes hears of itself as the others do. */
	if (find_news(news, m->user->id) < news.n)
		m->is_news = true;
	m->news_at = (uint32_t)news.n;
}

static void
send_present(struct member *m, struct room_user *user)
{
	struct buf b = { NULL, 0, 0 }, own = { NULL, 0, 0 };

	tabmsg_add_present(&b, person_text(m->room, user, &own));
	tell_one(m, &b);
	buf_fini(&own);
}

/* --- who comes, goes, and does something else --- */

/* Frames for many sockets. */
struct news {
	struct frame	**frames;
	size_t		 n;
};

static void
add_news(struct news *news, struct buf *b)
{
	news->frames = xreallocarray(news->frames, news->n + 1,
	    sizeof(*news->frames));
	news->frames[news->n++] = frame_new(WS_OP_TEXT, buf_slice(b));
	buf_reset(b);
}

static void
send_news(struct member *m, const struct news *news)
{
	size_t i;

	for (i = 0; i < news->n; i++)
		client_send(m->client, news->frames[i]);
}

static void
news_fini(struct news *news)
{
	size_t i;

	for (i = 0; i < news->n; i++)
		frame_put(news->frames[i]);
	free(news->frames);
	news->frames = NULL;
	news->n = 0;
}

/* Those in the news that are here, each once and in their order. Their number.
 */
static size_t
list_present(struct room *room, struct slice news, struct room_user ***out)
{
	struct room_user *user;
	size_t at, i, n = 0;

	*out = xcalloc(news.n, sizeof(**out));
	for (at = 0; at < news.n; at = next_news(news, at)) {
		user = room_user_find(room, slice_of(news.p + at + 1));
		if (user == NULL || !user->is_present || user->is_told)
			continue;
		user->is_told = true;
		user->told = whole_letter(user);
		(*out)[n++] = user;
	}
	for (i = 0; i < n; i++)
		(*out)[i]->is_told = false;
	return (n);
}

/* Those that are not, unless they came and went in between. */
static void
add_absent(struct news *told, struct room *room, struct slice news)
{
	struct buf b = { NULL, 0, 0 };
	struct room_user *user;
	struct tabmsg_who who;
	const char *id;
	size_t at;

	for (at = 0; at < news.n; at = next_news(news, at)) {
		id = news.p + at + 1;
		user = room_user_find(room, slice_of(id));
		if ((user != NULL && user->is_present) ||
		    find_news(news, id) != at || news.p[at] == NEWS_CAME)
			continue;
		who = make_who(room, id, "");
		tabmsg_add_absent(&b, &who);
		add_news(told, &b);
	}
	buf_fini(&b);
}

/* What a socket is told of it. */
static struct news
make_news(struct room *room, struct slice news, bool takes_many)
{
	struct news told = { NULL, 0 };
	struct buf b = { NULL, 0, 0 }, own = { NULL, 0, 0 };
	struct room_user **users;
	size_t i, n = list_present(room, news, &users);

	if (takes_many && n > 1) {
		message_open_users(&b, MESSAGE_USERS_PRESENT);
		for (i = 0; i < n; i++)
			message_add_listed(&b, person_text(room, users[i],
			    &own));
		message_close_users(&b);
		add_news(&told, &b);
	} else {
		for (i = 0; i < n; i++) {
			tabmsg_add_present(&b, person_text(room, users[i],
			    &own));
			add_news(&told, &b);
		}
	}
	add_absent(&told, room, news);
	free(users);
	buf_fini(&own);
	buf_fini(&b);
	return (told);
}

static void
tell_tabs(struct room *room, struct slice news)
{
	/* Made for the first that is to hear it so. */
	struct news all[2] = { { NULL, 0 }, { NULL, 0 } }, late;
	bool is_made[2] = { false, false };
	struct member *m;
	size_t i;

	TAILQ_FOREACH(m, &room->members, link) {
		if (m->tab == NULL)
			continue;
		if (m->news_at != 0) {
			late = make_news(room, (struct slice){
			    news.p + m->news_at, news.n - m->news_at },
			    m->takes_many);
			send_news(m, &late);
			news_fini(&late);
			m->news_at = 0;
			continue;
		}
		i = m->takes_many;
		if (!is_made[i])
			all[i] = make_news(room, news, m->takes_many);
		is_made[i] = true;
		send_news(m, &all[i]);
	}
	for (i = 0; i < COUNT_OF(all); i++) {
		if (is_made[i])
			news_fini(&all[i]);
	}
}

void
room_tell_news(struct room *room)
{
	struct buf *news = room->news;

	if (news == NULL)
		return;
	room->news = NULL;
	tell_tabs(room, buf_slice(news));
	buf_fini(news);
	free(news);
}

void
room_tell_present(struct room *room, struct room_user *user)
{
	user->told = whole_letter(user);
	note_news(room, user, NEWS_CAME);
}

void
room_note_states(struct room *room, struct room_user *user, struct slice now)
{
	free(user->states);
	user->states = now.n == 0 ? NULL : xmemdup0(now.p, now.n);
	if (user->is_present && whole_letter(user) != user->told) {
		user->told = whole_letter(user);
		note_news(room, user, NEWS_CHANGED);
	}
}

void
room_tell_absent(struct room *room, const struct room_user *user)
{
	note_news(room, user, NEWS_LEFT);
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
		editor = room_name_of(room, st->editor.id, st->editor.name);
		lock.editor = make_who(room, st->editor.id, editor);
		lock.tab = st->tab;
	}
	/* Another program's head start may have no end. */
	if (st->previous != NULL && st->previous_until_us != INT64_MAX) {
		lock.previous = st->previous;
		lock.previous_until_us = st->previous_until_us;
	}
	for (i = 0; i < st->n_claims; i++) {
		const struct edit_claim *c = &st->claims[i];

		names[i] = room_name_of(room, c->who.id, c->who.name);
		line[i].who = make_who(room, c->who.id, names[i]);
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

static void
read_told(struct room *room, struct roomstate *rs)
{
	int64_t now_us = clock_wall_us();
	struct store_snapshot view = snapshot_view(&room->told, now_us);

	roomstate_decode(rs, &view, now_us);
	/* From a time to live, and so never twice the same to the
	 * microsecond. */
	if (rs->st.previous_until_us != INT64_MAX)
		rs->st.previous_until_us = room->told.previous_until_us;
}

void
room_tell_lock(struct room *room)
{
	struct buf b = { NULL, 0, 0 };
	struct roomstate rs;
	uint64_t hash;
	bool is_back;

	if (room->n_tabs == 0 || room->kind != ROOM_EDIT || room->is_suspended)
		return;
	read_told(room, &rs);
	add_lock(room, &rs.st, false, &b);
	is_back = room->hidden_beat_us != 0 &&
	    room->hidden_beat_us != rs.st.heartbeat_us;
	roomstate_fini(&rs);
	/* A heartbeat changes nothing that is shown, unless who was silent for
	 * too long is heard of again. */
	hash = hash_bytes(b.p, b.n, room->set->seed);
	if (hash == room->lock_told && !is_back) {
		buf_fini(&b);
		return;
	}
	room->lock_told = hash;
	room->hidden_beat_us = 0;
	tell(room, &b);
}

void
tab_send_lock(struct member *m)
{
	struct room *room = m->room;
	struct buf b = { NULL, 0, 0 };
	struct edit_person editor;
	struct roomstate rs;

	if (room->is_suspended) {
		tabmsg_add_lock_unknown(&b);
		tell_one(m, &b);
		return;
	}
	read_told(room, &rs);
	editor = edit_status(&rs.st, m->user->id, &room->set->policy,
	    clock_wall_us());
	add_lock(room, &rs.st, false, &b);
	/* The first tab: nobody else is to be told the same. */
	if (room->n_tabs == 1)
		room->lock_told = hash_bytes(b.p, b.n, room->set->seed);
	/* One who is silent for too long holds a lock only until asked. */
	if (editor.id == NULL && rs.st.editor.id != NULL) {
		room->hidden_beat_us = rs.st.heartbeat_us;
		buf_reset(&b);
		add_lock(room, &rs.st, true, &b);
	}
	tell_one(m, &b);
	roomstate_fini(&rs);
}

void
room_check_idle(struct room *room)
{
	struct room_user *user;
	struct member *m;
	char letter;

	if (room->kind != ROOM_EDIT || room->n_tabs == 0 ||
	    room->editor.id == NULL)
		return;
	user = room_user_find(room, slice_of(room->editor.id));
	/* Its worker says it. Through several: each, the second in vain. */
	if (user == NULL || (m = TAILQ_FIRST(&user->members)) == NULL)
		return;
	letter = whole_letter(user) == TAB_IDLE ? TAB_IDLE : TAB_VIEWING;
	if ((letter == TAB_IDLE) == room->editor.is_idle ||
	    letter == room->idle_asked)
		return;
	room->idle_asked = letter;
	roomop_edit(room, m, letter == TAB_IDLE ? EDIT_IDLE : EDIT_ACTIVE,
	    NULL);
}

/* Whether the editor's lock is this socket's, which is alive: a tab's by itself, a
 * page's by what it said, though Redis may not have heard it. */
static bool
keeps_lock(const struct room *room, const struct member *m)
{
	if (m->tab == NULL)
		return (m->beat_us > room->editor.heartbeat_us);
	return (text_same(m->tab, room->editor.tab));
}

/* What pages have said while Redis did not hear it; the rule book knows whose
 * word counts. */
static void
beat_again(struct room *room)
{
	int64_t since_us = clock_wall_us() -
	    room->set->policy.heartbeat_timeout_us;
	struct member *m;

	room->owes_beats = false;
	TAILQ_FOREACH(m, &room->members, link) {
		if (m->tab == NULL && m->beat_us > since_us && !m->gave_back)
			roomop_edit(room, m, EDIT_HEARTBEAT, NULL);
	}
}

void
room_beat(struct room *room)
{
	int64_t period_us = room->set->policy.heartbeat_timeout_us / 4;
	struct room_user *user;
	struct member *m;

	if (room->owes_beats && store_is_up(room->set->store))
		beat_again(room);
	if (room->editor.id == NULL ||
	    clock_wall_us() - room->editor.heartbeat_us <
	    (period_us < BEAT_US ? period_us : BEAT_US))
		return;
	user = room_user_find(room, slice_of(room->editor.id));
	if (user == NULL)
		return;
	TAILQ_FOREACH(m, &user->members, user_link) {
		if (keeps_lock(room, m)) {
			roomop_edit(room, m, EDIT_HEARTBEAT, NULL);
			return;
		}
	}
}

/* --- hello --- */

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

void
tab_add_settings(struct buf *b, const struct conf *conf)
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
send_hello(struct member *m)
{
	struct room *room = m->room;
	const struct identity *who = m->grant->session->user->identity;
	struct buf b = { NULL, 0, 0 };
	char now[CLOCK_ISO_SIZE];
	struct tabmsg_hello hello = {
		.you = {
			.who = make_who(room, who->id, who->name),
			.username = who->username,
			.email = who->email,
			.avatar_url = who->avatar_url,
		},
		.tab = m->tab,
		.may_change = m->grant->may_change,
		.may_take_over = m->grant->may_take_over,
		.now = clock_format_iso(clock_wall_us(), now),
		.follows_log = saves_follow_log(room->set->saves),
		.last_save = slice_of(room->saved),
		.settings = buf_slice(&room->set->settings),
	};

	tabmsg_add_hello(&b, &hello);
	tell_one(m, &b);
}

static bool
is_hello(const struct member *m, const struct message *msg)
{
	return (msg->tab.p != NULL && m->room->kind != ROOM_CHAT);
}

void
tab_note_early(struct member *m, const struct message *hello)
{
	char letter;

	if (!is_hello(m, hello))
		return;
	letter = whole_letter(m->user);
	m->greets = true;
	m->letter = letter_of(hello->state);
	m->is_news = !m->user->is_present || whole_letter(m->user) != letter;
}

static void
say_hello(struct member *m, const struct message *msg)
{
	if (!is_hello(m, msg)) {
		member_send_error(m, "bad_hello",
		    "A hello needs a tab of 1 to 64 letters, digits, _ or -.",
		    msg->type);
		return;
	}
	if (m->tab == NULL)
		m->room->n_tabs++;
	free(m->tab);
	m->tab = xmemdup0(msg->tab.p, msg->tab.n);
	m->letter = letter_of(msg->state);
	m->takes_many = msg->takes_many;
	send_hello(m);
	send_presence(m);
	if (m->room->kind == ROOM_EDIT)
		tab_send_lock(m);
	else if (m->room->has_badges)
		tab_send_badges(m);
	else
		roomop_badges(m->room);
	if (m->is_news)
		send_present(m, m->user);
	m->is_news = false;
	roomop_state(m->room, m->user->id);
}

void
tab_fini(struct member *m)
{
	struct room *room = m->room;
	struct room_user *user = m->user;

	if (m->tab == NULL && !m->greets)
		return;
	room->n_tabs -= m->tab != NULL;
	free(m->tab);
	m->tab = NULL;
	/* Who has no page left here leaves, which says it too. */
	if (!TAILQ_EMPTY(&user->members) &&
	    tab_letter(user) != user->letter && !room->set->is_leaving)
		roomop_state(room, user->id);
}

static void
answer_request(struct member *m, const struct message *msg)
{
	/* Not to the first in the line: somebody else was meant. */
	if (slice_is(msg->answer, "hand_over") && msg->bad_recipient)
		member_send_error(m, "nobody", "Nobody has that user_id.",
		    msg->type);
	else if (slice_is(msg->answer, "hand_over"))
		roomop_edit(m->room, m, EDIT_HAND_OVER, msg);
	else if (slice_is(msg->answer, "later"))
		roomop_edit(m->room, m, EDIT_LATER, msg);
	else
		member_send_error(m, "bad_answer",
		    "An answer is hand_over or later.", msg->type);
}

static void
change_state(struct member *m, const struct message *msg)
{
	m->letter = letter_of(msg->state);
	roomop_state(m->room, m->user->id);
}

static void
chat(struct member *m, const struct message *msg)
{
	if (m->room->set->conf->enable_chat)
		member_chat(m, msg);
	else
		member_send_error(m, "disabled", "There is no chat.",
		    msg->type);
}

void
tab_answer_ping(struct member *m)
{
	struct buf b = { NULL, 0, 0 };

	tabmsg_add_pong(&b);
	tell_one(m, &b);
}

/* How a tab has compared its page with what is saved: it is only counted, since
 * the saves that could not be compared are nowhere else to be seen. */
static void
count_check(const struct member *m, const struct message *msg)
{
	static const struct {
		const char	*name;
		enum counter	 id;
	} results[] = {
		{ "same", COUNTER_CHECK_SAME },
		{ "differs", COUNTER_CHECK_DIFFERS },
		{ "gone", COUNTER_CHECK_GONE },
		{ "login", COUNTER_CHECK_LOGIN },
		{ "timeout", COUNTER_CHECK_TIMEOUT },
		{ "error", COUNTER_CHECK_ERROR },
		{ "unreadable", COUNTER_CHECK_UNREADABLE },
	};
	const struct rooms *set = m->room->set;
	size_t i;

	for (i = 0; i < COUNT_OF(results); i++) {
		if (slice_is(msg->result, results[i].name))
			counters_add(set->shm, set->slot, results[i].id, 1);
	}
}

bool
tab_receive(struct member *m, const struct message *msg)
{
	bool edits = m->room->kind == ROOM_EDIT;

	if (msg->type == MESSAGE_HELLO) {
		say_hello(m, msg);
		return (true);
	}
	if (m->tab == NULL)
		return (false);
	if (msg->type == MESSAGE_STATE)
		change_state(m, msg);
	else if (msg->type == MESSAGE_CHAT_MESSAGE)
		chat(m, msg);
	else if (!edits)
		return (false);
	else if (msg->type == MESSAGE_REQUEST_EDIT)
		roomop_edit(m->room, m, EDIT_ASK, msg);
	else if (msg->type == MESSAGE_CANCEL_REQUEST)
		roomop_edit(m->room, m, EDIT_WITHDRAW, msg);
	else if (msg->type == MESSAGE_TAKE_OVER)
		roomop_edit(m->room, m, EDIT_TAKE, msg);
	else if (msg->type == MESSAGE_ANSWER_REQUEST)
		answer_request(m, msg);
	else if (msg->type == MESSAGE_SAVE_CHECK)
		count_check(m, msg);
	else
		return (false);
	return (true);
}

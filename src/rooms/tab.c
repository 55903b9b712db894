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

#include "base/clock_text.h"
#include "base/text.h"
#include "base/xmalloc.h"
#include "rooms/room.h"
#include "store/roomstate.h"

/* A tab's socket answers pings; its lock is kept without a word of the page,
 * whose timers a browser slows down when it is not seen. */
#define BEAT_US		(30 * US_PER_SEC)

static void
tell_tabs(struct room *room, const struct tell *what)
{
	room_tell(room, TO_TABS, (struct slice){ NULL, 0 }, what);
}

/* --- what people do --- */

/* The first one that a user has counts. */
static const char letters[] = { TAB_DIRTY, TAB_VIEWING, TAB_IDLE };

char
tab_letter(const struct room_user *user)
{
	const struct member *m;
	size_t i;

	for (i = 0; i < COUNT_OF(letters); i++) {
		TAILQ_FOREACH(m, &user->members, user_link) {
			if ((m->tab != NULL || m->stage == MEMBER_GREETS) &&
			    m->letter == letters[i])
				return (m->letter);
		}
	}
	return (TAB_NONE);
}

/* This worker's word is newer than what Redis gave back. */
char
room_user_letter(const struct room_user *user)
{
	char mine = tab_letter(user);
	size_t i;

	for (i = 0; i < COUNT_OF(letters); i++) {
		if (mine == letters[i] || (user->states != NULL &&
		    strchr(user->states, letters[i]) != NULL))
			return (letters[i]);
	}
	return (TAB_NONE);
}

bool
room_user_has_tab(const struct room_user *user)
{
	return (room_user_letter(user) != TAB_NONE);
}

/* --- who is here --- */

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

/*
 * What tabs are shown of a user is what it does by now, which Redis may not have
 * heard of. Whenever that is shown to some it is news for all, or those that were
 * told otherwise, or are in this turn, would go on believing it.
 */
void
room_note_letter(struct room *room, struct room_user *user)
{
	if (!user->is_present || room_user_letter(user) == user->told)
		return;
	user->told = room_user_letter(user);
	note_news(room, user, NEWS_CHANGED);
}

static struct slice
pending_news(const struct room *room)
{
	return (room->news == NULL ? (struct slice){ NULL, 0 } :
	    (struct slice){ room->news->p, room->news->n });
}

static void
send_presence(struct member *m)
{
	struct room *room = m->room;
	struct room_user *user;
	struct slice news;

	/* What it does itself it has yet to say to all. */
	RB_FOREACH(user, room_users, &room->users) {
		if (user != m->user)
			room_note_letter(room, user);
	}
	news = pending_news(room);
	/* But if it is in the news they hear it now. */
	if (find_news(news, m->user->id) < news.n)
		room_note_letter(room, m->user);
	news = pending_news(room);
	member_tell(m, &(struct tell){ .what = TELL_PRESENCE });
	/* Who comes hears of itself as the others do. */
	if (find_news(news, m->user->id) < news.n)
		m->is_news = true;
	m->news_at = (uint32_t)news.n;
}

/* --- who comes, goes, and does something else --- */

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
		(*out)[n++] = user;
	}
	for (i = 0; i < n; i++)
		(*out)[i]->is_told = false;
	return (n);
}

/* Those that are not, unless they came and went in between. */
static size_t
list_absent(struct room *room, struct slice news, const char ***out)
{
	struct room_user *user;
	const char *id;
	size_t at, n = 0;

	*out = xcalloc(news.n, sizeof(**out));
	for (at = 0; at < news.n; at = next_news(news, at)) {
		id = news.p + at + 1;
		user = room_user_find(room, slice_of(id));
		if ((user != NULL && user->is_present) ||
		    find_news(news, id) != at || news.p[at] == NEWS_CAME)
			continue;
		(*out)[n++] = id;
	}
	return (n);
}

/* m NULL: to the audience. */
static void
tell_some(struct room *room, struct member *m, char audience,
    struct slice news)
{
	struct tell t = { .what = TELL_NEWS };

	t.news.n_present = list_present(room, news, &t.news.present);
	t.news.n_absent = list_absent(room, news, &t.news.absent);
	if (m != NULL && t.news.n_present + t.news.n_absent != 0)
		member_tell(m, &t);
	else if (m == NULL)
		room->set->ops->tell(room, &t, audience,
		    (struct slice){ NULL, 0 }, room->set->arg);
	free(t.news.present);
	free(t.news.absent);
}

/* Who came while they were gathered has been shown some of them. */
static void
tell_late(struct room *room, struct slice news)
{
	struct member *m;
	uint32_t at;

	TAILQ_FOREACH(m, &room->members, link) {
		if (m->tab == NULL || m->news_at == 0)
			continue;
		at = m->news_at;
		m->news_at = 0;
		tell_some(room, m, TO_TABS, (struct slice){ news.p + at,
		    news.n - at });
	}
}

/* Those in the news may do something else by now. */
static void
bring_up_to_date(struct room *room)
{
	const struct buf *news = room->news;
	struct room_user *user;
	size_t at, next, n = news->n;

	/* It grows meanwhile. */
	for (at = 0; at < n; at = next) {
		next = next_news((struct slice){ news->p, news->n }, at);
		user = room_user_find(room, slice_of(news->p + at + 1));
		if (user != NULL)
			room_note_letter(room, user);
	}
}

void
room_tell_news(struct room *room)
{
	struct buf *b = room->news;
	bool has_many = false, has_each = false, has_late = false;
	struct member *m;
	struct slice news;

	if (b == NULL)
		return;
	bring_up_to_date(room);
	room->news = NULL;
	news = (struct slice){ b->p, b->n };
	TAILQ_FOREACH(m, &room->members, link) {
		if (m->tab == NULL)
			continue;
		has_late |= m->news_at != 0;
		has_many |= m->news_at == 0 && m->takes_many;
		has_each |= m->news_at == 0 && !m->takes_many;
	}
	if (has_many)
		tell_some(room, NULL, TO_TABS_MANY, news);
	if (has_each)
		tell_some(room, NULL, TO_TABS_EACH, news);
	if (has_late)
		tell_late(room, news);
	buf_fini(b);
	free(b);
}

void
room_tell_present(struct room *room, struct room_user *user)
{
	user->told = room_user_letter(user);
	note_news(room, user, NEWS_CAME);
}

void
room_note_states(struct room *room, struct room_user *user, struct slice now)
{
	free(user->states);
	user->states = now.n == 0 ? NULL : xmemdup0(now.p, now.n);
	room_note_letter(room, user);
}

void
room_tell_absent(struct room *room, const struct room_user *user)
{
	note_news(room, user, NEWS_LEFT);
}

/* --- the lock --- */

static void
read_told(struct room *room, struct roomstate *rs)
{
	int64_t now_us = room->set->now.wall_us;
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
	const struct rooms *set = room->set;
	struct tell t = { .what = TELL_LOCK };
	struct roomstate rs;
	uint64_t number;
	bool is_back;

	if (room->n_tabs == 0 || room->kind != ROOM_EDIT ||
	    room->word != WORD_TOLD)
		return;
	read_told(room, &rs);
	t.lock.st = &rs.st;
	number = set->ops->lock_number(room, &rs.st, set->arg);
	is_back = room->hidden_beat_us != 0 &&
	    room->hidden_beat_us != rs.st.heartbeat_us;
	/* A heartbeat changes nothing that is shown, unless who was silent for
	 * too long is heard of again. */
	if (number != room->lock_told || is_back) {
		room->lock_told = number;
		room->hidden_beat_us = 0;
		tell_tabs(room, &t);
	}
	roomstate_fini(&rs);
}

void
tab_send_lock(struct member *m)
{
	struct room *room = m->room;
	const struct rooms *set = room->set;
	struct tell t = { .what = TELL_LOCK };
	struct edit_person editor;
	struct roomstate rs;

	if (room->word != WORD_TOLD) {
		member_tell(m, &(struct tell){ .what = TELL_UNKNOWN });
		return;
	}
	read_told(room, &rs);
	editor = edit_status(&rs.st, m->user->id, &set->policy,
	    set->now.wall_us);
	t.lock.st = &rs.st;
	/* One who is silent for too long holds a lock only until asked. */
	if (editor.id == NULL && rs.st.editor.id != NULL) {
		room->hidden_beat_us = rs.st.heartbeat_us;
		t.lock.hides_editor = true;
	}
	/* The first tab: nobody else is to be told the same. */
	if (room->n_tabs == 1)
		room->lock_told = set->ops->lock_number(room, &rs.st,
		    set->arg);
	member_tell(m, &t);
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
	letter = room_user_letter(user) == TAB_IDLE ? TAB_IDLE : TAB_VIEWING;
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
	int64_t since_us = room->set->now.wall_us -
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

	if (room->owes_beats && room->set->now.is_up)
		beat_again(room);
	if (room->editor.id == NULL ||
	    room->set->now.wall_us - room->editor.heartbeat_us <
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

static bool
is_hello(const struct member *m, const struct saying *msg)
{
	return (msg->tab.p != NULL && m->room->kind != ROOM_CHAT);
}

void
tab_note_early(struct member *m, const struct saying *hello)
{
	char letter;

	if (!is_hello(m, hello))
		return;
	letter = room_user_letter(m->user);
	m->stage = MEMBER_GREETS;
	m->letter = hello->letter;
	m->is_news = !m->user->is_present ||
	    room_user_letter(m->user) != letter;
}

void
tab_note_absent(struct room_user *user)
{
	struct member *m;

	TAILQ_FOREACH(m, &user->members, user_link) {
		if (m->stage == MEMBER_GREETS)
			m->is_news = true;
	}
}

void
tab_say_hello(struct member *m, const struct saying *msg)
{
	if (!is_hello(m, msg)) {
		member_refuse(m, REFUSED_HELLO, msg->what);
		return;
	}
	if (m->tab == NULL)
		m->room->n_tabs++;
	free(m->tab);
	m->tab = xmemdup0(msg->tab.p, msg->tab.n);
	m->letter = msg->letter;
	m->takes_many = msg->takes_many;
	member_tell(m, &(struct tell){ .what = TELL_HELLO });
	send_presence(m);
	if (m->room->kind == ROOM_EDIT)
		tab_send_lock(m);
	else if (m->room->has_badges)
		tab_send_badges(m);
	else
		roomop_badges(m->room);
	if (m->is_news)
		member_tell(m, &(struct tell){ .what = TELL_PRESENT,
		    .user = m->user });
	m->is_news = false;
	roomop_state(m->room, m->user->id);
}

void
tab_fini(struct member *m)
{
	struct room *room = m->room;
	struct room_user *user = m->user;

	if (m->tab == NULL && m->stage != MEMBER_GREETS)
		return;
	room->n_tabs -= m->tab != NULL;
	free(m->tab);
	m->tab = NULL;
	/* Who has no page left here leaves, which says it too. */
	if (!TAILQ_EMPTY(&user->members) &&
	    tab_letter(user) != user->letter && !room->set->is_leaving)
		roomop_state(room, user->id);
}

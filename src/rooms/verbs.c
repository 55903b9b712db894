/*
 * What members say: who may say it, in which room, and what it becomes. All of it
 * is in one table; what is not there is not understood.
 *
 * Whether the lock changes by it is the rule book's to know.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "rooms/room.h"

#define EARLY_MAX	16384	/* bytes a socket may send before its room
				 * has answered */

/* Who may say it. */
enum by {
	BY_ALL,
	BY_OURS,		/* sockets of collabd's own client ... */
	BY_TABS,		/* ... that have said hello */
};

#define IN_EDIT		(1u << ROOM_EDIT)
#define IN_CHAT		(1u << ROOM_CHAT)
#define IN_MODEL	(1u << ROOM_MODEL)
#define IN_ALL		(IN_EDIT | IN_CHAT | IN_MODEL)

/* What it says of the lock that its socket had. */
enum wish { WISH_NONE, WISH_KEEP, WISH_GIVE_BACK };

struct verb {
	enum say	 what;
	unsigned	 in;		/* IN_... */
	enum by		 by;
	/* What it becomes: a verb of the rule book, or what is called. */
	enum edit_verb	 edit;
	void		(*call)(struct member *m, const struct saying *say);
	enum wish	 wish;
};

/* --- what is called --- */

static void
heartbeat(struct member *m, const struct saying *say)
{
	m->beat_us = m->room->set->now.wall_us;
	/* A page of the package says of itself which one it is by that. */
	if (m->tab == NULL && m->page == 0)
		m->page = arc4random_uniform(UINT32_MAX) + 1;
	roomop_edit(m->room, m, EDIT_HEARTBEAT, say);
}

static void
tell_status(struct member *m, const struct saying *say UNUSED)
{
	member_send_status(m, NULL);
}

/* chat_active_users:R of the package: refreshed for whoever reads it there. */
static void
chat_heartbeat(struct member *m, const struct saying *say UNUSED)
{
	const struct rooms *set = m->room->set;

	set->ops->seen(m, set->arg);
}

static void
chat(struct member *m, const struct saying *say)
{
	if (say->text.p == NULL || say->text.n == 0 ||
	    say->recipient_raw.p == NULL)
		member_refuse(m, REFUSED_EMPTY, say->what);
	else if (say->text.n > (size_t)m->room->set->conf->chat_message_max)
		member_refuse(m, REFUSED_TOO_LONG, say->what);
	else
		roomchat_send(m->room, m, say);
}

static void
chat_of_tab(struct member *m, const struct saying *say)
{
	if (m->room->set->conf->enable_chat)
		chat(m, say);
	else
		member_refuse(m, REFUSED_DISABLED, say->what);
}

static void
change_state(struct member *m, const struct saying *say)
{
	m->letter = say->letter;
	roomop_state(m->room, m->user->id);
}

static void
answer(struct member *m, const struct saying *say)
{
	/* Not to the first in the line: somebody else was meant. */
	if (say->answer == ANSWER_HAND_OVER && say->recipient_is_bad)
		member_refuse(m, REFUSED_NO_USER, say->what);
	else if (say->answer == ANSWER_HAND_OVER)
		roomop_edit(m->room, m, EDIT_HAND_OVER, say);
	else if (say->answer == ANSWER_LATER)
		roomop_edit(m->room, m, EDIT_LATER, say);
	else
		member_refuse(m, REFUSED_ANSWER, say->what);
}

/* It is only counted: the saves that could not be compared are nowhere else to be
 * seen. */
static void
count_check(struct member *m, const struct saying *say)
{
	if (say->check != CHECK_NONE)
		rooms_count(m->room->set, (enum room_count)(COUNT_CHECK_SAME +
		    (say->check - CHECK_SAME)), 1);
}

/* The page asks whether this worker is alive: answered at once and to this
 * socket, past the room's queue, since nothing else is asked. */
static void
pong(struct member *m, const struct saying *say UNUSED)
{
	member_tell(m, &(struct tell){ .what = TELL_PONG });
}

/* --- the table --- */

static const struct verb verbs[] = {
	{ SAY_PING, IN_ALL, BY_OURS, 0, pong, WISH_NONE },
	{ SAY_HELLO, IN_ALL, BY_OURS, 0, tab_say_hello, WISH_NONE },
	/* The lock. */
	{ SAY_REQUEST_EDITOR_STATUS, IN_EDIT, BY_ALL, 0, tell_status,
	  WISH_NONE },
	{ SAY_CLAIM_EDITOR, IN_EDIT, BY_ALL, EDIT_CLAIM, NULL, WISH_KEEP },
	{ SAY_HEARTBEAT, IN_EDIT, BY_ALL, EDIT_HEARTBEAT, heartbeat,
	  WISH_KEEP },
	{ SAY_CONTENT_UPDATED, IN_EDIT, BY_ALL, EDIT_UPDATED, NULL,
	  WISH_NONE },
	{ SAY_RELEASE_LOCK, IN_EDIT, BY_ALL, EDIT_RELEASE, NULL,
	  WISH_GIVE_BACK },
	{ SAY_REQUEST_ATTENTION, IN_EDIT, BY_ALL, EDIT_ATTENTION, NULL,
	  WISH_NONE },
	{ SAY_REQUEST_EDIT, IN_EDIT, BY_TABS, EDIT_ASK, NULL, WISH_KEEP },
	{ SAY_CANCEL_REQUEST, IN_EDIT, BY_TABS, EDIT_WITHDRAW, NULL,
	  WISH_NONE },
	{ SAY_ANSWER_REQUEST, IN_EDIT, BY_TABS, 0, answer, WISH_NONE },
	{ SAY_TAKE_OVER, IN_EDIT, BY_TABS, EDIT_TAKE, NULL, WISH_KEEP },
	{ SAY_SAVE_CHECK, IN_EDIT, BY_TABS, 0, count_check, WISH_NONE },
	/* People. */
	{ SAY_STATE, IN_EDIT | IN_MODEL, BY_TABS, 0, change_state,
	  WISH_NONE },
	{ SAY_CHAT_MESSAGE, IN_CHAT, BY_ALL, 0, chat, WISH_NONE },
	{ SAY_CHAT_MESSAGE, IN_EDIT | IN_MODEL, BY_TABS, 0, chat_of_tab,
	  WISH_NONE },
	{ SAY_HEARTBEAT, IN_CHAT, BY_ALL, 0, chat_heartbeat, WISH_NONE },
};

static bool
may_say(const struct member *m, enum by by)
{
	return (by == BY_ALL || (m->is_v1 &&
	    (by == BY_OURS || m->tab != NULL)));
}

/* NULL: nothing that this member may say here. */
static const struct verb *
find_verb(const struct member *m, enum say what)
{
	size_t i;

	for (i = 0; i < COUNT_OF(verbs); i++) {
		if (verbs[i].what == what &&
		    (verbs[i].in & 1u << m->room->kind) != 0 &&
		    may_say(m, verbs[i].by))
			return (&verbs[i]);
	}
	return (NULL);
}

static void
obey(struct member *m, const struct verb *verb, const struct saying *say)
{
	if (verb->wish != WISH_NONE)
		m->gave_back = verb->wish == WISH_GIVE_BACK;
	if (verb->call != NULL)
		verb->call(m, say);
	else
		roomop_edit(m->room, m, verb->edit, say);
}

/* --- what is not done --- */

static void
count_bad(struct member *m, enum say type)
{
	enum room_count id;

	switch (type) {
	case SAY_NOT_OBJECT:
		id = COUNT_BAD_NOT_OBJECT;
		break;
	case SAY_NO_TYPE:
		id = COUNT_BAD_NO_TYPE;
		break;
	case SAY_BAD_JSON:
	case SAY_TOO_DEEP:
		id = COUNT_BAD_JSON;
		break;
	default:
		id = COUNT_BAD_UNKNOWN_TYPE;
		type = SAY_UNKNOWN;
		break;
	}
	rooms_count(m->room->set, id, 1);
	member_refuse(m, REFUSED_BAD, type);
}

/* A page that reconnects asks as soon as the socket is open, and does not ask
 * again: what comes before the first frames is kept. */
static void
keep_early(struct member *m, struct slice text, const struct saying *msg)
{
	uint32_t n = (uint32_t)text.n;

	if (m->early == NULL)
		m->early = xcalloc(1, sizeof(*m->early));
	if (m->early->n + sizeof(n) + text.n > EARLY_MAX) {
		member_refuse(m, REFUSED_NOT_READY, SAY_UNKNOWN);
		return;
	}
	if (m->is_v1 && msg->what == SAY_HELLO)
		tab_note_early(m, msg);
	buf_add(m->early, &n, sizeof(n));
	buf_add(m->early, text.p, text.n);
}

/* Its user has said too much, here or elsewhere: others come first. */
static void
refuse_fast(struct member *m, enum say type)
{
	rooms_count(m->room->set, COUNT_OVER_RATE, 1);
	log_warn_limited("message refused reason=\"too many messages of one "
	    "user\" user=%s room=%s", m->user->id, m->room->key);
	member_refuse(m, REFUSED_RATE, type);
}

static bool
may_send(struct member *m, size_t n, enum say type)
{
	const struct rooms *set = m->room->set;

	return (set->ops->may_say(m, n, type == SAY_CHAT_MESSAGE,
	    set->arg));
}

/* --- all of it --- */

void
member_receive_kept(struct member *m)
{
	const struct rooms *set = m->room->set;
	struct buf *early = m->early;
	size_t at = 0;
	uint32_t n;

	if (early == NULL)
		return;
	m->early = NULL;
	while (at < early->n) {
		memcpy(&n, early->p + at, sizeof(n));
		at += sizeof(n);
		set->ops->hear_again(m, (struct slice){ early->p + at, n },
		    set->arg);
		at += n;
	}
	buf_fini(early);
	free(early);
}

void
member_receive(struct member *m, const struct saying *say, struct slice text)
{
	const struct verb *verb = find_verb(m, say->what);
	bool is_ping = verb != NULL && verb->call == pong;

	if (m->stage != MEMBER_READY && !is_ping)
		keep_early(m, text, say);
	else if (!may_send(m, text.n, say->what))
		refuse_fast(m, say->what);
	else if (verb == NULL)
		count_bad(m, say->what);
	else
		obey(m, verb, say);
}

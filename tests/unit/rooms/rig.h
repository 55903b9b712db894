/*
 * Rooms without a server: inputs as words, effects as words. A struct rig is the
 * world of one worker with one edit room; Redis is whoever writes the rows.
 *
 * Inputs:
 *	up | up fresh | down | suspend | settled | unsettled | refusing
 *	page USER | tab USER | leave USER	a socket of a user
 *	goes USER		... whose page goes away, says the socket's end
 *	say USER WORD		claim release beat status ask ping hello
 *	ok SEQ EDITOR MEMBERS	the first question that waits is answered, with
 *				the room as it is then; EDITOR 0: nobody; MEMBERS
 *				"-": the answer has none, "0": nobody is there
 *	mismatch SEQ EDITOR | busy | later (STORE_UNSETTLED)
 *	known			... with STORE_KNOWN
 *	gone			... with a room that Redis knows nothing of
 *	event SEQ EDITOR WHAT	joined=USER, left=USER, state=USER (who views
 *				then), or none of these: -
 *	epoch N			of all that comes from now on
 *	wait MS			time goes by, and rooms_on_time() if it is due
 *	tick			a second goes by
 *
 * Effects are written down in their order, with "; " between them: questions to
 * Redis with a "?", "A:" and its like to an audience, "7:" to a socket of user 7.
 * RIG_SHOWS=1 prints the rows with what does come of them.
 */
#ifndef COLLABD_TESTS_ROOMS_RIG_H
#define COLLABD_TESTS_ROOMS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock_text.h"
#include "base/conf.h"
#include "base/hash.h"
#include "rooms/room.h"

#define RIG_ASKS	32
#define RIG_SOCKETS	8
#define RIG_KEY		"e:shop/item/7"

struct rig_socket {
	struct member	*member;
	struct right	 right;
	struct person	 person;
	char		 id[8];
};

struct rig {
	struct conf	 conf;
	struct rooms	*rooms;
	struct room_now	 now;
	int64_t		 wakes_at_ms;
	uint64_t	 epoch;
	int64_t		 beat_us;	/* of the editor in what Redis says */
	struct room_ask	*asks[RIG_ASKS];
	size_t		 n_asks;
	struct rig_socket sockets[RIG_SOCKETS];
	struct buf	 effects;
};

/* One input, and what is to come of it. */
struct row {
	const char	*input;
	const char	*effects;	/* NULL: no matter */
};


/* Tests are to be the same each time. */
uint32_t
arc4random_uniform(uint32_t n UNUSED)
{
	return (0);
}

/* --- effects, written down --- */

static void PRINTFLIKE(2, 3)
note(struct rig *rig, const char *fmt, ...)
{
	va_list ap;
	char text[256];

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (rig->effects.n != 0)
		buf_add_str(&rig->effects, "; ");
	buf_add_str(&rig->effects, text);
}

static const char *
name_of(const char *id)
{
	return (id == NULL ? "nobody" : id);
}

static const char *const refusals[] = {
	"bad", "not_ready", "rate", "empty", "too_long", "hello", "no_user",
	"answer", "disabled", "is_editor", "held", "not_editor", "no_editor",
	"forbidden", "nobody", "too_soon", "busy", "undecided", "unsent"
};
_Static_assert(COUNT_OF(refusals) == REFUSALS, "all have names");

static const char *
what_of(const struct tell *t, char *text, size_t n)
{
	switch (t->what) {
	case TELL_REFUSED:
		(void)snprintf(text, n, "refused %s",
		    refusals[t->refused.why]);
		break;
	case TELL_STATUS:
		(void)snprintf(text, n, "editor %s", name_of(t->who.id));
		break;
	case TELL_RELEASED:
		(void)snprintf(text, n, "released %s", name_of(t->who.id));
		break;
	case TELL_PENDING:
		(void)snprintf(text, n, "pending %zu of %zu",
		    t->pending.place, t->pending.of);
		break;
	case TELL_JOINED:
		(void)snprintf(text, n, "joined %s", t->user->id);
		break;
	case TELL_LEFT:
		(void)snprintf(text, n, "left %s", t->user->id);
		break;
	case TELL_LOCK:
		(void)snprintf(text, n, "lock %s", t->lock.hides_editor ?
		    "hidden" : name_of(t->lock.st->editor.id));
		break;
	case TELL_NEWS:
		(void)snprintf(text, n, "news +%zu -%zu", t->news.n_present,
		    t->news.n_absent);
		break;
	case TELL_FRAME:
		(void)snprintf(text, n, "%.*s", (int)t->text.n, t->text.p);
		break;
	case TELL_UNKNOWN:
		return ("unknown");
	case TELL_HELLO:
		return ("hello");
	case TELL_PRESENCE:
		return ("presence");
	case TELL_PRESENT:
		return ("present");
	case TELL_PONG:
		return ("pong");
	default:
		return ("?");
	}
	return (text);
}

static void
do_tell(struct room *room UNUSED, const struct tell *t, char audience,
    struct slice user_id, void *arg)
{
	char text[96];

	note(arg, "%c%.*s: %s", audience, (int)user_id.n,
	    user_id.n == 0 ? "" : user_id.p, what_of(t, text, sizeof(text)));
}

static void
do_tell_one(struct member *m, const struct tell *t, void *arg)
{
	char text[96];

	note(arg, "%s: %s", m->user->id, what_of(t, text, sizeof(text)));
}

static void
do_count(enum room_count what, int64_t n UNUSED, void *arg)
{
	if (what == COUNT_RESYNCS)
		note(arg, "resync");
}

static void
do_audit(struct slice lines UNUSED, void *arg)
{
	note(arg, "audit");
}

static void
do_close(struct member *m, enum room_close why UNUSED, void *arg)
{
	note(arg, "close %s", m->user->id);
}

static void
do_wake(int64_t in_ms, void *arg)
{
	struct rig *rig = arg;

	rig->wakes_at_ms = rig->now.mono_ms + in_ms;
}

static bool
do_may_say(const struct member *m UNUSED, size_t n UNUSED,
    bool is_chat UNUSED, void *arg UNUSED)
{
	return (true);
}

static void	say(struct rig *rig, struct member *m, const char *word,
		    struct slice text);

static void
do_hear_again(struct member *m, struct slice text, void *arg)
{
	char word[32];

	(void)snprintf(word, sizeof(word), "%.*s", (int)text.n, text.p);
	say(arg, m, word, text);
}

static void
asked(struct rig *rig, struct room_ask *ask)
{
	assert_true(rig->n_asks < RIG_ASKS);
	rig->asks[rig->n_asks++] = ask;
}

static void
do_join(const struct room *room UNUSED, const struct room_user *user,
    const char *letter UNUSED, uint64_t known_epoch, struct room_ask *ask,
    void *arg)
{
	note(arg, "?join %s%s", user->id, known_epoch == 0 ? " whole" : "");
	asked(arg, ask);
}

static void
do_leave(const struct room_commit *of, const char *user_id,
    const char *worker_id UNUSED, struct room_ask *ask, void *arg)
{
	note(arg, "?leave %s, editor %s", user_id,
	    name_of(of->res->next.editor.id));
	asked(arg, ask);
}

static void
do_commit(const struct room_commit *of, struct room_ask *ask, void *arg)
{
	note(arg, "?commit %seditor %s", of->moves_lock ? "the " : "",
	    name_of(of->res->next.editor.id));
	asked(arg, ask);
}

static void
do_adopt(struct room *room UNUSED, const struct store_snapshot *snap UNUSED,
    const struct edit_state *from, const struct edit_state *to,
    struct room_ask *ask, void *arg)
{
	note(arg, "?adopt %s after %s", name_of(to->editor.id),
	    name_of(from->editor.id));
	asked(arg, ask);
}

static void
do_restore(struct room *room UNUSED, struct store_change *change UNUSED,
    const struct edit_state *from UNUSED, const struct edit_state *to,
    struct room_ask *ask, void *arg)
{
	note(arg, "?recall %s", name_of(to->editor.id));
	asked(arg, ask);
}

static void
do_load(const struct room *room UNUSED, struct room_ask *ask, void *arg)
{
	note(arg, "?load");
	asked(arg, ask);
}

static void
do_state(const struct room *room UNUSED, const char *user_id,
    const char *letter, struct room_ask *ask, void *arg)
{
	note(arg, "?state %s %c", user_id, *letter == TAB_NONE ? '-' :
	    *letter);
	asked(arg, ask);
}

static void
do_check(const struct store_room *rooms UNUSED,
    const struct store_snapshot *known UNUSED, size_t n UNUSED, void *arg)
{
	note(arg, "?check");
}

static void
do_doubt(void *arg)
{
	note(arg, "doubt");
}

static void
do_keep(struct room_user *user, struct slice info UNUSED, void *arg)
{
	user->profile = arg;
}

static void
do_forget(struct room_user *user, void *arg UNUSED)
{
	user->profile = NULL;
}

static void
do_stale(struct room *room UNUSED, void *arg UNUSED)
{
}

static bool
do_is_update(struct slice frame UNUSED, void *arg UNUSED)
{
	return (false);
}

/* By editor and line: nothing else of it is in the rows. */
static uint64_t
do_lock_number(struct room *room UNUSED, const struct edit_state *st,
    void *arg UNUSED)
{
	const char *id = st->editor.id == NULL ? "" : st->editor.id;

	return (hash_bytes(id, strlen(id), st->n_claims) | 1);
}

static bool
do_cached(const struct room *room UNUSED, struct snapshot *snap UNUSED,
    void *arg UNUSED)
{
	return (false);
}

static void
do_cache(const struct room *room UNUSED, const struct snapshot *snap UNUSED,
    void *arg UNUSED)
{
}

static void
do_uncache(const struct room *room UNUSED, void *arg UNUSED)
{
}

static const struct rooms_ops rig_ops = {
	.tell = do_tell, .tell_one = do_tell_one, .count = do_count,
	.audit = do_audit, .close = do_close, .wake = do_wake,
	.may_say = do_may_say, .hear_again = do_hear_again, .join = do_join,
	.leave = do_leave, .commit = do_commit, .adopt = do_adopt,
	.restore = do_restore, .load = do_load, .state = do_state,
	.check = do_check, .doubt = do_doubt, .keep = do_keep,
	.forget = do_forget, .stale = do_stale, .is_update = do_is_update,
	.lock_number = do_lock_number, .cached = do_cached,
	.cache = do_cache, .uncache = do_uncache,
};

/* --- inputs, read --- */

static struct rig_socket *
socket_of(struct rig *rig, int user)
{
	assert_true(user > 0 && user < RIG_SOCKETS);
	return (&rig->sockets[user]);
}

static void
join(struct rig *rig, int user, bool is_v1)
{
	struct rig_socket *s = socket_of(rig, user);

	(void)snprintf(s->id, sizeof(s->id), "%d", user);
	s->person = (struct person){ s->id, s->id, s->id, "", NULL };
	s->right = (struct right){ .person = &s->person, .may_change = true };
	s->member = rooms_join(rig->rooms, RIG_KEY, "admin_shop_item_7", NULL,
	    &s->right, is_v1);
}

static void
leave(struct rig *rig, int user, bool went_away)
{
	struct rig_socket *s = socket_of(rig, user);

	member_leave(s->member, went_away);
	s->member = NULL;
}

static void
say(struct rig *rig UNUSED, struct member *m, const char *word,
    struct slice text)
{
	static const struct { const char *word; enum say what; } words[] = {
		{ "claim", SAY_CLAIM_EDITOR }, { "release", SAY_RELEASE_LOCK },
		{ "beat", SAY_HEARTBEAT }, { "ask", SAY_REQUEST_EDIT },
		{ "status", SAY_REQUEST_EDITOR_STATUS },
		{ "ping", SAY_PING }, { "hello", SAY_HELLO },
	};
	struct saying s = { .what = SAY_UNKNOWN, .at_us = SAY_NO_TIME,
	    .letter = TAB_VIEWING };
	size_t i;

	for (i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(words[i].word, word) == 0)
			s.what = words[i].what;
	}
	if (s.what == SAY_HELLO)
		s.tab = slice_of(m->user->id);
	member_receive(m, &s, text);
}

/* The room as Redis has it. */
static struct store_snapshot
snapshot(struct rig *rig, uint64_t seq, int editor, char text[256])
{
	struct store_snapshot snap = { .epoch = rig->epoch, .seq = seq,
	    .previous_ttl_ms = -2, .known_epoch = rig->epoch,
	    .known_seq = seq };
	char iso[CLOCK_ISO_SIZE];

	if (editor != 0) {
		(void)snprintf(text, 256, "{\"editor_id\": %d, "
		    "\"editor_name\": \"%d\", \"last_heartbeat\": \"%s\"}",
		    editor, editor, clock_format_iso(rig->beat_us, iso));
		snap.editor = slice_of(text);
	}
	return (snap);
}

static void
reply(struct rig *rig, enum store_status status, uint64_t seq, int editor,
    const char *members)
{
	struct store_reply r = { .status = status };
	struct store_member list[RIG_SOCKETS];
	struct room_ask *ask;
	char text[256];
	size_t i;

	assert_true(rig->n_asks > 0);
	ask = rig->asks[0];
	memmove(rig->asks, rig->asks + 1, --rig->n_asks * sizeof(ask));
	r.snapshot = snapshot(rig, seq, editor, text);
	if (seq == 0)
		r.snapshot.epoch = 0;
	r.has_roster = strcmp(members, "-") != 0;
	r.members = list;
	for (i = 0; r.has_roster && members[i] > '0'; i++)
		list[r.n_members++] = (struct store_member){
		    .user_id = { members + i, 1 }, .info = SLICE_LIT("{}") };
	room_answered(ask, &r);
}

static void
event(struct rig *rig, uint64_t seq, int editor, const char *what)
{
	struct store_message msg = { .room_key = SLICE_LIT(RIG_KEY),
	    .epoch = rig->epoch, .seq = seq };
	char text[256];

	msg.snapshot = snapshot(rig, seq, editor, text);
	if (strncmp(what, "joined=", 7) == 0) {
		msg.joined.user_id = slice_of(what + 7);
		msg.joined.info = SLICE_LIT("{}");
	} else if (strncmp(what, "state=", 6) == 0) {
		msg.state.user_id = slice_of(what + 6);
		msg.state.states = SLICE_LIT("v");
	} else if (strncmp(what, "left=", 5) == 0)
		msg.left = slice_of(what + 5);
	else if (strcmp(what, "-") != 0) {
		msg.frames[0] = (struct store_frame){ 'A', { NULL, 0 },
		    slice_of(what) };
		msg.n_frames = 1;
	}
	rooms_on_message(rig->rooms, &msg);
}

static void
set_now(struct rig *rig)
{
	rooms_set_now(rig->rooms, &rig->now);
}

static void
pass(struct rig *rig, int64_t ms)
{
	rig->now.mono_ms += ms;
	rig->now.wall_us += ms * US_PER_MS;
	set_now(rig);
	if (rig->wakes_at_ms <= rig->now.mono_ms) {
		rig->wakes_at_ms = INT64_MAX;
		rooms_on_time(rig->rooms);
	}
}

static bool
link_input(struct rig *rig, const char *input)
{
	if (strncmp(input, "up", 2) == 0) {
		rig->now.is_up = true;
		set_now(rig);
		rooms_on_up(rig->rooms, strcmp(input, "up fresh") == 0);
	} else if (strcmp(input, "down") == 0) {
		rig->now.is_up = false;
		set_now(rig);
		rooms_on_down(rig->rooms);
	} else if (strcmp(input, "suspend") == 0)
		rooms_on_suspend(rig->rooms);
	else if (strcmp(input, "settled") == 0)
		rig->now.is_settled = true;
	else if (strcmp(input, "unsettled") == 0) {
		rig->now.is_settled = false;
		rig->now.generation++;
	} else if (strcmp(input, "refusing") == 0)
		rig->now.takes_no_writes = true;
	else if (strcmp(input, "tick") == 0) {
		pass(rig, 1000);
		rooms_tick(rig->rooms);
	} else
		return (false);
	return (true);
}

static void
run(struct rig *rig, const char *input)
{
	char word[32] = "", members[16] = "-", what[64] = "-";
	unsigned long long seq = 0;
	int a = 0;

	set_now(rig);
	if (link_input(rig, input))
		return;
	if (sscanf(input, "page %d", &a) == 1)
		join(rig, a, false);
	else if (sscanf(input, "tab %d", &a) == 1)
		join(rig, a, true);
	else if (sscanf(input, "leave %d", &a) == 1)
		leave(rig, a, false);
	else if (sscanf(input, "goes %d", &a) == 1)
		leave(rig, a, true);
	else if (sscanf(input, "say %d %31s", &a, word) == 2)
		say(rig, socket_of(rig, a)->member, word, slice_of(word));
	else if (sscanf(input, "ok %llu %d %15s", &seq, &a, members) >= 2)
		reply(rig, STORE_OK, seq, a, members);
	else if (sscanf(input, "mismatch %llu %d", &seq, &a) == 2)
		reply(rig, STORE_MISMATCH, seq, a, "-");
	else if (strcmp(input, "busy") == 0)
		reply(rig, STORE_UNAVAILABLE, 1, 0, "-");
	else if (strcmp(input, "later") == 0)
		reply(rig, STORE_UNSETTLED, 1, 0, "-");
	else if (strcmp(input, "known") == 0)
		reply(rig, STORE_KNOWN, 1, 0, "-");
	else if (strcmp(input, "gone") == 0)
		reply(rig, STORE_OK, 0, 0, "0");
	else if (sscanf(input, "event %llu %d %63[^\n]", &seq, &a, what) == 3)
		event(rig, seq, a, what);
	else if (sscanf(input, "epoch %llu", &seq) == 1)
		rig->epoch = seq;
	else if (sscanf(input, "wait %d", &a) == 1)
		pass(rig, a);
	else
		fail_msg("no input: %s", input);
}

static void
rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	conf_init(&rig->conf);
	rig->now = (struct room_now){ .mono_ms = 1000000,
	    .wall_us = INT64_C(1800000000000000), .is_settled = true,
	    .generation = 1 };
	rig->wakes_at_ms = INT64_MAX;
	rig->epoch = 5;
	rig->beat_us = rig->now.wall_us;
	rig->rooms = rooms_new(&rig->conf, &rig_ops, rig);
	run(rig, "up fresh");
	buf_reset(&rig->effects);
}

static void
rig_fini(struct rig *rig)
{
	int i;

	rooms_leave_quietly(rig->rooms);
	for (i = 1; i < RIG_SOCKETS; i++) {
		if (rig->sockets[i].member != NULL)
			leave(rig, i, false);
	}
	rooms_free(rig->rooms);
	buf_fini(&rig->effects);
	conf_fini(&rig->conf);
}

static void
rig_run(struct rig *rig, const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		buf_reset(&rig->effects);
		run(rig, rows[i].input);
		rooms_end_turn(rig->rooms);
		if (getenv("RIG_SHOWS") != NULL)
			printf("\t\t{ \"%s\", \"%s\" },\n", rows[i].input,
			    buf_str(&rig->effects));
		else if (rows[i].effects != NULL &&
		    strcmp(buf_str(&rig->effects), rows[i].effects) != 0)
			fail_msg("row %zu, %s: %s, not %s", i, rows[i].input,
			    buf_str(&rig->effects), rows[i].effects);
	}
}

/* A world of its own for each table. */
static void
rig_play(const struct row *rows, size_t n)
{
	struct rig rig;

	rig_init(&rig);
	rig_run(&rig, rows, n);
	rig_fini(&rig);
}

#define PLAY(rows)	rig_play(rows, COUNT_OF(rows))

#endif

/*
 * The rule book, model-checked as it is: every state that three users can
 * bring a room into, by any order of commands and passing time, is visited
 * once (breadth first; times are kept relative to now and capped, so that the
 * space is finite, and states that differ only in who is who are one), and in
 * each the promises are checked:
 *
 *  - what the room was told is true: the last editor_status or lock_released
 *    names exactly who is the editor (a stale lock that nobody else saw aside)
 *  - nobody waits on a lock that no one holds without a deadline in sight
 *  - nobody who left is the editor or stands in the line, nor anybody twice
 *  - a lock is offered only when it is free, and to the first, who asked; a
 *    countdown runs only against an idle editor who has not said "later"
 *  - an editor keeps the lock until it gives it up, is silent, loses its
 *    right, or is overtaken by a countdown or a take-over; and what is kept
 *    for somebody goes to nobody else but by a take-over
 *  - no page gives back what another page or a tab of its user still edits
 *  - until the save of a page that gave the lock back is done, or was waited for
 *    for long enough, nobody else becomes the editor but by a take-over
 *  - who has asked stands in the line until it has the lock, does not want it
 *    any more, or lets an offer go by
 *  - who may not change the object gets nowhere
 *  - events are of the kinds and in the order that the header says
 *  - after a refusal nothing has changed
 *  - a tick does all there is to do: its deadline is over, and another tick
 *    finds nothing
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/edit.h"

#define SEC		INT64_C(1000000)
#define USERS		3
#define NOBODY		USERS
#define UNSET		(-1)		/* a time of the world */
#define NOW		(1000 * SEC)
#define STATES_MAX	400000
#define TABLE		(1u << 20)

/* Short times keep the space small; their order is what matters. */
static const struct edit_policy policies[] = {
	{ 4 * SEC, 3 * SEC, SEC, 2 * SEC, 3 * SEC, 2 * SEC, 0 },
	/* Silence ends a lock before a countdown does. */
	{ 2 * SEC, SEC, 2 * SEC, 3 * SEC, 4 * SEC, SEC, 0 },
	/* No head starts. */
	{ 4 * SEC, 0, 0, 2 * SEC, 2 * SEC, 3 * SEC, 0 },
	/* With pages of the package: others wait for saves, or do not. */
	{ 3 * SEC, SEC, SEC, 2 * SEC, 2 * SEC, SEC, 2 * SEC },
	{ 2 * SEC, 0, 0, 2 * SEC, 2 * SEC, SEC, 0 },
};
#define PAGES_FROM	3
static struct edit_policy policy;
static const char *const ids[USERS] = { "a", "b", "c" };
static const char *const tabs[] = { "t", "u", NULL };
static const char *const pages[] = { "p", "q" };
#define NO_TAB	2
#define PAGES	2
static bool with_pages;

/* A state of the world, small enough to compare bytewise. */
struct world {
	uint8_t	editor, previous, holder, last, saver;
	uint8_t	tab;		/* of the editor */
	uint8_t	idle;
	int8_t	beat;		/* seconds before now, capped */
	int8_t	until;		/* seconds after now, capped */
	int8_t	last_until;
	int8_t	countdown, hold, offer;	/* after now, UNSET, 0: due */
	int8_t	settle;
	int8_t	saved;		/* before now, capped */
	int8_t	pages[PAGES];	/* their heartbeats: as beat; or UNSET */
	uint8_t	n_claims, claims[USERS];
	uint8_t	asked;		/* bit for each user in the line */
	uint8_t	present;	/* bit for each user */
	uint8_t	told;		/* whom the room believes to be the editor */
};

/* What a user may do; run() makes a command of it. */
struct move {
	enum edit_verb	 verb;
	uint8_t		 tab;
	bool		 no_right, may_take, moves, may_return;
	bool		 has_tabs, gave_back;
	const char	*page;
};

static const struct move moves[] = {
	{ .verb = EDIT_CLAIM },
	{ .verb = EDIT_CLAIM, .tab = 1, .moves = true },
	{ .verb = EDIT_CLAIM, .no_right = true },
	{ .verb = EDIT_ASK },
	{ .verb = EDIT_ASK, .no_right = true },
	{ .verb = EDIT_HEARTBEAT },
	{ .verb = EDIT_HEARTBEAT, .no_right = true },
	{ .verb = EDIT_UPDATED },
	{ .verb = EDIT_RELEASE },
	{ .verb = EDIT_RELEASE, .tab = 1 },
	{ .verb = EDIT_RELEASE, .may_return = true },
	{ .verb = EDIT_ATTENTION },
	{ .verb = EDIT_WITHDRAW },
	{ .verb = EDIT_LATER },
	{ .verb = EDIT_TAKE, .may_take = true },
	{ .verb = EDIT_TAKE, .may_take = true, .no_right = true },
	{ .verb = EDIT_TAKE },
	{ .verb = EDIT_REVOKE },
	{ .verb = EDIT_IDLE },
	{ .verb = EDIT_ACTIVE },
	{ .verb = EDIT_LEAVE },
};

static const struct move page_moves[] = {
	{ .verb = EDIT_CLAIM, .tab = NO_TAB },
	{ .verb = EDIT_CLAIM, .moves = true },
	{ .verb = EDIT_ASK },
	{ .verb = EDIT_HEARTBEAT, .tab = NO_TAB, .page = "p" },
	{ .verb = EDIT_HEARTBEAT, .tab = NO_TAB, .page = "q" },
	{ .verb = EDIT_UPDATED, .tab = NO_TAB },
	{ .verb = EDIT_RELEASE, .tab = NO_TAB, .page = "p" },
	{ .verb = EDIT_RELEASE, .tab = NO_TAB, .page = "q" },
	{ .verb = EDIT_RELEASE, .tab = NO_TAB, .page = "p", .has_tabs = true },
	{ .verb = EDIT_RELEASE, .tab = NO_TAB },
	{ .verb = EDIT_RELEASE },
	{ .verb = EDIT_RELEASE, .may_return = true },
	{ .verb = EDIT_PAGE_GONE, .tab = NO_TAB, .page = "q" },
	{ .verb = EDIT_SAVED, .tab = NO_TAB },
	{ .verb = EDIT_WITHDRAW },
	{ .verb = EDIT_TAKE, .may_take = true },
	{ .verb = EDIT_LEAVE, .tab = NO_TAB },
	{ .verb = EDIT_LEAVE, .tab = NO_TAB, .gave_back = true },
};

static struct world *seen;
static size_t n_seen;
static uint32_t *table;		/* open addressing: index + 1 */

static uint8_t
number_of(const char *id)
{
	return (id == NULL ? NOBODY : (uint8_t)(id[0] - 'a'));
}

static const char *
id_of(uint8_t n)
{
	return (n == NOBODY ? NULL : ids[n]);
}

static struct edit_person
person_of(uint8_t n)
{
	return ((struct edit_person){ id_of(n), id_of(n) });
}

static bool
has(uint8_t set, uint8_t user)
{
	return (user != NOBODY && (set & 1u << user) != 0);
}

static int8_t
cap(int64_t us, int low, int high)
{
	int64_t s = us / SEC;

	return ((int8_t)(s < low ? low : s > high ? high : s));
}

static int
stale_after(void)
{
	return ((int)(policy.heartbeat_timeout_us / SEC));
}

static int64_t
to_time(int8_t left)
{
	return (left == UNSET ? 0 : NOW + left * SEC);
}

static int8_t
from_time(int64_t us)
{
	return (us == 0 ? UNSET : cap(us - NOW, 0, 9));
}

static void
pages_to_state(const struct world *w, struct edit_state *st)
{
	uint8_t i;

	for (i = 0; i < PAGES; i++) {
		if (w->pages[i] != UNSET)
			st->pages[st->n_pages++] = (struct edit_page){
				pages[i], NOW - w->pages[i] * SEC
			};
	}
}

static void
pages_from_state(const struct edit_state *st, struct world *w)
{
	size_t i, k;

	for (i = 0; i < PAGES; i++) {
		w->pages[i] = UNSET;
		for (k = 0; k < st->n_pages; k++) {
			if (strcmp(st->pages[k].id, pages[i]) == 0)
				w->pages[i] = cap(NOW - st->pages[k].beat_us,
				    0, stale_after());
		}
	}
}

static void
to_state(const struct world *w, struct edit_state *st)
{
	uint8_t i;

	memset(st, 0, sizeof(*st));
	st->editor = person_of(w->editor);
	st->tab = w->editor == NOBODY ? NULL : tabs[w->tab];
	st->heartbeat_us = w->editor == NOBODY ? 0 : NOW - w->beat * SEC;
	st->idle_us = w->idle != 0 ? NOW - SEC : 0;
	st->countdown_us = to_time(w->countdown);
	st->hold_us = to_time(w->hold);
	st->offer_us = to_time(w->offer);
	st->saver = person_of(w->saver);
	st->saved_us = w->saver == NOBODY ? 0 : NOW - w->saved * SEC;
	st->settle_us = to_time(w->settle);
	pages_to_state(w, st);
	st->previous = id_of(w->previous);
	st->previous_until_us = st->previous == NULL ? 0 : NOW + w->until * SEC;
	st->holder = id_of(w->holder);
	st->last = id_of(w->last);
	st->last_until_us = st->last == NULL ? 0 : NOW + w->last_until * SEC;
	for (i = 0; i < w->n_claims; i++)
		st->claims[st->n_claims++] = (struct edit_claim){
			.who = person_of(w->claims[i]),
			.tab = tabs[with_pages ? NO_TAB : 0],
			.asked = has(w->asked, w->claims[i]),
		};
}

static void
from_state(const struct edit_state *st, struct world *w)
{
	size_t i;

	w->editor = number_of(st->editor.id);
	w->tab = w->editor == NOBODY ? 0 : st->tab == NULL ? NO_TAB :
	    (uint8_t)(st->tab[0] - 't');
	w->beat = w->editor == NOBODY ? 0 :
	    cap(NOW - st->heartbeat_us, 0, stale_after());
	w->idle = st->idle_us != 0;
	w->countdown = from_time(st->countdown_us);
	w->hold = from_time(st->hold_us);
	w->offer = from_time(st->offer_us);
	w->settle = from_time(st->settle_us);
	w->saver = number_of(st->saver.id);
	w->saved = w->saver == NOBODY ? 0 : cap(NOW - st->saved_us, 0,
	    (int)(policy.save_settle_us / SEC));
	pages_from_state(st, w);
	w->previous = number_of(st->previous);
	w->holder = number_of(st->holder);
	w->last = number_of(st->last);
	w->until = w->previous == NOBODY ? 0 :
	    cap(st->previous_until_us - NOW, -1, 9);
	/* One that ran out is gone from Redis as well. */
	if (w->until < 0) {
		w->previous = NOBODY;
		w->until = 0;
	}
	w->last_until = w->last == NOBODY ? 0 :
	    cap(st->last_until_us - NOW, -1, 0);
	if (w->last_until < 0) {
		w->last = NOBODY;
		w->last_until = 0;
	}
	w->n_claims = (uint8_t)st->n_claims;
	w->asked = 0;
	memset(w->claims, 0, sizeof(w->claims));
	for (i = 0; i < st->n_claims; i++) {
		w->claims[i] = number_of(st->claims[i].who.id);
		if (st->claims[i].asked)
			w->asked |= (uint8_t)(1u << w->claims[i]);
	}
}

static uint8_t
rename_set(uint8_t set, const uint8_t to[USERS + 1])
{
	uint8_t i, out = 0;

	for (i = 0; i < USERS; i++) {
		if (has(set, i))
			out |= (uint8_t)(1u << to[i]);
	}
	return (out);
}

/* The same world with other names: the least of all is kept. */
static void
make_canonical(struct world *w)
{
	static const uint8_t names[][USERS + 1] = {
		{ 0, 1, 2, NOBODY }, { 0, 2, 1, NOBODY }, { 1, 0, 2, NOBODY },
		{ 1, 2, 0, NOBODY }, { 2, 0, 1, NOBODY }, { 2, 1, 0, NOBODY },
	};
	struct world least = *w;
	size_t i, k;

	for (i = 1; i < COUNT_OF(names); i++) {
		const uint8_t *to = names[i];
		struct world other = *w;

		other.editor = to[w->editor];
		other.previous = to[w->previous];
		other.holder = to[w->holder];
		other.last = to[w->last];
		other.saver = to[w->saver];
		other.told = to[w->told];
		for (k = 0; k < w->n_claims; k++)
			other.claims[k] = to[w->claims[k]];
		other.asked = rename_set(w->asked, to);
		other.present = rename_set(w->present, to);
		if (memcmp(&other, &least, sizeof(other)) < 0)
			least = other;
	}
	*w = least;
}

static void
remember(struct world w)
{
	const uint8_t *p = (const uint8_t *)&w;
	uint32_t h = 2166136261u;
	size_t i;

	make_canonical(&w);
	for (i = 0; i < sizeof(w); i++)
		h = (h ^ p[i]) * 16777619u;
	for (h &= TABLE - 1; table[h] != 0; h = (h + 1) & (TABLE - 1)) {
		if (memcmp(&seen[table[h] - 1], &w, sizeof(w)) == 0)
			return;
	}
	if (n_seen == STATES_MAX)
		fail_msg("more than %d states", STATES_MAX);
	seen[n_seen] = w;
	table[h] = (uint32_t)++n_seen;
}

static bool
is_stale(const struct world *w)
{
	return (w->editor != NOBODY && w->beat >= stale_after());
}

static bool
has_head_start(const struct world *w)
{
	return (w->previous != NOBODY && w->until > 0);
}

static bool
has_viewers(const struct world *w)
{
	return (w->editor == NOBODY ? w->present != 0 :
	    (w->present & ~(1u << w->editor)) != 0);
}

/* What holds of every world. */
static void
check(const struct world *w)
{
	uint8_t i, in_line = 0;

	assert_int_equal(w->told, w->editor);
	if (w->editor != NOBODY)
		assert_true(has(w->present, w->editor));
	else
		assert_true(w->idle == 0 && w->hold == UNSET);
	for (i = 0; i < w->n_claims; i++) {
		assert_true(has(w->present, w->claims[i]));
		assert_true(w->claims[i] != w->editor);
		assert_false(has(in_line, w->claims[i]));
		in_line |= (uint8_t)(1u << w->claims[i]);
	}
	if (w->editor != NOBODY)
		assert_int_equal(w->asked, in_line);
	else
		assert_true(w->pages[0] == UNSET && w->pages[1] == UNSET);
	if (w->settle != UNSET)
		assert_true(w->editor == NOBODY && w->saver != NOBODY &&
		    w->offer == UNSET);
	if (w->offer != UNSET) {
		assert_int_equal(w->editor, NOBODY);
		assert_int_equal(w->previous, NOBODY);
		assert_true(w->n_claims != 0 && has(w->asked, w->claims[0]));
	}
	if (w->countdown != UNSET) {
		assert_true(w->editor != NOBODY && w->idle != 0);
		assert_true(w->asked != 0);
		assert_true(w->hold <= 0);
	}
}

/* Nobody waits on a lock that nobody holds and that is kept for nobody. */
static void
check_settled(const struct world *w)
{
	if (w->editor == NOBODY && w->n_claims != 0)
		assert_true(w->offer > 0 || has_head_start(w) ||
		    w->settle > 0);
}

static bool
is_editors_end(enum edit_verb verb)
{
	return (verb == EDIT_RELEASE || verb == EDIT_REVOKE ||
	    verb == EDIT_LEAVE || verb == EDIT_HAND_OVER);
}

static bool
is_lines_end(enum edit_verb verb)
{
	return (verb == EDIT_WITHDRAW || verb == EDIT_REVOKE ||
	    verb == EDIT_LEAVE);
}

/* Who had the lock, or for whom it was kept, has not lost it to others. */
static void
check_kept(const struct world *from, const struct world *w,
    enum edit_verb verb, uint8_t user)
{
	if (verb == EDIT_TAKE)
		return;
	if (from->editor == NOBODY && from->settle > 0 &&
	    !(verb == EDIT_SAVED && user == from->saver))
		assert_true(w->editor == NOBODY || w->editor == from->saver);
	if (from->editor != NOBODY) {
		if (!is_stale(from) &&
		    !(verb == EDIT_TICK && from->countdown == 0) &&
		    !(is_editors_end(verb) && user == from->editor))
			assert_int_equal(w->editor, from->editor);
	} else if (has_head_start(from)) {
		if (!((verb == EDIT_RELEASE || verb == EDIT_SAVED) &&
		    user == from->previous))
			assert_true(w->editor == NOBODY ||
			    w->editor == from->previous);
	} else if (from->offer > 0) {
		if (!(is_lines_end(verb) && user == from->claims[0]))
			assert_true(w->editor == NOBODY ||
			    w->editor == from->claims[0]);
	}
}

/* Who has asked is still there, and in the same order. */
static void
check_line(const struct world *from, const struct world *w,
    enum edit_verb verb, uint8_t user)
{
	uint8_t i, k = 0;

	for (i = 0; i < from->n_claims; i++) {
		uint8_t who = from->claims[i];

		if (!has(from->asked, who) || w->editor == who ||
		    (is_lines_end(verb) && user == who) ||
		    (i == 0 && from->offer == 0))
			continue;
		while (k < w->n_claims && w->claims[k] != who)
			k++;
		assert_true(k < w->n_claims);
		assert_true(has(w->asked, who));
	}
}

static void
check_outcome(const struct edit_state *st, const struct edit_result *res,
    enum edit_verb verb)
{
	if (!res->changed)
		assert_memory_equal(st, &res->next, sizeof(*st));
	switch (res->outcome) {
	case EDIT_DONE:
		assert_true(res->changed || res->n_events != 0);
		break;
	case EDIT_HELD:
	case EDIT_PENDING:
		assert_true(verb == EDIT_CLAIM || verb == EDIT_ASK);
		break;
	default:
		assert_false(res->changed);
		assert_int_equal(res->n_events, 0);
		break;
	}
	if (res->sets_modified)
		assert_true(verb == EDIT_UPDATED || verb == EDIT_RELEASE);
}

/* The i-th event goes with its neighbours and with the verb. */
static void
check_event(const struct world *from, const struct edit_result *res, size_t i,
    enum edit_verb verb, uint8_t told)
{
	const struct edit_event *ev = &res->events[i];
	uint8_t who = number_of(ev->who.id), lost = number_of(ev->from.id);

	switch (ev->type) {
	case EDIT_EV_STATUS:
		assert_string_equal(res->next.editor.id, ev->who.id);
		break;
	case EDIT_EV_RELEASED:
		/* Only about who was believed to be the editor, by all or, as
		 * the saver, by who has asked. */
		if (told == NOBODY && from->settle != UNSET) {
			assert_true(who == from->saver && !ev->deliberate);
			assert_true(verb == EDIT_SAVED || from->settle == 0);
			break;
		}
		assert_int_equal(told, who);
		assert_true(ev->deliberate ? verb == EDIT_RELEASE ||
		    verb == EDIT_REVOKE || verb == EDIT_LEAVE :
		    verb == EDIT_LEAVE || verb == EDIT_TICK);
		break;
	case EDIT_EV_UPDATED:
		assert_true(verb == EDIT_UPDATED);
		break;
	case EDIT_EV_ATTENTION:
		assert_true(verb == EDIT_ASK || verb == EDIT_ATTENTION);
		assert_true(res->is_gated);
		break;
	case EDIT_EV_LEFT:
		assert_true(verb == EDIT_LEAVE && i == 0);
		break;
	case EDIT_EV_HANDED:
		assert_true(ev->why == EDIT_BY_COUNTDOWN ? verb == EDIT_TICK :
		    ev->why == EDIT_BY_EDITOR && verb == EDIT_HAND_OVER);
		assert_true(has(from->asked, who));
		/* FALLTHROUGH */
	case EDIT_EV_TAKEN:
		assert_true(ev->type == EDIT_EV_HANDED || verb == EDIT_TAKE);
		assert_true(told == lost && lost != NOBODY && who != lost);
		assert_true(i + 1 < res->n_events &&
		    res->events[i + 1].type == EDIT_EV_STATUS);
		assert_string_equal(res->events[i + 1].who.id, ev->who.id);
		break;
	case EDIT_EV_LOST:
		if (verb == EDIT_CLAIM || verb == EDIT_ASK) {
			/* Nobody saw it end until somebody claims. */
			assert_true(ev->why == EDIT_SILENT && is_stale(from));
			assert_true(i + 1 < res->n_events &&
			    res->events[i + 1].type == EDIT_EV_STATUS);
			assert_string_not_equal(res->events[i + 1].who.id,
			    ev->from.id);
			break;
		}
		assert_true(ev->why == EDIT_SILENT ? verb == EDIT_TICK :
		    ev->why == EDIT_REVOKED && verb == EDIT_REVOKE);
		assert_true(i > 0 &&
		    res->events[i - 1].type == EDIT_EV_RELEASED);
		assert_string_equal(res->events[i - 1].who.id, ev->from.id);
		break;
	}
}

/* Whom the room believes to be the editor after the events. */
static uint8_t
listen(const struct world *from, const struct edit_result *res,
    enum edit_verb verb)
{
	uint8_t told = from->told;
	size_t i;

	assert_in_range(res->n_events, 0, EDIT_EVENTS_MAX);
	for (i = 0; i < res->n_events; i++) {
		check_event(from, res, i, verb, told);
		if (res->events[i].type == EDIT_EV_STATUS)
			told = number_of(res->events[i].who.id);
		if (res->events[i].type == EDIT_EV_RELEASED)
			told = NOBODY;
	}
	return (told);
}

/* Runs a command and checks all that can be said of what comes out of it. */
static struct world
apply(const struct world *from, const struct edit_command *cmd)
{
	struct world w = *from;
	struct edit_state st;
	struct edit_result res;
	uint8_t user = number_of(cmd->user.id);

	to_state(from, &st);
	edit_apply(&st, cmd, &policy, NOW, &res);
	check_outcome(&st, &res, cmd->verb);
	from_state(&res.next, &w);
	w.told = listen(from, &res, cmd->verb);
	if (cmd->verb == EDIT_LEAVE)
		w.present &= (uint8_t)~(1u << user);
	check(&w);
	check_kept(from, &w, cmd->verb, user);
	check_line(from, &w, cmd->verb, user);
	if (edit_deadline(&st, &policy) > NOW || cmd->verb == EDIT_TICK)
		check_settled(&w);
	return (w);
}

static bool
is_in_line(const struct world *w, uint8_t user)
{
	uint8_t i;

	for (i = 0; i < w->n_claims; i++) {
		if (w->claims[i] == user)
			return (true);
	}
	return (false);
}

/* Whether a page of the editor other than this one says that it edits. */
static bool
another_edits(const struct world *w, const char *page)
{
	uint8_t i;

	for (i = 0; i < PAGES; i++) {
		if (w->pages[i] != UNSET && w->pages[i] < stale_after() &&
		    (page == NULL || strcmp(page, pages[i]) != 0))
			return (true);
	}
	return (false);
}

/* A tab does not give back what another has, nor a page what another page or a
 * tab has; and what nobody else edits is given back. */
static void
check_release(const struct world *from, const struct world *w,
    const struct move *m, uint8_t user)
{
	bool is_elsewhere;

	if (m->verb != EDIT_RELEASE || from->editor != user)
		return;
	is_elsewhere = m->tab != NO_TAB ?
	    from->tab != NO_TAB && from->tab != m->tab :
	    from->tab != NO_TAB && m->has_tabs;
	if (is_elsewhere || another_edits(from, m->page))
		assert_int_equal(w->editor, user);
	else
		assert_int_not_equal(w->editor, user);
}

static void
run(const struct world *from, const struct move *m, uint8_t user)
{
	struct edit_command cmd = {
		.verb = m->verb, .user = person_of(user), .tab = tabs[m->tab],
		.page = m->page, .has_tabs = m->has_tabs,
		.gave_back = m->gave_back, .saved_us = NOW,
		.may_change = !m->no_right, .may_take_over = m->may_take,
		.moves = m->moves, .may_return = m->may_return,
	};
	struct world w = apply(from, &cmd);

	if (m->no_right || (m->verb == EDIT_TAKE && !m->may_take)) {
		assert_true(w.editor != user || from->editor == user);
		assert_true(!is_in_line(&w, user) || is_in_line(from, user));
	}
	check_release(from, &w, m, user);
	remember(w);
}

static void
hand_over(const struct world *from, uint8_t user)
{
	struct edit_command cmd = { .verb = EDIT_HAND_OVER,
	    .user = person_of(user) };
	uint8_t to;

	for (to = 0; to <= NOBODY; to++) {
		struct world w;

		cmd.target = id_of(to);
		w = apply(from, &cmd);
		if (from->editor == user && has(from->asked, to))
			assert_int_equal(w.editor, to);
		remember(w);
	}
}

/* A tick that is due does something, once; only a stale editor who is alone
 * stays as it is. */
static void
tick(const struct world *from)
{
	struct edit_command cmd = { .verb = EDIT_TICK,
	    .has_viewers = has_viewers(from) };
	struct world w = apply(from, &cmd), again;
	bool is_due, is_alone = is_stale(from) && !has_viewers(from);
	struct edit_state st;

	to_state(from, &st);
	is_due = edit_deadline(&st, &policy) <= NOW;
	if (is_due && !is_alone)
		assert_memory_not_equal(from, &w, sizeof(w));
	to_state(&w, &st);
	if (!is_alone)
		assert_true(edit_deadline(&st, &policy) > NOW);
	again = apply(&w, &cmd);
	assert_memory_equal(&again, &w, sizeof(w));
	remember(w);
}

static void
pass_a_second(const struct world *from)
{
	struct world w = *from;
	struct edit_state st;
	size_t i;

	to_state(from, &st);
	st.heartbeat_us -= SEC;
	st.previous_until_us -= SEC;
	st.last_until_us -= SEC;
	st.saved_us -= SEC;
	for (i = 0; i < st.n_pages; i++)
		st.pages[i].beat_us -= SEC;
	if (st.settle_us != 0)
		st.settle_us -= SEC;
	if (st.countdown_us != 0)
		st.countdown_us -= SEC;
	if (st.hold_us != 0)
		st.hold_us -= SEC;
	if (st.offer_us != 0)
		st.offer_us -= SEC;
	from_state(&st, &w);
	remember(w);
}

static void
expand(const struct world *w)
{
	uint8_t u;
	size_t i;

	pass_a_second(w);
	tick(w);
	for (u = 0; u < USERS; u++) {
		if (!has(w->present, u)) {
			struct world joined = *w;

			joined.present |= (uint8_t)(1u << u);
			remember(joined);
			continue;
		}
		for (i = 0; with_pages && i < COUNT_OF(page_moves); i++)
			run(w, &page_moves[i], u);
		for (i = 0; !with_pages && i < COUNT_OF(moves); i++)
			run(w, &moves[i], u);
		hand_over(w, u);
	}
}

static void
visit_all(void)
{
	struct world start;
	size_t i;

	n_seen = 0;
	memset(table, 0, TABLE * sizeof(*table));
	memset(&start, 0, sizeof(start));
	start.editor = start.previous = start.holder = start.last =
	    start.saver = start.told = NOBODY;
	start.countdown = start.hold = start.offer = start.settle =
	    start.pages[0] = start.pages[1] = UNSET;
	remember(start);
	for (i = 0; i < n_seen; i++) {
		struct world w = seen[i];

		expand(&w);
	}
	print_message("%zu states\n", n_seen);
}

static void
test_model(void **state)
{
	size_t i;

	(void)state;
	seen = calloc(STATES_MAX, sizeof(*seen));
	table = calloc(TABLE, sizeof(*table));
	assert_non_null(seen);
	assert_non_null(table);
	for (i = 0; i < COUNT_OF(policies); i++) {
		policy = policies[i];
		with_pages = i >= PAGES_FROM;
		visit_all();
		assert_true(n_seen > 500);
	}
	free(seen);
	free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * A row of a table of the rule book: (state, command, time) -> (outcome,
 * events, state). A row's state is built from a few letters so that a table
 * can be read: users are a, b and c; times are seconds. In the line a small
 * letter waits and a capital has asked; who asks does so from the tab "t"
 * with its own letter ("tb"). A page that heartbeats is its letter and the second
 * of its last heartbeat ("p40 q100").
 */
#ifndef TEST_RULES_ROWS_H
#define TEST_RULES_ROWS_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/edit.h"

#define SEC	INT64_C(1000000)
#ifndef ROWS_SAVE_SETTLE
#define ROWS_SAVE_SETTLE	0	/* seconds; nobody waits for a save */
#endif

static const struct edit_policy policy = {
	.heartbeat_timeout_us = 120 * SEC, .reclaim_grace_us = 30 * SEC,
	.leave_grace_us = 5 * SEC, .countdown_us = 60 * SEC,
	.hold_us = 300 * SEC, .offer_us = 20 * SEC,
	.save_settle_us = ROWS_SAVE_SETTLE * SEC,
};

struct row {
	const char	*what;
	/* before */
	const char	*editor;	/* NULL: nobody */
	const char	*in_tab;	/* the editor's */
	int		 beat;		/* seconds */
	int		 idle, countdown, hold, offer;
	const char	*previous;
	int		 until;
	const char	*holder;
	const char	*last;
	int		 last_until;
	const char	*claims;	/* one letter a claimant */
	const char	*pages;
	const char	*saver;
	int		 saved, settle;
	/* the command */
	enum edit_verb	 verb;
	const char	*user;
	const char	*tab;
	const char	*page;
	const char	*target;	/* HAND_OVER */
	bool		 has_tabs;	/* RELEASE */
	bool		 gave_back;	/* LEAVE */
	int		 logged;	/* SAVED */
	bool		 no_right;	/* may not change the object */
	bool		 may_take;	/* TAKE: may take over */
	bool		 moves;		/* CLAIM */
	bool		 may_return;	/* RELEASE */
	bool		 viewers;	/* TICK: others are in the room */
	int		 now;
	/* after */
	enum edit_outcome outcome;
	const char	*events;	/* S status R released D deliberate
					 * U updated A attention L left, each
					 * followed by the user; H handed by
					 * the editor C by the countdown T
					 * taken, each by the user and from
					 * whom; X lost for silence V for want
					 * of the right, by whose it was */
	const char	*to_editor;
	const char	*to_tab;
	int		 to_idle, to_countdown, to_hold, to_offer;
	const char	*to_previous;
	int		 to_until;	/* 0: not looked at */
	const char	*to_claims;
	const char	*to_pages;
	const char	*to_saver;
	int		 to_settle;
	bool		 gated;
	bool		 modified;
};

/* What came out, in the letters of a row. */
struct outcome_text {
	char	events[24];
	char	claims[8];
	char	pages[64];
};

/* The same page in whatever row. */
static const char *
page_id(char letter)
{
	static const char *const ids[] = { "p", "q", "r" };

	return (ids[letter - 'p']);
}

static void
build_pages(const char *s, struct edit_state *st)
{
	int at;

	for (; s != NULL && *s != '\0'; s += *s == ' ') {
		const char *id = page_id(*s);
		char *end;

		at = (int)strtol(s + 1, &end, 10);
		s = end;
		st->pages[st->n_pages++] = (struct edit_page){ id, at * SEC };
	}
}

static void
build(const struct row *r, struct edit_state *st)
{
	static const char *const letters[] = { "a", "b", "c" };
	static const char *const tabs[] = { "ta", "tb", "tc" };
	const char *s;

	memset(st, 0, sizeof(*st));
	st->editor = (struct edit_person){ r->editor, r->editor };
	st->tab = r->in_tab;
	st->heartbeat_us = r->beat * SEC;
	st->idle_us = r->idle * SEC;
	st->countdown_us = r->countdown * SEC;
	st->hold_us = r->hold * SEC;
	st->offer_us = r->offer * SEC;
	st->previous = r->previous;
	st->previous_until_us = r->until * SEC;
	st->holder = r->holder;
	st->last = r->last;
	st->last_until_us = r->last_until * SEC;
	build_pages(r->pages, st);
	st->saver = (struct edit_person){ r->saver, r->saver };
	st->saved_us = r->saved * SEC;
	st->settle_us = r->settle * SEC;
	for (s = r->claims; s != NULL && *s != '\0'; s++) {
		int i = tolower((unsigned char)*s) - 'a';
		bool asked = isupper((unsigned char)*s) != 0;

		st->claims[st->n_claims++] = (struct edit_claim){
			.who = { letters[i], letters[i] },
			.tab = asked ? tabs[i] : NULL, .asked = asked,
		};
	}
}

static char
event_letter(const struct edit_event *ev)
{
	switch (ev->type) {
	case EDIT_EV_STATUS:
		return ('S');
	case EDIT_EV_RELEASED:
		return (ev->deliberate ? 'D' : 'R');
	case EDIT_EV_UPDATED:
		return ('U');
	case EDIT_EV_ATTENTION:
		return ('A');
	case EDIT_EV_LEFT:
		return ('L');
	case EDIT_EV_HANDED:
		return (ev->why == EDIT_BY_EDITOR ? 'H' :
		    ev->why == EDIT_BY_COUNTDOWN ? 'C' : '?');
	case EDIT_EV_TAKEN:
		return ('T');
	case EDIT_EV_LOST:
		return (ev->why == EDIT_SILENT ? 'X' :
		    ev->why == EDIT_REVOKED ? 'V' : '?');
	}
	return ('?');
}

static void
describe(const struct edit_result *res, struct outcome_text *t)
{
	size_t i, n = 0;

	for (i = 0; i < res->n_events; i++) {
		const struct edit_event *ev = &res->events[i];

		t->events[n++] = event_letter(ev);
		if (ev->who.id != NULL)
			t->events[n++] = ev->who.id[0];
		if (ev->from.id != NULL)
			t->events[n++] = ev->from.id[0];
	}
	t->events[n] = '\0';
	for (i = 0; i < res->next.n_claims; i++) {
		const struct edit_claim *c = &res->next.claims[i];

		t->claims[i] = (char)(c->asked ?
		    toupper((unsigned char)c->who.id[0]) : c->who.id[0]);
	}
	t->claims[i] = '\0';
	t->pages[0] = '\0';
	for (i = 0, n = 0; i < res->next.n_pages; i++)
		n += (size_t)snprintf(t->pages + n, sizeof(t->pages) - n,
		    "%s%s%lld", i == 0 ? "" : " ", res->next.pages[i].id,
		    (long long)(res->next.pages[i].beat_us / SEC));
}

static bool
same(const char *a, const char *b)
{
	return ((a == NULL && b == NULL) ||
	    (a != NULL && b != NULL && strcmp(a, b) == 0));
}

static const char *
or_empty(const char *s)
{
	return (s == NULL ? "" : s);
}

static bool
is_as_expected(const struct row *r, const struct edit_result *res,
    const struct outcome_text *t)
{
	const struct edit_state *next = &res->next;

	return (res->outcome == r->outcome &&
	    strcmp(t->events, or_empty(r->events)) == 0 &&
	    strcmp(t->claims, or_empty(r->to_claims)) == 0 &&
	    same(next->editor.id, r->to_editor) &&
	    same(next->tab, r->to_tab) &&
	    next->idle_us == r->to_idle * SEC &&
	    next->countdown_us == r->to_countdown * SEC &&
	    next->hold_us == r->to_hold * SEC &&
	    next->offer_us == r->to_offer * SEC &&
	    same(next->previous, r->to_previous) &&
	    (r->to_until == 0 ||
	    next->previous_until_us == r->to_until * SEC) &&
	    strcmp(t->pages, or_empty(r->to_pages)) == 0 &&
	    same(next->saver.id, r->to_saver) &&
	    next->settle_us == r->to_settle * SEC &&
	    res->is_gated == r->gated && res->sets_modified == r->modified);
}

static void
run_row(const struct row *r)
{
	struct edit_state st;
	struct edit_result res;
	struct outcome_text t;
	struct edit_command cmd = {
		.verb = r->verb, .user = { r->user, r->user }, .tab = r->tab,
		.page = r->page, .has_tabs = r->has_tabs,
		.gave_back = r->gave_back, .saved_us = r->logged * SEC,
		.target = r->target, .may_change = !r->no_right,
		.may_take_over = r->may_take, .moves = r->moves,
		.may_return = r->may_return, .has_viewers = r->viewers,
		.heartbeat_us = 40 * SEC,
	};

	build(r, &st);
	edit_apply(&st, &cmd, &policy, r->now * SEC, &res);
	describe(&res, &t);
	if (!is_as_expected(r, &res, &t))
		fail_msg("%s: outcome %d events \"%s\" editor %s tab %s "
		    "idle %lld countdown %lld hold %lld offer %lld "
		    "previous %s until %lld claims \"%s\" pages \"%s\" "
		    "saver %s settle %lld gated %d modified %d", r->what, res.outcome, t.events,
		    or_empty(res.next.editor.id), or_empty(res.next.tab),
		    (long long)(res.next.idle_us / SEC),
		    (long long)(res.next.countdown_us / SEC),
		    (long long)(res.next.hold_us / SEC),
		    (long long)(res.next.offer_us / SEC),
		    or_empty(res.next.previous),
		    (long long)(res.next.previous_until_us / SEC),
		    t.claims, t.pages, or_empty(res.next.saver.id),
		    (long long)(res.next.settle_us / SEC), res.is_gated, res.sets_modified);
	/* Who refuses, leaves the state alone, and says so. */
	if ((memcmp(&st, &res.next, sizeof(st)) != 0) != res.changed)
		fail_msg("%s: changed is %d", r->what, res.changed);
}

#endif

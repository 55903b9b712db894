/*
 * Whether a form of the admin may be saved: the lock, for browsers and programs
 * that know nothing of it. Pure as the rest of the rule book; what is to be
 * known of the room is edit.h's state. What follows from a verdict (403, or a
 * line in the log) is decided elsewhere. Any thread.
 */
#ifndef COLLABD_RULES_GUARD_H
#define COLLABD_RULES_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compat.h"
#include "rules/edit.h"

/* What a page of the admin changes, as far as its URL says it. */
enum guard_page {
	GUARD_PAGE_NONE,	/* outside of the admin, or not known */
	GUARD_PAGE_CHANGE,	/* one object; with "Save as new" another one,
				 * which only the body says */
	GUARD_PAGE_DELETE,	/* one object */
	GUARD_PAGE_ADD,		/* one that nobody can edit yet */
	GUARD_PAGE_LIST,	/* actions and list_editable: many, which only
				 * the body says */
};

enum guard_verdict {
	GUARD_PASS,
	GUARD_REFUSE,
	GUARD_UNDECIDED,	/* passes as well */
};

enum guard_reason {
	/* It passes: */
	GUARD_METHOD,		/* nothing is saved by it */
	GUARD_OTHER,		/* GUARD_PAGE_NONE */
	GUARD_ADD,
	GUARD_LIST,
	GUARD_FREE,		/* nobody edits, or was silent for too long */
	GUARD_EDITOR,		/* the user does */
	GUARD_LAST,		/* the user did a moment ago: it may be the save
				 * for which the lock was given back */
	GUARD_NO_USER,		/* no staff user's session: Django refuses it */
	/* It does not: */
	GUARD_HELD,		/* somebody else edits */
	/* It could not be decided: */
	GUARD_URL,		/* there is none, or more than one */
	GUARD_REDIS,
	GUARD_DATABASE,
	GUARD_LATE,		/* not within the time for an answer */
	GUARD_REASONS
};

/* Whether a request with this method, for this page, is one to look the room
 * up for; if not, why it passes. */
bool	guard_looks(bool is_post, enum guard_page page,
	    enum guard_reason *reason) MUSTCHECK;
/* Whether anybody is said to edit, so that it matters who the user is. */
bool	guard_is_held(const struct edit_state *state,
	    const struct edit_policy *policy, int64_t now_us);
/* The answer for a user, who is NULL if it is none of the staff. The same user
 * in another tab is the same user. */
enum guard_reason guard_decide(const struct edit_state *state,
	    const char *user_id, const struct edit_policy *policy,
	    int64_t now_us);

enum guard_verdict guard_verdict_of(enum guard_reason reason);
/* A word for the log and for metrics; static memory. */
const char *guard_reason_name(enum guard_reason reason);

#endif

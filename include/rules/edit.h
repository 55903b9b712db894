/*
 * The rule book of an edit room: who may claim, head start, staleness, who is
 * told what. A pure function from (state, command, now) to (next state,
 * events): no I/O, no clock, no allocation, no Redis. Nothing else in the
 * program knows a rule of the lock.
 *
 * Strings are borrowed everywhere: the next state and the events point into
 * the strings of the state and the command they were made from, and are valid
 * as long as those. User ids are text and are compared bytewise. Times are
 * wall-clock microseconds. Any thread.
 *
 * Source of the rules: the protocol's edit room, both what the package's
 * scripts rely on and what collabd does better, and collabd-protocol(7), what
 * its own client's tabs do besides.
 */
#ifndef COLLABD_RULES_EDIT_H
#define COLLABD_RULES_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"

/* More than so many users in the line are refused without being remembered. */
#define EDIT_CLAIMS_MAX		64
#define EDIT_EVENTS_MAX		4
/* A save is announced after the lock was given back: the form's submit event
 * comes after the click that releases. */
#define EDIT_SAVE_GRACE_US	INT64_C(10000000)
/* How long a page that gave the lock back keeps it from others without having
 * said that it saves. What one click sends comes within milliseconds, but is
 * decided one after the other, each with a round trip to Redis, which may be
 * slow; and a page of the package that is told of the release asks for the lock
 * after two seconds, so that it does not notice. */
#define EDIT_RELEASE_SETTLE_US	INT64_C(1000000)
/* After this nobody waits for the row of a save that a page has spoken of. */
#define EDIT_SAVE_AWAIT_US	INT64_C(120000000)
/* More pages of one editor are not told apart. */
#define EDIT_PAGES_MAX		8

struct edit_person {
	const char	*id;	/* NULL: nobody */
	const char	*name;
};

/*
 * Somebody in the line. Who has asked (EDIT_ASK) stays there until it has the
 * lock, and is offered a lock that becomes free: it may be looking elsewhere.
 * Who has claimed and had to wait is made the editor without asking again, and
 * is forgotten as soon as anybody is.
 */
struct edit_claim {
	struct edit_person	 who;
	const char		*tab;	/* NULL: a page of the package */
	int64_t			 since_us;
	bool			 asked;
};

/* A page of the package that says that it edits. */
struct edit_page {
	const char	*id;
	int64_t		 beat_us;	/* its last heartbeat */
};

struct edit_state {
	struct edit_person	 editor;
	/* In which of its tabs; NULL: a page of the package. */
	const char		*tab;
	int64_t			 heartbeat_us;	/* the editor's last sign of life */
	/* The editor's pages of the package that have sent a heartbeat as such:
	 * none of them gives back what another one still edits. */
	struct edit_page	 pages[EDIT_PAGES_MAX];
	size_t			 n_pages;
	/* Since when all tabs of the editor are idle; 0: not. */
	int64_t			 idle_us;
	/* When the lock goes to the first who asked; 0: no countdown. */
	int64_t			 countdown_us;
	/* The editor wants more time: no countdown before; 0: no. */
	int64_t			 hold_us;
	/* The lock is free and kept for the first in the line, who asked,
	 * until then; 0: not. */
	int64_t			 offer_us;
	/* Who has the head start, and until when; NULL: nobody. */
	const char		*previous;
	int64_t			 previous_until_us;
	/* Who was made the editor last and did not give the lock back: may
	 * become it again by a heartbeat while the lock is free. */
	const char		*holder;
	/* Who was the editor last, and until when it may still report a save. */
	const char		*last;
	int64_t			 last_until_us;
	/* Which page's user has spoken of a save whose row was not seen yet,
	 * and when: it speaks before its POST is done. NULL: nobody. */
	struct edit_person	 saver;
	int64_t			 saved_us;
	/* The lock is free, but until then kept for the saver (who is previous),
	 * and others are told that the saver still edits; 0: not. */
	int64_t			 settle_us;
	/* The line, longest waiting first. */
	struct edit_claim	 claims[EDIT_CLAIMS_MAX];
	size_t			 n_claims;
};

enum edit_verb {
	EDIT_CLAIM,
	EDIT_HEARTBEAT,
	EDIT_UPDATED,		/* content_updated */
	EDIT_RELEASE,
	EDIT_ATTENTION,
	EDIT_ASK,		/* wants to edit: stands in the line */
	EDIT_WITHDRAW,		/* leaves the line, or declines an offer */
	EDIT_HAND_OVER,		/* the editor gives the lock to who asked */
	EDIT_LATER,		/* the editor wants more time */
	EDIT_TAKE,		/* take-over: now, whoever has it */
	EDIT_REVOKE,		/* the user may no longer change the object */
	EDIT_IDLE,		/* all tabs of the user are idle */
	EDIT_ACTIVE,		/* one is not */
	EDIT_LEAVE,		/* the user's last socket in the room is gone */
	EDIT_PAGE_GONE,		/* one of the user's pages is */
	EDIT_SAVED,		/* the log has a save of the user: saved_us */
	EDIT_TICK,		/* a deadline of edit_deadline() has come */
	EDIT_RESTORE,		/* Redis lost its data, or the user's worker
				 * was taken for dead: user was the editor,
				 * last heard of at heartbeat_us */
};

struct edit_command {
	enum edit_verb		 verb;
	struct edit_person	 user;		/* nobody for EDIT_TICK */
	const char		*tab;		/* NULL: a page of the package */
	/* Which page it is (EDIT_HEARTBEAT, _RELEASE, _PAGE_GONE); NULL: a tab,
	 * or one that is not told apart from others. */
	const char		*page;
	bool			 has_tabs;	/* EDIT_RELEASE: the user has a
						 * tab in the room */
	bool			 gave_back;	/* EDIT_LEAVE: the last that the
						 * socket said was to release */
	bool			 may_change;	/* the user may edit the object */
	bool			 may_take_over;	/* EDIT_TAKE */
	bool			 moves;		/* EDIT_CLAIM: from the user's
						 * other tab to this one */
	bool			 may_return;	/* EDIT_RELEASE: the page goes
						 * away, perhaps to come back */
	const char		*target;	/* EDIT_HAND_OVER: to whom;
						 * NULL: who asked first */
	/* Whether the room holds users besides the editor (EDIT_TICK). */
	bool			 has_viewers;
	int64_t			 heartbeat_us;	/* EDIT_RESTORE */
	int64_t			 saved_us;	/* EDIT_SAVED: says the log */
};

struct edit_policy {
	int64_t	heartbeat_timeout_us;
	int64_t	reclaim_grace_us;
	int64_t	leave_grace_us;
	int64_t	countdown_us;
	int64_t	hold_us;
	int64_t	offer_us;
	int64_t	save_settle_us;
};

enum edit_outcome {
	EDIT_DONE,
	EDIT_NOTHING,		/* nothing to do; not worth an answer */
	EDIT_HELD,		/* refused: somebody else is the editor */
	EDIT_PENDING,		/* not now: stands in the line */
	EDIT_NOT_EDITOR,	/* refused: only the editor may */
	EDIT_NO_EDITOR,		/* refused: there is nobody to ask */
	EDIT_IS_EDITOR,		/* already is: answer this socket with the status */
	EDIT_FORBIDDEN,		/* refused: no right to do this */
	EDIT_NOBODY,		/* refused: nobody has asked */
};

enum edit_event_type {
	EDIT_EV_STATUS,		/* editor_status: who is the editor now */
	EDIT_EV_RELEASED,	/* lock_released by who */
	EDIT_EV_UPDATED,	/* content_updated by who */
	EDIT_EV_ATTENTION,	/* attention_requested by who */
	EDIT_EV_LEFT,		/* user_left: who; to all but who */
	/* For the tabs of collabd's own client, and for the audit log: */
	EDIT_EV_HANDED,		/* the lock went from `from` to who */
	EDIT_EV_TAKEN,		/* who took it from `from` */
	EDIT_EV_LOST,		/* `from` was the editor: silent for too long,
				 * or no longer allowed */
};

enum edit_why {
	EDIT_BY_EDITOR,		/* HANDED: the editor said so */
	EDIT_BY_COUNTDOWN,	/* HANDED: the countdown ran out */
	EDIT_SILENT,		/* LOST: no sign of life */
	EDIT_REVOKED,		/* LOST: no right any more */
};

struct edit_event {
	enum edit_event_type	 type;
	struct edit_person	 who;
	struct edit_person	 from;		/* HANDED, TAKEN, LOST */
	enum edit_why		 why;		/* HANDED, LOST */
	bool			 deliberate;	/* RELEASED: carries a timestamp */
};

struct edit_result {
	enum edit_outcome	 outcome;
	bool			 changed;	/* next differs from the state */
	bool			 is_gated;	/* only if the user did not ask
						 * within the request interval */
	bool			 sets_modified;	/* last_modified becomes now, or
						 * the time the client sent */
	struct edit_state	 next;
	struct edit_event	 events[EDIT_EVENTS_MAX];
	size_t			 n_events;
};

/* Applies one command. out is filled whole. */
void	edit_apply(const struct edit_state *state,
	    const struct edit_command *cmd, const struct edit_policy *policy,
	    int64_t now_us, struct edit_result *out);

/*
 * Whom user is told to be the editor when it asks; nobody if the lock is free
 * or stale in another user's hands (the claim that follows will be granted).
 * While the lock is kept for a saver, others are told that it edits: their pages
 * show the old text, and must not be typed into.
 */
struct edit_person edit_status(const struct edit_state *state,
	    const char *user_id, const struct edit_policy *policy,
	    int64_t now_us);

/*
 * When the next EDIT_TICK is due: the end of a head start that somebody waits
 * for, of the wait for a save, of an offer, a countdown or a hold, or the
 * editor's heartbeat timing out. INT64_MAX: never. May be in the past.
 */
int64_t	edit_deadline(const struct edit_state *state,
	    const struct edit_policy *policy);

/* The place of a user in the line, from 1; 0 if it does not wait. */
size_t	edit_place(const struct edit_state *state, const char *user_id);

/*
 * Whether a save of user_id, logged at saved_us, is the one that the state waits
 * for. The clocks of the site and of this machine may be a little apart.
 */
bool	edit_awaits(const struct edit_state *state, const char *user_id,
	    int64_t saved_us);

#endif

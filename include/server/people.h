/*
 * Who is connected to this worker: users, the sessions they came with, and
 * what each session was granted (a model, or chat only). All three are
 * interned: a hundred tabs of one user share one identity. A grant is what a
 * socket holds on to, and what is checked again while it is open. Owns all of
 * them; loop thread only.
 */
#ifndef COLLABD_SERVER_PEOPLE_H
#define COLLABD_SERVER_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bsd/sys/cdefs.h>
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "auth/auth.h"
#include "auth/identity.h"
#include "base/compat.h"
#include "base/slice.h"
#include "rooms/right.h"
#include "server/bucket.h"

struct conf;
struct people;

/* A user with sockets here. */
struct user {
	RB_ENTRY(user)	 _link;
	struct identity	*identity;	/* as of the latest handshake */
	struct person	 person;	/* the same */
	unsigned	 sockets;	/* and held grants */
	unsigned	 held;		/* of people_hold_all() */
	struct bucket	 messages;	/* of all its sockets */
};

/* One session cookie. */
struct session {
	RB_ENTRY(session) _link;
	struct user	*user;
	char		*cookie;	/* a secret */
	size_t		 cookie_n;
	LIST_HEAD(, grant) grants;
};

/* A model that grants are for; one for all of them. */
struct model {
	LIST_ENTRY(model) _link;
	char		*app_label;	/* "" for chat rooms */
	char		*name;
	unsigned	 grants;
};

/* What a session may do with one model. right.is_unverified: it is overdue for
 * so long. */
struct grant {
	struct right	 right;		/* for the rooms; first */
	LIST_ENTRY(grant) _link;
	struct session	*session;
	struct model	*model;
	int64_t		 verified_ms;	/* when a check began that allowed it;
					 * clock_mono_ms() */
	unsigned	 sockets;
	bool		 is_overdue;	/* the last re-check could not decide */
};

struct people *people_new(void) MUSTCHECK;
/* Every grant must have been put back. */
void	people_free(struct people *people);
size_t	people_users(const struct people *people);
/* Sockets that a user has on this worker; 0 for an unknown one. */
unsigned people_sockets_of(const struct people *people, const char *user_id);
/* A user with sockets here, as of the latest handshake; NULL if there is none.
 * Borrowed. */
const struct identity *people_identity(const struct people *people,
	    const char *user_id);
/* Whose session it is, if a socket was let in with it and no check has said no
 * since; borrowed, NULL if that is not known. */
const struct identity *people_of_session(const struct people *people,
	    struct slice cookie);
/* Grows whenever what is shown of a user has become another by a handshake:
 * texts that were made before it may be wrong. */
uint64_t people_changes(const struct people *people);

/*
 * Whether a message of n bytes is within what its user may send over all
 * sockets here; counts it then. Chat leaves a part of that alone, so that who
 * talks too much can still speak for the lock.
 */
bool	user_may_send(struct user *user, const struct conf *conf,
	    int64_t now_ms, size_t n, bool is_chat);

/*
 * The grant for one more socket, which has just been checked. Takes identity
 * over (it replaces an older one of the same user). Give it back with
 * people_put().
 */
struct grant *people_get(struct people *people, struct slice cookie,
	    struct identity *identity, const char *app_label,
	    const char *model, bool may_change, bool may_take_over) MUSTCHECK;
void	people_put(struct people *people, struct grant *grant);

/* Fills a fresh array (caller frees) with every grant, each held until
 * people_unhold(). */
struct grant **people_hold_all(struct people *people, size_t *n) MUSTCHECK;
void	people_unhold(struct people *people, struct grant *grant);

/* Takes the answer of a re-check that was asked for at asked_ms
 * (clock_mono_ms()). Whether a right has been lost by it. UNAVAILABLE
 * changes no right and makes it overdue. */
bool	people_note(struct grant *grant, const struct auth_recheck *answer,
	    int64_t asked_ms);
/*
 * Marks as unverified the grants that are overdue and were not verified after
 * since_ms; they may change nothing from now on. Returns how many these are.
 * *oldest_ms is when the first of the other overdue ones was verified, INT64_MAX
 * if there is none.
 */
size_t	people_expire(struct people *people, int64_t since_ms,
	    int64_t *oldest_ms);

#endif

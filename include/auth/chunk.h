/*
 * Many questions answered with few queries: the sessions by lists of keys,
 * then the users and permissions by lists side by side. What a re-check
 * (recheck.h) and a batch of lookups (batch.h) have in common. Owns the items
 * and wipes them. One authorization thread.
 *
 * chunk_init(), chunk_add() for each question, chunk_run(), read the items'
 * results, chunk_fini().
 */
#ifndef COLLABD_AUTH_CHUNK_H
#define COLLABD_AUTH_CHUNK_H

#include <stddef.h>

#include "auth/auth.h"
#include "auth/source.h"
#include "auth/verdict.h"
#include "base/compat.h"
#include "base/slice.h"
#include "db/burst.h"
#include "db/db.h"
#include "django/reason.h"
#include "django/session.h"

/* Sessions or users of one query: bounds the parameters and the rows that libpq
 * holds. */
#define CHUNK_ROWS	256

struct chunk_item {
	struct slice	 session;	/* borrowed */
	const struct auth_question *question;	/* borrowed */
	size_t		 tag;		/* the caller's */
	enum django_reason reason;	/* of its session */
	struct session_claims claims;	/* valid when reason is DJANGO_OK */
	struct auth_result result;	/* UNAVAILABLE: not decided (yet) */
};

struct chunk {
	const struct auth_source *source;
	struct chunk_item *items;	/* in no order that means anything */
	size_t		 n;
	size_t		 size;		/* items that there is room for */
	struct chunk_item **asked;	/* whose users are asked for */
	size_t		 n_asked;
	/* Called when a query has decided some of the items; NULL: nobody. */
	void		(*on_decided)(struct chunk *, void *arg);
	void		*arg;
};

/* Room for size items. */
void	chunk_init(struct chunk *chunk, const struct auth_source *source,
	    size_t size);
/* Wipes the claims; frees the identities that nobody took. */
void	chunk_fini(struct chunk *chunk);
/* Adds an item; there must be room. Sessions and questions are not copied. */
void	chunk_add(struct chunk *chunk, struct slice session,
	    const struct auth_question *question, size_t tag);
/*
 * Reads and decides: all sessions first, so that a user table that does not
 * answer hides none that has ended. DB_OK: each item has its result, and
 * whoever takes result.user sets it to NULL. Otherwise that is so for the items
 * that could be decided, and UNAVAILABLE for the others; the status is that of
 * the first query that failed. After one that broke its connection it goes on
 * with the next, if another can be opened. An id that its column cannot hold
 * refuses its owner only; DB_BAD_VALUE never comes from the users.
 */
enum db_status chunk_run(struct chunk *chunk, struct burst *burst,
	    const struct db_wait *wait, struct db_error *error) MUSTCHECK;

#endif

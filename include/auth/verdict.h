/*
 * From a session's claims and a row of the user table to a verdict on one
 * room. Pure: no database, no clock. Any thread.
 */
#ifndef COLLABD_AUTH_VERDICT_H
#define COLLABD_AUTH_VERDICT_H

#include <stdbool.h>

#include "auth/auth.h"
#include "auth/source.h"
#include "base/compat.h"
#include "db/db.h"
#include "django/reason.h"
#include "django/session.h"

/* What is asked about a user: a copy of an auth_query's room. */
struct auth_question {
	bool	 is_edit;	/* an edit room: the model's permission */
	char	*app_label;	/* never NULL; "" for a chat room */
	char	*model;		/* in lower case; "" for a chat room */
};

/*
 * Copies the room of a query. False (and nothing to fini) when a name holds a
 * NUL or is not UTF-8: no model is called that, and no database need be asked.
 */
bool	question_init(struct auth_question *question,
	    const struct auth_query *query) MUSTCHECK;
void	question_fini(struct auth_question *question);
bool	question_equals(const struct auth_question *a,
	    const struct auth_question *b);
/* Whether the answer needs the user's permissions from the database. */
bool	question_needs_permission(const struct auth_question *question,
	    const struct conf *conf);

/*
 * Decides. cols is a row of enum query_user_col, or NULL when there is none.
 * Fills all of out but duration_us; out->user is the caller's.
 */
void	verdict_decide(const struct auth_source *source,
	    const struct session_claims *claims,
	    const struct auth_question *question, const struct slice *cols,
	    struct auth_result *out);
/* Decided without a user: no, for this reason. */
void	verdict_deny(enum django_reason reason, struct auth_result *out);
/* Not decided: what a failed query means. DB_BAD_VALUE is a no. */
void	verdict_fail(enum db_status status, struct auth_result *out);

#endif

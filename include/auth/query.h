/*
 * The SQL text of every question that authorization asks, built once from the
 * configuration's table and column names. Owns the text; knows what each
 * column of a row means; knows no connection. Immutable after query_set_init():
 * any thread.
 *
 * Values are always parameters; names are written by db/sql.h, which quotes
 * them.
 */
#ifndef COLLABD_AUTH_QUERY_H
#define COLLABD_AUTH_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"
#include "db/db.h"

/* The columns of a user's row, in the order in which all queries have them. */
enum query_user_col {
	USER_ID,
	USER_PASSWORD,
	USER_IS_ACTIVE,
	USER_IS_STAFF,
	USER_IS_SUPERUSER,
	USER_USERNAME,
	USER_NAME,		/* the name columns, blanks between them */
	USER_EMAIL,
	USER_AVATAR,
	USER_RIGHT,		/* enum query_right; none if not active, change
				 * if superuser */
	USER_MAY_TAKE_OVER,	/* active, and superuser or
				 * take_over_permission */
	USER_COLS,
	USER_INDEX = USER_COLS,	/* in a batch: which question, from 1 */
	USER_BATCH_COLS,
};

/* What a user may do with the objects of a model. */
enum query_right { RIGHT_NONE, RIGHT_VIEW, RIGHT_CHANGE };

/* The columns of a session's row in a batch; alone it is SESSION_DATA only. */
enum query_session_col { SESSION_KEY, SESSION_DATA, SESSION_BATCH_COLS };

struct query_set {
	enum db_dialect	 dialect;
	enum conf_id_type id_type;

	/* The two parts of take_over_permission; "" when it is empty. */
	char	*take_app;
	char	*take_codename;

	/* $1 the session's key; one column, the data of a live session */
	char	*session;
	/* $1 a list of keys */
	char	*batch_sessions;

	/* The three about users are asked with query_ask_user() and
	 * query_ask_users(), which know their parameters: $1 the user's id, or
	 * a list of ids; $2 and $3 the permission to take over; $4 app_label
	 * and $5 model in lower case, or lists of them as long as that of the
	 * ids; $6 the ids once more, for the index (PostgreSQL infers another
	 * type for it). */
	char	*user;			/* with no right */
	char	*user_permission;
	char	*batch_users;		/* permissions of models only with
					 * permission = model */
};

void	query_set_init(struct query_set *set, const struct conf *conf,
	    enum db_dialect dialect);
void	query_set_fini(struct query_set *set);

/*
 * Fills in text and parameters of a question about one user, whose id is as
 * query_add_user_id() writes it; app_label NULL: not about a model. What is
 * handed in is borrowed by the request.
 */
void	query_ask_user(const struct query_set *set, const char *id,
	    const char *app_label, const char *model,
	    struct db_request *request);
/* The same about many: three lists of one length. */
void	query_ask_users(const struct query_set *set, const char *ids,
	    const char *app_labels, const char *models,
	    struct db_request *request);

/*
 * Appends a session's user id in the one form that the column has: an integer
 * without leading zeros, a UUID in lower case, without hyphens in SQLite
 * (Django keeps it in char(32) there).
 */
void	query_add_user_id(struct buf *b, const struct query_set *set,
	    const char *id);
/* Whether a boolean column is true: 't' from PostgreSQL, '1' from SQLite. */
bool	query_col_is_true(struct slice col);
/* The column USER_RIGHT; what is none of its numbers is no right. */
enum query_right query_col_right(struct slice col);

#endif

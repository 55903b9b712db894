/*
 * The question that a poll of the admin's log asks, and what each column of
 * its answer means. Pure; any thread.
 */
#ifndef COLLABD_DB_LOGQUERY_H
#define COLLABD_DB_LOGQUERY_H

#include <stdbool.h>

#include "base/compat.h"
#include "base/conf.h"
#include "db/db.h"

/* The columns of a row of the admin's log. The first two are about the whole
 * table; there is a row with them alone when it has no other to give. */
enum query_entry_col {
	ENTRY_LAST,		/* the highest id, or NULL */
	ENTRY_NEWER,		/* how many rows are between $2 and $1 */
	ENTRY_ID,
	ENTRY_USER_ID,
	ENTRY_USERNAME,
	ENTRY_NAME,		/* user_shown_name() reads it */
	ENTRY_TIME,		/* ISO 8601, UTC */
	ENTRY_APP,
	ENTRY_MODEL,
	ENTRY_OBJECT,
	ENTRY_ACTION,
	ENTRY_MESSAGE,		/* cut, at a character behind LOGMSG_MAX */
	ENTRY_COLS,
};

/*
 * The newest rows of the admin's log, by id upwards. $1 the id before which
 * rows are wanted; unless it is the first poll, $2 an id whose newer rows are
 * counted, $3 the id behind which rows are wanted. The caller frees the text.
 */
char	*logquery_text(const struct conf *conf, enum db_dialect dialect,
	    bool is_first) MUSTCHECK;

#endif

/*
 * How names, columns and lists are written in SQL, for both kinds of database.
 * Names come from the configuration only, and every one is quoted here; values
 * are always parameters. All functions append to b. Pure; any thread.
 */
#ifndef COLLABD_DB_SQL_H
#define COLLABD_DB_SQL_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/slice.h"
#include "db/db.h"

/* An identifier in double quotes, its own doubled. */
void	sql_add_name(struct buf *b, const char *name);
/* A table's name with conf->database_schema before it, if set. */
void	sql_add_table(struct buf *b, const struct conf *conf,
	    const char *table);
/* alias."name" */
void	sql_add_col(struct buf *b, const char *alias, const char *name);
/* The same, as text. */
void	sql_add_text_col(struct buf *b, enum db_dialect dialect,
	    const char *alias, const char *name);
/* `, u."name"`, or `, fallback` when the user's model has no such column. */
void	sql_add_user_col(struct buf *b, const char *name,
	    const char *fallback);
/* The name columns of user u with blanks between; user_shown_name() removes
 * those that an empty column leaves. */
void	sql_add_user_name(struct buf *b, const struct conf *conf,
	    enum db_dialect dialect);

/*
 * A list parameter: PostgreSQL's array text, or a JSON array for SQLite's
 * json_each(). start, add each item, end; then buf_str().
 */
void	sql_list_start(struct buf *b, enum db_dialect dialect);
void	sql_list_add(struct buf *b, enum db_dialect dialect,
	    struct slice item);
void	sql_list_end(struct buf *b, enum db_dialect dialect);

#endif

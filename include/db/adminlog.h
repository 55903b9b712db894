/*
 * The admin's log (django_admin_log), from which collabd knows what was saved:
 * a row is there once its save has been committed, whoever made it and however.
 * A worker asks for new rows; which worker and how often is the caller's matter
 * (shm/turn.h). One poll is one question to the database by a thread of the
 * pool, over a connection as pool.h describes it; the loop never waits.
 *
 * All functions: loop thread. None calls back before it returns.
 */
#ifndef COLLABD_DB_ADMINLOG_H
#define COLLABD_DB_ADMINLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/slice.h"

struct adminlog;
struct pool;

/*
 * A row gets its id before its transaction is committed, so one with a smaller
 * id may appear later: each poll reads so many ids again. (Of rows that are
 * overtaken by more than that are not seen.)
 */
#define ADMINLOG_OVERLAP	100	/* ids */
#define ADMINLOG_ROWS_MAX	500	/* of a poll */
#define ADMINLOG_FIRST_HOURS	24	/* a first poll goes back so far */
#define ADMINLOG_OBJECT_MAX	255	/* bytes of a key; no room has more */
/* How long after it was refused a worker asks again. */
#define ADMINLOG_RETRY_MS	(300 * INT64_C(1000))

enum adminlog_action {		/* as django/contrib/admin/models.py has them */
	ADMINLOG_ADD = 1,
	ADMINLOG_CHANGE = 2,
	ADMINLOG_DELETE = 3,
};

struct adminlog_row {
	int64_t		 id;
	int64_t		 when_us;	/* wall clock */
	const char	*user_id;	/* as struct identity has both */
	const char	*user_name;
	const char	*app_label;
	const char	*model;
	const char	*object_id;	/* the key as str() writes it: not as a
					 * URL has it (django/quote.h) */
	enum adminlog_action action;
	struct slice	 message;	/* for logmsg_add_texts(); LOGMSG_MAX
					 * at most */
};

enum adminlog_status {
	ADMINLOG_OK,
	ADMINLOG_UNAVAILABLE,	/* the database gave no answer; ask again */
	ADMINLOG_REFUSED,	/* no such table, no grant; the log says it */
};

struct adminlog_result {
	enum adminlog_status status;
	/* The rest is 0 unless OK. */
	const struct adminlog_row *rows;	/* by id, upwards */
	size_t		 n;
	int64_t		 older_id;	/* too many: there are more, with
					 * smaller ids than this. Else 0 */
	int64_t		 skipped;	/* how many of these are newer than
					 * since_id; 0 in a first poll */
	int64_t		 next_id;	/* the next poll's since_id; never 0.
					 * Smaller than since_id after the
					 * table was emptied. */
};

/* pool must outlive it. */
struct adminlog *adminlog_new(struct pool *pool) MUSTCHECK;
/* Cancels a poll: no callback comes. Before pool_free(); NULL is
 * allowed. */
void	adminlog_free(struct adminlog *log);

/*
 * Whether saves can be announced: they are configured (save_poll_interval,
 * admin_log_table), and no worker was refused at its last poll. True before
 * the first one, so that is best made when the worker starts.
 */
bool	adminlog_is_on(const struct adminlog *log);

/*
 * Asks for the newest rows behind since_id, and some before it, which the
 * caller may have had already: it tells them by their ids. since_id 0, or less,
 * asks for the newest of the last hours, in a first poll. until_id, unless 0,
 * leaves out what has this id or a greater one: with older_id, the rest of what
 * was too much. What the result points to is lent for the callback.
 *
 * False, and no callback: a poll is under way, or saves are not configured, or
 * this worker was refused less than ADMINLOG_RETRY_MS ago.
 */
bool	adminlog_poll_start(struct adminlog *log, int64_t since_id,
	    int64_t until_id, void (*cb)(const struct adminlog_result *,
	    void *), void *arg) MUSTCHECK;

#endif

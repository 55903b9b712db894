/*
 * One poll of the admin's log: the thread's half of adminlog.h. Owns the rows
 * that it read.
 */
#ifndef COLLABD_AUTH_LOGPOLL_H
#define COLLABD_AUTH_LOGPOLL_H

#include <stddef.h>
#include <stdint.h>

#include "auth/adminlog.h"
#include "auth/burst.h"
#include "base/compat.h"
#include "db/db.h"

struct job;

struct logpoll {
	int64_t		 since_id;	/* constant */
	int64_t		 until_id;	/* constant; not itself */
	/* The end of it, on the loop: poll is NULL when the thread was given
	 * up. */
	void		(*done)(struct logpoll *poll, enum db_status status,
			    void *arg);	/* constant */
	void		*arg;		/* constant */

	/* runner */
	struct adminlog_row *rows;	/* ADMINLOG_ROWS_MAX, or NULL */
	char		**texts;	/* what they point to */
	size_t		 n;
	int64_t		 last_id;	/* the highest of the table, or 0 */
	int64_t		 newer;		/* rows between since_id and until_id,
					 */
	int64_t		 newer_seen;	/* and those of them that came */
	int64_t		 n_seen;	/* rows of whatever kind, */
	int64_t		 first_id;	/* the first one's */
	int64_t		 seen_id;	/* and the last one's */
	struct db_error	 error;		/* why it was refused */
};

struct logpoll *logpoll_new(int64_t since_id, int64_t until_id) MUSTCHECK;
/* NULL is allowed. */
void	logpoll_free(struct logpoll *poll);
/*
 * Runs a JOB_LOGPOLL. job->status is DB_FAULT only if the log cannot be read
 * with this configuration; it says nothing about the database then.
 */
void	logpoll_run(struct job *job, struct burst *burst,
	    const struct db_wait *wait, struct db_error *error);

#endif

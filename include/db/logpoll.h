/*
 * One poll of the admin's log: the job of adminlog.h. Owns the rows that it
 * read. Who may touch a field is said in the words of job.h.
 */
#ifndef COLLABD_DB_LOGPOLL_H
#define COLLABD_DB_LOGPOLL_H

#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "db/adminlog.h"
#include "db/db.h"
#include "db/job.h"

struct pool;

struct logpoll {
	struct job	 job;
	int64_t		 since_id;	/* constant */
	int64_t		 until_id;	/* constant; not itself */
	void		(*done)(struct logpoll *, enum db_status, void *);
					/* loop; NULL: cancelled */
	void		*arg;		/* loop */

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

/*
 * Asks; the pool has it from now on. done() ends it: poll is NULL when its
 * thread was given up. The status is DB_FAULT only if the log cannot be read
 * with this configuration; it says nothing about the database then. Loop.
 */
struct logpoll *logpoll_start(struct pool *pool, int64_t since_id,
	    int64_t until_id, void (*done)(struct logpoll *poll,
	    enum db_status status, void *arg), void *arg) MUSTCHECK;
/* done() will not come. Loop. */
void	logpoll_cancel(struct pool *pool, struct logpoll *poll);

#endif

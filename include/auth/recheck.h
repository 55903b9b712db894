/*
 * Many open sockets asked about at once, in two queries for each few hundred
 * of them. Runs on an authorization thread.
 */
#ifndef COLLABD_AUTH_RECHECK_H
#define COLLABD_AUTH_RECHECK_H

#include "auth/burst.h"
#include "auth/job.h"
#include "auth/line.h"
#include "db/db.h"

/* Runs a JOB_RECHECK: fills in its verdicts, and hands them to the loop's thread
 * as they come. What could not be decided stays UNAVAILABLE. */
void	recheck_run(struct job *job, struct line *line, struct burst *burst,
	    const struct db_wait *wait, struct db_error *error);

#endif

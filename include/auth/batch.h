/*
 * Lookups that stand in line together, answered together: the sessions of up
 * to BATCH_MAX jobs with one query, their users with another. What planning
 * and a round trip cost is paid once for all. Every job keeps what auth.h
 * promises to its checks: it is sealed before the first read, has its own
 * deadline, and is not touched by what becomes of the others. Runs on an
 * authorization thread; holds nothing between calls.
 */
#ifndef COLLABD_AUTH_BATCH_H
#define COLLABD_AUTH_BATCH_H

#include <stddef.h>

#include "auth/burst.h"
#include "auth/job.h"
#include "auth/line.h"
#include "db/db.h"

#define BATCH_MAX	64	/* lookups */
#define BATCH_MIN	4	/* fewer are asked one by one */
/* Who has less time left is asked alone: the first deadline of a batch ends
 * its queries for all. */
#define BATCH_LEFT_MS	50

struct batch {
	struct job	*jobs[BATCH_MAX];
	size_t		 n;
};

/*
 * Runs the JOB_LOOKUP that the batch holds. When the connection is open and
 * enough others stand in line, takes them into the batch and runs them with
 * it. Afterwards all jobs of the batch are sealed and have their results; the
 * caller finishes them. wait is the first job's.
 */
void	batch_run(struct batch *batch, struct line *line, size_t thread,
	    struct burst *burst, const struct db_wait *wait,
	    struct db_error *error);

#endif

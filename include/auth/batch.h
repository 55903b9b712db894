/*
 * Lookups that stand in line together, answered together: the sessions of up
 * to BATCH_MAX of them with one query, their users with another. What planning
 * and a round trip cost is paid once for all. Every lookup keeps what auth.h
 * promises to its checks: it is sealed before the first read, has its own
 * deadline, and is not touched by what becomes of the others. Runs on a thread
 * of the pool; holds nothing between calls.
 */
#ifndef COLLABD_AUTH_BATCH_H
#define COLLABD_AUTH_BATCH_H

#include "db/job.h"

#define BATCH_MAX	JOB_RUN_MAX	/* lookups */
#define BATCH_MIN	4	/* fewer are asked one by one */
/* Who has less time left is asked alone: the first deadline of a batch ends
 * its queries for all. */
#define BATCH_LEFT_MS	50

/*
 * Runs a struct lookup. When the connection is open and enough others stand in
 * line, takes them too. Afterwards all of the run are sealed and have their
 * results.
 */
void	batch_run(struct job_run *run);

#endif

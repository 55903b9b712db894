/*
 * One thing that a thread of the pool does from beginning to end. Whoever asks
 * the database embeds a struct job in a struct of its own, and its operations
 * say how it is run, answered and freed; the pool knows no other difference
 * between the kinds.
 *
 * A job is made on the loop's thread, which hands it to the pool (pool.h). It
 * stands in the line (line.h), belongs to one thread while it runs, and comes
 * back to the loop's thread, which frees it. Each field says who may touch it
 * when: "loop" is the loop's thread at any time; "line" is whoever holds the
 * line's lock; "runner" is the thread that runs the job, and the loop's before
 * and after.
 */
#ifndef COLLABD_DB_JOB_H
#define COLLABD_DB_JOB_H

#include <sys/queue.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "db/db.h"

#define JOB_RUN_MAX	64	/* jobs of one kind that are run together */

struct burst;
struct job;
struct line;

/* A thread at work. Lives on the thread's stack. */
struct job_run {
	struct line	*line;
	size_t		 thread;	/* its number in the line */
	struct burst	*burst;		/* its connection */
	struct db_wait	 wait;		/* of the first job alone */
	struct db_error	 error;		/* for the log, when a status is bad */
	/* Taken from the line, and given back when run() returns. */
	struct job	*jobs[JOB_RUN_MAX];
	size_t		 n;
};

struct job_ops {
	/* Does the one job that the run has, and those that line_take_more()
	 * adds. Thread. */
	void	(*run)(struct job_run *run);
	/* It is over: calls back whoever wants the answer. Loop. */
	void	(*answer)(struct job *job);
	/* Its time is over and no thread has said anything: the same, touching
	 * nothing that is the runner's. Loop. */
	void	(*fail)(struct job *job);
	/* After either of them, or of neither: nobody else has it. Loop. */
	void	(*free)(struct job *job);
	/* Calls back with what there is already, if that is news; may be called
	 * at any time until answer() or fail(). NULL: nothing ever is. Loop. */
	void	(*answer_partly)(struct job *job);
	/* Adds somebody who asks what the key says; false: there are enough.
	 * NULL: no job has a key. Loop, under the line's lock. */
	bool	(*join)(struct job *job, void *asker);
};

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_FINISHED };

struct job {
	TAILQ_ENTRY(job) in_line;	/* line: waiting, running or finished */
	TAILQ_ENTRY(job) in_pool;	/* loop: all unanswered, by deadline */
	TAILQ_ENTRY(job) in_parts;	/* loop: with answer_partly() */
	LIST_ENTRY(job)	 in_bucket;	/* line: while may_join */
	const struct job_ops *ops;	/* constant */
	/* What it asks, for others who ask the same of a job with these ops;
	 * lent by whoever embeds it. Absent: it is joined by nobody. */
	struct slice	 key;		/* constant */
	uint64_t	 hash;		/* constant; of the key */
	enum job_state	 state;		/* line */
	bool		 may_join;	/* line */
	size_t		 thread;	/* line: who runs it */
	int64_t		 deadline_ms;	/* constant; clock_mono_ms() */
	atomic_bool	 is_cancelled;	/* anybody */
	bool		 is_abandoned;	/* loop: answered without its thread */
	/* How the database was, and whether that is to count for its health and
	 * in the log: not if it was not asked. */
	enum db_status	 status;	/* runner */
	bool		 status_counts;	/* runner */
};
TAILQ_HEAD(jobs, job);

/* A job that is all zeros gets its operations; pool_start() sets the rest. */
void	job_init(struct job *job, const struct job_ops *ops);
/* For struct db_wait: whether nobody wants this job's answer any more. */
bool	job_is_cancelled(void *job);

#endif

/*
 * The threads of a worker that ask the database, as the loop sees them. The
 * pool owns its threads, its waiting line and its connections; jobs (job.h) are
 * handed to it and come back as calls of their operations. It knows no kind of
 * them.
 *
 * All functions here: loop thread only, and none calls back before it returns.
 * A job's answer(), fail() and answer_partly() run on the loop, may start and
 * withdraw jobs, and must not free the pool.
 *
 * Time: one deadline, conf->auth_timeout_ms from pool_start(), covers waiting
 * in line, waiting for a place in the machine's budget, connecting and asking.
 * answer() or fail() comes at the latest 100 ms after it, whatever a thread is
 * stuck in.
 *
 * Connections: a place of the budget (shm/budget.h) is taken before and given
 * back after each one. A connection serves one job and is closed; only while
 * others stand in line in this worker does it serve them too, within the bounds
 * that burst.h has. It is never idle.
 *
 * Counted in shared memory by the pool itself: DB_OPENED.
 */
#ifndef COLLABD_DB_POOL_H
#define COLLABD_DB_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"
#include "db/db.h"
#include "db/job.h"

struct event_base;
struct pool;
struct shm;

/* Since pool_new(). */
struct pool_stats {
	uint64_t queries;	/* statements sent, of all kinds */
	uint64_t opened;	/* connections */
};

/*
 * Starts conf->auth_threads threads, with all signals blocked; after the fork.
 * conf, base and shm must outlive the pool. NULL, with the reason logged, when
 * database_url cannot be read or a thread cannot be made.
 */
struct pool *pool_new(const struct conf *conf, struct event_base *base,
	    struct shm *shm, int slot) MUSTCHECK;
/*
 * Frees all jobs unanswered and waits for the threads, at most two seconds:
 * only a thread that is stuck in the resolver takes longer. It is left behind
 * then with what it uses, and the answer is false: the process should end, and
 * neither conf and shm nor what the jobs point to may be freed. NULL is allowed.
 */
bool	 pool_free(struct pool *pool) MUSTCHECK;

/* As handed to pool_new(). */
const struct conf *pool_conf(const struct pool *pool);
struct shm *pool_shm(const struct pool *pool);
int	 pool_slot(const struct pool *pool);
enum db_dialect pool_dialect(const struct pool *pool);

/* Puts a job into the line and takes it over. */
void	 pool_start(struct pool *pool, struct job *job);
/* The same with one that needs no thread: answer() comes from the loop. */
void	 pool_start_finished(struct pool *pool, struct job *job);
/*
 * Adds the asker, by ops->join(), to a job that has these ops and this key, has
 * not begun to read, and has half its time left; returns it, or NULL when there
 * is none.
 */
struct job *pool_join(struct pool *pool, const struct job_ops *ops,
	    struct slice key, void *asker) MUSTCHECK;
/* Nobody wants the answer: a job that waits is freed; one that runs is told to
 * stop, and comes back as any other. */
void	 pool_withdraw(struct pool *pool, struct job *job);

/* Whether the last job that asked the database got an answer; false before
 * the first. */
bool	 pool_is_healthy(const struct pool *pool);
/* When that became known, clock_mono_ms(); 0: nothing is. */
int64_t	 pool_outcome_ms(const struct pool *pool);

void	 pool_stats(const struct pool *pool, struct pool_stats *stats);

/* What is under way, for a dump. */
struct pool_view {
	bool	is_healthy;	/* as pool_is_healthy() */
	size_t	n_jobs;		/* unanswered */
	int64_t	oldest_ms;	/* for how long the first of these */
	size_t	n_threads;
	size_t	max_connections; /* of all workers of the machine */
};
void	 pool_describe(const struct pool *pool, struct pool_view *view);

#endif

/*
 * The waiting line: one mutex, one condition for idle threads, one eventfd for
 * the loop, and one eventfd for each thread that is busy in poll(2). Called by
 * pool.c on the loop's thread and by crew.c and what it runs on the others.
 *
 * A job with a key may be joined from line_add() until its thread is about to
 * send the first query (line_seal()). So those who ask the same together cost
 * one job, and still nobody is answered from something that was read before
 * they came.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/line.h"

#define BUCKETS		1024	/* a power of two */

LIST_HEAD(bucket, job);

struct line_thread {
	int		 wake_fd;
	struct jobs	 running;	/* under the lock */
};

struct line {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;	/* a job came, stop, a thread ended */
	struct jobs	 waiting;
	size_t		 n_waiting;
	size_t		 n_idle;	/* threads in line_take() */
	struct jobs	 finished;
	bool		 is_stopping;
	size_t		 n_ended;

	uint64_t	 seed;
	struct bucket	 buckets[BUCKETS];

	int		 finished_fd;
	size_t		 n_threads;
	struct line_thread threads[];
};

static void
lock(struct line *line)
{
	if (pthread_mutex_lock(&line->lock) != 0)
		log_fatal("cannot lock the authorization line");
}

static void
unlock(struct line *line)
{
	(void)pthread_mutex_unlock(&line->lock);
}

/* Makes an eventfd readable. It can only fail when it is readable already. */
static void
poke(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) == -1 && errno != EAGAIN)
		log_fatal("eventfd: %s", strerror(errno));
}

static void
init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (pthread_cond_init(cond, &attr) != 0)
		log_fatal("cannot make a condition variable");
	(void)pthread_condattr_destroy(&attr);
}

static void
close_fds(struct line *line)
{
	size_t i;

	for (i = 0; i < line->n_threads; i++) {
		if (line->threads[i].wake_fd != -1)
			close(line->threads[i].wake_fd);
	}
	if (line->finished_fd != -1)
		close(line->finished_fd);
}

struct line *
line_new(size_t n_threads)
{
	struct line *line = xcalloc(1, sizeof(*line) +
	    n_threads * sizeof(line->threads[0]));
	bool ok;
	size_t i;

	TAILQ_INIT(&line->waiting);
	TAILQ_INIT(&line->finished);
	for (i = 0; i < BUCKETS; i++)
		LIST_INIT(&line->buckets[i]);
	line->seed = hash_seed();
	line->n_threads = n_threads;
	line->finished_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ok = line->finished_fd != -1;
	for (i = 0; i < n_threads; i++) {
		TAILQ_INIT(&line->threads[i].running);
		line->threads[i].wake_fd =
		    eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		ok = ok && line->threads[i].wake_fd != -1;
	}
	if (!ok) {
		int saved = errno;

		close_fds(line);
		free(line);
		errno = saved;
		return (NULL);
	}
	if (pthread_mutex_init(&line->lock, NULL) != 0)
		log_fatal("cannot make a lock");
	init_cond(&line->changed);
	return (line);
}

static void
free_jobs(struct jobs *jobs)
{
	struct job *job;

	while ((job = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, job, in_line);
		job->ops->free(job);
	}
}

void
line_free(struct line *line)
{
	free_jobs(&line->waiting);
	free_jobs(&line->finished);
	close_fds(line);
	(void)pthread_cond_destroy(&line->changed);
	(void)pthread_mutex_destroy(&line->lock);
	free(line);
}

int
line_finished_fd(const struct line *line)
{
	return (line->finished_fd);
}

int
line_wake_fd(const struct line *line, size_t thread)
{
	return (line->threads[thread].wake_fd);
}

static struct bucket *
bucket_of(struct line *line, uint64_t hash)
{
	return (&line->buckets[hash & (BUCKETS - 1)]);
}

/* Under the lock. */
static void
seal(struct job *job)
{
	if (!job->may_join)
		return;
	job->may_join = false;
	LIST_REMOVE(job, in_bucket);
}

static bool
has_key(const struct job *job, const struct job_ops *ops, uint64_t hash,
    struct slice key)
{
	return (job->hash == hash && job->ops == ops && job->key.n == key.n &&
	    memcmp(job->key.p, key.p, key.n) == 0);
}

struct job *
line_join(struct line *line, const struct job_ops *ops, struct slice key,
    void *asker, int64_t not_before_ms)
{
	uint64_t hash = hash_bytes(key.p, key.n, line->seed);
	struct job *job;

	lock(line);
	LIST_FOREACH(job, bucket_of(line, hash), in_bucket) {
		if (has_key(job, ops, hash, key) &&
		    job->deadline_ms >= not_before_ms && ops->join(job, asker))
			break;
	}
	unlock(line);
	return (job);
}

void
line_add(struct line *line, struct job *job)
{
	lock(line);
	job->state = JOB_WAITING;
	TAILQ_INSERT_TAIL(&line->waiting, job, in_line);
	line->n_waiting++;
	if (job->key.p != NULL) {
		job->hash = hash_bytes(job->key.p, job->key.n, line->seed);
		job->may_join = true;
		LIST_INSERT_HEAD(bucket_of(line, job->hash), job, in_bucket);
	}
	(void)pthread_cond_signal(&line->changed);
	unlock(line);
}

void
line_add_finished(struct line *line, struct job *job)
{
	lock(line);
	job->state = JOB_FINISHED;
	TAILQ_INSERT_TAIL(&line->finished, job, in_line);
	unlock(line);
	poke(line->finished_fd);
}

bool
line_withdraw(struct line *line, struct job *job)
{
	bool was_waiting;

	lock(line);
	seal(job);
	was_waiting = job->state == JOB_WAITING;
	if (was_waiting) {
		TAILQ_REMOVE(&line->waiting, job, in_line);
		line->n_waiting--;
		/* So that withdrawing it again does nothing. */
		job->state = JOB_FINISHED;
	}
	if (job->state == JOB_RUNNING) {
		atomic_store(&job->is_cancelled, true);
		poke(line->threads[job->thread].wake_fd);
	}
	unlock(line);
	return (was_waiting);
}

void
line_finished(struct line *line, struct jobs *out)
{
	uint64_t count;

	if (read(line->finished_fd, &count, sizeof(count)) == -1)
		errno = 0;	/* nobody wrote since: the list may be empty */
	lock(line);
	TAILQ_CONCAT(out, &line->finished, in_line);
	unlock(line);
}

void
line_stop(struct line *line)
{
	struct job *job;
	size_t i;

	lock(line);
	line->is_stopping = true;
	for (i = 0; i < line->n_threads; i++) {
		TAILQ_FOREACH(job, &line->threads[i].running, in_line)
			atomic_store(&job->is_cancelled, true);
		if (!TAILQ_EMPTY(&line->threads[i].running))
			poke(line->threads[i].wake_fd);
	}
	(void)pthread_cond_broadcast(&line->changed);
	unlock(line);
}

bool
line_wait_ended(struct line *line, int64_t deadline_ms)
{
	struct timespec ts;
	bool all;

	ts.tv_sec = deadline_ms / 1000;
	ts.tv_nsec = deadline_ms % 1000 * 1000000;
	lock(line);
	while (line->n_ended < line->n_threads) {
		if (pthread_cond_timedwait(&line->changed, &line->lock,
		    &ts) != 0)
			break;
	}
	all = line->n_ended == line->n_threads;
	unlock(line);
	return (all);
}

/* Under the lock: a waiting job becomes the thread's. */
static void
give(struct line *line, struct job *job, size_t thread)
{
	TAILQ_REMOVE(&line->waiting, job, in_line);
	line->n_waiting--;
	job->state = JOB_RUNNING;
	job->thread = thread;
	TAILQ_INSERT_TAIL(&line->threads[thread].running, job, in_line);
}

/* Under the lock: the first in line becomes the thread's. */
static struct job *
take_first(struct line *line, size_t thread)
{
	struct job *job = TAILQ_FIRST(&line->waiting);

	if (line->is_stopping || job == NULL)
		return (NULL);
	give(line, job, thread);
	return (job);
}

struct job *
line_take(struct line *line, size_t thread)
{
	struct job *job;

	lock(line);
	line->n_idle++;
	while ((job = take_first(line, thread)) == NULL && !line->is_stopping)
		(void)pthread_cond_wait(&line->changed, &line->lock);
	line->n_idle--;
	unlock(line);
	return (job);
}

struct job *
line_take_now(struct line *line, size_t thread)
{
	struct job *job;

	lock(line);
	job = take_first(line, thread);
	unlock(line);
	return (job);
}

size_t
line_take_more(struct job_run *run, size_t min, size_t max, int64_t left_ms)
{
	int64_t not_before_ms = clock_mono_ms() + left_ms;
	struct line *line = run->line;
	struct job *job, *next;
	size_t n = 0, share;

	lock(line);
	/* An idle thread has been woken already for what stands in line. */
	share = (line->n_waiting + line->n_idle) / (line->n_idle + 1);
	if (max > JOB_RUN_MAX - run->n)
		max = JOB_RUN_MAX - run->n;
	if (share > max)
		share = max;
	job = line->is_stopping || share < min ? NULL :
	    TAILQ_FIRST(&line->waiting);
	for (; job != NULL && n < share; job = next) {
		next = TAILQ_NEXT(job, in_line);
		if (job->ops != run->jobs[0]->ops)
			continue;
		/* The line is in the order of deadlines, but for a reload. */
		if (job->deadline_ms < not_before_ms)
			break;
		give(line, job, run->thread);
		run->jobs[run->n++] = job;
		n++;
	}
	unlock(line);
	return (n);
}

void
line_seal(struct line *line, struct job *job)
{
	lock(line);
	seal(job);
	unlock(line);
}

void
line_tell(struct line *line)
{
	poke(line->finished_fd);
}

void
line_finish(struct line *line, struct job *job)
{
	lock(line);
	seal(job);
	TAILQ_REMOVE(&line->threads[job->thread].running, job, in_line);
	job->state = JOB_FINISHED;
	TAILQ_INSERT_TAIL(&line->finished, job, in_line);
	unlock(line);
	poke(line->finished_fd);
}

void
line_thread_ended(struct line *line)
{
	lock(line);
	line->n_ended++;
	(void)pthread_cond_broadcast(&line->changed);
	unlock(line);
}

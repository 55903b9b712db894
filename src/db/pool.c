/*
 * The loop's side of the threads that ask the database, and the only file of
 * this layer that knows libevent. Takes jobs to the line, and finished ones back
 * to whoever made them. Woken by the line's eventfd.
 *
 * Every unanswered job is in one list, which is in the order of deadlines
 * because all have the same timeout. One timer looks at its head: a job whose
 * thread is stuck (a name lookup cannot be interrupted) is answered without
 * it, and freed when the thread hands it back.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/crew.h"
#include "db/line.h"
#include "db/pool.h"

/* The thread's own deadline comes first, and its reason is better. */
#define NET_MS	100

struct pool {
	const struct conf *conf;
	struct shm	*shm;
	int		 slot;
	struct crew	*crew;
	struct line	*line;		/* the crew's */
	struct event	*finished_ev;
	struct event	*net_ev;	/* pending while jobs is not empty */
	struct jobs	 jobs;		/* unanswered, by deadline */
	struct jobs	 parts;		/* those of them with answer_partly() */
	bool		 is_healthy;
	int64_t		 outcome_ms;	/* when is_healthy was set; 0: never */
	bool		 is_calling;	/* callbacks run now */
};

/* --- answers --- */

static void
set_outcome(struct pool *pool, bool is_healthy)
{
	pool->is_healthy = is_healthy;
	pool->outcome_ms = clock_mono_ms();
}

static void
note_outcome(struct pool *pool, const struct job *job)
{
	if (job->status_counts && job->status != DB_CANCELLED)
		set_outcome(pool, job->status == DB_OK ||
		    job->status == DB_BAD_VALUE);
}

/* The job is answered now, or never will be. */
static void
remove_job(struct pool *pool, struct job *job)
{
	TAILQ_REMOVE(&pool->jobs, job, in_pool);
	if (job->ops->answer_partly != NULL)
		TAILQ_REMOVE(&pool->parts, job, in_parts);
}

static void
answer_partly(struct pool *pool)
{
	struct job *job;

	TAILQ_FOREACH(job, &pool->parts, in_parts)
		job->ops->answer_partly(job);
}

static void
finished_cb(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct pool *pool = arg;
	struct jobs done = TAILQ_HEAD_INITIALIZER(done);
	struct job *job;

	line_finished(pool->line, &done);
	pool->is_calling = true;
	while ((job = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, job, in_line);
		if (!job->is_abandoned) {
			remove_job(pool, job);
			note_outcome(pool, job);
			job->ops->answer(job);
		}
		job->ops->free(job);
	}
	answer_partly(pool);
	pool->is_calling = false;
}

/* --- the net under the threads' deadlines --- */

static void
arm_net(struct pool *pool)
{
	struct job *job = TAILQ_FIRST(&pool->jobs);
	struct timeval tv;
	int64_t left;

	if (job == NULL || evtimer_pending(pool->net_ev, NULL))
		return;
	left = job->deadline_ms + NET_MS - clock_mono_ms();
	if (left < 1)
		left = 1;
	tv.tv_sec = left / 1000;
	tv.tv_usec = left % 1000 * 1000;
	if (event_add(pool->net_ev, &tv) == -1)
		log_fatal("cannot add a timer");
}

/* Answers a job whose time is over, wherever it is. */
static void
give_up(struct pool *pool, struct job *job)
{
	bool is_ours = line_withdraw(pool->line, job);

	job->is_abandoned = !is_ours;
	remove_job(pool, job);
	set_outcome(pool, false);
	job->ops->fail(job);
	if (is_ours)
		job->ops->free(job);
}

static void
net_cb(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct pool *pool = arg;
	int64_t now = clock_mono_ms();
	struct job *job;

	pool->is_calling = true;
	while ((job = TAILQ_FIRST(&pool->jobs)) != NULL &&
	    job->deadline_ms + NET_MS <= now)
		give_up(pool, job);
	pool->is_calling = false;
	arm_net(pool);
}

/* --- questions --- */

static void
add_job(struct pool *pool, struct job *job)
{
	job->deadline_ms = clock_mono_ms() + pool->conf->auth_timeout_ms;
	TAILQ_INSERT_TAIL(&pool->jobs, job, in_pool);
	if (job->ops->answer_partly != NULL)
		TAILQ_INSERT_TAIL(&pool->parts, job, in_parts);
	arm_net(pool);
}

void
pool_start(struct pool *pool, struct job *job)
{
	add_job(pool, job);
	line_add(pool->line, job);
}

void
pool_start_finished(struct pool *pool, struct job *job)
{
	add_job(pool, job);
	line_add_finished(pool->line, job);
}

struct job *
pool_join(struct pool *pool, const struct job_ops *ops, struct slice key,
    void *asker)
{
	return (line_join(pool->line, ops, key, asker,
	    clock_mono_ms() + pool->conf->auth_timeout_ms / 2));
}

void
pool_withdraw(struct pool *pool, struct job *job)
{
	if (!line_withdraw(pool->line, job))
		return;
	remove_job(pool, job);
	job->ops->free(job);
}

/* --- what is known of it --- */

bool
pool_is_healthy(const struct pool *pool)
{
	return (pool->is_healthy);
}

void
pool_describe(const struct pool *pool, struct pool_view *view)
{
	const struct job *job = TAILQ_FIRST(&pool->jobs);

	memset(view, 0, sizeof(*view));
	view->is_healthy = pool->is_healthy;
	view->n_threads = (size_t)pool->conf->auth_threads;
	view->max_connections = (size_t)pool->conf->auth_max_connections;
	if (job != NULL)
		view->oldest_ms = clock_mono_ms() -
		    (job->deadline_ms - pool->conf->auth_timeout_ms);
	for (; job != NULL; job = TAILQ_NEXT(job, in_pool))
		view->n_jobs++;
}

int64_t
pool_outcome_ms(const struct pool *pool)
{
	return (pool->outcome_ms);
}

void
pool_stats(const struct pool *pool, struct pool_stats *stats)
{
	crew_stats(pool->crew, stats);
}

const struct conf *
pool_conf(const struct pool *pool)
{
	return (pool->conf);
}

struct shm *
pool_shm(const struct pool *pool)
{
	return (pool->shm);
}

int
pool_slot(const struct pool *pool)
{
	return (pool->slot);
}

enum db_dialect
pool_dialect(const struct pool *pool)
{
	return (crew_dialect(pool->crew));
}

/* --- beginning and end --- */

struct pool *
pool_new(const struct conf *conf, struct event_base *base, struct shm *shm,
    int slot)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));
	struct buf err = { 0 };

	pool->conf = conf;
	pool->shm = shm;
	pool->slot = slot;
	TAILQ_INIT(&pool->jobs);
	TAILQ_INIT(&pool->parts);
	pool->crew = crew_start(conf, shm, slot, &err);
	if (pool->crew == NULL) {
		log_err("authorization: %s", buf_str(&err));
		buf_fini(&err);
		free(pool);
		return (NULL);
	}
	buf_fini(&err);
	pool->line = crew_line(pool->crew);
	pool->finished_ev = event_new(base, line_finished_fd(pool->line),
	    EV_READ | EV_PERSIST, finished_cb, pool);
	pool->net_ev = evtimer_new(base, net_cb, pool);
	if (pool->finished_ev == NULL || pool->net_ev == NULL ||
	    event_add(pool->finished_ev, NULL) == -1)
		log_fatal("cannot make the authorization events");
	return (pool);
}

bool
pool_free(struct pool *pool)
{
	bool ended;

	if (pool == NULL)
		return (true);
	ASSERT(!pool->is_calling);
	event_free(pool->finished_ev);
	event_free(pool->net_ev);
	/* Every job is in the line again once the threads have ended. */
	ended = crew_stop(pool->crew);
	free(pool);
	return (ended);
}

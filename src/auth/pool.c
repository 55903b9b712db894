/*
 * The loop's side of authorization, and the only file of this layer that knows
 * libevent. Turns questions into jobs for the line, and finished jobs into
 * callbacks. Called by the server layer on the loop's thread; woken by the
 * line's eventfd.
 *
 * Every unanswered job is in one list, which is in the order of deadlines
 * because all have the same timeout. One timer looks at its head: a job whose
 * thread is stuck (a name lookup cannot be interrupted) is answered without
 * it, and freed when the thread hands it back.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "auth/crew.h"
#include "auth/job.h"
#include "auth/line.h"
#include "auth/pool.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "shm/counters.h"

/* The thread's own deadline comes first, and its reason is better. */
#define NET_MS	100

struct auth_pool {
	const struct conf *conf;
	struct shm	*shm;
	int		 slot;
	struct crew	*crew;
	struct line	*line;		/* the crew's */
	struct event	*finished_ev;
	struct event	*net_ev;	/* pending while jobs is not empty */
	struct jobs	 jobs;		/* unanswered, by deadline */
	size_t		 n_checks;	/* unanswered */
	uint64_t	 n_joined;
	struct job	*rechecking;	/* unanswered; or NULL */
	bool		 is_probing;
	bool		 is_healthy;
	int64_t		 outcome_ms;	/* when is_healthy was set; 0: never */
	bool		 is_calling;	/* callbacks run now */
};

/* --- answers --- */

static void
answer_check(struct auth_pool *pool, struct auth_check *check,
    struct auth_result *result)
{
	static const enum counter counters[] = {
		[AUTH_ALLOWED] = COUNTER_AUTH_ALLOWED,
		[AUTH_DENIED] = COUNTER_AUTH_DENIED,
		[AUTH_UNAVAILABLE] = COUNTER_AUTH_UNAVAILABLE,
	};
	void (*cb)(const struct auth_result *, void *) = check->cb;

	if (cb == NULL)
		return;
	result->duration_us = clock_mono_us() - check->start_us;
	counters_add(pool->shm, pool->slot, counters[result->verdict], 1);
	counters_add_auth_us(pool->shm, pool->slot, result->duration_us);
	check->cb = NULL;
	check->job->n_live--;
	pool->n_checks--;
	cb(result, check->arg);
}

/* A finished lookup: each check gets what its thread wrote. */
static void
answer_lookup(struct auth_pool *pool, struct job *job)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &job->checks, in_job) {
		struct auth_result result = check->result;

		if (check->cb == NULL)
			continue;
		/* The callee takes it. */
		check->result.user = NULL;
		answer_check(pool, check, &result);
	}
}

static void
answer_recheck(struct auth_pool *pool, struct job *job)
{
	struct recheck *r = job->recheck;

	pool->rechecking = NULL;
	r->cb(r->answers, r->n, true, r->arg);
}

/* What the re-check under way has decided since. */
static void
answer_partly(struct auth_pool *pool)
{
	struct job *job = pool->rechecking;

	if (job != NULL && recheck_take(job->recheck))
		job->recheck->cb(job->recheck->known, job->recheck->n, false,
		    job->recheck->arg);
}

static void
answer(struct auth_pool *pool, struct job *job)
{
	switch (job->kind) {
	case JOB_LOOKUP:
		answer_lookup(pool, job);
		break;
	case JOB_RECHECK:
		answer_recheck(pool, job);
		break;
	case JOB_PROBE:
		pool->is_probing = false;
		break;
	case JOB_LOGPOLL:
		job->logpoll->done(job->logpoll, job->status,
		    job->logpoll->arg);
		break;
	}
}

static void
note_outcome(struct auth_pool *pool, const struct job *job)
{
	if (!job->asked_database || job->status == DB_CANCELLED)
		return;
	/* Authorization does not need the admin's log. */
	if (job->kind == JOB_LOGPOLL && job->status == DB_FAULT)
		return;
	pool->is_healthy = job->status == DB_OK || job->status == DB_BAD_VALUE;
	pool->outcome_ms = clock_mono_ms();
}

static void
finished_cb(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct auth_pool *pool = arg;
	struct jobs done = TAILQ_HEAD_INITIALIZER(done);
	struct job *job;

	line_finished(pool->line, &done);
	pool->is_calling = true;
	while ((job = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, job, in_line);
		if (!job->is_abandoned) {
			TAILQ_REMOVE(&pool->jobs, job, in_pool);
			note_outcome(pool, job);
			answer(pool, job);
		}
		job_free(job);
	}
	answer_partly(pool);
	pool->is_calling = false;
}

/* --- the net under the threads' deadlines --- */

static void
arm_net(struct auth_pool *pool)
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

static void
fail_lookup(struct auth_pool *pool, struct job *job)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &job->checks, in_job) {
		struct auth_result result;

		/* check->result may be the thread's still. */
		verdict_fail(DB_TIMEOUT, &result);
		answer_check(pool, check, &result);
	}
}

/* The array of the job may be the thread's still. */
static void
fail_recheck(struct auth_pool *pool, struct job *job)
{
	struct recheck *r = job->recheck;
	size_t i;

	if (!recheck_take(r) && r->known == NULL) {
		r->known = xcalloc(r->n, sizeof(*r->known));
		for (i = 0; i < r->n; i++)
			r->known[i].verdict = AUTH_UNAVAILABLE;
	}
	pool->rechecking = NULL;
	r->cb(r->known, r->n, true, r->arg);
}

/* Answers a job whose time is over, wherever it is. */
static void
give_up(struct auth_pool *pool, struct job *job)
{
	bool is_ours = line_withdraw(pool->line, job);

	job->is_abandoned = !is_ours;
	TAILQ_REMOVE(&pool->jobs, job, in_pool);
	pool->is_healthy = false;
	pool->outcome_ms = clock_mono_ms();
	switch (job->kind) {
	case JOB_LOOKUP:
		fail_lookup(pool, job);
		break;
	case JOB_RECHECK:
		fail_recheck(pool, job);
		break;
	case JOB_PROBE:
		pool->is_probing = false;
		break;
	case JOB_LOGPOLL:
		/* The rows may be the thread's still. */
		job->logpoll->done(NULL, DB_TIMEOUT, job->logpoll->arg);
		break;
	}
	if (is_ours)
		job_free(job);
}

static void
net_cb(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct auth_pool *pool = arg;
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

static struct job *
new_job(struct auth_pool *pool, enum job_kind kind)
{
	struct job *job = job_new(kind,
	    clock_mono_ms() + pool->conf->auth_timeout_ms);

	TAILQ_INSERT_TAIL(&pool->jobs, job, in_pool);
	arm_net(pool);
	return (job);
}

static struct job *
new_lookup(struct auth_pool *pool, struct auth_check *check,
    struct slice session)
{
	struct job *job = new_job(pool, JOB_LOOKUP);

	job->session = xmemdup0(session.p == NULL ? "" : session.p, session.n);
	job->session_len = session.n;
	TAILQ_INSERT_TAIL(&job->checks, check, in_job);
	job->n_checks = 1;
	return (job);
}

/* A stored session has a key of a known form; a signed cookie is checked by
 * its signature, in a thread. */
static bool
keys_only(const struct auth_pool *pool)
{
	return (pool->conf->session_engine != SESSION_SIGNED_COOKIES);
}

static bool
can_be_session(const struct auth_pool *pool, struct slice session)
{
	return (session.p != NULL && session.n != 0 &&
	    (!keys_only(pool) || session_key_is_plausible(session)));
}

/* No thread is needed to refuse this one. */
static struct job *
refuse(struct auth_pool *pool, struct auth_check *check,
    enum django_reason reason)
{
	struct job *job = new_lookup(pool, check, (struct slice){ NULL, 0 });

	job_deny(job, reason);
	line_add_finished(pool->line, job);
	return (job);
}

/* Behind a lookup of the same session that has half its time left, or in a
 * lookup of its own. */
static struct job *
ask(struct auth_pool *pool, struct auth_check *check, struct slice session)
{
	struct job *job = line_join(pool->line, check, session,
	    clock_mono_ms() + pool->conf->auth_timeout_ms / 2);

	if (job != NULL) {
		pool->n_joined++;
		counters_add(pool->shm, pool->slot, COUNTER_AUTH_JOINED, 1);
		return (job);
	}
	job = new_lookup(pool, check, session);
	line_add(pool->line, job);
	return (job);
}

struct auth_check *
auth_check_start(struct auth_pool *pool, const struct auth_query *query,
    void (*cb)(const struct auth_result *, void *), void *arg)
{
	struct auth_check *check;
	bool is_sound;

	if (pool->n_checks >= (size_t)pool->conf->auth_queue_max)
		return (NULL);
	check = check_new(query, &is_sound);
	check->pool = pool;
	check->cb = cb;
	check->arg = arg;
	check->start_us = clock_mono_us();
	pool->n_checks++;
	if (!can_be_session(pool, query->session))
		check->job = refuse(pool, check, DJANGO_NO_SESSION);
	else if (!is_sound)
		check->job = refuse(pool, check, DJANGO_NO_PERMISSION);
	else
		check->job = ask(pool, check, query->session);
	check->job->n_live++;
	return (check);
}

void
auth_check_cancel(struct auth_check *check)
{
	struct auth_pool *pool = check->pool;
	struct job *job = check->job;

	ASSERT(check->cb != NULL);
	check->cb = NULL;
	pool->n_checks--;
	if (--job->n_live != 0 || !line_withdraw(pool->line, job))
		return;
	TAILQ_REMOVE(&pool->jobs, job, in_pool);
	job_free(job);
}

bool
auth_recheck_start(struct auth_pool *pool, const struct auth_query *queries,
    size_t n, auth_recheck_cb *cb, void *arg)
{
	struct job *job;

	if (pool->rechecking != NULL || n == 0)
		return (false);
	job = pool->rechecking = new_job(pool, JOB_RECHECK);
	job->recheck = recheck_new(queries, n, keys_only(pool));
	job->recheck->cb = cb;
	job->recheck->arg = arg;
	line_add(pool->line, job);
	return (true);
}

bool
auth_pool_is_healthy(const struct auth_pool *pool)
{
	return (pool->is_healthy);
}

void
auth_pool_describe(const struct auth_pool *pool, struct auth_view *view)
{
	const struct job *job = TAILQ_FIRST(&pool->jobs);

	memset(view, 0, sizeof(*view));
	view->is_healthy = pool->is_healthy;
	view->is_rechecking = pool->rechecking != NULL;
	view->n_checks = pool->n_checks;
	view->n_threads = (size_t)pool->conf->auth_threads;
	view->max_connections = (size_t)pool->conf->auth_max_connections;
	if (job != NULL)
		view->oldest_ms = clock_mono_ms() -
		    (job->deadline_ms - pool->conf->auth_timeout_ms);
	for (; job != NULL; job = TAILQ_NEXT(job, in_pool))
		view->n_jobs++;
}

void
auth_pool_probe_start(struct auth_pool *pool)
{
	if (pool->is_probing || (pool->outcome_ms != 0 &&
	    clock_mono_ms() - pool->outcome_ms < AUTH_PROBE_AGE_MS))
		return;
	pool->is_probing = true;
	line_add(pool->line, new_job(pool, JOB_PROBE));
}

void
auth_pool_stats(const struct auth_pool *pool, struct auth_stats *stats)
{
	crew_stats(pool->crew, stats);
	stats->joined = pool->n_joined;
}

/* --- for the other files of this layer --- */

const struct conf *
pool_conf(const struct auth_pool *pool)
{
	return (pool->conf);
}

struct shm *
pool_shm(const struct auth_pool *pool)
{
	return (pool->shm);
}

struct job *
pool_poll_start(struct auth_pool *pool, struct logpoll *poll)
{
	struct job *job = new_job(pool, JOB_LOGPOLL);

	job->logpoll = poll;
	line_add(pool->line, job);
	return (job);
}

void
pool_poll_cancel(struct auth_pool *pool, struct job *job)
{
	TAILQ_REMOVE(&pool->jobs, job, in_pool);
	if (line_withdraw(pool->line, job))
		job_free(job);
	else
		job->is_abandoned = true;
}

/* --- beginning and end --- */

struct auth_pool *
auth_pool_new(const struct conf *conf, struct event_base *base,
    struct shm *shm, int slot)
{
	struct auth_pool *pool = xcalloc(1, sizeof(*pool));
	struct buf err = { 0 };

	pool->conf = conf;
	pool->shm = shm;
	pool->slot = slot;
	TAILQ_INIT(&pool->jobs);
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

void
auth_pool_free(struct auth_pool *pool)
{
	if (pool == NULL)
		return;
	ASSERT(!pool->is_calling);
	event_free(pool->finished_ev);
	event_free(pool->net_ev);
	/* Every job is in the line again once the threads have ended. */
	(void)crew_stop(pool->crew);
	free(pool);
}

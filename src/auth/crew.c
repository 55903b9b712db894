/*
 * The authorization threads. Each one takes a job from the line (and when many
 * lookups stand there, some more), does it in a straight line with one
 * deadline, hands it back, and goes on with the same connection only if
 * somebody else stands in line by then. Started by pool.c
 * after the fork. No call of libevent is made here or below.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/batch.h"
#include "auth/burst.h"
#include "auth/crew.h"
#include "auth/lookup.h"
#include "auth/recheck.h"
#include "auth/source.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"

/* How long crew_stop() waits: everything but the resolver can be woken. */
#define END_MS	2000

struct member {
	struct crew	*crew;
	size_t		 number;
	pthread_t	 thread;
};

struct crew {
	struct auth_source source;
	struct line	*line;
	struct burst_shared shared;
	size_t		 n;
	struct member	 members[];
};

/* One line for jobs that the database did not answer; a wrong configuration
 * is an error, a database that is down is not ours. */
static void
log_trouble(enum db_status status, const struct db_error *error)
{
	static _Thread_local struct log_limit faults;

	if (status == DB_FAULT && log_allow(&faults, 1))
		log_err("authorization: the database refuses our query: %s; "
		    "\"collabd -t\" says what to do", error->text);
	else if (status == DB_DOWN && error->fault == DB_FAULT_TLS)
		log_warn_limited("authorization: no TLS with the database: %s; "
		    "\"collabd -t\" says what to do", error->text);
	else if (status == DB_DOWN || status == DB_TIMEOUT)
		log_warn_limited("authorization: %s", error->text);
}

/* What the database was to the job, or to the first of the batch that it
 * failed. */
static enum db_status
worst_status(const struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->n; i++) {
		enum db_status status = batch->jobs[i]->status;

		if (status == DB_FAULT || status == DB_DOWN ||
		    status == DB_TIMEOUT)
			return (status);
	}
	return (DB_OK);
}

/* Runs what the batch holds: one job, and more lookups if it finds them. */
static void
run(struct member *m, struct burst *burst, struct batch *batch)
{
	struct job *job = batch->jobs[0];
	struct line *line = m->crew->line;
	struct db_error error = { DB_FAULT_OTHER, "" };
	struct db_wait wait = {
		.deadline_ms = job->deadline_ms,
		.wake_fd = line_wake_fd(line, m->number),
		.is_cancelled = job_is_cancelled,
		.arg = job,
	};

	switch (job->kind) {
	case JOB_LOOKUP:
		batch_run(batch, line, m->number, burst, &wait, &error);
		break;
	case JOB_RECHECK:
		recheck_run(job, line, burst, &wait, &error);
		break;
	case JOB_PROBE:
		lookup_probe(job, burst, &wait, &error);
		break;
	case JOB_LOGPOLL:
		logpoll_run(job, burst, &wait, &error);
		if (job->status == DB_FAULT)
			return;		/* no trouble of authorization */
		break;
	}
	log_trouble(worst_status(batch), &error);
}

/* Hands the jobs back. Whether the connection may serve another. */
static bool
finish(struct line *line, struct burst *burst, const struct batch *batch)
{
	bool goes_on = burst_served(burst, batch->n);
	size_t i;

	for (i = 0; i < batch->n; i++)
		line_finish(line, batch->jobs[i]);
	return (goes_on);
}

static void *
member_main(void *arg)
{
	struct member *m = arg;
	struct line *line = m->crew->line;
	struct burst burst = {
		.source = &m->crew->source,
		.shared = &m->crew->shared,
	};
	struct batch batch;

	while ((batch.jobs[0] = line_take(line, m->number)) != NULL) {
		do {
			batch.n = 1;
			run(m, &burst, &batch);
		} while (finish(line, &burst, &batch) &&
		    (batch.jobs[0] = line_take_now(line, m->number)) != NULL);
		burst_close(&burst);
	}
	line_thread_ended(line);
	return (NULL);
}

/* Starts one thread; it inherits the mask that crew_start() has set. */
static bool
member_start(struct crew *crew, size_t number)
{
	struct member *m = &crew->members[number];
	char name[16];
	int rc;

	m->crew = crew;
	m->number = number;
	rc = pthread_create(&m->thread, NULL, member_main, m);
	if (rc != 0) {
		errno = rc;
		return (false);
	}
	(void)snprintf(name, sizeof(name), "auth %u",
	    (unsigned)number);
	(void)pthread_setname_np(m->thread, name);
	return (true);
}

static void
crew_free(struct crew *crew)
{
	line_free(crew->line);
	auth_source_fini(&crew->source);
	free(crew);
}

static bool
start_members(struct crew *crew, size_t n)
{
	sigset_t all, old;
	bool ok = true;
	int saved;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	for (; ok && crew->n < n; crew->n += ok)
		ok = member_start(crew, crew->n);
	saved = errno;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return (ok);
}

struct crew *
crew_start(const struct conf *conf, struct shm *shm, int slot,
    struct buf *err)
{
	size_t i, n = (size_t)conf->auth_threads;
	struct crew *crew = xcalloc(1, sizeof(*crew) +
	    n * sizeof(crew->members[0]));

	if (!auth_source_init(&crew->source, conf, err)) {
		free(crew);
		return (NULL);
	}
	crew->shared.shm = shm;
	crew->shared.slot = slot;
	if ((crew->line = line_new(n)) == NULL) {
		buf_addf(err, "cannot make the authorization line: %s",
		    strerror(errno));
		auth_source_fini(&crew->source);
		free(crew);
		return (NULL);
	}
	if (start_members(crew, n))
		return (crew);
	buf_addf(err, "cannot start an authorization thread: %s",
	    strerror(errno));
	line_stop(crew->line);
	for (i = 0; i < crew->n; i++)
		(void)pthread_join(crew->members[i].thread, NULL);
	crew_free(crew);
	return (NULL);
}

bool
crew_stop(struct crew *crew)
{
	size_t i;

	line_stop(crew->line);
	if (!line_wait_ended(crew->line, clock_mono_ms() + END_MS)) {
		log_warn("an authorization thread does not end (a name lookup "
		    "may take long); left behind");
		for (i = 0; i < crew->n; i++)
			(void)pthread_detach(crew->members[i].thread);
		return (false);
	}
	for (i = 0; i < crew->n; i++)
		(void)pthread_join(crew->members[i].thread, NULL);
	crew_free(crew);
	return (true);
}

struct line *
crew_line(struct crew *crew)
{
	return (crew->line);
}

void
crew_stats(const struct crew *crew, struct auth_stats *stats)
{
	stats->lookups = atomic_load(&crew->shared.lookups);
	stats->queries = atomic_load(&crew->shared.queries);
	stats->user_queries = atomic_load(&crew->shared.user_queries);
	stats->opened = atomic_load(&crew->shared.opened);
	stats->reused = atomic_load(&crew->shared.reused);
}

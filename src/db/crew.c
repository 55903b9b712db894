/*
 * The threads of a pool. Each one takes a job from the line (and the job, when
 * many of its kind stand there, some more), does it in a straight line with one
 * deadline, hands it back, and goes on with the same connection only if
 * somebody else stands in line by then. Started by pool.c after the fork. No
 * call of libevent is made here or below.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/burst.h"
#include "db/crew.h"
#include "db/db_url.h"
#include "db/line.h"

/* How long crew_stop() waits: everything but the resolver can be woken. */
#define END_MS	2000

struct member {
	struct crew	*crew;
	size_t		 number;
	pthread_t	 thread;
};

struct crew {
	struct db_url	 url;
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

/* How the database was to the first of the jobs that it failed. */
static enum db_status
worst_status(const struct job_run *run)
{
	size_t i;

	for (i = 0; i < run->n; i++) {
		const struct job *job = run->jobs[i];

		if (job->status_counts && (job->status == DB_FAULT ||
		    job->status == DB_DOWN || job->status == DB_TIMEOUT))
			return (job->status);
	}
	return (DB_OK);
}

/* Does a job, with more of its kind if it takes them. */
static void
do_job(struct job_run *run, struct job *job)
{
	run->jobs[0] = job;
	run->n = 1;
	run->error = (struct db_error){ DB_FAULT_OTHER, "" };
	run->wait = (struct db_wait){
		.deadline_ms = job->deadline_ms,
		.wake_fd = line_wake_fd(run->line, run->thread),
		.is_cancelled = job_is_cancelled,
		.arg = job,
	};
	job->ops->run(run);
	log_trouble(worst_status(run), &run->error);
}

/* Hands the jobs back. Whether the connection may serve another. */
static bool
finish(struct job_run *run)
{
	bool goes_on = burst_served(run->burst, run->n);
	size_t i;

	for (i = 0; i < run->n; i++)
		line_finish(run->line, run->jobs[i]);
	return (goes_on);
}

static void *
member_main(void *arg)
{
	struct member *m = arg;
	struct line *line = m->crew->line;
	struct burst burst = { .shared = &m->crew->shared };
	struct job_run run = {
		.line = line,
		.thread = m->number,
		.burst = &burst,
	};
	struct job *job;

	while ((job = line_take(line, m->number)) != NULL) {
		do {
			do_job(&run, job);
		} while (finish(&run) &&
		    (job = line_take_now(line, m->number)) != NULL);
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
	db_url_fini(&crew->url);
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

	db_init_process();
	if (!db_url_parse(conf->database_url, &crew->url, err)) {
		free(crew);
		return (NULL);
	}
	crew->shared.conf = conf;
	crew->shared.url = &crew->url;
	crew->shared.shm = shm;
	crew->shared.slot = slot;
	if ((crew->line = line_new(n)) == NULL) {
		buf_addf(err, "cannot make the authorization line: %s",
		    strerror(errno));
		db_url_fini(&crew->url);
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

enum db_dialect
crew_dialect(const struct crew *crew)
{
	return (db_dialect_of(&crew->url));
}

void
crew_stats(const struct crew *crew, struct pool_stats *stats)
{
	stats->queries = atomic_load(&crew->shared.queries);
	stats->opened = atomic_load(&crew->shared.opened);
}

/*
 * Several lookups at once. Called by crew.c for every lookup; a lookup with
 * too few others in line goes on alone (lookup.c). The queries are chunk.c's.
 *
 * A batch may fail for one of its jobs and not for the others: what it has
 * decided stands, and those that still want an answer are asked again, together
 * when a deadline passed, one by one when the database refused the batch. Asking
 * again is always right, because all jobs are sealed: what is read later is only
 * newer.
 */
#include <stdlib.h>

#include "auth/batch.h"
#include "auth/chunk.h"
#include "auth/lookup.h"
#include "base/xmalloc.h"

/* The connection is open: takes others into the batch. */
static void
gather(struct batch *batch, struct line *line, size_t thread,
    struct burst *burst, const struct db_wait *wait)
{
	struct burst_shared *shared = burst->shared;
	size_t max = burst_left(burst), n = 0, i;

	if (max > BATCH_MAX)
		max = BATCH_MAX;
	if (max >= BATCH_MIN && db_wait_left_ms(wait) >= BATCH_LEFT_MS)
		n = line_take_more(line, thread, BATCH_MIN - 1, max - 1,
		    BATCH_LEFT_MS, &batch->jobs[1]);
	batch->n += n;
	for (i = 0; i < batch->n; i++)
		batch->jobs[i]->asked_database = true;
	atomic_fetch_add(&shared->lookups, n);
	atomic_fetch_add(&shared->reused, n + (burst->served != 0));
}

/* For struct db_wait: whether nobody wants any answer of the batch. */
static bool
is_cancelled(void *arg)
{
	const struct batch *batch = arg;
	size_t i;

	for (i = 0; i < batch->n; i++) {
		if (!job_is_cancelled(batch->jobs[i]))
			return (false);
	}
	return (true);
}

/*
 * Takes the jobs out that are over: nobody wants them, or their time has
 * passed. Sets the wait to the nearest deadline of the others.
 */
static void
drop_ended(struct batch *batch, struct db_wait *wait)
{
	size_t n = 0, i;

	for (i = 0; i < batch->n; i++) {
		struct job *job = batch->jobs[i];

		wait->deadline_ms = job->deadline_ms;
		if (job_is_cancelled(job))
			job_fail(job, job->status = DB_CANCELLED);
		else if (db_wait_left_ms(wait) == 0)
			job_fail(job, job->status = DB_TIMEOUT);
		else
			batch->jobs[n++] = job;
	}
	batch->n = n;
	for (i = 0; i < n; i++) {
		if (batch->jobs[i]->deadline_ms < wait->deadline_ms || i == 0)
			wait->deadline_ms = batch->jobs[i]->deadline_ms;
	}
}

/* The first check of the job that asks the same; itself, if there is none. */
static struct auth_check *
first_same(const struct job *job, const struct auth_check *check)
{
	struct auth_check *c;

	TAILQ_FOREACH(c, &job->checks, in_job) {
		if (question_equals(&c->question, &check->question))
			break;
	}
	return (c);
}

static size_t
count_checks(const struct batch *batch)
{
	const struct auth_check *check;
	size_t n = 0, i;

	for (i = 0; i < batch->n; i++) {
		TAILQ_FOREACH(check, &batch->jobs[i]->checks, in_job)
			n++;
	}
	return (n);
}

/* One item for each different question of each job. owners[tag] is the check
 * that gets the answer. */
static void
fill(const struct batch *batch, struct chunk *chunk,
    struct auth_check **owners)
{
	struct auth_check *check;
	size_t n = 0, i;

	for (i = 0; i < batch->n; i++) {
		const struct job *job = batch->jobs[i];

		TAILQ_FOREACH(check, &job->checks, in_job) {
			if (first_same(job, check) != check)
				continue;
			owners[n] = check;
			chunk_add(chunk, (struct slice){ job->session,
			    job->session_len }, &check->question, n++);
		}
	}
}

/* Whether there is an answer for each check of the job. */
static bool
is_decided(const struct job *job)
{
	const struct auth_check *check;

	TAILQ_FOREACH(check, &job->checks, in_job) {
		if (first_same(job, check) == check &&
		    check->result.verdict == AUTH_UNAVAILABLE)
			return (false);
	}
	return (true);
}

/* A job that is asked again gets all of its answers then. */
static void
drop_results(struct job *job)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &job->checks, in_job) {
		identity_free(check->result.user);
		check->result.user = NULL;
	}
}

/* To those who asked the same. */
static void
copy_results(struct job *job)
{
	struct auth_check *check, *same;

	TAILQ_FOREACH(check, &job->checks, in_job) {
		if ((same = first_same(job, check)) == check)
			continue;
		check->result = same->result;
		check->result.user = identity_clone(same->result.user);
	}
}

/* Hands the results over, and takes the jobs out that are decided. status says
 * how the database was. */
static void
take_results(struct batch *batch, struct chunk *chunk,
    struct auth_check **owners, enum db_status status)
{
	size_t n = 0, i;

	for (i = 0; i < chunk->n; i++) {
		struct chunk_item *item = &chunk->items[i];

		owners[item->tag]->result = item->result;
		item->result.user = NULL;
	}
	for (i = 0; i < batch->n; i++) {
		struct job *job = batch->jobs[i];

		if (is_decided(job)) {
			job->status = status;
			copy_results(job);
		} else {
			drop_results(job);
			batch->jobs[n++] = job;
		}
	}
	batch->n = n;
}

static enum db_status
ask_together(struct batch *batch, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	size_t n = count_checks(batch);
	struct auth_check **owners = xcalloc(n, sizeof(struct auth_check *));
	enum db_status status;
	struct chunk chunk;

	chunk_init(&chunk, burst->source, n);
	fill(batch, &chunk, owners);
	status = chunk_run(&chunk, burst, wait, error);
	take_results(batch, &chunk, owners, status);
	chunk_fini(&chunk);
	free(owners);
	return (status);
}

/* What one of them cannot have does not concern the others. */
static void
ask_singly(struct batch *batch, struct line *line, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	struct db_wait own = *wait;
	size_t i;

	own.is_cancelled = job_is_cancelled;
	for (i = 0; i < batch->n; i++) {
		struct job *job = batch->jobs[i];

		own.deadline_ms = job->deadline_ms;
		own.arg = job;
		if (job_is_cancelled(job))
			job_fail(job, job->status = DB_CANCELLED);
		else
			lookup_run(job, line, burst, &own, error);
	}
}

static void
fail_all(struct batch *batch, enum db_status status)
{
	size_t i;

	for (i = 0; i < batch->n; i++)
		job_fail(batch->jobs[i], batch->jobs[i]->status = status);
}

/* left holds those that have no result yet. */
static void
ask(struct batch *left, struct line *line, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	struct db_wait nearest = *wait;
	enum db_status status;
	size_t before;

	nearest.is_cancelled = is_cancelled;
	nearest.arg = left;
	drop_ended(left, &nearest);
	while (left->n != 0) {
		status = ask_together(left, burst, &nearest, error);
		if (left->n == 0)
			return;
		if (status == DB_BAD_VALUE || status == DB_FAULT) {
			ask_singly(left, line, burst, &nearest, error);
			return;
		}
		before = left->n;
		drop_ended(left, &nearest);
		/* A deadline or the last cancellation ends somebody. */
		if (left->n == before || status == DB_DOWN) {
			fail_all(left, status);
			return;
		}
	}
}

void
batch_run(struct batch *batch, struct line *line, size_t thread,
    struct burst *burst, const struct db_wait *wait, struct db_error *error)
{
	struct batch left;
	size_t i;

	atomic_fetch_add(&burst->shared->lookups, 1);
	if (!lookup_open(batch->jobs[0], line, burst, wait, error))
		return;
	gather(batch, line, thread, burst, wait);
	if (batch->n == 1) {
		lookup_run(batch->jobs[0], line, burst, wait, error);
		return;
	}
	for (i = 0; i < batch->n; i++)
		line_seal(line, batch->jobs[i]);
	left = *batch;
	ask(&left, line, burst, wait, error);
}

/*
 * Several lookups at once. Called for every lookup; one with too few others in
 * line goes on alone (lookup.c). The queries are chunk.c's.
 *
 * A batch may fail for one of its lookups and not for the others: what it has
 * decided stands, and those that still want an answer are asked again, together
 * when a deadline passed, one by one when the database refused the batch. Asking
 * again is always right, because all are sealed: what is read later is only
 * newer.
 */
#include <stdlib.h>

#include "auth/batch.h"
#include "auth/check.h"
#include "auth/chunk.h"
#include "auth/identity.h"
#include "auth/lookup.h"
#include "base/xmalloc.h"
#include "db/line.h"

/* Lookups that are answered together, or those of them that have no result
 * yet. */
struct batch {
	struct lookup	*lookups[BATCH_MAX];
	size_t		 n;
};

/* The connection is open: takes others into the batch. */
static void
gather(struct job_run *run, struct batch *batch)
{
	struct auth_tally *tally = lookup_of(run->jobs[0])->source->tally;
	size_t max = burst_left(run->burst), n = 0, i;

	if (max > BATCH_MAX)
		max = BATCH_MAX;
	if (max >= BATCH_MIN && db_wait_left_ms(&run->wait) >= BATCH_LEFT_MS)
		n = line_take_more(run, BATCH_MIN - 1, max - 1, BATCH_LEFT_MS);
	for (i = 0; i < run->n; i++) {
		batch->lookups[i] = lookup_of(run->jobs[i]);
		run->jobs[i]->status_counts = true;
	}
	batch->n = run->n;
	atomic_fetch_add(&tally->lookups, n);
	atomic_fetch_add(&tally->reused, n + (run->burst->served != 0));
}

/* For struct db_wait: whether nobody wants any answer of the batch. */
static bool
is_cancelled(void *arg)
{
	const struct batch *batch = arg;
	size_t i;

	for (i = 0; i < batch->n; i++) {
		if (!job_is_cancelled(&batch->lookups[i]->job))
			return (false);
	}
	return (true);
}

/*
 * Takes the lookups out that are over: nobody wants them, or their time has
 * passed. Sets the wait to the nearest deadline of the others.
 */
static void
drop_ended(struct batch *batch, struct db_wait *wait)
{
	size_t n = 0, i;

	for (i = 0; i < batch->n; i++) {
		struct lookup *lookup = batch->lookups[i];

		wait->deadline_ms = lookup->job.deadline_ms;
		if (job_is_cancelled(&lookup->job))
			lookup_fail(lookup, lookup->job.status = DB_CANCELLED);
		else if (db_wait_left_ms(wait) == 0)
			lookup_fail(lookup, lookup->job.status = DB_TIMEOUT);
		else
			batch->lookups[n++] = lookup;
	}
	batch->n = n;
	for (i = 0; i < n; i++) {
		const struct job *job = &batch->lookups[i]->job;

		if (job->deadline_ms < wait->deadline_ms || i == 0)
			wait->deadline_ms = job->deadline_ms;
	}
}

/* The first check of the lookup that asks the same; itself, if there is none. */
static struct auth_check *
first_same(const struct lookup *lookup, const struct auth_check *check)
{
	struct auth_check *c;

	TAILQ_FOREACH(c, &lookup->checks, in_lookup) {
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
		TAILQ_FOREACH(check, &batch->lookups[i]->checks, in_lookup)
			n++;
	}
	return (n);
}

/* One item for each different question of each lookup. owners[tag] is the check
 * that gets the answer. */
static void
fill(const struct batch *batch, struct chunk *chunk,
    struct auth_check **owners)
{
	struct auth_check *check;
	size_t n = 0, i;

	for (i = 0; i < batch->n; i++) {
		const struct lookup *lookup = batch->lookups[i];

		TAILQ_FOREACH(check, &lookup->checks, in_lookup) {
			if (first_same(lookup, check) != check)
				continue;
			owners[n] = check;
			chunk_add(chunk, lookup->job.key, &check->question,
			    n++);
		}
	}
}

/* Whether there is an answer for each of its checks. */
static bool
is_decided(const struct lookup *lookup)
{
	const struct auth_check *check;

	TAILQ_FOREACH(check, &lookup->checks, in_lookup) {
		if (first_same(lookup, check) == check &&
		    check->result.verdict == AUTH_UNAVAILABLE)
			return (false);
	}
	return (true);
}

/* A lookup that is asked again gets all of its answers then. */
static void
drop_results(struct lookup *lookup)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &lookup->checks, in_lookup) {
		identity_free(check->result.user);
		check->result.user = NULL;
	}
}

/* To those who asked the same. */
static void
copy_results(struct lookup *lookup)
{
	struct auth_check *check, *same;

	TAILQ_FOREACH(check, &lookup->checks, in_lookup) {
		if ((same = first_same(lookup, check)) == check)
			continue;
		check->result = same->result;
		check->result.user = identity_clone(same->result.user);
	}
}

/* Hands the results over, and takes the lookups out that are decided. status
 * says how the database was. */
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
		struct lookup *lookup = batch->lookups[i];

		if (is_decided(lookup)) {
			lookup->job.status = status;
			copy_results(lookup);
		} else {
			drop_results(lookup);
			batch->lookups[n++] = lookup;
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

	chunk_init(&chunk, batch->lookups[0]->source, n);
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
		struct lookup *lookup = batch->lookups[i];

		own.deadline_ms = lookup->job.deadline_ms;
		own.arg = &lookup->job;
		if (job_is_cancelled(&lookup->job))
			lookup_fail(lookup, lookup->job.status = DB_CANCELLED);
		else
			lookup_run(lookup, line, burst, &own, error);
	}
}

static void
fail_all(struct batch *batch, enum db_status status)
{
	size_t i;

	for (i = 0; i < batch->n; i++)
		lookup_fail(batch->lookups[i],
		    batch->lookups[i]->job.status = status);
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
batch_run(struct job_run *run)
{
	struct lookup *first = lookup_of(run->jobs[0]);
	struct batch batch;
	size_t i;

	atomic_fetch_add(&first->source->tally->lookups, 1);
	if (!lookup_open(first, run))
		return;
	gather(run, &batch);
	if (batch.n == 1) {
		lookup_run(first, run->line, run->burst, &run->wait,
		    &run->error);
		return;
	}
	for (i = 0; i < batch.n; i++)
		line_seal(run->line, run->jobs[i]);
	ask(&batch, run->line, run->burst, &run->wait, &run->error);
}

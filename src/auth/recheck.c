/*
 * The re-check of open sockets. All of them are one chunk
 * (chunk.c), whose queries are bounded, so that neither the parameters nor the
 * rows that libpq holds at a time grow with the number of sockets; what does is
 * some 800 bytes for each, until it is over.
 *
 * What has been decided goes to the loop while the next query is asked
 * (line.h): a session that is gone ends its sockets though the table of the
 * users is locked.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/chunk.h"
#include "auth/identity.h"
#include "auth/recheck.h"
#include "base/xmalloc.h"
#include "db/line.h"

struct run {
	struct recheck	*recheck;
	struct line	*line;
	size_t		 n_decided;
};

/* Those that cannot have a session are refused here. */
static void
fill(struct chunk *chunk, const struct recheck *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct slice session = { r->sessions[i], r->session_lens[i] };

		if (session.p == NULL)
			r->answers[i].verdict = AUTH_DENIED;
		else
			chunk_add(chunk, session, &r->questions[i], i);
	}
}

static size_t
count_decided(const struct recheck *r)
{
	size_t n = 0, i;

	for (i = 0; i < r->n; i++)
		n += r->answers[i].verdict != AUTH_UNAVAILABLE;
	return (n);
}

static void
on_decided(struct chunk *chunk, void *arg)
{
	struct run *run = arg;
	struct recheck *r = run->recheck;
	size_t n, i;

	for (i = 0; i < chunk->n; i++) {
		struct chunk_item *item = &chunk->items[i];

		r->answers[item->tag] = (struct auth_recheck){
			.verdict = item->result.verdict,
			.may_change = item->result.may_change,
			.may_take_over = item->result.may_take_over,
		};
		/* Who it is is known. */
		identity_free(item->result.user);
		item->result.user = NULL;
	}
	if ((n = count_decided(r)) != run->n_decided) {
		run->n_decided = n;
		recheck_publish(r);
		line_tell(run->line);
	}
}

void
recheck_run(struct job_run *job_run)
{
	struct recheck *r = recheck_of(job_run->jobs[0]);
	struct run run = { .recheck = r, .line = job_run->line };
	struct chunk chunk;

	chunk_init(&chunk, r->source, r->n);
	fill(&chunk, r);
	chunk.on_decided = on_decided;
	chunk.arg = &run;
	r->job.status = DB_OK;
	if (chunk.n != 0) {
		r->job.status_counts = true;
		r->job.status = chunk_run(&chunk, job_run->burst,
		    &job_run->wait, &job_run->error);
	}
	chunk_fini(&chunk);
}

/* --- memory; the sessions are wiped --- */

struct recheck *
recheck_new(const struct job_ops *ops, const struct auth_source *source,
    const struct auth_query *queries, size_t n, bool keys_only)
{
	struct recheck *r = xcalloc(1, sizeof(*r));
	size_t i;

	job_init(&r->job, ops);
	r->source = source;
	r->n = n;
	atomic_init(&r->published, NULL);
	r->sessions = xcalloc(n, sizeof(*r->sessions));
	r->session_lens = xcalloc(n, sizeof(*r->session_lens));
	r->questions = xcalloc(n, sizeof(*r->questions));
	r->answers = xcalloc(n, sizeof(*r->answers));
	for (i = 0; i < n; i++) {
		struct slice session = queries[i].session;

		r->answers[i].verdict = AUTH_UNAVAILABLE;
		if (session.p == NULL ||
		    (keys_only && !session_key_is_plausible(session)) ||
		    !question_init(&r->questions[i], &queries[i]))
			continue;
		r->sessions[i] = xmemdup0(session.p, session.n);
		r->session_lens[i] = session.n;
	}
	return (r);
}

void
recheck_free(struct job *job)
{
	struct recheck *r = recheck_of(job);
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->sessions[i] != NULL)
			explicit_bzero(r->sessions[i], r->session_lens[i]);
		free(r->sessions[i]);
		question_fini(&r->questions[i]);
	}
	free(r->sessions);
	free(r->session_lens);
	free(r->questions);
	free(r->answers);
	free(atomic_load(&r->published));
	free(r->known);
	free(r);
}

struct recheck *
recheck_of(struct job *job)
{
	return ((struct recheck *)job);
}

void
recheck_publish(struct recheck *r)
{
	struct auth_recheck *copy = xcalloc(r->n, sizeof(*copy));

	memcpy(copy, r->answers, r->n * sizeof(*copy));
	free(atomic_exchange(&r->published, copy));
}

bool
recheck_take(struct recheck *r)
{
	struct auth_recheck *copy = atomic_exchange(&r->published, NULL);

	if (copy == NULL)
		return (false);
	free(r->known);
	r->known = copy;
	return (true);
}

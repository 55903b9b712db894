/*
 * The re-check of open sockets. Called by crew.c. All of them are one chunk
 * (chunk.c), whose queries are bounded, so that neither the parameters nor the
 * rows that libpq holds at a time grow with the number of sockets; what does is
 * some 800 bytes for each, until it is over.
 *
 * What has been decided goes to the loop while the next query is asked
 * (line.h): a session that is gone ends its sockets though the table of the
 * users is locked.
 */
#include <stdlib.h>

#include "auth/chunk.h"
#include "auth/recheck.h"

struct run {
	struct job	*job;
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
	struct recheck *r = run->job->recheck;
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
recheck_run(struct job *job, struct line *line, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	struct recheck *r = job->recheck;
	struct run run = { .job = job, .line = line };
	struct chunk chunk;

	chunk_init(&chunk, burst->source, r->n);
	fill(&chunk, r);
	chunk.on_decided = on_decided;
	chunk.arg = &run;
	job->status = DB_OK;
	if (chunk.n != 0) {
		job->asked_database = true;
		job->status = chunk_run(&chunk, burst, wait, error);
	}
	chunk_fini(&chunk);
}

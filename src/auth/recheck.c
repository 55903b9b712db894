/*
 * The re-check of open sockets. Called by crew.c. A chunk of sockets costs two
 * queries (chunk.c), and is bounded so that neither the parameters nor the
 * rows that libpq holds at a time grow with the number of sockets.
 */
#include "auth/chunk.h"
#include "auth/recheck.h"

/* Takes sockets from *next on; those that cannot have a session are refused
 * here. */
static void
fill(struct chunk *chunk, const struct recheck *r, size_t *next)
{
	for (; *next < r->n && chunk->n < chunk->size; (*next)++) {
		struct slice session = {
			r->sessions[*next], r->session_lens[*next],
		};

		if (session.p == NULL)
			r->answers[*next].verdict = AUTH_DENIED;
		else
			chunk_add(chunk, session, &r->questions[*next], *next);
	}
}

static void
take_results(const struct chunk *chunk, struct recheck *r)
{
	size_t i;

	for (i = 0; i < chunk->n; i++) {
		const struct chunk_item *item = &chunk->items[i];

		r->answers[item->tag] = (struct auth_recheck){
			.verdict = item->result.verdict,
			.may_change = item->result.may_change,
			.may_take_over = item->result.may_take_over,
		};
	}
}

void
recheck_run(struct job *job, struct burst *burst, const struct db_wait *wait,
    struct db_error *error)
{
	struct recheck *r = job->recheck;
	struct chunk chunk;
	size_t next = 0, i;

	chunk_init(&chunk, burst->source, CHUNK_USERS);
	job->status = DB_OK;
	while (next < r->n && job->status == DB_OK) {
		chunk_reset(&chunk);
		fill(&chunk, r, &next);
		if (chunk.n == 0)
			continue;
		job->asked_database = true;
		job->status = chunk_run(&chunk, burst, wait, error);
		if (job->status == DB_OK)
			take_results(&chunk, r);
	}
	for (i = 0; job->status != DB_OK && i < r->n; i++)
		r->answers[i] = (struct auth_recheck){
		    .verdict = AUTH_UNAVAILABLE };
	chunk_fini(&chunk);
}

/*
 * Making and freeing checks and lookups. Called by auth.c on the loop's thread,
 * and for the results by lookup.c and batch.c on the thread that runs a lookup.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/check.h"
#include "auth/identity.h"
#include "base/xmalloc.h"

/* A page opens two, and comparing their rooms is quadratic. */
#define CHECKS_MAX	64

struct auth_check *
check_new(const struct auth_query *query, bool *is_sound)
{
	struct auth_check *check = xcalloc(1, sizeof(*check));

	*is_sound = question_init(&check->question, query);
	return (check);
}

void
check_free(struct auth_check *check)
{
	identity_free(check->result.user);
	question_fini(&check->question);
	free(check);
}

struct lookup *
lookup_new(const struct job_ops *ops, const struct auth_source *source,
    struct slice session)
{
	struct lookup *lookup = xcalloc(1, sizeof(*lookup));

	job_init(&lookup->job, ops);
	lookup->source = source;
	lookup->session = xmemdup0(session.p, session.n);
	lookup->job.key = (struct slice){ lookup->session, session.n };
	TAILQ_INIT(&lookup->checks);
	return (lookup);
}

void
lookup_free(struct job *job)
{
	struct lookup *lookup = lookup_of(job);
	struct auth_check *check;

	while ((check = TAILQ_FIRST(&lookup->checks)) != NULL) {
		TAILQ_REMOVE(&lookup->checks, check, in_lookup);
		check_free(check);
	}
	explicit_bzero(lookup->session, job->key.n);
	free(lookup->session);
	free(lookup);
}

struct lookup *
lookup_of(struct job *job)
{
	return ((struct lookup *)job);
}

bool
lookup_add(struct lookup *lookup, struct auth_check *check)
{
	if (lookup->n_checks == CHECKS_MAX)
		return (false);
	TAILQ_INSERT_TAIL(&lookup->checks, check, in_lookup);
	lookup->n_checks++;
	return (true);
}

void
lookup_deny(struct lookup *lookup, enum django_reason reason)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &lookup->checks, in_lookup) {
		identity_free(check->result.user);
		verdict_deny(reason, &check->result);
	}
}

void
lookup_fail(struct lookup *lookup, enum db_status status)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &lookup->checks, in_lookup) {
		identity_free(check->result.user);
		verdict_fail(status, &check->result);
	}
}

/*
 * Making and freeing jobs, checks and re-checks: memory only. Sessions are as
 * good as passwords, so every copy is wiped before it is freed.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/job.h"
#include "base/xmalloc.h"

static void
wipe_free(char *p, size_t n)
{
	if (p != NULL)
		explicit_bzero(p, n);
	free(p);
}

struct job *
job_new(enum job_kind kind, int64_t deadline_ms)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->kind = kind;
	job->deadline_ms = deadline_ms;
	atomic_init(&job->is_cancelled, false);
	TAILQ_INIT(&job->checks);
	return (job);
}

void
job_free(struct job *job)
{
	struct auth_check *check;

	while ((check = TAILQ_FIRST(&job->checks)) != NULL) {
		TAILQ_REMOVE(&job->checks, check, in_job);
		check_free(check);
	}
	recheck_free(job->recheck);
	logpoll_free(job->logpoll);
	wipe_free(job->session, job->session_len);
	free(job);
}

void
job_deny(struct job *job, enum django_reason reason)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &job->checks, in_job) {
		identity_free(check->result.user);
		verdict_deny(reason, &check->result);
	}
}

void
job_fail(struct job *job, enum db_status status)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &job->checks, in_job) {
		identity_free(check->result.user);
		verdict_fail(status, &check->result);
	}
}

bool
job_is_cancelled(void *arg)
{
	struct job *job = arg;

	return (atomic_load(&job->is_cancelled));
}

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

struct recheck *
recheck_new(const struct auth_query *queries, size_t n, bool keys_only)
{
	struct recheck *r = xcalloc(1, sizeof(*r));
	size_t i;

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
recheck_free(struct recheck *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->n; i++) {
		wipe_free(r->sessions[i], r->session_lens[i]);
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

/*
 * The loop's side of authorization: makes jobs of questions, and callbacks of
 * finished jobs. Called by the server layer, and back by the pool, on the
 * loop's thread. What the threads do is in lookup.c, batch.c and recheck.c.
 */
#include <stdlib.h>

#include "auth/auth.h"
#include "auth/batch.h"
#include "auth/check.h"
#include "auth/lookup.h"
#include "auth/recheck.h"
#include "auth/source.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/pool.h"
#include "shm/counters.h"

struct auth {
	struct pool	*pool;
	const struct conf *conf;
	struct shm	*shm;
	int		 slot;
	struct auth_source source;
	struct auth_tally tally;
	size_t		 n_checks;	/* unanswered */
	uint64_t	 n_joined;
	struct recheck	*rechecking;	/* unanswered; or NULL */
	bool		 is_probing;
};

/* --- lookups --- */

static void
answer_check(struct auth_check *check, struct auth_result *result)
{
	static const enum counter counters[] = {
		[AUTH_ALLOWED] = COUNTER_AUTH_ALLOWED,
		[AUTH_DENIED] = COUNTER_AUTH_DENIED,
		[AUTH_UNAVAILABLE] = COUNTER_AUTH_UNAVAILABLE,
	};
	void (*cb)(const struct auth_result *, void *) = check->cb;
	struct auth *auth = check->auth;

	if (cb == NULL)
		return;
	result->duration_us = clock_mono_us() - check->start_us;
	counters_add(auth->shm, auth->slot, counters[result->verdict], 1);
	counters_add_auth_us(auth->shm, auth->slot, result->duration_us);
	check->cb = NULL;
	check->lookup->n_live--;
	auth->n_checks--;
	cb(result, check->arg);
}

/* Each check gets what its thread wrote. */
static void
answer_lookup(struct job *job)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &lookup_of(job)->checks, in_lookup) {
		struct auth_result result = check->result;

		if (check->cb == NULL)
			continue;
		/* The callee takes it. */
		check->result.user = NULL;
		answer_check(check, &result);
	}
}

static void
fail_lookup(struct job *job)
{
	struct auth_check *check;

	TAILQ_FOREACH(check, &lookup_of(job)->checks, in_lookup) {
		struct auth_result result;

		/* check->result may be the thread's still. */
		verdict_fail(DB_TIMEOUT, &result);
		answer_check(check, &result);
	}
}

static bool
join_lookup(struct job *job, void *check)
{
	return (lookup_add(lookup_of(job), check));
}

static const struct job_ops lookup_ops = {
	.run = batch_run,
	.answer = answer_lookup,
	.fail = fail_lookup,
	.free = lookup_free,
	.join = join_lookup,
};

static struct lookup *
new_lookup(struct auth *auth, struct auth_check *check, struct slice session)
{
	struct lookup *lookup = lookup_new(&lookup_ops, &auth->source, session);

	(void)lookup_add(lookup, check);
	return (lookup);
}

/* A stored session has a key of a known form; a signed cookie is checked by
 * its signature, in a thread. */
static bool
keys_only(const struct auth *auth)
{
	return (auth->conf->session_engine != SESSION_SIGNED_COOKIES);
}

static bool
can_be_session(const struct auth *auth, struct slice session)
{
	return (session.p != NULL && session.n != 0 &&
	    (!keys_only(auth) || session_key_is_plausible(session)));
}

/* No thread is needed to refuse this one. */
static struct lookup *
refuse(struct auth *auth, struct auth_check *check, enum django_reason reason)
{
	struct lookup *lookup = new_lookup(auth, check,
	    (struct slice){ NULL, 0 });

	lookup_deny(lookup, reason);
	pool_start_finished(auth->pool, &lookup->job);
	return (lookup);
}

/* Behind a lookup of the same session, or in a lookup of its own. */
static struct lookup *
look_up(struct auth *auth, struct auth_check *check, struct slice session)
{
	struct job *job = pool_join(auth->pool, &lookup_ops, session, check);
	struct lookup *lookup;

	if (job != NULL) {
		auth->n_joined++;
		counters_add(auth->shm, auth->slot, COUNTER_AUTH_JOINED, 1);
		return (lookup_of(job));
	}
	lookup = new_lookup(auth, check, session);
	pool_start(auth->pool, &lookup->job);
	return (lookup);
}

struct auth_check *
auth_check_start(struct auth *auth, const struct auth_query *query,
    void (*cb)(const struct auth_result *, void *), void *arg)
{
	struct auth_check *check;
	bool is_sound;

	if (auth->n_checks >= (size_t)auth->conf->auth_queue_max)
		return (NULL);
	check = check_new(query, &is_sound);
	check->auth = auth;
	check->cb = cb;
	check->arg = arg;
	check->start_us = clock_mono_us();
	auth->n_checks++;
	if (!can_be_session(auth, query->session))
		check->lookup = refuse(auth, check, DJANGO_NO_SESSION);
	else if (!is_sound)
		check->lookup = refuse(auth, check, DJANGO_NO_PERMISSION);
	else
		check->lookup = look_up(auth, check, query->session);
	check->lookup->n_live++;
	return (check);
}

void
auth_check_cancel(struct auth_check *check)
{
	struct auth *auth = check->auth;
	struct lookup *lookup = check->lookup;

	ASSERT(check->cb != NULL);
	check->cb = NULL;
	auth->n_checks--;
	if (--lookup->n_live == 0)
		pool_withdraw(auth->pool, &lookup->job);
}

/* --- re-checks --- */

static void
answer_recheck(struct job *job)
{
	struct recheck *r = recheck_of(job);

	r->auth->rechecking = NULL;
	r->cb(r->answers, r->n, true, r->arg);
}

/* What it has decided since. */
static void
answer_recheck_partly(struct job *job)
{
	struct recheck *r = recheck_of(job);

	if (recheck_take(r))
		r->cb(r->known, r->n, false, r->arg);
}

/* The array of the answers may be the thread's still. */
static void
fail_recheck(struct job *job)
{
	struct recheck *r = recheck_of(job);
	size_t i;

	if (!recheck_take(r) && r->known == NULL) {
		r->known = xcalloc(r->n, sizeof(*r->known));
		for (i = 0; i < r->n; i++)
			r->known[i].verdict = AUTH_UNAVAILABLE;
	}
	r->auth->rechecking = NULL;
	r->cb(r->known, r->n, true, r->arg);
}

static const struct job_ops recheck_ops = {
	.run = recheck_run,
	.answer = answer_recheck,
	.fail = fail_recheck,
	.free = recheck_free,
	.answer_partly = answer_recheck_partly,
};

bool
auth_recheck_start(struct auth *auth, const struct auth_query *queries,
    size_t n, auth_recheck_cb *cb, void *arg)
{
	struct recheck *r;

	if (auth->rechecking != NULL || n == 0)
		return (false);
	r = recheck_new(&recheck_ops, &auth->source, queries, n,
	    keys_only(auth));
	r->auth = auth;
	r->cb = cb;
	r->arg = arg;
	auth->rechecking = r;
	pool_start(auth->pool, &r->job);
	return (true);
}

/* --- probes --- */

static void
end_probe(struct job *job)
{
	nobody_of(job)->auth->is_probing = false;
}

static void
free_probe(struct job *job)
{
	free(nobody_of(job));
}

static const struct job_ops probe_ops = {
	.run = lookup_nobody,
	.answer = end_probe,
	.fail = end_probe,
	.free = free_probe,
};

void
auth_probe_start(struct auth *auth)
{
	int64_t outcome_ms = pool_outcome_ms(auth->pool);
	struct nobody *nobody;

	if (auth->is_probing || (outcome_ms != 0 &&
	    clock_mono_ms() - outcome_ms < AUTH_PROBE_AGE_MS))
		return;
	nobody = xcalloc(1, sizeof(*nobody));
	job_init(&nobody->job, &probe_ops);
	nobody->source = &auth->source;
	nobody->auth = auth;
	auth->is_probing = true;
	pool_start(auth->pool, &nobody->job);
}

/* --- beginning and end --- */

void
auth_stats(const struct auth *auth, struct auth_stats *stats)
{
	struct pool_stats asked;

	pool_stats(auth->pool, &asked);
	stats->queries = asked.queries;
	stats->opened = asked.opened;
	stats->lookups = atomic_load(&auth->tally.lookups);
	stats->reused = atomic_load(&auth->tally.reused);
	stats->user_queries = atomic_load(&auth->tally.user_queries);
	stats->joined = auth->n_joined;
}

void
auth_describe(const struct auth *auth, struct auth_view *view)
{
	view->is_rechecking = auth->rechecking != NULL;
	view->n_checks = auth->n_checks;
}

struct auth *
auth_new(struct pool *pool)
{
	struct auth *auth = xcalloc(1, sizeof(*auth));

	auth->pool = pool;
	auth->conf = pool_conf(pool);
	auth->shm = pool_shm(pool);
	auth->slot = pool_slot(pool);
	auth_source_init(&auth->source, auth->conf, pool_dialect(pool),
	    &auth->tally);
	return (auth);
}

void
auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	auth_source_fini(&auth->source);
	free(auth);
}

/*
 * One lookup of a session for all checks that wait for it: the session is read
 * and checked once, then the user once for each distinct room's model. Called
 * by batch.c with a connection that may be open already; chunk.c borrows the
 * steps. Must never log or keep a session, a hash or a user's id.
 */
#include <string.h>

#include "auth/identity.h"
#include "auth/lookup.h"
#include "base/clock.h"
#include "django/user.h"

/* Where a session's row goes: it is decoded while it is borrowed. */
struct session_sink {
	const struct auth_source *source;
	enum django_reason	 reason;
	struct session_claims	*claims;
};

struct user_sink {
	const struct auth_source *source;
	const struct session_claims *claims;
	const struct auth_question *question;
	struct auth_result	*result;
};

static void
on_session_row(const struct slice *cols, size_t n UNUSED, void *arg)
{
	struct session_sink *sink = arg;

	sink->reason = cols[0].p == NULL ? DJANGO_EXPIRED :
	    session_decode(sink->source->keys, cols[0].p, cols[0].n,
	    sink->source->queries.id_type, sink->claims);
}

static void
on_user_row(const struct slice *cols, size_t n UNUSED, void *arg)
{
	const struct user_sink *sink = arg;

	/* A primary key gives one row; should there be two, the last counts. */
	identity_free(sink->result->user);
	verdict_decide(sink->source, sink->claims, sink->question, cols,
	    sink->result);
}

enum django_reason
lookup_cookie(const struct auth_source *source, struct slice cookie,
    struct session_claims *claims)
{
	return (session_decode_cookie(source->keys, cookie,
	    clock_wall_us() / US_PER_SEC,
	    source->conf->session_cookie_age_ms / 1000,
	    source->queries.id_type, claims));
}

enum db_status
lookup_user(const struct auth_source *source, struct burst *burst,
    const struct session_claims *claims, const struct auth_question *question,
    struct auth_result *result, const struct db_wait *wait,
    struct db_error *error)
{
	struct user_sink sink = { source, claims, question, result };
	struct db_request request = {
		.on_row = on_user_row,
		.arg = &sink,
	};
	enum db_status status;
	struct buf id = { 0 };

	query_add_user_id(&id, &source->queries, claims->user_id);
	query_ask_user(&source->queries, buf_str(&id),
	    question_needs_permission(question, source->conf) ?
	    question->app_label : NULL, question->model, &request);
	/* What stands if no row comes. */
	verdict_decide(source, claims, question, NULL, result);
	status = burst_query(burst, &request, wait, error);
	atomic_fetch_add(&source->tally->user_queries, 1);
	if (status != DB_OK) {
		identity_free(result->user);
		verdict_fail(status, result);
	}
	buf_fini(&id);
	return (status);
}

/* session_engine = signed_cookies: there is no row of a session. */
static bool
is_in_cookie(const struct auth_source *source)
{
	return (source->conf->session_engine == SESSION_SIGNED_COOKIES);
}

/* Reads and checks the session's row. */
static enum db_status
read_row(const struct lookup *lookup, struct burst *burst,
    struct session_sink *sink, const struct db_wait *wait,
    struct db_error *error)
{
	struct db_request request = {
		.sql = lookup->source->queries.session,
		.params = { lookup->session },
		.n_params = 1,
		.on_row = on_session_row,
		.arg = sink,
	};

	sink->reason = DJANGO_EXPIRED;
	return (burst_query(burst, &request, wait, error));
}

/* From the cookie to the claims. */
static enum db_status
read_claims(const struct lookup *lookup, struct burst *burst,
    struct session_sink *sink, const struct db_wait *wait,
    struct db_error *error)
{
	if (!is_in_cookie(lookup->source))
		return (read_row(lookup, burst, sink, wait, error));
	sink->reason = lookup_cookie(lookup->source, lookup->job.key,
	    sink->claims);
	return (DB_OK);
}

/* The result of an earlier check that asks the same, or NULL. */
static const struct auth_result *
find_same(const struct lookup *lookup, const struct auth_check *check)
{
	const struct auth_check *c;

	TAILQ_FOREACH(c, &lookup->checks, in_lookup) {
		if (c == check)
			return (NULL);
		if (question_equals(&c->question, &check->question))
			return (&c->result);
	}
	return (NULL);
}

/* After a failure nothing more is asked; what is decided stays. */
static enum db_status
decide_all(struct lookup *lookup, struct burst *burst,
    const struct session_claims *claims, const struct db_wait *wait,
    struct db_error *error)
{
	const struct auth_result *same;
	struct auth_check *check;
	enum db_status status = DB_OK;

	TAILQ_FOREACH(check, &lookup->checks, in_lookup) {
		if ((same = find_same(lookup, check)) != NULL) {
			check->result = *same;
			check->result.user = identity_clone(same->user);
			continue;
		}
		if (status == DB_OK)
			status = lookup_user(lookup->source, burst, claims,
			    &check->question, &check->result, wait, error);
		else
			verdict_fail(status, &check->result);
		if (status == DB_BAD_VALUE)
			status = DB_OK;
	}
	return (status);
}

bool
lookup_open(struct lookup *lookup, struct job_run *run)
{
	struct job *job = &lookup->job;
	struct session_claims claims;
	enum django_reason reason = DJANGO_OK;

	if (is_in_cookie(lookup->source)) {
		reason = lookup_cookie(lookup->source, job->key, &claims);
		explicit_bzero(&claims, sizeof(claims));
	}
	job->status = DB_OK;
	if (reason == DJANGO_OK) {
		job->status_counts = true;
		job->status = burst_open(run->burst, &run->wait, &run->error);
		if (job->status == DB_OK)
			return (true);
	}
	line_seal(run->line, job);
	if (job->status == DB_OK)
		lookup_deny(lookup, reason);
	else
		lookup_fail(lookup, job->status);
	return (false);
}

void
lookup_run(struct lookup *lookup, struct line *line, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	struct job *job = &lookup->job;
	struct session_claims claims;
	struct session_sink sink = {
		.source = lookup->source,
		.claims = &claims,
	};

	line_seal(line, job);
	job->status = read_claims(lookup, burst, &sink, wait, error);
	if (job->status == DB_OK && sink.reason == DJANGO_OK &&
	    !user_backend_is_known(lookup->source->conf, claims.backend))
		sink.reason = DJANGO_UNKNOWN_BACKEND;
	if (job->status != DB_OK)
		lookup_fail(lookup, job->status);
	else if (sink.reason != DJANGO_OK)
		lookup_deny(lookup, sink.reason);
	else
		job->status = decide_all(lookup, burst, &claims, wait, error);
	explicit_bzero(&claims, sizeof(claims));
}

static void
ignore_row(const struct slice *cols UNUSED, size_t n UNUSED, void *arg UNUSED)
{
}

void
lookup_nobody(struct job_run *run)
{
	static const char *const ids[] = {
		[USER_ID_INTEGER] = "0",
		[USER_ID_UUID] = "00000000-0000-0000-0000-000000000000",
		[USER_ID_TEXT] = "",
	};
	struct nobody *nobody = nobody_of(run->jobs[0]);
	const struct auth_source *source = nobody->source;
	bool by_model = source->conf->permission == PERMISSION_MODEL;
	struct job *job = &nobody->job;
	struct db_request request = {
		.sql = source->queries.session,
		.params = { "" },
		.n_params = 1,
		.on_row = ignore_row,
	};

	job->status_counts = true;
	job->status = DB_OK;
	if (!is_in_cookie(source))
		job->status = burst_query(run->burst, &request, &run->wait,
		    &run->error);
	if (job->status != DB_OK)
		return;
	query_ask_user(&source->queries, ids[source->queries.id_type],
	    by_model ? "" : NULL, "", &request);
	job->status = burst_query(run->burst, &request, &run->wait,
	    &run->error);
}

struct nobody *
nobody_of(struct job *job)
{
	return ((struct nobody *)job);
}

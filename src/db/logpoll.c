/*
 * Reading the admin's log. The loop makes a poll, a thread of the pool runs it.
 * The rows are other people's text: what cannot be a row of an object is left
 * out, and the rest is copied before the connection goes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "db/burst.h"
#include "db/logpoll.h"
#include "db/logquery.h"
#include "db/pool.h"
#include "django/logmsg.h"
#include "django/user.h"

#define DIGITS_MAX	20	/* of a number, with its sign */
#define TIME_MAX	40	/* characters of a time; real ones have 26 */

struct sink {
	const struct conf *conf;
	struct logpoll	*poll;
};

/* The poll that the job is. */
static struct logpoll *
poll_of(struct job *job)
{
	return ((struct logpoll *)job);
}

static void
drop_rows(struct logpoll *poll)
{
	while (poll->n > 0)
		free(poll->texts[--poll->n]);
}

static void
free_poll(struct job *job)
{
	struct logpoll *poll = poll_of(job);

	drop_rows(poll);
	free(poll->rows);
	free(poll->texts);
	free(poll);
}

/* A number that we selected; 0 if it is none. */
static int64_t
number(struct slice col)
{
	char text[DIGITS_MAX + 1];

	if (col.p == NULL || col.n > DIGITS_MAX)
		return (0);
	memcpy(text, col.p, col.n);
	text[col.n] = '\0';
	return (strtoll(text, NULL, 10));
}

static bool
parse_time(struct slice col, int64_t *wall_us)
{
	char text[TIME_MAX + 1];

	if (col.p == NULL || col.n > TIME_MAX)
		return (false);
	memcpy(text, col.p, col.n);
	text[col.n] = '\0';
	return (clock_parse_iso(text, wall_us));
}

/* Copies a text to *at, moves that on, and returns the copy. */
static const char *
put_text(char **at, const char *p, size_t n)
{
	char *copy = *at;

	memcpy(copy, p, n);
	copy[n] = '\0';
	*at += n + 1;
	return (copy);
}

static const char *
put_col(char **at, struct slice col)
{
	return (put_text(at, col.p, col.n));
}

/* The row's texts, in one piece of memory that is returned. */
static char *
copy_texts(const struct conf *conf, const struct slice *cols,
    struct adminlog_row *row)
{
	char *id = user_id_text(conf, cols[ENTRY_USER_ID]);
	char *name = user_shown_name(cols[ENTRY_NAME], cols[ENTRY_USERNAME]);
	struct slice message = cols[ENTRY_MESSAGE];
	char *texts, *at;

	message.n = utf8_cut(message.p, message.n, LOGMSG_MAX);
	texts = at = xmalloc(strlen(id) + strlen(name) + cols[ENTRY_APP].n +
	    cols[ENTRY_MODEL].n + cols[ENTRY_OBJECT].n + message.n + 6);
	row->user_id = put_text(&at, id, strlen(id));
	row->user_name = put_text(&at, name, strlen(name));
	row->app_label = put_col(&at, cols[ENTRY_APP]);
	row->model = put_col(&at, cols[ENTRY_MODEL]);
	row->object_id = put_col(&at, cols[ENTRY_OBJECT]);
	row->message.n = message.n;
	row->message.p = message.n == 0 ? "" :
	    put_text(&at, message.p, message.n);
	free(id);
	free(name);
	return (texts);
}

/* A row of an object: it has a key, a model, an action that we know. */
static bool
is_sound(const struct slice *cols, int64_t action)
{
	return (cols[ENTRY_USER_ID].p != NULL &&
	    cols[ENTRY_APP].p != NULL && cols[ENTRY_MODEL].p != NULL &&
	    cols[ENTRY_OBJECT].p != NULL &&
	    cols[ENTRY_OBJECT].n <= ADMINLOG_OBJECT_MAX &&
	    action >= ADMINLOG_ADD && action <= ADMINLOG_DELETE);
}

static void
on_row(const struct slice *cols, size_t n UNUSED, void *arg)
{
	const struct sink *sink = arg;
	struct logpoll *poll = sink->poll;
	int64_t id = number(cols[ENTRY_ID]);
	int64_t action = number(cols[ENTRY_ACTION]);
	struct adminlog_row *row;

	poll->last_id = number(cols[ENTRY_LAST]);
	poll->newer = number(cols[ENTRY_NEWER]);
	/* A query that broke half-way is asked again from its start. */
	if (id <= poll->seen_id)
		return;
	if (poll->n_seen++ == 0)
		poll->first_id = id;
	poll->seen_id = id;
	poll->newer_seen += id > poll->since_id;
	if (!is_sound(cols, action) || poll->n == ADMINLOG_ROWS_MAX)
		return;
	if (poll->rows == NULL) {
		poll->rows = xcalloc(ADMINLOG_ROWS_MAX, sizeof(*poll->rows));
		poll->texts = xcalloc(ADMINLOG_ROWS_MAX, sizeof(char *));
	}
	row = &poll->rows[poll->n];
	if (!parse_time(cols[ENTRY_TIME], &row->when_us))
		return;
	row->id = id;
	row->action = (enum adminlog_action)action;
	poll->texts[poll->n] = copy_texts(sink->conf, cols, row);
	poll->n++;
}

/* The status of what the database said about the log. */
static enum db_status
ask(struct logpoll *poll, struct job_run *run)
{
	const struct burst_shared *shared = run->burst->shared;
	struct sink sink = { shared->conf, poll };
	struct db_request request = { .on_row = on_row, .arg = &sink };
	char since[DIGITS_MAX + 1], floor[DIGITS_MAX + 1];
	char until[DIGITS_MAX + 1], *sql;
	enum db_status status;

	(void)snprintf(since, sizeof(since), "%lld",
	    (long long)poll->since_id);
	(void)snprintf(floor, sizeof(floor), "%lld",
	    (long long)poll->since_id - ADMINLOG_OVERLAP);
	(void)snprintf(until, sizeof(until), "%lld",
	    (long long)poll->until_id);
	request.params[request.n_params++] = until;
	if (poll->since_id != 0) {
		request.params[request.n_params++] = since;
		request.params[request.n_params++] = floor;
	}
	sql = logquery_text(shared->conf, db_dialect_of(shared->url),
	    poll->since_id == 0);
	request.sql = sql;
	status = burst_query(run->burst, &request, &run->wait, &run->error);
	free(sql);
	return (status == DB_BAD_VALUE ? DB_FAULT : status);
}

static void
run_poll(struct job_run *run)
{
	struct logpoll *poll = poll_of(run->jobs[0]);
	struct job *job = &poll->job;

	job->status_counts = true;
	job->status = burst_open(run->burst, &run->wait, &run->error);
	if (job->status == DB_FAULT)
		job->status = DB_DOWN;	/* it was not asked about the log */
	if (job->status != DB_OK)
		return;
	job->status = ask(poll, run);
	/* Nobody else needs the log. */
	job->status_counts = job->status != DB_FAULT;
	if (job->status == DB_OK)
		return;
	drop_rows(poll);
	poll->error = run->error;
}

static void
answer_poll(struct job *job)
{
	struct logpoll *poll = poll_of(job);

	if (poll->done != NULL)
		poll->done(poll, job->status, poll->arg);
}

/* The rows may be the thread's still. */
static void
fail_poll(struct job *job)
{
	struct logpoll *poll = poll_of(job);

	if (poll->done != NULL)
		poll->done(NULL, DB_TIMEOUT, poll->arg);
}

static const struct job_ops logpoll_ops = {
	.run = run_poll,
	.answer = answer_poll,
	.fail = fail_poll,
	.free = free_poll,
};

struct logpoll *
logpoll_start(struct pool *pool, int64_t since_id, int64_t until_id,
    void (*done)(struct logpoll *, enum db_status, void *), void *arg)
{
	struct logpoll *poll = xcalloc(1, sizeof(*poll));

	job_init(&poll->job, &logpoll_ops);
	poll->since_id = since_id;
	poll->until_id = until_id;
	poll->done = done;
	poll->arg = arg;
	pool_start(pool, &poll->job);
	return (poll);
}

void
logpoll_cancel(struct pool *pool, struct logpoll *poll)
{
	poll->done = NULL;
	pool_withdraw(pool, &poll->job);
}

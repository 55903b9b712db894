/*
 * Reading the admin's log. Called by crew.c on an authorization thread. The
 * rows are other people's text: what cannot be a row of an object is left out,
 * and the rest is copied before the connection goes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/job.h"
#include "auth/logpoll.h"
#include "auth/logquery.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "django/logmsg.h"
#include "django/user.h"

#define DIGITS_MAX	20	/* of a number, with its sign */
#define TIME_MAX	40	/* characters of a time; real ones have 26 */

struct sink {
	const struct auth_source *source;
	struct logpoll	*poll;
};

struct logpoll *
logpoll_new(int64_t since_id, int64_t until_id)
{
	struct logpoll *poll = xcalloc(1, sizeof(*poll));

	poll->since_id = since_id;
	poll->until_id = until_id;
	return (poll);
}

static void
drop_rows(struct logpoll *poll)
{
	while (poll->n > 0)
		free(poll->texts[--poll->n]);
}

void
logpoll_free(struct logpoll *poll)
{
	if (poll == NULL)
		return;
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
	poll->texts[poll->n] = copy_texts(sink->source->conf, cols, row);
	poll->n++;
}

void
logpoll_run(struct job *job, struct burst *burst, const struct db_wait *wait,
    struct db_error *error)
{
	struct logpoll *poll = job->logpoll;
	struct sink sink = { burst->source, poll };
	struct db_request request = { .on_row = on_row, .arg = &sink };
	char since[DIGITS_MAX + 1], floor[DIGITS_MAX + 1];
	char until[DIGITS_MAX + 1], *sql;

	job->asked_database = true;
	job->status = burst_open(burst, wait, error);
	if (job->status == DB_FAULT)
		job->status = DB_DOWN;	/* it was not asked about the log */
	if (job->status != DB_OK)
		return;
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
	sql = logquery_text(burst->source->conf,
	    db_dialect_of(&burst->source->url), poll->since_id == 0);
	request.sql = sql;
	job->status = burst_query(burst, &request, wait, error);
	free(sql);
	if (job->status == DB_BAD_VALUE)
		job->status = DB_FAULT;
	if (job->status == DB_OK)
		return;
	drop_rows(poll);
	poll->error = *error;
}

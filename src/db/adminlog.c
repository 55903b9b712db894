/*
 * Polls of the admin's log, the loop's side. Called by the server layer; what
 * runs on a thread is in logpoll.c. That the log cannot be read is no trouble
 * of authorization: it is said once for the machine, and saves are announced
 * by other means until it can.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/adminlog.h"
#include "db/logpoll.h"
#include "db/pool.h"
#include "shm/turn.h"

struct adminlog {
	struct pool *pool;
	struct logpoll	*poll;		/* under way, or NULL */
	int64_t		 retry_at_ms;	/* not before, after a refusal */
	void		(*cb)(const struct adminlog_result *, void *);
	void		*arg;
};

struct adminlog *
adminlog_new(struct pool *pool)
{
	struct adminlog *log = xcalloc(1, sizeof(*log));

	log->pool = pool;
	return (log);
}

void
adminlog_free(struct adminlog *log)
{
	if (log == NULL)
		return;
	if (log->poll != NULL)
		logpoll_cancel(log->pool, log->poll);
	free(log);
}

static bool
is_configured(const struct adminlog *log)
{
	return (pool_conf(log->pool)->save_poll_interval_ms != 0);
}

bool
adminlog_is_on(const struct adminlog *log)
{
	return (is_configured(log) && !turn_is_refused(pool_shm(log->pool)));
}

/* In plain words, when it is news. */
static void
note_refusal(struct adminlog *log, const struct db_error *error)
{
	static const char end[] = "; a click on Save is believed instead, and "
	    "\"collabd -t\" says what to do";

	log->retry_at_ms = clock_mono_ms() + ADMINLOG_RETRY_MS;
	if (!turn_set_refused(pool_shm(log->pool), true))
		return;
	if (error->fault == DB_FAULT_TABLE)
		log_warn("saves are not announced from the admin's log: there "
		    "is no table %s%s", pool_conf(log->pool)->admin_log_table,
		    end);
	else if (error->fault == DB_FAULT_GRANT)
		log_warn("saves are not announced from the admin's log: the "
		    "database role may not read it%s", end);
	else
		log_warn("saves are not announced from the admin's log: the "
		    "database says: %s%s", error->text, end);
}

static void
note_answer(struct adminlog *log)
{
	if (turn_set_refused(pool_shm(log->pool), false))
		log_info("saves are announced from the admin's log again");
}

static void
fill(const struct logpoll *poll, struct adminlog_result *result)
{
	result->status = ADMINLOG_OK;
	result->rows = poll->rows;
	result->n = poll->n;
	/* 0 would mean a first poll again, which of an empty table it is not. */
	result->next_id = poll->last_id < 1 ? 1 : poll->last_id;
	if (poll->since_id != 0 && poll->newer > poll->newer_seen)
		result->skipped = poll->newer - poll->newer_seen;
	if (poll->n_seen >= ADMINLOG_ROWS_MAX)
		result->older_id = poll->first_id;
}

static void
on_done(struct logpoll *poll, enum db_status status, void *arg)
{
	struct adminlog *log = arg;
	struct adminlog_result result = { .status = ADMINLOG_UNAVAILABLE };

	log->poll = NULL;
	if (status == DB_OK && poll != NULL) {
		note_answer(log);
		fill(poll, &result);
	} else if (status == DB_FAULT && poll != NULL) {
		note_refusal(log, &poll->error);
		result.status = ADMINLOG_REFUSED;
	}
	log->cb(&result, log->arg);
}

bool
adminlog_poll_start(struct adminlog *log, int64_t since_id, int64_t until_id,
    void (*cb)(const struct adminlog_result *, void *), void *arg)
{
	if (log->poll != NULL || !is_configured(log) ||
	    (log->retry_at_ms != 0 && clock_mono_ms() < log->retry_at_ms))
		return (false);
	log->cb = cb;
	log->arg = arg;
	log->poll = logpoll_start(log->pool, since_id < 0 ? 0 : since_id,
	    until_id == 0 ? INT64_MAX : until_id, on_done, log);
	return (true);
}

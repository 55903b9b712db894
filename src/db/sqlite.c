/*
 * SQLite, for development with Django's default database; the only file that
 * knows sqlite3. Opened read-only for each burst of jobs. Driven by a
 * thread of the pool; the deadline and a wake-up reach a statement through
 * the progress handler and a wait for a writer through the busy handler.
 */
#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "db/db.h"
#include "db/db_url.h"

#define PROGRESS_STEPS	2000	/* virtual machine steps between two looks at
				 * the clock: well below a millisecond */
#define BUSY_SLEEP_MS	5	/* between two tries while a writer works */

struct sqlite {
	struct db		 db;
	sqlite3			*conn;
	const struct db_wait	*wait;	/* of the call that runs, or NULL */
};

static bool
must_stop(const struct sqlite *s)
{
	return (s->wait == NULL || db_wait_left_ms(s->wait) == 0 ||
	    db_wait_is_cancelled(s->wait));
}

static int
on_progress(void *arg)
{
	return (must_stop(arg));
}

static int
on_busy(void *arg, int tries UNUSED)
{
	const struct sqlite *s = arg;
	struct pollfd fd = { .events = POLLIN };

	if (must_stop(s))
		return (0);
	fd.fd = s->wait->wake_fd;
	(void)poll(&fd, 1, BUSY_SLEEP_MS);
	return (1);
}

static enum db_status
fail(const struct sqlite *s, int rc, const struct db_wait *wait,
    struct db_error *error)
{
	const char *text = s->conn == NULL ? sqlite3_errstr(rc) :
	    sqlite3_errmsg(s->conn);
	enum db_status status = DB_DOWN;
	enum db_fault fault = DB_FAULT_OTHER;

	if (db_wait_is_cancelled(wait))
		return (db_fail(error, DB_CANCELLED, "cancelled"));
	if (rc == SQLITE_INTERRUPT || db_wait_left_ms(wait) == 0)
		return (db_fail(error, DB_TIMEOUT,
		    "no answer from the database in time"));
	if (rc == SQLITE_ERROR || rc == SQLITE_NOTADB ||
	    rc == SQLITE_CANTOPEN)
		status = DB_FAULT;
	if (strstr(text, "no such table") != NULL)
		fault = DB_FAULT_TABLE;
	else if (strstr(text, "no such column") != NULL)
		fault = DB_FAULT_COLUMN;
	(void)db_fail(error, status, "%s", text);
	error->fault = fault;
	return (status);
}

static struct db *
sqlite_open(const struct db_url *url, const struct db_wait *wait,
    enum db_status *status, struct db_error *error)
{
	struct sqlite *s = xcalloc(1, sizeof(*s));
	int rc;

	s->db.driver = &sqlite_driver;
	rc = sqlite3_open_v2(url->sqlite_path, &s->conn,
	    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		*status = fail(s, rc, wait, error);
		db_close(&s->db);
		return (NULL);
	}
	/* "x" must not be taken for the text 'x' when there is no column x. */
	(void)sqlite3_db_config(s->conn, SQLITE_DBCONFIG_DQS_DML, 0,
	    (int *)NULL);
	(void)sqlite3_busy_handler(s->conn, on_busy, s);
	sqlite3_progress_handler(s->conn, PROGRESS_STEPS, on_progress, s);
	*status = DB_OK;
	return (&s->db);
}

static void
sqlite_close(struct db *db)
{
	struct sqlite *s = (struct sqlite *)db;

	(void)sqlite3_close(s->conn);
	free(s);
}

static void
bind_params(sqlite3_stmt *stmt, const struct db_request *request)
{
	int i, n = sqlite3_bind_parameter_count(stmt);

	ASSERT((size_t)n <= request->n_params);
	for (i = 0; i < n; i++) {
		if (sqlite3_bind_text(stmt, i + 1, request->params[i], -1,
		    SQLITE_STATIC) != SQLITE_OK)
			log_fatal("out of memory");
	}
}

static void
hand_row(sqlite3_stmt *stmt, const struct db_request *request)
{
	struct slice cols[DB_COLS_MAX];
	int i, n = sqlite3_column_count(stmt);

	ASSERT(n <= DB_COLS_MAX);
	for (i = 0; i < n; i++) {
		cols[i].p = (const char *)sqlite3_column_text(stmt, i);
		cols[i].n = (size_t)sqlite3_column_bytes(stmt, i);
	}
	request->on_row(cols, (size_t)n, request->arg);
}

static enum db_status
sqlite_query(struct db *db, const struct db_request *request,
    const struct db_wait *wait, struct db_error *error)
{
	struct sqlite *s = (struct sqlite *)db;
	enum db_status status = DB_OK;
	sqlite3_stmt *stmt;
	int rc;

	s->wait = wait;
	rc = sqlite3_prepare_v2(s->conn, request->sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK) {
		bind_params(stmt, request);
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
			hand_row(stmt, request);
	}
	if (rc != SQLITE_DONE)
		status = fail(s, rc, wait, error);
	(void)sqlite3_finalize(stmt);
	s->wait = NULL;
	return (status);
}

const struct db_driver sqlite_driver = {
	.open = sqlite_open,
	.query = sqlite_query,
	.close = sqlite_close,
};

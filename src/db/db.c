/*
 * The choice between the two kinds of database, and what both drivers need:
 * deadlines and errors. Called by the pool's threads (crew.c and what
 * it runs) and by auth/probe.c. Must never know a table.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/db.h"
#include "db/db_url.h"

/*
 * Everything libpq 15 to 17 would take from the environment where we pass
 * nothing. DATABASE_URL alone decides where Django's database is; a PGHOST
 * left over from somebody's shell must not.
 */
static const char *const redirecting[] = {
	"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD",
	"PGPASSFILE", "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR",
	"PGOPTIONS", "PGAPPNAME", "PGSSLMODE", "PGREQUIRESSL",
	"PGSSLCOMPRESSION", "PGSSLCERT", "PGSSLKEY", "PGSSLCERTMODE",
	"PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLSNI",
	"PGSSLNEGOTIATION", "PGSSLMINPROTOCOLVERSION",
	"PGSSLMAXPROTOCOLVERSION", "PGREQUIREPEER", "PGREQUIREAUTH",
	"PGGSSENCMODE", "PGKRBSRVNAME", "PGGSSLIB", "PGGSSDELEGATION",
	"PGCONNECT_TIMEOUT", "PGCLIENTENCODING", "PGTARGETSESSIONATTRS",
	"PGLOADBALANCEHOSTS", "PGCHANNELBINDING", "PGDATESTYLE", "PGTZ",
	"PGGEQO",
};

static void
unset_redirecting(void)
{
	size_t i;

	for (i = 0; i < COUNT_OF(redirecting); i++)
		(void)unsetenv(redirecting[i]);
}

void
db_init_process(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, unset_redirecting);
}

enum db_dialect
db_dialect_of(const struct db_url *url)
{
	return (url->is_sqlite ? DB_SQLITE : DB_POSTGRES);
}

struct db *
db_open(const struct db_url *url, const struct db_wait *wait,
    enum db_status *status, struct db_error *error)
{
	const struct db_driver *driver =
	    url->is_sqlite ? &sqlite_driver : &pg_driver;

	if (db_wait_is_cancelled(wait)) {
		*status = db_fail(error, DB_CANCELLED, "cancelled");
		return (NULL);
	}
	return (driver->open(url, wait, status, error));
}

enum db_status
db_query(struct db *db, const struct db_request *request,
    const struct db_wait *wait, struct db_error *error)
{
	return (db->driver->query(db, request, wait, error));
}

void
db_close(struct db *db)
{
	if (db != NULL)
		db->driver->close(db);
}

int64_t
db_wait_left_ms(const struct db_wait *wait)
{
	int64_t left = wait->deadline_ms - clock_mono_ms();

	return (left < 0 ? 0 : left);
}

bool
db_wait_is_cancelled(const struct db_wait *wait)
{
	uint64_t count;

	/* An eventfd that nobody wrote to says EAGAIN, which is fine too. */
	if (wait->wake_fd != -1 &&
	    read(wait->wake_fd, &count, sizeof(count)) == -1)
		errno = 0;
	return (wait->is_cancelled != NULL && wait->is_cancelled(wait->arg));
}

enum db_status
db_fail(struct db_error *error, enum db_status status, const char *fmt, ...)
{
	va_list ap;

	error->fault = DB_FAULT_OTHER;
	va_start(ap, fmt);
	(void)vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return (status);
}

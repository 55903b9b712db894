/*
 * libpq, and nothing else in the bench knows it. The bare loop does what a
 * check has to do at the very least, with blocking calls in threads: no
 * websocket, no decoding, no permission. The sampler has its connection open
 * before it is needed, so that it costs nothing but its one query.
 */
#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "base/xmalloc.h"
#include "bench/postgres.h"

#define SAMPLE_NS	2000000		/* pause between two looks */
#define THREADS_MAX	256

struct bare {
	const struct bench	*bench;
	size_t			 count;
	int64_t			 give_up_us;
	atomic_size_t		 next;
	atomic_size_t		 done;
};

struct sampler {
	pthread_t	 thread;
	PGconn		*pg;
	atomic_bool	 stop;
	int		 most;
	size_t		 looks;
};

static PGconn *
connect_or_die(const char *url)
{
	PGconn *pg = PQconnectdb(url);

	if (PQstatus(pg) != CONNECTION_OK)
		errx(1, "postgres: %s", PQerrorMessage(pg));
	return (pg);
}

/* One query that must give exactly one row. */
static void
query_one(PGconn *pg, const char *sql, const char *value)
{
	PGresult *res = PQexecParams(pg, sql, 1, NULL, &value, NULL, NULL, 0);

	if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) != 1)
		errx(1, "postgres: %d rows: %s", PQntuples(res),
		    PQerrorMessage(pg));
	PQclear(res);
}

static void *
bare_thread(void *arg)
{
	struct bare *bare = arg;
	const struct session *session;
	size_t i;
	PGconn *pg;

	while ((i = atomic_fetch_add(&bare->next, 1)) < bare->count &&
	    clock_mono_us() < bare->give_up_us) {
		session = &bare->bench->sessions[i % bare->bench->sessions_n];
		pg = connect_or_die(bare->bench->database_url);
		query_one(pg, "SELECT session_data FROM django_session "
		    "WHERE session_key = $1 AND expire_date > now()",
		    session->key);
		query_one(pg, "SELECT id, username, email, password, "
		    "is_active, is_staff, is_superuser FROM auth_user "
		    "WHERE id = $1", session->user_id);
		PQfinish(pg);
		atomic_fetch_add(&bare->done, 1);
	}
	return (NULL);
}

size_t
postgres_bare_loop(const struct bench *b, int threads, size_t count,
    int64_t limit_ms, int64_t *took_us)
{
	struct bare bare = { .bench = b, .count = count };
	pthread_t ids[THREADS_MAX];
	int64_t start = clock_mono_us();

	if (threads > THREADS_MAX)
		errx(1, "more than %d threads", THREADS_MAX);
	bare.give_up_us = start + limit_ms * US_PER_MS;
	for (int i = 0; i < threads; i++) {
		if (pthread_create(&ids[i], NULL, bare_thread, &bare) != 0)
			errx(1, "pthread_create");
	}
	for (int i = 0; i < threads; i++)
		(void)pthread_join(ids[i], NULL);
	*took_us = clock_mono_us() - start;
	return (atomic_load(&bare.done));
}

char *
postgres_version(const char *url)
{
	PGconn *pg = connect_or_die(url);
	char *version = xstrdup(PQparameterStatus(pg, "server_version"));

	PQfinish(pg);
	return (version);
}

static void *
sampler_thread(void *arg)
{
	struct sampler *s = arg;
	struct timespec pause = { .tv_nsec = SAMPLE_NS };
	PGresult *res;
	int n;

	while (!atomic_load(&s->stop)) {
		res = PQexec(s->pg, "SELECT count(*) FROM pg_stat_activity "
		    "WHERE backend_type = 'client backend' "
		    "AND pid <> pg_backend_pid()");
		if (PQresultStatus(res) != PGRES_TUPLES_OK)
			errx(1, "postgres: %s", PQerrorMessage(s->pg));
		n = atoi(PQgetvalue(res, 0, 0));
		PQclear(res);
		if (n > s->most)
			s->most = n;
		s->looks++;
		(void)nanosleep(&pause, NULL);
	}
	return (NULL);
}

struct sampler *
sampler_start(const char *monitor_url)
{
	struct sampler *s = xcalloc(1, sizeof(*s));

	s->pg = connect_or_die(monitor_url);
	if (pthread_create(&s->thread, NULL, sampler_thread, s) != 0)
		errx(1, "pthread_create");
	return (s);
}

int
sampler_stop(struct sampler *s, size_t *looks)
{
	int most;

	atomic_store(&s->stop, true);
	(void)pthread_join(s->thread, NULL);
	PQfinish(s->pg);
	most = s->most;
	*looks = s->looks;
	free(s);
	return (most);
}

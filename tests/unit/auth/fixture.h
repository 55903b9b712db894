/*
 * A pool that is asked against a real PostgreSQL: one cluster with a site and
 * MANY sessions for each program, a pool for each test, and ways to make checks
 * stand still where a test wants them.
 */
#ifndef COLLABD_TESTS_AUTH_FIXTURE_H
#define COLLABD_TESTS_AUTH_FIXTURE_H

#include "auth/site.h"
#include "db/cluster.h"
#include "django/session.h"

static struct cluster cluster;
static char url[256];

#define KEY	"0123456789abcdefghijklmnopqrstuv"
#define MANY	20

/* How many connections of the pool wait for a lock of the test's. */
#define READER_WAITS							\
	"SELECT count(*) FROM pg_stat_activity WHERE "			\
	"usename = 'reader' AND wait_event_type = 'Lock'"

/* Cuts these off. */
#define KILL_READERS							\
	"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "	\
	"usename = 'reader' AND wait_event_type = 'Lock'"

static struct site site;

/* Lets the loop turn until the condition holds. */
#define TURN_UNTIL(cond) do {						\
	while (!(cond)) {						\
		assert_int_not_equal(event_base_loop(site.base,		\
		    EVLOOP_NONBLOCK), -1);				\
		nap_ms(1);						\
	}								\
} while (0)

static UNUSED void
start(const char *threads, const char *connections)
{
	memset(&site, 0, sizeof(site));
	site_conf(&site.conf, url);
	set(&site.conf, "auth_threads", threads);
	set(&site.conf, "auth_max_connections", connections);
	set(&site.conf, "auth_timeout", "60");
	site_start(&site);
}

static UNUSED void
stop(void)
{
	site_stop(&site);
	sql_await(&cluster, POOL_CONNECTIONS, "0");	/* never idle */
}

/* KEY and key00... are sessions of user 1. */
static UNUSED const char *
key(unsigned i)
{
	static char keys[MANY][SESSION_KEY_MAX];

	snprintf(keys[i], sizeof(keys[i]), "sessionkey%02u", i);
	return (keys[i]);
}

static UNUSED struct auth_stats
stats(void)
{
	struct auth_stats st;

	auth_stats(site.auth, &st);
	return (st);
}

/* Takes all places, so that lookups stand still where the test wants them. */
static UNUSED void
hold_budget(void)
{
	int64_t i;

	for (i = 0; i < site.conf.auth_max_connections; i++)
		assert_true(budget_take(site.shm, site.slot,
		    (unsigned)site.conf.auth_max_connections,
		    clock_mono_ms() + 60000));
}

static UNUSED void
release_budget(void)
{
	int64_t i;

	for (i = 0; i < site.conf.auth_max_connections; i++)
		budget_give(site.shm, site.slot);
}

/* A port that the kernel accepts on and nobody answers. */
static UNUSED int
silent_server(char *text, size_t n)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	snprintf(text, n, "postgres://u:p@127.0.0.1:%d/d",
	    ntohs(sin.sin_port));
	return (fd);
}

static UNUSED void
expect_silence_then_service(struct ask *a)
{
	TURN_UNTIL(budget_in_use(site.shm) == 0);
	assert_int_equal(ask_only(&site, key(9), NULL, NULL), AUTH_ALLOWED);
	assert_int_equal(a->calls, 0);
}

static UNUSED int
setup(void **state UNUSED)
{
	char *data = site_session("\"1\"");
	unsigned i;

	cluster_new(&cluster);
	sql(&cluster, SITE_PG_TABLES SITE_PG_INDEXES SITE_PG_GRANTS
	    "CREATE TABLE secrets AS TABLE auth_user;"
	    "INSERT INTO auth_user VALUES (1, '" SITE_PASSWORD "', NULL, "
	    "false, 'ada', 'ada@example.com', true, true, '');"
	    "INSERT INTO django_content_type VALUES (1, 'shelfx', 'item');"
	    "INSERT INTO auth_permission VALUES (1, '', 1, 'change_item');"
	    "INSERT INTO auth_user_user_permissions (user_id, permission_id) "
	    "VALUES (1, 1)");
	for (i = 0; i < MANY + 1; i++)
		sql_params(&cluster, "INSERT INTO django_session VALUES "
		    "($1, $2, now() + interval '1 h')", 2,
		    (const char *const[]){ i == MANY ? KEY : key(i), data });
	snprintf(url, sizeof(url), "postgres://" CLUSTER_ROLE ":"
	    CLUSTER_PASSWORD "@127.0.0.1:%d/postgres", cluster.port);
	free(data);
	return (0);
}

static UNUSED int
teardown(void **state UNUSED)
{
	cluster_free(&cluster);
	return (0);
}

/* Before the tests of a program. */
static UNUSED bool
prepare(void)
{
	/* What somebody's shell may leave behind must not lead us astray. */
	setenv("PGHOST", "203.0.113.1", 1);
	setenv("PGOPTIONS", "-c search_path=nowhere", 1);
	setenv("PGSSLMODE", "verify-full", 1);
	return (log_open("/dev/null"));
}

#endif

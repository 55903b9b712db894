/*
 * The pool's behaviour against a real PostgreSQL: what is unavailable and what
 * is denied, deadlines, the budget, joined lookups, bursts, health, and what
 * the threads are.
 */
#include <dirent.h>

#include "auth/fixture.h"
#include "db/burst.h"
#include "db/db_url.h"

/* --- deciding --- */

static void
test_no_session(void **state UNUSED)
{
	static const char *const keys[] = {
		"", "short", "' OR 1=1--", "sessionkey\xc3\xa9",
		"01234567890123456789012345678901234567890",
	};
	struct auth_query q = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	struct ask a = { 0 };
	size_t i;

	start("2", "8");
	for (i = 0; i < COUNT_OF(keys); i++)
		assert_int_equal(ask_only(&site, keys[i], NULL, NULL),
		    AUTH_DENIED);
	a.site = &site;
	assert_non_null(auth_check_start(site.auth, &q, on_answer, &a));
	ask_wait(&a);
	assert_int_equal(a.verdict, AUTH_DENIED);
	assert_int_equal(stats().lookups, 0);
	assert_int_equal(stats().opened, 0);
	assert_false(pool_is_healthy(site.pool));	/* nobody was asked */
	assert_int_equal(ask_only(&site, "unknownsession", NULL, NULL),
	    AUTH_DENIED);
	assert_true(pool_is_healthy(site.pool));
	assert_int_equal(counters_sum(site.shm, COUNTER_AUTH_DENIED),
	    COUNT_OF(keys) + 2);
	assert_int_equal(counters_sum(site.shm, COUNTER_DB_OPENED), 1);
	stop();
}

static void
test_queue_full(void **state UNUSED)
{
	struct auth_query q = { slice_of(KEY), { NULL, 0 }, { NULL, 0 } };
	struct ask a[3];

	start("1", "1");
	site.conf.auth_queue_max = 2;
	hold_budget();
	ask_start(&site, &a[0], key(0), NULL, NULL);
	ask_start(&site, &a[1], key(1), NULL, NULL);
	assert_null(auth_check_start(site.auth, &q, on_answer, &a[2]));
	auth_check_cancel(a[0].check);		/* makes room */
	ask_start(&site, &a[2], key(2), NULL, NULL);
	release_budget();
	ask_wait(&a[1]);
	ask_wait(&a[2]);
	assert_int_equal(a[1].verdict, AUTH_ALLOWED);
	assert_int_equal(a[2].verdict, AUTH_ALLOWED);
	assert_int_equal(a[0].calls, 0);
	ask_free(&a[1]);
	ask_free(&a[2]);
	stop();
}

static void
test_joined(void **state UNUSED)
{
	static const struct { const char *app, *model; } rooms[] = {
		{ NULL, NULL }, { "shelfx", "item" }, { "shelfx", "Item" },
		{ "shelfx", "book" }, { NULL, NULL },
	};
	struct ask a[COUNT_OF(rooms)], other;
	size_t i;

	start("1", "1");
	hold_budget();
	for (i = 0; i < COUNT_OF(rooms); i++)
		ask_start(&site, &a[i], KEY, rooms[i].app, rooms[i].model);
	ask_start(&site, &other, key(3), NULL, NULL);
	release_budget();
	for (i = 0; i < COUNT_OF(rooms); i++)
		ask_wait(&a[i]);
	ask_wait(&other);
	assert_int_equal(stats().lookups, 2);
	assert_int_equal(stats().joined, 4);
	assert_int_equal(stats().user_queries, 3 + 1);
	assert_int_equal(counters_sum(site.shm, COUNTER_AUTH_JOINED), 4);
	for (i = 0; i < COUNT_OF(rooms); i++) {
		assert_int_equal(a[i].verdict,
		    i == 3 ? AUTH_DENIED : AUTH_ALLOWED);
		assert_int_equal(a[i].may_change, i != 3);
		ask_free(&a[i]);	/* each has one of its own */
	}
	ask_free(&other);
	/* Nothing is remembered: a new check is a new lookup. */
	assert_int_equal(ask_only(&site, KEY, NULL, NULL), AUTH_ALLOWED);
	assert_int_equal(stats().lookups, 3);
	stop();
}

/* A check that comes when the reading has begun must read for itself. */
static void
test_not_joined_late(void **state UNUSED)
{
	struct ask a, b;

	start("1", "2");
	sql(&cluster, "BEGIN; LOCK TABLE auth_user");
	ask_start(&site, &a, KEY, NULL, NULL);
	sql_await(&cluster, READER_WAITS, "1");
	ask_start(&site, &b, KEY, NULL, NULL);
	sql(&cluster, "DELETE FROM django_session WHERE session_key = '" KEY
	    "'; COMMIT");
	ask_wait(&a);
	ask_wait(&b);
	assert_int_equal(a.verdict, AUTH_ALLOWED);
	assert_int_equal(b.verdict, AUTH_DENIED);
	assert_int_equal(stats().joined, 0);
	ask_free(&a);
	sql(&cluster, "INSERT INTO django_session SELECT '" KEY
	    "', session_data, expire_date FROM django_session LIMIT 1");
	stop();
}

static void
test_burst(void **state UNUSED)
{
	struct ask a[MANY];
	unsigned i;

	start("1", "1");
	hold_budget();
	for (i = 0; i < MANY; i++)
		ask_start(&site, &a[i], key(i), "shelfx", "item");
	release_budget();
	for (i = 0; i < MANY; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict, AUTH_ALLOWED);
		ask_free(&a[i]);
	}
	assert_int_equal(stats().lookups, MANY);
	assert_int_equal(stats().opened + stats().reused, MANY);
	assert_true(stats().reused > 0);
	/* One by one: a connection each. */
	for (i = 0; i < 3; i++) {
		uint64_t opened = stats().opened;

		TURN_UNTIL(budget_in_use(site.shm) == 0);
		assert_int_equal(ask_only(&site, KEY, NULL, NULL),
		    AUTH_ALLOWED);
		assert_int_equal(stats().opened, opened + 1);
	}
	stop();
}

/* With auth_reuse off nobody gets another one's connection, however long the
 * line is. */
static void
test_no_reuse(void **state UNUSED)
{
	struct ask a[MANY];
	unsigned i;

	start("1", "1");
	set(&site.conf, "auth_reuse", "off");
	hold_budget();
	for (i = 0; i < MANY; i++)
		ask_start(&site, &a[i], key(i), "shelfx", "item");
	release_budget();
	for (i = 0; i < MANY; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict, AUTH_ALLOWED);
		ask_free(&a[i]);
	}
	assert_int_equal(stats().opened, MANY);
	assert_int_equal(stats().reused, 0);
	stop();
}

/* A connection that died between two lookups of a burst is replaced. */
static void
test_burst_replaced(void **state UNUSED)
{
	struct burst_shared shared = { 0 };
	struct burst burst = { .shared = &shared };
	struct db_url address;
	struct db_wait wait = { .wake_fd = -1 };
	struct db_request request = { .sql = "SELECT 1 WHERE FALSE" };
	struct db_error error;
	struct buf err = { 0 };

	start("1", "1");
	shared.shm = site.shm;
	shared.slot = site.slot;
	wait.deadline_ms = clock_mono_ms() + 60000;
	assert_true(db_url_parse(site.conf.database_url, &address, &err));
	shared.conf = &site.conf;
	shared.url = &address;
	assert_int_equal(burst_query(&burst, &request, &wait, &error), DB_OK);
	assert_true(burst_served(&burst, 1));
	sql(&cluster, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE usename = 'reader'");
	sql_await(&cluster, POOL_CONNECTIONS, "0");
	assert_int_equal(burst_query(&burst, &request, &wait, &error), DB_OK);
	assert_int_equal(shared.opened, 2);
	/* But one that fails at its first lookup is a failure. */
	sql(&cluster, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE usename = 'reader'");
	sql_await(&cluster, POOL_CONNECTIONS, "0");
	assert_int_equal(burst_query(&burst, &request, &wait, &error),
	    DB_DOWN);
	assert_int_equal(budget_in_use(site.shm), 0);
	burst_close(&burst);
	db_url_fini(&address);
	stop();
}

/* --- the budget --- */

static void
on_budgeted(const struct auth_result *r, void *arg)
{
	/* Of one place that both pools share. */
	assert_true(budget_in_use(site.shm) <= 1);
	on_answer(r, arg);
}

static void
test_budget_shared(void **state UNUSED)
{
	struct ask a[2 * MANY];
	struct site second;
	unsigned i;

	start("2", "1");
	second = site;		/* its own pool and slot in the same memory */
	second.slot = shm_slot_claim(site.shm);
	second.pool = pool_new(&site.conf, site.base, site.shm, second.slot);
	assert_non_null(second.pool);
	second.auth = auth_new(second.pool);
	for (i = 0; i < 2 * MANY; i++) {
		struct site *s = i % 2 == 0 ? &site : &second;
		struct auth_query q = { slice_of(key(i / 2)), { NULL, 0 },
		    { NULL, 0 } };

		memset(&a[i], 0, sizeof(a[i]));
		a[i].site = s;
		assert_non_null(auth_check_start(s->auth, &q, on_budgeted,
		    &a[i]));
	}
	for (i = 0; i < 2 * MANY; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict, AUTH_ALLOWED);
		ask_free(&a[i]);
	}
	assert_true(pool_free(second.pool));
	auth_free(second.auth);
	stop();
}

static void
test_budget_deadline(void **state UNUSED)
{
	struct ask a;

	start("1", "1");
	site.conf.auth_timeout_ms = 200;
	hold_budget();
	assert_int_equal(ask(&site, &a, KEY, NULL, NULL), AUTH_UNAVAILABLE);
	assert_string_equal(a.reason, "timed out");
	assert_int_equal(counters_sum(site.shm, COUNTER_AUTH_UNAVAILABLE), 1);
	release_budget();
	site.conf.auth_timeout_ms = 60000;
	assert_int_equal(ask_only(&site, KEY, NULL, NULL), AUTH_ALLOWED);
	stop();
}

/* --- unavailable --- */

static void
test_misconfigured(void **state UNUSED)
{
	static const struct { const char *name, *value; } wrong[] = {
		{ "session_table", "no_such_table" },
		{ "user_email_column", "no_such_column" },
		{ "database_schema", "no_such_schema" },
		{ "user_table", "secrets" },		/* no grant */
		{ "user_password_column", "last_login" }, /* no grant */
	};
	struct ask a;
	size_t i;

	for (i = 0; i < COUNT_OF(wrong); i++) {
		memset(&site, 0, sizeof(site));
		site_conf(&site.conf, url);
		set(&site.conf, wrong[i].name, wrong[i].value);
		site_start(&site);
		assert_int_equal(ask(&site, &a, KEY, "shelfx", "item"),
		    AUTH_UNAVAILABLE);
		assert_string_equal(a.reason, "database misconfigured");
		assert_false(pool_is_healthy(site.pool));
		stop();
	}
}

/* What a log of wrong credentials may hold. */
static void
test_wrong_password(void **state UNUSED)
{
	char path[] = "/tmp/collabd-log-XXXXXX", text[4096] = "", bad[256];
	struct ask a;
	ssize_t n;
	int fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	snprintf(bad, sizeof(bad), "postgres://" CLUSTER_ROLE
	    ":not-the-password@127.0.0.1:%d/postgres", cluster.port);
	memset(&site, 0, sizeof(site));
	site_conf(&site.conf, bad);
	site_start(&site);
	log_set_level(LOG_LEVEL_DEBUG);
	assert_true(log_open(path));
	assert_int_equal(ask(&site, &a, KEY, NULL, NULL), AUTH_UNAVAILABLE);
	assert_string_equal(a.reason, "database unavailable");
	assert_true(log_open("/dev/null"));
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	assert_non_null(strstr(text, "authentication failed"));
	assert_null(strstr(text, CLUSTER_ROLE));
	assert_null(strstr(text, "not-the-password"));
	assert_null(strstr(text, "127.0.0.1"));
	assert_null(strstr(text, KEY));
	close(fd);
	unlink(path);
	stop();
}

static void
test_server_down_and_up(void **state UNUSED)
{
	struct ask a[3];
	unsigned i;

	start("2", "4");
	assert_int_equal(ask_only(&site, KEY, NULL, NULL), AUTH_ALLOWED);
	cluster_down(&cluster);
	for (i = 0; i < 3; i++)
		ask_start(&site, &a[i], key(i), NULL, NULL);
	for (i = 0; i < 3; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict, AUTH_UNAVAILABLE);
		assert_string_equal(a[i].reason, "database unavailable");
	}
	assert_false(pool_is_healthy(site.pool));
	cluster_up(&cluster);
	assert_int_equal(ask_only(&site, KEY, NULL, NULL), AUTH_ALLOWED);
	assert_true(pool_is_healthy(site.pool));
	stop();
}

/* The server goes away while it is asked. */
static void
test_terminated(void **state UNUSED)
{
	struct ask a;

	start("1", "1");
	sql(&cluster, "BEGIN; LOCK TABLE django_session");
	ask_start(&site, &a, KEY, NULL, NULL);
	sql_await(&cluster, READER_WAITS, "1");
	sql(&cluster, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE usename = 'reader'");
	ask_wait(&a);
	assert_int_equal(a.verdict, AUTH_UNAVAILABLE);
	sql(&cluster, "ROLLBACK");
	assert_int_equal(ask_only(&site, KEY, NULL, NULL), AUTH_ALLOWED);
	stop();
}

static void
test_silent_server(void **state UNUSED)
{
	struct ask a[4];
	char text[128];
	int fd = silent_server(text, sizeof(text));
	unsigned i;

	memset(&site, 0, sizeof(site));
	site_conf(&site.conf, text);
	set(&site.conf, "auth_timeout", "0.3");
	set(&site.conf, "auth_threads", "1");
	site_start(&site);
	/* The first one's thread waits for the server, the others in line. */
	for (i = 0; i < 4; i++)
		ask_start(&site, &a[i], key(i), NULL, NULL);
	for (i = 0; i < 4; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict, AUTH_UNAVAILABLE);
		assert_string_equal(a[i].reason, "timed out");
	}
	site_stop(&site);
	close(fd);
}

/* --- health and threads --- */

static void
test_probe_and_health(void **state UNUSED)
{
	start("1", "2");
	assert_false(pool_is_healthy(site.pool));
	auth_probe_start(site.auth);
	auth_probe_start(site.auth);	/* one at a time */
	while (!pool_is_healthy(site.pool))
		event_base_loop(site.base, EVLOOP_ONCE);
	auth_probe_start(site.auth);	/* too soon: nothing */
	assert_int_equal(stats().opened, 1);
	assert_int_equal(counters_sum(site.shm, COUNTER_AUTH_DENIED), 0);
	stop();
	/* A table that is missing shows. */
	memset(&site, 0, sizeof(site));
	site_conf(&site.conf, url);
	set(&site.conf, "user_table", "nowhere");
	site_start(&site);
	auth_probe_start(site.auth);
	event_base_loop(site.base, EVLOOP_ONCE);
	assert_false(pool_is_healthy(site.pool));
	stop();
}

/* Blocked signals of the thread of this task, if it is one of ours. */
static bool
task_is_quiet(const char *task)
{
	char path[300], line[256];
	bool ours = false, quiet = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/status", task);
	if ((f = fopen(path, "r")) == NULL)
		return (false);
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned long long mask;

		ours = ours || strncmp(line, "Name:\tauth ", 11) == 0;
		if (sscanf(line, "SigBlk: %llx", &mask) == 1)
			quiet = (mask & (1ULL << (SIGTERM - 1))) != 0 &&
			    (mask & (1ULL << (SIGHUP - 1))) != 0 &&
			    (mask & (1ULL << (SIGUSR1 - 1))) != 0;
	}
	fclose(f);
	assert_true(!ours || quiet);
	return (ours);
}

static void
test_threads(void **state UNUSED)
{
	struct dirent *e;
	sigset_t set_now;
	unsigned n = 0;
	DIR *d;

	start("3", "2");
	assert_int_equal(ask_only(&site, KEY, NULL, NULL), AUTH_ALLOWED);
	d = opendir("/proc/self/task");
	while ((e = readdir(d)) != NULL)
		n += task_is_quiet(e->d_name);
	closedir(d);
	assert_int_equal(n, 3);
	pthread_sigmask(SIG_BLOCK, NULL, &set_now);
	assert_false(sigismember(&set_now, SIGTERM));	/* ours is as it was */
	stop();
}

/* prepare() set them to nonsense; the tests before this one passed. */
static void
test_environment(void **state UNUSED)
{
	assert_null(getenv("PGHOST"));
	assert_null(getenv("PGOPTIONS"));
	assert_null(getenv("PGSSLMODE"));
}

static void
test_bad_url(void **state UNUSED)
{
	static const struct shm_geometry geometry = { 64, 4, 16 };
	struct event_base *base = event_base_new();
	struct shm *shm = shm_new(&geometry);
	struct conf conf;

	site_conf(&conf, "mysql://u:p@h/d");
	assert_null(pool_new(&conf, base, shm, shm_slot_claim(shm)));
	event_base_free(base);
	shm_free(shm);
	conf_fini(&conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_session),
		cmocka_unit_test(test_queue_full),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_not_joined_late),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_no_reuse),
		cmocka_unit_test(test_burst_replaced),
		cmocka_unit_test(test_budget_shared),
		cmocka_unit_test(test_budget_deadline),
		cmocka_unit_test(test_misconfigured),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_server_down_and_up),
		cmocka_unit_test(test_terminated),
		cmocka_unit_test(test_silent_server),
		cmocka_unit_test(test_probe_and_health),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_bad_url),
	};

	if (!prepare())
		return (1);
	return (cmocka_run_group_tests(tests, setup, teardown));
}

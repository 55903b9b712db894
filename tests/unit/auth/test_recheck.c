/*
 * Whether open sockets may stay.
 */
#include "auth/fixture.h"

#define SOCKETS	600	/* more than two chunks */

static struct {
	unsigned	 calls;
	unsigned	 ends;	/* calls that were the last one */
	size_t		 n;
	struct auth_recheck answers[SOCKETS];
} batch;

/* What has been decided once is not decided anew. */
static void
on_batch(const struct auth_recheck *answers, size_t n, bool is_last,
    void *arg UNUSED)
{
	size_t i;

	assert_int_equal(batch.ends, 0);
	batch.ends += is_last;
	for (i = 0; batch.calls != 0 && i < n; i++) {
		if (batch.answers[i].verdict != AUTH_UNAVAILABLE)
			assert_int_equal(answers[i].verdict,
			    batch.answers[i].verdict);
	}
	batch.calls++;
	batch.n = n;
	memcpy(batch.answers, answers, n * sizeof(*answers));
	for (i = 0; i < n; i++) {
		assert_int_equal(answers[i].may_change,
		    answers[i].verdict == AUTH_ALLOWED);
		assert_false(answers[i].may_take_over);
	}
}

static void
recheck_start(const struct auth_query *q, size_t n)
{
	memset(&batch, 0, sizeof(batch));
	assert_true(auth_recheck_start(site.auth, q, n, on_batch, NULL));
	assert_false(auth_recheck_start(site.auth, q, n, on_batch, NULL));
	assert_int_equal(batch.calls, 0);
}

static void
recheck_end(size_t n)
{
	while (batch.ends == 0)
		event_base_loop(site.base, EVLOOP_ONCE);
	assert_int_equal(batch.n, n);
}

static void
recheck(const struct auth_query *q, size_t n)
{
	recheck_start(q, n);
	recheck_end(n);
}

static void
test_recheck(void **state UNUSED)
{
	struct auth_query q[SOCKETS];
	enum auth_verdict want;
	size_t i;

	start("2", "2");
	assert_false(auth_recheck_start(site.auth, NULL, 0, on_batch, NULL));
	for (i = 0; i < SOCKETS; i++) {
		q[i].session = slice_of(i % 7 == 0 ? "gonesession" :
		    i % 11 == 0 ? "x" : key((unsigned)(i % MANY)));
		q[i].app_label = slice_of(i % 3 == 0 ? NULL : "shelfx");
		q[i].model = slice_of(i % 3 == 0 ? NULL : i % 3 == 1 ? "item" :
		    "book");
	}
	recheck(q, SOCKETS);
	for (i = 0; i < SOCKETS; i++) {
		want = i % 7 == 0 || i % 11 == 0 || i % 3 == 2 ? AUTH_DENIED :
		    AUTH_ALLOWED;
		assert_int_equal(batch.answers[i].verdict, want);
	}
	assert_int_equal(stats().opened, 1);
	assert_int_equal(stats().user_queries, 0);
	stop();
}

/* Log-out, demotion, deactivation, another password. */
static void
test_recheck_lost(void **state UNUSED)
{
	static const char *const changes[] = {
		"UPDATE auth_user SET is_staff = false",
		"UPDATE auth_user SET is_active = false",
		"UPDATE auth_user SET password = 'another'",
		"DELETE FROM auth_user_user_permissions",
		"DELETE FROM django_session",
		"UPDATE django_session SET expire_date = now()",
		"DELETE FROM auth_user",
	};
	struct auth_query q = { slice_of(KEY), slice_of("shelfx"),
	    slice_of("item") };
	size_t i;

	start("1", "2");
	for (i = 0; i < COUNT_OF(changes); i++) {
		recheck(&q, 1);
		assert_int_equal(batch.answers[0].verdict, AUTH_ALLOWED);
		sql(&cluster, "CREATE TABLE u AS TABLE auth_user; "
		    "CREATE TABLE p AS SELECT user_id, permission_id "
		    "FROM auth_user_user_permissions; "
		    "CREATE TABLE s AS TABLE django_session");
		sql(&cluster, changes[i]);
		recheck(&q, 1);
		assert_int_equal(batch.answers[0].verdict, AUTH_DENIED);
		assert_int_equal(ask_only(&site, KEY, "shelfx", "item"),
		    AUTH_DENIED);
		sql(&cluster, "TRUNCATE auth_user, auth_user_user_permissions,"
		    " django_session; INSERT INTO auth_user TABLE u; "
		    "INSERT INTO auth_user_user_permissions (user_id, "
		    "permission_id) TABLE p; "
		    "INSERT INTO django_session TABLE s; DROP TABLE u, p, s");
	}
	stop();
}

static void
test_recheck_unavailable(void **state UNUSED)
{
	struct auth_query q[2] = {
		{ slice_of(KEY), { NULL, 0 }, { NULL, 0 } },
		{ slice_of("x"), { NULL, 0 }, { NULL, 0 } },
	};

	start("1", "2");
	cluster_down(&cluster);
	recheck(q, 2);
	assert_int_equal(batch.answers[0].verdict, AUTH_UNAVAILABLE);
	/* No session is called that. */
	assert_int_equal(batch.answers[1].verdict, AUTH_DENIED);
	cluster_up(&cluster);
	/* Half-way: the sessions are read, the users cannot be. */
	sql(&cluster, "REVOKE SELECT ON django_content_type FROM reader");
	recheck(q, 2);
	assert_int_equal(batch.answers[0].verdict, AUTH_UNAVAILABLE);
	assert_int_equal(batch.answers[1].verdict, AUTH_DENIED);
	sql(&cluster, SITE_PG_GRANTS);
	recheck(q, 2);
	assert_int_equal(batch.answers[0].verdict, AUTH_ALLOWED);
	assert_int_equal(batch.answers[1].verdict, AUTH_DENIED);
	/* The budget is taken all the time. */
	site.conf.auth_timeout_ms = 200;
	hold_budget();
	recheck(q, 2);
	assert_int_equal(batch.answers[0].verdict, AUTH_UNAVAILABLE);
	release_budget();
	stop();
}

/* SOCKETS queries about key(0) and up; those of every tenth socket, the last
 * among them, have no session any more. */
static void
make_queries(struct auth_query *q)
{
	size_t i;

	for (i = 0; i < SOCKETS; i++) {
		q[i] = (struct auth_query){ slice_of(i % 10 == 9 ?
		    "gonesession" : key((unsigned)(i % MANY))),
		    { NULL, 0 }, { NULL, 0 } };
	}
}

static void
expect(enum auth_verdict of_the_others)
{
	size_t i;

	for (i = 0; i < SOCKETS; i++) {
		assert_int_equal(batch.answers[i].verdict, i % 10 == 9 ?
		    AUTH_DENIED : of_the_others);
	}
}

/* The users cannot be read; of which sessions there are none is told before
 * that is known, however many there are. */
static void
test_recheck_users_late(void **state UNUSED)
{
	struct auth_query q[SOCKETS];

	start("1", "2");
	make_queries(q);
	sql(&cluster, "BEGIN; LOCK TABLE auth_user");
	recheck_start(q, SOCKETS);
	TURN_UNTIL(batch.calls != 0);
	expect(AUTH_UNAVAILABLE);
	assert_int_equal(batch.ends, 0);
	sql(&cluster, "ROLLBACK");
	recheck_end(SOCKETS);
	expect(AUTH_ALLOWED);
	assert_int_equal(stats().opened, 1);
	/* And so it is when they are not read at all. */
	site.conf.auth_timeout_ms = 2000;
	sql(&cluster, "BEGIN; LOCK TABLE auth_user");
	recheck(q, SOCKETS);
	expect(AUTH_UNAVAILABLE);
	sql(&cluster, "ROLLBACK");
	stop();
}

/* As many sessions as need three queries. */
static void
test_recheck_sessions(void **state UNUSED)
{
	static char gone[SOCKETS][SESSION_KEY_MAX];
	struct auth_query q[SOCKETS];
	size_t i;

	start("1", "2");
	make_queries(q);
	for (i = 0; i < SOCKETS; i++) {
		snprintf(gone[i], sizeof(gone[i]), "%s%03zu",
		    i % 2 == 0 ? "another" : "unknown", i);
		if (i % 10 != 9)
			q[i].session = slice_of(gone[i]);
		else
			q[i].session = slice_of(key((unsigned)(i / 10 % MANY)));
	}
	recheck(q, SOCKETS);
	for (i = 0; i < SOCKETS; i++)
		assert_int_equal(batch.answers[i].verdict,
		    i % 10 == 9 ? AUTH_ALLOWED : AUTH_DENIED);
	assert_int_equal(stats().queries, 3 + 1);
	stop();
}

/* The connection is lost with the first query about users: the others are asked
 * on another. */
static void
test_recheck_cut(void **state UNUSED)
{
	struct auth_query q[SOCKETS];
	size_t i, undecided = 0;

	start("1", "2");
	make_queries(q);
	sql(&cluster, "BEGIN; LOCK TABLE auth_user");
	recheck_start(q, SOCKETS);
	sql_await(&cluster, READER_WAITS, "1");
	sql(&cluster, KILL_READERS);
	TURN_UNTIL(stats().opened == 2);
	sql(&cluster, "ROLLBACK");
	recheck_end(SOCKETS);
	for (i = 0; i < SOCKETS; i++) {
		if (i % 10 == 9)
			assert_int_equal(batch.answers[i].verdict,
			    AUTH_DENIED);
		else
			undecided += batch.answers[i].verdict ==
			    AUTH_UNAVAILABLE;
	}
	assert_int_equal(undecided, 256);
	stop();
}

/* What needs no database is decided without one. */
static void
test_recheck_cookies(void **state UNUSED)
{
	struct auth_query q[2] = { { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } } };
	char *cookies[2];
	size_t i;

	memset(&site, 0, sizeof(site));
	site_conf(&site.conf, url);
	set(&site.conf, "auth_timeout", "60");
	set(&site.conf, "session_engine", "signed_cookies");
	site_start(&site);
	for (i = 0; i < 2; i++) {
		cookies[i] = site_sign_session("\"1\"", "django.contrib."
		    "sessions.backends.signed_cookiessigner", i == 0 ? 1 :
		    clock_wall_us() / 1000000);
		q[i].session = slice_of(cookies[i]);
	}
	cluster_down(&cluster);
	recheck(q, 2);
	assert_int_equal(batch.answers[0].verdict, AUTH_DENIED);
	assert_int_equal(batch.answers[1].verdict, AUTH_UNAVAILABLE);
	cluster_up(&cluster);
	recheck(q, 2);
	assert_int_equal(batch.answers[0].verdict, AUTH_DENIED);
	assert_int_equal(batch.answers[1].verdict, AUTH_ALLOWED);
	free(cookies[0]);
	free(cookies[1]);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recheck),
		cmocka_unit_test(test_recheck_lost),
		cmocka_unit_test(test_recheck_unavailable),
		cmocka_unit_test(test_recheck_users_late),
		cmocka_unit_test(test_recheck_sessions),
		cmocka_unit_test(test_recheck_cut),
		cmocka_unit_test(test_recheck_cookies),
	};

	if (!prepare())
		return (1);
	return (cmocka_run_group_tests(tests, setup, teardown));
}

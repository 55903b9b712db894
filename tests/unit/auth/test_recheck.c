/*
 * Whether open sockets may stay.
 */
#include "auth/fixture.h"

#define SOCKETS	600	/* more than two chunks */

static struct {
	unsigned	 calls;
	size_t		 n;
	struct auth_recheck answers[SOCKETS];
} batch;

static void
on_batch(const struct auth_recheck *answers, size_t n, void *arg UNUSED)
{
	size_t i;

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
recheck(const struct auth_query *q, size_t n)
{
	memset(&batch, 0, sizeof(batch));
	assert_true(auth_recheck_start(site.pool, q, n, on_batch, NULL));
	assert_false(auth_recheck_start(site.pool, q, n, on_batch, NULL));
	assert_int_equal(batch.calls, 0);
	while (batch.calls == 0)
		event_base_loop(site.base, EVLOOP_ONCE);
	assert_int_equal(batch.n, n);
}

static void
test_recheck(void **state UNUSED)
{
	struct auth_query q[SOCKETS];
	enum auth_verdict want;
	size_t i;

	start("2", "2");
	assert_false(auth_recheck_start(site.pool, NULL, 0, on_batch, NULL));
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
	assert_int_equal(batch.answers[1].verdict, AUTH_UNAVAILABLE);
	cluster_up(&cluster);
	/* Half-way: the sessions are read, the users cannot be. */
	sql(&cluster, "REVOKE SELECT ON django_content_type FROM reader");
	recheck(q, 2);
	assert_int_equal(batch.answers[0].verdict, AUTH_UNAVAILABLE);
	assert_int_equal(batch.answers[1].verdict, AUTH_UNAVAILABLE);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recheck),
		cmocka_unit_test(test_recheck_lost),
		cmocka_unit_test(test_recheck_unavailable),
	};

	if (!prepare())
		return (1);
	return (cmocka_run_group_tests(tests, setup, teardown));
}

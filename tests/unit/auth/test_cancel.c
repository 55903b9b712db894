/*
 * Checks that nobody wants any more, at every stage.
 */
#include "auth/fixture.h"

static void
test_cancel_at_once(void **state UNUSED)
{
	struct ask a, b;

	start("2", "2");
	ask_start(&site, &a, KEY, NULL, NULL);
	auth_check_cancel(a.check);
	ask_start(&site, &b, "bad key!", NULL, NULL);	/* finished already */
	auth_check_cancel(b.check);
	expect_silence_then_service(&a);
	assert_int_equal(b.calls, 0);
	stop();
}

/* In line behind another, and one of two that are joined. */
static void
test_cancel_waiting(void **state UNUSED)
{
	struct ask a, b, c, d;

	start("1", "1");
	hold_budget();
	ask_start(&site, &a, key(0), NULL, NULL);
	ask_start(&site, &b, key(1), NULL, NULL);
	ask_start(&site, &c, key(2), NULL, NULL);
	ask_start(&site, &d, key(2), "shelfx", "item");
	auth_check_cancel(b.check);
	auth_check_cancel(c.check);
	release_budget();
	ask_wait(&a);
	ask_wait(&d);
	assert_int_equal(a.verdict, AUTH_ALLOWED);
	assert_int_equal(d.verdict, AUTH_ALLOWED);
	assert_int_equal(b.calls + c.calls, 0);
	assert_int_equal(stats().lookups, 2);
	ask_free(&a);
	ask_free(&d);
	stop();
}

static void
test_cancel_at_budget(void **state UNUSED)
{
	struct ask a;

	start("1", "1");
	hold_budget();
	ask_start(&site, &a, KEY, NULL, NULL);
	TURN_UNTIL(stats().lookups == 1);	/* a thread has it */
	auth_check_cancel(a.check);
	release_budget();
	expect_silence_then_service(&a);
	stop();
}

static void
test_cancel_connecting(void **state UNUSED)
{
	struct ask a;
	char text[128];
	int fd = silent_server(text, sizeof(text));

	memset(&site, 0, sizeof(site));
	site_conf(&site.conf, text);
	set(&site.conf, "auth_timeout", "60");
	site_start(&site);
	ask_start(&site, &a, KEY, NULL, NULL);
	TURN_UNTIL(budget_in_use(site.shm) == 1);
	auth_check_cancel(a.check);
	TURN_UNTIL(budget_in_use(site.shm) == 0);	/* long before 60 s */
	assert_int_equal(a.calls, 0);
	site_stop(&site);
	close(fd);
}

static void
cancel_in_query(const char *table)
{
	char text[64];
	struct ask a;

	start("1", "1");
	snprintf(text, sizeof(text), "BEGIN; LOCK TABLE %s", table);
	sql(&cluster, text);
	ask_start(&site, &a, KEY, NULL, NULL);
	sql_await(&cluster, READER_WAITS, "1");
	auth_check_cancel(a.check);
	TURN_UNTIL(budget_in_use(site.shm) == 0);
	sql(&cluster, "ROLLBACK");
	expect_silence_then_service(&a);
	stop();
}

static void
test_cancel_in_query(void **state UNUSED)
{
	cancel_in_query("django_session");
	cancel_in_query("auth_user");
}

/* The verdict is there, but the loop has not turned since. */
static void
test_cancel_finished(void **state UNUSED)
{
	struct ask a;

	start("1", "1");
	ask_start(&site, &a, KEY, NULL, NULL);
	while (stats().user_queries == 0 || budget_in_use(site.shm) != 0)
		nap_ms(1);
	auth_check_cancel(a.check);
	expect_silence_then_service(&a);
	stop();
}

/* Callbacks cancel their neighbours, and ask again. */
static struct ask nested[3];

static void
on_cancels_others(const struct auth_result *r, void *arg)
{
	on_answer(r, arg);
	auth_check_cancel(nested[1].check);
	ask_start(&site, &nested[2], KEY, NULL, NULL);
}

static void
test_cancel_in_callback(void **state UNUSED)
{
	struct auth_query q = { slice_of(KEY), { NULL, 0 }, { NULL, 0 } };

	start("1", "1");
	hold_budget();
	memset(nested, 0, sizeof(nested));
	nested[0].site = &site;
	assert_non_null(auth_check_start(site.auth, &q, on_cancels_others,
	    &nested[0]));
	ask_start(&site, &nested[1], KEY, NULL, NULL);	/* joined */
	release_budget();
	ask_wait(&nested[0]);
	ask_wait(&nested[2]);
	assert_int_equal(nested[1].calls, 0);
	ask_free(&nested[0]);
	ask_free(&nested[2]);
	stop();
}

/* The pool goes while checks stand everywhere. */
static void
test_free_busy(void **state UNUSED)
{
	struct ask a[4];
	unsigned i;

	start("2", "2");
	sql(&cluster, "BEGIN; LOCK TABLE django_session");
	/* Two under way, two in line. All at once might be one batch of four,
	 * if the second thread is not there yet. */
	for (i = 0; i < 4; i++) {
		ask_start(&site, &a[i], key(i), NULL, NULL);
		if (i == 1)
			sql_await(&cluster, READER_WAITS, "2");
	}
	site_stop(&site);
	sql(&cluster, "ROLLBACK");
	for (i = 0; i < 4; i++)
		assert_int_equal(a[i].calls, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel_at_once),
		cmocka_unit_test(test_cancel_waiting),
		cmocka_unit_test(test_cancel_at_budget),
		cmocka_unit_test(test_cancel_connecting),
		cmocka_unit_test(test_cancel_in_query),
		cmocka_unit_test(test_cancel_finished),
		cmocka_unit_test(test_cancel_in_callback),
		cmocka_unit_test(test_free_busy),
	};

	if (!prepare())
		return (1);
	return (cmocka_run_group_tests(tests, setup, teardown));
}

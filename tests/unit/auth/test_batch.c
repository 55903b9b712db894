/*
 * Many checks at once, which are asked together.
 */
#include "auth/fixture.h"

#define CROWD		200	/* more than three batches */
#define CROWD_ID	1000	/* the first one's user */
#define HUGE_ID		"\"9999999999\""	/* 22003 */

enum kind {
	MAY_CHANGE, NO_PERMISSION, CHAT, EXPIRED, TAMPERED, INACTIVE, MAY_VIEW,
	UNKNOWN, BAD_ID, KINDS,
};

static const struct {
	enum auth_verdict verdict;
	const char	*model;
	bool		 may_change;
} kinds[KINDS] = {
	[MAY_CHANGE] = { AUTH_ALLOWED, "item", true },
	[NO_PERMISSION] = { AUTH_DENIED, "book", false },
	[CHAT] = { AUTH_ALLOWED, NULL, true },
	[EXPIRED] = { AUTH_DENIED, "item", false },
	[TAMPERED] = { AUTH_DENIED, "item", false },
	[INACTIVE] = { AUTH_DENIED, NULL, false },
	[MAY_VIEW] = { AUTH_ALLOWED, "item", false },
	[UNKNOWN] = { AUTH_DENIED, NULL, false },
	[BAD_ID] = { AUTH_DENIED, "item", false },
};

struct crowd {
	struct ask	 asks[CROWD];
	struct ask	 joined[CROWD];	/* of each tenth; another room */
	enum kind	 kinds[CROWD];
};

static const char *
crowd_key(unsigned i)
{
	static char text[SESSION_KEY_MAX];

	snprintf(text, sizeof(text), "crowd%03u", i);
	return (text);
}

/* A user and a session for each, as its kind wants it. */
static void
crowd_add(unsigned i, enum kind kind)
{
	char id[32], *data;

	snprintf(id, sizeof(id), "%u", CROWD_ID + i);
	sql_params(&cluster, "INSERT INTO auth_user VALUES ($1::int, '"
	    SITE_PASSWORD "', NULL, false, 'user' || $1, '', true, $2, '')", 2,
	    (const char *const[]){ id, kind == INACTIVE ? "f" : "t" });
	if (kind != NO_PERMISSION)
		sql_params(&cluster, "INSERT INTO auth_user_user_permissions "
		    "(user_id, permission_id) VALUES ($1, $2)", 2,
		    (const char *const[]){ id, kind == MAY_VIEW ? "2" : "1" });
	snprintf(id, sizeof(id), "\"%u\"", CROWD_ID + i);
	data = site_session(kind == BAD_ID ? HUGE_ID : id);
	if (kind == TAMPERED)
		data[10] = data[10] == 'a' ? 'b' : 'a';
	if (kind != UNKNOWN)
		sql_params(&cluster, "INSERT INTO django_session VALUES "
		    "($1, $2, now() + $3::interval)", 3, (const char *const[]){
		    crowd_key(i), data, kind == EXPIRED ? "-1 s" : "1 h" });
	free(data);
}

static void
crowd_remove(void)
{
	sql(&cluster, "DELETE FROM django_session WHERE session_key LIKE "
	    "'crowd%'; DELETE FROM auth_user WHERE id >= 1000; "
	    "DELETE FROM auth_user_user_permissions WHERE user_id >= 1000; "
	    "DELETE FROM auth_permission WHERE id = 2");
}

static void
crowd_make(struct crowd *crowd, int bad)
{
	unsigned i;

	crowd_remove();		/* what a failed test left */
	sql(&cluster, "INSERT INTO auth_permission VALUES (2, '', 1, "
	    "'view_item')");
	for (i = 0; i < CROWD; i++) {
		crowd->kinds[i] = (int)i == bad ? BAD_ID : i % BAD_ID;
		crowd_add(i, crowd->kinds[i]);
	}
}

static void
crowd_start(struct crowd *crowd, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		const char *model = kinds[crowd->kinds[i]].model;

		ask_start(&site, &crowd->asks[i], crowd_key(i),
		    model == NULL ? NULL : "shelfx", model);
		if (i % 10 == 0)
			ask_start(&site, &crowd->joined[i], crowd_key(i),
			    "shelfx", "book");
		if (i % 20 == 0)	/* and one that asks the same */
			ask_start(&site, &crowd->joined[i + 1], crowd_key(i),
			    model == NULL ? NULL : "shelfx", model);
	}
}

static void
expect_answer(struct ask *a, unsigned i, enum kind kind)
{
	char id[32];

	ask_wait(a);
	assert_int_equal(a->verdict, kinds[kind].verdict);
	assert_int_equal(a->may_change, kinds[kind].may_change);
	assert_int_equal(a->may_view, kinds[kind].verdict == AUTH_ALLOWED);
	if (a->user != NULL) {
		snprintf(id, sizeof(id), "%u", CROWD_ID + i);
		assert_string_equal(a->user->id, id);
		snprintf(id, sizeof(id), "user%u", CROWD_ID + i);
		assert_string_equal(a->user->username, id);
	}
	if (kind == INACTIVE)
		assert_string_equal(a->reason, "inactive");
	ask_free(a);
}

/* gone: who was cancelled, or -1. */
static void
crowd_expect(struct crowd *crowd, unsigned n, int gone)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		if ((int)i != gone)
			expect_answer(&crowd->asks[i], i, crowd->kinds[i]);
		if (i % 10 == 0) {
			ask_wait(&crowd->joined[i]);
			assert_int_equal(crowd->joined[i].verdict,
			    AUTH_DENIED);
		}
		if (i % 20 == 0)
			expect_answer(&crowd->joined[i + 1], i,
			    crowd->kinds[i]);
	}
	if (gone != -1)
		assert_int_equal(crowd->asks[gone].calls, 0);
}

static struct crowd crowd;

static void
test_batch(void **state UNUSED)
{
	start("1", "1");
	crowd_make(&crowd, -1);
	hold_budget();
	crowd_start(&crowd, CROWD);
	release_budget();
	crowd_expect(&crowd, CROWD, -1);
	assert_int_equal(stats().lookups, CROWD);
	assert_int_equal(stats().joined, CROWD / 10 + CROWD / 20);
	assert_int_equal(stats().opened, 1);
	assert_int_equal(stats().reused, CROWD - 1);
	assert_int_equal(stats().user_queries, 0);
	/* 64, 64, 64, 8. */
	assert_int_equal(stats().queries, 4 * 2);
	crowd_remove();
	stop();
}

/* An id that no integer column can hold spoils no more than its batch's
 * second query. */
static void
test_batch_bad_id(void **state UNUSED)
{
	start("1", "1");
	crowd_make(&crowd, 100);
	hold_budget();
	crowd_start(&crowd, CROWD);
	release_budget();
	crowd_expect(&crowd, CROWD, -1);
	assert_int_equal(stats().opened, 1);
	assert_true(stats().user_queries > 0);
	assert_true(stats().queries <= 4 * 2 + 64);
	crowd_remove();
	stop();
}

/* While the batch is asked, one of it goes, and one comes too late to join. */
static void
test_batch_cancel_one(void **state UNUSED)
{
	struct ask late;

	start("1", "1");
	crowd_make(&crowd, -1);
	hold_budget();
	crowd_start(&crowd, CROWD);
	sql(&cluster, "BEGIN; LOCK TABLE auth_user");
	release_budget();
	sql_await(&cluster, READER_WAITS, "1");
	auth_check_cancel(crowd.asks[24].check);
	ask_start(&site, &late, crowd_key(16), NULL, NULL);
	sql(&cluster, "DELETE FROM django_session WHERE session_key = "
	    "'crowd016'; COMMIT");
	crowd_expect(&crowd, CROWD, 24);
	ask_wait(&late);
	assert_int_equal(late.verdict, AUTH_DENIED);
	assert_int_equal(stats().opened, 1);
	assert_int_equal(stats().queries, 4 * 2);
	crowd_remove();
	stop();
}

/* Nobody of the batch is left: it is given up, and the line goes on. */
static void
test_batch_cancel_all(void **state UNUSED)
{
	struct ask a[MANY];
	unsigned i;

	start("1", "1");
	hold_budget();
	for (i = 0; i < MANY; i++)
		ask_start(&site, &a[i], key(i), NULL, NULL);
	sql(&cluster, "BEGIN; LOCK TABLE django_session");
	release_budget();
	sql_await(&cluster, READER_WAITS, "1");
	for (i = 0; i < MANY; i++)
		auth_check_cancel(a[i].check);
	TURN_UNTIL(budget_in_use(site.shm) == 0);
	sql(&cluster, "ROLLBACK");
	expect_silence_then_service(&a[0]);
	stop();
}

/* Whose time is over is answered; the others are asked again. */
static void
test_batch_deadline(void **state UNUSED)
{
	struct ask a[MANY];
	unsigned i;

	start("1", "1");
	hold_budget();
	for (i = 0; i < MANY; i++) {
		site.conf.auth_timeout_ms = i == 5 ? 500 : 60000;
		ask_start(&site, &a[i], key(i), NULL, NULL);
	}
	sql(&cluster, "BEGIN; LOCK TABLE auth_user");
	release_budget();
	sql_await(&cluster, READER_WAITS, "1");
	/* The second connection, which the others are asked on. */
	TURN_UNTIL(stats().opened == 2);
	sql(&cluster, "ROLLBACK");
	for (i = 0; i < MANY; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict,
		    i == 5 ? AUTH_UNAVAILABLE : AUTH_ALLOWED);
		ask_free(&a[i]);
	}
	assert_string_equal(a[5].reason, "timed out");
	stop();
}

/* A table that only some of them need is missing: alone, the others pass. */
static void
test_batch_fault(void **state UNUSED)
{
	struct ask a[MANY];
	unsigned i;

	start("1", "1");
	sql(&cluster, "REVOKE SELECT ON django_content_type FROM reader");
	hold_budget();
	for (i = 0; i < MANY; i++)
		ask_start(&site, &a[i], key(i), i % 2 == 0 ? NULL : "shelfx",
		    i % 2 == 0 ? NULL : "item");
	release_budget();
	for (i = 0; i < MANY; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict,
		    i % 2 == 0 ? AUTH_ALLOWED : AUTH_UNAVAILABLE);
		ask_free(&a[i]);
	}
	sql(&cluster, SITE_PG_GRANTS);
	stop();
}

/* The connection is lost when the sessions have been read: who has none is
 * told so. */
static void
test_batch_cut(void **state UNUSED)
{
	struct ask a[MANY];
	unsigned i;

	start("1", "1");
	hold_budget();
	for (i = 0; i < MANY; i++)
		ask_start(&site, &a[i], i % 3 == 0 ? crowd_key(i) : key(i),
		    NULL, NULL);
	sql(&cluster, "BEGIN; LOCK TABLE auth_user");
	release_budget();
	sql_await(&cluster, READER_WAITS, "1");
	sql(&cluster, KILL_READERS);
	for (i = 0; i < MANY; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict,
		    i % 3 == 0 ? AUTH_DENIED : AUTH_UNAVAILABLE);
	}
	sql(&cluster, "ROLLBACK");
	stop();
}

/* The same for one session: the room that was decided before is. */
static void
test_lookup_cut(void **state UNUSED)
{
	struct ask chat, edit, again;

	start("1", "1");
	hold_budget();
	ask_start(&site, &chat, KEY, NULL, NULL);
	ask_start(&site, &edit, KEY, "shelfx", "item");
	ask_start(&site, &again, KEY, NULL, NULL);
	sql(&cluster, "BEGIN; LOCK TABLE auth_permission");
	release_budget();
	sql_await(&cluster, READER_WAITS, "1");
	sql(&cluster, KILL_READERS);
	ask_wait(&chat);
	ask_wait(&edit);
	ask_wait(&again);
	assert_int_equal(stats().joined, 2);
	assert_int_equal(chat.verdict, AUTH_ALLOWED);
	assert_int_equal(edit.verdict, AUTH_UNAVAILABLE);
	assert_int_equal(again.verdict, AUTH_ALLOWED);
	ask_free(&chat);
	ask_free(&again);
	sql(&cluster, "ROLLBACK");
	stop();
}

static void
test_batch_cookies(void **state UNUSED)
{
	struct ask a[MANY];
	char id[16], *cookie;
	unsigned i;

	memset(&site, 0, sizeof(site));
	site_conf(&site.conf, url);
	set(&site.conf, "auth_threads", "1");
	set(&site.conf, "auth_timeout", "60");
	set(&site.conf, "session_engine", "signed_cookies");
	site_start(&site);
	crowd_make(&crowd, -1);
	hold_budget();
	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "\"%u\"", CROWD_ID + i);
		cookie = site_sign_session(id, "django.contrib.sessions."
		    "backends.signed_cookiessigner", i % 5 == 4 ? 1 :
		    clock_wall_us() / 1000000);
		ask_start(&site, &a[i], cookie, NULL, NULL);
		free(cookie);
	}
	release_budget();
	for (i = 0; i < MANY; i++) {
		enum kind kind = crowd.kinds[i] == INACTIVE ? INACTIVE : CHAT;

		expect_answer(&a[i], i, i % 5 == 4 ? EXPIRED : kind);
	}
	assert_int_equal(stats().queries, 1);
	crowd_remove();
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_batch_bad_id),
		cmocka_unit_test(test_batch_cancel_one),
		cmocka_unit_test(test_batch_cancel_all),
		cmocka_unit_test(test_batch_deadline),
		cmocka_unit_test(test_batch_fault),
		cmocka_unit_test(test_batch_cut),
		cmocka_unit_test(test_lookup_cut),
		cmocka_unit_test(test_batch_cookies),
	};

	if (!prepare())
		return (1);
	return (cmocka_run_group_tests(tests, setup, teardown));
}

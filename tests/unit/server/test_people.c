/*
 * Interned users, sessions and grants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/conf.h"
#include "server/people.h"

static struct conf conf;

static struct identity *
who(const char *id, const char *email)
{
	return (identity_new(&conf, slice_of(id), slice_of("login"),
	    (struct slice){ NULL, 0 }, slice_of(email), (struct slice){ NULL, 0 }, false));
}

static void
test_sharing(void **state)
{
	struct people *p = people_new();
	struct grant *a, *b, *c, *d;

	(void)state;
	a = people_get(p, SLICE_LIT("cookie1"), who("7", "old@x"), "shop",
	    "item", true, true);
	b = people_get(p, SLICE_LIT("cookie1"), who("7", "new@x"), "shop",
	    "item", true, true);
	assert_ptr_equal(a, b);
	/* The latest handshake knows best. */
	assert_string_equal(a->session->user->identity->email, "new@x");
	c = people_get(p, SLICE_LIT("cookie1"), who("7", "new@x"), "", "",
	    true, true);
	assert_ptr_not_equal(a, c);
	assert_ptr_equal(a->session, c->session);
	d = people_get(p, SLICE_LIT("cookie2"), who("7", "new@x"), "shop",
	    "item", false, false);
	assert_ptr_not_equal(a->session, d->session);
	assert_ptr_equal(a->session->user, d->session->user);
	assert_true(a->right.may_change);
	assert_false(d->right.may_change);
	assert_true(a->right.may_take_over);
	assert_false(d->right.may_take_over);
	assert_int_equal(people_sockets_of(p, "7"), 4);
	assert_int_equal(people_sockets_of(p, "8"), 0);
	assert_string_equal(people_identity(p, "7")->email, "new@x");
	assert_null(people_identity(p, "8"));
	assert_int_equal(people_users(p), 1);
	people_put(p, a);
	people_put(p, b);
	people_put(p, c);
	assert_int_equal(people_sockets_of(p, "7"), 1);
	people_put(p, d);
	assert_int_equal(people_users(p), 0);
	people_free(p);
}

/* Whose session it is, as long as no check has failed or said no. */
static void
test_of_session(void **state)
{
	const struct auth_recheck denied = { .verdict = AUTH_DENIED };
	const struct auth_recheck unknown = { .verdict = AUTH_UNAVAILABLE };
	const struct auth_recheck allowed = { .verdict = AUTH_ALLOWED };
	struct people *p = people_new();
	struct grant *a, *b, *c;

	(void)state;
	assert_null(people_of_session(p, SLICE_LIT("cookie1")));
	a = people_get(p, SLICE_LIT("cookie1"), who("7", "a@x"), "shop",
	    "item", true, true);
	b = people_get(p, SLICE_LIT("cookie2"), who("8", "b@x"), "shop",
	    "item", true, true);
	assert_string_equal(people_of_session(p, SLICE_LIT("cookie1"))->id,
	    "7");
	assert_string_equal(people_of_session(p, SLICE_LIT("cookie2"))->id,
	    "8");
	assert_null(people_of_session(p, SLICE_LIT("cookie")));
	assert_null(people_of_session(p, SLICE_LIT("cookie10")));
	assert_null(people_of_session(p, SLICE_LIT("cookie3")));
	(void)people_note(a, &unknown, 1);
	assert_null(people_of_session(p, SLICE_LIT("cookie1")));
	(void)people_note(a, &allowed, 2);
	assert_non_null(people_of_session(p, SLICE_LIT("cookie1")));
	(void)people_note(a, &denied, 3);
	assert_null(people_of_session(p, SLICE_LIT("cookie1")));
	/* Another model, of which nothing was said. */
	c = people_get(p, SLICE_LIT("cookie1"), who("7", "a@x"), "", "", true,
	    true);
	assert_non_null(people_of_session(p, SLICE_LIT("cookie1")));
	people_put(p, c);
	people_put(p, a);
	people_put(p, b);
	assert_null(people_of_session(p, SLICE_LIT("cookie1")));
	people_free(p);
}

/* Who was denied does not lend its grant to who comes next. */
static void
test_denied_grant_is_not_shared(void **state)
{
	struct people *p = people_new();
	struct grant *a, *b;

	(void)state;
	a = people_get(p, SLICE_LIT("c"), who("7", "x"), "shop", "item", true, true);
	a->right.is_denied = true;
	b = people_get(p, SLICE_LIT("c"), who("7", "x"), "shop", "item", true, true);
	assert_ptr_not_equal(a, b);
	people_put(p, a);
	people_put(p, b);
	people_free(p);
}

static void
test_two_users_on_one_cookie(void **state)
{
	struct people *p = people_new();
	struct grant *a, *b, **all;
	size_t i, n;

	(void)state;
	a = people_get(p, SLICE_LIT("c"), who("1", "x"), "", "", true, true);
	b = people_get(p, SLICE_LIT("c"), who("2", "x"), "", "", true, true);
	assert_ptr_not_equal(a->session, b->session);
	all = people_hold_all(p, &n);
	assert_int_equal(n, 2);
	/* Held ones survive the sockets. */
	people_put(p, a);
	people_put(p, b);
	for (i = 0; i < n; i++) {
		assert_int_equal(people_sockets_of(p,
		    all[i]->session->user->identity->id), 0);
		people_unhold(p, all[i]);
	}
	free(all);
	people_free(p);
}

static const struct auth_recheck allowed = { AUTH_ALLOWED, true, true };
static const struct auth_recheck may_view = { AUTH_ALLOWED, false, false };
static const struct auth_recheck denied = { AUTH_DENIED, false, false };
static const struct auth_recheck unknown = { AUTH_UNAVAILABLE, false, false };

static void
test_note(void **state)
{
	struct people *p = people_new();
	struct grant *g;
	int64_t at;

	(void)state;
	g = people_get(p, SLICE_LIT("c"), who("7", "x"), "shop", "item", true,
	    true);
	at = g->verified_ms;
	assert_true(at != 0);
	assert_false(people_note(g, &unknown, at + 10));
	assert_true(g->is_overdue);
	assert_true(g->right.may_change);
	assert_int_equal(g->verified_ms, at);
	assert_false(people_note(g, &allowed, at + 20));
	assert_false(g->is_overdue);
	assert_int_equal(g->verified_ms, at + 20);
	/* Asked before somebody came in with it. */
	assert_false(people_note(g, &allowed, at + 10));
	assert_int_equal(g->verified_ms, at + 20);
	assert_true(people_note(g, &may_view, at + 30));
	assert_false(g->right.may_change);
	assert_false(g->right.may_take_over);
	assert_false(people_note(g, &may_view, at + 40));
	assert_true(people_note(g, &denied, at + 50));
	assert_true(g->right.is_denied);
	assert_false(people_note(g, &denied, at + 50));
	people_put(p, g);
	people_free(p);
}

/* Only what was due and could not be decided ends, and only when its time is
 * over; a check that allows it makes it as good as new. */
static void
test_expire(void **state)
{
	struct people *p = people_new();
	struct grant *a, *b, *fine, *gone, *again;
	int64_t oldest;

	(void)state;
	a = people_get(p, SLICE_LIT("a"), who("1", "x"), "shop", "item", true,
	    true);
	b = people_get(p, SLICE_LIT("b"), who("2", "x"), "", "", true, false);
	fine = people_get(p, SLICE_LIT("c"), who("3", "x"), "", "", true,
	    false);
	gone = people_get(p, SLICE_LIT("d"), who("4", "x"), "", "", true,
	    false);
	a->verified_ms = 100;
	b->verified_ms = 200;
	fine->verified_ms = gone->verified_ms = 50;
	(void)people_note(a, &unknown, 1000);
	(void)people_note(b, &unknown, 1000);
	(void)people_note(gone, &unknown, 1000);
	(void)people_note(gone, &denied, 1000);
	assert_int_equal(people_expire(p, 99, &oldest), 0);
	assert_int_equal(oldest, 100);
	assert_int_equal(people_expire(p, 100, &oldest), 1);
	assert_int_equal(oldest, 200);
	assert_true(a->right.is_unverified);
	assert_false(a->right.may_change);
	assert_false(a->right.may_take_over);
	/* It ends once. */
	assert_int_equal(people_expire(p, 150, &oldest), 0);
	assert_int_equal(people_expire(p, 200, &oldest), 1);
	assert_int_equal(oldest, INT64_MAX);
	assert_true(b->right.is_unverified);
	assert_false(fine->right.is_unverified);
	assert_true(fine->right.may_change);
	assert_false(gone->right.is_unverified);
	/* The database is back. */
	assert_false(people_note(a, &allowed, 1100));
	assert_false(a->right.is_unverified);
	assert_true(a->right.may_change);
	/* Or the user is. */
	again = people_get(p, SLICE_LIT("b"), who("2", "x"), "", "", true,
	    false);
	assert_ptr_equal(again, b);
	assert_false(b->right.is_unverified);
	assert_false(b->is_overdue);
	assert_true(b->verified_ms > 200);
	assert_int_equal(people_expire(p, 1099, &oldest), 0);
	assert_int_equal(oldest, INT64_MAX);
	people_put(p, a);
	people_put(p, b);
	people_put(p, again);
	people_put(p, fine);
	people_put(p, gone);
	people_free(p);
}

/* How many messages of n bytes a user may send at this time. */
static unsigned
messages(struct user *u, int64_t now_ms, size_t n, bool is_chat)
{
	unsigned sent = 0;

	while (sent < 100000 && user_may_send(u, &conf, now_ms, n, is_chat))
		sent++;
	return (sent);
}

static void
test_messages_of_a_user(void **state)
{
	struct people *p = people_new();
	struct grant *a, *b;
	struct user *u;
	int64_t now = 3600000, end;
	int i;

	(void)state;
	a = people_get(p, SLICE_LIT("c1"), who("1", "x"), "", "", true, true);
	b = people_get(p, SLICE_LIT("c2"), who("2", "x"), "", "", true, true);
	u = a->session->user;
	/* A hundred tabs come back at once, each with four messages. */
	for (i = 0; i < 400; i++)
		assert_true(user_may_send(u, &conf, now, 200, false));
	/* Twenty tabs with a heartbeat every 15 s and a state every second. */
	for (end = now + 600000; now < end; now += 1000) {
		for (i = 0; i < 20 + 20 / 15 + 1; i++)
			assert_true(user_may_send(u, &conf, now, 100, false));
	}
	now += 3600000;
	/* Chat counts by its bytes, and leaves a part to the rest. */
	assert_int_equal(messages(u, now, 4096, true), 375 / 5);
	assert_int_equal(messages(u, now, 100, true), 0);
	assert_int_equal(messages(u, now, 100, false), 125);
	assert_int_equal(messages(u, now + 1000, 100, true), 0);
	assert_int_equal(messages(u, now + 1000, 100, false), 100);
	/* Others have their own. */
	assert_int_equal(messages(b->session->user, now, 1023, true), 375);
	conf.user_message_rate = 0;
	assert_int_equal(messages(u, now, 100, true), 100000);
	conf.user_message_rate = 100;
	people_put(p, a);
	people_put(p, b);
	people_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_of_session),
		cmocka_unit_test(test_denied_grant_is_not_shared),
		cmocka_unit_test(test_two_users_on_one_cookie),
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_expire),
		cmocka_unit_test(test_messages_of_a_user),
	};
	int rc;

	conf_init(&conf);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	conf_fini(&conf);
	return (rc);
}

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
	assert_true(a->may_change);
	assert_false(d->may_change);
	assert_true(a->may_take_over);
	assert_false(d->may_take_over);
	assert_int_equal(people_sockets_of(p, "7"), 4);
	assert_int_equal(people_sockets_of(p, "8"), 0);
	assert_int_equal(people_users(p), 1);
	people_put(p, a);
	people_put(p, b);
	people_put(p, c);
	assert_int_equal(people_sockets_of(p, "7"), 1);
	people_put(p, d);
	assert_int_equal(people_users(p), 0);
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
	a->is_denied = true;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_denied_grant_is_not_shared),
		cmocka_unit_test(test_two_users_on_one_cookie),
	};
	int rc;

	conf_init(&conf);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	conf_fini(&conf);
	return (rc);
}

/*
 * Sessions of the last seconds: found, forgotten, and bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/recent.h"

static const struct recent_user ann = { "7", "Ann" }, bob = { "8", "Bob" };

static void
test_found_while_recent(void **state UNUSED)
{
	struct recent *r = recent_new();
	const struct recent_user *user;

	assert_null(recent_find(r, SLICE_LIT("one"), 1000));
	recent_add(r, SLICE_LIT("one"), &ann, 1000);
	user = recent_find(r, SLICE_LIT("one"), 1000 + RECENT_MS - 1);
	assert_non_null(user);
	assert_string_equal(user->id, "7");
	assert_string_equal(user->name, "Ann");
	assert_null(recent_find(r, SLICE_LIT("on"), 1000));
	assert_null(recent_find(r, SLICE_LIT("one "), 1000));
	assert_null(recent_find(r, SLICE_LIT("one"), 1000 + RECENT_MS));
	recent_free(r);
	recent_free(NULL);
}

/* The newest word counts, also from the user itself that was found. */
static void
test_replaced(void **state UNUSED)
{
	struct recent *r = recent_new();
	const struct recent_user *user;

	recent_add(r, SLICE_LIT("one"), &ann, 1000);
	recent_add(r, SLICE_LIT("one"), &bob, 2000);
	assert_string_equal(recent_find(r, SLICE_LIT("one"), 2000)->id, "8");
	user = recent_find(r, SLICE_LIT("one"), 2000);
	recent_add(r, SLICE_LIT("one"), user, 9000);
	assert_string_equal(recent_find(r, SLICE_LIT("one"),
	    9000 + RECENT_MS - 1)->name, "Bob");
	recent_free(r);
}

/* However many come, there are never more than there are places; and the one
 * that came last is there. */
static void
test_bounded(void **state UNUSED)
{
	struct recent *r = recent_new();
	char cookie[32];
	int i, n = 0;

	for (i = 0; i < 4 * RECENT_PLACES; i++) {
		(void)snprintf(cookie, sizeof(cookie), "session%d", i);
		recent_add(r, slice_of(cookie), &ann, i);
		assert_non_null(recent_find(r, slice_of(cookie), i));
	}
	for (i = 0; i < 4 * RECENT_PLACES; i++) {
		(void)snprintf(cookie, sizeof(cookie), "session%d", i);
		n += recent_find(r, slice_of(cookie),
		    4 * RECENT_PLACES) != NULL;
	}
	assert_true(n > 0 && n <= RECENT_PLACES);
	recent_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_while_recent),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_bounded),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

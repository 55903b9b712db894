/*
 * Buckets: what comes at once, what comes in time, and what is too large.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compat.h"
#include "server/bucket.h"

#define HOUR	INT64_C(3600000)
#define RATE	100
#define BURST	500

/* How many of n pieces are let through. */
static unsigned
take(struct bucket *b, int64_t now_ms, unsigned n, uint64_t cost)
{
	unsigned taken = 0;

	while (n-- > 0)
		taken += bucket_take(b, now_ms, RATE, BURST, cost);
	return (taken);
}

static void
test_burst_then_rate(void **state UNUSED)
{
	struct bucket b = { 0, 0 };
	int64_t now = HOUR;

	assert_int_equal(take(&b, now, 2 * BURST, 1), BURST);
	assert_int_equal(take(&b, now + 9, 1, 1), 0);
	assert_int_equal(take(&b, now + 10, 2, 1), 1);
	now += 10;
	assert_int_equal(take(&b, now + 1000, BURST, 1), RATE);
	now += 1000;
	/* Never more at once, however long it was quiet. */
	assert_int_equal(take(&b, now + 365 * 24 * HOUR, 2 * BURST, 1),
	    BURST);
}

/* In a machine that has just started. */
static void
test_new_one_is_empty(void **state UNUSED)
{
	struct bucket b = { 0, 0 };

	assert_int_equal(take(&b, 1, 2 * BURST, 1), BURST);
}

static void
test_what_is_refused_costs_nothing(void **state UNUSED)
{
	struct bucket b = { 0, 0 };

	assert_int_equal(take(&b, HOUR, 1, BURST - 1), 1);
	assert_int_equal(take(&b, HOUR, 1000, 2), 0);
	assert_int_equal(take(&b, HOUR, 1000, 1), 1);
}

static void
test_large(void **state UNUSED)
{
	static const uint64_t costs[] = {
		BURST + 1, UINT32_MAX / 1000 + 1, UINT32_MAX,
		(uint64_t)UINT32_MAX + 1, UINT64_MAX / 1000, UINT64_MAX
	};
	struct bucket b = { 0, 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(costs); i++)
		assert_int_equal(take(&b, HOUR, 1, costs[i]), 0);
	assert_int_equal(take(&b, HOUR, 1, BURST), 1);
	assert_true(bucket_take(&b, 2 * HOUR, 1000000, 1000000, 1000000));
	assert_false(bucket_take(&b, 2 * HOUR, 1000000, 1000000, 1));
	/* The limit is lower for some. */
	assert_false(bucket_take(&b, 2 * HOUR, 1, 10, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_then_rate),
		cmocka_unit_test(test_new_one_is_empty),
		cmocka_unit_test(test_what_is_refused_costs_nothing),
		cmocka_unit_test(test_large),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

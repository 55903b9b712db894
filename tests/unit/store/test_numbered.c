/*
 * Numbers of Redis, and texts behind one: what is written is read back, and what
 * another program left there is absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compat.h"
#include "store/numbered.h"

static const struct row {
	int64_t		 number;
	const char	*text;
	const char	*value;
} rows[] = {
	{ 12, "{\"id\":12}", "12 {\"id\":12}" },
	{ 0, "a b", "0 a b" },
	{ 1, "", "1 " },
	{ INT64_MAX, "x", "9223372036854775807 x" },
};

static void
test_there_and_back(void **state UNUSED)
{
	struct buf b = { 0 };
	struct slice text;
	int64_t number;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&b);
		numbered_add(&b, rows[i].number, slice_of(rows[i].text));
		assert_string_equal(buf_str(&b), rows[i].value);
		assert_true(numbered_parse((struct slice){ b.p, b.n },
		    &number, &text));
		assert_int_equal(number, rows[i].number);
		assert_true(slice_is(text, rows[i].text));
	}
	buf_fini(&b);
}

static void
test_nothing_of_ours(void **state UNUSED)
{
	static const char *const bad[] = {
		NULL, "", " ", "7", "{}", " {}", "07 {}", "-7 {}", "+7 {}",
		"7a {}", "{ }", "9223372036854775808 {}",
		"92233720368547758070 {}",
	};
	struct slice text;
	int64_t number;
	size_t i;

	for (i = 0; i < COUNT_OF(bad); i++) {
		assert_false(numbered_parse(slice_of(bad[i]), &number, &text));
		assert_null(text.p);
	}
}

static void
test_counts(void **state UNUSED)
{
	static const char *const bad[] = {
		NULL, "", "1000000000000000", "1e3", "01", "00", "-1", "+1",
		" 1", "1 ", "a",
	};
	uint64_t v;
	size_t i;

	assert_true(numbered_parse_count(slice_of("0"), &v));
	assert_int_equal(v, 0);
	assert_true(numbered_parse_count(slice_of("999999999999999"), &v));
	assert_int_equal(v, 999999999999999);
	for (i = 0; i < COUNT_OF(bad); i++) {
		v = 1;
		assert_false(numbered_parse_count(slice_of(bad[i]), &v));
		assert_int_equal(v, 0);
	}
}

static void
test_epochs(void **state UNUSED)
{
	static const char *const bad[] = {
		NULL, "", "0000000000000000", "fedcba987654321",
		"0fedcba9876543210", "FEDCBA9876543210", "fedcba987654321g",
		"fedcba98765432 0",
	};
	uint64_t v;
	size_t i;

	assert_true(numbered_parse_epoch(slice_of("fedcba9876543210"), &v));
	assert_true(v == UINT64_C(0xfedcba9876543210));
	assert_true(numbered_parse_epoch(slice_of("0000000000000001"), &v));
	assert_true(v == 1);
	for (i = 0; i < COUNT_OF(bad); i++) {
		v = 1;
		assert_false(numbered_parse_epoch(slice_of(bad[i]), &v));
		assert_true(v == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_nothing_of_ours),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_epochs),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

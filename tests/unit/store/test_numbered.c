/*
 * Texts behind a number: what is written is read back, and what another
 * program left there is absent.
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_nothing_of_ours),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

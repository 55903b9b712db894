/*
 * The growable buffer, over the edges of its first and later sizes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void
test_grows(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < 5000; i++)
		buf_add_char(&b, (char)('a' + i % 26));
	assert_int_equal(b.n, 5000);
	assert_true(b.cap >= b.n);
	for (i = 0; i < 5000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	buf_fini(&b);
	assert_null(b.p);
	assert_int_equal(b.cap, 0);
}

static void
test_text(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };
	char *s;

	assert_string_equal(buf_str(&b), "");
	buf_add(&b, NULL, 0);
	assert_int_equal(b.n, 0);
	buf_add_str(&b, "one");
	buf_addf(&b, " %s %d", "two", 3);
	buf_add(&b, "\0x", 2);
	assert_int_equal(b.n, 11);
	assert_memory_equal(buf_str(&b), "one two 3\0x\0", 12);
	assert_int_equal(b.n, 11);
	s = buf_steal(&b);
	assert_memory_equal(s, "one two 3\0x\0", 12);
	assert_null(b.p);
	assert_int_equal(b.n, 0);
	free(s);
}

/* A formatted text as long as the free room, and around it. */
static void
test_format_fits(void **state UNUSED)
{
	int n;

	for (n = 60; n < 70; n++) {
		struct buf b = { NULL, 0, 0 };

		buf_addf(&b, "%0*d", n, 7);
		assert_int_equal(b.n, n);
		assert_int_equal(b.p[n - 1], '7');
		buf_fini(&b);
	}
}

/* As printf(3) writes them. */
static void
test_int(void **state UNUSED)
{
	static const int64_t numbers[] = { 0, 1, 9, 10, -1, -10, 1234567890,
	    INT64_MAX, INT64_MIN, INT64_MIN + 1 };
	struct buf b = { NULL, 0, 0 };
	char text[32];
	size_t i;

	for (i = 0; i < COUNT_OF(numbers); i++) {
		buf_reset(&b);
		buf_add_int(&b, numbers[i]);
		snprintf(text, sizeof(text), "%" PRId64, numbers[i]);
		assert_string_equal(buf_str(&b), text);
	}
	buf_fini(&b);
}

static void
test_drain(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };

	buf_add_str(&b, "abcdef");
	buf_drain(&b, 0);
	assert_string_equal(buf_str(&b), "abcdef");
	buf_drain(&b, 4);
	assert_string_equal(buf_str(&b), "ef");
	buf_drain(&b, 2);
	assert_int_equal(b.n, 0);
	buf_add_str(&b, "x");
	buf_reset(&b);
	assert_int_equal(b.n, 0);
	assert_non_null(b.p);
	buf_fini(&b);
}

static void
test_reserve(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };
	char *p;

	buf_add_str(&b, "ab");
	p = buf_reserve(&b, 1000);
	assert_ptr_equal(p, b.p + 2);
	assert_true(b.cap >= 1002);
	assert_int_equal(b.n, 2);
	memset(p, 'c', 1000);
	b.n += 1000;
	assert_int_equal(buf_str(&b)[1001], 'c');
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_format_fits),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_reserve),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

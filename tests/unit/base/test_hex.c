/*
 * Every byte as a digit, and bytes as digits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compat.h"
#include "base/hex.h"

static void
test_digits(void **state UNUSED)
{
	static const char lower[] = "0123456789abcdef";
	static const char upper[] = "0123456789ABCDEF";
	int c;

	for (c = 0; c < 256; c++) {
		const char *l = memchr(lower, c, LITLEN(lower));
		const char *u = memchr(upper, c, LITLEN(upper));
		int vl = l == NULL ? -1 : (int)(l - lower);
		int vu = u == NULL ? -1 : (int)(u - upper);

		assert_int_equal(hex_digit_lower((char)c), vl);
		assert_int_equal(hex_digit_upper((char)c), vu);
		assert_int_equal(hex_digit((char)c), vl != -1 ? vl : vu);
	}
}

static void
test_encode(void **state UNUSED)
{
	char out[13] = "............";

	assert_int_equal(hex_encode("\x00\x7f\xff\xa0 ", 5, out), 10);
	assert_string_equal(out, "007fffa020");
	assert_int_equal(hex_encode(NULL, 0, out), 0);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_encode),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

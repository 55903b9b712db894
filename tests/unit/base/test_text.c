/*
 * The two ways to compare texts that may be absent: they differ when both are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compat.h"
#include "base/text.h"

static const struct row {
	const char	*a, *b;
	bool		 same, same_or_none;
} rows[] = {
	{ "x", "x", true, true },
	{ "", "", true, true },
	{ "x", "y", false, false },
	{ "x", NULL, false, false },
	{ NULL, "", false, false },
	{ NULL, NULL, false, true },
};

static void
test_table(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		char copy[2] = "";

		/* equal, not identical */
		if (rows[i].b != NULL)
			copy[0] = rows[i].b[0];
		assert_int_equal(text_same(rows[i].a,
		    rows[i].b == NULL ? NULL : copy), rows[i].same);
		assert_int_equal(text_same_or_none(rows[i].a,
		    rows[i].b == NULL ? NULL : copy), rows[i].same_or_none);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

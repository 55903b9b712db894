/*
 * Pieces of SQL text: names are quoted, lists survive every character. No
 * database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compat.h"
#include "db/sql.h"

static void
test_names(void **state UNUSED)
{
	static const struct { const char *name, *quoted; } cases[] = {
		{ "auth_user", "\"auth_user\"" },
		{ "", "\"\"" },
		{ "a\"b", "\"a\"\"b\"" },
		{ "\"", "\"\"\"\"" },
		{ "x\"; DROP TABLE y; --", "\"x\"\"; DROP TABLE y; --\"" },
		{ "order", "\"order\"" },
		{ "a.b", "\"a.b\"" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		buf_reset(&b);
		sql_add_name(&b, cases[i].name);
		assert_string_equal(buf_str(&b), cases[i].quoted);
	}
	buf_fini(&b);
}

static void
test_lists(void **state UNUSED)
{
	static const char *const items[] = {
		"", "a", "a\"b", "a\\b", "{,}", "NULL", "\xc3\xa9",
	};
	struct buf b = { 0 };
	size_t i;

	sql_list_start(&b, DB_POSTGRES);
	for (i = 0; i < COUNT_OF(items); i++)
		sql_list_add(&b, DB_POSTGRES, slice_of(items[i]));
	sql_list_end(&b, DB_POSTGRES);
	assert_string_equal(buf_str(&b), "{\"\",\"a\",\"a\\\"b\",\"a\\\\b\","
	    "\"{,}\",\"NULL\",\"\xc3\xa9\"}");
	buf_reset(&b);
	sql_list_start(&b, DB_SQLITE);
	for (i = 0; i < 4; i++)
		sql_list_add(&b, DB_SQLITE, slice_of(items[i]));
	sql_list_end(&b, DB_SQLITE);
	assert_string_equal(buf_str(&b), "[\"\",\"a\",\"a\\\"b\",\"a\\\\b\"]");
	buf_reset(&b);
	sql_list_start(&b, DB_POSTGRES);
	sql_list_end(&b, DB_POSTGRES);
	assert_string_equal(buf_str(&b), "{}");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lists),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

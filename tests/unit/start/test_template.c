/*
 * The template: its parts, its values, and what the real one becomes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "start/template.h"

static const struct template_var vars[] = {
	{ "yes", "on" }, { "no", NULL }, { "name", "value" },
};

static const struct row {
	const char	*text;
	const char	*out;		/* NULL: refused */
} rows[] = {
	{ "", "" },
	{ "a\n", "a\n" },
	{ "a", "a\n" },
	{ "x @name@ y@name@\n", "x value yvalue\n" },
	{ "@no@;\n", ";\n" },
	{ "a@b.c and @down;\n", "a@b.c and @down;\n" },
	{ "@@name@\n", "@value\n" },
	{ "@name", "@name\n" },
	{ "%if yes\na\n%else\nb\n%end\nc\n", "a\nc\n" },
	{ "%if no\na\n%else\nb\n%end\nc\n", "b\nc\n" },
	{ "%if no\n%if yes\na\n%else\nb\n%end\n%end\nc\n", "c\n" },
	{ "%if yes\n%if no\na\n%else\nb\n%end\n%end\nc\n", "b\nc\n" },
	{ "%if no\n@nobody@\n%end\n", "" },
	{ "@nobody@\n", NULL },
	{ "%if nobody\n%end\n", NULL },
	{ "%if yes\na\n", NULL },
	{ "%end\n", NULL },
	{ "%else\n", NULL },
	{ "%piece map\n", NULL },
};

static void
test_rows(void **state)
{
	struct buf out = { NULL, 0, 0 }, err = { NULL, 0, 0 };
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&out);
		buf_reset(&err);
		ok = template_expand(rows[i].text, vars, COUNT_OF(vars), &out,
		    &err);
		if (ok != (rows[i].out != NULL))
			fail_msg("row %zu: %s", i, buf_str(&err));
		assert_true(ok == (err.n == 0));
		if (ok)
			assert_string_equal(buf_str(&out), rows[i].out);
	}
	buf_fini(&out);
	buf_fini(&err);
}

/* Each part of the real one, on and off: all names are known, and what the
 * example of a site's nginx says is in it, in the template's own words. */
static void
test_nginx(void **state)
{
	struct template_var real[] = {
		{ "folder", "/f" }, { "site", "unix:/f/site.sock" },
		{ "listen", "127.0.0.1:8000" }, { "connections", "512" },
		{ "files", "576" }, { "timeout", "120" },
		{ "access_log", NULL }, { "user", NULL }, { "group", "" },
		{ "trust", NULL }, { "collabd", NULL }, { "inject", NULL },
		{ "guard", NULL }, { "prefix", "rooms" }, { "admin", "admin" },
		{ "own_admin", NULL },
	};
	struct buf out = { NULL, 0, 0 }, err = { NULL, 0, 0 };
	unsigned bits;

	(void)state;
	for (bits = 0; bits < 32; bits++) {
		real[7].value = (bits & 1) != 0 ? "www-data" : NULL;
		real[9].value = (bits & 2) != 0 ? "on" : NULL;
		real[10].value = (bits & 4) != 0 ? "on" : NULL;
		real[11].value = (bits & 8) != 0 ? "on" : NULL;
		real[12].value = (bits & 16) != 0 ? "on" : NULL;
		real[15].value = (bits & 24) != 0 ? "on" : NULL;
		buf_reset(&out);
		if (!template_expand(template_nginx, real, COUNT_OF(real), &out,
		    &err))
			fail_msg("%s", buf_str(&err));
		assert_true((strstr(buf_str(&out), "location /rooms/ {") !=
		    NULL) == ((bits & 4) != 0));
		assert_true((strstr(buf_str(&out), "sub_filter") != NULL) ==
		    ((bits & 8) != 0));
		assert_null(strstr(buf_str(&out), "127.0.0.1:80" "80"));
		assert_null(strstr(buf_str(&out), "admin/collaboration"));
		assert_null(strstr(buf_str(&out), "$proxy_add"));
		assert_non_null(strstr(buf_str(&out),
		    "map $http_upgrade $collabd_connection {"));
	}
	assert_non_null(strstr(buf_str(&out), "location = /rooms/metrics {"));
	assert_non_null(strstr(buf_str(&out), "proxy_pass http://collabd;"));
	assert_non_null(strstr(template_django, "def _collabd_conf():"));
	buf_fini(&out);
	buf_fini(&err);
}

static void
test_plain(void **state)
{
	static const char *const bad[] = { "a b", "a;b", "a{", "}", "$x", "\"",
	    "'", "\\", "a\nb", "#", "\xc3\xa9", "@", "%" };
	size_t i;

	(void)state;
	assert_true(template_is_plain(""));
	assert_true(template_is_plain("/tmp/start-collabd-Ab3/x.sock"));
	assert_true(template_is_plain("admin/collaboration_2~"));
	for (i = 0; i < COUNT_OF(bad); i++)
		assert_false(template_is_plain(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nginx),
		cmocka_unit_test(test_plain),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * Which addresses can be listened on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "process/listen.h"

static void
test_check(void **state UNUSED)
{
	static const struct { const char *text; bool ok; } rows[] = {
		{ "127.0.0.1:80", true }, { "0.0.0.0:0", true },
		{ "localhost:8000", true }, { "[::1]:80", true },
		{ "[::]:65535", true }, { "unix:/run/x", true },
		{ "127.0.0.1", false }, { "127.0.0.1:", false },
		{ ":80", false }, { "[]:80", false }, { "[::1]", false },
		{ "::1:80", false }, { "[::1:80", false },
		{ "[::1]x:80", false }, { "host.example:80", false },
		{ "127.0.0.1:http", false }, { "127.0.0.1:-1", false },
		{ "unix:x", false },
		/* The C library would take 4464 for it. */
		{ "127.0.0.1:70000", false }, { "127.0.0.1:65536", false },
	};
	struct buf err = { 0 };
	struct conf conf;
	size_t i;

	memset(&conf, 0, sizeof(conf));
	conf_init(&conf);
	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&err);
		assert_true(conf_set(&conf, "listen", rows[i].text, &err));
		if (listen_check(&conf, &err) != rows[i].ok)
			fail_msg("%s: %s", rows[i].text, buf_str(&err));
		assert_int_equal(err.n == 0, rows[i].ok);
	}
	buf_fini(&err);
	conf_fini(&conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

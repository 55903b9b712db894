/*
 * URLs: the split, the escapes, what is refused, and that no complaint holds a
 * piece of the text.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/url.h"

static const struct {
	const char	*text;
	const char	*scheme, *user, *password, *host;
	int		 port;
	const char	*path;
} good[] = {
	{ "a://", "a", NULL, NULL, NULL, -1, "" },
	{ "a:///", "a", NULL, NULL, NULL, -1, "/" },
	{ "A+b.c-1://h", "A+b.c-1", NULL, NULL, "h", -1, "" },
	{ "a://h:1/p", "a", NULL, NULL, "h", 1, "/p" },
	{ "a://h:0", "a", NULL, NULL, "h", 0, "" },
	{ "a://h:65535", "a", NULL, NULL, "h", 65535, "" },
	{ "a://h:", "a", NULL, NULL, "h", -1, "" },
	{ "a://:5", "a", NULL, NULL, NULL, 5, "" },
	{ "a://u@h", "a", "u", NULL, "h", -1, "" },
	{ "a://u:@h", "a", "u", NULL, "h", -1, "" },
	{ "a://:p@h", "a", NULL, "p", "h", -1, "" },
	{ "a://@h", "a", NULL, NULL, "h", -1, "" },
	{ "a://u:p:q@h", "a", "u", "p:q", "h", -1, "" },
	{ "a://u:p@q@h", "a", "u", "p@q", "h", -1, "" },
	{ "a://u@:p@h", "a", "u@", "p", "h", -1, "" },
	{ "a://u:p+%2b%25%2F@h", "a", "u", "p++%/", "h", -1, "" },
	{ "a://u:[p]@h", "a", "u", "[p]", "h", -1, "" },
	{ "a://HO%53T", "a", NULL, NULL, "host", -1, "" },
	{ "a://[::1]:5/", "a", NULL, NULL, "::1", 5, "/" },
	{ "a://[FE80::1%25eth0]", "a", NULL, NULL, "fe80::1%eth0", -1, "" },
	{ "a://%2FVar%2Frun:5", "a", NULL, NULL, "/Var/run", 5, "" },
	{ "a://h/%41+b%2f", "a", NULL, NULL, "h", -1, "/%41+b%2f" },
	{ "a://h#f", "a", NULL, NULL, "h", -1, "" },
	{ "a://h/p#f?x=1", "a", NULL, NULL, "h", -1, "/p" },
	{ "a://u:\xc3\xa9@h", "a", "u", "\xc3\xa9", "h", -1, "" },
	{ "a://u@h/x@y", "a", "u", NULL, "h", -1, "/x@y" },
};

static void
assert_text(const char *got, const char *want)
{
	if (want == NULL)
		assert_null(got);
	else {
		assert_non_null(got);
		assert_string_equal(got, want);
	}
}

static void
test_split(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 };
	struct url url;
	size_t i;

	for (i = 0; i < COUNT_OF(good); i++) {
		if (!url_parse(good[i].text, &url, &err))
			fail_msg("%s: %s", good[i].text, buf_str(&err));
		assert_string_equal(url.scheme, good[i].scheme);
		assert_text(url.user, good[i].user);
		assert_text(url.password, good[i].password);
		assert_text(url.host, good[i].host);
		assert_int_equal(url.port, good[i].port);
		assert_string_equal(url.path, good[i].path);
		assert_int_equal(url.n_params, 0);
		url_fini(&url);
	}
	buf_fini(&err);
}

/* Every one has "zq" in it, and no complaint may. */
static const char *const bad[] = {
	"zq", "zq:h", "1zq://h", "://zq", "zq:/h", "-zq://h",
	"a://zq:p", "a://zq:1x", "a://zq:-1", "a://zq:+1", "a://zq:65536",
	"a://zq:000080", "a://zq:99999999999999999999", "a://u:zq/w@h",
	"a://u:1zq/w@h", "a://u:1/zq@h", "a://u:1?zq@h", "a://u:1#zq@h",
	"a://[zq", "a://[::1]zq", "a://zq::1", "a://zq,b", "a://zq:1,b:2",
	"a://z q", "a://zq%20", "a://zq%2C", "a://zq%zz", "a://zq%0",
	"a://zq%", "a://zq%00", "a://zq\xc3\xa9", "a://zq!",
	"a://u:zq%@h", "a://u:zq%4@h", "a://u:zq%gg@h", "a://u%00:zq@h",
	"a://zq\n", "a://h/zq\x7f", "a://h/\tzq",
	"a://h?zq=%", "a://h?zq%00=1", "a://h?zq%20a=1", "a://h?=zq",
	"a://h?z@q=zq",
};

static void
test_refused(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 };
	struct url url;
	size_t i;

	for (i = 0; i < COUNT_OF(bad); i++) {
		buf_reset(&err);
		if (url_parse(bad[i], &url, &err))
			fail_msg("%s is taken", bad[i]);
		assert_true(err.n > 10);
		if (strstr(buf_str(&err), "zq") != NULL)
			fail_msg("%s: %s", bad[i], buf_str(&err));
		/* Nothing is left to free. */
		assert_null(url.scheme);
		assert_null(url.path);
	}
	buf_fini(&err);
}

static void
test_query(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 }, text = { NULL, 0, 0 };
	struct url url;
	int i;

	assert_true(url_parse("a://h?b=1&&c=+%2B%26&d&e=&f.g-h_i=x=y#z=1",
	    &url, &err));
	assert_int_equal(url.n_params, 5);
	assert_string_equal(url.params[0].name, "b");
	assert_string_equal(url.params[0].value, "1");
	assert_string_equal(url.params[1].value, " +&");
	assert_string_equal(url.params[2].name, "d");
	assert_null(url.params[2].value);
	assert_string_equal(url.params[3].value, "");
	assert_string_equal(url.params[4].name, "f.g-h_i");
	assert_string_equal(url.params[4].value, "x=y");
	url_fini(&url);

	buf_add_str(&text, "a://h?");
	for (i = 0; i < URL_PARAMS_MAX; i++)
		buf_add_str(&text, "a=1&");
	assert_true(url_parse(buf_str(&text), &url, &err));
	assert_int_equal(url.n_params, URL_PARAMS_MAX);
	url_fini(&url);
	buf_add_str(&text, "b=1");
	assert_false(url_parse(buf_str(&text), &url, &err));
	buf_fini(&text);
	buf_fini(&err);
}

static void
test_length(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 };
	char text[URL_MAX + 2];
	struct url url;

	memset(text, 'a', sizeof(text));
	memcpy(text, "a://", 4);
	text[URL_MAX] = '\0';
	assert_true(url_parse(text, &url, &err));
	url_fini(&url);
	text[URL_MAX] = 'a';
	text[URL_MAX + 1] = '\0';
	assert_false(url_parse(text, &url, &err));
	buf_fini(&err);
}

static void
test_local(void **state UNUSED)
{
	static const struct {
		const char	*host;
		bool		 is_local;
	} hosts[] = {
		{ NULL, true }, { "", true }, { "/run", true }, { "@a", true },
		{ "localhost", true }, { "LOCALHOST", true },
		{ "127.0.0.1", true }, { "127.9.9.9", true }, { "::1", true },
		{ "localhost.evil.com", false }, { "127.evil.com", false },
		{ "128.0.0.1", false }, { "10.0.0.1", false }, { "::2", false },
		{ "127.1", false }, { "db", false },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(hosts); i++)
		assert_int_equal(url_host_is_local(hosts[i].host),
		    hosts[i].is_local);
}

static void
test_has_scheme(void **state UNUSED)
{
	assert_true(url_has_scheme("postgres://"));
	assert_false(url_has_scheme("postgres:/"));
	assert_false(url_has_scheme("host=a://b"));
	assert_false(url_has_scheme(""));
}

static void
test_split_host(void **state UNUSED)
{
	static const struct { const char *text, *host, *port; bool ok; } rows[] = {
		{ "", "", NULL, true },
		{ "h", "h", NULL, true },
		{ "h:", "h", "", true },
		{ "h:80", "h", "80", true },
		{ ":80", "", "80", true },
		{ "a:b:80", "a", "b:80", true },
		{ "h]:80", "h]", "80", true },
		{ "[::1]", "::1", NULL, true },
		{ "[::1]:", "::1", "", true },
		{ "[::1]:80", "::1", "80", true },
		{ "[]", "", NULL, true },
		{ "[::1", NULL, NULL, false },
		{ "[", NULL, NULL, false },
		{ "[::1]80", "::1", NULL, false },
		{ "[::1]]:80", "::1", NULL, false },
	};
	struct slice host, port;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(url_split_host(slice_of(rows[i].text), &host,
		    &port), rows[i].ok);
		assert_true(rows[i].host == NULL ? host.p == NULL :
		    slice_is(host, rows[i].host));
		assert_true(rows[i].port == NULL ? port.p == NULL :
		    slice_is(port, rows[i].port));
	}
	assert_true(url_split_host((struct slice){ NULL, 0 }, &host, &port));
	assert_null(host.p);
}

static void
test_ports(void **state UNUSED)
{
	static const struct { const char *text; int port; } rows[] = {
		{ "0", 0 }, { "80", 80 }, { "00080", 80 }, { "65535", 65535 },
		{ "65536", -1 }, { "99999", -1 }, { "000080", -1 },
		{ "", -1 }, { NULL, -1 }, { "-1", -1 }, { "+1", -1 },
		{ " 1", -1 }, { "1 ", -1 }, { "8o", -1 },
	};
	size_t i;
	int port;

	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(url_parse_port(slice_of(rows[i].text), &port),
		    rows[i].port != -1);
		if (rows[i].port != -1)
			assert_int_equal(port, rows[i].port);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_has_scheme),
		cmocka_unit_test(test_split_host),
		cmocka_unit_test(test_ports),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

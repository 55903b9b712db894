/*
 * The Origin check: every vector under both modes with its reason, and what
 * the vectors leave out: the Host, ports, IPv6, and entries that are wrong.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/conf.h"
#include "base/xmalloc.h"
#include "django/origin.h"
#include "vectors.h"

/* A setting cannot hold an empty item; a vector can. */
static void
add_item(struct conf_list *list, const char *item)
{
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = xstrdup(item);
}

static void
set_conf(struct conf *conf, struct json_object *v, enum conf_origin mode)
{
	struct json_object *hosts = vectors_get(v, "allowed_hosts");
	struct json_object *trusted = vectors_get(v, "csrf_trusted_origins");
	size_t i;

	conf_init(conf);
	conf->origin = mode;
	for (i = 0; i < json_object_array_length(hosts); i++)
		add_item(&conf->allowed_hosts, json_object_get_string(
		    json_object_array_get_idx(hosts, i)));
	for (i = 0; i < json_object_array_length(trusted); i++)
		add_item(&conf->allowed_origins, json_object_get_string(
		    json_object_array_get_idx(trusted, i)));
	/* What Django makes of an empty list under DEBUG. */
	if (conf->allowed_hosts.n == 0 && vectors_bool(v, "debug")) {
		add_item(&conf->allowed_hosts, "localhost");
		add_item(&conf->allowed_hosts, "127.0.0.1");
		add_item(&conf->allowed_hosts, "[::1]");
	}
}

static void
check(struct json_object *v, const char *field, enum conf_origin mode)
{
	struct json_object *origin = vectors_get(v, "origin"), *verdict;
	struct origin_request request;
	const char *reason = NULL, *text = NULL;
	char wire[1024];
	struct conf conf;
	bool ok;

	memset(&request, 0, sizeof(request));
	if (json_object_is_type(origin, json_type_array)) {
		request.n_origins =
		    (unsigned)json_object_array_length(origin);
		text = json_object_get_string(json_object_array_get_idx(origin,
		    request.n_origins - 1));
	} else if (origin != NULL) {
		request.n_origins = 1;
		text = json_object_get_string(origin);
	}
	if (text != NULL)
		request.origin = (struct slice){ wire,
		    vectors_latin1(text, wire) };
	request.host = slice_of(vectors_str(v, "host"));
	request.secure = vectors_bool(v, "request_secure");
	set_conf(&conf, v, mode);
	verdict = vectors_get(v, field);
	ok = origin_is_allowed(&conf, &request, &reason);
	if (ok != vectors_bool(verdict, "allow") ||
	    strcmp(reason, vectors_str(verdict, "reason")) != 0)
		fail_msg("%s: %s: %s", vectors_str(v, "id"), field, reason);
	conf_fini(&conf);
}

static void
test_vectors(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *list, *v;
	size_t i, n;

	list = vectors_kind(all, "origins", 47);
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		v = json_object_array_get_idx(list, i);
		check(v, "collabd_strict", ORIGIN_STRICT);
		check(v, "collabd_compat", ORIGIN_CHANNELS);
	}
	json_object_put(all);
}

#define SAME		"same origin"
#define NOT_SAME	"not same origin"
#define MALFORMED	"malformed"
#define TRUSTED		"trusted origin"

static const struct {
	const char	*origin, *host;
	bool		 secure;
	const char	*hosts, *origins, *reason;
} strict[] = {
	/* the Host decides, and must be the site's (DNS rebinding) */
	{ "https://evil.com", "evil.com", true, "example.com", "", NOT_SAME },
	{ "https://evil.com", "evil.com", true, "", "", SAME },
	{ "https://evil.com", "evil.com", true, "*", "", SAME },
	{ "https://a.example.com", "a.example.com", true, ".example.com", "",
	    SAME },
	{ "https://example.com", "example.com", true, ".example.com", "",
	    SAME },
	{ "https://xexample.com", "xexample.com", true, ".example.com", "",
	    NOT_SAME },
	{ "https://example.com.", "example.com.", true, "example.com", "",
	    SAME },
	{ "https://example.com.", "example.com", true, "example.com", "",
	    NOT_SAME },
	{ "https://example.com", "", true, "", "", NOT_SAME },
	{ "https://example.com", "example.com/x", true, "", "", NOT_SAME },
	{ "https://example.com", "a@example.com", true, "", "", NOT_SAME },
	{ "https://example.com", "EXAMPLE.com", true, "Example.COM", "", SAME },
	/* ports and schemes */
	{ "http://example.com", "example.com", false, "", "", SAME },
	{ "https://example.com", "example.com", false, "", "", NOT_SAME },
	{ "http://example.com:80", "example.com", false, "", "", SAME },
	{ "http://example.com", "example.com:80", false, "", "", SAME },
	{ "http://example.com:443", "example.com:443", true, "", "",
	    NOT_SAME },
	{ "http://h:8000", "h:8000", false, "h", "", SAME },
	{ "http://h:8000", "h:8001", false, "h", "", NOT_SAME },
	{ "http://h:8000", "h:8000", false, "h:8000", "", NOT_SAME },
	{ "http://h:0", "h:0", false, "", "", MALFORMED },
	{ "http://h:65535", "h:65535", false, "", "", SAME },
	{ "http://h:65536", "h:65536", false, "", "", MALFORMED },
	{ "http://h:", "h", false, "", "", MALFORMED },
	{ "http://h:080", "h:80", false, "", "", SAME },
	/* IPv6 */
	{ "http://[::1]:8000", "[::1]:8000", false, "[::1]", "", SAME },
	{ "http://[::1]:8000", "[::1]:8000", false, "::1", "", SAME },
	{ "http://[::1]", "[::1]", false, "localhost", "", NOT_SAME },
	{ "http://[::1]x", "[::1]", false, "", "", MALFORMED },
	{ "http://[]", "[]", false, "", "", MALFORMED },
	{ "http://::1", "[::1]", false, "", "", MALFORMED },
	{ "http://[::g]", "[::1]", false, "", "", MALFORMED },
	/* allowed_origins */
	{ "https://example.net", "e", true, "e", "https://example.net",
	    TRUSTED },
	{ "https://example.net:8443", "e", true, "e", "https://example.net",
	    NOT_SAME },
	{ "https://example.net:8443", "e", true, "e",
	    "https://*.example.net:8443", TRUSTED },
	{ "http://a.example.net", "e", true, "e", "https://*.example.net",
	    NOT_SAME },
	{ "https://aexample.net", "e", true, "e", "https://*.example.net",
	    NOT_SAME },
	{ "https://a.example.net", "e", true, "e", "https://.example.net",
	    NOT_SAME },
	{ "https://a.example.net", "e", true, "e", "a.example.net",
	    NOT_SAME },
	{ "https://a.example.net", "e", true, "e", "*", NOT_SAME },
	{ "https://a.example.net", "e", true, "e", "https://*", NOT_SAME },
	/* what is no Origin */
	{ "null", "e", true, "*", "", MALFORMED },
	{ "https://", "e", true, "", "", MALFORMED },
	{ "https://e\n", "e", true, "", "", MALFORMED },
	{ "ftp://e", "e", true, "", "", MALFORMED },
	{ "https:e", "e", true, "", "", MALFORMED },
	{ "https://e https://f", "e", true, "", "", MALFORMED },
	{ "https://e,https://f", "e", true, "", "", MALFORMED },
};

static void
set(struct conf *conf, const char *name, const char *value)
{
	struct buf err = { NULL, 0, 0 };

	assert_true(conf_set(conf, name, value, &err));
	buf_fini(&err);
}

static void
test_strict(void **state UNUSED)
{
	struct origin_request request = { .n_origins = 1 };
	const char *reason;
	struct conf conf;
	size_t i;
	bool ok;

	for (i = 0; i < COUNT_OF(strict); i++) {
		conf_init(&conf);
		set(&conf, "allowed_hosts", strict[i].hosts);
		set(&conf, "allowed_origins", strict[i].origins);
		request.origin = slice_of(strict[i].origin);
		request.host = slice_of(strict[i].host);
		request.secure = strict[i].secure;
		ok = origin_is_allowed(&conf, &request, &reason);
		if (strcmp(reason, strict[i].reason) != 0)
			fail_msg("%zu %s: %s", i, strict[i].origin, reason);
		assert_int_equal(ok, strcmp(reason, SAME) == 0 ||
		    strcmp(reason, TRUSTED) == 0);
		conf_fini(&conf);
	}
}

static void
test_channels(void **state UNUSED)
{
	static const struct {
		const char	*origin, *host, *hosts;
		bool		 ok;
	} cases[] = {
		{ "http://h:3000", "h:8000", "", true },
		{ "http://g", "h", "", false },
		{ "http://h", "", "", false },
		{ "http://[::1]:3000", "h", "[::1]", true },
		{ "http://h:3000", "h", "h:3000", false },
		{ "http://h:3000", "h", "http://h:3000", true },
		{ "http://h:3001", "h", "http://h:3000", false },
		{ "http://a.h", "h", "http://.h", true },
		{ "https://h", "h", "http://h", false },
		{ "http://h", "h", "H", true },
	};
	struct origin_request request = { .n_origins = 1 };
	const char *reason;
	struct conf conf;
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		conf_init(&conf);
		set(&conf, "origin", "channels");
		set(&conf, "allowed_hosts", cases[i].hosts);
		set(&conf, "allowed_origins", cases[i].origin);
		request.origin = slice_of(cases[i].origin);
		request.host = slice_of(cases[i].host);
		if (origin_is_allowed(&conf, &request, &reason) != cases[i].ok)
			fail_msg("%s %s: %s", cases[i].origin, cases[i].hosts,
			    reason);
		conf_fini(&conf);
	}
}

static void
test_length(void **state UNUSED)
{
	struct origin_request request = { .n_origins = 1 };
	char origin[ORIGIN_MAX + 2];
	const char *reason;
	struct conf conf;

	conf_init(&conf);
	memset(origin, 'a', sizeof(origin));
	memcpy(origin, "http://", 7);
	request.origin = (struct slice){ origin, ORIGIN_MAX };
	request.host = (struct slice){ origin + 7, ORIGIN_MAX - 7 };
	assert_true(origin_is_allowed(&conf, &request, &reason));
	request.origin.n++;
	request.host.n++;
	assert_false(origin_is_allowed(&conf, &request, &reason));
	assert_string_equal(reason, MALFORMED);
	conf_fini(&conf);
}

static void
test_check_conf(void **state UNUSED)
{
	static const struct {
		const char	*name, *value;
		bool		 ok;
	} cases[] = {
		{ "allowed_origins", "", true },
		{ "allowed_origins", "https://a.b https://*.c:8443", true },
		{ "allowed_origins", "a.b", false },
		{ "allowed_origins", "https://a.b/", false },
		{ "allowed_origins", "https://*", false },
		{ "allowed_origins", "*", false },
		{ "allowed_hosts", "a.b .c 127.0.0.1 [::1] * https://d", true },
		{ "allowed_hosts", "a.b:8000", false },
		{ "allowed_hosts", "*.a.b", false },
		{ "allowed_hosts", "a/b", false },
	};
	struct buf err = { NULL, 0, 0 };
	struct conf conf;
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		conf_init(&conf);
		set(&conf, cases[i].name, cases[i].value);
		buf_reset(&err);
		if (origin_check_conf(&conf, &err) != cases[i].ok)
			fail_msg("%s: %s", cases[i].value, buf_str(&err));
		assert_int_equal(err.n == 0, cases[i].ok);
		if (!cases[i].ok)
			assert_non_null(strstr(buf_str(&err), cases[i].name));
		conf_fini(&conf);
	}
	buf_fini(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_check_conf),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * REDIS_URL: every vector, the words about TLS, and that no complaint quotes
 * anything.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "store/redis_url.h"
#include "vectors.h"

static void
assert_text(const char *text, const char *got, const char *want)
{
	if (got == NULL && want == NULL)
		return;
	if (got == NULL || want == NULL || strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", text, got == NULL ? "(none)" : got,
		    want == NULL ? "(none)" : want);
}

static void
assert_url(const char *text, struct json_object *want,
    const struct redis_url *url)
{
	size_t n = (size_t)json_object_object_length(want);

	assert_text(text, url->host, vectors_str(want, "host"));
	assert_text(text, url->unix_path, vectors_str(want, "unix"));
	assert_text(text, url->user, vectors_str(want, "username"));
	assert_text(text, url->password, vectors_str(want, "password"));
	assert_int_equal(url->db,
	    json_object_get_int(vectors_get(want, "db")));
	assert_int_equal(url->port,
	    json_object_get_int(vectors_get(want, "port")));
	assert_int_equal(url->tls, vectors_bool(want, "tls"));
	if (url->tls)
		assert_int_equal(url->tls_verify,
		    vectors_bool(want, "verify"));
	/* No field that this test does not look at. */
	n -= (url->host != NULL) + (url->unix_path != NULL) +
	    (url->user != NULL) + (url->password != NULL) + url->tls;
	assert_int_equal(n, url->unix_path != NULL ? 1 : 3);
}

static void
test_vectors(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *list, *v, *want;
	struct buf err = { NULL, 0, 0 };
	struct redis_url url;
	const char *text;
	size_t i, n;
	bool ok;

	list = vectors_kind(all, "redis_urls", 40);
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		v = json_object_array_get_idx(list, i);
		text = vectors_str(v, "url");
		want = vectors_get(v, "collabd");
		buf_reset(&err);
		ok = redis_url_parse(text, &url, &err);
		if (ok != json_object_is_type(want, json_type_object))
			fail_msg("%s: %s", text, ok ? "taken" : buf_str(&err));
		if (ok) {
			assert_url(text, want, &url);
			redis_url_fini(&url);
		} else {
			assert_true(err.n > 10);
			assert_null(url.host);
		}
	}
	buf_fini(&err);
	json_object_put(all);
}

static const struct {
	const char	*text;
	bool		 verify_set, verify, name_set, name;
	const char	*ca, *cert, *key, *ignored;
} tls[] = {
	{ "rediss://h", false, true, false, true, NULL, NULL, NULL, NULL },
	{ "rediss://h?ssl_cert_reqs=none", true, false, false, true, NULL,
	    NULL, NULL, NULL },
	{ "rediss://h?ssl_cert_reqs=CERT_NONE", true, false, false, true, NULL,
	    NULL, NULL, NULL },
	{ "rediss://h?ssl_cert_reqs=required", true, true, false, true, NULL,
	    NULL, NULL, NULL },
	{ "rediss://h?ssl_cert_reqs=optional", true, true, false, true, NULL,
	    NULL, NULL, NULL },
	{ "rediss://h?ssl_check_hostname=False&ssl_ca_certs=/c+a.pem", false,
	    true, true, false, "/c a.pem", NULL, NULL, NULL },
	{ "rediss://h?ssl_check_hostname=true", false, true, true, true, NULL,
	    NULL, NULL, NULL },
	{ "rediss://h?ssl_certfile=/c&ssl_keyfile=/k&protocol=3", false, true,
	    false, true, NULL, "/c", "/k", "protocol" },
	/* without TLS these words mean nothing */
	{ "redis://h?ssl_cert_reqs=none&max_connections=5", false, true, false,
	    true, NULL, NULL, NULL, "ssl_cert_reqs max_connections" },
};

static void
test_tls(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 };
	struct redis_url url;
	size_t i;

	for (i = 0; i < COUNT_OF(tls); i++) {
		assert_true(redis_url_parse(tls[i].text, &url, &err));
		assert_int_equal(url.tls_verify_set, tls[i].verify_set);
		assert_int_equal(url.tls_verify, tls[i].verify);
		assert_int_equal(url.tls_hostname_set, tls[i].name_set);
		assert_int_equal(url.tls_hostname, tls[i].name);
		assert_text(tls[i].text, url.tls_ca_file, tls[i].ca);
		assert_text(tls[i].text, url.tls_cert_file, tls[i].cert);
		assert_text(tls[i].text, url.tls_key_file, tls[i].key);
		assert_text(tls[i].text, url.ignored, tls[i].ignored);
		redis_url_fini(&url);
	}
	assert_false(redis_url_parse("rediss://h?ssl_cert_reqs=maybe", &url,
	    &err));
	buf_fini(&err);
}

static void
test_first_wins(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 };
	struct redis_url url;

	assert_true(redis_url_parse("redis://h/3?db=&db=1&db=2", &url, &err));
	assert_int_equal(url.db, 1);
	redis_url_fini(&url);
	buf_fini(&err);
}

/* Each is refused, and the "zq" in it stays out of the complaint. */
static const char *const secrets[] = {
	"zq", "zq://u:p@h", "REDIS://:zq@h", "redis://:zq@h:x",
	"redis://:zq@h:0", "redis://:zq@h/x", "redis://:p@h/zq",
	"redis://:zq@h/1/2", "redis://:zq@h?db=x", "redis://:p@h?db=zq",
	"redis://:zq@h/123456", "redis://:1/zq@h", "redis://:1?zq@h",
	"redis://:1#zq@h", "redis://:zq%@h", "redis://:zq@%2Ftmp%2Fs",
	"rediss://:zq@h?ssl_cert_reqs=zq", "unix://:zq@host/x",
	"unix://:zq@", "unix://:zq@/", "unix://:zq@/%00", "unix://:zq@:1/x",
	("unix:///zq/1234567890123456789012345678901234567890123456789012345678"
	    "90123456789012345678901234567890123456789012345678"),
	"embedded zq",
};

static void
test_complaints(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 };
	struct redis_url url;
	size_t i;

	for (i = 0; i < COUNT_OF(secrets); i++) {
		buf_reset(&err);
		if (redis_url_parse(secrets[i], &url, &err))
			fail_msg("%s is taken", secrets[i]);
		if (strstr(buf_str(&err), "zq") != NULL || err.n < 10)
			fail_msg("%s: %s", secrets[i], buf_str(&err));
	}
	buf_fini(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_first_wins),
		cmocka_unit_test(test_complaints),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * Keys and hashes against what real Django computed: the intermediate values
 * (primitives) and the session hashes of users (auth_hashes).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/conf.h"
#include "base/hex.h"
#include "django/encoding.h"
#include "django/signing.h"
#include "vectors.h"

static struct django_keys *
keys_of(const char *secret, const char *fallback, const char *legacy)
{
	struct buf err = { NULL, 0, 0 };
	struct django_keys *keys;
	struct conf conf;

	conf_init(&conf);
	assert_true(conf_set(&conf, "secret_key", secret, &err));
	assert_true(conf_set(&conf, "secret_key_fallbacks", fallback, &err));
	assert_true(conf_set(&conf, "django_legacy", legacy, &err));
	keys = django_keys_new(&conf);
	conf_fini(&conf);
	buf_fini(&err);
	return (keys);
}

static void
assert_digest(const struct signing_digest *digest, const char *hex)
{
	char text[SIGNING_DIGEST_MAX * 2 + 1];

	(void)hex_encode(digest->p, digest->n, text);
	assert_string_equal(text, hex);
}

static void
test_primitives(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *p, *v;
	struct signing_digest key, mac;
	char text[64];

	p = vectors_get(all, "primitives");
	v = vectors_get(p, "session_signature");
	signing_derive(SIGNING_SHA256, vectors_str(v, "key_salt"),
	    slice_of(vectors_str(v, "secret_key")), &key);
	assert_digest(&key, vectors_str(v, "derived_key_hex"));
	signing_hmac(SIGNING_SHA256, &key, slice_of(vectors_str(v, "message")),
	    &mac);
	assert_digest(&mac, vectors_str(v, "hmac_sha256_hex"));
	assert_int_equal(encoding_base64url_encode(mac.p, mac.n, text), 43);
	assert_string_equal(text, vectors_str(v, "signature_text"));

	v = vectors_get(p, "auth_hash");
	signing_derive(SIGNING_SHA256, vectors_str(v, "key_salt"),
	    slice_of(vectors_str(v, "secret_key")), &key);
	assert_digest(&key, vectors_str(v, "derived_key_hex"));
	signing_hmac(SIGNING_SHA256, &key, slice_of(vectors_str(v, "message")),
	    &mac);
	assert_digest(&mac, vectors_str(v, "hmac_sha256_hex"));

	v = vectors_get(p, "legacy_session_hash");
	signing_derive(SIGNING_SHA1, vectors_str(v, "key_salt"),
	    slice_of(vectors_str(v, "secret_key")), &key);
	assert_digest(&key, vectors_str(v, "derived_key_sha1_hex"));
	json_object_put(all);
}

static void
test_primitive_signature(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *v;
	struct django_keys *keys;
	struct slice message, signature;

	v = vectors_get(vectors_get(all, "primitives"), "session_signature");
	message = slice_of(vectors_str(v, "message"));
	signature = slice_of(vectors_str(v, "signature_text"));
	keys = keys_of(vectors_str(v, "secret_key"), "", "off");
	assert_int_equal(signing_check(keys, SIGNING_SESSION, message,
	    signature), 0);
	assert_int_equal(signing_check(keys, SIGNING_COOKIE, message,
	    signature), -1);
	message.n--;
	assert_int_equal(signing_check(keys, SIGNING_SESSION, message,
	    signature), -1);
	django_keys_free(keys);
	keys = keys_of("another", vectors_str(v, "secret_key"), "off");
	message.n++;
	assert_int_equal(signing_check(keys, SIGNING_SESSION, message,
	    signature), 1);
	django_keys_free(keys);
	json_object_put(all);
}

static void
test_base62(void **state UNUSED)
{
	static const char *const bad[] = {
		"", "-1", " 1", "1 ", "1_", "000000000000", "\xc3\xa9",
	};
	struct json_object *all = vectors_open(), *list, *v;
	int64_t value;
	size_t i;

	list = vectors_kind(vectors_get(all, "primitives"), "base62", 8);
	for (i = 0; i < json_object_array_length(list); i++) {
		v = json_object_array_get_idx(list, i);
		assert_true(encoding_base62_decode(
		    slice_of(vectors_str(v, "text")), &value));
		assert_int_equal(value,
		    json_object_get_int64(vectors_get(v, "value")));
	}
	for (i = 0; i < COUNT_OF(bad); i++)
		assert_false(encoding_base62_decode(slice_of(bad[i]), &value));
	/* 62^11 is beyond 64 bits: it stays the far future. */
	assert_true(encoding_base62_decode(SLICE_LIT("zzzzzzzzzzz"), &value));
	assert_true(value == INT64_MAX);
	assert_true(encoding_base62_decode(SLICE_LIT("AzL8n0Y58m7"), &value));
	assert_true(value == INT64_MAX);
	json_object_put(all);
}

static const struct {
	const char	*text;
	bool		 is_url;
	const char	*plain;		/* NULL: refused */
} base64[] = {
	{ "", true, "" },
	{ "YQ", true, "a" },
	{ "YWI", true, "ab" },
	{ "YWJj", true, "abc" },
	{ "YR", true, "a" },		/* unused bits are not looked at */
	{ "_-_-", true, "\xff\xef\xfe" },
	{ "Y", true, NULL },
	{ "YWJjY", true, NULL },
	{ "YQ==", true, NULL },
	{ "+/+/", true, NULL },
	{ "YW J", true, NULL },
	{ "YW\nJ", true, NULL },
	{ "", false, "" },
	{ "YQ==", false, "a" },
	{ "YWI=", false, "ab" },
	{ "YWJj", false, "abc" },
	{ "+/+/", false, "\xfb\xff\xbf" },
	{ "_-_-", false, NULL },
	{ "YQ", false, NULL },
	{ "YQ=", false, NULL },
	{ "Y===", false, NULL },
	{ "====", false, NULL },
	{ "=Q==", false, NULL },
	{ "YQ==YQ==", false, NULL },
};

static void
test_base64(void **state UNUSED)
{
	struct buf out = { NULL, 0, 0 };
	struct slice text;
	size_t i;
	bool ok;

	for (i = 0; i < COUNT_OF(base64); i++) {
		buf_reset(&out);
		buf_add_str(&out, "kept");
		text = slice_of(base64[i].text);
		ok = base64[i].is_url ? encoding_base64url_decode(text, &out) :
		    encoding_base64_decode(text, &out);
		assert_int_equal(ok, base64[i].plain != NULL);
		assert_memory_equal(buf_str(&out), "kept", 4);
		assert_string_equal(buf_str(&out) + 4,
		    ok ? base64[i].plain : "");
	}
	buf_fini(&out);
}

static void
test_auth_hashes(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *list, *v;
	struct django_keys *modern, *legacy;
	struct slice password, sha256, sha1;
	size_t i, n;

	list = vectors_kind(all, "auth_hashes", 15);
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		v = json_object_array_get_idx(list, i);
		password = slice_of(vectors_str(v, "password"));
		sha256 = slice_of(vectors_str(v, "sha256"));
		sha1 = slice_of(vectors_str(v, "sha1"));
		modern = keys_of(vectors_str(v, "secret_key"), "", "off");
		legacy = keys_of(vectors_str(v, "secret_key"), "", "3.2");
#define CHECK(keys, hash, only)	\
	signing_check_auth_hash(keys, password, hash, only)
		assert_int_equal(CHECK(modern, sha256, false), 0);
		assert_int_equal(CHECK(modern, sha1, false), -1);
		assert_int_equal(CHECK(legacy, sha256, false), 0);
		assert_int_equal(CHECK(legacy, sha1, false), 0);
		assert_int_equal(CHECK(legacy, sha256, true), -1);
		assert_int_equal(CHECK(legacy, sha1, true), 0);
		sha256.n--;
		assert_int_equal(CHECK(modern, sha256, false), -1);
		sha256.n = 0;
		assert_int_equal(CHECK(modern, sha256, false), -1);
		django_keys_free(modern);
		django_keys_free(legacy);
	}
	json_object_put(all);
}

/* An empty key would be everybody's. */
static void
test_empty_keys(void **state UNUSED)
{
	struct signing_digest key, mac;
	struct django_keys *keys;
	char text[SIGNING_DIGEST_MAX * 2 + 1];

	signing_derive(SIGNING_SHA256, "django.contrib.auth.models."
	    "AbstractBaseUser.get_session_auth_hash", SLICE_LIT(""), &key);
	signing_hmac(SIGNING_SHA256, &key, SLICE_LIT("pw"), &mac);
	(void)hex_encode(mac.p, mac.n, text);
	keys = keys_of("", "", "off");
	assert_int_equal(signing_check_auth_hash(keys, SLICE_LIT("pw"),
	    slice_of(text), false), -1);
	django_keys_free(keys);
	django_keys_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_primitives),
		cmocka_unit_test(test_primitive_signature),
		cmocka_unit_test(test_base62),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_auth_hashes),
		cmocka_unit_test(test_empty_keys),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

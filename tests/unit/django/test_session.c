/*
 * Sessions: every session_data and signed_cookies vector under the rules of
 * Django 4.1 and later and under those of 3.2, the claims read from them, and
 * the limits that no vector reaches.
 */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <zlib.h>

#include "base/conf.h"
#include "base/hex.h"
#include "base/xmalloc.h"
#include "django/encoding.h"
#include "django/session.h"
#include "vectors.h"

#define NOW_S	INT64_C(1764000000)

/* The words of the vectors. */
static const struct {
	const char		*text;
	enum django_reason	 reason;
} reasons[] = {
	{ "no separator", DJANGO_NO_SEPARATOR },
	{ "bad signature", DJANGO_BAD_SIGNATURE },
	{ "legacy: bad hash", DJANGO_BAD_OLD_SIGNATURE },
	{ "no timestamp", DJANGO_NO_TIMESTAMP },
	{ "bad timestamp", DJANGO_BAD_TIMESTAMP },
	{ "empty payload", DJANGO_EMPTY_PAYLOAD },
	{ "bad base64", DJANGO_BAD_BASE64 },
	{ "bad zlib", DJANGO_BAD_ZLIB },
	{ "bytes after zlib stream", DJANGO_TRAILING_BYTES },
	{ "json syntax", DJANGO_BAD_JSON },
	{ "json not an object", DJANGO_NOT_OBJECT },
};

static enum django_reason
reason_of(const char *text)
{
	size_t i;

	for (i = 0; i < COUNT_OF(reasons); i++) {
		if (strcmp(reasons[i].text, text) == 0)
			return (reasons[i].reason);
	}
	fail_msg("a reason that the test does not know: %s", text);
	return (DJANGO_OK);
}

static struct django_keys *
keys_with(const char *secret, struct json_object *fallbacks,
    const char *legacy, const char *engine, const char *salt)
{
	struct buf err = { NULL, 0, 0 }, list = { NULL, 0, 0 };
	struct django_keys *keys;
	struct conf conf;
	size_t i;

	for (i = 0; fallbacks != NULL &&
	    i < json_object_array_length(fallbacks); i++)
		buf_addf(&list, "%s ", json_object_get_string(
		    json_object_array_get_idx(fallbacks, i)));
	conf_init(&conf);
	assert_true(conf_set(&conf, "secret_key", secret, &err));
	assert_true(conf_set(&conf, "secret_key_fallbacks", buf_str(&list),
	    &err));
	assert_true(conf_set(&conf, "django_legacy", legacy, &err));
	assert_true(conf_set(&conf, "session_engine", engine, &err));
	assert_true(conf_set(&conf, "session_salt", salt, &err));
	keys = django_keys_new(&conf);
	conf_fini(&conf);
	buf_fini(&list);
	buf_fini(&err);
	return (keys);
}

static struct django_keys *
keys_of(const char *secret)
{
	return (keys_with(secret, NULL, "off", "db", ""));
}

/* {"__float__": "nan"} in the vectors is what JSON has no word for. */
static bool
is_same(struct json_object *want, struct json_object *got)
{
	const char *word = json_object_is_type(want, json_type_object) ?
	    vectors_str(want, "__float__") : NULL;
	double value;

	if (word == NULL)
		return (json_object_equal(want, got) != 0);
	value = json_object_get_double(got);
	if (!json_object_is_type(got, json_type_double))
		return (false);
	if (strcmp(word, "nan") == 0)
		return (isnan(value));
	return (isinf(value) && (value < 0) == (*word == '-'));
}

static int
compare_keys(const void *a, const void *b)
{
	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

/* As Python's json.dumps(sort_keys=True), for ASCII text. */
static void
add_sorted(struct buf *out, struct json_object *value)
{
	const char *keys[16];
	size_t i, n = 0;

	if (json_object_is_type(value, json_type_array)) {
		for (i = 0; i < json_object_array_length(value); i++) {
			buf_add_str(out, i == 0 ? "[" : ", ");
			add_sorted(out, json_object_array_get_idx(value, i));
		}
		buf_add_str(out, i == 0 ? "[]" : "]");
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member) {
			(void)member;
			assert_true(n < COUNT_OF(keys));
			keys[n++] = key;
		}
		qsort(keys, n, sizeof(*keys), compare_keys);
		for (i = 0; i < n; i++) {
			buf_addf(out, "%s\"%s\": ", i == 0 ? "{" : ", ",
			    keys[i]);
			add_sorted(out, vectors_get(value, keys[i]));
		}
		buf_add_str(out, n == 0 ? "{}" : "}");
	} else
		buf_add_str(out, json_object_to_json_string_ext(value,
		    JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* Of a large session the vectors have the SHA-256 of its sorted text. */
static void
assert_hash(struct json_object *got, const char *want)
{
	struct buf text = { NULL, 0, 0 };
	struct signing_digest digest;
	char hex[SIGNING_DIGEST_MAX * 2 + 1];

	add_sorted(&text, got);
	signing_derive(SIGNING_SHA256, "", (struct slice){ text.p, text.n },
	    &digest);
	(void)hex_encode(digest.p, digest.n, hex);
	assert_string_equal(hex, want);
	buf_fini(&text);
}

static void
assert_members(const char *id, struct json_object *want,
    struct json_object *got)
{
	size_t n = 0;

	assert_non_null(want);
	json_object_object_foreach(want, key, value) {
		n++;
		if (!is_same(value, vectors_get(got, key)))
			fail_msg("%s: member %s", id, key);
	}
	assert_int_equal(json_object_object_length(got), n);
}

/* What the claims of a decoded session must come to. */
static enum django_reason
claims_reason(struct json_object *decoded)
{
	struct json_object *id = vectors_get(decoded, "_auth_user_id");

	if (id == NULL)
		return (DJANGO_NO_USER_ID);
	if (strspn(json_object_get_string(id), "0123456789") !=
	    (size_t)json_object_get_string_len(id))
		return (DJANGO_BAD_USER_ID);
	if (vectors_str(decoded, "_auth_user_backend") == NULL)
		return (DJANGO_NO_BACKEND);
	return (vectors_str(decoded, "_auth_user_hash") == NULL ?
	    DJANGO_NO_HASH : DJANGO_OK);
}

static void
check_decoded(struct json_object *v, struct json_object *verdict,
    const struct django_keys *keys, enum django_reason reason,
    const struct session_claims *claims)
{
	const char *id = vectors_str(v, "id"), *text, *hash;
	struct json_object *django, *answer, *got;
	struct json_tokener *tok = json_tokener_new_ex(256);
	struct buf json = { NULL, 0, 0 };
	bool is_old;

	text = vectors_str(v, "session_data");
	assert_int_equal(session_unwrap(keys, text, strlen(text), &json,
	    &is_old), DJANGO_OK);
	got = json_tokener_parse_ex(tok, json.p, (int)json.n);
	django = vectors_get(v, "django");
	answer = vectors_get(django, vectors_str(verdict,
	    "decoded_like_django"));
	if (answer == NULL)
		answer = vectors_get(django, "all");
	hash = vectors_str(answer, "decoded_sha256_of_sorted_json");
	if (hash != NULL)
		assert_hash(got, hash);
	else
		assert_members(id, vectors_get(answer, "decoded"), got);
	if (reason != claims_reason(got))
		fail_msg("%s: %s", id, django_reason_text(reason));
	if (reason == DJANGO_OK) {
		assert_string_equal(claims->user_id,
		    vectors_str(got, "_auth_user_id"));
		assert_string_equal(claims->backend,
		    vectors_str(got, "_auth_user_backend"));
		assert_string_equal(claims->hash,
		    vectors_str(got, "_auth_user_hash"));
		assert_int_equal(claims->is_old_form, is_old);
	}
	json_object_put(got);
	json_tokener_free(tok);
	buf_fini(&json);
}

static void
check_session(struct json_object *v, const char *mode, const char *legacy)
{
	struct json_object *verdict;
	struct session_claims claims;
	struct django_keys *keys;
	enum django_reason reason;
	const char *text = vectors_str(v, "session_data");

	verdict = vectors_get(vectors_get(v, "collabd"), mode);
	assert_non_null(verdict);
	keys = keys_with(vectors_str(v, "secret_key"),
	    vectors_get(v, "secret_key_fallbacks"), legacy, "db", "");
	reason = session_decode(keys, text, strlen(text), USER_ID_INTEGER,
	    &claims);
	if (strcmp(vectors_str(verdict, "verdict"), "decode") == 0)
		check_decoded(v, verdict, keys, reason, &claims);
	else if (!vectors_bool(v, "parser_dependent") &&
	    reason != reason_of(vectors_str(verdict, "reason")))
		fail_msg("%s (%s): %s", vectors_str(v, "id"), mode,
		    django_reason_text(reason));
	if (reason != DJANGO_OK)
		assert_string_equal(claims.user_id, "");
	django_keys_free(keys);
}

static void
test_session_data(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *list;
	size_t i, n;

	list = vectors_kind(all, "session_data", 69);
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		check_session(json_object_array_get_idx(list, i), "modern",
		    "off");
		check_session(json_object_array_get_idx(list, i), "legacy32",
		    "3.2");
	}
	json_object_put(all);
}

/* Under the rules of a version: its verdict and what it decodes. */
static void
check_cookie(struct json_object *v, const char *version, const char *legacy)
{
	struct json_object *settings = vectors_get(v, "settings"), *age;
	struct session_claims claims;
	struct django_keys *keys;
	enum django_reason reason;
	int64_t max_age_s = 1209600;
	bool accepted;

	accepted = vectors_bool(vectors_get(v, "accepted"), version);
	if ((age = vectors_get(settings, "SESSION_COOKIE_AGE")) != NULL)
		max_age_s = json_object_get_int64(age);
	keys = keys_with(vectors_str(v, "secret_key"),
	    vectors_get(settings, "SECRET_KEY_FALLBACKS"), legacy,
	    "signed_cookies", "");
	reason = session_decode_cookie(keys,
	    slice_of(vectors_str(v, "cookie_value")),
	    json_object_get_int64(vectors_get(v, "now")), max_age_s,
	    USER_ID_INTEGER, &claims);
	if ((reason == DJANGO_OK) != accepted)
		fail_msg("%s (%s): %s", vectors_str(v, "id"), version,
		    django_reason_text(reason));
	if (accepted)
		assert_string_equal(claims.user_id, "1");
	django_keys_free(keys);
}

static void
test_signed_cookies(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *list, *v;
	size_t i, n;

	list = vectors_kind(all, "signed_cookies", 7);
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		v = json_object_array_get_idx(list, i);
		check_cookie(v, "3.2", "3.2");
		check_cookie(v, "4.2", "off");
		check_cookie(v, "5.2", "off");
		check_cookie(v, "6.1", "off");
	}
	json_object_put(all);
}

/* Signs as Django does; payload and timestamp are already text. */
static void
sign(const char *salt, const char *value, struct buf *out)
{
	struct signing_digest key, mac;
	char text[64];

	signing_derive(SIGNING_SHA256, salt, SLICE_LIT("k"), &key);
	signing_hmac(SIGNING_SHA256, &key, slice_of(value), &mac);
	(void)encoding_base64url_encode(mac.p, mac.n, text);
	buf_reset(out);
	buf_addf(out, "%s:%s", value, text);
}

#define SALT	"django.contrib.sessions.SessionStoresigner"

/* base64url of zlib of n bytes: {} and blanks. */
static char *
compressed(size_t n)
{
	unsigned long cap = compressBound(n);
	unsigned char *plain = xmalloc(n), *z = xmalloc(cap);
	char *text = xmalloc(cap * 4 / 3 + 16);

	memset(plain, ' ', n);
	memcpy(plain, "{}", 2);
	assert_int_equal(compress(z, &cap, plain, n), Z_OK);
	text[0] = '.';
	strcpy(text + 1 + encoding_base64url_encode(z, cap, text + 1),
	    ":1vNYyu");
	free(plain);
	free(z);
	return (text);
}

static void
test_caps(void **state UNUSED)
{
	struct django_keys *keys = keys_of("k");
	struct session_claims claims;
	struct buf text = { NULL, 0, 0 };
	char *payload, *big;

	payload = compressed(SESSION_JSON_MAX);
	sign(SALT, payload, &text);
	assert_int_equal(session_decode(keys, text.p, text.n, USER_ID_INTEGER,
	    &claims), DJANGO_NO_USER_ID);
	free(payload);
	payload = compressed(SESSION_JSON_MAX + 1);
	sign(SALT, payload, &text);
	assert_int_equal(session_decode(keys, text.p, text.n, USER_ID_INTEGER,
	    &claims), DJANGO_TOO_LARGE);
	free(payload);
	payload = compressed(8 * 1024 * 1024);
	sign(SALT, payload, &text);
	assert_int_equal(session_decode(keys, text.p, text.n, USER_ID_INTEGER,
	    &claims), DJANGO_TOO_LARGE);
	free(payload);

	big = xmalloc(SESSION_TEXT_MAX + 1);
	memset(big, 'A', SESSION_TEXT_MAX + 1);
	assert_int_equal(session_decode(keys, big, SESSION_TEXT_MAX + 1,
	    USER_ID_INTEGER, &claims), DJANGO_TOO_LARGE);
	assert_int_equal(session_decode(keys, big, SESSION_TEXT_MAX,
	    USER_ID_INTEGER, &claims), DJANGO_NO_SEPARATOR);
	assert_int_equal(session_decode_cookie(keys,
	    (struct slice){ big, SESSION_TEXT_MAX + 1 }, NOW_S, 1,
	    USER_ID_INTEGER, &claims), DJANGO_TOO_LARGE);
	assert_int_equal(session_decode(keys, "", 0, USER_ID_INTEGER, &claims),
	    DJANGO_NO_SEPARATOR);
	free(big);
	buf_fini(&text);
	django_keys_free(keys);
}

static void
test_depth(void **state UNUSED)
{
	struct session_claims claims;
	struct buf json = { NULL, 0, 0 };
	int i;

	buf_add_str(&json, "{\"a\":");
	for (i = 0; i < 100000; i++)
		buf_add_char(&json, '[');
	assert_int_equal(session_read_claims((struct slice){ json.p, json.n },
	    USER_ID_INTEGER, &claims), DJANGO_BAD_PAYLOAD);
	buf_fini(&json);
}

/* A session store with another class name, and the two engines' own salts. */
static void
test_salts(void **state UNUSED)
{
	static const struct {
		const char	*engine, *salt, *signed_with;
		enum django_reason as_session, as_cookie;
	} cases[] = {
		{ "db", "", SALT, DJANGO_NO_USER_ID, DJANGO_BAD_SIGNATURE },
		{ "cached_db", "", SALT, DJANGO_NO_USER_ID,
		    DJANGO_BAD_SIGNATURE },
		{ "db", "django.contrib.sessions.Own",
		    "django.contrib.sessions.Ownsigner", DJANGO_NO_USER_ID,
		    DJANGO_BAD_SIGNATURE },
		{ "db", "django.contrib.sessions.Own", SALT,
		    DJANGO_BAD_SIGNATURE, DJANGO_BAD_SIGNATURE },
		{ "signed_cookies", "", "django.contrib.sessions.backends."
		    "signed_cookiessigner", DJANGO_BAD_SIGNATURE,
		    DJANGO_NO_USER_ID },
		{ "signed_cookies", "own", "ownsigner", DJANGO_BAD_SIGNATURE,
		    DJANGO_NO_USER_ID },
	};
	struct session_claims claims;
	struct buf text = { NULL, 0, 0 };
	struct django_keys *keys;
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		keys = keys_with("k", NULL, "off", cases[i].engine,
		    cases[i].salt);
		sign(cases[i].signed_with, "e30:1vNYyu", &text);
		assert_int_equal(session_decode(keys, text.p, text.n,
		    USER_ID_INTEGER, &claims), cases[i].as_session);
		assert_int_equal(session_decode_cookie(keys,
		    (struct slice){ text.p, text.n }, NOW_S, 60,
		    USER_ID_INTEGER, &claims), cases[i].as_cookie);
		django_keys_free(keys);
	}
	buf_fini(&text);
}

#define H64	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REST	",\"_auth_user_backend\":\"b\",\"_auth_user_hash\":\"" H64 "\"}"
#define UUID	"0f8fad5b-d9cb-469f-a165-70867728950e"

static const struct {
	const char		*json;
	enum conf_id_type	 type;
	enum django_reason	 reason;
	const char		*id;
} claims_cases[] = {
	{ "{\"_auth_user_id\":\"9223372036854775807\"" REST, USER_ID_INTEGER,
	    DJANGO_OK, "9223372036854775807" },
	{ "{\"_auth_user_id\":\"9223372036854775808\"" REST, USER_ID_INTEGER,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"00000000000000000001\"" REST, USER_ID_INTEGER,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":0" REST, USER_ID_INTEGER, DJANGO_OK, "0" },
	{ "{\"_auth_user_id\":-1" REST, USER_ID_INTEGER,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":-1" REST, USER_ID_TEXT,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":7" REST, USER_ID_TEXT, DJANGO_OK, "7" },
	{ "{\"_auth_user_id\":1e3" REST, USER_ID_INTEGER,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":99999999999999999999" REST, USER_ID_INTEGER,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":[1]" REST, USER_ID_INTEGER,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"" UUID "\"" REST, USER_ID_INTEGER,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"" UUID "\"" REST, USER_ID_UUID, DJANGO_OK,
	    UUID },
	{ "{\"_auth_user_id\":\"0f8fad5bd9cb469fa16570867728950e\"" REST,
	    USER_ID_UUID, DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"0F8FAD5B-D9CB-469F-A165-70867728950E\"" REST,
	    USER_ID_UUID, DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"0f8fad5b-d9cb-469f-a165_70867728950e\"" REST,
	    USER_ID_UUID, DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"1\"" REST, USER_ID_UUID, DJANGO_BAD_USER_ID,
	    "" },
	{ "{\"_auth_user_id\":\"anna \\u00e9'--\"" REST, USER_ID_TEXT,
	    DJANGO_OK, "anna \xc3\xa9'--" },
	{ "{\"_auth_user_id\":\"\"" REST, USER_ID_TEXT, DJANGO_BAD_USER_ID,
	    "" },
	{ "{\"_auth_user_id\":\"a\\u0000\"" REST, USER_ID_TEXT,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"a\\n\"" REST, USER_ID_TEXT,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"a\\u007f\"" REST, USER_ID_TEXT,
	    DJANGO_BAD_USER_ID, "" },
	{ "{\"_auth_user_id\":\"1\",\"_auth_user_backend\":\"\"}",
	    USER_ID_INTEGER, DJANGO_NO_BACKEND, "" },
	{ "{\"_auth_user_id\":\"1\",\"_auth_user_backend\":\"a\\u0000\","
	    "\"_auth_user_hash\":\"" H64 "\"}", USER_ID_INTEGER,
	    DJANGO_NO_BACKEND, "" },
	{ "{\"_auth_user_id\":\"1\",\"_auth_user_backend\":\"b\","
	    "\"_auth_user_hash\":\"" H64 "00\"}", USER_ID_INTEGER,
	    DJANGO_NO_HASH, "" },
	{ "", USER_ID_INTEGER, DJANGO_BAD_JSON, "" },
	{ "{", USER_ID_INTEGER, DJANGO_BAD_JSON, "" },
	{ "\x80\x05\x95", USER_ID_INTEGER, DJANGO_BAD_JSON, "" },
};

static void
test_claims(void **state UNUSED)
{
	struct session_claims claims;
	enum django_reason reason;
	size_t i;

	for (i = 0; i < COUNT_OF(claims_cases); i++) {
		reason = session_read_claims(slice_of(claims_cases[i].json),
		    claims_cases[i].type, &claims);
		if (reason != claims_cases[i].reason)
			fail_msg("%s: %s", claims_cases[i].json,
			    django_reason_text(reason));
		assert_string_equal(claims.user_id, claims_cases[i].id);
	}
}

/* Fields of exactly the room they have, and of one byte more. */
static void
test_claims_length(void **state UNUSED)
{
	struct session_claims claims;
	struct buf json = { NULL, 0, 0 };
	int id, backend;

	for (id = 254; id <= 255; id++) {
		for (backend = 255; backend <= 256; backend++) {
			buf_reset(&json);
			buf_addf(&json, "{\"_auth_user_id\":\"%0*d\","
			    "\"_auth_user_backend\":\"%0*d\","
			    "\"_auth_user_hash\":\"" H64 "\"}", id, 0, backend,
			    0);
			assert_int_equal(session_read_claims(
			    (struct slice){ json.p, json.n }, USER_ID_TEXT,
			    &claims), id > 254 ? DJANGO_BAD_USER_ID :
			    backend > 255 ? DJANGO_NO_BACKEND : DJANGO_OK);
		}
	}
	buf_fini(&json);
}

static void
test_key_form(void **state UNUSED)
{
	static const struct {
		const char	*key;
		bool		 ok;
	} cases[] = {
		{ "", false }, { "abcdefg", false }, { "abcdefgh", true },
		{ "ABCdef019-_", true }, { "abcdefg.", false },
		{ "abcdefg ", false }, { "abcdefg\xe9", false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(session_key_is_plausible(
		    slice_of(cases[i].key)), cases[i].ok);
	assert_false(session_key_is_plausible(
	    (struct slice){ "abcdefg\0abcdefg", 15 }));
	assert_false(session_key_is_plausible((struct slice){ NULL, 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_data),
		cmocka_unit_test(test_signed_cookies),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_salts),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_claims_length),
		cmocka_unit_test(test_key_form),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * JSON in and out: what is refused and as what, getters that never convert,
 * and text that comes out as it went in.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

static const struct {
	const char	*text;
	enum json_error	 error;
} cases[] = {
	{ "{}", JSON_OK }, { " { } ", JSON_OK }, { "{}\r\n\t ", JSON_OK },
	{ "{\"a\":1}", JSON_OK }, { "{\"a\":NaN}", JSON_OK },
	{ "{\"a\":[[[[[[[]]]]]]]}", JSON_OK },	/* eight levels */
	{ "{\"a\":[[[[[[[[]]]]]]]]}", JSON_TOO_DEEP },
	{ "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}",
	    JSON_TOO_DEEP },
	{ "", JSON_SYNTAX }, { " ", JSON_SYNTAX }, { "{", JSON_SYNTAX },
	{ "{\"a\"}", JSON_SYNTAX }, { "{\"a\":}", JSON_SYNTAX },
	{ "{\"a\":1,}", JSON_SYNTAX }, { "{,}", JSON_SYNTAX },
	{ "{\"a\":1}}", JSON_SYNTAX }, { "{}x", JSON_SYNTAX },
	{ "{}{}", JSON_SYNTAX }, { "{} {}", JSON_SYNTAX },
	{ "{a:1}", JSON_SYNTAX }, { "{\"a\":01}", JSON_SYNTAX },
	{ "{\"a\":/*x*/1}", JSON_SYNTAX }, { "{\"a\":1}//", JSON_SYNTAX },
	{ "{\"a\":tru}", JSON_SYNTAX }, { "{\"a\":\"x}", JSON_SYNTAX },
	{ "{\"a\":\"\\x\"}", JSON_SYNTAX }, { "{\"a\":+1}", JSON_SYNTAX },
	{ "\xef\xbb\xbf{}", JSON_SYNTAX },
	{ "{\"a\":\"\xff\"}", JSON_SYNTAX },
	{ "{\"a\":\"\xed\xa0\x80\"}", JSON_SYNTAX },
	{ "{\"a\":\"\xc0\xaf\"}", JSON_SYNTAX },
	{ "{\"\xff\":1}", JSON_SYNTAX },
	{ "[]", JSON_NOT_OBJECT }, { "\"a\"", JSON_NOT_OBJECT },
	{ "1", JSON_NOT_OBJECT }, { "null", JSON_NOT_OBJECT },
	{ "true", JSON_NOT_OBJECT }, { "[[[[[[[[[]]]]]]]]]", JSON_TOO_DEEP },
};

static void
test_parse(void **state UNUSED)
{
	enum json_error error;
	struct json *obj;
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		error = json_parse(cases[i].text, strlen(cases[i].text), 8,
		    &obj);
		if (error != cases[i].error)
			fail_msg("%s: %d", cases[i].text, (int)error);
		assert_int_equal(obj != NULL, error == JSON_OK);
		assert_int_equal(json_is_object(slice_of(cases[i].text), 8),
		    error == JSON_OK);
		json_free(obj);
	}
	assert_false(json_is_object((struct slice){ NULL, 0 }, 8));
	/* Bytes behind n are not looked at; a NUL ends nothing. */
	assert_int_equal(json_parse("{}x", 2, 8, &obj), JSON_OK);
	json_free(obj);
	assert_int_equal(json_parse("{}\0", 3, 8, &obj), JSON_SYNTAX);
	assert_int_equal(json_parse("{}\0{}", 5, 8, &obj), JSON_SYNTAX);
	assert_int_equal(json_parse("{\"a\":\"\0\"}", 9, 8, &obj),
	    JSON_SYNTAX);
	json_free(NULL);
}

static struct json *
parse(const char *text)
{
	struct json *obj;

	assert_int_equal(json_parse(text, strlen(text), 16, &obj), JSON_OK);
	return (obj);
}

static void
test_kinds(void **state UNUSED)
{
	struct json *obj = parse("{\"z\":null,\"b\":true,\"i\":1,\"d\":1.0,"
	    "\"s\":\"x\",\"a\":[],\"o\":{}}");

	assert_int_equal(json_kind_of(obj, "z"), JSON_NULL);
	assert_int_equal(json_kind_of(obj, "b"), JSON_BOOL);
	assert_int_equal(json_kind_of(obj, "i"), JSON_INT);
	assert_int_equal(json_kind_of(obj, "d"), JSON_DOUBLE);
	assert_int_equal(json_kind_of(obj, "s"), JSON_STRING);
	assert_int_equal(json_kind_of(obj, "a"), JSON_ARRAY);
	assert_int_equal(json_kind_of(obj, "o"), JSON_OBJECT);
	assert_int_equal(json_kind_of(obj, "x"), JSON_ABSENT);
	assert_int_equal(json_kind_of(NULL, "x"), JSON_ABSENT);
	json_free(obj);
}

static void
test_strings(void **state UNUSED)
{
	struct json *obj = parse("{\"s\":\"a\\u0000b\",\"i\":1,\"e\":\"\","
	    "\"k\":1,\"k\":\"last\",\"u\":\"\\ud83d\\ude00\","
	    "\"lone\":\"\\ud800\"}");
	struct slice s;

	s = json_get_string(obj, "s");
	assert_int_equal(s.n, 3);
	assert_memory_equal(s.p, "a\0b", 3);
	s = json_get_string(obj, "e");
	assert_non_null(s.p);
	assert_int_equal(s.n, 0);
	assert_null(json_get_string(obj, "i").p);
	assert_null(json_get_string(obj, "x").p);
	assert_null(json_get_string(NULL, "x").p);
	assert_true(slice_is(json_get_string(obj, "k"), "last"));
	assert_true(slice_is(json_get_string(obj, "u"), "\xf0\x9f\x98\x80"));
	/* Half a surrogate pair does not get through as such. */
	s = json_get_string(obj, "lone");
	assert_true(utf8_is_valid(s.p, s.n));
	json_free(obj);
}

static void
test_ints(void **state UNUSED)
{
	struct json *obj = parse("{\"a\":-5,\"b\":9223372036854775806,"
	    "\"c\":9223372036854775808,\"d\":1.0,\"e\":\"1\",\"f\":true,"
	    "\"g\":-9223372036854775809,\"h\":123456789012345678901234567890,"
	    "\"i\":1e3,\"j\":0}");
	static const char *const none[] = {
		"c", "d", "e", "f", "g", "h", "i", "x",
	};
	int64_t n;
	size_t i;

	assert_true(json_get_int(obj, "a", &n));
	assert_int_equal(n, -5);
	assert_true(json_get_int(obj, "b", &n));
	assert_true(n == INT64_MAX - 1);
	assert_true(json_get_int(obj, "j", &n));
	assert_int_equal(n, 0);
	for (i = 0; i < COUNT_OF(none); i++) {
		if (json_get_int(obj, none[i], &n))
			fail_msg("%s", none[i]);
	}
	json_free(obj);
}

static void
test_bools(void **state UNUSED)
{
	struct json *obj = parse("{\"t\":true,\"f\":false,\"n\":null,\"i\":1,"
	    "\"s\":\"true\",\"a\":[true],\"o\":{}}");
	static const char *const none[] = { "f", "n", "i", "s", "a", "o",
	    "absent" };
	size_t i;

	assert_true(json_get_bool(obj, "t"));
	for (i = 0; i < COUNT_OF(none); i++) {
		if (json_get_bool(obj, none[i]))
			fail_msg("%s", none[i]);
	}
	assert_false(json_get_bool(NULL, "t"));
	json_free(obj);
}

static void
test_nested(void **state UNUSED)
{
	struct json *obj = parse("{\"o\":{\"k\":\"v\"},\"a\":[{\"k\":\"w\"},1,"
	    "\"t\"],"
	    "\"s\":\"x\"}");

	assert_true(slice_is(json_get_string(json_get_object(obj, "o"), "k"),
	    "v"));
	assert_null(json_get_object(obj, "a"));
	assert_null(json_get_object(obj, "s"));
	assert_null(json_get_object(obj, "x"));
	assert_int_equal(json_array_length(obj, "a"), 3);
	assert_int_equal(json_array_length(obj, "o"), 0);
	assert_int_equal(json_array_length(obj, "x"), 0);
	assert_true(slice_is(json_get_string(json_array_object(obj, "a", 0),
	    "k"), "w"));
	assert_null(json_array_object(obj, "a", 1));
	assert_null(json_array_object(obj, "a", 3));
	assert_null(json_array_object(obj, "s", 0));
	assert_true(slice_is(json_array_string(obj, "a", 2), "t"));
	assert_null(json_array_string(obj, "a", 0).p);
	assert_null(json_array_string(obj, "a", 1).p);
	assert_null(json_array_string(obj, "a", 3).p);
	assert_null(json_array_string(obj, "s", 0).p);
	assert_null(json_array_string(obj, "x", 0).p);
	json_free(obj);
}

/* Text, and how it stands in a frame. */
static const struct {
	const char	*text;
	const char	*json;
} strings[] = {
	{ "", "\"\"" }, { "a/b", "\"a/b\"" }, { "\"\\", "\"\\\"\\\\\"" },
	{ "\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\"" },
	{ "<b>&", "\"<b>&\"" }, { "\xc3\xa9", "\"\xc3\xa9\"" },
	{ "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
	{ "a\xff" "b", "\"a\xef\xbf\xbd" "b\"" },
	{ "\xc3", "\"\xef\xbf\xbd\"" },
	{ "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
};

static void
test_add_string(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(strings); i++) {
		buf_reset(&b);
		json_add_string(&b, strings[i].text, strlen(strings[i].text));
		assert_string_equal(buf_str(&b), strings[i].json);
	}
	buf_reset(&b);
	json_add_string(&b, "\0", 1);
	assert_string_equal(buf_str(&b), "\"\\u0000\"");
	buf_reset(&b);
	json_add_pair(&b, "a", "b\"");
	buf_add_char(&b, ',');
	json_add_pair(&b, "c", NULL);
	assert_string_equal(buf_str(&b), "\"a\":\"b\\\"\",\"c\":null");
	buf_fini(&b);
}

static void
test_members(void **state UNUSED)
{
	static const char *const skip[] = { "a", "n", NULL };
	struct json *obj = parse("{\"a\":1,\"b\":[1, {\"x\" : \"/\"}],"
	    "\"n\":null,\"s\":\"\\u00e9\\u0000\",\"d\":1.50}");
	struct buf b = { NULL, 0, 0 };

	assert_true(json_add_member(&b, obj, "b"));
	assert_string_equal(buf_str(&b), "[1,{\"x\":\"/\"}]");
	buf_reset(&b);
	assert_true(json_add_member(&b, obj, "n"));
	assert_string_equal(buf_str(&b), "null");
	assert_false(json_add_member(&b, obj, "x"));
	assert_false(json_add_member(&b, NULL, "x"));
	buf_reset(&b);
	json_add_others(&b, obj, skip);
	assert_string_equal(buf_str(&b), ",\"b\":[1,{\"x\":\"/\"}],"
	    "\"s\":\"\xc3\xa9\\u0000\",\"d\":1.50");
	buf_fini(&b);
	json_free(obj);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_ints),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_add_string),
		cmocka_unit_test(test_members),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

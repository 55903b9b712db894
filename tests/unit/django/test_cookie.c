/*
 * The Cookie header: every vector to the action that follows, and the edges of
 * the buffer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/xmalloc.h"
#include "django/cookie.h"
#include "django/session.h"
#include "vectors.h"

static void
assert_reason(struct json_object *v, const char *reason)
{
	const char *want = vectors_str(vectors_get(v, "collabd"), "reason");

	if (want == NULL || strcmp(want, reason) != 0)
		fail_msg("%s: %s, not %s", vectors_str(v, "id"), reason,
		    want == NULL ? "look up" : want);
}

/* Django's own value, where both its readers agree on one. */
static void
assert_django(struct json_object *v, const char *got, long n)
{
	struct json_object *value = vectors_get(v, "django_http_value");
	char want[8192];
	size_t len;

	if (json_object_is_type(value, json_type_object))
		return;
	if (value == NULL) {
		assert_int_equal(n, -1);
		return;
	}
	len = vectors_latin1(json_object_get_string(value), want);
	assert_int_equal(n, len);
	assert_memory_equal(got, want, len);
}

static void
check(struct json_object *v)
{
	struct json_object *headers = vectors_get(v, "headers");
	struct json_object *verdict = vectors_get(v, "collabd");
	struct slice header = { NULL, 0 };
	const char *name = vectors_str(v, "cookie_name"), *text;
	char *wire = NULL, value[8192];
	long n;

	if (json_object_array_length(headers) > 1) {
		/* The request head's parser refuses it. */
		assert_reason(v, "more than one Cookie header");
		return;
	}
	if (json_object_array_length(headers) == 1) {
		text = json_object_get_string(
		    json_object_array_get_idx(headers, 0));
		wire = xmalloc(strlen(text) + 1);
		header = (struct slice){ wire, vectors_latin1(text, wire) };
	}
	n = cookie_value(header, name, value, sizeof(value));
	assert_django(v, value, n);
	/* With the room that a session key has, the answer is the same. */
	n = cookie_value(header, name, value, SESSION_KEY_MAX);
	if (n == -1)
		assert_reason(v, "no session cookie");
	else if (n == -2 || !session_key_is_plausible(
	    (struct slice){ value, (size_t)n }))
		assert_reason(v, "session key not acceptable");
	else {
		assert_string_equal(vectors_str(verdict, "action"), "look up");
		assert_int_equal(n, strlen(vectors_str(verdict,
		    "session_key")));
		assert_memory_equal(value, vectors_str(verdict, "session_key"),
		    n);
	}
	free(wire);
}

static void
test_vectors(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *list;
	size_t i, n;

	list = vectors_kind(all, "cookies", 36);
	n = json_object_array_length(list);
	for (i = 0; i < n; i++)
		check(json_object_array_get_idx(list, i));
	json_object_put(all);
}

static const struct {
	const char	*header;
	size_t		 cap;
	long		 n;
	const char	*value;
} cases[] = {
	{ "s=abcd", 4, 4, "abcd" },
	{ "s=abcde", 4, -2, NULL },
	{ "s=\"abcd\"", 4, 4, "abcd" },
	{ "s=\"abcde\"", 4, -2, NULL },
	{ "s=\"\\141bcd\"", 4, 4, "abcd" },
	{ "s=abcde; s=x", 4, 1, "x" },
	{ "s=x; s=abcde", 4, -2, NULL },
	{ "s=", 0, 0, "" },
	{ "s=\"\"", 4, 0, "" },
	{ "s=\"\\\"", 4, 1, "\\" },		/* a last backslash */
	{ "s=\"a\\\"", 4, 2, "a\\" },
	{ "s=\"\\\\\"", 4, 1, "\\" },
	{ "s=\"\\\"\"", 4, 1, "\"" },
	{ "s=\"\\40\"", 4, 2, "40" },		/* two digits are no octal */
	{ "s=\"\\400\"", 4, 3, "400" },		/* nor is a first 4 */
	{ "s=\"\\3777\"", 4, 2, "\xff" "7" },
	{ "s=\"\\18\"", 4, 2, "18" },
	{ "s==a", 4, 2, "=a" },
	{ "s=a=b", 4, 3, "a=b" },
	{ "=s", 4, -1, NULL },
	{ ";;", 4, -1, NULL },
	{ " ; s=a", 4, 1, "a" },
	{ "s =\x1f" "a\x1c", 4, 1, "a" },
	{ "s=a\x1b", 4, 2, "a\x1b" },		/* ESC is no space */
	{ "S=a", 4, -1, NULL },
	{ "ss=a", 4, -1, NULL },
	{ "%73=a", 4, -1, NULL },
};

static void
test_edges(void **state UNUSED)
{
	char value[64];
	size_t i;
	long n;

	for (i = 0; i < COUNT_OF(cases); i++) {
		memset(value, '#', sizeof(value));
		n = cookie_value(slice_of(cases[i].header), "s", value,
		    cases[i].cap);
		if (n != cases[i].n)
			fail_msg("%s: %ld", cases[i].header, n);
		if (n >= 0)
			assert_memory_equal(value, cases[i].value, n);
		assert_int_equal(value[cases[i].cap], '#');
	}
	/* An escape can make a NUL; it does not end the value. */
	n = cookie_value(SLICE_LIT("s=\"a\\000b\""), "s", value, 8);
	assert_int_equal(n, 3);
	assert_memory_equal(value, "a\0b", 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_edges),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

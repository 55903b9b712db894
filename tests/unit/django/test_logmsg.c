/*
 * Change messages of the admin's log, as every Django writes them, and what
 * others may have put there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compat.h"
#include "django/logmsg.h"

#define L	"\xe2\x80\x9c"	/* left quotation mark */
#define R	"\xe2\x80\x9d"
#define E	"\xe2\x80\xa6"	/* ellipsis */
#define TEN	"0123456789"

static const struct {
	const char	*message;
	const char	*texts;
} cases[] = {
	{ "", "[]" },
	{ "[]", "[]" },
	{ "[{\"added\": {}}]", "[]" },
	{ "[{\"changed\": {\"fields\": [\"Name\", \"Price\"]}}]",
	  "[\"Name\",\"Price\"]" },
	{ "[{\"changed\": {\"fields\": [\"Na\\u00efve \\\"x\\\"\"]}}]",
	  "[\"Na\xc3\xafve \\\"x\\\"\"]" },
	{ "[{\"added\": {}}, {\"added\": {\"name\": \"page\", \"object\": "
	  "\"Page 1\"}}]", "[\"+ page " L "Page 1" R "\"]" },
	{ "[{\"changed\": {\"fields\": [\"Title\"]}}, "
	  "{\"changed\": {\"name\": \"page\", \"object\": \"2\", \"fields\": "
	  "[\"Text\", \"Number\"]}}, "
	  "{\"deleted\": {\"name\": \"page\", \"object\": \"3\"}}]",
	  "[\"Title\",\"page " L "2" R ": Text\",\"page " L "2" R ": Number\","
	  "\"- page " L "3" R "\"]" },
	{ "[{\"changed\": {\"name\": \"page\", \"object\": \"2\", "
	  "\"fields\": []}}]", "[\"page " L "2" R "\"]" },
	{ "[{\"changed\": {\"name\": \"\", \"object\": \"2\"}}]",
	  "[\"" L "2" R "\"]" },
	/* before 1.10, and by hand */
	{ "Changed name and price.", "[\"Changed name and price.\"]" },
	{ "No fields changed.", "[\"No fields changed.\"]" },
	{ "[draft] renamed", "[\"[draft] renamed\"]" },
	{ "{\"changed\": 1}", "[\"{\\\"changed\\\": 1}\"]" },
	{ "\xff\xfe", "[]" },
	/* shapes that Django does not write */
	{ "[1, null, \"x\", [], {}, {\"changed\": []}, {\"changed\": {}}, "
	  "{\"changed\": {\"fields\": \"Name\"}}, {\"other\": {\"fields\": "
	  "[\"x\"]}}]", "[]" },
	{ "[{\"changed\": {\"fields\": [1, null, \"\", {}, \"Name\"]}}]",
	  "[\"Name\"]" },
	{ "[{\"added\": {\"name\": 1, \"object\": \"o\"}}]",
	  "[\"+ " L "o" R "\"]" },
	{ "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
	  "[\"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]\"]" },
	/* long ones */
	{ "[{\"changed\": {\"fields\": [\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN
	  TEN "\"]}}]", "[\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\"]" },
	{ "[{\"changed\": {\"fields\": [\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN
	  TEN "x\"]}}]", "[\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN "0123456" E
	  "\"]" },
	{ "[{\"changed\": {\"fields\": [\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN
	  "012345\xc3\xa9xyz\"]}}]", "[\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN
	  "012345" E "\"]" },
	{ "[{\"changed\": {\"name\": \"" TEN TEN TEN "x\", \"object\": \"" TEN
	  TEN TEN TEN "x\", \"fields\": [\"Text\"]}}]", "[\"" TEN TEN "0123456"
	  E " " L TEN TEN TEN "0123456" E R ": Text\"]" },
};

static void
check(struct slice message, const char *texts)
{
	struct buf b = { 0 };

	buf_add_char(&b, '>');
	logmsg_add_texts(&b, message);
	assert_string_equal(buf_str(&b) + 1, texts);
	buf_fini(&b);
}

static void
test_cases(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++)
		check(slice_of(cases[i].message), cases[i].texts);
	check((struct slice){ NULL, 0 }, "[]");
}

/* The first twenty, over several items. */
static void
test_many(void **state UNUSED)
{
	struct buf in = { 0 }, out = { 0 };
	int i;

	buf_add_char(&in, '[');
	buf_add_char(&out, '[');
	for (i = 0; i < 30; i++) {
		buf_addf(&in, "%s{\"changed\": {\"fields\": [\"a%d\", "
		    "\"b%d\"]}}", i == 0 ? "" : ", ", i, i);
		if (i < LOGMSG_TEXTS_MAX / 2)
			buf_addf(&out, "%s\"a%d\",\"b%d\"", i == 0 ? "" : ",",
			    i, i);
	}
	buf_add_char(&in, ']');
	buf_add_char(&out, ']');
	check((struct slice){ in.p, in.n }, buf_str(&out));
	buf_fini(&in);
	buf_fini(&out);
}

/* A message that is longer than what is read keeps its whole items. */
static void
test_cut(void **state UNUSED)
{
	static const char first[] = "[{\"changed\": {\"fields\": [\"Title\"]}}, "
	    "{\"deleted\": {\"name\": \"page\", \"object\": \"}}\"}}, "
	    "{\"added\": {\"name\": \"page\", \"object\": \"";
	struct buf in = { 0 };
	int tail;

	/* Every way to cut the last character. */
	for (tail = 0; tail < 3; tail++) {
		buf_reset(&in);
		buf_add_str(&in, first);
		while (in.n < LOGMSG_MAX - (size_t)tail)
			buf_add_char(&in, 'x');
		buf_add_str(&in, "\xe2\x82\xac\"}}]");
		check((struct slice){ in.p, in.n },
		    "[\"Title\",\"- page " L "}}" R "\"]");
		/* As the log's reader hands it over. */
		check((struct slice){ in.p, LOGMSG_MAX - (size_t)tail },
		    "[\"Title\",\"- page " L "}}" R "\"]");
	}
	/* Nothing whole is left: no text, and no piece of JSON either. */
	buf_reset(&in);
	buf_add_str(&in, "[{\"changed\": {\"fields\": [\"");
	while (in.n < LOGMSG_MAX + 10)
		buf_add_str(&in, "}}");
	check((struct slice){ in.p, in.n }, "[]");
	/* A sentence is cut as every text. */
	buf_reset(&in);
	while (in.n < LOGMSG_MAX + 10)
		buf_add_str(&in, TEN);
	check((struct slice){ in.p, in.n }, "[\"" TEN TEN TEN TEN TEN TEN TEN
	    TEN TEN "0123456" E "\"]");
	buf_fini(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_cut),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

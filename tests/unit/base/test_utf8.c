/*
 * UTF-8: the table of RFC 3629 section 4 at its borders, every way of cutting
 * text into two, and all of one to three bytes against an own decoder.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/compat.h"
#include "base/utf8.h"

static const struct {
	const char	*text;
	bool		 ok;
} cases[] = {
	{ "", true }, { "a", true }, { "\x7f", true },
	{ "\xc2\x80", true }, { "\xdf\xbf", true },
	{ "\xe0\xa0\x80", true }, { "\xed\x9f\xbf", true },
	{ "\xee\x80\x80", true }, { "\xef\xbf\xbf", true },
	{ "\xf0\x90\x80\x80", true }, { "\xf4\x8f\xbf\xbf", true },
	{ "abcdefgh\xc3\xa9ijklmnop", true },
	{ "\x80", false }, { "\xbf", false }, { "\xc0\x80", false },
	{ "\xc1\xbf", false }, { "\xc2", false }, { "\xc2\x7f", false },
	{ "\xc2\xc0", false }, { "\xe0\x9f\xbf", false },
	{ "\xe0\xa0", false }, { "\xed\xa0\x80", false },
	{ "\xed\xbf\xbf", false }, { "\xf0\x8f\xbf\xbf", false },
	{ "\xf0\x90\x80", false }, { "\xf4\x90\x80\x80", false },
	{ "\xf5\x80\x80\x80", false }, { "\xff", false }, { "\xfe", false },
	{ "abcdefgh\xff", false }, { "abcdefgh\xc3", false },
	{ "\xc3" "abcdefghi", false },
};

static void
test_cases(void **state UNUSED)
{
	struct utf8_state st;
	size_t i, cut, n;
	bool ok;

	for (i = 0; i < COUNT_OF(cases); i++) {
		n = strlen(cases[i].text);
		if (utf8_is_valid(cases[i].text, n) != cases[i].ok)
			fail_msg("case %zu", i);
		for (cut = 0; cut <= n; cut++) {
			memset(&st, 0, sizeof(st));
			ok = utf8_feed(&st, cases[i].text, cut) &&
			    utf8_feed(&st, cases[i].text + cut, n - cut) &&
			    utf8_is_complete(&st);
			if (ok != cases[i].ok)
				fail_msg("case %zu cut at %zu", i, cut);
		}
	}
	assert_true(utf8_is_valid("a\0b", 3));
}

/* The length by arithmetic instead of a table. */
static size_t
sequence(const unsigned char *p, size_t n)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned code;
	size_t len, i;

	if (n == 0)
		return (0);
	if (p[0] < 0x80)
		return (1);
	len = p[0] >= 0xf8 ? 0 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 :
	    p[0] >= 0xc0 ? 2 : 0;
	if (len == 0 || len > n)
		return (0);
	code = p[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (0);
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return (0);
	return (len);
}

static void
test_all_short(void **state UNUSED)
{
	unsigned char p[4];
	unsigned code;
	size_t n;

	for (code = 0; code < 0x1000000; code++) {
		p[0] = (unsigned char)(code >> 16);
		p[1] = (unsigned char)(code >> 8);
		p[2] = (unsigned char)code;
		p[3] = 0x80;
		for (n = 3; n <= 4; n++) {
			if (utf8_sequence((const char *)p, n) !=
			    sequence(p, n))
				fail_msg("%06x, %zu bytes", code, n);
		}
	}
	assert_int_equal(utf8_sequence("", 0), 0);
	assert_int_equal(utf8_sequence("\xc3\xa9", 1), 0);
}

static void
test_cut(void **state UNUSED)
{
	static const struct { const char *text; size_t max, n; } cuts[] = {
		{ "", 0, 0 }, { "abc", 3, 3 }, { "abc", 9, 3 },
		{ "abc", 2, 2 }, { "abc", 0, 0 },
		{ "a\xc3\xa9", 2, 1 }, { "a\xc3\xa9", 3, 3 },
		{ "a\xc3\xa9z", 3, 3 }, { "\xe2\x82\xac", 2, 0 },
		{ "\xf0\x9f\x98\x80x", 3, 0 }, { "\xf0\x9f\x98\x80x", 4, 4 },
		{ "\x80\x80\x80", 2, 0 },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(cuts); i++)
		assert_int_equal(utf8_cut(cuts[i].text,
		    strlen(cuts[i].text), cuts[i].max), cuts[i].n);
	assert_int_equal(utf8_cut(NULL, 0, 4), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_all_short),
		cmocka_unit_test(test_cut),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

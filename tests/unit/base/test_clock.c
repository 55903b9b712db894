/*
 * Times as text: what Python's isoformat() and JavaScript's toISOString()
 * write, and the many things that are not a time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"

#define T	INT64_C(1764000000)	/* 2025-11-24T16:00:00 UTC */

static const struct {
	const char	*text;
	int64_t		 us;
} good[] = {
	{ "2025-11-24T16:00:00+00:00", T * US_PER_SEC },
	{ "2025-11-24T16:00:00", T * US_PER_SEC },
	{ "2025-11-24 16:00", T * US_PER_SEC },
	{ "2025-11-24T16:00:00Z", T * US_PER_SEC },
	{ "2025-11-24T16:00:00.000Z", T * US_PER_SEC },
	{ "2025-11-24T16:00:00.123Z", T * US_PER_SEC + 123000 },
	{ "2025-11-24T16:00:00.123456+00:00", T * US_PER_SEC + 123456 },
	{ "2025-11-24T16:00:00.000001+00:00", T * US_PER_SEC + 1 },
	{ "2025-11-24T16:00:00.1+00:00", T * US_PER_SEC + 100000 },
	{ "2025-11-24T16:00:00.123456789+00:00", T * US_PER_SEC + 123456 },
	{ "2025-11-24T18:30:00+02:30", T * US_PER_SEC },
	{ "2025-11-24T10:30:00-05:30", T * US_PER_SEC },
	{ "2025-11-25T00:00:00+08:00", T * US_PER_SEC },
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1969-12-31T23:59:59.999999Z", -1 },
	{ "2024-02-29T00:00:00Z", INT64_C(1709164800) * US_PER_SEC },
	{ "2000-02-29T00:00:00Z", INT64_C(951782400) * US_PER_SEC },
	{ "9999-12-31T23:59:59Z", INT64_C(253402300799) * US_PER_SEC },
	{ "0001-01-01T00:00:00Z", INT64_C(-62135596800) * US_PER_SEC },
};

static const char *const bad[] = {
	"", "2025", "2025-11-24", "2025-11-24T", "2025-11-24T16",
	"2025-11-24T16:0", "2025-11-24T16:00:", "2025-11-24T16:00:0",
	"2025-11-24T16:00:00.", "2025-11-24T16:00:00.Z",
	"2025-11-24T16:00:00.1234567890Z", "2025-11-24T16:00:00+",
	"2025-11-24T16:00:00+0", "2025-11-24T16:00:00+00",
	"2025-11-24T16:00:00+0000", "2025-11-24T16:00:00+24:00",
	"2025-11-24T16:00:00+00:60", "2025-11-24T16:00:00+00:00x",
	"2025-11-24T16:00:00Zx", "2025-11-24T16:00:00 ",
	" 2025-11-24T16:00:00", "2025-11-24x16:00:00", "2025/11/24T16:00:00",
	"2025-13-01T00:00:00", "2025-00-01T00:00:00", "2025-01-00T00:00:00",
	"2025-02-29T00:00:00", "2100-02-29T00:00:00", "2025-02-31T00:00:00",
	"2025-04-31T00:00:00", "2025-01-32T00:00:00", "2025-01-01T24:00:00",
	"2025-01-01T00:60:00", "2025-01-01T00:00:60", "0000-01-01T00:00:00",
	"-025-01-01T00:00:00", "+2025-01-01T00:00:00", "20250-1-01T00:00:00",
	"2025-1-01T00:00:00", "yesterday", "1764000000", "null",
};

static void
test_parse(void **state UNUSED)
{
	int64_t us;
	size_t i;

	for (i = 0; i < COUNT_OF(good); i++) {
		us = 42;
		if (!clock_parse_iso(good[i].text, &us) || us != good[i].us)
			fail_msg("%s: %lld", good[i].text, (long long)us);
	}
	for (i = 0; i < COUNT_OF(bad); i++) {
		if (clock_parse_iso(bad[i], &us))
			fail_msg("%s is taken", bad[i]);
	}
}

static void
test_format(void **state UNUSED)
{
	char text[CLOCK_ISO_SIZE];
	int64_t us;
	size_t i;

	assert_string_equal(clock_format_iso(T * US_PER_SEC + 5, text),
	    "2025-11-24T16:00:00.000005+00:00");
	assert_string_equal(clock_format_iso(-1, text),
	    "1969-12-31T23:59:59.999999+00:00");
	assert_string_equal(clock_format_iso(0, text),
	    "1970-01-01T00:00:00.000000+00:00");
	for (i = 0; i < COUNT_OF(good); i++) {
		assert_true(clock_parse_iso(
		    clock_format_iso(good[i].us, text), &us));
		assert_true(us == good[i].us);
	}
}

static void
test_clocks(void **state UNUSED)
{
	int64_t before = clock_mono_us(), ms = clock_mono_ms();

	assert_true(ms >= before / US_PER_MS);
	assert_true(clock_mono_us() >= ms * US_PER_MS);
	/* After this was written, before the text form ends. */
	assert_true(clock_wall_us() > T * US_PER_SEC);
	assert_true(clock_wall_us() < INT64_C(253402300799) * US_PER_SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_clocks),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

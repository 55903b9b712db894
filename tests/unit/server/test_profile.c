/*
 * Profiles: the same text is the same profile, for as long as it is held.
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
#include "server/profile.h"

#define N	1000

static void
test_same_text(void **state UNUSED)
{
	static const struct slice texts[] = {
		SLICE_LIT("ann"), SLICE_LIT("bob"), SLICE_LIT("an"),
		SLICE_LIT("ann\0"), SLICE_LIT(""), SLICE_LIT("anna"),
		SLICE_LIT("\xff"),
	};
	struct profile *held[COUNT_OF(texts)];
	struct profiles *profiles = profiles_new();
	char other[] = "ann";
	size_t i, j;

	for (i = 0; i < COUNT_OF(texts); i++)
		held[i] = profile_get(profiles, texts[i]);
	for (i = 0; i < COUNT_OF(texts); i++) {
		struct slice text = profile_text(held[i]);

		assert_int_equal(text.n, texts[i].n);
		assert_memory_equal(text.p, texts[i].p, text.n);
		for (j = 0; j < i; j++)
			assert_ptr_not_equal(held[i], held[j]);
	}
	/* The text is what counts, and it is a copy. */
	assert_ptr_equal(profile_get(profiles, slice_of(other)), held[0]);
	other[0] = 'x';
	assert_memory_equal(profile_text(held[0]).p, "ann", 3);
	profile_put(profiles, held[0]);
	assert_memory_equal(profile_text(held[0]).p, "ann", 3);
	for (i = 0; i < COUNT_OF(texts); i++)
		profile_put(profiles, held[i]);
	profile_put(profiles, NULL);
	profiles_free(profiles);
}

/* Taken and given back in any order; what is given back last is gone, which the
 * sanitizer and profiles_free() see. */
static void
test_many(void **state UNUSED)
{
	static struct profile *held[N];
	struct profiles *profiles = profiles_new();
	char text[16];
	size_t i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < N; i++) {
			(void)snprintf(text, sizeof(text), "%zu", i * 7 % 100);
			held[i] = profile_get(profiles, slice_of(text));
			if (i >= 100)
				assert_ptr_equal(held[i], held[i - 100]);
		}
		for (i = 0; i < N; i++)
			profile_put(profiles, held[(i * 7 + round) % N]);
	}
	profiles_free(profiles);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_text),
		cmocka_unit_test(test_many),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * Snapshots: what goes into the shared cache comes out the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/roomcache.h"
#include "shm/cache.h"

#define NOW	INT64_C(1764000000000000)

static struct shm *shm;
static int slot;

static bool
same(struct slice a, const char *text)
{
	return (text == NULL ? a.p == NULL : slice_is(a, text));
}

static void
test_round_trip(void **state)
{
	struct store_snapshot from = { .epoch = 5, .seq = 9,
	    .editor = SLICE_LIT("{\"editor_id\": 1}"),
	    .previous = SLICE_LIT("7"), .previous_ttl_ms = 30000,
	    .state = { "", 0 } }, view;
	struct snapshot a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	snapshot_set(&a, &from, NOW);
	snapshot_to_cache(&a, shm, slot, "e:shop/item/7", 1);
	assert_true(snapshot_from_cache(&b, shm, "e:shop/item/7", 1));
	view = snapshot_view(&b, NOW + 10000000);
	assert_true(view.epoch == 5 && view.seq == 9);
	assert_true(same(view.editor, "{\"editor_id\": 1}"));
	assert_true(same(view.previous, "7"));
	assert_true(same(view.state, ""));
	assert_true(same(view.modified, NULL));
	/* Time goes on in the cache. */
	assert_int_equal(view.previous_ttl_ms, 20000);
	assert_true(snapshot_part_is(&b, SNAPSHOT_PREVIOUS, SLICE_LIT("7")));
	assert_false(snapshot_part_is(&b, SNAPSHOT_PREVIOUS, SLICE_LIT("8")));
	assert_true(snapshot_part_is(&b, SNAPSHOT_MODIFIED,
	    (struct slice){ NULL, 0 }));
	assert_false(snapshot_part_is(&b, SNAPSHOT_STATE,
	    (struct slice){ NULL, 0 }));
	assert_false(snapshot_from_cache(&b, shm, "e:shop/item/8", 1));
	/* Of a Redis that is no more. */
	assert_false(snapshot_from_cache(&b, shm, "e:shop/item/7", 2));
	snapshot_fini(&a);
	snapshot_fini(&b);
}

static void
test_previous_for_ever(void **state)
{
	struct store_snapshot from = { .epoch = 1, .seq = 1,
	    .previous = SLICE_LIT("7"), .previous_ttl_ms = -1 };
	struct snapshot a;

	(void)state;
	memset(&a, 0, sizeof(a));
	snapshot_set(&a, &from, NOW);
	assert_int_equal(snapshot_view(&a, NOW * 2).previous_ttl_ms, -1);
	from.previous = (struct slice){ NULL, 0 };
	snapshot_set(&a, &from, NOW);
	assert_int_equal(snapshot_view(&a, NOW).previous_ttl_ms, -2);
	snapshot_fini(&a);
}

/* The end of one head start, told again and again, does not wander with the
 * time that an answer takes. */
static void
test_previous_stays(void **state)
{
	struct store_snapshot from = { .epoch = 1, .seq = 1,
	    .previous = SLICE_LIT("7"), .previous_ttl_ms = 5000 };
	struct snapshot a;

	(void)state;
	memset(&a, 0, sizeof(a));
	snapshot_set(&a, &from, NOW);
	assert_int_equal(a.previous_until_us, NOW + 5000000);
	/* Two seconds later, half a second late. */
	from.previous_ttl_ms = 3000;
	snapshot_set(&a, &from, NOW + 2500000);
	assert_int_equal(a.previous_until_us, NOW + 5000000);
	from.previous_ttl_ms = 2900;
	snapshot_set(&a, &from, NOW + 1700000);
	assert_int_equal(a.previous_until_us, NOW + 5000000);
	/* A new one of the same user, and one of another. */
	from.previous_ttl_ms = 5000;
	snapshot_set(&a, &from, NOW + 1500000);
	assert_int_equal(a.previous_until_us, NOW + 6500000);
	from.previous = SLICE_LIT("8");
	snapshot_set(&a, &from, NOW + 1600000);
	assert_int_equal(a.previous_until_us, NOW + 6600000);
	from.previous_ttl_ms = -1;
	snapshot_set(&a, &from, NOW);
	assert_int_equal(a.previous_until_us, INT64_MAX);
	from.previous_ttl_ms = 5000;
	snapshot_set(&a, &from, NOW);
	assert_int_equal(a.previous_until_us, NOW + 5000000);
	from.previous = (struct slice){ NULL, 0 };
	snapshot_set(&a, &from, NOW);
	assert_int_equal(a.previous_until_us, 0);
	snapshot_fini(&a);
}

/* What does not fit is not there, rather than there in part; nor is what was
 * there before. */
static void
test_too_large(void **state)
{
	static char big[CACHE_VALUE_MAX];
	struct store_snapshot from = { .epoch = 1, .seq = 1,
	    .editor = SLICE_LIT("small") };
	struct snapshot a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	snapshot_set(&a, &from, NOW);
	snapshot_to_cache(&a, shm, slot, "e:big", 1);
	assert_true(snapshot_from_cache(&b, shm, "e:big", 1));
	memset(big, 'x', sizeof(big));
	from.seq = 2;
	from.editor = (struct slice){ big, sizeof(big) };
	snapshot_set(&a, &from, NOW);
	snapshot_to_cache(&a, shm, slot, "e:big", 1);
	assert_false(snapshot_from_cache(&b, shm, "e:big", 1));
	snapshot_fini(&a);
	snapshot_fini(&b);
}

#define OF_NONSENSE	UINT64_C(0x4141414141414141)	/* its generation */

/* Another process wrote it: lengths that do not fit are no value. */
static void
test_nonsense_in_the_cache(void **state)
{
	struct cache_value value;
	struct snapshot a;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&value, 0x41, sizeof(value));
	value.epoch = 1;
	value.seq = 1;
	value.n = 100;
	assert_true(cache_put(shm, slot, slice_of("e:odd"), &value));
	assert_false(snapshot_from_cache(&a, shm, "e:odd", OF_NONSENSE));
	value.seq = 2;
	value.n = 3;
	assert_true(cache_put(shm, slot, slice_of("e:odd"), &value));
	assert_false(snapshot_from_cache(&a, shm, "e:odd", OF_NONSENSE));
	snapshot_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_previous_for_ever),
		cmocka_unit_test(test_previous_stays),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_nonsense_in_the_cache),
	};
	struct shm_geometry geometry = { 64, 2, 1 };
	int rc;

	if ((shm = shm_new(&geometry)) == NULL)
		return (1);
	slot = shm_slot_claim(shm);
	shm_slot_start(shm, slot, getpid());
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	shm_free(shm);
	return (rc);
}

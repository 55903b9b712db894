/*
 * Turnovers of all small sizes, played to their end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compat.h"
#include "process/turnover.h"

#define MOST	9

static unsigned long seed = 1;

/* Of the state as it is, whatever came before: 0 to n. */
static size_t
some(size_t n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return ((size_t)((seed >> 33) % (n + 1)));
}

static size_t
alive(const struct turnover *t)
{
	return (t->begun + t->old + t->leaving);
}

/* One step of the master, then something happens: workers end, begin to accept
 * or, if they may, die. The number of those told to leave. */
static size_t
play(struct turnover *t, bool may_die)
{
	size_t leaves = turnover_leaves(t), forks, dead;

	assert_true(leaves <= t->old);
	t->old -= leaves;
	t->leaving += leaves;
	forks = turnover_forks(t);
	t->begun += forks;
	assert_true(t->begun <= t->wanted);
	assert_true(forks == 0 || alive(t) <= t->limit);
	t->leaving -= some(t->leaving);
	t->accepting += some(t->begun - t->accepting);
	if (may_die && t->begun != 0 && some(2) == 0) {
		dead = 1 + some(t->begun - 1);
		t->begun -= dead;
		if (t->accepting > t->begun)
			t->accepting = t->begun;
	}
	return (leaves);
}

/* Returns how many waves of old ones left. */
static unsigned
turn_over(size_t limit, size_t wanted, size_t old, bool may_die)
{
	struct turnover t = { .limit = limit, .wanted = wanted, .old = old };
	size_t floor = wanted / 2 < old ? wanted / 2 : old, before;
	unsigned waves = 0, rounds;

	/* What the new limit has no place for has to go at once. */
	if (old >= limit && limit - 1 < floor)
		floor = limit - 1;
	for (rounds = 0; t.old + t.leaving != 0 || t.accepting < wanted;
	    rounds++) {
		assert_true(rounds < 10000);
		before = t.accepting + t.old;
		waves += play(&t, may_die && rounds < 50) != 0;
		/* Deaths apart, at least half of them serve. */
		if (!may_die && before >= floor)
			assert_true(t.accepting + t.old >= floor);
	}
	assert_int_equal(t.begun, wanted);
	return (waves);
}

static void
test_all_sizes(void **state)
{
	size_t limit, wanted, old;
	unsigned i, waves;

	(void)state;
	for (limit = 1; limit <= 2 * MOST; limit++)
		for (wanted = 1; wanted <= limit; wanted++)
			for (old = 1; old <= MOST; old++)
				for (i = 0; i < 20; i++) {
					waves = turn_over(limit, wanted, old,
					    false);
					assert_true(waves <= 3);
					if (limit >= wanted + old)
						assert_true(waves == 1);
				}
}

/* Never over the limit, and it goes on when they no longer die. */
static void
test_deaths(void **state)
{
	size_t limit, wanted, old;
	unsigned i;

	(void)state;
	for (limit = 1; limit <= 2 * MOST; limit++)
		for (wanted = 1; wanted <= limit; wanted++)
			for (old = 1; old <= MOST; old++)
				for (i = 0; i < 20; i++)
					(void)turn_over(limit, wanted, old,
					    true);
}

/* As long as no new one has shown that it can work, one old one has left; with
 * place for a new one beside them, none. */
static void
test_new_ones_that_never_accept(void **state)
{
	struct turnover t;
	size_t old, limit;
	unsigned i;

	(void)state;
	for (old = 1; old <= MOST; old++)
		for (limit = old; limit <= 2 * old; limit++) {
			t = (struct turnover){ .limit = limit, .wanted = old,
			    .old = old };
			for (i = 0; i < 100; i++) {
				(void)play(&t, true);
				t.accepting = 0;
			}
			assert_int_equal(t.old, limit == old ? old - 1 : old);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sizes),
		cmocka_unit_test(test_deaths),
		cmocka_unit_test(test_new_ones_that_never_accept),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

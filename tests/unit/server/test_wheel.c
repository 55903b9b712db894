/*
 * The timer wheel on a clock of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compat.h"
#include "server/wheel.h"

#define N	1000

struct timer {
	struct wheel_entry entry;
	int64_t	due_ms;
	int64_t	ran_ms;		/* 0: not yet */
	unsigned times;
};

static struct wheel wheel;
static struct timer timers[N];
static int64_t now_ms;

static void
on_due(struct wheel_entry *entry, void *arg)
{
	struct timer *t = (struct timer *)(void *)entry;

	assert_ptr_equal(arg, &wheel);
	assert_true(now_ms >= t->due_ms);
	t->ran_ms = now_ms;
	t->times++;
}

static int
setup(void **state)
{
	(void)state;
	memset(timers, 0, sizeof(timers));
	now_ms = 5000123;
	wheel_init(&wheel, now_ms);
	return (0);
}

static void
run_until(int64_t end_ms)
{
	for (; now_ms <= end_ms; now_ms += 1000)
		wheel_run(&wheel, now_ms, on_due, &wheel);
}

/* Every timer runs once, never early, and at most two seconds late: also those
 * that lie several rounds away. */
static void
test_all_run_in_time(void **state)
{
	size_t i;

	(void)state;
	srandom(7);
	for (i = 0; i < N; i++) {
		timers[i].due_ms = now_ms + random() % 300000;
		wheel_add(&wheel, &timers[i].entry, timers[i].due_ms);
	}
	run_until(now_ms + 310000);
	for (i = 0; i < N; i++) {
		assert_int_equal(timers[i].times, 1);
		assert_true(timers[i].ran_ms - timers[i].due_ms <= 2000);
	}
}

static void
test_moving_and_removing(void **state)
{
	(void)state;
	timers[0].due_ms = now_ms + 50000;
	wheel_add(&wheel, &timers[0].entry, now_ms + 2000);
	wheel_add(&wheel, &timers[0].entry, timers[0].due_ms);
	wheel_add(&wheel, &timers[1].entry, now_ms + 3000);
	wheel_remove(&wheel, &timers[1].entry);
	wheel_remove(&wheel, &timers[1].entry);
	run_until(now_ms + 60000);
	assert_int_equal(timers[0].times, 1);
	assert_int_equal(timers[1].times, 0);
}

static void
on_due_meddle(struct wheel_entry *entry, void *arg)
{
	struct timer *t = (struct timer *)(void *)entry;

	(void)arg;
	t->times++;
	/* Ends its neighbour, and comes again itself. */
	if (t == &timers[0]) {
		wheel_remove(&wheel, &timers[1].entry);
		wheel_add(&wheel, &timers[0].entry, now_ms + 10000);
	}
}

static void
test_meddling_in_a_run(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		wheel_add(&wheel, &timers[i].entry, now_ms + 2000);
	for (i = 0; i < 15; i++, now_ms += 1000)
		wheel_run(&wheel, now_ms, on_due_meddle, NULL);
	assert_int_equal(timers[0].times, 2);
	assert_int_equal(timers[1].times, 0);
	assert_int_equal(timers[2].times, 1);
}

/* A loop that hung for longer than a round loses nothing. */
static void
test_long_pause(void **state)
{
	(void)state;
	timers[0].due_ms = now_ms + 5000;
	timers[1].due_ms = now_ms + 63000;
	wheel_add(&wheel, &timers[0].entry, timers[0].due_ms);
	wheel_add(&wheel, &timers[1].entry, timers[1].due_ms);
	now_ms += 500000;
	wheel_run(&wheel, now_ms, on_due, &wheel);
	assert_int_equal(timers[0].times, 1);
	assert_int_equal(timers[1].times, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_run_in_time, setup),
		cmocka_unit_test_setup(test_moving_and_removing, setup),
		cmocka_unit_test_setup(test_meddling_in_a_run, setup),
		cmocka_unit_test_setup(test_long_pause, setup),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

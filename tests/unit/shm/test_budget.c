/*
 * The budget: places and limits, and that a waiter is woken: by a give, by
 * the release of a dead worker, and past a waiter whose limit is smaller.
 */
#include "helpers.h"

#include "base/clock.h"

/* Where a waiter says that it is about to sleep; -1: says nothing. */
static int waiting_fd = -1;

/* What happens in the next step of this process. */
static void (*hook)(struct shm *);
static struct shm *shared;

void
shm_test_step(void)
{
	void (*run)(struct shm *) = hook;

	hook = NULL;
	if (run != NULL)
		run(shared);
	if (waiting_fd != -1)
		(void)!write(waiting_fd, "", 1);
}

static void
test_places(void **state)
{
	struct shm *shm = shm_make(64, 3, 4);
	int i;

	(void)state;
	assert_false(budget_take(shm, 0, 0, FAR_MS + clock_mono_ms()));
	assert_int_equal(budget_in_use(shm), 0);
	for (i = 0; i < 4; i++) {
		assert_true(budget_take(shm, i % 3, 99, 0));
		assert_int_equal(budget_in_use(shm), i + 1);
	}
	assert_false(budget_take(shm, 0, 99, 0));
	assert_false(budget_take(shm, 0, 99, clock_mono_ms() + 5));
	budget_give(shm, 0);
	assert_int_equal(budget_in_use(shm), 3);
	budget_give(shm, 0);
	budget_give(shm, 0);	/* not its own: nobody loses one */
	assert_int_equal(budget_in_use(shm), 2);
	budget_give_all(shm, 1);
	budget_give_all(shm, 1);
	assert_int_equal(budget_in_use(shm), 1);
	budget_give(shm, 2);
	assert_int_equal(budget_in_use(shm), 0);
	shm_free(shm);
}

/* A smaller limit after a reload waits until fewer are in use. */
static void
test_limits(void **state)
{
	struct shm *shm = shm_make(64, 2, 8);
	int i;

	(void)state;
	for (i = 0; i < 6; i++)
		assert_true(budget_take(shm, 0, 6, 0));
	assert_false(budget_take(shm, 1, 3, 0));
	for (i = 6; i > 3; i--) {
		budget_give(shm, 0);
		assert_false(budget_take(shm, 1, 3, 0));
	}
	budget_give(shm, 0);
	assert_true(budget_take(shm, 1, 3, 0));
	assert_false(budget_take(shm, 1, 3, 0));
	assert_true(budget_take(shm, 0, 6, 0));
	assert_int_equal(budget_in_use(shm), 4);
	shm_free(shm);
}

/* Forks a waiter; returns when it is about to sleep (or past it: both are
 * right). It exits with 0 once it has its place. */
static pid_t
waiter_make(struct shm *shm, int slot, unsigned limit)
{
	char c;
	int fd[2];
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	if ((pid = child_fork()) == 0) {
		waiting_fd = fd[1];
		_exit(budget_take(shm, slot, limit,
		    clock_mono_ms() + FAR_MS) ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(read(fd[0], &c, 1), 1);
	close(fd[1]);
	/* Its further steps find no reader: SIGPIPE is ignored in main(). */
	close(fd[0]);
	return (pid);
}

static void
test_give_wakes(void **state)
{
	struct shm *shm = shm_make(64, 3, 1);
	pid_t pid;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		assert_true(budget_take(shm, 0, 1, 0));
		pid = waiter_make(shm, 1, 1);
		budget_give(shm, 0);
		assert_int_equal(child_wait(pid), 0);
		assert_int_equal(budget_in_use(shm), 1);
		budget_give(shm, 1);
	}
	shm_free(shm);
}

static void
give_inside(struct shm *shm)
{
	budget_give(shm, 0);
}

static void
take_inside(struct shm *shm)
{
	assert_true(budget_take(shm, 0, 2, 0));
}

/* A place is freed after a waiter looked and before it sleeps; and taken after
 * it looked and before it takes. */
static void
test_in_between(void **state)
{
	(void)state;
	shared = shm_make(64, 2, 2);
	assert_true(budget_take(shared, 0, 1, 0));
	hook = give_inside;
	assert_true(budget_take(shared, 1, 1, clock_mono_ms() + FAR_MS));
	assert_null(hook);
	assert_int_equal(budget_in_use(shared), 1);
	budget_give(shared, 1);
	hook = take_inside;
	assert_true(budget_take(shared, 1, 2, 0));
	assert_int_equal(budget_in_use(shared), 2);
	budget_give(shared, 0);
	budget_give(shared, 1);
	assert_int_equal(budget_in_use(shared), 0);
	shm_free(shared);
}

static void
test_release_wakes(void **state)
{
	struct shm *shm = shm_make(64, 4, 2);
	int dead = slot_make(shm), i;
	pid_t pid[2];

	(void)state;
	assert_true(budget_take(shm, dead, 2, 0));
	assert_true(budget_take(shm, dead, 2, 0));
	for (i = 0; i < 2; i++)
		pid[i] = waiter_make(shm, 2, 2);
	shm_slot_release(shm, dead, true);
	for (i = 0; i < 2; i++)
		assert_int_equal(child_wait(pid[i]), 0);
	assert_int_equal(budget_in_use(shm), 2);
	shm_free(shm);
}

/* One waiter may not use the place that is freed; the other one must get it,
 * in whichever order they sleep. */
static void
test_mixed_limits_wake(void **state)
{
	struct shm *shm;
	pid_t small, large;
	int order;

	(void)state;
	for (order = 0; order < 20; order++) {
		shm = shm_make(64, 3, 4);
		assert_true(budget_take(shm, 0, 4, 0));
		assert_true(budget_take(shm, 0, 4, 0));
		assert_true(budget_take(shm, 0, 4, 0));
		assert_true(budget_take(shm, 0, 4, 0));
		if (order % 2 == 0)
			large = waiter_make(shm, 2, 4);
		small = waiter_make(shm, 1, 2);
		if (order % 2 != 0)
			large = waiter_make(shm, 2, 4);
		budget_give(shm, 0);
		assert_int_equal(child_wait(large), 0);
		budget_give(shm, 0);
		budget_give(shm, 0);
		budget_give(shm, 0);
		assert_int_equal(child_wait(small), 0);
		assert_int_equal(budget_in_use(shm), 2);
		shm_free(shm);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_give_wakes),
		cmocka_unit_test(test_in_between),
		cmocka_unit_test(test_release_wakes),
		cmocka_unit_test(test_mixed_limits_wake),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * Several processes at once on one region: no read is ever torn, a room's seq
 * never goes back, a put is never followed by an older read, no more places
 * are taken than there are; and all that while processes are killed at random.
 */
#include "helpers.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <pthread.h>

#include "base/clock.h"

enum {
	WRITERS = 4,
	KEYS = 12,	/* few: nothing is evicted, so seq must not go back */
	MANY = 3000,	/* more than there are entries */
	TURNS = TEST_SLOW ? 4000 : 30000,
	KILLS = TEST_SLOW ? 30 : 150,
	PLACES = 3,
	THREADS = 3,
	TAKES = TEST_SLOW ? 300 : 2000,
};

/* What the children share besides the region. */
struct score {
	_Atomic uint64_t seq[KEYS];
	_Atomic int	 taken;
	_Atomic int	 taken_max;
};

static struct score *
score_make(void)
{
	struct score *score = mmap(NULL, sizeof(*score),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(score != MAP_FAILED);
	return (score);
}

static uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return ((uint32_t)(*seed >> 33));
}

/* One of the writers; the exit status says what went wrong. */
static int
run_writer(struct shm *shm, int slot, struct score *score)
{
	uint64_t seed = (uint64_t)slot + 1, last[KEYS] = { 0 }, seq;
	char text[32];
	int turn, k;

	shm_slot_start(shm, slot, getpid());
	for (turn = 0; turn < TURNS; turn++) {
		k = (int)(next_random(&seed) % KEYS);
		switch (next_random(&seed) % 16) {
		case 0:
			cache_drop(shm, slot, key_of(text, k));
			break;
		case 1: case 2: case 3: case 4: case 5: case 6: case 7:
			seq = atomic_fetch_add(&score->seq[k], 1) + 1;
			(void)put_value(shm, slot, k, 1, seq);
			if (seq > last[k])
				last[k] = seq;
			__attribute__((__fallthrough__));
		default:
			seq = get_seq(shm, k);
			if (seq == UINT64_MAX)
				return (1);	/* torn */
			if (seq != 0 && seq < last[k])
				return (2);	/* went back */
			if (seq != 0)
				last[k] = seq;
		}
	}
	return (0);
}

static void
test_writers(void **state)
{
	struct shm *shm = shm_make(512, WRITERS + 1, 1);
	struct score *score = score_make();
	pid_t pid[WRITERS];
	int i, k;

	(void)state;
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(slot_make(shm), i);
	for (k = 0; k < KEYS; k++) {
		atomic_store(&score->seq[k], 1);
		assert_true(put_value(shm, WRITERS, k, 1, 1));
	}
	for (i = 0; i < WRITERS; i++) {
		if ((pid[i] = child_fork()) == 0)
			_exit(run_writer(shm, i, score));
	}
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(child_wait(pid[i]), 0);
	assert_true(counters_sum(shm, COUNTER_CACHE_HITS) > TURNS);
	print_message("hits %jd, misses %jd, busy %jd\n",
	    (intmax_t)counters_sum(shm, COUNTER_CACHE_HITS),
	    (intmax_t)counters_sum(shm, COUNTER_CACHE_MISSES),
	    (intmax_t)counters_sum(shm, COUNTER_CACHE_BUSY));
	/* At rest each can be put once more and read by all. */
	for (k = 0; k < KEYS; k++) {
		assert_true(put_value(shm, 0, k, 1,
		    atomic_load(&score->seq[k]) + 1));
		assert_int_equal(get_seq(shm, k),
		    atomic_load(&score->seq[k]) + 1);
	}
	for (i = 0; i < WRITERS; i++) {
		shm_slot_release(shm, i, false);
		assert_whole(shm, i);
	}
	munmap(score, sizeof(*score));
	shm_free(shm);
}

/* Works until it is killed, with evictions, epochs and the budget; says so
 * now and then, which is when the parent kills somebody. */
static void
run_mortal(struct shm *shm, int slot, int fd, uint64_t seed)
{
	char text[32];
	uint64_t seq;
	int k;

	shm_slot_start(shm, slot, getpid());
	for (;;) {
		k = (int)(next_random(&seed) % MANY);
		seq = next_random(&seed) % 1000 + 1;
		(void)put_value(shm, slot, k, 1 + seq % 3, seq);
		if (get_seq(shm, (int)(next_random(&seed) % MANY)) ==
		    UINT64_MAX)
			_exit(1);
		if (next_random(&seed) % 4 == 0)
			cache_drop(shm, slot, key_of(text, k));
		counters_add(shm, slot, COUNTER_FRAMES_IN, 1);
		if (budget_take(shm, slot, PLACES, 0))
			budget_give(shm, slot);
		if (next_random(&seed) % 50 == 0)
			(void)!write(fd, "", 1);
	}
}

static pid_t
mortal_make(struct shm *shm, int slot, const int *fd, uint64_t seed)
{
	char id[SHM_WORKER_ID_MAX + 1];
	pid_t pid;

	(void)snprintf(id, sizeof(id), "w%ju", (uintmax_t)seed);
	shm_slot_set_identity(shm, slot, id);
	if ((pid = child_fork()) == 0)
		run_mortal(shm, slot, fd[1], seed);
	assert_true(pid > 0);
	return (pid);
}

static void
test_killed_at_random(void **state)
{
	struct shm *shm = shm_make(512, WRITERS, PLACES);
	char id[SHM_WORKER_ID_MAX + 1], c;
	pid_t pid[WRITERS];
	int fd[2], i, kills, slot;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(slot_make(shm), i);
		pid[i] = mortal_make(shm, i, fd, (uint64_t)i + 1);
	}
	for (kills = 0; kills < KILLS; kills++) {
		assert_int_equal(read(fd[0], &c, 1), 1);
		slot = kills * 7 % WRITERS;
		kill(pid[slot], SIGKILL);
		assert_int_equal(child_wait(pid[slot]), -SIGKILL);
		shm_slot_release(shm, slot, true);
		assert_true(shm_orphan_take(shm, id));
		assert_int_equal(slot_make(shm), slot);
		pid[slot] = mortal_make(shm, slot, fd, (uint64_t)kills + 99);
	}
	for (i = 0; i < WRITERS; i++) {
		kill(pid[i], SIGKILL);
		assert_int_equal(child_wait(pid[i]), -SIGKILL);
	}
	for (i = 0; i < WRITERS; i++)
		shm_slot_release(shm, i, true);
	print_message("repairs %jd\n",
	    (intmax_t)counters_sum(shm, COUNTER_CACHE_REPAIRS));
	for (i = 0; i < WRITERS; i++)
		assert_whole(shm, i);
	assert_int_equal(budget_in_use(shm), 0);
	close(fd[0]);
	close(fd[1]);
	shm_free(shm);
}

struct taker {
	struct shm	*shm;
	struct score	*score;
	int		 slot;
	bool		 failed;
};

static void *
run_taker(void *arg)
{
	struct taker *taker = arg;
	int i, now;

	for (i = 0; i < TAKES; i++) {
		if (!budget_take(taker->shm, taker->slot, PLACES,
		    clock_mono_ms() + FAR_MS)) {
			taker->failed = true;
			break;
		}
		now = atomic_fetch_add(&taker->score->taken, 1) + 1;
		if (now > atomic_load(&taker->score->taken_max))
			atomic_store(&taker->score->taken_max, now);
		if (i % 8 == 0)
			sched_yield();	/* holds it past others' turns */
		atomic_fetch_sub(&taker->score->taken, 1);
		budget_give(taker->shm, taker->slot);
		counters_add(taker->shm, taker->slot, COUNTER_DB_OPENED, 1);
	}
	return (NULL);
}

static int
run_takers(struct shm *shm, int slot, struct score *score)
{
	struct taker taker[THREADS];
	pthread_t thread[THREADS];
	int i, rc = 0;

	for (i = 0; i < THREADS; i++) {
		taker[i] = (struct taker){ shm, score, slot, false };
		if (pthread_create(&thread[i], NULL, run_taker, &taker[i]))
			return (1);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		if (taker[i].failed)
			rc = 2;
	}
	return (rc);
}

/* Nobody waits in vain (a lost wake-up would time out), and never are more
 * places taken than there are. */
static void
test_budget(void **state)
{
	struct shm *shm = shm_make(64, WRITERS, PLACES + 2);
	struct score *score = score_make();
	pid_t pid[WRITERS];
	int i;

	(void)state;
	for (i = 0; i < WRITERS; i++) {
		if ((pid[i] = child_fork()) == 0)
			_exit(run_takers(shm, i, score));
	}
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(child_wait(pid[i]), 0);
	assert_in_range(atomic_load(&score->taken_max), 1, PLACES);
	assert_int_equal(budget_in_use(shm), 0);
	assert_int_equal(counters_sum(shm, COUNTER_DB_OPENED),
	    WRITERS * THREADS * TAKES);
	munmap(score, sizeof(*score));
	shm_free(shm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_killed_at_random),
		cmocka_unit_test(test_budget),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

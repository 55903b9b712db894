/*
 * The turn: one worker in each interval, whatever becomes of the holder. Time
 * is handed in, so the tests make it pass.
 */
#include "helpers.h"

#include <sys/mman.h>

#include "shm/turn.h"

#define EVERY	1000		/* an interval, in ms */
#define SILENCE	TURN_SILENCE_MS(EVERY)

enum { LIVE, OTHER, VICTIM, SLOTS };

/* Which step of this process is its last; 0: none. */
static int step, last_step;

void
shm_test_step(void)
{
	if (++step == last_step)
		kill(getpid(), SIGKILL);
}

static struct shm *
region_make(void)
{
	struct shm *shm = shm_make(64, SLOTS, 1);
	int i;

	for (i = 0; i < SLOTS; i++)
		assert_int_equal(slot_make(shm), i);
	return (shm);
}

static void
test_rhythm(void **state UNUSED)
{
	struct shm *shm = region_make();
	int64_t now;

	assert_true(turn_take(shm, LIVE, 50000, EVERY));
	assert_false(turn_take(shm, LIVE, 50000, EVERY));
	assert_false(turn_take(shm, OTHER, 50000, EVERY));
	/* A clock that was looked at earlier, too. */
	assert_false(turn_take(shm, OTHER, 49999, EVERY));
	assert_false(turn_take(shm, LIVE, 50874, EVERY));
	assert_true(turn_take(shm, LIVE, 50875, EVERY));	/* in time */
	/* Who uses it keeps it. */
	for (now = 52000; now < 80000; now += EVERY) {
		assert_false(turn_take(shm, OTHER, now, EVERY));
		assert_true(turn_take(shm, LIVE, now, EVERY));
		assert_false(turn_take(shm, OTHER, now + 999, EVERY));
	}
	assert_false(turn_take(shm, LIVE, now, 0));
	shm_free(shm);
}

static void
test_silence(void **state UNUSED)
{
	struct shm *shm = region_make();

	assert_true(turn_take(shm, LIVE, 50000, EVERY));
	assert_false(turn_take(shm, OTHER, 50000 + SILENCE - 1, EVERY));
	assert_true(turn_take(shm, OTHER, 50000 + SILENCE, EVERY));
	/* It comes back, and is not the holder any more. */
	assert_false(turn_take(shm, LIVE, 50000 + SILENCE + EVERY, EVERY));
	assert_true(turn_take(shm, OTHER, 50000 + SILENCE + EVERY, EVERY));
	shm_free(shm);
}

static void
test_give(void **state UNUSED)
{
	struct shm *shm = region_make();

	assert_true(turn_take(shm, LIVE, 50000, EVERY));
	turn_give(shm, OTHER);		/* not its own */
	assert_false(turn_take(shm, OTHER, 51000, EVERY));
	turn_give(shm, LIVE);
	/* Not twice in one interval. */
	assert_false(turn_take(shm, OTHER, 50500, EVERY));
	assert_true(turn_take(shm, OTHER, 51000, EVERY));
	turn_give(shm, LIVE);
	assert_false(turn_take(shm, LIVE, 52000, EVERY));
	/* A worker that drains keeps it until another one asks. */
	shm_slot_set_state(shm, OTHER, SHM_SLOT_DRAINING);
	assert_true(turn_take(shm, OTHER, 52000, EVERY));
	assert_true(turn_take(shm, LIVE, 53000, EVERY));
	assert_false(turn_take(shm, OTHER, 54000, EVERY));
	shm_slot_release(shm, LIVE, true);
	assert_false(turn_take(shm, VICTIM, 53500, EVERY));
	assert_true(turn_take(shm, VICTIM, 54000, EVERY));
	/* Whoever gets a dead one's slot does not get its turn. */
	shm_slot_release(shm, VICTIM, true);
	assert_int_equal(slot_make(shm), LIVE);
	assert_int_equal(slot_make(shm), VICTIM);
	assert_true(turn_take(shm, LIVE, 55000, EVERY));
	shm_free(shm);
}

/* What a stray write may have left there hinders nobody for long. */
static void
test_garbage(void **state UNUSED)
{
	static const uint64_t words[] = {
		UINT64_MAX, UINT64_C(1) << 63, UINT64_MAX & ~UINT64_C(255),
		UINT64_C(50000) << 8 | 200, UINT64_C(255), 1,
	};
	struct shm *shm = region_make();
	size_t i;

	for (i = 0; i < COUNT_OF(words); i++) {
		atomic_store(&shm->common->turn, words[i]);
		turn_give(shm, LIVE);
		if (!turn_take(shm, OTHER, 50000, EVERY))
			assert_true(turn_take(shm, OTHER, 51000, EVERY));
		assert_true(turn_take(shm, OTHER, 53000, EVERY));
		assert_false(turn_take(shm, LIVE, 53000, EVERY));
	}
	shm_free(shm);
}

static void
test_notes(void **state UNUSED)
{
	struct shm *shm = region_make();

	assert_int_equal(turn_mark(shm), 0);
	assert_true(turn_move_mark(shm, 0, 7));
	assert_false(turn_move_mark(shm, 0, 8));	/* another was faster */
	assert_true(turn_move_mark(shm, 7, 3));		/* back, too */
	assert_int_equal(turn_mark(shm), 3);
	assert_false(turn_is_refused(shm));
	assert_false(turn_set_refused(shm, false));
	assert_true(turn_set_refused(shm, true));
	assert_false(turn_set_refused(shm, true));
	assert_true(turn_is_refused(shm));
	/* They outlive the holder. */
	assert_true(turn_take(shm, VICTIM, 50000, EVERY));
	shm_slot_release(shm, VICTIM, true);
	assert_true(turn_is_refused(shm) && turn_mark(shm) == 3);
	assert_true(turn_set_refused(shm, false));
	shm_free(shm);
}

/* Who was at it does not end it. */
static void
test_anew(void **state UNUSED)
{
	struct shm *shm = region_make();
	int64_t first, second;

	assert_true(turn_move_mark(shm, 0, INT64_MAX));
	turn_begin_anew(shm);
	assert_false(turn_move_mark(shm, INT64_MAX, 5));
	first = turn_mark(shm);
	assert_true(first <= 0);
	/* Twice. */
	turn_begin_anew(shm);
	assert_false(turn_move_mark(shm, first, 5));
	second = turn_mark(shm);
	assert_true(second <= 0 && second != first);
	assert_true(turn_move_mark(shm, second, 5));
	atomic_store(&shm->common->turn_mark, INT64_MIN);
	turn_begin_anew(shm);
	assert_true(turn_mark(shm) <= 0 && turn_mark(shm) != INT64_MIN);
	shm_free(shm);
}

/* --- kills --- */

/* Takes the turn, or gives it back, and is killed in the given step. */
static bool
killed_at(struct shm *shm, bool give, int at)
{
	pid_t pid = child_fork();
	int rc;

	if (pid == 0) {
		step = 0;
		last_step = at;
		if (give)
			turn_give(shm, VICTIM);
		else if (!turn_take(shm, VICTIM, 50000, EVERY))
			_exit(1);
		_exit(0);
	}
	assert_true(pid > 0);
	rc = child_wait(pid);
	assert_true(rc == 0 || rc == -SIGKILL);
	return (rc != 0);
}

static void
test_killed_taker(void **state UNUSED)
{
	struct shm *shm;
	bool died = true;
	int at;

	for (at = 1; died; at++) {
		/* Before anybody noticed. */
		shm = region_make();
		died = killed_at(shm, false, at);
		assert_true(turn_take(shm, LIVE, 50000 + SILENCE, EVERY));
		shm_slot_release(shm, VICTIM, true);
		assert_whole(shm, VICTIM);
		assert_false(turn_take(shm, OTHER, 51000 + SILENCE, EVERY));
		assert_true(turn_take(shm, LIVE, 51000 + SILENCE, EVERY));
		shm_free(shm);
		/* After the master did. */
		shm = region_make();
		assert_int_equal(killed_at(shm, false, at), died);
		shm_slot_release(shm, VICTIM, true);
		assert_true(turn_take(shm, LIVE, 51000, EVERY));
		assert_false(turn_take(shm, OTHER, 51000, EVERY));
		shm_free(shm);
	}
	assert_true(at > 3);
}

static void
test_killed_giver(void **state UNUSED)
{
	struct shm *shm;
	bool died = true;
	int at;

	for (at = 1; died; at++) {
		shm = region_make();
		assert_true(turn_take(shm, VICTIM, 50000, EVERY));
		died = killed_at(shm, true, at);
		shm_slot_release(shm, VICTIM, true);
		assert_true(turn_take(shm, LIVE, 51000, EVERY));
		shm_free(shm);
	}
	assert_true(at > 2);
}

/* --- many at once --- */

#define CROWD	4
#define TICKS	(TEST_SLOW ? 400 : 2000)
#define TICK	100		/* ms that a tick of the clock is */
#define TAKES	4000

/* What the processes of the crowd share. */
struct crowd {
	_Atomic int64_t	now_ms;
	_Atomic int64_t	seen_ms[CROWD];	/* each one's last look */
	_Atomic unsigned n_takes;
	_Atomic int64_t	takes[TAKES];	/* when */
};

static void NORETURN
crowd_member(struct shm *shm, struct crowd *c, int slot)
{
	int64_t now, before = 0;

	for (;;) {
		if ((now = atomic_load(&c->now_ms)) == before) {
			(void)sched_yield();
			continue;
		}
		before = now;
		if (turn_take(shm, slot, now, EVERY))
			atomic_store(&c->takes[atomic_fetch_add(&c->n_takes,
			    1) % TAKES], now);
		atomic_store(&c->seen_ms[slot], now);
	}
}

static pid_t
member_start(struct shm *shm, struct crowd *c, int slot)
{
	pid_t pid = child_fork();

	assert_true(pid >= 0);
	if (pid == 0)
		crowd_member(shm, c, slot);
	return (pid);
}

/* Kills one by surprise, and puts another into its slot. */
static void
replace(struct shm *shm, struct crowd *c, int slot, pid_t *pid)
{
	assert_int_equal(kill(*pid, SIGKILL), 0);
	assert_int_equal(child_wait(*pid), -SIGKILL);
	shm_slot_release(shm, slot, true);
	assert_int_equal(slot_make(shm), slot);
	*pid = member_start(shm, c, slot);
}

static void
await_all(struct crowd *c, int64_t now)
{
	int i;

	for (i = 0; i < CROWD; i++) {
		while (atomic_load(&c->seen_ms[i]) != now)
			(void)sched_yield();
	}
}

static int
compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return ((*x > *y) - (*x < *y));
}

/* Never two in an interval; and never none for long, although the one that
 * took it may have been killed before it could say so. */
static void
check_takes(const struct crowd *c, unsigned n_kills)
{
	static int64_t times[TAKES];
	unsigned n = atomic_load(&c->n_takes), i;
	unsigned gaps = 0;

	assert_in_range(n, 1, TAKES);
	for (i = 0; i < n; i++)
		times[i] = atomic_load(&c->takes[i]);
	qsort(times, n, sizeof(times[0]), compare_times);
	for (i = 1; i < n; i++) {
		/* Zeros: killed between counting and saying when. */
		if (times[i - 1] == 0)
			continue;
		assert_true(times[i] - times[i - 1] >= EVERY - EVERY / 8);
		gaps += times[i] - times[i - 1] > EVERY;
	}
	assert_true(gaps <= n_kills);
	assert_true(n + 2 * n_kills >= (unsigned)TICKS * TICK / EVERY);
}

static void
test_crowd(void **state UNUSED)
{
	struct shm *shm = shm_make(64, CROWD, 1);
	struct crowd *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned n_kills = 0;
	pid_t pids[CROWD];
	int i;

	assert_ptr_not_equal(c, MAP_FAILED);
	for (i = 0; i < CROWD; i++) {
		assert_int_equal(slot_make(shm), i);
		pids[i] = member_start(shm, c, i);
	}
	srand(4);
	for (i = 1; i <= TICKS; i++) {
		int64_t now = 100000 + (int64_t)i * TICK;

		atomic_store(&c->now_ms, now);
		if (rand() % 25 == 0) {
			int slot = rand() % CROWD;

			n_kills++;
			replace(shm, c, slot, &pids[slot]);
		}
		await_all(c, now);
	}
	for (i = 0; i < CROWD; i++) {
		(void)kill(pids[i], SIGKILL);
		assert_int_equal(child_wait(pids[i]), -SIGKILL);
	}
	assert_true(n_kills > 0);
	check_takes(c, n_kills);
	(void)munmap(c, sizeof(*c));
	shm_free(shm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rhythm),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_give),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_anew),
		cmocka_unit_test(test_killed_taker),
		cmocka_unit_test(test_killed_giver),
		cmocka_unit_test(test_crowd),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * The kill test: a process is killed by SIGKILL in each step of a write, one
 * run for each step. The others go on, first while the dead one's remains lie
 * about, then after the master has cleaned up, and the state is whole. (Under
 * a sanitizer, where a fork costs much, every third step.)
 */
#include "helpers.h"

#include "base/clock.h"
#include "base/hash.h"

#define ROOMS	512	/* one set in each shard */

enum { LIVE, VICTIM, OTHER, SLOTS };	/* whose slot is which */

/* Which step of this process is its last; 0: none. */
static struct {
	int	at, step;
	int	sig;	/* how it ends */
	int	fd;	/* -1, or where the first step is announced */
} fate = { 0, 0, SIGKILL, -1 };

void
shm_test_step(void)
{
	fate.step++;
	if (fate.fd != -1) {
		(void)!write(fate.fd, "", 1);
		close(fate.fd);
		fate.fd = -1;
	}
	if (fate.step == fate.at)
		kill(getpid(), fate.sig);
}

static int keys[CACHE_WAYS + 1];	/* all of one shard */

static struct shm *
region_make(void)
{
	struct shm *shm = shm_make(ROOMS, SLOTS, 4);
	struct slice key;
	char text[32];
	int i, k;

	for (i = 0; i < SLOTS; i++)
		assert_int_equal(slot_make(shm), i);
	for (i = k = 0; i < CACHE_WAYS + 1; k++) {
		key = key_of(text, k);
		if (hash_bytes(key.p, key.n, shm->seed) % CACHE_SHARDS == 9)
			keys[i++] = k;
	}
	shm_slot_set_identity(shm, VICTIM, "victim");
	counters_add(shm, VICTIM, COUNTER_CONNECTIONS, 77);
	counters_add(shm, VICTIM, COUNTER_FRAMES_IN, 1000);
	return (shm);
}

/* Runs action in a child that dies in step `at`. False if it has not so many
 * steps and ended well. */
static bool
killed_at(struct shm *shm, int (*action)(struct shm *), int at)
{
	pid_t pid;
	int rc;

	if ((pid = child_fork()) == 0) {
		fate.at = at;
		fate.step = 0;
		_exit(action(shm));
	}
	assert_true(pid > 0);
	rc = child_wait(pid);
	assert_true(rc == 0 || rc == -SIGKILL);
	return (rc != 0);
}

static void
assert_orphan(struct shm *shm, const char *name)
{
	char id[SHM_WORKER_ID_MAX + 1];

	assert_true(shm_orphan_take(shm, id));
	assert_string_equal(id, name);
	assert_false(shm_orphan_take(shm, id));
}

/* Every key of the shard can be put and read by the others. */
static void
assert_cache_works(struct shm *shm, uint64_t seq)
{
	int i;

	for (i = 0; i < CACHE_WAYS + 1; i++) {
		assert_int_not_equal(get_seq(shm, keys[i]), UINT64_MAX);
		assert_true(put_value(shm, LIVE, keys[i], 7, seq));
		assert_int_equal(get_seq(shm, keys[i]), seq);
	}
}

/* --- cache_put ----------------------------------------------------------- */

static void
cache_fill(struct shm *shm)
{
	int i;

	for (i = 0; i < CACHE_WAYS; i++) {
		assert_true(put_value(shm, LIVE, keys[i], 7, 20));
		assert_true(put_value(shm, VICTIM, keys[i], 7, 20));
	}
}

static int
put_insert(struct shm *shm)
{
	return (put_value(shm, VICTIM, keys[0], 7, 21) ? 0 : 1);
}

static int
put_evict(struct shm *shm)
{
	return (put_value(shm, VICTIM, keys[CACHE_WAYS], 7, 21) ? 0 : 1);
}

static int
put_epoch(struct shm *shm)
{
	return (put_value(shm, VICTIM, keys[0], 8, 1) ? 0 : 1);
}

/* Each lock is held by the same process: busy for everybody else. */
static int
put_busy(struct shm *shm)
{
	int i;

	for (i = 0; i < CACHE_SHARDS; i++)
		(void)pthread_mutex_lock(&shm->shard[i].lock);
	(void)put_value(shm, VICTIM, keys[0], 7, 22);
	for (i = 0; i < CACHE_SHARDS; i++)
		(void)pthread_mutex_unlock(&shm->shard[i].lock);
	return (0);
}

static const struct {
	const char	*name;
	bool		 filled;
	int		(*action)(struct shm *);
	int		 steps_min;
} writes[] = {
	{ "insert", false, put_insert, 12 },
	{ "update", true, put_insert, 8 },
	{ "eviction", true, put_evict, 12 },
	{ "new epoch", true, put_epoch, 12 },
	{ "busy", true, put_busy, 1 },
};

/* What readers may see of the victim's last write: the value before, the new
 * one, or none; and of the untouched rooms always what was there. */
static void
assert_readable(struct shm *shm, bool filled)
{
	uint64_t seq;
	int i;

	seq = get_seq(shm, keys[0]);
	assert_true(seq <= 1 || seq == 20 || seq == 21);
	seq = get_seq(shm, keys[CACHE_WAYS]);
	assert_true(seq == 0 || seq == 21);
	/* An eviction takes the first: all are as old as a put can make them. */
	for (i = 1; filled && i < CACHE_WAYS; i++)
		assert_int_equal(get_seq(shm, keys[i]), 20);
}

static bool
kill_in_put(size_t which, int at, bool release_first)
{
	struct shm *shm = region_make();
	bool died;

	if (writes[which].filled)
		cache_fill(shm);
	died = killed_at(shm, writes[which].action, at);
	assert_readable(shm, writes[which].filled);
	if (release_first) {
		shm_slot_release(shm, VICTIM, true);
		assert_whole(shm, VICTIM);
		assert_readable(shm, writes[which].filled);
		/* Bits of the others were not touched. */
		assert_cache_works(shm, 30);
	} else {
		assert_cache_works(shm, 30);
		shm_slot_release(shm, VICTIM, true);
	}
	assert_whole(shm, VICTIM);
	assert_cache_works(shm, 31);
	assert_orphan(shm, "victim");
	/* At most one shard was left locked. */
	assert_in_range(counters_sum(shm, COUNTER_CACHE_REPAIRS), 0,
	    writes[which].action == put_busy ? CACHE_SHARDS : 1);
	shm_free(shm);
	return (died);
}

static void
test_cache_put(void **state)
{
	size_t i;
	int at;

	(void)state;
	for (i = 0; i < COUNT_OF(writes); i++) {
		for (at = 1; kill_in_put(i, at, true); at += TEST_STRIDE)
			assert_true(kill_in_put(i, at, false));
		assert_true(at > writes[i].steps_min);
	}
}

/* A writer that hangs in its write, stopped in each step, makes nobody wait and
 * hides nothing newer when it goes on. */
static bool
stop_in_put(size_t which, int at)
{
	struct shm *shm = region_make();
	uint64_t seq;
	int status;
	pid_t pid;

	if (writes[which].filled)
		cache_fill(shm);
	if ((pid = child_fork()) == 0) {
		fate.at = at;
		fate.step = 0;
		fate.sig = SIGSTOP;
		_exit(writes[which].action(shm));
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	(void)put_value(shm, LIVE, keys[0], 7, 25);
	seq = get_seq(shm, keys[0]);
	assert_true(seq == 0 || seq == 25 || seq == 1);
	if (WIFSTOPPED(status)) {
		kill(pid, SIGCONT);
		assert_in_range(child_wait(pid), 0, 1);
	}
	seq = get_seq(shm, keys[0]);
	assert_true(seq == 0 || seq == 25 || seq == 1);
	assert_true(put_value(shm, LIVE, keys[0], 7, 26));
	assert_int_equal(get_seq(shm, keys[0]), 26);
	assert_int_equal(counters_sum(shm, COUNTER_CACHE_REPAIRS), 0);
	shm_slot_release(shm, VICTIM, false);
	assert_whole(shm, VICTIM);
	shm_free(shm);
	return (WIFSTOPPED(status));
}

static void
test_cache_put_stopped(void **state)
{
	size_t i;
	int at;

	(void)state;
	for (i = 0; i < COUNT_OF(writes); i++) {
		for (at = 1; stop_in_put(i, at); at += TEST_STRIDE)
			;
		assert_true(at > writes[i].steps_min);
	}
}

/* Who finds the lock of a dead writer is killed in the repair, too. */
static int
put_other(struct shm *shm)
{
	return (put_value(shm, OTHER, keys[1], 7, 25) ? 0 : 1);
}

static void
test_repair(void **state)
{
	struct shm *shm;
	bool died = true;
	int at, first;

	(void)state;
	for (at = 1; died; at += TEST_STRIDE) {
		for (first = 3; first < 14; first += 5) {
			shm = region_make();
			cache_fill(shm);
			assert_true(killed_at(shm, put_evict, first));
			died = killed_at(shm, put_other, at);
			assert_readable(shm, false);
			assert_cache_works(shm, 30);
			shm_slot_release(shm, OTHER, true);
			shm_slot_release(shm, VICTIM, true);
			assert_whole(shm, VICTIM);
			assert_whole(shm, OTHER);
			assert_cache_works(shm, 31);
			shm_free(shm);
		}
	}
	assert_true(at > 10);
}

/* --- the budget ---------------------------------------------------------- */

static int
take_one(struct shm *shm)
{
	return (budget_take(shm, VICTIM, 1, 0) ? 0 : 1);
}

static int
give_one(struct shm *shm)
{
	budget_give(shm, VICTIM);
	return (0);
}

static int
take_and_give(struct shm *shm)
{
	return (take_one(shm) || give_one(shm));
}

/* A process that waits for the only place, and has begun to. */
static pid_t
waiter_make(struct shm *shm, int slot, int at)
{
	int fd[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(fd), 0);
	if ((pid = child_fork()) == 0) {
		fate.fd = fd[1];
		fate.step = 0;
		fate.at = at;
		_exit(budget_take(shm, slot, 1,
		    clock_mono_ms() + FAR_MS) ? 0 : 1);
	}
	assert_true(pid > 0);
	close(fd[1]);
	assert_int_equal(read(fd[0], &c, 1), 1);
	close(fd[0]);
	return (pid);
}

/* The victim is killed while it takes or gives; a waiter gets the place. */
static bool
kill_in_budget(int (*action)(struct shm *), bool holds, int at)
{
	struct shm *shm = region_make();
	pid_t waiter = 0;
	bool died;

	if (holds) {
		assert_true(budget_take(shm, VICTIM, 1, 0));
		waiter = waiter_make(shm, LIVE, 0);
	}
	died = killed_at(shm, action, at);
	shm_slot_release(shm, VICTIM, true);
	assert_whole(shm, VICTIM);
	if (holds)
		assert_int_equal(child_wait(waiter), 0);
	else
		assert_true(budget_take(shm, LIVE, 1, 0));
	assert_int_equal(budget_in_use(shm), 1);
	budget_give(shm, LIVE);
	assert_int_equal(budget_in_use(shm), 0);
	shm_free(shm);
	return (died);
}

static void
test_budget(void **state)
{
	int at;

	(void)state;
	for (at = 1; kill_in_budget(take_one, false, at); at++)
		;
	assert_true(at > 2);
	for (at = 1; kill_in_budget(take_and_give, false, at); at++)
		;
	assert_true(at > 5);
	for (at = 1; kill_in_budget(give_one, true, at); at++)
		;
	assert_true(at > 3);
}

/* Of two waiters one dies: asleep (at 0), on its way to sleep (1), when it was
 * woken for a place (2), when it has taken it (3). The other gets the place
 * all the same, whichever of them was woken first. */
static void
test_budget_waiter(void **state)
{
	struct shm *shm;
	pid_t victim, other;
	int at, status;

	(void)state;
	for (at = 0; at < 4; at++) {
		shm = region_make();
		assert_true(budget_take(shm, LIVE, 1, 0));
		victim = waiter_make(shm, VICTIM, at);
		other = waiter_make(shm, OTHER, 0);
		if (at == 0)
			kill(victim, SIGKILL);
		budget_give(shm, LIVE);
		if (waitpid(-1, &status, 0) == other) {
			assert_int_equal(status, 0);
			budget_give(shm, OTHER);
			assert_int_equal(child_wait(victim), -SIGKILL);
			shm_slot_release(shm, VICTIM, true);
		} else {
			assert_int_equal(status, SIGKILL);
			shm_slot_release(shm, VICTIM, true);
			assert_int_equal(child_wait(other), 0);
			budget_give(shm, OTHER);
		}
		assert_int_equal(budget_in_use(shm), 0);
		assert_whole(shm, VICTIM);
		shm_free(shm);
	}
}

/* --- names and releases -------------------------------------------------- */

static int
name_set(struct shm *shm)
{
	shm_slot_set_identity(shm, VICTIM, "another name, quite a long one");
	return (0);
}

static void
test_identity(void **state)
{
	char id[SHM_WORKER_ID_MAX + 1];
	struct shm *shm;
	bool died = true;
	int at;

	(void)state;
	for (at = 1; died; at++) {
		shm = region_make();
		died = killed_at(shm, name_set, at);
		shm_slot_release(shm, VICTIM, true);
		assert_true(shm_orphan_take(shm, id));
		assert_string_equal(id, died ? "victim" :
		    "another name, quite a long one");
		assert_int_equal(slot_make(shm), VICTIM);
		shm_slot_release(shm, VICTIM, true);
		assert_false(shm_orphan_take(shm, id));
		shm_free(shm);
	}
	assert_true(at > 3);
}

static int
take_orphan(struct shm *shm)
{
	char id[SHM_WORKER_ID_MAX + 1];

	return (shm_orphan_take(shm, id) ? 0 : 1);
}

static void
test_orphan_take(void **state)
{
	char id[SHM_WORKER_ID_MAX + 1];
	struct shm *shm = region_make();

	(void)state;
	shm_slot_release(shm, VICTIM, true);
	assert_true(killed_at(shm, take_orphan, 1));
	assert_orphan(shm, "victim");
	/* And the place in the ring is good for the next. */
	shm_slot_set_identity(shm, OTHER, "other");
	shm_slot_release(shm, OTHER, true);
	assert_false(killed_at(shm, take_orphan, 2));
	assert_false(shm_orphan_take(shm, id));
	shm_free(shm);
}

static int
release_victim(struct shm *shm)
{
	shm_slot_release(shm, VICTIM, true);
	return (0);
}

/* A release cut short (by the death of the master, after which there would be
 * no other) can be repeated; whoever works meanwhile is not hindered. */
static void
test_release(void **state)
{
	struct shm *shm;
	bool died = true;
	int64_t frames;
	int at;

	(void)state;
	for (at = 1; died; at += at < 12 ? 1 : TEST_STRIDE) {
		shm = region_make();
		cache_fill(shm);
		assert_true(budget_take(shm, VICTIM, 4, 0));
		assert_true(budget_take(shm, VICTIM, 4, 0));
		assert_true(budget_take(shm, LIVE, 4, 0));
		assert_true(killed_at(shm, put_evict, 6));
		died = killed_at(shm, release_victim, at);
		assert_cache_works(shm, 30);
		shm_slot_release(shm, VICTIM, true);
		assert_whole(shm, VICTIM);
		assert_cache_works(shm, 31);
		assert_int_equal(budget_in_use(shm), 1);
		assert_int_equal(counters_sum(shm, COUNTER_CONNECTIONS), 0);
		/* Killed between two additions one figure may be lost. */
		frames = counters_sum(shm, COUNTER_FRAMES_IN);
		assert_true(frames == 1000 || (died && frames == 0));
		assert_orphan(shm, "victim");
		assert_int_equal(slot_make(shm), VICTIM);
		shm_free(shm);
	}
	assert_true(at > COUNTERS_N);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cache_put),
		cmocka_unit_test(test_cache_put_stopped),
		cmocka_unit_test(test_repair),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_budget_waiter),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_orphan_take),
		cmocka_unit_test(test_release),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

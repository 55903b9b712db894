/*
 * The region: geometry, slots and their reuse, names and orphans, balance.
 */
#include "helpers.h"

#include "base/clock.h"

static void (*hook)(void);

void
shm_test_step(void)
{
	void (*run)(void) = hook;

	hook = NULL;
	if (run != NULL)
		run();
}

static void
test_geometry(void **state)
{
	static const struct shm_geometry bad[] = {
		{ 0, 1, 1 }, { 1, 0, 1 }, { 1, 1, 0 },
		{ SHM_ROOMS_MAX + 1, 1, 1 }, { 1, SHM_SLOTS_MAX + 1, 1 },
		{ 1, 1, SHM_PLACES_MAX + 1 }, { SIZE_MAX, 1, 1 },
	};
	static const struct shm_geometry good[] = {
		{ 1, 1, 1 }, { 4096, 8, 8 },
		{ SHM_ROOMS_MAX, SHM_SLOTS_MAX, SHM_PLACES_MAX },
	};
	const struct shm_header *header;
	struct shm *shm;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(bad); i++) {
		errno = 0;
		assert_null(shm_new(&bad[i]));
		assert_int_equal(errno, EINVAL);
	}
	for (i = 0; i < COUNT_OF(good); i++) {
		shm = shm_new(&good[i]);
		assert_non_null(shm);
		header = shm->map;
		assert_int_equal(header->magic, SHM_MAGIC);
		assert_int_equal(header->version, SHM_LAYOUT_VERSION);
		assert_int_equal(header->seed, shm->seed);
		assert_int_equal(shm_slots(shm), good[i].slots);
		assert_true(shm->sets * CACHE_SHARDS * CACHE_WAYS >=
		    good[i].rooms);
		/* The last byte of the plan is within the mapping. */
		assert_true((char *)(shm->rest +
		    shm->sets * CACHE_SHARDS * CACHE_WAYS) ==
		    (char *)shm->map + shm->map_bytes);
		shm_free(shm);
	}
	shm_free(NULL);
}

static void
test_slots(void **state)
{
	struct shm *shm = shm_make(64, 3, 4);
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(shm_slot_claim(shm), i);
		assert_int_equal(shm_slot_state(shm, i), SHM_SLOT_STARTING);
	}
	assert_int_equal(shm_slot_claim(shm), -1);
	shm_slot_start(shm, 1, 4711);
	assert_int_equal(shm_slot_pid(shm, 1), 4711);
	assert_int_equal(shm->self, SHM_SLOT_MASTER);
	shm_slot_set_state(shm, 1, SHM_SLOT_DRAINING);
	assert_int_equal(shm_slot_state(shm, 1), SHM_SLOT_DRAINING);
	shm_slot_release(shm, 1, false);
	assert_whole(shm, 1);
	shm_slot_release(shm, 1, true);		/* twice does nothing */
	assert_int_equal(shm_slot_claim(shm), 1);
	shm_slot_start(shm, 2, getpid());
	assert_int_equal(shm->self, 2);
	/* A strange value is no reason to accept connections. */
	atomic_store(&shm->slot[0].state, 77);
	assert_int_equal(shm_slot_state(shm, 0), SHM_SLOT_DRAINING);
	shm_free(shm);
}

static void
test_orphans(void **state)
{
	struct shm *shm = shm_make(64, 4, 4);
	char id[SHM_WORKER_ID_MAX + 1];
	static const char longest[] = "0123456789abcdef0123456789abcdef";
	int slot;

	(void)state;
	assert_false(shm_orphan_take(shm, id));
	/* One that never got a name, and one that left in order. */
	slot = slot_make(shm);
	shm_slot_release(shm, slot, true);
	slot = slot_make(shm);
	shm_slot_set_identity(shm, slot, "one");
	shm_slot_release(shm, slot, false);
	assert_false(shm_orphan_take(shm, id));
	/* The latest name counts, and the slot's next owner has none of it. */
	slot = slot_make(shm);
	shm_slot_set_identity(shm, slot, "two");
	shm_slot_set_identity(shm, slot, "three");
	shm_slot_set_identity(shm, slot, longest);
	shm_slot_release(shm, slot, true);
	assert_int_equal(slot_make(shm), slot);
	shm_slot_release(shm, slot, true);
	assert_true(shm_orphan_take(shm, id));
	assert_string_equal(id, longest);
	assert_false(shm_orphan_take(shm, id));
	shm_free(shm);
}

/* More orphans than there is room for: the rest is left to their leases. */
static void
test_orphans_full(void **state)
{
	struct shm *shm = shm_make(64, 1, 1);
	bool seen[SHM_ORPHANS + 10] = { false };
	char id[SHM_WORKER_ID_MAX + 1];
	int i, slot;

	(void)state;
	for (i = 0; i < SHM_ORPHANS + 10; i++) {
		slot = slot_make(shm);
		(void)snprintf(id, sizeof(id), "w%d", i);
		shm_slot_set_identity(shm, slot, id);
		shm_slot_release(shm, slot, true);
	}
	for (i = 0; shm_orphan_take(shm, id); i++) {
		assert_false(seen[atoi(id + 1)]);
		seen[atoi(id + 1)] = true;
	}
	assert_int_equal(i, SHM_ORPHANS);
	assert_true(seen[0] && seen[SHM_ORPHANS - 1] && !seen[SHM_ORPHANS]);
	shm_free(shm);
}

/* Two takers see the same name; one of them gets it. */
static struct shm *shared;

static void
take_inside(void)
{
	char id[SHM_WORKER_ID_MAX + 1];

	assert_true(shm_orphan_take(shared, id));
	assert_string_equal(id, "one");
}

/* The same, and the next name lies in its place by then. */
static void
take_and_add_inside(void)
{
	int slot = slot_make(shared);

	take_inside();
	shm_slot_set_identity(shared, slot, "two");
	shm_slot_release(shared, slot, true);
}

static void
test_orphans_race(void **state)
{
	char id[SHM_WORKER_ID_MAX + 1];
	int slot;

	(void)state;
	shared = shm_make(64, 2, 1);
	slot = slot_make(shared);
	shm_slot_set_identity(shared, slot, "one");
	shm_slot_release(shared, slot, true);
	hook = take_inside;
	assert_false(shm_orphan_take(shared, id));
	slot = slot_make(shared);
	shm_slot_set_identity(shared, slot, "one");
	shm_slot_release(shared, slot, true);
	hook = take_and_add_inside;
	assert_false(shm_orphan_take(shared, id));
	assert_true(shm_orphan_take(shared, id));
	assert_string_equal(id, "two");
	assert_false(shm_orphan_take(shared, id));
	shm_free(shared);
}

/* Takes orphans until it has seen `stop`; prints the names it got. */
static int
orphan_taker(struct shm *shm, int fd)
{
	char id[SHM_WORKER_ID_MAX + 1];
	uint32_t line;

	for (;;) {
		if (!shm_orphan_take(shm, id)) {
			sched_yield();
			continue;
		}
		line = (uint32_t)atoi(id);
		if (line == 0)
			return (0);
		if (write(fd, &line, sizeof(line)) != sizeof(line))
			return (1);
	}
}

/* Three processes take what a fourth makes: each name reaches one of them. */
static void
test_orphans_once(void **state)
{
	enum { NAMES = 2000, TAKERS = 3 };
	struct shm *shm = shm_make(64, 1, 1);
	static unsigned char seen[NAMES + 1];
	char id[SHM_WORKER_ID_MAX + 1];
	pid_t pid[TAKERS];
	uint32_t line;
	int i, slot, fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	for (i = 0; i < TAKERS; i++) {
		if ((pid[i] = child_fork()) == 0)
			_exit(orphan_taker(shm, fd[1]));
		assert_true(pid[i] > 0);
	}
	for (i = 1; i <= NAMES + TAKERS; i++) {
		slot = slot_make(shm);
		(void)snprintf(id, sizeof(id), "%d", i <= NAMES ? i : 0);
		/* Names that say "stop" differ, being orphans of their own. */
		if (i > NAMES)
			(void)snprintf(id, sizeof(id), "0stop%d", i);
		shm_slot_set_identity(shm, slot, id);
		shm_slot_release(shm, slot, true);
		if (i <= NAMES) {
			assert_int_equal(read(fd[0], &line, sizeof(line)),
			    sizeof(line));
			assert_in_range(line, 1, NAMES);
			assert_int_equal(seen[line]++, 0);
		}
	}
	for (i = 0; i < TAKERS; i++)
		assert_int_equal(child_wait(pid[i]), 0);
	close(fd[0]);
	close(fd[1]);
	assert_false(shm_orphan_take(shm, id));
	shm_free(shm);
}

static void
test_crowded(void **state)
{
	static const struct {
		int64_t	connections[4];
		enum shm_slot_state states[4];
		unsigned mean;
		bool	crowded[4];
	} cases[] = {
#define A	SHM_SLOT_ACCEPTING
#define D	SHM_SLOT_DRAINING
#define S	SHM_SLOT_STARTING
		{ { 0, 0, 0, 0 }, { A, A, A, A }, 0, { 0, 0, 0, 0 } },
		{ { 9, 9, 9, 9 }, { S, S, D, D }, 0, { 0, 0, 0, 0 } },
		{ { 5000, 0, 0, 0 }, { A, S, D, S }, 5000, { 0, 0, 0, 0 } },
		{ { 5000, 0, 0, 0 }, { A, A, D, S }, 2500, { 1, 0, 0, 0 } },
		/* 100 * 9/8 + 16 = 128.5 */
		{ { 128, 72, 0, 0 }, { A, A, D, D }, 100, { 0, 0, 0, 0 } },
		{ { 129, 71, 0, 0 }, { A, A, D, D }, 100, { 1, 0, 0, 0 } },
		{ { 100, 100, 100, 0 }, { A, A, A, A }, 75, { 0, 0, 0, 0 } },
		{ { 200, 200, 200, 0 }, { A, A, A, A }, 150, { 1, 1, 1, 0 } },
		/* A gauge that went wrong does not bend the mean. */
		{ { 10, -500, 10, 10 }, { A, A, A, A }, 7, { 0, 0, 0, 0 } },
		{ { INT64_MAX, 0, 0, 0 }, { A, A, A, A }, INT32_MAX / 4,
		    { 1, 0, 0, 0 } },
	};
	struct shm *shm;
	size_t i;
	int s;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		shm = shm_make(64, 6, 1);
		for (s = 0; s < 4; s++) {
			assert_int_equal(shm_slot_claim(shm), s);
			if (cases[i].states[s] != S)
				shm_slot_set_state(shm, s,
				    cases[i].states[s]);
			counters_add(shm, s, COUNTER_CONNECTIONS,
			    cases[i].connections[s]);
		}
		assert_int_equal(shm_connections_mean(shm), cases[i].mean);
		for (s = 0; s < 4; s++)
			assert_int_equal(shm_is_crowded(shm, s),
			    cases[i].crowded[s]);
		shm_free(shm);
	}
}

/* A worker whose loop hangs is no peer: its share is not waited for. */
static void
test_hung_peer(void **state)
{
	struct shm *shm = shm_make(64, 3, 1);
	int a = slot_make(shm), b = slot_make(shm), hung = slot_make(shm);
	int64_t now = clock_mono_ms();

	(void)state;
	counters_add(shm, a, COUNTER_CONNECTIONS, 1000);
	counters_add(shm, b, COUNTER_CONNECTIONS, 1000);
	assert_true(shm_is_crowded(shm, a) && shm_is_crowded(shm, b));
	shm_slot_beat(shm, hung, now);
	assert_true(shm_is_crowded(shm, a));
	shm_slot_beat(shm, hung, now - SHM_BEAT_MAX_MS - 1);
	assert_false(shm_is_crowded(shm, a) || shm_is_crowded(shm, b));
	shm_slot_release(shm, hung, true);
	assert_int_equal(slot_make(shm), hung);
	assert_true(shm_is_crowded(shm, a));
	shm_free(shm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_orphans_full),
		cmocka_unit_test(test_orphans_race),
		cmocka_unit_test(test_orphans_once),
		cmocka_unit_test(test_crowded),
		cmocka_unit_test(test_hung_peer),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

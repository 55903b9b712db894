/*
 * The room cache: what replaces what, who keeps it valid, what a put that is
 * refused leaves behind; and every interleaving of one put within another one,
 * step by step, through the hook.
 */
#include "helpers.h"

#include "base/hash.h"

#define ROOMS	512	/* one set in each shard */

static struct {
	int	 at;		/* the step that `run` is called in */
	int	 step;
	void	(*run)(void);
} hook;

void
shm_test_step(void)
{
	if (hook.run != NULL && ++hook.step == hook.at) {
		hook.at = 0;	/* its own steps do not count */
		hook.run();
	}
}

static void
hook_set(int at, void (*run)(void))
{
	hook.at = at;
	hook.step = 0;
	hook.run = run;
}

static void
lock_all(struct shm *shm)
{
	int i;

	for (i = 0; i < CACHE_SHARDS; i++)
		assert_int_equal(pthread_mutex_lock(&shm->shard[i].lock), 0);
}

static void
unlock_all(struct shm *shm)
{
	int i;

	for (i = 0; i < CACHE_SHARDS; i++)
		assert_int_equal(pthread_mutex_unlock(&shm->shard[i].lock), 0);
}

enum op { END, PUT, LARGE, DROP, GONE, LOCK, UNLOCK };

struct step {
	enum op	 op;
	int	 slot;
	uint64_t epoch, seq;
	bool	 done;		/* what a PUT returns */
	uint64_t reads;		/* seq of a get afterwards; 0: a miss */
};

/* All on one key. */
static const struct {
	const char	*name;
	struct step	 steps[10];
} orders[] = {
	{ "a newer one replaces, an older one does not", {
		{ PUT, 0, 7, 5, true, 5 }, { PUT, 0, 7, 6, true, 6 },
		{ PUT, 1, 7, 5, true, 6 }, { PUT, 1, 7, 6, true, 6 },
		{ PUT, 1, 7, 9, true, 9 } } },
	{ "seq 0 is a seq", {
		{ PUT, 0, 7, 0, true, 0 }, { PUT, 0, 7, 1, true, 1 } } },
	{ "another epoch replaces", {
		{ PUT, 0, 7, 50, true, 50 }, { PUT, 0, 8, 1, true, 1 },
		{ PUT, 0, 3, 4, true, 4 } } },
	{ "valid while a worker is registered", {
		{ PUT, 0, 7, 5, true, 5 }, { PUT, 1, 7, 5, true, 5 },
		{ DROP, 0, 0, 0, 0, 5 }, { DROP, 0, 0, 0, 0, 5 },
		{ DROP, 1, 0, 0, 0, 0 }, { PUT, 0, 7, 5, true, 5 } } },
	{ "an invalid newer value is newer still", {
		{ PUT, 0, 7, 5, true, 5 }, { DROP, 0, 0, 0, 0, 0 },
		{ PUT, 1, 7, 4, true, 5 } } },
	{ "another epoch registers its writer only", {
		{ PUT, 0, 7, 5, true, 5 }, { PUT, 1, 8, 1, true, 1 },
		{ DROP, 1, 0, 0, 0, 0 } } },
	{ "a worker that lost its link", {
		{ PUT, 0, 7, 5, true, 5 }, { PUT, 1, 7, 6, true, 6 },
		{ GONE, 0, 0, 0, 0, 6 }, { GONE, 1, 0, 0, 0, 0 } } },
	{ "busy: the older value is hidden, the newer comes", {
		{ PUT, 0, 7, 5, true, 5 }, { LOCK, 0, 0, 0, 0, 5 },
		{ PUT, 0, 7, 6, false, 0 }, { UNLOCK, 0, 0, 0, 0, 0 },
		{ PUT, 1, 7, 5, false, 0 }, { PUT, 1, 7, 6, true, 6 },
		{ PUT, 0, 7, 7, true, 7 } } },
	{ "busy: but the value is there already", {
		{ PUT, 0, 7, 5, true, 5 }, { PUT, 1, 7, 5, true, 5 },
		{ LOCK, 0, 0, 0, 0, 5 }, { PUT, 0, 7, 5, true, 5 },
		{ PUT, 1, 7, 4, true, 5 }, { PUT, 2, 7, 5, false, 5 },
		{ UNLOCK, 0, 0, 0, 0, 5 } } },
	{ "busy: another epoch is hidden until one is put", {
		{ PUT, 0, 7, 5, true, 5 }, { LOCK, 0, 0, 0, 0, 5 },
		{ PUT, 0, 8, 1, false, 0 }, { UNLOCK, 0, 0, 0, 0, 0 },
		{ PUT, 0, 8, 1, true, 1 }, { PUT, 0, 8, 2, true, 2 } } },
	{ "busy: and the old epoch goes on after all", {
		{ PUT, 0, 7, 5, true, 5 }, { LOCK, 0, 0, 0, 0, 5 },
		{ PUT, 1, 8, 1, false, 0 }, { UNLOCK, 0, 0, 0, 0, 0 },
		{ PUT, 0, 7, 6, true, 6 } } },
	{ "too large: the older value is hidden", {
		{ PUT, 0, 7, 5, true, 5 }, { LARGE, 0, 7, 6, false, 0 },
		{ PUT, 0, 7, 5, false, 0 }, { PUT, 0, 7, 7, true, 7 },
		{ LARGE, 0, 8, 1, false, 0 }, { PUT, 0, 8, 2, true, 2 } } },
	{ "a seq out of bounds", {
		{ PUT, 0, 7, (UINT64_C(1) << 48) - 2, true,
		    (UINT64_C(1) << 48) - 2 },
		{ PUT, 0, 7, (UINT64_C(1) << 48) - 1, false, 0 },
		{ PUT, 0, 7, UINT64_MAX, false, 0 },
		{ PUT, 0, 8, 1, true, 1 }, } },
	{ "a seq out of bounds, in an empty place", {
		{ PUT, 0, 7, UINT64_MAX, false, 0 },
		{ PUT, 0, 7, 1, true, 1 }, } },
};

static bool
put_large(struct shm *shm, const struct step *step)
{
	static struct cache_value value;
	char text[32];

	value.epoch = step->epoch;
	value.seq = step->seq;
	value.n = CACHE_VALUE_MAX + 1;
	return (cache_put(shm, step->slot, key_of(text, 1), &value));
}

static void
take_step(struct shm *shm, const struct step *step)
{
	char text[32];

	switch (step->op) {
	case PUT:
		assert_int_equal(put_value(shm, step->slot, 1, step->epoch,
		    step->seq), step->done);
		break;
	case LARGE:
		assert_false(put_large(shm, step));
		break;
	case DROP:
		cache_drop(shm, step->slot, key_of(text, 1));
		break;
	case GONE:
		cache_drop_all(shm, step->slot);
		break;
	case LOCK:
		lock_all(shm);
		break;
	case UNLOCK:
		unlock_all(shm);
		break;
	case END:
		break;
	}
}

static void
test_order(void **state)
{
	const struct step *step;
	struct shm *shm;
	uint64_t seq;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(orders); i++) {
		shm = shm_make(ROOMS, 4, 1);
		for (step = orders[i].steps; step->op != END; step++) {
			take_step(shm, step);
			seq = get_seq(shm, 1);
			if (seq != step->reads)
				fail_msg("%s, step %d: read %ju, not %ju",
				    orders[i].name,
				    (int)(step - orders[i].steps) + 1,
				    (uintmax_t)seq, (uintmax_t)step->reads);
		}
		shm_free(shm);
	}
}

static void
test_keys(void **state)
{
	static const size_t lengths[] = { 1, 7, 8, 9, 255,
	    CACHE_KEY_MAX - 1, CACHE_KEY_MAX };
	struct shm *shm = shm_make(ROOMS, 1, 1);
	struct cache_value value = { .epoch = 1, .n = 1 }, got;
	char key[CACHE_KEY_MAX + 1];
	size_t i;

	(void)state;
	memset(key, 'k', sizeof(key));
	for (i = 0; i < COUNT_OF(lengths); i++) {
		value.bytes[0] = (char)i;
		assert_true(cache_put(shm, 0,
		    (struct slice){ key, lengths[i] }, &value));
	}
	for (i = 0; i < COUNT_OF(lengths); i++) {
		assert_true(cache_get(shm, (struct slice){ key, lengths[i] },
		    &got));
		assert_int_equal(got.n, 1);
		assert_int_equal(got.bytes[0], i);
	}
	/* None, too long, never put; and a NUL in it is a byte like others. */
	assert_false(cache_put(shm, 0, (struct slice){ key, 0 }, &value));
	assert_false(cache_put(shm, 0, (struct slice){ key, 601 }, &value));
	assert_false(cache_get(shm, (struct slice){ key, 0 }, &got));
	assert_false(cache_get(shm, (struct slice){ key, 601 }, &got));
	assert_false(cache_get(shm, (struct slice){ key, 6 }, &got));
	key[6] = '\0';
	assert_false(cache_get(shm, (struct slice){ key, 7 }, &got));
	cache_drop(shm, 0, (struct slice){ key, 0 });
	cache_drop(shm, 0, (struct slice){ key, 601 });
	shm_free(shm);
}

static void
test_values(void **state)
{
	static const size_t lengths[] = { 0, 1, 8, 15, 16, 17, CACHE_VALUE_MAX - 1,
	    CACHE_VALUE_MAX };
	struct shm *shm = shm_make(ROOMS, 1, 1);
	static struct cache_value value, got;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT_OF(lengths); i++) {
		value.seq = i;
		value.epoch = UINT64_MAX;
		value.n = lengths[i];
		for (j = 0; j < lengths[i]; j++)
			value.bytes[j] = (char)(j * 7 + i);
		assert_true(cache_put(shm, 0, SLICE_LIT("room"), &value));
		assert_true(cache_get(shm, SLICE_LIT("room"), &got));
		assert_int_equal(got.n, lengths[i]);
		assert_int_equal(got.seq, i);
		assert_true(got.epoch == UINT64_MAX);
		assert_memory_equal(got.bytes, value.bytes, lengths[i]);
	}
	shm_free(shm);
}

/* Key and value go on in another place where the body of an entry ends: each
 * way to lie across that border, and each way not to. */
static void
test_border(void **state)
{
	static const size_t border = CACHE_BODY_WORDS * sizeof(uint64_t);
	const size_t keys[] = { 1, 8, border - 8, border - 7, border - 1,
	    border, border + 1, border + 8, CACHE_KEY_MAX };
	const size_t values[] = { 0, 1, 7, 8, 9, border - 9, border - 8,
	    border - 7, border, border + 1, CACHE_VALUE_MAX };
	struct shm *shm = shm_make(ROOMS, 1, 1);
	static struct cache_value value, got;
	char key[CACHE_KEY_MAX];
	size_t i, j, k;

	(void)state;
	for (k = 0; k < sizeof(key); k++)
		key[k] = (char)(k * 5 + 1);
	for (i = 0; i < COUNT_OF(keys); i++) {
		for (j = 0; j < COUNT_OF(values); j++) {
			value.epoch = i + 1;
			value.seq = j;
			value.n = values[j];
			for (k = 0; k < value.n; k++)
				value.bytes[k] = (char)(k * 7 + i + j);
			assert_true(cache_put(shm, 0,
			    (struct slice){ key, keys[i] }, &value));
			assert_true(cache_get(shm,
			    (struct slice){ key, keys[i] }, &got));
			assert_int_equal(got.n, value.n);
			assert_memory_equal(got.bytes, value.bytes, value.n);
		}
		/* Another one in its last byte is another key. */
		key[keys[i] - 1]++;
		assert_false(cache_get(shm, (struct slice){ key, keys[i] },
		    &got));
		key[keys[i] - 1]--;
	}
	/* And nobody wrote into his neighbour's. */
	for (i = 0; i < COUNT_OF(keys); i++) {
		if (!cache_get(shm, (struct slice){ key, keys[i] }, &got))
			continue;	/* evicted */
		j = COUNT_OF(values) - 1;
		assert_int_equal(got.n, values[j]);
		for (k = 0; k < got.n; k++)
			assert_true(got.bytes[k] == (char)(k * 7 + i + j));
	}
	shm_free(shm);
}

/* A length in the mapping that nobody wrote is a miss, not an overrun. */
static void
test_strange_memory(void **state)
{
	struct shm *shm = shm_make(ROOMS, 1, 1);
	size_t i;

	(void)state;
	assert_true(put_value(shm, 0, 1, 1, 1));
	for (i = 0; i < ROOMS; i++)
		atomic_store(&shm->body[i].value_n, CACHE_VALUE_MAX + 1);
	assert_int_equal(get_seq(shm, 1), 0);
	for (i = 0; i < ROOMS; i++)
		atomic_store(&shm->body[i].key_n, UINT32_MAX);
	assert_int_equal(get_seq(shm, 1), 0);
	assert_true(put_value(shm, 0, 1, 1, 2));
	/* Odd for ever, by nobody: a miss, and a put is still possible. */
	for (i = 0; i < ROOMS; i++)
		atomic_store(&shm->head[i].version, 1);
	assert_int_equal(get_seq(shm, 1), 0);
	(void)put_value(shm, 0, 1, 1, 3);
	(void)get_seq(shm, 1);
	shm_free(shm);
}

/* Keys of one shard, which has one set. */
static void
keys_of_shard(const struct shm *shm, int *keys, int n)
{
	struct slice key;
	char text[32];
	int k;

	for (k = 0; n > 0; k++) {
		key = key_of(text, k);
		if (hash_bytes(key.p, key.n, shm->seed) % CACHE_SHARDS == 5)
			keys[--n] = k;
	}
}

/* First the places nobody uses, then the one written longest ago. */
static void
test_eviction(void **state)
{
	struct shm *shm = shm_make(ROOMS, 2, 1);
	int keys[CACHE_WAYS + 3], i;
	char text[32];

	(void)state;
	keys_of_shard(shm, keys, CACHE_WAYS + 3);
	for (i = 0; i < CACHE_WAYS; i++)
		assert_true(put_value(shm, 0, keys[i], 1, 1));
	/* Written again, so the oldest are 1 and 2; 5 is not valid. */
	assert_true(put_value(shm, 0, keys[0], 1, 2));
	cache_drop(shm, 0, key_of(text, keys[5]));
	assert_true(put_value(shm, 0, keys[CACHE_WAYS], 1, 1));
	for (i = 0; i <= CACHE_WAYS; i++)
		assert_int_equal(get_seq(shm, keys[i]) != 0, i != 5);
	assert_true(put_value(shm, 0, keys[CACHE_WAYS + 1], 1, 1));
	for (i = 0; i <= CACHE_WAYS + 1; i++)
		assert_int_equal(get_seq(shm, keys[i]) != 0, i != 5 && i != 1);
	/* A value that is hidden is no value either. */
	lock_all(shm);
	assert_false(put_value(shm, 0, keys[3], 1, 2));
	unlock_all(shm);
	assert_true(put_value(shm, 0, keys[CACHE_WAYS + 2], 1, 1));
	for (i = 0; i <= CACHE_WAYS + 2; i++)
		assert_int_equal(get_seq(shm, keys[i]) != 0,
		    i != 5 && i != 1 && i != 3);
	shm_free(shm);
}

static void
test_counted(void **state)
{
	struct shm *shm = shm_make(ROOMS, 3, 1);

	(void)state;
	shm_slot_start(shm, 2, getpid());
	assert_int_equal(get_seq(shm, 1), 0);
	assert_true(put_value(shm, 1, 1, 1, 1));
	assert_int_equal(get_seq(shm, 1), 1);
	assert_int_equal(get_seq(shm, 1), 1);
	lock_all(shm);
	assert_false(put_value(shm, 1, 1, 1, 2));
	unlock_all(shm);
	assert_int_equal(counters_get(shm, 2, COUNTER_CACHE_MISSES), 1);
	assert_int_equal(counters_get(shm, 2, COUNTER_CACHE_HITS), 2);
	assert_int_equal(counters_get(shm, 1, COUNTER_CACHE_BUSY), 1);
	assert_int_equal(counters_sum(shm, COUNTER_CACHE_REPAIRS), 0);
	shm_free(shm);
}

/* All 128 slots have a bit of their own. */
static void
test_all_slots(void **state)
{
	struct shm *shm = shm_make(ROOMS, SHM_SLOTS_MAX, 1);
	char text[32];
	int slot;

	(void)state;
	for (slot = 0; slot < SHM_SLOTS_MAX; slot++)
		assert_true(put_value(shm, slot, 1, 1, 1));
	for (slot = 0; slot < SHM_SLOTS_MAX; slot++) {
		assert_int_equal(get_seq(shm, 1), 1);
		cache_drop(shm, slot, key_of(text, 1));
	}
	assert_int_equal(get_seq(shm, 1), 0);
	shm_free(shm);
}

/*
 * Interleavings. Worker 0 puts `outer`; in its n-th step worker 1 puts
 * `inner`, which usually finds the lock taken. Whatever comes of both, no
 * reader may then get anything older than `inner`.
 */
struct nesting {
	const char	*name;
	uint64_t	 before[2];	/* epoch and seq, 0: nothing there */
	uint64_t	 outer[2], inner[2];
	bool		 must_hit;	/* the value may not get lost either */
};

static const struct nesting nestings[] = {
	{ "fresh, inner newer", { 0, 0 }, { 7, 10 }, { 7, 11 }, false },
	{ "fresh, the same", { 0, 0 }, { 7, 10 }, { 7, 10 }, false },
	{ "update, inner newer", { 7, 9 }, { 7, 10 }, { 7, 11 }, false },
	{ "update, the same", { 7, 9 }, { 7, 10 }, { 7, 10 }, true },
	{ "update, inner older", { 7, 8 }, { 7, 10 }, { 7, 9 }, true },
	{ "new epoch, inner newer", { 6, 99 }, { 7, 1 }, { 7, 2 }, false },
	{ "new epoch, the same", { 6, 99 }, { 7, 1 }, { 7, 1 }, false },
	{ "new epoch inside", { 6, 99 }, { 6, 100 }, { 7, 1 }, false },
	{ "new epoch outside", { 6, 99 }, { 7, 1 }, { 6, 100 }, false },
};

static struct {
	struct shm		*shm;
	const struct nesting	*nesting;
	bool			 ran;
	uint64_t		 torn;
} inner;

static void
run_inner(void)
{
	const uint64_t *v = inner.nesting->inner;

	inner.ran = true;
	(void)put_value(inner.shm, 1, 1, v[0], v[1]);
	inner.torn = get_seq(inner.shm, 1);
}

/* True while `at` is a step of the outer put. */
static bool
nest_at(const struct nesting *nesting, int at, int extra)
{
	struct cache_value got;
	char text[32];
	bool hit, old_epoch;

	inner.shm = shm_make(ROOMS, 8, 1);
	inner.nesting = nesting;
	inner.ran = false;
	if (nesting->before[0] != 0)
		assert_true(put_value(inner.shm, extra, 1, nesting->before[0],
		    nesting->before[1]));
	hook_set(at, run_inner);
	(void)put_value(inner.shm, 0, 1, nesting->outer[0],
	    nesting->outer[1]);
	hook_set(0, NULL);
	hit = cache_get(inner.shm, key_of(text, 1), &got);
	if (inner.torn == UINT64_MAX || (hit && !value_is_whole(&got, 1)))
		fail_msg("%s, step %d: torn", nesting->name, at);
	/* Two epochs have no order: the later put may win. */
	old_epoch = hit && got.epoch != nesting->inner[0];
	if (inner.ran && hit && !old_epoch && got.seq < nesting->inner[1])
		fail_msg("%s, step %d: stale, %ju", nesting->name, at,
		    (uintmax_t)got.seq);
	if (inner.ran && old_epoch && got.epoch == nesting->before[0] &&
	    got.seq == nesting->before[1])
		fail_msg("%s, step %d: the old epoch", nesting->name, at);
	if (nesting->must_hit && !hit)
		fail_msg("%s, step %d: lost", nesting->name, at);
	shm_free(inner.shm);
	return (inner.ran);
}

static void
test_interleavings(void **state)
{
	size_t i;
	int at, extra;

	(void)state;
	for (i = 0; i < COUNT_OF(nestings); i++) {
		/* Who put the value before: either of them, or a third. */
		for (extra = 0; extra < 3; extra++) {
			for (at = 1; nest_at(&nestings[i], at, extra); at++)
				;
			assert_in_range(at, 8, 100);
		}
	}
}

/*
 * A room's entry is evicted for another room, and in each step of that the
 * first room's workers put, drop and read it: the place must not lend bits,
 * floor or epoch of one room to the other.
 */
static int going, coming;

static void
run_other(void)
{
	char text[32];

	inner.ran = true;
	(void)put_value(inner.shm, 1, going, 7, 500);
	cache_drop(inner.shm, 2, key_of(text, going));
	cache_drop(inner.shm, 0, key_of(text, going));
	inner.torn = get_seq(inner.shm, going);
	if (inner.torn < 500)
		assert_int_equal(inner.torn, 0);
	assert_int_not_equal(inner.torn, UINT64_MAX);
	inner.torn = get_seq(inner.shm, coming);
	assert_true(inner.torn == 0 || inner.torn == 3);
}

static void
test_interleaved_eviction(void **state)
{
	int keys[CACHE_WAYS + 1], at, i;

	(void)state;
	for (at = 1, inner.ran = true; inner.ran; at++) {
		inner.ran = false;
		inner.shm = shm_make(ROOMS, 8, 1);
		keys_of_shard(inner.shm, keys, COUNT_OF(keys));
		for (i = 0; i < CACHE_WAYS; i++) {
			assert_true(put_value(inner.shm, 2, keys[i], 7, 499));
			assert_true(put_value(inner.shm, 1, keys[i], 7, 499));
		}
		going = keys[0];
		coming = keys[CACHE_WAYS];
		hook_set(at, run_other);
		(void)put_value(inner.shm, 0, coming, 7, 3);
		hook_set(0, NULL);
		/* Nobody but worker 0 is registered in what came. */
		assert_true(get_seq(inner.shm, going) == 0);
		assert_true(get_seq(inner.shm, coming) == 3 || inner.ran);
		cache_drop_all(inner.shm, 0);
		assert_int_equal(get_seq(inner.shm, coming), 0);
		assert_true(put_value(inner.shm, 0, coming, 7, 4));
		assert_int_equal(get_seq(inner.shm, coming), 4);
		shm_free(inner.shm);
	}
	assert_in_range(at, 8, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_border),
		cmocka_unit_test(test_strange_memory),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_all_slots),
		cmocka_unit_test(test_interleavings),
		cmocka_unit_test(test_interleaved_eviction),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

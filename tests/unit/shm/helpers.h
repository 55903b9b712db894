/*
 * What the tests of the shared memory have in common: a region, values that
 * can be told whole from torn, forked children, and a look at the whole state
 * that finds anything half-done.
 */
#ifndef TEST_SHM_HELPERS_H
#define TEST_SHM_HELPERS_H

#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shm/budget.h"
#include "shm/cache.h"
#include "shm/counters.h"
#include "shm/layout.h"
#include "shm/region.h"

#if defined(__SANITIZE_THREAD__)
#define TEST_SLOW	1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_SLOW	1
#endif
#endif
#ifndef TEST_SLOW
#define TEST_SLOW	0
#endif

/* A sanitizer's run, in which a fork costs much, takes every third step. */
#if TEST_SLOW || defined(__SANITIZE_ADDRESS__)
#define TEST_STRIDE	3
#else
#define TEST_STRIDE	1
#endif

#define FAR_MS		INT64_C(30000)	/* no test gets there */

UNUSED static struct shm *
shm_make(size_t rooms, size_t slots, size_t places)
{
	struct shm_geometry geometry = { rooms, slots, places };
	struct shm *shm = shm_new(&geometry);

	assert_non_null(shm);
	return (shm);
}

UNUSED static struct slice
key_of(char out[32], int k)
{
	int n = snprintf(out, 32, "e:app/model/%d", k);

	return ((struct slice){ out, (size_t)n });
}

/* The value that key k has at (epoch, seq): its length and each byte follow
 * from these three. */
UNUSED static void
value_make(struct cache_value *value, int k, uint64_t epoch, uint64_t seq)
{
	uint64_t x = epoch * 31 + seq * 1000003 + (uint64_t)k;
	size_t i;

	value->epoch = epoch;
	value->seq = seq;
	value->n = (size_t)(x * 2654435761u % (CACHE_VALUE_MAX + 1));
	for (i = 0; i < value->n; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		value->bytes[i] = (char)(x >> 56);
	}
}

UNUSED static bool
value_is_whole(const struct cache_value *value, int k)
{
	struct cache_value want;

	value_make(&want, k, value->epoch, value->seq);
	return (value->n == want.n &&
	    memcmp(value->bytes, want.bytes, want.n) == 0);
}

UNUSED static bool
put_value(struct shm *shm, int slot, int k, uint64_t epoch, uint64_t seq)
{
	struct cache_value value;
	char text[32];

	value_make(&value, k, epoch, seq);
	return (cache_put(shm, slot, key_of(text, k), &value));
}

/* The seq of what the cache has for key k; 0 for a miss, UINT64_MAX if it is
 * torn. */
UNUSED static uint64_t
get_seq(struct shm *shm, int k)
{
	struct cache_value value;
	char text[32];

	if (!cache_get(shm, key_of(text, k), &value))
		return (0);
	return (value_is_whole(&value, k) ? value.seq : UINT64_MAX);
}

/* Claims a slot as a worker would have it. */
UNUSED static int
slot_make(struct shm *shm)
{
	int slot = shm_slot_claim(shm);

	assert_true(slot >= 0);
	shm_slot_set_state(shm, slot, SHM_SLOT_ACCEPTING);
	return (slot);
}

/* fork() whose child does not outlive a test that failed. */
UNUSED static pid_t
child_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return (pid);
}

/* Waits for a child; its exit status, or minus the signal that ended it. */
UNUSED static int
child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		assert_int_equal(errno, EINTR);
	return (WIFSIGNALED(status) ? -WTERMSIG(status) :
	    WEXITSTATUS(status));
}

/* Nothing of slot is left, no entry is half-written, each lock can be had, and
 * no key is there twice. Not while writers run. */
UNUSED static void
assert_whole(struct shm *shm, int slot)
{
	size_t i, j, entries = shm->sets * CACHE_WAYS * CACHE_SHARDS;
	int id;

	for (i = 0; i < CACHE_SHARDS; i++) {
		assert_int_equal(pthread_mutex_trylock(&shm->shard[i].lock),
		    0);
		pthread_mutex_unlock(&shm->shard[i].lock);
	}
	for (i = 0; i < entries; i++) {
		assert_int_equal(atomic_load(&shm->head[i].version) & 1, 0);
		assert_int_equal(atomic_load(
		    &shm->head[i].workers[slot / 64]) >> (slot % 64) & 1, 0);
		for (j = i / CACHE_WAYS * CACHE_WAYS; j < i; j++)
			assert_true(atomic_load(&shm->head[i].tag) == 0 ||
			    atomic_load(&shm->head[i].tag) !=
			    atomic_load(&shm->head[j].tag));
	}
	for (i = 0; i < shm->places; i++)
		assert_int_not_equal(atomic_load(&shm->place[i]), slot + 1);
	for (id = 0; id < COUNTERS_N; id++)
		assert_int_equal(counters_get(shm, slot, (enum counter)id), 0);
	assert_int_equal(atomic_load(&shm->common->folding) & 1, 0);
	assert_int_equal(shm_slot_state(shm, slot), SHM_SLOT_FREE);
	assert_int_equal(shm_slot_pid(shm, slot), 0);
}

#endif

/*
 * Places for database connections, over all workers. An authorization thread
 * takes one before it connects and gives it back after it closed; the master
 * gives back those of a dead worker. Never called from an event loop, because
 * it sleeps. The idea: a place is one word that names its holder, changed by
 * one compare-and-swap, so there is no moment at which a kill loses a place;
 * and the futex word counts frees instead of telling how many are free, so a
 * kill cannot make it wrong.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "shm/budget.h"
#include "shm/layout.h"

_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "futex word");

/* FUTEX_WAIT_BITSET takes a point in time on CLOCK_MONOTONIC (futex(2)).
 * Not FUTEX_PRIVATE_FLAG: the word is shared between processes. */
static void
wait_freed(struct shm *shm, uint32_t seen, int64_t until_mono_ms)
{
	struct timespec ts;

	ts.tv_sec = until_mono_ms / 1000;
	ts.tv_nsec = until_mono_ms % 1000 * 1000000;
	/* Woken, timed out, interrupted or too late: all look again. */
	(void)syscall(SYS_futex, &shm->common->freed, FUTEX_WAIT_BITSET, seen,
	    &ts, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void
wake(struct shm *shm, int n)
{
	(void)syscall(SYS_futex, &shm->common->freed, FUTEX_WAKE, n, NULL,
	    NULL, 0);
}

/* Moves the word, so that who is about to sleep does not, and wakes one; all,
 * if that one's limit may be too small for the place that is free now. Asked
 * after the first wake: who was woken by it noted its limit before it slept. */
static void
announce_freed(struct shm *shm)
{
	atomic_fetch_add(&shm->common->freed, 1);
	shm_step();
	wake(shm, 1);
	shm_step();
	if (atomic_load(&shm->common->mixed) != 0)
		wake(shm, INT_MAX);
}

/* From the first reload with another limit on, every place freed wakes all;
 * there are few threads to be woken. */
static void
note_limit(struct shm *shm, unsigned limit)
{
	uint32_t first = 0;

	if (!atomic_compare_exchange_strong(&shm->common->limit, &first,
	    limit) && first != limit)
		atomic_store(&shm->common->mixed, 1);
}

/* The first free place below limit, unless as many are in use already (by
 * workers with a larger limit, in places above ours). */
static bool
try_take(struct shm *shm, int slot, unsigned limit)
{
	uint32_t free_mark;
	unsigned i;

	if (budget_in_use(shm) >= limit)
		return (false);
	for (i = 0; i < limit; i++) {
		free_mark = 0;
		shm_step();
		if (atomic_compare_exchange_strong(&shm->place[i], &free_mark,
		    (uint32_t)slot + 1))
			return (true);
	}
	return (false);
}

bool
budget_take(struct shm *shm, int slot, unsigned limit,
    int64_t deadline_mono_ms)
{
	uint32_t seen;

	ASSERT(slot >= 0 && (size_t)slot < shm->slots);
	if (limit > shm->places)
		limit = (unsigned)shm->places;
	if (limit == 0)
		return (false);
	note_limit(shm, limit);
	for (;;) {
		/* Before the look: a place freed after it moves the word. */
		seen = atomic_load(&shm->common->freed);
		if (try_take(shm, slot, limit)) {
			shm_step();
			return (true);
		}
		/* After the look: who was woken at the last moment takes what
		 * it was woken for, deadline or not. */
		if (clock_mono_ms() >= deadline_mono_ms)
			return (false);
		shm_step();
		wait_freed(shm, seen, deadline_mono_ms);
	}
}

void
budget_give(struct shm *shm, int slot)
{
	uint32_t mine;
	size_t i;

	ASSERT(slot >= 0 && (size_t)slot < shm->slots);
	/* From above: after a reload with a smaller limit only the lower ones
	 * are of use to others. */
	for (i = shm->places; i-- > 0;) {
		mine = (uint32_t)slot + 1;
		shm_step();
		if (!atomic_compare_exchange_strong(&shm->place[i], &mine, 0))
			continue;
		shm_step();
		announce_freed(shm);
		return;
	}
	log_err("shm: slot %d gave back a place that it does not have", slot);
}

void
budget_give_all(struct shm *shm, int slot)
{
	uint32_t mine;
	size_t i;

	for (i = 0; i < shm->places; i++) {
		mine = (uint32_t)slot + 1;
		if (atomic_compare_exchange_strong(&shm->place[i], &mine, 0))
			shm_step();
	}
	/* Even if it held none: it may have been killed after freeing one, or
	 * after it was the one to be woken. */
	atomic_fetch_add(&shm->common->freed, 1);
	wake(shm, INT_MAX);
}

unsigned
budget_in_use(const struct shm *shm)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < shm->places; i++)
		n += atomic_load(&shm->place[i]) != 0;
	return (n);
}

/*
 * The turn: a word with the holder's slot and the time of its last use. Called
 * by the server layer from a timer, and by region.c for a dead worker. The time
 * makes each word another one, so that who was stopped between its look and its
 * swap fails if anything has happened since.
 */
#include "base/log.h"
#include "shm/layout.h"
#include "shm/turn.h"

#define SLOT_BITS	8
#define SLOT_MASK	((UINT64_C(1) << SLOT_BITS) - 1)

_Static_assert(SHM_SLOTS_MAX <= SLOT_MASK, "slots in a turn");

/* slot -1: nobody holds it. */
static uint64_t
word_of(int64_t at_ms, int slot)
{
	return ((uint64_t)at_ms << SLOT_BITS | (uint64_t)(slot + 1));
}

static int64_t
word_at_ms(uint64_t word)
{
	return ((int64_t)(word >> SLOT_BITS));
}

static int
word_slot(uint64_t word)
{
	return ((int)(word & SLOT_MASK) - 1);
}

/* Whether anybody may follow the holder. */
static bool
is_free(const struct shm *shm, uint64_t word, int64_t age_ms,
    int64_t interval_ms)
{
	int holder = word_slot(word);
	enum shm_slot_state state;

	if (holder < 0 || (size_t)holder >= shm->slots)
		return (true);
	state = shm_slot_get_state(&shm->slot[holder]);
	return (state == SHM_SLOT_FREE || state == SHM_SLOT_DRAINING ||
	    age_ms >= TURN_SILENCE_MS(interval_ms));
}

bool
turn_take(struct shm *shm, int slot, int64_t now_mono_ms, int64_t interval_ms)
{
	uint64_t word = atomic_load(&shm->common->turn);
	int64_t age_ms = now_mono_ms - word_at_ms(word);

	ASSERT(slot >= 0 && (size_t)slot < shm->slots);
	if (interval_ms <= 0)
		return (false);
	/* Workers look at the clock one after the other, but a time far ahead
	 * is nobody's. */
	if (age_ms < -interval_ms)
		age_ms = TURN_SILENCE_MS(interval_ms);
	if (word != 0 && age_ms < interval_ms - interval_ms / 8)
		return (false);
	if (word_slot(word) != slot &&
	    !is_free(shm, word, age_ms, interval_ms))
		return (false);
	shm_step();
	if (!atomic_compare_exchange_strong(&shm->common->turn, &word,
	    word_of(now_mono_ms, slot)))
		return (false);
	shm_step();
	return (true);
}

void
turn_give(struct shm *shm, int slot)
{
	uint64_t word = atomic_load(&shm->common->turn);

	if (word_slot(word) != slot)
		return;
	shm_step();
	/* The time stays: this interval has had its turn. */
	(void)atomic_compare_exchange_strong(&shm->common->turn, &word,
	    word & ~SLOT_MASK);
}

int64_t
turn_mark(const struct shm *shm)
{
	return (atomic_load(&shm->common->turn_mark));
}

bool
turn_move_mark(struct shm *shm, int64_t from, int64_t to)
{
	return (atomic_compare_exchange_strong(&shm->common->turn_mark, &from,
	    to));
}

void
turn_begin_anew(struct shm *shm)
{
	int64_t mark = atomic_load(&shm->common->turn_mark);

	/* Another one each time, so that who has begun anew already, but before
	 * this, does not move it. */
	while (!atomic_compare_exchange_weak(&shm->common->turn_mark, &mark,
	    mark > 0 || mark == INT64_MIN ? -1 : mark - 1))
		;
}

bool
turn_is_refused(const struct shm *shm)
{
	return (atomic_load(&shm->common->turn_refused) != 0);
}

bool
turn_set_refused(struct shm *shm, bool is_refused)
{
	return ((atomic_exchange(&shm->common->turn_refused, is_refused) !=
	    0) != is_refused);
}

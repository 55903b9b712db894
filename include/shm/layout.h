/*
 * What lies where in the shared mapping. Private to src/shm (and its tests);
 * everybody else goes through the five public headers. Bump
 * SHM_LAYOUT_VERSION whenever one of these structs changes.
 *
 * Owns nothing. All fields that more than one process touches are atomic, and
 * the layout is the same in every process because it is one binary; the sizes
 * are asserted so that a change is made on purpose.
 */
#ifndef COLLABD_SHM_LAYOUT_H
#define COLLABD_SHM_LAYOUT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/compat.h"
#include "shm/cache.h"
#include "shm/counters.h"
#include "shm/region.h"

#define SHM_MAGIC		UINT64_C(0x636f6c6c61626420)	/* "collabd " */
#define SHM_LAYOUT_VERSION	3
#define SHM_LINE		64	/* bytes of a cache line */
#define SHM_ALIGNED		__attribute__((__aligned__(SHM_LINE)))

#define SHM_WORDS(bytes)	(((bytes) + 7) / 8)

/* For whoever looks at a core; no code decides by it after shm_new(). */
struct shm_header {
	uint64_t	magic;
	uint32_t	version;
	uint32_t	pad;
	uint64_t	seed;
	uint64_t	rooms, slots, places;
} SHM_ALIGNED;
_Static_assert(sizeof(struct shm_header) == 64, "layout");

/* Written by the master (state, pid) and the slot's worker. */
struct shm_slot {
	_Atomic uint32_t state;		/* enum shm_slot_state */
	_Atomic int32_t	 pid;
	_Atomic int64_t	 beat_ms;	/* 0: never */
	_Atomic uint32_t id_at;		/* which of the two names counts */
	uint32_t	 pad;
	_Atomic uint64_t id[2][SHM_WORDS(SHM_WORKER_ID_MAX)];
} SHM_ALIGNED;
_Static_assert(sizeof(struct shm_slot) == 128, "layout");

struct shm_counters {
	_Atomic int64_t	v[COUNTERS_N];
} SHM_ALIGNED;
_Static_assert(sizeof(struct shm_counters) % SHM_LINE == 0, "layout");

/* Odd while full. A taker copies, then moves it on by one: if that succeeds
 * the copy was whole and nobody else has it. */
struct shm_orphan {
	_Atomic uint32_t turn;
	uint32_t	 pad;
	_Atomic uint64_t id[SHM_WORDS(SHM_WORKER_ID_MAX)];
};
_Static_assert(sizeof(struct shm_orphan) == 40, "layout");

/* What is one of a kind and changes. */
struct shm_common {
	_Atomic uint32_t freed;		/* budget: moves with each place freed */
	_Atomic uint32_t limit;		/* budget: of whoever came first */
	_Atomic uint32_t mixed;		/* budget: somebody had another one */
	_Atomic uint32_t redis_was_up;
	uint32_t	 pad[SHM_LINE / 4 - 4];
	_Atomic uint32_t folding;	/* counters: odd during a retirement */
	_Atomic uint32_t turn_refused;
	_Atomic uint64_t turn;		/* when last taken, and by whom */
	_Atomic int64_t	 turn_mark;
	struct shm_orphan orphans[SHM_ORPHANS];
} SHM_ALIGNED;
_Static_assert(sizeof(struct shm_common) == 64 + 64 + 40 * SHM_ORPHANS,
    "layout");

#define CACHE_SHARDS	64
#define CACHE_WAYS	8	/* places that a key may be in */

struct cache_shard {
	pthread_mutex_t	 lock;		/* robust, for writers */
	_Atomic uint32_t failed;	/* puts that did not get the lock */
	_Atomic uint32_t clock;		/* writes; under lock */
} SHM_ALIGNED;

/* The head of an entry: all that a lookup of another key touches. */
struct cache_head {
	_Atomic uint32_t version;	/* odd while the entry is written */
	_Atomic uint32_t stamp;		/* the shard's clock when written */
	_Atomic uint64_t tag;		/* hash of the key; 0: no key */
	_Atomic uint64_t floor;		/* generation and least readable seq */
	_Atomic uint64_t workers[SHM_SLOTS_MAX / 64];
	_Atomic uint64_t epoch;
	_Atomic uint64_t seq;
} SHM_ALIGNED;
_Static_assert(sizeof(struct cache_head) == 64, "layout");

/*
 * Key and value, one behind the other in whole words, begin in the body and go
 * on in the rest. Few need that: as the entries in use are scattered, it is the
 * size of the body that decides how many pages are touched.
 */
#define CACHE_BODY_WORDS	39
#define CACHE_REST_WORDS	(SHM_WORDS(CACHE_KEY_MAX) + \
	SHM_WORDS(CACHE_VALUE_MAX) - CACHE_BODY_WORDS)

struct cache_body {
	_Atomic uint32_t key_n;
	_Atomic uint32_t value_n;
	_Atomic uint64_t word[CACHE_BODY_WORDS];
} SHM_ALIGNED;
_Static_assert(sizeof(struct cache_body) == 320, "layout");

struct cache_rest {
	_Atomic uint64_t word[CACHE_REST_WORDS];
} SHM_ALIGNED;
_Static_assert(sizeof(struct cache_rest) == 1216, "layout");
_Static_assert(CACHE_KEY_MAX % 8 == 0 && CACHE_VALUE_MAX % 8 == 0, "words");
_Static_assert(SHM_WORKER_ID_MAX % 8 == 0, "words");

/* One process's handle; private memory, made before the fork. */
struct shm {
	void			*map;
	size_t			 map_bytes;
	uint64_t		 seed;
	size_t			 slots, places;
	size_t			 sets;		/* in a shard, of CACHE_WAYS */
	int			 self;		/* slot that this process started */
	int64_t			 start_us;	/* wall clock of shm_new() */
	struct shm_slot		*slot;
	struct shm_counters	*counters;	/* [slots] is of those gone */
	struct shm_common	*common;
	_Atomic uint32_t	*place;		/* 0 or the holder's slot + 1 */
	struct cache_shard	*shard;
	struct cache_head	*head;
	struct cache_body	*body;
	struct cache_rest	*rest;
};

/*
 * Test hook: called between any two stores that a process could be killed
 * between. Undefined in the daemon, so that a step is a test of a null
 * address; a test defines it and kills itself in it.
 */
void	shm_test_step(void) __attribute__((__weak__));

static inline void
shm_step(void)
{
	if (shm_test_step != NULL)
		shm_test_step();
}

/* What shm_slot_state() says, for those below region.c. */
static inline enum shm_slot_state
shm_slot_get_state(const struct shm_slot *slot)
{
	uint32_t state = atomic_load(&slot->state);

	return (state > SHM_SLOT_DRAINING ? SHM_SLOT_DRAINING :
	    (enum shm_slot_state)state);
}

/*
 * Bytes to and from atomic words; the last word is filled up with zeros. Every
 * store is a release and every load an acquire: a reader that sees one new
 * word also sees that the entry's version was made odd before it, so the
 * sequence lock needs no fence (which ThreadSanitizer would not understand).
 * On x86 these are plain moves.
 */
static inline void
shm_words_set(_Atomic uint64_t *word, const char *p, size_t n)
{
	uint64_t x;
	size_t part;

	for (; n > 0; word++, p += part, n -= part) {
		part = n < sizeof(x) ? n : sizeof(x);
		x = 0;
		memcpy(&x, p, part);
		atomic_store_explicit(word, x, memory_order_release);
	}
}

static inline void
shm_words_get(const _Atomic uint64_t *word, char *p, size_t n)
{
	uint64_t x;
	size_t part;

	for (; n > 0; word++, p += part, n -= part) {
		part = n < sizeof(x) ? n : sizeof(x);
		x = atomic_load_explicit(word, memory_order_acquire);
		memcpy(p, &x, part);
	}
}

static inline bool
shm_words_are(const _Atomic uint64_t *word, const char *p, size_t n)
{
	uint64_t x;
	size_t part;

	for (; n > 0; word++, p += part, n -= part) {
		part = n < sizeof(x) ? n : sizeof(x);
		x = atomic_load_explicit(word, memory_order_acquire);
		if (memcmp(p, &x, part) != 0)
			return (false);
	}
	return (true);
}

/* Parts of shm_new(): the mutexes of the cache. False with errno. */
bool	cache_init(struct shm *shm) MUSTCHECK;

#endif

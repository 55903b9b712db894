/*
 * The room cache: CACHE_SHARDS shards of sets of CACHE_WAYS entries; a key's
 * hash names shard and set, its entry is one of the set's ways. Called from
 * each worker's loop, so nothing here waits.
 *
 * Writers of a shard exclude each other by a robust mutex, which they only
 * try. Readers take no lock: an entry's version is odd while it is written,
 * and a copy counts if the version was even and the same before and after.
 *
 * A writer that does not get the lock still has to hide what it could not
 * replace. It raises the entry's floor, the least seq that readers accept, by
 * compare-and-swap; the floor carries a generation, which a writer moves when
 * it puts another key or epoch there, so that a floor never hits the wrong
 * value. And it moves the shard's `failed` before it looks for the entry: a
 * writer that was just bringing the key in, where no floor could be raised
 * yet, sees that and takes its entry back. Either one sees the other.
 */
#include <errno.h>

#include "base/hash.h"
#include "base/log.h"
#include "shm/layout.h"

#define READ_TRIES	200	/* a write takes a fraction of a microsecond */
#define MARK_TRIES	64	/* each one lost is another writer's success */
#define NO_ENTRY	SIZE_MAX

#define FLOOR_SEQ	((UINT64_C(1) << 48) - 1)
#define FLOOR_NEVER	FLOOR_SEQ	/* nothing of this generation is read */

/* Where a key may be. */
struct place {
	struct cache_shard *shard;
	size_t	 first;		/* entry; CACHE_WAYS from there */
	uint64_t tag;
};

/* What a reader saw of an entry at one moment. */
struct view {
	uint64_t epoch, seq, floor_seq;
	uint64_t workers[SHM_SLOTS_MAX / 64];
};

enum look { LOOK_OTHER, LOOK_FOUND, LOOK_TORN };

bool
cache_init(struct shm *shm)
{
	pthread_mutexattr_t attr;
	int i, rc;

	if ((rc = pthread_mutexattr_init(&attr)) != 0) {
		errno = rc;
		return (false);
	}
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (rc == 0)
		rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (i = 0; rc == 0 && i < CACHE_SHARDS; i++)
		rc = pthread_mutex_init(&shm->shard[i].lock, &attr);
	(void)pthread_mutexattr_destroy(&attr);
	errno = rc;
	return (rc == 0);
}

static bool
place_find(const struct shm *shm, struct slice key, struct place *place)
{
	uint64_t hash;
	size_t shard, set;

	if (key.n == 0 || key.n > CACHE_KEY_MAX)
		return (false);
	hash = hash_bytes(key.p, key.n, shm->seed);
	shard = hash % CACHE_SHARDS;
	set = hash / CACHE_SHARDS % shm->sets;
	place->shard = &shm->shard[shard];
	place->first = (shard * shm->sets + set) * CACHE_WAYS;
	place->tag = hash == 0 ? 1 : hash;
	return (true);
}

/* Where the words of an entry from `at` on lie: *n bytes at most are there,
 * what is more is to be asked for again. */
static _Atomic uint64_t *
words_at(const struct shm *shm, size_t i, size_t at, size_t *n)
{
	size_t left;

	if (at >= CACHE_BODY_WORDS)
		return (&shm->rest[i].word[at - CACHE_BODY_WORDS]);
	left = (CACHE_BODY_WORDS - at) * sizeof(uint64_t);
	if (*n > left)
		*n = left;
	return (&shm->body[i].word[at]);
}

static void
words_set(struct shm *shm, size_t i, size_t at, const char *p, size_t n)
{
	_Atomic uint64_t *word;
	size_t part;

	for (; n > 0; at += SHM_WORDS(part), p += part, n -= part) {
		part = n;
		word = words_at(shm, i, at, &part);
		shm_words_set(word, p, part);
	}
}

static void
words_get(const struct shm *shm, size_t i, size_t at, char *p, size_t n)
{
	const _Atomic uint64_t *word;
	size_t part;

	for (; n > 0; at += SHM_WORDS(part), p += part, n -= part) {
		part = n;
		word = words_at(shm, i, at, &part);
		shm_words_get(word, p, part);
	}
}

static bool
entry_has_key(const struct shm *shm, size_t i, struct slice key)
{
	const _Atomic uint64_t *word;
	size_t at = 0, part;

	if (atomic_load_explicit(&shm->body[i].key_n, memory_order_acquire) !=
	    key.n)
		return (false);
	for (; key.n > 0; at += SHM_WORDS(part), key.p += part,
	    key.n -= part) {
		part = key.n;
		word = words_at(shm, i, at, &part);
		if (!shm_words_are(word, key.p, part))
			return (false);
	}
	return (true);
}

static void
head_view(const struct cache_head *head, struct view *view)
{
	size_t i;

	view->epoch = atomic_load_explicit(&head->epoch, memory_order_acquire);
	view->seq = atomic_load_explicit(&head->seq, memory_order_acquire);
	view->floor_seq = atomic_load_explicit(&head->floor,
	    memory_order_acquire) & FLOOR_SEQ;
	for (i = 0; i < COUNT_OF(view->workers); i++)
		view->workers[i] = atomic_load_explicit(&head->workers[i],
		    memory_order_acquire);
}

static bool
view_is_valid(const struct view *view)
{
	size_t i;

	if (view->seq < view->floor_seq)
		return (false);
	for (i = 0; i < COUNT_OF(view->workers); i++) {
		if (view->workers[i] != 0)
			return (true);
	}
	return (false);
}

/* Copies the value out; false if its length is none that was written. */
static bool
entry_copy(const struct shm *shm, size_t i, struct slice key,
    const struct view *view, struct cache_value *out)
{
	out->epoch = view->epoch;
	out->seq = view->seq;
	out->n = atomic_load_explicit(&shm->body[i].value_n,
	    memory_order_acquire);
	if (out->n > sizeof(out->bytes))
		return (false);
	words_get(shm, i, SHM_WORDS(key.n), out->bytes, out->n);
	return (true);
}

/* One look at an entry, without a lock; out may be NULL. */
static enum look
entry_look(const struct shm *shm, size_t i, struct slice key,
    struct view *view, struct cache_value *out)
{
	const struct cache_head *head = &shm->head[i];
	uint32_t version;
	bool found;

	version = atomic_load_explicit(&head->version, memory_order_acquire);
	if ((version & 1) != 0)
		return (LOOK_TORN);
	found = entry_has_key(shm, i, key);
	if (found) {
		head_view(head, view);
		if (out != NULL)
			found = entry_copy(shm, i, key, view, out);
	}
	/* All loads above are acquires, so this one is after them. */
	if (atomic_load_explicit(&head->version, memory_order_relaxed) !=
	    version)
		return (LOOK_TORN);
	return (found ? LOOK_FOUND : LOOK_OTHER);
}

static bool
tag_is(const struct shm *shm, size_t i, uint64_t tag)
{
	/* Sequentially consistent: see entry_write() and give_up(). */
	return (atomic_load(&shm->head[i].tag) == tag);
}

/* Looks until one look is whole; LOOK_TORN if none of them was. */
static enum look
entry_read(const struct shm *shm, size_t i, const struct place *place,
    struct slice key, struct view *view, struct cache_value *out)
{
	enum look look;
	int tries;

	for (tries = 0; tries < READ_TRIES; tries++) {
		look = entry_look(shm, i, key, view, out);
		if (look != LOOK_TORN)
			return (look);
		if (!tag_is(shm, i, place->tag))
			return (LOOK_OTHER);
	}
	return (LOOK_TORN);
}

/* The valid value of key, in whichever way it is. *busy is set if an entry
 * could not be read. */
static bool
set_read(const struct shm *shm, const struct place *place, struct slice key,
    struct cache_value *out, bool *busy)
{
	struct view view;
	size_t i;

	for (i = place->first; i < place->first + CACHE_WAYS; i++) {
		if (!tag_is(shm, i, place->tag))
			continue;
		switch (entry_read(shm, i, place, key, &view, out)) {
		case LOOK_FOUND:
			return (view_is_valid(&view));
		case LOOK_TORN:
			*busy = true;
			break;
		case LOOK_OTHER:
			break;
		}
	}
	return (false);
}

bool
cache_get(struct shm *shm, struct slice key, struct cache_value *out)
{
	struct place place;
	bool found = false, busy = false;

	if (place_find(shm, key, &place))
		found = set_read(shm, &place, key, out, &busy);
	if (busy)
		counters_add(shm, shm->self, COUNTER_CACHE_BUSY, 1);
	counters_add(shm, shm->self,
	    found ? COUNTER_CACHE_HITS : COUNTER_CACHE_MISSES, 1);
	return (found);
}

/* --- the lock and its repair --------------------------------------------- */

static void
version_move(struct cache_head *head)
{
	uint32_t version = atomic_load_explicit(&head->version,
	    memory_order_relaxed);

	/* To odd: the stores that follow are releases and stay behind it. To
	 * even: a release, so that those before stay in front. */
	atomic_store_explicit(&head->version, version + 1,
	    memory_order_release);
}

static bool
is_being_written(const struct cache_head *head)
{
	return ((atomic_load_explicit(&head->version, memory_order_relaxed) &
	    1) != 0);
}

/* Begins a new generation, in which everything is readable. */
static void
floor_reset(struct cache_head *head)
{
	uint64_t old = atomic_load_explicit(&head->floor,
	    memory_order_relaxed);

	/* An exchange in a loop rather than a store: it reads a floor raised
	 * meanwhile, and with it the `failed` that was moved before. */
	while (!atomic_compare_exchange_weak(&head->floor, &old,
	    ((old >> 48) + 1) << 48))
		;
}

/* Makes an entry empty, whatever state it is in; lock held. */
static void
entry_wipe(struct shm *shm, size_t i)
{
	struct cache_head *head = &shm->head[i];
	size_t w;

	if (!is_being_written(head))
		version_move(head);
	shm_step();
	atomic_store(&head->tag, 0);
	for (w = 0; w < COUNT_OF(head->workers); w++)
		atomic_store(&head->workers[w], 0);
	floor_reset(head);
	shm_step();
	atomic_store(&shm->body[i].key_n, 0);
	atomic_store(&shm->body[i].value_n, 0);
	shm_step();
	version_move(head);
}

/* The last writer of this shard died: what it had half written is wiped. The
 * other entries are whole; if it had just written one that it would have had to
 * take back, the master takes its bit out, which was the only one. */
static void
shard_repair(struct shm *shm, struct cache_shard *shard)
{
	size_t entries = shm->sets * CACHE_WAYS;
	size_t first = (size_t)(shard - shm->shard) * entries;
	size_t i;

	for (i = first; i < first + entries; i++) {
		if (is_being_written(&shm->head[i]))
			entry_wipe(shm, i);
	}
}

static bool
shard_try_lock(struct shm *shm, struct cache_shard *shard, int slot)
{
	switch (pthread_mutex_trylock(&shard->lock)) {
	case 0:
		return (true);
	case EOWNERDEAD:
		shard_repair(shm, shard);
		shm_step();
		(void)pthread_mutex_consistent(&shard->lock);
		counters_add(shm, slot, COUNTER_CACHE_REPAIRS, 1);
		log_warn("shm: repaired a cache shard after its writer died");
		return (true);
	default:
		return (false);
	}
}

static void
shard_unlock(struct cache_shard *shard)
{
	(void)pthread_mutex_unlock(&shard->lock);
}

void
cache_repair(struct shm *shm)
{
	int i;

	for (i = 0; i < CACHE_SHARDS; i++) {
		if (!shard_try_lock(shm, &shm->shard[i], SHM_SLOT_MASTER))
			continue;
		shm_step();
		shard_unlock(&shm->shard[i]);
	}
}

/* --- writing ------------------------------------------------------------- */

static uint64_t
worker_bit(int slot)
{
	return (UINT64_C(1) << (slot % 64));
}

static bool
view_has_worker(const struct view *view, int slot)
{
	return ((view->workers[slot / 64] & worker_bit(slot)) != 0);
}

/* True if nothing is to be done: usual when an event reaches several workers
 * at once and another one was faster. Needs no lock. */
static bool
set_is_current(const struct shm *shm, const struct place *place, int slot,
    struct slice key, const struct cache_value *value)
{
	struct view view;
	size_t i;

	for (i = place->first; i < place->first + CACHE_WAYS; i++) {
		if (!tag_is(shm, i, place->tag) ||
		    entry_look(shm, i, key, &view, NULL) != LOOK_FOUND)
			continue;
		/* A bit is only set under the lock: without it the entry may
		 * be another room's by the time the bit arrives. */
		return (view.epoch == value->epoch &&
		    view.seq >= value->seq && view.seq >= view.floor_seq &&
		    view_has_worker(&view, slot));
	}
	return (false);
}

/* Raises the floor of one entry so that nothing older than (epoch, seq) is
 * read from it. */
static void
entry_hide(struct shm *shm, size_t i, uint64_t tag, uint64_t epoch,
    uint64_t seq)
{
	struct cache_head *head = &shm->head[i];
	uint64_t floor, least;
	int tries;

	for (tries = 0; tries < MARK_TRIES; tries++) {
		floor = atomic_load(&head->floor);
		/* A writer sets the epoch before it moves the generation and
		 * clears the tag before both: if the exchange succeeds, epoch
		 * and tag were those of the floor. */
		least = atomic_load(&head->epoch) == epoch ? seq : FLOOR_NEVER;
		if (!tag_is(shm, i, tag) || (floor & FLOOR_SEQ) >= least)
			return;
		shm_step();
		if (atomic_compare_exchange_strong(&head->floor, &floor,
		    (floor & ~FLOOR_SEQ) | least))
			return;
	}
	/* Whatever is there now: without workers it is not read. */
	atomic_store(&head->workers[0], 0);
	atomic_store(&head->workers[1], 0);
}

/* A value could not be put: no older one may be read from now on. */
static void
give_up(struct shm *shm, const struct place *place, uint64_t epoch,
    uint64_t seq)
{
	size_t i;

	/* First this, then the search; a writer does it the other way round
	 * (entry_write, put_locked), all sequentially consistent. */
	atomic_fetch_add(&place->shard->failed, 1);
	shm_step();
	for (i = place->first; i < place->first + CACHE_WAYS; i++) {
		if (tag_is(shm, i, place->tag))
			entry_hide(shm, i, place->tag, epoch, seq);
	}
}

/* The entry of key, lock held, so that looks cannot be torn; NO_ENTRY. */
static size_t
set_find(const struct shm *shm, const struct place *place, struct slice key,
    struct view *view)
{
	size_t i;

	for (i = place->first; i < place->first + CACHE_WAYS; i++) {
		if (tag_is(shm, i, place->tag) &&
		    entry_look(shm, i, key, view, NULL) == LOOK_FOUND)
			return (i);
	}
	return (NO_ENTRY);
}

/* The entry to give up for a new key: one that no reader can use, else the one
 * that was written longest ago. Lock held. */
static size_t
set_evict(const struct shm *shm, const struct place *place)
{
	uint32_t clock = atomic_load(&place->shard->clock);
	size_t i, best = place->first;
	uint64_t age, oldest = 0;
	struct view view;

	for (i = place->first; i < place->first + CACHE_WAYS; i++) {
		if (tag_is(shm, i, 0))
			return (i);
		head_view(&shm->head[i], &view);
		age = view_is_valid(&view) ?
		    (uint32_t)(clock - atomic_load(&shm->head[i].stamp)) :
		    UINT64_MAX;
		if (age > oldest) {
			oldest = age;
			best = i;
		}
	}
	return (best);
}

/* The part of a write that makes an entry another key's or epoch's. The order
 * is what entry_hide() relies on: tag, epoch, floor. */
static void
entry_rename(struct shm *shm, size_t i, struct slice key, int slot,
    uint64_t epoch)
{
	struct cache_head *head = &shm->head[i];
	size_t w;

	atomic_store(&head->tag, 0);
	shm_step();
	atomic_store(&head->epoch, epoch);
	shm_step();
	floor_reset(head);
	shm_step();
	atomic_store_explicit(&shm->body[i].key_n, (uint32_t)key.n,
	    memory_order_release);
	shm_step();
	words_set(shm, i, 0, key.p, key.n);
	shm_step();
	for (w = 0; w < COUNT_OF(head->workers); w++)
		atomic_store(&head->workers[w],
		    w == (size_t)slot / 64 ? worker_bit(slot) : 0);
}

static void
entry_set_value(struct shm *shm, size_t i, struct slice key,
    const struct cache_value *value)
{
	size_t half = value->n / 2 / 8 * 8, at = SHM_WORDS(key.n);

	atomic_store_explicit(&shm->head[i].seq, value->seq,
	    memory_order_release);
	shm_step();
	atomic_store_explicit(&shm->body[i].value_n, (uint32_t)value->n,
	    memory_order_release);
	shm_step();
	words_set(shm, i, at, value->bytes, half);
	shm_step();
	words_set(shm, i, at + half / 8, value->bytes + half, value->n - half);
}

/* Lock held. fresh: the entry is not of this key and epoch, or unreadable. */
static void
entry_write(struct shm *shm, size_t i, const struct place *place, int slot,
    struct slice key, const struct cache_value *value, bool fresh)
{
	struct cache_head *head = &shm->head[i];

	version_move(head);
	shm_step();
	if (fresh)
		entry_rename(shm, i, key, slot, value->epoch);
	else
		atomic_fetch_or(&head->workers[slot / 64], worker_bit(slot));
	shm_step();
	entry_set_value(shm, i, key, value);
	shm_step();
	atomic_store(&head->stamp,
	    atomic_fetch_add(&place->shard->clock, 1) + 1);
	atomic_store(&head->tag, place->tag);
	shm_step();
	version_move(head);
	shm_step();
}

/* failed: the shard's, from before the lock was taken. */
static bool
put_locked(struct shm *shm, const struct place *place, int slot,
    struct slice key, const struct cache_value *value, uint32_t failed)
{
	struct view view;
	bool fresh = true;
	size_t i, w;

	i = set_find(shm, place, key, &view);
	if (i == NO_ENTRY)
		i = set_evict(shm, place);
	else if (view.epoch == value->epoch &&
	    view.floor_seq != FLOOR_NEVER) {
		if (value->seq < view.floor_seq && view.seq < view.floor_seq)
			return (false);
		if (view.seq >= value->seq) {
			atomic_fetch_or(&shm->head[i].workers[slot / 64],
			    worker_bit(slot));
			return (true);
		}
		fresh = false;
	}
	entry_write(shm, i, place, slot, key, value, fresh);
	if (fresh && atomic_load(&place->shard->failed) != failed) {
		/* Perhaps with something newer for this very key. */
		for (w = 0; w < COUNT_OF(shm->head[i].workers); w++)
			atomic_store(&shm->head[i].workers[w], 0);
		return (false);
	}
	return (true);
}

bool
cache_put(struct shm *shm, int slot, struct slice key,
    const struct cache_value *value)
{
	struct place place;
	uint32_t failed;
	bool done;

	ASSERT(slot >= 0 && (size_t)slot < shm->slots);
	if (!place_find(shm, key, &place))
		return (false);
	if (value->n > sizeof(value->bytes) || value->seq >= FLOOR_NEVER) {
		give_up(shm, &place, value->epoch,
		    value->seq < FLOOR_NEVER ? value->seq : FLOOR_NEVER);
		return (false);
	}
	if (set_is_current(shm, &place, slot, key, value))
		return (true);
	failed = atomic_load(&place.shard->failed);
	if (!shard_try_lock(shm, place.shard, slot)) {
		counters_add(shm, slot, COUNTER_CACHE_BUSY, 1);
		give_up(shm, &place, value->epoch, value->seq);
		return (false);
	}
	shm_step();
	done = put_locked(shm, &place, slot, key, value, failed);
	shm_step();
	shard_unlock(place.shard);
	return (done);
}

/*
 * No lock: only this worker sets its bit, so if the entry becomes another
 * room's meanwhile the bit is not in it and taking it out changes nothing. The
 * tag is enough: on a collision of hashes the other room loses a bit, which
 * costs a Redis read.
 */
void
cache_drop(struct shm *shm, int slot, struct slice key)
{
	struct place place;
	size_t i;

	ASSERT(slot >= 0 && (size_t)slot < shm->slots);
	if (!place_find(shm, key, &place))
		return;
	for (i = place.first; i < place.first + CACHE_WAYS; i++) {
		if (tag_is(shm, i, place.tag))
			atomic_fetch_and(&shm->head[i].workers[slot / 64],
			    ~worker_bit(slot));
	}
}

void
cache_drop_all(struct shm *shm, int slot)
{
	size_t i, entries = shm->sets * CACHE_WAYS * CACHE_SHARDS;
	_Atomic uint64_t *workers;

	ASSERT(slot >= 0 && (size_t)slot < shm->slots);
	for (i = 0; i < entries; i++) {
		workers = &shm->head[i].workers[slot / 64];
		if ((atomic_load(workers) & worker_bit(slot)) != 0)
			atomic_fetch_and(workers, ~worker_bit(slot));
	}
}

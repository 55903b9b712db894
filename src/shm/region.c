/*
 * The shared mapping and its slots. shm_new() lays everything out once; from
 * then on nothing is allocated, moved or linked. The master claims and
 * releases slots, a worker writes its own, everybody reads. Must never wait,
 * and must leave nothing half-done that a death in between could expose: a
 * name is written to the spare copy and then switched to, an orphan is handed
 * over by one compare-and-swap, and a release can be repeated. It stands above
 * the other files of this layer, whose parts a release takes back.
 */
#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "shm/budget.h"
#include "shm/layout.h"
#include "shm/turn.h"

#define ID_WORDS	SHM_WORDS(SHM_WORKER_ID_MAX)

/* Where the parts lie, as offsets into the mapping. */
struct plan {
	size_t	slot, counters, common, place, shard, head, body, rest;
	size_t	bytes;
};

/* Takes `bytes` at the plan's end, on a cache line, and returns where. */
static size_t
plan_add(struct plan *plan, size_t bytes)
{
	size_t at = plan->bytes;

	plan->bytes += (bytes + SHM_LINE - 1) / SHM_LINE * SHM_LINE;
	return (at);
}

/* The bounds in shm_new() keep all products far below SIZE_MAX. */
static void
plan_make(struct plan *plan, const struct shm *shm)
{
	size_t entries = shm->sets * CACHE_WAYS * CACHE_SHARDS;

	plan->bytes = sizeof(struct shm_header);
	plan->slot = plan_add(plan, shm->slots * sizeof(struct shm_slot));
	plan->counters = plan_add(plan,
	    (shm->slots + 1) * sizeof(struct shm_counters));
	plan->common = plan_add(plan, sizeof(struct shm_common));
	plan->place = plan_add(plan, shm->places * sizeof(_Atomic uint32_t));
	plan->shard = plan_add(plan, CACHE_SHARDS * sizeof(struct cache_shard));
	plan->head = plan_add(plan, entries * sizeof(struct cache_head));
	plan->body = plan_add(plan, entries * sizeof(struct cache_body));
	plan->rest = plan_add(plan, entries * sizeof(struct cache_rest));
}

static void
plan_apply(const struct plan *plan, struct shm *shm)
{
	char *base = shm->map;

	shm->slot = (void *)(base + plan->slot);
	shm->counters = (void *)(base + plan->counters);
	shm->common = (void *)(base + plan->common);
	shm->place = (void *)(base + plan->place);
	shm->shard = (void *)(base + plan->shard);
	shm->head = (void *)(base + plan->head);
	shm->body = (void *)(base + plan->body);
	shm->rest = (void *)(base + plan->rest);
}

static void
header_init(struct shm *shm, const struct shm_geometry *geometry)
{
	struct shm_header *header = shm->map;

	header->magic = SHM_MAGIC;
	header->version = SHM_LAYOUT_VERSION;
	header->seed = shm->seed;
	header->rooms = geometry->rooms;
	header->slots = geometry->slots;
	header->places = geometry->places;
}

struct shm *
shm_new(const struct shm_geometry *geometry)
{
	struct shm *shm;
	struct plan plan;
	int saved;

	if (geometry->rooms == 0 || geometry->rooms > SHM_ROOMS_MAX ||
	    geometry->slots == 0 || geometry->slots > SHM_SLOTS_MAX ||
	    geometry->places == 0 || geometry->places > SHM_PLACES_MAX) {
		errno = EINVAL;
		return (NULL);
	}
	shm = xcalloc(1, sizeof(*shm));
	shm->slots = geometry->slots;
	shm->places = geometry->places;
	shm->sets = (geometry->rooms + CACHE_SHARDS * CACHE_WAYS - 1) /
	    (CACHE_SHARDS * CACHE_WAYS);
	shm->self = SHM_SLOT_MASTER;
	shm->seed = hash_seed();
	shm->start_us = clock_wall_us();
	plan_make(&plan, shm);
	shm->map_bytes = plan.bytes;
	/* Fresh pages are zero: free slots, free places, entries of no key. */
	shm->map = mmap(NULL, plan.bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shm->map == MAP_FAILED) {
		saved = errno;
		free(shm);
		errno = saved;
		return (NULL);
	}
	plan_apply(&plan, shm);
	header_init(shm, geometry);
	if (!cache_init(shm)) {
		saved = errno;
		shm_free(shm);
		errno = saved;
		return (NULL);
	}
	return (shm);
}

void
shm_free(struct shm *shm)
{
	if (shm == NULL)
		return;
	/* The mutexes are not destroyed: other processes may use them. */
	(void)munmap(shm->map, shm->map_bytes);
	free(shm);
}

size_t
shm_slots(const struct shm *shm)
{
	return (shm->slots);
}

static struct shm_slot *
slot_at(const struct shm *shm, int slot)
{
	ASSERT(slot >= 0 && (size_t)slot < shm->slots);
	return (&shm->slot[slot]);
}

int
shm_slot_claim(struct shm *shm)
{
	size_t i;

	for (i = 0; i < shm->slots; i++) {
		if (atomic_load(&shm->slot[i].state) != SHM_SLOT_FREE)
			continue;
		atomic_store(&shm->slot[i].state, SHM_SLOT_STARTING);
		return ((int)i);
	}
	return (-1);
}

void
shm_slot_start(struct shm *shm, int slot, pid_t pid)
{
	atomic_store(&slot_at(shm, slot)->pid, (int32_t)pid);
	if (pid == getpid())
		shm->self = slot;
}

void
shm_slot_set_state(struct shm *shm, int slot, enum shm_slot_state state)
{
	ASSERT(state == SHM_SLOT_ACCEPTING || state == SHM_SLOT_DRAINING);
	atomic_store(&slot_at(shm, slot)->state, (uint32_t)state);
}

enum shm_slot_state
shm_slot_state(const struct shm *shm, int slot)
{
	return (shm_slot_get_state(slot_at(shm, slot)));
}

pid_t
shm_slot_pid(const struct shm *shm, int slot)
{
	return ((pid_t)atomic_load(&slot_at(shm, slot)->pid));
}

void
shm_note_redis_up(struct shm *shm)
{
	atomic_store_explicit(&shm->common->redis_was_up, 1,
	    memory_order_release);
}

bool
shm_redis_was_up(const struct shm *shm)
{
	return (atomic_load_explicit(&shm->common->redis_was_up,
	    memory_order_acquire) != 0);
}

void
shm_slot_set_identity(struct shm *shm, int slot, const char *worker_id)
{
	struct shm_slot *s = slot_at(shm, slot);
	uint32_t spare = (atomic_load(&s->id_at) + 1) & 1;
	char text[SHM_WORKER_ID_MAX] = { 0 };
	size_t n = strlen(worker_id);

	ASSERT(n > 0 && n <= sizeof(text));
	memcpy(text, worker_id, n);
	shm_step();
	shm_words_set(s->id[spare], text, sizeof(text) / 2);
	shm_step();
	shm_words_set(s->id[spare] + ID_WORDS / 2, text + sizeof(text) / 2,
	    sizeof(text) / 2);
	shm_step();
	atomic_store(&s->id_at, spare);
}

void
shm_slot_beat(struct shm *shm, int slot, int64_t now_mono_ms)
{
	atomic_store_explicit(&slot_at(shm, slot)->beat_ms, now_mono_ms,
	    memory_order_relaxed);
}

/* True if the ring holds this name already: a release cut short before. */
static bool
orphan_is_known(const struct shm *shm, const char text[SHM_WORKER_ID_MAX])
{
	const struct shm_orphan *orphan;
	size_t i;

	for (i = 0; i < SHM_ORPHANS; i++) {
		orphan = &shm->common->orphans[i];
		if ((atomic_load(&orphan->turn) & 1) != 0 &&
		    shm_words_are(orphan->id, text, SHM_WORKER_ID_MAX))
			return (true);
	}
	return (false);
}

static void
orphan_add(struct shm *shm, const char text[SHM_WORKER_ID_MAX])
{
	struct shm_orphan *orphan;
	uint32_t turn;
	size_t i;

	if (orphan_is_known(shm, text))
		return;
	for (i = 0; i < SHM_ORPHANS; i++) {
		orphan = &shm->common->orphans[i];
		turn = atomic_load_explicit(&orphan->turn,
		    memory_order_acquire);
		if ((turn & 1) != 0)
			continue;
		shm_words_set(orphan->id, text, SHM_WORKER_ID_MAX);
		shm_step();
		atomic_store_explicit(&orphan->turn, turn + 1,
		    memory_order_release);
		return;
	}
	log_warn("shm: too many orphans, one is left to its lease");
}

bool
shm_orphan_take(struct shm *shm, char out[SHM_WORKER_ID_MAX + 1])
{
	struct shm_orphan *orphan;
	uint32_t turn;
	size_t i;

	for (i = 0; i < SHM_ORPHANS; i++) {
		orphan = &shm->common->orphans[i];
		turn = atomic_load_explicit(&orphan->turn,
		    memory_order_acquire);
		if ((turn & 1) == 0)
			continue;
		shm_words_get(orphan->id, out, SHM_WORKER_ID_MAX);
		out[SHM_WORKER_ID_MAX] = '\0';
		shm_step();
		/* The release keeps the copy above in front of it. */
		if (atomic_compare_exchange_strong_explicit(&orphan->turn,
		    &turn, turn + 1, memory_order_acq_rel,
		    memory_order_relaxed) && out[0] != '\0')
			return (true);
	}
	return (false);
}

/* Forgets the name of a slot, after making it an orphan if its worker died. */
static void
release_identity(struct shm *shm, struct shm_slot *s, bool died)
{
	uint32_t at = atomic_load(&s->id_at) & 1;
	char text[SHM_WORKER_ID_MAX];
	size_t i;

	shm_words_get(s->id[at], text, sizeof(text));
	if (died && text[0] != '\0')
		orphan_add(shm, text);
	shm_step();
	for (i = 0; i < ID_WORDS; i++) {
		/* The first word first: an empty name is no orphan. */
		atomic_store(&s->id[at][i], 0);
		atomic_store(&s->id[at ^ 1][i], 0);
		shm_step();
	}
}

void
shm_slot_release(struct shm *shm, int slot, bool died)
{
	struct shm_slot *s = slot_at(shm, slot);

	if (atomic_load(&s->state) == SHM_SLOT_FREE)
		return;
	atomic_store(&s->state, SHM_SLOT_DRAINING);
	shm_step();
	budget_give_all(shm, slot);
	shm_step();
	turn_give(shm, slot);
	shm_step();
	/* Locks first: a half-written entry may carry the dead one's bit. */
	cache_repair(shm);
	shm_step();
	cache_drop_all(shm, slot);
	shm_step();
	counters_retire(shm, slot);
	shm_step();
	release_identity(shm, s, died);
	atomic_store(&s->pid, 0);
	atomic_store(&s->beat_ms, 0);
	shm_step();
	/* Last: from here the slot may be claimed again. */
	atomic_store(&s->state, SHM_SLOT_FREE);
}

unsigned
shm_connections(const struct shm *shm, int slot)
{
	int64_t n;

	(void)slot_at(shm, slot);
	n = counters_get(shm, slot, COUNTER_CONNECTIONS);
	if (n < 0)
		return (0);
	return (n > INT32_MAX ? INT32_MAX : (unsigned)n);
}

/* True if connections may be left to this slot. */
static bool
slot_is_peer(const struct shm *shm, size_t i, int64_t now_ms)
{
	const struct shm_slot *s = &shm->slot[i];
	int64_t beat_ms = atomic_load_explicit(&s->beat_ms,
	    memory_order_relaxed);

	if (atomic_load(&s->state) != SHM_SLOT_ACCEPTING)
		return (false);
	return (beat_ms == 0 || now_ms - beat_ms <= SHM_BEAT_MAX_MS);
}

/* Sums the connections of all peers and returns how many peers there are. */
static uint64_t
sum_peers(const struct shm *shm, uint64_t *sum)
{
	int64_t now_ms = clock_mono_ms();
	uint64_t n = 0;
	size_t i;

	*sum = 0;
	for (i = 0; i < shm->slots; i++) {
		if (!slot_is_peer(shm, i, now_ms))
			continue;
		*sum += shm_connections(shm, (int)i);
		n++;
	}
	return (n);
}

unsigned
shm_connections_mean(const struct shm *shm)
{
	uint64_t sum, n = sum_peers(shm, &sum);

	return (n == 0 ? 0 : (unsigned)(sum / n));
}

bool
shm_is_crowded(const struct shm *shm, int slot)
{
	uint64_t mine = shm_connections(shm, slot);
	uint64_t sum, n = sum_peers(shm, &sum);

	if (n == 0)
		return (false);
	/* mine > sum / n * 9/8 + 16, without the divisions */
	return (mine * n * 8 > sum * 9 + n * 8 * 16);
}

/*
 * The memory that all processes of one collabd share: one MAP_SHARED mapping,
 * made by the master before the first fork, of fixed size, with offsets
 * instead of pointers. This header owns the region itself and its slots: a
 * slot is a worker's place in it (its counters, its bit in the cache, its
 * name in Redis). shm/cache.h, shm/budget.h, shm/counters.h and shm/turn.h own
 * the rest.
 *
 * A struct shm is each process's own handle: the geometry, the hash seed and
 * the addresses lie in private memory, so that a stray write of another
 * process cannot bend them. What lies in the mapping is input: bounded when
 * read, copied, never asserted.
 *
 * Nothing here calls back. "Slot" arguments are the caller's own and are
 * asserted to be in range.
 */
#ifndef COLLABD_SHM_REGION_H
#define COLLABD_SHM_REGION_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"

#define SHM_SLOTS_MAX		128	/* two words of bits in a cache entry */
#define SHM_ROOMS_MAX		(1024 * 1024)	/* the setting's upper bound */
#define SHM_PLACES_MAX		1024
#define SHM_WORKER_ID_MAX	32	/* bytes of text, without the NUL */

/* In place of a slot, for counters of a process that is no worker. */
#define SHM_SLOT_MASTER		(-1)

struct shm;

struct shm_geometry {
	size_t	rooms;	/* room cache: at least so many entries */
	size_t	slots;	/* workers at a time, old and new ones of a reload */
	size_t	places;	/* the largest budget any reload may set */
};

enum shm_slot_state {
	SHM_SLOT_FREE,
	SHM_SLOT_STARTING,	/* claimed; forked or about to be */
	SHM_SLOT_ACCEPTING,
	SHM_SLOT_DRAINING,	/* accepts no more; does not count as a peer */
};

/*
 * Makes the region, zeroed where it matters. Master, before any fork. NULL
 * with errno on failure (EINVAL: a figure of the geometry is out of bounds).
 * The memory is reserved, not used: a page costs only once touched.
 */
struct shm *shm_new(const struct shm_geometry *geometry) MUSTCHECK;
/* Unmaps it in this process and frees the handle; NULL is fine. The others'
 * mappings stay. */
void	shm_free(struct shm *shm);
size_t	shm_slots(const struct shm *shm);

/*
 * Takes a free slot for a worker about to be forked; -1 when there is none.
 * Master only. If the fork fails: shm_slot_release(shm, slot, false).
 */
int	shm_slot_claim(struct shm *shm) MUSTCHECK;
/*
 * Notes whose slot it is. The worker calls it first thing after the fork with
 * its own pid: from then on this process's handle counts cache hits there. The
 * master may call it too, with the child's pid; both write the same number.
 */
void	shm_slot_start(struct shm *shm, int slot, pid_t pid);
/* Worker only, ACCEPTING or DRAINING. */
void	shm_slot_set_state(struct shm *shm, int slot,
	    enum shm_slot_state state);
/* A free slot's state is FREE; a value that is no state reads as DRAINING. */
enum shm_slot_state shm_slot_state(const struct shm *shm, int slot);
/* 0 when free or not started. */
pid_t	shm_slot_pid(const struct shm *shm, int slot);
/* A worker of this master has been up with Redis: what that holds since may be
 * missed. Any process. */
void	shm_note_redis_up(struct shm *shm);
bool	shm_redis_was_up(const struct shm *shm);

/*
 * The worker's name in Redis, 1 to SHM_WORKER_ID_MAX bytes of text. To be
 * called before anything is written to Redis under that name, so that a death
 * in between leaves no unknown name there. A new name replaces the old one,
 * whose lease must have lapsed. Killed within: the old name stands.
 */
void	shm_slot_set_identity(struct shm *shm, int slot, const char *worker_id);
/*
 * "My loop turns": about once a second, from the loop. A slot that once did
 * and has not for SHM_BEAT_MAX_MS is left out of the average below, so that a
 * hung worker, which takes no connections, does not make all others pause.
 */
void	shm_slot_beat(struct shm *shm, int slot, int64_t now_mono_ms);
#define SHM_BEAT_MAX_MS	3000

/*
 * Takes the slot back. Master only, after waitpid() said that the process is
 * gone. Frees its places in the budget and wakes who waits for one, clears its
 * bits in the cache, repairs the locks it died in, adds its counters to those
 * of the workers before it, zeroes its gauges, and, if it died, moves its
 * Redis name to the orphans. May be repeated if it was cut short.
 */
void	shm_slot_release(struct shm *shm, int slot, bool died);

/*
 * The Redis name of a worker that died, for the caller to take over its
 * departure; false when there is none. Any worker; each name is given out
 * once. A taker that dies before it acted loses the name: then the lease in
 * Redis lapses and the slow look finds it. The same holds for names beyond
 * SHM_ORPHANS untaken ones.
 */
bool	shm_orphan_take(struct shm *shm, char out[SHM_WORKER_ID_MAX + 1])
	    MUSTCHECK;
#define SHM_ORPHANS	256

/* Connections of a slot, as its gauge says (COUNTER_CONNECTIONS); never < 0. */
unsigned shm_connections(const struct shm *shm, int slot);
/* The mean over the slots that accept and are not hung; 0 when none does. */
unsigned shm_connections_mean(const struct shm *shm);
/*
 * True when the slot holds clearly more connections than that mean (by more
 * than an eighth and 16), so that it should leave the next ones to others. Not
 * all slots can be crowded at once. Loop thread, reads one line for each slot.
 */
bool	shm_is_crowded(const struct shm *shm, int slot);

#endif

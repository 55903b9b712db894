/*
 * The room cache: the machine's one replica of room state. Values are opaque
 * here; the store feeds them in and the cache never asks Redis. Nobody waits:
 * not a reader for a writer, not a writer for another. Losing an entry costs a
 * Redis read, never correctness.
 *
 * An entry is valid while at least one worker that receives the room's events
 * is registered in it (its bit is set by cache_put()). A worker takes its bit
 * out when it leaves the room; the master takes out those of a dead worker.
 *
 * Loop thread of a worker (one thread of a process at a time); cache_get() any
 * thread. Nothing calls back.
 */
#ifndef COLLABD_SHM_CACHE_H
#define COLLABD_SHM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/slice.h"
#include "shm/region.h"

#define CACHE_KEY_MAX	504	/* bytes; the longest room key has 463 */
/* Bytes. An ordinary value has 200; what does not fit is read from Redis each
 * time. The size counts, because every open room has an entry. */
#define CACHE_VALUE_MAX	1024

struct cache_value {
	uint64_t epoch;
	uint64_t seq;
	size_t	 n;		/* bytes in use, <= CACHE_VALUE_MAX */
	char	 bytes[CACHE_VALUE_MAX];
};

/*
 * Copies the valid value of key into out. False: there is none, or it was
 * being written over and over; out is undefined then. Counts a hit or a miss
 * in the slot that this process started (shm_slot_start).
 */
bool	cache_get(struct shm *shm, struct slice key, struct cache_value *out)
	    MUSTCHECK;

/*
 * Offers a value, and says that worker slot receives the events of this room.
 * Within an epoch only a newer seq replaces; another epoch replaces always and
 * makes the caller the only registered worker.
 *
 * True: the cache now holds this value or a newer one of its epoch, and the
 * caller is registered in it. False: it was not taken, because the shard's
 * lock was busy (counted, COUNTER_CACHE_BUSY), or the key or the value is too
 * large, or seq is 2^48 - 1 or more, or something newer is known to exist. No
 * retry is needed then:
 *
 * In both cases, once the call has returned, no reader gets an older value of
 * the epoch, nor one of another epoch, that was in the cache or on its way
 * into it when the call began (if a writer dies on that way: once its slot has
 * been released). What another worker offers later is its own
 * matter: a worker that is behind may bring an older value into a place that
 * has been evicted in the meantime, and brings the newer one when it gets that
 * event.
 */
bool	cache_put(struct shm *shm, int slot, struct slice key,
	    const struct cache_value *value);

/* The worker no longer receives this room's events. Cannot fail. */
void	cache_drop(struct shm *shm, int slot, struct slice key);
/* The same for all rooms: its link to Redis lost its place in them. Reads the
 * head of every entry (64 bytes each). */
void	cache_drop_all(struct shm *shm, int slot);
/* Repairs the shards whose writer died; the master, from shm_slot_release().
 * Shards that are in use are in order and are left alone. */
void	cache_repair(struct shm *shm);

#endif

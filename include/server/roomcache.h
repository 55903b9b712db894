/*
 * Snapshots in the machine's cache of rooms, each as one value. Loop thread.
 */
#ifndef COLLABD_SERVER_ROOMCACHE_H
#define COLLABD_SERVER_ROOMCACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compat.h"
#include "rooms/snapshot.h"
#include "shm/region.h"

/* Looks key up in the room cache; false: not there, or it was put there in
 * another generation of Redis (store_generation()). */
bool	snapshot_from_cache(struct snapshot *snap, struct shm *shm,
	    const char *key, uint64_t generation) MUSTCHECK;
void	snapshot_to_cache(const struct snapshot *snap, struct shm *shm,
	    int slot, const char *key, uint64_t generation);

#endif

/*
 * In the cache a snapshot is a header of fixed size and its parts one after the
 * other; what comes out is checked like any input, because another process wrote
 * it.
 */
#include <string.h>

#include "server/roomcache.h"
#include "shm/cache.h"

#define ABSENT	UINT32_MAX

struct cached_header {
	uint64_t	generation;
	int64_t		previous_until_us;
	uint32_t	n[SNAPSHOT_PARTS];	/* bytes, or ABSENT */
};

void
snapshot_to_cache(const struct snapshot *snap, struct shm *shm, int slot,
    const char *key, uint64_t generation)
{
	struct cache_value value;
	struct cached_header header;
	size_t n = sizeof(header);
	int i;

	memset(&header, 0, sizeof(header));
	header.generation = generation;
	header.previous_until_us = snap->previous_until_us;
	for (i = 0; i < SNAPSHOT_PARTS; i++) {
		if (!snap->has[i]) {
			header.n[i] = ABSENT;
			continue;
		}
		header.n[i] = (uint32_t)snap->part[i].n;
		if (snap->part[i].n > sizeof(value.bytes) - n) {
			/* Too large: whoever needs it asks Redis. */
			cache_drop(shm, slot, slice_of(key));
			return;
		}
		if (snap->part[i].n != 0)
			memcpy(value.bytes + n, snap->part[i].p,
			    snap->part[i].n);
		n += snap->part[i].n;
	}
	memcpy(value.bytes, &header, sizeof(header));
	value.epoch = snap->epoch;
	value.seq = snap->seq;
	value.n = n;
	(void)cache_put(shm, slot, slice_of(key), &value);
}

bool
snapshot_from_cache(struct snapshot *snap, struct shm *shm, const char *key,
    uint64_t generation)
{
	struct cache_value value;
	struct cached_header header;
	size_t at = sizeof(header);
	int i;

	if (!cache_get(shm, slice_of(key), &value) ||
	    value.n < sizeof(header) || value.n > sizeof(value.bytes))
		return (false);
	memcpy(&header, value.bytes, sizeof(header));
	if (header.generation != generation)
		return (false);
	for (i = 0; i < SNAPSHOT_PARTS; i++) {
		if (header.n[i] == ABSENT) {
			snapshot_set_part(snap, (enum snapshot_part)i,
			    (struct slice){ NULL, 0 });
			continue;
		}
		if (header.n[i] > value.n - at)
			return (false);
		snapshot_set_part(snap, (enum snapshot_part)i,
		    (struct slice){ value.bytes + at, header.n[i] });
		at += header.n[i];
	}
	snap->epoch = value.epoch;
	snap->seq = value.seq;
	snap->previous_until_us = header.previous_until_us;
	return (true);
}

/*
 * Snapshots. In the cache a snapshot is a header of fixed size and its parts
 * one after the other; what comes out is checked like any input, because
 * another process wrote it.
 */
#include <string.h>

#include "base/clock.h"
#include "server/snapshot.h"

#define ABSENT	UINT32_MAX
/* Ends of a head start that are nearer than that are the same one. */
#define SAME_US	US_PER_SEC

struct cached_header {
	uint64_t	generation;
	int64_t		previous_until_us;
	uint32_t	n[SNAPSHOT_PARTS];	/* bytes, or ABSENT */
};

void
snapshot_fini(struct snapshot *snap)
{
	int i;

	for (i = 0; i < SNAPSHOT_PARTS; i++)
		buf_fini(&snap->part[i]);
	memset(snap, 0, sizeof(*snap));
}

static void
set_part(struct snapshot *snap, enum snapshot_part part, struct slice text)
{
	buf_reset(&snap->part[part]);
	snap->has[part] = text.p != NULL;
	if (text.p != NULL)
		buf_add(&snap->part[part], text.p, text.n);
}

/* When the head start of from ends. It is told as a time to live, which has
 * been on its way for a while: of one that is known the first word counts, so
 * that it stays the same to the microsecond. */
static int64_t
previous_until(const struct snapshot *snap, const struct store_snapshot *from,
    int64_t now_us)
{
	int64_t until_us;

	if (from->previous.p == NULL)
		return (0);
	if (from->previous_ttl_ms < 0)
		return (INT64_MAX);
	until_us = now_us + from->previous_ttl_ms * US_PER_MS;
	if (snap->has[SNAPSHOT_PREVIOUS] &&
	    snapshot_part_is(snap, SNAPSHOT_PREVIOUS, from->previous) &&
	    snap->previous_until_us > until_us - SAME_US &&
	    snap->previous_until_us < until_us + SAME_US)
		return (snap->previous_until_us);
	return (until_us);
}

void
snapshot_set(struct snapshot *snap, const struct store_snapshot *from,
    int64_t now_us)
{
	snap->previous_until_us = previous_until(snap, from, now_us);
	snap->epoch = from->epoch;
	snap->seq = from->seq;
	set_part(snap, SNAPSHOT_EDITOR, from->editor);
	set_part(snap, SNAPSHOT_PREVIOUS, from->previous);
	set_part(snap, SNAPSHOT_STATE, from->state);
	set_part(snap, SNAPSHOT_MODIFIED, from->modified);
}

struct slice
snapshot_part(const struct snapshot *snap, enum snapshot_part part)
{
	if (!snap->has[part])
		return ((struct slice){ NULL, 0 });
	return ((struct slice){ snap->part[part].n == 0 ? "" :
	    snap->part[part].p, snap->part[part].n });
}

static int64_t
ttl_ms(const struct snapshot *snap, int64_t now_us)
{
	if (!snap->has[SNAPSHOT_PREVIOUS])
		return (-2);
	if (snap->previous_until_us == INT64_MAX)
		return (-1);
	if (snap->previous_until_us <= now_us)
		return (0);
	return ((snap->previous_until_us - now_us) / US_PER_MS);
}

struct store_snapshot
snapshot_view(const struct snapshot *snap, int64_t now_us)
{
	return ((struct store_snapshot){
		.epoch = snap->epoch,
		.seq = snap->seq,
		.editor = snapshot_part(snap, SNAPSHOT_EDITOR),
		.previous = snapshot_part(snap, SNAPSHOT_PREVIOUS),
		.previous_ttl_ms = ttl_ms(snap, now_us),
		.state = snapshot_part(snap, SNAPSHOT_STATE),
		.modified = snapshot_part(snap, SNAPSHOT_MODIFIED),
	});
}

bool
snapshot_part_is(const struct snapshot *snap, enum snapshot_part part,
    struct slice text)
{
	if (text.p == NULL || !snap->has[part])
		return (text.p == NULL && !snap->has[part]);
	return (snap->part[part].n == text.n &&
	    (text.n == 0 || memcmp(snap->part[part].p, text.p, text.n) == 0));
}

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
			set_part(snap, (enum snapshot_part)i,
			    (struct slice){ NULL, 0 });
			continue;
		}
		if (header.n[i] > value.n - at)
			return (false);
		set_part(snap, (enum snapshot_part)i,
		    (struct slice){ value.bytes + at, header.n[i] });
		at += header.n[i];
	}
	snap->epoch = value.epoch;
	snap->seq = value.seq;
	snap->previous_until_us = header.previous_until_us;
	return (true);
}

/*
 * Snapshots.
 */
#include <string.h>

#include "base/clock_text.h"
#include "rooms/snapshot.h"

/* Ends of a head start that are nearer than that are the same one. */
#define SAME_US	US_PER_SEC

void
snapshot_fini(struct snapshot *snap)
{
	int i;

	for (i = 0; i < SNAPSHOT_PARTS; i++)
		buf_fini(&snap->part[i]);
	memset(snap, 0, sizeof(*snap));
}

void
snapshot_set_part(struct snapshot *snap, enum snapshot_part part,
    struct slice text)
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
	snapshot_set_part(snap, SNAPSHOT_EDITOR, from->editor);
	snapshot_set_part(snap, SNAPSHOT_PREVIOUS, from->previous);
	snapshot_set_part(snap, SNAPSHOT_STATE, from->state);
	snapshot_set_part(snap, SNAPSHOT_MODIFIED, from->modified);
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

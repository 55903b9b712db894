/*
 * A copy of what Redis held of a room at one moment: what a compare-and-set
 * starts from. It outlives the store's reply it was taken from. Owns its bytes;
 * loop thread.
 */
#ifndef COLLABD_ROOMS_SNAPSHOT_H
#define COLLABD_ROOMS_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "store/store_types.h"

enum snapshot_part {
	SNAPSHOT_EDITOR,
	SNAPSHOT_PREVIOUS,
	SNAPSHOT_STATE,
	SNAPSHOT_MODIFIED,
	SNAPSHOT_PARTS
};

/* A zeroed struct is "nothing there", epoch and sequence 0. */
struct snapshot {
	uint64_t	epoch, seq;
	int64_t		previous_until_us;	/* wall clock; INT64_MAX: for ever */
	struct buf	part[SNAPSHOT_PARTS];
	bool		has[SNAPSHOT_PARTS];
};

void	snapshot_fini(struct snapshot *snap);
void	snapshot_set(struct snapshot *snap, const struct store_snapshot *from,
	    int64_t now_us);
void	snapshot_set_part(struct snapshot *snap, enum snapshot_part part,
	    struct slice text);
/* A view in the store's form; borrowed, valid until snap changes. */
struct store_snapshot snapshot_view(const struct snapshot *snap,
	    int64_t now_us);
/* Absent if it is not there; borrowed. */
struct slice snapshot_part(const struct snapshot *snap,
	    enum snapshot_part part);
bool	snapshot_part_is(const struct snapshot *snap, enum snapshot_part part,
	    struct slice text);

#endif

/*
 * What the rooms of a worker want done: the one way out of them. Whoever owns a
 * struct rooms carries it out (server/roomfx.c does, tests have their own), and
 * nothing of it comes back but as an input (room.h). Pointers that are given are
 * valid during the call only. Loop thread.
 */
#ifndef COLLABD_SERVER_EFFECTS_H
#define COLLABD_SERVER_EFFECTS_H

#include <stdint.h>

#include "base/slice.h"

struct member;

/* What is counted. Those up to COUNT_CHATS are how many there are now. */
enum room_count {
	COUNT_ROOMS,
	COUNT_USERS,
	COUNT_OPERATIONS,	/* in line or under way */
	COUNT_CHATS,		/* the same, of chat messages */
	COUNT_RESYNCS,
	COUNT_CLAIMS_GRANTED,
	COUNT_CLAIMS_REFUSED,
	COUNT_CLAIMS_PENDING,
	COUNT_LOCKS_HANDED_OVER,
	COUNT_LOCKS_TAKEN_OVER,
	COUNT_LOCKS_FORCED,
	COUNT_OVER_RATE,
	COUNT_BAD_JSON,
	COUNT_BAD_NOT_OBJECT,
	COUNT_BAD_NO_TYPE,
	COUNT_BAD_UNKNOWN_TYPE,
	COUNTS
};

/* Why a socket is closed. */
enum room_close {
	CLOSE_ENDED,		/* its session is over */
	CLOSE_UNVERIFIED,	/* ... or could not be looked at for too long */
};

struct rooms_ops {
	/* n more; or less, of what there is now. */
	void	(*count)(enum room_count what, int64_t n, void *arg);
	/* These lines are written to the audit log. */
	void	(*audit)(struct slice lines, void *arg);
	/* The socket is closed; member_leave() is called meanwhile. */
	void	(*close)(struct member *member, enum room_close why, void *arg);
	/* rooms_on_time() is to be called in so many milliseconds, and no more
	 * at the time that was asked for before. */
	void	(*wake)(int64_t in_ms, void *arg);
};

#endif

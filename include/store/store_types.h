/*
 * What the store takes and gives: plain values, in which a layer that knows no
 * Redis can say what it wants of it (rooms/). What they are for is in store.h.
 */
#ifndef COLLABD_STORE_STORE_TYPES_H
#define COLLABD_STORE_STORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define STORE_FRAMES_MAX	16	/* frames of one event */
#define STORE_VALUE_MAX		65536	/* bytes of one value, info or frame */
#define STORE_TTL_MS		60000	/* of everything of ours in Redis */
#define STORE_LEASE_MS		15000	/* silent for so long: dead */
#define STORE_CHECK_MS		5000	/* how often to check every room */
#define STORE_CHECK_ROOMS	32	/* of one store_check(); about 0.3 ms
					 * of Redis' time */
#define STORE_ID_SIZE		17	/* a worker id (16 hex) and a NUL */
#define STORE_STATES_MAX	4096	/* letters of one user */

struct store_room {
	const char	*key;	/* ours, unique: "e:app/model/id", "c:page"
				 * or "m:app.model" */
	const char	*name;	/* R of the protocol: admin_a_m_1, chat_p */
};

/* What Redis holds of a room. An absent slice is an absent key. */
struct store_snapshot {
	uint64_t	 epoch;		/* 0: Redis knows nothing of this room;
					 * its members must join again */
	uint64_t	 seq;
	struct slice	 editor;	/* raw editor:R */
	struct slice	 previous;	/* raw previous_editor:R */
	int64_t		 previous_ttl_ms; /* -1: no expiry; -2: absent */
	struct slice	 state;		/* the rule book's text, opaque here */
	struct slice	 modified;	/* raw last_modified:R */
	/* In an unsettled generation: how far the room's past is known in it;
	 * epoch 0: not at all. Else as epoch and seq. */
	uint64_t	 known_epoch;
	uint64_t	 known_seq;
};

struct store_member {
	struct slice	user_id;
	struct slice	info;	/* opaque; that of the user's first presence */
	/* What the user does: a letter (none of the hex digits' own) for each
	 * worker through which it has a tab of collabd's own client there. */
	struct slice	states;
};

/*
 * Who edits an object, for the room of its model. An absent object leaves that
 * as it is; an absent value takes the object out.
 */
struct store_badge {
	struct slice	object;
	struct slice	value;
	int64_t		until_us;	/* wall clock: how long it holds */
	bool		is_news;	/* the model's room hears of it */
};

/* A save that was announced. An absent value: none. */
struct store_save {
	int64_t		number;
	struct slice	value;
};

/* Frames that an event carries to the clients of a room. */
struct store_frame {
	char		audience;	/* 'A' all, 'X' all but user_id,
					 * 'U' only user_id; only tabs of
					 * collabd's own client: 'T' all, 'V'
					 * those of user_id */
	struct slice	user_id;	/* absent with 'A' and 'T' */
	struct slice	text;
};

/*
 * The new values that a commit writes. An absent slice deletes the key; a
 * present one with a TTL of 0 leaves the key as it is, value and TTL.
 */
struct store_change {
	struct slice	editor;
	int64_t		editor_ttl_ms;
	struct slice	previous;
	int64_t		previous_ttl_ms;
	struct slice	state;		/* absent: forgotten */
	struct slice	modified;	/* absent: left as it is; else 7 days */
	const struct store_frame *frames; /* at most STORE_FRAMES_MAX */
	size_t		n_frames;
	struct store_badge badge;
	bool		moves_lock;	/* another is the editor after it, or
					 * nobody: not in an unsettled
					 * generation */
};

/* One event as it arrives on this worker's channel. */
struct store_message {
	struct slice	room_key;
	uint64_t	epoch, seq;	/* both 0: unsequenced (store_send) */
	struct store_snapshot snapshot;	/* after the event; only if seq != 0 */
	struct store_member joined;	/* user_id absent: nobody joined */
	struct slice	left;		/* absent: nobody left */
	/* user_id absent: nobody does anything else; info is always absent */
	struct store_member state;
	struct store_save saved;	/* just announced */
	/* store_commit(), in the room of the model; object absent: none */
	struct slice	badge_object;
	struct slice	badge_value;
	struct store_frame frames[STORE_FRAMES_MAX];
	size_t		n_frames;
};

enum store_status {
	STORE_OK,
	STORE_MISMATCH,		/* the snapshot holds the present values */
	STORE_GATED,		/* the gate's key is still there */
	STORE_NOT_LAST,		/* leave: the user is here through another
				 * worker; only this worker's entry went */
	STORE_ABSENT,		/* leave: was not a member (also when an attempt
				 * whose answer was lost did remove it) */
	STORE_UNSETTLED,	/* not in an unsettled generation: a commit that
				 * moves the lock, a user's last leave */
	STORE_KNOWN,		/* restore: nothing was written */
	STORE_UNAVAILABLE,	/* Redis did not answer; it may yet have been
				 * done. Nothing else in the reply is set */
};

struct store_reply {
	enum store_status status;
	struct store_snapshot snapshot;
	bool		 first;		/* join: the user's first presence */
	bool		 has_roster;	/* the rest is set: load, check, and a
					 * join that asked for it */
	const struct store_member *members;
	size_t		 n_members;
	struct store_save saved;	/* the last one announced */
};

#endif

/*
 * What the rooms of a worker want done: the one way out of them. Whoever owns a
 * struct rooms carries it out (server/roomfx.c does, tests have their own), and
 * nothing of it comes back but as an input (room.h). Pointers that are given are
 * valid during the call only, but for those of a struct room_ask.
 */
#ifndef COLLABD_ROOMS_EFFECTS_H
#define COLLABD_ROOMS_EFFECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "rules/edit.h"
#include "store/store_types.h"

struct buf;
struct edit_result;
struct edit_state;
struct member;
struct room;
struct room_user;
struct rooms;
struct roomstate;
struct saying;
struct snapshot;
struct tell;

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
	COUNT_CHECK_SAME,	/* in the order of enum say_check */
	COUNT_CHECK_DIFFERS,
	COUNT_CHECK_GONE,
	COUNT_CHECK_LOGIN,
	COUNT_CHECK_TIMEOUT,
	COUNT_CHECK_ERROR,
	COUNT_CHECK_UNREADABLE,
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

/*
 * What the store was asked for by a part of the rooms, which has it in its own
 * memory, and where the answer is to go: room_answered() or its like is called
 * with it, never before the call returns, and once, unless the rooms are freed
 * first.
 */
struct room_ask {
	struct rooms	*set;
	void		(*answer)(const struct store_reply *reply, void *arg);
	void		*arg;
};

/* What comes with each input: the time, and how it stands with Redis. */
struct room_now {
	int64_t		mono_ms;
	int64_t		wall_us;
	bool		is_up;
	bool		takes_no_writes;	/* though it is up */
	bool		is_settled;
	uint64_t	generation;
};

/* What the rule book has made of a room: its next state, and what is told. */
struct room_commit {
	struct room	*room;
	const struct store_snapshot *expected;
	const struct roomstate *from;
	const struct edit_result *res;
	enum edit_verb	 verb;
	const char	*reason;	/* EDIT_TAKE; or "" */
	/* When saves were, EDIT_UPDATED: a time, or SAY_NO_TIME; else one. */
	const int64_t	*saves_us;
	size_t		 n_saves;
	const char	*gate_user;	/* NULL: no gate */
	bool		 moves_lock;	/* not in an unsettled generation */
	/* Is given what is to be written and counted when it is done, if it is
	 * a matter for the audit log. */
	struct buf	*audit;
	enum room_count	*audit_count;
};

/* A save, taken apart. */
struct room_save {
	char		*user_id;	/* NULL: it lacks something */
	char		*name;
	int64_t		 when_us;
};

struct rooms_ops {
	/* Told: to the ready members of an audience (TO_...), user_id as in
	 * struct store_frame, or to one. */
	void	(*tell)(struct room *room, const struct tell *what,
		    char audience, struct slice user_id, void *arg);
	void	(*tell_one)(struct member *member, const struct tell *what,
		    void *arg);
	/* n more; or less, of what there is now. */
	void	(*count)(enum room_count what, int64_t n, void *arg);
	/* These lines are written to the audit log. */
	void	(*audit)(struct slice lines, void *arg);
	/* The socket is closed; member_leave() is called meanwhile. */
	void	(*close)(struct member *member, enum room_close why, void *arg);
	/* rooms_on_time() is to be called in so many milliseconds, and no more
	 * at the time that was asked for before. */
	void	(*wake)(int64_t in_ms, void *arg);
	/* Whether a message of n bytes is within what the member's user may say
	 * over all its sockets; it is counted then. */
	bool	(*may_say)(const struct member *member, size_t n,
		    bool is_chat, void *arg);
	/* member_receive() is called with this text, meanwhile. */
	void	(*hear_again)(struct member *member, struct slice text,
		    void *arg);

	/* --- of the store: what store.h says --- */
	/* The user through this worker, doing what the letter says. Of an epoch
	 * that is known the answer lacks the members. */
	void	(*join)(const struct room *room, const struct room_user *user,
		    const char *letter, uint64_t known_epoch,
		    struct room_ask *ask, void *arg);
	/* worker_id NULL: this one. */
	void	(*leave)(const struct room_commit *commit, const char *user_id,
		    const char *worker_id, struct room_ask *ask, void *arg);
	void	(*commit)(const struct room_commit *commit,
		    struct room_ask *ask, void *arg);
	/* What is there becomes an event; from and to for who is shown it. */
	void	(*adopt)(struct room *room, const struct store_snapshot *snap,
		    const struct edit_state *from, const struct edit_state *to,
		    struct room_ask *ask, void *arg);
	void	(*restore)(struct room *room, struct store_change *change,
		    const struct edit_state *from, const struct edit_state *to,
		    struct room_ask *ask, void *arg);
	void	(*load)(const struct room *room, struct room_ask *ask,
		    void *arg);
	void	(*state)(const struct room *room, const char *user_id,
		    const char *letter, struct room_ask *ask, void *arg);
	/* Frames to the workers that hold one of the two. */
	void	(*send)(const struct room *room, const char *user_a,
		    const char *user_b, const struct store_frame *frames,
		    size_t n, struct room_ask *ask, void *arg);
	/* Answered with room_badges(). */
	void	(*badges)(const struct room *room, struct room_ask *ask,
		    void *arg);
	/* A sign of life of the member's user, for the package's chat. */
	void	(*seen)(const struct member *member, void *arg);
	/* Answered with rooms_checked(), for each that differs and the last. */
	void	(*check)(const struct store_room *rooms,
		    const struct store_snapshot *known, size_t n, void *arg);
	/* Answered with rooms_orphan_loaded(). */
	void	(*orphan_load)(const char *worker_id, struct room_ask *ask,
		    void *arg);
	void	(*orphan_done)(const char *worker_id, void *arg);
	void	(*doubt)(void *arg);

	/* --- of how users are shown: the renderer's part of room_user --- */
	/* Keeps the user's info (absent: that of its socket, which goes). */
	void	(*keep)(struct room_user *user, struct slice info, void *arg);
	/* The user is about to be freed. */
	void	(*forget)(struct room_user *user, void *arg);
	/* What was made of users of the room is not right any more. */
	void	(*stale)(struct room *room, void *arg);

	/* --- of texts that the rooms pass on --- */
	/* A chat message as sockets get it. */
	void	(*write_chat)(const struct member *member,
		    const struct saying *say, struct buf *out, void *arg);
	/* False: it is no text of a save. The strings are the caller's. */
	bool	(*read_save)(struct slice text, struct room_save *save,
		    void *arg);
	bool	(*is_badge)(struct slice value, void *arg);
	/* Whether the frame tells that the content was updated. */
	bool	(*is_update)(struct slice frame, void *arg);
	/* Another one when tabs are to be told something else of the lock;
	 * never 0. */
	uint64_t (*lock_number)(struct room *room, const struct edit_state *st,
		    void *arg);

	/* --- of the machine's cache of rooms --- */
	/* Whether it has the room as it is in this generation of Redis. */
	bool	(*cached)(const struct room *room, struct snapshot *snap,
		    void *arg);
	/* Offered, by a worker that receives the room's events. */
	void	(*cache)(const struct room *room, const struct snapshot *snap,
		    void *arg);
	/* It does not any more; NULL: those of no room. */
	void	(*uncache)(const struct room *room, void *arg);
};

#endif

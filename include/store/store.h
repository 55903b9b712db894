/*
 * What the server layer sees of Redis: verbs on rooms, each one script and one
 * round trip, and the events that come in on the worker's own channel. No rule
 * of a room is known here (see rules/); values are opaque bytes.
 *
 * Owns: both connections to Redis, the worker's identity and its lease, the
 * queue of commands that wait for an answer. One struct store for each worker,
 * made after the fork; loop thread only.
 *
 * Order: commands of one store reach Redis in the order of the calls, also
 * when they are repeated after a lost connection. Commands given while the
 * store is down wait; each is repeated at most redis_max_retries times, the
 * wait doubling from redis_retry_delay, and then answered STORE_UNAVAILABLE.
 *
 * Callbacks: never before the call returns; exactly once, unless store_free()
 * comes first. store_free() must not be called from inside a callback or hook.
 * Slices given to a verb are copied before it returns; slices given to a
 * callback or hook are borrowed and valid during it only.
 *
 * Lives: what collabd adds has a time to live of STORE_TTL_MS, renewed by
 * store_check(), so nothing outlives a crash of everything by more. A key of
 * the package that holds another type than the protocol says, or more than
 * STORE_VALUE_MAX bytes, is logged and treated as absent.
 */
#ifndef COLLABD_STORE_STORE_H
#define COLLABD_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/slice.h"
#include "store/store_types.h"

struct conf;
struct event_base;
struct shm;
struct store;

struct store_hooks {
	/* An event. If `left` names a user whom this worker still holds in
	 * the room, join it again. */
	void	(*on_message)(const struct store_message *msg, void *arg);
	/*
	 * Both links are ready: rejoin and resync every room, since events
	 * may have been lost. fresh_identity: the worker has a new id (at
	 * start, or after its lease had lapsed) and nothing of it is in Redis.
	 */
	void	(*on_up)(bool fresh_identity, void *arg);
	/* No longer up; once for each on_up. */
	void	(*on_down)(void *arg);
	/* The store is down, and its lease may end before Redis answers again:
	 * from now until on_up others may give the locks of this worker's users
	 * away, and nothing that it knows is to be believed. */
	void	(*on_suspend)(void *arg);
	/* A worker is dead and this one won the right to clean up after it
	 * (for 30 s): store_orphan_load(), store_leave() for each,
	 * store_orphan_done(). May be an earlier id of this worker. */
	void	(*on_orphan)(const char *worker_id, void *arg);
};

/*
 * redis_url is resolved: "embedded" was already turned into unix://. Connects
 * by itself, for ever. hooks and conf are borrowed and outlive the store. NULL
 * with a logged reason when the URL is not one or the CA file is unusable.
 * slot is the worker's place in the shared memory, which learns each new id.
 */
struct store *store_new(const struct conf *conf, const char *redis_url,
	    struct event_base *base, struct shm *shm, int slot,
	    const struct store_hooks *hooks, void *arg) MUSTCHECK;
void	store_free(struct store *store);
/* Valid until the next on_down. */
const char *store_worker_id(const struct store *store);
bool	store_is_up(const struct store *store);
/*
 * In which generation of Redis this is (0: never up yet): another one when it
 * may have lost data, or is another Redis; then on_down and on_up were called.
 * Until it is settled, Redis grants nothing to anybody, and whoever knew a room
 * before is to say so: store_restore().
 */
uint64_t store_generation(const struct store *store);
bool	store_is_settled(const struct store *store);
/* A room in Redis stands before where it was: whatever says that this is the
 * same Redis as before is wrong. Opens a generation, unless Redis tells its
 * generations apart by itself. */
void	store_doubt(struct store *store);
/* Why it is not up, or takes no writes though it is, for people; NULL when all
 * is well. Valid until the loop turns. */
const char *store_down_reason(const struct store *store);

/* How it is, for a dump. Texts as those of store_down_reason(). */
struct store_link_view {
	const char	*name, *state;
	const char	*reason;	/* why it was lost or could not be made;
					 * NULL: it was not */
	bool		 is_ready;
	int64_t		 for_ms;	/* or is not, for so long */
	size_t		 in_flight;	/* answers that it waits for */
};
struct store_view {
	struct store_link_view links[2];	/* commands, subscriber */
	bool		 is_up, is_leased, is_suspended, has_resigned;
	bool		 is_settled;
	uint64_t	 generation;
	int64_t		 lease_left_ms;	/* for which it is sure */
	const char	*refusal;	/* why no writes are taken; NULL: they
					 * are */
	/* Commands of this store, and what they take. */
	size_t		 n_waiting, n_sent, bytes;
	int64_t		 oldest_ms;	/* how long ago the first of these in
					 * flight was sent */
};
void	store_describe(const struct store *store, struct store_view *view);

/*
 * Registers the user in the room through this worker. If that is the user's
 * first presence and announce is set: seq + 1, and `joined` with the frames is
 * published to all workers of the room, this one included. The reply has the
 * snapshot afterwards, `first`, and, unless its epoch is known_epoch (0: none),
 * all members: who receives the room's events knows them. chat_value, unless
 * absent, is put into chat_active_users; modified_if_absent, unless absent,
 * becomes last_modified if there is none. Joining again is harmless.
 */
void	store_join(struct store *store, struct store_room room,
	    struct store_member member, bool announce, struct slice chat_value,
	    struct slice modified_if_absent, uint64_t known_epoch,
	    const struct store_frame *frames, size_t n_frames,
	    void (*cb)(const struct store_reply *reply, void *arg), void *arg);

/*
 * Compares (editor, previous, state) with expected. Equal: writes change,
 * seq + 1, publishes (without frames too: workers learn the new state).
 * Else STORE_MISMATCH and nothing written. gate_user, unless NULL, and
 * gate_ms > 0: attention_request:R:<gate_user> must be absent and is set for
 * gate_ms, else STORE_GATED and nothing written. A repeat of a commit that did
 * get through is recognised and applied once.
 */
void	store_commit(struct store *store, struct store_room room,
	    const struct store_snapshot *expected,
	    const struct store_change *change, const char *gate_user,
	    int64_t gate_ms,
	    void (*cb)(const struct store_reply *reply, void *arg), void *arg);

/*
 * worker_id (this one or a dead one) no longer holds the user. Not the user's
 * last worker: STORE_NOT_LAST. The last: compared as in a commit;
 * STORE_MISMATCH without any write, or the member is removed (from
 * chat_active_users too), change written, seq + 1, `left` and the frames
 * published to the workers that remain.
 */
void	store_leave(struct store *store, struct store_room room,
	    const char *worker_id, struct slice user_id,
	    const struct store_snapshot *expected,
	    const struct store_change *change,
	    void (*cb)(const struct store_reply *reply, void *arg), void *arg);

/*
 * In an unsettled generation: what this worker knows of the room up to (epoch,
 * seq). If that is newer than what the room knows, its own from before or another
 * worker's, change becomes its state, in a new epoch, and is published; the
 * reply's snapshot is that. Else STORE_KNOWN, also in a settled generation.
 */
void	store_restore(struct store *store, struct store_room room,
	    uint64_t epoch, uint64_t seq, const struct store_change *change,
	    void (*cb)(const struct store_reply *reply, void *arg), void *arg);

/* Snapshot and members; writes nothing. */
void	store_load(struct store *store, struct store_room room,
	    void (*cb)(const struct store_reply *reply, void *arg), void *arg);

/*
 * Frames without a sequence number to the workers that hold user a or b. Not
 * repeated once it may have been sent: STORE_UNAVAILABLE then means "perhaps".
 */
void	store_send(struct store *store, struct store_room room,
	    struct slice user_a, struct slice user_b,
	    const struct store_frame *frames, size_t n_frames,
	    void (*cb)(const struct store_reply *reply, void *arg), void *arg);

/*
 * What the user does through this worker: a letter, or an empty text when it
 * has no tab here. If that is another one, seq + 1 and `state` is published.
 * STORE_ABSENT: the user is not in the room through this worker.
 */
void	store_state(struct store *store, struct store_room room,
	    struct slice user_id, struct slice letter,
	    void (*cb)(const struct store_reply *reply, void *arg), void *arg);

/*
 * A save, as the database logged it under number: keeps value for a day, makes
 * modified the room's last_modified, and publishes `saved` (without a sequence
 * number) to the room's workers. STORE_GATED: this save or a later one was
 * announced before. cb may be NULL.
 */
void	store_announce(struct store *store, struct store_room room,
	    int64_t number, struct slice value, struct slice modified,
	    void (*cb)(const struct store_reply *reply, void *arg), void *arg);

/* Who edits which object, in a model's room: badge_object and badge_value as in
 * the events. n 0 unless the status is STORE_OK. */
void	store_badges(struct store *store, struct store_room room,
	    void (*cb)(enum store_status status,
	    const struct store_badge *badges, size_t n, void *arg), void *arg);

/* A chat heartbeat: replaces the user's chat_active_users value if it has one.
 * Nobody is told; lost when the store is down. */
void	store_chat_seen(struct store *store, struct store_room room,
	    struct slice user_id, struct slice chat_value);

/*
 * The slow check, every STORE_CHECK_MS for each room of the worker, but no more
 * than STORE_CHECK_ROOMS at a time: renews the time to live of the rooms' keys,
 * and finds the rooms whose epoch, seq or editor in Redis differ from known[i],
 * or where this worker is no longer registered (then snapshot.epoch is 0). cb
 * once for each of these with its index, snapshot and members, then once with
 * index n and the status alone.
 */
void	store_check(struct store *store, const struct store_room *rooms,
	    const struct store_snapshot *known, size_t n,
	    void (*cb)(size_t index, const struct store_reply *reply,
	    void *arg), void *arg);

/*
 * After on_orphan: the rooms and users that a dead worker left, as n pairs.
 * Unless the status is STORE_OK n is 0 and the caller does nothing: the right
 * to clean up ends by itself and is won again.
 */
void	store_orphan_load(struct store *store, const char *worker_id,
	    void (*cb)(enum store_status status, const struct store_room *rooms,
	    const struct slice *user_ids, size_t n, void *arg), void *arg);
/* Everything is cleaned up: the dead worker's id is forgotten. */
void	store_orphan_done(struct store *store, const char *worker_id);

/*
 * Graceful stop: the lease is shortened to ms and no longer renewed, so that
 * others (or the successor, by joining first) take the users over then;
 * nothing is announced now. cb (or NULL) when Redis said yes or is unreachable.
 */
void	store_resign(struct store *store, int64_t ms, void (*cb)(void *arg),
	    void *arg);

#endif

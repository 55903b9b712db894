/*
 * All counters and gauges of collabd, in one list. Each slot has a block of
 * its own that only its worker writes; readers sum the blocks and that of the
 * workers that are gone. Any thread of any process; adding is one relaxed
 * atomic addition. Format: Prometheus text exposition 0.0.4.
 */
#ifndef COLLABD_SHM_COUNTERS_H
#define COLLABD_SHM_COUNTERS_H

#include <stdint.h>

#include "base/buf.h"
#include "shm/region.h"

/*
 * C(name, family, labels, help) is a counter, G(...) a gauge, whose part of a
 * worker vanishes with it. Lines of one family stand together; HELP and TYPE
 * come from the first.
 */
#define COUNTERS(C, G)							\
	G(CONNECTIONS, "connections", "",				\
	    "Open client connections.")					\
	C(HANDSHAKE_101, "handshakes_total", "status=\"101\"",		\
	    "Requests answered, by HTTP status.")			\
	C(HANDSHAKE_200, "handshakes_total", "status=\"200\"", "")	\
	C(HANDSHAKE_304, "handshakes_total", "status=\"304\"", "")	\
	C(HANDSHAKE_400, "handshakes_total", "status=\"400\"", "")	\
	C(HANDSHAKE_403, "handshakes_total", "status=\"403\"", "")	\
	C(HANDSHAKE_404, "handshakes_total", "status=\"404\"", "")	\
	C(HANDSHAKE_405, "handshakes_total", "status=\"405\"", "")	\
	C(HANDSHAKE_408, "handshakes_total", "status=\"408\"", "")	\
	C(HANDSHAKE_426, "handshakes_total", "status=\"426\"", "")	\
	C(HANDSHAKE_429, "handshakes_total", "status=\"429\"", "")	\
	C(HANDSHAKE_431, "handshakes_total", "status=\"431\"", "")	\
	C(HANDSHAKE_503, "handshakes_total", "status=\"503\"", "")	\
	C(HANDSHAKE_OTHER, "handshakes_total", "status=\"other\"", "")	\
	G(ROOMS, "rooms", "",						\
	    "Rooms with a member, counted once for each worker.")	\
	G(USERS, "users", "",						\
	    "Users in rooms, counted once for each room and worker.")	\
	G(OPERATIONS, "room_operations", "kind=\"lock\"",		\
	    "Operations of rooms that wait for Redis or in line.")	\
	G(CHATS, "room_operations", "kind=\"chat\"", "")		\
	C(FRAMES_IN, "frames_total", "direction=\"in\"",		\
	    "Websocket messages received and sent.")			\
	C(FRAMES_OUT, "frames_total", "direction=\"out\"", "")		\
	C(BYTES_IN, "bytes_total", "direction=\"in\"",			\
	    "Bytes received from and sent to clients.")			\
	C(BYTES_OUT, "bytes_total", "direction=\"out\"", "")		\
	C(CLAIMS_GRANTED, "claims_total", "result=\"granted\"",		\
	    "Claims of the editor's place.")				\
	C(CLAIMS_REFUSED, "claims_total", "result=\"refused\"", "")	\
	C(CLAIMS_PENDING, "claims_total", "result=\"pending\"", "")	\
	C(LOCKS_HANDED_OVER, "lock_changes_total",			\
	    "kind=\"hand_over\"",					\
	    "Locks that went from one editor to another, or were "	\
	    "taken away.")						\
	C(LOCKS_TAKEN_OVER, "lock_changes_total",			\
	    "kind=\"take_over\"", "")					\
	C(LOCKS_FORCED, "lock_changes_total",				\
	    "kind=\"forced_release\"", "")				\
	C(SAVES_ANNOUNCED, "saves_announced_total", "",			\
	    "Saves found in the admin's log and announced.")		\
	C(GUARD_METHOD, "guard_answers_total",				\
	    "verdict=\"passed\",reason=\"method\"",			\
	    "Questions of a proxy whether a form may be saved.")	\
	C(GUARD_OTHER, "guard_answers_total",				\
	    "verdict=\"passed\",reason=\"other\"", "")			\
	C(GUARD_ADD, "guard_answers_total",				\
	    "verdict=\"passed\",reason=\"add\"", "")			\
	C(GUARD_LIST, "guard_answers_total",				\
	    "verdict=\"passed\",reason=\"list\"", "")			\
	C(GUARD_FREE, "guard_answers_total",				\
	    "verdict=\"passed\",reason=\"free\"", "")			\
	C(GUARD_EDITOR, "guard_answers_total",				\
	    "verdict=\"passed\",reason=\"editor\"", "")		\
	C(GUARD_LAST, "guard_answers_total",				\
	    "verdict=\"passed\",reason=\"last\"", "")			\
	C(GUARD_NO_USER, "guard_answers_total",				\
	    "verdict=\"passed\",reason=\"no_user\"", "")		\
	C(GUARD_REFUSED, "guard_answers_total",				\
	    "verdict=\"refused\",reason=\"held\"", "")			\
	C(GUARD_REPORTED, "guard_answers_total",			\
	    "verdict=\"reported\",reason=\"held\"", "")		\
	C(GUARD_URL, "guard_answers_total",				\
	    "verdict=\"undecided\",reason=\"url\"", "")		\
	C(GUARD_REDIS, "guard_answers_total",				\
	    "verdict=\"undecided\",reason=\"redis\"", "")		\
	C(GUARD_DATABASE, "guard_answers_total",			\
	    "verdict=\"undecided\",reason=\"database\"", "")		\
	C(GUARD_LATE, "guard_answers_total",				\
	    "verdict=\"undecided\",reason=\"late\"", "")		\
	C(CHECK_SAME, "save_checks_total", "result=\"same\"",		\
	    "Pages that browsers compared with what is saved.")		\
	C(CHECK_DIFFERS, "save_checks_total", "result=\"differs\"", "")	\
	C(CHECK_GONE, "save_checks_total", "result=\"gone\"", "")	\
	C(CHECK_LOGIN, "save_checks_total", "result=\"login\"", "")	\
	C(CHECK_TIMEOUT, "save_checks_total", "result=\"timeout\"", "")	\
	C(CHECK_ERROR, "save_checks_total", "result=\"error\"", "")	\
	C(CHECK_UNREADABLE, "save_checks_total",			\
	    "result=\"unreadable\"", "")				\
	C(AUTH_ALLOWED, "authorizations_total",				\
	    "verdict=\"allowed\"", "Handshakes decided.")		\
	C(AUTH_DENIED, "authorizations_total",				\
	    "verdict=\"denied\"", "")					\
	C(AUTH_UNAVAILABLE, "authorizations_total",			\
	    "verdict=\"unavailable\"", "")				\
	C(DB_OPENED, "database_connections_opened_total", "",		\
	    "Database connections opened for authorization.")		\
	C(AUTH_JOINED, "authorizations_joined_total", "",		\
	    "Handshakes that shared another one's lookup.")		\
	C(REAUTH_DENIED, "reauthorization_closed_total",		\
	    "reason=\"denied\"",					\
	    "Connections closed because the right was lost, or could "	\
	    "not be verified for too long.")				\
	C(REAUTH_UNVERIFIED, "reauthorization_closed_total",		\
	    "reason=\"unverified\"", "")				\
	C(REDIS_ROUND_TRIPS, "redis_round_trips_total", "",		\
	    "Commands that Redis answered.")				\
	C(REDIS_RECONNECTS, "redis_reconnects_total", "",		\
	    "Connections to Redis opened after the first.")		\
	C(REDIS_RETRIES, "redis_retries_total", "",			\
	    "Commands sent again.")					\
	C(REDIS_MISMATCHES, "redis_cas_mismatches_total", "",		\
	    "Compare-and-sets that found another state.")		\
	C(RESYNCS, "resyncs_total", "",					\
	    "Rooms read anew after a gap, a new epoch or a new link.")	\
	C(CACHE_HITS, "cache_lookups_total", "result=\"hit\"",		\
	    "Lookups in the room cache.")				\
	C(CACHE_MISSES, "cache_lookups_total", "result=\"miss\"", "")	\
	C(CACHE_BUSY, "cache_busy_total", "",				\
	    "Reads and writes of the room cache given up for another.")	\
	C(CACHE_REPAIRS, "cache_repairs_total", "",			\
	    "Cache shards repaired after the death of a writer.")	\
	C(SLOW_DROPPED, "slow_clients_dropped_total", "",		\
	    "Connections closed because they did not read.")		\
	C(RATE_LIMITED, "rate_limited_total", "",			\
	    "Connections closed because they sent too fast.")		\
	C(OVER_RATE, "messages_over_rate_total", "",			\
	    "Messages refused because their user sent too many.")	\
	C(BAD_JSON, "bad_messages_total", "kind=\"bad_json\"",		\
	    "Messages refused, by kind.")				\
	C(BAD_NOT_OBJECT, "bad_messages_total",				\
	    "kind=\"not_object\"", "")					\
	C(BAD_NO_TYPE, "bad_messages_total", "kind=\"no_type\"", "")	\
	C(BAD_UNKNOWN_TYPE, "bad_messages_total",			\
	    "kind=\"unknown_type\"", "")				\
	C(BAD_BINARY, "bad_messages_total", "kind=\"binary\"", "")	\
	C(BAD_PROTOCOL, "bad_messages_total",				\
	    "kind=\"protocol_error\"", "")				\
	C(BAD_UTF8, "bad_messages_total", "kind=\"not_utf8\"", "")	\
	C(BAD_TOO_LARGE, "bad_messages_total",				\
	    "kind=\"too_large\"", "")					\
	C(WORKER_RESTARTS, "worker_restarts_total", "",			\
	    "Workers forked again after they died.")			\
	C(ORPHANS_TAKEN, "orphans_taken_total", "",			\
	    "Departures taken over from dead workers.")			\
	C(LOG_SUPPRESSED, "log_suppressed_total", "",			\
	    "Log lines left out by rate limits.")

/* Upper bounds of the duration histogram's buckets, in milliseconds; a last
 * bucket takes the rest. */
#define COUNTERS_AUTH_BUCKETS	12
extern const unsigned counters_auth_bounds_ms[COUNTERS_AUTH_BUCKETS];

#define COUNTERS_ID(name, family, labels, help) COUNTER_##name,
enum counter {
	COUNTERS(COUNTERS_ID, COUNTERS_ID)
	COUNTER_AUTH_BUCKET,	/* the first of the histogram's, see below */
	COUNTER_AUTH_SUM_US = COUNTER_AUTH_BUCKET + COUNTERS_AUTH_BUCKETS + 1,
	COUNTERS_N
};
#undef COUNTERS_ID

/* slot may be SHM_SLOT_MASTER. n may be negative for a gauge. */
void	counters_add(struct shm *shm, int slot, enum counter id, int64_t n);
/* Counts an answered request under its HTTP status. */
void	counters_add_handshake(struct shm *shm, int slot, int status);
/* Counts how long one authorization took, queueing included. */
void	counters_add_auth_us(struct shm *shm, int slot, int64_t took_us);
/* Over all workers, those that are gone included. */
int64_t	counters_sum(const struct shm *shm, enum counter id);
/* Of one slot (or SHM_SLOT_MASTER: of workers that are gone and the master). */
int64_t	counters_get(const struct shm *shm, int slot, enum counter id);
/* Appends everything as Prometheus text: the list above, the histogram, the
 * budget in use, the start time and the version. */
void	counters_render(const struct shm *shm, struct buf *out);
/* Adds a dead worker's counters to those of the workers before it and zeroes
 * its block; the master, from shm_slot_release(). */
void	counters_retire(struct shm *shm, int slot);

#endif

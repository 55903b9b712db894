/*
 * A Redis for the simulator: no socket, no thread, no clock of its own. It
 * runs the real Lua scripts over a model of the commands that the daemon sends
 * and that the scripts call, and answers with the bytes and the error texts of
 * Redis 6.0 or 7.0. What it has is compared with a real server by
 * redis_check.c.
 *
 * Left out, so that nobody relies on it: eviction, transactions, patterns,
 * RESP3, the options of SET and PEXPIRE that nobody uses (they end the
 * process), most of INFO, microseconds in TIME; in scripts cjson and its like,
 * math.random, redis.log() and its like, and tables that mean types of RESP3.
 * A command that is not modelled is answered as an unknown one. In Redis 7 a
 * script may not change the tables string, math, table and redis either; here
 * it can. Where Redis 7.0 would crash, error({}), so does this.
 *
 * The order of a collection is that of insertion, as in Redis while a hash is
 * small (up to 512 fields of up to 64 bytes); see shuffle.
 *
 * Deterministic: the same calls give the same bytes. No state outside of the
 * struct but interpreters without work, which are kept for the next server, so
 * many can live side by side. One thread.
 */
#ifndef COLLABD_TESTS_SIM_REDIS_H
#define COLLABD_TESTS_SIM_REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"

struct sim_image;
struct sim_redis;
struct sim_session;

struct sim_redis_options {
	int		 version;	/* 6 or 7: whose texts and rules */
	uint64_t	 seed;		/* of run_id, replid, and shuffle */
	/* The order of collections that are past the compact form, which Redis
	 * leaves to chance: of a seeded hash instead of the insertion. */
	bool		 shuffle;
	const char	*password;	/* of the user "default", copied; NULL:
					 * everybody is let in */
};

/* What the server refuses, as long as it is set. */
enum sim_refusal {
	SIM_NONE,
	SIM_LOADING,	/* all but AUTH, SELECT, INFO, and what is about
			 * channels */
	SIM_BUSY,	/* all but AUTH */
	SIM_READONLY,	/* writes; and it says that it is a replica */
	SIM_OOM,	/* what may take memory */
	SIM_MISCONF,	/* writes and PING */
	SIM_NOREPLICAS,	/* writes; Redis 6: not those of scripts */
};

struct sim_session_hooks {
	/*
	 * A message for a channel that the session listens to: RESP, borrowed.
	 * Called by the command that publishes, before it returns and before
	 * its reply is complete. May close sessions, any of them; nothing else
	 * of this file may be called.
	 */
	void	(*on_push)(struct slice resp, void *arg);
	/* sim_redis_restart() has closed the session, which is gone; the new
	 * server is there already, and may be used. */
	void	(*on_close)(void *arg);
};

struct sim_redis *sim_redis_new(const struct sim_redis_options *options)
	    MUSTCHECK;
/* Frees the sessions too, without a call of theirs. */
void	sim_redis_free(struct sim_redis *r);

/* The time in milliseconds since 1970, from which keys expire; may jump, but
 * is meant to grow. 0 at first. */
void	sim_redis_set_time(struct sim_redis *r, int64_t wall_ms);

/* A connection. hooks are borrowed and may be NULL, as each of them. */
struct sim_session *sim_session_open(struct sim_redis *r,
	    const struct sim_session_hooks *hooks, void *arg) MUSTCHECK;
/* Calls nothing; no message comes after it. */
void	sim_session_close(struct sim_session *s);
/*
 * Runs one command, an array of bulk strings as redis_link_send() takes it,
 * and appends what is answered to reply. That is one RESP value, but one for
 * each channel of a SUBSCRIBE or UNSUBSCRIBE. Something else than one whole
 * command ends the process: it is the caller's fault.
 */
void	sim_session_command(struct sim_session *s, struct slice command,
	    struct buf *reply);

/* From now on; SIM_NONE ends it. */
void	sim_redis_refuse(struct sim_redis *r, enum sim_refusal refusal);

/*
 * The data as it is now, with the times at which keys expire: what a snapshot
 * on disk or a replica has. Owned by the caller.
 */
struct sim_image *sim_redis_image(const struct sim_redis *r) MUSTCHECK;
void	sim_image_free(struct sim_image *image);
/* How many changes the data had seen; not in the units of Redis. */
int64_t	sim_image_offset(const struct sim_image *image);
/* Of the server whose data it is: 40 hex digits, borrowed. */
const char *sim_image_replid(const struct sim_image *image);

/*
 * Ends the server and starts one at its place, with the data of an image
 * (copied; NULL: none), and with a run_id and a replid of its own. Scripts are
 * forgotten, the refusal ends, all sessions are closed and told of it in the
 * order in which they were opened. Not from inside on_push.
 */
void	sim_redis_restart(struct sim_redis *r, const struct sim_image *image);

/* The ids that INFO shows: 40 hex digits, borrowed until a restart. */
const char *sim_redis_run_id(const struct sim_redis *r);
const char *sim_redis_replid(const struct sim_redis *r);

/*
 * Appends a line for each key that has not expired, sorted:
 *
 *	string "key" "value" until 1700000000000
 *	hash "key" "field"="value" "field2"="value" until -
 *	set 3:"key" "member" "member2" until -
 *
 * with the time of its end ("-": none), elements sorted, bytes that are not
 * printable as \xNN, and the number of the database if that is not 0.
 */
void	sim_redis_dump(const struct sim_redis *r, struct buf *out);

#endif

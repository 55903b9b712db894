/*
 * What the files of the simulated Redis share. For tests/sim only.
 */
#ifndef COLLABD_TESTS_SIM_REDIS_PRIV_H
#define COLLABD_TESTS_SIM_REDIS_PRIV_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"
#include "sim/redis.h"

#define SIM_DBS		16	/* as Redis without configuration */
#define SIM_ID_SIZE	41	/* 40 hex digits and a NUL */
#define SIM_NEVER	INT64_MAX	/* a key's end that does not come */

struct lua_State;
struct sim_command;
struct sim_pool;

/* --- redis_data.c: named things in the order of their insertion --- */

struct sim_dict;

enum sim_type { SIM_STRING, SIM_HASH, SIM_SET };

/* An element of a dict: a key, a field, a member, a script or a channel, and
 * what belongs to it; the rest is 0. */
struct sim_entry {
	TAILQ_ENTRY(sim_entry) order;
	struct sim_entry *next;		/* in its bucket */
	uint64_t	 hash;		/* if there are buckets */
	enum sim_type	 type;		/* key */
	int64_t		 until_ms;	/* key: its last millisecond */
	struct sim_dict	*dict;		/* key: of a hash or set; owned */
	char		*p;		/* string, field: its value; owned */
	size_t		 n, cap;
	void		*ref;		/* channel: its subscriptions */
	int		 function;	/* script: where Lua keeps it */
	size_t		 name_n;
	char		 name[];	/* with a NUL behind it */
};
TAILQ_HEAD(sim_entries, sim_entry);

/* Zeroed, then sim_dict_init(). */
struct sim_dict {
	struct sim_entries order;
	size_t		 n;
	struct sim_entry **buckets;	/* NULL while it is small */
	size_t		 mask;		/* number of buckets - 1 */
	bool		 loose;		/* Redis' order is left to chance */
};

void	sim_dict_init(struct sim_dict *d);
void	sim_dict_fini(struct sim_dict *d);
/* NULL if there is none. */
struct sim_entry *sim_dict_find(const struct sim_dict *d, struct slice name);
/* A new one at the end; there must be none of that name. */
struct sim_entry *sim_dict_add(struct sim_dict *d, struct slice name);
void	sim_dict_remove(struct sim_dict *d, struct sim_entry *e);
/* Appends what from has to the empty to. */
void	sim_dict_copy(struct sim_dict *to, const struct sim_dict *from);
struct slice sim_entry_name(const struct sim_entry *e);
/* Copies the bytes; they may not be those of e. */
void	sim_entry_set(struct sim_entry *e, struct slice value);
/* A key becomes an empty one of that type, without an end. */
void	sim_entry_reset(struct sim_entry *e, enum sim_type type);
void	sim_entry_dump(const struct sim_entry *e, int db, struct buf *out);
/* All entries, sorted by name or, for a seed, by a hash of it; freed by the
 * caller. NULL if there are none. */
struct sim_entry **sim_dict_sort(const struct sim_dict *d,
	    const uint64_t *seed) MUSTCHECK;
/* Whether text is a number as Redis writes it, and only that. */
bool	sim_parse_integer(struct slice text, int64_t *out) MUSTCHECK;

/* --- the server --- */

struct sim_subscription {
	TAILQ_ENTRY(sim_subscription) of_session;
	TAILQ_ENTRY(sim_subscription) of_channel;
	struct sim_session *session;
	struct sim_entry   *channel;
};
TAILQ_HEAD(sim_subscriptions, sim_subscription);

struct sim_session {
	TAILQ_ENTRY(sim_session) entry;
	struct sim_redis	*redis;
	const struct sim_session_hooks *hooks;
	void			*arg;
	int			 db;
	bool			 trusted;	/* has said the password */
	bool			 closed;	/* while a command ran */
	bool			 lost;		/* in the list of that name */
	struct sim_subscriptions subscriptions;
	unsigned		 n_subscriptions;
};
TAILQ_HEAD(sim_sessions, sim_session);

struct sim_args {
	struct slice	*v;
	size_t		 n, cap;
};

/*
 * An interpreter, and what it has ever compiled. It outlives the server that it
 * works for, which is started anew all the time: the next one of its version
 * finds the same scripts there, once it has been given them.
 */
struct sim_interpreter {
	SLIST_ENTRY(sim_interpreter) entry;	/* of those without work */
	int			 version;
	struct sim_redis	*redis;		/* that it works for */
	struct lua_State	*lua;
	struct sim_pool		*pool;		/* its memory */
	int			 globals;	/* where Lua keeps those */
	int			 handler;	/* of errors */
	struct sim_dict		 compiled;	/* by text; value: SHA1 */
};

struct sim_redis {
	int			 version;
	uint64_t		 seed;
	bool			 shuffle;
	char			*password;	/* or NULL */
	char			 run_id[SIM_ID_SIZE];
	char			 replid[SIM_ID_SIZE];
	uint64_t		 ids;		/* made from the seed so far */
	enum sim_refusal	 refusal;
	int64_t			 now_ms;
	int64_t			 sweep_ms;	/* when to look for dead keys */
	struct sim_dict		 dbs[SIM_DBS];
	int64_t			 offset;	/* changes of the data */
	struct sim_sessions	 sessions;
	struct sim_sessions	 lost;		/* to be told of a restart */
	struct sim_dict		 channels;
	bool			 running;	/* inside a command */
	bool			 has_closed;	/* sessions while it ran */
	struct sim_args		 args;		/* of the command */
	struct buf		 push;		/* a message */
	const struct sim_command *recent[64];	/* commands that were found */

	/* redis_lua.c, redis_script.c */
	struct sim_interpreter	*interpreter;
	struct lua_State	*lua;		/* of that */
	struct sim_dict		 scripts;	/* that are known, by SHA1 */
	struct sim_args		 lua_args;	/* of redis.call() */
	char			 sha[SIM_ID_SIZE];	/* of what runs */
	struct sim_session	*caller;	/* of what runs */
	bool			 wrote;		/* the script, already */
};

/* --- commands: redis_command.c --- */

#define SIM_WRITE	0x01
#define SIM_DENYOOM	0x02
#define SIM_WHILE_LOADING 0x04
#define SIM_WHILE_BUSY	0x08
#define SIM_NOSCRIPT	0x10
#define SIM_WHEN_SUBSCRIBED 0x20
#define SIM_NOAUTH	0x40	/* before the password was said */

/* A command that runs, and where its answer goes: as RESP into out, or as a
 * value onto the stack of Lua. */
struct sim_call {
	struct sim_redis	*r;
	struct sim_session	*s;
	const struct slice	*v;		/* its name first */
	size_t			 n;
	struct buf		*out;		/* NULL: to Lua */
	struct lua_State	*lua;
	int			 left;		/* elements of a table */
	int			 at;
	bool			 failed;	/* the answer is an error */
};

struct sim_command {
	const char	*name;		/* upper case */
	int		 arity;		/* negative: or more */
	unsigned	 flags;
	void		(*run)(struct sim_call *c);
};

/* NULL if there is none. */
const struct sim_command *sim_command_find(struct sim_redis *r,
	    struct slice name);
bool	sim_command_fits(const struct sim_redis *r,
	    const struct sim_command *command, size_t n) MUSTCHECK;
/* The key's entry, NULL if there is none or it has expired. */
struct sim_entry *sim_key_find(struct sim_redis *r, int db, struct slice key);
/* "ERR wrong number of arguments for 'get' command", in lower case. */
void	sim_reply_arity(struct sim_call *c, const char *name);

/* redis_refuse.c */
/* What the refusal says of it at top level or inside a script, or NULL. */
const char *sim_command_refused(const struct sim_redis *r,
	    const struct sim_command *command, bool is_script);

/* redis_reply.c: the answer of a command. A table of Lua has no tables. */
void	sim_reply_int(struct sim_call *c, int64_t v);
void	sim_reply_bulk(struct sim_call *c, struct slice s);
void	sim_reply_nil(struct sim_call *c);
void	sim_reply_status(struct sim_call *c, const char *text);
void	sim_reply_array(struct sim_call *c, size_t n);
/* The error with its code, without "-". */
void	sim_reply_error(struct sim_call *c, const char *fmt, ...)
	    PRINTFLIKE(2, 3);
/* Appends a line of RESP, text and CRLF, in which no line ends; with trim none
 * of the ends at the end of text becomes spaces. */
void	sim_add_line(struct buf *out, char mark, struct slice text,
	    bool trim);

/* redis_pubsub.c */
void	sim_run_publish(struct sim_call *c);
void	sim_run_subscribe(struct sim_call *c);
void	sim_run_unsubscribe(struct sim_call *c);
/* The session listens no longer. */
void	sim_session_unsubscribe(struct sim_session *s);

/* redis_server.c: commands about the connection and the server. */
void	sim_run_auth(struct sim_call *c);
void	sim_run_flushall(struct sim_call *c);
void	sim_run_info(struct sim_call *c);
void	sim_run_ping(struct sim_call *c);
void	sim_run_select(struct sim_call *c);
void	sim_run_time(struct sim_call *c);

/* redis_pool.c */
struct sim_pool *sim_pool_new(void) MUSTCHECK;
/* What was taken from it must not be used any more. */
void	sim_pool_free(struct sim_pool *pool);
/* A lua_Alloc of the pool arg. */
void	*sim_pool_realloc(void *arg, void *old, size_t old_n, size_t n);

/* redis_lua.c: the interpreter */
void	sim_lua_init(struct sim_redis *r);
void	sim_lua_fini(struct sim_redis *r);

/* redis_script.c */
void	sim_run_eval(struct sim_call *c);
void	sim_run_evalsha(struct sim_call *c);
void	sim_run_script(struct sim_call *c);

#endif

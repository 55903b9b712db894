/*
 * What the files of the store share: its struct, and the queue of commands.
 * For src/store only. Loop thread only.
 */
#ifndef COLLABD_STORE_STORE_PRIV_H
#define COLLABD_STORE_STORE_PRIV_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/keys.h"
#include "store/redis_link.h"
#include "store/redis_url.h"
#include "store/resp.h"
#include "store/scripts.h"
#include "store/store.h"

struct timer;

#define STORE_EPOCH_SIZE	17	/* 16 hex digits and a NUL */

enum op_kind {
	OP_ROOM,	/* a script on rooms: KEYS[1 to 4] and ARGV[1 to 6] are
			 * put in front when it is sent, see common.lua */
	OP_SCRIPT,	/* a script with exactly these keys and arguments */
	OP_PLAIN,	/* a command: args alone, its name included */
};

#define OP_ONCE		0x1	/* not repeated once it may have been sent */
#define OP_URGENT	0x2	/* sent though the store is not up; fails if the
				 * link is not ready */

/*
 * A command. Made by store_op_new(), filled by the maker, given away by
 * store_op_submit(); freed after its finish was called.
 */
struct store_op {
	TAILQ_ENTRY(store_op) entry;
	struct store	*store;
	enum op_kind	 kind;
	enum script	 script;
	unsigned	 flags;
	uint64_t	 number;	/* order of the calls */
	uint64_t	 identity;	/* of the worker when it was sent */
	char		 worker[STORE_ID_SIZE]; /* whose rooms KEYS[2] are;
						 * "": this worker's */
	size_t		 n_keys, n_args;
	struct buf	 keys, args;	/* as RESP bulk strings */
	unsigned	 failures;	/* attempts that failed */
	unsigned	 sends;
	int64_t		 sent_ms;	/* the last time */
	int64_t		 next_ms;	/* waiting: when the next one fails */
	bool		 is_sent;	/* in which list it is */
	bool		 eval;		/* Redis does not know the script */
	char		*label;		/* the room, for the log; or NULL */
	/* v: the answer, no error; NULL: unavailable */
	void		(*finish)(struct store_op *op,
			    const struct resp_value *v);
	void		(*cb)(const struct store_reply *, void *);
	void		*arg;
	void		*job;		/* of finish */
	/* NULL, or gives job back when the store ends before the answer */
	void		(*abandon)(struct store_op *op);
};
TAILQ_HEAD(store_ops, store_op);

struct store {
	const struct conf	*conf;
	struct event_base	*base;
	struct shm		*shm;
	int			 slot;
	const struct store_hooks *hooks;
	void			*arg;

	struct redis_url	 url;
	struct tls_context	*tls;
	struct redis_link	*commands;
	struct redis_link	*subscriber;
	struct scripts		*scripts;
	struct keys		 keys;

	char			 id[STORE_ID_SIZE];
	uint64_t		 identity;	/* counts the ids */
	char			 former[STORE_ID_SIZE];	/* to be cleaned up
						 * after; or "" */
	bool			 fresh;		/* on_up has not told the id */
	bool			 leased;	/* Redis confirmed the lease */
	bool			 acquired;	/* the id ever had a lease */
	bool			 subscribed;	/* to the channel of this id */
	bool			 resigned;
	char			*server; /* its ids, "-" if it tells none; NULL:
					  * not known yet */
	char			*server_asked;	/* some of them */
	uint64_t		 generation; /* of Redis; 0: never up */
	uint64_t		 up_generation; /* as it was up last */
	uint64_t		 doubted;    /* the one that went backwards */
	int64_t			 settled_ms; /* when it is */
	uint64_t		 last_epoch; /* the latest that was seen */
	int64_t			 lease_end_ms; /* it is sure until then */
	bool			 suspended; /* ... and no longer */
	bool			 up;		/* as the hooks were told */
	unsigned		 connects;	/* READYs of both links */
	int64_t			 connection;	/* READYs of commands */
	const char		*refusal;	/* of the last write; NULL: it
						 * was taken */

	struct store_ops	 waiting;	/* by number */
	struct store_ops	 sent;		/* by number */
	uint64_t		 last_number;
	size_t			 n_ops, bytes;	/* in both lists */
	struct timer		*retry_timer;
	int64_t			 retry_at_ms;	/* 0: not armed */
	struct timer		*lease_timer;
	struct timer		*suspend_timer;
	struct timer		*orphan_timer;
	unsigned		 orphan_ticks;
	unsigned		 depth;		/* inside callbacks of ours */
};

/* store.c */
/* The lease was found lapsed: takes a new identity, which others do not
 * clean up after. identity is that of the command which found out. */
void	store_lapsed(struct store *store, uint64_t identity);
/* Takes a new identity; the old one's users are to be cleaned up after. */
void	store_rename(struct store *store);
/* Redis refused a write, for a reason that is its operator's (static), or took
 * one (NULL). */
void	store_refused(struct store *store, const char *meaning);
/* Compares what is ready with what the hooks were told, and tells them. */
void	store_update(struct store *store);

/* store_queue.c */
void	store_queue_init(struct store *store);
void	store_queue_fini(struct store *store);
struct store_op *store_op_new(struct store *store, enum op_kind kind,
	    enum script script, void (*finish)(struct store_op *,
	    const struct resp_value *)) MUSTCHECK;
void	store_op_arg(struct store_op *op, const void *p, size_t n);
void	store_op_arg_str(struct store_op *op, const char *s);
void	store_op_arg_int(struct store_op *op, int64_t v);
/* "" when absent, else "v" and the bytes: opt() in common.lua. */
void	store_op_arg_opt(struct store_op *op, struct slice s);
/* Its reference in the rooms of a worker. */
void	store_op_arg_room(struct store_op *op, struct store_room room);
/* As the scripts have it; out. */
const char *store_epoch_text(uint64_t epoch, char out[STORE_EPOCH_SIZE]);
/* Sends op, or lets it wait. */
void	store_op_submit(struct store_op *op);
/* The store is up: sends all that waits. */
void	store_queue_flush(struct store *store);

/* An epoch went by; new ones are later. */
void	store_saw_epoch(struct store *store, uint64_t epoch);

/* store_lease.c */
void	store_lease_init(struct store *store);
void	store_lease_fini(struct store *store);
/* Takes or renews the lease; the command link is ready. */
void	store_lease_send(struct store *store);

/* store_generation.c */
/* Asks the Redis of the command link, which is ready, who it is; then takes the
 * lease. */
void	store_ask_server(struct store *store);
/* The command link is down. */
void	store_forget_server(struct store *store);
/* The arguments of lease.lua that concern the generation. */
void	store_add_generation(struct store_op *op);
/* The answer of lease.lua; false if it is none. */
bool	store_note_generation(struct store *store, const struct resp_value *v)
	    MUSTCHECK;

/* store_orphan.c */
void	store_orphan_init(struct store *store);
void	store_orphan_fini(struct store *store);

/* store_reply.c */
/*
 * Reads what answer() in common.lua gives, or { status }. False when it is
 * something else. *members is allocated, NULL if there are none, and freed by
 * the caller after use; slices point into v. bad counts unusable values.
 */
bool	store_reply_parse(const struct resp_value *v, struct store_reply *out,
	    struct store_member **members, int64_t *bad) MUSTCHECK;

#endif

/*
 * Who may open a socket. The session of Django and the user are read from the
 * database by a thread of the pool (db/pool.h), which decides, and hands the
 * verdict back to the worker's event loop. struct auth_check is the asker's
 * handle on one question.
 *
 * All functions here: loop thread only, and none calls back before it returns.
 * Callbacks run on the loop, may start and cancel checks (any of them), and
 * must not free the pool.
 *
 * Time: one deadline, conf->auth_timeout_ms from auth_check_start(), covers
 * all of it. A verdict comes at the latest 100 ms after it, whatever a thread is
 * stuck in. A verdict never rests on anything that was read before its check
 * was started.
 *
 * A few in line are asked one by one, more of them up to 64 at once in two
 * queries: a batch costs little more than a lookup.
 *
 * Counted in shared memory: AUTH_ALLOWED, AUTH_DENIED, AUTH_UNAVAILABLE and the
 * duration histogram (each answered check; not cancelled ones, not re-checks),
 * AUTH_JOINED.
 */
#ifndef COLLABD_AUTH_AUTH_H
#define COLLABD_AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/identity.h"
#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"

struct auth;
struct auth_check;
struct pool;

enum auth_verdict {
	AUTH_ALLOWED,
	AUTH_DENIED,		/* decided: no (403) */
	AUTH_UNAVAILABLE,	/* could not be decided (503) */
};

struct auth_query {
	struct slice	session;	/* the cookie's value, unquoted */
	/* The model of an edit room; both absent for a chat room, where only
	 * is_staff counts. model is taken in lower case. */
	struct slice	app_label;
	struct slice	model;
};

struct auth_result {
	enum auth_verdict verdict;
	const char	*reason;	/* static words for the log */
	/* With permission = staff, and in a chat room, both are true for whom
	 * is let in; both are false unless ALLOWED. */
	bool		 may_view;
	bool		 may_change;
	/* Take the lock over from another editor: may_change, and a superuser
	 * or one who has take_over_permission. */
	bool		 may_take_over;
	struct identity	*user;		/* NULL unless ALLOWED; the callee
					 * takes it */
	int64_t		 duration_us;	/* since auth_check_start() */
};

/* What a re-check says about one socket; the bools as in struct auth_result. */
struct auth_recheck {
	enum auth_verdict verdict;
	bool		 may_change;
	bool		 may_take_over;
};

/* Since auth_new(). */
struct auth_stats {
	uint64_t lookups;	/* sessions looked up */
	uint64_t joined;	/* checks that shared another one's lookup */
	uint64_t queries;	/* statements sent, of all kinds */
	uint64_t user_queries;	/* users asked for, batches not counted */
	uint64_t opened;	/* connections */
	uint64_t reused;	/* lookups that were not the first of their
				 * connection */
};

/* The pool, with its configuration, is borrowed. */
struct auth *auth_new(struct pool *pool) MUSTCHECK;
/* After pool_free(), and only if that could end its threads: what they are at
 * is cancelled by it, and no callback comes. NULL is allowed. */
void	 auth_free(struct auth *auth);

/*
 * Asks. The query is copied. NULL when auth_queue_max checks are unanswered
 * (503). The handle is good until the callback begins or until
 * auth_check_cancel().
 */
struct auth_check *auth_check_start(struct auth *auth,
	    const struct auth_query *query,
	    void (*cb)(const struct auth_result *, void *), void *arg)
	    MUSTCHECK;
/* The callback will not come; a lookup that nobody wants is given up. */
void	 auth_check_cancel(struct auth_check *check);

/*
 * Answers to a re-check, by the index of the query. UNAVAILABLE is what could
 * not be decided, so that nobody is thrown out on a guess; while is_last is
 * false, what is not decided yet. The array is lent for the call.
 */
typedef void auth_recheck_cb(const struct auth_recheck *answers, size_t n,
	    bool is_last, void *arg);
/*
 * Asks for many open sockets at once, on one connection, in two queries for
 * each few hundred. The callback comes with what is decided as soon as it is,
 * so that no query that is late, or fails, keeps back what others have said;
 * and a last time within auth_timeout. False when one is running already or n
 * is 0.
 */
bool	 auth_recheck_start(struct auth *auth,
	    const struct auth_query *queries, size_t n, auth_recheck_cb *cb,
	    void *arg) MUSTCHECK;

/*
 * Connects and asks both queries for nobody, unless something asked the
 * database within the last AUTH_PROBE_AGE_MS or a probe is under way. Keeps
 * pool_is_healthy(), which /health asks, fresh on a worker that nobody visits.
 */
void	 auth_probe_start(struct auth *auth);
#define AUTH_PROBE_AGE_MS	3000

/* What is under way, for a dump. */
struct auth_view {
	bool	is_rechecking;
	size_t	n_checks;	/* unanswered */
};
void	 auth_describe(const struct auth *auth, struct auth_view *view);
void	 auth_stats(const struct auth *auth, struct auth_stats *stats);

/*
 * For `collabd -t`: connects, and reads nothing from each table and column
 * that the configuration names. False with sentences, one a line, in err that
 * say what to do. Blocks, auth_timeout_ms at most for each step; takes no
 * place of the budget. Any process, before it has threads.
 */
bool	 auth_probe(const struct conf *conf, struct buf *err) MUSTCHECK;

#endif

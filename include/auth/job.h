/*
 * One thing that an authorization thread does from beginning to end: a lookup
 * of a session for all checks that wait for it, a re-check of many sockets, or
 * a probe.
 *
 * A job is made by the loop's thread (pool.c), stands in the line (line.h),
 * belongs to one authorization thread while it runs, and comes back to the
 * loop's thread, which frees it. Each field says who may touch it when:
 * "loop" is the loop's thread at any time; "line" is whoever holds the line's
 * lock; "runner" is the thread that runs the job, and the loop's before and
 * after.
 */
#ifndef COLLABD_AUTH_JOB_H
#define COLLABD_AUTH_JOB_H

#include <sys/queue.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "auth/logpoll.h"
#include "auth/verdict.h"
#include "base/compat.h"
#include "base/slice.h"
#include "db/db.h"

struct job;

struct auth_check {
	TAILQ_ENTRY(auth_check) in_job;	/* line until sealed, then constant */
	struct auth_pool *pool;		/* loop */
	struct job	*job;		/* loop */
	void		(*cb)(const struct auth_result *, void *);
					/* loop; NULL: answered, cancelled */
	void		*arg;		/* loop */
	int64_t		 start_us;	/* loop */
	struct auth_question question;	/* constant */
	struct auth_result result;	/* runner */
};
TAILQ_HEAD(auth_checks, auth_check);

/* A copy of the queries of a re-check, and its answers. */
struct recheck {
	size_t		 n;
	char		**sessions;	/* constant; NULL: no such session */
	size_t		*session_lens;
	struct auth_question *questions;	/* constant */
	struct auth_recheck *answers;	/* runner */
	/* A copy of them for the loop while the runner is not done; or NULL. */
	struct auth_recheck *_Atomic published;
	struct auth_recheck *known;	/* loop; the newest that it took */
	auth_recheck_cb	*cb;		/* loop */
	void		*arg;		/* loop */
};

enum job_kind { JOB_LOOKUP, JOB_RECHECK, JOB_PROBE, JOB_LOGPOLL };
enum job_state { JOB_WAITING, JOB_RUNNING, JOB_FINISHED };

struct job {
	TAILQ_ENTRY(job) in_line;	/* line: waiting, running or finished */
	TAILQ_ENTRY(job) in_pool;	/* loop: all unanswered, by deadline */
	LIST_ENTRY(job)	 in_bucket;	/* line: while may_join */
	enum job_kind	 kind;		/* constant */
	enum job_state	 state;		/* line */
	bool		 may_join;	/* line */
	size_t		 thread;	/* line: who runs it */
	int64_t		 deadline_ms;	/* constant; clock_mono_ms() */
	atomic_bool	 is_cancelled;	/* anybody */
	bool		 is_abandoned;	/* loop: answered without its thread */
	bool		 asked_database;	/* runner: so status counts */
	enum db_status	 status;	/* runner */

	/* JOB_LOOKUP */
	char		*session;	/* constant */
	size_t		 session_len;
	uint64_t	 hash;		/* constant; of the session */
	struct auth_checks checks;	/* line until sealed, then constant */
	size_t		 n_checks;	/* line */
	size_t		 n_live;	/* loop: checks that want an answer */

	/* JOB_RECHECK */
	struct recheck	*recheck;

	/* JOB_LOGPOLL */
	struct logpoll	*logpoll;
};
TAILQ_HEAD(jobs, job);

/* deadline_ms is on clock_mono_ms(). The caller owns it. */
struct job *job_new(enum job_kind kind, int64_t deadline_ms) MUSTCHECK;
/* Wipes the sessions, frees checks and their unclaimed identities. */
void	 job_free(struct job *job);
/* Sets every check's result to a refusal, or to what a failure means. */
void	 job_deny(struct job *job, enum django_reason reason);
void	 job_fail(struct job *job, enum db_status status);
/* For struct db_wait: whether nobody wants this job's answer any more. */
bool	 job_is_cancelled(void *job);

/* is_sound says whether the room's name is one that a model can have. */
struct auth_check *check_new(const struct auth_query *query, bool *is_sound)
	    MUSTCHECK;
void	 check_free(struct auth_check *check);

/* Copies the queries. Verdicts are UNAVAILABLE until somebody knows better. */
struct recheck *recheck_new(const struct auth_query *queries, size_t n,
	    bool keys_only) MUSTCHECK;
void	 recheck_free(struct recheck *recheck);
/* Copies the answers as they are now to where recheck_take() finds them, in
 * place of an older copy. Runner. */
void	 recheck_publish(struct recheck *recheck);
/* Whether there is a newer copy, which is recheck->known then. Loop. */
bool	 recheck_take(struct recheck *recheck) MUSTCHECK;

#endif

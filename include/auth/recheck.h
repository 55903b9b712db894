/*
 * Many open sockets asked about at once, in two queries for each few hundred
 * of them. Who may touch a field is said in the words of db/job.h.
 */
#ifndef COLLABD_AUTH_RECHECK_H
#define COLLABD_AUTH_RECHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/auth.h"
#include "auth/source.h"
#include "auth/verdict.h"
#include "base/compat.h"
#include "db/job.h"

/* A copy of the queries, and the answers. */
struct recheck {
	struct job	 job;
	const struct auth_source *source;	/* constant */
	struct auth	*auth;		/* loop */
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

/* Copies the queries; source is borrowed. Verdicts are UNAVAILABLE until
 * somebody knows better. */
struct recheck *recheck_new(const struct job_ops *ops,
	    const struct auth_source *source, const struct auth_query *queries,
	    size_t n, bool keys_only) MUSTCHECK;
/* Wipes the sessions. */
void	 recheck_free(struct job *job);
/* The re-check that the job is. */
struct recheck *recheck_of(struct job *job);

/* Fills in the verdicts, and hands them to the loop's thread as they come. What
 * could not be decided stays UNAVAILABLE. Thread. */
void	 recheck_run(struct job_run *run);
/* Copies the answers as they are now to where recheck_take() finds them, in
 * place of an older copy. Runner. */
void	 recheck_publish(struct recheck *recheck);
/* Whether there is a newer copy, which is recheck->known then. Loop. */
bool	 recheck_take(struct recheck *recheck) MUSTCHECK;

#endif

/*
 * A handshake's question (struct auth_check), and the job that answers all who
 * ask for the same session (struct lookup). Memory only. Sessions are as good
 * as passwords, so every copy is wiped before it is freed. Who may touch a
 * field is said in the words of db/job.h.
 */
#ifndef COLLABD_AUTH_CHECK_H
#define COLLABD_AUTH_CHECK_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "auth/source.h"
#include "auth/verdict.h"
#include "base/compat.h"
#include "base/slice.h"
#include "db/db.h"
#include "db/job.h"
#include "django/reason.h"

struct lookup;

struct auth_check {
	TAILQ_ENTRY(auth_check) in_lookup; /* line until sealed, then constant */
	struct auth	*auth;		/* loop */
	struct lookup	*lookup;	/* loop */
	void		(*cb)(const struct auth_result *, void *);
					/* loop; NULL: answered, cancelled */
	void		*arg;		/* loop */
	int64_t		 start_us;	/* loop */
	struct auth_question question;	/* constant */
	struct auth_result result;	/* runner */
};
TAILQ_HEAD(auth_checks, auth_check);

struct lookup {
	struct job	 job;
	const struct auth_source *source;	/* constant */
	char		*session;	/* constant; the job's key */
	struct auth_checks checks;	/* line until sealed, then constant */
	size_t		 n_checks;	/* line */
	size_t		 n_live;	/* loop: checks that want an answer */
};

/* is_sound says whether the room's name is one that a model can have. */
struct auth_check *check_new(const struct auth_query *query, bool *is_sound)
	    MUSTCHECK;
void	 check_free(struct auth_check *check);

/* The session is copied, and is the job's key; source is borrowed. The caller
 * adds a check. */
struct lookup *lookup_new(const struct job_ops *ops,
	    const struct auth_source *source, struct slice session) MUSTCHECK;
/* Wipes the session, frees checks and their unclaimed identities. */
void	 lookup_free(struct job *job);
/* The lookup that the job is. */
struct lookup *lookup_of(struct job *job);
/* Adds a check; false when there are as many as a lookup has. */
bool	 lookup_add(struct lookup *lookup, struct auth_check *check);
/* Sets every check's result to a refusal, or to what a failure means. */
void	 lookup_deny(struct lookup *lookup, enum django_reason reason);
void	 lookup_fail(struct lookup *lookup, enum db_status status);

#endif

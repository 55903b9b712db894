/*
 * The straight line of one handshake: session, claims, user, verdict. Runs on
 * a thread of the pool; holds nothing between calls.
 */
#ifndef COLLABD_AUTH_LOOKUP_H
#define COLLABD_AUTH_LOOKUP_H

#include <stdbool.h>

#include "auth/check.h"
#include "base/compat.h"
#include "db/burst.h"
#include "db/db.h"
#include "db/job.h"
#include "db/line.h"

/*
 * The first half of a lookup, which is the run's first job: what can be refused
 * without the database is (a bad signed cookie costs no connection), else the
 * connection is opened. True: go on with lookup_run() or in a batch (batch.h).
 * False: it is sealed and answered, job.status says how.
 */
bool	lookup_open(struct lookup *lookup, struct job_run *run) MUSTCHECK;
/*
 * The second half, alone: seals the lookup, reads, and fills in the result of
 * each of its checks. job.status says how the database was. A sealed lookup may
 * be run again.
 */
void	lookup_run(struct lookup *lookup, struct line *line,
	    struct burst *burst, const struct db_wait *wait,
	    struct db_error *error);
/*
 * Reads the user of claims and decides one question. With anything but DB_OK
 * and DB_BAD_VALUE the result is UNAVAILABLE. What result held before is
 * overwritten, not freed.
 */
enum db_status lookup_user(const struct auth_source *source,
	    struct burst *burst, const struct session_claims *claims,
	    const struct auth_question *question, struct auth_result *result,
	    const struct db_wait *wait, struct db_error *error) MUSTCHECK;
/*
 * Reads the claims out of a signed cookie (session_engine = signed_cookies).
 */
enum django_reason lookup_cookie(const struct auth_source *source,
	    struct slice cookie, struct session_claims *claims) MUSTCHECK;

/* A job that asks the two queries of a lookup for a session and a user that
 * cannot be: only whether they are answered counts. */
struct nobody {
	struct job	 job;
	const struct auth_source *source;	/* constant */
	struct auth	*auth;			/* loop */
};

/* Runs it. */
void	lookup_nobody(struct job_run *run);
struct nobody *nobody_of(struct job *job);

#endif

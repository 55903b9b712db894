/*
 * Everything that a check reads and nobody writes: the configuration, the SQL,
 * the keys; and where it counts. Made once for a pool or a probe, shared by the
 * threads without a lock.
 */
#ifndef COLLABD_AUTH_SOURCE_H
#define COLLABD_AUTH_SOURCE_H

#include <stdatomic.h>
#include <stdint.h>

#include "auth/query.h"
#include "base/conf.h"
#include "db/db.h"
#include "django/signing.h"

/* See struct auth_stats. */
struct auth_tally {
	_Atomic uint64_t lookups;
	_Atomic uint64_t user_queries;
	_Atomic uint64_t reused;
};

struct auth_source {
	const struct conf	*conf;		/* borrowed */
	struct query_set	 queries;
	struct django_keys	*keys;
	struct auth_tally	*tally;		/* borrowed */
};

/* tally may be NULL where nothing is looked up. */
void	auth_source_init(struct auth_source *source, const struct conf *conf,
	    enum db_dialect dialect, struct auth_tally *tally);
void	auth_source_fini(struct auth_source *source);

#endif

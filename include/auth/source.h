/*
 * Everything that a check reads and nobody writes: the configuration, the
 * database's address, the SQL, the keys. Made once for a pool or a probe,
 * shared by its threads without a lock.
 */
#ifndef COLLABD_AUTH_SOURCE_H
#define COLLABD_AUTH_SOURCE_H

#include <stdbool.h>

#include "auth/query.h"
#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "db/db_url.h"
#include "django/signing.h"

struct auth_source {
	const struct conf	*conf;		/* borrowed */
	struct db_url		 url;
	struct query_set	 queries;
	struct django_keys	*keys;
};

/* False with a sentence in err when database_url cannot be read; then there is
 * nothing to fini. Also does db_init_process(): loop thread, before the
 * threads. */
bool	auth_source_init(struct auth_source *source, const struct conf *conf,
	    struct buf *err) MUSTCHECK;
void	auth_source_fini(struct auth_source *source);

#endif

/*
 * DATABASE_URL: a URL as dj-database-url 3 reads it (collabd must reach the
 * database that Django reaches), or libpq's "key=value" text, or
 * sqlite:///path. The result is a list of separate keywords for
 * PQconnectStartParams with expand_dbname = 0; libpq never sees the text,
 * because it splits at another @, refuses what Django takes, and quotes the
 * password when it complains.
 *
 * Options that libpq need not know are dropped and named in `ignored`. Options
 * that decide where or how safely we connect are set always, so that no PG*
 * variable and no file of the user's can.
 *
 * TLS: without sslmode, or with allow or prefer, a host that is not this
 * machine gets sslmode=require, since prefer falls back to plain text after
 * any failure. An explicit disable is obeyed: it is the operator's word, and
 * no attacker can put it there.
 *
 * A struct db_url owns its strings; db_url_fini() wipes and frees them. Any
 * thread.
 */
#ifndef COLLABD_DB_DB_URL_H
#define COLLABD_DB_DB_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"

#define DB_URL_PARAMS_MAX	32

struct db_url {
	bool	 is_sqlite;
	char	*sqlite_path;	/* sqlite:///x is "x", sqlite:////x is "/x" */

	/* NULL when not given */
	char	*dbname;
	char	*user;
	char	*password;
	char	*host;		/* a name, an address, or a socket's folder */
	char	*port;
	bool	 is_local;	/* no network between us and the host */
	bool	 tls_forced;	/* sslmode=require is ours, see above */
	char	*ignored;	/* names of dropped options, or NULL */

	/*
	 * Everything, n pairs and a NULL. The strings belong to this struct.
	 * Add hostaddr to a copy.
	 */
	const char *keywords[DB_URL_PARAMS_MAX + 1];
	const char *values[DB_URL_PARAMS_MAX + 1];
	size_t	 n;
};

/* False with one sentence in err that never holds a part of the text. */
bool	db_url_parse(const char *text, struct db_url *out, struct buf *err)
	    MUSTCHECK;
void	db_url_fini(struct db_url *url);
/* The value of a keyword, or NULL. */
const char *db_url_get(const struct db_url *url, const char *keyword);

#endif

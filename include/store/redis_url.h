/*
 * REDIS_URL as redis-py 6 reads it: redis://, rediss:// (TLS) and unix://, in
 * lower case. Refused where redis-py guesses: a path that is no plain database
 * number, port 0, a unix URL with a host. (redis_url = embedded is no URL; the
 * caller looks for it first.)
 *
 * A struct redis_url owns its strings; redis_url_fini() wipes and frees them.
 * Any thread.
 */
#ifndef COLLABD_STORE_REDIS_URL_H
#define COLLABD_STORE_REDIS_URL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"

struct redis_url {
	char	*host;		/* NULL with unix_path */
	int	 port;
	char	*unix_path;	/* NULL with host */
	char	*user;		/* NULL when not given */
	char	*password;	/* NULL when not given */
	int	 db;
	bool	 tls;
	/* What the URL says about TLS; the settings hold where it is silent. */
	bool	 tls_verify_set;	/* ssl_cert_reqs was given */
	bool	 tls_verify;		/* true unless ssl_cert_reqs=none */
	bool	 tls_hostname_set;	/* ssl_check_hostname was given */
	bool	 tls_hostname;		/* true unless that is false */
	char	*tls_ca_file;		/* NULL when not given */
	char	*tls_cert_file;
	char	*tls_key_file;
	char	*ignored;	/* names of other query keys, or NULL */
};

/* False with one sentence in err that never holds a part of the text. */
bool	redis_url_parse(const char *text, struct redis_url *out,
	    struct buf *err) MUSTCHECK;
void	redis_url_fini(struct redis_url *url);

#endif

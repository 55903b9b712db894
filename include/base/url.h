/*
 * Taking apart URLs of the form scheme://[user[:password]@][host][:port][path]
 * [?query][#fragment], as Python's urllib.parse.urlsplit does, because that is
 * what reads the same URLs on Django's side: the last @ ends the user-info,
 * "+" stays in user and password, the host is lower-cased. Strict where Python
 * shrugs: no control characters, no broken % escapes, no %00.
 *
 * A struct url owns its strings; url_fini() wipes and frees them. What is
 * wrong is said in fixed sentences that quote nothing, for a URL may hold a
 * password. Any thread.
 */
#ifndef COLLABD_BASE_URL_H
#define COLLABD_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"

#define URL_MAX		4096	/* bytes; longer text is refused */
#define URL_PARAMS_MAX	32

struct url_param {
	char	*name;
	char	*value;		/* NULL when there was no "=" */
};

struct url {
	char	*scheme;	/* as written */
	char	*user;		/* decoded; NULL when absent or empty */
	char	*password;	/* the same */
	char	*host;		/* decoded, without brackets; NULL the same.
				 * Lower case unless it is a /path */
	int	 port;		/* 0 to 65535, or -1 */
	char	*path;		/* as written, with its slash; never NULL */
	struct url_param params[URL_PARAMS_MAX];
	size_t	 n_params;	/* decoded, "+" is a blank */
};

/* Whether text begins as a URL does, with scheme:// */
bool	url_has_scheme(const char *text);
/* False with a sentence in err; then *out is empty. */
bool	url_parse(const char *text, struct url *out, struct buf *err) MUSTCHECK;
void	url_fini(struct url *url);
/*
 * Splits "host", "host:port", "[v6]" or "[v6]:port"; the parts are borrowed, and
 * what they consist of is not looked at. *port is absent without a colon. False
 * when a bracket is not closed (then *host is absent too) or is followed by
 * something else than a colon.
 */
bool	url_split_host(struct slice text, struct slice *host,
	    struct slice *port) MUSTCHECK;
/* 1 to 5 digits, 65535 at most. */
bool	url_parse_port(struct slice text, int *port) MUSTCHECK;
/* Whether n bytes begin with a %XX escape, and which byte that is. */
bool	url_unescape(const char *text, size_t n, char *c) MUSTCHECK;
/*
 * Undoes %XX (and + with is_query) in n bytes; the caller frees the result.
 * NULL on a broken escape or %00.
 */
char	*url_decode(const char *text, size_t n, bool is_query) MUSTCHECK;
/* Wipes and frees a string; NULL is allowed. */
void	url_wipe(char *s);
/*
 * Whether host is this machine: none at all, a socket's path or abstract name,
 * localhost or a loopback address.
 */
bool	url_host_is_local(const char *host);

#endif

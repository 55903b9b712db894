/*
 * REDIS_URL to its parts, as redis-py's ConnectionPool.from_url() does, for
 * the Redis link and for the check of the configuration. Must never put a byte
 * of the text into a complaint: it holds the password.
 *
 * Where redis-py shrugs at a part it cannot read and goes on with a default,
 * this refuses, so that a mistyped URL does not end in another database.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/url.h"
#include "base/xmalloc.h"
#include "store/redis_url.h"

#define REDIS_PORT	6379
#define DB_DIGITS_MAX	5	/* more databases than anybody has set up */

static bool
complain(struct buf *err, const char *sentence)
{
	buf_add_str(err, sentence);
	return (false);
}

static void
ignore(struct redis_url *out, const char *name)
{
	char *old = out->ignored;

	out->ignored = old == NULL ? xstrdup(name) :
	    xasprintf("%s %s", old, name);
	free(old);
}

static bool
parse_db(const char *s, int *db)
{
	size_t n = strspn(s, "0123456789");

	if (n < 1 || n > DB_DIGITS_MAX || s[n] != '\0')
		return (false);
	*db = atoi(s);
	return (true);
}

/* The first of a name counts, as in redis-py; NULL if there is none. */
static const char *
query(const struct url *url, const char *name)
{
	size_t i;

	for (i = 0; i < url->n_params; i++) {
		const struct url_param *param = &url->params[i];

		if (strcmp(param->name, name) == 0 && param->value != NULL &&
		    *param->value != '\0')
			return (param->value);
	}
	return (NULL);
}

/* A part of the URL itself, else the query's word for it. */
static void
take(char **out, char **part, const char *word)
{
	if (*part != NULL)
		*out = *part;
	else if (word != NULL)
		*out = xstrdup(word);
	*part = NULL;
}

static char *
copy(const char *word)
{
	return (word == NULL ? NULL : xstrdup(word));
}

/* ssl_cert_reqs in the words of redis-py, and of Celery. */
static bool
set_verify(struct redis_url *out, const char *word, struct buf *err)
{
	if (word == NULL)
		return (true);
	if (strncasecmp(word, "CERT_", 5) == 0)
		word += 5;
	out->tls_verify_set = true;
	if (strcasecmp(word, "none") == 0)
		out->tls_verify = false;
	else if (strcasecmp(word, "optional") != 0 &&
	    strcasecmp(word, "required") != 0)
		return (complain(err, "ssl_cert_reqs is none of none, "
		    "optional, required"));
	return (true);
}

/* What redis-py's to_bool() takes for false. */
static bool
is_false(const char *word)
{
	static const char *const no[] = { "0", "f", "false", "n", "no" };
	size_t i;

	for (i = 0; i < COUNT_OF(no); i++) {
		if (strcasecmp(word, no[i]) == 0)
			return (true);
	}
	return (false);
}

static bool
set_tls(const struct url *url, struct redis_url *out, struct buf *err)
{
	const char *word;

	if (!set_verify(out, query(url, "ssl_cert_reqs"), err))
		return (false);
	if ((word = query(url, "ssl_check_hostname")) != NULL) {
		out->tls_hostname_set = true;
		out->tls_hostname = !is_false(word);
	}
	out->tls_ca_file = copy(query(url, "ssl_ca_certs"));
	out->tls_cert_file = copy(query(url, "ssl_certfile"));
	out->tls_key_file = copy(query(url, "ssl_keyfile"));
	return (true);
}

/* Names the query keys that have no meaning here. */
static void
note_ignored(const struct url *url, struct redis_url *out)
{
	static const char *const known[] = {
		"db", "username", "password", "ssl_cert_reqs",
		"ssl_check_hostname", "ssl_ca_certs", "ssl_certfile",
		"ssl_keyfile",
	};
	size_t i, k, n = out->tls ? COUNT_OF(known) : 3;

	for (i = 0; i < url->n_params; i++) {
		for (k = 0; k < n; k++) {
			if (strcmp(url->params[i].name, known[k]) == 0)
				break;
		}
		if (k == n)
			ignore(out, url->params[i].name);
	}
}

static bool
set_unix(const struct url *url, struct redis_url *out, struct buf *err)
{
	struct sockaddr_un sun;

	if (url->host != NULL || url->port != -1)
		return (complain(err, "unix:// takes no host; three slashes "
		    "begin the path"));
	out->unix_path = url_decode(url->path, strlen(url->path), false);
	if (out->unix_path == NULL || strlen(out->unix_path) < 2 ||
	    strlen(out->unix_path) >= sizeof(sun.sun_path))
		return (complain(err, "unix:// needs the path of a socket, at "
		    "most 107 bytes"));
	return (true);
}

static bool
set_host(struct url *url, struct redis_url *out, struct buf *err)
{
	if (url->host != NULL && *url->host == '/')
		return (complain(err, "the host is a path; use unix://"));
	if (url->port == 0)
		return (complain(err, "the port is not a number from 1 to "
		    "65535"));
	out->host = url->host != NULL ? url->host : xstrdup("localhost");
	url->host = NULL;
	out->port = url->port != -1 ? url->port : REDIS_PORT;
	if (strlen(url->path) > 1 && !parse_db(url->path + 1, &out->db))
		return (complain(err, "the path is not the number of a "
		    "database"));
	return (true);
}

static bool
from_url(struct url *url, struct redis_url *out, struct buf *err)
{
	const char *db = query(url, "db");
	bool is_unix = strcmp(url->scheme, "unix") == 0;

	out->tls = strcmp(url->scheme, "rediss") == 0;
	if (!is_unix && !out->tls && strcmp(url->scheme, "redis") != 0)
		return (complain(err, "none of redis://, rediss://, unix://"));
	if (!(is_unix ? set_unix(url, out, err) : set_host(url, out, err)))
		return (false);
	if (db != NULL && !parse_db(db, &out->db))
		return (complain(err, "db is not the number of a database"));
	take(&out->user, &url->user, query(url, "username"));
	take(&out->password, &url->password, query(url, "password"));
	if (out->tls && !set_tls(url, out, err))
		return (false);
	note_ignored(url, out);
	return (true);
}

bool
redis_url_parse(const char *text, struct redis_url *out, struct buf *err)
{
	struct url url;
	bool ok;

	memset(out, 0, sizeof(*out));
	if (!url_parse(text, &url, err))
		return (false);
	out->tls_verify = true;
	out->tls_hostname = true;
	ok = from_url(&url, out, err);
	url_fini(&url);
	if (!ok)
		redis_url_fini(out);
	return (ok);
}

void
redis_url_fini(struct redis_url *url)
{
	url_wipe(url->user);
	url_wipe(url->password);
	free(url->host);
	free(url->unix_path);
	free(url->tls_ca_file);
	free(url->tls_cert_file);
	free(url->tls_key_file);
	free(url->ignored);
	memset(url, 0, sizeof(*url));
}

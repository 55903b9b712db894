/*
 * DATABASE_URL, in its three forms, to the keyword list for libpq. Called by
 * pg.c and by the check of the configuration; knows libpq's keywords but not
 * libpq. Must never put a byte of the text into a complaint: it holds the
 * password. Names that are mentioned come from the tables here.
 *
 * What is not in the whitelist does not reach libpq, so no URL can point it
 * at a service file, a password file or another address than the host's.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/url.h"
#include "base/xmalloc.h"
#include "db/db_url.h"

#define PATH_MAX_BYTES	4095

/* What dj-database-url 3 takes for PostgreSQL. */
static const char *const pg_schemes[] = {
	"postgres", "postgresql", "pgsql", "postgis", "timescale",
	"timescalegis",
};

/* Options of a URL or of key=value text that reach libpq. */
static const char *const allowed[] = {
	"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout",
	"application_name", "options", "target_session_attrs",
	"channel_binding", "keepalives", "keepalives_idle",
	"keepalives_interval", "keepalives_count", "tcp_user_timeout",
};

/* Where and as whom; in key=value text they are options like others. */
static const char *const basics[] = {
	"dbname", "user", "password", "host", "port",
};

/* Further keywords of libpq 15 to 17, which are dropped. */
static const char *const dropped[] = {
	"authtype", "client_encoding", "fallback_application_name",
	"gssdelegation", "gssencmode", "gsslib", "krbsrvname",
	"load_balance_hosts", "passfile", "replication", "require_auth",
	"requirepeer", "requiressl", "ssl_max_protocol_version",
	"ssl_min_protocol_version", "sslcertmode", "sslcompression", "sslcrl",
	"sslcrldir", "sslnegotiation", "sslpassword", "sslsni", "tty",
};

static const char *const sslmodes[] = {
	"disable", "allow", "prefer", "require", "verify-ca", "verify-full",
};

static bool
complain(struct buf *err, const char *sentence)
{
	buf_add_str(err, sentence);
	return (false);
}

/* The table's own copy of the name, or NULL. */
static const char *
look_up(const char *const *table, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(table[i], name) == 0)
			return (table[i]);
	}
	return (NULL);
}

#define LOOK_UP(table, name)	look_up(table, COUNT_OF(table), name)

static char *
unconst(const char *s)
{
	return ((char *)(uintptr_t)s);
}

/* Sets a keyword (static memory) to value, which is taken over. */
static void
set(struct db_url *out, const char *keyword, char *value)
{
	size_t i;

	for (i = 0; i < out->n; i++) {
		if (strcmp(out->keywords[i], keyword) == 0) {
			url_wipe(unconst(out->values[i]));
			out->values[i] = value;
			return;
		}
	}
	ASSERT(out->n < DB_URL_PARAMS_MAX);
	out->keywords[out->n] = keyword;
	out->values[out->n++] = value;
}

/* Takes over a part of a URL, if it is there. */
static void
move(struct db_url *out, const char *keyword, char **value)
{
	if (*value != NULL)
		set(out, keyword, *value);
	*value = NULL;
}

static void
ignore(struct db_url *out, const char *name)
{
	char *old = out->ignored;

	out->ignored = old == NULL ? xstrdup(name) :
	    xasprintf("%s %s", old, name);
	free(old);
}

/* currentSchema of JDBC: a search_path, as an option of the server's. */
static void
set_schema(struct db_url *out, const char *schema)
{
	const char *old = db_url_get(out, "options");
	struct buf text = { NULL, 0, 0 };

	if (old != NULL)
		buf_addf(&text, "%s ", old);
	buf_add_str(&text, "-c search_path=");
	for (; *schema != '\0'; schema++) {
		if (*schema == ' ' || *schema == '\\')
			buf_add_char(&text, '\\');
		buf_add_char(&text, *schema);
	}
	set(out, "options", buf_steal(&text));
}

static bool
set_sslmode(struct db_url *out, const char *value, struct buf *err)
{
	if (strcmp(value, "no-verify") == 0)
		value = "require";	/* a word of node-postgres */
	if (LOOK_UP(sslmodes, value) == NULL)
		return (complain(err, "sslmode is none of disable, allow, "
		    "prefer, require, verify-ca, verify-full"));
	set(out, "sslmode", xstrdup(value));
	return (true);
}

/* An option of either form; name is known to be a harmless word. */
static bool
set_option(struct db_url *out, const char *name, const char *value,
    struct buf *err)
{
	const char *keyword = LOOK_UP(allowed, name);
	bool is_schema = strcmp(name, "currentSchema") == 0;

	if (keyword == NULL && strcmp(name, "ssl") == 0 && value != NULL &&
	    strcmp(value, "true") == 0)
		return (db_url_get(out, "sslmode") != NULL ||
		    set_sslmode(out, "require", err));
	if (keyword == NULL && !is_schema) {
		ignore(out, name);
		return (true);
	}
	if (value == NULL || *value == '\0') {
		buf_addf(err, "the option %s has no value",
		    is_schema ? "currentSchema" : keyword);
		return (false);
	}
	if (is_schema) {
		set_schema(out, value);
		return (true);
	}
	if (strcmp(keyword, "sslmode") == 0)
		return (set_sslmode(out, value, err));
	set(out, keyword, xstrdup(value));
	return (true);
}

/* The path without its first slash, decoded; NULL when it is empty. */
static bool
take_path(const struct url *url, char **out, struct buf *err)
{
	*out = NULL;
	if (strlen(url->path) < 2)
		return (true);
	*out = url_decode(url->path + 1, strlen(url->path) - 1, false);
	if (*out == NULL)
		return (complain(err, "a broken % escape behind the host (a % "
		    "itself must be written %25)"));
	return (true);
}

static bool
from_pg_url(struct url *url, struct db_url *out, struct buf *err)
{
	char *dbname;
	size_t i;

	if (!take_path(url, &dbname, err))
		return (false);
	move(out, "dbname", &dbname);
	move(out, "user", &url->user);
	move(out, "password", &url->password);
	move(out, "host", &url->host);
	if (url->port != -1)
		set(out, "port", xasprintf("%d", url->port));
	for (i = 0; i < url->n_params; i++) {
		if (!set_option(out, url->params[i].name,
		    url->params[i].value, err))
			return (false);
	}
	return (true);
}

static bool
from_sqlite_url(const struct url *url, struct db_url *out, struct buf *err)
{
	out->is_sqlite = true;
	if (url->host != NULL || url->port != -1 || url->user != NULL ||
	    url->password != NULL)
		return (complain(err, "a path must follow sqlite:/// (four "
		    "slashes for an absolute one)"));
	if (!take_path(url, &out->sqlite_path, err))
		return (false);
	if (out->sqlite_path == NULL ||
	    strcmp(out->sqlite_path, ":memory:") == 0 ||
	    strlen(out->sqlite_path) > PATH_MAX_BYTES)
		return (complain(err, "sqlite:/// needs the path of a file "
		    "(four slashes for an absolute one)"));
	return (true);
}

static bool
from_url(const char *text, struct db_url *out, struct buf *err)
{
	struct url url;
	bool ok = false;
	size_t i;

	if (strncasecmp(text, "sqlite://", 9) == 0 && text[9] != '/')
		return (complain(err, "a path must follow sqlite:/// (four "
		    "slashes for an absolute one)"));
	if (!url_parse(text, &url, err))
		return (false);
	for (i = 0; i < COUNT_OF(pg_schemes); i++) {
		if (strcasecmp(url.scheme, pg_schemes[i]) == 0)
			break;
	}
	if (i < COUNT_OF(pg_schemes))
		ok = from_pg_url(&url, out, err);
	else if (strcasecmp(url.scheme, "sqlite") == 0)
		ok = from_sqlite_url(&url, out, err);
	else
		(void)complain(err, "only PostgreSQL (postgres://...) and "
		    "SQLite (sqlite:///path) are supported");
	url_fini(&url);
	return (ok);
}

static bool
is_blank(char c)
{
	return (c == ' ' || (c >= '\t' && c <= '\r'));
}

static const char *
skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return (s);
}

/*
 * A value of key=value text, from *s on: up to a blank, or in single quotes;
 * a backslash takes the next character as it is. Moves *s behind it.
 */
static bool
take_value(const char **text, struct buf *value)
{
	const char *s = *text;
	bool is_quoted = *s == '\'';

	for (s += is_quoted; *s != '\0'; s++) {
		if (is_quoted ? *s == '\'' : is_blank(*s))
			break;
		if (*s == '\\' && *++s == '\0')
			break;
		buf_add_char(value, *s);
	}
	if (is_quoted && *s != '\'')
		return (false);
	*text = s + is_quoted;
	return (true);
}

/* One pair of key=value text. */
static bool
set_pair(struct db_url *out, const char *name, const char *value,
    struct buf *err)
{
	const char *keyword;

	if (strcmp(name, "hostaddr") == 0 || strcmp(name, "service") == 0) {
		buf_addf(err, "%s is not supported; use host, port and "
		    "dbname", *name == 'h' ? "hostaddr" : "service");
		return (false);
	}
	if ((keyword = LOOK_UP(basics, name)) != NULL) {
		/* Empty is "not given" to libpq. */
		if (*value != '\0')
			set(out, keyword, xstrdup(value));
		return (true);
	}
	/* An empty option is libpq's default. */
	if (LOOK_UP(allowed, name) != NULL)
		return (*value == '\0' || set_option(out, name, value, err));
	if ((keyword = LOOK_UP(dropped, name)) == NULL)
		return (complain(err, "an unknown keyword in key=value text"));
	ignore(out, keyword);
	return (true);
}

static bool
from_pairs(const char *text, struct db_url *out, struct buf *err)
{
	struct buf value = { NULL, 0, 0 };
	char name[64];
	bool ok = true;
	size_t n;

	for (text = skip_blanks(text); ok && *text != '\0';
	    text = skip_blanks(text)) {
		n = strcspn(text, "= \t\n\v\f\r");
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)(n < sizeof(name) ? n : 0), text);
		text = skip_blanks(text + n);
		if (*text != '=')
			ok = complain(err, "neither a URL (postgres://...) "
			    "nor key=value text");
		if (ok)
			text = skip_blanks(text + 1);
		buf_reset(&value);
		if (ok && !take_value(&text, &value))
			ok = complain(err, "a quote that is not closed in "
			    "key=value text");
		if (ok)
			ok = set_pair(out, name, buf_str(&value), err);
		(void)buf_str(&value);
		explicit_bzero(value.p, value.n);
	}
	buf_fini(&value);
	return (ok);
}

/* A host that libpq shall see: one name, address or socket folder. */
static bool
check_host(const char *host, struct buf *err)
{
	if (host == NULL || *host == '/' || *host == '@')
		return (true);
	if (host[strspn(host, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%")] != '\0')
		return (complain(err, "host is not one name or address"));
	return (true);
}

static bool
check_port(const char *port, struct buf *err)
{
	int number;

	if (port == NULL)
		return (true);
	if (!url_parse_port(slice_of(port), &number) || number == 0)
		return (complain(err, "the port is not a number from 1 to "
		    "65535"));
	return (true);
}

static char *
get(const struct db_url *out, const char *keyword)
{
	return (unconst(db_url_get(out, keyword)));
}

/* What holds for every connection, whatever the text says. */
static bool
finish(struct db_url *out, struct buf *err)
{
	const char *mode;

	out->dbname = get(out, "dbname");
	out->user = get(out, "user");
	out->password = get(out, "password");
	out->host = get(out, "host");
	out->port = get(out, "port");
	if (out->dbname == NULL)
		return (complain(err, "the name of the database is missing"));
	if (!check_host(out->host, err) || !check_port(out->port, err))
		return (false);
	out->is_local = url_host_is_local(out->host);
	mode = db_url_get(out, "sslmode");
	if (!out->is_local && (mode == NULL || strcmp(mode, "allow") == 0 ||
	    strcmp(mode, "prefer") == 0)) {
		out->tls_forced = true;
		set(out, "sslmode", xstrdup("require"));
	} else if (mode == NULL)
		set(out, "sslmode", xstrdup("prefer"));
	if (db_url_get(out, "application_name") == NULL)
		set(out, "application_name", xstrdup("collabd"));
	set(out, "client_encoding", xstrdup("UTF8"));
	/* Builds with Kerberos would try it first, at a round trip. */
	set(out, "gssencmode", xstrdup("disable"));
	set(out, "passfile", xstrdup("/dev/null"));
	return (true);
}

bool
db_url_parse(const char *text, struct db_url *out, struct buf *err)
{
	bool ok;

	memset(out, 0, sizeof(*out));
	if (strlen(text) > URL_MAX)
		ok = complain(err, "the text is too long");
	else if (url_has_scheme(text))
		ok = from_url(text, out, err);
	else
		ok = from_pairs(text, out, err);
	if (ok && !out->is_sqlite)
		ok = finish(out, err);
	if (!ok)
		db_url_fini(out);
	return (ok);
}

void
db_url_fini(struct db_url *url)
{
	size_t i;

	for (i = 0; i < url->n; i++)
		url_wipe(unconst(url->values[i]));
	free(url->sqlite_path);
	free(url->ignored);
	memset(url, 0, sizeof(*url));
}

const char *
db_url_get(const struct db_url *url, const char *keyword)
{
	size_t i;

	for (i = 0; i < url->n; i++) {
		if (strcmp(url->keywords[i], keyword) == 0)
			return (url->values[i]);
	}
	return (NULL);
}

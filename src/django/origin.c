/*
 * The Origin check, for the handshake. One strict parser reads the Origin, the
 * Host and the entries of the settings; what it does not read never matches.
 * Must never let a request in on a guess: missing, doubled or odd headers are
 * refused, and only "*" under origin = channels skips the parsing, because
 * there the site has asked for no protection at all.
 */
#include <string.h>

#include "base/hex.h"
#include "base/url.h"
#include "django/origin.h"

struct site {
	bool		is_https;
	struct slice	host;	/* without brackets, case as written */
	int		port;
};

static bool
has_prefix(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return (s.p != NULL && s.n >= n && strncasecmp(s.p, prefix, n) == 0);
}

static struct slice
skip(struct slice s, size_t n)
{
	return ((struct slice){ s.p + n, s.n - n });
}

static bool
is_equal(struct slice a, struct slice b)
{
	return (a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0);
}

/* Django's is_same_domain(): a leading dot takes subdomains and the apex. */
static bool
is_same_domain(struct slice host, struct slice pattern)
{
	if (pattern.n == 0)
		return (false);
	if (pattern.p[0] != '.' || is_equal(host, pattern))
		return (is_equal(host, pattern));
	if (host.n > pattern.n)
		return (is_equal(skip(host, host.n - pattern.n), pattern));
	return (is_equal(host, skip(pattern, 1)));
}

static bool
is_host_char(char c, bool is_v6)
{
	if (c == '.')
		return (true);
	if (is_v6)
		return (c == ':' || hex_digit(c) != -1);
	return ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '_');
}

/* host[:port] or [v6][:port], and nothing else. */
static bool
parse_host(struct slice s, struct site *out)
{
	bool is_v6 = s.n != 0 && s.p[0] == '[';
	struct slice port;
	size_t i;

	if (!url_split_host(s, &out->host, &port) || out->host.n == 0)
		return (false);
	for (i = 0; i < out->host.n; i++) {
		if (!is_host_char(out->host.p[i], is_v6))
			return (false);
	}
	out->port = out->is_https ? 443 : 80;
	return (port.p == NULL ||
	    (url_parse_port(port, &out->port) && out->port != 0));
}

/* Takes the scheme off the front of *s. */
static bool
parse_scheme(struct slice *s, bool *is_https)
{
	*is_https = has_prefix(*s, "https://");
	if (!*is_https && !has_prefix(*s, "http://"))
		return (false);
	*s = skip(*s, *is_https ? LITLEN("https://") : LITLEN("http://"));
	return (true);
}

static bool
parse_origin(struct slice s, struct site *out)
{
	return (s.n <= ORIGIN_MAX && parse_scheme(&s, &out->is_https) &&
	    parse_host(s, out));
}

static bool
is_same_site(const struct site *a, const struct site *b)
{
	return (a->is_https == b->is_https && a->port == b->port &&
	    is_equal(a->host, b->host));
}

/* An entry of allowed_hosts without a scheme; brackets do not count. */
static struct slice
host_pattern(const char *entry)
{
	struct slice s = slice_of(entry);

	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		return ((struct slice){ s.p + 1, s.n - 2 });
	return (s);
}

static bool
has_wildcard(const struct conf_list *hosts)
{
	size_t i;

	for (i = 0; i < hosts->n; i++) {
		if (strcmp(hosts->v[i], "*") == 0)
			return (true);
	}
	return (false);
}

/* Whether Django would answer to the Host; a last dot is not part of it. */
static bool
is_host_allowed(const struct conf_list *hosts, struct slice host)
{
	struct site entry;
	size_t i;

	if (hosts->n == 0 || has_wildcard(hosts))
		return (true);
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	for (i = 0; i < hosts->n; i++) {
		struct slice pattern = host_pattern(hosts->v[i]);

		/* Entries with a scheme are channels'; the host counts. */
		if (parse_origin(pattern, &entry))
			pattern = entry.host;
		if (is_same_domain(host, pattern))
			return (true);
	}
	return (false);
}

/*
 * An entry of CSRF_TRUSTED_ORIGINS (Django 4.0 and later): an origin, or one
 * whose host begins with "*.", which takes subdomains and the apex.
 */
static bool
parse_trusted(const char *entry, struct site *out)
{
	struct slice s = slice_of(entry);

	if (!parse_scheme(&s, &out->is_https))
		return (false);
	if (has_prefix(s, "*."))
		s = skip(s, 1);		/* a pattern with a leading dot */
	else if (has_prefix(s, "."))
		return (false);
	return (parse_host(s, out));
}

static bool
is_trusted(const struct conf_list *origins, const struct site *from)
{
	struct site entry;
	size_t i;

	for (i = 0; i < origins->n; i++) {
		if (parse_trusted(origins->v[i], &entry) &&
		    entry.is_https == from->is_https &&
		    entry.port == from->port &&
		    is_same_domain(from->host, entry.host))
			return (true);
	}
	return (false);
}

/* channels' match_allowed_origin() */
static bool
is_channels_match(const struct conf_list *hosts, const struct site *from)
{
	struct site entry;
	size_t i;

	for (i = 0; i < hosts->n; i++) {
		if (!parse_origin(slice_of(hosts->v[i]), &entry)) {
			if (is_same_domain(from->host,
			    host_pattern(hosts->v[i])))
				return (true);
		} else if (entry.is_https == from->is_https &&
		    entry.port == from->port &&
		    is_same_domain(from->host, entry.host))
			return (true);
	}
	return (false);
}

static bool
check_strict(const struct conf *conf, const struct site *from,
    const struct site *asked, const char **reason)
{
	if (asked != NULL && is_same_site(from, asked) &&
	    is_host_allowed(&conf->allowed_hosts, asked->host)) {
		*reason = "same origin";
		return (true);
	}
	if (is_trusted(&conf->allowed_origins, from)) {
		*reason = "trusted origin";
		return (true);
	}
	*reason = "not same origin";
	return (false);
}

static bool
check_channels(const struct conf *conf, const struct site *from,
    const struct site *asked, const char **reason)
{
	bool ok;

	if (conf->allowed_hosts.n == 0)
		ok = asked != NULL && is_equal(from->host, asked->host);
	else
		ok = is_channels_match(&conf->allowed_hosts, from);
	*reason = ok ? "allowed" : "not allowed";
	return (ok);
}

bool
origin_is_allowed(const struct conf *conf, const struct origin_request *request,
    const char **reason)
{
	struct site from, asked = { .is_https = request->secure };
	bool has_host;

	if (request->n_origins > 1) {
		*reason = "more than one Origin header";
		return (false);
	}
	if (conf->origin == ORIGIN_CHANNELS &&
	    has_wildcard(&conf->allowed_hosts)) {
		*reason = "wildcard";
		return (true);
	}
	if (request->n_origins == 0 || request->origin.p == NULL) {
		*reason = "missing";
		return (false);
	}
	if (!parse_origin(request->origin, &from)) {
		*reason = "malformed";
		return (false);
	}
	has_host = parse_host(request->host, &asked);
	if (conf->origin == ORIGIN_CHANNELS)
		return (check_channels(conf, &from, has_host ? &asked : NULL,
		    reason));
	return (check_strict(conf, &from, has_host ? &asked : NULL, reason));
}

bool
origin_check_conf(const struct conf *conf, struct buf *err)
{
	struct site site;
	size_t i;

	for (i = 0; i < conf->allowed_origins.n; i++) {
		const char *entry = conf->allowed_origins.v[i];

		if (parse_trusted(entry, &site))
			continue;
		buf_addf(err, "allowed_origins: \"%.100s\" can match nothing; "
		    "write https://host, https://host:port or "
		    "https://*.host", entry);
		return (false);
	}
	for (i = 0; i < conf->allowed_hosts.n; i++) {
		const char *entry = conf->allowed_hosts.v[i];

		if (strcmp(entry, "*") == 0 ||
		    parse_origin(slice_of(entry), &site))
			continue;
		site.is_https = false;
		if (parse_host(slice_of(entry), &site) && site.port == 80)
			continue;
		buf_addf(err, "allowed_hosts: \"%.100s\" can match nothing; "
		    "write host, .host (with its subdomains) or *, without a "
		    "port", entry);
		return (false);
	}
	return (true);
}

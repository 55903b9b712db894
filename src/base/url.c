/*
 * URLs of databases and of Redis, split once, for db/db_url.c and
 * store/redis_url.c, which know what the parts mean; and the parts of a URL that
 * stand elsewhere by themselves. The rules are Python's
 * (urllib.parse of 3.11), since Django's side reads the same text with it.
 *
 * Must never put a byte of the text into a complaint. The usual mistake is a
 * password with a bare / ? or #, which ends the host part early; it would make
 * us look up "user" as a host, so it is looked for.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/url.h"
#include "base/xmalloc.h"

#define PORT_DIGITS_MAX	5
#define PORT_MAX	65535

static bool
complain(struct buf *err, const char *sentence)
{
	buf_add_str(err, sentence);
	return (false);
}

void
url_wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

bool
url_unescape(const char *text, size_t n, char *c)
{
	int high, low;

	if (n < 3 || text[0] != '%' || (high = hex_digit(text[1])) == -1 ||
	    (low = hex_digit(text[2])) == -1)
		return (false);
	*c = (char)(high << 4 | low);
	return (true);
}

char *
url_decode(const char *text, size_t n, bool is_query)
{
	char *out = xmalloc(n + 1);
	size_t i, o = 0;

	for (i = 0; i < n; i++) {
		if (text[i] == '+' && is_query)
			out[o] = ' ';
		else if (text[i] != '%')
			out[o] = text[i];
		else {
			if (!url_unescape(text + i, n - i, &out[o]) ||
			    out[o] == '\0') {
				explicit_bzero(out, o);
				free(out);
				return (NULL);
			}
			i += 2;
		}
		o++;
	}
	out[o] = '\0';
	return (out);
}

/* Decodes into *out; an empty part stays NULL. False on a bad escape. */
static bool
take(const char *text, size_t n, bool is_query, char **out)
{
	if (n == 0)
		return (true);
	return ((*out = url_decode(text, n, is_query)) != NULL);
}

/* The length of [A-Za-z][A-Za-z0-9+.-]* before "://", or 0. */
static size_t
scheme_length(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)text[0]))
		return (0);
	while (isalnum((unsigned char)text[n]) || text[n] == '+' ||
	    text[n] == '.' || text[n] == '-')
		n++;
	return (strncmp(text + n, "://", 3) == 0 ? n : 0);
}

bool
url_has_scheme(const char *text)
{
	return (scheme_length(text) != 0);
}

/* Lower-cases and checks a name or an address; a socket's path is kept. */
static bool
check_host(char *host, bool is_v6)
{
	char *s;

	if (host[0] == '/')
		return (true);
	for (s = host; *s != '\0'; s++) {
		*s = (char)tolower((unsigned char)*s);
		if (!isalnum((unsigned char)*s) && *s != '.' && *s != '-' &&
		    *s != '_' && !(is_v6 && (*s == ':' || *s == '%')))
			return (false);
	}
	return (true);
}

bool
url_parse_port(struct slice text, int *port)
{
	size_t i;

	*port = 0;
	for (i = 0; i < text.n && i < PORT_DIGITS_MAX; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return (false);
		*port = *port * 10 + (text.p[i] - '0');
	}
	return (text.n != 0 && i == text.n && *port <= PORT_MAX);
}

bool
url_split_host(struct slice text, struct slice *host, struct slice *port)
{
	const char *p = text.p, *end = text.p + text.n, *stop;
	bool is_v6 = text.n != 0 && *p == '[';

	*host = (struct slice){ NULL, 0 };
	*port = (struct slice){ NULL, 0 };
	if (text.n == 0) {
		*host = text;
		return (true);
	}
	stop = memchr(p, is_v6 ? ']' : ':', text.n);
	if (is_v6 && stop == NULL)
		return (false);
	if (is_v6)
		p++;
	if (stop == NULL)
		stop = end;
	*host = (struct slice){ p, (size_t)(stop - p) };
	if (is_v6)
		stop++;
	if (stop == end)
		return (true);
	if (*stop != ':')
		return (false);
	*port = (struct slice){ stop + 1, (size_t)(end - stop) - 1 };
	return (true);
}

static bool
parse_host_port(const char *s, size_t n, struct url *out, struct buf *err)
{
	bool is_v6 = n != 0 && s[0] == '[', is_split;
	struct slice host, port;

	if (memchr(s, ',', n) != NULL)
		return (complain(err, "several hosts in one URL are not "
		    "supported"));
	is_split = url_split_host((struct slice){ s, n }, &host, &port);
	if (host.p == NULL)
		return (complain(err, "the bracket of an IPv6 address "
		    "is not closed"));
	if (!take(host.p, host.n, false, &out->host) ||
	    (out->host != NULL && !check_host(out->host, is_v6)))
		return (complain(err, "the host is not a name or an address"));
	/* A colon with nothing behind it is no port, as in Python. */
	if (!is_split ||
	    (port.n != 0 && !url_parse_port(port, &out->port)))
		return (complain(err, "the port is not a number from 1 to "
		    "65535 (/ ? # in a password must be written %2F %3F "
		    "%23)"));
	return (true);
}

static bool
parse_authority(const char *s, size_t n, struct url *out, struct buf *err)
{
	const char *at = memrchr(s, '@', n), *colon;
	size_t user_n, rest_n;

	if (at == NULL)
		return (parse_host_port(s, n, out, err));
	user_n = (size_t)(at - s);
	rest_n = n - user_n - 1;
	if ((colon = memchr(s, ':', user_n)) != NULL)
		user_n = (size_t)(colon - s);
	if (!take(s, user_n, false, &out->user) || (colon != NULL &&
	    !take(colon + 1, (size_t)(at - colon) - 1, false, &out->password)))
		return (complain(err, "a broken % escape in the user name or "
		    "the password (a % itself must be written %25)"));
	return (parse_host_port(at + 1, rest_n, out, err));
}

static bool
is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return (s[n] == '\0' && n >= 1 && n <= 64);
}

static bool
parse_query(const char *s, size_t n, struct url *out, struct buf *err)
{
	const char *end = s + n, *next, *eq;
	struct url_param *param;
	size_t name_n;

	for (; s < end; s = next + 1) {
		if ((next = memchr(s, '&', (size_t)(end - s))) == NULL)
			next = end;
		if (next == s)
			continue;
		if (out->n_params == URL_PARAMS_MAX)
			return (complain(err, "too many options behind the ?"));
		param = &out->params[out->n_params++];
		name_n = (size_t)(next - s);
		if ((eq = memchr(s, '=', name_n)) != NULL) {
			name_n = (size_t)(eq - s);
			param->value = url_decode(eq + 1,
			    (size_t)(next - eq) - 1, true);
		}
		param->name = url_decode(s, name_n, true);
		if (param->name == NULL || !is_name(param->name) ||
		    (eq != NULL && param->value == NULL))
			return (complain(err, "an option behind the ? is not "
			    "of the form name=value (? in a password must be "
			    "written %3F)"));
	}
	return (true);
}

static bool
is_clean(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return (false);
	}
	return (true);
}

static bool
parse(const char *text, struct url *out, struct buf *err)
{
	size_t n = scheme_length(text), path_n;
	const char *rest, *query;

	if (strlen(text) > URL_MAX)
		return (complain(err, "the URL is too long"));
	if (!is_clean(text))
		return (complain(err, "a control character in the URL"));
	if (n == 0)
		return (complain(err, "not of the form scheme://..."));
	out->scheme = xmemdup0(text, n);
	text += n + LITLEN("://");
	n = strcspn(text, "/?#");
	rest = text + n;
	if (memchr(text, '@', n) == NULL && strchr(rest, '@') != NULL)
		return (complain(err, "an @ behind the host (/ ? # in a "
		    "password must be written %2F %3F %23, and an @ behind "
		    "the host %40)"));
	if (!parse_authority(text, n, out, err))
		return (false);
	path_n = strcspn(rest, "?#");
	out->path = xmemdup0(rest, path_n);
	query = rest + path_n;
	if (*query != '?')
		return (true);
	query++;
	return (parse_query(query, strcspn(query, "#"), out, err));
}

bool
url_parse(const char *text, struct url *out, struct buf *err)
{
	memset(out, 0, sizeof(*out));
	out->port = -1;
	if (parse(text, out, err))
		return (true);
	url_fini(out);
	return (false);
}

void
url_fini(struct url *url)
{
	size_t i;

	url_wipe(url->scheme);
	url_wipe(url->user);
	url_wipe(url->password);
	url_wipe(url->host);
	url_wipe(url->path);
	for (i = 0; i < url->n_params; i++) {
		url_wipe(url->params[i].name);
		url_wipe(url->params[i].value);
	}
	memset(url, 0, sizeof(*url));
}

bool
url_host_is_local(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (host == NULL || *host == '\0' || *host == '/' || *host == '@' ||
	    strcasecmp(host, "localhost") == 0)
		return (true);
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24 == 127);
	return (inet_pton(AF_INET6, host, &v6) == 1 &&
	    IN6_IS_ADDR_LOOPBACK(&v6));
}

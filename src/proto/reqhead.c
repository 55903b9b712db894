/*
 * The request head. Called by the server layer with what a connection has sent
 * so far; never allocates, never looks beyond the end of the head.
 *
 * Two passes. The scan is an automaton over bytes that finds the end, enforces
 * the limits and refuses bytes that belong in no head; its state survives
 * between calls, so a client that sends a byte at a time costs no more than
 * any other. Only when the end is there does the second pass take the lines
 * apart, once. RFC 9112 allows a server some leniency (a bare LF, empty lines
 * before the request, obs-fold); none is given, because every leniency is a
 * difference to some proxy in front of us.
 */
#include <string.h>

#include "base/log.h"
#include "proto/reqhead.h"

#define STATUS_BAD		400
#define STATUS_LONG_TARGET	414
#define STATUS_LARGE		431
#define STATUS_VERSION		505

/* Enough for any length a request of ours may name; no overflow possible. */
#define LENGTH_DIGITS_MAX	15

/* The headers that are kept; all others are only checked. */
static const struct header {
	const char	*name;
	size_t		 offset;	/* of the slice in struct reqhead */
	bool		 once;		/* a second one is refused */
} headers[] = {
#define FIELD(field)	offsetof(struct reqhead, field)
	{ "Connection",			FIELD(connection),	  false },
	{ "Cookie",			FIELD(cookie),		  true },
	{ "Host",			FIELD(host),		  true },
	{ "Origin",			FIELD(origin),		  false },
	{ "Sec-WebSocket-Key",		FIELD(ws_key),		  true },
	{ "Sec-WebSocket-Protocol",	FIELD(ws_protocol),	  false },
	{ "Sec-WebSocket-Version",	FIELD(ws_version),	  true },
	{ "Transfer-Encoding",		FIELD(transfer_encoding), true },
	{ "Upgrade",			FIELD(upgrade),		  false },
	{ "X-Forwarded-For",		FIELD(forwarded_for),	  false },
	{ "X-Forwarded-Proto",		FIELD(forwarded_proto),	  false },
#undef FIELD
};

static int	scan_head(struct reqhead_scan *, const char *, size_t);
static int	scan_newline(struct reqhead_scan *, bool *);
static int	scan_char(const struct reqhead_scan *, unsigned char);
static int	parse_request_line(struct slice, struct reqhead *);
static int	parse_version(struct slice, struct reqhead *);
static int	parse_header(struct slice, struct reqhead *, struct slice *);
static bool	parse_length(struct slice, struct reqhead *);
static bool	split_header(struct slice, struct slice *, struct slice *);
static int	check_head(const struct reqhead *);

int
reqhead_parse(const char *p, size_t n, size_t *used, struct reqhead *out)
{
	struct reqhead_scan scan = { 0, 0, 0, 0 };

	return (reqhead_parse_more(&scan, p, n, used, out));
}

/* Takes the next line off *rest, which ends in CRLF (the scan saw to it). */
static struct slice
next_line(struct slice *rest)
{
	const char *cr = memchr(rest->p, '\r', rest->n);
	struct slice line;

	ASSERT(cr != NULL);
	line = (struct slice){ rest->p, (size_t)(cr - rest->p) };
	rest->p += line.n + 2;
	rest->n -= line.n + 2;
	return (line);
}

int
reqhead_parse_more(struct reqhead_scan *scan, const char *p, size_t n,
    size_t *used, struct reqhead *out)
{
	struct slice rest, content_length = { NULL, 0 };
	int status;

	if ((status = scan_head(scan, p, n)) != 0)
		return (status);
	*used = scan->_at;
	memset(out, 0, sizeof(*out));
	out->content_length = REQHEAD_NO_LENGTH;
	rest = (struct slice){ p, scan->_at - LITLEN("\r\n") };
	if ((status = parse_request_line(next_line(&rest), out)) != 0)
		return (status);
	out->headers = rest;
	while (rest.n != 0) {
		status = parse_header(next_line(&rest), out, &content_length);
		if (status != 0)
			return (status);
	}
	if (content_length.p != NULL && !parse_length(content_length, out))
		return (STATUS_BAD);
	out->n_cookies = out->cookie.p != NULL;
	return (check_head(out));
}

/* 0 when the head ends at scan->_at, -1 for more, else a status. */
static int
scan_head(struct reqhead_scan *scan, const char *p, size_t n)
{
	bool end = false;
	int status = 0;

	while (scan->_at < n) {
		unsigned char c = (unsigned char)p[scan->_at];

		if (scan->_at >= REQHEAD_BYTES_MAX)
			return (STATUS_LARGE);
		if (c == '\n' && scan->_cr) {
			scan->_at++;
			status = scan_newline(scan, &end);
		} else if (scan->_cr || c == '\n') {
			status = STATUS_BAD;
		} else if (c == '\r') {
			scan->_cr = 1;
			scan->_at++;
		} else {
			status = scan_char(scan, c);
			scan->_at++;
		}
		if (status != 0 || end)
			return (status);
	}
	return (scan->_at >= REQHEAD_BYTES_MAX ? STATUS_LARGE : -1);
}

/* A CRLF: the end of a line, or of the head when the line is empty. */
static int
scan_newline(struct reqhead_scan *scan, bool *end)
{
	bool empty = scan->_at - scan->_line == LITLEN("\r\n");

	scan->_cr = 0;
	scan->_line = scan->_at;
	if (!empty) {
		scan->_n_lines++;
		return (0);
	}
	*end = true;
	return (scan->_n_lines == 0 ? STATUS_BAD : 0);
}

/* A byte of a line that is neither CR nor LF. */
static int
scan_char(const struct reqhead_scan *scan, unsigned char c)
{
	size_t column = scan->_at - scan->_line;

	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return (STATUS_BAD);
	if (column == 0 && (c == ' ' || c == '\t'))
		return (STATUS_BAD);	/* obs-fold, RFC 9112 section 5.2 */
	if (column == 0 && scan->_n_lines > REQHEAD_HEADERS_MAX)
		return (STATUS_LARGE);
	if (column >= REQHEAD_LINE_MAX)
		return (scan->_n_lines == 0 ? STATUS_LONG_TARGET :
		    STATUS_LARGE);
	return (0);
}

/* Whether s is not empty and has only ASCII letters, digits and bytes of
 * others. */
static bool
consists_of(struct slice s, const char *others)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') &&
		    (c == '\0' || strchr(others, c) == NULL))
			return (false);
	}
	return (s.n != 0);
}

/* RFC 9110 section 5.6.2. */
static bool
is_token(struct slice s)
{
	return (consists_of(s, "!#$%&'*+-.^_`|~"));
}

/*
 * A path as a browser may send it: printable ASCII without "#" (a fragment
 * never travels). Non-ASCII must be percent-encoded.
 */
static bool
target_is_valid(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == '#')
			return (false);
	}
	return (s.n != 0 && s.p[0] == '/');
}

/* method SP request-target SP HTTP-version, RFC 9112 section 3. */
static int
parse_request_line(struct slice line, struct reqhead *out)
{
	const char *first, *second, *query;
	size_t after;

	if ((first = memchr(line.p, ' ', line.n)) == NULL)
		return (STATUS_BAD);
	out->method = (struct slice){ line.p, (size_t)(first - line.p) };
	after = line.n - out->method.n - 1;
	if ((second = memchr(first + 1, ' ', after)) == NULL)
		return (STATUS_BAD);
	out->target = (struct slice){ first + 1, (size_t)(second - first - 1) };
	if (!is_token(out->method) || !target_is_valid(out->target))
		return (STATUS_BAD);
	out->path = out->target;
	if ((query = memchr(out->target.p, '?', out->target.n)) != NULL)
		out->path.n = (size_t)(query - out->target.p);
	return (parse_version((struct slice){ second + 1,
	    after - out->target.n - 1 }, out));
}

/* "HTTP/" DIGIT "." DIGIT; any minor version of 1 is ours to answer (RFC 9110
 * section 2.5). */
static int
parse_version(struct slice s, struct reqhead *out)
{
	if (s.n != LITLEN("HTTP/1.1") || memcmp(s.p, "HTTP/", 5) != 0 ||
	    s.p[5] < '0' || s.p[5] > '9' || s.p[6] != '.' ||
	    s.p[7] < '0' || s.p[7] > '9')
		return (STATUS_BAD);
	if (s.p[5] != '1')
		return (STATUS_VERSION);
	out->minor = s.p[7] - '0';
	return (0);
}

static int
parse_header(struct slice line, struct reqhead *out,
    struct slice *content_length)
{
	struct slice name, value, *field;
	size_t i;

	if (!split_header(line, &name, &value))
		return (STATUS_BAD);
	if (slice_is_nocase(name, "Content-Length")) {
		if (content_length->p != NULL)
			return (STATUS_BAD);
		*content_length = value;
		return (0);
	}
	for (i = 0; i < COUNT_OF(headers); i++) {
		if (!slice_is_nocase(name, headers[i].name))
			continue;
		field = (struct slice *)(void *)
		    ((char *)out + headers[i].offset);
		if (field->p != NULL && headers[i].once)
			return (STATUS_BAD);
		*field = value;
		out->n_origins += field == &out->origin;
		break;
	}
	return (0);
}

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

struct slice
reqhead_trim(struct slice s)
{
	while (s.n != 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n != 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return (s);
}

/* field-name ":" OWS value OWS; no space may stand before the colon. */
static bool
split_header(struct slice line, struct slice *name, struct slice *value)
{
	const char *colon = memchr(line.p, ':', line.n);

	if (colon == NULL)
		return (false);
	*name = (struct slice){ line.p, (size_t)(colon - line.p) };
	*value = reqhead_trim((struct slice){ colon + 1, line.n - name->n - 1 });
	return (is_token(*name));
}

static bool
parse_length(struct slice s, struct reqhead *out)
{
	size_t i;

	if (s.n == 0 || s.n > LENGTH_DIGITS_MAX)
		return (false);
	out->content_length = 0;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return (false);
		out->content_length = out->content_length * 10 + s.p[i] - '0';
	}
	return (true);
}

/* What can be said only when all lines are known. */
static int
check_head(const struct reqhead *head)
{
	/* The bytes of uri-host [":" port], RFC 3986 section 3.2.2; whether
	 * the host is one of ours is the origin check's question. */
	if (head->host.p != NULL ?
	    !consists_of(head->host, "-._~!$&'()*+,;=%:[]") : head->minor != 0)
		return (STATUS_BAD);
	/* RFC 9112 section 6.1: both, or the newer one in HTTP/1.0, is how a
	 * request is smuggled. */
	if (head->transfer_encoding.p != NULL &&
	    (head->content_length != REQHEAD_NO_LENGTH || head->minor == 0))
		return (STATUS_BAD);
	return (0);
}

bool
reqhead_next_item(struct slice *list, struct slice *item)
{
	const char *comma;

	if (list->p == NULL)
		return (false);
	*item = *list;
	if ((comma = memchr(list->p, ',', list->n)) != NULL) {
		item->n = (size_t)(comma - list->p);
		*list = (struct slice){ comma + 1, list->n - item->n - 1 };
	} else
		*list = (struct slice){ NULL, 0 };
	*item = reqhead_trim(*item);
	return (true);
}

bool
reqhead_next(struct slice *rest, const char *name, struct slice *value)
{
	struct slice line_name;

	while (rest->n != 0) {
		if (split_header(next_line(rest), &line_name, value) &&
		    slice_is_nocase(line_name, name))
			return (true);
	}
	return (false);
}

bool
reqhead_has_token(const struct reqhead *head, const char *name,
    const char *token, bool ignore_case)
{
	struct slice rest = head->headers, list, item;

	while (reqhead_next(&rest, name, &list)) {
		while (reqhead_next_item(&list, &item)) {
			if (ignore_case ? slice_is_nocase(item, token) :
			    slice_is(item, token))
				return (true);
		}
	}
	return (false);
}

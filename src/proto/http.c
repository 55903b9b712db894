/*
 * HTTP answers. Called by the server layer for everything that does not become
 * a websocket. Each answer is the last on its connection, so that no request
 * can hide behind another; and none may be cached but those whose caller says
 * how, because all others depend on who asks and when.
 */
#include <string.h>

#include "base/compat.h"
#include "proto/http.h"

#define WEIGHT_ONE	1000	/* a weight (q=) is in thousandths */
#define WEIGHT_CHARS	5	/* of "0.123" */

static const struct status {
	int		 code;
	const char	*text;
	const char	*headers;	/* that belong to the status */
} statuses[] = {
	{ 200, "OK", "" },
	{ 204, "No Content", "" },
	{ 304, "Not Modified", "" },
	{ 400, "Bad Request", "" },
	{ 403, "Forbidden", "" },
	{ 404, "Not Found", "" },
	{ 405, "Method Not Allowed", "Allow: GET, HEAD\r\n" },
	{ 408, "Request Timeout", "" },
	{ 408, "Request Timeout", "" },
	{ 414, "URI Too Long", "" },
	{ 423, "Locked", "" },
	{ 426, "Upgrade Required",
	    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" },
	{ 429, "Too Many Requests", "" },
	{ 429, "Too Many Requests", "" },
	{ 431, "Request Header Fields Too Large", "" },
	{ 503, "Service Unavailable", "" },
	{ 505, "HTTP Version Not Supported", "" },
};

static const struct status *
find_status(int code)
{
	static const struct status other = { 0, "Error", "" };
	size_t i;

	for (i = 0; i < COUNT_OF(statuses); i++) {
		if (statuses[i].code == code)
			return (&statuses[i]);
	}
	return (&other);
}

const char *
http_status_text(int status)
{
	return (find_status(status)->text);
}

void
http_head_add(struct buf *b, int status, const char *cache_control,
    const char *extra_headers, const char *content_type, size_t length)
{
	const struct status *st = find_status(status);

	buf_addf(b, "HTTP/1.1 %d %s\r\n", status, st->text);
	/* Whoever sends Upgrade must name it here: RFC 9110 section 7.8. */
	buf_addf(b, "Connection: close%s\r\n",
	    status == 426 ? ", Upgrade" : "");
	buf_addf(b, "Cache-Control: %s\r\n",
	    cache_control != NULL ? cache_control : "no-store");
	if (length != HTTP_NO_LENGTH)
		buf_addf(b, "Content-Length: %zu\r\n", length);
	if (content_type != NULL)
		buf_addf(b, "Content-Type: %s\r\n", content_type);
	buf_add_str(b, st->headers);
	if (status == 503)
		buf_addf(b, "Retry-After: %d\r\n", HTTP_RETRY_AFTER_SEC);
	if (extra_headers != NULL)
		buf_add_str(b, extra_headers);
	buf_add_str(b, "\r\n");
}

void
http_response_add(struct buf *b, int status, const char *extra_headers,
    const char *content_type, const char *body, size_t n, bool head_only)
{
	http_head_add(b, status, NULL, extra_headers, content_type, n);
	if (!head_only)
		buf_add(b, body, n);
}

/* qvalue of RFC 9110 section 12.4.2. What is malformed is not wanted: 0. */
static int
parse_weight(struct slice s)
{
	int weight, unit = WEIGHT_ONE / 10;
	size_t i;

	if (s.n == 0 || s.n > WEIGHT_CHARS || s.p[0] < '0' || s.p[0] > '1' ||
	    (s.n > 1 && s.p[1] != '.'))
		return (0);
	weight = (s.p[0] - '0') * WEIGHT_ONE;
	for (i = 2; i < s.n; i++, unit /= 10) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return (0);
		weight += (s.p[i] - '0') * unit;
	}
	return (weight > WEIGHT_ONE ? 0 : weight);
}

/* Splits codings [ OWS ";" OWS "q=" qvalue ]; the weight, by default one. */
static int
split_coding(struct slice item, struct slice *coding)
{
	const char *semicolon = memchr(item.p, ';', item.n);
	struct slice weight;

	*coding = item;
	if (semicolon == NULL)
		return (WEIGHT_ONE);
	coding->n = (size_t)(semicolon - item.p);
	weight = reqhead_trim((struct slice){ semicolon + 1,
	    item.n - coding->n - 1 });
	*coding = reqhead_trim(*coding);
	if (weight.n < 2 || (weight.p[0] != 'q' && weight.p[0] != 'Q') ||
	    weight.p[1] != '=')
		return (0);
	return (parse_weight((struct slice){ weight.p + 2, weight.n - 2 }));
}

bool
http_accepts_gzip(const struct reqhead *head)
{
	struct slice rest = head->headers, list, item, coding;
	int weight, gzip = -1, any = -1, identity = -1;

	while (reqhead_next(&rest, "Accept-Encoding", &list)) {
		while (reqhead_next_item(&list, &item)) {
			weight = split_coding(item, &coding);
			if (slice_is_nocase(coding, "gzip") ||
			    slice_is_nocase(coding, "x-gzip"))
				gzip = weight;
			else if (slice_is_nocase(coding, "identity"))
				identity = weight;
			else if (slice_is(coding, "*"))
				any = weight;
		}
	}
	if (gzip == -1)
		gzip = any;
	return (gzip > 0 && gzip >= identity);
}

/* Takes [ "W/" ] opaque-tag off the front; *tag is without the W/. */
static bool
take_etag(struct slice *list, struct slice *tag)
{
	const char *quote;

	if (list->n > 2 && memcmp(list->p, "W/", 2) == 0)
		*list = (struct slice){ list->p + 2, list->n - 2 };
	if (list->n == 0 || list->p[0] != '"' ||
	    (quote = memchr(list->p + 1, '"', list->n - 1)) == NULL)
		return (false);
	*tag = (struct slice){ list->p, (size_t)(quote + 1 - list->p) };
	*list = (struct slice){ quote + 1, list->n - tag->n };
	return (true);
}

/* A tag may have commas in it. A malformed list ends where it is. */
static bool
list_has_etag(struct slice list, const char *etag)
{
	struct slice tag;

	if (slice_is(list, "*"))
		return (true);
	for (;;) {
		list = reqhead_trim(list);
		while (list.n != 0 && list.p[0] == ',')
			list = reqhead_trim((struct slice){ list.p + 1,
			    list.n - 1 });
		if (!take_etag(&list, &tag))
			return (false);
		if (slice_is(tag, etag))
			return (true);
		list = reqhead_trim(list);
		if (list.n != 0 && list.p[0] != ',')
			return (false);
	}
}

bool
http_none_match(const struct reqhead *head, const char *etag)
{
	struct slice rest = head->headers, list;

	while (reqhead_next(&rest, "If-None-Match", &list)) {
		if (list_has_etag(list, etag))
			return (true);
	}
	return (false);
}

/* Whether the range is the language, or one of its forms: de-AT is de. */
static bool
is_language(struct slice range, const char *code)
{
	const char *dash = memchr(range.p, '-', range.n);

	if (dash != NULL)
		range.n = (size_t)(dash - range.p);
	return (slice_is_nocase(range, code));
}

size_t
http_pick_language(const struct reqhead *head, const char *const *codes,
    size_t n)
{
	struct slice rest = head->headers, list, item, range;
	size_t i, best = 0;
	int weight, most = 0;

	while (reqhead_next(&rest, "Accept-Language", &list)) {
		while (reqhead_next_item(&list, &item)) {
			weight = split_coding(item, &range);
			if (range.n == 0 || weight <= most)
				continue;
			for (i = 0; i < n; i++) {
				if (!is_language(range, codes[i]))
					continue;
				best = i;
				most = weight;
			}
		}
	}
	return (best);
}

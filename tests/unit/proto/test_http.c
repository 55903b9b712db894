/*
 * HTTP answers: the exact bytes for each status that we send, and what a
 * request says about codings and about what it has already.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proto/http.h"

static const struct {
	int		 status;
	bool		 head_only;
	const char	*extra;
	const char	*type;
	const char	*body;
	const char	*expected;
} rows[] = {
	{ 200, false, NULL, "application/json", "{}",
	    "HTTP/1.1 200 OK\r\n"
	    "Connection: close\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Length: 2\r\n"
	    "Content-Type: application/json\r\n"
	    "\r\n{}" },
	{ 200, true, "X-A: b\r\nX-C: d\r\n", "text/plain", "hello",
	    "HTTP/1.1 200 OK\r\n"
	    "Connection: close\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Length: 5\r\n"
	    "Content-Type: text/plain\r\n"
	    "X-A: b\r\nX-C: d\r\n"
	    "\r\n" },
	{ 403, false, NULL, NULL, NULL,
	    "HTTP/1.1 403 Forbidden\r\n"
	    "Connection: close\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Length: 0\r\n"
	    "\r\n" },
	{ 405, false, NULL, NULL, NULL,
	    "HTTP/1.1 405 Method Not Allowed\r\n"
	    "Connection: close\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Length: 0\r\n"
	    "Allow: GET, HEAD\r\n"
	    "\r\n" },
	{ 426, false, NULL, NULL, NULL,
	    "HTTP/1.1 426 Upgrade Required\r\n"
	    "Connection: close, Upgrade\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Length: 0\r\n"
	    "Upgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "\r\n" },
	{ 503, false, NULL, "text/plain", "busy\n",
	    "HTTP/1.1 503 Service Unavailable\r\n"
	    "Connection: close\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Length: 5\r\n"
	    "Content-Type: text/plain\r\n"
	    "Retry-After: 2\r\n"
	    "\r\nbusy\n" },
};

static void
test_responses(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&b);
		http_response_add(&b, rows[i].status, rows[i].extra,
		    rows[i].type, rows[i].body,
		    rows[i].body == NULL ? 0 : strlen(rows[i].body),
		    rows[i].head_only);
		assert_string_equal(buf_str(&b), rows[i].expected);
	}
	buf_fini(&b);
}

static void
test_texts(void **state UNUSED)
{
	static const struct {
		int		 status;
		const char	*text;
	} texts[] = {
		{ 200, "OK" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 414, "URI Too Long" },
		{ 423, "Locked" },
		{ 426, "Upgrade Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
		{ 299, "Error" },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(texts); i++)
		assert_string_equal(http_status_text(texts[i].status),
		    texts[i].text);
}

static void
test_heads(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };

	http_head_add(&b, 200, "no-cache", "ETag: \"a\"\r\n", "text/css", 7);
	assert_string_equal(buf_str(&b),
	    "HTTP/1.1 200 OK\r\n"
	    "Connection: close\r\n"
	    "Cache-Control: no-cache\r\n"
	    "Content-Length: 7\r\n"
	    "Content-Type: text/css\r\n"
	    "ETag: \"a\"\r\n"
	    "\r\n");
	buf_reset(&b);
	http_head_add(&b, 304, NULL, NULL, NULL, HTTP_NO_LENGTH);
	assert_string_equal(buf_str(&b),
	    "HTTP/1.1 304 Not Modified\r\n"
	    "Connection: close\r\n"
	    "Cache-Control: no-store\r\n"
	    "\r\n");
	buf_fini(&b);
}

/* Header lines, without the CRLF of the last. */
static const struct {
	const char	*lines;
	bool		 gzip;
} encodings[] = {
	{ "A: b", false },
	{ "Accept-Encoding: gzip", true },
	{ "accept-encoding:GZip", true },
	{ "Accept-Encoding: x-gzip", true },
	{ "Accept-Encoding: gzip, deflate, br, zstd", true },
	{ "Accept-Encoding: br,\tgzip", true },
	{ "Accept-Encoding: deflate, , gzip ,", true },
	{ "Accept-Encoding: *", true },
	{ "Accept-Encoding:", false },
	{ "Accept-Encoding: ,", false },
	{ "Accept-Encoding: br", false },
	{ "Accept-Encoding: identity", false },
	{ "Accept-Encoding: gzipped", false },
	{ "Accept-Encoding: gzi", false },
	{ "Accept-Encoding: gzip deflate", false },
	{ "Accept-Encodings: gzip", false },
	/* weights */
	{ "Accept-Encoding: gzip;q=1", true },
	{ "Accept-Encoding: gzip;q=1.", true },
	{ "Accept-Encoding: gzip;q=1.000", true },
	{ "Accept-Encoding: gzip;q=0.001", true },
	{ "Accept-Encoding: gzip ; Q=0.5", true },
	{ "Accept-Encoding: gzip;q=0", false },
	{ "Accept-Encoding: gzip;q=0.", false },
	{ "Accept-Encoding: gzip;q=0.000", false },
	{ "Accept-Encoding: gzip;q=0, *", false },
	{ "Accept-Encoding: *, gzip;q=0", false },
	{ "Accept-Encoding: *;q=0", false },
	{ "Accept-Encoding: *;q=0, gzip", true },
	{ "Accept-Encoding: br, *;q=0.1", true },
	/* what is preferred */
	{ "Accept-Encoding: gzip, identity", true },
	{ "Accept-Encoding: gzip;q=0.5, identity", false },
	{ "Accept-Encoding: identity;q=0.5, gzip;q=0.6", true },
	{ "Accept-Encoding: identity;q=0.5, gzip;q=0.45", false },
	{ "Accept-Encoding: identity;q=0.5, *;q=0.1", false },
	{ "Accept-Encoding: identity;q=0, *;q=0.1", true },
	/* malformed weights want nothing */
	{ "Accept-Encoding: gzip;q=2", false },
	{ "Accept-Encoding: gzip;q=1.001", false },
	{ "Accept-Encoding: gzip;q=0.1234", false },
	{ "Accept-Encoding: gzip;q=0,5", false },
	{ "Accept-Encoding: gzip;q=.5", false },
	{ "Accept-Encoding: gzip;q=-1", false },
	{ "Accept-Encoding: gzip;q=1e1", false },
	{ "Accept-Encoding: gzip;q=", false },
	{ "Accept-Encoding: gzip;q", false },
	{ "Accept-Encoding: gzip;", false },
	{ "Accept-Encoding: gzip;level=1", false },
	{ "Accept-Encoding: gzip;q=1;q=1", false },
	/* more than one line is one list */
	{ "Accept-Encoding: br\r\nA: b\r\nAccept-Encoding: gzip", true },
	{ "Accept-Encoding: gzip\r\nAccept-Encoding: br", true },
	{ "Accept-Encoding: gzip;q=0\r\nAccept-Encoding: *", false },
};

static const struct {
	const char	*lines;
	const char	*code;
} languages[] = {
	{ "A: b", "en" },
	{ "Accept-Language:", "en" },
	{ "Accept-Language: *", "en" },
	{ "Accept-Language: nl", "en" },
	{ "Accept-Language: de", "de" },
	{ "accept-language: DE", "de" },
	{ "Accept-Language: de-AT", "de" },
	{ "Accept-Language: zh-Hant-TW, ja;q=0.4", "ja" },
	{ "Accept-Language: de, en", "de" },
	{ "Accept-Language: nl, de;q=0.8, en;q=0.9", "en" },
	{ "Accept-Language: ja;q=0.5, de;q=0.5", "ja" },
	{ "Accept-Language: de;q=0", "en" },
	{ "Accept-Language: de;q=2, ja;q=0.1", "ja" },
	{ "Accept-Language: d", "en" },
	{ "Accept-Language: deu", "en" },
	{ "Accept-Language: -de", "en" },
	{ "Accept-Language: , ,ja", "ja" },
	{ "Accept-Language: ja;q=0.1\r\nAccept-Language: de;q=0.2", "de" },
};

#define ETAG	"\"1a2b\""

static const struct {
	const char	*lines;
	bool		 match;
} none_matches[] = {
	{ "A: b", false },
	{ "If-None-Match: " ETAG, true },
	{ "if-none-match:" ETAG, true },
	{ "If-None-Match: W/" ETAG, true },
	{ "If-None-Match: *", true },
	{ "If-None-Match: \"x\", " ETAG, true },
	{ "If-None-Match: \"x\",W/\"y\" ,\t" ETAG ", \"z\"", true },
	{ "If-None-Match: , ," ETAG, true },
	{ "If-None-Match: \"a,b\", " ETAG, true },
	{ "If-None-Match: \"\", " ETAG, true },
	{ "If-None-Match: \"\xe9\", " ETAG, true },
	{ "If-None-Match:", false },
	{ "If-None-Match: ,", false },
	{ "If-None-Match: \"1a2\"", false },
	{ "If-None-Match: \"1a2bc\"", false },
	{ "If-None-Match: \"1A2B\"", false },
	{ "If-None-Match: \"x\", \"y\"", false },
	{ "If-None-Match: \"\"", false },
	/* malformed: what comes after it is not read */
	{ "If-None-Match: 1a2b", false },
	{ "If-None-Match: \"1a2b", false },
	{ "If-None-Match: 1a2b\"", false },
	{ "If-None-Match: \"", false },
	{ "If-None-Match: W/", false },
	{ "If-None-Match: W", false },
	{ "If-None-Match: w/" ETAG, false },
	{ "If-None-Match: W/ " ETAG, false },
	{ "If-None-Match: W/W/" ETAG, false },
	{ "If-None-Match: x, " ETAG, false },
	{ "If-None-Match: \"x\" " ETAG, false },
	{ "If-None-Match: \"x\"" ETAG, false },
	{ "If-None-Match: \"x\", *", false },
	{ "If-None-Match: **", false },
	/* within another tag */
	{ "If-None-Match: \"," ETAG ",\"", false },
	/* more than one line */
	{ "If-None-Match: \"x\"\r\nIf-None-Match: " ETAG, true },
	{ "If-None-Match: broken\r\nIf-None-Match: " ETAG, true },
};

/* The lines as a request; in a block that ends where they do, so that ASan
 * sees a read beyond it. */
static char *
request(const char *lines, struct reqhead *head)
{
	struct buf b = { NULL, 0, 0 };
	char *exact;
	size_t used = 0, n;

	buf_addf(&b, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n", lines);
	n = b.n;
	exact = malloc(n);
	memcpy(exact, b.p, n);
	buf_fini(&b);
	assert_int_equal(reqhead_parse(exact, n, &used, head), 0);
	return (exact);
}

static void
test_encodings(void **state UNUSED)
{
	struct reqhead head;
	char *text;
	size_t i;

	for (i = 0; i < COUNT_OF(encodings); i++) {
		text = request(encodings[i].lines, &head);
		if (http_accepts_gzip(&head) != encodings[i].gzip)
			fail_msg("%s", encodings[i].lines);
		free(text);
	}
}

static void
test_none_match(void **state UNUSED)
{
	struct reqhead head;
	char *text;
	size_t i;

	for (i = 0; i < COUNT_OF(none_matches); i++) {
		text = request(none_matches[i].lines, &head);
		if (http_none_match(&head, ETAG) != none_matches[i].match)
			fail_msg("%s", none_matches[i].lines);
		free(text);
	}
}

static void
test_languages(void **state UNUSED)
{
	static const char *const codes[] = { "en", "de", "ja" };
	struct reqhead head;
	char *bytes;
	size_t i;

	for (i = 0; i < COUNT_OF(languages); i++) {
		bytes = request(languages[i].lines, &head);
		if (strcmp(codes[http_pick_language(&head, codes,
		    COUNT_OF(codes))], languages[i].code) != 0)
			fail_msg("%s", languages[i].lines);
		free(bytes);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_none_match),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

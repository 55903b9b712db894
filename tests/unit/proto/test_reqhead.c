/*
 * The request head parser: what is accepted and how it is taken apart, every
 * refusal, every limit on both sides, and the same outcome for every way to
 * cut the bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proto/reqhead.h"

#define GET	"GET /a HTTP/1.1\r\n"
#define HOST	"Host: h\r\n"
#define END	"\r\n"

static const char browser[] =
    "GET /admin/collaboration/app/model/7/?x=%20 HTTP/1.1\r\n"
    "Host: example.com:8080\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "Pragma: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; \xe9)\r\n"
    "Upgrade: websocket\r\n"
    "Origin: https://example.com:8080\r\n"
    "sec-websocket-version:13\r\n"
    "Sec-WebSocket-Key: \tdGhlIHNhbXBsZSBub25jZQ== \t\r\n"
    "Sec-WebSocket-Protocol: other\r\n"
    "Sec-WebSocket-Protocol: chat , collabd.v1\r\n"
    "Cookie: csrftoken=a; sessionid=b\r\n"
    "X-Forwarded-For: 10.0.0.1\r\n"
    "X-Forwarded-For: 10.0.0.2, 10.0.0.3\r\n"
    "X-Forwarded-Proto: https\r\n"
    "X_Forwarded_Proto: http\r\n"
    "Content-Length: 0\r\n"
    "Empty:\r\n"
    "\r\n";

static int
parse(const char *text, size_t n, size_t *used, struct reqhead *out)
{
	/* A block of exactly n bytes, so that ASan sees a read beyond them. */
	char *copy = malloc(n == 0 ? 1 : n);
	int status;

	memcpy(copy, text, n);
	status = reqhead_parse(copy, n, used, out);
	free(copy);
	return (status);
}

static void
assert_slice(struct slice s, const char *text)
{
	if (text == NULL) {
		assert_null(s.p);
		return;
	}
	assert_non_null(s.p);
	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.p, text, s.n);
}

static void
test_browser(void **state UNUSED)
{
	struct reqhead h;
	size_t used = 0;

	assert_int_equal(reqhead_parse(browser, sizeof(browser) - 1, &used,
	    &h), 0);
	assert_int_equal(used, sizeof(browser) - 1);
	assert_slice(h.method, "GET");
	assert_slice(h.target, "/admin/collaboration/app/model/7/?x=%20");
	assert_slice(h.path, "/admin/collaboration/app/model/7/");
	assert_int_equal(h.minor, 1);
	assert_slice(h.host, "example.com:8080");
	assert_slice(h.origin, "https://example.com:8080");
	assert_slice(h.cookie, "csrftoken=a; sessionid=b");
	assert_slice(h.upgrade, "websocket");
	assert_slice(h.connection, "keep-alive, Upgrade");
	assert_slice(h.ws_version, "13");
	assert_slice(h.ws_key, "dGhlIHNhbXBsZSBub25jZQ==");
	assert_slice(h.ws_protocol, "chat , collabd.v1");
	assert_slice(h.forwarded_for, "10.0.0.2, 10.0.0.3");
	assert_slice(h.forwarded_proto, "https");
	assert_slice(h.transfer_encoding, NULL);
	assert_int_equal(h.content_length, 0);
	assert_int_equal(h.n_origins, 1);
	assert_int_equal(h.n_cookies, 1);
}

static void
test_absent(void **state UNUSED)
{
	static const char head[] = GET HOST END "rest";
	struct reqhead h;
	size_t used = 0;

	assert_int_equal(reqhead_parse(head, sizeof(head) - 1, &used, &h), 0);
	assert_int_equal(used, sizeof(head) - 1 - strlen("rest"));
	assert_slice(h.origin, NULL);
	assert_slice(h.cookie, NULL);
	assert_slice(h.ws_key, NULL);
	assert_int_equal(h.content_length, REQHEAD_NO_LENGTH);
	assert_int_equal(h.n_origins, 0);
	assert_int_equal(h.n_cookies, 0);
}

static void
test_tokens(void **state UNUSED)
{
	static const struct {
		const char	*name;
		const char	*token;
		bool		 ignore_case;
		bool		 found;
	} rows[] = {
		{ "Sec-WebSocket-Protocol", "collabd.v1", false, true },
		{ "sec-websocket-protocol", "other", false, true },
		{ "Sec-WebSocket-Protocol", "chat", false, true },
		{ "Sec-WebSocket-Protocol", "Chat", false, false },
		{ "Sec-WebSocket-Protocol", "Chat", true, true },
		{ "Sec-WebSocket-Protocol", "collabd", false, false },
		{ "Sec-WebSocket-Protocol", "", false, false },
		{ "Connection", "upgrade", true, true },
		{ "Connection", "keep-alive", true, true },
		{ "Upgrade", "websocket", true, true },
		{ "Nothing", "websocket", true, false },
	};
	struct reqhead h;
	size_t used, i;

	assert_int_equal(reqhead_parse(browser, sizeof(browser) - 1, &used,
	    &h), 0);
	for (i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(reqhead_has_token(&h, rows[i].name,
		    rows[i].token, rows[i].ignore_case), rows[i].found);
}

static const struct {
	const char	*text;
	size_t		 n;	/* 0: strlen(text) */
	int		 status;
} statuses[] = {
	{ GET HOST END, 0, 0 },
	{ "", 0, -1 },
	{ GET HOST, 0, -1 },
	{ GET HOST "\r", 0, -1 },
	/* request line */
	{ "GET /\r\n" HOST END, 0, 400 },
	{ "GET  / HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET /  HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET / HTTP/1.1 \r\n" HOST END, 0, 400 },
	{ " GET / HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET\t/ HTTP/1.1\r\n" HOST END, 0, 400 },
	{ " / HTTP/1.1\r\n", 0, 400 },
	{ "G@T / HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET a HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET * HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET http://h/ HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET /a#b HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET /\xc3\xa9 HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET /\x7f HTTP/1.1\r\n" HOST END, 0, 400 },
	{ "GET /%00 HTTP/1.1\r\n" HOST END, 0, 0 },
	{ "GET / HTTP/1.1\n" HOST END, 0, 400 },
	{ "\r\n" GET HOST END, 0, 400 },
	{ "GET / http/1.1\r\n" HOST END, 0, 400 },
	{ "GET / HTTP/1.12\r\n" HOST END, 0, 400 },
	{ "GET / HTTP/11\r\n" HOST END, 0, 400 },
	{ "GET / HTTP/a.1\r\n" HOST END, 0, 400 },
	{ "GET / HTTP/1.x\r\n" HOST END, 0, 400 },
	{ "GET / HTTP/2.0\r\n" HOST END, 0, 505 },
	{ "GET / HTTP/0.9\r\n" HOST END, 0, 505 },
	{ "GET / HTTP/1.2\r\n" HOST END, 0, 0 },
	{ "POST / HTTP/1.1\r\n" HOST END, 0, 0 },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 400 },
	/* TLS where plain text is spoken */
	{ "\x16\x03\x01\x02", 0, 400 },
	/* bytes and line ends */
	{ GET HOST "A: b\n" END, 0, 400 },
	{ GET HOST "A: b\rc\r\n" END, 0, 400 },
	{ GET HOST "A: b\r\r\n" END, 0, 400 },
	{ GET HOST "A: b\x01\r\n" END, 0, 400 },
	{ GET HOST "A: b\x7f\r\n" END, 0, 400 },
	{ GET HOST "A: b\0c\r\n" END, sizeof(GET HOST "A: b\0c\r\n" END) - 1,
	    400 },
	{ GET HOST "A: \xff\tb\r\n" END, 0, 0 },
	{ GET HOST "\n", 0, 400 },
	{ GET HOST "\rx", 0, 400 },
	/* header lines */
	{ GET HOST "A: b\r\n c\r\n" END, 0, 400 },
	{ GET HOST "A: b\r\n\tc\r\n" END, 0, 400 },
	{ GET " " HOST END, 0, 400 },
	{ GET HOST "A : b\r\n" END, 0, 400 },
	{ GET HOST "A\t: b\r\n" END, 0, 400 },
	{ GET HOST ": b\r\n" END, 0, 400 },
	{ GET HOST "no colon\r\n" END, 0, 400 },
	{ GET HOST "A(b): c\r\n" END, 0, 400 },
	{ GET HOST "\xc3\xa9: c\r\n" END, 0, 400 },
	{ GET HOST "A::b\r\n" END, 0, 0 },
	/* Host */
	{ GET END, 0, 400 },
	{ "GET / HTTP/1.0\r\n" END, 0, 0 },
	{ GET HOST HOST END, 0, 400 },
	{ GET HOST "host: other\r\n" END, 0, 400 },
	{ GET "Host:\r\n" END, 0, 400 },
	{ GET "Host: \r\n" END, 0, 400 },
	{ GET "Host: a b\r\n" END, 0, 400 },
	{ GET "Host: a/b\r\n" END, 0, 400 },
	{ GET "Host: a@b\r\n" END, 0, 400 },
	{ GET "Host: \xe9\r\n" END, 0, 400 },
	{ "GET / HTTP/1.0\r\nHost: a/b\r\n" END, 0, 400 },
	{ GET "Host: [::1]:8080\r\n" END, 0, 0 },
	{ GET "Host: my_host-1.example.com.:1\r\n" END, 0, 0 },
	/* once only */
	{ GET HOST "Cookie: a=b\r\nCookie: c=d\r\n" END, 0, 400 },
	{ GET HOST "Cookie:\r\nCookie:\r\n" END, 0, 400 },
	{ GET HOST "Sec-WebSocket-Key: a\r\nSec-Websocket-key: a\r\n" END, 0,
	    400 },
	{ GET HOST "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Version: 13\r\n" END, 0, 400 },
	{ GET HOST "Origin: a\r\nOrigin: b\r\n" END, 0, 0 },
	/* lengths */
	{ GET HOST "Content-Length: 12\r\n" END, 0, 0 },
	{ GET HOST "Content-Length: 1\r\nContent-Length: 1\r\n" END, 0, 400 },
	{ GET HOST "Content-Length: +1\r\n" END, 0, 400 },
	{ GET HOST "Content-Length: -1\r\n" END, 0, 400 },
	{ GET HOST "Content-Length: 1,1\r\n" END, 0, 400 },
	{ GET HOST "Content-Length: 0x1\r\n" END, 0, 400 },
	{ GET HOST "Content-Length:\r\n" END, 0, 400 },
	{ GET HOST "Content-Length: 18446744073709551616\r\n" END, 0, 400 },
	{ GET HOST "Transfer-Encoding: chunked\r\n" END, 0, 0 },
	{ GET HOST "Transfer-Encoding : chunked\r\n" END, 0, 400 },
	{ GET HOST "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: x\r\n" END, 0, 400 },
	{ GET HOST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" END,
	    0, 400 },
	{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END, 0, 400 },
};

static void
test_statuses(void **state UNUSED)
{
	struct reqhead h;
	size_t used, n, i;
	int status;

	for (i = 0; i < COUNT_OF(statuses); i++) {
		n = statuses[i].n != 0 ? statuses[i].n :
		    strlen(statuses[i].text);
		status = parse(statuses[i].text, n, &used, &h);
		if (status != statuses[i].status)
			fail_msg("row %zu: %d instead of %d: %s", i, status,
			    statuses[i].status, statuses[i].text);
	}
}

static void
test_last_origin(void **state UNUSED)
{
	static const char head[] =
	    GET HOST "Origin: https://a\r\nOrigin: https://b\r\n" END;
	struct reqhead h;
	size_t used;

	assert_int_equal(reqhead_parse(head, sizeof(head) - 1, &used, &h), 0);
	assert_slice(h.origin, "https://b");
	assert_int_equal(h.n_origins, 2);
}

/* Feeds a head in pieces of the given size; the buffer moves each time. */
static int
feed(const char *text, size_t n, size_t piece, size_t *used)
{
	struct reqhead_scan scan;
	struct reqhead h;
	int status = -1;
	size_t k = 0;
	char *copy;

	memset(&scan, 0, sizeof(scan));
	while (status == -1 && k < n) {
		k = n - k < piece ? n : k + piece;
		copy = malloc(k);
		memcpy(copy, text, k);
		status = reqhead_parse_more(&scan, copy, k, used, &h);
		free(copy);
	}
	return (status);
}

static void
test_pieces(void **state UNUSED)
{
	size_t piece, i, n, used = 0;

	for (piece = 1; piece < sizeof(browser); piece++) {
		assert_int_equal(feed(browser, sizeof(browser) - 1, piece,
		    &used), 0);
		assert_int_equal(used, sizeof(browser) - 1);
	}
	for (i = 0; i < COUNT_OF(statuses); i++) {
		n = statuses[i].n != 0 ? statuses[i].n :
		    strlen(statuses[i].text);
		for (piece = 1; piece < n; piece++)
			assert_int_equal(feed(statuses[i].text, n, piece,
			    &used), statuses[i].status);
	}
}

/* Every prefix of a good head asks for more; none is taken for whole. */
static void
test_prefixes(void **state UNUSED)
{
	struct reqhead h;
	size_t n, used;

	for (n = 0; n < sizeof(browser) - 1; n++)
		assert_int_equal(parse(browser, n, &used, &h), -1);
}

static void
add_fill(struct buf *b, size_t n)
{
	memset(buf_reserve(b, n), 'x', n);
	b->n += n;
}

/* A head whose request line has that many bytes. */
static int
status_of_line(size_t n)
{
	struct buf b = { NULL, 0, 0 };
	struct reqhead h;
	size_t used;
	int status;

	buf_add_str(&b, "GET /");
	add_fill(&b, n - strlen("GET / HTTP/1.1"));
	buf_add_str(&b, " HTTP/1.1\r\n" HOST END);
	status = parse(b.p, b.n, &used, &h);
	buf_fini(&b);
	return (status);
}

static int
status_of_header(size_t n)
{
	struct buf b = { NULL, 0, 0 };
	struct reqhead h;
	size_t used;
	int status;

	buf_add_str(&b, GET HOST "A: ");
	add_fill(&b, n - strlen("A: "));
	buf_add_str(&b, "\r\n" END);
	status = parse(b.p, b.n, &used, &h);
	buf_fini(&b);
	return (status);
}

static int
status_of_count(size_t n)
{
	struct buf b = { NULL, 0, 0 };
	struct reqhead h;
	size_t used, i;
	int status;

	buf_add_str(&b, GET HOST);
	for (i = 1; i < n; i++)
		buf_add_str(&b, "A: b\r\n");
	buf_add_str(&b, END);
	status = parse(b.p, b.n, &used, &h);
	buf_fini(&b);
	return (status);
}

static void
test_limits(void **state UNUSED)
{
	assert_int_equal(status_of_line(REQHEAD_LINE_MAX), 0);
	assert_int_equal(status_of_line(REQHEAD_LINE_MAX + 1), 414);
	assert_int_equal(status_of_header(REQHEAD_LINE_MAX), 0);
	assert_int_equal(status_of_header(REQHEAD_LINE_MAX + 1), 431);
	assert_int_equal(status_of_count(REQHEAD_HEADERS_MAX), 0);
	assert_int_equal(status_of_count(REQHEAD_HEADERS_MAX + 1), 431);
}

/* The size limit, met by many short lines. */
static void
test_size(void **state UNUSED)
{
	static const struct {
		size_t	n;
		int	status;
	} rows[] = {
		{ REQHEAD_BYTES_MAX, 0 },
		{ REQHEAD_BYTES_MAX + 1, 431 },
	};
	struct buf b = { NULL, 0, 0 };
	struct reqhead h;
	size_t used = 0, i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&b);
		buf_add_str(&b, GET HOST);
		while (rows[i].n - b.n > 2000) {
			buf_add_str(&b, "A: ");
			add_fill(&b, 1000);
			buf_add_str(&b, "\r\n");
		}
		buf_add_str(&b, "B: ");
		add_fill(&b, rows[i].n - b.n - strlen("\r\n\r\n"));
		buf_add_str(&b, "\r\n\r\n");
		assert_int_equal(b.n, rows[i].n);
		assert_int_equal(parse(b.p, b.n, &used, &h), rows[i].status);
		/* At the limit, more is never asked for. */
		assert_int_equal(parse(b.p, REQHEAD_BYTES_MAX - 1, &used, &h),
		    -1);
		assert_int_equal(parse(b.p, REQHEAD_BYTES_MAX, &used, &h),
		    rows[i].status);
	}
	buf_fini(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_browser),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_last_origin),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_size),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

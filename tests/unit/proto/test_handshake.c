/*
 * The opening handshake: each condition of RFC 6455 section 4.2.1 met, missing,
 * wrong and doubled, and the exact 101.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proto/handshake.h"

#define GET	"GET /a HTTP/1.1\r\nHost: h\r\n"
#define UPGRADE	"Upgrade: websocket\r\n"
#define CONN	"Connection: Upgrade\r\n"
#define VERSION	"Sec-WebSocket-Version: 13\r\n"
#define KEY	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define REST	UPGRADE CONN VERSION KEY
#define END	"\r\n"

static void
parse(const char *text, struct reqhead *h)
{
	size_t used;

	assert_int_equal(reqhead_parse(text, strlen(text), &used, h), 0);
}

static const struct {
	const char	*text;
	int		 status;
	bool		 is_upgrade;
} rows[] = {
	{ GET REST END, 101, true },
	{ GET "upgrade: WebSocket\r\nconnection: keep-alive, uPGRADE\r\n"
	    VERSION KEY END, 101, true },
	{ GET "Upgrade: h2c, websocket\r\n" CONN VERSION KEY END, 101, true },
	{ GET "Upgrade: h2c\r\n" UPGRADE CONN VERSION KEY END, 101, true },
	{ GET UPGRADE "Connection: keep-alive\r\n" CONN VERSION KEY END, 101,
	    true },
	{ GET REST "Content-Length: 0\r\n" END, 101, true },
	{ GET REST "Sec-WebSocket-Extensions: permessage-deflate\r\n" END, 101,
	    true },
	/* the method */
	{ "POST /a HTTP/1.1\r\nHost: h\r\n" REST END, 405, true },
	{ "HEAD /a HTTP/1.1\r\nHost: h\r\n" END, 405, false },
	{ "get /a HTTP/1.1\r\nHost: h\r\n" REST END, 405, true },
	/* no websocket */
	{ GET END, 426, false },
	{ GET CONN VERSION KEY END, 426, false },
	{ GET "Upgrade: websockets\r\n" CONN VERSION KEY END, 426, false },
	{ GET "Upgrade:\r\n" CONN VERSION KEY END, 426, false },
	/* the rest of the conditions */
	{ "GET /a HTTP/1.0\r\nHost: h\r\n" REST END, 400, true },
	{ GET UPGRADE VERSION KEY END, 400, true },
	{ GET UPGRADE "Connection: close\r\n" VERSION KEY END, 400, true },
	{ GET UPGRADE "Connection: xUpgrade\r\n" VERSION KEY END, 400, true },
	{ GET UPGRADE CONN KEY END, 426, true },
	{ GET UPGRADE CONN "Sec-WebSocket-Version: 8\r\n" KEY END, 426, true },
	{ GET UPGRADE CONN "Sec-WebSocket-Version: 013\r\n" KEY END, 426,
	    true },
	{ GET UPGRADE CONN "Sec-WebSocket-Version: 13, 8\r\n" KEY END, 426,
	    true },
	{ GET REST "Content-Length: 5\r\n" END, 400, true },
	{ GET REST "Transfer-Encoding: chunked\r\n" END, 400, true },
	/* the key */
	{ GET UPGRADE CONN VERSION END, 400, true },
	{ GET UPGRADE CONN VERSION "Sec-WebSocket-Key:\r\n" END, 400, true },
	{ GET UPGRADE CONN VERSION
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n" END, 400, true },
	{ GET UPGRADE CONN VERSION
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ===\r\n" END, 400,
	    true },
	{ GET UPGRADE CONN VERSION
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n" END, 400, true },
	{ GET UPGRADE CONN VERSION
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ===\r\n" END, 400, true },
	{ GET UPGRADE CONN VERSION
	    "Sec-WebSocket-Key: dGhl-HNhbXBsZSBub25jZQ==\r\n" END, 400, true },
	{ GET UPGRADE CONN VERSION
	    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" END, 101, true },
	{ GET UPGRADE CONN VERSION
	    "Sec-WebSocket-Key: +/+/+/+/+/+/+/+/+/+/+w==\r\n" END, 101, true },
};

static void
test_check(void **state UNUSED)
{
	struct reqhead h;
	size_t i;
	int status;

	for (i = 0; i < COUNT_OF(rows); i++) {
		parse(rows[i].text, &h);
		status = handshake_check(&h);
		if (status != rows[i].status ||
		    handshake_is_upgrade(&h) != rows[i].is_upgrade)
			fail_msg("row %zu: %d instead of %d: %s", i, status,
			    rows[i].status, rows[i].text);
	}
}

static void
test_offers(void **state UNUSED)
{
	static const struct {
		const char	*header;
		bool		 offered;
	} offers[] = {
		{ "", false },
		{ "Sec-WebSocket-Protocol: collabd.v1\r\n", true },
		{ "Sec-WebSocket-Protocol: a,\tcollabd.v1 ,b\r\n", true },
		{ "Sec-WebSocket-Protocol: collabd.v1\r\n"
		    "Sec-WebSocket-Protocol: b\r\n", true },
		{ "Sec-WebSocket-Protocol: Collabd.v1\r\n", false },
		{ "Sec-WebSocket-Protocol: collabd.v12\r\n", false },
		{ "Sec-WebSocket-Protocol: a collabd.v1\r\n", false },
		{ "Sec-WebSocket-Protocol: ,,\r\n", false },
	};
	struct buf b = { NULL, 0, 0 };
	struct reqhead h;
	size_t i;

	for (i = 0; i < COUNT_OF(offers); i++) {
		buf_reset(&b);
		buf_addf(&b, GET REST "%s" END, offers[i].header);
		parse(buf_str(&b), &h);
		assert_int_equal(handshake_offers(&h, HANDSHAKE_SUBPROTOCOL),
		    offers[i].offered);
	}
	buf_fini(&b);
}

/* The example of RFC 6455 section 1.3. */
static void
test_response(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };
	char accept[HANDSHAKE_ACCEPT_SIZE];
	struct reqhead h;

	handshake_accept_key(SLICE_LIT("dGhlIHNhbXBsZSBub25jZQ=="), accept);
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	parse(GET REST END, &h);
	handshake_response_add(&b, &h, NULL);
	assert_string_equal(buf_str(&b),
	    "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	    "\r\n");
	buf_reset(&b);
	handshake_response_add(&b, &h, HANDSHAKE_SUBPROTOCOL);
	assert_string_equal(buf_str(&b),
	    "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	    "Sec-WebSocket-Protocol: collabd.v1\r\n"
	    "\r\n");
	buf_fini(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_response),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

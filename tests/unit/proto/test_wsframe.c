/*
 * The websocket codec. Each row of the tables is a stream of client bytes and
 * the trace of events that must come out, and is run whole, byte by byte, and
 * cut at every position and every pair of positions, from buffers of exactly
 * the right size. Then memory, limits and the encoder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/xmalloc.h"
#include "proto/wsframe.h"

#define MAX_BYTES	1000

#define FIN	0x80
#define TEXT	0x1
#define BIN	0x2
#define CONT	0x0
#define CLOSE	0x88
#define PING	0x89
#define PONG	0x8a

#define A10	"aaaaaaaaaa"
#define A125	A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 "aaaaa"

struct frame {
	uint8_t		 first;
	const char	*payload;
	size_t		 n;
};

/* A frame with a payload that is a string literal. */
#define F(first, s)	{ (first), (s), sizeof(s) - 1 }

static const struct {
	const char	*name;
	struct frame	 frames[8];	/* up to the first without payload */
	const char	*trace;
} streams[] = {
	{ "text", { F(FIN | TEXT, "hello") }, "T(hello)" },
	{ "empty text", { F(FIN | TEXT, "") }, "T()" },
	{ "binary", { F(FIN | BIN, "\xff\xfe") }, "B(\\ff\\fe)" },
	{ "empty binary", { F(FIN | BIN, "") }, "B()" },
	{ "two", { F(FIN | TEXT, "one"), F(FIN | TEXT, "two") },
	    "T(one)T(two)" },
	{ "fragments", { F(TEXT, "ab"), F(CONT, "cd"), F(FIN | CONT, "ef"),
	    F(FIN | TEXT, "g") }, "T(abcdef)T(g)" },
	{ "empty fragments", { F(TEXT, ""), F(CONT, ""), F(FIN | CONT, "") },
	    "T()" },
	{ "empty first fragment", { F(TEXT, ""), F(FIN | CONT, "ab") },
	    "T(ab)" },
	{ "empty last fragment", { F(BIN, "ab"), F(FIN | CONT, "") },
	    "B(ab)" },
	{ "control between fragments", { F(TEXT, "ab"), F(PING, "p"),
	    F(CONT, ""), F(PONG, ""), F(PING, "qq"), F(FIN | CONT, "cd") },
	    "ping(p)pong()ping(qq)T(abcd)" },
	{ "ping before anything is kept", { F(TEXT, ""), F(PING, "p"),
	    F(FIN | CONT, "cd") }, "ping(p)T(cd)" },
	{ "ping", { F(PING, "") }, "ping()" },
	{ "ping of 125", { F(PING, A125) }, "ping(" A125 ")" },
	{ "pong", { F(PONG, "x") }, "pong(x)" },
	{ "close", { F(CLOSE, "\x03\xe8") }, "C1000()" },
	{ "close with reason", { F(CLOSE, "\x03\xe9" "bye") }, "C1001(bye)" },
	{ "close with UTF-8", { F(CLOSE, "\x03\xe8\xc3\xa9") },
	    "C1000(\\c3\\a9)" },
	{ "close, nothing", { F(CLOSE, "") }, "C1005()" },
	{ "close within a message", { F(TEXT, "ab"), F(CLOSE, "\x03\xe8") },
	    "C1000()" },
	{ "after close", { F(CLOSE, "\x03\xe8"), F(FIN | TEXT, "no"),
	    F(0xff, "no") }, "C1000()" },
	{ "1-byte close", { F(CLOSE, "\x03") }, "E1002 close_frame" },
	{ "bad reason", { F(CLOSE, "\x03\xe8\xff") }, "E1007 utf8" },
	{ "cut reason", { F(CLOSE, "\x03\xe8\xc3") }, "E1007 utf8" },
	{ "after an error", { F(CLOSE, "\x03"), F(FIN | TEXT, "no") },
	    "E1002 close_frame" },
	/* sequence */
	{ "continuation of nothing", { F(FIN | CONT, "a") },
	    "E1002 sequence" },
	{ "open continuation of nothing", { F(CONT, "a") },
	    "E1002 sequence" },
	{ "continuation after a message", { F(FIN | TEXT, "a"),
	    F(FIN | CONT, "a") }, "T(a)E1002 sequence" },
	{ "text in a message", { F(TEXT, "a"), F(FIN | TEXT, "a") },
	    "E1002 sequence" },
	{ "binary in a message", { F(TEXT, "a"), F(BIN, "a") },
	    "E1002 sequence" },
	/* first byte */
	{ "rsv1", { F(FIN | 0x40 | TEXT, "a") }, "E1002 rsv" },
	{ "rsv2", { F(FIN | 0x20 | TEXT, "a") }, "E1002 rsv" },
	{ "rsv3", { F(PING | 0x10, "a") }, "E1002 rsv" },
	{ "rsv in a continuation", { F(TEXT, "a"), F(FIN | 0x40, "b") },
	    "E1002 rsv" },
	{ "opcode 3", { F(FIN | 3, "") }, "E1002 opcode" },
	{ "opcode 7", { F(FIN | 7, "a") }, "E1002 opcode" },
	{ "opcode b", { F(FIN | 0xb, "") }, "E1002 opcode" },
	{ "opcode f", { F(FIN | 0xf, "a") }, "E1002 opcode" },
	{ "fragmented ping", { F(0x9, "a") }, "E1002 control" },
	{ "fragmented pong", { F(0xa, "a") }, "E1002 control" },
	{ "fragmented close", { F(0x8, "\x03\xe8") }, "E1002 control" },
	{ "ping of 126", { F(PING, A125 "a") }, "E1002 control" },
	{ "close of 126", { F(CLOSE, A125 "a") }, "E1002 control" },
	/* UTF-8 */
	{ "valid", { F(FIN | TEXT, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") },
	    "T(\\c3\\a9\\e2\\82\\ac\\f0\\9f\\98\\80)" },
	{ "split code points", { F(TEXT, "\xf0"), F(CONT, "\x9f\x98"),
	    F(CONT, ""), F(PING, "\xff"), F(FIN | CONT, "\x80!") },
	    "ping(\\ff)T(\\f0\\9f\\98\\80!)" },
	{ "not UTF-8", { F(FIN | TEXT, "a\xff") }, "E1007 utf8" },
	{ "overlong", { F(FIN | TEXT, "\xc0\xaf") }, "E1007 utf8" },
	{ "surrogate", { F(FIN | TEXT, "\xed\xa0\x80") }, "E1007 utf8" },
	{ "above U+10FFFF", { F(FIN | TEXT, "\xf4\x90\x80\x80") },
	    "E1007 utf8" },
	{ "cut at the end", { F(FIN | TEXT, "a\xe2\x82") }, "E1007 utf8" },
	{ "cut at the last fragment", { F(TEXT, "\xe2"),
	    F(FIN | CONT, "\x82") }, "E1007 utf8" },
	{ "wrong over fragments", { F(TEXT, "\xe2"), F(CONT, "a") },
	    "E1007 utf8" },
	{ "fails in an open fragment", { F(TEXT, "a\xff") }, "E1007 utf8" },
	{ "state starts anew", { F(FIN | BIN, "\xe2"), F(FIN | TEXT, "a") },
	    "B(\\e2)T(a)" },
};

/* Streams as they are on the wire, for what is wrong in a header. */
static const struct {
	const char	*name;
	const char	*bytes;
	size_t		 n;
	const char	*trace;
} raw[] = {
#define R(s)	(s), sizeof(s) - 1
	{ "nothing", R(""), "" },
	{ "half a header", R("\x81"), "" },
	{ "a header", R("\x81\x81\x01\x02\x03\x04"), "" },
	{ "first byte suffices", R("\xc1"), "E1002 rsv" },
	{ "unmasked", R("\x81\x05hello"), "E1002 unmasked" },
	{ "unmasked, empty", R("\x81\x00"), "E1002 unmasked" },
	{ "unmasked ping", R("\x89\x00"), "E1002 unmasked" },
	{ "second byte suffices", R("\x89\xfe"), "E1002 control" },
	{ "125 in 16 bits", R("\x81\xfe\x00\x7d"), "E1002 length" },
	{ "126 in 16 bits", R("\x81\xfe\x00\x7e"), "" },
	{ "65535 in 64 bits",
	    R("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff"), "E1002 length" },
	{ "65536 in 64 bits",
	    R("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00"), "E1009 too_big" },
	{ "0 in 64 bits",
	    R("\x81\xff\x00\x00\x00\x00\x00\x00\x00\x00"), "E1002 length" },
	{ "2^63 - 1",
	    R("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), "E1009 too_big" },
	{ "the top bit",
	    R("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x01"), "E1002 length" },
	{ "2^32 + 5",
	    R("\x82\xff\x00\x00\x00\x01\x00\x00\x00\x05"), "E1009 too_big" },
	{ "1000, the maximum", R("\x81\xfe\x03\xe8\x01\x02\x03\x04"), "" },
	{ "1001", R("\x81\xfe\x03\xe9"), "E1009 too_big" },
	{ "over by a fragment",
	    R("\x01\x81\x00\x00\x00\x00" "a" "\x00\xfe\x03\xe8"),
	    "E1009 too_big" },
	{ "full by a fragment",
	    R("\x01\x81\x00\x00\x00\x00" "a" "\x00\xfe\x03\xe7"), "" },
	{ "TLS", R("\x16\x03\x01\x02"), "E1002 rsv" },
#undef R
};

static void
add_escaped(struct buf *b, struct slice s)
{
	size_t i;

	buf_add_char(b, '(');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] >= 0x20 && s.p[i] < 0x7f)
			buf_add_char(b, s.p[i]);
		else
			buf_addf(b, "\\%02x", (unsigned char)s.p[i]);
	}
	buf_add_char(b, ')');
}

static void
add_event(struct buf *trace, enum ws_event event, const struct ws_message *m)
{
	switch (event) {
	case WS_MORE:
		return;
	case WS_MESSAGE:
		assert_true(m->opcode == WS_OP_TEXT ||
		    m->opcode == WS_OP_BINARY);
		buf_add_char(trace, m->opcode == WS_OP_TEXT ? 'T' : 'B');
		break;
	case WS_PING:
		buf_add_str(trace, "ping");
		break;
	case WS_PONG:
		buf_add_str(trace, "pong");
		break;
	case WS_CLOSE:
		buf_addf(trace, "C%d", m->code);
		break;
	case WS_ERROR:
		buf_addf(trace, "E%d %s", m->code, ws_error_name(m->error));
		return;
	}
	add_escaped(trace, m->data);
}

/* Decodes one read; false after an error. */
static bool
decode(struct ws_decoder *d, const char *p, size_t n, struct buf *trace)
{
	char *copy = malloc(n == 0 ? 1 : n);
	struct ws_message m;
	enum ws_event event;
	size_t at = 0, used;

	memcpy(copy, p, n);
	do {
		event = ws_decode(d, copy + at, n - at, &used, &m);
		assert_true(used <= n - at);
		at += used;
		add_event(trace, event, &m);
	} while (event != WS_MORE && event != WS_ERROR);
	if (event == WS_MORE) {
		assert_int_equal(at, n);
		if (ws_decoder_is_idle(d))
			assert_int_equal(ws_decoder_held(d), 0);
	}
	free(copy);
	return (event != WS_ERROR);
}

/* Runs a stream cut at two positions (i <= j <= n), or byte by byte. */
static void
check_cut(const char *name, const struct buf *in, const char *expected,
    size_t i, size_t j, bool bytes)
{
	struct buf trace = { NULL, 0, 0 };
	struct ws_decoder d;
	size_t k;
	bool ok = true;

	ws_decoder_init(&d, MAX_BYTES, false);
	for (k = 0; bytes && ok && k < in->n; k++)
		ok = decode(&d, in->p + k, 1, &trace);
	if (!bytes && decode(&d, in->p, i, &trace) &&
	    decode(&d, in->p + i, j - i, &trace))
		(void)decode(&d, in->p + j, in->n - j, &trace);
	if (strcmp(buf_str(&trace), expected) != 0)
		fail_msg("%s, cut at %zu and %zu: %s instead of %s", name, i,
		    j, buf_str(&trace), expected);
	ws_decoder_fini(&d);
	buf_fini(&trace);
}

static void
check_stream(const char *name, struct buf *in, const char *expected)
{
	size_t i, j;

	(void)buf_reserve(in, 1);
	check_cut(name, in, expected, 0, 0, true);
	for (i = 0; i <= in->n; i++) {
		for (j = i; j <= in->n; j++)
			check_cut(name, in, expected, i, j, false);
	}
}

static void
add_client_frame(struct buf *b, uint8_t first, const char *p, size_t n)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	size_t i;

	buf_add_char(b, (char)first);
	if (n < 126)
		buf_add_char(b, (char)(0x80 | n));
	else {
		assert_true(n <= UINT16_MAX);
		buf_add_char(b, (char)(0x80 | 126));
		buf_add_char(b, (char)(n >> 8));
		buf_add_char(b, (char)(n & 0xff));
	}
	buf_add(b, mask, sizeof(mask));
	for (i = 0; i < n; i++)
		buf_add_char(b, (char)((uint8_t)p[i] ^ mask[i % 4]));
}

static void
test_streams(void **state UNUSED)
{
	struct buf in = { NULL, 0, 0 };
	const struct frame *f;
	size_t i;

	for (i = 0; i < COUNT_OF(streams); i++) {
		buf_reset(&in);
		for (f = streams[i].frames; f->payload != NULL; f++)
			add_client_frame(&in, f->first, f->payload, f->n);
		check_stream(streams[i].name, &in, streams[i].trace);
	}
	buf_fini(&in);
}

static void
test_raw(void **state UNUSED)
{
	struct buf in = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(raw); i++) {
		buf_reset(&in);
		buf_add(&in, raw[i].bytes, raw[i].n);
		check_stream(raw[i].name, &in, raw[i].trace);
	}
	buf_fini(&in);
}

static void
test_close_codes(void **state UNUSED)
{
	struct ws_decoder d;
	struct ws_message m;
	struct buf in = { NULL, 0, 0 };
	enum ws_event event;
	unsigned code;
	size_t used;
	char payload[2];
	bool good;

	for (code = 0; code <= UINT16_MAX; code++) {
		good = (code >= 1000 && code <= 1003) ||
		    (code >= 1007 && code <= 1014) ||
		    (code >= 3000 && code <= 4999);
		payload[0] = (char)(code >> 8);
		payload[1] = (char)(code & 0xff);
		buf_reset(&in);
		add_client_frame(&in, CLOSE, payload, sizeof(payload));
		ws_decoder_init(&d, MAX_BYTES, false);
		event = ws_decode(&d, in.p, in.n, &used, &m);
		assert_int_equal(event, good ? WS_CLOSE : WS_ERROR);
		assert_int_equal(m.code, good ? code : WS_CLOSE_PROTOCOL);
		ws_decoder_fini(&d);
	}
	buf_fini(&in);
}

static void
test_text_only(void **state UNUSED)
{
	struct ws_decoder d;
	struct ws_message m;
	char text[] = "\x81\x80\x00\x00\x00\x00", binary[] = "\x82";
	size_t used;

	ws_decoder_init(&d, MAX_BYTES, true);
	assert_int_equal(ws_decode(&d, text, 6, &used, &m), WS_MESSAGE);
	assert_int_equal(ws_decode(&d, binary, 1, &used, &m), WS_ERROR);
	assert_int_equal(m.code, WS_CLOSE_UNSUPPORTED);
	assert_int_equal(m.error, WS_ERR_BINARY);
	/* It sticks. */
	assert_int_equal(ws_decode(&d, text, 6, &used, &m), WS_ERROR);
	assert_int_equal(m.error, WS_ERR_BINARY);
	ws_decoder_fini(&d);
}

/* Message sizes around each length form, at several cuts. */
static void
test_sizes(void **state UNUSED)
{
	static const size_t sizes[] = { 1, 7, 8, 9, 63, 64, 65, 124, 125, 126,
	    127, 128, 4095, 4096, 65534, 65535 };
	struct buf in = { NULL, 0, 0 };
	char *text = xmalloc(65535);
	struct ws_decoder d;
	struct ws_message m;
	size_t i, j, k, cut, used, got;

	for (i = 0; i < 65535; i++)
		text[i] = (char)('a' + i % 23);
	ws_decoder_init(&d, 65535, false);
	for (i = 0; i < COUNT_OF(sizes); i++) {
		for (j = 0; j < 16; j++) {
			buf_reset(&in);
			add_client_frame(&in, FIN | TEXT, text, sizes[i]);
			cut = in.n * j / 16;
			for (k = 0, got = 0; k < in.n; k = cut, cut = in.n) {
				if (ws_decode(&d, in.p + k, cut - k, &used,
				    &m) != WS_MESSAGE)
					continue;
				got++;
				assert_int_equal(m.data.n, sizes[i]);
				assert_memory_equal(m.data.p, text, sizes[i]);
			}
			assert_int_equal(got, 1);
		}
	}
	ws_decoder_fini(&d);
	buf_fini(&in);
	free(text);
}

/* A whole frame is not copied, wherever it lies. */
static void
test_in_place(void **state UNUSED)
{
	struct buf in = { NULL, 0, 0 };
	struct ws_decoder d;
	struct ws_message m;
	size_t used;

	ws_decoder_init(&d, MAX_BYTES, false);
	add_client_frame(&in, FIN | TEXT, "hello", 5);
	add_client_frame(&in, PING, "p", 1);
	assert_int_equal(ws_decode(&d, in.p, in.n, &used, &m), WS_MESSAGE);
	assert_int_equal(used, 11);
	assert_ptr_equal(m.data.p, in.p + 6);
	assert_int_equal(ws_decode(&d, in.p + used, in.n - used, &used, &m),
	    WS_PING);
	assert_ptr_equal(m.data.p, in.p + 17);
	assert_int_equal(ws_decoder_held(&d), 0);
	/* Nor after a header that came alone. */
	buf_reset(&in);
	add_client_frame(&in, FIN | TEXT, "hello", 5);
	assert_int_equal(ws_decode(&d, in.p, 6, &used, &m), WS_MORE);
	assert_false(ws_decoder_is_idle(&d));
	assert_int_equal(ws_decode(&d, in.p + 6, 5, &used, &m), WS_MESSAGE);
	assert_ptr_equal(m.data.p, in.p + 6);
	ws_decoder_fini(&d);
	buf_fini(&in);
}

/* Memory follows what arrived, not what was announced, and goes away. */
static void
test_memory(void **state UNUSED)
{
	struct buf in = { NULL, 0, 0 };
	char *text = xcalloc(1, 60000);
	struct ws_decoder d;
	struct ws_message m;
	size_t used, i;

	assert_true(sizeof(struct ws_decoder) <= 48);
	ws_decoder_init(&d, 65536, false);
	add_client_frame(&in, FIN | BIN, text, 60000);
	assert_int_equal(ws_decode(&d, in.p, 8, &used, &m), WS_MORE);
	assert_int_equal(ws_decoder_held(&d), 0);
	for (i = 8; i < in.n - 1; i++) {
		assert_int_equal(ws_decode(&d, in.p + i, 1, &used, &m),
		    WS_MORE);
		assert_true(ws_decoder_held(&d) <= 64 ||
		    ws_decoder_held(&d) <= 2 * (i - 7));
		assert_true(ws_decoder_held(&d) <= 60000);
	}
	assert_int_equal(ws_decode(&d, in.p + i, 1, &used, &m), WS_MESSAGE);
	assert_int_equal(m.data.n, 60000);
	assert_int_equal(ws_decode(&d, in.p, 0, &used, &m), WS_MORE);
	assert_int_equal(ws_decoder_held(&d), 0);
	assert_true(ws_decoder_is_idle(&d));
	/* An error lets go at once. */
	buf_reset(&in);
	add_client_frame(&in, TEXT, "abc", 3);
	assert_int_equal(ws_decode(&d, in.p, in.n, &used, &m), WS_MORE);
	assert_int_equal(ws_decoder_held(&d), 3);
	assert_int_equal(ws_decode(&d, in.p, in.n, &used, &m), WS_ERROR);
	assert_int_equal(ws_decoder_held(&d), 0);
	ws_decoder_fini(&d);
	buf_fini(&in);
	free(text);
}

static void
test_fragment_cap(void **state UNUSED)
{
	struct buf in = { NULL, 0, 0 };
	struct ws_decoder d;
	struct ws_message m;
	enum ws_event event;
	size_t used, n;

	for (n = WS_FRAGMENTS_MAX - 1; n <= WS_FRAGMENTS_MAX + 1; n++) {
		size_t i, at = 0;

		buf_reset(&in);
		add_client_frame(&in, TEXT, "", 0);
		for (i = 2; i < n; i++)
			add_client_frame(&in, CONT, "", 0);
		add_client_frame(&in, FIN | CONT, "", 0);
		ws_decoder_init(&d, MAX_BYTES, false);
		/* The count is each message's own. */
		for (i = 0; i < 2; i++) {
			event = ws_decode(&d, in.p, in.n, &at, &m);
			if (n <= WS_FRAGMENTS_MAX) {
				assert_int_equal(event, WS_MESSAGE);
				continue;
			}
			assert_int_equal(event, WS_ERROR);
			assert_int_equal(m.code, WS_CLOSE_POLICY);
		}
		ws_decoder_fini(&d);
	}
	/* A flood ends at the cap, and nothing is kept of it. */
	ws_decoder_init(&d, MAX_BYTES, false);
	buf_reset(&in);
	add_client_frame(&in, TEXT, "", 0);
	assert_int_equal(ws_decode(&d, in.p, in.n, &used, &m), WS_MORE);
	buf_reset(&in);
	add_client_frame(&in, CONT, "", 0);
	for (n = 1, event = WS_MORE; event == WS_MORE; n++) {
		event = ws_decode(&d, in.p, in.n, &used, &m);
		assert_int_equal(ws_decoder_held(&d), 0);
	}
	assert_int_equal(n, WS_FRAGMENTS_MAX + 1);
	ws_decoder_fini(&d);
	buf_fini(&in);
}

static void
test_error_table(void **state UNUSED)
{
	enum ws_error e, other;

	for (e = WS_ERR_RSV; e < WS_ERR_COUNT; e++) {
		assert_non_null(ws_error_name(e));
		assert_true(ws_error_code(e) >= WS_CLOSE_PROTOCOL);
		for (other = WS_ERR_NONE; other < e; other++)
			assert_string_not_equal(ws_error_name(e),
			    ws_error_name(other));
	}
}

static void
test_encoder(void **state UNUSED)
{
	static const struct {
		size_t		 n;
		const char	*header;
		size_t		 header_n;
	} rows[] = {
		{ 0, "\x81\x00", 2 },
		{ 125, "\x81\x7d", 2 },
		{ 126, "\x81\x7e\x00\x7e", 4 },
		{ 65535, "\x81\x7e\xff\xff", 4 },
		{ 65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10 },
	};
	struct buf b = { NULL, 0, 0 };
	uint8_t header[WS_HEADER_MAX];
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(ws_header(header, WS_OP_TEXT, rows[i].n),
		    rows[i].header_n);
		assert_memory_equal(header, rows[i].header, rows[i].header_n);
	}
	assert_int_equal(ws_header(header, WS_OP_BINARY,
	    (size_t)0x0123456789abcdef), 10);
	assert_memory_equal(header,
	    "\x82\x7f\x01\x23\x45\x67\x89\xab\xcd\xef", 10);
	ws_add_frame(&b, WS_OP_TEXT, "hi", 2);
	ws_add_frame(&b, WS_OP_PONG, NULL, 0);
	ws_add_close(&b, WS_CLOSE_RESTART, "soon");
	ws_add_close(&b, WS_CLOSE_SESSION_ENDED, NULL);
	ws_add_close(&b, WS_CLOSE_NO_STATUS, "not said");
	assert_int_equal(b.n, 4 + 2 + 8 + 4 + 2);
	assert_memory_equal(b.p, "\x81\x02hi" "\x8a\x00" "\x88\x06\x03\xf4soon"
	    "\x88\x02\x11\x31" "\x88\x00", b.n);
	buf_fini(&b);
}

/* A reason that is too long ends before a character, not in it. */
static void
test_long_reason(void **state UNUSED)
{
	char reason[200];
	struct buf b = { NULL, 0, 0 };
	size_t i;

	memset(reason, 'x', sizeof(reason));
	for (i = 122; i + 1 < sizeof(reason); i += 2)
		memcpy(reason + i, "\xc3\xa9", 2);
	reason[sizeof(reason) - 1] = '\0';
	ws_add_close(&b, WS_CLOSE_NORMAL, reason);
	assert_int_equal(b.n, 2 + 2 + 122);
	assert_int_equal(b.p[1], 124);
	buf_reset(&b);
	ws_add_close(&b, WS_CLOSE_NORMAL, reason + 1);
	assert_int_equal(b.n, 2 + 2 + 123);
	buf_fini(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_close_codes),
		cmocka_unit_test(test_text_only),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_fragment_cap),
		cmocka_unit_test(test_error_table),
		cmocka_unit_test(test_encoder),
		cmocka_unit_test(test_long_reason),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

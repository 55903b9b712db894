/*
 * The websocket codec. Called by the server layer's connection after each read
 * and for each frame to send; knows no descriptor and no JSON.
 *
 * The worker reads all clients into one buffer of its own. Nearly every frame
 * lies whole in it and is unmasked and handed out right there; a decoder gets
 * memory only for what a read left unfinished, and gives it back with the
 * message. It grows with what has arrived, never with what was announced, and
 * an announced length over the limit is refused before the first byte of
 * payload. Every check depends only on the bytes before it, so that the
 * outcome is the same however the stream was cut (the fuzzer insists).
 *
 * Not a struct buf: its two size_t would make each idle connection 16 bytes
 * larger, and its doubling could pass the announced length.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "proto/wsframe.h"

#define FIN		0x80
#define RSV		0x70
#define OPCODE		0x0f
#define MASKED		0x80
#define LENGTH		0x7f
#define LENGTH_16	126	/* two bytes of length follow */
#define LENGTH_64	127	/* eight */
#define MASK_BYTES	4

#define HELD_FIRST	64	/* the first allocation, if so much is due */

enum decoder_flags {
	DECODER_TEXT_ONLY = 1,
	DECODER_IN_FRAME = 2,	/* _u.body counts, else _u.head */
	DECODER_HANDED = 4,	/* the last event's data may lie in _buf */
	DECODER_CLOSED = 8,	/* the peer's Close was handed out */
};

/* A frame header taken apart. */
struct head {
	uint8_t		first;
	uint32_t	length;
	uint8_t		mask[MASK_BYTES];
};

enum head_result {
	HEAD_MORE,
	HEAD_BAD,		/* d->_error says what */
	HEAD_DONE,
};

static const struct error {
	enum ws_close_code	 code;
	const char		*name;
} errors[WS_ERR_COUNT] = {
	[WS_ERR_NONE] = { WS_CLOSE_NORMAL, "none" },
	[WS_ERR_RSV] = { WS_CLOSE_PROTOCOL, "rsv" },
	[WS_ERR_OPCODE] = { WS_CLOSE_PROTOCOL, "opcode" },
	[WS_ERR_UNMASKED] = { WS_CLOSE_PROTOCOL, "unmasked" },
	[WS_ERR_LENGTH] = { WS_CLOSE_PROTOCOL, "length" },
	[WS_ERR_CONTROL] = { WS_CLOSE_PROTOCOL, "control" },
	[WS_ERR_SEQUENCE] = { WS_CLOSE_PROTOCOL, "sequence" },
	[WS_ERR_CLOSE_FRAME] = { WS_CLOSE_PROTOCOL, "close_frame" },
	[WS_ERR_BINARY] = { WS_CLOSE_UNSUPPORTED, "binary" },
	[WS_ERR_UTF8] = { WS_CLOSE_INVALID, "utf8" },
	[WS_ERR_TOO_BIG] = { WS_CLOSE_TOO_BIG, "too_big" },
	[WS_ERR_FRAGMENTS] = { WS_CLOSE_POLICY, "fragments" },
};

_Static_assert(sizeof(struct ws_decoder) <= 48,
    "an idle connection pays for every byte");

static void	release(struct ws_decoder *);
static enum head_result take_head(struct ws_decoder *, const char *, size_t,
		    size_t *);
static size_t	parse_head(struct ws_decoder *, const uint8_t *, size_t,
		    struct head *);
static size_t	parse_length(struct ws_decoder *, const uint8_t *, size_t,
		    uint64_t *);
static enum ws_error check_first(const struct ws_decoder *, uint8_t);
static void	begin_frame(struct ws_decoder *, const struct head *);
static enum ws_event take_payload(struct ws_decoder *, char *, size_t,
		    size_t *, struct ws_message *);
static enum ws_event end_data(struct ws_decoder *, struct ws_message *);
static enum ws_event end_control(struct ws_decoder *, struct ws_message *);
static bool	close_code_is_valid(unsigned);
static void	keep(struct ws_decoder *, const char *, size_t);
static void	unmask(char *, size_t, uint8_t [MASK_BYTES]);
static enum ws_event fail(struct ws_decoder *, enum ws_error,
		    struct ws_message *);

static bool
is_control(unsigned first)
{
	return ((first & 0x08) != 0);
}

void
ws_decoder_init(struct ws_decoder *d, uint32_t max_bytes, bool text_only)
{
	ASSERT(max_bytes <= WS_MESSAGE_LIMIT);
	memset(d, 0, sizeof(*d));
	d->_max = max_bytes;
	if (text_only)
		d->_flags = DECODER_TEXT_ONLY;
}

void
ws_decoder_fini(struct ws_decoder *d)
{
	free(d->_buf);
	memset(d, 0, sizeof(*d));
}

bool
ws_decoder_is_idle(const struct ws_decoder *d)
{
	return (d->_head_n == 0 && d->_opcode == 0 &&
	    !(d->_flags & DECODER_IN_FRAME));
}

size_t
ws_decoder_held(const struct ws_decoder *d)
{
	return (d->_buf == NULL ? 0 : d->_cap);
}

enum ws_event
ws_decode(struct ws_decoder *d, char *data, size_t n, size_t *used,
    struct ws_message *out)
{
	enum ws_event event = WS_MORE;

	memset(out, 0, sizeof(*out));
	*used = 0;
	release(d);
	if (d->_error != WS_ERR_NONE || (d->_flags & DECODER_CLOSED)) {
		*used = n;
		return (d->_error == WS_ERR_NONE ? WS_MORE :
		    fail(d, d->_error, out));
	}
	while (event == WS_MORE && *used < n) {
		if (!(d->_flags & DECODER_IN_FRAME)) {
			switch (take_head(d, data, n, used)) {
			case HEAD_MORE:
				return (WS_MORE);
			case HEAD_BAD:
				return (fail(d, d->_error, out));
			case HEAD_DONE:
				break;
			}
		}
		event = take_payload(d, data, n, used, out);
	}
	return (event);
}

/* Forgets what the last call handed out, and the memory if nothing is in it. */
static void
release(struct ws_decoder *d)
{
	if (!(d->_flags & DECODER_HANDED))
		return;
	d->_flags &= (uint8_t)~DECODER_HANDED;
	d->_control_n = 0;
	if (d->_opcode == 0) {
		free(d->_buf);
		d->_buf = NULL;
		d->_n = d->_cap = 0;
	}
}

/* Takes a header, which may begin in an earlier read; *at moves behind it. */
static enum head_result
take_head(struct ws_decoder *d, const char *data, size_t n, size_t *at)
{
	struct head head;
	size_t size = 0;

	if (d->_head_n == 0) {
		size = parse_head(d, (const uint8_t *)data + *at, n - *at,
		    &head);
		*at += size;
	}
	while (size == 0 && d->_error == WS_ERR_NONE && *at < n) {
		d->_u.head[d->_head_n++] = (uint8_t)data[(*at)++];
		size = parse_head(d, d->_u.head, d->_head_n, &head);
	}
	if (d->_error != WS_ERR_NONE)
		return (HEAD_BAD);
	if (size == 0)
		return (HEAD_MORE);
	begin_frame(d, &head);
	return (HEAD_DONE);
}

/*
 * Takes the header at p apart and returns its length; 0 when it is cut, or
 * wrong (then d->_error is set). Checks each byte as soon as it is there.
 */
static size_t
parse_head(struct ws_decoder *d, const uint8_t *p, size_t n, struct head *head)
{
	uint64_t length;
	size_t size;

	if (n < 1)
		return (0);
	if ((d->_error = check_first(d, p[0])) != WS_ERR_NONE || n < 2)
		return (0);
	if (!(p[1] & MASKED))
		d->_error = WS_ERR_UNMASKED;
	else if (is_control(p[0]) && (p[1] & LENGTH) > WS_CONTROL_MAX)
		d->_error = WS_ERR_CONTROL;
	if (d->_error != WS_ERR_NONE ||
	    (size = parse_length(d, p, n, &length)) == 0)
		return (0);
	if (!is_control(p[0]) && length > d->_max - d->_n) {
		d->_error = WS_ERR_TOO_BIG;
		return (0);
	}
	if (n - size < MASK_BYTES)
		return (0);
	head->first = p[0];
	head->length = (uint32_t)length;
	memcpy(head->mask, p + size, MASK_BYTES);
	return (size + MASK_BYTES);
}

/* RFC 6455 section 5.2: the shortest form, most significant bit zero. Returns
 * where the mask begins, or 0 as parse_head(). */
static size_t
parse_length(struct ws_decoder *d, const uint8_t *p, size_t n,
    uint64_t *length)
{
	unsigned form = p[1] & LENGTH;
	size_t size = form < LENGTH_16 ? 2 : form == LENGTH_16 ? 4 : 10, i;

	*length = form;
	if (form < LENGTH_16)
		return (size);
	if (n < size)
		return (0);
	*length = 0;
	for (i = 2; i < size; i++)
		*length = *length << 8 | p[i];
	if (form == LENGTH_16 ? *length < LENGTH_16 :
	    *length <= UINT16_MAX || *length > INT64_MAX) {
		d->_error = WS_ERR_LENGTH;
		return (0);
	}
	return (size);
}

/* What the first byte of a frame can be wrong with. */
static enum ws_error
check_first(const struct ws_decoder *d, uint8_t first)
{
	if (first & RSV)
		return (WS_ERR_RSV);
	switch (first & OPCODE) {
	case WS_OP_CONTINUATION:
		if (d->_opcode == 0)
			return (WS_ERR_SEQUENCE);
		return (d->_fragments < WS_FRAGMENTS_MAX ? WS_ERR_NONE :
		    WS_ERR_FRAGMENTS);
	case WS_OP_TEXT:
	case WS_OP_BINARY:
		if (d->_opcode != 0)
			return (WS_ERR_SEQUENCE);
		return ((first & OPCODE) == WS_OP_BINARY &&
		    (d->_flags & DECODER_TEXT_ONLY) ? WS_ERR_BINARY :
		    WS_ERR_NONE);
	case WS_OP_CLOSE:
	case WS_OP_PING:
	case WS_OP_PONG:
		return (first & FIN ? WS_ERR_NONE : WS_ERR_CONTROL);
	default:
		return (WS_ERR_OPCODE);
	}
}

static void
begin_frame(struct ws_decoder *d, const struct head *head)
{
	d->_head_n = 0;
	d->_flags |= DECODER_IN_FRAME;
	d->_first = head->first;
	d->_u.body.left = head->length;
	memcpy(d->_u.body.mask, head->mask, MASK_BYTES);
	if (is_control(head->first))
		return;
	if ((head->first & OPCODE) != WS_OP_CONTINUATION) {
		d->_opcode = head->first & OPCODE;
		d->_fragments = 0;
		memset(&d->_utf8, 0, sizeof(d->_utf8));
	}
	d->_fragments++;
}

/* Takes what is there of the present frame's payload; *at moves behind it. */
static enum ws_event
take_payload(struct ws_decoder *d, char *data, size_t n, size_t *at,
    struct ws_message *out)
{
	bool control = is_control(d->_first);
	uint32_t kept = control ? d->_control_n : d->_n;
	size_t k = d->_u.body.left;
	char *p = data + *at;
	bool whole;

	if (k > n - *at)
		k = n - *at;
	unmask(p, k, d->_u.body.mask);
	*at += k;
	d->_u.body.left -= (uint32_t)k;
	if (!control && d->_opcode == WS_OP_TEXT && !utf8_feed(&d->_utf8, p, k))
		return (fail(d, WS_ERR_UTF8, out));
	/* Whole and at hand: stays where it is. */
	whole = kept == 0 && d->_u.body.left == 0 && (d->_first & FIN);
	if (!whole)
		keep(d, p, k);
	if (d->_u.body.left != 0)
		return (WS_MORE);
	d->_flags &= (uint8_t)~DECODER_IN_FRAME;
	if (!(d->_first & FIN))
		return (WS_MORE);
	if (whole)
		out->data = (struct slice){ p, k };
	else if (control)
		out->data = (struct slice){ d->_buf + d->_n, d->_control_n };
	else
		out->data = (struct slice){ d->_buf, d->_n };
	return (control ? end_control(d, out) : end_data(d, out));
}

/* A message is complete; out->data is its payload. */
static enum ws_event
end_data(struct ws_decoder *d, struct ws_message *out)
{
	if (d->_opcode == WS_OP_TEXT && !utf8_is_complete(&d->_utf8))
		return (fail(d, WS_ERR_UTF8, out));
	out->opcode = d->_opcode;
	d->_opcode = 0;
	d->_flags |= DECODER_HANDED;
	return (WS_MESSAGE);
}

/* A control frame is complete; out->data is its payload. */
static enum ws_event
end_control(struct ws_decoder *d, struct ws_message *out)
{
	const uint8_t *p = (const uint8_t *)out->data.p;
	unsigned code;

	d->_flags |= DECODER_HANDED;
	out->opcode = d->_first & OPCODE;
	if (out->opcode == WS_OP_PING)
		return (WS_PING);
	if (out->opcode == WS_OP_PONG)
		return (WS_PONG);
	/* RFC 6455 section 5.5.1: empty, or a code and a reason. */
	if (out->data.n == 1)
		return (fail(d, WS_ERR_CLOSE_FRAME, out));
	out->code = WS_CLOSE_NO_STATUS;
	if (out->data.n != 0) {
		code = (unsigned)p[0] << 8 | p[1];
		out->data.p += 2;
		out->data.n -= 2;
		if (!utf8_is_valid(out->data.p, out->data.n))
			return (fail(d, WS_ERR_UTF8, out));
		if (!close_code_is_valid(code))
			return (fail(d, WS_ERR_CLOSE_FRAME, out));
		out->code = code;
	}
	d->_flags |= DECODER_CLOSED;
	d->_opcode = 0;		/* a message begun before is void */
	return (WS_CLOSE);
}

/* What a client may send: RFC 6455 section 7.4 and the codes registered since;
 * 1004 to 1006 and 1015 are never sent. */
static bool
close_code_is_valid(unsigned code)
{
	return ((code >= 1000 && code <= 1003) ||
	    (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999));
}

/*
 * Appends payload to what is kept. Grows by doubling, but not beyond what the
 * present frame can still bring.
 */
static void
keep(struct ws_decoder *d, const char *p, size_t k)
{
	uint32_t n = d->_n + d->_control_n, need = n + (uint32_t)k, cap;

	if (need > d->_cap) {
		cap = d->_cap == 0 ? HELD_FIRST : 2 * d->_cap;
		if (cap > need + d->_u.body.left)
			cap = need + d->_u.body.left;
		if (cap < need)
			cap = need;
		d->_buf = xreallocarray(d->_buf, cap, 1);
		d->_cap = cap;
	}
	if (k != 0)
		memcpy(d->_buf + n, p, k);
	if (is_control(d->_first))
		d->_control_n += (uint8_t)k;
	else
		d->_n = need;
}

/* XORs n bytes, and turns the mask so that it fits the byte after them. */
static void
unmask(char *p, size_t n, uint8_t mask[MASK_BYTES])
{
	uint8_t twice[2 * MASK_BYTES];
	uint64_t word, key;
	size_t i = 0;

	memcpy(twice, mask, MASK_BYTES);
	memcpy(twice + MASK_BYTES, mask, MASK_BYTES);
	memcpy(&key, twice, sizeof(key));
	for (; n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		word ^= key;
		memcpy(p + i, &word, sizeof(word));
	}
	for (; i < n; i++)
		p[i] = (char)((uint8_t)p[i] ^ twice[i % MASK_BYTES]);
	memcpy(mask, twice + n % MASK_BYTES, MASK_BYTES);
}

/* The one way into an error: nothing is kept, nothing is decoded any more. */
static enum ws_event
fail(struct ws_decoder *d, enum ws_error error, struct ws_message *out)
{
	free(d->_buf);
	d->_buf = NULL;
	d->_n = d->_cap = 0;
	d->_control_n = 0;
	d->_error = (uint8_t)error;
	memset(out, 0, sizeof(*out));
	out->error = error;
	out->code = ws_error_code(error);
	return (WS_ERROR);
}

enum ws_close_code
ws_error_code(enum ws_error error)
{
	return (errors[error].code);
}

const char *
ws_error_name(enum ws_error error)
{
	return (errors[error].name);
}

size_t
ws_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, size_t n)
{
	size_t size, i;

	out[0] = (uint8_t)(FIN | opcode);
	if (n < LENGTH_16) {
		out[1] = (uint8_t)n;
		return (2);
	}
	size = n <= UINT16_MAX ? 4 : WS_HEADER_MAX;
	out[1] = n <= UINT16_MAX ? LENGTH_16 : LENGTH_64;
	for (i = size - 1; i >= 2; i--) {
		out[i] = (uint8_t)(n & 0xff);
		n >>= 8;
	}
	return (size);
}

void
ws_add_frame(struct buf *b, enum ws_opcode opcode, const void *p, size_t n)
{
	uint8_t header[WS_HEADER_MAX];

	ASSERT(!is_control(opcode) || n <= WS_CONTROL_MAX);
	buf_add(b, header, ws_header(header, opcode, n));
	buf_add(b, p, n);
}

void
ws_add_close(struct buf *b, enum ws_close_code code, const char *reason)
{
	char payload[WS_CONTROL_MAX];
	size_t n = 0, k;

	if (code != WS_CLOSE_NO_STATUS) {
		payload[n++] = (char)(code >> 8);
		payload[n++] = (char)(code & 0xff);
		while (reason != NULL && *reason != '\0') {
			k = utf8_sequence(reason, strlen(reason));
			if (k == 0 || k > sizeof(payload) - n)
				break;
			memcpy(payload + n, reason, k);
			n += k;
			reason += k;
		}
	}
	ws_add_frame(b, WS_OP_CLOSE, payload, n);
}

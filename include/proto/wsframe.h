/*
 * The websocket codec, RFC 6455 sections 5 to 8, server side, no extensions.
 * The decoder takes what was read from a client, in whatever pieces, and hands
 * out messages and control frames; the encoder writes server frames. The only
 * place that knows close codes. Any thread, one decoder not shared.
 */
#ifndef COLLABD_PROTO_WSFRAME_H
#define COLLABD_PROTO_WSFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"
#include "base/utf8.h"

/* RFC 6455 section 7.4.1 and its registry; 44xx are collabd's. */
enum ws_close_code {
	WS_CLOSE_NORMAL		= 1000,
	WS_CLOSE_GOING_AWAY	= 1001,
	WS_CLOSE_PROTOCOL	= 1002,
	WS_CLOSE_UNSUPPORTED	= 1003,	/* binary, where text is due */
	WS_CLOSE_NO_STATUS	= 1005,	/* a Close without a code; never sent */
	WS_CLOSE_INVALID	= 1007,	/* text that is not UTF-8 */
	WS_CLOSE_POLICY		= 1008,	/* over a rate limit */
	WS_CLOSE_TOO_BIG	= 1009,
	WS_CLOSE_INTERNAL	= 1011,
	WS_CLOSE_RESTART	= 1012,
	WS_CLOSE_TRY_LATER	= 1013,	/* overloaded, or a slow reader */
	WS_CLOSE_SESSION_ENDED	= 4401,	/* logged out, or a right was lost */
	WS_CLOSE_UNVERIFIED	= 4503,	/* whether it has ended is not known */
};

enum ws_opcode {
	WS_OP_CONTINUATION	= 0x0,
	WS_OP_TEXT		= 0x1,
	WS_OP_BINARY		= 0x2,
	WS_OP_CLOSE		= 0x8,
	WS_OP_PING		= 0x9,
	WS_OP_PONG		= 0xa,
};

enum ws_event {
	WS_MORE,		/* all bytes taken, nothing to hand out */
	WS_MESSAGE,		/* text or binary: opcode, data */
	WS_PING,		/* data: to be sent back in a pong */
	WS_PONG,		/* data */
	WS_CLOSE,		/* code, data: the reason; the last event */
	WS_ERROR,		/* error, code: close with it; for good */
};

/* What a client did wrong, for the metrics. */
enum ws_error {
	WS_ERR_NONE,
	WS_ERR_RSV,		/* an extension's bit; none was negotiated */
	WS_ERR_OPCODE,		/* reserved */
	WS_ERR_UNMASKED,
	WS_ERR_LENGTH,		/* not the shortest form, or the top bit */
	WS_ERR_CONTROL,		/* over 125 bytes, or fragmented */
	WS_ERR_SEQUENCE,	/* continuation of nothing, or none where due */
	WS_ERR_CLOSE_FRAME,	/* one byte long, or a code not to be sent */
	WS_ERR_BINARY,
	WS_ERR_UTF8,
	WS_ERR_TOO_BIG,
	WS_ERR_FRAGMENTS,	/* too many in one message */
	WS_ERR_COUNT,
};

/*
 * A message of more fragments is refused: browsers send one, and without a
 * bound empty fragments would keep a message unfinished for ever.
 */
#define WS_FRAGMENTS_MAX	32

/* RFC 6455 section 5.5: the payload of a control frame. */
#define WS_CONTROL_MAX		125

/* The largest max_bytes that a decoder takes. */
#define WS_MESSAGE_LIMIT	(1U << 30)

/*
 * A decoder, embedded in the connection. Private. _buf is NULL whenever no
 * message or frame is unfinished, so an idle connection costs these bytes only.
 */
struct ws_decoder {
	char		*_buf;		/* payload kept from earlier reads */
	uint32_t	 _n;		/* bytes of the message in it */
	uint32_t	 _cap;
	uint32_t	 _max;		/* bytes of a message */
	union {
		uint8_t		 head[14];	/* while a header is cut */
		struct {
			uint32_t left;		/* bytes still to come */
			uint8_t	 mask[4];	/* turned to the next byte */
		}		 body;		/* inside a frame */
	}		 _u;
	struct utf8_state _utf8;	/* of the message, if text */
	uint8_t		 _head_n;	/* bytes in head */
	uint8_t		 _first;	/* first byte of the present frame */
	uint8_t		 _opcode;	/* of the unfinished message, else 0 */
	uint8_t		 _fragments;	/* of it */
	uint8_t		 _control_n;	/* control payload behind _n bytes */
	uint8_t		 _flags;
	uint8_t		 _error;	/* enum ws_error, sticks */
};

/* What ws_decode() hands out. */
struct ws_message {
	enum ws_opcode		opcode;
	struct slice		data;	/* unmasked; text is valid UTF-8 */
	enum ws_close_code	code;	/* WS_CLOSE: theirs; WS_ERROR: ours */
	enum ws_error		error;
};

/* max_bytes: the largest message; text_only: a binary frame is an error. */
void	ws_decoder_init(struct ws_decoder *d, uint32_t max_bytes,
	    bool text_only);
void	ws_decoder_fini(struct ws_decoder *d);
/* Whether no frame and no message is unfinished. */
bool	ws_decoder_is_idle(const struct ws_decoder *d);
/* Heap bytes held: at most twice what arrived of the unfinished message (and
 * 64), and never more than was announced. */
size_t	ws_decoder_held(const struct ws_decoder *d);

/*
 * Takes bytes from data (n of them, which it unmasks in place) up to the next
 * event. *used is how many it took; the caller calls again with the rest until
 * WS_MORE, which takes all. A payload that lies whole in data is handed out
 * where it is; only what is unfinished at the end is copied into the decoder.
 * out->data is valid until the next call for the same decoder and until the
 * caller reuses data. What is handed out does not depend on how the stream
 * was cut. After WS_CLOSE everything is dropped (section 1.4), after WS_ERROR
 * each call returns the same error.
 */
enum ws_event ws_decode(struct ws_decoder *d, char *data, size_t n,
	    size_t *used, struct ws_message *out) MUSTCHECK;

/* The code to close with, and a label in lower case for the metrics. */
enum ws_close_code ws_error_code(enum ws_error error);
const char *ws_error_name(enum ws_error error);

/* The largest header of a server frame. */
#define WS_HEADER_MAX	10

/* Writes the header of an unfragmented server frame and returns its length. */
size_t	ws_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, size_t n);
void	ws_add_frame(struct buf *b, enum ws_opcode opcode, const void *p,
	    size_t n);
/* reason: UTF-8, or NULL; cut at a character when over 123 bytes.
 * WS_CLOSE_NO_STATUS makes an empty Close, to answer one. */
void	ws_add_close(struct buf *b, enum ws_close_code code,
	    const char *reason);

#endif

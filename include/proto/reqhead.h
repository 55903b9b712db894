/*
 * The head of an HTTP/1.1 request (RFC 9112), read strictly: what two readers
 * could understand differently is refused. Owns nothing: struct reqhead holds
 * slices of the caller's bytes and is valid as long as these stay where they
 * are. No allocation. Any thread.
 */
#ifndef COLLABD_PROTO_REQHEAD_H
#define COLLABD_PROTO_REQHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/slice.h"

/* Above what browsers and proxies send (Apache and nginx refuse 8 KiB lines),
 * below what would hurt when thousands of connections are half open. */
#define REQHEAD_BYTES_MAX	16384	/* the whole head, last CRLF included */
#define REQHEAD_LINE_MAX	8192	/* one line, without its CRLF */
#define REQHEAD_HEADERS_MAX	100

/* What is left in content_length when there is no such header. */
#define REQHEAD_NO_LENGTH	(-1)

/*
 * An absent header's slice has p == NULL; a present one is without the white
 * space around it and may be empty. Headers that may come once only, in RFC or
 * by our decision (Host, Cookie, Content-Length, Transfer-Encoding,
 * Sec-WebSocket-Key, Sec-WebSocket-Version), are refused with 400 when doubled.
 * Of the others the last line is kept: for Origin that is what channels takes
 * (n_origins tells the strict check that there were more), and in
 * X-Forwarded-For the last address of the last line is the one that the nearest
 * proxy wrote. Lists that may be spread over several lines are to be read by
 * reqhead_has_token().
 */
struct reqhead {
	struct slice	method;
	struct slice	target;		/* path and query, begins with "/" */
	struct slice	path;		/* target up to the first "?" */
	int		minor;		/* of HTTP/1.minor */
	struct slice	headers;	/* all header lines, as they came */
	struct slice	host;		/* never empty with HTTP/1.1 */
	struct slice	origin;
	struct slice	cookie;
	struct slice	upgrade;
	struct slice	connection;
	struct slice	ws_version;
	struct slice	ws_key;
	struct slice	ws_protocol;
	struct slice	forwarded_for;
	struct slice	forwarded_proto;
	struct slice	transfer_encoding;
	int64_t		content_length;	/* bytes, or REQHEAD_NO_LENGTH */
	unsigned	n_origins;
	unsigned	n_cookies;	/* 0 or 1 */
};

/*
 * Where a scan of a growing buffer stands, so that each byte is looked at once
 * however small the pieces are. Zeroed is the start.
 */
struct reqhead_scan {
	uint32_t	_at;		/* bytes seen */
	uint32_t	_line;		/* where the present line began */
	uint16_t	_n_lines;	/* lines completed */
	uint8_t		_cr;		/* a CR waits for its LF */
};

/*
 * Reads the head at the start of n bytes. Returns 0 when it is complete (*out
 * is filled, *used is its length: what follows is the body or the next
 * protocol), -1 when more must come (which can only be while the limits above
 * are kept), else the HTTP status of the refusal: 400 malformed, 414 request
 * line too long, 431 head too large, 505 not HTTP/1. *out and *used are
 * defined only with 0. Bytes that can be in no head (control characters, a CR
 * or LF alone) are refused at once, the rest when the head is complete; the
 * outcome does not depend on how the bytes were cut.
 *
 * This form looks at all bytes each time; with a buffer that grows byte by byte
 * that is up to REQHEAD_BYTES_MAX squared / 2 steps for a head.
 */
int	reqhead_parse(const char *p, size_t n, size_t *used,
	    struct reqhead *out) MUSTCHECK;
/*
 * The same, linear for a growing buffer: *scan is zeroed by the caller before
 * the first call, and each call passes the same bytes with more behind them
 * (they may have moved). Not to be called again after it returned 0 or a
 * status.
 */
int	reqhead_parse_more(struct reqhead_scan *scan, const char *p, size_t n,
	    size_t *used, struct reqhead *out) MUSTCHECK;

/*
 * Whether the comma-separated list made of all headers of that name (case
 * ignored) has the token. Tokens are compared with case ignored or not.
 */
bool	reqhead_has_token(const struct reqhead *head, const char *name,
	    const char *token, bool ignore_case);
/*
 * Goes over the headers of that name (case ignored), in their order: false when
 * there is none any more, else *value is the next one's value. *rest is
 * head->headers before the first call.
 */
bool	reqhead_next(struct slice *rest, const char *name,
	    struct slice *value) MUSTCHECK;
/* s without spaces and tabs at its ends. */
struct slice reqhead_trim(struct slice s);
/* Cuts the list's next item off at its comma, trimmed; false at the end of the
 * list, whose p is NULL then. An item may be empty. Knows no quotes. */
bool	reqhead_next_item(struct slice *list, struct slice *item) MUSTCHECK;

#endif

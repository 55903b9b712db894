/*
 * HTTP answers that end the connection: refusals of a handshake, health,
 * metrics, the client's files. Owns the status texts. Any thread.
 */
#ifndef COLLABD_PROTO_HTTP_H
#define COLLABD_PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "proto/reqhead.h"

/* What a 503 asks for; the browser's client has its own, jittered, delay. */
#define HTTP_RETRY_AFTER_SEC	2

/* The reason phrase of a status that we send; "Error" for any other. */
const char *http_status_text(int status);

/*
 * Appends a whole HTTP/1.1 response with Content-Length, Connection: close,
 * Cache-Control: no-store, and what the status asks for: Allow (405), Upgrade
 * and Sec-WebSocket-Version (426, RFC 6455 section 4.4), Retry-After (503).
 * extra_headers is NULL or lines that each end in CRLF; like content_type
 * (NULL: none) it is ours, never a peer's bytes. body may be NULL when n is 0.
 * head_only leaves the body out and keeps its length, for HEAD.
 */
void	http_response_add(struct buf *b, int status, const char *extra_headers,
	    const char *content_type, const char *body, size_t n,
	    bool head_only);

/* For a response that has no body and says nothing of one: 204, 304. */
#define HTTP_NO_LENGTH	((size_t)-1)

/*
 * The same as a head alone, up to its empty line: the body is sent by the
 * caller. cache_control NULL is no-store. length is in bytes, or
 * HTTP_NO_LENGTH.
 */
void	http_head_add(struct buf *b, int status, const char *cache_control,
	    const char *extra_headers, const char *content_type,
	    size_t length);

/*
 * Whether the request's Accept-Encoding lines want gzip (RFC 9110 section
 * 12.5.3): by its name or by "*", not with q=0, and not less than identity.
 * False when there is no such line, or none that names either.
 */
bool	http_accepts_gzip(const struct reqhead *head);
/*
 * Whether the request's If-None-Match lines name etag, or anything by "*"
 * (RFC 9110 section 13.1.2), so that the answer to GET and HEAD is 304. etag is
 * with its quotes and strong; the comparison is the weak one.
 */
bool	http_none_match(const struct reqhead *head, const char *etag);

/*
 * Which of n languages (codes such as "de", the first is the default) the
 * request's Accept-Language lines want most (RFC 9110 section 12.5.4): by the
 * first subtag, of equal weights the first named. 0 if none is named.
 */
size_t	http_pick_language(const struct reqhead *head,
	    const char *const *codes, size_t n);

#endif

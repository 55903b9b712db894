/*
 * RESP2, the protocol of Redis: commands out, replies in. Knows no
 * connection. A reader owns the bytes of a reply that is not complete; a value
 * is owned by who took it and given back to resp_value_free().
 *
 * Bounds, since what Redis sends is input: a reply may take RESP_REPLY_MAX
 * bytes, an array RESP_ARRAY_MAX elements, arrays RESP_DEPTH_MAX levels. Past
 * them the reader is broken and the connection has to be closed. Any thread,
 * one reader not shared.
 */
#ifndef COLLABD_STORE_RESP_H
#define COLLABD_STORE_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"

#define RESP_REPLY_MAX	(32 << 20)	/* a room of 50,000 members fits */
#define RESP_ARRAY_MAX	(1 << 20)
#define RESP_DEPTH_MAX	8		/* as hiredis 0.14 has it */

/*
 * A command is an array header with the number of arguments, then each as a
 * bulk string, so that any byte may stand in a key or value.
 */
void	resp_add_header(struct buf *b, size_t n_args);
void	resp_add_bulk(struct buf *b, const void *p, size_t n);
/* What stands before n bytes, for a caller who puts them together itself; a
 * CRLF belongs behind them. */
void	resp_add_bulk_header(struct buf *b, size_t n);
void	resp_add_str(struct buf *b, const char *s);
void	resp_add_slice(struct buf *b, struct slice s);
void	resp_add_int(struct buf *b, int64_t v);

enum resp_type {
	RESP_NIL,
	RESP_STATUS,
	RESP_ERROR,
	RESP_STRING,
	RESP_INTEGER,
	RESP_ARRAY,
};

struct resp_value {
	enum resp_type		  type;
	int64_t			  integer;	/* RESP_INTEGER */
	struct slice		  text;		/* STATUS, ERROR, STRING; has a
						 * NUL behind it */
	struct resp_value	**items;	/* RESP_ARRAY; none is NULL in a
						 * complete value */
	size_t			  n;
};

struct resp_reader;

struct resp_reader *resp_reader_new(void) MUSTCHECK;
void	resp_reader_free(struct resp_reader *r);
/* Takes n more bytes. False when the reader is broken. */
bool	resp_reader_feed(struct resp_reader *r, const void *p, size_t n)
	    MUSTCHECK;
/* The next complete value, or *out = NULL. False when the reader is broken:
 * not RESP2, or past a bound. */
bool	resp_reader_next(struct resp_reader *r, struct resp_value **out)
	    MUSTCHECK;
/* Why the reader is broken; a static or reader-owned text. */
const char *resp_reader_error(const struct resp_reader *r);

void	resp_value_free(struct resp_value *v);
/* The i-th element of an array, or a RESP_NIL value; never NULL. */
const struct resp_value *resp_at(const struct resp_value *v, size_t i);
/* The text of a string or status; absent for any other type. */
struct slice resp_text(const struct resp_value *v);
/* Whether v is an error that starts with this word ("NOSCRIPT"). */
bool	resp_is_error(const struct resp_value *v, const char *word);

#endif

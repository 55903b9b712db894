/*
 * A growable byte buffer. The struct is embedded by value; buf_fini() frees
 * its memory. A zeroed struct is an empty buffer. Any thread, not shared.
 */
#ifndef COLLABD_BASE_BUF_H
#define COLLABD_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"

struct buf {
	char	*p;	/* NULL until something was added */
	size_t	 n;	/* bytes in use */
	size_t	 cap;	/* bytes allocated */
};

void	 buf_fini(struct buf *b);
/* Forgets the contents and keeps the memory. */
void	 buf_reset(struct buf *b);
void	 buf_add(struct buf *b, const void *p, size_t n);
void	 buf_add_str(struct buf *b, const char *s);
void	 buf_add_char(struct buf *b, char c);
/* In decimal; what printf(3) takes ten times as long for. */
void	 buf_add_int(struct buf *b, int64_t n);
void	 buf_addf(struct buf *b, const char *fmt, ...) PRINTFLIKE(2, 3);
/* Makes room for n more bytes and returns where they go; the caller adds what
 * it wrote to b->n. */
char	*buf_reserve(struct buf *b, size_t n);
/* Drops the first n bytes (n <= b->n). */
void	 buf_drain(struct buf *b, size_t n);
/* NUL-terminates (the NUL is not counted) and returns the text; valid until
 * the next call. */
const char *buf_str(struct buf *b);
/* Gives the NUL-terminated memory away to the caller, who frees it; the buffer
 * is empty afterwards. */
char	*buf_steal(struct buf *b) MUSTCHECK;

#endif

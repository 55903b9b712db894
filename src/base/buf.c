/*
 * A growable byte buffer. Grows by doubling, so that adding is amortised
 * constant; never shrinks by itself.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xmalloc.h"

#define BUF_FIRST	64	/* most frames and keys are shorter */

void
buf_fini(struct buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
}

char *
buf_reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap == 0 ? BUF_FIRST : b->cap;

	if (n > SIZE_MAX / 4 || b->n > SIZE_MAX / 4)
		log_fatal("buffer of absurd size");
	while (cap - b->n < n)
		cap *= 2;
	if (cap != b->cap) {
		b->p = xreallocarray(b->p, cap, 1);
		b->cap = cap;
	}
	return (b->p + b->n);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), p, n);
	b->n += n;
}

void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_add_char(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->n++;
}

void
buf_add_int(struct buf *b, int64_t n)
{
	char text[20];		/* the digits of INT64_MIN and its sign */
	size_t i = sizeof(text);
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do {
		text[--i] = (char)('0' + left % 10);
		left /= 10;
	} while (left != 0);
	if (n < 0)
		text[--i] = '-';
	buf_add(b, text + i, sizeof(text) - i);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_fatal("bad format");
	(void)buf_reserve(b, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void
buf_drain(struct buf *b, size_t n)
{
	ASSERT(n <= b->n);
	b->n -= n;
	if (b->n != 0)
		memmove(b->p, b->p + n, b->n);
}

const char *
buf_str(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return (b->p);
}

char *
buf_steal(struct buf *b)
{
	char *p;

	(void)buf_str(b);
	p = b->p;
	memset(b, 0, sizeof(*b));
	return (p);
}

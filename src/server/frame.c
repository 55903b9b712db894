/*
 * Encoded frames. Header and payload lie in one piece, so that a queue entry
 * is one iovec; the piece is behind the struct unless it is borrowed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "proto/wsframe.h"
#include "server/frame.h"

static struct frame *
alloc(size_t n)
{
	struct frame *f = xmalloc(sizeof(*f) + n);

	f->refs = 1;
	f->n = n;
	f->p = f->_bytes;
	return (f);
}

struct frame *
frame_new(int opcode, struct slice payload)
{
	uint8_t header[WS_HEADER_MAX];
	size_t n = ws_header(header, (enum ws_opcode)opcode, payload.n);
	struct frame *f = alloc(n + payload.n);

	memcpy(f->_bytes, header, n);
	if (payload.n != 0)
		memcpy(f->_bytes + n, payload.p, payload.n);
	return (f);
}

struct frame *
frame_new_raw(struct slice bytes)
{
	struct frame *f = alloc(bytes.n);

	if (bytes.n != 0)
		memcpy(f->_bytes, bytes.p, bytes.n);
	return (f);
}

struct frame *
frame_new_borrowed(struct slice bytes)
{
	struct frame *f = alloc(0);

	f->p = bytes.p;
	f->n = bytes.n;
	return (f);
}

struct frame *
frame_get(struct frame *f)
{
	ASSERT(f->refs > 0);
	f->refs++;
	return (f);
}

void
frame_put(struct frame *f)
{
	ASSERT(f->refs > 0);
	if (--f->refs == 0)
		free(f);
}

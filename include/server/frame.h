/*
 * An encoded websocket frame, made once and counted: a broadcast is one frame
 * in many queues. Whoever holds a reference gives it back with frame_put().
 * Loop thread only.
 */
#ifndef COLLABD_SERVER_FRAME_H
#define COLLABD_SERVER_FRAME_H

#include <stddef.h>

#include "base/compat.h"
#include "base/slice.h"

struct frame {
	unsigned	refs;
	size_t		n;	/* bytes, header included */
	const char	*p;	/* _bytes, or what was borrowed */
	char		_bytes[];
};

/* A frame with one reference, the caller's. opcode: 1 text, 2 binary, ... */
struct frame *frame_new(int opcode, struct slice payload) MUSTCHECK;
/* The same from bytes that are sent as they are (an HTTP response). */
struct frame *frame_new_raw(struct slice bytes) MUSTCHECK;
/* The same without a copy: the bytes outlive the frame. */
struct frame *frame_new_borrowed(struct slice bytes) MUSTCHECK;
struct frame *frame_get(struct frame *frame);
void	frame_put(struct frame *frame);

#endif

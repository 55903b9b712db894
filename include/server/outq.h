/*
 * What waits to be written to one connection: a queue of counted frames, and
 * how far the first one has been written. Owns a reference to each frame.
 * Exists only while something waits (an idle connection has none). Loop thread
 * only; nothing calls back.
 */
#ifndef COLLABD_SERVER_OUTQ_H
#define COLLABD_SERVER_OUTQ_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "server/frame.h"

struct outq;

/* Adds a frame, taking the caller's reference over. *q may be NULL (empty) and
 * is made then. */
void	outq_add(struct outq **q, struct frame *frame);
/*
 * Writes once, as much as the kernel takes of the first frames. Returns what
 * sendmsg(2) returned: bytes, or -1 with errno. Frees the queue, and sets *q to
 * NULL, when it is empty.
 */
ssize_t	outq_write(struct outq **q, int fd) MUSTCHECK;
/* Forgets all frames but one that is half written. */
void	outq_drop(struct outq **q);
/* Forgets everything; sets *q to NULL, which it may be before. */
void	outq_free(struct outq **q);
/* Bytes that wait; 0 for NULL. */
size_t	outq_bytes(const struct outq *q);
/* Since when the first frame waits, or was last written on; clock_mono_ms(). */
int64_t	outq_since_ms(const struct outq *q);

#endif

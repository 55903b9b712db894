/*
 * The bare fan-out loop: a process that accepts plain sockets, and for each
 * frame of a member writes fixed bytes to every member of its room. No
 * parsing, no rules, no store: what is left is the cost of the sockets.
 */
#ifndef COLLABD_BENCH_BARE_H
#define COLLABD_BENCH_BARE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct bare_server;

/*
 * Forks the server. It answers a request for "/<room>" with a 101, counts
 * every in_bytes bytes of a member as a frame, and writes out to the room for
 * each: one send a frame and member, or, with batch, one send for all frames
 * that a single read brought.
 */
struct bare_server *bare_start(size_t rooms, size_t in_bytes,
	    const struct buf *out, bool batch);
int	bare_port(const struct bare_server *s);
void	bare_stop(struct bare_server *s);

#endif

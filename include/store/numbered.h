/*
 * Numbers as Redis holds them for us, each in the one way that we write it; and
 * a text behind one, "12 {...}": a save (its number in the log) and who edits an
 * object (the milliseconds until which it holds), of which the scripts read the
 * number and know nothing of the text. Pure; any thread.
 */
#ifndef COLLABD_STORE_NUMBERED_H
#define COLLABD_STORE_NUMBERED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"

/* Appends the number, a blank and the text. */
void	numbered_add(struct buf *b, int64_t number, struct slice text);
/*
 * Takes apart what numbered_add() makes of a number that is not negative (the
 * scripts read no sign either); *text is borrowed from value. False, and *text
 * absent, for anything else and for an absent value.
 */
bool	numbered_parse(struct slice value, int64_t *number,
	    struct slice *text) MUSTCHECK;
/* An epoch: 16 lower-case hex digits, not all 0. */
bool	numbered_parse_epoch(struct slice text, uint64_t *out) MUSTCHECK;
/* A place in the order of all that ever happened in a room: stamp() in
 * lua/common.lua. An epoch of spaces is 0. */
bool	numbered_parse_stamp(struct slice text, uint64_t *epoch,
	    uint64_t *seq) MUSTCHECK;
/* A number of 1 to 15 decimal digits, what Lua holds exactly; written in the
 * one shortest way. */
bool	numbered_parse_count(struct slice text, uint64_t *out) MUSTCHECK;

#endif

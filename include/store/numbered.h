/*
 * A text behind a number, "12 {...}", as Redis holds a save (its number in the
 * log) and who edits an object (the milliseconds until which it holds). The
 * scripts read the number and know nothing of the text. Pure; any thread.
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

#endif

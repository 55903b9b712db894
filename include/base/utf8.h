/*
 * UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing
 * above U+10FFFF. The only place that knows. Pure; any thread.
 */
#ifndef COLLABD_BASE_UTF8_H
#define COLLABD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length (1 to 4) of the valid sequence at the start of n bytes, or 0. */
size_t	utf8_sequence(const char *p, size_t n);
/* Whether all n bytes are valid. */
bool	utf8_is_valid(const char *p, size_t n);
/* How many of n bytes to keep so that they are max at most and no character is
 * cut in two. (Of what is not UTF-8, anything up to max.) */
size_t	utf8_cut(const char *p, size_t n, size_t max);

/*
 * Incremental checking, for text that arrives in pieces (RFC 6455 section 8.1
 * wants an invalid message refused; a code point may be split between frames).
 * A zeroed state is the start.
 */
struct utf8_state {
	uint8_t	need;	/* continuation bytes that must still come */
	uint8_t	low;	/* bounds of the next one */
	uint8_t	high;
};
/* False at the first byte that cannot be part of valid text. */
bool	utf8_feed(struct utf8_state *state, const char *p, size_t n);
/* Whether the text may end here. */
bool	utf8_is_complete(const struct utf8_state *state);

#endif

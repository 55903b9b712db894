/*
 * The text encodings that Django's signing uses: base64 in both alphabets and
 * numbers in base 62. Strict where Python is lenient: an illegal character is
 * an error here and is skipped there. Pure; any thread.
 */
#ifndef COLLABD_DJANGO_ENCODING_H
#define COLLABD_DJANGO_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"

/*
 * Appends the bytes of URL-safe base64 without padding. Unused low bits of the
 * last character need not be zero. False, with out as it was, on any other
 * character or an impossible length.
 */
bool	encoding_base64url_decode(struct slice text, struct buf *out) MUSTCHECK;
/* The same for the standard alphabet, padded to a multiple of four. */
bool	encoding_base64_decode(struct slice text, struct buf *out) MUSTCHECK;
/* Writes URL-safe base64 of n bytes without padding and a NUL into out, which
 * has room for n * 4 / 3 + 3 bytes. Returns the length. */
size_t	encoding_base64url_encode(const unsigned char *p, size_t n, char *out);
/*
 * Reads 1 to 11 digits 0-9A-Za-z (in that order) as a number in base 62. What
 * int64_t cannot hold becomes INT64_MAX. False on anything else; Django takes
 * a leading minus, which nothing writes.
 */
bool	encoding_base62_decode(struct slice text, int64_t *out) MUSTCHECK;

#endif

/*
 * The Cookie header as Django reads it (http.parse_cookie of 2.2 to 6.1, the
 * same in all of them): not as RFC 6265 has it. Pure; any thread.
 */
#ifndef COLLABD_DJANGO_COOKIE_H
#define COLLABD_DJANGO_COOKIE_H

#include <stddef.h>

#include "base/compat.h"
#include "base/slice.h"

/*
 * Copies the value of the cookie called name into out, at most cap bytes and
 * no NUL behind it. Of several of that name the last one counts, even if it is
 * empty. Quotes and backslash escapes are undone, so the value may hold any
 * byte, NUL included. Returns the length, -1 if there is none, -2 if the one
 * that counts does not fit.
 */
long	cookie_value(struct slice header, const char *name, char *out,
	    size_t cap) MUSTCHECK;

#endif

/*
 * Compiler attributes under short names, and the two or three macros that
 * every module wants. Owns nothing.
 */
#ifndef COLLABD_BASE_COMPAT_H
#define COLLABD_BASE_COMPAT_H

#include <stddef.h>

#define MUSTCHECK		__attribute__((__warn_unused_result__))
#define NORETURN		__attribute__((__noreturn__))
#define PRINTFLIKE(f, args)	__attribute__((__format__(__printf__, f, args)))
#define UNUSED			__attribute__((__unused__))

/* Number of elements of an array (not of a pointer). */
#define COUNT_OF(a)		(sizeof(a) / sizeof((a)[0]))

/* The length of a string literal, for comparisons that name no number. */
#define LITLEN(s)		(sizeof(s) - 1)

#endif

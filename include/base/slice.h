/*
 * A borrowed piece of somebody else's bytes: what the parsers hand out. A
 * slice owns nothing, is not NUL-terminated, and is valid as long as the
 * buffer it points into.
 */
#ifndef COLLABD_BASE_SLICE_H
#define COLLABD_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
	const char	*p;	/* NULL when absent */
	size_t		 n;	/* bytes */
};

#define SLICE_LIT(s)	((struct slice){ (s), sizeof(s) - 1 })

static inline struct slice
slice_of(const char *s)
{
	return ((struct slice){ s, s == NULL ? 0 : strlen(s) });
}

/* Bytewise equality with a C string; false when the slice is absent. */
static inline bool
slice_is(struct slice a, const char *s)
{
	return (a.p != NULL && a.n == strlen(s) && memcmp(a.p, s, a.n) == 0);
}

/* The same, ASCII case ignored. */
static inline bool
slice_is_nocase(struct slice a, const char *s)
{
	return (a.p != NULL && a.n == strlen(s) &&
	    strncasecmp(a.p, s, a.n) == 0);
}

#endif

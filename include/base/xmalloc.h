/*
 * Allocation that cannot fail: on exhaustion the process logs and aborts (the
 * master forks a worker again). Sizes that a peer chooses are bounded by the
 * caller before they get here. The caller owns what is returned and gives it
 * to free(). Any thread.
 */
#ifndef COLLABD_BASE_XMALLOC_H
#define COLLABD_BASE_XMALLOC_H

#include <stddef.h>

#include "base/compat.h"

void	*xmalloc(size_t size) MUSTCHECK;
void	*xcalloc(size_t n, size_t size) MUSTCHECK;
/* n * size bytes; an overflow of the product counts as exhaustion. */
void	*xreallocarray(void *p, size_t n, size_t size) MUSTCHECK;
char	*xstrdup(const char *s) MUSTCHECK;
/* Copies n bytes and adds a NUL; p may be NULL when n is 0. */
char	*xmemdup0(const void *p, size_t n) MUSTCHECK;
char	*xasprintf(const char *fmt, ...) MUSTCHECK PRINTFLIKE(1, 2);

#endif

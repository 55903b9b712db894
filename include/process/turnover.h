/*
 * How the workers of one generation make place for those of the next: which
 * step is due, from numbers alone. Pure; the master (process/master.h) counts
 * and carries the step out.
 *
 * What must hold meanwhile: never more workers than `limit`, so that the
 * connections of both generations together stay within their bound; no old one
 * leaves before as many new ones as there is place for accept, but for the one
 * that makes the first place; then half of the new number serve at any time.
 * With a limit of twice the workers all begin, and then all leave. With the
 * least one, which is the number of workers itself, one leaves, a new one
 * shows that it can work, then half leave, and then the rest; a single worker
 * has to leave before its successor comes.
 */
#ifndef COLLABD_PROCESS_TURNOVER_H
#define COLLABD_PROCESS_TURNOVER_H

#include <stddef.h>

#include "base/compat.h"

struct turnover {
	size_t	limit;		/* workers at a time; >= wanted */
	size_t	wanted;		/* new ones in the end; > 0 */
	size_t	begun;		/* new ones that live */
	size_t	accepting;	/* those of them that accept */
	size_t	old;		/* old ones that were not told to leave */
	size_t	leaving;	/* and those that were, and live */
};

/* How many old ones are to be told to leave now. All of them when every new
 * one accepts. */
size_t	turnover_leaves(const struct turnover *t);
/* How many new ones may be forked now. */
size_t	turnover_forks(const struct turnover *t);

#endif

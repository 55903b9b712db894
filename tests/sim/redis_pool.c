/*
 * Memory for Lua: what is small comes from lists of free pieces of one size,
 * which is faster than malloc(). Pieces are kept until the end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "sim/redis_priv.h"

#define PIECE		16
#define PIECE_MAX	512
#define SLAB_BYTES	65536

struct sim_piece {
	struct sim_piece *next;
};

struct sim_pool {
	struct sim_piece	*free[PIECE_MAX / PIECE];
	struct sim_piece	*slabs;
	char			*p, *end;	/* the rest of the last one */
};

static struct sim_piece **
pool_list(struct sim_pool *pool, size_t n)
{
	return (&pool->free[(n - 1) / PIECE]);
}

static void *
pool_take(struct sim_pool *pool, size_t n)
{
	struct sim_piece **list = pool_list(pool, n), *piece = *list;
	size_t size = (n + PIECE - 1) / PIECE * PIECE;

	if (piece != NULL) {
		*list = piece->next;
		return (piece);
	}
	if (pool->p == NULL || (size_t)(pool->end - pool->p) < size) {
		piece = xmalloc(SLAB_BYTES);
		piece->next = pool->slabs;
		pool->slabs = piece;
		pool->p = (char *)piece + PIECE;
		pool->end = (char *)piece + SLAB_BYTES;
	}
	pool->p += size;
	return (pool->p - size);
}

void *
sim_pool_realloc(void *arg, void *old, size_t old_n, size_t n)
{
	struct sim_pool *pool = arg;
	struct sim_piece *piece = old;
	void *p = NULL;

	if (old_n > PIECE_MAX && n > PIECE_MAX)
		return (xreallocarray(old, n, 1));
	if (old_n != 0 && n != 0 && old_n <= PIECE_MAX && n <= PIECE_MAX &&
	    pool_list(pool, old_n) == pool_list(pool, n))
		return (old);
	if (n != 0) {
		p = n > PIECE_MAX ? xmalloc(n) : pool_take(pool, n);
		if (old_n != 0)
			memcpy(p, old, old_n < n ? old_n : n);
	}
	if (old_n > PIECE_MAX)
		free(old);
	else if (old_n != 0) {
		piece->next = *pool_list(pool, old_n);
		*pool_list(pool, old_n) = piece;
	}
	return (p);
}

struct sim_pool *
sim_pool_new(void)
{
	return (xcalloc(1, sizeof(struct sim_pool)));
}

void
sim_pool_free(struct sim_pool *pool)
{
	struct sim_piece *slab;

	while ((slab = pool->slabs) != NULL) {
		pool->slabs = slab->next;
		free(slab);
	}
	free(pool);
}

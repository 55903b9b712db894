/*
 * Seeded hashing; the only file that knows xxHash.
 */
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

uint64_t
hash_bytes(const void *p, size_t n, uint64_t seed)
{
	return (XXH3_64bits_withSeed(p, n, seed));
}

uint64_t
hash_seed(void)
{
	uint64_t seed;

	arc4random_buf(&seed, sizeof(seed));
	return (seed);
}

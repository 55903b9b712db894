/*
 * Hashing of names that peers choose, seeded so that nobody can aim at one
 * bucket (XXH3, public domain algorithm of xxHash 0.8). Any thread.
 */
#ifndef COLLABD_BASE_HASH_H
#define COLLABD_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);
/* A seed from the kernel's random numbers. */
uint64_t hash_seed(void);

#endif

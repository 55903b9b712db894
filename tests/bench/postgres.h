/*
 * The two things the bench asks PostgreSQL itself: the bare loop that an
 * authorization is compared with (connect, read the session, read the user,
 * close), and how many connections are open right now.
 */
#ifndef COLLABD_BENCH_POSTGRES_H
#define COLLABD_BENCH_POSTGRES_H

#include <stddef.h>
#include <stdint.h>

#include "bench/bench.h"

/*
 * Runs the bare loop in `threads` threads until `count` rounds are done or
 * `limit_ms` are over, whichever is first. Returns how many were done and sets
 * *took_us.
 */
size_t	postgres_bare_loop(const struct bench *b, int threads, size_t count,
	    int64_t limit_ms, int64_t *took_us);

/* The server's version. The caller frees it. */
char	*postgres_version(const char *url);

/* Counts client connections other than its own in pg_stat_activity, over and
 * over in a thread. */
struct sampler;

struct sampler *sampler_start(const char *monitor_url);
/* Stops; returns the greatest count, and how often was looked in *looks. */
int	sampler_stop(struct sampler *s, size_t *looks);

#endif

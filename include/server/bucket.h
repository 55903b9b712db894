/*
 * How much of something may come in a second over time, and how much of it at
 * once. Holds what has come and is not forgiven yet, so that one of zeroes has
 * seen nothing. Owns nothing; loop thread only.
 */
#ifndef COLLABD_SERVER_BUCKET_H
#define COLLABD_SERVER_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	int64_t		 _since_ms;	/* as of when */
	uint32_t	 _used;		/* thousandths of a piece */
};

/*
 * Whether cost pieces more are within rate (a second) and burst (at once, 1 to
 * 4000000); counts them then, and nothing otherwise. now_ms is that of a clock
 * which is not set back.
 */
bool	bucket_take(struct bucket *bucket, int64_t now_ms, int64_t rate,
	    int64_t burst, uint64_t cost);

#endif

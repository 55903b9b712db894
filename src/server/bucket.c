/*
 * Buckets that leak.
 */
#include "server/bucket.h"

bool
bucket_take(struct bucket *bucket, int64_t now_ms, int64_t rate,
    int64_t burst, uint64_t cost)
{
	/* A piece in a second is a thousandth of one in a millisecond. */
	int64_t forgiven = (now_ms - bucket->_since_ms) * rate;
	int64_t used = bucket->_used, full = burst * 1000;

	used = used > forgiven ? used - forgiven : 0;
	bucket->_since_ms = now_ms;
	bucket->_used = (uint32_t)used;
	/* Nothing overflows, however large a message is. */
	if (used > full || cost > (uint64_t)(full - used) / 1000)
		return (false);
	bucket->_used += (uint32_t)cost * 1000;
	return (true);
}

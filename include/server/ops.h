/*
 * The operations endpoints: health and metrics. Owns nothing; loop thread.
 */
#ifndef COLLABD_SERVER_OPS_H
#define COLLABD_SERVER_OPS_H

#include <stdbool.h>

#include "base/buf.h"
#include "shm/region.h"

/*
 * Appends the whole answer of GET <prefix>/health: 200 when this worker can
 * authorise and decide locks, else 503, and one line of JSON that says what is
 * down. redis_reason: NULL when Redis is up, else why not. Returns the status.
 */
int	ops_add_health(struct buf *b, bool database_is_up,
	    const char *redis_reason, bool is_draining, bool head_only);
/* Appends the answer of GET <prefix>/metrics: the figures of all workers. */
void	ops_add_metrics(struct buf *b, const struct shm *shm, bool head_only);

#endif

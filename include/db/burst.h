/*
 * A connection as a thread of the pool has it: opened when first needed, in a
 * place of the machine's budget, used for one job or for a short burst of them,
 * closed. Owns the connection and the place. One thread; what the threads of a
 * pool share (struct burst_shared) is constant or atomic.
 */
#ifndef COLLABD_DB_BURST_H
#define COLLABD_DB_BURST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/conf.h"
#include "db/db.h"

struct db_url;
struct shm;

/* The bounds of a burst; with auth_reuse off it is one job. Jobs that are run
 * together count one by one, so that a thousand of them are fifteen batches;
 * and the place in the budget is free for another worker after a second. */
#define BURST_MS	1000
#define BURST_JOBS	1000

/* Shared by the threads of a pool: where they are, how the last attempts to
 * connect went, and what was counted. */
struct burst_shared {
	const struct conf	*conf;
	const struct db_url	*url;
	struct shm		*shm;
	int			 slot;
	_Atomic unsigned	 failures;	/* to connect, in a row */
	_Atomic int64_t		 retry_at_ms;	/* not before; mono */
	_Atomic uint64_t	 queries;
	_Atomic uint64_t	 opened;
};

struct burst {
	struct burst_shared	*shared;
	struct db		*db;		/* NULL: not connected */
	int64_t			 opened_ms;
	size_t			 served;	/* jobs before this one */
};

/*
 * Connects unless connected: waits out the pause after a failure, takes a
 * place, opens. All within wait's deadline.
 */
enum db_status burst_open(struct burst *burst, const struct db_wait *wait,
	    struct db_error *error) MUSTCHECK;
/*
 * db_query() on the open connection. A connection that served others before
 * may have died meanwhile: then the query is asked once more on a new one. A
 * connection that failed is closed.
 */
enum db_status burst_query(struct burst *burst,
	    const struct db_request *request, const struct db_wait *wait,
	    struct db_error *error) MUSTCHECK;
/* Notes that so many jobs are over. Whether the connection may serve
 * more. */
bool	burst_served(struct burst *burst, size_t n) MUSTCHECK;
/* How many jobs the connection may serve yet; 0 when not connected. */
size_t	burst_left(const struct burst *burst);
/* Closes and gives the place back, if connected. */
void	burst_close(struct burst *burst);

#endif

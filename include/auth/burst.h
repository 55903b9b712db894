/*
 * A connection as an authorization thread has it: opened when first needed, in
 * a place of the machine's budget, used for one lookup or for a short burst of
 * them, closed. Owns the connection and the place. One thread; what the
 * threads of a pool share (struct burst_shared) is atomic.
 */
#ifndef COLLABD_AUTH_BURST_H
#define COLLABD_AUTH_BURST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/source.h"
#include "base/compat.h"
#include "db/db.h"

struct shm;

/* Shared by the threads of a pool: where they are, how the last attempts to
 * connect went, and what was counted. */
struct burst_shared {
	struct shm		*shm;
	int			 slot;
	_Atomic unsigned	 failures;	/* to connect, in a row */
	_Atomic int64_t		 retry_at_ms;	/* not before; mono */
	_Atomic uint64_t	 lookups;
	_Atomic uint64_t	 queries;
	_Atomic uint64_t	 user_queries;
	_Atomic uint64_t	 opened;
	_Atomic uint64_t	 reused;
};

struct burst {
	const struct auth_source *source;
	struct burst_shared	*shared;
	struct db		*db;		/* NULL: not connected */
	int64_t			 opened_ms;
	size_t			 served;	/* lookups before this one */
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
/* Notes that so many lookups are over. Whether the connection may serve
 * more. */
bool	burst_served(struct burst *burst, size_t n) MUSTCHECK;
/* How many lookups the connection may serve yet; 0 when not connected. */
size_t	burst_left(const struct burst *burst);
/* Closes and gives the place back, if connected. */
void	burst_close(struct burst *burst);

#endif

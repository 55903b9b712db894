/*
 * The threads of a pool: their start and their end. Owns them, the line that
 * they work from, and what they share, of which the database's address is one.
 * The loop's side of the line is used through crew_line().
 */
#ifndef COLLABD_DB_CREW_H
#define COLLABD_DB_CREW_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "db/db.h"
#include "db/line.h"
#include "db/pool.h"

struct crew;
struct shm;

/*
 * Starts conf->auth_threads threads named "auth 0"..., with all signals
 * blocked. NULL with a sentence in err. conf and shm are borrowed. Loop.
 */
struct crew *crew_start(const struct conf *conf, struct shm *shm, int slot,
	    struct buf *err) MUSTCHECK;
/*
 * Ends the threads and frees everything, jobs in the line included. A thread
 * that has not ended after two seconds is left behind with what it uses, and
 * the answer is false. Loop.
 */
bool	crew_stop(struct crew *crew);

struct line *crew_line(struct crew *crew);
enum db_dialect crew_dialect(const struct crew *crew);
void	crew_stats(const struct crew *crew, struct pool_stats *stats);

#endif

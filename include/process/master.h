/*
 * The master: opens the sockets, makes the shared memory, forks and supervises
 * the workers, handles signals. It never touches a client's byte, nor a
 * connection to Redis or the database.
 */
#ifndef COLLABD_PROCESS_MASTER_H
#define COLLABD_PROCESS_MASTER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"

struct master_setup {
	struct conf	*conf;		/* the master takes it over */
	/* Reads the configuration anew and checks it; false with a sentence. */
	bool		(*load)(struct conf *conf, struct buf *err);
};

/* Runs until it is told to end; returns the process's exit status. */
int	master_run(const struct master_setup *setup);

#endif

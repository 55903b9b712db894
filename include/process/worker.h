/*
 * What a forked worker does until it ends. Owns nothing that outlives it.
 */
#ifndef COLLABD_PROCESS_WORKER_H
#define COLLABD_PROCESS_WORKER_H

#include <signal.h>

#include "base/compat.h"
#include "base/conf.h"
#include "process/listen.h"
#include "shm/region.h"

/* How a worker tells the master that trying again at once is of no use. */
#define WORKER_EXIT_SETUP	3

/* The master's word to end at once; nobody else has a reason to send it. */
#define WORKER_HURRY		SIGRTMIN

struct worker_setup {
	const struct conf	*conf;
	const char		*redis_url;	/* resolved */
	struct shm		*shm;
	int			 slot;
	const struct listen_set	*listeners;
	/* Read end of a pipe that only the master writes to: its end is the
	 * master's death. */
	int			 master_fd;
};

/*
 * Runs a worker in the calling, just forked, process and exits with its
 * status. TERM and QUIT drain, however often they come, WORKER_HURRY ends at
 * once, USR1 reopens the log, USR2 writes to it how the worker is, INT and HUP
 * are the master's business.
 */
NORETURN void worker_main(const struct worker_setup *setup);

#endif

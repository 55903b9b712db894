/*
 * A listening socket as the master opens it (process/listen.h) and a worker
 * accepts from it (server/accept.h). A plain value; whoever has it does not own
 * the descriptor.
 */
#ifndef COLLABD_SERVER_LISTENER_H
#define COLLABD_SERVER_LISTENER_H

#include <stdbool.h>

struct server_listener {
	int	fd;		/* non-blocking; stays the master's to close */
	bool	is_ops;		/* of metrics_listen */
};

#endif

/*
 * The listening sockets: opened by the master, before privileges are dropped,
 * and shared by all workers. Owns the descriptors.
 */
#ifndef COLLABD_PROCESS_LISTEN_H
#define COLLABD_PROCESS_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "server/listener.h"

struct listen_set {
	struct server_listener	*v;
	char			**names;	/* as configured, for the log */
	size_t			 n;
};

/*
 * Opens every address of listen and metrics_listen, or takes over the sockets
 * that a service manager passed (LISTEN_FDS, sd_listen_fds(3)) in place of
 * listen. False with a sentence in err; what was opened is closed again.
 */
bool	listen_open(const struct conf *conf, struct listen_set *set,
	    struct buf *err) MUSTCHECK;
/* Closes the sockets; unlink removes the files of unix ones too. */
void	listen_close(struct listen_set *set, bool unlink_files);
/* Whether each address can be parsed; false with a sentence in err. */
bool	listen_check(const struct conf *conf, struct buf *err) MUSTCHECK;

#endif

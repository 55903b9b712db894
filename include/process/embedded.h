/*
 * redis_url = embedded: a private redis-server on a unix socket, without
 * persistence, as a child of the master. Owns the child, and the folder if it
 * made one. Master only.
 */
#ifndef COLLABD_PROCESS_EMBEDDED_H
#define COLLABD_PROCESS_EMBEDDED_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"

struct embedded;

/* Starts it and waits until it answers (5 s at most). NULL with a sentence in
 * err. */
struct embedded *embedded_start(const struct conf *conf, struct buf *err)
	    MUSTCHECK;
/* The unix:// URL for the workers. */
const char *embedded_url(const struct embedded *embedded);
/* Whether pid was the child; then it is to be started again. */
bool	embedded_reap(struct embedded *embedded, pid_t pid);
/* Starts a child that died again, with a pause between attempts. Call often. */
void	embedded_tend(struct embedded *embedded);
/* Stops the child and removes what it left. NULL is allowed. */
void	embedded_stop(struct embedded *embedded);

#endif

/*
 * redis_url = embedded: a private redis-server on a unix socket, as a child of
 * the master. It writes down what it is told (an append-only file, as far as the
 * page cache), so that it knows it again when it, or collabd, was killed or
 * started again: a viewer whose browser is back first gets no lock that is still
 * its editor's. That is for the death of processes; one of the machine is none
 * of its business.
 *
 * A disk that is full, or a file that cannot be read, costs what was known and
 * nothing else. Owns the child and its folder (rundir.h). Master only.
 */
#ifndef COLLABD_PROCESS_EMBEDDED_H
#define COLLABD_PROCESS_EMBEDDED_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"

struct embedded;

/* Starts it and waits until it answers: 5 s at most, longer while it reads its
 * file, and before that for the end of one that has the folder. Without keep it
 * is a trial, with a folder of its own. NULL with a sentence in err. */
struct embedded *embedded_start(const struct conf *conf, bool keep,
	    struct buf *err) MUSTCHECK;
/* The unix:// URL for the workers. */
const char *embedded_url(const struct embedded *embedded);
/* Whether pid was the child; then it is to be started again. status is that of
 * waitpid(2). */
bool	embedded_reap(struct embedded *embedded, pid_t pid, int status);
/* Starts a child that died again, with a pause between attempts, and looks after
 * one that cannot write. May block for 0.1 s. Call often. */
void	embedded_tend(struct embedded *embedded);
/* In a child of the master: it has no part in the folder. NULL is allowed. */
void	embedded_forget(struct embedded *embedded);
/* Stops the child. What it wrote stays for the next start. NULL is allowed. */
void	embedded_stop(struct embedded *embedded);

#endif

/*
 * The folder of the embedded Redis: its socket, its data, and the lock by which
 * no two collabds share it. It must be this user's alone: one that belongs to
 * somebody else, that others may enter, or that a symbolic link stands for, is
 * not used, wherever it is.
 *
 * A kept one has a place that the next start finds: "redis" in runtime_dir, or
 * without that a folder in /tmp, named by user, listen and database. A private
 * one is new and is removed with all that is in it. Master only.
 */
#ifndef COLLABD_PROCESS_RUNDIR_H
#define COLLABD_PROCESS_RUNDIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"

struct rundir;

/* The kept one; blocks for up to wait_ms while another process has it. A
 * private one, with the reason logged, if that goes on, or if nothing was
 * configured and the usual place cannot be used. NULL with a sentence in err. */
struct rundir *rundir_open(const struct conf *conf, int64_t wait_ms,
	    struct buf *err) MUSTCHECK;
/* A private one. NULL with a sentence in err. */
struct rundir *rundir_open_private(struct buf *err) MUSTCHECK;
/* Gives it up: removes a private one, leaves what is in a kept one. NULL is
 * allowed. */
void	rundir_close(struct rundir *dir);
/* Gives up the descriptor alone, in a child that has no part in the lock. */
void	rundir_forget(struct rundir *dir);

/* Its path, and that of the folder for the data in it. */
const char *rundir_path(const struct rundir *dir);
const char *rundir_data_path(const struct rundir *dir);
/* The descriptor that holds the lock, close-on-exec. As long as any process has
 * it, no other collabd gets the folder. */
int	rundir_fd(const struct rundir *dir);
bool	rundir_is_kept(const struct rundir *dir);

/* Makes the folder for the data if there is none, and removes what a Redis that
 * was killed was about to write there. False: errno says why. */
bool	rundir_make_data(struct rundir *dir);
/* Whether there is anything in it. */
bool	rundir_has_data(const struct rundir *dir);
/* Renames it to "damaged", in place of an earlier one. */
void	rundir_set_data_aside(struct rundir *dir);
void	rundir_remove_data(struct rundir *dir);

#endif

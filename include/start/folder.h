/*
 * The private folder of one run: sockets, nginx's configuration and temporary
 * files, and what was asked of the site. Only this user may enter it; when that
 * is root, the group of nginx's workers may, too. Removed at the end.
 */
#ifndef COLLABD_START_FOLDER_H
#define COLLABD_START_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"

/* Who nginx's workers are when it is started by root. */
struct folder_user {
	char	 user[64];	/* "": this user */
	char	 group[64];
};

/*
 * Makes one below $TMPDIR, /tmp, /dev/shm or /var/tmp, whichever takes it
 * first. The path, which the caller frees after folder_remove(); NULL with a
 * sentence in err.
 */
char	*folder_make(struct folder_user *user, struct buf *err) MUSTCHECK;
/* Removes it with all that is in it; symbolic links are not followed. */
void	 folder_remove(const char *path);

/* Writes a file that only this user can read, in one step. False with errno. */
bool	 folder_write(const char *path, const char *text, size_t n) MUSTCHECK;
/* Appends what a file holds, at most max bytes. False with errno. */
bool	 folder_read(const char *path, size_t max, struct buf *out);

/*
 * A folder for the embedded Redis that is the same each time a site (the
 * working directory) is started on a port, so that it remembers the locks:
 * /tmp/collabd-<uid>/start-<hash>. NULL if it cannot be had; the caller frees it.
 */
char	*folder_for_redis(int port) MUSTCHECK;

#endif

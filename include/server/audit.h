/*
 * The audit log: one line of JSON for each hand-over, take-over and forced
 * release of a lock. Appended to a file with one write() a line, so that the
 * workers' lines do not mix; without a file the lines go to the log. One for
 * each worker; loop thread only.
 */
#ifndef COLLABD_SERVER_AUDIT_H
#define COLLABD_SERVER_AUDIT_H

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"

struct audit;

/* path "" is the log. NULL, with the reason logged, if the file cannot be
 * opened (it is made with mode 0640). */
struct audit *audit_new(const char *path) MUSTCHECK;
void	audit_free(struct audit *audit);
/* Opens the file again, after it was moved away; on failure it goes on with
 * the old one. */
void	audit_reopen(struct audit *audit);
/* Writes lines, each of which ends with a newline: whole to the file, or, if it
 * takes them not or in part, to the log, which says why. */
void	audit_write(struct audit *audit, struct slice lines);

/* The people of a line: id NULL is nobody. */
struct audit_person {
	const char	*id;
	const char	*name;
};

/* Appends one line. object is the room's key; why and reason may be "". */
void	audit_add(struct buf *b, const char *time, const char *action,
	    const char *object, const struct audit_person *from,
	    const struct audit_person *to, const char *why,
	    const char *reason);

#endif

/*
 * A child process: how it is made, and how it ended. Main thread only.
 */
#ifndef COLLABD_START_CHILD_H
#define COLLABD_START_CHILD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"

struct child {
	const char	*name;		/* in words, for the log */
	pid_t		 pid;		/* 0: does not run */
	bool		 has_ended;	/* it ran, and status is how it ended */
	int		 status;	/* as waitpid(2) gives it */
	int64_t		 started_ms;	/* of the monotonic clock */
};

#define CHILD_OWN_GROUP	0x01	/* a Ctrl-C reaches it through us alone, and no
				 * signal is ignored */
#define CHILD_CLEAN_ENV	0x02	/* begins with no environment at all */
#define CHILD_NO_TERM	0x04	/* SIGTERM never reaches it, see child.c */

struct child_setup {
	char *const	*argv;		/* argv[0] is looked for in PATH */
	char *const	*set;		/* "NAME=value", NULL at the end; or NULL */
	const char *const *unset;	/* names, NULL at the end; or NULL */
	const char	*in, *out, *err; /* files; NULL: ours */
	int		 fd;		/* that it inherits, or -1 */
	int		 end_signal;	/* what it gets when we are killed */
	unsigned	 flags;
};

/* Starts it: 0, or the errno of what failed, exec included. name stays in c. */
int	child_start(struct child *c, const char *name,
	    const struct child_setup *setup) MUSTCHECK;
bool	child_runs(const struct child *c);
/* Nothing if it does not run. */
void	child_signal(const struct child *c, int sig);
/* Its whole process group, also after it has ended itself. pid: what it was. */
void	child_signal_group(pid_t pid, int sig);
/* What a shell's $? would be: 128 and the number for a signal. */
int	child_exit_status(int status);
/* "ended with status 3", "was ended by signal 9" */
void	child_add_end(struct buf *out, int status);

#endif

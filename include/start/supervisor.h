/*
 * The children of start-collabd, and the signals that it gets: it waits for
 * both, so that whatever step it is in, none is lost. What a child leaves behind
 * becomes a child of ours, and none of them outlives us. Main thread only.
 */
#ifndef COLLABD_START_SUPERVISOR_H
#define COLLABD_START_SUPERVISOR_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compat.h"
#include "start/child.h"

enum { SUP_SITE, SUP_COLLABD, SUP_NGINX, SUP_HELPER, SUP_CHILDREN };

struct supervisor {
	struct child	 child[SUP_CHILDREN];
	sigset_t	 set;		/* what we wait for */
	int		 stop_signal;	/* the first that asked for the end */
	int		 site_signal;	/* the site is to get it, or 0 */
	bool		 is_hurried;	/* nobody wants to wait for requests */
	bool		 wants_reload;
};

/* Takes the signals of this process over. */
void	sup_init(struct supervisor *s);
/* Gives them back, for a program that takes our place. */
void	sup_release(const struct supervisor *s);
/*
 * Waits for one signal, or ms milliseconds, and for no longer than that after a
 * child ended. Reaps, and passes on to the site what is meant for it.
 */
void	sup_wait(struct supervisor *s, int64_t ms);
/* Whether there is no point in going on with a start. */
bool	sup_is_over(const struct supervisor *s);
/*
 * Runs a program to its end, for at most ms milliseconds. Its exit status as
 * child_exit_status() gives it, 127 if it could not be started, or -1 if it took
 * too long, or the end came meanwhile, and it was killed.
 */
int	sup_run(struct supervisor *s, const char *name,
	    const struct child_setup *setup, int64_t ms) MUSTCHECK;
/*
 * Ends all that runs: nginx takes no new requests and finishes those that it
 * has, collabd closes its websockets, then the site is told. What has not ended
 * in time is killed; returns when this process has no child left.
 */
void	sup_end(struct supervisor *s);

#endif

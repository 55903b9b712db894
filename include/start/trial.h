/*
 * The trial (--inject): a look at the site's own admin through nginx, and what
 * the person in front of it is told.
 */
#ifndef COLLABD_START_TRIAL_H
#define COLLABD_START_TRIAL_H

#include "start/options.h"
#include "start/settings.h"
#include "start/supervisor.h"

/*
 * Fetches the admin's log-in page as a browser would, and prints what to open,
 * or why the client is not in it.
 */
void	trial_say(const struct options *o, const struct settings *set,
	    struct supervisor *sup);

#endif

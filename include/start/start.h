/*
 * start-collabd from its options to its end: the site, collabd and nginx,
 * started in this order, kept, and ended together. Main thread only.
 */
#ifndef COLLABD_START_START_H
#define COLLABD_START_START_H

#include "base/compat.h"
#include "start/options.h"

/*
 * Runs until the site's command has ended or a signal asked for the end. The
 * exit status: that of the command, 128 and the number if a signal ended it; one
 * of sysexits(3) if it was never started, or never accepted. Changes o->port to
 * the real one.
 */
int	start_run(struct options *o) MUSTCHECK;

#endif

/*
 * collabd's settings: where they come from, what nginx has to know of them, and
 * the command that starts collabd with them.
 */
#ifndef COLLABD_START_SETTINGS_H
#define COLLABD_START_SETTINGS_H

#include <stdbool.h>

#include "base/compat.h"
#include "start/argv.h"
#include "start/options.h"
#include "start/supervisor.h"

struct settings {
	struct argv	 command;	/* collabd with its options */
	char		*prefix;	/* websocket_prefix */
	char		*admin;		/* admin_url */
	bool		 has_guard;	/* save_guard is there, and not off */
};

/* What collabd must not take from our environment. */
extern const char *const settings_unset[];

/*
 * Finds the settings, lets collabd read and check them, and logs what is missing
 * with its remedy. folder is the private one; port is nginx's. True: collabd can
 * be started; what does not answer yet may do so later. False: it cannot, and
 * *set is empty.
 */
bool	settings_find(struct settings *set, const struct options *o,
	    struct supervisor *sup, const char *folder, int port) MUSTCHECK;
void	settings_fini(struct settings *set);

#endif

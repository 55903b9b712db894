/*
 * The private nginx: its listening socket, which is ours and outlives it, its
 * configuration and the command that starts it.
 */
#ifndef COLLABD_START_FRONT_H
#define COLLABD_START_FRONT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "start/folder.h"
#include "start/options.h"
#include "start/settings.h"
#include "start/supervisor.h"

struct front {
	int		 fd;		/* bound, or -1 */
	char		*program;	/* of nginx; NULL: there is none */
	const char	*folder;	/* borrowed */
	char		*conf;		/* path of its configuration */
	struct folder_user user;
	bool		 has_e;		/* it knows -e */
};

/*
 * Takes the address, so that nobody else gets it while the site starts; o->port
 * becomes the real one. False with a sentence in err.
 */
bool	front_bind(struct front *f, struct options *o, struct buf *err)
	    MUSTCHECK;
/* Looks for nginx; false with a sentence in err if it is not installed. */
bool	front_find(struct front *f, const struct options *o, struct buf *err)
	    MUSTCHECK;
/*
 * Writes the configuration and lets nginx check it. site is the upstream in
 * nginx's words; set is NULL if collabd does not run. *changed says whether it
 * is another one than before. False with the reason logged.
 */
bool	front_configure(struct front *f, const struct options *o,
	    const struct settings *set, const char *site,
	    struct supervisor *sup, bool *changed) MUSTCHECK;
/* Starts nginx on the socket; connections wait there from now on. 0 or errno. */
int	front_start(struct front *f, struct supervisor *sup) MUSTCHECK;
/* From now on connections are refused. */
void	front_close(struct front *f);
void	front_fini(struct front *f);

#endif

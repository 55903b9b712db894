/*
 * The site: the address that its command gets, and whether it accepts there.
 */
#ifndef COLLABD_START_SITE_H
#define COLLABD_START_SITE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "start/command.h"
#include "start/options.h"
#include "start/supervisor.h"

struct site {
	enum command_wants wants;
	char	*socket;	/* path of its socket */
	int	 port;		/* of its own, unless it wants the socket */
	char	*address;	/* either, in nginx's words */
	struct argv command;	/* with the address put in */
};

/* Chooses the address; false with a sentence in err. */
bool	site_init(struct site *site, const struct options *o,
	    const char *folder, struct buf *err) MUSTCHECK;
void	site_fini(struct site *site);
/* Starts the command; 0 or errno. */
int	site_start(const struct site *site, struct supervisor *sup) MUSTCHECK;
/* Whether somebody accepts there now. */
bool	site_accepts(const struct site *site);
/* Lets nginx's workers at its socket, when they are somebody else. */
void	site_open_socket(const struct site *site);
/*
 * Becomes the command, without anything in front: it gets the public address.
 * Returns only if that cannot be, with a sentence in err and the exit status.
 */
int	site_become(const struct options *o, struct buf *err) MUSTCHECK;

#endif

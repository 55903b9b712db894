/*
 * The site's command: which address it asks for, and the arguments with that
 * address put in. Everything else in an argument stays as it was. Pure, except
 * for command_python(), which looks for programs.
 */
#ifndef COLLABD_START_COMMAND_H
#define COLLABD_START_COMMAND_H

#include <stdbool.h>

#include "base/compat.h"
#include "start/argv.h"

#define COMMAND_SOCKET	"{socket}"
#define COMMAND_PORT	"{port}"

enum command_wants {
	WANTS_SOCKET,		/* {socket} is in an argument */
	WANTS_PORT,		/* {port} is */
	WANTS_PORT_ENV,		/* neither: PORT in the environment says it */
	WANTS_BOTH,		/* which one to wait for nobody can say */
};

enum command_wants command_wants(char *const *argv);
/* Adds argv with the socket's path and the port put in; each may stand in the
 * middle of an argument, and several times. */
void	command_fill(char *const *argv, const char *socket, int port,
	    struct argv *out);
/*
 * The same for a site that has no nginx in front and takes the public address
 * itself: unix:{socket} becomes host:port, {port} the port. False if {socket}
 * stands alone, because only the command's author knows what goes there.
 */
bool	command_fill_public(char *const *argv, const char *host, int port,
	    struct argv *out) MUSTCHECK;
/*
 * What has to stand in front of the command so that it can be run: a Python for
 * "manage.py", which is in no PATH, if it is here and the shell would not find
 * it. NULL, or a copy that the caller frees.
 */
char	*command_interpreter(const char *program) MUSTCHECK;
/*
 * The Python that runs the site: the command itself if it is one, else that of
 * the first line of a script such as gunicorn, of the virtual environment that
 * is active, or of PATH. NULL if there is none. The caller frees it.
 */
char	*command_python(const char *program) MUSTCHECK;

#endif

/*
 * The site. It is waited for by connecting: whatever it is written in, it is
 * there when it accepts.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "start/site.h"

#define NOT_FOUND	127	/* as a shell's */
#define NOT_EXECUTABLE	126

/* One that nobody has; it is the command's to take. */
static int
free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd, port = -1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sin, &len) == 0)
		port = ntohs(sin.sin_port);
	if (fd != -1)
		close(fd);
	return (port);
}

static void
add_interpreter(const char *program, struct argv *command)
{
	char *interpreter = command_interpreter(program);

	if (interpreter != NULL)
		argv_add_own(command, interpreter);
}

bool
site_init(struct site *site, const struct options *o, const char *folder,
    struct buf *err)
{
	memset(site, 0, sizeof(*site));
	site->wants = command_wants(o->command);
	site->socket = xasprintf("%s/site.sock", folder);
	if (site->wants == WANTS_BOTH) {
		buf_add_str(err, "the command has " COMMAND_SOCKET " and "
		    COMMAND_PORT "; use the one on which it listens");
		return (false);
	}
	if (site->wants == WANTS_SOCKET)
		site->address = xasprintf("unix:%s", site->socket);
	else if ((site->port = free_port()) != -1)
		site->address = xasprintf("127.0.0.1:%d", site->port);
	else {
		buf_addf(err, "no port for the site: %s", strerror(errno));
		return (false);
	}
	add_interpreter(o->command[0], &site->command);
	command_fill(o->command, site->socket, site->port, &site->command);
	return (true);
}

void
site_fini(struct site *site)
{
	free(site->socket);
	free(site->address);
	argv_fini(&site->command);
	memset(site, 0, sizeof(*site));
}

int
site_start(const struct site *site, struct supervisor *sup)
{
	char *upstream = xasprintf("COLLABD_UPSTREAM=%s", site->address);
	char *port = xasprintf("PORT=%d", site->port);
	char *set[] = { upstream, site->wants == WANTS_SOCKET ? NULL : port,
	    NULL };
	struct child_setup setup = { .argv = site->command.v, .set = set,
	    .fd = -1, .end_signal = SIGTERM };
	int error;

	error = child_start(&sup->child[SUP_SITE], "the site", &setup);
	free(upstream);
	free(port);
	return (error);
}

bool
site_accepts(const struct site *site)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	bool is_unix = site->wants == WANTS_SOCKET, ok;
	int fd;

	fd = socket(is_unix ? AF_UNIX : AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC | (is_unix ? SOCK_NONBLOCK : 0), 0);
	if (fd == -1)
		return (false);
	if (is_unix) {
		memcpy(sun.sun_path, site->socket, strlen(site->socket) + 1);
		ok = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	} else {
		sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		sin.sin_port = htons((uint16_t)site->port);
		ok = connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0;
	}
	close(fd);
	return (ok);
}

void
site_open_socket(const struct site *site)
{
	/* The folder keeps everybody else out. */
	if (site->wants == WANTS_SOCKET)
		(void)chmod(site->socket, 0666);
}

int
site_become(const struct options *o, struct buf *err)
{
	struct argv command = { NULL, 0 };
	char *upstream;

	add_interpreter(o->command[0], &command);
	if (!command_fill_public(o->command, o->host, o->port, &command)) {
		argv_fini(&command);
		buf_add_str(err, "without nginx the command would have to "
		    "listen on the port itself, and of " COMMAND_SOCKET " that "
		    "is known only behind \"unix:\"");
		return (EX_UNAVAILABLE);
	}
	upstream = xasprintf("COLLABD_UPSTREAM=%s:%d", o->host, o->port);
	if (putenv(upstream) != 0)
		return (EX_OSERR);
	(void)execvp(command.v[0], command.v);
	buf_addf(err, "cannot run %s: %s", command.v[0], strerror(errno));
	argv_fini(&command);
	return (errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

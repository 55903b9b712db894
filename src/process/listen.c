/*
 * Listening sockets. Addresses are numeric (or "localhost"), so that nothing
 * here waits for a name server.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/url.h"
#include "base/xmalloc.h"
#include "process/listen.h"

#define BACKLOG		4096	/* cut to net.core.somaxconn by the kernel */
#define FIRST_PASSED_FD	3	/* SD_LISTEN_FDS_START */
#define UNIX_PREFIX	"unix:"
#define HOST_SIZE	128
#define PORT_SIZE	8
#define HOW		"address:port, [v6-address]:port or unix:/path"

static bool
is_unix(const char *text)
{
	return (strncmp(text, UNIX_PREFIX, LITLEN(UNIX_PREFIX)) == 0);
}

/* Splits "host:port" or "[host]:port" into copies; IPv6 needs its brackets. */
static bool
split(const char *text, char host[HOST_SIZE], char port[PORT_SIZE])
{
	struct slice h, p;
	int number;

	if (!url_split_host(slice_of(text), &h, &p) ||
	    !url_parse_port(p, &number) || h.n == 0 || h.n >= HOST_SIZE)
		return (false);
	memcpy(host, h.p, h.n);
	host[h.n] = '\0';
	(void)snprintf(port, PORT_SIZE, "%d", number);
	return (true);
}

static struct addrinfo *
resolve(const char *text)
{
	struct addrinfo hints, *res;
	char host[HOST_SIZE], port[PORT_SIZE];

	if (!split(text, host, port))
		return (NULL);
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
	if (strcmp(host, "localhost") != 0)
		hints.ai_flags |= AI_NUMERICHOST;
	else
		hints.ai_family = AF_INET;
	if (getaddrinfo(host, port, &hints, &res) != 0)
		return (NULL);
	return (res);
}

static bool
unix_address(const char *text, struct sockaddr_un *sun)
{
	const char *path = text + LITLEN(UNIX_PREFIX);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (*path != '/' || strlen(path) >= sizeof(sun->sun_path))
		return (false);
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return (true);
}

static bool
check_list(const char *name, const struct conf_list *list, struct buf *err)
{
	struct addrinfo *res;
	struct sockaddr_un sun;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (is_unix(list->v[i])) {
			if (unix_address(list->v[i], &sun))
				continue;
		} else if ((res = resolve(list->v[i])) != NULL) {
			freeaddrinfo(res);
			continue;
		}
		buf_addf(err, "%s: \"%s\" is not allowed; " HOW, name,
		    list->v[i]);
		return (false);
	}
	return (true);
}

bool
listen_check(const struct conf *conf, struct buf *err)
{
	return (check_list("listen", &conf->listen, err) &&
	    check_list("metrics_listen", &conf->metrics_listen, err));
}

static int
open_ip(const char *text)
{
	struct addrinfo *res = resolve(text);
	int fd, on = 1, saved;

	if (res == NULL) {
		errno = EINVAL;
		return (-1);
	}
	fd = socket(res->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd != -1) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		/* [::] and 0.0.0.0 of one port can stand side by side. */
		if (res->ai_family == AF_INET6)
			(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
			    sizeof(on));
		if (bind(fd, res->ai_addr, res->ai_addrlen) == -1) {
			saved = errno;
			close(fd);
			errno = saved;
			fd = -1;
		}
	}
	freeaddrinfo(res);
	return (fd);
}

/* Removes the file of a socket that nobody listens on any more. */
static void
remove_stale(const struct sockaddr_un *sun)
{
	struct stat st;
	int fd;

	if (lstat(sun->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == -1 &&
	    errno == ECONNREFUSED)
		(void)unlink(sun->sun_path);
	close(fd);
}

static int
open_unix(const char *text)
{
	struct sockaddr_un sun;
	int fd, saved;

	if (!unix_address(text, &sun)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	remove_stale(&sun);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (-1);
	/* Open to every local user, as a TCP port is: each connection is
	 * authorised by itself. The folder's mode can say otherwise. */
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    chmod(sun.sun_path, 0666) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return (-1);
	}
	return (fd);
}

static void
add(struct listen_set *set, int fd, bool is_ops, const char *name)
{
	set->v = xreallocarray(set->v, set->n + 1, sizeof(*set->v));
	set->names = xreallocarray(set->names, set->n + 1,
	    sizeof(*set->names));
	set->v[set->n] = (struct server_listener){ fd, is_ops };
	set->names[set->n++] = xstrdup(name);
}

static bool
open_list(const struct conf_list *list, bool is_ops, struct listen_set *set,
    struct buf *err)
{
	size_t i;
	int fd;

	for (i = 0; i < list->n; i++) {
		fd = is_unix(list->v[i]) ? open_unix(list->v[i]) :
		    open_ip(list->v[i]);
		if (fd == -1 || listen(fd, BACKLOG) == -1) {
			buf_addf(err, "%s: cannot listen on %s: %s",
			    is_ops ? "metrics_listen" : "listen", list->v[i],
			    strerror(errno));
			if (fd != -1)
				close(fd);
			return (false);
		}
		add(set, fd, is_ops, list->v[i]);
	}
	return (true);
}

/* A listening socket passed by a service manager, made fit for us. */
static bool
adopt(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == -1 || !on)
		return (false);
	return (fcntl(fd, F_SETFD, FD_CLOEXEC) != -1 &&
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != -1);
}

/* sd_listen_fds(3): how many sockets were passed to this very process. */
static int
passed_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int n = 0;

	if (pid != NULL && fds != NULL && strtol(pid, NULL, 10) == getpid())
		n = (int)strtol(fds, NULL, 10);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return (n < 0 || n > 64 ? 0 : n);
}

bool
listen_open(const struct conf *conf, struct listen_set *set, struct buf *err)
{
	int i, n = passed_fds();
	bool ok = true;

	memset(set, 0, sizeof(*set));
	for (i = 0; ok && i < n; i++) {
		if ((ok = adopt(FIRST_PASSED_FD + i)))
			add(set, FIRST_PASSED_FD + i, false, "passed socket");
		else
			buf_addf(err, "descriptor %d that the service manager "
			    "passed is no listening socket",
			    FIRST_PASSED_FD + i);
	}
	if (ok && n == 0)
		ok = open_list(&conf->listen, false, set, err);
	ok = ok && open_list(&conf->metrics_listen, true, set, err);
	if (!ok)
		listen_close(set, true);
	return (ok);
}

void
listen_close(struct listen_set *set, bool unlink_files)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		close(set->v[i].fd);
		if (unlink_files && is_unix(set->names[i]))
			(void)unlink(set->names[i] + LITLEN(UNIX_PREFIX));
		free(set->names[i]);
	}
	free(set->v);
	free(set->names);
	memset(set, 0, sizeof(*set));
}

/*
 * The real server of redis_check: started on a socket in a folder of its own,
 * with a clock that the test holds, and ended whatever happens.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "sim/redis_check.h"

/* What is read is a RESP value; how long the first of n bytes is, 0 if it is
 * not complete. */
static size_t
value_size(const char *p, size_t n)
{
	const char *line = n == 0 ? NULL : memchr(p, '\n', n);
	size_t at, count, size;
	long v;

	if (line == NULL)
		return (0);
	at = (size_t)(line - p) + 1;
	v = strtol(p + 1, NULL, 10);
	if (*p == '$')
		at += v < 0 ? 0 : (size_t)v + 2;
	else if (*p == '*')
		for (count = v < 0 ? 0 : (size_t)v; count > 0; count--) {
			if (at >= n || (size = value_size(p + at,
			    n - at)) == 0)
				return (0);
			at += size;
		}
	return (at > n ? 0 : at);
}

size_t
resp_size(struct slice s)
{
	return (value_size(s.p, s.n));
}

static void
run_server(const struct real *real, const char *server, const char *library)
{
	char *dir = real->dir;
	char *socket_path = xasprintf("%s/socket", dir);
	char *clock = xasprintf("%s/clock", dir);
	char *log = xasprintf("%s/log", dir);
	const char *argv[32] = { server, "--port", "0", "--unixsocket",
	    socket_path, "--save", "", "--appendonly", "no", "--dir", dir,
	    "--logfile", log,
	    /* In the compact form hashes have an order to compare. */
	    "--hash-max-ziplist-entries", "1000000",
	    "--hash-max-ziplist-value", "1000000" };
	size_t n = 17;

	if (real->version >= 7) {
		argv[n++] = "--enable-protected-configs";
		argv[n++] = "yes";
		argv[n++] = "--enable-debug-command";
		argv[n++] = "yes";
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setenv("REDIS_CLOCK", clock, 1);
	(void)setenv("LD_PRELOAD", library, 1);
	(void)execvp(server, (char *const *)(uintptr_t)argv);
	_exit(127);
}

int
real_connect(const struct real *real)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), i;

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/socket",
	    real->dir);
	for (i = 0; i < 1000; i++) {
		if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
			return (fd);
		if (waitpid(real->pid, NULL, WNOHANG) == real->pid)
			errx(1, "the server has ended");
		(void)usleep(10000);
	}
	errx(1, "the server does not listen");
}

/* The folder beside this program. */
static char *
find_library(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n == -1)
		err(1, "/proc/self/exe");
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	return (xasprintf("%s/redis_clock.so", path));
}

/* "Redis server v=7.0.15 ...": 7, when it is one that is modelled. */
static int
find_version(const char *server)
{
	char *command = xasprintf("'%s' --version", server);
	FILE *f = popen(command, "r");
	int major = 0, minor = -1;

	if (f == NULL || fscanf(f, "Redis server v=%d.%d", &major,
	    &minor) != 2)
		errx(77, "SKIP: no %s", server);
	(void)pclose(f);
	free(command);
	if (minor != 0 || (major != 6 && major != 7)) {
		(void)printf("SKIP: Redis %d.%d is not modelled\n", major,
		    minor);
		exit(77);
	}
	return (major);
}

void
real_start(struct real *real)
{
	const char *server = getenv("REDIS_SERVER");
	char *library = find_library(), *path;
	int fd;

	if (server == NULL)
		server = "redis-server";
	real->version = find_version(server);
	real->dir = xstrdup("/tmp/redis_check.XXXXXX");
	if (access(library, R_OK) == -1 || mkdtemp(real->dir) == NULL)
		err(1, "%s", library);
	path = xasprintf("%s/clock", real->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1 || ftruncate(fd, sizeof(*real->now_us)) == -1)
		err(1, "%s", path);
	real->now_us = mmap(NULL, sizeof(*real->now_us),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (real->now_us == MAP_FAILED)
		err(1, "mmap");
	(void)close(fd);
	*real->now_us = 1700000000000000;
	if ((real->pid = fork()) == -1)
		err(1, "fork");
	if (real->pid == 0)
		run_server(real, server, library);
	free(path);
	free(library);
}

/* Redis 6 would not end by itself while its clock stands. */
void
real_stop(struct real *real)
{
	static const char *const files[] = { "socket", "clock", "log",
	    "dump.rdb" };
	size_t i;

	if (real->pid <= 0)
		return;
	(void)kill(real->pid, SIGKILL);
	(void)waitpid(real->pid, NULL, 0);
	real->pid = 0;
	for (i = 0; i < COUNT_OF(files); i++) {
		char *path = xasprintf("%s/%s", real->dir, files[i]);

		(void)unlink(path);
		free(path);
	}
	(void)rmdir(real->dir);
	free(real->dir);
	(void)munmap((void *)(uintptr_t)real->now_us,
	    sizeof(*real->now_us));
}

void
real_send(int fd, const struct buf *b)
{
	size_t at = 0;
	ssize_t n;

	while (at < b->n) {
		if ((n = write(fd, b->p + at, b->n - at)) <= 0)
			err(1, "write to the server");
		at += (size_t)n;
	}
}

void
real_receive(int fd, struct buf *out, size_t start)
{
	ssize_t n;

	while (resp_size((struct slice){ out->p + start,
	    out->n - start }) == 0) {
		n = read(fd, buf_reserve(out, 65536), 65536);
		if (n <= 0)
			errx(1, "the server has hung up");
		out->n += (size_t)n;
	}
}

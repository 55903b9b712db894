/*
 * The embedded Redis. It listens on a unix socket only, in a folder that only
 * this user may enter, keeps nothing on disk, and dies with the master
 * (PR_SET_PDEATHSIG). It has a process group of its own, so that a Ctrl-C in
 * a terminal reaches it through the master and not before the workers are done.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "process/embedded.h"

#define START_MS	5000
#define STOP_MS		3000
#define AGAIN_MS	1000	/* between two attempts to start it again */

struct embedded {
	char	*program;
	char	*dir;
	char	*socket;
	char	*url;
	bool	 made_dir;
	pid_t	 pid;		/* 0: not running */
	int64_t	 again_ms;
};

static void
nap(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}

static void
exec_redis(const struct embedded *e)
{
	sigset_t none;
	int fd;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)setpgid(0, 0);
	if ((fd = open("/dev/null", O_RDWR)) != -1) {
		(void)dup2(fd, STDIN_FILENO);
		(void)dup2(fd, STDOUT_FILENO);
	}
	(void)execlp(e->program, e->program, "--port", "0", "--unixsocket",
	    e->socket, "--unixsocketperm", "700", "--save", "",
	    "--appendonly", "no", "--daemonize", "no", "--dir", e->dir,
	    "--loglevel", "warning", "--maxmemory-policy", "noeviction",
	    "--supervised", "no", (char *)NULL);
	_exit(127);
}

static bool
spawn(struct embedded *e)
{
	pid_t pid;

	(void)unlink(e->socket);
	if ((pid = fork()) == -1)
		return (false);
	if (pid == 0)
		exec_redis(e);
	e->pid = pid;
	return (true);
}

static bool
answers(const struct embedded *e)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	bool ok;
	int fd;

	memcpy(sun.sun_path, e->socket, strlen(e->socket) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return (false);
	ok = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	close(fd);
	return (ok);
}

static bool
wait_up(struct embedded *e, struct buf *err)
{
	int64_t until = clock_mono_ms() + START_MS;
	int status;

	while (!answers(e)) {
		if (waitpid(e->pid, &status, WNOHANG) == e->pid) {
			e->pid = 0;
			if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
				buf_addf(err, "redis_url = embedded: cannot "
				    "run \"%s\"; install the package "
				    "redis-server, or set redis_server to "
				    "where it is", e->program);
			else
				buf_addf(err, "redis_url = embedded: %s ended "
				    "at once (status %d)", e->program, status);
			return (false);
		}
		if (clock_mono_ms() > until) {
			buf_addf(err, "redis_url = embedded: %s does not "
			    "answer", e->program);
			return (false);
		}
		nap(10);
	}
	return (true);
}

/* The folder: as configured, or a private one. */
static bool
make_dir(struct embedded *e, const struct conf *conf, struct buf *err)
{
	char path[] = "/tmp/collabd-XXXXXX";

	if (*conf->runtime_dir != '\0') {
		e->dir = xstrdup(conf->runtime_dir);
		if (mkdir(e->dir, 0700) == 0)
			e->made_dir = true;
		else if (errno != EEXIST) {
			buf_addf(err, "runtime_dir: %s: %s", e->dir,
			    strerror(errno));
			return (false);
		}
	} else {
		if (mkdtemp(path) == NULL) {
			buf_addf(err, "cannot make %s: %s", path,
			    strerror(errno));
			return (false);
		}
		e->dir = xstrdup(path);
		e->made_dir = true;
	}
	e->socket = xasprintf("%s/redis.%d.sock", e->dir, (int)getpid());
	e->url = xasprintf("unix://%s", e->socket);
	if (strlen(e->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		buf_addf(err, "runtime_dir: %s: too long for a unix socket",
		    e->dir);
		return (false);
	}
	return (true);
}

struct embedded *
embedded_start(const struct conf *conf, struct buf *err)
{
	struct embedded *e = xcalloc(1, sizeof(*e));

	e->program = xstrdup(conf->redis_server);
	if (!make_dir(e, conf, err) || !spawn(e) || !wait_up(e, err)) {
		embedded_stop(e);
		return (NULL);
	}
	log_info("embedded redis pid=%d socket=%s", (int)e->pid, e->socket);
	return (e);
}

const char *
embedded_url(const struct embedded *e)
{
	return (e->url);
}

bool
embedded_reap(struct embedded *e, pid_t pid)
{
	if (e == NULL || e->pid != pid)
		return (false);
	log_err("the embedded redis died; starting it again");
	e->pid = 0;
	return (true);
}

void
embedded_tend(struct embedded *e)
{
	int64_t now = clock_mono_ms();

	if (e == NULL || e->pid != 0 || now < e->again_ms)
		return;
	e->again_ms = now + AGAIN_MS;
	if (!spawn(e))
		log_err("cannot start the embedded redis: %s",
		    strerror(errno));
}

void
embedded_stop(struct embedded *e)
{
	int64_t until = clock_mono_ms() + STOP_MS;

	if (e == NULL)
		return;
	if (e->pid != 0) {
		(void)kill(e->pid, SIGTERM);
		while (waitpid(e->pid, NULL, WNOHANG) == 0) {
			if (clock_mono_ms() > until)
				(void)kill(e->pid, SIGKILL);
			nap(10);
		}
	}
	if (e->socket != NULL)
		(void)unlink(e->socket);
	if (e->made_dir)
		(void)rmdir(e->dir);
	free(e->program);
	free(e->dir);
	free(e->socket);
	free(e->url);
	free(e);
}

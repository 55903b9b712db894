/*
 * The embedded Redis. It listens on a unix socket only, in a folder that only
 * this user may enter, and dies with the master (PR_SET_PDEATHSIG). It has a
 * process group of its own, so that a Ctrl-C in a terminal reaches it through
 * the master and not before the workers are done.
 *
 * Its append-only file is written before it answers and never synced by us: what
 * the workers were told is in the page cache, and that outlives processes. What
 * has its time to live keeps it by the wall clock, so that an old file does no
 * harm. Redis cuts a last command off that was not written whole.
 *
 * It holds the lock on the folder as well as the master does: when the master
 * was killed, the next one waits until the last word has been written.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
#include "process/rundir.h"

#define START_MS	5000
#define STOP_MS		3000
#define FOLDER_MS	(STOP_MS + 2000)	/* for one that still ends */
#define AGAIN_MS	1000	/* between two attempts to start it again */
#define WATCH_MS	2000	/* between two looks whether it can write */
#define ASK_MS		100
#define LARGEST_BYTES	(64 << 20)	/* if it does not get shorter again */
#define NO_PROGRAM	127	/* exit status of the child, as a shell's */

struct embedded {
	char	*program;
	char	*socket;
	char	*url;
	struct rundir *dir;
	pid_t	 pid;		/* 0: not running */
	int64_t	 again_ms;
	int64_t	 watch_ms;
	bool	 keeps;		/* has a file, now and when it is started again */
	bool	 writes;	/* to one, as far as is known */
	bool	 had_data;	/* when it was started */
	bool	 is_up;		/* has answered since then */
};

static void
nap(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}

/* --- the process --- */

/* In the child. master: whose end ends it, also when that was before now. */
static void
exec_redis(const struct embedded *e, pid_t master)
{
	sigset_t none;
	int fd;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != master)
		_exit(EXIT_FAILURE);
	(void)setpgid(0, 0);
	(void)umask(077);
	(void)fcntl(rundir_fd(e->dir), F_SETFD, 0);
	if ((fd = open("/dev/null", O_RDWR)) != -1) {
		(void)dup2(fd, STDIN_FILENO);
		(void)dup2(fd, STDOUT_FILENO);
	}
	(void)execlp(e->program, e->program, "--port", "0", "--unixsocket",
	    e->socket, "--unixsocketperm", "700", "--save", "",
	    "--appendonly", e->keeps ? "yes" : "no", "--appendfsync", "no",
	    "--auto-aof-rewrite-min-size", "8mb", "--daemonize", "no",
	    "--dir", e->keeps ? rundir_data_path(e->dir) :
	    rundir_path(e->dir), "--loglevel", "warning",
	    "--maxmemory-policy", "noeviction", "--supervised", "no",
	    (char *)NULL);
	_exit(NO_PROGRAM);
}

static void
keep_nothing(struct embedded *e, const char *why)
{
	log_err("the embedded redis %s; it goes on without a file, and when "
	    "it is started again no editor has a head start", why);
	e->keeps = false;
	rundir_remove_data(e->dir);
}

static bool
spawn(struct embedded *e)
{
	pid_t pid, master = getpid();

	(void)unlink(e->socket);
	if (e->keeps && !rundir_make_data(e->dir))
		keep_nothing(e, "has no place for its file");
	e->had_data = e->keeps && rundir_has_data(e->dir);
	e->is_up = false;
	e->writes = e->keeps;
	if ((pid = fork()) == -1)
		return (false);
	if (pid == 0)
		exec_redis(e, master);
	e->pid = pid;
	return (true);
}

/* Redis exits when it finds that its file is wrong, or when it cannot write one;
 * some files it takes for right, and crashes. */
static bool
failed_by_itself(int status)
{
	if (WIFSIGNALED(status))
		return (WTERMSIG(status) == SIGABRT ||
		    WTERMSIG(status) == SIGBUS || WTERMSIG(status) == SIGFPE ||
		    WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGSEGV);
	return (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != NO_PROGRAM);
}

/*
 * One that ended before it answered: without its data it may start, or else
 * without a file. False: there is nothing left to try.
 */
static bool
step_down(struct embedded *e, int status)
{
	if (!e->keeps || !failed_by_itself(status))
		return (false);
	if (e->had_data) {
		log_err("the embedded redis cannot read its file, which is "
		    "now in %s/damaged; it starts empty", rundir_path(e->dir));
		rundir_set_data_aside(e->dir);
	} else
		keep_nothing(e, "cannot write a file");
	return (true);
}

/* --- talking to it --- */

/* Sends a command, and what came first of the answer is in answer. False if
 * nothing did within ASK_MS. */
static bool
ask(const struct embedded *e, const char *command, char *answer, size_t size)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct pollfd pfd = { .events = POLLIN };
	ssize_t n = -1;
	int fd;

	memcpy(sun.sun_path, e->socket, strlen(e->socket) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (false);
	pfd.fd = fd;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    send(fd, command, strlen(command), MSG_NOSIGNAL) != -1 &&
	    poll(&pfd, 1, ASK_MS) == 1)
		n = recv(fd, answer, size - 1, 0);
	close(fd);
	if (n <= 0)
		return (false);
	answer[n] = '\0';
	return (true);
}

/* Whether it answered at all; then is_up says whether it can work. */
static bool
ping(struct embedded *e)
{
	char answer[128];

	if (!ask(e, "PING\r\n", answer, sizeof(answer)))
		return (false);
	e->is_up = strncmp(answer, "+PONG", 5) == 0;
	return (true);
}

/* What is wrong with the file, by an answer to INFO; NULL: nothing. */
static const char *
file_trouble(const char *info)
{
	static const char size[] = "aof_current_size:";
	const char *at = strstr(info, size);

	if (strstr(info, "aof_last_write_status:err") != NULL)
		return ("cannot write its file");
	if (at != NULL && strtoll(at + LITLEN(size), NULL, 10) >
	    LARGEST_BYTES && strstr(info, "aof_last_bgrewrite_status:err") !=
	    NULL)
		return ("cannot make its file any shorter");
	return (NULL);
}

/*
 * A Redis that cannot write its file takes no writes. Locks are worth more than
 * what it would know after a restart. The file goes first: whatever is killed
 * meanwhile, nobody reads one that knows less than the workers were told. Redis
 * syncs it once more before it obeys, which may take long.
 */
static void
watch_file(struct embedded *e)
{
	char answer[4096];
	const char *why;

	if (!ask(e, "INFO persistence\r\n", answer, sizeof(answer)))
		return;
	if (strstr(answer, "aof_enabled:0") != NULL) {
		e->writes = false;
		return;
	}
	if (e->keeps && (why = file_trouble(answer)) != NULL)
		keep_nothing(e, why);
	if (!e->keeps)
		(void)ask(e, "CONFIG SET appendonly no\r\n", answer,
		    sizeof(answer));
}

/* --- start --- */

static void
explain_end(const struct embedded *e, int status, struct buf *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
		buf_addf(err, "redis_url = embedded: cannot run \"%s\"; "
		    "install the package redis-server, or set redis_server "
		    "to where it is", e->program);
	else
		buf_addf(err, "redis_url = embedded: %s ended at once "
		    "(status %d)", e->program, status);
}

static bool
wait_up(struct embedded *e, struct buf *err)
{
	int64_t until = clock_mono_ms() + START_MS;
	int status;

	for (;;) {
		if (waitpid(e->pid, &status, WNOHANG) == e->pid) {
			e->pid = 0;
			if (!step_down(e, status)) {
				explain_end(e, status, err);
				return (false);
			}
			if (!spawn(e)) {
				buf_addf(err, "fork: %s", strerror(errno));
				return (false);
			}
			until = clock_mono_ms() + START_MS;
		}
		/* It reads its file and says so. */
		if (ping(e))
			until = clock_mono_ms() + START_MS;
		if (e->is_up)
			return (true);
		if (clock_mono_ms() > until) {
			buf_addf(err, "redis_url = embedded: %s does not "
			    "answer", e->program);
			return (false);
		}
		nap(10);
	}
}

static bool
make_folder(struct embedded *e, const struct conf *conf, bool keep,
    struct buf *err)
{
	e->dir = keep ? rundir_open(conf, FOLDER_MS, err) :
	    rundir_open_private(err);
	if (e->dir == NULL)
		return (false);
	e->socket = xasprintf("%s/sock", rundir_path(e->dir));
	e->url = xasprintf("unix://%s", e->socket);
	if (strlen(e->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		buf_addf(err, "runtime_dir: %s: too long for a unix socket",
		    rundir_path(e->dir));
		return (false);
	}
	return (true);
}

struct embedded *
embedded_start(const struct conf *conf, bool keep, struct buf *err)
{
	struct embedded *e = xcalloc(1, sizeof(*e));

	e->program = xstrdup(conf->redis_server);
	e->keeps = true;
	if (!make_folder(e, conf, keep, err) || !spawn(e) || !wait_up(e, err)) {
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
embedded_reap(struct embedded *e, pid_t pid, int status)
{
	if (e == NULL || e->pid != pid)
		return (false);
	log_err("the embedded redis died; starting it again");
	e->pid = 0;
	if (!e->is_up)
		(void)step_down(e, status);
	return (true);
}

void
embedded_tend(struct embedded *e)
{
	int64_t now = clock_mono_ms();

	if (e == NULL)
		return;
	if (e->pid == 0 && now >= e->again_ms) {
		e->again_ms = now + AGAIN_MS;
		if (!spawn(e))
			log_err("cannot start the embedded redis: %s",
			    strerror(errno));
	} else if (e->pid != 0 && !e->is_up)
		(void)ping(e);
	else if (e->pid != 0 && e->writes && now >= e->watch_ms) {
		e->watch_ms = now + WATCH_MS;
		watch_file(e);
	}
}

void
embedded_forget(struct embedded *e)
{
	if (e != NULL)
		rundir_forget(e->dir);
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
	rundir_close(e->dir);
	free(e->program);
	free(e->socket);
	free(e->url);
	free(e);
}

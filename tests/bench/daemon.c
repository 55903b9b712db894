/*
 * Starting, asking, weighing and stopping the daemon under test. Everything is
 * read from outside, the way an administrator would: the metrics endpoint and
 * /proc. It must never stop a process it did not start.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xmalloc.h"
#include "bench/bench.h"
#include "bench/daemon.h"

#define START_MS	20000
#define AWAIT_MS	60000
#define POLL_MS		20	/* between two questions */
#define SETTLED		10	/* answers that are the same */
#define PROCESSES_MAX	256

struct daemon {
	pid_t	pid;
	int	metrics_port;
	double	own;		/* connections it counts without a client */
};

/* The whole response to a GET, or false when nobody answers. */
static bool
http_get(int port, const char *path, struct buf *out)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port) };
	char *head, chunk[16384];
	ssize_t n;
	int fd;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1) {
		(void)close(fd);
		return (false);
	}
	head = xasprintf("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "Connection: close\r\n\r\n", path, port);
	(void)send(fd, head, strlen(head), MSG_NOSIGNAL);
	free(head);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	(void)close(fd);
	(void)buf_str(out);
	return (out->n > 0);
}

static bool
is_healthy(int port)
{
	struct buf b = { 0 };
	bool yes;

	yes = http_get(port, "/health", &b) &&
	    strncmp(buf_str(&b), "HTTP/1.1 200", 12) == 0;
	buf_fini(&b);
	return (yes);
}

/* What the daemon before left is none of the next one's business. */
static void
empty_redis(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	static const char command[] = "FLUSHALL\r\n";
	char answer[16];
	ssize_t n;
	int fd;

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    write(fd, command, LITLEN(command)) == -1)
		err(1, "%s", path);
	n = read(fd, answer, sizeof(answer));
	if (n < 5 || memcmp(answer, "+OK\r\n", 5) != 0)
		errx(1, "redis did not take FLUSHALL");
	(void)close(fd);
}

struct daemon *
daemon_start(const struct bench *b, const char *conf)
{
	struct daemon *d = xcalloc(1, sizeof(*d));
	int64_t give_up = clock_mono_ms() + START_MS;

	empty_redis(b->redis_socket);
	d->metrics_port = b->metrics_port;
	if ((d->pid = fork()) == -1)
		err(1, "fork");
	if (d->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(b->program, b->program, "-c", conf, (char *)NULL);
		err(1, "%s", b->program);
	}
	while (!is_healthy(d->metrics_port)) {
		if (waitpid(d->pid, NULL, WNOHANG) == d->pid)
			errx(1, "%s ended at start", b->program);
		if (clock_mono_ms() > give_up)
			errx(1, "%s is not healthy after %d s", b->program,
			    START_MS / 1000);
		(void)poll(NULL, 0, POLL_MS);
	}
	d->own = daemon_settled(d, METRIC_CONNECTIONS);
	return (d);
}

/* What must not happen to a healthy daemon, and makes its numbers doubtful. */
static void
warn_of_trouble(const struct daemon *d)
{
	static const char *const counters[] = {
		"collabd_resyncs_total", "collabd_worker_restarts_total",
		"collabd_redis_reconnects_total",
		"collabd_slow_clients_dropped_total",
		"collabd_orphans_taken_total",
	};
	double n;

	for (size_t i = 0; i < COUNT_OF(counters); i++) {
		if ((n = daemon_metric(d, counters[i])) != 0)
			warnx("%s is %g", counters[i], n);
	}
}

void
daemon_stop(struct daemon *d)
{
	int status;

	warn_of_trouble(d);
	(void)kill(d->pid, SIGTERM);
	while (waitpid(d->pid, &status, 0) == -1 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		warnx("collabd ended with status %#x", (unsigned)status);
	free(d);
}

/* Adds up `name value` and `name{labels} value` lines of Prometheus text. */
static bool
sum_metric(const char *text, const char *name, double *sum)
{
	size_t n = strlen(name);
	const char *at, *value;
	bool found = false;

	*sum = 0;
	for (at = text; at != NULL; at = strchr(at, '\n')) {
		if (*at == '\n')
			at++;
		if (strncmp(at, name, n) != 0)
			continue;
		if (at[n] == '{')
			value = strchr(at, '}');
		else
			value = at + n - 1;
		if (value == NULL || value[1] != ' ')
			continue;
		*sum += strtod(value + 1, NULL);
		found = true;
	}
	return (found);
}

double
daemon_metric(const struct daemon *d, const char *name)
{
	struct buf b = { 0 };
	double sum;

	if (!http_get(d->metrics_port, "/metrics", &b))
		errx(1, "no answer from the metrics endpoint");
	if (!sum_metric(buf_str(&b), name, &sum))
		errx(1, "no metric %s", name);
	buf_fini(&b);
	return (sum);
}

void
daemon_await(const struct daemon *d, const char *name, double value)
{
	int64_t give_up = clock_mono_ms() + AWAIT_MS;
	double now;

	while ((now = daemon_metric(d, name)) != value) {
		if (clock_mono_ms() > give_up)
			errx(1, "%s is %g, not %g, after %d s", name, now,
			    value, AWAIT_MS / 1000);
		(void)poll(NULL, 0, POLL_MS);
	}
}

void
daemon_await_clients(const struct daemon *d, size_t n)
{
	daemon_await(d, METRIC_CONNECTIONS, d->own + (double)n);
}

void
daemon_await_empty(const struct daemon *d)
{
	daemon_await_clients(d, 0);
	(void)daemon_settled(d, METRIC_REDIS_TRIPS);
}

double
daemon_settled(const struct daemon *d, const char *name)
{
	int64_t give_up = clock_mono_ms() + AWAIT_MS;
	double before = daemon_metric(d, name), now;

	for (int same = 0; same < SETTLED && clock_mono_ms() < give_up;
	    same++) {
		(void)poll(NULL, 0, POLL_MS);
		if ((now = daemon_metric(d, name)) != before)
			same = 0;
		before = now;
	}
	return (before);
}

int64_t
process_pss_bytes(pid_t pid)
{
	char line[256], path[64];
	long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return (0);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "Pss: %ld kB", &kib) == 1)
			break;
	}
	(void)fclose(f);
	return (kib * INT64_C(1024));
}

/* Parent and name of a process; false when it is gone. */
static bool
read_stat(pid_t pid, pid_t *parent, char name[32])
{
	char path[64];
	bool ok;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return (false);
	ok = fscanf(f, "%*d (%31[^)]) %*c %d", name, parent) == 2;
	(void)fclose(f);
	return (ok);
}

/* The direct children of the master. */
static size_t
list_children(pid_t master, pid_t *out, size_t max)
{
	struct dirent *entry;
	size_t n = 0;
	char name[32];
	pid_t pid, parent;
	DIR *dir;

	if ((dir = opendir("/proc")) == NULL)
		err(1, "/proc");
	while ((entry = readdir(dir)) != NULL && n < max) {
		pid = (pid_t)atoi(entry->d_name);
		if (pid > 0 && read_stat(pid, &parent, name) &&
		    parent == master && strcmp(name, "redis-server") != 0)
			out[n++] = pid;
	}
	(void)closedir(dir);
	return (n);
}

int64_t
daemon_pss_bytes(const struct daemon *d)
{
	pid_t children[PROCESSES_MAX];
	int64_t sum = process_pss_bytes(d->pid);
	size_t n = list_children(d->pid, children, PROCESSES_MAX);

	for (size_t i = 0; i < n; i++)
		sum += process_pss_bytes(children[i]);
	return (sum);
}

int64_t
process_cpu_us(pid_t pid)
{
	unsigned long user = 0, kernel = 0;
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return (0);
	if (fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
	    "%*u %lu %lu", &user, &kernel) != 2)
		errx(1, "%s: not understood", path);
	(void)fclose(f);
	return ((int64_t)(user + kernel) * US_PER_SEC / sysconf(_SC_CLK_TCK));
}

int64_t
daemon_cpu_us(const struct daemon *d)
{
	pid_t children[PROCESSES_MAX];
	size_t n = list_children(d->pid, children, PROCESSES_MAX);
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += process_cpu_us(children[i]);
	return (sum);
}

/*
 * Scenario (d): what an idle connection costs in user memory. The sum of the
 * proportional set sizes of the master and its workers, with ever more
 * connections, and the slope of the line through these points; Redis is
 * weighed apart. The connections are held by child processes, so that neither
 * the limit on descriptors nor the bench's own memory gets in the way; they
 * answer pings and are otherwise silent.
 *
 * Shape: a user has two pages open, each with a socket in an edit room and one
 * in a chat room; ten users share these four rooms.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xmalloc.h"
#include "bench/bench.h"
#include "bench/client.h"
#include "bench/daemon.h"

#define POINTS_MAX	16
#define HOLDERS_MAX	64
#define PER_HOLDER	5000
#define IN_FLIGHT	128	/* handshakes at a time */
#define PER_USER	4
#define ROOM_USERS	10
#define QUIET_US	(500 * US_PER_MS)

struct holder {
	pid_t	pid;
};

struct holding {
	const struct bench *b;
	size_t	 opened;
	size_t	 joined;	/* have got their first frame */
	int64_t	 last_us;	/* when a frame came last */
};

static void
on_open(struct conn *conn UNUSED, void *arg UNUSED)
{
}

static void
on_text(struct conn *conn, struct slice text UNUSED, void *arg)
{
	struct holding *h = arg;

	h->last_us = client_now_us(conn->client);
	if (conn->texts == 1)
		h->joined++;
}

static void
on_close(struct conn *conn, int status, void *arg UNUSED)
{
	errx(1, "memory: connection %zu was closed, status %d", conn->id,
	    status);
}

static const struct client_hooks hooks = { on_open, on_text, on_close };

static void
open_idle(struct holding *h, struct client *client, size_t i)
{
	size_t user = i / PER_USER, group = user / ROOM_USERS;
	const struct session *session =
	    &h->b->sessions[user % h->b->sessions_n];
	char path[128];

	if (i % PER_USER < 2)
		(void)snprintf(path, sizeof(path),
		    BENCH_PREFIX "auth/group/%zu/", group * 2 + i % 2);
	else
		(void)snprintf(path, sizeof(path),
		    BENCH_PREFIX "chat/admin_auth_group_%zu_change_/",
		    group * 2 + i % 2);
	(void)client_open(client, path, session->key, i);
	h->opened++;
}

/* The child: opens [from, to), says so on fd when all is quiet, stays. */
static void NORETURN
hold(const struct bench *b, size_t from, size_t to, int fd)
{
	struct holding h = { .b = b };
	struct client *client = client_new(b->port, &hooks, &h);
	bool told = false;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (;;) {
		while (h.opened < to - from &&
		    h.opened - h.joined < IN_FLIGHT)
			open_idle(&h, client, from + h.opened);
		(void)client_turn(client, told ? 10 * US_PER_SEC :
		    50 * US_PER_MS);
		if (!told && h.joined == to - from &&
		    client_now_us(client) - h.last_us > QUIET_US) {
			told = true;
			if (write(fd, "", 1) != 1)
				err(1, "memory: pipe");
		}
	}
}

static void
start_holder(struct bench *b, struct holder *holder, size_t from, size_t to)
{
	int fds[2];
	char byte;

	if (pipe(fds) == -1)
		err(1, "pipe");
	if ((holder->pid = fork()) == -1)
		err(1, "fork");
	if (holder->pid == 0) {
		(void)close(fds[0]);
		hold(b, from, to, fds[1]);
	}
	(void)close(fds[1]);
	if (read(fds[0], &byte, 1) != 1)
		errx(1, "memory: connections %zu to %zu did not open", from,
		    to);
	(void)close(fds[0]);
}

static void
stop_holder(struct holder *holder)
{
	(void)kill(holder->pid, SIGTERM);
	while (waitpid(holder->pid, NULL, 0) == -1 && errno == EINTR)
		;
}

/* Least squares: what y grows by for one x. */
static double
slope(const double *x, const double *y, size_t n)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0, k = (double)n;

	for (size_t i = 0; i < n; i++) {
		sx += x[i];
		sy += y[i];
		sxx += x[i] * x[i];
		sxy += x[i] * y[i];
	}
	return ((k * sxy - sx * sy) / (k * sxx - sx * sx));
}

static void
weigh(struct bench *b, struct daemon *d, size_t connections, double *ours,
    double *redis)
{
	char name[64];

	*ours = (double)daemon_pss_bytes(d);
	*redis = (double)process_pss_bytes(b->redis_pid);
	(void)snprintf(name, sizeof(name), "collabd PSS, %zu connections",
	    connections);
	report_add(b->report, "memory", name, "KiB", *ours / 1024);
	(void)snprintf(name, sizeof(name), "redis-server PSS, %zu connections",
	    connections);
	report_add(b->report, "memory", name, "KiB", *redis / 1024);
}

static void
memory_run(struct bench *b)
{
	struct daemon *d = daemon_start(b, b->conf);
	struct holder holders[HOLDERS_MAX];
	double x[POINTS_MAX] = { 0 }, ours[POINTS_MAX], redis[POINTS_MAX];
	size_t held = 0, n = 0, step, h = 0;

	weigh(b, d, 0, &ours[0], &redis[0]);
	for (; n < POINTS_MAX && b->idle[n] != 0; n++) {
		for (; held < b->idle[n] && h < HOLDERS_MAX; held += step) {
			step = b->idle[n] - held;
			if (step > PER_HOLDER)
				step = PER_HOLDER;
			start_holder(b, &holders[h++], held, held + step);
		}
		daemon_await_clients(d, held);
		weigh(b, d, held, &ours[n], &redis[n]);
		x[n] = (double)held;
	}
	report_add(b->report, "memory", "collabd, slope per connection",
	    "bytes", slope(x, ours, n));
	report_add(b->report, "memory", "redis-server, slope per connection",
	    "bytes", slope(x, redis, n));
	while (h > 0)
		stop_holder(&holders[--h]);
	daemon_await_empty(d);
	daemon_stop(d);
}

void
bench_memory(struct bench *b)
{
	report_note(b->report, "memory", "%d sockets a user, half in edit and "
	    "half in chat rooms of %d users; slope by least squares over all "
	    "points but 0", PER_USER, ROOM_USERS);
	for (int run = 0; run < b->runs; run++)
		memory_run(b);
}

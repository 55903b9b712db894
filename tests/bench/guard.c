/*
 * Scenario (f): how long the guard takes to answer a proxy, a new connection for
 * each question included, one question after the other. Somebody edits the
 * object, so the room is in the machine's cache; whose session it is was known
 * some seconds ago, or is asked of the database.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xmalloc.h"
#include "bench/bench.h"
#include "bench/client.h"
#include "bench/daemon.h"

#define SCENARIO	"guard"
#define OBJECT		"auth/group/1"
#define LIMIT_US	(60 * US_PER_SEC)
/* A session that is known is asked about at least so often. */
#define KNOWN_MS	5000

struct guarded {
	struct bench	*b;
	struct client	*client;
	size_t		 frames;
	int64_t		*times_us;
	size_t		 n;
};

static void
on_open(struct conn *conn UNUSED, void *arg UNUSED)
{
}

static void
on_text(struct conn *conn UNUSED, struct slice text UNUSED, void *arg)
{
	((struct guarded *)arg)->frames++;
}

static void
on_close(struct conn *conn UNUSED, int status, void *arg UNUSED)
{
	errx(1, "guard: the editor was closed, status %d", status);
}

static const struct client_hooks hooks = { on_open, on_text, on_close };

static void
await_frames(struct guarded *g, size_t frames)
{
	int64_t give_up = clock_mono_us() + LIMIT_US;

	while (g->frames < frames) {
		(void)client_turn(g->client, 100 * US_PER_MS);
		if (client_now_us(g->client) > give_up)
			errx(1, "guard: no editor");
	}
}

/* The first session's user edits the object. */
static void
start_editor(struct guarded *g)
{
	struct buf b = { 0 };
	struct conn *conn;

	conn = client_open(g->client, BENCH_PREFIX OBJECT "/",
	    g->b->sessions[0].key, 0);
	await_frames(g, 1);
	client_add_frame(&b, "{\"type\":\"claim_editor\"}");
	conn_send(conn, b.p, b.n);
	buf_fini(&b);
	await_frames(g, 2);
}

static int
dial(int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&sin,
	    sizeof(sin)) == -1)
		err(1, "guard: connect");
	return (fd);
}

/* One question, to the end of the connection; it must be refused. */
static void
ask(struct guarded *g, const char *session)
{
	char head[512], answer[4096];
	int64_t start_us = clock_mono_us();
	int fd = dial(g->b->port);
	size_t got = 0;
	ssize_t n;

	n = snprintf(head, sizeof(head), "GET " BENCH_PREFIX "guard HTTP/1.1\r\n"
	    "Host: localhost\r\nX-Original-Method: POST\r\n"
	    "X-Original-URI: /admin/" OBJECT "/change/\r\n"
	    "Cookie: sessionid=%s\r\n\r\n", session);
	if (write(fd, head, (size_t)n) != n)
		err(1, "guard: write");
	while ((n = read(fd, answer + got, sizeof(answer) - got)) > 0)
		got += (size_t)n;
	close(fd);
	if (got < 12 || memcmp(answer, "HTTP/1.1 403", 12) != 0)
		errx(1, "guard: was not refused: %.40s", answer);
	g->times_us = xreallocarray(g->times_us, g->n + 1,
	    sizeof(*g->times_us));
	g->times_us[g->n++] = clock_mono_us() - start_us;
}

static int
compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y ? -1 : x > y);
}

static void
add_times(struct guarded *g, const char *what)
{
	static const struct {
		const char	*name;
		double		 part;
	} points[] = { { "p50", 0.5 }, { "p99", 0.99 } };
	char name[64];

	qsort(g->times_us, g->n, sizeof(*g->times_us), compare_times);
	for (size_t i = 0; i < COUNT_OF(points); i++) {
		(void)snprintf(name, sizeof(name), "%s, %s", what,
		    points[i].name);
		report_add(g->b->report, SCENARIO, name, "us", (double)
		    g->times_us[(size_t)(points[i].part * (double)g->n)]);
	}
	g->n = 0;
}

/* The same session again and again; its first question asks the database. */
static void
run_known(struct guarded *g)
{
	int64_t end = clock_mono_ms() + (g->b->measure_ms < KNOWN_MS ?
	    g->b->measure_ms : KNOWN_MS);

	for (int i = 0; i < 16; i++)
		ask(g, g->b->sessions[1].key);
	g->n = 0;
	while (clock_mono_ms() < end)
		ask(g, g->b->sessions[1].key);
	add_times(g, "session known");
}

static void
run_unknown(struct guarded *g)
{
	size_t n = g->b->sessions_n < 500 ? g->b->sessions_n : 500;

	for (size_t i = 2; i < n; i++)
		ask(g, g->b->sessions[i].key);
	add_times(g, "session from the database");
}

void
bench_guard(struct bench *b)
{
	struct guarded g = { .b = b };
	struct daemon *d;

	for (int run = 0; run < b->runs; run++) {
		d = daemon_start(b, b->conf);
		g.frames = 0;
		g.client = client_new(b->port, &hooks, &g);
		start_editor(&g);
		run_known(&g);
		run_unknown(&g);
		client_free(g.client);
		daemon_stop(d);
	}
	free(g.times_us);
}

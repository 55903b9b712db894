/*
 * Scenario (e): everybody enters one room at once, each as a user of its own,
 * over all workers: a large room when its worker comes back, or when the page
 * that all are looking at is announced. As pages of the package, and as tabs,
 * which say hello as soon as the socket is open, as collabd's client does.
 *
 * Timed is when a socket has got its first frame, and when each has been told
 * of everybody: of that the bench keeps a map, so that nobody can be forgotten
 * or be counted twice. What it costs is read from /proc.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xmalloc.h"
#include "bench/bench.h"
#include "bench/client.h"
#include "bench/daemon.h"

#define JOINS_LIMIT_MS	120000
#define HELLO	"{\"type\":\"hello\",\"tab\":\"bench\",\"state\":\"viewing\"," \
	"\"many\":true}"

struct joins {
	const struct bench *b;
	bool	 are_tabs;
	size_t	 n;
	int64_t	 start_us;
	int64_t	*first_us;	/* by socket, from start_us */
	size_t	 firsts;
	bool	*knows;		/* n * n: whether a socket was told of a user */
	size_t	*known;		/* how many */
	size_t	 complete;	/* sockets that know everybody */
	struct buf hello;
};

static void
on_open(struct conn *conn, void *arg)
{
	struct joins *j = arg;

	if (j->are_tabs)
		conn_send(conn, j->hello.p, j->hello.n);
}

/* The socket has been told of the user with this id. */
static void
note_user(struct joins *j, size_t socket, long long id)
{
	long long user = id - atoll(j->b->sessions[0].user_id);
	bool *knows;

	if (user < 0 || (size_t)user >= j->n)
		errx(1, "joins: nobody has the user_id %lld", id);
	knows = &j->knows[socket * j->n + (size_t)user];
	if (*knows)
		return;
	*knows = true;
	if (++j->known[socket] == j->n)
		j->complete++;
}

static bool
begins(struct slice text, const char *with, size_t n)
{
	return (text.n >= n && memcmp(text.p, with, n) == 0);
}

/* A tab counts what a tab is shown. */
static bool
is_of_roster(const struct joins *j, struct slice text)
{
	static const char joined[] = "{\"type\":\"user_joined\"";
	static const char presence[] = "{\"type\":\"presence\"";
	static const char one[] = "{\"type\":\"user_present\"";
	static const char many[] = "{\"type\":\"users_present\"";

	if (!j->are_tabs)
		return (begins(text, joined, LITLEN(joined)));
	return (begins(text, presence, LITLEN(presence)) ||
	    begins(text, one, LITLEN(one)) || begins(text, many, LITLEN(many)));
}

static void
on_text(struct conn *conn, struct slice text, void *arg)
{
	static const char key[] = "\"user_id\":";
	struct joins *j = arg;
	const char *at = text.p, *end = text.p + text.n;

	if (conn->texts == 1) {
		j->first_us[conn->id] = client_now_us(conn->client) -
		    j->start_us;
		j->firsts++;
	}
	if (!is_of_roster(j, text))
		return;
	while ((at = memmem(at, (size_t)(end - at), key, LITLEN(key))) !=
	    NULL) {
		at += LITLEN(key);
		note_user(j, conn->id, strtoll(at, NULL, 10));
	}
}

static void
on_close(struct conn *conn, int status, void *arg UNUSED)
{
	errx(1, "joins: connection %zu was closed, status %d", conn->id,
	    status);
}

static const struct client_hooks hooks = { on_open, on_text, on_close };

static void
joins_init(struct joins *j, struct bench *b, bool are_tabs)
{
	memset(j, 0, sizeof(*j));
	j->b = b;
	j->are_tabs = are_tabs;
	j->n = b->joins;
	if (j->n > b->sessions_n)
		errx(1, "joins: %zu users are too few", b->sessions_n);
	j->first_us = xcalloc(j->n, sizeof(*j->first_us));
	j->knows = xcalloc(j->n * j->n, sizeof(*j->knows));
	j->known = xcalloc(j->n, sizeof(*j->known));
	client_add_frame(&j->hello, HELLO);
}

static void
joins_fini(struct joins *j)
{
	free(j->first_us);
	free(j->knows);
	free(j->known);
	buf_fini(&j->hello);
}

/* All at once, until each knows everybody. */
static void
enter(struct joins *j, struct client *client)
{
	int64_t give_up;

	j->start_us = clock_mono_us();
	give_up = j->start_us + JOINS_LIMIT_MS * US_PER_MS;
	for (size_t i = 0; i < j->n; i++)
		(void)client_open_as(client, BENCH_PREFIX "auth/group/1/",
		    j->b->sessions[i].key, j->are_tabs ? "collabd.v1" : NULL,
		    i);
	while (j->complete < j->n) {
		(void)client_turn(client, 100 * US_PER_MS);
		if (client_now_us(client) > give_up)
			errx(1, "joins: of %zu %zu have a frame and %zu know "
			    "everybody", j->n, j->firsts, j->complete);
	}
}

static int
compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y ? -1 : x > y);
}

static void
add(const struct joins *j, const char *what, int64_t us)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "%zu %s: %s", j->n,
	    j->are_tabs ? "tabs" : "pages of the package", what);
	report_add(j->b->report, "entering one room at once", name, "s",
	    (double)us / US_PER_SEC);
}

static void
joins_run(struct bench *b, bool are_tabs)
{
	struct daemon *d = daemon_start(b, b->conf);
	int64_t workers_us, redis_us, own_us, told_us;
	struct joins j;
	struct client *client;

	joins_init(&j, b, are_tabs);
	client = client_new(b->port, &hooks, &j);
	workers_us = daemon_cpu_us(d);
	redis_us = process_cpu_us(b->redis_pid);
	own_us = process_cpu_us(getpid());
	enter(&j, client);
	told_us = client_now_us(client) - j.start_us;
	workers_us = daemon_cpu_us(d) - workers_us;
	redis_us = process_cpu_us(b->redis_pid) - redis_us;
	own_us = process_cpu_us(getpid()) - own_us;
	client_free(client);
	daemon_await_empty(d);
	daemon_stop(d);

	qsort(j.first_us, j.n, sizeof(*j.first_us), compare_times);
	add(&j, "first frame, median", j.first_us[j.n / 2]);
	add(&j, "first frame, last", j.first_us[j.n - 1]);
	add(&j, "all are told of all", told_us);
	add(&j, "processor, workers", workers_us);
	add(&j, "processor, redis-server", redis_us);
	add(&j, "processor, this client", own_us);
	joins_fini(&j);
}

void
bench_joins(struct bench *b)
{
	report_note(b->report, "joins", "%zu sockets of as many users into one "
	    "edit room, handshakes included; tabs say hello at once",
	    b->joins);
	for (int run = 0; run < b->runs; run++) {
		joins_run(b, false);
		joins_run(b, true);
	}
}

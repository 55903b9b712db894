/*
 * Scenarios (a) and (b): what a handshake costs with its authorization, one
 * after the other and all at once. The bare loop of libpq is the measure: no
 * server can be faster than it that opens one connection a check, and one that
 * is faster has reused connections. Runs alternate, daemon and bare loop.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xmalloc.h"
#include "bench/bench.h"
#include "bench/client.h"
#include "bench/daemon.h"
#include "bench/postgres.h"

#define PATH_MAX_BYTES	128
#define STORM_LIMIT_MS	300000

/* Concurrent handshakes; the daemon's threads are 2 workers by 2. */
static const int loops[] = { 4, 32 };

struct handshakes {
	const struct bench *b;
	size_t	 started;
	size_t	 done;
	size_t	 failed;
	bool	 keep;		/* the storm: stay, and wait for a frame */
};

static void
start_one(struct handshakes *h, struct client *client)
{
	size_t i = h->started++;
	char path[PATH_MAX_BYTES];

	(void)snprintf(path, sizeof(path), BENCH_PREFIX "auth/group/%zu/", i);
	(void)client_open(client, path,
	    h->b->sessions[i % h->b->sessions_n].key, i);
}

static void
on_open(struct conn *conn, void *arg)
{
	struct handshakes *h = arg;

	if (h->keep)
		return;
	h->done++;
	start_one(h, conn->client);
	conn_close(conn);
}

static void
on_text(struct conn *conn, struct slice text UNUSED, void *arg)
{
	struct handshakes *h = arg;

	/* The first frame is its own user_joined: it is back. */
	if (h->keep && conn->texts == 1)
		h->done++;
}

static void
on_close(struct conn *conn, int status, void *arg)
{
	struct handshakes *h = arg;

	h->failed++;
	if (h->failed == 1)
		warnx("connection %zu was closed, status %d", conn->id, status);
}

static const struct client_hooks hooks = { on_open, on_text, on_close };

/* Handshakes a second in a closed loop of k. */
static double
closed_loop(struct bench *b, int k, size_t *done)
{
	struct handshakes h = { .b = b };
	struct client *client = client_new(b->port, &hooks, &h);
	int64_t start = clock_mono_us();
	int64_t end = start + b->handshakes_ms * US_PER_MS;

	for (int i = 0; i < k; i++)
		start_one(&h, client);
	while (client_now_us(client) < end && h.failed == 0)
		(void)client_turn(client, 100 * US_PER_MS);
	if (h.failed > 0)
		errx(1, "handshakes: a connection was refused");
	end = client_now_us(client);
	client_free(client);
	if (h.done == 0)
		errx(1, "not one handshake in %lld ms",
		    (long long)b->handshakes_ms);
	*done = h.done;
	return ((double)h.done * US_PER_SEC / (double)(end - start));
}

static void
handshakes_run(struct bench *b, struct daemon *d, int k)
{
	const char *scenario = "handshakes with authorization";
	char name[64];
	double opened, ours, bare;
	int64_t took_us;
	size_t n;

	opened = daemon_metric(d, METRIC_DB_OPENED);
	ours = closed_loop(b, k, &n);
	daemon_await_empty(d);
	opened = daemon_metric(d, METRIC_DB_OPENED) - opened;
	(void)snprintf(name, sizeof(name), "collabd, %d at a time", k);
	report_add(b->report, scenario, name, "1/s", ours);
	(void)snprintf(name, sizeof(name), "database connections, %d at a time",
	    k);
	report_add(b->report, scenario, name, "each", opened / (double)n);
	n = postgres_bare_loop(b, k, SIZE_MAX, b->handshakes_ms, &took_us);
	bare = (double)n * US_PER_SEC / (double)took_us;
	(void)snprintf(name, sizeof(name), "bare libpq loop, %d at a time", k);
	report_add(b->report, scenario, name, "1/s", bare);
	(void)snprintf(name, sizeof(name), "ratio, %d at a time", k);
	report_add(b->report, scenario, name, "x", ours / bare);
}

void
bench_handshakes(struct bench *b)
{
	struct daemon *d = daemon_start(b, b->conf);

	for (size_t i = 0; i < COUNT_OF(loops); i++) {
		for (int run = 0; run < b->runs; run++)
			handshakes_run(b, d, loops[i]);
	}
	daemon_stop(d);
}

/* Seconds until n clients that came at once have got their first frame. */
static double
storm(struct bench *b, struct daemon *d, size_t n)
{
	struct handshakes h = { .b = b, .keep = true };
	struct client *client = client_new(b->port, &hooks, &h);
	int64_t start = clock_mono_us(), took_us;

	while (h.started < n)
		start_one(&h, client);
	while (h.done < n) {
		(void)client_turn(client, 100 * US_PER_MS);
		if (h.failed > 0 || client_now_us(client) - start >
		    STORM_LIMIT_MS * US_PER_MS)
			errx(1, "storm: %zu of %zu are back, %zu refused",
			    h.done, n, h.failed);
	}
	took_us = client_now_us(client) - start;
	client_free(client);
	daemon_await_empty(d);
	return ((double)took_us / US_PER_SEC);
}

static void
add_storm(struct bench *b, size_t n, const char *what, const char *unit,
    double value)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "%zu: %s", n, what);
	report_add(b->report, "reconnect storm", name, unit, value);
}

static double
storm_run(struct bench *b, const char *conf, size_t n, bool reuse)
{
	struct daemon *d = daemon_start(b, conf);
	struct sampler *s = sampler_start(b->monitor_url);
	double seconds = storm(b, d, n);
	size_t looks;
	int most = sampler_stop(s, &looks);

	add_storm(b, n, reuse ? "collabd" : "collabd without reuse", "s",
	    seconds);
	add_storm(b, n, "most in pg_stat_activity", "conns", most);
	add_storm(b, n, "looks at pg_stat_activity", "", (double)looks);
	add_storm(b, n, "database connections opened", "",
	    daemon_metric(d, METRIC_DB_OPENED));
	daemon_stop(d);
	return (seconds);
}

/* Seconds for n checks by the bare loop, as many at a time as the budget. */
static double
storm_bare(struct bench *b, size_t n)
{
	struct sampler *s = sampler_start(b->monitor_url);
	int64_t took_us;
	size_t looks;

	if (postgres_bare_loop(b, b->auth_max, n, STORM_LIMIT_MS,
	    &took_us) != n)
		errx(1, "the bare loop did not end");
	/* A control: its threads cannot have more than auth_max open, so what
	 * is above that are servers that have not left the view yet. */
	add_storm(b, n, "bare libpq loop, most in pg_stat_activity", "conns",
	    sampler_stop(s, &looks));
	return ((double)took_us / US_PER_SEC);
}

void
bench_storm(struct bench *b)
{
	double ours, bare, scale = (double)b->storm / (double)b->storm_bare;

	report_note(b->report, "storm", "clients at once, each with a session "
	    "and a room of its own; auth_max_connections %d; bare loop of "
	    "%zu checks, scaled for %zu", b->auth_max, b->storm_bare,
	    b->storm);
	if (b->conf_noreuse == NULL)
		report_note(b->report, "storm, no reuse", "skipped: collabd "
		    "has no setting to switch reuse off");
	for (int run = 0; run < b->runs; run++) {
		ours = storm_run(b, b->conf_storm, b->storm, true);
		bare = storm_bare(b, b->storm_bare);
		add_storm(b, b->storm, "ratio to the bare loop, scaled", "x",
		    ours / (bare * scale));
		if (b->conf_noreuse != NULL) {
			ours = storm_run(b, b->conf_noreuse, b->storm_bare,
			    false);
			add_storm(b, b->storm_bare, "ratio to the bare loop, "
			    "without reuse", "x", ours / bare);
		}
		add_storm(b, b->storm_bare, "bare libpq loop", "s", bare);
	}
}

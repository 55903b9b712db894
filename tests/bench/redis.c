/*
 * Scenario (e): how many Redis round trips an operation costs, as the daemon
 * itself counts them. Each operation is done by many users, each in a room of
 * its own, and the counter's growth is divided by their number; what the
 * counter grows by when nothing happens is reported beside it, not subtracted.
 */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xmalloc.h"
#include "bench/bench.h"
#include "bench/client.h"
#include "bench/daemon.h"

#define SCENARIO	"redis round trips"
#define LIMIT_US	(60 * US_PER_SEC)
#define IDLE_MS		2000

struct trips {
	struct bench	*b;
	struct daemon	*d;
	struct client	*client;
	struct conn	**conns;
	size_t		 frames;	/* that came since the last step */
};

static void
on_open(struct conn *conn UNUSED, void *arg UNUSED)
{
}

static void
on_text(struct conn *conn UNUSED, struct slice text UNUSED, void *arg)
{
	((struct trips *)arg)->frames++;
}

static void
on_close(struct conn *conn, int status, void *arg UNUSED)
{
	errx(1, "redis: connection %zu was closed, status %d", conn->id,
	    status);
}

static const struct client_hooks hooks = { on_open, on_text, on_close };

static void
await_frames(struct trips *t, size_t frames)
{
	int64_t give_up = clock_mono_us() + LIMIT_US;

	while (t->frames < frames) {
		(void)client_turn(t->client, 100 * US_PER_MS);
		if (client_now_us(t->client) > give_up)
			errx(1, "redis: %zu frames of %zu", t->frames, frames);
	}
	if (t->frames > frames)
		warnx("redis: %zu frames, not %zu", t->frames, frames);
	t->frames = 0;
}

/* The counter's growth since *before, for each operation. */
static void
add_trips(struct trips *t, const char *name, double *before)
{
	double now = daemon_settled(t->d, METRIC_REDIS_TRIPS);

	report_add(t->b->report, SCENARIO, name, "trips",
	    (now - *before) / (double)t->b->round_trips);
	*before = now;
}

/* Everybody sends text; then each gets `answers` frames. */
static void
everybody_sends(struct trips *t, const char *text, size_t answers)
{
	double read = daemon_metric(t->d, METRIC_FRAMES_IN);
	struct buf b = { 0 };

	client_add_frame(&b, text);
	for (size_t i = 0; i < t->b->round_trips; i++)
		conn_send(t->conns[i], b.p, b.n);
	buf_fini(&b);
	await_frames(t, t->b->round_trips * answers);
	daemon_await(t->d, METRIC_FRAMES_IN,
	    read + (double)t->b->round_trips);
}

static void
join_all(struct trips *t, const char *kind, size_t answers)
{
	char path[128];

	for (size_t i = 0; i < t->b->round_trips; i++) {
		(void)snprintf(path, sizeof(path), BENCH_PREFIX "%s%zu/", kind,
		    i);
		t->conns[i] = client_open(t->client, path,
		    t->b->sessions[i % t->b->sessions_n].key, i);
	}
	await_frames(t, t->b->round_trips * answers);
}

static void
leave_all(struct trips *t)
{
	for (size_t i = 0; i < t->b->round_trips; i++)
		conn_close(t->conns[i]);
	daemon_await_empty(t->d);
}

struct step {
	const char	*name;
	const char	*text;
	size_t		 answers;	/* frames that each gets for it */
};

/* Each alone in an edit room: the answers are those to the only member. */
static const struct step edit_steps[] = {
	{ "status request", "{\"type\":\"request_editor_status\"}", 1 },
	{ "claim", "{\"type\":\"claim_editor\"}", 1 },
	{ "heartbeat, edit room", "{\"type\":\"heartbeat\"}", 0 },
	{ "content updated", "{\"type\":\"content_updated\"}", 1 },
	{ "release", "{\"type\":\"release_lock\"}", 1 },
};

static const struct step chat_steps[] = {
	{ "heartbeat, chat room", "{\"type\":\"heartbeat\"}", 0 },
	{ "chat message", "{\"type\":\"chat_message\",\"recipient_id\":1,"
	    "\"message\":\"hello\"}", 1 },
};

static void
room_run(struct trips *t, const char *kind, const char *label,
    const struct step *steps, size_t steps_n, size_t join_answers)
{
	double count = daemon_settled(t->d, METRIC_REDIS_TRIPS);
	char name[64];

	join_all(t, kind, join_answers);
	(void)snprintf(name, sizeof(name), "join, %s room", label);
	add_trips(t, name, &count);
	for (size_t i = 0; i < steps_n; i++) {
		everybody_sends(t, steps[i].text, steps[i].answers);
		add_trips(t, steps[i].name, &count);
	}
	leave_all(t);
	(void)snprintf(name, sizeof(name), "leave, %s room", label);
	add_trips(t, name, &count);
}

static void
redis_run(struct bench *b)
{
	struct trips t = { .b = b };
	double before;

	t.d = daemon_start(b, b->conf);
	t.client = client_new(b->port, &hooks, &t);
	t.conns = xcalloc(b->round_trips, sizeof(struct conn *));
	room_run(&t, "auth/group/", "edit", edit_steps,
	    COUNT_OF(edit_steps), 1);
	/* active_users, then its own user_joined */
	room_run(&t, "chat/admin_auth_group_", "chat", chat_steps,
	    COUNT_OF(chat_steps), 2);
	before = daemon_metric(t.d, METRIC_REDIS_TRIPS);
	(void)poll(NULL, 0, IDLE_MS);
	report_add(b->report, SCENARIO, "idle, both workers, a second",
	    "trips", (daemon_metric(t.d, METRIC_REDIS_TRIPS) - before) *
	    1000 / IDLE_MS);
	free(t.conns);
	client_free(t.client);
	daemon_stop(t.d);
}

void
bench_redis(struct bench *b)
{
	report_note(b->report, "redis", "%zu operations of each kind, each in "
	    "a room of its own; by the daemon's counter", b->round_trips);
	for (int run = 0; run < b->runs; run++)
		redis_run(b);
}

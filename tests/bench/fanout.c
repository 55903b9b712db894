/*
 * Scenario (c): one member's frame goes to everybody in its room. In an edit
 * room of as many users it is the editor's content_updated; in a chat room,
 * where all sockets are one user's, a chat_message. The daemon is measured
 * beside the bare loops of bare.c, which write the same bytes to as many
 * sockets; the same client drives and reads both, in the same way.
 *
 * Throughput is a closed loop: a room's editor keeps `WINDOW` frames on their
 * way, and sends the next when all members have the oldest. Latency is an open
 * loop: frames leave on a schedule whatever comes back, and each delivery is
 * timed from when its frame was due, so that a stall counts for every frame
 * that it delayed.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "bench/bare.h"
#include "bench/bench.h"
#include "bench/client.h"
#include "bench/daemon.h"
#include "proto/wsframe.h"

#define WINDOW		8
#define DUE_RING	256	/* frames of a room that may be on their way */
#define DELIVERIES_PER_S 1000
#define LATENCY	"latency at 1,000 deliveries/s"
#define SETUP_MS	60000
#define DRAIN_MS	10000

struct kind {
	const char	*name;
	const char	*path;
	const char	*claim;		/* what the sender says first, or NULL */
	const char	*frame;		/* what goes to everybody */
	const char	*type;		/* and how it is known when it comes */
};

static const struct kind edit = { "edit", BENCH_PREFIX "auth/group/",
    "{\"type\":\"claim_editor\"}", "{\"type\":\"content_updated\","
    "\"timestamp\":\"2026-01-01T00:00:00.000Z\"}",
    "\"content_updated\"" };
static const struct kind chat = { "chat",
    BENCH_PREFIX "chat/admin_auth_group_", NULL,
    "{\"type\":\"chat_message\",\"recipient_id\":1,"
    "\"message\":\"How far are you with this one?\"}",
    "\"chat_message\"" };

struct shape {
	const struct kind *kind;
	size_t	rooms;
	size_t	members;
};

/* Those of the edit room come first: latency takes only them. */
#define EDIT_SHAPES	3
#define SHAPES		6
static const struct shape shapes_full[SHAPES] = {
	{ &edit, 10, 10 }, { &edit, 1, 200 }, { &edit, 100, 20 },
	{ &chat, 10, 10 }, { &chat, 1, 200 }, { &chat, 100, 20 },
};
static const struct shape shapes_quick[SHAPES] = {
	{ &edit, 10, 10 }, { &edit, 1, 50 }, { &edit, 10, 20 },
	{ &chat, 10, 10 }, { &chat, 1, 50 }, { &chat, 10, 20 },
};

enum target { COLLABD, BARE, BARE_BATCHED };

static const char *const target_names[] = {
	"collabd", "bare loop", "bare loop, batched"
};

struct fan_room {
	struct conn	*sender;
	uint64_t	 sent;
	uint64_t	 received;	/* by all members together */
	int64_t		*due_us;	/* DUE_RING, by frame */
};

struct fan {
	struct bench	*b;
	struct shape	 shape;
	const char	*type;		/* frames that count; NULL: all */
	bool		 in_setup;
	struct client	*client;
	struct fan_room	*rooms;
	uint64_t	 received;
	struct buf	 frame;		/* the frame, WINDOW times */
	size_t		 frame_bytes;
	uint32_t	*times_us;	/* of deliveries; NULL: not timed */
	size_t		 times_n;
	size_t		 times_max;
	struct buf	*sample;	/* a delivered frame, for the bare loop */
	uint64_t	 opened;
};

static void
on_open(struct conn *conn UNUSED, void *arg)
{
	((struct fan *)arg)->opened++;
}

static void
note_time(struct fan *f, struct conn *conn)
{
	struct fan_room *room = conn->room;
	int64_t us = clock_mono_us() - room->due_us[conn->hits++ % DUE_RING];

	if (f->times_n < f->times_max)
		f->times_us[f->times_n++] = (uint32_t)us;
}

static void
on_text(struct conn *conn, struct slice text, void *arg)
{
	struct fan *f = arg;
	struct fan_room *room = conn->room;

	if (f->type != NULL &&
	    memmem(text.p, text.n, f->type, strlen(f->type)) == NULL)
		return;
	f->received++;
	if (f->in_setup)
		return;
	if (f->sample->n == 0)
		ws_add_frame(f->sample, WS_OP_TEXT, text.p, text.n);
	room->received++;
	if (f->times_us != NULL)
		note_time(f, conn);
}

static void
on_close(struct conn *conn, int status, void *arg UNUSED)
{
	errx(1, "fan-out: connection %zu was closed, status %d", conn->id,
	    status);
}

static const struct client_hooks hooks = { on_open, on_text, on_close };

/* Turns until *count is at least want. More is a fault of the daemon's, but
 * not one that spoils the numbers. */
static void
turn_until(struct fan *f, const uint64_t *count, uint64_t want,
    const char *what)
{
	int64_t give_up = client_now_us(f->client) + SETUP_MS * US_PER_MS;

	while (*count < want) {
		(void)client_turn(f->client, 100 * US_PER_MS);
		if (client_now_us(f->client) > give_up)
			errx(1, "fan-out: %s: %llu, not %llu", what,
			    (unsigned long long)*count,
			    (unsigned long long)want);
	}
	if (*count > want)
		warnx("fan-out: %s: %llu, not %llu", what,
		    (unsigned long long)*count, (unsigned long long)want);
}

/*
 * Opens all members; the first of each room is its sender. Rooms are never used
 * twice: the editor that left one has a head start over the next.
 */
static void
open_members(struct fan *f, enum target target)
{
	char path[128];
	size_t id = 0, user;
	struct conn *conn;

	for (size_t r = 0; r < f->shape.rooms; r++) {
		for (size_t m = 0; m < f->shape.members; m++, id++) {
			(void)snprintf(path, sizeof(path), "%s%zu%s",
			    target == COLLABD ? f->shape.kind->path : "/",
			    target == COLLABD ? f->b->rooms_used + r : r,
			    target == COLLABD ? "/" : "");
			user = f->shape.kind == &edit ? id : r;
			conn = client_open(f->client, path, f->b->sessions[
			    user % f->b->sessions_n].key, id);
			conn->room = &f->rooms[r];
			if (m == 0)
				f->rooms[r].sender = conn;
		}
	}
	f->b->rooms_used += f->shape.rooms;
}

/*
 * Everybody joins and each sender becomes the editor. In an edit room a member
 * gets a user_joined for each member, itself included, whatever the order they
 * came in, and then everybody gets the editor_status. In a chat room each gets
 * its active_users and its own user_joined, since there is but one user.
 */
static void
set_up(struct fan *f, enum target target)
{
	uint64_t everybody = f->shape.rooms * f->shape.members;
	struct buf b = { 0 };

	f->in_setup = true;
	open_members(f, target);
	if (target != COLLABD) {
		turn_until(f, &f->opened, everybody, "connected");
		return;
	}
	turn_until(f, &f->received, everybody *
	    (f->shape.kind == &edit ? f->shape.members : 2), "joined");
	if (f->shape.kind->claim == NULL)
		return;
	f->received = 0;
	f->type = "\"editor_status\"";
	client_add_frame(&b, f->shape.kind->claim);
	for (size_t r = 0; r < f->shape.rooms; r++)
		conn_send(f->rooms[r].sender, b.p, b.n);
	buf_fini(&b);
	turn_until(f, &f->received, everybody, "editor_status frames");
}

static void
fan_init(struct fan *f, struct bench *b, struct shape shape, int port,
    struct buf *sample)
{
	memset(f, 0, sizeof(*f));
	f->b = b;
	f->shape = shape;
	f->sample = sample;
	f->client = client_new(port, &hooks, f);
	f->rooms = xcalloc(shape.rooms, sizeof(*f->rooms));
	for (size_t r = 0; r < shape.rooms; r++)
		f->rooms[r].due_us = xcalloc(DUE_RING, sizeof(int64_t));
	for (int i = 0; i < WINDOW; i++)
		client_add_frame(&f->frame, shape.kind->frame);
	f->frame_bytes = f->frame.n / WINDOW;
}

static void
fan_fini(struct fan *f)
{
	client_free(f->client);
	for (size_t r = 0; r < f->shape.rooms; r++)
		free(f->rooms[r].due_us);
	free(f->rooms);
	free(f->times_us);
	buf_fini(&f->frame);
}

static void
forget_setup(struct fan *f)
{
	f->in_setup = false;
	f->type = f->shape.kind->type;
	f->received = 0;
}

/* Sends what the window has room for. */
static void
fill_window(struct fan *f, struct fan_room *room)
{
	uint64_t whole = room->received / f->shape.members;
	uint64_t k = WINDOW - (room->sent - whole);

	if (k == 0)
		return;
	conn_send(room->sender, f->frame.p, k * f->frame_bytes);
	room->sent += k;
}

/* Waits for what is on its way; a delivery lost or doubled ends the bench. */
static void
drain(struct fan *f)
{
	int64_t give_up = client_now_us(f->client) + DRAIN_MS * US_PER_MS;
	uint64_t want = 0;

	for (size_t r = 0; r < f->shape.rooms; r++)
		want += f->rooms[r].sent * f->shape.members;
	while (f->received < want && client_now_us(f->client) < give_up)
		(void)client_turn(f->client, 100 * US_PER_MS);
	if (f->received != want)
		errx(1, "fan-out: %llu deliveries, not %llu",
		    (unsigned long long)f->received, (unsigned long long)want);
}

/* Deliveries a second. */
static double
throughput(struct fan *f)
{
	int64_t start, end;
	uint64_t warm;

	forget_setup(f);
	start = clock_mono_us();
	end = start + f->b->measure_ms * US_PER_MS / 4;
	warm = 0;
	for (int part = 0; part < 2; part++) {
		/* The first quarter is not counted. */
		while (client_now_us(f->client) < end) {
			for (size_t r = 0; r < f->shape.rooms; r++)
				fill_window(f, &f->rooms[r]);
			(void)client_turn(f->client, 100 * US_PER_MS);
		}
		if (part == 1)
			break;
		warm = f->received;
		start = client_now_us(f->client);
		end = start + f->b->measure_ms * US_PER_MS;
	}
	end = client_now_us(f->client);
	warm = f->received - warm;
	drain(f);
	return ((double)warm * US_PER_SEC / (double)(end - start));
}

static double
measure(struct bench *b, struct shape shape, int port, enum target target,
    struct buf *sample)
{
	double per_second;
	struct fan f;

	fan_init(&f, b, shape, port, sample);
	set_up(&f, target);
	per_second = throughput(&f);
	fan_fini(&f);
	return (per_second);
}

static struct bare_server *
start_bare(struct shape shape, const struct buf *sample, bool batch)
{
	struct buf in = { 0 };
	struct bare_server *s;

	client_add_frame(&in, shape.kind->frame);
	s = bare_start(shape.rooms, in.n, sample, batch);
	buf_fini(&in);
	return (s);
}

static double
measure_bare(struct bench *b, struct shape shape, enum target target,
    struct buf *sample)
{
	struct bare_server *s = start_bare(shape, sample,
	    target == BARE_BATCHED);
	double per_second = measure(b, shape, bare_port(s), target, sample);

	bare_stop(s);
	return (per_second);
}

static void
add_named(struct bench *b, const char *scenario, struct shape shape,
    const char *what, const char *unit, double value)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "%s %zux%zu %s",
	    shape.kind->name, shape.rooms, shape.members, what);
	report_add(b->report, scenario, name, unit, value);
}

static void
fanout_run(struct bench *b, struct daemon *d, struct shape shape)
{
	const char *scenario = "fan-out";
	struct buf sample = { 0 };
	double per_second[3];

	for (enum target t = COLLABD; t <= BARE_BATCHED; t++) {
		per_second[t] = t == COLLABD ?
		    measure(b, shape, b->port, t, &sample) :
		    measure_bare(b, shape, t, &sample);
		add_named(b, scenario, shape, target_names[t], "1/s",
		    per_second[t]);
		if (t == COLLABD)
			daemon_await_empty(d);
	}
	add_named(b, scenario, shape, "ratio to the bare loop", "x",
	    per_second[COLLABD] / per_second[BARE]);
	add_named(b, scenario, shape, "ratio to the batched one", "x",
	    per_second[COLLABD] / per_second[BARE_BATCHED]);
	buf_fini(&sample);
}

void
bench_fanout(struct bench *b)
{
	const struct shape *shapes = b->quick ? shapes_quick : shapes_full;
	struct daemon *d = daemon_start(b, b->conf);

	report_note(b->report, "fan-out", "rooms x members; %d frames of a "
	    "room on their way at a time; bare loop: 1 process, 1 send a frame "
	    "and member; batched: 1 send a member for all frames of a read; "
	    "the same reader for all", WINDOW);
	for (size_t i = 0; i < SHAPES; i++) {
		for (int run = 0; run < b->runs; run++)
			fanout_run(b, d, shapes[i]);
	}
	daemon_stop(d);
}

/* Sends every frame that is due; returns when the next one is. */
static int64_t
send_due(struct fan *f, int64_t start_us, int64_t gap_us, uint64_t *next,
    uint64_t count)
{
	struct fan_room *room;
	int64_t due;

	for (;; (*next)++) {
		due = start_us + (int64_t)*next * gap_us;
		if (*next == count || due > clock_mono_us())
			return (due);
		room = &f->rooms[*next % f->shape.rooms];
		if (room->sent - room->received / f->shape.members >= DUE_RING)
			errx(1, "latency: hopelessly behind");
		room->due_us[room->sent++ % DUE_RING] = due;
		conn_send(room->sender, f->frame.p, f->frame_bytes);
	}
}

static void
open_loop(struct fan *f)
{
	int64_t gap_us = (int64_t)f->shape.members * US_PER_SEC /
	    DELIVERIES_PER_S;
	uint64_t count, next = 0;
	int64_t start, due, now;

	ASSERT(gap_us > 0);
	count = (uint64_t)(f->b->latency_ms * US_PER_MS / gap_us);
	f->times_max = count * f->shape.members;
	f->times_us = xcalloc(f->times_max, sizeof(*f->times_us));
	forget_setup(f);
	start = clock_mono_us() + gap_us;
	while ((due = send_due(f, start, gap_us, &next, count)),
	    next < count) {
		now = clock_mono_us();
		(void)client_turn(f->client, due > now ? due - now : 0);
	}
	drain(f);
}

static int
compare_times(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y ? -1 : x > y);
}

static void
add_percentiles(struct fan *f, const char *target)
{
	static const struct { const char *name; double at; } points[] = {
		{ "p50", 0.5 }, { "p99", 0.99 }, { "p999", 0.999 },
	};
	char what[64];
	size_t i;

	qsort(f->times_us, f->times_n, sizeof(*f->times_us), compare_times);
	for (size_t k = 0; k < COUNT_OF(points); k++) {
		i = (size_t)((double)f->times_n * points[k].at);
		(void)snprintf(what, sizeof(what), "%s %s", target,
		    points[k].name);
		add_named(f->b, LATENCY, f->shape,
		    what, "ms", f->times_us[i] / 1000.0);
	}
}

static void
latency_once(struct bench *b, struct shape shape, int port, enum target target,
    struct buf *sample)
{
	struct fan f;

	fan_init(&f, b, shape, port, sample);
	set_up(&f, target);
	open_loop(&f);
	add_percentiles(&f, target_names[target]);
	fan_fini(&f);
}

void
bench_latency(struct bench *b)
{
	const struct shape *shapes = b->quick ? shapes_quick : shapes_full;
	struct daemon *d = daemon_start(b, b->conf);
	struct buf sample = { 0 };
	struct bare_server *s;

	report_note(b->report, "latency", "from when the frame was due until "
	    "a member has read it; %lld s", (long long)b->latency_ms / 1000);
	for (size_t i = 0; i < EDIT_SHAPES; i++) {
		for (int run = 0; run < b->runs; run++) {
			buf_reset(&sample);
			latency_once(b, shapes[i], b->port, COLLABD, &sample);
			daemon_await_empty(d);
			s = start_bare(shapes[i], &sample, false);
			latency_once(b, shapes[i], bare_port(s), BARE,
			    &sample);
			bare_stop(s);
		}
	}
	buf_fini(&sample);
	daemon_stop(d);
}

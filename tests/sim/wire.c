/*
 * Wires between workers and the simulated Redis, in place of store/wire.c. Each
 * way keeps its order, and what is under way is late by random times. What was
 * written before a wire was closed may still arrive and take effect, up to a
 * point that chance chooses; nobody hears the answers.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/slice.h"
#include "base/xmalloc.h"
#include "sim/world.h"
#include "store/wire.h"

#define LATE_MIN	(MS / 50)	/* one way */
#define LATE_MAX	(3 * MS)
#define ARRIVES		80		/* of 100, though the wire was closed */

/* Bytes on their way, or the end of the connection. */
struct packet {
	TAILQ_ENTRY(packet) link;
	struct line	*line;
	struct sim_event *event;
	struct buf	 bytes;
	bool		 is_end;
};
TAILQ_HEAD(packets, packet);

/* One way of a connection. */
struct way {
	struct packets	 packets;
	struct worker	*reader;	/* NULL: Redis */
	int64_t		 last_us;	/* when the last packet arrives */
	void		(*arrive)(void *);
};

/* A connection. It outlives its wire while something is on the way to Redis. */
struct line {
	LIST_ENTRY(line) link;		/* world->lines */
	struct worker	*worker;
	struct wire	*wire;		/* NULL: closed by the worker */
	struct sim_session *session;	/* NULL: closed by Redis */
	struct way	 to, from;
	bool		 is_deaf;	/* nothing comes back any more */
};

struct wire {
	struct worker	*worker;
	const struct wire_hooks *hooks;
	void		*arg;
	struct line	*line;		/* NULL: closed, or being opened */
	struct sim_event *opening;
};

static void on_command(void *arg);
static void on_answer(void *arg);

/* --- what is on its way --- */

static void
packet_free(struct packet *p)
{
	buf_fini(&p->bytes);
	free(p);
}

static void
drop_packets(struct way *way)
{
	struct packet *p;

	while ((p = TAILQ_FIRST(&way->packets)) != NULL) {
		TAILQ_REMOVE(&way->packets, p, link);
		world_cancel(p->event);
		packet_free(p);
	}
}

/* Bytes are taken over; NULL: the end. */
static void
post(struct line *line, struct way *way, struct buf *bytes)
{
	struct packet *p = xcalloc(1, sizeof(*p));

	p->line = line;
	p->is_end = bytes == NULL;
	if (bytes != NULL)
		p->bytes = *bytes;
	way->last_us = world_later(way->last_us, LATE_MIN, LATE_MAX);
	TAILQ_INSERT_TAIL(&way->packets, p, link);
	p->event = world_at(way->last_us, way->reader, way->arrive, p);
}

/* Puts p, which has just come, and all behind it off until then, in order. */
static bool
is_put_off(struct packet *p, struct way *way, int64_t until_us)
{
	struct packet *next;

	if (until_us <= world->now_us)
		return (false);
	way->last_us = until_us;
	for (next = p; next != NULL; next = TAILQ_NEXT(next, link)) {
		if (next != p)
			world_cancel(next->event);
		next->event = world_at(++way->last_us, way->reader,
		    way->arrive, next);
	}
	return (true);
}

/* --- Redis' end --- */

static void
line_release(struct line *line)
{
	if (line->wire != NULL || !TAILQ_EMPTY(&line->to.packets))
		return;
	if (line->session != NULL)
		sim_session_close(line->session);
	LIST_REMOVE(line, link);
	free(line);
}

static void
on_push(struct slice bytes, void *arg)
{
	struct line *line = arg;
	struct buf copy = { NULL, 0, 0 };

	if (line->wire == NULL || line->is_deaf)
		return;
	buf_add(&copy, bytes.p, bytes.n);
	post(line, &line->from, &copy);
}

/* Redis has ended. */
static void
on_session_close(void *arg)
{
	struct line *line = arg;

	line->session = NULL;
	if (line->wire != NULL && !line->is_deaf)
		post(line, &line->from, NULL);
}

static const struct sim_session_hooks session_hooks = {
	.on_push = on_push,
	.on_close = on_session_close,
};

static void
on_command(void *arg)
{
	struct packet *p = arg;
	struct line *line = p->line;
	struct buf reply = { NULL, 0, 0 };
	int64_t until = line->worker->machine->cut_to_us;

	if (until < world->redis_hung_us)
		until = world->redis_hung_us;
	if (is_put_off(p, &line->to, until))
		return;
	TAILQ_REMOVE(&line->to.packets, p, link);
	if (line->session != NULL) {
		world_set_redis_time();
		sim_session_command(line->session,
		    (struct slice){ p->bytes.p, p->bytes.n }, &reply);
	}
	packet_free(p);
	if (reply.n != 0 && line->wire != NULL && !line->is_deaf)
		post(line, &line->from, &reply);
	else
		buf_fini(&reply);
	line_release(line);
}

/* --- the worker's end --- */

static void
on_answer(void *arg)
{
	struct packet *p = arg;
	struct line *line = p->line;
	struct wire *wire = line->wire;

	if (is_put_off(p, &line->from, line->worker->machine->cut_from_us))
		return;
	TAILQ_REMOVE(&line->from.packets, p, link);
	if (p->is_end)
		wire->hooks->on_lost("Redis closed the connection", wire->arg);
	else
		wire->hooks->on_bytes((struct slice){ p->bytes.p,
		    p->bytes.n }, wire->arg);
	packet_free(p);
}

struct wire *
wire_new(const struct redis_url *url UNUSED, struct tls_context *tls UNUSED,
    struct event_base *base, const struct wire_hooks *hooks, void *arg)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	wire->worker = (struct worker *)(void *)base;
	wire->hooks = hooks;
	wire->arg = arg;
	return (wire);
}

static void
way_init(struct way *way, struct worker *reader, void (*arrive)(void *))
{
	TAILQ_INIT(&way->packets);
	way->reader = reader;
	way->arrive = arrive;
}

static void
on_opening(void *arg)
{
	struct wire *wire = arg;
	struct line *line;

	wire->opening = NULL;
	if (!world->redis_is_up) {
		wire->hooks->on_lost("Connection refused", wire->arg);
		return;
	}
	/* A kernel takes it also for a Redis that hangs. */
	line = xcalloc(1, sizeof(*line));
	line->worker = wire->worker;
	line->wire = wire;
	way_init(&line->to, NULL, on_command);
	way_init(&line->from, wire->worker, on_answer);
	line->session = sim_session_open(world->redis, &session_hooks, line);
	LIST_INSERT_HEAD(&world->lines, line, link);
	wire->line = line;
	wire->hooks->on_open(wire->arg);
}

void
wire_open(struct wire *wire)
{
	struct machine *m = wire->worker->machine;
	int64_t at = world_later(0, 2 * LATE_MIN, 2 * LATE_MAX);

	ASSERT(wire->line == NULL && wire->opening == NULL);
	if (at < m->cut_to_us)
		at = m->cut_to_us;
	if (at < m->cut_from_us)
		at = m->cut_from_us;
	wire->opening = world_at(at, wire->worker, on_opening, wire);
}

void
wire_close(struct wire *wire)
{
	struct line *line = wire->line;
	struct packet *p, *next;
	bool arrives = true;

	world_cancel(wire->opening);
	wire->opening = NULL;
	wire->line = NULL;
	if (line == NULL)
		return;
	line->wire = NULL;
	drop_packets(&line->from);
	TAILQ_FOREACH_SAFE(p, &line->to.packets, link, next) {
		arrives = arrives && world_chance(ARRIVES);
		if (arrives)
			continue;
		TAILQ_REMOVE(&line->to.packets, p, link);
		world_cancel(p->event);
		packet_free(p);
	}
	line_release(line);
}

void
wire_free(struct wire *wire)
{
	wire_close(wire);
	free(wire);
}

void
wire_write(struct wire *wire, const struct buf *bytes)
{
	struct buf copy = { NULL, 0, 0 };

	buf_add(&copy, bytes->p, bytes->n);
	post(wire->line, &wire->line->to, &copy);
}

/* --- what the world does --- */

void
wires_break(struct machine *machine, bool is_told)
{
	struct line *line;

	LIST_FOREACH(line, &world->lines, link) {
		if (line->worker->machine != machine || line->wire == NULL ||
		    line->is_deaf)
			continue;
		if (is_told)
			post(line, &line->from, NULL);
		line->is_deaf = true;
	}
}

void
wires_fini(void)
{
	struct line *line;

	while ((line = LIST_FIRST(&world->lines)) != NULL) {
		ASSERT(line->wire == NULL);
		drop_packets(&line->to);
		line_release(line);
	}
}

/*
 * Time, chance, events, and workers' processes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "rooms/room.h"
#include "server/audit.h"
#include "server/people.h"
#include "server/roomfx.h"
#include "shm/cache.h"
#include "shm/region.h"
#include "sim/browser.h"
#include "sim/world.h"
#include "store/store.h"

struct world *world;

struct sim_event {
	RB_ENTRY(sim_event)	 link;
	int64_t		 at_us;
	uint64_t	 number;
	struct worker	*worker;
	unsigned	 generation;
	void		(*fn)(void *);
	void		*arg;
};

static int
event_cmp(struct sim_event *a, struct sim_event *b)
{
	if (a->at_us != b->at_us)
		return (a->at_us < b->at_us ? -1 : 1);
	return (a->number < b->number ? -1 : a->number > b->number);
}

RB_PROTOTYPE(sim_events, sim_event, link, event_cmp)
RB_GENERATE(sim_events, sim_event, link, event_cmp)

/* --- chance: splitmix64 --- */

static uint64_t
next_random(void)
{
	uint64_t z = world->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31);
}

uint64_t
world_below(uint64_t n)
{
	return (next_random() % n);
}

int64_t
world_between(int64_t a, int64_t b)
{
	return (a + (int64_t)world_below((uint64_t)(b - a) + 1));
}

bool
world_chance(unsigned n)
{
	return (world_below(100) < n);
}

void
arc4random_buf(void *out, size_t n)
{
	unsigned char *p = out;

	while (n-- > 0)
		*p++ = (unsigned char)next_random();
}

uint32_t
arc4random_uniform(uint32_t n)
{
	return (n < 2 ? 0 : (uint32_t)world_below(n));
}

int64_t
world_later(int64_t last_us, int64_t least_us, int64_t most_us)
{
	int64_t at = world->now_us + world_between(least_us, most_us);

	return (at > last_us ? at : last_us + 1);
}

void
world_set_redis_time(void)
{
	sim_redis_set_time(world->redis, (WALL_0 + world->now_us) / MS);
}

/* --- clocks: in place of base/clock.c --- */

int64_t
clock_mono_us(void)
{
	return (world->now_us + SECOND);
}

int64_t
clock_mono_ms(void)
{
	return (clock_mono_us() / US_PER_MS);
}

int64_t
clock_wall_us(void)
{
	int64_t skew = world->at == NULL ? 0 : world->at->machine->skew_us;

	return (WALL_0 + world->now_us + skew);
}

/* --- events --- */

struct sim_event *
world_at(int64_t at_us, struct worker *worker, void (*fn)(void *), void *arg)
{
	struct sim_event *e = xcalloc(1, sizeof(*e));

	e->at_us = at_us < world->now_us ? world->now_us : at_us;
	e->number = ++world->n_events;
	e->worker = worker;
	e->generation = worker == NULL ? 0 : worker->generation;
	e->fn = fn;
	e->arg = arg;
	RB_INSERT(sim_events, &world->events, e);
	return (e);
}

void
world_cancel(struct sim_event *e)
{
	if (e == NULL)
		return;
	RB_REMOVE(sim_events, &world->events, e);
	free(e);
}

void
world_run_in(struct worker *w, void (*fn)(void *), void *arg)
{
	world->at = w;
	fn(arg);
	if (w != NULL && w->is_up)
		rooms_end_turn(roomfx_rooms(w->rooms));
	world->at = NULL;
}

bool
world_step(int64_t limit_us)
{
	struct sim_event *e = RB_MIN(sim_events, &world->events);
	struct worker *w;

	if (e == NULL || e->at_us > limit_us) {
		world->now_us = limit_us;
		return (false);
	}
	w = e->worker;
	if (w != NULL && e->generation == w->generation &&
	    w->stopped_us > e->at_us) {
		/* In the order in which they would have happened. */
		RB_REMOVE(sim_events, &world->events, e);
		e->at_us = w->stopped_us;
		RB_INSERT(sim_events, &world->events, e);
		return (true);
	}
	RB_REMOVE(sim_events, &world->events, e);
	world->now_us = e->at_us;
	if (w == NULL || (w->is_up && e->generation == w->generation))
		world_run_in(w, e->fn, e->arg);
	free(e);
	return (true);
}

/* --- timers: in place of base/timer.c --- */

struct timer {
	struct worker	*worker;
	struct sim_event	*event;
	void		(*cb)(void *);
	void		*arg;
};

static void
on_timer(void *arg)
{
	struct timer *timer = arg;

	timer->event = NULL;
	timer->cb(timer->arg);
}

struct timer *
timer_new(struct event_base *base, void (*cb)(void *), void *arg)
{
	struct timer *timer = xcalloc(1, sizeof(*timer));

	timer->worker = (struct worker *)(void *)base;
	timer->cb = cb;
	timer->arg = arg;
	return (timer);
}

void
timer_stop(struct timer *timer)
{
	world_cancel(timer->event);
	timer->event = NULL;
}

void
timer_start(struct timer *timer, int64_t ms)
{
	timer_stop(timer);
	timer->event = world_at(world->now_us + (ms < 0 ? 0 : ms * MS),
	    timer->worker, on_timer, timer);
}

void
timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	timer_stop(timer);
	free(timer);
}

/* --- workers --- */

static void
on_message(const struct store_message *msg, void *arg)
{
	rooms_on_message(roomfx_now(((struct worker *)arg)->rooms), msg);
}

static void
on_up(bool fresh, void *arg)
{
	struct worker *w = arg;

	world_tell("w%d: redis is up, id %.4s%s", w->number,
	    store_worker_id(w->store), fresh ? " (new)" : "");
	/* Too late to say what it knows: others may have been granted. */
	if (w->back_us < world->redis_back_us && world->now_us >
	    world->redis_back_us + SETTLE)
		w->excused_us = INT64_MAX;
	w->back_us = world->now_us;
	if (w->excused_us == INT64_MAX)
		w->excused_us = world->now_us + SECOND;
	rooms_on_up(roomfx_now(w->rooms), fresh);
}

static void
on_down(void *arg)
{
	struct worker *w = arg;

	world_tell("w%d: redis is down", w->number);
	rooms_on_down(roomfx_now(w->rooms));
}

static void
on_suspend(void *arg)
{
	struct worker *w = arg;

	world_tell("w%d: is suspended", w->number);
	world->is_suspending = true;
	rooms_on_suspend(roomfx_now(w->rooms));
	world->is_suspending = false;
}

/* A worker is taken for dead, and its locks are given away rightly, unless it
 * has found out before; until it is back. */
static void
excuse(const char *id)
{
	int i;

	for (i = 0; i < WORKERS; i++) {
		struct worker *w = &world->workers[i];

		if (w->is_up && strcmp(store_worker_id(w->store), id) == 0)
			w->excused_us = INT64_MAX;
	}
}

static void
on_orphan(const char *id, void *arg)
{
	struct worker *w = arg;

	world_tell("w%d: cleans up after %.4s", w->number, id);
	excuse(id);
	rooms_on_orphan(roomfx_now(w->rooms), id);
}

static const struct store_hooks hooks = {
	.on_message = on_message,
	.on_up = on_up,
	.on_down = on_down,
	.on_suspend = on_suspend,
	.on_orphan = on_orphan,
};

/* What the server's tick does with rooms. */
static void
on_tick(void *arg)
{
	struct worker *w = arg;

	world_at(world->now_us + SECOND, w, on_tick, w);
	rooms_tick(roomfx_now(w->rooms));
}

static void
set(struct conf *conf, const char *name, const char *value)
{
	struct buf err = { NULL, 0, 0 };

	if (!conf_set(conf, name, value, &err))
		log_fatal("%s", buf_str(&err));
	buf_fini(&err);
}

void
worker_start(struct worker *w)
{
	struct event_base *base = (struct event_base *)(void *)w;

	ASSERT(!w->is_up);
	world_tell("w%d: starts", w->number);
	w->is_up = true;
	w->generation++;
	w->stopped_us = 0;
	world->at = w;
	conf_init(&w->conf);
	set(&w->conf, "redis_url", "redis://simulated");
	w->slot = shm_slot_claim(w->machine->shm);
	ASSERT(w->slot >= 0);
	shm_slot_start(w->machine->shm, w->slot, 1);
	w->people = people_new();
	w->rooms = roomfx_new(&w->conf, base, w->machine->shm, w->slot,
	    w->people);
	w->store = store_new(&w->conf, "redis://simulated", base,
	    w->machine->shm, w->slot, &hooks, w);
	w->audit = audit_new("/dev/null");
	roomfx_attach(w->rooms, w->store, w->audit, NULL);
	world_at(world->now_us + SECOND, w, on_tick, w);
	world->at = NULL;
}

/* Its memory is given back; nothing it did meanwhile counts. */
static void
bury(struct worker *w)
{
	struct worker *outer = world->at;

	world->at = w;
	rooms_leave_quietly(roomfx_rooms(w->rooms));
	browsers_lose(w);
	store_free(w->store);
	roomfx_free(w->rooms);
	people_free(w->people);
	audit_free(w->audit);
	conf_fini(&w->conf);
	world->at = outer;
}

void
worker_kill(struct worker *w)
{
	world_tell("w%d: killed", w->number);
	bury(w);
	w->is_up = false;
	w->generation++;
	/* The master sees it. */
	shm_slot_release(w->machine->shm, w->slot, true);
}

/* --- the world --- */

void
world_violate(const char *fmt, ...)
{
	va_list ap;
	int n;

	if (world->is_trying) {
		world->n_tried++;
		return;
	}
	if (world->violation != NULL)
		return;
	va_start(ap, fmt);
	n = vasprintf(&world->violation, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	world_tell("VIOLATION: %s", world->violation);
}

void
world_new(uint64_t seed, bool tells)
{
	const struct shm_geometry geometry = { 64, 2 * WORKERS + 2, 8 };
	int i;

	world = xcalloc(1, sizeof(*world));
	world->seed = world->random = seed;
	world->tells = tells;
	RB_INIT(&world->events);
	LIST_INIT(&world->lines);
	world->redis = sim_redis_new(&(struct sim_redis_options){
	    .version = 7, .seed = seed });
	world->redis_is_up = true;
	for (i = 0; i < ROOMS; i++)
		world->both_since_us[i] = -1;
	for (i = 0; i < MACHINES; i++) {
		world->machines[i].shm = shm_new(&geometry);
		ASSERT(world->machines[i].shm != NULL);
		world->machines[i].skew_us = world_between(-500 * MS,
		    500 * MS);
	}
	for (i = 0; i < WORKERS; i++) {
		struct worker *w = &world->workers[i];

		w->number = i;
		w->machine = &world->machines[i == WORKERS - 1 ?
		    MACHINES - 1 : 0];
		worker_start(w);
	}
	browsers_new();
}

void
world_free(void)
{
	struct sim_event *e;
	int i;

	for (i = 0; i < WORKERS; i++) {
		if (world->workers[i].is_up)
			bury(&world->workers[i]);
		world->workers[i].is_up = false;
	}
	browsers_free();
	wires_fini();
	while ((e = RB_MIN(sim_events, &world->events)) != NULL)
		world_cancel(e);
	for (i = 0; i < MACHINES; i++)
		shm_free(world->machines[i].shm);
	sim_image_free(world->image);
	sim_redis_free(world->redis);
	buf_fini(&world->history);
	free(world->violation);
	free(world);
	world = NULL;
}

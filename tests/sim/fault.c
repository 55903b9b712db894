/*
 * What goes wrong in the world.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/browser.h"
#include "sim/world.h"
#include "store/store.h"

/* Longer than this and a lease may lapse, which gives its editor's lock away. */
#define LONG	(10 * SECOND)
/* And so long after it is over, until all of it is told. */
#define AFTER	(10 * SECOND)

static void
trouble(int64_t until_us)
{
	if (world->troubled_us < until_us)
		world->troubled_us = until_us;
}

/* A length that is often short. */
static int64_t
a_while(int64_t most_us)
{
	int64_t bound = most_us >> world_below(6);

	return (world_between(bound / 2, bound));
}

/* Editors whose worker's lease may lapse have no claim to be kept. */
static void
excuse(struct worker *w, int64_t until_us)
{
	if (w->excused_us < until_us + AFTER)
		w->excused_us = until_us + AFTER;
}

static struct machine *
some_machine(void)
{
	return (&world->machines[world_below(MACHINES)]);
}

/* All of the machine; NULL: of every machine. */
static void
excuse_machine(const struct machine *m, int64_t until_us)
{
	int i;

	for (i = 0; i < WORKERS; i++)
		if (m == NULL || world->workers[i].machine == m)
			excuse(&world->workers[i], until_us);
}

static int
number_of(const struct machine *m)
{
	return ((int)(m - world->machines));
}

/* --- Redis --- */

static void
on_redis_back(void *arg)
{
	(void)arg;
	world->redis_is_up = true;
	world->redis_back_us = world->now_us;
	world_tell("redis: up again");
}

static bool
redis_restart(bool with_image)
{
	int64_t down = a_while(6 * SECOND);

	if (!world->redis_is_up)
		return (false);
	world_tell("redis: ends, comes back in %.2f s %s",
	    (double)down / (double)SECOND, with_image ?
	    "with old data" : "empty");
	world->redis_is_up = false;
	world->redis_hung_us = 0;
	sim_redis_restart(world->redis, with_image ? world->image : NULL);
	world_at(world->now_us + down, NULL, on_redis_back, NULL);
	trouble(world->now_us + down);
	return (true);
}

static bool
redis_image(void)
{
	world_tell("redis: saves its data");
	world_set_redis_time();
	sim_image_free(world->image);
	world->image = sim_redis_image(world->redis);
	return (true);
}

static bool
redis_hangs(void)
{
	int64_t t = a_while(60 * SECOND);

	world_tell("redis: hangs for %.1f s", (double)t / (double)SECOND);
	world->redis_hung_us = world->now_us + t;
	if (t > LONG)
		excuse_machine(NULL, world->redis_hung_us);
	trouble(world->redis_hung_us);
	return (true);
}

static void
on_accepts(void *arg)
{
	(void)arg;
	sim_redis_refuse(world->redis, SIM_NONE);
	world_tell("redis: accepts writes again");
}

static bool
redis_refuses(void)
{
	static const enum sim_refusal kinds[] = { SIM_LOADING, SIM_READONLY,
	    SIM_OOM, SIM_MISCONF, SIM_NOREPLICAS };
	int64_t t = a_while(8 * SECOND);
	enum sim_refusal kind = kinds[world_below(COUNT_OF(kinds))];

	world_tell("redis: refuses (%d) for %.1f s", (int)kind,
	    (double)t / (double)SECOND);
	sim_redis_refuse(world->redis, kind);
	/* It has come back empty, and nobody can say what they know while it
	 * settles: two faults at once that are not mended. */
	if (world->now_us < world->redis_back_us + SETTLE &&
	    world->now_us + t > world->redis_back_us + SETTLE)
		excuse_machine(NULL, world->now_us + t);
	world_at(world->now_us + t, NULL, on_accepts, NULL);
	trouble(world->now_us + t);
	return (true);
}

/* --- machines --- */

static bool
machine_cut(void)
{
	struct machine *m = some_machine();
	int64_t t = a_while(70 * SECOND);
	uint64_t way = world_below(3);

	world_tell("m%d: cut off %s Redis for %.1f s", number_of(m),
	    way == 0 ? "on the way to" : way == 1 ? "on the way from" : "from",
	    (double)t / (double)SECOND);
	if (way != 1)
		m->cut_to_us = world->now_us + t;
	if (way != 0)
		m->cut_from_us = world->now_us + t;
	if (t > LONG)
		excuse_machine(m, world->now_us + t);
	trouble(world->now_us + t);
	return (true);
}

static bool
connections_break(void)
{
	struct machine *m = some_machine();
	bool told = world_chance(50);

	world_tell("m%d: its connections to Redis break%s", number_of(m),
	    told ? "" : " unheard");
	wires_break(m, told);
	trouble(world->now_us + 10 * SECOND);
	return (true);
}

static bool
clock_steps(void)
{
	struct machine *m = some_machine();

	m->skew_us = world_between(-SECOND, SECOND);
	world_tell("m%d: its clock is %+.3f s off", number_of(m),
	    (double)m->skew_us / (double)SECOND);
	return (true);
}

/* --- workers --- */

static bool
worker_stops(void)
{
	struct worker *w = &world->workers[world_below(WORKERS)];
	int64_t t = a_while(60 * SECOND);

	if (!w->is_up)
		return (false);
	world_tell("w%d: stopped for %.1f s", w->number,
	    (double)t / (double)SECOND);
	w->stops_us = world->now_us;
	w->stopped_us = world->now_us + t;
	if (t > LONG)
		excuse(w, w->stopped_us);
	trouble(w->stopped_us);
	return (true);
}

static void
on_restart(void *arg)
{
	worker_start(arg);
}

static bool
worker_dies(void)
{
	struct worker *w = &world->workers[world_below(WORKERS)];

	if (!w->is_up)
		return (false);
	worker_kill(w);
	world_at(world->now_us + world_between(10 * MS, SECOND), NULL,
	    on_restart, w);
	trouble(world->now_us + SECOND);
	return (true);
}

static bool
redis_comes_back_empty(void)
{
	return (redis_restart(false));
}

static bool
redis_comes_back_old(void)
{
	return (world->image != NULL && redis_restart(true));
}

static const struct {
	const char	*name;
	bool		(*happen)(void);	/* false: it had no place */
} faults[] = {
	{ "empty", redis_comes_back_empty },
	{ "image", redis_image },
	{ "old", redis_comes_back_old },
	{ "hang", redis_hangs },
	{ "refuse", redis_refuses },
	{ "cut", machine_cut },
	{ "break", connections_break },
	{ "clock", clock_steps },
	{ "stop", worker_stops },
	{ "kill", worker_dies },
};

bool
faults_parse(const char *names, unsigned *out)
{
	size_t i, n;

	for (*out = 0; *names != '\0'; names += n + (names[n] == ',')) {
		n = strcspn(names, ",");
		for (i = 0; i < COUNT_OF(faults); i++)
			if (strlen(faults[i].name) == n &&
			    memcmp(faults[i].name, names, n) == 0)
				break;
		if (i == COUNT_OF(faults))
			return (false);
		*out |= 1u << i;
	}
	return (true);
}

void
fault_random(unsigned kinds)
{
	size_t i = world_below(COUNT_OF(faults));

	if ((kinds & 1u << i) != 0 && faults[i].happen())
		world->n_faults++;
}

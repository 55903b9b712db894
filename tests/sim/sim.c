/*
 * The simulator: runs worlds from seeds, and stops at the first in which
 * something does not hold. A world is a list of steps, each a wait and a thing
 * that a user does or that goes wrong; so a failure can be cut down to the steps
 * that it needs, and its history is printed as a table (history.c).
 *
 *	sim [-apqvw] [-f FAULTS] [-n RUNS] [-s STEPS] [SEED]
 *
 * -a goes on after a failure, and tells no histories. -f: names of faults as in
 * fault.c, all by default; "" is none. -p tells the history of every world, also
 * if all held, and cuts nothing down; -q tells none. -v shows the workers' logs,
 * -w the frames. The last line is "sim: N passed, N failed".
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "sim/browser.h"
#include "sim/world.h"

/* After this without anything new, all must be as it should be for ever: presence
 * ends 60 s after a crash of everything, and a stale lock after 120. Mostly it is
 * much sooner, which is looked for. */
#define QUIET		(240 * SECOND)
#define LOOK		(10 * SECOND)
#define FAULT		12	/* of 100 steps: something goes wrong */

static struct {
	unsigned	 faults;
	unsigned long	 runs;
	size_t		 steps;
	bool		 goes_on, tells, quiet, verbose, frames;
} options = { .faults = FAULTS_ALL, .runs = 1000, .steps = 200 };
static uint64_t total_events;

static void
step(void)
{
	if (world_chance(FAULT))
		fault_random(options.faults);
	else
		browser_random();
}

static void
run_until(int64_t until_us)
{
	while (world->violation == NULL && world_step(until_us))
		check_now();
}

/* Nothing is done any more: until all is right, and still is a while later; in
 * some worlds also after a long time. */
static void
run_to_the_end(void)
{
	int64_t from = world->troubled_us > world->now_us ?
	    world->troubled_us : world->now_us, at;
	unsigned right = 0, enough = world_chance(6) ? UINT_MAX : 2;

	for (at = from + LOOK; right < enough && at < from + QUIET; at += LOOK) {
		run_until(at);
		right = is_quiet() ? right + 1 : 0;
	}
	if (right < enough) {
		run_until(from + QUIET);
		check_quiet();
	}
}

/* Runs the steps of a seed that are kept (NULL: all) in a new world. Whether all
 * held. The world stays, to be looked at. */
static bool
play(uint64_t seed, const bool *kept, bool tells)
{
	int64_t until;
	uint64_t random;
	size_t i;

	world_new(seed, tells);
	world->tells_frames = options.frames;
	for (i = 0; i < options.steps && world->violation == NULL; i++) {
		if (kept != NULL && !kept[i])
			continue;
		/* A step is the same whatever came before it. */
		random = world->random;
		world->random = seed * UINT64_C(0x9e3779b97f4a7c15) + i * 977;
		until = world->now_us + (world_chance(90) ?
		    world_between(0, SECOND) : world_between(0, 15 * SECOND));
		step();
		world->random = random;
		run_until(until);
	}
	run_to_the_end();
	total_events += world->n_events;
	return (world->violation == NULL);
}

/* Takes steps out as long as something still fails; kept tells which remain. */
static void
shrink(uint64_t seed, bool *kept)
{
	size_t n = options.steps, size, at, i;
	bool *before = xmalloc(n * sizeof(*kept));

	for (i = 0; i < n; i++)
		kept[i] = true;
	for (size = n / 2; size > 0; size /= 2) {
		for (at = 0; at < n; at += size) {
			memcpy(before, kept, n * sizeof(*kept));
			for (i = at; i < n && i < at + size; i++)
				kept[i] = false;
			if (play(seed, kept, false))
				memcpy(kept, before, n * sizeof(*kept));
			world_free();
		}
	}
	free(before);
}

static void
tell(uint64_t seed, size_t steps)
{
	struct buf legend = { NULL, 0, 0 };

	world_add_legend(&legend);
	printf("seed %llu, %zu of %zu steps\n\n%s%s\n", (unsigned long long)seed,
	    steps, options.steps, buf_str(&legend), buf_str(&world->history));
	buf_fini(&legend);
}

static void
tell_shrunk(uint64_t seed)
{
	size_t i, left = 0;
	bool *kept = xmalloc(options.steps * sizeof(*kept));

	shrink(seed, kept);
	for (i = 0; i < options.steps; i++)
		left += kept[i];
	(void)play(seed, kept, true);
	tell(seed, left);
	world_free();
	free(kept);
}

/* Whether all held. */
static bool
run(uint64_t seed)
{
	bool ok = play(seed, NULL, options.tells);

	if (options.tells)
		tell(seed, options.steps);
	if (!ok)
		printf("seed %llu: %s\n", (unsigned long long)seed,
		    world->violation);
	world_free();
	if (!ok && !options.tells && !options.goes_on && !options.quiet)
		tell_shrunk(seed);
	return (ok);
}

static bool
parse(int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "af:n:pqs:vw")) != -1) {
		if (ch == 'a')
			options.goes_on = true;
		else if (ch == 'n')
			options.runs = strtoul(optarg, NULL, 10);
		else if (ch == 'p')
			options.tells = true;
		else if (ch == 'q')
			options.quiet = true;
		else if (ch == 's')
			options.steps = strtoul(optarg, NULL, 10);
		else if (ch == 'v')
			options.verbose = true;
		else if (ch == 'w')
			options.frames = true;
		else if (ch != 'f' || !faults_parse(optarg, &options.faults))
			return (false);
	}
	return (true);
}

int
main(int argc, char **argv)
{
	unsigned long passed = 0, failed = 0;
	uint64_t seed = 1;

	if (!parse(argc, argv)) {
		(void)fprintf(stderr, "usage: sim [-apqvw] [-f faults] "
		    "[-n runs] [-s steps] [seed]\n");
		return (64);
	}
	if (optind < argc)
		seed = strtoull(argv[optind], NULL, 10);
	log_set_level(options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	while (passed + failed < options.runs &&
	    (failed == 0 || options.goes_on)) {
		if (run(seed++))
			passed++;
		else
			failed++;
	}
	printf("%llu events\nsim: %lu passed, %lu failed\n",
	    (unsigned long long)total_events, passed, failed);
	return (failed != 0);
}

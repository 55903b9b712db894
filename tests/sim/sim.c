/*
 * The simulator: runs worlds from seeds, and stops at the first in which
 * something does not hold. A world is a list of steps, each a wait and a thing
 * that a user does or that goes wrong; so a failure can be cut down to the steps
 * that it needs, and its history is printed as a table (history.c).
 *
 *	sim [-apqvw] [-f FAULTS] [-j JOBS] [-n RUNS] [-s STEPS] [-t SECONDS] [SEED]
 *
 * -a goes on after a failure, and tells no histories. -f: names of faults as in
 * fault.c, all by default; "" is none. -j: so many processes share the seeds, as
 * many as there are cores by default; -p: one. -p tells the history of every
 * world, also if all held, and cuts nothing down; -q tells none. -t: no world is
 * begun later. -v shows the workers' logs, -w the frames. The last line is "sim: N
 * passed, N failed".
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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
#define JOBS_MAX	64

static struct {
	unsigned	 faults;
	unsigned long	 runs, jobs;
	double		 seconds;
	size_t		 steps;
	bool		 goes_on, tells, quiet, verbose, frames;
} options = { .faults = FAULTS_ALL, .runs = 1000, .seconds = 1e9,
    .steps = 200 };

/* What a process has done; each has one, in memory that all share. */
struct tally {
	unsigned long	 passed, failed;
	uint64_t	 steps, faults, events;
	uint64_t	 seed;			/* of its last world */
};

static struct {
	double		 began;			/* now_s() */
	atomic_bool	 has_failed;		/* somewhere, and it is told */
	struct tally	 tallies[JOBS_MAX];
} *shared;

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

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static void
run(uint64_t seed, struct tally *tally)
{
	bool ok;

	tally->seed = seed;
	ok = play(seed, NULL, options.tells);
	tally->steps += options.steps;
	tally->faults += world->n_faults;
	tally->events += world->n_events;
	if (ok)
		tally->passed++;
	else
		tally->failed++;
	if (options.tells)
		tell(seed, options.steps);
	if (!ok)
		printf("seed %llu: %s\n", (unsigned long long)seed,
		    world->violation);
	world_free();
	/* Of two at a time one is told. */
	if (!ok && !atomic_exchange(&shared->has_failed, true) &&
	    !options.tells && !options.goes_on && !options.quiet)
		tell_shrunk(seed);
	(void)fflush(stdout);
}

/* The worlds of one process: every so manyth. */
static void
run_share(uint64_t seed, unsigned long job)
{
	unsigned long i;

	for (i = job; i < options.runs && (options.goes_on ||
	    !shared->has_failed) && now_s() - shared->began < options.seconds;
	    i += options.jobs)
		run(seed + i, &shared->tallies[job]);
}

/* A process has ended; one that did not do so by itself has failed. */
static void
bury(const pid_t *pids, pid_t pid, int status)
{
	unsigned long i = 0;

	while (i < options.jobs && pids[i] != pid)
		i++;
	if (i == options.jobs || status == 0)
		return;
	printf("seed %llu: the simulator itself has ended (status %#x)\n",
	    (unsigned long long)shared->tallies[i].seed, (unsigned)status);
	shared->tallies[i].failed++;
	shared->has_failed = true;
}

static void
run_all(uint64_t seed)
{
	pid_t pids[JOBS_MAX], pid;
	unsigned long i;
	int status;

	if (options.jobs == 1) {
		run_share(seed, 0);
		return;
	}
	for (i = 0; i < options.jobs; i++) {
		if ((pids[i] = fork()) == -1)
			log_fatal("cannot fork");
		if (pids[i] != 0)
			continue;
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_share(seed, i);
		exit(0);
	}
	while ((pid = wait(&status)) != -1)
		bury(pids, pid, status);
}

/* Prints what all processes did; whether nothing failed. */
static bool
sum_up(void)
{
	struct tally sum = { 0 };
	unsigned long i;

	for (i = 0; i < options.jobs; i++) {
		const struct tally *t = &shared->tallies[i];

		sum.passed += t->passed;
		sum.failed += t->failed;
		sum.steps += t->steps;
		sum.faults += t->faults;
		sum.events += t->events;
	}
	printf("%lu worlds, %llu steps, %llu faults, %llu events, %.1f s in "
	    "%lu processes\nsim: %lu passed, %lu failed\n",
	    sum.passed + sum.failed, (unsigned long long)sum.steps,
	    (unsigned long long)sum.faults, (unsigned long long)sum.events,
	    now_s() - shared->began, options.jobs, sum.passed, sum.failed);
	return (sum.failed == 0);
}

static void
parse_jobs(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (options.jobs == 0)
		options.jobs = cores < 1 ? 1 : (unsigned long)cores;
	if (options.jobs > options.runs)
		options.jobs = options.runs;
	if (options.jobs > JOBS_MAX)
		options.jobs = JOBS_MAX;
	if (options.tells || options.jobs == 0)
		options.jobs = 1;
}

static bool
parse(int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "af:j:n:pqs:t:vw")) != -1) {
		if (ch == 'a')
			options.goes_on = true;
		else if (ch == 'j')
			options.jobs = strtoul(optarg, NULL, 10);
		else if (ch == 'n')
			options.runs = strtoul(optarg, NULL, 10);
		else if (ch == 'p')
			options.tells = true;
		else if (ch == 'q')
			options.quiet = true;
		else if (ch == 's')
			options.steps = strtoul(optarg, NULL, 10);
		else if (ch == 't')
			options.seconds = strtod(optarg, NULL);
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
	uint64_t seed = 1;

	if (!parse(argc, argv)) {
		(void)fprintf(stderr, "usage: sim [-apqvw] [-f faults] "
		    "[-j jobs] [-n runs] [-s steps] [-t seconds] [seed]\n");
		return (64);
	}
	if (optind < argc)
		seed = strtoull(argv[optind], NULL, 10);
	parse_jobs();
	log_set_level(options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		log_fatal("out of memory");
	shared->began = now_s();
	run_all(seed);
	return (sum_up() ? 0 : 1);
}

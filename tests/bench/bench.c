/*
 * The bench's main(): reads where things are, runs the scenarios that were
 * asked for, prints the table and writes the JSON. tests/bench/run.sh starts
 * PostgreSQL, Redis and Django's tables, and calls it; it is of no use alone.
 * It must never talk to anything but 127.0.0.1.
 */
#include <sys/resource.h>
#include <sys/utsname.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compat.h"
#include "base/xmalloc.h"
#include "bench/bench.h"
#include "bench/postgres.h"

struct scenario {
	const char	*name;
	void		(*run)(struct bench *);
};

static const struct scenario scenarios[] = {
	{ "handshakes", bench_handshakes },
	{ "storm", bench_storm },
	{ "joins", bench_joins },
	{ "fanout", bench_fanout },
	{ "latency", bench_latency },
	{ "memory", bench_memory },
	{ "redis", bench_redis },
	{ "guard", bench_guard },
};

static const size_t idle_full[] = { 1000, 5000, 10000, 20000, 0 };
static const size_t idle_quick[] = { 200, 400, 800, 0 };

static void
set_size(struct bench *b, bool quick)
{
	b->quick = quick;
	b->runs = quick ? 1 : 3;
	b->measure_ms = quick ? 300 : 3000;
	b->handshakes_ms = quick ? 2000 : 5000;
	b->latency_ms = quick ? 1000 : 10000;
	b->storm = quick ? 300 : 5000;
	b->storm_bare = quick ? 100 : 1000;
	b->joins = quick ? 200 : 2000;
	b->idle = quick ? idle_quick : idle_full;
	b->round_trips = quick ? 50 : 500;
}

/* A variable of the environment; NULL when it is not set or empty. */
static const char *
get_env(const char *name)
{
	const char *value = getenv(name);

	return (value == NULL || *value == '\0' ? NULL : value);
}

/* One that run.sh sets. */
static const char *
need_env(const char *name)
{
	const char *value = get_env(name);

	if (value == NULL)
		errx(2, "%s is not set; start tests/bench/run.sh", name);
	return (value);
}

static void
read_environment(struct bench *b)
{
	b->program = need_env("BENCH_COLLABD");
	b->conf = need_env("BENCH_CONF");
	b->conf_storm = need_env("BENCH_CONF_STORM");
	b->conf_noreuse = get_env("BENCH_CONF_NOREUSE");
	b->port = atoi(need_env("BENCH_PORT"));
	b->metrics_port = atoi(need_env("BENCH_METRICS_PORT"));
	b->database_url = need_env("BENCH_DATABASE_URL");
	b->monitor_url = need_env("BENCH_MONITOR_URL");
	b->auth_max = atoi(need_env("BENCH_AUTH_MAX"));
	b->redis_pid = (pid_t)atoi(need_env("BENCH_REDIS_PID"));
	b->redis_socket = need_env("BENCH_REDIS_SOCKET");
	set_size(b, get_env("QUICK") != NULL);
	if (get_env("BENCH_RUNS") != NULL)
		b->runs = atoi(get_env("BENCH_RUNS"));
	if (b->runs < 1 || b->runs > 32)
		errx(2, "BENCH_RUNS: 1 to 32");
}

/* One session a line: user id, key. */
static void
read_sessions(struct bench *b, const char *path)
{
	struct session s;
	FILE *f;

	if ((f = fopen(path, "re")) == NULL)
		err(1, "%s", path);
	while (fscanf(f, "%23s %40s", s.user_id, s.key) == 2) {
		b->sessions = xreallocarray(b->sessions, b->sessions_n + 1,
		    sizeof(s));
		b->sessions[b->sessions_n++] = s;
	}
	(void)fclose(f);
	if (b->sessions_n == 0)
		errx(1, "%s: no sessions", path);
}

/* As many descriptors as can be had; a process here holds 5,000 at most. */
static rlim_t
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "setrlimit");
	return (limit.rlim_cur);
}

/* The model name in /proc/cpuinfo. */
static void
read_cpu(char *out, size_t size)
{
	char line[256], *colon;
	FILE *f;

	(void)snprintf(out, size, "unknown");
	if ((f = fopen("/proc/cpuinfo", "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
			line[strcspn(line, "\n")] = '\0';
			(void)snprintf(out, size, "%s", colon + 2);
			break;
		}
	}
	(void)fclose(f);
}

static void
note_machine(struct bench *b, rlim_t descriptors)
{
	char cpu[128], date[32];
	time_t now = time(NULL);
	struct utsname uts;
	char *version;

	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	read_cpu(cpu, sizeof(cpu));
	(void)uname(&uts);
	version = postgres_version(b->monitor_url);
	report_note(b->report, "date", "%s", date);
	report_note(b->report, "command", "%s", need_env("BENCH_COMMAND"));
	report_note(b->report, "cores", "%ld, %s",
	    sysconf(_SC_NPROCESSORS_ONLN), cpu);
	report_note(b->report, "ram", "%ld MiB", sysconf(_SC_PHYS_PAGES) /
	    1024 * (sysconf(_SC_PAGESIZE) / 1024));
	report_note(b->report, "kernel", "%s %s", uts.sysname, uts.release);
	report_note(b->report, "descriptors", "%llu",
	    (unsigned long long)descriptors);
	report_note(b->report, "postgresql", "%s", version);
	report_note(b->report, "redis", "%s", need_env("BENCH_REDIS_VERSION"));
	report_note(b->report, "collabd", "%s",
	    need_env("BENCH_COLLABD_VERSION"));
	report_note(b->report, "workers", "%s", need_env("BENCH_WORKERS"));
	report_note(b->report, "runs", "%d, medians quoted", b->runs);
	free(version);
}

/* Every scenario, or those named in argv. */
static bool
is_asked_for(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return (true);
	}
	return (argc == 0);
}

static void
check_names(int argc, char **argv)
{
	size_t k;

	for (int i = 0; i < argc; i++) {
		for (k = 0; k < COUNT_OF(scenarios); k++) {
			if (strcmp(argv[i], scenarios[k].name) == 0)
				break;
		}
		if (k == COUNT_OF(scenarios))
			errx(2, "no scenario %s", argv[i]);
	}
}

int
main(int argc, char **argv)
{
	struct bench b = { .report = report_new() };
	int64_t start_us;

	if (argc < 3)
		errx(2, "usage: bench sessions out.json [scenario ...]");
	check_names(argc - 3, argv + 3);
	(void)signal(SIGPIPE, SIG_IGN);
	read_environment(&b);
	read_sessions(&b, argv[1]);
	note_machine(&b, raise_descriptors());
	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		if (!is_asked_for(scenarios[i].name, argc - 3, argv + 3))
			continue;
		start_us = clock_mono_us();
		scenarios[i].run(&b);
		fprintf(stderr, "bench: %s, %.1f s\n", scenarios[i].name,
		    (double)(clock_mono_us() - start_us) / US_PER_SEC);
	}
	report_print(b.report);
	report_write(b.report, argv[2]);
	report_free(b.report);
	free(b.sessions);
	return (0);
}

/*
 * Counters: sums over slots and over workers that are gone, the histogram,
 * and the text, which is read back line by line as a scraper would.
 */
#include "helpers.h"

/* What happens in which step of this process; the rest do nothing. */
static struct {
	int		 at, step;
	struct shm	*shm;
} hook;

void
shm_test_step(void)
{
	struct shm *shm = hook.shm;

	if (shm == NULL || ++hook.step != hook.at)
		return;
	hook.shm = NULL;
	shm_slot_release(shm, 1, true);
}

/* The value behind `name` (labels included) in the text; -1 if absent. */
static double
scrape(const char *text, const char *name)
{
	size_t n = strlen(name);
	const char *line;

	for (line = text; line != NULL && *line != '\0';
	    line = strchr(line, '\n'), line += line != NULL) {
		if (strncmp(line, name, n) == 0 && line[n] == ' ')
			return (strtod(line + n + 1, NULL));
	}
	return (-1);
}

static void
test_sums(void **state)
{
	struct shm *shm = shm_make(64, 3, 1);
	int a = slot_make(shm), b = slot_make(shm), id;

	(void)state;
	for (id = 0; id < COUNTERS_N; id++) {
		counters_add(shm, a, (enum counter)id, id + 1);
		counters_add(shm, b, (enum counter)id, 1000);
		counters_add(shm, SHM_SLOT_MASTER, (enum counter)id, 50000);
		assert_int_equal(counters_sum(shm, (enum counter)id),
		    51000 + id + 1);
	}
	shm_slot_release(shm, a, true);
	/* A gauge goes with its worker, a counter stays. */
	for (id = 0; id < COUNTERS_N; id++)
		assert_int_equal(counters_sum(shm, (enum counter)id), 51000 +
		    (id == COUNTER_CONNECTIONS || id == COUNTER_ROOMS ||
		    id == COUNTER_USERS || id == COUNTER_OPERATIONS ||
		    id == COUNTER_CHATS ? 0 : id + 1));
	assert_int_equal(slot_make(shm), a);
	assert_int_equal(counters_get(shm, a, COUNTER_FRAMES_IN), 0);
	shm_free(shm);
}

static void
test_handshakes(void **state)
{
	static const struct {
		int		status;
		enum counter	id;
	} cases[] = {
		{ 101, COUNTER_HANDSHAKE_101 }, { 200, COUNTER_HANDSHAKE_200 },
		{ 304, COUNTER_HANDSHAKE_304 }, { 400, COUNTER_HANDSHAKE_400 },
		{ 403, COUNTER_HANDSHAKE_403 }, { 404, COUNTER_HANDSHAKE_404 },
		{ 405, COUNTER_HANDSHAKE_405 }, { 408, COUNTER_HANDSHAKE_408 },
		{ 426, COUNTER_HANDSHAKE_426 }, { 429, COUNTER_HANDSHAKE_429 },
		{ 431, COUNTER_HANDSHAKE_431 }, { 503, COUNTER_HANDSHAKE_503 },
		{ 414, COUNTER_HANDSHAKE_OTHER }, { 0, COUNTER_HANDSHAKE_OTHER },
	};
	struct shm *shm;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		shm = shm_make(64, 1, 1);
		counters_add_handshake(shm, 0, cases[i].status);
		assert_int_equal(counters_sum(shm, cases[i].id), 1);
		shm_free(shm);
	}
}

static void
test_histogram(void **state)
{
	static const int64_t took_us[] = {
		-5, 0, 1000, 1001, 2000, 4999, 10000, 5000000, 5000001,
		3600000000,
	};
	static const struct {
		const char	*le;
		double		 n;
	} want[] = {
		{ "0.001", 3 }, { "0.002", 5 }, { "0.005", 6 }, { "0.010", 7 },
		{ "0.020", 7 }, { "2.000", 7 }, { "5.000", 8 }, { "+Inf", 10 },
	};
	struct shm *shm = shm_make(64, 2, 1);
	struct buf out = { 0 };
	char name[96];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(took_us); i++)
		counters_add_auth_us(shm, (int)(i % 2), took_us[i]);
	counters_render(shm, &out);
	for (i = 0; i < COUNT_OF(want); i++) {
		(void)snprintf(name, sizeof(name),
		    "collabd_authorization_duration_seconds_bucket{le=\"%s\"}",
		    want[i].le);
		assert_true(scrape(buf_str(&out), name) == want[i].n);
	}
	assert_true(scrape(buf_str(&out),
	    "collabd_authorization_duration_seconds_count") == 10);
	/* 0 + 0 + 1000 + 1001 + 2000 + 4999 + 10000 + 2 * 5 s + 1 + 1 h */
	assert_non_null(strstr(buf_str(&out),
	    "\ncollabd_authorization_duration_seconds_sum 3610.019001\n"));
	buf_fini(&out);
	shm_free(shm);
}

struct scan {
	char	families[128][64];
	char	types[128][16];
	size_t	n;
	size_t	samples;
};

/* "collabd_name[_suffix]{labels} number": of the family last announced? */
static void
scan_sample(struct scan *scan, const char *line)
{
	const char *family = scan->families[scan->n - 1];
	size_t n = strlen(family), name = strcspn(line, "{ ");
	const char *p = line + name;
	char *end;

	assert_true(scan->n > 0 && strncmp(line, family, n) == 0);
	if (strcmp(scan->types[scan->n - 1], "histogram") == 0)
		assert_true(strncmp(line + n, "_bucket", 7) == 0 ||
		    strncmp(line + n, "_sum", 4) == 0 ||
		    strncmp(line + n, "_count", 6) == 0);
	else
		assert_int_equal(name, n);
	/* A counter's name ends in _total, a gauge's does not. */
	if (strcmp(scan->types[scan->n - 1], "counter") == 0)
		assert_string_equal(family + n - 6, "_total");
	if (*p == '{') {
		do {
			p += strcspn(p, "=");
			assert_true(p[0] == '=' && p[1] == '"');
			p = strchr(p + 2, '"');
			assert_non_null(p);
			p++;
		} while (*p == ',');
		assert_true(*p == '}');
		p++;
	}
	assert_true(*p == ' ');
	(void)strtod(p + 1, &end);
	assert_true(end != p + 1 && *end == '\0');
	scan->samples++;
}

static void
scan_line(struct scan *scan, const char *line)
{
	char family[64], type[16];
	size_t i;

	if (sscanf(line, "# HELP %63s", family) == 1) {
		for (i = 0; i < scan->n; i++)
			assert_string_not_equal(family, scan->families[i]);
		assert_true(strlen(line) > strlen("# HELP  ") +
		    strlen(family));
		assert_true(strncmp(family, "collabd_", 8) == 0);
		(void)strcpy(scan->families[scan->n++], family);
	} else if (sscanf(line, "# TYPE %63s %15s", family, type) == 2) {
		assert_string_equal(family, scan->families[scan->n - 1]);
		(void)strcpy(scan->types[scan->n - 1], type);
	} else
		scan_sample(scan, line);
}

static void
test_text(void **state)
{
	struct shm *shm = shm_make(64, 2, 4);
	static struct scan scan;
	struct buf out = { 0 };
	char *text, *line, *rest;

	(void)state;
	counters_add(shm, slot_make(shm), COUNTER_CONNECTIONS, 3);
	counters_add(shm, slot_make(shm), COUNTER_CONNECTIONS, 4);
	counters_add(shm, 1, COUNTER_BYTES_OUT, INT64_C(9007199254740993));
	assert_true(budget_take(shm, 0, 4, 0));
	counters_render(shm, &out);
	assert_true(scrape(buf_str(&out), "collabd_connections") == 7);
	assert_true(scrape(buf_str(&out), "collabd_database_connections") ==
	    1);
	assert_true(scrape(buf_str(&out), "collabd_start_time_seconds") > 1e9);
	assert_true(scrape(buf_str(&out), "collabd_build_info{version=\""
	    COLLABD_VERSION "\"}") == 1);
	assert_non_null(strstr(buf_str(&out), "\ncollabd_bytes_total"
	    "{direction=\"out\"} 9007199254740993\n"));
	assert_true(out.p[out.n - 1] == '\n');
	text = buf_steal(&out);
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest))
		scan_line(&scan, line);
	/* Every row, 13 buckets with sum and count, and three by hand. */
	assert_int_equal(scan.samples, COUNTER_AUTH_BUCKET + 15 + 3);
	free(text);
	shm_free(shm);
}

/* A worker goes while a reader is between two blocks: it is counted once. */
static void
test_retirement_is_seen(void **state)
{
	struct shm *shm;
	int at;

	(void)state;
	for (at = 1; at <= 4; at++) {
		shm = shm_make(64, 3, 1);
		assert_int_equal(slot_make(shm), 0);
		assert_int_equal(slot_make(shm), 1);
		counters_add(shm, 0, COUNTER_FRAMES_IN, 1000);
		counters_add(shm, 1, COUNTER_FRAMES_IN, 200);
		counters_add(shm, SHM_SLOT_MASTER, COUNTER_FRAMES_IN, 7);
		hook.at = at;
		hook.step = 0;
		hook.shm = shm;
		assert_int_equal(counters_sum(shm, COUNTER_FRAMES_IN), 1207);
		assert_null(hook.shm);
		assert_int_equal(counters_sum(shm, COUNTER_FRAMES_IN), 1207);
		shm_free(shm);
	}
}

/* A worker that counts and ends. */
static int
adder(struct shm *shm, int slot)
{
	int i;

	for (i = 0; i < 10000; i++)
		counters_add(shm, slot, COUNTER_FRAMES_OUT, 1);
	return (0);
}

/* While workers come, count and go, a sum never goes down, and none is lost. */
static void
test_retirement_is_smooth(void **state)
{
	enum { ROUNDS = 30 };
	struct shm *shm = shm_make(64, 2, 1);
	int64_t last = 0, sum;
	pid_t pid, watcher;
	int round, slot;

	(void)state;
	watcher = child_fork();
	if (watcher == 0) {
		while (last < 10000 * ROUNDS) {
			sum = counters_sum(shm, COUNTER_FRAMES_OUT);
			if (sum < last)
				_exit(1);
			last = sum;
		}
		_exit(last == 10000 * ROUNDS ? 0 : 2);
	}
	for (round = 0; round < ROUNDS; round++) {
		slot = slot_make(shm);
		if ((pid = child_fork()) == 0)
			_exit(adder(shm, slot));
		assert_int_equal(child_wait(pid), 0);
		shm_slot_release(shm, slot, true);
	}
	assert_int_equal(counters_sum(shm, COUNTER_FRAMES_OUT),
	    10000 * ROUNDS);
	assert_int_equal(child_wait(watcher), 0);
	shm_free(shm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_retirement_is_seen),
		cmocka_unit_test(test_retirement_is_smooth),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

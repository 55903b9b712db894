/*
 * Jobs of a kind that the pool has never heard of, on SQLite: they are run,
 * answered, told in parts, joined by their key, taken together, withdrawn,
 * given up, and each is freed once.
 */
#include <sqlite3.h>

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/compat.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/burst.h"
#include "db/line.h"
#include "db/pool.h"
#include "shm/budget.h"
#include "shm/region.h"

/* Doubles a number, which is not the loop's business. */
struct doubling {
	struct job	 job;
	char		 text[16];
	unsigned	 n_askers;	/* line */
	int64_t		 doubled;	/* runner */
	atomic_bool	 may_end;	/* holds its thread until then */
};

static char path[] = "/tmp/collabd-job-XXXXXX";
static struct conf conf;
static struct event_base *base;
static struct shm *shm;
static struct pool *pool;
static int slot;

static unsigned n_runs, n_answers, n_parts, n_fails, n_frees;
static int64_t sum;

static void
on_row(const struct slice *cols, size_t n UNUSED, void *arg)
{
	struct doubling *d = arg;

	d->doubled = strtoll(cols[0].p, NULL, 10);
}

static void
run_one(struct job_run *run, struct doubling *d)
{
	struct db_request request = {
		.sql = "SELECT 2 * ?1",
		.params = { d->text },
		.n_params = 1,
		.on_row = on_row,
		.arg = d,
	};

	line_seal(run->line, &d->job);
	d->job.status_counts = true;
	d->job.status = burst_query(run->burst, &request, &run->wait,
	    &run->error);
}

static void
run_doubling(struct job_run *run)
{
	struct doubling *first = (struct doubling *)run->jobs[0];
	size_t i;

	line_tell(run->line);
	while (!atomic_load(&first->may_end))
		usleep(1000);	/* not libpq's wait: nothing can wake it */
	(void)line_take_more(run, 1, JOB_RUN_MAX, 0);
	n_runs++;	/* one thread */
	for (i = 0; i < run->n; i++)
		run_one(run, (struct doubling *)run->jobs[i]);
}

static void
answer_doubling(struct job *job)
{
	struct doubling *d = (struct doubling *)job;

	n_answers += d->n_askers;
	if (job->status == DB_OK)
		sum += d->doubled;
}

static void
answer_part(struct job *job UNUSED)
{
	n_parts++;
}

static void
fail_doubling(struct job *job UNUSED)
{
	n_fails++;
}

static void
free_doubling(struct job *job)
{
	n_frees++;
	free(job);
}

static bool
join_doubling(struct job *job, void *asker UNUSED)
{
	struct doubling *d = (struct doubling *)job;

	if (d->n_askers == 2)
		return (false);
	d->n_askers++;
	return (true);
}

static const struct job_ops doubling_ops = {
	.run = run_doubling,
	.answer = answer_doubling,
	.fail = fail_doubling,
	.free = free_doubling,
	.answer_partly = answer_part,
	.join = join_doubling,
};
static const struct job_ops other_ops = { .join = join_doubling };

static struct doubling *
start(int number, bool may_end)
{
	struct doubling *d = xcalloc(1, sizeof(*d));

	job_init(&d->job, &doubling_ops);
	snprintf(d->text, sizeof(d->text), "%d", number);
	d->job.key = slice_of(d->text);
	d->n_askers = 1;
	atomic_init(&d->may_end, may_end);
	pool_start(pool, &d->job);
	return (d);
}

/* Until so many jobs were freed. */
static void
turn(unsigned frees)
{
	while (n_frees < frees)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(n_frees, frees);
}

static int
setup(void **state UNUSED)
{
	static const struct shm_geometry geometry = { 64, 4, 16 };
	struct buf err = { 0 };
	char url[64];

	memset(&conf, 0, sizeof(conf));
	conf_init(&conf);
	snprintf(url, sizeof(url), "sqlite:///%s", path);
	assert_true(conf_set(&conf, "database_url", url, &err));
	assert_true(conf_set(&conf, "auth_threads", "1", &err));
	assert_true(conf_set(&conf, "auth_max_connections", "1", &err));
	assert_true(conf_set(&conf, "auth_timeout", "60", &err));
	buf_fini(&err);
	base = event_base_new();
	shm = shm_new(&geometry);
	slot = shm_slot_claim(shm);
	pool = pool_new(&conf, base, shm, slot);
	assert_non_null(pool);
	n_runs = n_answers = n_parts = n_fails = n_frees = 0;
	sum = 0;
	return (0);
}

static int
teardown(void **state UNUSED)
{
	assert_true(pool == NULL || pool_free(pool));
	assert_int_equal(budget_in_use(shm), 0);
	event_base_free(base);
	shm_free(shm);
	conf_fini(&conf);
	return (0);
}

static void
test_run(void **state UNUSED)
{
	assert_false(pool_is_healthy(pool));
	start(21, true);
	turn(1);
	assert_int_equal(sum, 42);
	assert_int_equal(n_answers, 1);
	assert_int_equal(n_fails, 0);
	assert_true(pool_is_healthy(pool));
}

/* While the first holds the thread, one is joined and two wait. */
static void
test_together(void **state UNUSED)
{
	struct doubling *first = start(1, false), *second;

	while (n_parts == 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	second = start(2, true);
	start(3, true);
	assert_ptr_equal(pool_join(pool, &doubling_ops, slice_of("2"), NULL),
	    &second->job);
	assert_null(pool_join(pool, &doubling_ops, slice_of("2"), NULL));
	assert_null(pool_join(pool, &doubling_ops, slice_of("4"), NULL));
	/* Another kind's key is another key. */
	assert_null(pool_join(pool, &other_ops, slice_of("3"), NULL));
	assert_int_equal(n_answers, 0);
	atomic_store(&first->may_end, true);
	turn(3);
	assert_int_equal(n_runs, 1);
	assert_int_equal(sum, 12);
	assert_int_equal(n_answers, 4);
	/* What has been answered tells no more parts. */
	n_parts = 0;
	start(5, true);
	turn(4);
	assert_true(n_parts <= 1);
}

static void
test_withdraw(void **state UNUSED)
{
	struct doubling *first = start(1, false), *second;

	while (n_parts == 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	second = start(2, true);
	pool_withdraw(pool, &second->job);
	assert_int_equal(n_frees, 1);
	/* This one runs: it is told, and comes back. */
	pool_withdraw(pool, &first->job);
	assert_true(job_is_cancelled(&first->job));
	assert_int_equal(n_frees, 1);
	atomic_store(&first->may_end, true);
	turn(2);
	assert_int_equal(n_fails, 0);
}

/* Its thread does not come back in time: fail() once, and free() after all. */
static void
test_given_up(void **state UNUSED)
{
	struct doubling *d;

	conf.auth_timeout_ms = 50;
	d = start(1, false);
	while (n_fails == 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(n_frees, 0);
	assert_false(pool_is_healthy(pool));
	n_parts = 0;
	atomic_store(&d->may_end, true);
	turn(1);
	assert_int_equal(n_fails, 1);
	assert_int_equal(n_answers, 0);
	assert_int_equal(n_parts, 0);
}

/* Jobs that stand in line when the pool goes are freed unanswered. */
static void
test_pool_free(void **state UNUSED)
{
	struct doubling *first = start(1, false);

	while (n_parts == 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	start(2, true);
	atomic_store(&first->may_end, true);
	assert_true(pool_free(pool));
	pool = NULL;
	assert_int_equal(n_frees, 2);
	assert_int_equal(n_answers + n_fails, 0);
}

static int
make_database(void **state UNUSED)
{
	sqlite3 *db;
	int fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	close(fd);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL,
	    NULL), SQLITE_OK);
	sqlite3_close(db);
	return (0);
}

static int
remove_database(void **state UNUSED)
{
	unlink(path);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_together, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_withdraw, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_given_up, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_pool_free, setup, teardown),
	};

	if (!log_open("/dev/null"))
		return (1);
	return (cmocka_run_group_tests(tests, make_database,
	    remove_database));
}

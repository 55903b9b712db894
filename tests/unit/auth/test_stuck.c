/*
 * Threads that are stuck in the resolver, the one thing that no deadline
 * bounds: verdicts still come, handles stay sound, and the pool can be freed.
 * getaddrinfo() here replaces the system's and blocks until it is let go.
 */
#include <netdb.h>
#include <pthread.h>

#include "auth/site.h"
#include "db/adminlog.h"
#include "db/cluster.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_blocking;	/* under lock */
static unsigned n_stuck;	/* under lock */

int
getaddrinfo(const char *node UNUSED, const char *service UNUSED,
    const struct addrinfo *hints UNUSED, struct addrinfo **out UNUSED)
{
	pthread_mutex_lock(&lock);
	n_stuck++;
	while (is_blocking)
		pthread_cond_wait(&changed, &lock);
	n_stuck--;
	pthread_mutex_unlock(&lock);
	return (EAI_AGAIN);
}

static void
block(bool on)
{
	pthread_mutex_lock(&lock);
	is_blocking = on;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static unsigned
stuck(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = n_stuck;
	pthread_mutex_unlock(&lock);
	return (n);
}

static void
start(struct site *s)
{
	memset(s, 0, sizeof(*s));
	site_conf(&s->conf, "postgres://u:p@db.example.invalid/d");
	set(&s->conf, "auth_threads", "1");
	set(&s->conf, "auth_timeout", "0.3");
	site_start(s);
}

/* A callback that cancels the check that is joined with its own. */
static struct ask pair[2];

static void
on_first(const struct auth_result *r, void *arg)
{
	on_answer(r, arg);
	auth_check_cancel(pair[1].check);
}

static void
start_pair(struct site *s, const char *key)
{
	struct auth_query q = { slice_of(key), { NULL, 0 }, { NULL, 0 } };

	memset(pair, 0, sizeof(pair));
	pair[0].site = s;
	pair[0].check = auth_check_start(s->auth, &q, on_first, &pair[0]);
	assert_non_null(pair[0].check);
	ask_start(s, &pair[1], key, NULL, NULL);
}

static void
test_answered_while_stuck(void **state UNUSED)
{
	struct site s;
	struct ask in_thread, gone;

	start(&s);
	block(true);
	ask_start(&s, &in_thread, "sessionkey1", NULL, NULL);
	while (stuck() == 0)
		nap_ms(1);
	start_pair(&s, "sessionkey2");		/* waits in line */
	ask_wait(&in_thread);
	ask_wait(&pair[0]);
	assert_int_equal(in_thread.verdict, AUTH_UNAVAILABLE);
	assert_int_equal(pair[0].verdict, AUTH_UNAVAILABLE);
	assert_int_equal(pair[1].calls, 0);
	assert_false(pool_is_healthy(s.pool));

	/* One that is cancelled while its thread is stuck. */
	ask_start(&s, &gone, "sessionkey3", NULL, NULL);
	auth_check_cancel(gone.check);
	block(false);
	assert_int_equal(ask_only(&s, "sessionkey4", NULL, NULL),
	    AUTH_UNAVAILABLE);	/* the name does not resolve */
	assert_int_equal(gone.calls, 0);
	assert_int_equal(in_thread.calls, 1);
	assert_int_equal(pair[0].calls, 1);
	site_stop(&s);
}

/* The joined pair itself is in the stuck thread. */
static void
test_abandoned_pair(void **state UNUSED)
{
	struct site s;

	start(&s);
	block(true);
	start_pair(&s, "sessionkey1");
	while (stuck() == 0)
		nap_ms(1);
	ask_wait(&pair[0]);
	assert_int_equal(pair[0].verdict, AUTH_UNAVAILABLE);
	assert_int_equal(pair[1].calls, 0);
	block(false);
	site_stop(&s);
	assert_int_equal(pair[0].calls, 1);
}

static unsigned n_batches;

static void
on_batch(const struct auth_recheck *answers, size_t n, bool is_last,
    void *arg UNUSED)
{
	size_t i;

	assert_true(is_last);
	n_batches++;
	for (i = 0; i < n; i++)
		assert_int_equal(answers[i].verdict, AUTH_UNAVAILABLE);
}

static void
test_recheck_while_stuck(void **state UNUSED)
{
	struct auth_query q[2] = { { SLICE_LIT("sessionkey1"), { NULL, 0 },
	    { NULL, 0 } }, { SLICE_LIT("sessionkey2"), { NULL, 0 },
	    { NULL, 0 } } };
	struct site s;

	start(&s);
	block(true);
	assert_true(auth_recheck_start(s.auth, q, 2, on_batch, NULL));
	auth_probe_start(s.auth);
	while (n_batches == 0)
		event_base_loop(s.base, EVLOOP_ONCE);
	block(false);
	site_stop(&s);
	assert_int_equal(n_batches, 1);
}

static unsigned n_polls;

static void
on_poll(const struct adminlog_result *r, void *arg UNUSED)
{
	n_polls++;
	assert_int_equal(r->status, ADMINLOG_UNAVAILABLE);
	assert_int_equal(r->n, 0);
}

/* A poll that a stuck thread has is answered, may be asked again, and may be
 * cancelled in the line and in the thread. */
static void
test_poll_while_stuck(void **state UNUSED)
{
	struct adminlog *log;
	struct site s;

	start(&s);
	log = adminlog_new(s.pool);
	block(true);
	assert_true(adminlog_poll_start(log, 0, 0, on_poll, NULL));
	while (n_polls == 0)
		event_base_loop(s.base, EVLOOP_ONCE);
	assert_true(adminlog_is_on(log));
	assert_true(adminlog_poll_start(log, 0, 0, on_poll, NULL));
	adminlog_free(log);
	block(false);
	log = adminlog_new(s.pool);
	assert_true(adminlog_poll_start(log, 0, 0, on_poll, NULL));
	while (n_polls == 1)
		event_base_loop(s.base, EVLOOP_ONCE);
	block(true);
	assert_true(adminlog_poll_start(log, 0, 0, on_poll, NULL));
	while (stuck() == 0)
		nap_ms(1);
	adminlog_free(log);
	block(false);
	site_stop(&s);
	assert_int_equal(n_polls, 2);
}

/* Must be last: the thread and what it uses stay until the process ends. */
static void
test_free_while_stuck(void **state UNUSED)
{
	static struct site s;
	struct ask a;

	start(&s);
	block(true);
	ask_start(&s, &a, "sessionkey1", NULL, NULL);
	while (stuck() == 0)
		nap_ms(1);
	assert_false(pool_free(s.pool));
	assert_int_equal(a.calls, 0);
	assert_int_equal(stuck(), 1);
	event_base_free(s.base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered_while_stuck),
		cmocka_unit_test(test_abandoned_pair),
		cmocka_unit_test(test_recheck_while_stuck),
		cmocka_unit_test(test_poll_while_stuck),
		cmocka_unit_test(test_free_while_stuck),
	};

	if (!log_open("/dev/null"))
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}

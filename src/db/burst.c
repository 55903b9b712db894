/*
 * Connections of the pool's threads. Called by crew.c and by what it runs. The
 * place in the budget is taken before the first byte is sent and given back
 * after the connection is closed, so the sum over all workers is never above
 * auth_max_connections.
 *
 * When connecting fails, the threads of the pool wait a little longer each
 * time before they try again, and the line waits with them: a database that
 * comes back does not meet a thousand clients at once, and one that is down
 * is not hammered.
 */
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "db/burst.h"
#include "shm/budget.h"
#include "shm/counters.h"

#define PAUSE_FIRST_MS	100
#define PAUSE_MAX_MS	2000
/* How long one wait for a place may be: budget_take() cannot be woken. */
#define PLACE_SLICE_MS	100

static void
note_failure(struct burst_shared *shared)
{
	unsigned n = atomic_fetch_add(&shared->failures, 1);
	int64_t pause = PAUSE_MAX_MS;

	if (n < 5)
		pause = PAUSE_FIRST_MS << n;
	if (pause > PAUSE_MAX_MS)
		pause = PAUSE_MAX_MS;
	atomic_store(&shared->retry_at_ms, clock_mono_ms() + pause);
}

/* Until the pause after a failure is over. */
static enum db_status
wait_pause(const struct burst *burst, const struct db_wait *wait,
    struct db_error *error)
{
	struct pollfd fd = { .fd = wait->wake_fd, .events = POLLIN };
	int64_t left, pause;

	for (;;) {
		if (db_wait_is_cancelled(wait))
			return (db_fail(error, DB_CANCELLED, "cancelled"));
		pause = atomic_load(&burst->shared->retry_at_ms) -
		    clock_mono_ms();
		if (pause <= 0 || atomic_load(&burst->shared->failures) == 0)
			return (DB_OK);
		if ((left = db_wait_left_ms(wait)) == 0)
			return (db_fail(error, DB_TIMEOUT,
			    "the database is down, and the next attempt to "
			    "connect comes too late"));
		(void)poll(&fd, 1, (int)(pause < left ? pause : left));
	}
}

static enum db_status
take_place(const struct burst *burst, const struct db_wait *wait,
    struct db_error *error)
{
	unsigned limit = (unsigned)burst->shared->conf->auth_max_connections;
	int64_t until;

	for (;;) {
		if (db_wait_is_cancelled(wait))
			return (db_fail(error, DB_CANCELLED, "cancelled"));
		until = clock_mono_ms() + PLACE_SLICE_MS;
		if (until > wait->deadline_ms)
			until = wait->deadline_ms;
		if (budget_take(burst->shared->shm, burst->shared->slot,
		    limit, until))
			return (DB_OK);
		if (db_wait_left_ms(wait) == 0)
			return (db_fail(error, DB_TIMEOUT,
			    "all %u places of auth_max_connections were taken "
			    "all the time", limit));
	}
}

static void
give_place(const struct burst *burst)
{
	budget_give(burst->shared->shm, burst->shared->slot);
}

enum db_status
burst_open(struct burst *burst, const struct db_wait *wait,
    struct db_error *error)
{
	struct burst_shared *shared = burst->shared;
	enum db_status status;

	if (burst->db != NULL)
		return (DB_OK);
	if ((status = wait_pause(burst, wait, error)) != DB_OK ||
	    (status = take_place(burst, wait, error)) != DB_OK)
		return (status);
	burst->db = db_open(shared->url, wait, &status, error);
	if (burst->db == NULL) {
		give_place(burst);
		if (status != DB_CANCELLED)
			note_failure(shared);
		return (status);
	}
	atomic_store(&shared->failures, 0);
	atomic_fetch_add(&shared->opened, 1);
	counters_add(shared->shm, shared->slot, COUNTER_DB_OPENED, 1);
	burst->opened_ms = clock_mono_ms();
	burst->served = 0;
	return (DB_OK);
}

/* What db_query() leaves usable is kept. */
static enum db_status
query_once(struct burst *burst, const struct db_request *request,
    const struct db_wait *wait, struct db_error *error)
{
	enum db_status status = burst_open(burst, wait, error);

	if (status != DB_OK)
		return (status);
	atomic_fetch_add(&burst->shared->queries, 1);
	status = db_query(burst->db, request, wait, error);
	if (status != DB_OK && status != DB_BAD_VALUE && status != DB_FAULT)
		burst_close(burst);
	return (status);
}

enum db_status
burst_query(struct burst *burst, const struct db_request *request,
    const struct db_wait *wait, struct db_error *error)
{
	bool was_used = burst->db != NULL && burst->served != 0;
	enum db_status status = query_once(burst, request, wait, error);

	if (status == DB_DOWN && was_used)
		status = query_once(burst, request, wait, error);
	return (status);
}

bool
burst_served(struct burst *burst, size_t n)
{
	burst->served += n;
	return (burst_left(burst) != 0);
}

size_t
burst_left(const struct burst *burst)
{
	size_t most = burst->shared->conf->auth_reuse ?
	    BURST_JOBS : 1;

	if (burst->db == NULL || burst->served >= most ||
	    clock_mono_ms() - burst->opened_ms >= BURST_MS)
		return (0);
	return (most - burst->served);
}

void
burst_close(struct burst *burst)
{
	if (burst->db == NULL)
		return;
	db_close(burst->db);
	burst->db = NULL;
	burst->served = 0;
	give_place(burst);
}

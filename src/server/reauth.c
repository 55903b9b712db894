/*
 * One check at a time; the next one is scheduled when it is answered, so a
 * slow database is not asked faster than it answers. The grants are held
 * meanwhile: their sockets may close, and answers come by index.
 *
 * A grant that could not be decided is overdue, and when nobody has verified it
 * for reauth_grace, its sockets are closed, a share at each step, as drain.c
 * does it. Before that it is asked for once more, so that it is not the
 * database's bad minute that counts.
 */
#include <stdlib.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "rooms/room.h"
#include "server/people.h"
#include "server/reauth.h"
#include "server/roomfx.h"
#include "shm/counters.h"

#define STEP_MS		100
/* The database is not asked more often than this, however near the end. */
#define AGAIN_MS	1000

struct reauth {
	const struct conf	*conf;
	struct shm		*shm;
	int			 slot;
	struct auth		*auth;
	struct people		*people;
	struct roomfx		*rooms;
	struct timer		*timer;
	struct grant		**held;		/* of a check under way */
	size_t			 n_held;
	int64_t			 asked_ms;	/* when it began */
	struct timer		*grace;
	int64_t			 grace_ends_ms;	/* of the first grant that is
						 * overdue; INT64_MAX: none */
	struct timer		*closing;
	int64_t			 closed_by_ms;	/* all unverified are */
};

static void
schedule(struct reauth *r)
{
	int64_t ms = r->conf->reauth_interval_ms, left;

	/* Workers do not all ask in the same instant. */
	ms -= (int64_t)arc4random_uniform((uint32_t)(ms / 8 + 1));
	if (r->grace_ends_ms != INT64_MAX) {
		/* Early enough for an answer that takes its time. */
		left = r->grace_ends_ms - r->conf->auth_timeout_ms -
		    clock_mono_ms();
		if (left < AGAIN_MS)
			left = AGAIN_MS;
		if (ms > left)
			ms = left;
	}
	timer_start(r->timer, ms);
}

static void
put_held(struct reauth *r)
{
	size_t i;

	for (i = 0; i < r->n_held; i++)
		people_unhold(r->people, r->held[i]);
	free(r->held);
	r->held = NULL;
	r->n_held = 0;
}

/* --- what could not be verified --- */

static void
closing_cb(void *arg)
{
	struct reauth *r = arg;
	int64_t left = r->closed_by_ms - clock_mono_ms();
	size_t n = rooms_unverified(roomfx_rooms(r->rooms));
	size_t share = n, closed;

	if (left > STEP_MS)
		share = n / (size_t)(left / STEP_MS) + 1;
	closed = rooms_close_unverified(roomfx_now(r->rooms), share);
	counters_add(r->shm, r->slot, COUNTER_REAUTH_UNVERIFIED,
	    (int64_t)closed);
	if (closed < n)
		timer_start(r->closing, STEP_MS);
}

/* Ends what is overdue for too long, and sets the timer for what is next. */
static void
expire(struct reauth *r)
{
	int64_t now = clock_mono_ms(), oldest_ms;
	size_t n;

	r->grace_ends_ms = INT64_MAX;
	if (r->conf->reauth_grace_ms == 0)
		return;
	n = people_expire(r->people, now - r->conf->reauth_grace_ms,
	    &oldest_ms);
	if (n != 0) {
		log_warn("%zu rights of sessions could not be checked for "
		    "reauth_grace; their sockets are closed", n);
		r->closed_by_ms = now + r->conf->drain_time_ms;
		timer_start(r->closing, 0);
	}
	if (oldest_ms == INT64_MAX)
		return;
	r->grace_ends_ms = oldest_ms + r->conf->reauth_grace_ms;
	timer_start(r->grace, r->grace_ends_ms - now);
}

static void
grace_cb(void *arg)
{
	expire(arg);
}

/* --- the check --- */

static void
enforce(struct reauth *r)
{
	size_t closed = rooms_enforce(roomfx_now(r->rooms));

	if (closed == 0)
		return;
	log_info("closed %zu sockets whose session ended", closed);
	counters_add(r->shm, r->slot, COUNTER_REAUTH_DENIED, (int64_t)closed);
}

static void
on_rechecked(const struct auth_recheck *answers, size_t n, bool is_last,
    void *arg)
{
	struct reauth *r = arg;
	bool lost = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (is_last || answers[i].verdict != AUTH_UNAVAILABLE)
			lost |= people_note(r->held[i], &answers[i],
			    r->asked_ms);
	}
	/* At the end in any case: Redis may have refused it the last time. */
	if (lost || is_last)
		enforce(r);
	if (!is_last)
		return;
	put_held(r);
	expire(r);
	schedule(r);
}

static void
timer_cb(void *arg)
{
	struct reauth *r = arg;
	struct auth_query *queries;
	size_t i, n;
	bool started;

	r->held = people_hold_all(r->people, &r->n_held);
	r->asked_ms = clock_mono_ms();
	n = r->n_held;
	queries = xcalloc(n, sizeof(*queries));
	for (i = 0; i < n; i++) {
		const struct grant *g = r->held[i];

		queries[i].session = (struct slice){ g->session->cookie,
		    g->session->cookie_n };
		if (*g->model->app_label != '\0') {
			queries[i].app_label = slice_of(g->model->app_label);
			queries[i].model = slice_of(g->model->name);
		}
	}
	started = n != 0 && auth_recheck_start(r->auth, queries, n,
	    on_rechecked, r);
	free(queries);
	if (!started) {
		put_held(r);
		schedule(r);
	}
}

struct reauth *
reauth_new(const struct conf *conf, struct event_base *base, struct shm *shm,
    int slot, struct auth *auth, struct people *people,
    struct roomfx *rooms)
{
	struct reauth *r = xcalloc(1, sizeof(*r));

	r->conf = conf;
	r->shm = shm;
	r->slot = slot;
	r->auth = auth;
	r->people = people;
	r->rooms = rooms;
	r->timer = timer_new(base, timer_cb, r);
	r->grace = timer_new(base, grace_cb, r);
	r->grace_ends_ms = INT64_MAX;
	r->closing = timer_new(base, closing_cb, r);
	schedule(r);
	return (r);
}

void
reauth_free(struct reauth *r)
{
	if (r == NULL)
		return;
	put_held(r);
	timer_free(r->timer);
	timer_free(r->grace);
	timer_free(r->closing);
	free(r);
}

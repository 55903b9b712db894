/*
 * One check at a time; the next one is scheduled when it is answered, so a
 * slow database is not asked faster than it answers. The grants are held
 * meanwhile: their sockets may close, and answers come by index.
 */
#include <stdlib.h>

#include "auth/auth.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "server/people.h"
#include "server/reauth.h"
#include "server/room.h"
#include "shm/counters.h"

struct reauth {
	const struct conf	*conf;
	struct shm		*shm;
	int			 slot;
	struct auth_pool	*auth;
	struct people		*people;
	struct rooms		*rooms;
	struct timer		*timer;
	struct grant		**held;		/* of a check under way */
	size_t			 n_held;
};

static void
schedule(struct reauth *r)
{
	int64_t ms = r->conf->reauth_interval_ms;

	/* Workers do not all ask in the same instant. */
	ms -= (int64_t)arc4random_uniform((uint32_t)(ms / 8 + 1));
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

static void
on_rechecked(const struct auth_recheck *answers, size_t n, bool is_last,
    void *arg)
{
	struct reauth *r = arg;
	size_t i, closed;

	for (i = 0; i < n; i++) {
		struct grant *g = r->held[i];

		if (answers[i].verdict == AUTH_DENIED)
			g->is_denied = true;
		if (answers[i].verdict != AUTH_ALLOWED)
			continue;
		g->may_change = answers[i].may_change;
		g->may_take_over = answers[i].may_take_over;
	}
	closed = rooms_enforce(r->rooms);
	if (closed != 0) {
		log_info("closed %zu sockets whose session ended", closed);
		counters_add(r->shm, r->slot, COUNTER_REAUTH_CLOSED,
		    (int64_t)closed);
	}
	if (!is_last)
		return;
	put_held(r);
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
    int slot, struct auth_pool *auth, struct people *people,
    struct rooms *rooms)
{
	struct reauth *r = xcalloc(1, sizeof(*r));

	r->conf = conf;
	r->shm = shm;
	r->slot = slot;
	r->auth = auth;
	r->people = people;
	r->rooms = rooms;
	r->timer = timer_new(base, timer_cb, r);
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
	free(r);
}

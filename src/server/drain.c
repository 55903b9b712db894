/*
 * A share of the sockets at each step, so that all are closed when drain_time
 * is over however many come and go by themselves. Who was accepted a moment
 * before is answered like anybody else first: nobody is refused for having come
 * during a reload.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "server/client.h"
#include "server/drain.h"
#include "store/store.h"

#define STEP_MS		100
/* How long requests that are under way may take, however short drain_time. */
#define ANSWER_MS	1000
/* After a graceful end, users who have not come back by then are gone. */
#define RESIGN_MS	5000

struct drain {
	struct clients	*clients;
	struct store	*store;
	void		(*done)(void *arg);
	void		*arg;
	struct timer	*timer;
	int64_t		 until_ms;	/* all are closed */
	int64_t		 answered_ms;	/* and no request is waited for */
	int64_t		 stop_at_ms;	/* whatever is left */
	bool		 is_resigning;
};

static void
on_resigned(void *arg)
{
	struct drain *drain = arg;

	drain->done(drain->arg);
}

static void
timer_cb(void *arg)
{
	struct drain *drain = arg;
	int64_t now = clock_mono_ms(), left = drain->until_ms - now;
	size_t n = clients_count(drain->clients), share = n;
	bool is_last = now >= drain->answered_ms || now >= drain->stop_at_ms;

	if (left > STEP_MS)
		share = n / (size_t)(left / STEP_MS) + 1;
	(void)clients_close_some(drain->clients, share, WS_CLOSE_RESTART,
	    "the server restarts", is_last);
	if (now >= drain->stop_at_ms)
		drain->done(drain->arg);
	else {
		/* Goes on while Redis is asked: without its answer the lease
		 * ends by itself, and who waits for us need not. */
		timer_start(drain->timer, STEP_MS);
		if (n == 0 && !drain->is_resigning) {
			drain->is_resigning = true;
			store_resign(drain->store, RESIGN_MS, on_resigned,
			    drain);
		}
	}
}

struct drain *
drain_start(const struct conf *conf, struct event_base *base,
    struct clients *clients, struct store *store, void (*done)(void *),
    void *arg)
{
	struct drain *drain = xcalloc(1, sizeof(*drain));
	int64_t now = clock_mono_ms();

	drain->clients = clients;
	drain->store = store;
	drain->done = done;
	drain->arg = arg;
	drain->until_ms = now + conf->drain_time_ms;
	drain->answered_ms = drain->until_ms;
	if (drain->answered_ms < now + ANSWER_MS)
		drain->answered_ms = now + ANSWER_MS;
	drain->stop_at_ms = now + conf->shutdown_timeout_ms;
	drain->timer = timer_new(base, timer_cb, drain);
	timer_start(drain->timer, 0);
	return (drain);
}

void
drain_free(struct drain *drain)
{
	if (drain == NULL)
		return;
	timer_free(drain->timer);
	free(drain);
}

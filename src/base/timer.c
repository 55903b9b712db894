/*
 * Timers, made of libevent's.
 */
#include <stdlib.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"

struct timer {
	struct event	 event;
	void		(*cb)(void *);
	void		*arg;
};

static void
timer_cb(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct timer *timer = arg;

	timer->cb(timer->arg);
}

struct timer *
timer_new(struct event_base *base, void (*cb)(void *), void *arg)
{
	struct timer *timer = xcalloc(1, sizeof(*timer));

	timer->cb = cb;
	timer->arg = arg;
	if (evtimer_assign(&timer->event, base, timer_cb, timer) == -1)
		log_fatal("no timer");
	return (timer);
}

void
timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	(void)evtimer_del(&timer->event);
	free(timer);
}

void
timer_start(struct timer *timer, int64_t ms)
{
	struct timeval tv = { 0, 0 };

	if (ms > 0)
		tv = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	if (evtimer_add(&timer->event, &tv) == -1)
		log_fatal("out of memory (timer)");
}

void
timer_stop(struct timer *timer)
{
	(void)evtimer_del(&timer->event);
}

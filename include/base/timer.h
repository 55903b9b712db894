/*
 * Timers of a process's event loop: a call, once, some time from now. What
 * knows of the outside no more than these and clock.h runs in virtual time,
 * too: timer.c makes them of libevent's, and the simulator (tests/sim/) has
 * some of its own. Loop thread only.
 */
#ifndef COLLABD_BASE_TIMER_H
#define COLLABD_BASE_TIMER_H

#include <stdint.h>

#include "base/compat.h"

struct event_base;
struct timer;

/* Not started yet. base is borrowed and outlives it. Never NULL. */
struct timer *timer_new(struct event_base *base, void (*cb)(void *arg),
	    void *arg) MUSTCHECK;
/* Stops it first. NULL is none. Also from inside its callback. */
void	timer_free(struct timer *timer);
/* cb is called once, ms milliseconds from now, never before this returns; what
 * it was started for before is forgotten. ms < 0 is 0. */
void	timer_start(struct timer *timer, int64_t ms);
void	timer_stop(struct timer *timer);

#endif

/*
 * A worker process: an event base made after the fork, a server on it, and the
 * signals of the master.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "process/worker.h"
#include "server/server.h"

#define LARGE_BYTES	(128 * 1024)

struct worker {
	struct server	*server;
};

static void
term_cb(evutil_socket_t sig, short what, void *arg)
{
	struct worker *w = arg;

	(void)sig;
	(void)what;
	server_drain(w->server);
}

static void
hurry_cb(evutil_socket_t sig, short what, void *arg)
{
	struct worker *w = arg;

	(void)sig;
	(void)what;
	server_stop(w->server);
}

static void
usr1_cb(evutil_socket_t sig, short what, void *arg)
{
	struct worker *w = arg;

	(void)sig;
	(void)what;
	log_reopen();
	server_reopen(w->server);
}

static void
usr2_cb(evutil_socket_t sig, short what, void *arg)
{
	struct worker *w = arg;

	(void)sig;
	(void)what;
	server_dump(w->server);
}

/* Nobody supervises us any more, and nobody would fork a successor. */
static void
master_gone_cb(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	log_warn("the master is gone");
	server_drain(w->server);
}

/* libevent's own complaints go where ours go. */
static void
on_event_log(int severity, const char *text)
{
	if (severity == EVENT_LOG_ERR)
		log_err("libevent: %s", text);
	else if (severity == EVENT_LOG_WARN)
		log_warn("libevent: %s", text);
	else
		log_debug("libevent: %s", text);
}

static struct event *
must(struct event *ev)
{
	ASSERT(ev != NULL);
	event_add(ev, NULL);
	return (ev);
}

/* Whoever ends is not ended by being told so once more. */
static void
hold_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

static void
default_signals(void)
{
	sigset_t none;

	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void
worker_main(const struct worker_setup *setup)
{
	struct worker w = { NULL };
	struct event *evs[6];
	struct event_base *base;
	char prefix[16];
	size_t i;

	/* The authorization threads allocate little, and what they hand over
	 * is freed by the loop: arenas of their own would only fragment. */
	(void)mallopt(M_ARENA_MAX, 1);
	/* Set, these do not adapt: a large buffer that lived for a moment goes
	 * back to the system, now and every time. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
	(void)snprintf(prefix, sizeof(prefix), "w%d", setup->slot);
	log_set_prefix(prefix);
	event_set_log_callback(on_event_log);
	if ((base = event_base_new()) == NULL)
		log_fatal("no event base");
	shm_slot_start(setup->shm, setup->slot, getpid());
	w.server = server_new(setup->conf, setup->redis_url, base, setup->shm,
	    setup->slot, setup->listeners->v, setup->listeners->n);
	if (w.server == NULL)
		_exit(WORKER_EXIT_SETUP);
	evs[0] = must(evsignal_new(base, SIGTERM, term_cb, &w));
	evs[1] = must(evsignal_new(base, SIGQUIT, term_cb, &w));
	evs[2] = must(evsignal_new(base, SIGUSR1, usr1_cb, &w));
	evs[3] = must(evsignal_new(base, SIGUSR2, usr2_cb, &w));
	evs[4] = must(evsignal_new(base, WORKER_HURRY, hurry_cb, &w));
	evs[5] = must(event_new(base, setup->master_fd, EV_READ, master_gone_cb,
	    &w));
	default_signals();
	server_run(w.server);
	hold_signals();
	for (i = 0; i < COUNT_OF(evs); i++)
		event_free(evs[i]);
	server_free(w.server);
	event_base_free(base);
	libevent_global_shutdown();
	log_info("ended");
	exit(EXIT_SUCCESS);
}

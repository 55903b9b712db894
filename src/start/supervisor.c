/*
 * Signals and children. The signals are blocked and fetched (sigtimedwait), so
 * nothing here runs at any odd moment.
 *
 * The site runs in our process group: a terminal's Ctrl-C reaches it by itself,
 * which we see by where the signal comes from, and do not say it twice. A
 * platform says SIGTERM to everybody, perhaps several times; the site hears it
 * from us once more at most.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "start/supervisor.h"

#define TURN_MS		20
#define SITE_MS		5000	/* for requests that are under way */
#define KILL_MS		16000	/* all has ended in 20 s */
#define STRAY_MS	2000	/* for what a child has left behind */
#define NOT_STARTED	127

void
sup_init(struct supervisor *s)
{
	static const int taken[] = { SIGTERM, SIGINT, SIGQUIT, SIGUSR1,
	    SIGUSR2, SIGCHLD };
	struct sigaction old;
	size_t i;

	memset(s, 0, sizeof(*s));
	(void)sigemptyset(&s->set);
	for (i = 0; i < COUNT_OF(taken); i++)
		(void)sigaddset(&s->set, taken[i]);
	/* Under nohup(1) the end of the terminal is none of ours. */
	if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		(void)sigaddset(&s->set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &s->set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);	/* ignored, none could be reaped */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void
sup_release(const struct supervisor *s)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_UNBLOCK, &s->set, NULL);
}

/* --- signals --- */

static void
ask_stop(struct supervisor *s, int sig, bool site_has_it)
{
	bool is_first = s->stop_signal == 0;

	if (is_first)
		s->stop_signal = sig;
	if (is_first || sig != SIGTERM)
		s->site_signal = site_has_it ? 0 : sig;
	if (sig != SIGTERM)
		s->is_hurried = true;
}

static void
on_signal(struct supervisor *s, int sig, const siginfo_t *info)
{
	bool is_terminal = info->si_code == SI_KERNEL;

	switch (sig) {
	case SIGHUP:
		if (is_terminal) {
			ask_stop(s, sig, false);
			break;
		}
		s->wants_reload = true;
		child_signal(&s->child[SUP_SITE], sig);
		break;
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		ask_stop(s, sig, is_terminal);
		break;
	case SIGUSR1:
	case SIGUSR2:
		child_signal(&s->child[SUP_SITE], sig);
		break;
	default:
		break;		/* SIGCHLD: reap() looks */
	}
}

static void
note_end(struct child *c, int status)
{
	c->pid = 0;
	c->has_ended = true;
	c->status = status;
}

/* False: there is no child any more. */
static bool
reap(struct supervisor *s)
{
	int status;
	pid_t pid;
	size_t i;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < SUP_CHILDREN; i++) {
			if (s->child[i].pid == pid)
				note_end(&s->child[i], status);
		}
	}
	return (pid == 0);
}

static bool
wait_and_reap(struct supervisor *s, int64_t ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
	siginfo_t info;
	int sig;

	if ((sig = sigtimedwait(&s->set, &info, &ts)) > 0)
		on_signal(s, sig, &info);
	return (reap(s));
}

void
sup_wait(struct supervisor *s, int64_t ms)
{
	(void)wait_and_reap(s, ms);
}

bool
sup_is_over(const struct supervisor *s)
{
	return (s->stop_signal != 0 || s->child[SUP_SITE].has_ended);
}

int
sup_run(struct supervisor *s, const char *name,
    const struct child_setup *setup, int64_t ms)
{
	struct child *c = &s->child[SUP_HELPER];
	int64_t until = clock_mono_ms() + ms;
	int error;

	if ((error = child_start(c, name, setup)) != 0) {
		log_err("cannot run %s: %s", setup->argv[0], strerror(error));
		return (NOT_STARTED);
	}
	while (child_runs(c)) {
		if (clock_mono_ms() >= until || sup_is_over(s)) {
			child_signal_group(c->pid, SIGKILL);
			while (child_runs(c))
				sup_wait(s, TURN_MS);
			return (-1);
		}
		sup_wait(s, TURN_MS);
	}
	return (child_exit_status(c->status));
}

/* --- the end --- */

/* Whoever has become our child, or still is one. */
static void
signal_strays(int sig)
{
	char path[64];
	long pid;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children",
	    (int)getpid());
	if ((f = fopen(path, "re")) == NULL)
		return;
	while (fscanf(f, "%ld", &pid) == 1) {
		if (pid > 1)
			(void)kill((pid_t)pid, sig);
	}
	(void)fclose(f);
}

/* What is told as the end goes on. */
struct ending {
	int64_t	 begin_ms;
	int64_t	 strays_ms;	/* when they were told; 0: not yet */
	bool	 is_hurried;	/* all know */
	bool	 site_knows;
};

static void
hurry(struct supervisor *s, struct ending *e)
{
	e->is_hurried = true;
	child_signal(&s->child[SUP_NGINX], SIGINT);
	/* Of two SIGTERMs the second could be the same word. */
	child_signal(&s->child[SUP_COLLABD], SIGINT);
}

static void
tell_site(struct supervisor *s, struct ending *e)
{
	bool is_told = s->stop_signal == 0 || s->site_signal != 0;

	if (is_told)
		child_signal(&s->child[SUP_SITE], s->site_signal != 0 ?
		    s->site_signal : SIGTERM);
	s->site_signal = 0;
	e->site_knows = true;
}

static void
end_turn(struct supervisor *s, struct ending *e)
{
	bool site = child_runs(&s->child[SUP_SITE]);
	bool nginx = child_runs(&s->child[SUP_NGINX]);
	int64_t now = clock_mono_ms();

	if (s->is_hurried && !e->is_hurried)
		hurry(s, e);
	if (site && (s->is_hurried || !nginx || now - e->begin_ms >= SITE_MS) &&
	    (!e->site_knows || s->site_signal != 0))
		tell_site(s, e);
	if (now - e->begin_ms >= KILL_MS)
		signal_strays(SIGKILL);
	else if (!site && !nginx && !child_runs(&s->child[SUP_COLLABD])) {
		if (e->strays_ms == 0) {
			e->strays_ms = now;
			signal_strays(SIGTERM);
		} else if (now - e->strays_ms >= STRAY_MS)
			signal_strays(SIGKILL);
	}
}

void
sup_end(struct supervisor *s)
{
	struct ending e = { .begin_ms = clock_mono_ms() };

	child_signal(&s->child[SUP_NGINX], SIGQUIT);
	child_signal(&s->child[SUP_COLLABD], SIGTERM);
	do
		end_turn(s, &e);
	while (wait_and_reap(s, TURN_MS));
}

/*
 * The order of things. The site is worth more than collabd: whatever is wrong
 * with collabd, with its settings or with what it needs, is said, and the site
 * runs without it. Only what the site itself cannot do without ends a start.
 *
 * While the site starts, which takes the longest, it is asked for its settings
 * and collabd checks them.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "start/folder.h"
#include "start/front.h"
#include "start/settings.h"
#include "start/site.h"
#include "start/start.h"
#include "start/supervisor.h"
#include "start/trial.h"

#define TURN_MS		1000
#define POLL_MS		20
#define PAUSE_MS	250	/* before the first start anew; then doubled */
#define PAUSE_MAX_MS	30000
#define STEADY_MS	10000	/* who ran that long begins again with it */
#define GIVE_UP		8	/* ends of nginx in a row, none of it steady */
#define NOT_FOUND	127
#define NOT_EXECUTABLE	126

/* When somebody who ended is started again. */
struct pause {
	int64_t	 at_ms;
	int64_t	 ms;
	unsigned n;		/* in a row */
};

struct start {
	struct options	*o;
	struct supervisor sup;
	struct site	 site;
	struct settings	 settings;
	bool		 has_settings;
	struct front	 front;
	struct pause	 nginx, collabd;
	char		*folder;
	int		 failed;	/* the status of a failed start, or 0 */
};

static void
note_pause(struct pause *pause, const struct child *c)
{
	int64_t now = clock_mono_ms();

	/* One that could not be started has no time. */
	if (c->started_ms != 0 && now - c->started_ms >= STEADY_MS) {
		pause->ms = 0;
		pause->n = 0;
	}
	pause->ms = pause->ms == 0 ? PAUSE_MS : pause->ms * 2;
	if (pause->ms > PAUSE_MAX_MS)
		pause->ms = PAUSE_MAX_MS;
	pause->at_ms = now + pause->ms;
	pause->n++;
}

/* Logs how a child ended that was not told to. */
static void
log_end(const struct child *c, const char *what_now)
{
	struct buf how = { NULL, 0, 0 };

	child_add_end(&how, c->status);
	log_err("%s %s; %s", c->name, buf_str(&how), what_now);
	buf_fini(&how);
}

/* --- collabd --- */

static void
start_collabd(struct start *s)
{
	struct child *c = &s->sup.child[SUP_COLLABD];
	struct child_setup setup = { .argv = s->settings.command.v,
	    .unset = settings_unset, .in = "/dev/null", .fd = -1,
	    .end_signal = SIGTERM, .flags = CHILD_OWN_GROUP };
	int error;

	if ((error = child_start(c, "collabd", &setup)) == 0)
		return;
	log_err("cannot start collabd: %s", strerror(error));
	note_pause(&s->collabd, c);
}

static void
keep_collabd(struct start *s)
{
	struct child *c = &s->sup.child[SUP_COLLABD];

	if (!s->has_settings || child_runs(c))
		return;
	if (c->has_ended) {
		log_end(c, "the site goes on, and collabd is started again");
		c->has_ended = false;
		note_pause(&s->collabd, c);
	}
	if (clock_mono_ms() >= s->collabd.at_ms)
		start_collabd(s);
}

/* --- nginx --- */

static void
start_nginx(struct start *s)
{
	struct child *c = &s->sup.child[SUP_NGINX];
	int error;

	if ((error = front_start(&s->front, &s->sup)) == 0)
		return;
	log_err("cannot start nginx: %s", strerror(error));
	note_pause(&s->nginx, c);
}

static void
keep_nginx(struct start *s, pid_t pid)
{
	struct child *c = &s->sup.child[SUP_NGINX];

	if (child_runs(c))
		return;
	if (c->has_ended) {
		/* Its workers go on without it, and take no signal of ours
		 * but this. */
		child_signal_group(pid, SIGQUIT);
		log_end(c, "it is started again");
		c->has_ended = false;
		note_pause(&s->nginx, c);
	}
	if (s->nginx.n >= GIVE_UP) {
		log_err("nginx ends again and again; without it nobody "
		    "reaches the site");
		s->failed = EX_UNAVAILABLE;
	} else if (clock_mono_ms() >= s->nginx.at_ms)
		start_nginx(s);
}

/* Without collabd, if it does not go with it. */
static bool
configure(struct start *s)
{
	bool changed;

	if (front_configure(&s->front, s->o, s->has_settings ? &s->settings :
	    NULL, s->site.address, &s->sup, &changed))
		return (true);
	if (!s->has_settings)
		return (false);
	log_warn("the site goes on without collabd");
	settings_fini(&s->settings);
	s->has_settings = false;
	return (front_configure(&s->front, s->o, NULL, s->site.address,
	    &s->sup, &changed));
}

/* --- start --- */

static bool
has_failed(struct start *s, int status)
{
	s->failed = status;
	return (false);
}

/* What must be there before anything is started. */
static bool
prepare(struct start *s)
{
	struct buf err = { NULL, 0, 0 };
	int status = EX_OK;

	if (!front_bind(&s->front, s->o, &err))
		status = EX_UNAVAILABLE;
	else if ((s->folder = folder_make(&s->front.user, &err)) == NULL)
		status = EX_CANTCREAT;
	else if (!site_init(&s->site, s->o, s->folder, &err))
		status = EX_USAGE;
	if (status != EX_OK)
		log_err("%s", buf_str(&err));
	buf_fini(&err);
	s->front.folder = s->folder;
	return (status == EX_OK || has_failed(s, status));
}

/* Whether there is an nginx, and it knows what we ask of it. */
static bool
has_nginx(struct start *s)
{
	struct buf err = { NULL, 0, 0 };
	bool ok = front_find(&s->front, s->o, &err);

	if (!ok)
		log_warn("%s", buf_str(&err));
	buf_fini(&err);
	return (ok && configure(s));
}

/* Whoever asked for the port gets an answer, if it can be had without nginx. */
static void
go_without_nginx(struct start *s)
{
	struct buf err = { NULL, 0, 0 };

	log_warn("the site runs without nginx and collabd in front, on %s:%d "
	    "itself", s->o->host, s->o->port);
	front_fini(&s->front);
	folder_remove(s->folder);
	sup_release(&s->sup);
	s->failed = site_become(s->o, &err);
	log_err("%s", buf_str(&err));
	buf_fini(&err);
}

static bool
start_site(struct start *s)
{
	int error = site_start(&s->site, &s->sup);

	if (error == 0)
		return (true);
	log_err("cannot run %s: %s", s->site.command.v[0], strerror(error));
	return (has_failed(s, error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE));
}

/* Until the site accepts; since when it runs is counted. */
static bool
await_site(struct start *s)
{
	const struct child *c = &s->sup.child[SUP_SITE];
	int64_t until = c->started_ms + s->o->wait_ms;

	while (!sup_is_over(&s->sup)) {
		if (site_accepts(&s->site)) {
			site_open_socket(&s->site);
			log_info("the site accepts after %.1f s",
			    (double)(clock_mono_ms() - c->started_ms) / 1000);
			return (true);
		}
		if (clock_mono_ms() >= until) {
			log_err("the site does not accept on %s after %lld s; "
			    "does its command listen there ({socket}, {port} "
			    "or the variable COLLABD_UPSTREAM)? --wait gives "
			    "it more time", s->site.address,
			    (long long)s->o->wait_ms / 1000);
			return (has_failed(s, EX_UNAVAILABLE));
		}
		sup_wait(&s->sup, POLL_MS);
	}
	return (false);
}

static bool
start_all(struct start *s)
{
	if (!start_site(s))
		return (false);
	s->has_settings = settings_find(&s->settings, s->o, &s->sup, s->folder,
	    s->o->port);
	if (sup_is_over(&s->sup))
		return (false);
	if (!configure(s))
		return (sup_is_over(&s->sup) ? false :
		    has_failed(s, EX_UNAVAILABLE));
	if (!await_site(s))
		return (false);
	if (s->has_settings)
		start_collabd(s);
	start_nginx(s);
	log_info("listening on %s:%d%s", s->o->host, s->o->port,
	    s->has_settings ? "" : ", without collabd");
	if (s->o->inject && s->has_settings)
		trial_say(s->o, &s->settings, &s->sup);
	return (true);
}

/* --- while it runs --- */

/* The site has heard of it already. */
static void
reload(struct start *s)
{
	struct settings fresh;
	bool changed = false;

	s->sup.wants_reload = false;
	if (!settings_find(&fresh, s->o, &s->sup, s->folder, s->o->port)) {
		if (!sup_is_over(&s->sup))
			log_warn("nothing is changed for collabd and nginx");
		return;
	}
	if (!front_configure(&s->front, s->o, &fresh, s->site.address, &s->sup,
	    &changed)) {
		settings_fini(&fresh);
		return;
	}
	if (s->has_settings)
		settings_fini(&s->settings);
	s->settings = fresh;
	s->has_settings = true;
	if (changed)
		child_signal(&s->sup.child[SUP_NGINX], SIGHUP);
	child_signal(&s->sup.child[SUP_COLLABD], SIGHUP);
}

static void
keep(struct start *s)
{
	pid_t nginx;

	while (!sup_is_over(&s->sup) && s->failed == 0) {
		nginx = s->sup.child[SUP_NGINX].pid;
		sup_wait(&s->sup, child_runs(&s->sup.child[SUP_NGINX]) &&
		    (child_runs(&s->sup.child[SUP_COLLABD]) ||
		    !s->has_settings) ? TURN_MS : POLL_MS);
		if (sup_is_over(&s->sup))
			return;
		keep_nginx(s, nginx);
		keep_collabd(s);
		if (s->sup.wants_reload)
			reload(s);
	}
}

/* --- the end --- */

static int
end_all(struct start *s)
{
	const struct child *site = &s->sup.child[SUP_SITE];
	struct buf how = { NULL, 0, 0 };

	if (site->has_ended) {
		child_add_end(&how, site->status);
		log_info("the site %s", buf_str(&how));
		buf_fini(&how);
	}
	front_close(&s->front);
	sup_end(&s->sup);
	if (s->failed != 0)
		return (s->failed);
	return (site->has_ended ? child_exit_status(site->status) :
	    128 + s->sup.stop_signal);
}

int
start_run(struct options *o)
{
	struct start s = { .o = o, .front = { .fd = -1 } };
	struct buf err = { NULL, 0, 0 };
	int status;

	if (o->is_off) {
		status = site_become(o, &err);
		log_err("%s", buf_str(&err));
		buf_fini(&err);
		return (status);
	}
	sup_init(&s.sup);
	if (prepare(&s)) {
		if (!has_nginx(&s)) {
			if (!sup_is_over(&s.sup))
				go_without_nginx(&s);
		} else if (start_all(&s))
			keep(&s);
	}
	status = end_all(&s);
	if (s.folder != NULL)
		folder_remove(s.folder);
	if (s.has_settings)
		settings_fini(&s.settings);
	front_fini(&s.front);
	site_fini(&s.site);
	free(s.folder);
	return (status);
}

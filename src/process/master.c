/*
 * The master. Its loop waits for signals with sigtimedwait(2), so that nothing
 * runs in a handler; everything it does is in turn(): reap, fork again, tend
 * the embedded Redis, tell the service manager.
 *
 * A generation is the set of workers forked with one configuration. A reload
 * forks the next one on the same sockets and tells the old one to drain (QUIT);
 * both live side by side for a while, each worker in a slot of its own, and
 * never more than redis_max_connections allows (turnover.c has the steps). The
 * configuration of the next generation is in force once all of it accepts and
 * nobody else does; if it does not begin to, the generation is given up.
 *
 * There are never more than two: a reload that is asked for while there are is
 * done when the older one is gone. That comes to pass, because whoever leaves
 * is killed in the end, and whoever does not begin is given up.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "process/embedded.h"
#include "process/listen.h"
#include "process/master.h"
#include "process/notify.h"
#include "process/turnover.h"
#include "process/worker.h"
#include "shm/counters.h"
#include "shm/region.h"

#define SLOTS		128	/* two generations of at most 64 workers */
#define PLACES		256	/* the largest auth_max_connections */
#define TURN_MS		1000
#define FAST_TURN_MS	20	/* while something is awaited */
#define YOUNG_MS	1000	/* a worker that dies younger is forked later */
#define AGAIN_MAX_MS	10000
#define KILL_AFTER_MS	2000	/* beyond shutdown_timeout */
#define SAME_WORD_MS	1000	/* in which several SIGTERMs are one */
#define BEGIN_MAX_MS	15000	/* for new workers to accept; they take 3 s if
				 * neither database nor Redis answers */

struct child {
	pid_t		 pid;		/* 0: to be forked at fork_ms */
	int		 slot;
	unsigned	 generation;
	int64_t		 started_ms;
	int64_t		 fork_ms;
	int64_t		 pause_ms;	/* grows while it dies young */
	int64_t		 patience_ms;	/* its shutdown_timeout */
	int64_t		 kill_ms;	/* while it leaves */
	bool		 is_leaving;	/* was told so; not forked again */
};

struct generation {
	struct conf	*conf;
	unsigned	 number;	/* 0: there is none */
	size_t		 wanted;	/* workers */
};

struct master {
	struct generation now;		/* whose configuration is in force */
	struct generation next;		/* that does not yet accept as a whole */
	const struct master_setup *setup;
	struct listen_set listeners;
	struct shm	*shm;
	struct embedded	*embedded;
	struct child	*children;
	size_t		 n;
	unsigned	 last_number;	/* of a generation */
	int		 alive[2];	/* pipe: its end tells workers of ours */
	int64_t		 kill_ms;	/* when patience with a stop ends */
	int64_t		 give_up_ms;	/* and with those that begin */
	int64_t		 watchdog_due_ms;
	unsigned	 stops;		/* TERM or INT received */
	int64_t		 stop_ms;	/* when the first one was */
	bool		 is_ready;	/* all of `now` accepted once */
	bool		 is_failing;	/* none of `next` ever will */
	bool		 is_asked;	/* a reload, to be done when it can be */
	int		 status;
};

/* --- workers --- */

static size_t
workers_wanted(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t n = conf->workers;

	if (n == 0) {
		n = cores < 1 ? 1 : cores > 64 ? 64 : cores;
		if (n * 2 > conf->redis_max_connections)
			n = conf->redis_max_connections / 2;
	}
	return ((size_t)n);
}

/* The one that is forked, and forked again. */
static const struct generation *
newest(const struct master *m)
{
	return (m->next.number != 0 ? &m->next : &m->now);
}

static bool
is_newest(const struct master *m, const struct child *c)
{
	return (!c->is_leaving && c->generation == newest(m)->number);
}

static void
count_workers(const struct master *m, struct turnover *t)
{
	int64_t limit = newest(m)->conf->redis_max_connections / 2;
	const struct child *c;
	size_t i;

	memset(t, 0, sizeof(*t));
	t->limit = limit < SLOTS ? (size_t)limit : SLOTS;
	t->wanted = newest(m)->wanted;
	for (i = 0; i < m->n; i++) {
		c = &m->children[i];
		if (c->pid == 0)
			continue;
		if (c->is_leaving)
			t->leaving++;
		else if (is_newest(m, c)) {
			t->begun++;
			t->accepting += shm_slot_state(m->shm, c->slot) ==
			    SHM_SLOT_ACCEPTING;
		} else
			t->old++;
	}
}

static void
fork_worker(struct master *m, struct child *c)
{
	struct worker_setup setup = {
		.conf = newest(m)->conf, .shm = m->shm,
		.listeners = &m->listeners,
		.redis_url = m->embedded != NULL ?
		    embedded_url(m->embedded) : newest(m)->conf->redis_url,
		.master_fd = m->alive[0],
	};

	c->slot = shm_slot_claim(m->shm);
	if (c->slot == -1) {
		c->fork_ms = clock_mono_ms() + YOUNG_MS;
		return;
	}
	setup.slot = c->slot;
	c->started_ms = clock_mono_ms();
	c->patience_ms = setup.conf->shutdown_timeout_ms;
	c->pid = fork();
	if (c->pid == -1) {
		log_err("fork: %s", strerror(errno));
		shm_slot_release(m->shm, c->slot, false);
		c->pid = 0;
		c->fork_ms = clock_mono_ms() + YOUNG_MS;
		return;
	}
	if (c->pid == 0) {
		close(m->alive[1]);
		embedded_forget(m->embedded);
		worker_main(&setup);
	}
	log_info("worker pid=%d slot=%d started", (int)c->pid, c->slot);
}

static void
remove_child(struct master *m, struct child *c)
{
	*c = m->children[--m->n];
}

/* Those whose time has come and for whom there is place. */
static void
fork_due(struct master *m)
{
	int64_t now = clock_mono_ms();
	struct turnover t;
	struct child *c;
	size_t i = 0, n;

	count_workers(m, &t);
	n = turnover_forks(&t);
	while (i < m->n) {
		c = &m->children[i];
		if (c->pid == 0 && (m->stops != 0 || !is_newest(m, c))) {
			remove_child(m, c);
			continue;
		}
		if (c->pid == 0 && c->fork_ms <= now && n > 0) {
			fork_worker(m, c);
			n--;
		}
		i++;
	}
}

/* Adds what the newest generation lacks, to be forked when it can be. */
static void
fill_generation(struct master *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		n += is_newest(m, &m->children[i]);
	for (; n < newest(m)->wanted; n++) {
		m->children = xreallocarray(m->children, m->n + 1,
		    sizeof(*m->children));
		m->children[m->n++] = (struct child){
			.generation = newest(m)->number,
		};
	}
	m->give_up_ms = clock_mono_ms() + BEGIN_MAX_MS;
	fork_due(m);
}

static void
signal_workers(struct master *m, int sig)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->children[i].pid != 0)
			(void)kill(m->children[i].pid, sig);
	}
}

/* Tells up to n workers of a generation to leave. */
static void
let_leave(struct master *m, unsigned generation, size_t n)
{
	struct child *c;
	size_t i;

	for (i = 0; i < m->n && n > 0; i++) {
		c = &m->children[i];
		if (c->pid == 0 || c->is_leaving ||
		    c->generation != generation)
			continue;
		c->is_leaving = true;
		c->kill_ms = clock_mono_ms() + c->patience_ms + KILL_AFTER_MS;
		(void)kill(c->pid, SIGQUIT);
		n--;
	}
}

/* One that does not leave must not keep a reload from being done. */
static void
kill_overdue(struct master *m)
{
	int64_t now = clock_mono_ms();
	struct child *c;
	size_t i;

	for (i = 0; i < m->n; i++) {
		c = &m->children[i];
		if (!c->is_leaving || c->kill_ms > now)
			continue;
		log_warn("worker pid=%d has not left in time; killing it",
		    (int)c->pid);
		(void)kill(c->pid, SIGKILL);
		c->kill_ms = INT64_MAX;
	}
	if (m->stops != 0 && m->n != 0 && now >= m->kill_ms) {
		log_warn("killing what has not ended in time");
		signal_workers(m, SIGKILL);
		m->kill_ms = INT64_MAX;
	}
}

static void
log_end(const struct child *c, int status)
{
	if (WIFSIGNALED(status))
		log_err("worker pid=%d died of signal %d", (int)c->pid,
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_err("worker pid=%d exited with status %d", (int)c->pid,
		    WEXITSTATUS(status));
	else
		log_info("worker pid=%d ended", (int)c->pid);
}

static void
on_worker_end(struct master *m, struct child *c, int status)
{
	bool died = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	int64_t now = clock_mono_ms();

	log_end(c, status);
	shm_slot_release(m->shm, c->slot, died);
	if (m->stops != 0 || !is_newest(m, c)) {
		remove_child(m, c);
		return;
	}
	if (c->generation == m->next.number && WIFEXITED(status) &&
	    WEXITSTATUS(status) == WORKER_EXIT_SETUP)
		m->is_failing = true;
	counters_add(m->shm, SHM_SLOT_MASTER, COUNTER_WORKER_RESTARTS, 1);
	if (now - c->started_ms >= YOUNG_MS)
		c->pause_ms = 0;
	else if (c->pause_ms < AGAIN_MAX_MS)
		c->pause_ms = c->pause_ms == 0 ? YOUNG_MS / 4 :
		    c->pause_ms * 2;
	c->pid = 0;
	c->fork_ms = now + c->pause_ms;
}

static struct child *
find_child(struct master *m, pid_t pid)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->children[i].pid == pid)
			return (&m->children[i]);
	}
	return (NULL);
}

static void
reap(struct master *m)
{
	struct child *c;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if ((c = find_child(m, pid)) != NULL)
			on_worker_end(m, c, status);
		else
			(void)embedded_reap(m->embedded, pid, status);
	}
}

/* --- reload --- */

/* READY only when nothing that was asked for is still to be done. */
static void
tell_manager(const struct master *m, const char *status)
{
	bool is_done = m->is_ready && m->next.number == 0 && !m->is_asked;
	char text[128];

	(void)snprintf(text, sizeof(text), "%sSTATUS=%s",
	    is_done ? "READY=1\n" : "", status);
	notify_send(text);
}

static void
apply_log(const struct conf *conf)
{
	log_set_level((enum log_level)conf->log_level);
	if (!log_open(conf->log_file))
		log_err("log_file: %s: %s", conf->log_file, strerror(errno));
}

static void
free_conf(struct conf *conf)
{
	conf_fini(conf);
	free(conf);
}

/* What is on disk now; NULL, with the reason logged, if it is wrong. */
static struct conf *
load_conf(const struct master *m)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));
	struct buf err = { NULL, 0, 0 };

	conf_init(conf);
	if (!m->setup->load(conf, &err)) {
		log_err("%s", buf_str(&err));
		log_err("the configuration is not reloaded; nothing changed");
		free_conf(conf);
		conf = NULL;
	}
	buf_fini(&err);
	return (conf);
}

static void
reload(struct master *m)
{
	struct buf kept = { NULL, 0, 0 };
	struct conf *conf;

	log_info("reloading the configuration");
	m->is_asked = false;
	if ((conf = load_conf(m)) == NULL) {
		tell_manager(m, "the new configuration is wrong");
		return;
	}
	conf_diff_restart(m->now.conf, conf, &kept);
	if (kept.n != 0)
		log_warn("these settings need a restart to change: %s",
		    buf_str(&kept));
	buf_fini(&kept);
	conf_keep_restart(conf, m->now.conf);
	apply_log(conf);	/* the workers inherit it */
	m->next = (struct generation){ conf, ++m->last_number,
	    workers_wanted(conf) };
	m->is_failing = false;
	fill_generation(m);
}

/* Whether the workers are on the move, so that a reload has to wait. */
static bool
is_busy(const struct master *m)
{
	struct turnover t;

	count_workers(m, &t);
	return (m->next.number != 0 || t.leaving != 0 ||
	    (!m->is_ready && clock_mono_ms() < m->give_up_ms));
}

/* A reload that has to wait is checked all the same: whoever asked looks now
 * for what is wrong. */
static void
ask_reload(struct master *m)
{
	struct turnover t;
	struct conf *conf;

	if (m->stops != 0) {
		log_info("stopping; there will be no reload");
		return;
	}
	notify_reloading();
	if (!is_busy(m)) {
		reload(m);
		return;
	}
	if ((conf = load_conf(m)) == NULL) {
		tell_manager(m, "the new configuration is wrong");
		return;
	}
	free_conf(conf);
	m->is_asked = true;
	count_workers(m, &t);
	log_info(t.leaving != 0 ? "the reload waits for old workers to end" :
	    "the reload waits for new workers to accept");
	tell_manager(m, "a reload waits");
}

/* The old generation stays, and those of it that made place come back. */
static void
give_up(struct master *m)
{
	apply_log(m->now.conf);
	if (m->is_failing)
		log_err("the new workers cannot start, so the reload failed; "
		    "the old ones stay");
	else
		log_err("the new workers do not begin to accept, so the "
		    "reload failed; the old ones stay");
	let_leave(m, m->next.number, SIZE_MAX);
	free_conf(m->next.conf);
	memset(&m->next, 0, sizeof(m->next));
	fill_generation(m);
	tell_manager(m, "the last reload failed");
}

static void
become_ready(struct master *m)
{
	char text[64];

	m->is_ready = true;
	if (m->next.number != 0) {
		conf_move(m->now.conf, m->next.conf);
		free_conf(m->next.conf);
		m->now.number = m->next.number;
		m->now.wanted = m->next.wanted;
		memset(&m->next, 0, sizeof(m->next));
	}
	log_info("ready workers=%zu generation=%u", m->now.wanted,
	    m->now.number);
	(void)snprintf(text, sizeof(text), "%zu workers", m->now.wanted);
	tell_manager(m, text);
}

/* One that was told to leave may take some more connections before it hears of
 * it, with the former configuration. */
static bool
former_accept(const struct master *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->children[i].is_leaving && shm_slot_state(m->shm,
		    m->children[i].slot) == SHM_SLOT_ACCEPTING)
			return (true);
	}
	return (false);
}

/* Goes on with a reload, or with the start. */
static void
turn_over(struct master *m)
{
	int64_t now = clock_mono_ms();
	struct turnover t;
	size_t n;

	if (m->stops != 0)
		return;
	count_workers(m, &t);
	if ((n = turnover_leaves(&t)) != 0)
		let_leave(m, m->now.number, n);
	/* Who has to wait for others to leave is not late. */
	if (t.leaving + n != 0)
		m->give_up_ms = now + BEGIN_MAX_MS;
	if (t.accepting == t.wanted) {
		if ((m->next.number != 0 || !m->is_ready) && !former_accept(m))
			become_ready(m);
	} else if (m->next.number != 0 && (m->is_failing ||
	    now >= m->give_up_ms))
		give_up(m);
	if (m->is_asked && !is_busy(m))
		reload(m);
}

/* --- signals --- */

static void
stop(struct master *m)
{
	int64_t patience = m->now.conf->shutdown_timeout_ms;
	size_t i;

	m->stops++;
	for (i = 0; i < m->n; i++) {
		if (m->children[i].patience_ms > patience)
			patience = m->children[i].patience_ms;
	}
	if (m->stops == 1) {
		m->stop_ms = clock_mono_ms();
		log_info("stopping");
		notify_send("STOPPING=1");
	} else
		patience = 0;
	m->kill_ms = clock_mono_ms() + patience + KILL_AFTER_MS;
	signal_workers(m, m->stops == 1 ? SIGTERM : WORKER_HURRY);
}

/* A platform says SIGTERM to each of its processes, and once more, and so does
 * what runs us: that is one word. */
static bool
is_same_word(const struct master *m, int sig)
{
	return (sig == SIGTERM && m->stops != 0 &&
	    clock_mono_ms() - m->stop_ms < SAME_WORD_MS);
}

/* The workers write the rest. */
static void
dump(struct master *m)
{
	struct turnover t;

	count_workers(m, &t);
	log_info("dump: generation=%u next=%u workers=%zu begun=%zu "
	    "accepting=%zu old=%zu leaving=%zu reload_waits=%s",
	    m->now.number, m->next.number, t.wanted, t.begun, t.accepting,
	    t.old, t.leaving, m->is_asked ? "yes" : "no");
	signal_workers(m, SIGUSR2);
}

static void
on_signal(struct master *m, int sig)
{
	switch (sig) {
	case SIGHUP:
		ask_reload(m);
		break;
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		if (!is_same_word(m, sig))
			stop(m);
		break;
	case SIGUSR1:
		log_reopen();
		signal_workers(m, SIGUSR1);
		break;
	case SIGUSR2:
		dump(m);
		break;
	default:
		break;		/* SIGCHLD: turn() reaps */
	}
}

/* --- the loop --- */

static void
kick_watchdog(struct master *m)
{
	int64_t every = notify_watchdog_ms(), now = clock_mono_ms();

	if (every == 0 || now < m->watchdog_due_ms)
		return;
	m->watchdog_due_ms = now + every;
	notify_send("WATCHDOG=1");
}

static void
turn(struct master *m)
{
	reap(m);
	fork_due(m);
	embedded_tend(m->embedded);
	turn_over(m);
	kill_overdue(m);
	kick_watchdog(m);
}

static void
wait_and_turn(struct master *m, const sigset_t *set)
{
	bool is_waiting = !m->is_ready || m->next.number != 0 ||
	    m->stops != 0;
	int64_t every = notify_watchdog_ms(), ms = TURN_MS;
	struct timespec ts;
	int sig;

	if (every != 0 && every < ms)
		ms = every;
	if (is_waiting)
		ms = FAST_TURN_MS;
	ts.tv_sec = ms / 1000;
	ts.tv_nsec = ms % 1000 * 1000000;
	sig = sigtimedwait(set, NULL, &ts);
	if (sig > 0)
		on_signal(m, sig);
	turn(m);
}

/* --- start and end --- */

/* Becomes conf->user, for good. */
static bool
drop_privileges(const struct conf *conf, struct buf *err)
{
	struct passwd *pw;

	if (*conf->user == '\0') {
		if (geteuid() == 0)
			log_warn("running as root; set user in the "
			    "configuration");
		return (true);
	}
	if (geteuid() != 0)
		return (true);
	if ((pw = getpwnam(conf->user)) == NULL) {
		buf_addf(err, "user: there is no user \"%s\"", conf->user);
		return (false);
	}
	/* After a rotation it must be able to open its log again. */
	log_give(pw->pw_uid, pw->pw_gid);
	if (initgroups(pw->pw_name, pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1 ||
	    (pw->pw_uid != 0 && setuid(0) != -1)) {
		buf_addf(err, "user: cannot become \"%s\": %s", conf->user,
		    strerror(errno));
		return (false);
	}
	return (true);
}

#ifdef COLLABD_DEBUG

/* Also after another user was taken on, which the kernel takes as a reason to
 * forbid both. */
static void
set_dumpable(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_CORE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_CORE, &lim);
	}
	(void)prctl(PR_SET_DUMPABLE, 1);
	log_warn("a debug build: core files are written and debuggers let in, "
	    "and both see every secret");
}

#else

/* No secret in a core file or to another process of this user. */
static void
set_dumpable(void)
{
	struct rlimit lim = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &lim);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

#endif

/* As many descriptors as the system grants. */
static void
harden(void)
{
	struct rlimit lim;

	set_dumpable();
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 &&
	    lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static bool
start(struct master *m, struct buf *err)
{
	struct shm_geometry geometry = {
		.rooms = (size_t)m->now.conf->shm_rooms, .slots = SLOTS,
		.places = PLACES,
	};

	if (!listen_open(m->now.conf, &m->listeners, err) ||
	    !drop_privileges(m->now.conf, err))
		return (false);
	harden();
	if ((m->shm = shm_new(&geometry)) == NULL ||
	    pipe2(m->alive, O_CLOEXEC) == -1) {
		buf_addf(err, "shared memory: %s", strerror(errno));
		return (false);
	}
	if (strcmp(m->now.conf->redis_url, "embedded") == 0 &&
	    (m->embedded = embedded_start(m->now.conf, true, err)) == NULL)
		return (false);
	return (true);
}

static void
log_listeners(const struct master *m)
{
	size_t i;

	for (i = 0; i < m->listeners.n; i++)
		log_info("listening on %s%s", m->listeners.names[i],
		    m->listeners.v[i].is_ops ? " (health and metrics)" : "");
}

int
master_run(const struct master_setup *setup)
{
	struct master m = { .setup = setup, .alive = { -1, -1 },
	    .now = { setup->conf, 1, workers_wanted(setup->conf) },
	    .last_number = 1, .status = EXIT_SUCCESS };
	struct buf err = { NULL, 0, 0 };
	sigset_t set;

	log_set_prefix("master");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	/* Ours to send: a worker that has no handler yet must not die of it. */
	(void)sigaddset(&set, SIGQUIT);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);	/* ignored, none could be reaped */
	notify_init();
	if (!start(&m, &err)) {
		log_err("%s", buf_str(&err));
		m.status = EXIT_FAILURE;
	} else {
		log_info("collabd %s", COLLABD_VERSION);
		log_listeners(&m);
		fill_generation(&m);
		while (m.stops == 0 || m.n != 0)
			wait_and_turn(&m, &set);
	}
	embedded_stop(m.embedded);
	listen_close(&m.listeners, true);
	if (m.alive[0] != -1) {
		close(m.alive[0]);
		close(m.alive[1]);
	}
	if (m.next.number != 0)
		free_conf(m.next.conf);
	shm_free(m.shm);
	free(m.children);
	buf_fini(&err);
	if (m.status == EXIT_SUCCESS)
		log_info("stopped");
	return (m.status);
}

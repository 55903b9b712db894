/*
 * The master. Its loop waits for signals with sigtimedwait(2), so that nothing
 * runs in a handler; everything it does is in turn(): reap, fork again, tend
 * the embedded Redis, tell the service manager.
 *
 * A generation is the set of workers forked with one configuration. A reload
 * forks the next generation on the same sockets and tells the old one to drain
 * (QUIT); both live side by side for a while, each worker in a slot of its own.
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

struct child {
	pid_t		 pid;		/* 0: to be forked at fork_ms */
	int		 slot;
	unsigned	 generation;
	int64_t		 started_ms;
	int64_t		 fork_ms;
	int64_t		 pause_ms;	/* grows while it dies young */
};

struct master {
	struct conf	*conf;
	const struct master_setup *setup;
	struct listen_set listeners;
	struct shm	*shm;
	struct embedded	*embedded;
	struct child	*children;
	size_t		 n;
	unsigned	 generation;
	int		 alive[2];	/* pipe: its end tells workers of ours */
	int64_t		 kill_ms;	/* when patience with a stop ends */
	int64_t		 watchdog_due_ms;
	unsigned	 stops;		/* TERM or INT received */
	bool		 is_ready;
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

static void
fork_worker(struct master *m, struct child *c)
{
	struct worker_setup setup = {
		.conf = m->conf, .shm = m->shm, .listeners = &m->listeners,
		.redis_url = m->embedded != NULL ?
		    embedded_url(m->embedded) : m->conf->redis_url,
		.master_fd = m->alive[0],
	};

	c->slot = shm_slot_claim(m->shm);
	if (c->slot == -1) {
		c->fork_ms = clock_mono_ms() + YOUNG_MS;
		return;
	}
	setup.slot = c->slot;
	c->started_ms = clock_mono_ms();
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
		worker_main(&setup);
	}
	log_info("worker pid=%d slot=%d started", (int)c->pid, c->slot);
}

static void
add_generation(struct master *m)
{
	size_t i, n = workers_wanted(m->conf);

	m->generation++;
	m->is_ready = false;
	for (i = 0; i < n; i++) {
		m->children = xreallocarray(m->children, m->n + 1,
		    sizeof(*m->children));
		m->children[m->n] = (struct child){
			.generation = m->generation,
		};
		fork_worker(m, &m->children[m->n++]);
	}
}

static void
signal_workers(struct master *m, int sig, bool old_only)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->children[i].pid != 0 && (!old_only ||
		    m->children[i].generation != m->generation))
			(void)kill(m->children[i].pid, sig);
	}
}

static void
remove_child(struct master *m, struct child *c)
{
	*c = m->children[--m->n];
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
	if (m->stops != 0 || c->generation != m->generation) {
		remove_child(m, c);
		return;
	}
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
			(void)embedded_reap(m->embedded, pid);
	}
}

/* --- signals --- */

static void
reload(struct master *m)
{
	struct conf fresh;
	struct buf err = { NULL, 0, 0 }, kept = { NULL, 0, 0 };

	log_info("reloading the configuration");
	notify_reloading();
	conf_init(&fresh);
	if (!m->setup->load(&fresh, &err)) {
		log_err("%s", buf_str(&err));
		log_err("the configuration is not reloaded; nothing changed");
		conf_fini(&fresh);
		notify_send("READY=1\nSTATUS=the new configuration is wrong");
		buf_fini(&err);
		return;
	}
	conf_diff_restart(m->conf, &fresh, &kept);
	if (kept.n != 0)
		log_warn("these settings need a restart to change: %s",
		    buf_str(&kept));
	conf_keep_restart(&fresh, m->conf);
	conf_move(m->conf, &fresh);
	log_set_level((enum log_level)m->conf->log_level);
	if (!log_open(m->conf->log_file))
		log_err("log_file: %s: %s", m->conf->log_file,
		    strerror(errno));
	/* The old ones are told to drain once these accept (say_ready): if
	 * they cannot, the site goes on as it was. */
	add_generation(m);
	buf_fini(&kept);
	buf_fini(&err);
}

static void
stop(struct master *m)
{
	m->stops++;
	if (m->stops == 1) {
		log_info("stopping");
		notify_send("STOPPING=1");
		m->kill_ms = clock_mono_ms() + m->conf->shutdown_timeout_ms +
		    KILL_AFTER_MS;
	} else
		m->kill_ms = clock_mono_ms() + KILL_AFTER_MS;
	signal_workers(m, SIGTERM, false);
}

static void
on_signal(struct master *m, int sig)
{
	switch (sig) {
	case SIGHUP:
		if (m->stops == 0)
			reload(m);
		break;
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		stop(m);
		break;
	case SIGUSR1:
		log_reopen();
		signal_workers(m, SIGUSR1, false);
		break;
	default:
		break;		/* SIGCHLD: turn() reaps */
	}
}

/* --- the loop --- */

static void
fork_due(struct master *m)
{
	int64_t now = clock_mono_ms();
	size_t i;

	for (i = 0; i < m->n;) {
		struct child *c = &m->children[i];

		if (c->pid != 0 || m->stops != 0 ||
		    c->generation != m->generation) {
			if (c->pid == 0)
				remove_child(m, c);
			else
				i++;
			continue;
		}
		if (c->fork_ms <= now)
			fork_worker(m, c);
		i++;
	}
}

static bool
all_accept(const struct master *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->children[i].generation == m->generation &&
		    (m->children[i].pid == 0 || shm_slot_state(m->shm,
		    m->children[i].slot) != SHM_SLOT_ACCEPTING))
			return (false);
	}
	return (true);
}

static void
say_ready(struct master *m)
{
	char text[96];

	if (m->is_ready || m->stops != 0 || !all_accept(m))
		return;
	m->is_ready = true;
	signal_workers(m, SIGQUIT, true);
	log_info("ready workers=%zu generation=%u", workers_wanted(m->conf),
	    m->generation);
	(void)snprintf(text, sizeof(text), "READY=1\nSTATUS=%zu workers",
	    workers_wanted(m->conf));
	notify_send(text);
}

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
	say_ready(m);
	kick_watchdog(m);
	if (m->stops != 0 && m->n != 0 && clock_mono_ms() >= m->kill_ms) {
		log_warn("killing what has not ended in time");
		signal_workers(m, SIGKILL, false);
		m->kill_ms = INT64_MAX;
	}
}

static void
wait_and_turn(struct master *m, const sigset_t *set)
{
	bool is_waiting = !m->is_ready || m->stops != 0;
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

/* No secret in a core file or to another process of this user; as many
 * descriptors as the system grants. */
static void
harden(void)
{
	struct rlimit lim = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &lim);
	(void)prctl(PR_SET_DUMPABLE, 0);
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
		.rooms = (size_t)m->conf->shm_rooms, .slots = SLOTS,
		.places = PLACES,
	};

	if (!listen_open(m->conf, &m->listeners, err) ||
	    !drop_privileges(m->conf, err))
		return (false);
	harden();
	if ((m->shm = shm_new(&geometry)) == NULL ||
	    pipe2(m->alive, O_CLOEXEC) == -1) {
		buf_addf(err, "shared memory: %s", strerror(errno));
		return (false);
	}
	if (strcmp(m->conf->redis_url, "embedded") == 0 &&
	    (m->embedded = embedded_start(m->conf, err)) == NULL)
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
	struct master m = { .conf = setup->conf, .setup = setup,
	    .alive = { -1, -1 }, .status = EXIT_SUCCESS };
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
		add_generation(&m);
		while (m.stops == 0 || m.n != 0)
			wait_and_turn(&m, &set);
	}
	embedded_stop(m.embedded);
	listen_close(&m.listeners, true);
	if (m.alive[0] != -1) {
		close(m.alive[0]);
		close(m.alive[1]);
	}
	shm_free(m.shm);
	free(m.children);
	buf_fini(&err);
	if (m.status == EXIT_SUCCESS)
		log_info("stopped");
	return (m.status);
}

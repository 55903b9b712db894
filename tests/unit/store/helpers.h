/*
 * What the tests of the store have in common: a real redis-server of their own
 * on a unix socket (and a loopback port), a plain client to look into it, and
 * stores ("peers") that write down what they are told. Everything waits for an
 * event; a guard ends the program if one never comes.
 */
#ifndef TEST_STORE_HELPERS_H
#define TEST_STORE_HELPERS_H

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "shm/counters.h"
#include "store/store.h"
#include "store/store_priv.h"

#define GUARD_SEC	60	/* no wait of a test takes so long */

struct redis {
	pid_t	 pid;
	int	 port;		/* plain, or TLS if tls was asked for */
	char	 dir[64];
	char	 socket[96];
	int	 fd;		/* of the plain client */
	struct resp_reader *reader;
};

/* A port that was free a moment ago. */
UNUSED static int
free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return (ntohs(sin.sin_port));
}

/* Starts the server in r->dir and waits until it says that it is ready. */
UNUSED static void
redis_spawn(struct redis *r, const char *const *extra)
{
	const char *argv[40] = { "redis-server", "--save", "", "--appendonly",
	    "no", "--dir", r->dir, "--unixsocket", r->socket, "--bind",
	    "127.0.0.1", "--proto-max-bulk-len", "512mb" };
	char port[16], line[1024];
	int out[2];
	size_t n = 13;
	bool tls = false;
	FILE *f;

	(void)snprintf(port, sizeof(port), "%d", r->port);
	for (; extra != NULL && *extra != NULL; extra++) {
		tls = tls || strcmp(*extra, "--tls-port") == 0;
		argv[n++] = strcmp(*extra, "PORT") == 0 ? port : *extra;
	}
	argv[n++] = "--port";
	argv[n++] = tls ? "0" : port;
	argv[n] = NULL;
	assert_int_equal(pipe(out), 0);
	if ((r->pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(out[1], STDERR_FILENO);
		(void)close(out[0]);
		(void)close(out[1]);
		(void)execvp("redis-server", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(out[1]);
	f = fdopen(out[0], "r");
	alarm(GUARD_SEC);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "eady to accept connections at") != NULL)
			break;
	if (feof(f))
		fail_msg("redis-server did not start");
	alarm(0);
	(void)fclose(f);
}

UNUSED static void
redis_connect(struct redis *r)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", r->socket);
	r->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(r->fd, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	r->reader = resp_reader_new();
}

UNUSED static void
redis_start(struct redis *r, const char *const *extra)
{
	memset(r, 0, sizeof(*r));
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/collabd-test-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	(void)snprintf(r->socket, sizeof(r->socket), "%s/redis.sock", r->dir);
	r->port = free_port();
	redis_spawn(r, extra);
	redis_connect(r);
}

/* kill -9, and nothing of it stays. */
UNUSED static void
redis_kill(struct redis *r)
{
	(void)kill(r->pid, SIGKILL);
	(void)waitpid(r->pid, NULL, 0);
	(void)unlink(r->socket);
	(void)close(r->fd);
	resp_reader_free(r->reader);
}

UNUSED static void
redis_stop(struct redis *r)
{
	char command[128];

	redis_kill(r);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", r->dir);
	assert_int_equal(system(command), 0);	/* NOLINT(cert-env33-c) */
}

/* One command and its answer, which the caller frees; waits for it. */
UNUSED static struct resp_value *
redis_ask_raw(struct redis *r, const struct buf *command)
{
	struct resp_value *v = NULL;
	size_t done = 0;
	static char in[65536];
	ssize_t n;

	while (done < command->n) {
		n = write(r->fd, command->p + done, command->n - done);
		assert_true(n > 0);
		done += (size_t)n;
	}
	for (;;) {
		assert_true(resp_reader_next(r->reader, &v));
		if (v != NULL)
			return (v);
		n = read(r->fd, in, sizeof(in));
		assert_true(n > 0);
		assert_true(resp_reader_feed(r->reader, in, (size_t)n));
	}
}

/* The words of a command, separated by blanks. */
UNUSED static struct resp_value * PRINTFLIKE(2, 3)
redis_ask(struct redis *r, const char *fmt, ...)
{
	char text[512], *at = text, *word;
	struct buf b = { 0 }, args = { 0 };
	struct resp_value *v;
	size_t n = 0;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (; (word = strsep(&at, " ")) != NULL; n++)
		resp_add_str(&args, word);
	resp_add_header(&b, n);
	buf_add(&b, args.p, args.n);
	v = redis_ask_raw(r, &b);
	buf_fini(&args);
	buf_fini(&b);
	return (v);
}

#define redis_do(...)	resp_value_free(redis_ask(__VA_ARGS__))

#define redis_int(...)	take_int(redis_ask(__VA_ARGS__))
UNUSED static int64_t
take_int(struct resp_value *v)
{
	int64_t n = v->integer;

	assert_int_equal(v->type, RESP_INTEGER);
	resp_value_free(v);
	return (n);
}

#define assert_redis_text(want, ...)					\
	check_text(want, redis_ask(__VA_ARGS__))
UNUSED static void
check_text(const char *want, struct resp_value *v)
{
	if (want == NULL)
		assert_int_equal(v->type, RESP_NIL);
	else {
		assert_int_equal(v->type, RESP_STRING);
		assert_string_equal(v->text.p, want);
	}
	resp_value_free(v);
}

/* --- peers ------------------------------------------------------------- */

struct answer {			/* what a verb gave */
	unsigned	 n;
	enum store_status status;
	uint64_t	 epoch, seq;
	bool		 first;
	int64_t		 ttl_ms;
	char		 editor[128], previous[128], state[128], modified[128];
	char		 members[1024];		/* id=info[/states];, sorted */
	char		 saved[128];
	size_t		 n_members;
};

struct peer {
	struct conf	 conf;
	struct shm	*shm;
	int		 slot;
	struct store	*store;
	struct event_base *base;
	unsigned	 ups, fresh_ups, downs, suspended;
	/* events: one line each, "key seq [+id info[/states]] [~id/states]
	 * [=save] [@object badge] [-id] [A:text]..." */
	struct buf	 events;
	size_t		 n_events;
	uint64_t	 epoch, last_seq;
	unsigned	 gaps;
	struct buf	 orphans;		/* ids, one a line */
	unsigned	 n_orphans;
};

UNUSED static void
on_message(const struct store_message *m, void *arg)
{
	struct peer *p = arg;
	size_t i;

	buf_addf(&p->events, "%.*s %llu", (int)m->room_key.n, m->room_key.p,
	    (unsigned long long)m->seq);
	if (m->joined.user_id.p != NULL)
		buf_addf(&p->events, " +%.*s %.*s", (int)m->joined.user_id.n,
		    m->joined.user_id.p, (int)m->joined.info.n,
		    m->joined.info.p);
	if (m->joined.states.n != 0)
		buf_addf(&p->events, "/%.*s", (int)m->joined.states.n,
		    m->joined.states.p);
	if (m->state.user_id.p != NULL)
		buf_addf(&p->events, " ~%.*s/%.*s", (int)m->state.user_id.n,
		    m->state.user_id.p, (int)m->state.states.n,
		    m->state.states.p);
	if (m->saved.value.p != NULL)
		buf_addf(&p->events, " =%lld %.*s",
		    (long long)m->saved.number, (int)m->saved.value.n,
		    m->saved.value.p);
	if (m->badge_object.p != NULL)
		buf_addf(&p->events, " @%.*s %.*s", (int)m->badge_object.n,
		    m->badge_object.p, m->badge_value.p == NULL ? 1 :
		    (int)m->badge_value.n, m->badge_value.p == NULL ? "-" :
		    m->badge_value.p);
	if (m->left.p != NULL)
		buf_addf(&p->events, " -%.*s", (int)m->left.n, m->left.p);
	for (i = 0; i < m->n_frames; i++)
		buf_addf(&p->events, " %c%.*s:%.*s", m->frames[i].audience,
		    (int)m->frames[i].user_id.n,
		    m->frames[i].user_id.p == NULL ? "" :
		    m->frames[i].user_id.p, (int)m->frames[i].text.n,
		    m->frames[i].text.p);
	buf_add_char(&p->events, '\n');
	p->n_events++;
	if (m->seq == 0)
		return;
	if (p->epoch == m->epoch && m->seq != p->last_seq + 1)
		p->gaps++;
	p->epoch = m->epoch;
	p->last_seq = m->seq;
}

UNUSED static void
on_up(bool fresh, void *arg)
{
	struct peer *p = arg;

	p->ups++;
	p->fresh_ups += fresh;
}

UNUSED static void
on_down(void *arg)
{
	((struct peer *)arg)->downs++;
}

UNUSED static void
on_orphan(const char *id, void *arg)
{
	struct peer *p = arg;

	buf_addf(&p->orphans, "%s\n", id);
	p->n_orphans++;
}

static void
on_suspend(void *arg)
{
	struct peer *p = arg;

	p->suspended++;
}

static const struct store_hooks peer_hooks = {
	.on_message = on_message, .on_up = on_up, .on_down = on_down,
	.on_suspend = on_suspend, .on_orphan = on_orphan,
};

/* A settings struct for tests: short waits, so that failures come soon. */
UNUSED static void
peer_conf(struct conf *conf)
{
	conf_init(conf);
	conf->redis_retry_delay_ms = 20;
	conf->redis_max_retries = 8;
}

UNUSED static void
peer_open(struct peer *p, struct event_base *base, struct shm *shm,
    const char *url)
{
	p->base = base;
	p->shm = shm;
	p->slot = shm_slot_claim(shm);
	assert_int_not_equal(p->slot, -1);
	p->store = store_new(&p->conf, url, base, shm, p->slot, &peer_hooks,
	    p);
	assert_non_null(p->store);
}

UNUSED static void
peer_close(struct peer *p)
{
	store_free(p->store);
	buf_fini(&p->events);
	buf_fini(&p->orphans);
	conf_fini(&p->conf);
	memset(p, 0, sizeof(*p));
}

/* Runs the loop until the condition holds. */
#define wait_for(base, cond) do {					\
	alarm(GUARD_SEC);	/* ends the program with SIGALRM */	\
	while (!(cond))							\
		(void)event_base_loop(base, EVLOOP_ONCE);		\
	alarm(0);							\
} while (0)

UNUSED static void
copy_slice(char out[128], struct slice s)
{
	(void)snprintf(out, 128, "%.*s", s.p == NULL ? 1 : (int)s.n,
	    s.p == NULL ? "-" : s.p);
}

UNUSED static int
compare_members(const void *a, const void *b)
{
	const struct store_member *x = a, *y = b;
	size_t n = x->user_id.n < y->user_id.n ? x->user_id.n : y->user_id.n;
	int c = memcmp(x->user_id.p, y->user_id.p, n);

	return (c != 0 ? c : (int)x->user_id.n - (int)y->user_id.n);
}

UNUSED static void
on_reply(const struct store_reply *r, void *arg)
{
	struct answer *a = arg;
	struct store_member *m;
	size_t i, n = 0;

	a->n++;
	a->status = r->status;
	a->epoch = r->snapshot.epoch;
	a->seq = r->snapshot.seq;
	a->first = r->first;
	a->ttl_ms = r->snapshot.previous_ttl_ms;
	copy_slice(a->editor, r->snapshot.editor);
	copy_slice(a->previous, r->snapshot.previous);
	copy_slice(a->state, r->snapshot.state);
	copy_slice(a->modified, r->snapshot.modified);
	copy_slice(a->saved, (struct slice){ NULL, 0 });
	if (r->saved.value.p != NULL)
		(void)snprintf(a->saved, sizeof(a->saved), "%lld %.*s",
		    (long long)r->saved.number, (int)r->saved.value.n,
		    r->saved.value.p);
	a->n_members = r->n_members;
	a->members[0] = '\0';
	m = xcalloc(r->n_members, sizeof(*m));
	if (r->n_members != 0)
		memcpy(m, r->members, r->n_members * sizeof(*m));
	qsort(m, r->n_members, sizeof(*m), compare_members);
	for (i = 0; i < r->n_members && n < sizeof(a->members) - 64; i++)
		n += (size_t)snprintf(a->members + n, sizeof(a->members) - n,
		    "%.*s=%.*s%s%.*s;", (int)m[i].user_id.n, m[i].user_id.p,
		    (int)m[i].info.n, m[i].info.p,
		    m[i].states.n == 0 ? "" : "/", (int)m[i].states.n,
		    m[i].states.n == 0 ? "" : m[i].states.p);
	free(m);
}

#define ABSENT		((struct slice){ NULL, 0 })
#define S(text)		slice_of(text)

/* A user who does nothing that anybody was told. */
UNUSED static struct store_member
member(const char *user, const char *info)
{
	struct store_member m = { S(user), S(info), ABSENT };

	return (m);
}

static const struct store_room room_a = { "e:app/model/1",
    "admin_app_model_1" };

UNUSED static struct store_snapshot
expect(const char *editor, const char *previous, const char *state)
{
	struct store_snapshot s = { .editor = S(editor),
	    .previous = S(previous), .state = S(state) };

	return (s);
}

UNUSED static struct store_change
change(const char *editor, const char *previous, const char *state)
{
	struct store_change c = { .editor = S(editor), .editor_ttl_ms = 180000,
	    .previous = S(previous), .previous_ttl_ms = 30000,
	    .state = S(state) };

	return (c);
}

UNUSED static void
do_join(struct peer *p, struct store_room room, const char *user,
    const char *info, bool announce, struct answer *a)
{
	struct store_frame f = { 'A', ABSENT, S("joined") };
	unsigned before = a->n;

	store_join(p->store, room, member(user, info),
	    announce, ABSENT, ABSENT, 0, &f, 1, on_reply, a);
	assert_int_equal(a->n, before);
	wait_for(p->base, a->n != before);
}

UNUSED static void
do_leave(struct peer *p, struct store_room room, const char *worker,
    const char *user, struct store_snapshot want, struct store_change c,
    struct answer *a)
{
	struct store_frame f = { 'X', S(user), S("left") };
	unsigned before = a->n;

	c.frames = &f;
	c.n_frames = 1;
	store_leave(p->store, room, worker, S(user), &want, &c, on_reply, a);
	wait_for(p->base, a->n != before);
}

UNUSED static void
do_commit(struct peer *p, struct store_room room, struct store_snapshot want,
    struct store_change c, struct answer *a)
{
	unsigned before = a->n;

	store_commit(p->store, room, &want, &c, NULL, 0, on_reply, a);
	wait_for(p->base, a->n != before);
}

UNUSED static void
do_load(struct peer *p, struct store_room room, struct answer *a)
{
	unsigned before = a->n;

	store_load(p->store, room, on_reply, a);
	wait_for(p->base, a->n != before);
}

/*
 * Whatever was published before this call has come in afterwards: a frame of
 * our own to a user whom the peer holds has, and one connection keeps order.
 */
UNUSED static void
fence(struct peer *p, struct store_room room, const char *user)
{
	struct store_frame f = { 'U', S(user), S("fence") };
	static const char end[] = ":fence\n";
	size_t n = strlen(end);

	store_send(p->store, room, S(user), S(user), &f, 1, NULL, NULL);
	wait_for(p->base, p->events.n >= n && memcmp(p->events.p +
	    p->events.n - n, end, n) == 0);
}

/* How often a text stands in the events of a peer. */
UNUSED static unsigned
count_events(struct peer *p, const char *text)
{
	const char *at = buf_str(&p->events);
	unsigned n = 0;

	for (; (at = strstr(at, text)) != NULL; at += strlen(text))
		n++;
	return (n);
}

#endif

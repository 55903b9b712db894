/*
 * The simulated Redis: sessions, the way of a command through what refuses it,
 * time, images and restarts.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "sim/redis_priv.h"

#define SWEEP_MS	10000	/* dead keys are taken out so often */

struct sim_image {
	struct sim_dict	dbs[SIM_DBS];
	int64_t		offset;
	char		replid[SIM_ID_SIZE];
};

/* 40 hex digits that nobody else has. */
static void
make_id(struct sim_redis *r, char id[static SIM_ID_SIZE])
{
	char text[49];
	uint64_t v[3];
	size_t i;

	r->ids++;
	for (i = 0; i < COUNT_OF(v); i++)
		v[i] = hash_bytes(&r->ids, sizeof(r->ids), r->seed + i);
	(void)snprintf(text, sizeof(text), "%016llx%016llx%016llx",
	    (unsigned long long)v[0], (unsigned long long)v[1],
	    (unsigned long long)v[2]);
	memcpy(id, text, SIM_ID_SIZE - 1);
	id[SIM_ID_SIZE - 1] = '\0';
}

static void
start(struct sim_redis *r)
{
	size_t i;

	for (i = 0; i < SIM_DBS; i++)
		sim_dict_init(&r->dbs[i]);
	sim_dict_init(&r->channels);
	make_id(r, r->run_id);
	make_id(r, r->replid);
	r->refusal = SIM_NONE;
	r->offset = 0;
	sim_lua_init(r);
}

struct sim_redis *
sim_redis_new(const struct sim_redis_options *options)
{
	struct sim_redis *r = xcalloc(1, sizeof(*r));

	ASSERT(options->version == 6 || options->version == 7);
	r->version = options->version;
	r->seed = options->seed;
	r->shuffle = options->shuffle;
	if (options->password != NULL)
		r->password = xstrdup(options->password);
	TAILQ_INIT(&r->sessions);
	TAILQ_INIT(&r->lost);
	start(r);
	return (r);
}

static void
stop(struct sim_redis *r)
{
	size_t i;

	sim_lua_fini(r);
	for (i = 0; i < SIM_DBS; i++)
		sim_dict_fini(&r->dbs[i]);
	sim_dict_fini(&r->channels);
}

static void
session_free(struct sim_session *s)
{
	struct sim_redis *r = s->redis;

	sim_session_unsubscribe(s);
	if (s->lost)
		TAILQ_REMOVE(&r->lost, s, entry);
	else
		TAILQ_REMOVE(&r->sessions, s, entry);
	free(s);
}

void
sim_redis_free(struct sim_redis *r)
{
	struct sim_session *s;

	if (r == NULL)
		return;
	ASSERT(!r->running);
	while ((s = TAILQ_FIRST(&r->sessions)) != NULL ||
	    (s = TAILQ_FIRST(&r->lost)) != NULL)
		session_free(s);
	stop(r);
	free(r->password);
	free(r->args.v);
	free(r->lua_args.v);
	buf_fini(&r->push);
	free(r);
}

static void
sweep(struct sim_redis *r)
{
	struct sim_entry *e, *next;
	size_t i;

	for (i = 0; i < SIM_DBS; i++)
		for (e = TAILQ_FIRST(&r->dbs[i].order); e != NULL; e = next) {
			next = TAILQ_NEXT(e, order);
			if (r->now_ms > e->until_ms)
				sim_dict_remove(&r->dbs[i], e);
		}
}

void
sim_redis_set_time(struct sim_redis *r, int64_t wall_ms)
{
	ASSERT(!r->running);
	r->now_ms = wall_ms;
	if (wall_ms >= r->sweep_ms) {
		sweep(r);
		r->sweep_ms = wall_ms + SWEEP_MS;
	}
}

void
sim_redis_refuse(struct sim_redis *r, enum sim_refusal refusal)
{
	ASSERT(!r->running);
	r->refusal = refusal;
}

const char *
sim_redis_run_id(const struct sim_redis *r)
{
	return (r->run_id);
}

const char *
sim_redis_replid(const struct sim_redis *r)
{
	return (r->replid);
}

/* --- sessions --- */

struct sim_session *
sim_session_open(struct sim_redis *r, const struct sim_session_hooks *hooks,
    void *arg)
{
	struct sim_session *s = xcalloc(1, sizeof(*s));

	ASSERT(!r->running);
	s->redis = r;
	s->hooks = hooks;
	s->arg = arg;
	s->trusted = r->password == NULL;
	TAILQ_INIT(&s->subscriptions);
	TAILQ_INSERT_TAIL(&r->sessions, s, entry);
	return (s);
}

void
sim_session_close(struct sim_session *s)
{
	if (s->redis->running) {
		s->closed = true;
		s->redis->has_closed = true;
		return;
	}
	session_free(s);
}

/* Those that were closed while a command ran. */
static void
free_closed(struct sim_redis *r)
{
	struct sim_session *s, *next;

	for (s = TAILQ_FIRST(&r->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->closed)
			session_free(s);
	}
	r->has_closed = false;
}

/* The number behind a mark, up to its CRLF; steps behind that. */
static size_t
parse_count(struct slice *in, char mark)
{
	const char *p = in->p, *end = in->p + in->n;
	size_t n = 0;

	if (p == end || *p++ != mark)
		log_fatal("no command: '%c' expected", mark);
	while (p < end && *p >= '0' && *p <= '9')
		n = n * 10 + (size_t)(*p++ - '0');
	if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
		log_fatal("no command: no number after '%c'", mark);
	in->n = (size_t)(end - (p + 2));
	in->p = p + 2;
	return (n);
}

static void
parse_command(struct sim_args *args, struct slice in)
{
	size_t i, n = parse_count(&in, '*');

	if (n == 0)
		log_fatal("an empty command");
	if (n > args->cap) {
		args->v = xreallocarray(args->v, n, sizeof(*args->v));
		args->cap = n;
	}
	args->n = n;
	for (i = 0; i < n; i++) {
		size_t size = parse_count(&in, '$');

		if (in.n < size + 2)
			log_fatal("half a command");
		args->v[i] = (struct slice){ in.p, size };
		in.p += size + 2;
		in.n -= size + 2;
	}
	if (in.n != 0)
		log_fatal("more than a command");
}

void
sim_reply_arity(struct sim_call *c, const char *name)
{
	sim_reply_error(c, "ERR wrong number of arguments for '%s' command",
	    name);
}

/* The first bytes of what was sent, at most max for all arguments. */
static void
reply_unknown(struct sim_call *c)
{
	bool is_7 = c->r->version >= 7;
	struct buf args = { 0 };
	size_t i, n;

	for (i = 1; i < c->n && args.n < 128; i++) {
		n = c->v[i].n < 128 - args.n ? c->v[i].n : 128 - args.n;
		buf_addf(&args, is_7 ? "'%.*s' " : "`%.*s`, ", (int)n,
		    c->v[i].p);
	}
	sim_reply_error(c, is_7 ? "ERR unknown command '%.*s', with args "
	    "beginning with: %s" : "ERR unknown command `%.*s`, with args "
	    "beginning with: %s",
	    (int)(is_7 && c->v[0].n > 128 ? 128 : c->v[0].n), c->v[0].p,
	    buf_str(&args));
	buf_fini(&args);
}

static void
lower_case(const char *name, char *out)
{
	do
		*out++ = (char)tolower((unsigned char)*name);
	while (*name++ != '\0');
}

/* In the order in which Redis looks. False after an error. */
static bool
is_allowed(struct sim_call *c, const struct sim_command *command)
{
	const struct sim_redis *r = c->r;
	const char *refused = sim_command_refused(r, command, false);
	bool is_late = r->refusal == SIM_LOADING || r->refusal == SIM_BUSY;
	char name[16];

	lower_case(command->name, name);
	if (!sim_command_fits(r, command, c->n))
		sim_reply_arity(c, name);
	else if (!c->s->trusted && (command->flags & SIM_NOAUTH) == 0)
		sim_reply_error(c, "NOAUTH Authentication required.");
	else if (refused != NULL && !is_late)
		sim_reply_error(c, "%s", refused);
	else if (c->s->n_subscriptions != 0 &&
	    (command->flags & SIM_WHEN_SUBSCRIBED) == 0)
		sim_reply_error(c, r->version >= 7 ? "ERR Can't execute '%s': "
		    "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
		    "RESET are allowed in this context" :
		    "ERR Can't execute '%s': only (P)SUBSCRIBE / "
		    "(P)UNSUBSCRIBE / PING / QUIT are allowed in this context",
		    name);
	else if (refused != NULL)
		sim_reply_error(c, "%s", refused);
	return (!c->failed);
}

void
sim_session_command(struct sim_session *s, struct slice text,
    struct buf *reply)
{
	struct sim_redis *r = s->redis;
	const struct sim_command *command;
	struct sim_call c = { .r = r, .s = s, .out = reply };

	ASSERT(!r->running && !s->lost);
	parse_command(&r->args, text);
	c.v = r->args.v;
	c.n = r->args.n;
	r->running = true;
	if ((command = sim_command_find(r, c.v[0])) == NULL)
		reply_unknown(&c);
	else if (is_allowed(&c, command))
		command->run(&c);
	r->running = false;
	if (r->has_closed)
		free_closed(r);
}

/* --- images --- */

struct sim_image *
sim_redis_image(const struct sim_redis *r)
{
	struct sim_image *image = xcalloc(1, sizeof(*image));
	size_t i;

	for (i = 0; i < SIM_DBS; i++) {
		sim_dict_init(&image->dbs[i]);
		sim_dict_copy(&image->dbs[i], &r->dbs[i]);
	}
	image->offset = r->offset;
	memcpy(image->replid, r->replid, sizeof(image->replid));
	return (image);
}

void
sim_image_free(struct sim_image *image)
{
	size_t i;

	if (image == NULL)
		return;
	for (i = 0; i < SIM_DBS; i++)
		sim_dict_fini(&image->dbs[i]);
	free(image);
}

int64_t
sim_image_offset(const struct sim_image *image)
{
	return (image->offset);
}

const char *
sim_image_replid(const struct sim_image *image)
{
	return (image->replid);
}

/* The sessions learn of it once all of it is done. */
static void
close_lost(struct sim_redis *r)
{
	struct sim_session *s;

	while ((s = TAILQ_FIRST(&r->lost)) != NULL) {
		const struct sim_session_hooks *hooks = s->hooks;
		void *arg = s->arg;

		session_free(s);
		if (hooks != NULL && hooks->on_close != NULL)
			hooks->on_close(arg);
	}
}

void
sim_redis_restart(struct sim_redis *r, const struct sim_image *image)
{
	struct sim_session *s;
	size_t i;

	ASSERT(!r->running);
	TAILQ_FOREACH(s, &r->sessions, entry) {
		sim_session_unsubscribe(s);
		s->lost = true;
	}
	TAILQ_CONCAT(&r->lost, &r->sessions, entry);
	stop(r);
	start(r);
	if (image != NULL) {
		for (i = 0; i < SIM_DBS; i++)
			sim_dict_copy(&r->dbs[i], &image->dbs[i]);
		r->offset = image->offset;
	}
	close_lost(r);
}

void
sim_redis_dump(const struct sim_redis *r, struct buf *out)
{
	struct sim_entry **list;
	size_t i, k;

	for (i = 0; i < SIM_DBS; i++) {
		list = sim_dict_sort(&r->dbs[i], NULL);
		for (k = 0; k < r->dbs[i].n; k++)
			if (r->now_ms <= list[k]->until_ms)
				sim_entry_dump(list[k], (int)i, out);
		free(list);
	}
}

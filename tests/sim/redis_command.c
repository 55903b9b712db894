/*
 * The commands on keys, and the table of all commands with what Redis says of
 * each (COMMAND INFO).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sim/redis_priv.h"

#define WRONGTYPE "WRONGTYPE Operation against a key holding the wrong kind " \
	"of value"
#define NOT_INTEGER "ERR value is not an integer or out of range"

/* Beyond these a hash is no longer in the compact form, in which it keeps the
 * order of insertion. */
#define COMPACT_FIELDS	512
#define COMPACT_BYTES	64

static bool
is_expired(const struct sim_redis *r, const struct sim_entry *e)
{
	return (r->now_ms > e->until_ms);
}

struct sim_entry *
sim_key_find(struct sim_redis *r, int db, struct slice key)
{
	struct sim_entry *e = sim_dict_find(&r->dbs[db], key);

	if (e != NULL && is_expired(r, e)) {
		sim_dict_remove(&r->dbs[db], e);
		return (NULL);
	}
	return (e);
}

/* The key of a command. */
static struct sim_entry *
find(struct sim_call *c)
{
	return (sim_key_find(c->r, c->s->db, c->v[1]));
}

/* The same, of a type: false after an error when it is of another one. */
static bool
find_typed(struct sim_call *c, enum sim_type type, struct sim_entry **e)
{
	*e = find(c);
	if (*e == NULL || (*e)->type == type)
		return (true);
	sim_reply_error(c, WRONGTYPE);
	return (false);
}

/* The same, made when there is none. */
static bool
need_typed(struct sim_call *c, enum sim_type type, struct sim_entry **e)
{
	if (!find_typed(c, type, e))
		return (false);
	if (*e == NULL) {
		*e = sim_dict_add(&c->r->dbs[c->s->db], c->v[1]);
		sim_entry_reset(*e, type);
	}
	return (true);
}

static void
remove_key(struct sim_call *c, struct sim_entry *e)
{
	sim_dict_remove(&c->r->dbs[c->s->db], e);
	c->r->offset++;
}

static struct sim_entry *
find_field(const struct sim_entry *e, struct slice field)
{
	return (e == NULL ? NULL : sim_dict_find(e->dict, field));
}

static struct slice
value_of(const struct sim_entry *e)
{
	return ((struct slice){ e->p, e->n });
}

/* --- any key --- */

static void
run_del(struct sim_call *c)
{
	struct sim_entry *e;
	int64_t n = 0;
	size_t i;

	for (i = 1; i < c->n; i++)
		if ((e = sim_key_find(c->r, c->s->db, c->v[i])) != NULL) {
			remove_key(c, e);
			n++;
		}
	sim_reply_int(c, n);
}

static void
run_exists(struct sim_call *c)
{
	int64_t n = 0;
	size_t i;

	for (i = 1; i < c->n; i++)
		n += sim_key_find(c->r, c->s->db, c->v[i]) != NULL;
	sim_reply_int(c, n);
}

static void
run_type(struct sim_call *c)
{
	static const char *const names[] = { "string", "hash", "set" };
	const struct sim_entry *e = find(c);

	sim_reply_status(c, e == NULL ? "none" : names[e->type]);
}

/* From the argument to the time it means. Redis 6 takes what overflows. */
static bool
parse_end(struct sim_call *c, struct slice text, int64_t unit, int64_t *end)
{
	int64_t v;

	if (!sim_parse_integer(text, &v)) {
		sim_reply_error(c, NOT_INTEGER);
		return (false);
	}
	if (c->r->version >= 7 && (v > INT64_MAX / unit || v < INT64_MIN /
	    unit || v * unit > INT64_MAX - c->r->now_ms)) {
		sim_reply_error(c, "ERR invalid expire time in '%s' command",
		    unit == 1 ? "pexpire" : "expire");
		return (false);
	}
	*end = (int64_t)((uint64_t)v * (uint64_t)unit +
	    (uint64_t)c->r->now_ms);
	return (true);
}

static void
expire(struct sim_call *c, int64_t unit)
{
	struct sim_entry *e;
	int64_t end;

	if (c->n != 3)
		log_fatal("the options of EXPIRE are not modelled");
	if (!parse_end(c, c->v[2], unit, &end))
		return;
	if ((e = find(c)) == NULL) {
		sim_reply_int(c, 0);
		return;
	}
	if (end <= c->r->now_ms)
		remove_key(c, e);
	else {
		e->until_ms = end;
		c->r->offset++;
	}
	sim_reply_int(c, 1);
}

static void
run_pexpire(struct sim_call *c)
{
	expire(c, 1);
}

static void
run_expire(struct sim_call *c)
{
	expire(c, 1000);
}

static void
run_persist(struct sim_call *c)
{
	struct sim_entry *e = find(c);

	if (e == NULL || e->until_ms == SIM_NEVER) {
		sim_reply_int(c, 0);
		return;
	}
	e->until_ms = SIM_NEVER;
	c->r->offset++;
	sim_reply_int(c, 1);
}

/* In ms; -1 without an end, -2 without a key. */
static int64_t
time_to_live(struct sim_call *c)
{
	const struct sim_entry *e = find(c);

	if (e == NULL)
		return (-2);
	return (e->until_ms == SIM_NEVER ? -1 : e->until_ms - c->r->now_ms);
}

static void
run_pttl(struct sim_call *c)
{
	sim_reply_int(c, time_to_live(c));
}

static void
run_ttl(struct sim_call *c)
{
	int64_t ms = time_to_live(c);

	sim_reply_int(c, ms < 0 ? ms : (ms + 500) / 1000);
}

/* --- strings --- */

static void
run_get(struct sim_call *c)
{
	struct sim_entry *e;

	if (!find_typed(c, SIM_STRING, &e))
		return;
	if (e == NULL)
		sim_reply_nil(c);
	else
		sim_reply_bulk(c, value_of(e));
}

/* A key of another type is none. */
static void
run_mget(struct sim_call *c)
{
	struct sim_entry *e;
	size_t i;

	sim_reply_array(c, c->n - 1);
	for (i = 1; i < c->n; i++) {
		e = sim_key_find(c->r, c->s->db, c->v[i]);
		if (e == NULL || e->type != SIM_STRING)
			sim_reply_nil(c);
		else
			sim_reply_bulk(c, value_of(e));
	}
}

/* An offset that may count from the end of n bytes. */
static int64_t
from_start(int64_t at, size_t n)
{
	if (at >= 0)
		return (at);
	return (at + (int64_t)n < 0 ? 0 : at + (int64_t)n);
}

static void
run_getrange(struct sim_call *c)
{
	struct sim_entry *e;
	struct slice v = { "", 0 };
	int64_t first, last;

	if (!sim_parse_integer(c->v[2], &first) ||
	    !sim_parse_integer(c->v[3], &last)) {
		sim_reply_error(c, NOT_INTEGER);
		return;
	}
	if (!find_typed(c, SIM_STRING, &e))
		return;
	if (e != NULL)
		v = value_of(e);
	if (first < 0 && last < 0 && first > last)
		v.n = 0;
	first = from_start(first, v.n);
	last = from_start(last, v.n);
	if (last >= (int64_t)v.n)
		last = (int64_t)v.n - 1;
	if (first > last)
		v.n = 0;
	else {
		v.p += first;
		v.n = (size_t)(last - first + 1);
	}
	sim_reply_bulk(c, v);
}

static void
run_strlen(struct sim_call *c)
{
	struct sim_entry *e;

	if (find_typed(c, SIM_STRING, &e))
		sim_reply_int(c, e == NULL ? 0 : (int64_t)e->n);
}

struct set_options {
	bool		 nx, xx;
	int64_t		 unit;		/* of time, in ms; 0: no end */
	struct slice	 time;
};

static bool
parse_set_options(struct sim_call *c, struct set_options *o)
{
	static const char *const others[] = { "GET", "KEEPTTL", "EXAT",
	    "PXAT" };
	size_t i, k;

	for (i = 3; i < c->n; i++) {
		struct slice s = c->v[i];
		bool px = slice_is_nocase(s, "PX");

		for (k = 0; k < COUNT_OF(others); k++)
			if (slice_is_nocase(s, others[k]))
				log_fatal("%s of SET is not modelled",
				    others[k]);
		if (slice_is_nocase(s, "NX") && !o->xx)
			o->nx = true;
		else if (slice_is_nocase(s, "XX") && !o->nx)
			o->xx = true;
		else if ((px || slice_is_nocase(s, "EX")) && i + 1 < c->n &&
		    (o->unit == 0 || (o->unit == 1) == px)) {
			o->unit = px ? 1 : 1000;
			o->time = c->v[++i];
		} else
			return (false);
	}
	return (true);
}

/* The end of a key that SET makes. */
static bool
set_end(struct sim_call *c, const struct set_options *o, int64_t *end)
{
	bool strict = c->r->version >= 7;
	int64_t v;

	*end = SIM_NEVER;
	if (o->unit == 0)
		return (true);
	if (!sim_parse_integer(o->time, &v)) {
		sim_reply_error(c, NOT_INTEGER);
		return (false);
	}
	if (v <= 0 || (strict && (v > INT64_MAX / o->unit ||
	    v * o->unit > INT64_MAX - c->r->now_ms))) {
		sim_reply_error(c, strict ? "ERR invalid expire time in 'set' "
		    "command" : "ERR invalid expire time in set");
		return (false);
	}
	*end = (int64_t)((uint64_t)v * (uint64_t)o->unit +
	    (uint64_t)c->r->now_ms);
	return (true);
}

static void
run_set(struct sim_call *c)
{
	struct set_options o = { 0 };
	struct sim_entry *e;
	int64_t end;

	if (!parse_set_options(c, &o)) {
		sim_reply_error(c, "ERR syntax error");
		return;
	}
	if (!set_end(c, &o, &end))
		return;
	e = find(c);
	if (e != NULL ? o.nx : o.xx) {
		sim_reply_nil(c);
		return;
	}
	if (e == NULL)
		e = sim_dict_add(&c->r->dbs[c->s->db], c->v[1]);
	else if (e->type != SIM_STRING)
		sim_entry_reset(e, SIM_STRING);
	sim_entry_set(e, c->v[2]);
	e->until_ms = end;
	c->r->offset++;
	sim_reply_status(c, "OK");
}

/* --- hashes --- */

/* Whether the field is new. */
static bool
set_field(struct sim_call *c, struct sim_entry *e, struct slice field,
    struct slice value)
{
	struct sim_entry *f = sim_dict_find(e->dict, field);
	bool is_new = f == NULL;

	if (is_new)
		f = sim_dict_add(e->dict, field);
	sim_entry_set(f, value);
	if (e->dict->n > COMPACT_FIELDS || field.n > COMPACT_BYTES ||
	    value.n > COMPACT_BYTES)
		e->dict->loose = true;
	c->r->offset++;
	return (is_new);
}

static void
run_hset(struct sim_call *c)
{
	struct sim_entry *e;
	int64_t n = 0;
	size_t i;

	if (c->n % 2 != 0) {
		sim_reply_arity(c, "hset");
		return;
	}
	if (!need_typed(c, SIM_HASH, &e))
		return;
	for (i = 2; i < c->n; i += 2)
		n += set_field(c, e, c->v[i], c->v[i + 1]);
	sim_reply_int(c, n);
}

static void
run_hsetnx(struct sim_call *c)
{
	struct sim_entry *e;

	if (!need_typed(c, SIM_HASH, &e))
		return;
	if (find_field(e, c->v[2]) != NULL) {
		sim_reply_int(c, 0);
		return;
	}
	(void)set_field(c, e, c->v[2], c->v[3]);
	sim_reply_int(c, 1);
}

static void
run_hincrby(struct sim_call *c)
{
	struct buf text = { 0 };
	struct sim_entry *e, *f;
	int64_t by, v = 0;

	if (!sim_parse_integer(c->v[3], &by)) {
		sim_reply_error(c, NOT_INTEGER);
		return;
	}
	if (!need_typed(c, SIM_HASH, &e))
		return;
	f = find_field(e, c->v[2]);
	if (f != NULL && !sim_parse_integer(value_of(f), &v)) {
		sim_reply_error(c, "ERR hash value is not an integer");
		return;
	}
	if (__builtin_add_overflow(v, by, &v)) {
		sim_reply_error(c, "ERR increment or decrement would "
		    "overflow");
		return;
	}
	buf_add_int(&text, v);
	(void)set_field(c, e, c->v[2], (struct slice){ text.p, text.n });
	buf_fini(&text);
	sim_reply_int(c, v);
}

static void
run_hget(struct sim_call *c)
{
	struct sim_entry *e, *f;

	if (!find_typed(c, SIM_HASH, &e))
		return;
	if ((f = find_field(e, c->v[2])) == NULL)
		sim_reply_nil(c);
	else
		sim_reply_bulk(c, value_of(f));
}

static void
run_hmget(struct sim_call *c)
{
	struct sim_entry *e, *f;
	size_t i;

	if (!find_typed(c, SIM_HASH, &e))
		return;
	sim_reply_array(c, c->n - 2);
	for (i = 2; i < c->n; i++)
		if ((f = find_field(e, c->v[i])) == NULL)
			sim_reply_nil(c);
		else
			sim_reply_bulk(c, value_of(f));
}

static void
run_hexists(struct sim_call *c)
{
	struct sim_entry *e;

	if (find_typed(c, SIM_HASH, &e))
		sim_reply_int(c, find_field(e, c->v[2]) != NULL);
}

static void
run_hstrlen(struct sim_call *c)
{
	struct sim_entry *e, *f;

	if (!find_typed(c, SIM_HASH, &e))
		return;
	f = find_field(e, c->v[2]);
	sim_reply_int(c, f == NULL ? 0 : (int64_t)f->n);
}

/* Names, or names and values, in the order that Redis would have them in. */
static void
list_all(struct sim_call *c, const struct sim_dict *d, bool values)
{
	struct sim_entry *e, **list = NULL;
	size_t i = 0;

	sim_reply_array(c, d->n * (values ? 2 : 1));
	if (c->r->shuffle && d->loose)
		list = sim_dict_sort(d, &c->r->seed);
	for (e = list != NULL ? list[0] : TAILQ_FIRST(&d->order); e != NULL;
	    e = list == NULL ? TAILQ_NEXT(e, order) :
	    ++i < d->n ? list[i] : NULL) {
		sim_reply_bulk(c, sim_entry_name(e));
		if (values)
			sim_reply_bulk(c, value_of(e));
	}
	free(list);
}

static void
list_key(struct sim_call *c, enum sim_type type, bool values)
{
	struct sim_entry *e;

	if (!find_typed(c, type, &e))
		return;
	if (e == NULL)
		sim_reply_array(c, 0);
	else
		list_all(c, e->dict, values);
}

static void
run_hgetall(struct sim_call *c)
{
	list_key(c, SIM_HASH, true);
}

static void
run_hkeys(struct sim_call *c)
{
	list_key(c, SIM_HASH, false);
}

/* --- hashes and sets --- */

static void
count_elements(struct sim_call *c, enum sim_type type)
{
	struct sim_entry *e;

	if (find_typed(c, type, &e))
		sim_reply_int(c, e == NULL ? 0 : (int64_t)e->dict->n);
}

static void
run_hlen(struct sim_call *c)
{
	count_elements(c, SIM_HASH);
}

static void
run_scard(struct sim_call *c)
{
	count_elements(c, SIM_SET);
}

/* Takes elements out, and the key with the last of them. */
static void
remove_elements(struct sim_call *c, enum sim_type type)
{
	struct sim_entry *e, *f;
	int64_t n = 0;
	size_t i;

	if (!find_typed(c, type, &e))
		return;
	for (i = 2; e != NULL && i < c->n; i++) {
		if ((f = sim_dict_find(e->dict, c->v[i])) == NULL)
			continue;
		sim_dict_remove(e->dict, f);
		c->r->offset++;
		n++;
		if (e->dict->n == 0) {
			sim_dict_remove(&c->r->dbs[c->s->db], e);
			e = NULL;
		}
	}
	sim_reply_int(c, n);
}

static void
run_hdel(struct sim_call *c)
{
	remove_elements(c, SIM_HASH);
}

static void
run_srem(struct sim_call *c)
{
	remove_elements(c, SIM_SET);
}

/* --- sets --- */

static void
run_sadd(struct sim_call *c)
{
	struct sim_entry *e;
	int64_t n = 0;
	size_t i;

	if (!need_typed(c, SIM_SET, &e))
		return;
	e->dict->loose = true;
	for (i = 2; i < c->n; i++)
		if (sim_dict_find(e->dict, c->v[i]) == NULL) {
			(void)sim_dict_add(e->dict, c->v[i]);
			c->r->offset++;
			n++;
		}
	sim_reply_int(c, n);
}

static void
run_sismember(struct sim_call *c)
{
	struct sim_entry *e;

	if (find_typed(c, SIM_SET, &e))
		sim_reply_int(c, find_field(e, c->v[2]) != NULL);
}

static void
run_smembers(struct sim_call *c)
{
	list_key(c, SIM_SET, false);
}

/* --- the table --- */

#define W	SIM_WRITE
#define WM	(SIM_WRITE | SIM_DENYOOM)
#define L	SIM_WHILE_LOADING
#define SUB	(SIM_WHILE_LOADING | SIM_NOSCRIPT | SIM_WHEN_SUBSCRIBED)
#define ALONE	(SIM_WHILE_LOADING | SIM_WHILE_BUSY | SIM_NOSCRIPT | SIM_NOAUTH)

/* Sorted. */
static const struct sim_command commands[] = {
	{ "AUTH", -2, ALONE, sim_run_auth },
	{ "DEL", -2, W, run_del },
	{ "EVAL", -3, SIM_NOSCRIPT, sim_run_eval },
	{ "EVALSHA", -3, SIM_NOSCRIPT, sim_run_evalsha },
	{ "EXISTS", -2, 0, run_exists },
	{ "EXPIRE", -3, W, run_expire },
	{ "FLUSHALL", -1, W, sim_run_flushall },
	{ "GET", 2, 0, run_get },
	{ "GETRANGE", 4, 0, run_getrange },
	{ "HDEL", -3, W, run_hdel },
	{ "HEXISTS", 3, 0, run_hexists },
	{ "HGET", 3, 0, run_hget },
	{ "HGETALL", 2, 0, run_hgetall },
	{ "HINCRBY", 4, WM, run_hincrby },
	{ "HKEYS", 2, 0, run_hkeys },
	{ "HLEN", 2, 0, run_hlen },
	{ "HMGET", -3, 0, run_hmget },
	{ "HSET", -4, WM, run_hset },
	{ "HSETNX", 4, WM, run_hsetnx },
	{ "HSTRLEN", 3, 0, run_hstrlen },
	{ "INFO", -1, L, sim_run_info },
	{ "MGET", -2, 0, run_mget },
	{ "PERSIST", 2, W, run_persist },
	{ "PEXPIRE", -3, W, run_pexpire },
	{ "PING", -1, SIM_WHEN_SUBSCRIBED, sim_run_ping },
	{ "PTTL", 2, 0, run_pttl },
	{ "PUBLISH", 3, L, sim_run_publish },
	{ "SADD", -3, WM, run_sadd },
	{ "SCARD", 2, 0, run_scard },
	{ "SCRIPT", -2, SIM_NOSCRIPT, sim_run_script },
	{ "SELECT", 2, L, sim_run_select },
	{ "SET", -3, WM, run_set },
	{ "SISMEMBER", 3, 0, run_sismember },
	{ "SMEMBERS", 2, 0, run_smembers },
	{ "SREM", -3, W, run_srem },
	{ "STRLEN", 2, 0, run_strlen },
	{ "SUBSCRIBE", -2, SUB, sim_run_subscribe },
	{ "TIME", 1, L, sim_run_time },
	{ "TTL", 2, 0, run_ttl },
	{ "TYPE", 2, 0, run_type },
	{ "UNSUBSCRIBE", -1, SUB, sim_run_unsubscribe },
};

static int
compare_name(const void *key, const void *element)
{
	return (strcmp(key, ((const struct sim_command *)element)->name));
}

static const struct sim_command *
search(struct slice name)
{
	char upper[16];
	size_t i;

	if (name.n >= sizeof(upper) || memchr(name.p, '\0', name.n) != NULL)
		return (NULL);
	for (i = 0; i < name.n; i++)
		upper[i] = (char)toupper((unsigned char)name.p[i]);
	upper[i] = '\0';
	return (bsearch(upper, commands, COUNT_OF(commands),
	    sizeof(commands[0]), compare_name));
}

/* Scripts ask for the same few names all the time, in upper case. */
const struct sim_command *
sim_command_find(struct sim_redis *r, struct slice name)
{
	const struct sim_command **recent, *found;
	size_t at = name.n;

	if (name.n != 0)
		at += (unsigned char)name.p[0] * 5u +
		    (unsigned char)name.p[name.n - 1];
	recent = &r->recent[at % COUNT_OF(r->recent)];
	if (*recent != NULL && slice_is(name, (*recent)->name))
		return (*recent);
	if ((found = search(name)) != NULL)
		*recent = found;
	return (found);
}

bool
sim_command_fits(const struct sim_redis *r, const struct sim_command *command,
    size_t n)
{
	/* The options came with Redis 7. */
	if (r->version < 7 && (command->run == run_pexpire ||
	    command->run == run_expire))
		return (n == 3);
	if (command->arity < 0)
		return (n >= (size_t)-command->arity);
	return (n == (size_t)command->arity);
}

/*
 * The commands about the connection and the server itself.
 */
#include <limits.h>
#include <string.h>

#include "sim/redis_priv.h"

#define NO_PASSWORD "ERR AUTH <password> called without any password " \
	"configured for the default user. Are you sure your configuration " \
	"is correct?"

void
sim_run_auth(struct sim_call *c)
{
	const char *password = c->r->password;

	if (c->n > 3) {
		sim_reply_error(c, "ERR syntax error");
		return;
	}
	if (c->n == 2 && password == NULL) {
		sim_reply_error(c, NO_PASSWORD);
		return;
	}
	if ((c->n == 3 && !slice_is(c->v[1], "default")) ||
	    (password != NULL && !slice_is(c->v[c->n - 1], password))) {
		sim_reply_error(c, "WRONGPASS invalid username-password pair%s",
		    c->r->version >= 7 ? " or user is disabled." : "");
		return;
	}
	c->s->trusted = true;
	sim_reply_status(c, "OK");
}

void
sim_run_select(struct sim_call *c)
{
	bool is_7 = c->r->version >= 7;
	int64_t db;

	if (!sim_parse_integer(c->v[1], &db)) {
		sim_reply_error(c, is_7 ? "ERR value is not an integer or out "
		    "of range" : "ERR invalid DB index");
		return;
	}
	if (is_7 && (db < INT_MIN || db > INT_MAX)) {
		sim_reply_error(c, "ERR value is out of range, value must "
		    "between %d and %d", INT_MIN, INT_MAX);
		return;
	}
	/* Redis 6 cuts off what an int does not hold. */
	db = (int)db;
	if (db < 0 || db >= SIM_DBS)
		sim_reply_error(c, "ERR DB index is out of range");
	else {
		c->s->db = (int)db;
		sim_reply_status(c, "OK");
	}
}

void
sim_run_ping(struct sim_call *c)
{
	if (c->n > 2) {
		sim_reply_arity(c, "ping");
		return;
	}
	if (c->s->n_subscriptions != 0 && c->out != NULL) {
		sim_reply_array(c, 2);
		sim_reply_bulk(c, SLICE_LIT("pong"));
		sim_reply_bulk(c, c->n == 2 ? c->v[1] : SLICE_LIT(""));
	} else if (c->n == 2)
		sim_reply_bulk(c, c->v[1]);
	else
		sim_reply_status(c, "PONG");
}

void
sim_run_time(struct sim_call *c)
{
	struct buf s = { 0 }, us = { 0 };

	buf_add_int(&s, c->r->now_ms / 1000);
	buf_add_int(&us, c->r->now_ms % 1000 * 1000);
	sim_reply_array(c, 2);
	sim_reply_bulk(c, (struct slice){ s.p, s.n });
	sim_reply_bulk(c, (struct slice){ us.p, us.n });
	buf_fini(&s);
	buf_fini(&us);
}

void
sim_run_flushall(struct sim_call *c)
{
	bool known = c->n == 1 || (c->n == 2 &&
	    (slice_is_nocase(c->v[1], "ASYNC") ||
	    (c->r->version >= 7 && slice_is_nocase(c->v[1], "SYNC"))));
	size_t i;

	if (!known) {
		sim_reply_error(c, "ERR syntax error");
		return;
	}
	for (i = 0; i < SIM_DBS; i++)
		sim_dict_fini(&c->r->dbs[i]);
	c->r->offset++;
	sim_reply_status(c, "OK");
}

static bool
wants(const struct sim_call *c, const char *section)
{
	size_t i;

	for (i = 1; i < c->n; i++)
		if (slice_is_nocase(c->v[i], section) ||
		    slice_is_nocase(c->v[i], "all") ||
		    slice_is_nocase(c->v[i], "everything") ||
		    slice_is_nocase(c->v[i], "default"))
			return (true);
	return (c->n == 1);
}

void
sim_run_info(struct sim_call *c)
{
	const struct sim_redis *r = c->r;
	struct buf b = { 0 };

	if (r->version < 7 && c->n > 2) {
		sim_reply_error(c, "ERR syntax error");
		return;
	}
	if (wants(c, "server"))
		buf_addf(&b, "# Server\r\nredis_version:%s\r\n"
		    "redis_mode:standalone\r\nrun_id:%s\r\n",
		    r->version >= 7 ? "7.0.15" : "6.0.16", r->run_id);
	if (wants(c, "replication"))
		buf_addf(&b, "%s# Replication\r\nrole:%s\r\n"
		    "master_replid:%s\r\nmaster_repl_offset:%lld\r\n",
		    b.n == 0 ? "" : "\r\n", r->refusal == SIM_READONLY ?
		    "slave" : "master", r->replid, (long long)r->offset);
	sim_reply_bulk(c, (struct slice){ b.p, b.n });
	buf_fini(&b);
}

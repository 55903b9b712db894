/*
 * Each refusal, with the real server put into that state.
 */
#include <sys/stat.h>

#include <err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "sim/redis_check.h"
#include "store/resp.h"

/* KEYS[1] is k, which has a value; k2 as well, until it is taken out. */
static void
run_battery(struct check *c)
{
	static const char *const battery[] = { "PING", "GET k", "SET k y",
	    "DEL nosuch", "PEXPIRE k 100000", "HDEL k f", "SADD k a",
	    "PERSIST k", "PUBLISH to:00000000000000a1 b", "TYPE k", "SELECT 0",
	    "SCRIPT LOAD return~1", "INFO nosuch", "AUTH default x", "NOPE",
	    "SET", "SET k y PX bad", "FLUSHALL X", "UNSUBSCRIBE ch",
	    "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0", "TIME x",
	    "EVALSHA 0000000000000000000000000000000000000000 0",
	    "EVAL return~redis.call('GET',KEYS[1]) 1 k",
	    "EVAL \nreturn~redis.call('SET',KEYS[1],'z') 1 k",
	    "EVAL return~redis.pcall('SET',KEYS[1],'z') 1 k",
	    "EVAL return~redis.pcall('SET',KEYS[1],'z').err 1 k",
	    "EVAL redis.pcall('SET','k','a')~return~redis.pcall('SET','k','b')"
	    " 1 k",
	    "EVAL local~o,e=pcall(redis.call,'SET','k','a')~return~e 1 k",
	    "EVAL return~redis.call('DEL','nosuch') 1 k",
	    "EVAL redis.call('DEL','nosuch')~return~redis.call('SET','k','z')"
	    " 1 k",
	    "EVAL redis.call('DEL','k2')~return~redis.call('SET','k','z') 1 k",
	    "EVAL redis.pcall('HSET','k','a')~return~"
	    "redis.pcall('HSET','k','a','b') 1 k",
	    "EVAL return~redis.call('PEXPIRE',KEYS[1],1000) 1 k",
	    "EVAL return~redis.call('PUBLISH','to:00000000000000a1','b') 1 k",
	    "EVAL return~redis.pcall('SET',KEYS[1]) 1 k",
	    "EVAL return~redis.call('PING') 1 k",
	    "EVAL redis.pcall('PUBLISH','to:00000000000000a1','b')~"
	    "redis.call('SADD',KEYS[1],'a') 1 k", "SET k x", "SET k2 x",
	    "SUBSCRIBE ch", "GET k", "SET k y", "PING", "PING x", "NOPE", "GET",
	    "UNSUBSCRIBE ch", "PING", "SUBSCRIBE ch", "UNSUBSCRIBE" };
	size_t i;

	for (c->step = 0; c->step < COUNT_OF(battery); c->step++)
		check_words(c, battery[c->step]);
	for (i = 0; i < SCRIPTS_N; i++) {
		struct buf b = { 0 }, args = { 0 };
		size_t k;

		for (k = 0; k < 37; k++)
			resp_add_str(&args, k < 12 ? "k3" : "1");
		resp_add_header(&b, 40);
		resp_add_str(&b, "EVAL");
		resp_add_str(&b, c->scripts->v[i].text);
		resp_add_int(&b, 12);
		buf_add(&b, args.p, args.n);
		check_run(c, &b, false);
		buf_fini(&args);
		buf_fini(&b);
	}
	check_data(c);
}

static void
begin_refusal(struct check *c)
{
	c->sequence++;
	sim_redis_refuse(c->sim, SIM_NONE);
	check_words(c, "FLUSHALL");
	check_words(c, "SET k x");
	check_words(c, "SET k2 x");
	check_words(c, "SCRIPT LOAD return~1");
}

/* The clock of Redis 6 moves its timers, and what says how long a script has
 * been running. */
static void
wait_real(struct check *c, int fd, const char *words, const char *text)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct buf b = { 0 }, reply = { 0 };
	int i;

	check_add_words(&b, words);
	for (i = 0; i < 500; i++) {
		buf_reset(&reply);
		real_send(fd, &b);
		do
			check_set_time(c, c->maker.now_ms + 100);
		while (poll(&wait, 1, 10) == 0);
		real_receive(fd, &reply, 0);
		if (strstr(buf_str(&reply), text) != NULL)
			break;
		(void)usleep(10000);
	}
	if (i == 500)
		errx(1, "no '%s' from %s", text, words);
	buf_fini(&b);
	buf_fini(&reply);
}

static void
check_refusals(struct check *c)
{
	static const struct {
		enum sim_refusal refusal;
		const char	*begin, *end;
	} states[] = {
		{ SIM_OOM, "CONFIG SET maxmemory 1",
		    "CONFIG SET maxmemory 0" },
		{ SIM_NOREPLICAS, "CONFIG SET min-replicas-to-write 1",
		    "CONFIG SET min-replicas-to-write 0" },
		{ SIM_READONLY, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE" },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(states); i++) {
		begin_refusal(c);
		check_tell_real(c, c->fd, states[i].begin, "+OK");
		sim_redis_refuse(c->sim, states[i].refusal);
		run_battery(c);
		check_tell_real(c, c->fd, states[i].end, "+OK");
	}
}

/* A snapshot that fails, since its folder is gone. */
static void
check_misconf(struct check *c)
{
	char *gone = xasprintf("%s/gone", c->real.dir);
	char *set = xasprintf("CONFIG SET dir %s", gone);
	char *back = xasprintf("CONFIG SET dir %s", c->real.dir);

	begin_refusal(c);
	if (mkdir(gone, 0700) == -1)
		err(1, "%s", gone);
	check_tell_real(c, c->fd, set, "+OK");
	if (rmdir(gone) == -1)
		err(1, "%s", gone);
	check_tell_real(c, c->fd, "CONFIG SET save 1~1", "+OK");
	check_tell_real(c, c->fd, "BGSAVE", "+Background");
	wait_real(c, c->fd, "INFO persistence", "rdb_last_bgsave_status:err");
	sim_redis_refuse(c->sim, SIM_MISCONF);
	run_battery(c);
	check_tell_real(c, c->fd, "CONFIG SET save _", "+OK");
	check_tell_real(c, c->fd, back, "+OK");
	free(gone);
	free(set);
	free(back);
}

/* Sends all commands at once and compares the answers. False, and nothing was
 * compared, if the first one does not begin with that. */
static bool
compare_together(struct check *c, int fd, const char *const *words, size_t n,
    const char *begin)
{
	struct buf all = { 0 }, one = { 0 }, real = { 0 }, sim = { 0 };
	bool ok;
	size_t i, at;

	for (i = 0; i < n; i++)
		check_add_words(&all, words[i]);
	real_send(fd, &all);
	for (i = 0, at = 0; i < n; i++) {
		struct slice rest = { real.p + at, real.n - at };

		if (resp_size(rest) == 0) {
			real_receive(fd, &real, at);
			rest = (struct slice){ real.p + at, real.n - at };
		}
		at += resp_size(rest);
	}
	ok = strncmp(buf_str(&real), begin, strlen(begin)) == 0;
	for (i = 0; ok && i < n; i++) {
		buf_reset(&one);
		check_add_words(&one, words[i]);
		sim_session_command(c->session, slice_of_buf(&one), &sim);
	}
	if (ok)
		check_compare(c, "a reply", slice_of_buf(&all),
		    slice_of_buf(&real), slice_of_buf(&sim));
	buf_fini(&all);
	buf_fini(&one);
	buf_fini(&real);
	buf_fini(&sim);
	return (ok);
}

/* The real server reads large values again, and slowly. */
static void
check_loading(struct check *c)
{
	static const char *const words[] = { "GET k", "PING", "SET k y",
	    "AUTH default x", "SELECT 0", "INFO nosuch", "UNSUBSCRIBE x",
	    "PUBLISH a b", "EVAL return~1 0", "EVALSHA x 0", "NOPE", "GET",
	    "SCRIPT LOAD return~1", "SUBSCRIBE x", "GET k", "PING",
	    "UNSUBSCRIBE x" };
	struct buf large = { 0 }, b = { 0 }, reply = { 0 };
	int fd = real_connect(&c->real), tries;
	bool ok = false;
	size_t i;

	begin_refusal(c);
	memset(buf_reserve(&large, 3 << 20), 'x', 3 << 20);
	large.n = 3 << 20;
	check_tell_real(c, c->fd, "CONFIG SET rdbcompression no", "+OK");
	for (i = 0; i < 4; i++) {
		buf_reset(&b);
		resp_add_header(&b, 3);
		resp_add_str(&b, "SET");
		resp_add_int(&b, (int64_t)i);
		resp_add_bulk(&b, large.p, large.n);
		check_run_real(c->fd, &b, NULL);
	}
	check_tell_real(c, c->fd, "CONFIG SET key-load-delay 50000", "+OK");
	sim_redis_refuse(c->sim, SIM_LOADING);
	for (tries = 0; !ok && tries < 10; tries++) {
		buf_reset(&b);
		check_add_words(&b, "DEBUG RELOAD");
		real_send(c->fd, &b);
		(void)usleep(20000);
		ok = compare_together(c, fd, words, COUNT_OF(words),
		    "-LOADING");
		buf_reset(&reply);
		real_receive(c->fd, &reply, 0);
	}
	if (!ok)
		errx(1, "the server was never seen loading");
	(void)close(fd);
	check_tell_real(c, c->fd, "FLUSHALL", "+OK");
	buf_fini(&large);
	buf_fini(&b);
	buf_fini(&reply);
}

/* A script that does not end, from a connection of its own. */
static void
check_busy(struct check *c)
{
	struct buf b = { 0 }, reply = { 0 };
	int fd = real_connect(&c->real);

	begin_refusal(c);
	check_tell_real(c, c->fd, "CONFIG SET lua-time-limit 5", "+OK");
	check_add_words(&b, "EVAL while~true~do~end 0");
	real_send(fd, &b);
	wait_real(c, c->fd, "GET k", "BUSY");
	sim_redis_refuse(c->sim, SIM_BUSY);
	check_words(c, "PING");
	check_words(c, "GET k");
	check_words(c, "SET k y");
	check_words(c, "AUTH default x");
	check_words(c, "AUTH x y");
	check_words(c, "SELECT 0");
	check_words(c, "INFO server");
	check_words(c, "SUBSCRIBE x");
	check_words(c, "UNSUBSCRIBE x");
	check_words(c, "EVAL return~1 0");
	check_words(c, "EVALSHA x 0");
	check_words(c, "SCRIPT LOAD return~1");
	check_words(c, "NOPE");
	check_words(c, "GET");
	check_words(c, "PUBLISH a b");
	check_tell_real(c, c->fd, "SCRIPT KILL", "+OK");
	real_receive(fd, &reply, 0);
	(void)close(fd);
	buf_fini(&b);
	buf_fini(&reply);
}

void
check_states(struct check *c)
{
	check_refusals(c);
	check_misconf(c);
	check_busy(c);
	check_loading(c);
}

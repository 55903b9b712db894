/*
 * Commands at random: plain ones on keys that all share, so that types mix;
 * scripts of one line; and the real scripts, with arguments that make sense,
 * but for one now and then, on keys that anybody has written to.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "sim/redis_check.h"
#include "store/resp.h"

const char *const worker_ids[3] = { "00000000000000a1", "00000000000000b2",
    "00000000000000c3" };

static const char *const keys[] = { "A:hash", "A:members", "A:workers",
    "A:editor", "A:previous", "A:modified", "A:chat", "A:saved", "M:editing",
    "M:workers", "B:hash", "B:members", "B:workers", "B:editor", "B:previous",
    "B:modified", "B:chat", "B:saved", "gate", "lease:00000000000000a1",
    "lease:00000000000000b2", "rooms:00000000000000a1",
    "rooms:00000000000000b2", "all", "reap:00000000000000b2", "generation", "unsettled", "k1", "k2" };

static const char *const fields[] = { "epoch", "seq", "state", "known", "generation",
    "op:00000000000000a1", "00000000000000a1", "00000000000000b2",
    "00000000000000c3", "u1", "u2", "u3", "o1", "f" };

static const char *const values[] = { "", "x", "0", "1", "-1", "7", "007",
    "-0", "1.5", "9223372036854775807", "-9223372036854775808",
    "9223372036854775808", "00000000000000ab", "0000000000000000", "u1", "u2",
    "00000000000000a1u info", "00000000000000a1,00000000000000b2v more info",
    "00000000000000c3 ", "12 value", "99999999999999 late", "a\r\nb",
    "ch\xc3\xa4r\x01\xff\"\\", "00000000000000a1", "00000000000000b2", " 5",
    "5 ", "not an id" };

static const char *const times[] = { "1", "2", "5", "30", "500", "1000",
    "60000", "86400000" };

/* xorshift64* */
static uint64_t
next_random(struct maker *m)
{
	m->random ^= m->random >> 12;
	m->random ^= m->random << 25;
	m->random ^= m->random >> 27;
	return (m->random * 0x2545f4914f6cdd1d);
}

size_t
maker_below(struct maker *m, size_t n)
{
	return ((size_t)((next_random(m) >> 33) % n));
}

static bool
one_in(struct maker *m, size_t n)
{
	return (maker_below(m, n) == 0);
}

#define PICK(m, table)	((table)[maker_below((m), COUNT_OF(table))])

/* A command that is put together: its arguments, counted. */
struct draft {
	struct buf	args;
	size_t		n;
};

static void
add(struct draft *d, const char *s)
{
	resp_add_str(&d->args, s);
	d->n++;
}

static void
add_f(struct draft *d, const char *prefix, const char *s)
{
	char *whole = xasprintf("%s%s", prefix, s);

	add(d, whole);
	free(whole);
}

static void
finish(struct draft *d, struct buf *out)
{
	resp_add_header(out, d->n);
	buf_add(out, d->args.p, d->args.n);
	buf_fini(&d->args);
}

static void
add_value(struct maker *m, struct draft *d)
{
	struct buf b = { 0 };
	size_t i, n;

	if (!one_in(m, 60)) {
		add(d, PICK(m, values));
		return;
	}
	/* Around and beyond what our scripts accept. */
	n = one_in(m, 3) ? 65536 + maker_below(m, 3) : 60 + maker_below(m, 10);
	for (i = 0; i < n; i++)
		buf_add_char(&b, 'y');
	add(d, buf_str(&b));
	buf_fini(&b);
}

/* --- plain commands --- */

/* Arguments by letter: k key, f field, v value, t time, c channel, n name
 * of an option, + what stands before once or twice more, ? perhaps. */
static const char *const plain[] = { "DEL k+", "EXISTS k+", "GET k", "HDEL kf+",
    "HEXISTS kf", "HGET kf", "HGETALL k", "HINCRBY kfv", "HINCRBY kfv",
    "HKEYS k", "HLEN k", "HMGET kf+", "HSET kfv", "HSET kfv", "HSET kfvfv",
    "HSETNX kfv", "HSTRLEN kf", "MGET k+", "MGET ", "PERSIST k", "PEXPIRE kt", "PEXPIRE kt",
    "PEXPIRE kv", "EXPIRE kv", "PTTL k", "TTL k", "PUBLISH cv", "SADD kv+",
    "SADD kv+", "SCARD k", "SET kv", "SET kv", "SET kvpt", "SET kvpt",
    "SET kvptn", "SET kvnpt", "SET kvn", "SET kvnn", "SET kvpv", "SET kvet",
    "SET kvp", "SET kvv", "SISMEMBER kv", "SMEMBERS k", "SREM kv+",
    "STRLEN k", "TYPE k", "PING ", "PING v", "PING vv", "SELECT d",
    "SELECT v", "AUTH v", "AUTH vv", "AUTH vvv", "SCRIPT v", "SCRIPT lv",
    "SCRIPT lvv", "SCRIPT hv", "SCRIPT hvv", "SCRIPT F", "NOPE ", "NOPE vv",
    "nope vvvvv", "EVAL v", "EVAL ld", "EVAL lv", "EVALSHA vd", "EVALSHA vv",
    "TIME v", "FLUSHALL v", "FLUSHALL vv", "UNSUBSCRIBE c", "GET ", "GET kk",
    "HSET kf", "HSET kfvf", "PTTL ", "SET k", "DEL ", "get k", "hGetAll k",
    "INFO v", "SUBSCRIBE " };

static void
add_letter(struct maker *m, struct draft *d, char letter)
{
	static const char *const options[] = { "NX", "XX", "nx", "xX" };
	bool large = m->version >= 7;
	const char *s;

	switch (letter) {
	case 'k':
		add(d, PICK(m, keys));
		break;
	case 'f':
		add(d, PICK(m, fields));
		break;
	case 't':
		add(d, PICK(m, times));
		break;
	case 'c':
		add_f(d, CHANNEL, PICK(m, worker_ids));
		break;
	case 'n':
		add(d, PICK(m, options));
		break;
	case 'p':
		add(d, one_in(m, 4) ? "px" : "PX");
		break;
	case 'e':
		add(d, "EX");
		break;
	case 'd':
		add(d, one_in(m, 4) ? "1" : "0");
		break;
	case 'l':
		add(d, "LOAD");
		break;
	case 'h':
		add(d, "exists");
		break;
	case 'F':
		add(d, "FLUSH");
		break;
	case 'w':	/* a value, without what overflows in Redis 6 */
		do
			s = PICK(m, values);
		while (!large && strlen(s) > 15);
		add(d, s);
		break;
	default:
		add_value(m, d);
	}
}

static void
make_plain(struct maker *m, struct draft *d, bool *unordered)
{
	const char *form = PICK(m, plain), *space = strchr(form, ' '), *p;
	char *name = xmemdup0(form, (size_t)(space - form));
	bool ends = strstr(form, "EXPIRE") != NULL || strchr(form, 'p') != NULL;
	size_t i, n;

	add(d, name);
	for (p = space + 1; *p != '\0'; p++) {
		if (*p != '+') {
			add_letter(m, d, *p == 'v' && ends ? 'w' : *p);
			continue;
		}
		n = maker_below(m, 3);
		for (i = 0; i < n; i++)
			add_letter(m, d, p[-1]);
	}
	*unordered = strcmp(name, "SMEMBERS") == 0;
	free(name);
}

/* --- scripts of one line --- */

/* How a number arrives. */
#define SET_GET(v) "redis.call('SET',KEYS[1]," v ") " \
	"return redis.call('GET',KEYS[1])"

/* From which version on; KEYS[1] and ARGV[1] are there. */
static const struct {
	int		 version;
	const char	*text;
} lines[] = {
	{ 0, "return 3.99" }, { 0, "return -3.99" }, { 0, "return 1e300" },
	{ 0, "return 0/0" }, { 0, "return true" }, { 0, "return false" },
	{ 0, "return" }, { 0, "return {1,2,nil,3}" },
	{ 0, "return {1,{2,'x',{false}},true,{}}" },
	{ 0, "return {ok='fine\\r\\nx\\r\\n'}" },
	{ 0, "return {err='bad\\r\\nx\\r\\n'}" }, { 0, "return {err='-bad'}" },
	{ 0, "return {err=5}" }, { 0, "return {ok='a',err='b'}" },
	{ 0, "return {a=1}" }, { 0, "return {{err='x'},{ok='y'}}" },
	{ 0, "return redis.error_reply('x y')" },
	{ 0, "return redis.error_reply('-x y')" },
	{ 0, "return redis.error_reply('x')" },
	{ 0, "return redis.error_reply('')" },
	{ 0, "return redis.error_reply('-')" },
	{ 0, "return redis.error_reply(' x')" },
	{ 0, "return redis.error_reply('a\\r\\nb')" },
	{ 0, "return redis.error_reply()" },
	{ 0, "return redis.error_reply(5)" },
	{ 0, "return redis.error_reply(ARGV[1])" },
	{ 0, "return redis.error_reply(ARGV[1]).err" },
	{ 0, "return redis.status_reply(ARGV[1])" },
	{ 0, "return redis.status_reply({})" },
	{ 0, "return redis.sha1hex(ARGV[1])" },
	{ 0, "return redis.sha1hex()" },
	{ 0, "return redis.call()" }, { 0, "return redis.pcall()" },
	{ 0, "return redis.call({})" }, { 0, "\nreturn redis.call('GET',{})" },
	{ 0, "return redis.pcall('GET',nil)" },
	{ 0, "return redis.call('nope')" }, { 0, "return redis.pcall('nope')" },
	{ 0, "return redis.call(1)" },
	{ 0, "return redis.call('GET')" },
	{ 0, "return redis.pcall('GET').err" },
	{ 0, "return redis.call('HGET',KEYS[1],'f')" },
	{ 0, "return redis.pcall('HGET',KEYS[1],'f')" },
	{ 0, "\n\nreturn redis.call('GET',KEYS[1])" },
	{ 0, "local function f()\nredis.call('GET',KEYS[1])\nend\n\nf()" },
	{ 0, "local ok,e=pcall(redis.call,'GET',KEYS[1]) return {ok,e}" },
	{ 0, "local ok,e=pcall(redis.call) return {tostring(ok),e}" },
	{ 0, "local ok,e=pcall(error,{err='x'}) return type(e)" },
	{ 0, "local ok,e=pcall(function() redis.call('GET',KEYS[1]) end) "
	    "error(e)" },
	{ 0, "local co=coroutine.create(function() return "
	    "redis.call('HGET',KEYS[1],'f') end) local ok,e="
	    "coroutine.resume(co) return {tostring(ok),type(e)}" },
	{ 0, "error('boom')" }, { 0, "error('boom',0)" },
	{ 0, "error({err='table'})" }, { 0, "error(5)" }, { 0, "error(true)" },
	{ 0, "error('a\\r\\nb')" },
	{ 0, "local x = nil .. 'a'" }, { 0, "local x = nil; return x.y" },
	{ 0, "return #nil" }, { 0, "return ARGV[1] < 5" },
	{ 0, "x = 1" }, { 0, "return x" }, { 0, "_G.x = 1" },
	{ 0, "function foo() end" }, { 0, "return type(os)" },
	{ 0, "return type(io)" }, { 0, "return type(loadfile)" },
	{ 0, "return type(require)" }, { 0, "return type(print)" },
	{ 0, "return type(debug)" }, { 0, "return type(getfenv)" },
	{ 0, "return {type(pcall),type(loadstring),type(xpcall),type(next),"
	    "type(select),type(unpack),type(string),type(table),type(math)}" },
	{ 0, "return rawget(_G,'x')" }, { 0, "return string.nosuch" },
	{ 0, "return type(getmetatable(_G))" },
	{ 0, "KEYS[1]='z' return KEYS[1]" }, { 0, "return {#KEYS,#ARGV}" },
	{ 7, "string = 1" }, { 7, "KEYS = {}" }, { 7, "ARGV = nil" },
	{ 7, "rawset(_G,'x',1)" }, { 7, "setmetatable(_G,{})" },
	{ 7, "local f=loadstring('zzz=1') return f()" },
	{ 7, "end return 1" }, { 0, "return +" }, { 0, "while" },
	{ 0, "local f=loadstring('return nosuch') return f()" },
	{ 0, "local f,m=loadstring('zzz=') return m" },
	{ 0, SET_GET("1.5") },
	{ 0, SET_GET("2^53") },
	{ 0, SET_GET("2^60") },
	{ 0, SET_GET("1e20") },
	{ 0, SET_GET("0.1") },
	{ 0, SET_GET("-0.0") },
	{ 0, SET_GET("1/0") },
	{ 0, SET_GET("0/0") },
	{ 0, "return redis.call('SET',KEYS[1],'x','PX',5).ok" },
	{ 0, "return type(redis.call('SET',KEYS[1],'x','NX'))" },
	{ 0, "return redis.call('SET',KEYS[1],'x','PX',0)" },
	{ 0, "return redis.call('SET',KEYS[1],'x','\\r\\n')" },
	{ 0, "return redis.call('PING')" },
	{ 0, "return redis.call('PING','x')" },
	{ 0, "return redis.call('SUBSCRIBE','x')" },
	{ 0, "return redis.call('UNSUBSCRIBE')" },
	{ 0, "return redis.call('EVAL','return 1',0)" },
	{ 0, "return redis.call('AUTH','x')" },
	{ 0, "return redis.call('SCRIPT','LOAD','return 1')" },
	{ 0, "return redis.call('SELECT',1)" },
	{ 0, "redis.call('SELECT',1) return redis.call('GET',KEYS[1])" },
	{ 0, "return {redis.call('TYPE',KEYS[1]),redis.pcall('HGET',KEYS[1],"
	    "'f'),redis.pcall('HMGET',KEYS[1],'f','u1')}" },
	{ 0, "return redis.call('DEL',KEYS[1]) + 1.7" },
	{ 0, "return redis.call('HINCRBY',KEYS[1],'f',1.5)" },
	{ 0, "return redis.call('HINCRBY',KEYS[1],'f',3)" },
	{ 0, "return redis.call('PEXPIRE',KEYS[1],ARGV[1])" },
	{ 0, "return redis.call('PTTL',KEYS[1])" },
	{ 0, "return redis.call('HSET',KEYS[1],'f','v','u1')" },
	{ 0, "return redis.call('HGETALL',KEYS[1])" },
	{ 0, "return redis.call('HKEYS',KEYS[1])" },
	{ 0, "local a,b=unpack(redis.call('MGET',KEYS[1],KEYS[2])) "
	    "return {type(a),b}" },
	{ 0, "local t=redis.call('HMGET',KEYS[1],'f','u1') "
	    "return {type(t[1]),type(t[2]),#t}" },
	{ 0, "for i=1,3 do redis.call('PUBLISH','to:00000000000000a1',i) "
	    "redis.call('PUBLISH','to:00000000000000b2',ARGV[1]) end" },
	{ 0, "redis.call('SET',KEYS[1],'half') error('way')" },
	{ 0, "return tostring(2^53)" }, { 0, "return 2^63" },
	{ 0, "return -2^63" }, { 0, "return 2^53+1" },
	{ 0, "return 'a\\0b'" }, { 0, "return {KEYS[1],KEYS[2],'z'}" },
	{ 0, "return string.format('%.0f|%s|%5.2f', 5, ARGV[1], 1/3)" },
	{ 0, "return {string.find('a,b', ',', 1, true)}" },
	{ 0, "return {string.match(ARGV[1], '^(%d+) (.*)$')}" },
	{ 0, "return tonumber(ARGV[1])" }, { 0, "return redis" },
	{ 0, "return function() end" }, { 0, "return {1,function() end,3}" },
};

static void
make_line(struct maker *m, struct draft *d)
{
	size_t i;

	do
		i = maker_below(m, COUNT_OF(lines));
	while (lines[i].version > m->version);
	add(d, "EVAL");
	add(d, lines[i].text);
	add(d, "1");
	add(d, PICK(m, keys));
	/* PEXPIRE is among them. */
	add_letter(m, d, 'w');
}

/* --- the real scripts --- */

/* What the arguments from 7 on are, see make_argument(); and how many rooms. */
static const struct {
	const char	*form;
	bool		 many;
} rooms[SCRIPTS_N] = {
	[SCRIPT_ANNOUNCE] = { "nNdhl", false },
	[SCRIPT_BADGES] =  { "T", false },
	[SCRIPT_CHECK] =   { "XQer", true },
	[SCRIPT_COMMIT] =  { "epsEtPtSMghlOVmb", false },
	[SCRIPT_HOLDERS] = { "w", true },
	[SCRIPT_JOIN] =	   { "uiboorhlLZ", false },
	[SCRIPT_LEAVE] =   { "wuepsEtPtSMrhlOVm", false },
	[SCRIPT_LOAD] =	   { "", false },
	[SCRIPT_RESTORE] = { "ZnEtPtSMhlOVm", false },
	[SCRIPT_SEEN] =	   { "ud", false },
	[SCRIPT_SEND] =	   { "uuh", false },
	[SCRIPT_STATE] =   { "uLh", false },
};

/* What the model has there, after prefix: "" if there is nothing. */
static void
add_peeked(struct maker *m, struct draft *d, const char *prefix,
    const char *key, const char *field)
{
	struct buf command = { 0 }, reply = { 0 }, value = { 0 };
	struct slice text = { NULL, 0 };
	const char *line;

	resp_add_header(&command, field == NULL ? 2 : 3);
	resp_add_str(&command, field == NULL ? "GET" : "HGET");
	resp_add_str(&command, key);
	if (field != NULL)
		resp_add_str(&command, field);
	sim_session_command(m->peek, (struct slice){ command.p, command.n },
	    &reply);
	line = memchr(reply.p, '\n', reply.n);
	if (reply.p[0] == '$' && reply.p[1] != '-') {
		text.p = line + 1;
		text.n = (size_t)(reply.p + reply.n - 2 - text.p);
		buf_add_str(&value, prefix);
		buf_add(&value, text.p, text.n);
	}
	resp_add_bulk(&d->args, value.p, value.n);
	d->n++;
	buf_fini(&command);
	buf_fini(&reply);
	buf_fini(&value);
}

static void
add_room_key(struct draft *d, char room, const char *name)
{
	char prefix[3] = { room, ':', '\0' };

	add_f(d, prefix, name);
}

static void
add_expected(struct maker *m, struct draft *d, char letter, char room)
{
	char key[16] = { room, ':', '\0' };
	const char *name = letter == 'e' ? "editor" : letter == 'p' ?
	    "previous" : "hash";

	memcpy(key + 2, name, strlen(name) + 1);
	add_peeked(m, d, letter == 'X' || letter == 'Q' ? "" : "v", key,
	    letter == 's' ? "state" : letter == 'X' ? "epoch" :
	    letter == 'Q' ? "seq" : NULL);
}

static void
make_argument(struct maker *m, struct draft *d, char letter, char room)
{
	static const char *const users[] = { "u1", "u2", "u3" };
	static const char *const letters[] = { "", "u", "i", "v" };
	static const char *const epochs[] = { "", "0000000000000001",
	    "fffffffffffffff0" };
	static const char *const editors[] = { "", "vu1", "vu2" };
	static const char *const ttls[] = { "0", "5", "1000", "60000" };
	static const char *const heads[] = { "", "m3:A:x,", "text" };
	static const char *const objects[] = { "", "o1", "o2" };
	static const char *const badges[] = { "", "v1699999999999 old",
	    "v1800000000000 new" };
	static const char *const opts[] = { "", "v", "vsomething" };
	static const char *const numbers[] = { "1", "5", "12", "100" };
	struct buf b = { 0 };

	switch (letter) {
	case 'e': case 'p': case 's': case 'X': case 'Q':
		add_expected(m, d, letter, room);
		return;
	case 'E': case 'P':
		add(d, PICK(m, editors));
		return;
	case 't':
		add(d, PICK(m, ttls));
		return;
	case 'g':
		add(d, one_in(m, 3) ? "1000" : "0");
		return;
	case 'h': case 'l': case 'm':
		add(d, PICK(m, heads));
		return;
	case 'O':
		add(d, PICK(m, objects));
		return;
	case 'V':
		add(d, PICK(m, badges));
		return;
	case 'S': case 'M': case 'o':
		add(d, PICK(m, opts));
		return;
	case 'u':
		add(d, PICK(m, users));
		return;
	case 'Z':
		if (one_in(m, 2))
			add_expected(m, d, 'X', room);
		else
			add(d, PICK(m, epochs));
		return;
	case 'w':
		add(d, PICK(m, worker_ids));
		return;
	case 'L':
		add(d, PICK(m, letters));
		return;
	case 'b':
		add(d, one_in(m, 2) ? "1" : "0");
		return;
	case 'n':
		add(d, PICK(m, numbers));
		return;
	case 'N':
		add_f(d, PICK(m, numbers), " saved");
		return;
	case 'T':
		buf_add_int(&b, m->now_ms);
		add(d, buf_str(&b));
		buf_fini(&b);
		return;
	default:	/* i info, r reference, d text */
		add(d, "any text");
	}
}

static void
add_script(struct maker *m, struct draft *d, enum script script)
{
	bool by_text = one_in(m, 3);

	add(d, by_text ? "EVAL" : "EVALSHA");
	add(d, by_text ? m->scripts->v[script].text :
	    m->scripts->v[script].sha);
}

static void
add_room_keys(struct maker *m, struct draft *d, char room, bool is_sound)
{
	static const char *const names[] = { "hash", "members", "workers",
	    "editor", "previous", "modified", "chat", "saved" };
	size_t i;

	for (i = 0; i < COUNT_OF(names); i++)
		if (!is_sound && one_in(m, 300))
			add(d, PICK(m, keys));
		else
			add_room_key(d, room, names[i]);
	add(d, "M:editing");
	add(d, "M:workers");
}

static void
add_common(struct maker *m, struct draft *d, const char *id)
{
	struct buf b = { 0 };

	add(d, id);
	add(d, CHANNEL);
	buf_addf(&b, "%016llx", (unsigned long long)next_random(m) | 1);
	add(d, buf_str(&b));
	add(d, one_in(m, 10) ? "20" : "60000");
	add(d, one_in(m, 6) ? "-2" : one_in(m, 6) ? "1" : "2");
	buf_reset(&b);
	buf_add_int(&b, (int64_t)maker_below(m, 50));
	add(d, buf_str(&b));
	buf_fini(&b);
}

/* Now and then something else stands there, or nothing. */
static void
make_arguments(struct maker *m, struct draft *d, const char *form, char room)
{
	size_t spoil = one_in(m, 8) ? maker_below(m, 20) : SIZE_MAX, i;

	for (i = 0; form[i] != '\0'; i++) {
		if (i != spoil)
			make_argument(m, d, form[i], room);
		else if (one_in(m, 4))
			return;
		else
			add_letter(m, d, 'w');
	}
}

static void
make_room_script(struct maker *m, struct draft *d, enum script script)
{
	const char *id = PICK(m, worker_ids), *form = rooms[script].form;
	bool both = rooms[script].many && one_in(m, 2);
	bool gate = script == SCRIPT_COMMIT && one_in(m, 2);
	char room = one_in(m, 3) ? 'B' : 'A', other = room == 'A' ? 'B' : 'A';
	struct buf n = { 0 };

	add_script(m, d, script);
	buf_add_int(&n, 14 + (both ? 10 : 0) + (gate ? 1 : 0));
	add(d, buf_str(&n));
	buf_fini(&n);
	add_f(d, "lease:", id);
	add_f(d, "rooms:", PICK(m, worker_ids));
	add(d, "generation");
	add(d, "unsettled");
	add_room_keys(m, d, room, false);
	if (both)
		add_room_keys(m, d, other, false);
	if (gate)
		add(d, "gate");
	add_common(m, d, id);
	if (script == SCRIPT_CHECK)
		add(d, "all");
	make_arguments(m, d, form, room);
	if (both && script == SCRIPT_CHECK)
		make_arguments(m, d, form, other);
}

static void
make_lease(struct maker *m, struct draft *d)
{
	static const char *const servers[] = { "-", "r1/a", "r2/b" };
	static const char *const generations[] = { "00000000000000d1",
	    "00000000000000d2", "" };
	const char *id = PICK(m, worker_ids);

	add_script(m, d, SCRIPT_LEASE);
	add(d, "5");
	add_f(d, "lease:", id);
	add(d, "all");
	add_f(d, "rooms:", id);
	add(d, "generation");
	add(d, "unsettled");
	add(d, id);
	add(d, PICK(m, times));
	add(d, PICK(m, times));
	add(d, one_in(m, 2) ? "new" : "renew");
	add(d, PICK(m, servers));
	add(d, generations[maker_below(m, 2)]);
	add(d, PICK(m, generations));
	add(d, one_in(m, 3) ? "0" : PICK(m, times));
	add(d, one_in(m, 6) ? "2" : "1");
	add(d, PICK(m, generations));
}

static void
make_forget(struct maker *m, struct draft *d)
{
	const char *id = PICK(m, worker_ids);

	add_script(m, d, SCRIPT_FORGET);
	add(d, "4");
	add(d, "all");
	add_f(d, "rooms:", id);
	add_f(d, "lease:", id);
	add_f(d, "reap:", id);
	add(d, id);
}

static void
make_orphan(struct maker *m, struct draft *d)
{
	add_script(m, d, SCRIPT_ORPHAN);
	add(d, "1");
	add(d, one_in(m, 10) ? PICK(m, keys) : "all");
	add(d, "lease:");
	add(d, "reap:");
	add(d, PICK(m, times));
	add(d, PICK(m, worker_ids));
	add(d, one_in(m, 3) ? PICK(m, worker_ids) : "");
}

static void
make_script(struct maker *m, struct draft *d, bool *unordered)
{
	static const enum script often[] = { SCRIPT_JOIN, SCRIPT_COMMIT,
	    SCRIPT_COMMIT, SCRIPT_LEAVE, SCRIPT_LEASE, SCRIPT_STATE };
	enum script script = one_in(m, 2) ? PICK(m, often) :
	    (enum script)maker_below(m, SCRIPTS_N);

	if (script == SCRIPT_LEASE)
		make_lease(m, d);
	else if (script == SCRIPT_FORGET)
		make_forget(m, d);
	else if (script == SCRIPT_ORPHAN) {
		make_orphan(m, d);
		*unordered = true;
	} else
		make_room_script(m, d, script);
}

void
maker_next(struct maker *m, struct buf *out, bool *unordered)
{
	size_t kind = maker_below(m, 100);
	struct draft d = { 0 };

	*unordered = false;
	if (kind < 40)
		make_plain(m, &d, unordered);
	else if (kind < 55)
		make_line(m, &d);
	else
		make_script(m, &d, unordered);
	finish(&d, out);
}

/* --- for the measurement --- */

static void
add_sound(struct maker *m, struct draft *d, enum script script,
    const char *id)
{
	add(d, "EVALSHA");
	add(d, m->scripts->v[script].sha);
	add(d, "12");
	add_f(d, "lease:", id);
	add_f(d, "rooms:", id);
	add_room_keys(m, d, 'A', true);
	add(d, id);
	add(d, CHANNEL);
	add(d, "00000000000000ab");
	add(d, "60000");
	add(d, "0");
	add(d, "1");
}

void
maker_join(struct maker *m, struct buf *out, size_t user)
{
	static const char *const args[] = { "{\"name\": \"somebody\"}", "1", "",
	    "", "5:e:a/b", "head", "tail", "u" };
	struct draft d = { 0 };
	char name[2] = { (char)('1' + user), '\0' };
	size_t i;

	add_sound(m, &d, SCRIPT_JOIN, worker_ids[user % 2]);
	add(&d, name);
	for (i = 0; i < COUNT_OF(args); i++)
		add(&d, args[i]);
	finish(&d, out);
}

void
maker_commit(struct maker *m, struct buf *out)
{
	static const char *const args[] = { "v1", "60000", "", "0", "vstate",
	    "", "0", "head", "tail", "", "", "" };
	struct draft d = { 0 };
	size_t i;

	add_sound(m, &d, SCRIPT_COMMIT, worker_ids[0]);
	add_expected(m, &d, 'e', 'A');
	add_expected(m, &d, 'p', 'A');
	add_expected(m, &d, 's', 'A');
	for (i = 0; i < COUNT_OF(args); i++)
		add(&d, args[i]);
	finish(&d, out);
}

/*
 * Scripts from outside: each is compiled once and kept, and what it returns
 * becomes RESP.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <lua.h>

#include <lauxlib.h>

#include "sim/redis_priv.h"
#include "store/resp.h"
#include "store/tls.h"

#define DEPTH_MAX	1000	/* tables inside tables that are answered */

/* Leaves the function on the stack, or the text of an error: Redis 6 makes a
 * global function of a script. */
static bool
load_6(lua_State *lua, const char *sha, struct slice text)
{
	struct buf b = { 0 };
	char name[SIM_ID_SIZE + 2];
	bool ok;

	(void)snprintf(name, sizeof(name), "f_%s", sha);
	buf_addf(&b, "function %s() ", name);
	buf_add(&b, text.p, text.n);
	buf_add_str(&b, "\nend");
	ok = luaL_loadbuffer(lua, b.p, b.n, "@user_script") == 0;
	buf_fini(&b);
	if (!ok)
		return (false);
	lua_call(lua, 0, 0);
	lua_getglobal(lua, name);
	return (true);
}

/* A script in the interpreter, compiled if need be; NULL after an error. */
static const struct sim_entry *
compile(struct sim_call *c, struct slice text)
{
	struct sim_redis *r = c->r;
	struct sim_dict *compiled = &r->interpreter->compiled;
	struct sim_entry *e;
	char sha[SIM_ID_SIZE];
	bool ok;

	if ((e = sim_dict_find(compiled, text)) != NULL)
		return (e);
	tls_sha1_hex(text.p, text.n, sha);
	ok = r->version >= 7 ? luaL_loadbuffer(r->lua, text.p, text.n,
	    "@user_script") == 0 : load_6(r->lua, sha, text);
	if (!ok) {
		sim_reply_error(c, "ERR Error compiling script (new "
		    "function): %s", lua_tostring(r->lua, -1));
		lua_settop(r->lua, 0);
		return (NULL);
	}
	e = sim_dict_add(compiled, text);
	sim_entry_set(e, slice_of(sha));
	e->function = luaL_ref(r->lua, LUA_REGISTRYINDEX);
	return (e);
}

/* The script, known from now on; NULL after an error. */
static struct sim_entry *
load(struct sim_call *c, struct slice text)
{
	const struct sim_entry *compiled = compile(c, text);
	struct slice sha;
	struct sim_entry *e;

	if (compiled == NULL)
		return (NULL);
	sha = (struct slice){ compiled->p, compiled->n };
	if ((e = sim_dict_find(&c->r->scripts, sha)) == NULL) {
		e = sim_dict_add(&c->r->scripts, sha);
		e->function = compiled->function;
	}
	return (e);
}

static void
set_arguments(lua_State *lua, const char *name, const struct slice *v,
    size_t n)
{
	size_t i;

	lua_createtable(lua, (int)n, 0);
	for (i = 0; i < n; i++) {
		lua_pushlstring(lua, v[i].p, v[i].n);
		lua_rawseti(lua, -2, (int)i + 1);
	}
	lua_setfield(lua, -2, name);
}

/* As the processor that Redis runs on does it. */
static int64_t
truncated(lua_Number v)
{
	return (v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN);
}

static void add_value(const struct sim_redis *r, struct buf *out, int depth);

/* Whether the table on top has a text of that name; then it is added. */
static bool
add_named(const struct sim_redis *r, struct buf *out, const char *name,
    char mark)
{
	lua_State *lua = r->lua;
	bool found;
	struct slice s;

	lua_pushstring(lua, name);
	lua_rawget(lua, -2);
	found = lua_type(lua, -1) == LUA_TSTRING;
	if (found) {
		s.p = lua_tolstring(lua, -1, &s.n);
		/* Read as a C string there. */
		s.n = strlen(s.p);
		sim_add_line(out, mark, s, mark == '-' && r->version >= 7);
	}
	lua_pop(lua, 1);
	return (found);
}

static void
add_table(const struct sim_redis *r, struct buf *out, int depth)
{
	lua_State *lua = r->lua;
	int i, n = 0;

	if (add_named(r, out, "err", '-') || add_named(r, out, "ok", '+'))
		return;
	if (depth == DEPTH_MAX || !lua_checkstack(lua, 4)) {
		buf_add_str(out, "-ERR reached lua stack limit\r\n");
		return;
	}
	for (;; n++) {
		bool end;

		lua_rawgeti(lua, -1, n + 1);
		end = lua_isnil(lua, -1);
		lua_pop(lua, 1);
		if (end)
			break;
	}
	resp_add_header(out, (size_t)n);
	for (i = 1; i <= n; i++) {
		lua_rawgeti(lua, -1, i);
		add_value(r, out, depth + 1);
		lua_pop(lua, 1);
	}
}

/* Appends the value on top of the stack. */
static void
add_value(const struct sim_redis *r, struct buf *out, int depth)
{
	struct slice s;

	switch (lua_type(r->lua, -1)) {
	case LUA_TSTRING:
		s.p = lua_tolstring(r->lua, -1, &s.n);
		resp_add_slice(out, s);
		break;
	case LUA_TNUMBER:
		buf_add_char(out, ':');
		buf_add_int(out, truncated(lua_tonumber(r->lua, -1)));
		buf_add_str(out, "\r\n");
		break;
	case LUA_TBOOLEAN:
		buf_add_str(out, lua_toboolean(r->lua, -1) ? ":1\r\n" :
		    "$-1\r\n");
		break;
	case LUA_TTABLE:
		add_table(r, out, depth);
		break;
	default:
		buf_add_str(out, "$-1\r\n");
	}
}

static void
run_script(struct sim_call *c, const struct sim_entry *script, size_t n_keys)
{
	struct sim_redis *r = c->r;
	lua_State *lua = r->lua;
	int db = c->s->db;

	lua_rawgeti(lua, LUA_REGISTRYINDEX, r->interpreter->globals);
	set_arguments(lua, "KEYS", c->v + 3, n_keys);
	set_arguments(lua, "ARGV", c->v + 3 + n_keys, c->n - 3 - n_keys);
	lua_settop(lua, 0);
	memcpy(r->sha, script->name, sizeof(r->sha));
	r->caller = c->s;
	r->wrote = false;
	lua_rawgeti(lua, LUA_REGISTRYINDEX, r->interpreter->handler);
	lua_rawgeti(lua, LUA_REGISTRYINDEX, script->function);
	if (lua_pcall(lua, 0, 1, 1) == 0)
		add_value(r, c->out, 0);
	else
		sim_reply_error(c, "%s", lua_tostring(lua, -1));
	lua_settop(lua, 0);
	r->caller = NULL;
	/* SELECT inside a script is over with it. */
	c->s->db = db;
}

/* How many of the arguments are keys. False after an error. */
static bool
parse_n_keys(struct sim_call *c, size_t *n_keys)
{
	int64_t n;

	if (!sim_parse_integer(c->v[2], &n))
		sim_reply_error(c, "ERR value is not an integer or out of "
		    "range");
	else if (n > (int64_t)c->n - 3)
		sim_reply_error(c, "ERR Number of keys can't be greater than "
		    "number of args");
	else if (n < 0)
		sim_reply_error(c, "ERR Number of keys can't be negative");
	else
		*n_keys = (size_t)n;
	return (!c->failed);
}

void
sim_run_eval(struct sim_call *c)
{
	struct sim_entry *script;
	size_t n_keys;

	if (!parse_n_keys(c, &n_keys) || (script = load(c, c->v[1])) == NULL)
		return;
	run_script(c, script, n_keys);
}

/* As it was sent, in lower case; NULL if it is not known. */
static struct sim_entry *
find_script(const struct sim_redis *r, struct slice sha)
{
	char lower[SIM_ID_SIZE - 1];
	size_t i;

	if (sha.n != sizeof(lower))
		return (NULL);
	for (i = 0; i < sizeof(lower); i++)
		lower[i] = (char)tolower((unsigned char)sha.p[i]);
	return (sim_dict_find(&r->scripts, (struct slice){ lower,
	    sizeof(lower) }));
}

void
sim_run_evalsha(struct sim_call *c)
{
	const struct sim_entry *script = find_script(c->r, c->v[1]);
	size_t n_keys;

	/* Only what may be a SHA1 gets as far as its keys. */
	if (c->v[1].n == SIM_ID_SIZE - 1 && !parse_n_keys(c, &n_keys))
		return;
	if (script == NULL)
		sim_reply_error(c, "NOSCRIPT No matching script. Please use "
		    "EVAL.");
	else
		run_script(c, script, n_keys);
}

static void
script_load(struct sim_call *c)
{
	const struct sim_entry *script = load(c, c->v[2]);

	if (script != NULL)
		sim_reply_bulk(c, sim_entry_name(script));
}

static void
script_exists(struct sim_call *c)
{
	size_t i;

	sim_reply_array(c, c->n - 2);
	for (i = 2; i < c->n; i++)
		sim_reply_int(c, find_script(c->r, c->v[i]) != NULL);
}

static void
script_flush(struct sim_call *c)
{
	sim_lua_fini(c->r);
	sim_lua_init(c->r);
	sim_reply_status(c, "OK");
}

void
sim_run_script(struct sim_call *c)
{
	static const struct {
		const char	*name;
		size_t		 min, max;
		void		(*run)(struct sim_call *);
	} verbs[] = {
		{ "load", 3, 3, script_load },
		{ "exists", 3, SIZE_MAX, script_exists },
		{ "flush", 2, 2, script_flush },
	};
	size_t i = 0;

	while (i < COUNT_OF(verbs) && !slice_is_nocase(c->v[1], verbs[i].name))
		i++;
	if (i < COUNT_OF(verbs) && c->n >= verbs[i].min &&
	    c->n <= verbs[i].max)
		verbs[i].run(c);
	else if (c->r->version < 7)
		sim_reply_error(c, "ERR Unknown subcommand or wrong number of "
		    "arguments for '%.*s'. Try SCRIPT HELP.",
		    (int)c->v[1].n, c->v[1].p);
	else if (i < COUNT_OF(verbs))
		sim_reply_error(c, "ERR wrong number of arguments for "
		    "'script|%s' command", verbs[i].name);
	else
		sim_reply_error(c, "ERR unknown subcommand '%.*s'. Try SCRIPT "
		    "HELP.", (int)(c->v[1].n < 128 ? c->v[1].n : 128),
		    c->v[1].p);
}

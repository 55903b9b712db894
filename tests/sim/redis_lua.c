/*
 * What scripts see of Redis: redis.call() and its kin, the libraries, guarded
 * globals, and the texts of errors; all of which differs between Redis 6 and
 * 7. A command of a script goes straight to the commands and comes back as a
 * value of Lua, without RESP between.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "sim/redis_priv.h"
#include "store/tls.h"

#define EXACT_MAX	1e15	/* whole numbers up to here are printed fast */

#define COMPILED_MAX	256	/* scripts that an interpreter may keep */

/* Those without work. */
static SLIST_HEAD(, sim_interpreter) idle = SLIST_HEAD_INITIALIZER(idle);

static struct sim_redis *
redis_of(lua_State *lua)
{
	const struct sim_interpreter *i =
	    lua_touserdata(lua, lua_upvalueindex(1));

	return (i->redis);
}

/* --- redis.call() and its kin --- */

/*
 * An error of ours on the stack, as a table. Redis 6 says where, and leaves
 * the form of the protocol in a refusal.
 */
static void
push_error(struct sim_call *c, const char *code, const char *text)
{
	lua_Debug at;

	if (c->r->version >= 7) {
		sim_reply_error(c, "%s%s", code, text);
		return;
	}
	memset(&at, 0, sizeof(at));
	if (lua_getstack(c->lua, 1, &at) == 0)
		sim_reply_error(c, "%s", text);
	else {
		(void)lua_getinfo(c->lua, "Sl", &at);
		sim_reply_error(c, "%s: %d: %s", at.source, at.currentline,
		    text);
	}
}

/* The text of Redis 7 or 6. */
static void
push_either(struct sim_call *c, const char *text_7, const char *text_6)
{
	push_error(c, "ERR ", c->r->version >= 7 ? text_7 : text_6);
}

static void
push_refused(struct sim_call *c, const char *text)
{
	char *whole;

	if (c->r->version >= 7) {
		push_error(c, "", text);
		return;
	}
	whole = xasprintf("-%s\r\n", text);
	push_error(c, "", whole);
	free(whole);
}

/* A number as Redis hands it to a command, at its place on the stack. */
static void
number_to_text(lua_State *lua, int at)
{
	lua_Number v = lua_tonumber(lua, at);
	char text[64];
	struct buf b = { 0 };

	if (v > -EXACT_MAX && v < EXACT_MAX && v == (lua_Number)(int64_t)v &&
	    (v != 0 || !signbit(v))) {
		buf_add_int(&b, (int64_t)v);
		lua_pushlstring(lua, b.p, b.n);
		buf_fini(&b);
	} else {
		(void)snprintf(text, sizeof(text), "%.17g", v);
		lua_pushstring(lua, text);
	}
	lua_replace(lua, at);
}

/* The arguments on the stack, which stay there. */
static bool
take_arguments(struct sim_call *c)
{
	struct sim_args *args = &c->r->lua_args;
	size_t i, n = (size_t)lua_gettop(c->lua);

	if (n > args->cap) {
		args->v = xreallocarray(args->v, n, sizeof(*args->v));
		args->cap = n;
	}
	for (i = 0; i < n; i++) {
		int type = lua_type(c->lua, (int)i + 1);

		if (type == LUA_TNUMBER)
			number_to_text(c->lua, (int)i + 1);
		else if (type != LUA_TSTRING)
			return (false);
		args->v[i].p = lua_tolstring(c->lua, (int)i + 1,
		    &args->v[i].n);
	}
	c->v = args->v;
	c->n = n;
	return (true);
}

static void
run_command(struct sim_call *c)
{
	const struct sim_command *command = sim_command_find(c->r, c->v[0]);
	const char *refused;

	if (command == NULL) {
		push_either(c, "Unknown Redis command called from script",
		    "Unknown Redis command called from Lua script");
		return;
	}
	if (!sim_command_fits(c->r, command, c->n)) {
		push_either(c, "Wrong number of args calling Redis command "
		    "from script", "Wrong number of args calling Redis "
		    "command From Lua script");
		return;
	}
	if ((command->flags & SIM_NOSCRIPT) != 0) {
		push_either(c, "This Redis command is not allowed from script",
		    "This Redis command is not allowed from scripts");
		return;
	}
	/* What has begun to write is not stopped half-way. */
	refused = sim_command_refused(c->r, command, true);
	if (refused != NULL && !c->r->wrote) {
		push_refused(c, refused);
		return;
	}
	if ((command->flags & SIM_WRITE) != 0)
		c->r->wrote = true;
	command->run(c);
}

/* Leaves the answer on the stack. False if it is an error. */
static bool
call(lua_State *lua)
{
	struct sim_redis *r = redis_of(lua);
	struct sim_call c = { .r = r, .s = r->caller, .lua = lua };

	if (lua_gettop(lua) == 0)
		push_either(&c, "Please specify at least one argument for this "
		    "redis lib call", "Please specify at least one argument "
		    "for redis.call()");
	else if (!take_arguments(&c))
		push_either(&c, "Lua redis lib command arguments must be "
		    "strings or integers", "Lua redis() command arguments "
		    "must be strings or integers");
	else
		run_command(&c);
	return (!c.failed);
}

static int
redis_call(lua_State *lua)
{
	if (call(lua))
		return (1);
	if (redis_of(lua)->version < 7)
		lua_getfield(lua, -1, "err");
	return (lua_error(lua));
}

static int
redis_pcall(lua_State *lua)
{
	(void)call(lua);
	return (1);
}

/* Redis 7 wants a code in front: the first word, or "ERR". */
static void
push_coded(struct sim_call *c, const char *text)
{
	const char *space;
	size_t n;

	if (*text == '-')
		text++;
	space = strchr(text, ' ');
	if (space != NULL) {
		n = (size_t)(space - text);
		space++;
	} else {
		n = 0;
		space = text;
	}
	while (*space == '\r' || *space == '\n')
		space++;
	if (space == text)
		sim_reply_error(c, "ERR %s", text);
	else
		sim_reply_error(c, "%.*s %s", (int)n, text, space);
}

/* The only argument is a text. False after an error of ours. */
static bool
is_one_text(struct sim_call *c)
{
	if (lua_gettop(c->lua) == 1 && lua_type(c->lua, 1) == LUA_TSTRING)
		return (true);
	push_error(c, "ERR ", "wrong number or type of arguments");
	return (false);
}

static int
redis_error_reply(lua_State *lua)
{
	struct sim_call c = { .r = redis_of(lua), .lua = lua };

	if (!is_one_text(&c))
		return (1);
	if (c.r->version >= 7) {
		push_coded(&c, lua_tostring(lua, 1));
		return (1);
	}
	lua_createtable(lua, 0, 1);
	lua_pushvalue(lua, 1);
	lua_setfield(lua, -2, "err");
	return (1);
}

static int
redis_status_reply(lua_State *lua)
{
	struct sim_call c = { .r = redis_of(lua), .lua = lua };

	if (!is_one_text(&c))
		return (1);
	lua_createtable(lua, 0, 1);
	lua_pushvalue(lua, 1);
	lua_setfield(lua, -2, "ok");
	return (1);
}

static int
redis_sha1hex(lua_State *lua)
{
	char sha[SIM_ID_SIZE];
	const char *text;
	size_t n;

	if (lua_gettop(lua) != 1) {
		lua_pushliteral(lua, "wrong number of arguments");
		return (lua_error(lua));
	}
	if ((text = lua_tolstring(lua, 1, &n)) == NULL)
		text = "";
	tls_sha1_hex(text, n, sha);
	lua_pushstring(lua, sha);
	return (1);
}

/* --- what scripts find --- */

/* pcall() of Redis 7: an error of a command arrives as its text. */
static int
base_pcall(lua_State *lua)
{
	luaL_checkany(lua, 1);
	lua_pushboolean(lua, 1);
	lua_insert(lua, 1);
	if (lua_pcall(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0) == 0)
		return (lua_gettop(lua));
	if (lua_istable(lua, -1)) {
		lua_getfield(lua, -1, "err");
		if (lua_isstring(lua, -1))
			lua_replace(lua, -2);
		else
			lua_pop(lua, 1);
	}
	lua_pushboolean(lua, 0);
	lua_replace(lua, 1);
	return (2);
}

/* rawset() and setmetatable() of Redis 7: upvalues are the globals' guard and
 * what does it for all other tables. */
static int
base_guarded(lua_State *lua)
{
	int n = lua_gettop(lua);

	if (n > 0 && lua_rawequal(lua, 1, lua_upvalueindex(1))) {
		lua_pushliteral(lua, "Attempt to modify a readonly table");
		return (lua_error(lua));
	}
	lua_pushvalue(lua, lua_upvalueindex(2));
	lua_insert(lua, 1);
	lua_call(lua, n, LUA_MULTRET);
	return (lua_gettop(lua));
}

static int
guard_write(lua_State *lua)
{
	return (luaL_error(lua, "Attempt to modify a readonly table"));
}

static int
guard_read(lua_State *lua)
{
	return (luaL_error(lua, "Script attempted to access nonexistent global "
	    "variable '%s'", lua_tostring(lua, 2)));
}

/* Redis 6: of what kind the function is that our caller was called by. */
static int
guard_kind(lua_State *lua)
{
	lua_Debug at;

	memset(&at, 0, sizeof(at));
	if (lua_getstack(lua, 2, &at) == 0)
		return (0);
	(void)lua_getinfo(lua, "S", &at);
	lua_pushstring(lua, at.what);
	return (1);
}

/* Redis 6 tells in its errors that the guard is in Lua, and in which lines. */
static const char guard_6[] =
    "local kind, guard = ...\n"
    "local error, tostring, rawset = error, tostring, rawset\n"
    "local text = \"Script attempted to %s global variable '%s'\"\n"
    "guard.__newindex = function(globals, name, value)\n"
    "  if kind() == 'Lua' then\n"
    "    local what = 'create'\n"
    "    name = tostring(name)\n"
    "    error(text:format(what, name), 2)\n"
    "  end\n"
    "  rawset(globals, name, value)\n"
    "end\n"
    "guard.__index = function(globals, name)\n"
    "  local what = 'access nonexistent'\n"
    "  name = tostring(name)\n"
    "  if kind() ~= 'C' then error(text:format(what, name), 2) end\n"
    "end\n";

static void
guard_globals_6(lua_State *lua)
{
	if (luaL_loadbuffer(lua, guard_6, LITLEN(guard_6),
	    "@enable_strict_lua") != 0)
		log_fatal("%s", lua_tostring(lua, -1));
	lua_pushcfunction(lua, guard_kind);
	lua_newtable(lua);
	lua_pushvalue(lua, -1);
	lua_setmetatable(lua, LUA_GLOBALSINDEX);
	lua_call(lua, 2, 0);
}

/* The globals themselves keep away who reads what is not there; what scripts
 * see as their globals stands before them and lets nobody write. */
static void
guard_globals_7(lua_State *lua)
{
	static const char *const writers[] = { "rawset", "setmetatable" };
	size_t i;

	lua_newtable(lua);
	lua_pushcfunction(lua, guard_read);
	lua_setfield(lua, -2, "__index");
	lua_setmetatable(lua, LUA_GLOBALSINDEX);

	lua_newtable(lua);
	lua_newtable(lua);
	lua_pushvalue(lua, LUA_GLOBALSINDEX);
	lua_setfield(lua, -2, "__index");
	lua_pushcfunction(lua, guard_write);
	lua_setfield(lua, -2, "__newindex");
	lua_setmetatable(lua, -2);
	for (i = 0; i < COUNT_OF(writers); i++) {
		lua_pushvalue(lua, -1);
		lua_getglobal(lua, writers[i]);
		lua_pushcclosure(lua, base_guarded, 2);
		lua_setglobal(lua, writers[i]);
	}
	lua_pushvalue(lua, -1);
	lua_setglobal(lua, "_G");
	lua_replace(lua, LUA_GLOBALSINDEX);
}

static void
open_libraries(lua_State *lua, int version)
{
	static const luaL_Reg libraries[] = { { "", luaopen_base },
		{ LUA_TABLIBNAME, luaopen_table },
		{ LUA_STRLIBNAME, luaopen_string },
		{ LUA_MATHLIBNAME, luaopen_math } };
	static const char *const away[] = { "dofile", "loadfile", "print",
		"getfenv", "setfenv", "newproxy" };
	size_t i, n = version >= 7 ? COUNT_OF(away) : 2;

	for (i = 0; i < COUNT_OF(libraries); i++) {
		lua_pushcfunction(lua, libraries[i].func);
		lua_pushstring(lua, libraries[i].name);
		lua_call(lua, 1, 0);
	}
	for (i = 0; i < n; i++) {
		lua_pushnil(lua);
		lua_setglobal(lua, away[i]);
	}
	/* Those of libc have a state that all share. */
	lua_getglobal(lua, LUA_MATHLIBNAME);
	lua_pushnil(lua);
	lua_setfield(lua, -2, "random");
	lua_pushnil(lua);
	lua_setfield(lua, -2, "randomseed");
	lua_pop(lua, 1);
	if (version >= 7) {
		lua_pushcfunction(lua, base_pcall);
		lua_setglobal(lua, "pcall");
	}
}

static void
open_redis(struct sim_interpreter *in)
{
	static const luaL_Reg functions[] = {
		{ "call", redis_call },
		{ "pcall", redis_pcall },
		{ "error_reply", redis_error_reply },
		{ "status_reply", redis_status_reply },
		{ "sha1hex", redis_sha1hex },
	};
	lua_State *lua = in->lua;
	size_t i;

	lua_newtable(lua);
	for (i = 0; i < COUNT_OF(functions); i++) {
		lua_pushlightuserdata(lua, in);
		lua_pushcclosure(lua, functions[i].func, 1);
		lua_setfield(lua, -2, functions[i].name);
	}
	lua_setglobal(lua, "redis");
}

/* --- errors that end a script --- */

/* Where it happened: the innermost function, but its caller if it is in C. */
static bool
find_place(lua_State *lua, lua_Debug *at)
{
	memset(at, 0, sizeof(*at));
	if (lua_getstack(lua, 1, at) == 0)
		return (false);
	(void)lua_getinfo(lua, "Sl", at);
	if (strcmp(at->what, "C") != 0)
		return (true);
	if (lua_getstack(lua, 2, at) == 0)
		return (false);
	(void)lua_getinfo(lua, "Sl", at);
	return (true);
}

/* Leaves the text of the error on the stack: Redis 7. */
static void
describe_7(const struct sim_redis *r, lua_State *lua)
{
	lua_Debug at;

	if (lua_istable(lua, 1)) {
		lua_getfield(lua, 1, "err");
		if (!lua_isstring(lua, -1))
			log_fatal("an error without a text: Redis would crash");
	} else {
		lua_pushliteral(lua, "ERR ");
		if (lua_isstring(lua, 1))
			lua_pushvalue(lua, 1);
		else if (lua_isboolean(lua, 1))
			lua_pushstring(lua, lua_toboolean(lua, 1) ? "true" :
			    "false");
		else
			lua_pushstring(lua, luaL_typename(lua, 1));
		lua_concat(lua, 2);
	}
	if (find_place(lua, &at)) {
		lua_pushfstring(lua, " script: %s, on %s:%d.", r->sha,
		    at.source, at.currentline);
		lua_concat(lua, 2);
	}
}

static void
describe_6(const struct sim_redis *r, lua_State *lua)
{
	lua_Debug at;

	lua_pushfstring(lua, "ERR Error running script (call to f_%s): ",
	    r->sha);
	if (!lua_isstring(lua, 1)) {
		/* Its handler fails, and is called for that again. */
		lua_pushfstring(lua, "@err_handler_def:8: err_handler_def:8: "
		    "attempt to concatenate local 'err' (a %s value)",
		    luaL_typename(lua, 1));
		lua_concat(lua, 2);
		return;
	}
	if (find_place(lua, &at))
		lua_pushfstring(lua, "%s:%d: ", at.source, at.currentline);
	else
		lua_pushliteral(lua, "");
	lua_pushvalue(lua, 1);
	lua_concat(lua, 3);
}

static int
describe_error(lua_State *lua)
{
	const struct sim_redis *r = redis_of(lua);

	if (r->version >= 7)
		describe_7(r, lua);
	else
		describe_6(r, lua);
	return (1);
}

/* --- the life of the interpreter --- */

static int
panic(lua_State *lua)
{
	log_fatal("Lua: %s", lua_tostring(lua, -1));
}

static struct sim_interpreter *
interpreter_new(int version)
{
	struct sim_interpreter *in = xcalloc(1, sizeof(*in));

	in->version = version;
	sim_dict_init(&in->compiled);
	in->pool = sim_pool_new();
	if ((in->lua = lua_newstate(sim_pool_realloc, in->pool)) == NULL)
		log_fatal("out of memory (Lua)");
	(void)lua_atpanic(in->lua, panic);
	open_libraries(in->lua, version);
	open_redis(in);
	lua_pushvalue(in->lua, LUA_GLOBALSINDEX);
	in->globals = luaL_ref(in->lua, LUA_REGISTRYINDEX);
	lua_pushlightuserdata(in->lua, in);
	lua_pushcclosure(in->lua, describe_error, 1);
	in->handler = luaL_ref(in->lua, LUA_REGISTRYINDEX);
	if (version >= 7)
		guard_globals_7(in->lua);
	else
		guard_globals_6(in->lua);
	lua_settop(in->lua, 0);
	return (in);
}

static void
interpreter_free(struct sim_interpreter *in)
{
	lua_close(in->lua);
	sim_pool_free(in->pool);
	sim_dict_fini(&in->compiled);
	free(in);
}

void
sim_lua_init(struct sim_redis *r)
{
	struct sim_interpreter *in;

	SLIST_FOREACH(in, &idle, entry)
		if (in->version == r->version)
			break;
	if (in == NULL)
		in = interpreter_new(r->version);
	else
		SLIST_REMOVE(&idle, in, sim_interpreter, entry);
	in->redis = r;
	r->interpreter = in;
	r->lua = in->lua;
	sim_dict_init(&r->scripts);
}

void
sim_lua_fini(struct sim_redis *r)
{
	struct sim_interpreter *in = r->interpreter;

	sim_dict_fini(&r->scripts);
	r->interpreter = NULL;
	r->lua = NULL;
	if (in->compiled.n > COMPILED_MAX)
		interpreter_free(in);
	else
		SLIST_INSERT_HEAD(&idle, in, entry);
}

/*
 * Answers of commands: as RESP for a connection, as a value for a script. A
 * command writes its answer once and does not know for whom.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <lua.h>

#include "base/log.h"
#include "sim/redis_priv.h"
#include "store/resp.h"

/* The value on top of the stack is the answer, or the table's next element. */
static void
lua_value(struct sim_call *c)
{
	if (c->left == 0)
		return;
	lua_rawseti(c->lua, -2, ++c->at);
	c->left--;
}

void
sim_reply_int(struct sim_call *c, int64_t v)
{
	if (c->out == NULL) {
		lua_pushnumber(c->lua, (lua_Number)v);
		lua_value(c);
		return;
	}
	buf_add_char(c->out, ':');
	buf_add_int(c->out, v);
	buf_add(c->out, "\r\n", 2);
}

void
sim_reply_bulk(struct sim_call *c, struct slice s)
{
	if (c->out == NULL) {
		lua_pushlstring(c->lua, s.n == 0 ? "" : s.p, s.n);
		lua_value(c);
		return;
	}
	resp_add_slice(c->out, s);
}

void
sim_reply_nil(struct sim_call *c)
{
	if (c->out == NULL) {
		lua_pushboolean(c->lua, 0);
		lua_value(c);
		return;
	}
	buf_add_str(c->out, "$-1\r\n");
}

void
sim_reply_status(struct sim_call *c, const char *text)
{
	if (c->out == NULL) {
		lua_createtable(c->lua, 0, 1);
		lua_pushstring(c->lua, text);
		lua_setfield(c->lua, -2, "ok");
		return;
	}
	sim_add_line(c->out, '+', slice_of(text), false);
}

void
sim_reply_array(struct sim_call *c, size_t n)
{
	if (c->out == NULL) {
		lua_createtable(c->lua, (int)n, 0);
		c->left = (int)n;
		c->at = 0;
		return;
	}
	resp_add_header(c->out, n);
}

void
sim_reply_error(struct sim_call *c, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_fatal("bad format");
	va_start(ap, fmt);
	(void)vsnprintf(buf_reserve(&text, (size_t)n + 1), (size_t)n + 1, fmt,
	    ap);
	va_end(ap);
	text.n = (size_t)n;
	c->failed = true;
	if (c->out == NULL) {
		lua_createtable(c->lua, 0, 2);
		lua_pushlstring(c->lua, text.p, text.n);
		lua_setfield(c->lua, -2, "err");
		if (c->r->version >= 7) {
			lua_pushboolean(c->lua, 1);
			lua_setfield(c->lua, -2, "ignore_error_stats_update");
		}
	} else
		sim_add_line(c->out, '-', (struct slice){ text.p, text.n },
		    true);
	buf_fini(&text);
}

void
sim_add_line(struct buf *out, char mark, struct slice text, bool trim)
{
	size_t i;

	while (trim && text.n != 0 && (text.p[text.n - 1] == '\r' ||
	    text.p[text.n - 1] == '\n'))
		text.n--;
	buf_add_char(out, mark);
	for (i = 0; i < text.n; i++)
		buf_add_char(out, text.p[i] == '\r' || text.p[i] == '\n' ?
		    ' ' : text.p[i]);
	buf_add(out, "\r\n", 2);
}

/*
 * What browsers do and believe. Whatever a page of either kind does that
 * concerns lock and presence is here in a few lines; nothing else is.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/identity.h"
#include "base/json.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "rooms/room.h"
#include "server/client.h"
#include "server/frame.h"
#include "server/people.h"
#include "server/roomfx.h"
#include "server/route.h"
#include "server/saves.h"
#include "sim/browser.h"

#define LATE_MIN	(1 * MS)
#define LATE_MAX	(40 * MS)
#define BEAT		(15 * SECOND)	/* of a page of the package */
#define ECHO		(2 * SECOND)
#define LONG_ECHO	(90 * SECOND)

/* A frame on its way, or the end of the socket. */
struct parcel {
	TAILQ_ENTRY(parcel) link;
	struct client	*client;
	struct sim_event	*event;
	struct buf	 text;
	bool		 is_end;
	bool		 is_unknown;	/* nobody knows who edits */
};
TAILQ_HEAD(parcels, parcel);

/* A socket: here the worker's end, there the browser's. */
struct client {
	LIST_ENTRY(client) link;
	struct browser	*browser;	/* NULL: it has gone */
	struct worker	*worker;
	struct member	*member;
	bool		 is_live;	/* the worker's end is open */
	struct parcels	 up, down;
	int64_t		 last_up_us, last_down_us;
};

static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);

bool
saves_follow_log(const struct saves *saves UNUSED)
{
	return (true);
}

static void
drop_parcels(struct parcels *list)
{
	struct parcel *m;

	while ((m = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, m, link);
		world_cancel(m->event);
		buf_fini(&m->text);
		free(m);
	}
}

static void
release(struct client *c)
{
	if (c->browser != NULL || c->is_live)
		return;
	drop_parcels(&c->up);
	drop_parcels(&c->down);
	LIST_REMOVE(c, link);
	free(c);
}

static void on_up(void *arg);
static void on_down(void *arg);

static void
post(struct client *c, bool is_up, struct slice text, bool is_end)
{
	int64_t *last = is_up ? &c->last_up_us : &c->last_down_us;
	struct parcel *m;

	/* To a worker that has ended; its end is on the way here. */
	if (is_up && !c->is_live)
		return;
	m = xcalloc(1, sizeof(*m));
	*last = world_later(*last, LATE_MIN, LATE_MAX);
	m->client = c;
	m->is_end = is_end;
	m->is_unknown = world->is_suspending;
	buf_add(&m->text, text.p, text.n);
	TAILQ_INSERT_TAIL(is_up ? &c->up : &c->down, m, link);
	m->event = world_at(*last, is_up ? c->worker : NULL,
	    is_up ? on_up : on_down, m);
}

/* --- the worker's end: in place of server/client.c --- */

void
client_send(struct client *c, struct frame *frame)
{
	const unsigned char *p = (const unsigned char *)frame->p;
	size_t header = 2 + ((p[1] & 127) == 126 ? 2 : (p[1] & 127) == 127 ?
	    8 : 0);

	if (c->is_live && c->browser != NULL)
		post(c, false, (struct slice){ frame->p + header,
		    frame->n - header }, false);
}

static void
worker_end(struct client *c)
{
	struct member *m = c->member;

	c->member = NULL;
	c->is_live = false;
	drop_parcels(&c->up);
	if (m != NULL)
		roomfx_leave(m, false);
}

void
client_close(struct client *c, enum ws_close_code code UNUSED,
    const char *reason UNUSED)
{
	worker_end(c);
	if (c->browser != NULL)
		post(c, false, (struct slice){ NULL, 0 }, true);
	release(c);
}

/* Something from the browser comes to its worker. */
static void
on_up(void *arg)
{
	struct parcel *m = arg;
	struct client *c = m->client;

	TAILQ_REMOVE(&c->up, m, link);
	if (m->is_end) {
		worker_end(c);
		release(c);
	} else if (c->member != NULL)
		roomfx_receive(c->member, (struct slice){ m->text.p,
		    m->text.n });
	buf_fini(&m->text);
	free(m);
}

/* --- the browser's end --- */

const struct worker *
browser_worker(const struct browser *b)
{
	return (b->client == NULL ? NULL : b->client->worker);
}

static void claim(struct browser *b);
static void say(struct browser *b, const char *fmt, ...) PRINTFLIKE(2, 3);
static void browser_hang_up(struct browser *b);
static void connect_soon(struct browser *b, int64_t least_us, int64_t most_us);

static void
say(struct browser *b, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	if (b->client == NULL)
		return;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	post(b->client, true, (struct slice){ text, (size_t)n }, false);
	free(text);
}

/* Whether a lock that was given back then may be heard of only now: a little
 * later, and what was said in trouble when that is over. */
static bool
is_echo(int64_t given_us)
{
	return (given_us != 0 && (world->now_us < given_us + ECHO ||
	    (world->now_us < given_us + LONG_ECHO &&
	    given_us < world->troubled_us + LONG_ECHO)));
}

bool
browser_edits(const struct browser *b)
{
	/* Who has given it back edits no more; nor does a page that has but
	 * found the lock of its user, who gives it back in another one. */
	return (b->is_editor && b->wants &&
	    (b->is_tab || b->deserves ||
	    !is_echo(world->given_us[b->room][b->user])));
}

/* In trouble the worker of another page of the user may rightly have taken this
 * one for gone when the user gave the lock back there. */
static bool
is_given_elsewhere(const struct browser *b)
{
	int64_t given_us = world->given_us[b->room][b->user];

	return (given_us != 0 && given_us < world->troubled_us &&
	    world->now_us < world->troubled_us + LONG_ECHO);
}

static void
believe(struct browser *b, int editor, bool is_mine)
{
	bool is_news = !b->knows_editor || b->editor != editor ||
	    b->is_editor != is_mine;

	if (b->deserves && !is_mine && editor != b->user &&
	    !is_echo(b->given_us) && !is_given_elsewhere(b) &&
	    world->now_us > b->client->worker->excused_us)
		world_violate("I4: b%d (user %d, %s, room %d) edited, its "
		    "socket did not break, and now the editor is %d",
		    b->number, b->user, b->is_tab ? "tab" : "page", b->room,
		    editor);
	if (!is_mine)
		b->deserves = false;
	b->knows_editor = true;
	b->editor = editor;
	b->is_editor = is_mine;
	if (editor != 0)
		b->held_us = 0;
	if (is_news && editor == 0)
		world_tell("b%d: is told: nobody edits", b->number);
	else if (is_news)
		world_tell("b%d: is told: user %d edits%s", b->number, editor,
		    is_mine ? ", here" : "");
	/* A page of the package may find a lock that another page of its user
	 * has left: that one is its own from its first heartbeat on. And a tab
	 * that has just come back finds what it has left, whose end may be on
	 * its way. */
	if (is_mine && b->is_tab && world->now_us > b->since_us + SECOND)
		b->deserves = b->wants;
}

/* Its worker does not know who edits: it does not believe that it is itself, but
 * is to find the lock as it was. */
static void
doubt(struct browser *b)
{
	b->knows_editor = b->is_editor = false;
	b->editor = 0;
	b->held_us = 0;
	world_tell("b%d: is told: nobody knows who edits", b->number);
	if (!b->is_tab && b->wants)
		claim(b);
}

static void
claim(struct browser *b)
{
	if (b->is_tab)
		say(b, "{\"type\":\"claim_editor\",\"move\":false}");
	else
		say(b, "{\"type\":\"claim_editor\",\"timestamp\":\"\"}");
}

static void
on_beat(void *arg)
{
	struct browser *b = arg;

	b->beat = NULL;
	if (b->state != BROWSER_OPEN)
		return;
	if (b->is_tab) {
		/* What was refused is asked for again. */
		if (b->wants && b->knows_editor && b->editor == 0)
			claim(b);
	} else if (b->is_editor) {
		say(b, "{\"type\":\"heartbeat\"}");
		b->deserves = b->wants;
	}
	b->beat = world_at(world->now_us + BEAT, NULL, on_beat, b);
}

static void
ask_status(struct browser *b)
{
	say(b, "{\"type\":\"request_editor_status\"}");
}

static int
user_of(const struct json *obj, const char *key)
{
	int64_t id;

	return (obj != NULL && json_get_int(obj, key, &id) ? (int)id : 0);
}

static void
on_reload(void *arg)
{
	struct browser *b = arg;

	b->event = NULL;
	browser_hang_up(b);
	connect_soon(b, 100 * MS, SECOND);
}

/* The package's page. */
static void
hear_page(struct browser *b, struct slice type, const struct json *obj)
{
	int user = user_of(obj, "user_id");

	if (slice_is(type, "user_joined")) {
		b->present |= 1u << user;
		if (!b->is_welcome) {
			b->is_welcome = true;
			if (user != b->user)
				world_violate("b%d: the first frame is of user "
				    "%d, not of %d", b->number, user, b->user);
			ask_status(b);
			b->beat = world_at(world->now_us + BEAT, NULL,
			    on_beat, b);
		}
	} else if (slice_is(type, "user_left"))
		b->present &= ~(1u << user);
	else if (slice_is(type, "lock_released")) {
		believe(b, 0, false);
		/* The script loads the page anew. */
		if (b->event == NULL)
			b->event = world_at(world->now_us + 2 * SECOND, NULL,
			    on_reload, b);
	} else if (slice_is(type, "editor_status")) {
		int editor = user_of(obj, "editor_id");

		believe(b, editor, editor == b->user);
		if (b->is_editor)
			say(b, "{\"type\":\"heartbeat\"}");
		if (editor == 0 && b->wants)
			claim(b);
	}
}

static void
note_present(struct browser *b, const struct json *obj)
{
	size_t i;

	for (i = 0; i < json_array_length(obj, "users"); i++)
		b->present |= 1u << user_of(json_array_object(obj, "users",
		    i), "user_id");
}

/* A tab of collabd's own client. */
static void
hear_tab(struct browser *b, struct slice type, const struct json *obj)
{
	if (slice_is(type, "presence")) {
		b->present = 0;
		note_present(b, obj);
	} else if (slice_is(type, "users_present"))
		note_present(b, obj);
	else if (slice_is(type, "user_present"))
		b->present |= 1u << user_of(json_get_object(obj, "user"),
		    "user_id");
	else if (slice_is(type, "user_absent"))
		b->present &= ~(1u << user_of(obj, "user_id"));
	else if (slice_is(type, "error")) {
		if (slice_is(json_get_string(obj, "code"), "held") &&
		    b->knows_editor && b->editor == 0 && !b->is_reserved)
			b->held_us = world->now_us;
	} else if (slice_is(type, "lock")) {
		const struct json *e = json_get_object(obj, "editor");
		int editor = user_of(e, "user_id");
		char tab[16];

		(void)snprintf(tab, sizeof(tab), "b%dp%u", b->number, b->page);
		if (!b->is_welcome)
			b->beat = world_at(world->now_us + BEAT, NULL,
			    on_beat, b);
		b->is_welcome = true;
		b->is_reserved =
		    json_get_object(obj, "previous") != NULL ||
		    json_get_object(obj, "offer") != NULL;
		if (b->is_reserved)
			b->held_us = 0;
		believe(b, editor, e != NULL && editor == b->user &&
		    slice_is(json_get_string(e, "tab"), tab));
		if (editor == 0 && b->wants)
			claim(b);
	}
}

static void
hear(struct browser *b, struct slice text)
{
	struct json *obj;
	struct slice type;

	if (world->tells_frames)
		world_tell("b%d < %.*s", b->number, (int)text.n, text.p);
	if (json_parse(text.p, text.n, 32, &obj) != JSON_OK) {
		world_violate("b%d: was sent no JSON: %.*s", b->number,
		    (int)text.n, text.p);
		return;
	}
	type = json_get_string(obj, "type");
	if (b->is_tab)
		hear_tab(b, type, obj);
	else
		hear_page(b, type, obj);
	json_free(obj);
}

/* The socket is gone: it knows nothing any more. */
static void
cut_off(struct browser *b)
{
	struct client *c = b->client;

	b->client = NULL;
	c->browser = NULL;
	drop_parcels(&c->down);
	release(c);
	b->state = BROWSER_CLOSED;
	b->is_welcome = b->knows_editor = b->is_editor = false;
	b->is_reserved = false;
	b->deserves = false;
	b->editor = 0;
	b->present = 0;
	b->held_us = 0;
	world_cancel(b->event);
	world_cancel(b->beat);
	b->event = b->beat = NULL;
}

static void
on_down(void *arg)
{
	struct parcel *m = arg;
	struct client *c = m->client;
	struct browser *b = c->browser;

	TAILQ_REMOVE(&c->down, m, link);
	if (m->is_end) {
		cut_off(b);
		connect_soon(b, 100 * MS, 3 * SECOND);
		world_tell("b%d: has lost its connection", b->number);
	} else if (m->is_unknown)
		doubt(b);
	else
		hear(b, (struct slice){ m->text.p, m->text.n });
	buf_fini(&m->text);
	free(m);
}

/* --- connecting --- */

static void
join(void *arg)
{
	struct browser *b = arg;
	struct worker *w = world->at;
	struct client *c = xcalloc(1, sizeof(*c));
	struct route route = { .kind = ROUTE_EDIT };
	struct identity *who;
	struct grant *grant;
	char id[8], name[16], cookie[16];

	(void)snprintf(id, sizeof(id), "%d", b->user);
	(void)snprintf(name, sizeof(name), "user%d", b->user);
	(void)snprintf(cookie, sizeof(cookie), "cookie%d", b->user);
	who = identity_new(&w->conf, slice_of(id), slice_of(name),
	    slice_of(name), slice_of(""), (struct slice){ NULL, 0 }, false);
	grant = people_get(w->people, slice_of(cookie), who, "shop", "item",
	    true, false);
	(void)snprintf(route.key, sizeof(route.key), "e:shop/item/%d",
	    b->room);
	(void)snprintf(route.name, sizeof(route.name), "admin_shop_item_%d",
	    b->room);
	LIST_INSERT_HEAD(&clients, c, link);
	TAILQ_INIT(&c->up);
	TAILQ_INIT(&c->down);
	c->browser = b;
	c->worker = w;
	c->is_live = true;
	b->client = c;
	b->state = BROWSER_OPEN;
	b->since_us = world->now_us;
	world_tell("b%d: user %d connects to w%d, room %d, as a %s", b->number,
	    b->user, w->number, b->room, b->is_tab ? "tab" : "page");
	c->member = roomfx_join(w->rooms, &route, c, grant, b->is_tab);
	/* Every other page is of a client that came with an older daemon. */
	if (b->is_tab)
		say(b, "{\"type\":\"hello\",\"tab\":\"b%dp%u\","
		    "\"state\":\"viewing\"%s}", b->number, b->page,
		    b->page % 2 == 0 ? "" : ",\"many\":true");
}

static void
on_connect(void *arg)
{
	struct browser *b = arg;
	struct worker *w = &world->workers[world_below(WORKERS)];

	b->event = NULL;
	if (!w->is_up || w->stopped_us > world->now_us)
		connect_soon(b, 500 * MS, 2 * SECOND);
	else
		world_run_in(w, join, b);
}

static void
connect_soon(struct browser *b, int64_t least_us, int64_t most_us)
{
	b->state = BROWSER_CONNECTING;
	b->event = world_at(world->now_us + world_between(least_us, most_us),
	    NULL, on_connect, b);
}

/* --- what users do --- */

/* The browser's end is closed. */
static void
browser_hang_up(struct browser *b)
{
	post(b->client, true, (struct slice){ NULL, 0 }, true);
	cut_off(b);
}

/* Not what another page of the user says that it edits. */
static void
give_back(struct browser *b)
{
	b->deserves = false;
	b->given_us = world->given_us[b->room][b->user] = world->now_us;
	say(b, "{\"type\":\"release_lock\"}");
}

static void
leave(struct browser *b)
{
	if (b->is_editor && world_chance(50))
		give_back(b);
	browser_hang_up(b);
	world_tell("b%d: closes", b->number);
}

static void
come(struct browser *b)
{
	b->user = (int)world_between(1, USERS);
	b->room = (int)world_below(ROOMS);
	b->is_tab = world_chance(60);
	b->wants = world_chance(70);
	b->page++;
	b->given_us = 0;
	connect_soon(b, 0, 50 * MS);
}

static void
act(struct browser *b)
{
	if (world_chance(25))
		leave(b);
	else if (b->is_editor) {
		b->wants = false;
		world_tell("b%d: releases", b->number);
		give_back(b);
	} else if (b->is_tab && world_chance(30)) {
		b->wants = true;
		world_tell("b%d: asks to edit", b->number);
		say(b, "{\"type\":\"request_edit\"}");
	} else {
		b->wants = true;
		world_tell("b%d: claims", b->number);
		claim(b);
	}
}

void
browser_random(void)
{
	struct browser *b = &world->browsers[world_below(BROWSERS)];

	if (b->state == BROWSER_CLOSED)
		come(b);
	else if (b->state == BROWSER_OPEN && b->is_welcome)
		act(b);
}

void
browsers_new(void)
{
	int i;

	world->browsers = xcalloc(BROWSERS, sizeof(*world->browsers));
	for (i = 0; i < BROWSERS; i++)
		world->browsers[i].number = i;
}

void
browsers_lose(struct worker *w)
{
	struct client *c, *next;

	LIST_FOREACH_SAFE(c, &clients, link, next) {
		if (c->worker != w || !c->is_live)
			continue;
		worker_end(c);
		if (c->browser != NULL)
			post(c, false, (struct slice){ NULL, 0 }, true);
		release(c);
	}
}

void
browsers_free(void)
{
	int i;

	for (i = 0; i < BROWSERS; i++)
		if (world->browsers[i].client != NULL)
			cut_off(&world->browsers[i]);
	free(world->browsers);
}

/*
 * A question goes through these steps, each of which may be the last, and most
 * are answered without leaving the machine: what is asked about (ask_about());
 * who edits, from the room cache, else from Redis (look_at_room()); only if
 * somebody does, who asks, from the sessions that are known to be good, else
 * from the database (look_for_user()); the rule book's word (decide()).
 *
 * What a browser gets whose form was refused is asked for by a question of its
 * own, which is rare and goes to Redis and the database each time: there are the
 * names of people, and the right to be told them.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/sys/cdefs.h>
#include <bsd/sys/queue.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "django/cookie.h"
#include "proto/http.h"
#include "proto/message.h"
#include "proto/tabmsg.h"
#include "rules/guard.h"
#include "server/audit.h"
#include "server/guard.h"
#include "server/people.h"
#include "server/recent.h"
#include "server/refused.h"
#include "server/roomcache.h"
#include "server/route.h"
#include "shm/counters.h"
#include "store/roomstate.h"
#include "store/store.h"

#define COOKIE_MAX	8192	/* a signed_cookies session has up to 4 KiB */
#define INFO_DEPTH	4
/* A page of our client leaves its tab's id in it when it sends its form, and
 * finds there that it was refused, should its socket be closed meanwhile. */
#define TAB_COOKIE	"collabd_save"
#define TAB_COOKIE_S	60

LIST_HEAD(guard_asks, guard_ask);

struct guard {
	struct guard_parts	 parts;
	void			(*answer)(struct client *, struct slice,
				    void *);
	void			*arg;
	struct edit_policy	 policy;
	struct recent		*recent;
	struct guard_asks	 asks;
};

struct guard_ask {
	LIST_ENTRY(guard_ask)	 link;
	struct guard		*guard;
	struct client		*client;	/* NULL: answered, or gone */
	bool			 is_refused;	/* the second kind of question */
	bool			 is_head;
	bool			 is_post;
	struct route_page	 page;
	char			*cookie;	/* the session; NULL: none */
	size_t			 cookie_n;
	struct timer		*timer;		/* NULL: nothing was waited for */
	struct auth_check	*check;		/* under way */
	bool			 is_loading;	/* the room, which cannot be
						 * called off */
	struct snapshot		 room;
	char			*user_id;	/* NULL: nobody of the staff */
	char			*user_name;
	/* A refusal that is to be written down: whose lock it was, and when. */
	char			*editor_id;	/* NULL: there is none */
	char			*editor_name;
	int64_t			 refused_us;
	/* Of the second kind. */
	size_t			 language;
	char			 tab[MESSAGE_TAB_MAX + 1];	/* "": none */
	/* Of the room's members, as far as they were read: id, name, id, ... */
	struct buf		 names;
};

static void	look_at_room(struct guard_ask *);
static void	conclude(struct guard_ask *, enum guard_reason);

/* --- what is asked about --- */

/* The header's only value; absent if there is none. False: there are several. */
static bool
only_header(const struct reqhead *head, const char *name, struct slice *value)
{
	struct slice rest = head->headers, more;

	if (reqhead_next(&rest, name, value))
		return (!reqhead_next(&rest, name, &more));
	*value = (struct slice){ NULL, 0 };
	return (true);
}

/* Of what nginx is told to send, and what Caddy and Traefik send: one of them,
 * or both if they say the same, since one may be the browser's own. */
static bool
either_header(const struct reqhead *head, const char *one, const char *other,
    struct slice *value)
{
	struct slice a, b;

	if (!only_header(head, one, &a) || !only_header(head, other, &b))
		return (false);
	*value = a.p != NULL ? a : b;
	return (value->p != NULL && (a.p == NULL || b.p == NULL ||
	    (a.n == b.n && memcmp(a.p, b.p, a.n) == 0)));
}

/* False: it is not said, or not clearly. */
static bool
ask_about(struct guard_ask *ask, const struct reqhead *head)
{
	struct slice method, uri;

	if (!either_header(head, "X-Original-Method", "X-Forwarded-Method",
	    &method) ||
	    !either_header(head, "X-Original-URI", "X-Forwarded-Uri", &uri))
		return (false);
	/* Django takes it in whichever case. */
	ask->is_post = slice_is_nocase(method, "POST");
	return (route_parse_page(uri, ask->guard->parts.conf->admin_url,
	    &ask->guard->parts.conf->room_alias, &ask->page));
}

static void
keep_session(struct guard_ask *ask, const struct reqhead *head)
{
	char cookie[COOKIE_MAX];
	long n = cookie_value(head->cookie,
	    ask->guard->parts.conf->session_cookie_name, cookie,
	    sizeof(cookie));

	if (n <= 0)
		return;
	ask->cookie = xmemdup0(cookie, (size_t)n);
	ask->cookie_n = (size_t)n;
	explicit_bzero(cookie, (size_t)n);
}

static bool
is_tab_id(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(s[i] >= '0' && s[i] <= '9') &&
		    !(s[i] >= 'a' && s[i] <= 'z') &&
		    !(s[i] >= 'A' && s[i] <= 'Z') && s[i] != '_' &&
		    s[i] != '-')
			return (false);
	}
	return (n != 0);
}

/* The tab that has sent the form, if that is a page of our client which goes
 * on if it is answered 204; a script that posts would take that for a yes. */
static void
keep_tab(struct guard_ask *ask, const struct reqhead *head)
{
	struct slice mode;
	long n = cookie_value(head->cookie, TAB_COOKIE, ask->tab,
	    MESSAGE_TAB_MAX);

	if (n <= 0 || !is_tab_id(ask->tab, (size_t)n) ||
	    !only_header(head, "Sec-Fetch-Mode", &mode) ||
	    (mode.p != NULL && !slice_is(mode, "navigate")))
		n = 0;
	ask->tab[n] = '\0';
}

/* --- beginning and end --- */

static void
free_ask(struct guard_ask *ask)
{
	LIST_REMOVE(ask, link);
	timer_free(ask->timer);
	if (ask->cookie != NULL)
		explicit_bzero(ask->cookie, ask->cookie_n);
	free(ask->cookie);
	free(ask->user_id);
	free(ask->user_name);
	free(ask->editor_id);
	free(ask->editor_name);
	snapshot_fini(&ask->room);
	buf_fini(&ask->names);
	free(ask);
}

/* Nobody waits for an answer any more. */
static void
leave(struct guard_ask *ask)
{
	ask->client = NULL;
	if (ask->check != NULL)
		auth_check_cancel(ask->check);
	ask->check = NULL;
	timer_free(ask->timer);
	ask->timer = NULL;
	if (!ask->is_loading)
		free_ask(ask);
}

void
guard_cancel(struct guard_ask *ask)
{
	leave(ask);
}

static void
late_cb(void *arg)
{
	conclude(arg, GUARD_LATE);
}

/* From here on the question has a limited time. */
static void
wait_for_answer(struct guard_ask *ask)
{
	if (ask->timer != NULL)
		return;
	ask->timer = timer_new(ask->guard->parts.base, late_cb, ask);
	timer_start(ask->timer, ask->guard->parts.conf->save_guard_timeout_ms);
}

/* --- answers --- */

static void
count(const struct guard *guard, enum counter id)
{
	counters_add(guard->parts.shm, guard->parts.slot, id, 1);
}

static void
count_reason(const struct guard *guard, enum guard_reason reason)
{
	static const enum counter counters[GUARD_REASONS] = {
		[GUARD_METHOD] = COUNTER_GUARD_METHOD,
		[GUARD_OTHER] = COUNTER_GUARD_OTHER,
		[GUARD_ADD] = COUNTER_GUARD_ADD,
		[GUARD_LIST] = COUNTER_GUARD_LIST,
		[GUARD_FREE] = COUNTER_GUARD_FREE,
		[GUARD_EDITOR] = COUNTER_GUARD_EDITOR,
		[GUARD_LAST] = COUNTER_GUARD_LAST,
		[GUARD_NO_USER] = COUNTER_GUARD_NO_USER,
		[GUARD_HELD] = COUNTER_GUARD_REFUSED,
		[GUARD_URL] = COUNTER_GUARD_URL,
		[GUARD_REDIS] = COUNTER_GUARD_REDIS,
		[GUARD_DATABASE] = COUNTER_GUARD_DATABASE,
		[GUARD_LATE] = COUNTER_GUARD_LATE,
	};

	count(guard, reason == GUARD_HELD &&
	    guard->parts.conf->save_guard != SAVE_GUARD_ENFORCE ?
	    COUNTER_GUARD_REPORTED : counters[reason]);
}

static void
respond(struct guard_ask *ask, struct buf *b)
{
	struct guard *guard = ask->guard;

	guard->answer(ask->client, (struct slice){ b->p, b->n }, guard->arg);
	buf_fini(b);
}

/* The body is for proxies that hand it to the browser as it is. */
static void
answer_verdict(struct guard_ask *ask, enum guard_reason reason)
{
	struct guard *guard = ask->guard;
	struct buf b = { NULL, 0, 0 };

	count_reason(guard, reason);
	if (guard_verdict_of(reason) == GUARD_UNDECIDED)
		log_warn_limited("guard: not decided reason=%s room=%s",
		    guard_reason_name(reason), ask->page.room.key);
	if (guard_verdict_of(reason) == GUARD_REFUSE &&
	    guard->parts.conf->save_guard == SAVE_GUARD_ENFORCE)
		refused_answer_add(&b, 403, ask->language, NULL, ask->is_head);
	else
		http_head_add(&b, 204, NULL, NULL, NULL, HTTP_NO_LENGTH);
	respond(ask, &b);
}

/* The name that a member of the room is shown by; NULL if it is none. */
static const char *
name_of(const struct guard_ask *ask, const char *id)
{
	const char *p = ask->names.p, *end = p + ask->names.n, *name;

	while (p < end) {
		name = p + strlen(p) + 1;
		if (id != NULL && strcmp(p, id) == 0)
			return (name);
		p = name + strlen(name) + 1;
	}
	return (NULL);
}

static void
write_audit(const struct guard_ask *ask, const char *name)
{
	const struct guard_parts *parts = &ask->guard->parts;
	bool enforces = parts->conf->save_guard == SAVE_GUARD_ENFORCE;
	struct audit_person from = { ask->user_id, ask->user_name };
	struct audit_person to = { ask->editor_id, name != NULL ? name :
	    ask->editor_name };
	struct buf b = { NULL, 0, 0 };
	char when[CLOCK_ISO_SIZE];

	audit_add(&b, clock_format_iso(ask->refused_us, when),
	    enforces ? "save_refused" : "save_reported", ask->page.room.key,
	    &from, &to, ask->page.page == GUARD_PAGE_DELETE ? "delete" :
	    "change", "");
	audit_write(parts->audit, (struct slice){ b.p, b.n });
	buf_fini(&b);
}

/* The names of those who are there. */
static void
keep_names(struct guard_ask *ask, const struct store_reply *reply)
{
	struct slice name;
	struct json *info;
	size_t i;

	for (i = 0; i < reply->n_members; i++) {
		const struct store_member *m = &reply->members[i];

		if (json_parse(m->info.p, m->info.n, INFO_DEPTH, &info) !=
		    JSON_OK)
			continue;
		name = json_get_string(info, "name");
		if (name.n != 0 && memchr(name.p, '\0', name.n) == NULL &&
		    memchr(m->user_id.p, '\0', m->user_id.n) == NULL) {
			buf_add(&ask->names, m->user_id.p, m->user_id.n);
			buf_add_char(&ask->names, '\0');
			buf_add(&ask->names, name.p, name.n);
			buf_add_char(&ask->names, '\0');
		}
		json_free(info);
	}
}

/* The question was answered meanwhile. */
static void
on_named(const struct store_reply *reply, void *arg)
{
	struct guard_ask *ask = arg;

	if (reply->status == STORE_OK)
		keep_names(ask, reply);
	write_audit(ask, name_of(ask, ask->editor_id));
	free_ask(ask);
}

/* What Redis has in the lock is an e-mail address: people have names, which are
 * read for somebody who is on no socket of this worker. */
static void
note_refusal(struct guard_ask *ask, struct edit_person editor, int64_t now_us)
{
	const struct guard_parts *parts = &ask->guard->parts;
	const struct identity *known = people_identity(parts->people,
	    editor.id);

	ask->editor_id = xstrdup(editor.id);
	ask->editor_name = xstrdup(editor.name);
	ask->refused_us = now_us;
	if (known != NULL) {
		write_audit(ask, known->name);
		return;
	}
	ask->is_loading = true;
	store_load(parts->store, (struct store_room){ ask->page.room.key,
	    ask->page.room.name }, on_named, ask);
}

static void
sent(const struct store_reply *reply, void *arg)
{
	(void)reply;
	(void)arg;
}

/* To all tabs of the user in the room, on whichever worker: the frame names the
 * one that is meant. */
static void
tell_tab(struct guard_ask *ask, const char *editor_id, const char *name)
{
	struct guard_parts *parts = &ask->guard->parts;
	bool is_number = parts->conf->user_id_type == USER_ID_INTEGER;
	struct tabmsg_who editor = { name == NULL ? NULL : editor_id,
	    is_number, name };
	struct buf b = { NULL, 0, 0 };
	struct store_frame frame = {
		.audience = 'V', .user_id = slice_of(ask->user_id),
	};

	tabmsg_add_save_refused(&b, ask->tab, &editor);
	frame.text = (struct slice){ b.p, b.n };
	store_send(parts->store, (struct store_room){ ask->page.room.key,
	    ask->page.room.name }, frame.user_id, frame.user_id, &frame, 1,
	    sent, NULL);
	buf_fini(&b);
}

/* What the browser gets. Who may not enter the room is not told who edits. */
static void
answer_browser(struct guard_ask *ask, enum guard_reason reason)
{
	struct buf b = { NULL, 0, 0 }, extra = { NULL, 0, 0 };
	struct store_snapshot view;
	struct roomstate rs;
	struct edit_person editor;
	int64_t now_us = clock_wall_us();
	const char *name = NULL;

	view = snapshot_view(&ask->room, now_us);
	roomstate_decode(&rs, &view, now_us);
	editor = edit_status(&rs.st, ask->user_id, &ask->guard->policy,
	    now_us);
	if (ask->user_id != NULL && reason == GUARD_HELD)
		name = name_of(ask, editor.id);
	if (ask->user_id != NULL && *ask->tab != '\0' &&
	    guard_verdict_of(reason) != GUARD_UNDECIDED) {
		tell_tab(ask, editor.id, name);
		buf_addf(&extra, "Set-Cookie: " TAB_COOKIE "=%s.refused; "
		    "Path=/; Max-Age=%d; SameSite=Strict\r\n", ask->tab,
		    TAB_COOKIE_S);
		http_head_add(&b, 204, NULL, buf_str(&extra), NULL,
		    HTTP_NO_LENGTH);
	} else
		refused_answer_add(&b, 423, ask->language, name, ask->is_head);
	roomstate_fini(&rs);
	buf_fini(&extra);
	respond(ask, &b);
}

/* Nothing is looked at. */
static void
pass(struct guard_ask *ask)
{
	struct buf b = { NULL, 0, 0 };

	http_head_add(&b, 204, NULL, NULL, NULL, HTTP_NO_LENGTH);
	respond(ask, &b);
	leave(ask);
}

static void
conclude(struct guard_ask *ask, enum guard_reason reason)
{
	if (ask->is_refused)
		answer_browser(ask, reason);
	else
		answer_verdict(ask, reason);
	leave(ask);
}

/* --- the decision --- */

static void
decide(struct guard_ask *ask)
{
	int64_t now_us = clock_wall_us();
	struct store_snapshot view = snapshot_view(&ask->room, now_us);
	struct edit_policy *policy = &ask->guard->policy;
	enum guard_reason reason;
	struct roomstate rs;

	roomstate_decode(&rs, &view, now_us);
	reason = guard_decide(&rs.st, ask->user_id, policy, now_us);
	if (reason == GUARD_HELD && !ask->is_refused)
		note_refusal(ask, edit_status(&rs.st, ask->user_id, policy,
		    now_us), now_us);
	roomstate_fini(&rs);
	conclude(ask, reason);
}

static void
set_user(struct guard_ask *ask, const char *id, const char *name)
{
	ask->user_id = xstrdup(id);
	ask->user_name = xstrdup(name);
}

static void
on_checked(const struct auth_result *result, void *arg)
{
	struct guard_ask *ask = arg;
	struct slice cookie = { ask->cookie, ask->cookie_n };
	struct recent_user user;

	ask->check = NULL;
	if (result->verdict == AUTH_UNAVAILABLE) {
		conclude(ask, GUARD_DATABASE);
		return;
	}
	if (result->verdict == AUTH_ALLOWED) {
		user = (struct recent_user){ result->user->id,
		    result->user->name };
		recent_add(ask->guard->recent, cookie, &user,
		    clock_mono_ms() - result->duration_us / US_PER_MS);
		set_user(ask, user.id, user.name);
		identity_free(result->user);
	}
	decide(ask);
}

/* For the first question it is enough that it is one of the staff: the right
 * to save is the site's to decide. */
static void
check_session(struct guard_ask *ask)
{
	struct auth_query query = {
		.session = { ask->cookie, ask->cookie_n },
	};

	if (ask->is_refused) {
		query.app_label = slice_of(ask->page.room.app_label);
		query.model = slice_of(ask->page.room.model);
	}
	wait_for_answer(ask);
	ask->check = auth_check_start(ask->guard->parts.auth, &query,
	    on_checked, ask);
	if (ask->check == NULL)
		conclude(ask, GUARD_DATABASE);
}

static void
look_for_user(struct guard_ask *ask)
{
	struct guard *guard = ask->guard;
	struct slice cookie = { ask->cookie, ask->cookie_n };
	const struct recent_user *recent;
	const struct identity *known;

	if (ask->cookie == NULL)
		decide(ask);
	else if (ask->is_refused)
		check_session(ask);
	else if ((known = people_of_session(guard->parts.people,
	    cookie)) != NULL) {
		set_user(ask, known->id, known->name);
		decide(ask);
	} else if ((recent = recent_find(guard->recent, cookie,
	    clock_mono_ms())) != NULL) {
		set_user(ask, recent->id, recent->name);
		decide(ask);
	} else
		check_session(ask);
}

/* Nobody edits here; perhaps the object is edited at its other URL. */
static bool
look_elsewhere(struct guard_ask *ask)
{
	if (ask->page.linked.kind != ROUTE_EDIT)
		return (false);
	ask->page.room = ask->page.linked;
	ask->page.linked.kind = ROUTE_NONE;
	snapshot_fini(&ask->room);
	look_at_room(ask);
	return (true);
}

static void
on_room(struct guard_ask *ask)
{
	int64_t now_us = clock_wall_us();
	struct store_snapshot view = snapshot_view(&ask->room, now_us);
	struct roomstate rs;
	bool is_held;

	roomstate_decode(&rs, &view, now_us);
	is_held = guard_is_held(&rs.st, &ask->guard->policy, now_us);
	roomstate_fini(&rs);
	if (!is_held && look_elsewhere(ask))
		return;
	if (is_held || ask->is_refused)
		look_for_user(ask);
	else
		conclude(ask, GUARD_FREE);
}

static void
on_loaded(const struct store_reply *reply, void *arg)
{
	struct guard_ask *ask = arg;

	ask->is_loading = false;
	if (ask->client == NULL) {
		free_ask(ask);
		return;
	}
	if (reply->status != STORE_OK) {
		conclude(ask, GUARD_REDIS);
		return;
	}
	snapshot_set(&ask->room, &reply->snapshot, clock_wall_us());
	if (ask->is_refused)
		keep_names(ask, reply);
	on_room(ask);
}

/* A Redis that may have lost what it knew is not believed. */
static void
look_at_room(struct guard_ask *ask)
{
	struct guard_parts *parts = &ask->guard->parts;
	const struct route *room = &ask->page.room;

	if (room->kind != ROUTE_EDIT) {
		/* Its id can be in no room. */
		if (!look_elsewhere(ask))
			conclude(ask, GUARD_FREE);
	} else if (!store_is_up(parts->store) ||
	    !store_is_settled(parts->store))
		conclude(ask, GUARD_REDIS);
	else if (!ask->is_refused && snapshot_from_cache(&ask->room,
	    parts->shm, room->key, store_generation(parts->store)))
		on_room(ask);
	else {
		wait_for_answer(ask);
		ask->is_loading = true;
		store_load(parts->store, (struct store_room){ room->key,
		    room->name }, on_loaded, ask);
	}
}

struct guard_ask *
guard_start(struct guard *guard, struct client *client,
    const struct reqhead *head, bool is_refused)
{
	struct guard_ask *ask = xcalloc(1, sizeof(*ask));
	enum guard_reason reason;

	ask->guard = guard;
	ask->client = client;
	ask->is_refused = is_refused;
	ask->is_head = slice_is(head->method, "HEAD");
	ask->language = refused_language(head);
	LIST_INSERT_HEAD(&guard->asks, ask, link);
	if (!is_refused && guard->parts.conf->save_guard == SAVE_GUARD_OFF)
		pass(ask);
	else if (!ask_about(ask, head))
		conclude(ask, GUARD_URL);
	else if (!guard_looks(ask->is_post, ask->page.page, &reason))
		conclude(ask, reason);
	else {
		keep_session(ask, head);
		if (is_refused)
			keep_tab(ask, head);
		look_at_room(ask);
	}
	ask = LIST_FIRST(&guard->asks);
	return (ask != NULL && ask->client == client ? ask : NULL);
}

struct guard *
guard_new(const struct guard_parts *parts,
    void (*answer)(struct client *, struct slice, void *), void *arg)
{
	struct guard *guard = xcalloc(1, sizeof(*guard));

	guard->parts = *parts;
	guard->answer = answer;
	guard->arg = arg;
	guard->policy.heartbeat_timeout_us =
	    parts->conf->heartbeat_timeout_ms * US_PER_MS;
	guard->recent = recent_new();
	LIST_INIT(&guard->asks);
	return (guard);
}

void
guard_free(struct guard *guard)
{
	struct guard_ask *ask, *next;

	if (guard == NULL)
		return;
	LIST_FOREACH_SAFE(ask, &guard->asks, link, next) {
		if (ask->editor_id != NULL)
			write_audit(ask, NULL);
		free_ask(ask);
	}
	recent_free(guard->recent);
	free(guard);
}

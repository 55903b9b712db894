/*
 * What the rooms want done, done: counted in the shared memory, written to the
 * audit log, asked of the loop. Whatever comes back goes in with the time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/timer.h"
#include "base/xmalloc.h"
#include "proto/wsframe.h"
#include "rooms/effects.h"
#include "rooms/room.h"
#include "server/audit.h"
#include "server/client.h"
#include "server/commit.h"
#include "server/hear.h"
#include "server/people.h"
#include "server/render.h"
#include "server/roomcache.h"
#include "server/roomfx.h"
#include "server/roster.h"
#include "server/route.h"
#include "shm/cache.h"
#include "shm/counters.h"
#include "store/store.h"

#define SAVE_DEPTH	4	/* of their JSON */
#define BADGE_DEPTH	2

struct roomfx {
	const struct conf	*conf;
	struct shm		*shm;
	int			 slot;
	struct store		*store;
	struct people		*people;
	struct audit		*audit;
	struct render		 render;
	struct timer		*timer;
	struct rooms		*rooms;
};

static struct grant *
grant_of(const struct member *m)
{
	return ((struct grant *)(void *)m->right);
}

/* --- effects --- */

static const enum counter counters[] = {
	[COUNT_ROOMS] = COUNTER_ROOMS,
	[COUNT_USERS] = COUNTER_USERS,
	[COUNT_OPERATIONS] = COUNTER_OPERATIONS,
	[COUNT_CHATS] = COUNTER_CHATS,
	[COUNT_RESYNCS] = COUNTER_RESYNCS,
	[COUNT_CLAIMS_GRANTED] = COUNTER_CLAIMS_GRANTED,
	[COUNT_CLAIMS_REFUSED] = COUNTER_CLAIMS_REFUSED,
	[COUNT_CLAIMS_PENDING] = COUNTER_CLAIMS_PENDING,
	[COUNT_LOCKS_HANDED_OVER] = COUNTER_LOCKS_HANDED_OVER,
	[COUNT_LOCKS_TAKEN_OVER] = COUNTER_LOCKS_TAKEN_OVER,
	[COUNT_LOCKS_FORCED] = COUNTER_LOCKS_FORCED,
	[COUNT_CHECK_SAME] = COUNTER_CHECK_SAME,
	[COUNT_CHECK_DIFFERS] = COUNTER_CHECK_DIFFERS,
	[COUNT_CHECK_GONE] = COUNTER_CHECK_GONE,
	[COUNT_CHECK_LOGIN] = COUNTER_CHECK_LOGIN,
	[COUNT_CHECK_TIMEOUT] = COUNTER_CHECK_TIMEOUT,
	[COUNT_CHECK_ERROR] = COUNTER_CHECK_ERROR,
	[COUNT_CHECK_UNREADABLE] = COUNTER_CHECK_UNREADABLE,
	[COUNT_OVER_RATE] = COUNTER_OVER_RATE,
	[COUNT_BAD_JSON] = COUNTER_BAD_JSON,
	[COUNT_BAD_NOT_OBJECT] = COUNTER_BAD_NOT_OBJECT,
	[COUNT_BAD_NO_TYPE] = COUNTER_BAD_NO_TYPE,
	[COUNT_BAD_UNKNOWN_TYPE] = COUNTER_BAD_UNKNOWN_TYPE,
};
_Static_assert(COUNT_OF(counters) == COUNTS, "each is a counter");

static void
fx_count(enum room_count what, int64_t n, void *arg)
{
	const struct roomfx *fx = arg;

	counters_add(fx->shm, fx->slot, counters[what], n);
}

static void
fx_audit(struct slice lines, void *arg)
{
	audit_write(((struct roomfx *)arg)->audit, lines);
}

static void
fx_close(struct member *m, enum room_close why, void *arg UNUSED)
{
	if (why == CLOSE_ENDED)
		client_close(m->client, WS_CLOSE_SESSION_ENDED,
		    "the session has ended");
	else
		client_close(m->client, WS_CLOSE_UNVERIFIED,
		    "the session cannot be verified");
}

static void
fx_wake(int64_t in_ms, void *arg)
{
	timer_start(((struct roomfx *)arg)->timer, in_ms);
}

static bool
fx_may_say(const struct member *m, size_t n, bool is_chat, void *arg)
{
	const struct roomfx *fx = arg;

	return (user_may_send(grant_of(m)->session->user, fx->conf,
	    m->room->set->now.mono_ms, n, is_chat));
}

static void
fx_hear_again(struct member *m, struct slice text, void *arg UNUSED)
{
	struct heard heard;

	hear(&heard, text);
	member_receive(m, &heard.say, text);
	hear_fini(&heard);
}

/* --- of the store --- */

static struct store_room
store_room_of(const struct room *room)
{
	return ((struct store_room){ room->key, room->name });
}

static struct slice
letter_slice(const char *letter)
{
	return ((struct slice){ letter, *letter == TAB_NONE ? 0 : 1 });
}

/* The value of the package's chat_active_users hash for a user. */
static void
add_chat_value(struct buf *b, const struct room *room,
    const struct person *who)
{
	char iso[CLOCK_ISO_SIZE];

	(void)clock_format_iso(room->set->now.wall_us, iso);
	buf_add_str(b, "{\"user_id\": ");
	json_add_id(b, who->id, room->set->id_is_number);
	buf_add_char(b, ',');
	json_add_pair(b, "username", who->username);
	buf_add_char(b, ',');
	json_add_pair(b, "email", who->email);
	buf_add_char(b, ',');
	json_add_pair(b, "avatar_url", who->avatar_url);
	buf_add_char(b, ',');
	json_add_pair(b, "last_seen", iso);
	buf_add_char(b, '}');
}

static void
reply_cb(const struct store_reply *reply, void *arg)
{
	struct room_ask *ask = arg;

	(void)roomfx_now(ask->set->arg);
	room_answered(ask, reply);
}

static void
badges_cb(enum store_status status, const struct store_badge *badges, size_t n,
    void *arg)
{
	struct room_ask *ask = arg;

	(void)roomfx_now(ask->set->arg);
	room_badges(ask, status, badges, n);
}

static void
checked_cb(size_t i, const struct store_reply *reply, void *arg)
{
	rooms_checked(roomfx_now(arg), i, reply);
}

static void
orphan_cb(enum store_status status, const struct store_room *rooms,
    const struct slice *user_ids, size_t n, void *arg)
{
	struct room_ask *ask = arg;

	(void)roomfx_now(ask->set->arg);
	rooms_orphan_loaded(ask, status, rooms, user_ids, n);
}

static void
fx_join(const struct room *room, const struct room_user *user,
    const char *letter, uint64_t known_epoch, struct room_ask *ask, void *arg)
{
	struct roomfx *fx = arg;
	const struct member *first = TAILQ_FIRST(&user->members);
	char iso[CLOCK_ISO_SIZE], *info = roster_info(user);
	struct buf chat = { NULL, 0, 0 };
	struct slice value = { NULL, 0 }, modified = { NULL, 0 };

	if (room->kind == ROOM_CHAT) {
		add_chat_value(&chat, room,
		    first->right->person);
		value = (struct slice){ chat.p, chat.n };
	} else if (room->kind == ROOM_EDIT)
		modified = slice_of(clock_format_iso(
		    room->set->now.wall_us, iso));
	store_join(fx->store, store_room_of(room),
	    (struct store_member){ slice_of(user->id), slice_of(info),
	    letter_slice(letter) }, true, value, modified, known_epoch, NULL, 0,
	    reply_cb, ask);
	free(info);
	buf_fini(&chat);
}

static void
fx_leave(const struct room_commit *of, const char *user_id,
    const char *worker_id, struct room_ask *ask, void *arg)
{
	struct roomfx *fx = arg;
	struct commit c;

	commit_make(&c, &fx->render, of);
	store_leave(fx->store, store_room_of(of->room),
	    worker_id != NULL ? worker_id : store_worker_id(fx->store),
	    slice_of(user_id), of->expected, &c.change, reply_cb, ask);
	commit_fini(&c);
}

static void
fx_commit(const struct room_commit *of, struct room_ask *ask, void *arg)
{
	struct roomfx *fx = arg;
	struct commit c;

	commit_make(&c, &fx->render, of);
	store_commit(fx->store, store_room_of(of->room), of->expected,
	    &c.change, of->gate_user,
	    fx->conf->notification_request_interval_ms, reply_cb, ask);
	commit_fini(&c);
}

static void
fx_adopt(struct room *room, const struct store_snapshot *snap,
    const struct edit_state *from, const struct edit_state *to,
    struct room_ask *ask, void *arg)
{
	struct store_change change = {
		.editor = snap->editor,
		.previous = snap->previous,
		.state = snap->state,
	};
	struct buf badge = { NULL, 0, 0 };

	commit_make_badge(room, from, to, &change.badge, &badge);
	store_commit(((struct roomfx *)arg)->store, store_room_of(room), snap,
	    &change, NULL, 0, reply_cb, ask);
	buf_fini(&badge);
}

static void
fx_restore(struct room *room, struct store_change *change,
    const struct edit_state *from, const struct edit_state *to,
    struct room_ask *ask, void *arg)
{
	struct buf badge = { NULL, 0, 0 };

	commit_make_badge(room, from, to, &change->badge, &badge);
	store_restore(((struct roomfx *)arg)->store, store_room_of(room),
	    room->known_epoch, room->known_seq, change, reply_cb, ask);
	buf_fini(&badge);
}

static void
fx_load(const struct room *room, struct room_ask *ask, void *arg)
{
	store_load(((struct roomfx *)arg)->store, store_room_of(room),
	    reply_cb, ask);
}

static void
fx_state(const struct room *room, const char *user_id, const char *letter,
    struct room_ask *ask, void *arg)
{
	store_state(((struct roomfx *)arg)->store, store_room_of(room),
	    slice_of(user_id), letter_slice(letter), reply_cb, ask);
}

static void
fx_send(const struct room *room, const char *user_a, const char *user_b,
    const struct store_frame *frames, size_t n, struct room_ask *ask,
    void *arg)
{
	store_send(((struct roomfx *)arg)->store, store_room_of(room),
	    slice_of(user_a), slice_of(user_b), frames, n, reply_cb, ask);
}

static void
fx_badges(const struct room *room, struct room_ask *ask, void *arg)
{
	store_badges(((struct roomfx *)arg)->store, store_room_of(room),
	    badges_cb, ask);
}

static void
fx_seen(const struct member *m, void *arg)
{
	struct buf b = { NULL, 0, 0 };

	add_chat_value(&b, m->room, m->right->person);
	store_chat_seen(((struct roomfx *)arg)->store, store_room_of(m->room),
	    slice_of(m->user->id), (struct slice){ b.p, b.n });
	buf_fini(&b);
}

static void
fx_check(const struct store_room *rooms, const struct store_snapshot *known,
    size_t n, void *arg)
{
	store_check(((struct roomfx *)arg)->store, rooms, known, n,
	    checked_cb, arg);
}

static void
fx_orphan_load(const char *worker_id, struct room_ask *ask, void *arg)
{
	store_orphan_load(((struct roomfx *)arg)->store, worker_id, orphan_cb,
	    ask);
}

static void
fx_orphan_done(const char *worker_id, void *arg)
{
	store_orphan_done(((struct roomfx *)arg)->store, worker_id);
}

static void
fx_doubt(void *arg)
{
	store_doubt(((struct roomfx *)arg)->store);
}

/* --- of the cache --- */

static bool
fx_cached(const struct room *room, struct snapshot *snap, void *arg)
{
	const struct roomfx *fx = arg;

	return (snapshot_from_cache(snap, fx->shm, room->key,
	    store_generation(fx->store)));
}

static void
fx_cache(const struct room *room, const struct snapshot *snap, void *arg)
{
	const struct roomfx *fx = arg;

	snapshot_to_cache(snap, fx->shm, fx->slot, room->key,
	    store_generation(fx->store));
}

static void
fx_uncache(const struct room *room, void *arg)
{
	const struct roomfx *fx = arg;

	if (room == NULL)
		cache_drop_all(fx->shm, fx->slot);
	else
		cache_drop(fx->shm, fx->slot, slice_of(room->key));
}

/* --- of users and texts --- */

static void
fx_tell(struct room *room, const struct tell *what, char audience,
    struct slice user_id, void *arg)
{
	struct roomfx *fx = arg;

	render_tell(&fx->render, room, what, audience, user_id);
}

static void
fx_tell_one(struct member *m, const struct tell *what, void *arg)
{
	struct roomfx *fx = arg;

	render_tell_one(&fx->render, m, what);
}

static void
fx_keep(struct room_user *user, struct slice info, void *arg)
{
	struct roomfx *fx = arg;
	char *own = info.p == NULL ? roster_info(user) : NULL;

	roster_keep_info(&fx->render, user, own != NULL ? slice_of(own) :
	    info);
	free(own);
}

static void
fx_forget(struct room_user *user, void *arg)
{
	roster_forget(&((struct roomfx *)arg)->render, user);
}

static void
fx_stale(struct room *room, void *arg UNUSED)
{
	roster_forget_shown(room);
}

static void
fx_write_chat(const struct member *m, const struct saying *say,
    struct buf *out, void *arg UNUSED)
{
	const struct person *who = m->right->person;
	struct message_user sender = render_user(m->room, m->user->id,
	    who->username);
	char now[CLOCK_ISO_SIZE];

	sender.email = who->email;
	sender.avatar_url = who->avatar_url;
	message_add_chat_message(out, &sender, say->recipient_raw, say->text,
	    clock_format_iso(m->room->set->now.wall_us, now));
}

static char *
copy(const struct json *obj, const char *key)
{
	int64_t number;
	struct slice s = json_get_string(obj, key);

	if (json_get_int(obj, key, &number))
		return (xasprintf("%lld", (long long)number));
	return (s.p == NULL ? NULL : xmemdup0(s.p, s.n));
}

static bool
fx_read_save(struct slice text, struct room_save *save, void *arg UNUSED)
{
	struct json *obj;
	struct slice when;

	memset(save, 0, sizeof(*save));
	/* It goes to browsers as it is. */
	if (!json_is_object(text, SAVE_DEPTH) || text.p[0] != '{' ||
	    json_parse(text.p, text.n, SAVE_DEPTH, &obj) != JSON_OK)
		return (false);
	save->user_id = copy(obj, "user_id");
	when = json_get_string(obj, "name");
	save->name = when.p == NULL ? NULL : xmemdup0(when.p, when.n);
	when = json_get_string(obj, "when");
	if (save->user_id != NULL && (*save->user_id == '\0' ||
	    save->name == NULL || when.p == NULL ||
	    !clock_parse_iso(when.p, &save->when_us))) {
		free(save->user_id);
		save->user_id = NULL;
	}
	json_free(obj);
	return (true);
}

static bool
fx_is_badge(struct slice value, void *arg UNUSED)
{
	return (json_is_object(value, BADGE_DEPTH));
}

static bool
fx_is_update(struct slice frame, void *arg UNUSED)
{
	return (message_is(frame, MESSAGE_CONTENT_UPDATED));
}

static uint64_t
fx_lock_number(struct room *room, const struct edit_state *st, void *arg)
{
	return (render_lock_number(&((struct roomfx *)arg)->render, room, st));
}

static const struct rooms_ops ops = {
	.tell = fx_tell,
	.tell_one = fx_tell_one,
	.keep = fx_keep,
	.forget = fx_forget,
	.stale = fx_stale,
	.write_chat = fx_write_chat,
	.read_save = fx_read_save,
	.is_badge = fx_is_badge,
	.is_update = fx_is_update,
	.lock_number = fx_lock_number,
	.count = fx_count,
	.audit = fx_audit,
	.close = fx_close,
	.wake = fx_wake,
	.may_say = fx_may_say,
	.hear_again = fx_hear_again,
	.join = fx_join,
	.leave = fx_leave,
	.commit = fx_commit,
	.adopt = fx_adopt,
	.restore = fx_restore,
	.load = fx_load,
	.state = fx_state,
	.send = fx_send,
	.badges = fx_badges,
	.seen = fx_seen,
	.check = fx_check,
	.orphan_load = fx_orphan_load,
	.orphan_done = fx_orphan_done,
	.doubt = fx_doubt,
	.cached = fx_cached,
	.cache = fx_cache,
	.uncache = fx_uncache,
};

/* --- inputs --- */

struct rooms *
roomfx_rooms(const struct roomfx *fx)
{
	return (fx->rooms);
}

struct rooms *
roomfx_now(struct roomfx *fx)
{
	struct room_now now = {
		.mono_ms = clock_mono_ms(),
		.wall_us = clock_wall_us(),
		.is_up = store_is_up(fx->store),
		.is_settled = store_is_settled(fx->store),
		.generation = store_generation(fx->store),
	};

	now.takes_no_writes = now.is_up &&
	    store_down_reason(fx->store) != NULL;
	rooms_set_now(fx->rooms, &now);
	return (fx->rooms);
}

struct member *
roomfx_join(struct roomfx *fx, const struct route *route,
    struct client *client, struct grant *grant, bool is_v1)
{
	return (rooms_join(roomfx_now(fx), route->key, route->name, client,
	    &grant->right, is_v1));
}

void
roomfx_leave(struct member *m, bool went_away)
{
	struct roomfx *fx = m->room->set->arg;
	struct grant *grant = grant_of(m);

	(void)roomfx_now(fx);
	member_leave(m, went_away);
	people_put(fx->people, grant);
}

void
roomfx_receive(struct member *m, struct slice text)
{
	struct roomfx *fx = m->room->set->arg;

	(void)roomfx_now(fx);
	fx_hear_again(m, text, fx);
}

static void
timer_cb(void *arg)
{
	rooms_on_time(roomfx_now(arg));
}

struct roomfx *
roomfx_new(const struct conf *conf, struct event_base *base, struct shm *shm,
    int slot, struct people *people)
{
	struct roomfx *fx = xcalloc(1, sizeof(*fx));

	fx->conf = conf;
	fx->shm = shm;
	fx->slot = slot;
	fx->people = people;
	fx->timer = timer_new(base, timer_cb, fx);
	render_init(&fx->render, conf, people);
	fx->rooms = rooms_new(conf, &ops, fx);
	return (fx);
}

void
roomfx_attach(struct roomfx *fx, struct store *store, struct audit *audit,
    struct saves *saves)
{
	fx->store = store;
	fx->audit = audit;
	fx->render.saves = saves;
}

void
roomfx_free(struct roomfx *fx)
{
	rooms_free(fx->rooms);
	render_fini(&fx->render);
	timer_free(fx->timer);
	free(fx);
}

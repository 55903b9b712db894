/*
 * Names in Redis. Two sites may share one Redis (redis_prefix), and PUBLISH
 * ignores the database number, so the prefix stands before channels too.
 * Parts that a browser chose come last in a name, so no two can be confused.
 */
#include <string.h>

#include "store/keys.h"
#include "store/numbered.h"
#include "store/resp.h"

/* The package's, protocol.md "Redis data". */
#define KEY_EDITOR	"editor:"
#define KEY_PREVIOUS	"previous_editor:"
#define KEY_MODIFIED	"last_modified:"
#define KEY_ATTENTION	"attention_request:"
#define KEY_CHAT	"chat_active_users:"
/* Ours. */
#define KEY_ROOM	"collabd:room:"
#define KEY_MEMBERS	"collabd:members:"
#define KEY_ROOM_WORKERS "collabd:room_workers:"
#define KEY_SAVED	"collabd:saved:"
#define KEY_EDITING	"collabd:editing:"
#define KEY_LEASE	"collabd:worker:"
#define KEY_WORKER_ROOMS "collabd:worker_rooms:"
#define KEY_WORKERS	"collabd:workers"
#define KEY_REAP	"collabd:reap:"
#define KEY_GENERATION	"collabd:generation"
#define KEY_UNSETTLED	"collabd:unsettled"
#define KEY_CHANNEL	"collabd:to:"

static void
add(const struct keys *k, struct buf *b, const char *what, const char *name)
{
	size_t prefix = strlen(k->prefix), n = strlen(what);
	size_t n_name = strlen(name);

	resp_add_bulk_header(b, prefix + n + n_name);
	buf_add(b, k->prefix, prefix);
	buf_add(b, what, n);
	buf_add(b, name, n_name);
	buf_add(b, "\r\n", 2);
}

void
keys_add_model_room(struct buf *name, const char *key)
{
	const char *app = key + 2, *slash = strchr(key, '/'), *end;

	if (strncmp(key, "e:", 2) != 0 || slash == NULL ||
	    (end = strchr(slash + 1, '/')) == NULL) {
		buf_add_str(name, key);
		return;
	}
	buf_addf(name, "m:%.*s.%.*s", (int)(slash - app), app,
	    (int)(end - slash - 1), slash + 1);
}

void
keys_add_room(const struct keys *k, struct buf *b, struct store_room room)
{
	struct buf model = { 0 };

	add(k, b, KEY_ROOM, room.key);
	add(k, b, KEY_MEMBERS, room.key);
	add(k, b, KEY_ROOM_WORKERS, room.key);
	add(k, b, KEY_EDITOR, room.name);
	add(k, b, KEY_PREVIOUS, room.name);
	add(k, b, KEY_MODIFIED, room.name);
	add(k, b, KEY_CHAT, room.name);
	add(k, b, KEY_SAVED, room.key);
	keys_add_model_room(&model, room.key);
	add(k, b, KEY_EDITING, buf_str(&model));
	add(k, b, KEY_ROOM_WORKERS, buf_str(&model));
	buf_fini(&model);
}

void
keys_add_attention(const struct keys *k, struct buf *b, struct store_room room,
    const char *user_id)
{
	struct buf name = { 0 };

	buf_addf(&name, "%s:%s", room.name, user_id);
	add(k, b, KEY_ATTENTION, buf_str(&name));
	buf_fini(&name);
}

void
keys_add_lease(const struct keys *k, struct buf *b, const char *id)
{
	add(k, b, KEY_LEASE, id);
}

void
keys_add_worker_rooms(const struct keys *k, struct buf *b, const char *id)
{
	add(k, b, KEY_WORKER_ROOMS, id);
}

void
keys_add_workers(const struct keys *k, struct buf *b)
{
	add(k, b, KEY_WORKERS, "");
}

void
keys_add_reap(const struct keys *k, struct buf *b, const char *id)
{
	add(k, b, KEY_REAP, id);
}

void
keys_add_generation(const struct keys *k, struct buf *b)
{
	add(k, b, KEY_GENERATION, "");
}

void
keys_add_unsettled(const struct keys *k, struct buf *b)
{
	add(k, b, KEY_UNSETTLED, "");
}

void
keys_add_channel(const struct keys *k, struct buf *b, const char *id)
{
	add(k, b, KEY_CHANNEL, id);
}

bool
keys_is_channel(const struct keys *k, struct slice text, const char *id)
{
	size_t prefix = strlen(k->prefix), n = LITLEN(KEY_CHANNEL);

	return (text.p != NULL && text.n == prefix + n + strlen(id) &&
	    memcmp(text.p, k->prefix, prefix) == 0 &&
	    memcmp(text.p + prefix, KEY_CHANNEL, n) == 0 &&
	    memcmp(text.p + prefix + n, id, strlen(id)) == 0);
}

void
keys_add_room_ref(struct buf *b, struct store_room room)
{
	buf_addf(b, "%zu:%s%s", strlen(room.key), room.key, room.name);
}

bool
keys_parse_room_ref(struct slice text, struct slice *key, struct slice *name)
{
	const char *colon;
	uint64_t n;
	size_t rest;

	if (text.p == NULL || (colon = memchr(text.p, ':', text.n)) == NULL ||
	    memchr(text.p, '\0', text.n) != NULL ||
	    !numbered_parse_count((struct slice){ text.p,
	    (size_t)(colon - text.p) }, &n))
		return (false);
	rest = text.n - (size_t)(colon + 1 - text.p);
	if (n > rest)
		return (false);
	*key = (struct slice){ colon + 1, (size_t)n };
	*name = (struct slice){ colon + 1 + n, rest - (size_t)n };
	return (true);
}

bool
keys_is_worker_id(struct slice text)
{
	uint64_t v;

	return (numbered_parse_epoch(text, &v));
}

/*
 * Generations of Redis. A Redis that was started again may have come back with
 * nothing, or with data some seconds old, and another one may have taken its
 * place: each is a new generation, which the first worker to come opens in it
 * (lua/lease.lua). How a Redis is told from another: by the ids of its process
 * and of its data, from INFO. One that does not give them (a proxy, a hosted
 * service) is taken for the same as before until a room has gone backwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "shm/region.h"
#include "store/numbered.h"
#include "store/redis_error.h"
#include "store/store_priv.h"

#define UNKNOWN	"-"

/* --- which Redis this is ----------------------------------------------- */

/* The value of a line "name:value" of INFO; absent if there is none. */
static struct slice
info_value(struct slice info, const char *name)
{
	const char *line = info.p, *end = info.p + info.n, *cr;
	size_t n = strlen(name);

	while (line != NULL && (size_t)(end - line) > n) {
		cr = memchr(line, '\r', (size_t)(end - line));
		if (memcmp(line, name, n) == 0 && line[n] == ':' && cr != NULL)
			return ((struct slice){ line + n + 1,
			    (size_t)(cr - line) - n - 1 });
		line = memchr(line, '\n', (size_t)(end - line));
		if (line != NULL)
			line++;
	}
	return ((struct slice){ NULL, 0 });
}

/* Each answer adds its id; the second one ends the asking. */
static void
add_server(struct store *store, const struct resp_value *v, const char *id,
    const char *separator)
{
	struct slice value = { NULL, 0 }, text = resp_text(v);
	char *old = store->server_asked;

	if (text.p != NULL)
		value = info_value(text, id);
	if (value.n == 0 || memchr(value.p, ' ', value.n) != NULL)
		value = slice_of(UNKNOWN);
	store->server_asked = xasprintf("%s%s%.*s", old == NULL ? "" : old,
	    separator, (int)value.n, value.p);
	free(old);
}

static void
on_server(const struct resp_value *v, void *arg)
{
	if (v != NULL)
		add_server(arg, v, "run_id", "");
}

static void
on_replication(const struct resp_value *v, void *arg)
{
	struct store *store = arg;

	if (v == NULL || store->server_asked == NULL)
		return;
	add_server(store, v, "master_replid", "/");
	store->server = store->server_asked;
	store->server_asked = NULL;
	if (strcmp(store->server, UNKNOWN "/" UNKNOWN) == 0)
		store->server[1] = '\0';
	store_lease_send(store);
}

static void
ask(struct store *store, const char *section,
    void (*cb)(const struct resp_value *, void *))
{
	struct buf b = { 0 };

	resp_add_header(&b, 2);
	resp_add_str(&b, "INFO");
	resp_add_str(&b, section);
	if (!redis_link_send(store->commands, &b, cb, store))
		log_debug("redis: commands is not ready");
	buf_fini(&b);
}

void
store_ask_server(struct store *store)
{
	ask(store, "server", on_server);
	ask(store, "replication", on_replication);
}

void
store_forget_server(struct store *store)
{
	free(store->server);
	free(store->server_asked);
	store->server = store->server_asked = NULL;
}

/* --- which generation -------------------------------------------------- */

/* The embedded Redis has no users but the workers of this master. Of the first
 * one nobody can know more than it does: it is empty, or has read the file to
 * which all was written that earlier workers were told (process/embedded.c). */
static int64_t
settle_ms(const struct store *store)
{
	if (strcmp(store->conf->redis_url, "embedded") == 0 &&
	    !shm_redis_was_up(store->shm))
		return (0);
	return (store->conf->redis_settle_time_ms);
}

void
store_add_generation(struct store_op *op)
{
	struct store *store = op->store;
	char token[STORE_EPOCH_SIZE];

	store_op_arg_str(op, store->server);
	do
		(void)store_epoch_text(hash_seed(), token);
	while (strcmp(token, "0000000000000000") == 0);
	store_op_arg_str(op, token);
	store_op_arg_str(op, store->doubted == 0 ? "" :
	    store_epoch_text(store->doubted, token));
	store_op_arg_int(op, settle_ms(store));
}

bool
store_note_generation(struct store *store, const struct resp_value *v)
{
	const struct resp_value *left = resp_at(v, 2), *refused = resp_at(v, 3);
	struct redis_error error = { REDIS_ERROR_BUG, "", NULL };
	uint64_t generation;

	if (!numbered_parse_epoch(resp_text(resp_at(v, 1)), &generation)) {
		log_warn_limited("redis: strange answer to a lease");
		return (false);
	}
	if (resp_text(refused).p != NULL)
		error = redis_error_of(resp_text(refused));
	store_refused(store, error.meaning);
	store->settled_ms = clock_mono_ms() +
	    (left->integer > 0 ? left->integer : 0);
	if (generation == store->generation)
		return (true);
	shm_note_redis_up(store->shm);
	store->doubted = 0;
	if (store->generation == 0) {
		store->generation = generation;
		return (true);
	}
	store->generation = generation;
	log_warn("redis: this is another Redis, or it has lost data; rooms are "
	    "compared with what is known here");
	/* Old data may have users under our id who have long left. */
	store_rename(store);
	return (false);
}

uint64_t
store_generation(const struct store *store)
{
	return (store->generation);
}

bool
store_is_settled(const struct store *store)
{
	return (clock_mono_ms() >= store->settled_ms);
}

void
store_doubt(struct store *store)
{
	if (store->server == NULL || strcmp(store->server, UNKNOWN) != 0 ||
	    !store->up || store->resigned || store->doubted != 0)
		return;
	store->doubted = store->generation;
	store_lease_send(store);
}

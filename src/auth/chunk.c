/*
 * A chunk of questions in two queries. Called by recheck.c and batch.c on an
 * authorization thread. The decision about each item is the same function as
 * for a single lookup (verdict.c), so that the three can never disagree. A
 * session's row finds its items by binary search (they are sorted by session);
 * a user's row says by number whose it is.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/chunk.h"
#include "auth/lookup.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "django/user.h"

/* One user query's part of the asked items. */
struct span {
	struct chunk	*chunk;
	struct chunk_item **items;
	size_t		 n;
};

void
chunk_init(struct chunk *chunk, const struct auth_source *source, size_t size)
{
	memset(chunk, 0, sizeof(*chunk));
	chunk->source = source;
	chunk->size = size;
	chunk->items = xcalloc(size, sizeof(*chunk->items));
	chunk->asked = xcalloc(size, sizeof(struct chunk_item *));
}

void
chunk_reset(struct chunk *chunk)
{
	size_t i;

	for (i = 0; i < chunk->n; i++)
		identity_free(chunk->items[i].result.user);
	explicit_bzero(chunk->items, chunk->n * sizeof(*chunk->items));
	chunk->n = 0;
	chunk->n_asked = 0;
}

void
chunk_fini(struct chunk *chunk)
{
	chunk_reset(chunk);
	free(chunk->items);
	free(chunk->asked);
	memset(chunk, 0, sizeof(*chunk));
}

void
chunk_add(struct chunk *chunk, struct slice session,
    const struct auth_question *question, size_t tag)
{
	struct chunk_item *item = &chunk->items[chunk->n];

	ASSERT(chunk->n < chunk->size);
	item->session = session;
	item->question = question;
	item->tag = tag;
	item->reason = DJANGO_EXPIRED;
	chunk->n++;
}

static int
compare_slices(struct slice a, struct slice b)
{
	int rc = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return (rc != 0 ? rc : (a.n > b.n) - (a.n < b.n));
}

static int
compare_items(const void *a, const void *b)
{
	return (compare_slices(((const struct chunk_item *)a)->session,
	    ((const struct chunk_item *)b)->session));
}

/* Whether the item before this one has the same session. */
static bool
is_repeated(const struct chunk *chunk, size_t i)
{
	return (i != 0 && compare_slices(chunk->items[i - 1].session,
	    chunk->items[i].session) == 0);
}

/* --- sessions --- */

/* The first item whose session is not below the key. */
static size_t
lower_bound(const struct chunk *chunk, struct slice key)
{
	size_t low = 0, high = chunk->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_slices(chunk->items[mid].session, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

/* A session's row is decoded once, for all items that have it. */
static void
on_session_row(const struct slice *cols, size_t n UNUSED, void *arg)
{
	struct chunk *chunk = arg;
	struct slice key = cols[SESSION_KEY], data = cols[SESSION_DATA];
	size_t first, i;

	if (key.p == NULL || data.p == NULL)
		return;
	first = lower_bound(chunk, key);
	for (i = first; i < chunk->n; i++) {
		struct chunk_item *item = &chunk->items[i];

		if (compare_slices(item->session, key) != 0)
			return;
		if (i != first) {
			item->reason = chunk->items[first].reason;
			item->claims = chunk->items[first].claims;
			continue;
		}
		item->reason = session_decode(chunk->source->keys, data.p,
		    data.n, chunk->source->queries.id_type, &item->claims);
	}
}

static enum db_status
read_sessions(struct chunk *chunk, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	const struct query_set *queries = &chunk->source->queries;
	struct db_request request = {
		.sql = queries->batch_sessions,
		.n_params = 1,
		.on_row = on_session_row,
		.arg = chunk,
	};
	struct buf keys = { 0 };
	enum db_status status;
	size_t i;

	query_list_start(&keys, queries->dialect);
	for (i = 0; i < chunk->n; i++) {
		if (!is_repeated(chunk, i))
			query_list_add(&keys, queries->dialect,
			    chunk->items[i].session);
	}
	query_list_end(&keys, queries->dialect);
	request.params[0] = buf_str(&keys);
	status = burst_query(burst, &request, wait, error);
	explicit_bzero(keys.p, keys.n);
	buf_fini(&keys);
	return (status);
}

static void
read_cookies(struct chunk *chunk)
{
	size_t i;

	for (i = 0; i < chunk->n; i++) {
		struct chunk_item *item = &chunk->items[i];

		if (is_repeated(chunk, i)) {
			item->reason = item[-1].reason;
			item->claims = item[-1].claims;
			continue;
		}
		item->reason = lookup_cookie(chunk->source, item->session,
		    &item->claims);
	}
}

/* --- users --- */

/* USER_INDEX counts from 1 through the items that were asked for. */
static void
on_user_row(const struct slice *cols, size_t n UNUSED, void *arg)
{
	const struct span *span = arg;
	struct chunk_item *item;
	size_t index = 0, i;

	for (i = 0; i < cols[USER_INDEX].n; i++)
		index = index * 10 + (size_t)(cols[USER_INDEX].p[i] - '0');
	if (index == 0 || index > span->n)
		return;
	item = span->items[index - 1];
	/* A primary key gives one row; should there be two, the last counts. */
	identity_free(item->result.user);
	verdict_decide(span->chunk->source, &item->claims, item->question,
	    cols, &item->result);
}

/* The three lists of the user query. */
static void
build_lists(const struct span *span, struct buf lists[3])
{
	const struct query_set *queries = &span->chunk->source->queries;
	enum db_dialect dialect = queries->dialect;
	struct buf id = { 0 };
	size_t i;

	for (i = 0; i < 3; i++)
		query_list_start(&lists[i], dialect);
	for (i = 0; i < span->n; i++) {
		const struct chunk_item *item = span->items[i];

		buf_reset(&id);
		query_add_user_id(&id, queries, item->claims.user_id);
		query_list_add(&lists[0], dialect,
		    (struct slice){ id.p, id.n });
		query_list_add(&lists[1], dialect,
		    slice_of(item->question->app_label));
		query_list_add(&lists[2], dialect,
		    slice_of(item->question->model));
	}
	for (i = 0; i < 3; i++)
		query_list_end(&lists[i], dialect);
	buf_fini(&id);
}

static enum db_status
read_users(struct span *span, struct burst *burst, const struct db_wait *wait,
    struct db_error *error)
{
	struct buf lists[3] = { { 0 } };
	struct db_request request = {
		.on_row = on_user_row,
		.arg = span,
	};
	enum db_status status;
	size_t i;

	build_lists(span, lists);
	query_ask_users(&span->chunk->source->queries, buf_str(&lists[0]),
	    buf_str(&lists[1]), buf_str(&lists[2]), &request);
	status = burst_query(burst, &request, wait, error);
	for (i = 0; i < 3; i++)
		buf_fini(&lists[i]);
	return (status);
}

/*
 * An id that the column's type cannot hold spoils a whole list (22P02, 22003);
 * alone it only refuses its owner.
 */
static enum db_status
read_users_singly(struct span *span, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	enum db_status status;
	size_t i;

	for (i = 0; i < span->n; i++) {
		struct chunk_item *item = span->items[i];

		identity_free(item->result.user);
		status = lookup_user(burst, &item->claims, item->question,
		    &item->result, wait, error);
		if (status != DB_OK && status != DB_BAD_VALUE)
			return (status);
	}
	return (DB_OK);
}

/* What stands if no row comes; and whose user is to be asked for. */
static void
select_asked(struct chunk *chunk)
{
	size_t i;

	for (i = 0; i < chunk->n; i++) {
		struct chunk_item *item = &chunk->items[i];

		if (item->reason == DJANGO_OK && !user_backend_is_known(
		    chunk->source->conf, item->claims.backend))
			item->reason = DJANGO_UNKNOWN_BACKEND;
		if (item->reason != DJANGO_OK) {
			verdict_deny(item->reason, &item->result);
			continue;
		}
		verdict_decide(chunk->source, &item->claims, item->question,
		    NULL, &item->result);
		chunk->asked[chunk->n_asked++] = item;
	}
}

enum db_status
chunk_run(struct chunk *chunk, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	enum db_status status = DB_OK;
	struct span span = { .chunk = chunk };
	size_t done;

	qsort(chunk->items, chunk->n, sizeof(*chunk->items), compare_items);
	if (chunk->source->conf->session_engine == SESSION_SIGNED_COOKIES)
		read_cookies(chunk);
	else
		status = read_sessions(chunk, burst, wait, error);
	if (status != DB_OK)
		return (status);
	select_asked(chunk);
	for (done = 0; done < chunk->n_asked; done += span.n) {
		span.items = chunk->asked + done;
		span.n = chunk->n_asked - done;
		if (span.n > CHUNK_USERS)
			span.n = CHUNK_USERS;
		status = read_users(&span, burst, wait, error);
		if (status == DB_BAD_VALUE)
			status = read_users_singly(&span, burst, wait, error);
		if (status != DB_OK)
			return (status);
	}
	return (DB_OK);
}

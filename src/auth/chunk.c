/*
 * Questions answered a span at a time, with one query for the sessions of a
 * span and one for its users. Called by recheck.c and batch.c on a
 * thread of the pool. What an answer has decided stays decided, whatever
 * becomes of the other queries. The decision about each item is the same
 * function as for a single lookup (verdict.c), so that the three can never
 * disagree. A session's row finds its items by binary search (they are sorted
 * by session); a user's row says by number whose it is.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/chunk.h"
#include "auth/identity.h"
#include "auth/lookup.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/sql.h"
#include "django/user.h"

/* How the queries of a run go. */
struct asking {
	struct burst	*burst;
	const struct db_wait *wait;
	struct db_error	 error;		/* of the last one */
	enum db_status	 last;
	enum db_status	 status;	/* of the first that failed */
	struct db_error	*why;		/* likewise */
};

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
chunk_fini(struct chunk *chunk)
{
	size_t i;

	for (i = 0; i < chunk->n; i++)
		identity_free(chunk->items[i].result.user);
	explicit_bzero(chunk->items, chunk->n * sizeof(*chunk->items));
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
	item->result.verdict = AUTH_UNAVAILABLE;
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

/* The end of a span from first: as many different sessions as a query has, and
 * all items of each. */
static size_t
span_end(const struct chunk *chunk, size_t first)
{
	size_t n = 0, i;

	for (i = first; i < chunk->n; i++) {
		if (!is_repeated(chunk, i) && ++n > CHUNK_ROWS)
			break;
	}
	return (i);
}

/* The sessions of items first to end. */
static enum db_status
ask_sessions(struct chunk *chunk, size_t first, size_t end,
    struct asking *asking)
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

	sql_list_start(&keys, queries->dialect);
	for (i = first; i < end; i++) {
		if (!is_repeated(chunk, i))
			sql_list_add(&keys, queries->dialect,
			    chunk->items[i].session);
	}
	sql_list_end(&keys, queries->dialect);
	request.params[0] = buf_str(&keys);
	status = burst_query(asking->burst, &request, asking->wait,
	    &asking->error);
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
		sql_list_start(&lists[i], dialect);
	for (i = 0; i < span->n; i++) {
		const struct chunk_item *item = span->items[i];

		buf_reset(&id);
		query_add_user_id(&id, queries, item->claims.user_id);
		sql_list_add(&lists[0], dialect,
		    (struct slice){ id.p, id.n });
		sql_list_add(&lists[1], dialect,
		    slice_of(item->question->app_label));
		sql_list_add(&lists[2], dialect,
		    slice_of(item->question->model));
	}
	for (i = 0; i < 3; i++)
		sql_list_end(&lists[i], dialect);
	buf_fini(&id);
}

static enum db_status
ask_users(struct span *span, struct asking *asking)
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
	status = burst_query(asking->burst, &request, asking->wait,
	    &asking->error);
	for (i = 0; i < 3; i++)
		buf_fini(&lists[i]);
	return (status);
}

/*
 * An id that the column's type cannot hold spoils a whole list (22P02, 22003);
 * alone it only refuses its owner.
 */
static enum db_status
ask_users_singly(struct span *span, struct asking *asking)
{
	enum db_status status;
	size_t i;

	for (i = 0; i < span->n; i++) {
		struct chunk_item *item = span->items[i];

		identity_free(item->result.user);
		status = lookup_user(span->chunk->source, asking->burst,
		    &item->claims, item->question, &item->result, asking->wait,
		    &asking->error);
		if (status != DB_OK && status != DB_BAD_VALUE)
			return (status);
	}
	return (DB_OK);
}

/* For whom no row has come there is none. */
static void
refuse_missing(const struct span *span)
{
	size_t i;

	for (i = 0; i < span->n; i++) {
		struct chunk_item *item = span->items[i];

		if (item->result.verdict == AUTH_UNAVAILABLE)
			verdict_decide(span->chunk->source, &item->claims,
			    item->question, NULL, &item->result);
	}
}

static enum db_status
read_span(struct span *span, struct asking *asking)
{
	enum db_status status = ask_users(span, asking);

	if (status == DB_BAD_VALUE)
		status = ask_users_singly(span, asking);
	if (status == DB_OK)
		refuse_missing(span);
	return (status);
}

/* --- the run --- */

static void
note(struct asking *asking, enum db_status status)
{
	asking->last = status;
	if (asking->status != DB_OK || status == DB_OK)
		return;
	asking->status = status;
	*asking->why = asking->error;
}

/* Whether another query is worth asking, after how the last one went. */
static bool
may_ask(struct asking *asking)
{
	if (asking->last == DB_DOWN)
		asking->last = burst_open(asking->burst, asking->wait,
		    &asking->error);
	return (asking->last == DB_OK);
}

static void
tell_decided(struct chunk *chunk)
{
	if (chunk->on_decided != NULL)
		chunk->on_decided(chunk, chunk->arg);
}

/* The sessions of items first to end are known: refuses who has none, and notes
 * whose user is to be asked for. */
static void
select_asked(struct chunk *chunk, size_t first, size_t end)
{
	size_t i;

	for (i = first; i < end; i++) {
		struct chunk_item *item = &chunk->items[i];

		if (item->reason == DJANGO_OK && !user_backend_is_known(
		    chunk->source->conf, item->claims.backend))
			item->reason = DJANGO_UNKNOWN_BACKEND;
		if (item->reason != DJANGO_OK)
			verdict_deny(item->reason, &item->result);
		else
			chunk->asked[chunk->n_asked++] = item;
	}
	tell_decided(chunk);
}

static void
read_sessions(struct chunk *chunk, struct asking *asking)
{
	size_t first, end;

	for (first = 0; first < chunk->n && may_ask(asking); first = end) {
		end = span_end(chunk, first);
		note(asking, ask_sessions(chunk, first, end, asking));
		if (asking->last == DB_OK)
			select_asked(chunk, first, end);
	}
}

static void
read_users(struct chunk *chunk, struct asking *asking)
{
	struct span span = { .chunk = chunk };
	size_t done;

	for (done = 0; done < chunk->n_asked && may_ask(asking);
	    done += span.n) {
		span.items = chunk->asked + done;
		span.n = chunk->n_asked - done;
		if (span.n > CHUNK_ROWS)
			span.n = CHUNK_ROWS;
		note(asking, read_span(&span, asking));
		tell_decided(chunk);
	}
}

enum db_status
chunk_run(struct chunk *chunk, struct burst *burst,
    const struct db_wait *wait, struct db_error *error)
{
	struct asking asking = { .burst = burst, .wait = wait, .why = error };

	qsort(chunk->items, chunk->n, sizeof(*chunk->items), compare_items);
	if (chunk->source->conf->session_engine == SESSION_SIGNED_COOKIES) {
		read_cookies(chunk);
		select_asked(chunk, 0, chunk->n);
	} else
		read_sessions(chunk, &asking);
	read_users(chunk, &asking);
	return (asking.status);
}

/*
 * RESP2 over hiredis' reader. This is the only file that knows hiredis, and of
 * that only the reader: its connections block and have no TLS.
 *
 * The reader is given object functions of our own instead of its redisReply,
 * so that memory is bounded while a reply is being put together: an announced
 * array of billions is refused when its header is read, not when it fills.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/read.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "store/resp.h"

#ifdef REDIS_REPLY_DOUBLE	/* hiredis 1.0 and later */
#define HAVE_RESP3
#define ELEMENTS	size_t
#else
#define ELEMENTS	int
#endif

struct resp_reader {
	redisReader	*hi;
	size_t		 bytes;		/* of the value being put together */
	const char	*error;		/* why it is broken, or NULL */
};

static const struct resp_value nil_value = { .type = RESP_NIL };

void
resp_add_header(struct buf *b, size_t n_args)
{
	buf_add_char(b, '*');
	buf_add_int(b, (int64_t)n_args);
	buf_add(b, "\r\n", 2);
}

void
resp_add_bulk_header(struct buf *b, size_t n)
{
	buf_add_char(b, '$');
	buf_add_int(b, (int64_t)n);
	buf_add(b, "\r\n", 2);
}

void
resp_add_bulk(struct buf *b, const void *p, size_t n)
{
	resp_add_bulk_header(b, n);
	buf_add(b, p, n);
	buf_add(b, "\r\n", 2);
}

void
resp_add_str(struct buf *b, const char *s)
{
	resp_add_bulk(b, s, strlen(s));
}

void
resp_add_slice(struct buf *b, struct slice s)
{
	resp_add_bulk(b, s.p, s.n);
}

void
resp_add_int(struct buf *b, int64_t v)
{
	struct buf text = { NULL, 0, 0 };

	buf_add_int(&text, v);
	resp_add_bulk(b, text.p, text.n);
	buf_fini(&text);
}

/*
 * A new value, linked into its parent; NULL when a bound is passed (hiredis
 * then reports "out of memory" and frees what there is).
 */
static struct resp_value *
value_new(const redisReadTask *task, enum resp_type type, size_t extra)
{
	struct resp_reader *r = task->privdata;
	struct resp_value *v, *parent;
	size_t size = sizeof(*v) + sizeof(v);

	if (extra > RESP_REPLY_MAX || r->bytes > RESP_REPLY_MAX - extra)
		return (NULL);
	r->bytes += size + extra;
	v = xcalloc(1, sizeof(*v));
	v->type = type;
	if (task->parent != NULL) {
		parent = task->parent->obj;
		ASSERT((size_t)task->idx < parent->n);
		parent->items[task->idx] = v;
	}
	return (v);
}

static void *
make_string(const redisReadTask *task, char *p, size_t n)
{
	struct resp_value *v;
	enum resp_type type = task->type == REDIS_REPLY_ERROR ? RESP_ERROR :
	    task->type == REDIS_REPLY_STATUS ? RESP_STATUS : RESP_STRING;

	/* Of RESP3 there are others, which nobody has asked for. */
	if ((type == RESP_STRING && task->type != REDIS_REPLY_STRING) ||
	    (v = value_new(task, type, n)) == NULL)
		return (NULL);
	v->text = (struct slice){ xmemdup0(p, n), n };
	return (v);
}

/* A later hiredis has no bound for it, and a value is freed by recursion. */
static bool
is_too_deep(const redisReadTask *task)
{
	int depth;

	for (depth = 1; (task = task->parent) != NULL; depth++)
		;
	return (depth > RESP_DEPTH_MAX);
}

static void *
make_array(const redisReadTask *task, ELEMENTS n)
{
	struct resp_value *v;

	/* Of -1 as well, should it come. */
	if (task->type != REDIS_REPLY_ARRAY || (size_t)n > RESP_ARRAY_MAX ||
	    is_too_deep(task) ||
	    (v = value_new(task, RESP_ARRAY, (size_t)n * sizeof(v))) == NULL)
		return (NULL);
	v->n = (size_t)n;
	v->items = xcalloc(v->n, sizeof(*v->items));
	return (v);
}

static void *
make_integer(const redisReadTask *task, long long integer)
{
	struct resp_value *v = value_new(task, RESP_INTEGER, 0);

	if (v != NULL)
		v->integer = integer;
	return (v);
}

static void *
make_nil(const redisReadTask *task)
{
	return (task->type == REDIS_REPLY_NIL ? NULL :	/* of RESP3 */
	    value_new(task, RESP_NIL, 0));
}

#ifdef HAVE_RESP3
/* Without a function of ours hiredis would make a pointer of the type. */
static void *
refuse_double(const redisReadTask *task UNUSED, double value UNUSED,
    char *p UNUSED, size_t n UNUSED)
{
	return (NULL);
}

static void *
refuse_bool(const redisReadTask *task UNUSED, int value UNUSED)
{
	return (NULL);
}
#endif

static void
free_object(void *obj)
{
	resp_value_free(obj);
}

static const redisReplyObjectFunctions functions = {
	.createString = make_string,
	.createArray = make_array,
	.createInteger = make_integer,
	.createNil = make_nil,
#ifdef HAVE_RESP3
	.createDouble = refuse_double,
	.createBool = refuse_bool,
#endif
	.freeObject = free_object,
};

struct resp_reader *
resp_reader_new(void)
{
	struct resp_reader *r = xcalloc(1, sizeof(*r));

	if ((r->hi = redisReaderCreateWithFunctions(
	    (redisReplyObjectFunctions *)(uintptr_t)&functions)) == NULL)
		log_fatal("out of memory (reader)");
	r->hi->privdata = r;
	return (r);
}

void
resp_reader_free(struct resp_reader *r)
{
	if (r == NULL)
		return;
	redisReaderFree(r->hi);
	free(r);
}

bool
resp_reader_feed(struct resp_reader *r, const void *p, size_t n)
{
	if (r->error != NULL)
		return (false);
	if (n > RESP_REPLY_MAX ||
	    r->hi->len - r->hi->pos > RESP_REPLY_MAX - n) {
		r->error = "reply too large";
		return (false);
	}
	if (redisReaderFeed(r->hi, p, n) != REDIS_OK)
		r->error = r->hi->errstr;
	return (r->error == NULL);
}

bool
resp_reader_next(struct resp_reader *r, struct resp_value **out)
{
	void *reply = NULL;

	*out = NULL;
	if (r->error != NULL)
		return (false);
	if (redisReaderGetReply(r->hi, &reply) != REDIS_OK) {
		r->error = r->hi->err == REDIS_ERR_OOM ?
		    "reply too large" : r->hi->errstr;
		return (false);
	}
	if (reply != NULL)
		r->bytes = 0;
	*out = reply;
	return (true);
}

const char *
resp_reader_error(const struct resp_reader *r)
{
	return (r->error == NULL ? "none" : r->error);
}

void
resp_value_free(struct resp_value *v)
{
	size_t i;

	if (v == NULL)
		return;
	/* An incomplete array has NULLs; depth is bounded by the reader. */
	for (i = 0; i < v->n; i++)
		resp_value_free(v->items[i]);
	free(v->items);
	free((void *)(uintptr_t)v->text.p);
	free(v);
}

const struct resp_value *
resp_at(const struct resp_value *v, size_t i)
{
	if (v == NULL || v->type != RESP_ARRAY || i >= v->n)
		return (&nil_value);
	return (v->items[i]);
}

struct slice
resp_text(const struct resp_value *v)
{
	if (v->type == RESP_STRING || v->type == RESP_STATUS)
		return (v->text);
	return ((struct slice){ NULL, 0 });
}

bool
resp_is_error(const struct resp_value *v, const char *word)
{
	size_t n = strlen(word);

	return (v->type == RESP_ERROR && v->text.n >= n &&
	    memcmp(v->text.p, word, n) == 0 &&
	    (v->text.n == n || v->text.p[n] == ' '));
}

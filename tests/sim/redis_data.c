/*
 * The data of the simulated Redis. A dict keeps its entries in the order of
 * their insertion, which makes it deterministic; buckets come only when a
 * search through all would take longer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "sim/redis_priv.h"

#define SMALL	8	/* so many are searched one by one */

void
sim_dict_init(struct sim_dict *d)
{
	TAILQ_INIT(&d->order);
}

static void
entry_clear(struct sim_entry *e)
{
	if (e->dict != NULL) {
		sim_dict_fini(e->dict);
		free(e->dict);
	}
	free(e->p);
	e->dict = NULL;
	e->p = NULL;
	e->n = e->cap = 0;
}

void
sim_dict_fini(struct sim_dict *d)
{
	struct sim_entry *e;

	while ((e = TAILQ_FIRST(&d->order)) != NULL) {
		TAILQ_REMOVE(&d->order, e, order);
		entry_clear(e);
		free(e);
	}
	free(d->buckets);
	memset(d, 0, sizeof(*d));
	sim_dict_init(d);
}

struct slice
sim_entry_name(const struct sim_entry *e)
{
	return ((struct slice){ e->name, e->name_n });
}

static bool
is_named(const struct sim_entry *e, struct slice name)
{
	return (e->name_n == name.n &&
	    (name.n == 0 || memcmp(e->name, name.p, name.n) == 0));
}

struct sim_entry *
sim_dict_find(const struct sim_dict *d, struct slice name)
{
	struct sim_entry *e;
	uint64_t hash;

	if (d->buckets == NULL) {
		TAILQ_FOREACH(e, &d->order, order)
			if (is_named(e, name))
				return (e);
		return (NULL);
	}
	hash = hash_bytes(name.p, name.n, 0);
	for (e = d->buckets[hash & d->mask]; e != NULL; e = e->next)
		if (e->hash == hash && is_named(e, name))
			return (e);
	return (NULL);
}

static void
dict_link(struct sim_dict *d, struct sim_entry *e)
{
	struct sim_entry **bucket;

	e->hash = hash_bytes(e->name, e->name_n, 0);
	bucket = &d->buckets[e->hash & d->mask];
	e->next = *bucket;
	*bucket = e;
}

static void
dict_grow(struct sim_dict *d)
{
	size_t size = d->buckets == NULL ? 4 * SMALL : 2 * (d->mask + 1);
	struct sim_entry *e;

	free(d->buckets);
	d->buckets = xcalloc(size, sizeof(*d->buckets));
	d->mask = size - 1;
	TAILQ_FOREACH(e, &d->order, order)
		dict_link(d, e);
}

struct sim_entry *
sim_dict_add(struct sim_dict *d, struct slice name)
{
	struct sim_entry *e = xmalloc(sizeof(*e) + name.n + 1);

	memset(e, 0, sizeof(*e));
	e->until_ms = SIM_NEVER;
	e->name_n = name.n;
	if (name.n != 0)
		memcpy(e->name, name.p, name.n);
	e->name[name.n] = '\0';
	if (d->buckets != NULL)
		dict_link(d, e);
	TAILQ_INSERT_TAIL(&d->order, e, order);
	d->n++;
	if (d->n > (d->buckets == NULL ? SMALL : d->mask + 1))
		dict_grow(d);
	return (e);
}

void
sim_dict_remove(struct sim_dict *d, struct sim_entry *e)
{
	struct sim_entry **at;

	if (d->buckets != NULL) {
		at = &d->buckets[e->hash & d->mask];
		while (*at != e)
			at = &(*at)->next;
		*at = e->next;
	}
	TAILQ_REMOVE(&d->order, e, order);
	d->n--;
	entry_clear(e);
	free(e);
}

void
sim_entry_set(struct sim_entry *e, struct slice value)
{
	if (value.n > e->cap) {
		free(e->p);
		e->p = xmalloc(value.n);
		e->cap = value.n;
	}
	if (value.n != 0)
		memcpy(e->p, value.p, value.n);
	e->n = value.n;
}

void
sim_entry_reset(struct sim_entry *e, enum sim_type type)
{
	entry_clear(e);
	e->type = type;
	e->until_ms = SIM_NEVER;
	if (type != SIM_STRING) {
		e->dict = xcalloc(1, sizeof(*e->dict));
		sim_dict_init(e->dict);
	}
}

void
sim_dict_copy(struct sim_dict *to, const struct sim_dict *from)
{
	const struct sim_entry *e;
	struct sim_entry *copy;

	to->loose = from->loose;
	TAILQ_FOREACH(e, &from->order, order) {
		copy = sim_dict_add(to, sim_entry_name(e));
		if (e->dict != NULL) {
			sim_entry_reset(copy, e->type);
			sim_dict_copy(copy->dict, e->dict);
		} else if (e->p != NULL)
			sim_entry_set(copy, (struct slice){ e->p, e->n });
		copy->until_ms = e->until_ms;
	}
}

static int
compare_names(const void *a, const void *b)
{
	const struct sim_entry *x = *(struct sim_entry *const *)a;
	const struct sim_entry *y = *(struct sim_entry *const *)b;
	size_t n = x->name_n < y->name_n ? x->name_n : y->name_n;
	int order = memcmp(x->name, y->name, n);

	if (order != 0)
		return (order);
	return (x->name_n < y->name_n ? -1 : x->name_n > y->name_n);
}

static int
compare_hashes(const void *a, const void *b, void *arg)
{
	const struct sim_entry *x = *(struct sim_entry *const *)a;
	const struct sim_entry *y = *(struct sim_entry *const *)b;
	const uint64_t *seed = arg;
	uint64_t hx = hash_bytes(x->name, x->name_n, *seed);
	uint64_t hy = hash_bytes(y->name, y->name_n, *seed);

	return (hx < hy ? -1 : hx > hy ? 1 : compare_names(a, b));
}

struct sim_entry **
sim_dict_sort(const struct sim_dict *d, const uint64_t *seed)
{
	struct sim_entry **list, *e;
	uint64_t copy;
	size_t i = 0;

	if (d->n == 0)
		return (NULL);
	list = xreallocarray(NULL, d->n, sizeof(struct sim_entry *));
	TAILQ_FOREACH(e, &d->order, order)
		list[i++] = e;
	if (seed == NULL)
		qsort(list, d->n, sizeof(struct sim_entry *), compare_names);
	else {
		copy = *seed;
		qsort_r(list, d->n, sizeof(struct sim_entry *),
		    compare_hashes, &copy);
	}
	return (list);
}

static void
add_quoted(struct buf *out, const char *p, size_t n)
{
	size_t i;

	buf_add_char(out, '"');
	for (i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] > '~' || p[i] == '"' || p[i] == '\\')
			buf_addf(out, "\\x%02x", (unsigned char)p[i]);
		else
			buf_add_char(out, p[i]);
	buf_add_char(out, '"');
}

void
sim_entry_dump(const struct sim_entry *e, int db, struct buf *out)
{
	static const char *const names[] = { "string", "hash", "set" };
	struct sim_entry **list = NULL;
	size_t i;

	buf_addf(out, "%s ", names[e->type]);
	if (db != 0)
		buf_addf(out, "%d:", db);
	add_quoted(out, e->name, e->name_n);
	buf_add_char(out, ' ');
	if (e->dict == NULL)
		add_quoted(out, e->p, e->n);
	else if ((list = sim_dict_sort(e->dict, NULL)) == NULL)
		log_fatal("a collection without elements");
	for (i = 0; list != NULL && i < e->dict->n; i++) {
		if (i != 0)
			buf_add_char(out, ' ');
		add_quoted(out, list[i]->name, list[i]->name_n);
		if (e->type == SIM_HASH) {
			buf_add_char(out, '=');
			add_quoted(out, list[i]->p, list[i]->n);
		}
	}
	free(list);
	if (e->until_ms == SIM_NEVER)
		buf_add_str(out, " until -\n");
	else
		buf_addf(out, " until %lld\n", (long long)e->until_ms);
}

bool
sim_parse_integer(struct slice text, int64_t *out)
{
	bool negative = text.n != 0 && text.p[0] == '-';
	uint64_t v = 0, max = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	size_t i = negative ? 1 : 0;

	if (text.n == i || text.n > 20)
		return (false);
	/* One way to write each number: no zero in front but "0" itself. */
	if (text.p[i] == '0' && text.n != 1)
		return (false);
	for (; i < text.n; i++) {
		unsigned digit = (unsigned)(text.p[i] - '0');

		if (digit > 9 || v > (max - digit) / 10)
			return (false);
		v = v * 10 + digit;
	}
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return (true);
}

/*
 * The types of settings. A value that is a secret never reaches a complaint.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/conf_value.h"
#include "base/xmalloc.h"

static void *
field(struct conf *conf, const struct conf_option *o)
{
	return ((char *)conf + o->offset);
}

static const void *
field_const(const struct conf *conf, const struct conf_option *o)
{
	return ((const char *)conf + o->offset);
}

static void
wipe_free(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void
list_fini(struct conf_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		wipe_free(list->v[i]);
	free(list->v);
	list->v = NULL;
	list->n = 0;
}

void
conf_value_add_item(struct conf_list *list, const char *p, size_t n)
{
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = xmemdup0(p, n);
}

/* Adds the words of text, split at white space and commas. */
static void
list_add_words(struct conf_list *list, const char *text)
{
	size_t n;

	for (;;) {
		text += strspn(text, " \t,");
		if ((n = strcspn(text, " \t,")) == 0)
			return;
		conf_value_add_item(list, text, n);
		text += n;
	}
}

static bool
parse_bool(const char *s, bool *out)
{
	static const char *const yes[] = { "on", "yes", "true", "1" };
	static const char *const no[] = { "off", "no", "false", "0" };
	size_t i;

	for (i = 0; i < COUNT_OF(yes); i++) {
		if (strcasecmp(s, yes[i]) == 0 || strcasecmp(s, no[i]) == 0) {
			*out = strcasecmp(s, yes[i]) == 0;
			return (true);
		}
	}
	return (false);
}

static bool
parse_int(const char *s, int64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return (false);
	errno = 0;
	*out = strtoll(s, &end, 10);
	return (errno == 0 && *end == '\0');
}

/* Digits, then nothing, k or m (of 1024). */
static bool
parse_size(const char *s, int64_t *out)
{
	int64_t unit = 1;
	char *end;

	if (!isdigit((unsigned char)*s))
		return (false);
	errno = 0;
	*out = strtoll(s, &end, 10);
	if (*end == 'k' || *end == 'K')
		unit = 1024;
	else if (*end == 'm' || *end == 'M')
		unit = 1024 * 1024;
	if (unit != 1)
		end++;
	if (errno != 0 || *end != '\0' || *out > INT64_MAX / unit)
		return (false);
	*out *= unit;
	return (true);
}

/* Decimal seconds with at most three digits of fraction; an "s" may follow. */
static bool
parse_seconds(const char *s, int64_t *ms)
{
	int64_t whole = 0, frac = 0, scale = 100;
	int digits = 0;

	for (; isdigit((unsigned char)*s); s++, digits++) {
		if (whole > INT64_C(1000000000000))
			return (false);
		whole = whole * 10 + (*s - '0');
	}
	if (*s == '.') {
		for (s++; isdigit((unsigned char)*s); s++, digits++) {
			frac += scale * (*s - '0');
			scale /= 10;
		}
	}
	if (digits != 0 && *s == 's')
		s++;
	*ms = whole * 1000 + frac;
	return (digits != 0 && *s == '\0');
}

static void
complain(struct buf *err, const struct conf_option *o, const char *value,
    const char *allowed)
{
	if ((o->flags & CONF_SECRET) != 0)
		buf_addf(err, "%s: a value that is not allowed; %s", o->name,
		    allowed);
	else
		buf_addf(err, "%s: \"%s\" is not allowed; %s", o->name, value,
		    allowed);
}

static bool
set_enum(struct conf *conf, const struct conf_option *o, const char *value,
    struct buf *err)
{
	struct buf allowed = { NULL, 0, 0 };
	int64_t i;

	for (i = 0; o->names[i] != NULL; i++) {
		if (strcmp(o->names[i], value) == 0) {
			*(int64_t *)field(conf, o) = i;
			return (true);
		}
	}
	buf_add_str(&allowed, "one of");
	for (i = 0; o->names[i] != NULL; i++)
		buf_addf(&allowed, " %s", o->names[i]);
	complain(err, o, value, buf_str(&allowed));
	buf_fini(&allowed);
	return (false);
}

static bool
set_number(struct conf *conf, const struct conf_option *o, const char *value,
    struct buf *err)
{
	char allowed[160];
	int64_t n;
	bool ok;

	switch (o->type) {
	case CONF_SIZE:
		ok = parse_size(value, &n);
		(void)snprintf(allowed, sizeof(allowed),
		    "a number of bytes (k or m may follow) from %lld to %lld",
		    (long long)o->min, (long long)o->max);
		break;
	case CONF_SECONDS:
		ok = parse_seconds(value, &n);
		(void)snprintf(allowed, sizeof(allowed),
		    "seconds from %.3g to %.9g", (double)o->min / 1000.0,
		    (double)o->max / 1000.0);
		break;
	default:
		ok = parse_int(value, &n);
		(void)snprintf(allowed, sizeof(allowed),
		    "a number from %lld to %lld", (long long)o->min,
		    (long long)o->max);
		break;
	}
	if (!ok || n < o->min || n > o->max) {
		complain(err, o, value, allowed);
		return (false);
	}
	*(int64_t *)field(conf, o) = n;
	return (true);
}

bool
conf_value_set(struct conf *conf, const struct conf_option *o,
    const char *value, bool add, struct buf *err)
{
	char **str;

	switch (o->type) {
	case CONF_BOOL:
		if (parse_bool(value, (bool *)field(conf, o)))
			return (true);
		complain(err, o, value, "on or off");
		return (false);
	case CONF_INT:
	case CONF_SIZE:
	case CONF_SECONDS:
		return (set_number(conf, o, value, err));
	case CONF_STRING:
		str = field(conf, o);
		wipe_free(*str);
		*str = xstrdup(value);
		return (true);
	case CONF_LIST:
		if (!add)
			list_fini(field(conf, o));
		list_add_words(field(conf, o), value);
		return (true);
	case CONF_ENUM:
		return (set_enum(conf, o, value, err));
	}
	return (false);
}

void
conf_value_add(const struct conf *conf, const struct conf_option *o,
    struct buf *out)
{
	const void *f = field_const(conf, o);
	const struct conf_list *list;
	int64_t n;
	size_t i;

	switch (o->type) {
	case CONF_BOOL:
		buf_add_str(out, *(const bool *)f ? "on" : "off");
		break;
	case CONF_INT:
	case CONF_SIZE:
		buf_addf(out, "%lld", (long long)*(const int64_t *)f);
		break;
	case CONF_SECONDS:
		n = *(const int64_t *)f;
		buf_addf(out, "%lld", (long long)(n / 1000));
		if (n % 1000 != 0)
			buf_addf(out, ".%03lld", (long long)(n % 1000));
		break;
	case CONF_STRING:
		buf_add_str(out, *(char *const *)f);
		break;
	case CONF_LIST:
		list = f;
		for (i = 0; i < list->n; i++)
			buf_addf(out, "%s%s", i == 0 ? "" : " ", list->v[i]);
		break;
	case CONF_ENUM:
		buf_add_str(out, o->names[*(const int64_t *)f]);
		break;
	}
}

bool
conf_value_is_empty(const struct conf *conf, const struct conf_option *o)
{
	const void *f = field_const(conf, o);

	if (o->type == CONF_LIST)
		return (((const struct conf_list *)f)->n == 0);
	return (o->type == CONF_STRING && **(char *const *)f == '\0');
}

static void
copy_list(struct conf_list *to, const struct conf_list *from)
{
	size_t i;

	list_fini(to);
	for (i = 0; i < from->n; i++)
		conf_value_add_item(to, from->v[i], strlen(from->v[i]));
}

void
conf_value_copy(struct conf *conf, const struct conf *old,
    const struct conf_option *o)
{
	const void *from = field_const(old, o);

	switch (o->type) {
	case CONF_STRING:
		wipe_free(*(char **)field(conf, o));
		*(char **)field(conf, o) = xstrdup(*(char *const *)from);
		break;
	case CONF_LIST:
		copy_list(field(conf, o), from);
		break;
	case CONF_BOOL:
		*(bool *)field(conf, o) = *(const bool *)from;
		break;
	default:
		*(int64_t *)field(conf, o) = *(const int64_t *)from;
		break;
	}
}

void
conf_value_free(struct conf *conf, const struct conf_option *o)
{
	if (o->type == CONF_STRING) {
		wipe_free(*(char **)field(conf, o));
		*(char **)field(conf, o) = NULL;
	} else if (o->type == CONF_LIST)
		list_fini(field(conf, o));
}

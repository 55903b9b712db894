/*
 * Paths to rooms. A path is split at its literal slashes first and decoded
 * afterwards, so that an id with an escaped slash stays one segment. Three
 * segments are always an edit room, also when the first is "chat".
 */
#include <stdio.h>
#include <string.h>

#include "base/url.h"
#include "base/utf8.h"
#include "server/assets.h"
#include "server/route.h"

#define SEGMENTS_MAX	3

/* Decodes a segment of 1 to cap bytes of printable UTF-8 into out. */
static bool
decode(struct slice in, char *out, size_t cap)
{
	size_t i, n = 0;
	char c;

	for (i = 0; i < in.n; i++) {
		c = in.p[i];
		if (c == '%') {
			if (!url_unescape(in.p + i, in.n - i, &c))
				return (false);
			i += 2;
		}
		if (n == cap || (unsigned char)c < 0x20 || c == 0x7f)
			return (false);
		out[n++] = c;
	}
	out[n] = '\0';
	return (n != 0 && utf8_is_valid(out, n));
}

/* An app label or model name: an ASCII identifier. */
static bool
decode_name(struct slice in, char out[ROUTE_NAME_MAX + 1])
{
	const char *s;

	if (!decode(in, out, ROUTE_NAME_MAX))
		return (false);
	for (s = out; *s != '\0'; s++) {
		if (*s != '_' && !(*s >= '0' && *s <= '9') &&
		    !(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z'))
			return (false);
	}
	return (true);
}

/* Takes "/prefix/" off the front. */
static bool
strip_prefix(struct slice *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (path->n < n + 2 || path->p[0] != '/' ||
	    memcmp(path->p + 1, prefix, n) != 0 || path->p[n + 1] != '/')
		return (false);
	path->p += n + 2;
	path->n -= n + 2;
	return (true);
}

/* Splits "a/b/c/" into segments; 0 if there are none, too many, or the slash
 * at the end is missing. */
static size_t
split(struct slice path, struct slice out[SEGMENTS_MAX])
{
	const char *slash;
	size_t n = 0;

	while (path.n > 0) {
		slash = memchr(path.p, '/', path.n);
		if (slash == NULL || slash == path.p || n == SEGMENTS_MAX)
			return (0);
		out[n++] = (struct slice){ path.p, (size_t)(slash - path.p) };
		path.n -= out[n - 1].n + 1;
		path.p = slash + 1;
	}
	return (n);
}

/* The model whose rooms those of the route's model are. */
struct names {
	char	app_label[ROUTE_NAME_MAX + 1];
	char	model[ROUTE_NAME_MAX + 1];
};

/* What stands behind "app.model=" in the list; or NULL. */
static const char *
find_alias(const struct conf_list *aliases, const struct route *route)
{
	char from[2 * ROUTE_NAME_MAX + 3];
	size_t i, n;

	n = (size_t)snprintf(from, sizeof(from), "%s.%s=", route->app_label,
	    route->model);
	for (i = 0; i < aliases->n; i++) {
		if (strncmp(aliases->v[i], from, n) == 0)
			return (aliases->v[i] + n);
	}
	return (NULL);
}

static struct names
names_of_rooms(const struct conf_list *aliases, const struct route *route)
{
	const char *to = find_alias(aliases, route), *dot;
	struct names names;

	if (to == NULL || (dot = strchr(to, '.')) == NULL) {
		memcpy(names.app_label, route->app_label,
		    sizeof(names.app_label));
		memcpy(names.model, route->model, sizeof(names.model));
		return (names);
	}
	(void)snprintf(names.app_label, sizeof(names.app_label), "%.*s",
	    (int)(dot - to), to);
	(void)snprintf(names.model, sizeof(names.model), "%s", dot + 1);
	return (names);
}

static void
route_edit(const struct slice seg[SEGMENTS_MAX],
    const struct conf_list *aliases, struct route *out)
{
	struct names names;
	char id[ROUTE_ID_MAX + 1];

	if (!decode_name(seg[0], out->app_label) ||
	    !decode_name(seg[1], out->model) ||
	    !decode(seg[2], id, ROUTE_ID_MAX))
		return;
	names = names_of_rooms(aliases, out);
	out->kind = ROUTE_EDIT;
	(void)snprintf(out->key, sizeof(out->key), "e:%s/%s/%s",
	    names.app_label, names.model, id);
	(void)snprintf(out->name, sizeof(out->name), "admin_%s_%s_%s",
	    names.app_label, names.model, id);
}

/* "app.model", of which neither has a dot: the room of a model. */
static void
route_model(struct slice seg, const struct conf_list *aliases,
    struct route *out)
{
	const char *dot = memchr(seg.p, '.', seg.n);
	struct names names;
	size_t n;

	if (dot == NULL)
		return;
	n = (size_t)(dot - seg.p);
	if (!decode_name((struct slice){ seg.p, n }, out->app_label) ||
	    !decode_name((struct slice){ dot + 1, seg.n - n - 1 }, out->model))
		return;
	names = names_of_rooms(aliases, out);
	out->kind = ROUTE_MODEL;
	(void)snprintf(out->key, sizeof(out->key), "m:%s.%s", names.app_label,
	    names.model);
	(void)snprintf(out->name, sizeof(out->name), "model_%s.%s",
	    names.app_label, names.model);
}

static void
route_chat(struct slice seg, struct route *out)
{
	char page[ROUTE_ID_MAX + 1];

	if (!decode(seg, page, ROUTE_ID_MAX))
		return;
	out->kind = ROUTE_CHAT;
	(void)snprintf(out->key, sizeof(out->key), "c:%s", page);
	(void)snprintf(out->name, sizeof(out->name), "chat_%s", page);
}

void
route_parse(struct slice path, const char *prefix,
    const struct conf_list *aliases, struct route *out)
{
	struct slice seg[SEGMENTS_MAX];
	size_t n;

	memset(out, 0, sizeof(*out));
	if (!strip_prefix(&path, prefix))
		return;
	if (slice_is(path, "health"))
		out->kind = ROUTE_HEALTH;
	else if (slice_is(path, "metrics"))
		out->kind = ROUTE_METRICS;
	else if ((out->asset = assets_find(path)) != NULL)
		out->kind = ROUTE_ASSET;
	else if ((n = split(path, seg)) == 3)
		route_edit(seg, aliases, out);
	else if (n == 2 && slice_is(seg[0], "chat"))
		route_chat(seg[1], out);
	else if (n == 1 && slice_is(seg[0], "echo"))
		out->kind = ROUTE_ECHO;
	else if (n == 1)
		route_model(seg[0], aliases, out);
}

bool
route_of_object(struct slice app_label, struct slice model, struct slice id,
    const struct conf_list *aliases, struct route *out)
{
	const struct slice seg[SEGMENTS_MAX] = { app_label, model, id };

	memset(out, 0, sizeof(*out));
	route_edit(seg, aliases, out);
	return (out->kind == ROUTE_EDIT);
}

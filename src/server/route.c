/*
 * Paths to rooms. A path is split at its literal slashes first and decoded
 * afterwards, so that an id with an escaped slash stays one segment. Three
 * segments are always an edit room, also when the first is "chat".
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/url.h"
#include "base/utf8.h"
#include "django/quote.h"
#include "server/assets.h"
#include "server/route.h"

#define SEGMENTS_MAX	3
#define PAGE_PATH_MAX	2048	/* decoded; with the longest of all names and an
				 * id quoted throughout half of that */

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

/* Of the route's model, or of the one it stands for. */
static void
set_edit_room(struct route *out, const struct conf_list *aliases,
    const char *id)
{
	struct names names = names_of_rooms(aliases, out);

	out->kind = ROUTE_EDIT;
	(void)snprintf(out->key, sizeof(out->key), "e:%s/%s/%s",
	    names.app_label, names.model, id);
	(void)snprintf(out->name, sizeof(out->name), "admin_%s_%s_%s",
	    names.app_label, names.model, id);
}

static void
route_edit(const struct slice seg[SEGMENTS_MAX],
    const struct conf_list *aliases, struct route *out)
{
	char id[ROUTE_ID_MAX + 1];

	if (!decode_name(seg[0], out->app_label) ||
	    !decode_name(seg[1], out->model) ||
	    !decode(seg[2], id, ROUTE_ID_MAX))
		return;
	set_edit_room(out, aliases, id);
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
	else if (slice_is(path, "guard"))
		out->kind = ROUTE_GUARD;
	else if (slice_is(path, "refused"))
		out->kind = ROUTE_REFUSED;
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

/* --- pages of the admin --- */

/* Undoes the escapes, also those of slashes, which a WSGI server does before
 * Django sees the path; a broken one stays. 0: longer than cap. */
static size_t
decode_path(struct slice in, char *out, size_t cap)
{
	size_t i, n = 0;

	for (i = 0; i < in.n; i++) {
		if (n == cap)
			return (0);
		if (url_unescape(in.p + i, in.n - i, &out[n]))
			i += 2;
		else
			out[n] = in.p[i];
		n++;
	}
	return (n);
}

/* Takes the first segment off, with the slash behind it. */
static bool
take_segment(struct slice *rest, struct slice *segment)
{
	const char *slash = memchr(rest->p, '/', rest->n);

	if (slash == NULL)
		return (false);
	*segment = (struct slice){ rest->p, (size_t)(slash - rest->p) };
	rest->p = slash + 1;
	rest->n -= segment->n + 1;
	return (true);
}

/* Takes "/word/" off the end of "id/word/"; there is an id before it. */
static bool
take_end(struct slice *rest, const char *word)
{
	size_t n = strlen(word) + 2;

	if (rest->n <= n || rest->p[rest->n - 1] != '/' ||
	    rest->p[rest->n - n] != '/' ||
	    memcmp(rest->p + rest->n - n + 1, word, n - 2) != 0)
		return (false);
	rest->n -= n;
	return (true);
}

/* The name of a decoded segment. */
static bool
copy_name(struct slice segment, char out[ROUTE_NAME_MAX + 1])
{
	return (memchr(segment.p, '%', segment.n) == NULL &&
	    decode_name(segment, out));
}

/* An id that can be in no room has none. */
static void
set_object_room(struct route *room, const struct route *names,
    const struct conf_list *aliases, struct slice id)
{
	char copy[ROUTE_ID_MAX + 1];
	size_t i;

	if (id.n > ROUTE_ID_MAX || !utf8_is_valid(id.p, id.n))
		return;
	for (i = 0; i < id.n; i++) {
		if ((unsigned char)id.p[i] < 0x20 || id.p[i] == 0x7f)
			return;
		copy[i] = id.p[i];
	}
	copy[i] = '\0';
	memcpy(room->app_label, names->app_label, sizeof(room->app_label));
	memcpy(room->model, names->model, sizeof(room->model));
	set_edit_room(room, aliases, copy);
}

static void
set_object(struct route_page *out, const struct conf_list *aliases,
    struct slice id, enum guard_page page)
{
	const struct route names = out->room;
	struct buf key = { NULL, 0, 0 }, quoted = { NULL, 0, 0 };

	out->page = page;
	set_object_room(&out->room, &names, aliases, id);
	quote_add_unquoted(&key, id);
	quote_add_key(&quoted, (struct slice){ key.p, key.n });
	if (quoted.n != id.n || memcmp(quoted.p, id.p, id.n) != 0)
		set_object_room(&out->linked, &names, aliases,
		    (struct slice){ quoted.p, quoted.n });
	buf_fini(&key);
	buf_fini(&quoted);
}

/* What follows the admin's prefix. With exact an id has no slash in it, which
 * the admin would have quoted; Django takes one that has. */
static bool
read_page(struct slice rest, bool exact, const struct conf_list *aliases,
    struct route_page *out)
{
	struct slice app, model;
	enum guard_page page = GUARD_PAGE_NONE;

	memset(out, 0, sizeof(*out));
	if (!take_segment(&rest, &app) || !take_segment(&rest, &model) ||
	    !copy_name(app, out->room.app_label) ||
	    !copy_name(model, out->room.model))
		return (false);
	if (rest.n == 0 || slice_is(rest, "add/")) {
		out->page = rest.n == 0 ? GUARD_PAGE_LIST : GUARD_PAGE_ADD;
		return (true);
	}
	if (take_end(&rest, "change"))
		page = GUARD_PAGE_CHANGE;
	else if (take_end(&rest, "delete"))
		page = GUARD_PAGE_DELETE;
	if (page == GUARD_PAGE_NONE ||
	    (exact && memchr(rest.p, '/', rest.n) != NULL))
		return (false);
	set_object(out, aliases, rest, page);
	return (true);
}

/* Looks for a page behind each place where the prefix stands. */
static bool
find_page(struct slice path, const char *prefix, bool exact,
    const struct conf_list *aliases, struct route_page *out)
{
	struct slice rest;
	size_t i;

	for (i = 0; i < path.n; i++) {
		if (path.p[i] != '/')
			continue;
		rest = (struct slice){ path.p + i, path.n - i };
		if (*prefix == '\0') {
			rest.p++;
			rest.n--;
		} else if (!strip_prefix(&rest, prefix))
			continue;
		if (read_page(rest, exact, aliases, out))
			return (true);
	}
	return (false);
}

bool
route_parse_page(struct slice uri, const char *admin_url,
    const struct conf_list *aliases, struct route_page *out)
{
	char decoded[PAGE_PATH_MAX];
	const char *query;
	struct slice path;

	memset(out, 0, sizeof(*out));
	if (uri.n == 0 || uri.p[0] != '/')
		return (false);
	if ((query = memchr(uri.p, '?', uri.n)) != NULL)
		uri.n = (size_t)(query - uri.p);
	path = (struct slice){ decoded, decode_path(uri, decoded,
	    sizeof(decoded)) };
	if (!find_page(path, admin_url, true, aliases, out) &&
	    !find_page(path, admin_url, false, aliases, out))
		memset(out, 0, sizeof(*out));
	return (true);
}

/*
 * From a request's path to what it asks for: the only place that knows the
 * shape of the URLs and how a room is named after them. Pure; any thread.
 */
#ifndef COLLABD_SERVER_ROUTE_H
#define COLLABD_SERVER_ROUTE_H

#include <stdbool.h>

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"
#include "rules/guard.h"

#define ROUTE_NAME_MAX	100	/* Django's column limit of both names */
#define ROUTE_ID_MAX	255	/* decoded bytes of an object id or page path */
/* "e:" app "/" model "/" id, and the package's "admin_" app "_" model "_" id */
#define ROUTE_KEY_MAX	(8 + 2 * ROUTE_NAME_MAX + ROUTE_ID_MAX)

enum route_kind {
	ROUTE_NONE,		/* 404 */
	ROUTE_EDIT,
	ROUTE_CHAT,
	ROUTE_MODEL,		/* of collabd's own client: a change list */
	ROUTE_ECHO,
	ROUTE_HEALTH,
	ROUTE_METRICS,
	ROUTE_GUARD,		/* asked by a proxy: may this be saved? */
	ROUTE_REFUSED,		/* what a browser is told that may not */
	ROUTE_ASSET,
};

struct asset;

struct route {
	enum route_kind	 kind;
	const struct asset *asset;	/* of ROUTE_ASSET, else NULL */
	char		 app_label[ROUTE_NAME_MAX + 1];
	char		 model[ROUTE_NAME_MAX + 1];
	/* app_label and model are as in the URL, and "" unless it is a room of
	 * either: they decide what one may do. The key is unique among all
	 * rooms, where the package's name is not (a_b/c and a/b_c): presence
	 * and events are by key, the lock is by name. Models that are aliases
	 * have the rooms of the model they stand for. */
	char		 key[ROUTE_KEY_MAX + 1];
	char		 name[ROUTE_KEY_MAX + 1];
};

/*
 * Parses a request path (without the query) under prefix (no slashes at its
 * ends); aliases are those of room_alias. out->kind is ROUTE_NONE for anything
 * that is not one of ours: an unknown shape, a bad escape, bytes that are not
 * UTF-8, control characters, a name or id that is too long.
 */
void	route_parse(struct slice path, const char *prefix,
	    const struct conf_list *aliases, struct route *out);

/*
 * The edit room of an object whose id is as Django quotes it in a URL; texts as
 * they were read from the site's tables. False, and ROUTE_NONE, for names that
 * no URL has.
 */
bool	route_of_object(struct slice app_label, struct slice model,
	    struct slice id, const struct conf_list *aliases,
	    struct route *out);

/* A page of the admin. */
struct route_page {
	enum guard_page	 page;
	/* Of CHANGE and DELETE, else both are ROUTE_NONE: the room of whoever
	 * has this very page open, and that of the page which the admin links
	 * to, if its id is quoted in another way. */
	struct route	 room;
	struct route	 linked;
};

/*
 * Parses the path of a request to the site (a query is cut off), whose admin is
 * below admin_url (no slashes at its ends), perhaps behind others, such as a
 * language's; aliases are those of room_alias. It is read as Django reads it: all
 * escapes are undone before anything else. False if it is no path at all.
 */
bool	route_parse_page(struct slice uri, const char *admin_url,
	    const struct conf_list *aliases, struct route_page *out) MUSTCHECK;

#endif

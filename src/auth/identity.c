/*
 * The identity of a user. Made by verdict.c from a row, owned by whoever got
 * it last. Knows how Django writes an avatar's URL; knows no database.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/identity.h"
#include "base/buf.h"
#include "base/xmalloc.h"
#include "django/user.h"

/* The characters that filepath_to_uri leaves alone: unreserved, and its own. */
static bool
is_uri_safe(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' &&
	    strchr("_.-~/!*()'", c) != NULL));
}

static char *
avatar_url(const char *media_url, struct slice path)
{
	struct buf b = { 0 };
	size_t i;

	/* FileSystemStorage.url() drops leading slashes. */
	while (path.n != 0 && *path.p == '/') {
		path.p++;
		path.n--;
	}
	if (path.p == NULL || path.n == 0)
		return (NULL);
	buf_add_str(&b, media_url);
	for (i = 0; i < path.n; i++) {
		char c = path.p[i];

		if (c == '\\')
			c = '/';
		if (is_uri_safe(c))
			buf_add_char(&b, c);
		else
			buf_addf(&b, "%%%02X", (unsigned char)c);
	}
	return (buf_steal(&b));
}

struct identity *
identity_new(const struct conf *conf, struct slice id, struct slice username,
    struct slice name, struct slice email, struct slice avatar,
    bool is_superuser)
{
	struct identity *user = xcalloc(1, sizeof(*user));

	user->id = user_id_text(conf, id);
	user->id_is_number = conf->user_id_type == USER_ID_INTEGER;
	user->username = xmemdup0(username.p, username.n);
	user->name = user_shown_name(name, username);
	user->email = xmemdup0(email.p, email.n);
	user->avatar_url = avatar_url(conf->media_url, avatar);
	user->is_superuser = is_superuser;
	return (user);
}

void
identity_free(struct identity *user)
{
	if (user == NULL)
		return;
	free(user->id);
	free(user->username);
	free(user->name);
	free(user->email);
	free(user->avatar_url);
	free(user);
}

struct identity *
identity_clone(const struct identity *user)
{
	struct identity *copy;

	if (user == NULL)
		return (NULL);
	copy = xcalloc(1, sizeof(*copy));
	copy->id = xstrdup(user->id);
	copy->id_is_number = user->id_is_number;
	copy->username = xstrdup(user->username);
	copy->name = xstrdup(user->name);
	copy->email = xstrdup(user->email);
	if (user->avatar_url != NULL)
		copy->avatar_url = xstrdup(user->avatar_url);
	copy->is_superuser = user->is_superuser;
	return (copy);
}

/*
 * The verdict about a user, for the authorization threads: what the session
 * claims, held against the row. Django's order is kept, since it decides which
 * reason is logged. Must never say yes where Django's HTTP side says no; where
 * a backend is not Django's own and may be laxer, that is, it asks for
 * is_active. And the texts of a row that authorization and the admin's log
 * have in common.
 */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "django/user.h"

#define UUID_HEX	32	/* digits of a UUID without hyphens */

/* django.contrib.auth.backends that let inactive users in (1.10 to 6.1). */
static const char *const allow_all[] = {
	"django.contrib.auth.backends.AllowAllUsersModelBackend",
	"django.contrib.auth.backends.AllowAllUsersRemoteUserBackend",
};

bool
user_backend_is_known(const struct conf *conf, const char *backend)
{
	size_t i;

	for (i = 0; i < conf->auth_backends.n; i++) {
		if (strcmp(conf->auth_backends.v[i], backend) == 0)
			return (true);
	}
	return (false);
}

static bool
takes_inactive(const char *backend)
{
	size_t i;

	for (i = 0; i < COUNT_OF(allow_all); i++) {
		if (strcmp(allow_all[i], backend) == 0)
			return (true);
	}
	return (false);
}

enum django_reason
user_decide(const struct django_keys *keys, const struct conf *conf,
    const struct session_claims *claims, const struct django_user *user)
{
	if (!user_backend_is_known(conf, claims->backend))
		return (DJANGO_UNKNOWN_BACKEND);
	if (user == NULL)
		return (DJANGO_NO_USER);
	if (!user->is_active && !takes_inactive(claims->backend))
		return (DJANGO_INACTIVE);
	if (signing_check_auth_hash(keys, user->password,
	    slice_of(claims->hash), claims->is_old_form) == -1)
		return (DJANGO_BAD_HASH);
	if (!user->is_staff)
		return (DJANGO_NOT_STAFF);
	return (DJANGO_OK);
}

/* 8-4-4-4-12, as str(uuid.UUID) writes it. */
static char *
uuid_text(const char *hex)
{
	return (xasprintf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
	    hex + 16, hex + 20));
}

char *
user_id_text(const struct conf *conf, struct slice id)
{
	if (conf->user_id_type == USER_ID_UUID && id.n == UUID_HEX)
		return (uuid_text(id.p));
	return (xmemdup0(id.p, id.n));
}

char *
user_shown_name(struct slice name, struct slice username)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < name.n && name.p[i] != '\0'; i++) {
		if (!isspace((unsigned char)name.p[i]))
			buf_add_char(&b, name.p[i]);
		else if (b.n != 0 && b.p[b.n - 1] != ' ')
			buf_add_char(&b, ' ');
	}
	if (b.n > USER_SHOWN_NAME_MAX)
		b.n = utf8_cut(b.p, b.n, USER_SHOWN_NAME_MAX);
	while (b.n != 0 && b.p[b.n - 1] == ' ')
		b.n--;
	if (b.n != 0)
		return (buf_steal(&b));
	buf_fini(&b);
	return (xmemdup0(username.p, username.n));
}

/*
 * The verdict about a user, for the authorization threads: what the session
 * claims, held against the row. Django's order is kept, since it decides which
 * reason is logged. Must never say yes where Django's HTTP side says no; where
 * a backend is not Django's own and may be laxer, that is, it asks for
 * is_active.
 */
#include <string.h>

#include "django/user.h"

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

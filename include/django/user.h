/*
 * A row of the user table. With a session's claims it makes a verdict, as
 * django.contrib.auth.get_user() and is_staff decide on the HTTP side (Django
 * 4.1.8 and later, or 3.1 and 3.2 with django_legacy). Permissions are the
 * database's matter and come afterwards. Nothing is ever written: where Django
 * deletes the session, this only says no. And how the key and the name are
 * written where people see them. Pure; any thread.
 */
#ifndef COLLABD_DJANGO_USER_H
#define COLLABD_DJANGO_USER_H

#include <stdbool.h>

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"
#include "django/reason.h"
#include "django/session.h"
#include "django/signing.h"

/* The columns that decide. A model without is_active: set it to true. */
struct django_user {
	struct slice	password;	/* as stored, UTF-8 */
	bool		is_active;
	bool		is_staff;
	bool		is_superuser;	/* does not replace is_staff */
};

/*
 * Whether the backend named in the session is one of auth_backends. Known
 * before the database is asked.
 */
bool	user_backend_is_known(const struct conf *conf, const char *backend);
/*
 * Backend, is_active (not asked for by the two AllowAll backends), hash,
 * is_staff, in Django's order. user is NULL when there was no row. DJANGO_OK
 * or the first reason against.
 */
enum django_reason user_decide(const struct django_keys *keys,
	    const struct conf *conf, const struct session_claims *claims,
	    const struct django_user *user) MUSTCHECK;

#define USER_SHOWN_NAME_MAX	200	/* bytes; a longer name is cut */

/*
 * A primary key as Django's str() writes it: a UUID of 32 hexadecimal digits
 * (SQLite) gets its hyphens. The caller frees it.
 */
char	*user_id_text(const struct conf *conf, struct slice id) MUSTCHECK;
/*
 * The name that people are shown: what the name columns hold, white space cut
 * off both ends and made one blank between words, and no more than
 * USER_SHOWN_NAME_MAX bytes of it; the login name when nothing is left. The
 * caller frees it.
 */
char	*user_shown_name(struct slice name, struct slice username) MUSTCHECK;

#endif

/*
 * A Django site as the tests of this layer need it: its tables (as "manage.py
 * migrate" of 3.2 to 6.1 makes them, indexes and other columns left out),
 * sessions signed as Django signs them, a configuration, and a pool that is
 * asked and waited for.
 */
#ifndef COLLABD_TESTS_AUTH_SITE_H
#define COLLABD_TESTS_AUTH_SITE_H

#include <event2/event.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/pool.h"
#include "django/encoding.h"
#include "django/signing.h"
#include "shm/budget.h"
#include "shm/counters.h"
#include "shm/region.h"

#define SITE_SECRET	"a-secret-key-for-tests-of-this-layer-0123456789"
#define SITE_PASSWORD	"pbkdf2_sha256$1$salt$hash"
#define SITE_BACKEND	"django.contrib.auth.backends.ModelBackend"

/* Works in PostgreSQL and in SQLite alike. */
#define SITE_AUTH_TABLES						\
	"CREATE TABLE django_content_type (id integer PRIMARY KEY,"	\
	"  app_label varchar(100) NOT NULL, model varchar(100) NOT NULL);"\
	"CREATE TABLE auth_permission (id integer PRIMARY KEY,"		\
	"  name varchar(255) NOT NULL, content_type_id integer NOT NULL,"\
	"  codename varchar(100) NOT NULL);"				\
	"CREATE TABLE auth_group (id integer PRIMARY KEY,"		\
	"  name varchar(150) NOT NULL);"				\
	"CREATE TABLE auth_group_permissions (id integer PRIMARY KEY,"	\
	"  group_id integer NOT NULL, permission_id integer NOT NULL);"

#define SITE_PG_TABLES							\
	SITE_AUTH_TABLES						\
	"CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY,"\
	"  session_data text NOT NULL, expire_date timestamptz NOT NULL);"\
	"CREATE TABLE auth_user (id integer PRIMARY KEY,"		\
	"  password varchar(128) NOT NULL, last_login timestamptz,"	\
	"  is_superuser boolean NOT NULL, username varchar(150) NOT NULL,"\
	"  email varchar(254) NOT NULL, is_staff boolean NOT NULL,"	\
	"  is_active boolean NOT NULL, avatar varchar(100),"		\
	"  first_name varchar(150) NOT NULL DEFAULT '',"		\
	"  last_name varchar(150) NOT NULL DEFAULT '');"		\
	"CREATE TABLE django_admin_log (id integer PRIMARY KEY,"	\
	"  action_time timestamptz NOT NULL, object_id text,"		\
	"  object_repr varchar(200) NOT NULL DEFAULT '',"		\
	"  action_flag smallint NOT NULL, change_message text NOT NULL,"\
	"  content_type_id integer, user_id integer NOT NULL);"		\
	"CREATE TABLE auth_user_groups ("				\
	"  id integer GENERATED ALWAYS AS IDENTITY,"			\
	"  user_id integer NOT NULL, group_id integer NOT NULL);"	\
	"CREATE TABLE auth_user_user_permissions ("			\
	"  id integer GENERATED ALWAYS AS IDENTITY,"			\
	"  user_id integer NOT NULL, permission_id integer NOT NULL);"

/* Django's indexes on them. Without them the planner thinks a batch so costly
 * that it compiles the query (jit), which takes longer than everything else. */
#define SITE_PG_INDEXES							\
	"CREATE UNIQUE INDEX ON django_content_type (app_label, model);"\
	"CREATE UNIQUE INDEX ON auth_permission (content_type_id, codename);"\
	"CREATE UNIQUE INDEX ON auth_group_permissions"			\
	"  (group_id, permission_id);"					\
	"CREATE INDEX ON auth_group_permissions (permission_id);"	\
	"CREATE UNIQUE INDEX ON auth_user_groups (user_id, group_id);"	\
	"CREATE INDEX ON auth_user_groups (group_id);"			\
	"CREATE UNIQUE INDEX ON auth_user_user_permissions"		\
	"  (user_id, permission_id);"					\
	"CREATE INDEX ON auth_user_user_permissions (permission_id);"

/* A role that may read what a check reads, and not a column more. */
#define SITE_PG_GRANTS							\
	"GRANT SELECT (session_key, session_data, expire_date)"		\
	"  ON django_session TO reader;"				\
	"GRANT SELECT (id, password, is_active, is_staff, is_superuser,"\
	"  username, email, avatar, first_name, last_name)"		\
	"  ON auth_user TO reader;"					\
	"GRANT SELECT (id, action_time, user_id, content_type_id,"	\
	"  object_id, action_flag, change_message)"			\
	"  ON django_admin_log TO reader;"				\
	"GRANT SELECT ON django_content_type, auth_permission,"		\
	"  auth_group_permissions, auth_user_groups,"			\
	"  auth_user_user_permissions TO reader;"

static UNUSED void
set(struct conf *conf, const char *name, const char *value)
{
	struct buf err = { 0 };

	if (!conf_set(conf, name, value, &err))
		fail_msg("%s", buf_str(&err));
	buf_fini(&err);
}

static UNUSED void
site_conf(struct conf *conf, const char *database_url)
{
	memset(conf, 0, sizeof(*conf));
	conf_init(conf);
	set(conf, "secret_key", SITE_SECRET);
	set(conf, "database_url", database_url);
}

/* --- sessions --- */

static UNUSED void
sign(struct buf *b, const char *salt)
{
	struct signing_digest key, mac;
	char text[64];

	signing_derive(SIGNING_SHA256, salt, slice_of(SITE_SECRET), &key);
	signing_hmac(SIGNING_SHA256, &key, (struct slice){ b->p, b->n }, &mac);
	encoding_base64url_encode(mac.p, mac.n, text);
	buf_add_char(b, ':');
	buf_add_str(b, text);
}

/*
 * session_data of a logged-in user, or the cookie of signed_cookies; id as it
 * stands in the JSON ("\"1\""). The caller frees it.
 */
static UNUSED char *
site_sign_session(const char *id, const char *salt, int64_t time_s)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz";
	struct signing_digest key, mac;
	char hash[65], text[1024], stamp[16], coded[1500];
	struct buf b = { 0 };
	size_t at = sizeof(stamp);

	signing_derive(SIGNING_SHA256, "django.contrib.auth.models."
	    "AbstractBaseUser.get_session_auth_hash", slice_of(SITE_SECRET),
	    &key);
	signing_hmac(SIGNING_SHA256, &key, slice_of(SITE_PASSWORD), &mac);
	hex_encode(mac.p, mac.n, hash);
	snprintf(text, sizeof(text), "{\"_auth_user_id\":%s,"
	    "\"_auth_user_backend\":\"" SITE_BACKEND "\","
	    "\"_auth_user_hash\":\"%s\"}", id, hash);
	encoding_base64url_encode((unsigned char *)text, strlen(text), coded);
	stamp[--at] = '\0';
	for (; time_s != 0; time_s /= 62)
		stamp[--at] = digits[time_s % 62];
	buf_addf(&b, "%s:%s", coded, stamp + at);
	sign(&b, salt);
	return (buf_steal(&b));
}

static UNUSED char *
site_session(const char *id)
{
	return (site_sign_session(id, "django.contrib.sessions.SessionStore"
	    "signer", INT64_C(1764000000)));
}

/* --- a pool --- */

struct site {
	struct conf	 conf;
	struct event_base *base;
	struct shm	*shm;
	int		 slot;
	struct pool	*pool;
	struct auth	*auth;
	unsigned	 n_answers;	/* of all asks */
};

struct ask {
	struct site	*site;
	struct auth_check *check;
	unsigned	 calls;
	enum auth_verdict verdict;
	char		 reason[128];
	bool		 may_view, may_change, may_take_over;
	struct identity	*user;
	int64_t		 duration_us;
};

static UNUSED void
site_start(struct site *s)
{
	static const struct shm_geometry geometry = { 64, 4, 16 };

	s->base = event_base_new();
	s->shm = shm_new(&geometry);
	assert_non_null(s->shm);
	s->slot = shm_slot_claim(s->shm);
	s->pool = pool_new(&s->conf, s->base, s->shm, s->slot);
	assert_non_null(s->pool);
	s->auth = auth_new(s->pool);
	s->n_answers = 0;
}

static UNUSED void
site_stop(struct site *s)
{
	assert_true(pool_free(s->pool));
	auth_free(s->auth);
	assert_int_equal(budget_in_use(s->shm), 0);
	event_base_free(s->base);
	shm_free(s->shm);
	conf_fini(&s->conf);
}

static UNUSED void
on_answer(const struct auth_result *r, void *arg)
{
	struct ask *a = arg;

	a->calls++;
	a->site->n_answers++;
	a->verdict = r->verdict;
	snprintf(a->reason, sizeof(a->reason), "%s", r->reason);
	a->may_view = r->may_view;
	a->may_change = r->may_change;
	a->may_take_over = r->may_take_over;
	a->user = r->user;
	a->duration_us = r->duration_us;
	assert_int_equal(r->user != NULL, r->verdict == AUTH_ALLOWED);
	assert_true(r->duration_us >= 0);
}

/* Starts a check; app NULL is a chat room. */
static UNUSED void
ask_start(struct site *s, struct ask *a, const char *session, const char *app,
    const char *model)
{
	struct auth_query q = {
		slice_of(session), slice_of(app), slice_of(model),
	};

	memset(a, 0, sizeof(*a));
	a->site = s;
	a->check = auth_check_start(s->auth, &q, on_answer, a);
	assert_non_null(a->check);
	assert_int_equal(a->calls, 0);	/* never before it returns */
}

static UNUSED void
ask_wait(struct ask *a)
{
	while (a->calls == 0)
		assert_int_equal(event_base_loop(a->site->base, EVLOOP_ONCE),
		    0);
	assert_int_equal(a->calls, 1);
}

static UNUSED void
ask_free(struct ask *a)
{
	identity_free(a->user);
	a->user = NULL;
}

/* Asks, waits, and says what came. */
static UNUSED enum auth_verdict
ask(struct site *s, struct ask *a, const char *session, const char *app,
    const char *model)
{
	ask_start(s, a, session, app, model);
	ask_wait(a);
	return (a->verdict);
}

/* The verdict and nothing else. */
static UNUSED enum auth_verdict
ask_only(struct site *s, const char *session, const char *app,
    const char *model)
{
	struct ask a;
	enum auth_verdict verdict = ask(s, &a, session, app, model);

	if (verdict != AUTH_ALLOWED)
		print_message("  (%s)\n", a.reason);
	ask_free(&a);
	return (verdict);
}

#endif

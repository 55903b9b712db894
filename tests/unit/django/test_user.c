/*
 * The decision about a user: every auth vector, from its session text and its
 * row to the verdict, under the rules of each Django version. What the
 * database decides there (expire_date) is held apart.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/conf.h"
#include "django/session.h"
#include "django/user.h"
#include "vectors.h"

/* The words of the vectors; some stand for several reasons. */
static const struct {
	const char		*text;
	enum django_reason	 reason;
} reasons[] = {
	{ "ok", DJANGO_OK },
	{ "fallback key", DJANGO_OK },
	{ "not staff", DJANGO_NOT_STAFF },
	{ "inactive", DJANGO_INACTIVE },
	{ "session hash missing or malformed", DJANGO_NO_HASH },
	{ "session hash does not match", DJANGO_BAD_HASH },
	{ "bad session signature", DJANGO_BAD_SIGNATURE },
	{ "backend not configured", DJANGO_UNKNOWN_BACKEND },
	{ "backend not configured", DJANGO_NO_BACKEND },
	{ "no user id", DJANGO_NO_USER_ID },
	{ "malformed user id", DJANGO_BAD_USER_ID },
	{ "session is not an object", DJANGO_NOT_OBJECT },
	{ "expired or unknown session", DJANGO_EXPIRED },
};

static bool
is_reason(const char *text, enum django_reason reason)
{
	size_t i;

	for (i = 0; i < COUNT_OF(reasons); i++) {
		if (reasons[i].reason == reason &&
		    strcmp(reasons[i].text, text) == 0)
			return (true);
	}
	return (false);
}

/* A field that is the same for all versions, or has one value for each. */
static struct json_object *
by_version(struct json_object *field, const char *version)
{
	struct json_object *value;

	if (!json_object_is_type(field, json_type_object))
		return (field);
	value = vectors_get(field, version);
	return (value != NULL ? value : vectors_get(field, "all"));
}

static void
set_list(struct conf *conf, const char *name, struct json_object *items)
{
	struct buf text = { NULL, 0, 0 }, err = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < json_object_array_length(items); i++)
		buf_addf(&text, "%s ", json_object_get_string(
		    json_object_array_get_idx(items, i)));
	assert_true(conf_set(conf, name, buf_str(&text), &err));
	buf_fini(&text);
	buf_fini(&err);
}

static void
set_conf(struct conf *conf, struct json_object *v, const char *legacy)
{
	struct buf err = { NULL, 0, 0 };

	conf_init(conf);
	assert_true(conf_set(conf, "secret_key", vectors_str(v, "secret_key"),
	    &err));
	assert_true(conf_set(conf, "django_legacy", legacy, &err));
	set_list(conf, "secret_key_fallbacks",
	    vectors_get(v, "secret_key_fallbacks"));
	set_list(conf, "auth_backends",
	    vectors_get(v, "authentication_backends"));
	buf_fini(&err);
}

static void
check(struct json_object *v, const char *version, const char *legacy)
{
	struct json_object *verdict;
	struct session_claims claims;
	struct django_user user;
	struct django_keys *keys;
	enum django_reason reason;
	const char *text, *words;
	struct conf conf;

	set_conf(&conf, v, legacy);
	keys = django_keys_new(&conf);
	verdict = by_version(vectors_get(v, "collabd"), version);
	words = vectors_str(verdict, "reason");
	text = json_object_get_string(by_version(vectors_get(v,
	    "session_data"), version));
	user = (struct django_user){
		.password = slice_of(vectors_str(v, "password")),
		.is_active = vectors_bool(v, "is_active"),
		.is_staff = vectors_bool(v, "is_staff"),
		.is_superuser = vectors_bool(v, "is_superuser"),
	};
	reason = session_decode(keys, text, strlen(text), USER_ID_INTEGER,
	    &claims);
	if (reason == DJANGO_OK)
		reason = user_decide(keys, &conf, &claims, &user);
	/* The row's date is the query's matter: all else is right there. */
	if (json_object_get_int(vectors_get(v, "expire_offset")) < 0) {
		assert_int_equal(reason, DJANGO_OK);
		reason = DJANGO_EXPIRED;
	}
	if (!is_reason(words, reason) ||
	    (reason == DJANGO_OK) != vectors_bool(verdict, "authorised"))
		fail_msg("%s (%s): %s, not %s", vectors_str(v, "id"), version,
		    django_reason_text(reason), words);
	if (strcmp(words, "fallback key") == 0)
		assert_true(signing_check_auth_hash(keys, user.password,
		    slice_of(claims.hash), false) > 0);
	django_keys_free(keys);
	conf_fini(&conf);
}

static void
test_auth(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *list, *v;
	size_t i, n;

	list = vectors_kind(all, "auth", 48);
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		v = json_object_array_get_idx(list, i);
		check(v, "3.2", "3.2");
		check(v, "4.2", "off");
		check(v, "5.2", "off");
		check(v, "6.1", "off");
	}
	json_object_put(all);
}

/* What no vector can say: there is no row. */
static void
test_no_row(void **state UNUSED)
{
	struct session_claims claims = { .user_id = "1" };
	struct buf err = { NULL, 0, 0 };
	struct django_keys *keys;
	struct conf conf;

	conf_init(&conf);
	assert_true(conf_set(&conf, "secret_key", "k", &err));
	keys = django_keys_new(&conf);
	(void)strcpy(claims.backend, "own.Backend");
	assert_int_equal(user_decide(keys, &conf, &claims, NULL),
	    DJANGO_UNKNOWN_BACKEND);
	(void)strcpy(claims.backend,
	    "django.contrib.auth.backends.ModelBackend");
	assert_int_equal(user_decide(keys, &conf, &claims, NULL),
	    DJANGO_NO_USER);
	django_keys_free(keys);
	conf_fini(&conf);
	buf_fini(&err);
}

static void
test_reason_texts(void **state UNUSED)
{
	int i, k;

	for (i = DJANGO_OK; i <= DJANGO_NO_PERMISSION; i++) {
		assert_string_not_equal(django_reason_text(
		    (enum django_reason)i), "unknown");
		for (k = DJANGO_OK; k < i; k++)
			assert_string_not_equal(
			    django_reason_text((enum django_reason)i),
			    django_reason_text((enum django_reason)k));
	}
	assert_string_equal(django_reason_text((enum django_reason)i),
	    "unknown");
}

static void
test_shown_names(void **state UNUSED)
{
	static const struct { const char *cols, *username, *name; } cases[] = {
		{ "Ada Lovelace", "ada", "Ada Lovelace" },
		{ " Lovelace", "ada", "Lovelace" },
		{ "Ada ", "ada", "Ada" },
		{ "Ada  \t King\n", "ada", "Ada King" },
		{ "  ", "ada", "ada" }, { "", "ada", "ada" },
		{ NULL, "ada", "ada" }, { NULL, NULL, "" },
		{ "\xc3\xa9\xc2\xa0x", "ada", "\xc3\xa9\xc2\xa0x" },
	};
	char longest[2 * USER_SHOWN_NAME_MAX + 2], *name;
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		name = user_shown_name(slice_of(cases[i].cols),
		    slice_of(cases[i].username));
		assert_string_equal(name, cases[i].name);
		free(name);
	}
	/* An odd start: the bound falls into a character. */
	longest[0] = 'x';
	for (i = 1; i < sizeof(longest) - 1; i++)
		longest[i] = i % 2 == 1 ? '\xc3' : '\xa9';
	longest[i] = '\0';
	name = user_shown_name(slice_of(longest), slice_of("ada"));
	assert_int_equal(strlen(name), USER_SHOWN_NAME_MAX - 1);
	assert_memory_equal(name, longest, USER_SHOWN_NAME_MAX - 1);
	free(name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_no_row),
		cmocka_unit_test(test_reason_texts),
		cmocka_unit_test(test_shown_names),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

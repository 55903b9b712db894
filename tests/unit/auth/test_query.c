/*
 * The SQL text of authorization: values never stand in it, absent columns and
 * tables are left out. No database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/identity.h"
#include "auth/query.h"

static void
set(struct conf *conf, const char *name, const char *value)
{
	struct buf err = { 0 };

	if (!conf_set(conf, name, value, &err))
		fail_msg("%s", buf_str(&err));
	buf_fini(&err);
}

static void
test_user_ids(void **state UNUSED)
{
	static const struct {
		enum conf_id_type type;
		enum db_dialect dialect;
		const char *in, *out;
	} cases[] = {
		{ USER_ID_INTEGER, DB_POSTGRES, "1", "1" },
		{ USER_ID_INTEGER, DB_POSTGRES, "0012", "12" },
		{ USER_ID_INTEGER, DB_POSTGRES, "000", "0" },
		{ USER_ID_UUID, DB_POSTGRES,
		  "6F9619FF-8B86-D011-B42D-00C04FC964FF",
		  "6f9619ff-8b86-d011-b42d-00c04fc964ff" },
		{ USER_ID_UUID, DB_SQLITE,
		  "6F9619FF-8B86-D011-B42D-00C04FC964FF",
		  "6f9619ff8b86d011b42d00c04fc964ff" },
		{ USER_ID_TEXT, DB_POSTGRES, "00-Ab", "00-Ab" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		struct query_set set = {
			.dialect = cases[i].dialect,
			.id_type = cases[i].type,
		};

		buf_reset(&b);
		query_add_user_id(&b, &set, cases[i].in);
		assert_string_equal(buf_str(&b), cases[i].out);
	}
	buf_fini(&b);
}

static void
test_absent_columns(void **state UNUSED)
{
	struct query_set q;
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	conf_init(&conf);
	set(&conf, "user_is_active_column", "");
	set(&conf, "user_is_superuser_column", "");
	set(&conf, "user_email_column", "");
	set(&conf, "user_groups_table", "");
	set(&conf, "user_name_columns", "");
	set(&conf, "database_schema", "site");
	query_set_init(&q, &conf, DB_POSTGRES);
	assert_null(strstr(q.user_permission, "is_active"));
	assert_null(strstr(q.user_permission, "is_superuser"));
	assert_null(strstr(q.user_permission, "email"));
	assert_null(strstr(q.user_permission, "group"));
	assert_non_null(strstr(q.user_permission,
	    "\"site\".\"auth_user_user_permissions\""));
	assert_non_null(strstr(q.session, "\"site\".\"django_session\""));
	assert_null(strstr(q.user, "auth_permission"));
	assert_string_equal(q.user, "SELECT u.\"id\"::text, u.\"password\", "
	    "TRUE, u.\"is_staff\", FALSE, u.\"username\", NULL, NULL, NULL, "
	    "0, (((FALSE AND $2 IN ($3)))) "
	    "FROM \"site\".\"auth_user\" u WHERE u.\"id\" = $1");
	query_set_fini(&q);
	conf_fini(&conf);
}

/* With permission = staff no permission table is touched, so none need be
 * readable. */
static void
test_staff_batch(void **state UNUSED)
{
	struct query_set q;
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	conf_init(&conf);
	query_set_init(&q, &conf, DB_POSTGRES);
	assert_non_null(strstr(q.batch_users, "auth_permission"));
	query_set_fini(&q);
	set(&conf, "permission", "staff");
	query_set_init(&q, &conf, DB_POSTGRES);
	assert_null(strstr(q.batch_users, "auth_permission"));
	query_set_fini(&q);
	/* But whoever may take over is looked up. */
	set(&conf, "take_over_permission", "shop.take_over");
	query_set_init(&q, &conf, DB_POSTGRES);
	assert_non_null(strstr(q.batch_users, "auth_permission"));
	assert_non_null(strstr(q.user, "auth_permission"));
	assert_null(strstr(q.user, "take_over"));	/* a parameter */
	assert_string_equal(q.take_app, "shop");
	assert_string_equal(q.take_codename, "take_over");
	query_set_fini(&q);
	conf_fini(&conf);
}

/* Each text has as many parameters as are handed to it, in their order. */
static void
test_params(void **state UNUSED)
{
	struct db_request r = { 0 };
	struct query_set q;
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	conf_init(&conf);
	set(&conf, "take_over_permission", "shop.take_over");
	query_set_init(&q, &conf, DB_SQLITE);
	query_ask_user(&q, "7", NULL, "item", &r);
	assert_ptr_equal(r.sql, q.user);
	assert_int_equal(r.n_params, 3);
	assert_string_equal(r.params[0], "7");
	assert_string_equal(r.params[1], "shop");
	assert_string_equal(r.params[2], "take_over");
	query_ask_user(&q, "7", "app", "item", &r);
	assert_ptr_equal(r.sql, q.user_permission);
	assert_int_equal(r.n_params, 5);
	assert_string_equal(r.params[3], "app");
	assert_string_equal(r.params[4], "item");
	query_ask_users(&q, "[7]", "[\"a\"]", "[\"b\"]", &r);
	assert_ptr_equal(r.sql, q.batch_users);
	assert_int_equal(r.n_params, 6);
	assert_string_equal(r.params[0], "[7]");
	assert_string_equal(r.params[3], "[\"a\"]");
	assert_string_equal(r.params[4], "[\"b\"]");
	assert_string_equal(r.params[5], "[7]");
	query_set_fini(&q);
	conf_fini(&conf);
}

static void
test_identity(void **state UNUSED)
{
	static const struct { const char *path, *url; } avatars[] = {
		{ NULL, NULL }, { "", NULL }, { "/", NULL },
		{ "a/b.png", "/media/a/b.png" },
		{ "/a b?.png", "/media/a%20b%3F.png" },
		{ "a\\b#\xc3\xa9\"<", "/media/a/b%23%C3%A9%22%3C" },
		{ "~(x)*!'-_.", "/media/~(x)*!'-_." },
	};
	struct slice none = { NULL, 0 };
	struct identity *user, *copy;
	struct conf conf;
	size_t i;

	memset(&conf, 0, sizeof(conf));
	conf_init(&conf);
	for (i = 0; i < COUNT_OF(avatars); i++) {
		user = identity_new(&conf, slice_of("7"), none, none, none,
		    slice_of(avatars[i].path), false);
		if (avatars[i].url == NULL)
			assert_null(user->avatar_url);
		else
			assert_string_equal(user->avatar_url, avatars[i].url);
		assert_string_equal(user->username, "");
		assert_string_equal(user->email, "");
		copy = identity_clone(user);
		identity_free(user);
		assert_string_equal(copy->id, "7");
		assert_true(copy->id_is_number);
		assert_string_equal(copy->name, "");
		identity_free(copy);
	}
	set(&conf, "user_id_type", "uuid");
	user = identity_new(&conf, slice_of("6f9619ff8b86d011b42d00c04fc964ff"),
	    slice_of("ada"), none, none, none, true);
	assert_string_equal(user->id, "6f9619ff-8b86-d011-b42d-00c04fc964ff");
	assert_false(user->id_is_number);
	assert_true(user->is_superuser);
	assert_string_equal(user->name, "ada");
	identity_free(user);
	identity_free(NULL);
	assert_null(identity_clone(NULL));
	conf_fini(&conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_ids),
		cmocka_unit_test(test_absent_columns),
		cmocka_unit_test(test_staff_batch),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_identity),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * What `collabd -t` says about a database: every sentence names a setting and
 * what to do, and none holds a secret.
 */
#include "auth/site.h"
#include "db/cluster.h"

static struct cluster cluster;
static char url[256];

static const struct {
	const char	*breaks;	/* SQL before, or NULL */
	const char	*name, *value;	/* a setting, or NULL */
	const char	*says;		/* NULL: nothing */
	const char	*repairs;
} cases[] = {
	{ NULL, NULL, NULL, NULL, NULL },
	{ NULL, "permission", "staff", NULL, NULL },
	{ NULL, "session_table", "sess",
	  "session_table: there is no table \"sess\"; run", NULL },
	{ NULL, "database_schema", "nowhere",
	  "session_table: there is no table \"nowhere\".\"django_session\"",
	  NULL },
	{ NULL, "user_table", "django_session",
	  "user_id_column: table \"django_session\" has no column \"id\"; "
	  "set user_id_column", NULL },
	{ NULL, "user_email_column", "e\"mail",
	  "user_email_column: table \"auth_user\" has no column \"e\"\"mail\"",
	  NULL },
	{ NULL, "user_name_columns", "first_name nick",
	  "user_name_columns: table \"auth_user\" has no column \"nick\"; "
	  "set user_name_columns to what the model has", NULL },
	{ "REVOKE SELECT (last_name) ON auth_user FROM reader", NULL, NULL,
	  "GRANT SELECT (\"last_name\") ON \"auth_user\" TO",
	  SITE_PG_GRANTS },
	{ NULL, "avatar_field", "photo",
	  "avatar_field: table \"auth_user\" has no column \"photo\"", NULL },
	{ NULL, "user_password_column", "last_login",
	  "GRANT SELECT (\"last_login\") ON \"auth_user\" TO", NULL },
	{ NULL, "user_id_type", "uuid",
	  "user_id_type: the column that user_id_column names", NULL },
	{ NULL, "user_groups_user_column", "member_id",
	  "user_groups_user_column: table \"auth_user_groups\" has no column",
	  NULL },
	{ NULL, "user_is_staff_column", "",
	  "user_is_staff_column: must not be empty", NULL },
	{ NULL, "user_permissions_table", "secrets",
	  "user_permissions_table: ", NULL },
	{ "ALTER TABLE auth_permission RENAME TO p", NULL, NULL,
	  "there is no table \"auth_permission\", which Django's",
	  "ALTER TABLE p RENAME TO auth_permission" },
	{ NULL, "admin_log_table", "admin_log",
	  "admin_log_table: there is no table \"admin_log\"; run \"manage.py "
	  "migrate\" if the site is new, else set admin_log_table (and "
	  "database_schema) to where Django keeps it, or set "
	  "save_poll_interval to 0 to do without it", NULL },
	{ "REVOKE SELECT (change_message) ON django_admin_log FROM reader",
	  NULL, NULL, "admin_log_table: the database role may not read column "
	  "\"change_message\"; let the owner run: GRANT SELECT "
	  "(\"change_message\") ON \"django_admin_log\" TO the role that "
	  "database_url names, or set save_poll_interval to 0", SITE_PG_GRANTS },
	{ NULL, "admin_log_table", "secrets",
	  "admin_log_table: the database role may not read column", NULL },
	{ "REVOKE SELECT ON django_content_type FROM reader", "permission",
	  "staff", "database_schema: the database role may not read column "
	  "\"id\"; let the owner run: GRANT SELECT (\"id\") ON "
	  "\"django_content_type\"", SITE_PG_GRANTS },
	{ "REVOKE SELECT (id, action_time) ON django_admin_log FROM reader",
	  "save_poll_interval", "0", NULL, SITE_PG_GRANTS },
	{ "ALTER TABLE django_admin_log ALTER user_id TYPE text", NULL, NULL,
	  "admin_log_table: the database says: operator does not exist",
	  "ALTER TABLE django_admin_log ALTER user_id TYPE integer "
	  "USING user_id::integer" },
	{ "REVOKE SELECT ON auth_permission FROM reader", "permission", "staff",
	  NULL, SITE_PG_GRANTS },
	{ "ALTER ROLE reader PASSWORD 'changed'", NULL, NULL,
	  "database_url: cannot connect to the database: ",
	  "ALTER ROLE reader PASSWORD '" CLUSTER_PASSWORD "'" },
	{ NULL, "database_url", "mysql://u:p@h/d",
	  "database_url: only PostgreSQL", NULL },
	{ NULL, "database_url", "postgres://u:p@no-such-host.invalid/d",
	  "does not resolve", NULL },
};

static void
test_sentences(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		struct buf err = { 0 };
		struct conf conf;
		bool ok;

		site_conf(&conf, url);
		if (cases[i].name != NULL)
			set(&conf, cases[i].name, cases[i].value);
		if (cases[i].breaks != NULL)
			sql(&cluster, cases[i].breaks);
		ok = auth_probe(&conf, &err);
		if (cases[i].repairs != NULL)
			sql(&cluster, cases[i].repairs);
		if (ok != (cases[i].says == NULL))
			fail_msg("%zu: %s", i, buf_str(&err));
		if (!ok && strstr(buf_str(&err), cases[i].says) == NULL)
			fail_msg("%zu: \"%s\" lacks \"%s\"", i, buf_str(&err),
			    cases[i].says);
		assert_null(strstr(buf_str(&err), CLUSTER_PASSWORD));
		assert_null(strstr(buf_str(&err), CLUSTER_ROLE));
		buf_fini(&err);
		conf_fini(&conf);
	}
}

static void
test_server_down(void **state UNUSED)
{
	struct buf err = { 0 };
	struct conf conf;

	site_conf(&conf, url);
	cluster_down(&cluster);
	assert_false(auth_probe(&conf, &err));
	cluster_up(&cluster);
	assert_non_null(strstr(buf_str(&err), "database_url: cannot connect"));
	assert_null(strstr(buf_str(&err), "127.0.0.1"));
	buf_fini(&err);
	conf_fini(&conf);
}

static int
setup(void **state UNUSED)
{
	cluster_new(&cluster);
	sql(&cluster, SITE_PG_TABLES SITE_PG_GRANTS
	    "CREATE TABLE secrets (user_id integer, permission_id integer)");
	snprintf(url, sizeof(url), "postgres://" CLUSTER_ROLE ":"
	    CLUSTER_PASSWORD "@127.0.0.1:%d/postgres", cluster.port);
	return (0);
}

static int
teardown(void **state UNUSED)
{
	cluster_free(&cluster);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_server_down),
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}

/*
 * The core cases on SQLite, Django's default in development: booleans as 0 and
 * 1, UUIDs as 32 digits, times as text, a writer that holds the lock.
 */
#include <sqlite3.h>

#include "auth/site.h"
#include "db/cluster.h"
#include "db/db.h"
#include "db/db_url.h"

#define KEY	"0123456789abcdefghijklmnopqrstuv"
#define HEX	"6f9619ff8b86d011b42d00c04fc964ff"
#define UUID	"6f9619ff-8b86-d011-b42d-00c04fc964ff"

static char dir[] = "/tmp/collabd-sqlite-XXXXXX";
static char path[64], url[80];
static sqlite3 *db;

static void
run(const char *text)
{
	char *err = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &err) != SQLITE_OK)
		fail_msg("%s in %s", err, text);
}

static void
put_session(const char *key, const char *data, const char *when)
{
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO django_session "
	    "VALUES (?1, ?2, strftime('%Y-%m-%d %H:%M:%f000', 'now', ?3))",
	    -1, &stmt, NULL), SQLITE_OK);
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, data, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, when, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
}

static void
start(struct site *s, bool uuid)
{
	memset(s, 0, sizeof(*s));
	site_conf(&s->conf, url);
	set(&s->conf, "avatar_field", "avatar");
	if (uuid) {
		set(&s->conf, "user_table", "member");
		set(&s->conf, "user_id_type", "uuid");
		set(&s->conf, "avatar_field", "");
		set(&s->conf, "user_name_columns", "");
		set(&s->conf, "user_groups_table", "");
		set(&s->conf, "user_permissions_table", "member_permissions");
	}
	site_start(s);
}

static void
test_user(void **state UNUSED)
{
	struct site s;
	struct ask a;

	start(&s, false);
	assert_int_equal(ask(&s, &a, KEY, "shelfx", "item"), AUTH_ALLOWED);
	assert_true(a.may_view && a.may_change);
	assert_string_equal(a.user->id, "1");
	assert_true(a.user->id_is_number);
	assert_string_equal(a.user->username, "ada");
	assert_string_equal(a.user->name, "Ada");
	assert_string_equal(a.user->email, "ada@example.com");
	assert_string_equal(a.user->avatar_url, "/media/a.png");
	ask_free(&a);
	assert_int_equal(ask(&s, &a, KEY, "shelfx", "book"), AUTH_ALLOWED);
	assert_true(a.may_view && !a.may_change);	/* by a group */
	ask_free(&a);
	assert_int_equal(ask_only(&s, KEY, "other", "item"), AUTH_DENIED);
	assert_int_equal(ask_only(&s, KEY, NULL, NULL), AUTH_ALLOWED);
	assert_int_equal(ask_only(&s, "expiredsession", NULL, NULL),
	    AUTH_DENIED);
	assert_int_equal(ask_only(&s, "unknownsession", NULL, NULL),
	    AUTH_DENIED);
	assert_int_equal(ask_only(&s, "hugeidsession", NULL, NULL),
	    AUTH_DENIED);
	assert_int_equal(ask_only(&s, KEY, "shelfx", "it\xffm"), AUTH_DENIED);
	run("UPDATE auth_user SET is_active = 0");
	assert_int_equal(ask_only(&s, KEY, NULL, NULL), AUTH_DENIED);
	run("UPDATE auth_user SET is_active = 1, is_superuser = 1");
	assert_int_equal(ask_only(&s, KEY, "other", "item"), AUTH_ALLOWED);
	run("UPDATE auth_user SET is_superuser = 0");
	site_stop(&s);
}

static void
test_uuid(void **state UNUSED)
{
	struct site s;
	struct ask a;

	start(&s, true);
	assert_int_equal(ask(&s, &a, "uuidsession", "shelfx", "item"),
	    AUTH_ALLOWED);
	assert_string_equal(a.user->id, UUID);
	assert_false(a.user->id_is_number);
	assert_string_equal(a.user->name, "ada");
	ask_free(&a);
	assert_int_equal(ask_only(&s, "uuidsession", "shelfx", "book"),
	    AUTH_DENIED);
	site_stop(&s);
}

struct batch {
	unsigned	 calls;
	struct auth_recheck answers[8];
};

static void
on_batch(const struct auth_recheck *answers, size_t n, bool is_last,
    void *arg)
{
	struct batch *b = arg;

	b->calls += is_last;
	memcpy(b->answers, answers, n * sizeof(*answers));
}

/* The permission to take over: by a group, by a check and by a re-check. */
static void
test_take_over(void **state UNUSED)
{
	struct auth_query q = { slice_of(KEY), SLICE_LIT("shelfx"),
	    SLICE_LIT("item") };
	bool may = true;
	struct batch b;
	struct site s;
	struct ask a;

	do {
		memset(&b, 0, sizeof(b));
		memset(&s, 0, sizeof(s));
		site_conf(&s.conf, url);
		set(&s.conf, "take_over_permission",
		    may ? "shelfx.view_book" : "shelfx.view_books");
		site_start(&s);
		assert_int_equal(ask(&s, &a, KEY, "shelfx", "item"),
		    AUTH_ALLOWED);
		assert_int_equal(a.may_take_over, may);
		ask_free(&a);
		assert_true(auth_recheck_start(s.auth, &q, 1, on_batch, &b));
		while (b.calls == 0)
			event_base_loop(s.base, EVLOOP_ONCE);
		assert_int_equal(b.answers[0].may_take_over, may);
		site_stop(&s);
		may = !may;
	} while (!may);
}

static void
test_recheck(void **state UNUSED)
{
	static const struct {
		const char *key, *app, *model;
		enum auth_verdict verdict;
		bool change;
	} cases[] = {
		{ KEY, "shelfx", "item", AUTH_ALLOWED, true },
		{ KEY, "shelfx", "book", AUTH_ALLOWED, false },
		{ KEY, "x\"\\", "item", AUTH_DENIED, false },
		{ KEY, NULL, NULL, AUTH_ALLOWED, true },
		{ "expiredsession", NULL, NULL, AUTH_DENIED, false },
		{ "hugeidsession", NULL, NULL, AUTH_DENIED, false },
		{ "bad", NULL, NULL, AUTH_DENIED, false },
	};
	struct auth_query q[COUNT_OF(cases)];
	struct batch b = { 0 };
	struct site s;
	size_t i;

	start(&s, false);
	for (i = 0; i < COUNT_OF(cases); i++)
		q[i] = (struct auth_query){ slice_of(cases[i].key),
		    slice_of(cases[i].app), slice_of(cases[i].model) };
	assert_true(auth_recheck_start(s.auth, q, COUNT_OF(q), on_batch, &b));
	while (b.calls == 0)
		event_base_loop(s.base, EVLOOP_ONCE);
	for (i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(b.answers[i].verdict, cases[i].verdict);
		assert_int_equal(b.answers[i].may_change, cases[i].change);
	}
	site_stop(&s);
	start(&s, true);
	b.calls = 0;
	q[0].session = slice_of("uuidsession");
	assert_true(auth_recheck_start(s.auth, q, 1, on_batch, &b));
	while (b.calls == 0)
		event_base_loop(s.base, EVLOOP_ONCE);
	assert_int_equal(b.answers[0].verdict, AUTH_ALLOWED);
	site_stop(&s);
}

#define CROWD	20

/* Many at once on one connection: the same answers, in two queries. */
static void
test_batch(void **state UNUSED)
{
	char *one, text[200], keys[CROWD][16];
	struct ask a[CROWD];
	struct auth_stats st;
	struct site s;
	unsigned i;

	memset(&s, 0, sizeof(s));
	site_conf(&s.conf, url);
	set(&s.conf, "auth_threads", "1");
	set(&s.conf, "auth_max_connections", "1");
	site_start(&s);
	assert_true(budget_take(s.shm, s.slot, 1, clock_mono_ms() + 60000));
	for (i = 0; i < CROWD; i++) {
		snprintf(text, sizeof(text), "INSERT INTO auth_user VALUES "
		    "(%u, '" SITE_PASSWORD "', 0, 'user%u', '', %d, 1, '',"
		    "'', '')",
		    100 + i, i, i % 4 != 1);
		run(text);
		snprintf(text, sizeof(text), "\"%u\"", 100 + i);
		snprintf(keys[i], sizeof(keys[i]), "crowdkey%u", i);
		one = site_session(text);
		put_session(keys[i], one, i % 4 == 2 ? "-1 second" : "+1 hour");
		free(one);
		ask_start(&s, &a[i], keys[i], i % 4 == 3 ? "shelfx" : NULL,
		    i % 4 == 3 ? "item" : NULL);
	}
	budget_give(s.shm, s.slot);
	for (i = 0; i < CROWD; i++) {
		ask_wait(&a[i]);
		assert_int_equal(a[i].verdict,
		    i % 4 == 0 ? AUTH_ALLOWED : AUTH_DENIED);
		snprintf(text, sizeof(text), "%u", 100 + i);
		if (a[i].user != NULL)
			assert_string_equal(a[i].user->id, text);
		ask_free(&a[i]);
	}
	auth_stats(s.auth, &st);
	assert_int_equal(st.lookups, CROWD);
	assert_int_equal(st.queries, 2);
	run("DELETE FROM auth_user WHERE id >= 100");
	site_stop(&s);
}

static void
test_unavailable(void **state UNUSED)
{
	static const struct { const char *name, *value; } wrong[] = {
		{ "session_table", "no_such_table" },
		{ "user_email_column", "no_such_column" },
		{ "database_url", "sqlite:////nonexistent/db.sqlite3" },
	};
	struct site s;
	struct ask a;
	size_t i;

	for (i = 0; i < COUNT_OF(wrong); i++) {
		memset(&s, 0, sizeof(s));
		site_conf(&s.conf, url);
		set(&s.conf, wrong[i].name, wrong[i].value);
		site_start(&s);
		assert_int_equal(ask(&s, &a, KEY, NULL, NULL),
		    AUTH_UNAVAILABLE);
		site_stop(&s);
	}
}

/* A writer that does not end costs the deadline; one that ends is waited
 * for; and whoever gives up need not wait. */
static void
test_locked(void **state UNUSED)
{
	struct site s;
	struct ask a;

	start(&s, false);
	s.conf.auth_timeout_ms = 200;
	run("BEGIN EXCLUSIVE");
	assert_int_equal(ask(&s, &a, KEY, NULL, NULL), AUTH_UNAVAILABLE);
	assert_string_equal(a.reason, "timed out");
	s.conf.auth_timeout_ms = 60000;
	ask_start(&s, &a, KEY, NULL, NULL);
	while (budget_in_use(s.shm) == 0)
		nap_ms(1);
	auth_check_cancel(a.check);
	while (budget_in_use(s.shm) != 0)
		nap_ms(1);
	ask_start(&s, &a, KEY, NULL, NULL);
	while (budget_in_use(s.shm) == 0)
		nap_ms(1);
	run("COMMIT");
	ask_wait(&a);
	assert_int_equal(a.verdict, AUTH_ALLOWED);
	ask_free(&a);
	site_stop(&s);
}

/* We read; nothing of ours can write. */
static void
test_read_only(void **state UNUSED)
{
	struct db_wait wait = { .wake_fd = -1 };
	struct db_request request = { .sql = "DELETE FROM auth_user" };
	struct buf err = { 0 };
	struct db_url parsed;
	enum db_status status;
	struct db_error error;
	struct db *conn;

	assert_true(db_url_parse(url, &parsed, &err));
	wait.deadline_ms = clock_mono_ms() + 60000;
	conn = db_open(&parsed, &wait, &status, &error);
	assert_non_null(conn);
	assert_int_not_equal(db_query(conn, &request, &wait, &error), DB_OK);
	db_close(conn);
	db_url_fini(&parsed);
}

static void
test_probe(void **state UNUSED)
{
	struct buf err = { 0 };
	struct conf conf;

	site_conf(&conf, url);
	if (!auth_probe(&conf, &err))
		fail_msg("%s", buf_str(&err));
	set(&conf, "user_email_column", "mail");
	set(&conf, "session_table", "sessions");
	assert_false(auth_probe(&conf, &err));
	assert_non_null(strstr(buf_str(&err), "session_table: there is no "
	    "table \"sessions\""));
	assert_non_null(strstr(buf_str(&err), "user_email_column: table "
	    "\"auth_user\" has no column \"mail\""));
	buf_fini(&err);
	conf_fini(&conf);
}

static int
setup(void **state UNUSED)
{
	char *one = site_session("\"1\""), *uuid = site_session("\"" UUID "\"");
	char *huge = site_session("\"9999999999999999999\"");

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/db.sqlite3", dir);
	snprintf(url, sizeof(url), "sqlite:///%s", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run(SITE_AUTH_TABLES
	    "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY,"
	    " session_data text NOT NULL, expire_date datetime NOT NULL);"
	    "CREATE TABLE auth_user (id integer PRIMARY KEY AUTOINCREMENT,"
	    " password varchar(128), is_superuser bool, username varchar(150),"
	    " email varchar(254), is_staff bool, is_active bool, avatar text,"
	    " first_name varchar(150), last_name varchar(150));"
	    "CREATE TABLE django_admin_log (id integer PRIMARY KEY,"
	    " action_time datetime, object_id text, object_repr varchar(200),"
	    " action_flag smallint, change_message text, content_type_id"
	    " integer, user_id integer);"
	    "CREATE TABLE member (id char(32) PRIMARY KEY, password"
	    " varchar(128), is_superuser bool, username varchar(150), email"
	    " varchar(254), is_staff bool, is_active bool);"
	    "CREATE TABLE auth_user_groups (user_id integer, group_id integer);"
	    "CREATE TABLE auth_user_user_permissions (user_id integer,"
	    " permission_id integer);"
	    "CREATE TABLE member_permissions (user_id char(32),"
	    " permission_id integer);"
	    "INSERT INTO auth_user VALUES (1, '" SITE_PASSWORD "', 0, 'ada',"
	    " 'ada@example.com', 1, 1, 'a.png', 'Ada', NULL);"
	    "INSERT INTO member VALUES ('" HEX "', '" SITE_PASSWORD "', 0,"
	    " 'ada', '', 1, 1);"
	    "INSERT INTO django_content_type VALUES (1, 'shelfx', 'item');"
	    "INSERT INTO django_content_type VALUES (2, 'shelfx', 'book');"
	    "INSERT INTO auth_permission VALUES (1, '', 1, 'change_item');"
	    "INSERT INTO auth_permission VALUES (2, '', 2, 'view_book');"
	    "INSERT INTO auth_user_user_permissions VALUES (1, 1);"
	    "INSERT INTO member_permissions VALUES ('" HEX "', 1);"
	    "INSERT INTO auth_user_groups VALUES (1, 5);"
	    "INSERT INTO auth_group_permissions VALUES (1, 5, 2);");
	put_session(KEY, one, "+1 hour");
	put_session("expiredsession", one, "-1 second");
	put_session("uuidsession", uuid, "+1 hour");
	put_session("hugeidsession", huge, "+1 hour");
	free(one);
	free(uuid);
	free(huge);
	return (0);
}

static int
teardown(void **state UNUSED)
{
	sqlite3_close(db);
	unlink(path);
	rmdir(dir);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_take_over),
		cmocka_unit_test(test_recheck),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_unavailable),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_probe),
	};

	if (!log_open("/dev/null"))
		return (1);
	return (cmocka_run_group_tests(tests, setup, teardown));
}

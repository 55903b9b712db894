/*
 * Polls of the admin's log on a real PostgreSQL and on SQLite: which rows come
 * and as what, overlap and bounds, what cannot be a row of an object, a table
 * that was emptied, a log that may not be read, a database that is down, and
 * cancelling.
 */
#include <sqlite3.h>

#include "auth/site.h"
#include "db/adminlog.h"
#include "db/cluster.h"
#include "django/logmsg.h"

#define KEY	"0123456789abcdefghijklmnopqrstuv"
#define HEX	"6f9619ff8b86d011b42d00c04fc964ff"
#define UUID	"6f9619ff-8b86-d011-b42d-00c04fc964ff"
#define DAY_US	(INT64_C(86400) * US_PER_SEC)

static struct cluster cluster;
static char pg_url[256];
static char dir[] = "/tmp/collabd-adminlog-XXXXXX";
static char path[64], lite_url[80];
static sqlite3 *lite;

static struct site site;
static struct adminlog *admin_log;
static bool is_pg;

/* --- the site --- */

static void
run_lite(const char *text)
{
	char *err = NULL;

	if (sqlite3_exec(lite, text, NULL, NULL, &err) != SQLITE_OK)
		fail_msg("%s in %s", err, text);
}

/* In the database under test. */
static void
run(const char *text)
{
	if (is_pg)
		sql(&cluster, text);
	else
		run_lite(text);
}

/* A time as the database has it; static. */
static const char *
time_text(int64_t wall_us)
{
	static char text[CLOCK_ISO_SIZE];

	clock_format_iso(wall_us, text);
	if (!is_pg) {
		text[10] = ' ';
		text[26] = '\0';	/* without the offset */
	}
	return (text);
}

/* A row; id 0 is the next. */
static void
put(int64_t id, int64_t when_us, const char *object, const char *rest)
{
	struct buf b = { 0 };

	buf_addf(&b, "INSERT INTO django_admin_log (id, action_time, "
	    "object_repr, object_id, user_id, content_type_id, action_flag, "
	    "change_message) VALUES (%lld, '%s', '', %s, %s)", (long long)id,
	    time_text(when_us), object, rest);
	run(buf_str(&b));
	buf_fini(&b);
}

/* Changes of object 7 by user 1, now. */
static void
put_many(int64_t first, int64_t last)
{
	run("BEGIN");
	for (; first <= last; first++)
		put(first, clock_wall_us(), "'7'", "1, 1, 2, ''");
	run("COMMIT");
}

/* with: further settings; name, value, ... NULL. */
static void
start(const char *const *with)
{
	memset(&site, 0, sizeof(site));
	site_conf(&site.conf, is_pg ? pg_url : lite_url);
	set(&site.conf, "auth_threads", "1");
	set(&site.conf, "auth_max_connections", "1");
	set(&site.conf, "auth_timeout", "60");
	for (; with != NULL && *with != NULL; with += 2)
		set(&site.conf, with[0], with[1]);
	site_start(&site);
	admin_log = adminlog_new(site.pool);
}

static void
stop(void)
{
	adminlog_free(admin_log);
	site_stop(&site);
	if (is_pg)
		sql_await(&cluster, POOL_CONNECTIONS, "0");
	run("DELETE FROM django_admin_log");
}

/* --- polls --- */

/* What the last poll gave; texts are copied. */
static struct {
	unsigned	 calls;
	enum adminlog_status status;
	size_t		 n;
	int64_t		 ids[ADMINLOG_ROWS_MAX];
	int64_t		 skipped, older_id, next_id;
	struct adminlog_row first;
	char		*user_id, *user_name, *app, *model, *object, *message;
} got;

static void
forget(void)
{
	free(got.user_id);
	free(got.user_name);
	free(got.app);
	free(got.model);
	free(got.object);
	free(got.message);
	memset(&got, 0, sizeof(got));
}

static void
on_poll(const struct adminlog_result *r, void *arg)
{
	size_t i;

	assert_ptr_equal(arg, &got);
	got.calls++;
	got.status = r->status;
	got.n = r->n;
	got.skipped = r->skipped;
	got.older_id = r->older_id;
	got.next_id = r->next_id;
	assert_true(r->n <= ADMINLOG_ROWS_MAX);
	for (i = 0; i < r->n; i++)
		got.ids[i] = r->rows[i].id;
	if (r->n == 0)
		return;
	got.first = r->rows[0];
	got.user_id = xstrdup(got.first.user_id);
	got.user_name = xstrdup(got.first.user_name);
	got.app = xstrdup(got.first.app_label);
	got.model = xstrdup(got.first.model);
	got.object = xstrdup(got.first.object_id);
	got.message = xmemdup0(got.first.message.p, got.first.message.n);
}

static void
poll_start(int64_t since, int64_t until)
{
	forget();
	assert_true(adminlog_poll_start(admin_log, since, until, on_poll,
	    &got));
	assert_int_equal(got.calls, 0);		/* never before it returns */
	/* One at a time. */
	assert_false(adminlog_poll_start(admin_log, since, until, on_poll,
	    &got));
}

static void
poll_wait(void)
{
	while (got.calls == 0)
		assert_int_equal(event_base_loop(site.base, EVLOOP_ONCE), 0);
	assert_int_equal(got.calls, 1);
}

static enum adminlog_status
poll_page(int64_t since, int64_t until)
{
	poll_start(since, until);
	poll_wait();
	return (got.status);
}

static enum adminlog_status
poll_log(int64_t since)
{
	return (poll_page(since, 0));
}

static void
assert_rows(int64_t first, int64_t last)
{
	size_t i;

	assert_int_equal(got.status, ADMINLOG_OK);
	assert_int_equal(got.n, last - first + 1);
	for (i = 0; i < got.n; i++)
		assert_int_equal(got.ids[i], first + (int64_t)i);
}

/* --- what comes --- */

static void
test_row(void **state UNUSED)
{
	int64_t when = clock_wall_us() - 3600 * US_PER_SEC;

	start(NULL);
	assert_true(adminlog_is_on(admin_log));
	put(41, when, "'a_b/\xc3\xa9'", "1, 1, 2, "
	    "'[{\"changed\": {\"fields\": [\"Name\"]}}]'");
	put(42, when, "'8'", "2, 2, 3, ''");
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	assert_rows(41, 42);
	assert_int_equal(got.next_id, 42);
	assert_int_equal(got.skipped, 0);
	assert_true(got.first.when_us == when);
	assert_int_equal(got.first.action, ADMINLOG_CHANGE);
	assert_string_equal(got.user_id, "1");
	assert_string_equal(got.user_name, "Ada Lovelace");
	assert_string_equal(got.app, "shelfx");
	assert_string_equal(got.model, "item");
	assert_string_equal(got.object, "a_b/\xc3\xa9");
	assert_string_equal(got.message,
	    "[{\"changed\": {\"fields\": [\"Name\"]}}]");
	assert_int_equal(poll_log(41 + ADMINLOG_OVERLAP), ADMINLOG_OK);
	assert_rows(42, 42);
	assert_int_equal(got.first.action, ADMINLOG_DELETE);
	assert_string_equal(got.user_id, "2");
	assert_string_equal(got.user_name, "ben");	/* has no other name */
	assert_string_equal(got.app, "shelfx");
	assert_string_equal(got.model, "book");
	assert_string_equal(got.message, "");
	/* Nobody else stands in line: the connection is closed at once. */
	while (budget_in_use(site.shm) != 0)
		nap_ms(1);
	stop();
}

/* The newest rows, and not those of yesterday. */
static void
test_first(void **state UNUSED)
{
	int64_t now = clock_wall_us();

	start(NULL);
	put(1, now - DAY_US - 60 * US_PER_SEC, "'7'", "1, 1, 2, ''");
	put(2, now - DAY_US + 60 * US_PER_SEC, "'7'", "1, 1, 2, ''");
	put(3, now, "'7'", "1, 1, 2, ''");
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	assert_rows(2, 3);
	assert_int_equal(got.older_id, 0);
	put_many(4, 703);
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	assert_rows(204, 703);
	assert_int_equal(got.next_id, 703);
	assert_int_equal(got.older_id, 204);
	/* The rest of them, and nothing that has come since. */
	put_many(704, 710);
	assert_int_equal(poll_page(0, got.older_id), ADMINLOG_OK);
	assert_rows(2, 203);
	assert_int_equal(got.older_id, 0);
	assert_int_equal(got.skipped, 0);
	stop();
}

/* New ones come, and the last ones again; a row may appear behind others. */
static void
test_next(void **state UNUSED)
{
	start(NULL);
	put_many(1, 200);
	put_many(202, 210);
	assert_int_equal(poll_log(200), ADMINLOG_OK);
	assert_int_equal(got.n, ADMINLOG_OVERLAP + 9);
	assert_int_equal(got.ids[0], 101);
	assert_int_equal(got.next_id, 210);
	assert_int_equal(got.skipped, 0);
	put_many(201, 201);		/* committed late */
	assert_int_equal(poll_log(210), ADMINLOG_OK);
	assert_rows(111, 210);
	assert_int_equal(poll_log(got.next_id), ADMINLOG_OK);
	assert_rows(111, 210);
	assert_int_equal(got.next_id, 210);
	stop();
}

/* Too many: the newest, and how many were left out; then these. */
static void
test_skipped(void **state UNUSED)
{
	start(NULL);
	put_many(1, 50);
	put_many(51, 750);
	assert_int_equal(poll_log(50), ADMINLOG_OK);
	assert_rows(251, 750);
	assert_int_equal(got.skipped, 200);
	assert_int_equal(got.older_id, 251);
	assert_int_equal(got.next_id, 750);
	put_many(751, 760);
	assert_int_equal(poll_page(50, got.older_id), ADMINLOG_OK);
	assert_rows(1, 250);
	assert_int_equal(got.skipped, 0);
	assert_int_equal(got.older_id, 0);
	run("DELETE FROM django_admin_log WHERE id > 750");
	/* What came before is not missed. */
	assert_int_equal(poll_log(250), ADMINLOG_OK);
	assert_rows(251, 750);
	assert_int_equal(got.skipped, 0);
	stop();
}

static void
test_unsound(void **state UNUSED)
{
	char object[ADMINLOG_OBJECT_MAX + 4] = "'";
	int64_t now = clock_wall_us();

	memset(object + 1, 'x', ADMINLOG_OBJECT_MAX);
	strcpy(object + 1 + ADMINLOG_OBJECT_MAX, "'");
	start(NULL);
	put(1, now, "'7'", "1, NULL, 2, ''");		/* model gone */
	put(2, now, "'7'", "1, 99, 2, ''");
	put(3, now, "NULL", "1, 1, 2, ''");
	put(4, now, "'7'", "1, 1, 0, ''");
	put(5, now, "'7'", "1, 1, 4, ''");
	put(6, now, object, "1, 1, 1, ''");		/* just not too long */
	strcpy(object + 1 + ADMINLOG_OBJECT_MAX, "x'");
	put(7, now, object, "1, 1, 1, ''");
	object[ADMINLOG_OBJECT_MAX - 1] = '\xc3';	/* as long in characters */
	object[ADMINLOG_OBJECT_MAX] = '\xa9';
	put(8, now, object, "1, 1, 1, ''");
	put(9, now, "'7'", "99, 1, 2, ''");		/* user gone */
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.ids[0], 6);
	assert_int_equal(strlen(got.object), ADMINLOG_OBJECT_MAX);
	assert_int_equal(got.ids[1], 9);
	assert_int_equal(poll_log(108), ADMINLOG_OK);
	assert_rows(9, 9);
	assert_string_equal(got.user_id, "99");
	assert_string_equal(got.user_name, "");
	/* They are no rows that were left out for want of room. */
	assert_int_equal(poll_log(1), ADMINLOG_OK);
	assert_int_equal(got.skipped, 0);
	assert_int_equal(got.next_id, 9);
	stop();
}

/* A long message ends with a whole character. */
static void
test_message(void **state UNUSED)
{
	struct buf b = { 0 };
	int i;

	start(NULL);
	buf_add_str(&b, "1, 1, 2, 'x");
	for (i = 0; i < LOGMSG_MAX; i++)
		buf_add_str(&b, "\xc3\xa9");
	buf_add_char(&b, '\'');
	put(1, clock_wall_us(), "'7'", buf_str(&b));
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	assert_rows(1, 1);
	assert_int_equal(got.first.message.n, LOGMSG_MAX - 1);
	assert_memory_equal(got.message, b.p + LITLEN("1, 1, 2, '"),
	    LOGMSG_MAX - 1);
	buf_fini(&b);
	stop();
}

/* No first poll again, or the first save of a new site would be history. */
static void
test_empty(void **state UNUSED)
{
	start(NULL);
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.next_id, 1);
	put_many(1, 2);
	assert_int_equal(poll_log(got.next_id), ADMINLOG_OK);
	assert_rows(1, 2);
	/* Emptied, and counting from one again. */
	put_many(1000, 1000);
	assert_int_equal(poll_log(2), ADMINLOG_OK);
	assert_int_equal(got.next_id, 1000);
	run("DELETE FROM django_admin_log");
	put_many(1, 1);
	assert_int_equal(poll_log(1000), ADMINLOG_OK);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.next_id, 1);
	assert_int_equal(poll_log(1), ADMINLOG_OK);
	assert_rows(1, 1);
	/* Nonsense is a first poll. */
	assert_int_equal(poll_log(-5), ADMINLOG_OK);
	assert_rows(1, 1);
	assert_int_equal(poll_log(INT64_MAX), ADMINLOG_OK);
	assert_int_equal(got.n, 0);
	stop();
}

/* A user table of another type, a log of another name. */
static void
test_names(void **state UNUSED)
{
	static const char *const with[] = {
		"user_table", "member", "user_id_type", "uuid",
		"user_name_columns", "", "admin_log_table", "saves \"x\"",
		"user_groups_table", "", "user_permissions_table", "", NULL,
	};

	start(with);
	run("INSERT INTO \"saves \"\"x\"\"\" (id, action_time, object_id, "
	    "user_id, content_type_id, action_flag, change_message) VALUES "
	    "(5, '2026-11-24 03:52:19', '7', '" HEX "', 1, 1, '')");
	assert_int_equal(poll_log(5), ADMINLOG_OK);
	assert_rows(5, 5);
	assert_string_equal(got.user_id, UUID);
	assert_string_equal(got.user_name, "ada");
	assert_true(got.first.when_us == INT64_C(1795492339) * US_PER_SEC);
	run("DELETE FROM \"saves \"\"x\"\"\"");
	stop();
}

static void
test_off(void **state UNUSED)
{
	static const char *const never[] = { "save_poll_interval", "0", NULL };

	start(never);
	assert_false(adminlog_is_on(admin_log));
	assert_false(adminlog_poll_start(admin_log, 0, 0, on_poll, &got));
	stop();
	adminlog_free(NULL);
}

/* --- what does not come --- */

/* Lines of the log that have the text. */
static unsigned
count_lines(const char *file, const char *text)
{
	char line[1024];
	unsigned n = 0;
	FILE *f = fopen(file, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, text) != NULL;
	fclose(f);
	return (n);
}

/* The log cannot be read: said once for all workers, authorization goes on,
 * and it is asked again only after a while. */
static void
run_refused(const char *breaks, const char *repairs, const char *says)
{
	struct adminlog *another;
	char file[80];

	snprintf(file, sizeof(file), "%s/log", dir);
	assert_true(log_open(file));
	start(NULL);
	assert_int_equal(ask_only(&site, KEY, NULL, NULL), AUTH_ALLOWED);
	run(breaks);
	assert_int_equal(poll_log(0), ADMINLOG_REFUSED);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.next_id, 0);
	assert_true(pool_is_healthy(site.pool));
	assert_int_equal(ask_only(&site, KEY, "shelfx", "item"), AUTH_ALLOWED);
	assert_false(adminlog_is_on(admin_log));
	assert_false(adminlog_poll_start(admin_log, 0, 0, on_poll, &got));
	/* As another worker of the machine has it. */
	another = adminlog_new(site.pool);
	assert_false(adminlog_is_on(another));
	adminlog_free(admin_log);
	admin_log = another;
	assert_int_equal(poll_log(0), ADMINLOG_REFUSED);
	assert_int_equal(count_lines(file, says), 1);
	assert_int_equal(count_lines(file, "refuses our query"), 0);
	adminlog_free(admin_log);
	admin_log = adminlog_new(site.pool);
	run(repairs);
	put_many(3, 3);
	assert_false(adminlog_is_on(admin_log));
	assert_int_equal(poll_log(1), ADMINLOG_OK);
	assert_rows(3, 3);
	assert_true(adminlog_is_on(admin_log));
	assert_int_equal(count_lines(file, "are announced from the admin's "
	    "log again"), 1);
	stop();
	assert_true(log_open("/dev/null"));
	unlink(file);
}

static void
test_refused(void **state UNUSED)
{
	run_refused("ALTER TABLE django_admin_log RENAME TO elsewhere",
	    "ALTER TABLE elsewhere RENAME TO django_admin_log",
	    "log: there is no table django_admin_log; a click on Save is");
	if (!is_pg)
		return;
	run_refused("REVOKE SELECT (action_flag) ON django_admin_log "
	    "FROM reader", SITE_PG_GRANTS,
	    "log: the database role may not read it; a click on Save is");
	run_refused("ALTER TABLE django_admin_log ALTER user_id TYPE text",
	    "ALTER TABLE django_admin_log ALTER user_id TYPE integer "
	    "USING user_id::integer",
	    "log: the database says: operator does not exist");
}

static void
test_unavailable(void **state UNUSED)
{
	start(NULL);
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	cluster_down(&cluster);
	assert_int_equal(poll_log(0), ADMINLOG_UNAVAILABLE);
	assert_false(pool_is_healthy(site.pool));
	assert_true(adminlog_is_on(admin_log));
	cluster_up(&cluster);
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	assert_true(pool_is_healthy(site.pool));
	/* No place in the budget, in time. */
	site.conf.auth_timeout_ms = 200;
	assert_true(budget_take(site.shm, site.slot, 1,
	    clock_mono_ms() + 60000));
	assert_int_equal(poll_log(0), ADMINLOG_UNAVAILABLE);
	budget_give(site.shm, site.slot);
	site.conf.auth_timeout_ms = 60000;
	assert_int_equal(poll_log(0), ADMINLOG_OK);
	stop();
}

/* Before a thread has it, and in the middle of its query. */
static void
test_cancel(void **state UNUSED)
{
	start(NULL);
	assert_true(budget_take(site.shm, site.slot, 1,
	    clock_mono_ms() + 60000));
	poll_start(0, 0);
	adminlog_free(admin_log);
	budget_give(site.shm, site.slot);
	admin_log = adminlog_new(site.pool);
	sql(&cluster, "BEGIN; LOCK TABLE django_admin_log");
	poll_start(0, 0);
	sql_await(&cluster, "SELECT count(*) FROM pg_stat_activity WHERE "
	    "wait_event_type = 'Lock' AND usename = '" CLUSTER_ROLE "'", "1");
	adminlog_free(admin_log);
	admin_log = adminlog_new(site.pool);
	poll_start(0, 0);
	sql(&cluster, "COMMIT");
	poll_wait();
	assert_int_equal(got.status, ADMINLOG_OK);
	/* And with the pool. */
	sql(&cluster, "BEGIN; LOCK TABLE django_admin_log");
	poll_start(0, 0);
	sql_await(&cluster, "SELECT count(*) FROM pg_stat_activity WHERE "
	    "wait_event_type = 'Lock' AND usename = '" CLUSTER_ROLE "'", "1");
	adminlog_free(admin_log);
	admin_log = NULL;
	site_stop(&site);
	assert_int_equal(got.calls, 0);
	sql(&cluster, "COMMIT");
	start(NULL);
	stop();
}

/* Freed in its own callback, and asked again in it. */
static void
on_poll_again(const struct adminlog_result *r UNUSED, void *arg)
{
	unsigned *calls = arg;

	if (++*calls == 1) {
		assert_true(adminlog_poll_start(admin_log, 0, 0,
		    on_poll_again, arg));
		return;
	}
	adminlog_free(admin_log);
	admin_log = NULL;
}

static void
test_in_callback(void **state UNUSED)
{
	unsigned calls = 0;

	start(NULL);
	assert_true(adminlog_poll_start(admin_log, 0, 0, on_poll_again,
	    &calls));
	while (calls < 2)
		assert_int_equal(event_base_loop(site.base, EVLOOP_ONCE), 0);
	stop();
}

/* --- both databases --- */

#define SITE_ROWS							\
	"INSERT INTO django_content_type VALUES (1, 'shelfx', 'item');"	\
	"INSERT INTO django_content_type VALUES (2, 'shelfx', 'book');"	\
	"INSERT INTO auth_permission VALUES (1, '', 1, 'change_item');"	\
	"INSERT INTO auth_user_user_permissions (user_id, permission_id)"\
	"  VALUES (1, 1);"						\
	"INSERT INTO auth_user (id, username, password, email, is_staff,"\
	"  is_active, is_superuser, first_name, last_name) VALUES"	\
	"  (1, 'ada', '" SITE_PASSWORD "', '', true, true, false,"	\
	"  'Ada', 'Lovelace'), (2, 'ben', '', '', true, true, false,"	\
	"  '', '');"							\
	"CREATE TABLE \"saves \"\"x\"\"\" (id bigint PRIMARY KEY,"	\
	"  action_time " SITE_TIME ", object_id text, action_flag smallint,"\
	"  change_message text, content_type_id integer, user_id "	\
	SITE_UUID ");"							\
	"CREATE TABLE member (id " SITE_UUID " PRIMARY KEY, password"	\
	"  varchar(128), is_superuser bool, username varchar(150),"	\
	"  email varchar(254), is_staff bool, is_active bool);"		\
	"INSERT INTO member VALUES ('" HEX "', '', false, 'ada', '',"	\
	"  true, true);"

static int
setup_pg(void **state UNUSED)
{
	char *data = site_session("\"1\"");

	is_pg = true;
	cluster_new(&cluster);
	sql(&cluster, "ALTER ROLE reader SET timezone = 'Asia/Kathmandu';"
	    SITE_PG_TABLES SITE_PG_INDEXES SITE_PG_GRANTS
#define SITE_TIME	"timestamptz"
#define SITE_UUID	"uuid"
	    "SET timezone = 'UTC';"
	    SITE_ROWS "GRANT SELECT ON member, \"saves \"\"x\"\"\" TO reader");
#undef SITE_TIME
#undef SITE_UUID
	sql_params(&cluster, "INSERT INTO django_session VALUES "
	    "('" KEY "', $1, now() + interval '1 h')", 1,
	    (const char *const[]){ data });
	snprintf(pg_url, sizeof(pg_url), "postgres://" CLUSTER_ROLE ":"
	    CLUSTER_PASSWORD "@127.0.0.1:%d/postgres", cluster.port);
	free(data);
	return (0);
}

static int
teardown_pg(void **state UNUSED)
{
	cluster_free(&cluster);
	forget();
	return (0);
}

static int
setup_lite(void **state UNUSED)
{
	char *data = site_session("\"1\"");
	struct buf b = { 0 };

	is_pg = false;
	snprintf(path, sizeof(path), "%s/db.sqlite3", dir);
	snprintf(lite_url, sizeof(lite_url), "sqlite:///%s", path);
	assert_int_equal(sqlite3_open(path, &lite), SQLITE_OK);
	run_lite("PRAGMA synchronous = OFF;" SITE_AUTH_TABLES
	    "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY,"
	    " session_data text NOT NULL, expire_date datetime NOT NULL);"
	    "CREATE TABLE auth_user (id integer PRIMARY KEY AUTOINCREMENT,"
	    " password varchar(128), is_superuser bool, username varchar(150),"
	    " email varchar(254), is_staff bool, is_active bool,"
	    " first_name varchar(150), last_name varchar(150));"
	    "CREATE TABLE auth_user_groups (user_id integer, group_id integer);"
	    "CREATE TABLE auth_user_user_permissions (user_id integer,"
	    " permission_id integer);"
	    "CREATE TABLE django_admin_log (id integer PRIMARY KEY,"
	    " action_time datetime NOT NULL, object_id text, object_repr"
	    " varchar(200) NOT NULL, action_flag smallint unsigned NOT NULL,"
	    " change_message text NOT NULL, content_type_id integer,"
	    " user_id integer NOT NULL);"
#define SITE_TIME	"datetime"
#define SITE_UUID	"char(32)"
	    SITE_ROWS);
#undef SITE_TIME
#undef SITE_UUID
	buf_addf(&b, "INSERT INTO django_session VALUES ('" KEY "', '%s', "
	    "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '+1 hour'))", data);
	run_lite(buf_str(&b));
	buf_fini(&b);
	free(data);
	return (0);
}

static int
teardown_lite(void **state UNUSED)
{
	sqlite3_close(lite);
	unlink(path);
	forget();
	return (0);
}

int
main(void)
{
	const struct CMUnitTest on_pg[] = {
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_unsound),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unavailable),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_in_callback),
	};
	const struct CMUnitTest on_lite[] = {
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_unsound),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
	};
	int failed;

	if (mkdtemp(dir) == NULL || !log_open("/dev/null"))
		return (1);
	failed = cmocka_run_group_tests(on_pg, setup_pg, teardown_pg);
	failed += cmocka_run_group_tests(on_lite, setup_lite, teardown_lite);
	rmdir(dir);
	return (failed);
}

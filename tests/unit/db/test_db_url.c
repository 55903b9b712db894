/*
 * DATABASE_URL: every vector, libpq's key=value text with its quotes, SQLite,
 * the keywords that are always set, and that no complaint quotes anything.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "db/db_url.h"
#include "vectors.h"

/* What is there whatever the text says, with the value unless it varies. */
static const struct {
	const char	*keyword, *value;
} fixed[] = {
	{ "application_name", "collabd" },
	{ "client_encoding", "UTF8" },
	{ "gssencmode", "disable" },
	{ "passfile", "/dev/null" },
	{ "sslmode", NULL },
};

static const char *
fixed_value(const struct db_url *url, const char *keyword)
{
	size_t i;

	for (i = 0; i < COUNT_OF(fixed); i++) {
		if (strcmp(fixed[i].keyword, keyword) == 0)
			return (fixed[i].value != NULL ? fixed[i].value :
			    url->is_local ? "prefer" : "require");
	}
	return (NULL);
}

/* url has exactly what want says, and the fixed ones. */
static void
assert_url(const char *text, struct json_object *want,
    const struct db_url *url)
{
	const char *value;
	size_t i, n = 0;

	for (i = 0; i < url->n; i++) {
		value = vectors_str(want, url->keywords[i]);
		if (value != NULL)
			n++;
		else if ((value = fixed_value(url, url->keywords[i])) == NULL)
			fail_msg("%s: %s", text, url->keywords[i]);
		if (strcmp(url->values[i], value) != 0)
			fail_msg("%s: %s is %s", text, url->keywords[i],
			    url->values[i]);
	}
	assert_null(url->keywords[url->n]);
	assert_null(url->values[url->n]);
	if (n != (size_t)json_object_object_length(want))
		fail_msg("%s: something is missing", text);
	for (i = 0; i < COUNT_OF(fixed); i++)
		assert_non_null(db_url_get(url, fixed[i].keyword));
	assert_ptr_equal(url->password, db_url_get(url, "password"));
	assert_ptr_equal(url->host, db_url_get(url, "host"));
}

static void
check(struct json_object *v, struct buf *err)
{
	struct json_object *want = vectors_get(v, "collabd");
	const char *text = vectors_str(v, "url"), *word;
	struct db_url url;
	bool ok;

	buf_reset(err);
	ok = db_url_parse(text, &url, err);
	word = json_object_is_type(want, json_type_string) ?
	    json_object_get_string(want) : "";
	if (ok == (strcmp(word, "error") == 0))
		fail_msg("%s: %s", text, ok ? "taken" : buf_str(err));
	if (!ok) {
		assert_true(err->n > 10);
		assert_int_equal(url.n, 0);
		return;
	}
	/* key=value text means what libpq makes of it */
	if (*word != '\0')
		want = vectors_get(v, "libpq");
	assert_url(text, want, &url);
	db_url_fini(&url);
}

static void
test_vectors(void **state UNUSED)
{
	struct json_object *all = vectors_open(), *list;
	struct buf err = { NULL, 0, 0 };
	size_t i, n;

	list = vectors_kind(all, "database_urls", 37);
	n = json_object_array_length(list);
	for (i = 0; i < n; i++)
		check(json_object_array_get_idx(list, i), &err);
	buf_fini(&err);
	json_object_put(all);
}

static const struct {
	const char	*text;
	const char	*json;		/* NULL: refused */
	const char	*ignored;
} cases[] = {
	/* URLs */
	{ "POSTGRES://h/d", "{\"host\":\"h\",\"dbname\":\"d\"}", NULL },
	{ "timescale://h/d", "{\"host\":\"h\",\"dbname\":\"d\"}", NULL },
	{ "mysql://h/d", NULL, NULL },
	{ "postgres://h/", NULL, NULL },
	{ "postgres://h:0/d", NULL, NULL },
	{ "postgres://h/d?sslmode=prefer",
	    "{\"host\":\"h\",\"dbname\":\"d\",\"sslmode\":\"require\"}", NULL },
	{ "postgres://h/d?sslmode=allow",
	    "{\"host\":\"h\",\"dbname\":\"d\",\"sslmode\":\"require\"}", NULL },
	{ "postgres://h/d?sslmode=disable",
	    "{\"host\":\"h\",\"dbname\":\"d\",\"sslmode\":\"disable\"}", NULL },
	{ "postgres://localhost/d?sslmode=allow",
	    "{\"host\":\"localhost\",\"dbname\":\"d\",\"sslmode\":\"allow\"}",
	    NULL },
	{ "postgres://[::1]/d", "{\"host\":\"::1\",\"dbname\":\"d\"}", NULL },
	{ "postgres://h/d?sslmode=disable&sslmode=verify-ca",
	    "{\"host\":\"h\",\"dbname\":\"d\",\"sslmode\":\"verify-ca\"}",
	    NULL },
	{ "postgres://localhost/d?ssl=true",
	    "{\"host\":\"localhost\",\"dbname\":\"d\","
	    "\"sslmode\":\"require\"}", NULL },
	{ "postgres://localhost/d?ssl=1",
	    "{\"host\":\"localhost\",\"dbname\":\"d\"}", "ssl" },
	{ "postgres://localhost/d?sslmode=verify-full&ssl=true",
	    "{\"host\":\"localhost\",\"dbname\":\"d\","
	    "\"sslmode\":\"verify-full\"}", NULL },
	{ "postgres://localhost/d?currentSchema=a%20b",
	    "{\"host\":\"localhost\",\"dbname\":\"d\","
	    "\"options\":\"-c search_path=a\\\\ b\"}", NULL },
	{ "postgres://localhost/d?options=-c+x=1&currentSchema=s",
	    "{\"host\":\"localhost\",\"dbname\":\"d\","
	    "\"options\":\"-c x=1 -c search_path=s\"}", NULL },
	{ "postgres://localhost/d?currentSchema=", NULL, NULL },
	{ "postgres://localhost/d?application_name=x&keepalives_idle=5",
	    "{\"host\":\"localhost\",\"dbname\":\"d\","
	    "\"application_name\":\"x\",\"keepalives_idle\":\"5\"}", NULL },
	{ "postgres://localhost/d?pgbouncer=true&pool=5&service=x&password=y"
	    "&hostaddr=1.2.3.4&passfile=/x&client_encoding=LATIN1",
	    "{\"host\":\"localhost\",\"dbname\":\"d\"}",
	    "pgbouncer pool service password hostaddr passfile "
	    "client_encoding" },
	{ "postgres://%2FRun%2Fpg:6/d",
	    "{\"host\":\"/Run/pg\",\"port\":\"6\",\"dbname\":\"d\"}", NULL },
	/* key=value */
	{ "  dbname=d  ", "{\"dbname\":\"d\"}", NULL },
	{ "dbname\t=\n'd'", "{\"dbname\":\"d\"}", NULL },
	{ "dbname='a b' password='it\\'s \\\\ ok' user=''",
	    "{\"dbname\":\"a b\",\"password\":\"it's \\\\ ok\"}", NULL },
	{ "dbname=a\\ b password=\\'x\\\\",
	    "{\"dbname\":\"a b\",\"password\":\"'x\\\\\"}", NULL },
	{ "dbname=d'e'", "{\"dbname\":\"d'e'\"}", NULL },
	{ "dbname='d'user=u", "{\"dbname\":\"d\",\"user\":\"u\"}", NULL },
	{ "dbname=x dbname=d", "{\"dbname\":\"d\"}", NULL },
	{ "dbname=d host= user=u", NULL, NULL },
	{ "dbname=d host='' user=u", "{\"dbname\":\"d\",\"user\":\"u\"}",
	    NULL },
	{ "dbname=d sslmode='' connect_timeout=3",
	    "{\"dbname\":\"d\",\"connect_timeout\":\"3\"}", NULL },
	{ "dbname=postgres://x/y", "{\"dbname\":\"postgres://x/y\"}", NULL },
	{ "dbname=d host=db",
	    "{\"dbname\":\"d\",\"host\":\"db\"}", NULL },
	{ "dbname=d host=/run/postgresql port=5433",
	    "{\"dbname\":\"d\",\"host\":\"/run/postgresql\","
	    "\"port\":\"5433\"}", NULL },
	{ "dbname=d sslcrl=/x requirepeer=y", "{\"dbname\":\"d\"}",
	    "sslcrl requirepeer" },
	{ "dbname=d host=a,b", NULL, NULL },
	{ "dbname=d port=0", NULL, NULL },
	{ "dbname=d port=1,2", NULL, NULL },
	{ "dbname=d port=123456", NULL, NULL },
	{ "dbname=d sslmode=no", NULL, NULL },
	{ "dbname='d", NULL, NULL },
	{ "dbname='d\\'", NULL, NULL },
	{ "=d", NULL, NULL },
	{ "dbname d", NULL, NULL },
	{ "dbname=d service=x", NULL, NULL },
	{ "dbname=d hostaddr=1.2.3.4", NULL, NULL },
	{ "dbname=d nonsense=1", NULL, NULL },
	{ "dbname=d pgbouncer=true", NULL, NULL },
};

static void
test_cases(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 };
	struct json_object *want;
	struct db_url url;
	size_t i;
	bool ok;

	for (i = 0; i < COUNT_OF(cases); i++) {
		buf_reset(&err);
		ok = db_url_parse(cases[i].text, &url, &err);
		if (ok != (cases[i].json != NULL))
			fail_msg("%s: %s", cases[i].text,
			    ok ? "taken" : buf_str(&err));
		if (!ok)
			continue;
		want = json_tokener_parse(cases[i].json);
		assert_non_null(want);
		assert_url(cases[i].text, want, &url);
		if (cases[i].ignored == NULL)
			assert_null(url.ignored);
		else
			assert_string_equal(url.ignored, cases[i].ignored);
		json_object_put(want);
		db_url_fini(&url);
	}
	buf_fini(&err);
}

static void
test_tls(void **state UNUSED)
{
	static const struct {
		const char	*text;
		bool		 is_local, tls_forced;
	} urls[] = {
		{ "postgres://h/d", false, true },
		{ "postgres://h/d?sslmode=prefer", false, true },
		{ "postgres://h/d?sslmode=require", false, false },
		{ "postgres://h/d?sslmode=disable", false, false },
		{ "postgres:///d", true, false },
		{ "dbname=d", true, false },
		{ "dbname=d host=10.0.0.1", false, true },
		{ "postgres://127.0.0.1:6000/d", true, false },
	};
	struct buf err = { NULL, 0, 0 };
	struct db_url url;
	size_t i;

	for (i = 0; i < COUNT_OF(urls); i++) {
		assert_true(db_url_parse(urls[i].text, &url, &err));
		assert_int_equal(url.is_local, urls[i].is_local);
		assert_int_equal(url.tls_forced, urls[i].tls_forced);
		db_url_fini(&url);
	}
	buf_fini(&err);
}

static void
test_sqlite(void **state UNUSED)
{
	static const struct {
		const char	*text, *path;
	} urls[] = {
		{ "sqlite:///db.sqlite3", "db.sqlite3" },
		{ "sqlite:////srv/a%20b.db", "/srv/a b.db" },
		{ "SQLITE:////srv/x", "/srv/x" },
		{ "sqlite:///x?timeout=5", "x" },
		{ "sqlite://", NULL }, { "sqlite:///", NULL },
		{ "sqlite://:memory:", NULL }, { "sqlite:///:memory:", NULL },
		{ "sqlite://host/x", NULL }, { "sqlite:///x%00", NULL },
		{ "sqlite:///x%zz", NULL }, { "sqlite3:///x", NULL },
	};
	struct buf err = { NULL, 0, 0 };
	struct db_url url;
	size_t i;

	for (i = 0; i < COUNT_OF(urls); i++) {
		if (db_url_parse(urls[i].text, &url, &err) !=
		    (urls[i].path != NULL))
			fail_msg("%s", urls[i].text);
		if (urls[i].path == NULL)
			continue;
		assert_true(url.is_sqlite);
		assert_string_equal(url.sqlite_path, urls[i].path);
		assert_int_equal(url.n, 0);
		db_url_fini(&url);
	}
	buf_fini(&err);
}

/* Each is refused, and the "zq" in it stays out of the complaint. */
static const char *const secrets[] = {
	"postgres://u:zq@h", "postgres://u:zq@h,i/d", "postgres://u:zq/x@h/d",
	"postgres://u:zq@h:x/d", "postgres://u:zq%@h/d",
	"postgres://u:x@h/zq%", "postgres://u:zq@h/d?sslmode=zq",
	"postgres://u:zq@h/d?sslmode", "mysql://u:zq@h/d", "zq://u:p@h/d",
	"sqlite://zq@x/y", "postgres:u:zq@h/d", "zq", "zq=1 dbname=d",
	"password=x zq dbname=d", "password=zq", "dbname=d port=zq",
	"dbname=d sslmode=zq", "dbname=d password='zq", "dbname=d host=zq,zq",
	"dbname=d hostaddr=zq", "dbname=d service=zq", "zq\x01=1",
};

static void
test_complaints(void **state UNUSED)
{
	struct buf err = { NULL, 0, 0 };
	struct db_url url;
	size_t i;

	for (i = 0; i < COUNT_OF(secrets); i++) {
		buf_reset(&err);
		if (db_url_parse(secrets[i], &url, &err))
			fail_msg("%s is taken", secrets[i]);
		if (strstr(buf_str(&err), "zq") != NULL || err.n < 10)
			fail_msg("%s: %s", secrets[i], buf_str(&err));
	}
	buf_fini(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_sqlite),
		cmocka_unit_test(test_complaints),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

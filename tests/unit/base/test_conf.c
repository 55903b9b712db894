/*
 * Settings: the table's defaults, every source, what each type takes, that
 * complaints name file and line and what is allowed, and that no secret gets
 * into a complaint or a dump.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"

#define SECRET	"zq8Secret"

struct fixture {
	struct conf	conf;
	struct buf	err;
	char		dir[32];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return (-1);
	conf_init(&f->conf);
	(void)strcpy(f->dir, "/tmp/test_conf.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return (-1);
	*state = f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	conf_fini(&f->conf);
	buf_fini(&f->err);
	(void)rmdir(f->dir);
	free(f);
	return (0);
}

static bool
load(struct fixture *f, const char *text)
{
	buf_reset(&f->err);
	return (conf_load_text(&f->conf, "a.conf", text, strlen(text),
	    &f->err));
}

static void
write_file(const struct fixture *f, const char *name, const char *text,
    char *path, size_t cap)
{
	FILE *file;

	(void)snprintf(path, cap, "%s/%s", f->dir, name);
	assert_non_null(file = fopen(path, "w"));
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static const char *
option_name(size_t i)
{
	return (conf_options[i].name);
}

/* Each default is a value that the setting itself would take, and is taken. */
static void
test_defaults(void **state)
{
	struct fixture *f = *state;
	struct buf dump = { NULL, 0, 0 };
	size_t i, k;

	assert_true(conf_options_count > 80);
	for (i = 0; i < conf_options_count; i++) {
		assert_true(conf_set(&f->conf, option_name(i),
		    conf_options[i].def, &f->err));
		assert_true(strlen(conf_options[i].help) > 5);
		for (k = 0; k < i; k++)
			assert_string_not_equal(option_name(i),
			    option_name(k));
	}
	assert_int_equal(f->conf.workers, 0);
	assert_int_equal(f->conf.drain_time_ms, 5000);
	assert_int_equal(f->conf.redis_retry_delay_ms, 500);
	assert_int_equal(f->conf.send_queue_max, 256 * 1024);
	assert_int_equal(f->conf.session_cookie_age_ms,
	    INT64_C(1209600) * 1000);
	assert_int_equal(f->conf.trusted_proxies.n, 3);
	assert_string_equal(f->conf.listen.v[0], "127.0.0.1:8080");
	assert_string_equal(f->conf.secret_key, "");
	assert_true(f->conf.enable_chat);
	assert_false(f->conf.echo_room);
	conf_dump(&f->conf, &dump);
	assert_non_null(strstr(buf_str(&dump), "\nredis_retry_delay = 0.500\n"));
	assert_non_null(strstr(buf_str(&dump), "\norigin = strict\n"));
	assert_non_null(strstr(buf_str(&dump), "\nsecret_key = \n"));
	buf_fini(&dump);
}

static void
test_file_text(void **state)
{
	struct fixture *f = *state;

	assert_true(load(f, "# a comment\n\n   \t\n"
	    "workers = 4\r\n"
	    "  log_level=debug  \n"
	    "listen = 127.0.0.1:1, [::1]:2\n"
	    "listen = unix:/run/x\n"
	    "chat_empty_state_text = \"  quoted # not a comment  \"\n"
	    "chat_online_status_text = a = b # c\n"
	    "enable_chat = no\n"
	    "max_message_size = 2m\n"
	    "drain_time = 1.25s"));
	assert_int_equal(f->conf.workers, 4);
	assert_int_equal(f->conf.log_level, 3);
	/* Lines of one file add up, and replace the default. */
	assert_int_equal(f->conf.listen.n, 3);
	assert_string_equal(f->conf.listen.v[1], "[::1]:2");
	assert_string_equal(f->conf.listen.v[2], "unix:/run/x");
	assert_string_equal(f->conf.chat_empty_state_text,
	    "  quoted # not a comment  ");
	assert_string_equal(f->conf.chat_online_status_text, "a = b # c");
	assert_false(f->conf.enable_chat);
	assert_int_equal(f->conf.max_message_size, 2 * 1024 * 1024);
	assert_int_equal(f->conf.drain_time_ms, 1250);
}

static const struct {
	const char	*text;
	const char	*at;		/* begins the complaint */
	const char	*has[3];	/* and these are in it */
} bad[] = {
	{ "workers = 65", "a.conf:1: workers: ",
	    { "\"65\"", "from 0 to 64", NULL } },
	{ "\n\n# x\nworkers = -1", "a.conf:4: workers: ", { "\"-1\"" } },
	{ "workers =", "a.conf:1: workers: ", { "\"\"" } },
	{ "workers = 1x", "a.conf:1: workers: ", { "1x" } },
	{ "workers = 99999999999999999999", "a.conf:1: workers: ", { NULL } },
	{ "workers = 1\nworkers = 2", "a.conf:2: workers is set a second",
	    { NULL } },
	{ "worker = 1", "a.conf:1: unknown setting \"worker\"",
	    { "did you mean \"workers\"?" } },
	{ "xyz = 1", "a.conf:1: unknown setting \"xyz\"", { NULL } },
	{ "nonsense", "a.conf:1: not of the form", { NULL } },
	{ "= 1", "a.conf:1: no name of a setting", { NULL } },
	{ "a b = 1", "a.conf:1: no name of a setting", { NULL } },
	{ "postgres://u:zq@h/d?sslmode=require",
	    "a.conf:1: no name of a setting before the \"=\"", { NULL } },
	{ "Workers = 1", "a.conf:1: unknown setting \"Workers\"", { NULL } },
	{ "origin = none", "a.conf:1: origin: ",
	    { "\"none\"", "one of strict channels" } },
	{ "origin = Strict", "a.conf:1: origin: ", { NULL } },
	{ "enable_chat = maybe", "a.conf:1: enable_chat: ",
	    { "\"maybe\"", "on or off" } },
	{ "drain_time = 301", "a.conf:1: drain_time: ",
	    { "seconds from 0 to 300" } },
	{ "drain_time = 1.2.3", "a.conf:1: drain_time: ", { NULL } },
	{ "drain_time = s", "a.conf:1: drain_time: ", { NULL } },
	{ "drain_time = .", "a.conf:1: drain_time: ", { NULL } },
	{ "drain_time = 99999999999999999999", "a.conf:1: drain_time: ",
	    { NULL } },
	{ "max_message_size = 10g", "a.conf:1: max_message_size: ",
	    { "k or m may follow" } },
	{ "max_message_size = 99999999999999m", "a.conf:1: max_message_size: ",
	    { NULL } },
	{ "max_message_size = 1", "a.conf:1: max_message_size: ", { NULL } },
};

static void
test_complaints(void **state)
{
	struct fixture *f = *state;
	const char *got;
	size_t i, k;

	for (i = 0; i < COUNT_OF(bad); i++) {
		if (load(f, bad[i].text))
			fail_msg("%s is taken", bad[i].text);
		got = buf_str(&f->err);
		if (strncmp(got, bad[i].at, strlen(bad[i].at)) != 0)
			fail_msg("%s: %s", bad[i].text, got);
		for (k = 0; k < 3 && bad[i].has[k] != NULL; k++) {
			if (strstr(got, bad[i].has[k]) == NULL)
				fail_msg("%s: %s", bad[i].text, got);
		}
	}
	buf_reset(&f->err);
	assert_false(conf_load_text(&f->conf, "b", "a\0b", 3, &f->err));
	assert_non_null(strstr(buf_str(&f->err), "b:1: a NUL byte"));
}

static void
test_types(void **state)
{
	static const struct {
		const char	*name, *value;
		int64_t		 want;	/* -1: refused */
	} cases[] = {
		{ "drain_time", "0", 0 }, { "drain_time", ".5", 500 },
		{ "drain_time", "5.", 5000 }, { "drain_time", "0.0019", 1 },
		{ "drain_time", "300", 300000 }, { "drain_time", "1S", -1 },
		{ "drain_time", " 1", -1 }, { "drain_time", "1e2", -1 },
		{ "send_queue_max", "4096", 4096 },
		{ "send_queue_max", "8k", 8192 },
		{ "send_queue_max", "1K", -1 },		/* below the least */
		{ "send_queue_max", "1024m", 1073741824 },
		{ "send_queue_max", "1025m", -1 },
		{ "send_queue_max", "8kk", -1 }, { "send_queue_max", "k", -1 },
		{ "message_rate", "1", 1 }, { "message_rate", "0", -1 },
		{ "message_rate", "0x10", -1 }, { "message_rate", "+1", -1 },
	};
	static const char *const yes[] = { "on", "Yes", "TRUE", "1" };
	struct fixture *f = *state;
	int64_t got;
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		if (conf_set(&f->conf, cases[i].name, cases[i].value,
		    &f->err) != (cases[i].want != -1))
			fail_msg("%s = %s", cases[i].name, cases[i].value);
		got = cases[i].name[0] == 'd' ? f->conf.drain_time_ms :
		    cases[i].name[0] == 's' ? f->conf.send_queue_max :
		    f->conf.message_rate;
		if (cases[i].want != -1)
			assert_int_equal(got, cases[i].want);
	}
	for (i = 0; i < COUNT_OF(yes); i++) {
		assert_true(conf_set(&f->conf, "echo_room", "off", &f->err));
		assert_false(f->conf.echo_room);
		assert_true(conf_set(&f->conf, "echo_room", yes[i], &f->err));
		assert_true(f->conf.echo_room);
	}
	assert_false(conf_set(&f->conf, "nothing", "1", &f->err));
}

static void
set_env(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

/* Names that may be set where the tests run. */
static void
clear_env(void)
{
	static const char *const names[] = {
		"PORT", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL",
		"REDIS_URL", "RUNTIME_DIRECTORY", "COLLABD_WORKERS",
		"COLLABD_LISTEN", "COLLABD_SECRET_KEY", "COLLABD_LOG_FILE",
	};
	size_t i;

	for (i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(unsetenv(names[i]), 0);
}

static void
test_env(void **state)
{
	struct fixture *f = *state;

	clear_env();
	assert_true(load(f, "workers = 3\nsecret_key = file\nlisten = a:1"));
	set_env("COLLABD_WORKERS", "5");
	set_env("SECRET_KEY", "env");
	set_env("SECRET_KEY_FALLBACKS", "k1,k2 k3");
	set_env("DATABASE_URL", "postgres://h/d");
	set_env("REDIS_URL", "");
	set_env("PORT", "5000");
	assert_true(conf_load_env(&f->conf, &f->err));
	assert_int_equal(f->conf.workers, 5);
	assert_string_equal(f->conf.secret_key, "env");
	assert_int_equal(f->conf.secret_key_fallbacks.n, 3);
	assert_string_equal(f->conf.database_url, "postgres://h/d");
	assert_string_equal(f->conf.redis_url, "embedded");
	assert_int_equal(f->conf.listen.n, 1);
	assert_string_equal(f->conf.listen.v[0], "0.0.0.0:5000");

	/* Our own names go before what others call the same. */
	set_env("COLLABD_SECRET_KEY", "own");
	set_env("COLLABD_LISTEN", "b:2 c:3");
	assert_true(conf_load_env(&f->conf, &f->err));
	assert_string_equal(f->conf.secret_key, "own");
	assert_int_equal(f->conf.listen.n, 2);
	clear_env();
}

static void
test_env_complaints(void **state)
{
	struct fixture *f = *state;

	clear_env();
	set_env("COLLABD_WORKERS", "many");
	assert_false(conf_load_env(&f->conf, &f->err));
	assert_non_null(strstr(buf_str(&f->err),
	    "environment COLLABD_WORKERS: workers: \"many\""));
	clear_env();
	buf_reset(&f->err);
	set_env("PORT", "80a");
	assert_false(conf_load_env(&f->conf, &f->err));
	assert_non_null(strstr(buf_str(&f->err), "PORT"));
	buf_reset(&f->err);
	set_env("PORT", "65536");
	assert_false(conf_load_env(&f->conf, &f->err));
	assert_non_null(strstr(buf_str(&f->err), "PORT"));
	clear_env();
}

/* The very bytes that /proc/self/environ shows. */
static void
test_scrub(void **state)
{
	struct fixture *f = *state;
	const char *value, *kept;

	clear_env();
	set_env("SECRET_KEY", SECRET);
	set_env("COLLABD_WORKERS", "2");
	value = getenv("SECRET_KEY");
	kept = getenv("COLLABD_WORKERS");
	assert_true(conf_load_env(&f->conf, &f->err));
	conf_scrub_env();
	assert_null(getenv("SECRET_KEY"));
	assert_string_equal(value, "");
	assert_memory_equal(value, "\0\0\0\0\0\0\0\0\0", LITLEN(SECRET));
	assert_string_equal(kept, "2");
	assert_string_equal(f->conf.secret_key, SECRET);
	clear_env();
}

static void
test_secrets(void **state)
{
	struct fixture *f = *state;
	struct buf dump = { NULL, 0, 0 }, line = { NULL, 0, 0 };
	unsigned n = 0;
	size_t i;

	for (i = 0; i < conf_options_count; i++) {
		if ((conf_options[i].flags & CONF_SECRET) == 0)
			continue;
		n++;
		buf_reset(&line);
		buf_addf(&line, "%s = " SECRET " x\n%s = " SECRET "\n= 1",
		    option_name(i), option_name(i));
		assert_false(load(f, buf_str(&line)));
		assert_null(strstr(buf_str(&f->err), SECRET));
		assert_true(conf_set(&f->conf, option_name(i), SECRET,
		    &f->err));
		buf_reset(&line);
		buf_addf(&line, "%s = ********\n", option_name(i));
		buf_reset(&dump);
		conf_dump(&f->conf, &dump);
		assert_null(strstr(buf_str(&dump), SECRET));
		assert_non_null(strstr(buf_str(&dump), buf_str(&line)));
	}
	assert_int_equal(n, 4);
	/* A line that lost its name. */
	assert_false(load(f, "redis://:" SECRET "@h?db=1"));
	assert_null(strstr(buf_str(&f->err), SECRET));
	buf_fini(&dump);
	buf_fini(&line);
}

static void
test_files(void **state)
{
	struct fixture *f = *state;
	char path[64];

	write_file(f, "c", "workers = 2\nworkers = 3\n", path, sizeof(path));
	assert_false(conf_load_file(&f->conf, path, &f->err));
	assert_memory_equal(f->err.p, path, strlen(path));
	assert_non_null(strstr(buf_str(&f->err), "/c:2: "));
	assert_int_equal(unlink(path), 0);
	buf_reset(&f->err);
	assert_false(conf_load_file(&f->conf, path, &f->err));
	assert_non_null(strstr(buf_str(&f->err), "No such file"));
	buf_reset(&f->err);
	assert_false(conf_load_file(&f->conf, f->dir, &f->err));
	assert_non_null(strstr(buf_str(&f->err), "not a file"));
}

/* What a site has to set at the least. */
static void
set_needed(struct fixture *f)
{
	assert_true(load(f, "database_url = sqlite:///x\n"
	    "websocket_prefix = /a/b//\nadmin_url = /admin/\n"));
}

static void
test_key_files(void **state)
{
	struct fixture *f = *state;
	char path[64], more[64];

	set_needed(f);
	write_file(f, "k", SECRET " with blanks \r\n\n", path, sizeof(path));
	write_file(f, "m", "one\n\ntwo\r\nthree", more, sizeof(more));
	assert_true(conf_set(&f->conf, "secret_key_file", path, &f->err));
	assert_true(conf_set(&f->conf, "secret_key_fallbacks_file", more,
	    &f->err));
	assert_true(conf_set(&f->conf, "secret_key_fallbacks", "zero",
	    &f->err));
	assert_true(conf_finish(&f->conf, &f->err));
	assert_int_equal(f->err.n, 0);
	assert_string_equal(f->conf.secret_key, SECRET " with blanks ");
	assert_int_equal(f->conf.secret_key_fallbacks.n, 4);
	assert_string_equal(f->conf.secret_key_fallbacks.v[0], "zero");
	assert_string_equal(f->conf.secret_key_fallbacks.v[2], "two");
	assert_string_equal(f->conf.secret_key_fallbacks.v[3], "three");
	assert_string_equal(f->conf.websocket_prefix, "a/b");
	assert_string_equal(f->conf.admin_url, "admin");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(more), 0);
}

static void
assert_unfinished(struct fixture *f, const char *about)
{
	buf_reset(&f->err);
	assert_false(conf_finish(&f->conf, &f->err));
	if (strncmp(buf_str(&f->err), about, strlen(about)) != 0)
		fail_msg("%s: %s", about, buf_str(&f->err));
	assert_null(strstr(buf_str(&f->err), SECRET));
}

/* take_over_permission, with everything else in order. */
static void
test_permissions(struct fixture *f)
{
	static const char *const taken[] = { "", "shop.take_over", "A_1.b" };
	static const char *const refused[] = {
		"shop", ".", "shop.", ".take", "a.b.c", "a b.c", "shop.take over",
		"shop.it\xc3\xa9m", "a.b ", "a-b.c", "a.'b",
	};
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_true(conf_set(&f->conf, "take_over_permission", refused[i],
		    &f->err));
		assert_unfinished(f, "take_over_permission: must be of the ");
	}
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		buf_reset(&f->err);
		assert_true(conf_set(&f->conf, "take_over_permission", taken[i],
		    &f->err));
		assert_true(conf_finish(&f->conf, &f->err));
	}
}

/* room_alias, with everything else in order. */
static void
test_aliases(struct fixture *f)
{
	static const char *const taken[] = {
		"", "press.draft=press.article",
		"press.draft=press.article, a.b=press.article A_1.b=c.d_2",
	};
	static const struct {
		const char *value, *about;
	} refused[] = {
		{ "press.draft", "room_alias: \"press.draft\" must be of" },
		{ "draft=article", "room_alias: \"draft=article\" must be" },
		{ "press.draft=", "room_alias: \"press.draft=\" must be" },
		{ "=press.draft", "room_alias: \"=press.draft\" must be" },
		{ "a.b=c", "room_alias: \"a.b=c\" must be" },
		{ "a.b=c.d.e", "room_alias: \"a.b=c.d.e\" must be" },
		{ "a.b.c=d.e", "room_alias: \"a.b.c=d.e\" must be" },
		{ "a.b=c.d a.b=c.e", "room_alias: a.b stands there twice" },
		{ "a.b=c.d c.d=e.f", "room_alias: \"a.b=c.d\" leads to" },
		{ "c.d=e.f a.b=c.d", "room_alias: \"a.b=c.d\" leads to" },
		{ "a.b=a.b", "room_alias: \"a.b=a.b\" leads to" },
	};
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_true(conf_set(&f->conf, "room_alias", refused[i].value,
		    &f->err));
		assert_unfinished(f, refused[i].about);
	}
	for (i = sizeof(taken) / sizeof(taken[0]); i-- > 0;) {
		buf_reset(&f->err);
		assert_true(conf_set(&f->conf, "room_alias", taken[i],
		    &f->err));
		assert_true(conf_finish(&f->conf, &f->err));
	}
}

static void
test_finish_complaints(void **state)
{
	struct fixture *f = *state;

	set_needed(f);
	assert_unfinished(f, "secret_key: ");
	assert_true(conf_set(&f->conf, "secret_key", SECRET, &f->err));
	assert_true(conf_set(&f->conf, "secret_key_file", "/nowhere/k",
	    &f->err));
	assert_unfinished(f, "secret_key and secret_key_file");
	assert_true(conf_set(&f->conf, "secret_key", "", &f->err));
	assert_unfinished(f, "secret_key_file: /nowhere/k: No such file");
	assert_true(conf_set(&f->conf, "secret_key_file", "", &f->err));
	assert_true(conf_set(&f->conf, "secret_key", SECRET, &f->err));
	buf_reset(&f->err);
	assert_true(conf_finish(&f->conf, &f->err));
	assert_true(conf_set(&f->conf, "database_url", "", &f->err));
	assert_unfinished(f, "database_url: ");
	assert_true(conf_set(&f->conf, "database_url", SECRET, &f->err));
	test_permissions(f);
	test_aliases(f);
	assert_true(conf_set(&f->conf, "reauth_grace", "59", &f->err));
	assert_unfinished(f, "reauth_grace: must be 0 (");
	assert_true(conf_set(&f->conf, "reauth_grace", "60", &f->err));
	assert_true(conf_finish(&f->conf, &f->err));
	assert_true(conf_set(&f->conf, "reauth_interval", "61", &f->err));
	assert_unfinished(f, "reauth_grace: must be 0 (");
	assert_true(conf_set(&f->conf, "reauth_grace", "0", &f->err));
	buf_reset(&f->err);
	assert_true(conf_finish(&f->conf, &f->err));
	assert_true(f->conf.save_poll_interval_ms != 0);
	assert_true(conf_set(&f->conf, "admin_log_table", "", &f->err));
	assert_true(conf_finish(&f->conf, &f->err));
	assert_int_equal(f->conf.save_poll_interval_ms, 0);
	assert_true(conf_set(&f->conf, "workers", "6", &f->err));
	assert_unfinished(f, "workers: 6 workers need 12");
	assert_true(conf_set(&f->conf, "workers", "0", &f->err));
	assert_true(conf_set(&f->conf, "listen", "", &f->err));
	assert_unfinished(f, "listen: ");
	assert_true(conf_set(&f->conf, "websocket_prefix", "//", &f->err));
	assert_unfinished(f, "websocket_prefix: ");
}

static void
assert_limits(struct fixture *f, const char *rate, const char *user_rate,
    const char *burst, int64_t want_rate, int64_t want_burst)
{
	assert_true(conf_set(&f->conf, "message_rate", rate, &f->err));
	assert_true(conf_set(&f->conf, "message_burst", "1", &f->err));
	assert_true(conf_set(&f->conf, "user_message_rate", user_rate,
	    &f->err));
	assert_true(conf_set(&f->conf, "user_message_burst", burst, &f->err));
	assert_true(conf_finish(&f->conf, &f->err));
	assert_int_equal(f->conf.user_message_rate, want_rate);
	assert_int_equal(f->conf.user_message_burst, want_burst);
}

/* A user may do what one socket may. */
static void
test_message_limits(void **state)
{
	struct fixture *f = *state;

	set_needed(f);
	assert_true(conf_set(&f->conf, "secret_key", SECRET, &f->err));
	assert_limits(f, "20", "100", "500", 100, 500);
	assert_limits(f, "20", "5", "1", 20, 20);
	assert_limits(f, "1000000", "100", "500", 1000000, 1000000);
	assert_limits(f, "20", "0", "1", 0, 20);
	assert_true(conf_set(&f->conf, "message_burst", "40", &f->err));
	assert_true(conf_finish(&f->conf, &f->err));
	assert_int_equal(f->conf.user_message_burst, 40);
}

static void
test_reload(void **state)
{
	struct fixture *f = *state;
	struct buf names = { NULL, 0, 0 };
	struct conf other;

	conf_init(&other);
	conf_diff_restart(&f->conf, &other, &names);
	assert_int_equal(names.n, 0);
	assert_true(conf_set(&other, "workers", "3", &f->err));
	assert_true(conf_set(&other, "listen", "a:1", &f->err));
	assert_true(conf_set(&other, "redis_url", "redis://x", &f->err));
	conf_diff_restart(&f->conf, &other, &names);
	assert_string_equal(buf_str(&names), "listen redis_url");
	conf_move(&f->conf, &other);
	assert_int_equal(f->conf.workers, 3);
	assert_string_equal(f->conf.redis_url, "redis://x");
	assert_null(other.redis_url);
	buf_fini(&names);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_file_text),
		TEST(test_complaints),
		TEST(test_types),
		TEST(test_env),
		TEST(test_env_complaints),
		TEST(test_scrub),
		TEST(test_secrets),
		TEST(test_files),
		TEST(test_key_files),
		TEST(test_finish_complaints),
		TEST(test_message_limits),
		TEST(test_reload),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

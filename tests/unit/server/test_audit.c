/*
 * The audit log: the form of a line, whatever people are called, and where it
 * goes: to its file, to the new one after a reopen, or to the log.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"
#include "server/audit.h"

#define NOW	"2026-11-24T03:52:19.123456+00:00"

static const struct audit_person nobody = { NULL, NULL };
static const struct audit_person ann = { "7", "Ann Lee" };
static const struct audit_person bob = { "b\"1", "B\xc3\xb6\n\xff\\" };

static char dir[] = "/tmp/collabd-audit-XXXXXX";

static char *
path_of(const char *name)
{
	static char path[2][64];
	static int turn;

	turn = !turn;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return (path[turn]);
}

static int
setup(void **state UNUSED)
{
	return (mkdtemp(dir) == NULL);
}

static int
teardown(void **state UNUSED)
{
	(void)unlink(path_of("audit"));
	(void)unlink(path_of("old"));
	(void)unlink(path_of("log"));
	return (rmdir(dir));
}

static void
assert_file(const char *name, const char *want)
{
	char text[1024];
	FILE *f = fopen(path_of(name), "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	assert_string_equal(text, want);
}

static void
test_lines(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };

	audit_add(&b, NOW, "hand_over", "e:shop/item/7", &ann, &bob, "editor",
	    "");
	assert_string_equal(buf_str(&b), "{\"time\":\"" NOW "\","
	    "\"action\":\"hand_over\",\"object\":\"shop/item/7\","
	    "\"from\":{\"user_id\":\"7\",\"name\":\"Ann Lee\"},"
	    "\"to\":{\"user_id\":\"b\\\"1\","
	    "\"name\":\"B\xc3\xb6\\u000a\xef\xbf\xbd\\\\\"},"
	    "\"why\":\"editor\"}\n");
	assert_true(json_is_object((struct slice){ b.p, b.n }, 4));
	buf_reset(&b);
	audit_add(&b, NOW, "take_over", "e:s/i/a\nb/c", &bob, &ann, "",
	    "a \"b\"\n");
	assert_non_null(strstr(buf_str(&b), "\"object\":\"s/i/a\\u000ab/c\""));
	assert_non_null(strstr(buf_str(&b),
	    "\"reason\":\"a \\\"b\\\"\\u000a\"}\n"));
	assert_null(strstr(buf_str(&b), "\"why\""));
	buf_reset(&b);
	/* several are several lines */
	audit_add(&b, NOW, "forced_release", "e:s/i/1", &ann, &nobody, "silent",
	    "");
	audit_add(&b, NOW, "forced_release", "e:s/i/1", &ann, &nobody, "silent",
	    "");
	assert_null(strstr(buf_str(&b), "\"to\""));
	assert_null(strstr(buf_str(&b), "\"reason\""));
	assert_int_equal(strchr(buf_str(&b), '\n') - buf_str(&b) + 1, b.n / 2);
	buf_fini(&b);
}

/* Two workers, one file. */
static void
test_file(void **state UNUSED)
{
	struct audit *one = audit_new(path_of("audit"));
	struct audit *two = audit_new(path_of("audit"));
	struct stat st;

	assert_true(one != NULL && two != NULL);
	audit_write(one, SLICE_LIT("a\n"));
	audit_write(two, SLICE_LIT("b\n"));
	audit_write(one, (struct slice){ NULL, 0 });
	audit_write(one, SLICE_LIT("c\nd\n"));
	assert_file("audit", "a\nb\nc\nd\n");
	assert_int_equal(stat(path_of("audit"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* after logrotate; the other one has not been told yet */
	assert_int_equal(rename(path_of("audit"), path_of("old")), 0);
	audit_reopen(one);
	audit_write(one, SLICE_LIT("e\n"));
	audit_write(two, SLICE_LIT("f\n"));
	assert_file("audit", "e\n");
	assert_file("old", "a\nb\nc\nd\nf\n");
	audit_free(one);
	audit_free(two);
	/* what is there stays */
	one = audit_new(path_of("audit"));
	audit_write(one, SLICE_LIT("g\n"));
	assert_file("audit", "e\ng\n");
	audit_free(one);
	audit_free(NULL);
}

static void
test_no_file(void **state UNUSED)
{
	struct audit *audit;

	assert_null(audit_new("/nonexistent/audit"));
	audit = audit_new(path_of("audit"));
	assert_non_null(audit);
	audit_write(audit, SLICE_LIT("h\n"));
	assert_int_equal(unlink(path_of("audit")), 0);
	/* goes on with the old one */
	assert_int_equal(mkdir(path_of("audit"), 0700), 0);
	audit_reopen(audit);
	audit_write(audit, SLICE_LIT("i\n"));
	assert_int_equal(rmdir(path_of("audit")), 0);
	audit_free(audit);
}

static void
test_log(void **state UNUSED)
{
	struct audit *audit = audit_new("");
	int saved = dup(STDERR_FILENO);
	char text[512];
	FILE *f = fopen(path_of("log"), "w+");

	assert_true(audit != NULL && saved != -1 && f != NULL);
	assert_int_not_equal(dup2(fileno(f), STDERR_FILENO), -1);
	audit_write(audit, SLICE_LIT("{\"a\":1}\n"));
	audit_reopen(audit);
	audit_write(audit, (struct slice){ NULL, 0 });
	audit_free(audit);
	assert_int_not_equal(dup2(saved, STDERR_FILENO), -1);
	(void)close(saved);
	rewind(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_non_null(strstr(text, "audit {\"a\":1}\n"));
	assert_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
}

/* JSON in the log is JSON: neither cut nor escaped. */
static void
test_log_is_json(void **state UNUSED)
{
	struct audit *audit = audit_new("");
	int saved = dup(STDERR_FILENO);
	struct buf b = { NULL, 0, 0 };
	char reason[1500], text[4096], *json;
	FILE *f = fopen(path_of("log"), "w+");

	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	audit_add(&b, NOW, "take_over", "e:s/i/1", &ann, &bob, "", reason);
	assert_true(audit != NULL && saved != -1 && f != NULL);
	assert_int_not_equal(dup2(fileno(f), STDERR_FILENO), -1);
	audit_write(audit, (struct slice){ b.p, b.n });
	assert_int_not_equal(dup2(saved, STDERR_FILENO), -1);
	(void)close(saved);
	audit_free(audit);
	rewind(f);
	assert_non_null(fgets(text, sizeof(text), f));
	json = strstr(text, "audit ");
	assert_non_null(json);
	assert_string_equal(json + strlen("audit "), buf_str(&b));
	(void)fclose(f);
	buf_fini(&b);
}

/* A file that can take only half of a record: it goes to the log, whole. */
static void
test_full(void **state UNUSED)
{
	struct rlimit limit, old;
	struct audit *audit;
	int saved = dup(STDERR_FILENO), ends[2];
	char text[512];
	ssize_t n;

	(void)unlink(path_of("audit"));
	audit = audit_new(path_of("audit"));
	assert_true(audit != NULL && saved != -1 && pipe(ends) == 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 12;
	audit_write(audit, SLICE_LIT("{\"a\":1}\n"));
	assert_int_not_equal(dup2(ends[1], STDERR_FILENO), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	log_set_level(LOG_LEVEL_ERROR);	/* not even then is it lost */
	audit_write(audit, SLICE_LIT("{\"b\":2}\n"));
	log_set_level(LOG_LEVEL_INFO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_not_equal(dup2(saved, STDERR_FILENO), -1);
	(void)close(saved);
	assert_file("audit", "{\"a\":1}\n");
	audit_write(audit, SLICE_LIT("{\"c\":3}\n"));
	assert_file("audit", "{\"a\":1}\n{\"c\":3}\n");
	audit_free(audit);
	(void)close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	(void)close(ends[0]);
	assert_non_null(strstr(text, "cannot write to audit_log"));
	assert_non_null(strstr(text, "File too large"));
	assert_non_null(strstr(text, "audit {\"b\":2}\n"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_is_json),
		cmocka_unit_test(test_full),
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}

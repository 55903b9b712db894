/*
 * The site's command: placeholders go, everything else stays; and which Python
 * runs it.
 */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xmalloc.h"
#include "start/command.h"

#define ARGS_MAX	6

static const struct row {
	const char	*in[ARGS_MAX];
	enum command_wants wants;
	const char	*out[ARGS_MAX];
	const char	*public[ARGS_MAX];	/* empty: cannot be */
} rows[] = {
	{ { "gunicorn", "--bind", "unix:{socket}" }, WANTS_SOCKET,
	    { "gunicorn", "--bind", "unix:/s" },
	    { "gunicorn", "--bind", "0.0.0.0:80" } },
	{ { "x", "--bind=unix:{socket}" }, WANTS_SOCKET,
	    { "x", "--bind=unix:/s" }, { "x", "--bind=0.0.0.0:80" } },
	{ { "uvicorn", "--uds", "{socket}" }, WANTS_SOCKET,
	    { "uvicorn", "--uds", "/s" }, { NULL } },
	{ { "manage.py", "runserver", "{port}" }, WANTS_PORT,
	    { "manage.py", "runserver", "7" },
	    { "manage.py", "runserver", "80" } },
	{ { "x", "{port}:{port}", "a{port}" }, WANTS_PORT,
	    { "x", "7:7", "a7" }, { "x", "80:80", "a80" } },
	{ { "x", "", "a  b", "{Port}", "{ port }" }, WANTS_PORT_ENV,
	    { "x", "", "a  b", "{Port}", "{ port }" },
	    { "x", "", "a  b", "{Port}", "{ port }" } },
	{ { "x", "{socket}", "{port}" }, WANTS_BOTH, { "x", "/s", "7" },
	    { NULL } },
};

static void
check_list(const struct argv *got, const char *const *want)
{
	size_t i;

	for (i = 0; want[i] != NULL; i++)
		assert_string_equal(got->v[i], want[i]);
	assert_int_equal(got->n, i);
	assert_null(got->v[i]);
}

static void
test_rows(void **state)
{
	struct argv in, out;
	size_t i, j;
	bool ok;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		memset(&in, 0, sizeof(in));
		memset(&out, 0, sizeof(out));
		for (j = 0; rows[i].in[j] != NULL; j++)
			argv_add(&in, rows[i].in[j]);
		assert_int_equal(command_wants(in.v), rows[i].wants);
		command_fill(in.v, "/s", 7, &out);
		check_list(&out, rows[i].out);
		argv_fini(&out);
		ok = command_fill_public(in.v, "0.0.0.0", 80, &out);
		assert_int_equal(ok, rows[i].public[0] != NULL);
		if (ok)
			check_list(&out, rows[i].public);
		argv_fini(&out);
		argv_fini(&in);
	}
}

static char folder[] = "/tmp/test_commandXXXXXX";

static void
make_file(const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static void
check_python(const char *program, const char *want)
{
	char *got = command_python(program);
	char *path = xasprintf("%s/%s", folder, want);

	assert_string_equal(got, path);
	free(path);
	free(got);
}

static void
test_python(void **state)
{
	char *text, *got;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(setenv("PATH", folder, 1), 0);
	assert_int_equal(unsetenv("VIRTUAL_ENV"), 0);
	make_file("python3", "", 0755);
	make_file("python3.11", "", 0755);
	text = xasprintf("#!%s/python3.11 -E\n", folder);
	make_file("gunicorn", text, 0755);
	free(text);
	make_file("uvicorn", "#! /usr/bin/env python3\nx", 0755);
	make_file("other", "#!/bin/sh\n", 0755);
	make_file("tiny", "#", 0755);
	check_python("gunicorn", "python3.11");
	check_python("uvicorn", "python3");
	check_python("other", "python3");
	check_python("tiny", "python3");
	check_python("nowhere", "python3");
	check_python("python3.11", "python3.11");

	assert_int_equal(chdir(folder), 0);
	make_file("manage.py", "", 0644);
	make_file("run.py", "", 0755);
	got = command_interpreter("manage.py");
	assert_non_null(got);
	free(got);
	got = command_interpreter("./manage.py");
	assert_non_null(got);
	free(got);
	assert_null(command_interpreter("./run.py"));
	assert_null(command_interpreter("run.py"));	/* it is in PATH */
	assert_null(command_interpreter("nowhere.py"));
	assert_null(command_interpreter("gunicorn"));

	make_file("bin", "", 0755);
	assert_int_equal(unlink("bin"), 0);
	assert_int_equal(mkdir("bin", 0755), 0);
	make_file("bin/python", "", 0755);
	assert_int_equal(setenv("VIRTUAL_ENV", folder, 1), 0);
	check_python("other", "bin/python");
	check_python("gunicorn", "python3.11");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(setenv("PATH", "/usr/bin:/bin", 1), 0);
	text = xasprintf("rm -r %s", folder);
	assert_int_equal(system(text), 0);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_python),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

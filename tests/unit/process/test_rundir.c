/*
 * The folder of the embedded Redis: what is refused, who gets it, and what
 * becomes of what is in it.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compat.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "process/rundir.h"

struct fixture {
	char		 base[32];	/* runtime_dir */
	struct conf	 conf;
	struct buf	 err;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	(void)strcpy(f->base, "/tmp/collabd-test-XXXXXX");
	assert_non_null(mkdtemp(f->base));
	log_set_level(LOG_LEVEL_ERROR);
	conf_init(&f->conf);
	assert_true(conf_set(&f->conf, "runtime_dir", f->base, &f->err));
	*state = f;
	return (0);
}

static char *
below(const struct fixture *f, const char *name)
{
	return (xasprintf("%s/%s", f->base, name));
}

static void
make(const struct fixture *f, const char *name, bool is_folder)
{
	char *path = below(f, name);
	int fd;

	if (is_folder)
		assert_int_equal(mkdir(path, 0700), 0);
	else {
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		assert_int_not_equal(fd, -1);
		close(fd);
	}
	free(path);
}

static bool
is_there(const struct fixture *f, const char *name)
{
	char *path = below(f, name);
	struct stat st;
	bool yes = lstat(path, &st) == 0;

	free(path);
	return (yes);
}

static int
remove_one(const char *path, const struct stat *st UNUSED, int type UNUSED,
    struct FTW *at UNUSED)
{
	return (remove(path));
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(nftw(f->base, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	buf_fini(&f->err);
	conf_fini(&f->conf);
	free(f);
	return (0);
}

static struct rundir *
must_open(struct fixture *f, bool is_kept)
{
	struct rundir *dir = rundir_open(&f->conf, 0, &f->err);

	assert_non_null(dir);
	assert_int_equal(rundir_is_kept(dir), is_kept);
	return (dir);
}

static void
test_one_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct rundir *first = must_open(f, true);
	struct rundir *second = must_open(f, false);
	int copy;

	assert_string_not_equal(rundir_path(first), rundir_path(second));
	assert_int_equal(access(rundir_path(second), F_OK), 0);
	rundir_close(first);
	first = must_open(f, true);
	rundir_close(first);
	/* A child that is still there holds it, and one that has forgotten it
	 * does not. */
	first = must_open(f, true);
	copy = dup(rundir_fd(first));
	rundir_close(first);
	first = must_open(f, false);
	rundir_close(first);
	close(copy);
	first = must_open(f, true);
	rundir_forget(first);
	rundir_close(second);
	second = must_open(f, true);
	rundir_close(first);
	rundir_close(second);
}

static void
test_refused(void **state)
{
	static const char *const kinds[] = { "link", "file", "open", "other" };
	struct fixture *f = *state;
	char *path = below(f, "redis");

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (*kinds[i] == 'f')
			make(f, "redis", false);
		else if (*kinds[i] == 'l') {
			make(f, "real", true);
			assert_int_equal(symlink("real", path), 0);
		} else {
			make(f, "redis", true);
			if (kinds[i][1] == 'p')
				assert_int_equal(chmod(path, 0710), 0);
			else if (chown(path, 1, 1) == -1) {
				assert_int_equal(errno, EPERM);
				continue;	/* we are not root */
			}
		}
		buf_reset(&f->err);
		assert_null(rundir_open(&f->conf, 0, &f->err));
		assert_non_null(strstr(buf_str(&f->err), path));
		assert_int_equal(*kinds[i] == 'l' || *kinds[i] == 'f' ?
		    unlink(path) : rmdir(path), 0);
	}
	free(path);
}

static void
test_data(void **state)
{
	struct fixture *f = *state;
	struct rundir *dir = must_open(f, true);

	assert_false(rundir_has_data(dir));
	assert_true(rundir_make_data(dir));
	assert_false(rundir_has_data(dir));
	make(f, "redis/data/appendonly.aof", false);
	make(f, "redis/data/temp-rewriteaof-bg-7.aof", false);
	make(f, "redis/data/appendonlydir", true);
	make(f, "redis/data/appendonlydir/temp-x.manifest", false);
	make(f, "redis/data/appendonlydir/x.manifest", false);
	assert_true(rundir_has_data(dir));
	/* Kept from one to the next, but for what was not finished. */
	rundir_close(dir);
	dir = must_open(f, true);
	assert_true(rundir_make_data(dir));
	assert_true(is_there(f, "redis/data/appendonly.aof"));
	assert_true(is_there(f, "redis/data/appendonlydir/x.manifest"));
	assert_false(is_there(f, "redis/data/temp-rewriteaof-bg-7.aof"));
	assert_false(is_there(f, "redis/data/appendonlydir/temp-x.manifest"));
	/* Put aside, once and again. */
	rundir_set_data_aside(dir);
	assert_false(rundir_has_data(dir));
	assert_true(is_there(f, "redis/damaged/appendonlydir/x.manifest"));
	assert_true(rundir_make_data(dir));
	make(f, "redis/data/second", false);
	rundir_set_data_aside(dir);
	assert_true(is_there(f, "redis/damaged/second"));
	assert_false(is_there(f, "redis/damaged/appendonlydir"));
	rundir_remove_data(dir);
	assert_false(is_there(f, "redis/data"));
	rundir_close(dir);
}

/* What is removed is what is in it, and not what a link in it points to. */
static void
test_private(void **state)
{
	struct fixture *f = *state;
	struct rundir *dir = rundir_open_private(&f->err);
	char *path, *link, *precious = below(f, "precious");

	assert_non_null(dir);
	assert_false(rundir_is_kept(dir));
	path = xstrdup(rundir_path(dir));
	make(f, "precious", true);
	make(f, "precious/file", false);
	assert_true(rundir_make_data(dir));
	link = xasprintf("%s/link", rundir_data_path(dir));
	assert_int_equal(symlink(precious, link), 0);
	rundir_close(dir);
	assert_int_equal(access(path, F_OK), -1);
	assert_true(is_there(f, "precious/file"));
	free(link);
	free(path);
	free(precious);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_at_a_time, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_data, setup, teardown),
		cmocka_unit_test_setup_teardown(test_private, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

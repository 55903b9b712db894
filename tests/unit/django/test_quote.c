/*
 * The admin's quoting of primary keys: a table, and the installed Django's own
 * functions on thousands of keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compat.h"
#include "django/quote.h"

#define KEYS		20000
#define KEY_MAX		24
#define NO_DJANGO	77	/* the script's exit status */

static void
test_table(void **state UNUSED)
{
	static const struct { const char *key, *quoted; } pairs[] = {
		{ "", "" }, { "7", "7" }, { "-1", "-1" },
		{ "6f9619ff-8b86-d011-b42d-00c04fc964ff",
		  "6f9619ff-8b86-d011-b42d-00c04fc964ff" },
		{ "\":/_#?;@&=+$,[]<>%\n\\", "_22_3A_2F_5F_23_3F_3B_40_26_3D"
		  "_2B_24_2C_5B_5D_3C_3E_25_0A_5C" },
		{ "a_b", "a_5Fb" }, { "_5F", "_5F5F" }, { "_", "_5F" },
		{ "a b'c(d)!*~|^`{}\r\t", "a b'c(d)!*~|^`{}\r\t" },
		{ "\xc3\xa9/\xe2\x82\xac", "\xc3\xa9_2F\xe2\x82\xac" },
		{ "..", ".." },
	};
	/* What quote() never writes. */
	static const struct { const char *segment, *key; } odd[] = {
		{ "_", "_" }, { "_5", "_5" }, { "_5f", "_5f" },
		{ "_41", "_41" }, { "__5F", "__" }, { "_5F5F", "_5F" },
		{ "a_b", "a_b" }, { "_00", "_00" }, { "_zz_3A", "_zz:" },
		{ "_2_2F", "_2/" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < COUNT_OF(pairs); i++) {
		buf_reset(&b);
		quote_add_key(&b, slice_of(pairs[i].key));
		assert_string_equal(buf_str(&b), pairs[i].quoted);
		buf_reset(&b);
		quote_add_unquoted(&b, slice_of(pairs[i].quoted));
		assert_string_equal(buf_str(&b), pairs[i].key);
	}
	for (i = 0; i < COUNT_OF(odd); i++) {
		buf_reset(&b);
		quote_add_unquoted(&b, slice_of(odd[i].segment));
		assert_string_equal(buf_str(&b), odd[i].key);
	}
	buf_reset(&b);
	quote_add_key(&b, (struct slice){ "a\0/", 3 });
	assert_int_equal(b.n, 5);
	assert_memory_equal(b.p, "a\0_2F", 5);
	buf_fini(&b);
}

/* --- against Django --- */

static const char script[] =
    "import sys\n"
    "try:\n"
    "    from django.contrib.admin.utils import quote, unquote\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "for line in open(sys.argv[1]):\n"
    "    key = bytes.fromhex(line).decode('latin-1')\n"
    "    print(quote(key).encode('latin-1').hex(),\n"
    "          unquote(key).encode('latin-1').hex(), sep=',')\n";

/* A character as they matter: special ones, and those of their codes. */
static char
any_char(void)
{
	static const char often[] = "_____0123456789ABCDEF/:\n%";

	if (rand() % 8 == 0)
		return ((char)(rand() % 256));
	return (often[(size_t)rand() % LITLEN(often)]);
}

static size_t
make_key(int i, char key[KEY_MAX])
{
	size_t n, j;

	if (i < 256) {
		key[0] = (char)i;
		return (1);
	}
	n = (size_t)rand() % KEY_MAX;
	for (j = 0; j < n; j++)
		key[j] = any_char();
	return (n);
}

static void
add_hex(struct buf *b, const char *p, size_t n)
{
	for (; n > 0; p++, n--)
		buf_addf(b, "%02x", (unsigned char)*p);
}

/* Writes the keys to one file's text, and our answers to another's. */
static void
make_keys(struct buf *keys, struct buf *answers)
{
	struct buf out = { 0 };
	char key[KEY_MAX];
	size_t n;
	int i;

	srand(20261125);
	for (i = 0; i < KEYS; i++) {
		n = make_key(i, key);
		add_hex(keys, key, n);
		buf_add_char(keys, '\n');
		quote_add_key(&out, (struct slice){ key, n });
		add_hex(answers, out.p, out.n);
		buf_add_char(answers, ',');
		buf_reset(&out);
		quote_add_unquoted(&out, (struct slice){ key, n });
		add_hex(answers, out.p, out.n);
		buf_add_char(answers, '\n');
		buf_reset(&out);
	}
	buf_fini(&out);
}

/* Runs the script on the file; its exit status. */
static int
ask_django(const char *path, struct buf *theirs)
{
	char command[2048], text[4096];
	size_t n;
	FILE *f;
	int rc;

	(void)snprintf(command, sizeof(command),
	    "LD_PRELOAD= /usr/bin/python3 -B -c \"%s\" %s", script, path);
	f = popen(command, "r");
	assert_non_null(f);
	while ((n = fread(text, 1, sizeof(text), f)) > 0)
		buf_add(theirs, text, n);
	rc = pclose(f);
	assert_true(WIFEXITED(rc));
	return (WEXITSTATUS(rc));
}

static void
test_django(void **state UNUSED)
{
	char path[] = "/tmp/collabd-quote-XXXXXX";
	struct buf keys = { 0 }, answers = { 0 }, theirs = { 0 };
	int rc, fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	make_keys(&keys, &answers);
	assert_int_equal(write(fd, keys.p, keys.n), keys.n);
	close(fd);
	rc = ask_django(path, &theirs);
	unlink(path);
	if (rc == NO_DJANGO && getenv("CI") == NULL &&
	    getenv("REQUIRE") == NULL) {
		print_message("  no Django is installed\n");
		skip();
	}
	assert_int_equal(rc, 0);
	assert_int_equal(theirs.n, answers.n);
	assert_memory_equal(theirs.p, answers.p, answers.n);
	buf_fini(&keys);
	buf_fini(&answers);
	buf_fini(&theirs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_django),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

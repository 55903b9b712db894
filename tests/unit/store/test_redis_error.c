/*
 * What an error reply says about what to do: every word, as Redis says it
 * itself and as it comes out of a script, and what only looks like one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/compat.h"
#include "store/redis_error.h"

#define SHA	"f_17d8ba0b5e3dd5e2b5b2c8bd0c2b1d5a8f3a0c11"

/* text: what a server says, the word first. */
static const struct {
	const char	*text;
	enum redis_error_kind kind;
	const char	*word;
	const char	*remedy;	/* what the operator is told of */
} words[] = {
	{ "LOADING Redis is loading the dataset in memory",
	    REDIS_ERROR_PASSING, "LOADING", "loading" },
	{ "BUSY Redis is busy running a script. You can only call SCRIPT KILL "
	    "or SHUTDOWN NOSAVE.", REDIS_ERROR_PASSING, "BUSY", "script" },
	{ "MASTERDOWN Link with MASTER is down and replica-serve-stale-data "
	    "is set to 'no'.", REDIS_ERROR_PASSING, "MASTERDOWN", "master" },
	{ "READONLY You can't write against a read only replica.",
	    REDIS_ERROR_PASSING, "READONLY", "replica" },
	{ "CLUSTERDOWN The cluster is down", REDIS_ERROR_PASSING,
	    "CLUSTERDOWN", "cluster" },
	{ "TRYAGAIN Multiple keys request during rehashing of slot",
	    REDIS_ERROR_PASSING, "TRYAGAIN", "moving" },
	{ "NOAUTH Authentication required.", REDIS_ERROR_PASSING, "NOAUTH",
	    "redis_url" },
	{ "OOM command not allowed when used memory > 'maxmemory'.",
	    REDIS_ERROR_OPERATOR, "OOM", "maxmemory" },
	{ "MISCONF Redis is configured to save RDB snapshots, but it's "
	    "currently unable to persist to disk.", REDIS_ERROR_OPERATOR,
	    "MISCONF", "stop-writes-on-bgsave-error" },
	{ "NOREPLICAS Not enough good replicas to write.",
	    REDIS_ERROR_OPERATOR, "NOREPLICAS", "min-replicas-to-write" },
	{ "NOPERM this user has no permissions to run the 'evalsha' command",
	    REDIS_ERROR_OPERATOR, "NOPERM", "permission" },
	{ "WRONGPASS invalid username-password pair or user is disabled.",
	    REDIS_ERROR_OPERATOR, "WRONGPASS", "password" },
	{ "MOVED 3999 127.0.0.1:6381", REDIS_ERROR_OPERATOR, "MOVED",
	    "cluster" },
	{ "CROSSSLOT Keys in request don't hash to the same slot",
	    REDIS_ERROR_OPERATOR, "CROSSSLOT", "cluster" },
};

/* How it comes out of a script: what stands before the word and behind the
 * text. */
static const struct {
	const char	*before, *after;
} wrapped[] = {
	/* 6.0, 6.2: redis.call() */
	{ "ERR Error running script (call to " SHA "): @user_script:97: "
	    "@user_script: 97: -", " " },
	{ "ERR Error running script (call to " SHA "): @user_script:97: ", "" },
	/* an error table that was given to error() */
	{ "ERR Error running script (call to " SHA "): @user_script:5: "
	    "@user_script: 5: ", "" },
	{ "ERR Error running script (call to " SHA "): -", "" },
	/* redis.pcall(), whose answer a script hands on */
	{ "@user_script: 43: -", "\r\n" },
	{ "@user_script: 43: ", "" },
};

static struct redis_error
read_text(const char *before, const char *text, const char *after)
{
	struct buf b = { NULL, 0, 0 };
	struct redis_error e;

	buf_add_str(&b, before);
	buf_add_str(&b, text);
	buf_add_str(&b, after);
	e = redis_error_of((struct slice){ b.p, b.n });
	buf_fini(&b);
	return (e);
}

static void
assert_word(const struct redis_error *e, size_t i)
{
	if (e->kind != words[i].kind || strcmp(e->word, words[i].word) != 0)
		fail_msg("%s: kind %d, word \"%s\"", words[i].text, e->kind,
		    e->word);
	assert_non_null(e->meaning);
	assert_non_null(strstr(e->meaning, words[i].remedy));
}

static void
test_plain(void **state UNUSED)
{
	struct redis_error e;
	size_t i;

	for (i = 0; i < COUNT_OF(words); i++) {
		e = read_text("", words[i].text, "");
		assert_word(&e, i);
		/* Redis 7 puts the script behind. */
		e = read_text("", words[i].text, " script: " SHA
		    ", on @user_script:97.");
		assert_word(&e, i);
	}
}

static void
test_word_alone(void **state UNUSED)
{
	struct redis_error e;
	size_t i;

	for (i = 0; i < COUNT_OF(words); i++) {
		e = read_text("", words[i].word, "");
		assert_word(&e, i);
	}
}

static void
test_wrapped(void **state UNUSED)
{
	struct redis_error e;
	size_t i, j;

	for (i = 0; i < COUNT_OF(words); i++) {
		for (j = 0; j < COUNT_OF(wrapped); j++) {
			e = read_text(wrapped[j].before, words[i].text,
			    wrapped[j].after);
			assert_word(&e, i);
		}
	}
}

static void
test_no_such_error(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		"O",
		"ERR",
		"ERR unknown command 'FROB'",
		"WRONGTYPE Operation against a key holding the wrong kind of "
		    "value",
		"NOSCRIPT No matching script. Please use EVAL.",
		"NOTBUSY No scripts in execution right now.",
		/* a word that goes on, or is not in front */
		"OOMX command not allowed",
		"READONLYX",
		"oom command not allowed",
		" OOM command not allowed",
		"-OOM command not allowed",
		"ERR value: OOM command not allowed",
		"ERR the name is MISCONF or so",
		/* wrapped, and a fault of the script itself */
		"ERR Error running script",
		"ERR Error running script: ",
		"ERR Error running script: -",
		"ERR Error running script (call to " SHA
		    "): @user_script:3: attempt to index a nil value",
		"ERR Error running script (call to " SHA "): @user_script:97: "
		    "@user_script: 97: -WRONGTYPE Operation against a key",
		/* its text may speak of one */
		"ERR Error running script (call to " SHA "): @user_script:97: "
		    "no OOM in here",
		"ERR Error running script (call to " SHA "): @user_script:97:"
		    "OOM without a space",
		"@user_script",
		"@user_script: ",
		"@user_script: 43: -WRONGTYPE Operation against a key",
		"@another_script: 43: -OOM command not allowed",
		"ERR Error compiling script (new function): user_script:1: "
		    "OOM command not allowed",
	};
	struct redis_error e;
	size_t i;

	for (i = 0; i < COUNT_OF(texts); i++) {
		e = redis_error_of(slice_of(texts[i]));
		if (e.kind != REDIS_ERROR_BUG || *e.word != '\0' ||
		    e.meaning != NULL)
			fail_msg("\"%s\" is taken for %s", texts[i], e.word);
	}
}

/* Replies are not strings: what stands behind the text is none of it. */
static void
test_ends_where_it_ends(void **state UNUSED)
{
	const char *text = "OOM command", *wrap =
	    "ERR Error running script (call to f): -MISCONF Redis";
	size_t n;

	for (n = 0; n <= strlen(text); n++)
		assert_int_equal(redis_error_of((struct slice){ text, n }).kind,
		    n < 3 ? REDIS_ERROR_BUG : REDIS_ERROR_OPERATOR);
	for (n = 0; n <= strlen(wrap); n++)
		assert_int_equal(redis_error_of((struct slice){ wrap, n }).kind,
		    n < strlen(wrap) - strlen(" Redis") ? REDIS_ERROR_BUG :
		    REDIS_ERROR_OPERATOR);
	assert_int_equal(redis_error_of((struct slice){ NULL, 0 }).kind,
	    REDIS_ERROR_BUG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_word_alone),
		cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_no_such_error),
		cmocka_unit_test(test_ends_where_it_ends),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

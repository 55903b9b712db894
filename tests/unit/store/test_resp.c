/*
 * RESP: what goes out is what Redis reads, and what comes in is taken in any
 * pieces, or refused past a bound.
 */
#include "store/helpers.h"

static void
test_format(void **state UNUSED)
{
	struct buf b = { 0 };

	resp_add_header(&b, 4);
	resp_add_str(&b, "SET");
	resp_add_bulk(&b, "k\0\r\n", 4);
	resp_add_slice(&b, (struct slice){ NULL, 0 });
	resp_add_int(&b, -12);
	assert_int_equal(b.n, 38);
	assert_memory_equal(b.p, "*4\r\n$3\r\nSET\r\n$4\r\nk\0\r\n\r\n$0\r\n"
	    "\r\n$3\r\n-12\r\n", b.n);
	buf_fini(&b);
}

static void
check_value(const struct resp_value *v)
{
	assert_int_equal(v->type, RESP_ARRAY);
	assert_int_equal(v->n, 6);
	assert_true(slice_is(resp_text(resp_at(v, 0)), "OK"));
	assert_int_equal(resp_at(v, 1)->integer, -7);
	assert_int_equal(resp_at(v, 2)->type, RESP_NIL);
	assert_int_equal(resp_text(resp_at(v, 3)).n, 3);
	assert_memory_equal(resp_text(resp_at(v, 3)).p, "a\0b", 4);
	assert_int_equal(resp_at(v, 4)->n, 0);
	assert_true(resp_is_error(resp_at(v, 5), "WRONGTYPE"));
	assert_false(resp_is_error(resp_at(v, 5), "WRONG"));
	assert_null(resp_text(resp_at(v, 5)).p);
	assert_int_equal(resp_at(v, 6)->type, RESP_NIL);
}

static void
test_pieces(void **state UNUSED)
{
	static const char text[] = "*6\r\n+OK\r\n:-7\r\n$-1\r\n$3\r\na\0b\r\n"
	    "*0\r\n-WRONGTYPE no\r\n";
	size_t n = sizeof(text) - 1, step, at, len;

	for (step = 1; step <= n; step++) {
		struct resp_reader *r = resp_reader_new();
		struct resp_value *v = NULL;

		for (at = 0; at < n; at += len) {
			assert_true(resp_reader_next(r, &v));
			assert_null(v);
			len = n - at < step ? n - at : step;
			assert_true(resp_reader_feed(r, text + at, len));
		}
		assert_true(resp_reader_next(r, &v));
		assert_non_null(v);
		check_value(v);
		resp_value_free(v);
		resp_reader_free(r);
	}
}

static void
test_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"hello\r\n",
		/* RESP3, which hiredis knows from 1.0 on */
		">2\r\n+a\r\n+b\r\n",
		"_\r\n",
		"#t\r\n",
		",1.5\r\n",
		"(12\r\n",
		"=7\r\ntxt:abc\r\n",
		"~1\r\n+a\r\n",
		"%1\r\n+a\r\n+b\r\n",
		"*4294967296\r\n",
		"*1048577\r\n",
		"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
		":12a\r\n",
		"$-2\r\n",
	};
	struct resp_value *v;
	size_t i;

	for (i = 0; i < COUNT_OF(bad); i++) {
		struct resp_reader *r = resp_reader_new();

		assert_true(resp_reader_feed(r, bad[i], strlen(bad[i])));
		if (resp_reader_next(r, &v))
			fail_msg("taken: %s", bad[i]);
		assert_null(v);
		/* broken for good */
		assert_false(resp_reader_feed(r, "+OK\r\n", 5));
		assert_false(resp_reader_next(r, &v));
		assert_true(strlen(resp_reader_error(r)) > 0);
		resp_reader_free(r);
	}
}

/* A string that is announced as larger than a reply may be is not awaited. */
static void
test_too_large(void **state UNUSED)
{
	struct resp_reader *r = resp_reader_new();
	struct resp_value *v;
	static char piece[1 << 20];
	size_t n = 0;

	assert_true(resp_reader_feed(r, "$99999999999\r\n", 14));
	memset(piece, 'x', sizeof(piece));
	while (resp_reader_feed(r, piece, sizeof(piece))) {
		assert_true(resp_reader_next(r, &v));
		n += sizeof(piece);
		assert_true(n <= RESP_REPLY_MAX);
	}
	resp_reader_free(r);
}

/* Many small elements count as well as one large one. */
static void
test_too_many(void **state UNUSED)
{
	struct resp_reader *r = resp_reader_new();
	struct resp_value *v;
	struct buf b = { 0 };
	size_t i, total = 0;
	bool ok = true;

	buf_add_str(&b, "*1000\r\n");
	for (i = 0; i < 1000; i++)
		buf_add_str(&b, "$0\r\n\r\n");
	assert_true(resp_reader_feed(r, "*1000000\r\n", 10));
	while (ok && total < RESP_REPLY_MAX) {
		ok = resp_reader_feed(r, b.p, b.n) && resp_reader_next(r, &v);
		total += 1000 * sizeof(struct resp_value);
	}
	assert_false(ok);
	assert_string_equal(resp_reader_error(r), "reply too large");
	buf_fini(&b);
	resp_reader_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_too_many),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

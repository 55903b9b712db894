/*
 * Output queues over a real socket whose buffer is small: everything arrives
 * once and in order, however little the kernel takes at a time.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/outq.h"

#define FRAMES	500

static int fds[2];

static int
setup(void **state)
{
	int small = 4096;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small,
	    sizeof(small)), 0);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	close(fds[0]);
	close(fds[1]);
	return (0);
}

/* Frame i: i bytes of value i, so that a lost or doubled byte shows. */
static struct frame *
numbered(unsigned i)
{
	static char bytes[FRAMES];

	memset(bytes, (int)(i & 0xff), sizeof(bytes));
	return (frame_new_raw((struct slice){ bytes, i }));
}

static void
test_all_arrives(void **state)
{
	struct outq *q = NULL;
	char in[8192];
	size_t want = 0, got = 0, total = 0;
	unsigned i, frame = 1, left = 1;
	ssize_t n, k;

	(void)state;
	for (i = 1; i < FRAMES; i++) {
		outq_add(&q, numbered(i));
		want += i;
	}
	assert_int_equal(outq_bytes(q), want);
	while (got < want) {
		if (q != NULL && (n = outq_write(&q, fds[0])) == -1)
			assert_int_equal(errno, EAGAIN);
		n = read(fds[1], in, sizeof(in));
		assert_true(n > 0);
		got += (size_t)n;
		for (k = 0; k < n; k++) {
			assert_int_equal((unsigned char)in[k], frame & 0xff);
			if (--left == 0)
				left = ++frame;
		}
		assert_true(++total < 10000);
	}
	assert_null(q);
	assert_int_equal(outq_bytes(q), 0);
}

/* A half written frame must be finished: what follows it is cut off there. */
static void
test_drop_keeps_the_half_written(void **state)
{
	static char big[1000000];
	struct outq *q = NULL;
	struct frame *shared = numbered(7);
	ssize_t n;

	(void)state;
	outq_add(&q, frame_new_raw((struct slice){ big, sizeof(big) }));
	outq_add(&q, frame_get(shared));
	outq_add(&q, frame_get(shared));
	assert_int_equal(shared->refs, 3);
	n = outq_write(&q, fds[0]);
	assert_true(n > 0 && (size_t)n < sizeof(big));
	outq_drop(&q);
	assert_int_equal(shared->refs, 1);
	assert_int_equal(outq_bytes(q), sizeof(big) - (size_t)n);
	outq_free(&q);
	assert_null(q);
	frame_put(shared);
}

static void
test_drop_of_nothing_written(void **state)
{
	struct outq *q = NULL;
	struct frame *shared = numbered(7);

	(void)state;
	outq_drop(&q);
	outq_add(&q, frame_get(shared));
	outq_drop(&q);
	assert_null(q);
	assert_int_equal(shared->refs, 1);
	frame_put(shared);
	outq_free(&q);
}

/* Head and body as an HTTP answer has them: the body is sent from where it
 * lies, and is not freed. */
static void
test_borrowed(void **state)
{
	static const char body[] = "body";
	struct outq *q = NULL;
	struct frame *f = frame_new_borrowed(SLICE_LIT(body));
	char in[16];

	(void)state;
	assert_ptr_equal(f->p, body);
	outq_add(&q, frame_new_raw(SLICE_LIT("head")));
	outq_add(&q, f);
	assert_int_equal(outq_bytes(q), 8);
	assert_int_equal(outq_write(&q, fds[0]), 8);
	assert_null(q);
	assert_int_equal(read(fds[1], in, sizeof(in)), 8);
	assert_memory_equal(in, "headbody", 8);
}

static void
test_dead_peer(void **state)
{
	struct outq *q = NULL;

	(void)state;
	close(fds[1]);
	fds[1] = open("/dev/null", O_RDONLY);
	outq_add(&q, numbered(9));
	assert_int_equal(outq_write(&q, fds[0]), -1);
	assert_int_equal(errno, EPIPE);
	assert_non_null(q);
	outq_free(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_arrives, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_drop_keeps_the_half_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop_of_nothing_written,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_borrowed, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_dead_peer, setup,
		    teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

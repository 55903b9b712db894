/*
 * How many connections an address may have.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/address.h"

#define LIMIT	3

static struct conf conf;

static int
set_up(void **state)
{
	conf_init(&conf);
	conf.max_connections_per_address = LIMIT;
	*state = addresses_new(&conf);
	return (0);
}

static int
tear_down(void **state)
{
	assert_int_equal(addresses_count(*state), 0);
	addresses_free(*state);
	conf_fini(&conf);
	return (0);
}

/* One more connection from behind the proxy on this machine. */
static bool
get(struct addresses *set, const char *forwarded, struct address **out)
{
	struct sockaddr_storage ss;
	struct sockaddr_in v4 = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, &v4, sizeof(v4));
	return (addresses_get(set, &ss, slice_of(forwarded), out));
}

static void
test_limit(void **state)
{
	struct addresses *set = *state;
	struct address *a[LIMIT], *other, *no;
	size_t i;

	for (i = 0; i < LIMIT; i++)
		assert_true(get(set, "192.0.2.1", &a[i]));
	assert_false(get(set, "192.0.2.1", &no));
	assert_null(no);
	assert_true(get(set, "192.0.2.2", &other));
	assert_int_equal(addresses_count(set), 2);
	addresses_put(set, other);
	assert_int_equal(addresses_count(set), 1);

	/* A refused one took no place, and a place that is free is free. */
	addresses_put(set, a[0]);
	assert_true(get(set, "192.0.2.1", &a[0]));
	assert_false(get(set, "192.0.2.1", &no));
	for (i = 0; i < LIMIT; i++)
		addresses_put(set, a[i]);
}

/* Which addresses are one. */
static const struct {
	const char	*a, *b;
	bool		 is_one;
} pairs[] = {
	{ "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true },
	{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
	{ "2001:db8::1", "2001:db8:0:0:1::", true },
	{ "192.0.2.1", "::ffff:192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.1:5", true },
	{ "192.0.2.1", "192.0.2.0", false },
	{ "192.0.2.1", "c000:201::", false },
	{ "0.0.0.0", "::", false },
};

static void
test_pairs(void **state)
{
	struct addresses *set = *state;
	struct address *a, *b;
	size_t i;

	conf.max_connections_per_address = 1;
	for (i = 0; i < COUNT_OF(pairs); i++) {
		assert_true(get(set, pairs[i].a, &a));
		if (get(set, pairs[i].b, &b) == pairs[i].is_one)
			fail_msg("%s %s", pairs[i].a, pairs[i].b);
		addresses_put(set, a);
		addresses_put(set, b);
	}
}

/* A proxy that does not say it must not be taken for one busy client. */
static void
test_unknown(void **state)
{
	struct addresses *set = *state;
	struct address *a;
	int i;

	for (i = 0; i < LIMIT * 2; i++) {
		assert_true(get(set, NULL, &a));
		assert_null(a);
		assert_true(get(set, "unknown", &a));
		assert_null(a);
	}
	addresses_put(set, NULL);
}

static void
test_no_limit(void **state)
{
	struct addresses *set = *state;
	struct address *a;
	int i;

	conf.max_connections_per_address = 0;
	for (i = 0; i < LIMIT * 2; i++) {
		assert_true(get(set, "192.0.2.1", &a));
		assert_null(a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pairs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_no_limit, set_up,
		    tear_down),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

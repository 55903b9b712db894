/*
 * Which peers are believed about the browser behind them.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/proxy.h"

static struct sockaddr_storage
peer(const char *text)
{
	struct sockaddr_storage ss;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	memset(&ss, 0, sizeof(ss));
	if (strcmp(text, "unix") == 0)
		ss.ss_family = AF_UNIX;
	else if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(&ss, &v4, sizeof(v4));
	else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		memcpy(&ss, &v6, sizeof(v6));
	}
	return (ss);
}

static const struct row {
	const char	*entry;
	const char	*peer;
	bool		 trusted;
} rows[] = {
	{ "127.0.0.0/8", "127.9.9.9", true },
	{ "127.0.0.0/8", "128.0.0.1", false },
	{ "127.0.0.0/8", "::ffff:127.0.0.1", true },
	{ "10.1.2.3", "10.1.2.3", true },
	{ "10.1.2.3", "10.1.2.4", false },
	{ "10.1.2.0/23", "10.1.3.255", true },
	{ "10.1.2.0/23", "10.1.4.0", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "::1", "::1", true },
	{ "::1", "127.0.0.1", false },
	{ "unix", "unix", true },
	{ "unix", "127.0.0.1", false },
	{ "127.0.0.0/8", "unix", false },
};

static void
test_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		char *entry = (char *)(uintptr_t)rows[i].entry;
		struct conf_list list = { &entry, 1 };
		struct sockaddr_storage ss = peer(rows[i].peer);
		struct buf err = { NULL, 0, 0 };

		assert_true(proxy_check_list(&list, &err));
		if (proxy_is_trusted(&list, &ss) != rows[i].trusted)
			fail_msg("%s %s", rows[i].entry, rows[i].peer);
	}
}

/* Where a connection comes from; want NULL: not known. */
static const struct client_row {
	const char	*peer;
	const char	*forwarded;
	const char	*want;
} client_rows[] = {
	/* Who is not trusted may say what it likes. */
	{ "203.0.113.9", NULL, "203.0.113.9" },
	{ "203.0.113.9", "192.0.2.1", "203.0.113.9" },
	{ "2001:db8::9", "192.0.2.1", "2001:db8::9" },
	{ "::ffff:203.0.113.9", NULL, "203.0.113.9" },
	/* A proxy of ours that does not say it, or says nonsense. */
	{ "127.0.0.1", NULL, NULL },
	{ "unix", NULL, NULL },
	{ "127.0.0.1", "", NULL },
	{ "127.0.0.1", ",", NULL },
	{ "127.0.0.1", "unknown", NULL },
	{ "127.0.0.1", "192.0.2.1, unix:", NULL },
	{ "127.0.0.1", "192.0.2.1,", NULL },
	{ "127.0.0.1", "192.0.2.1x", NULL },
	{ "127.0.0.1", "[2001:db8::1", NULL },
	{ "127.0.0.1", "[2001:db8::1]x", NULL },
	{ "127.0.0.1", "192.0.2.1 192.0.2.2", NULL },
	/* The last that is not ours, however many were invented before it. */
	{ "127.0.0.1", "192.0.2.1", "192.0.2.1" },
	{ "unix", "192.0.2.1", "192.0.2.1" },
	{ "127.0.0.1", "192.0.2.1, 192.0.2.2", "192.0.2.2" },
	{ "127.0.0.1", "nonsense,192.0.2.2", "192.0.2.2" },
	{ "127.0.0.1", " 192.0.2.1 ,\t192.0.2.2\t", "192.0.2.2" },
	{ "127.0.0.1", "192.0.2.1, 192.0.2.2, 10.1.2.3", "192.0.2.2" },
	{ "127.0.0.1", "192.0.2.2, 10.1.2.3, ::ffff:127.0.0.2", "192.0.2.2" },
	{ "127.0.0.1", "nonsense, 10.1.2.3", NULL },
	/* All are ours: the one that is farthest away. */
	{ "127.0.0.1", "10.1.2.4, 10.1.2.3", "10.1.2.4" },
	{ "127.0.0.1", "10.1.2.3", "10.1.2.3" },
	/* Its forms. */
	{ "127.0.0.1", "192.0.2.1:4711", "192.0.2.1" },
	{ "127.0.0.1", "2001:db8::1", "2001:db8::1" },
	{ "127.0.0.1", "[2001:db8::1]", "2001:db8::1" },
	{ "127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1" },
	{ "127.0.0.1", "::ffff:192.0.2.1", "192.0.2.1" },
	{ "127.0.0.1", "0000:0000:0000:0000:0000:ffff:192.168.100.200",
	    "192.168.100.200" },
};

static void
test_client(void **state)
{
	char *ours[] = { (char *)(uintptr_t)"127.0.0.0/8",
	    (char *)(uintptr_t)"10.0.0.0/8", (char *)(uintptr_t)"unix" };
	struct conf_list list = { ours, COUNT_OF(ours) };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(client_rows); i++) {
		const struct client_row *r = &client_rows[i];
		struct sockaddr_storage ss = peer(r->peer);
		struct proxy_address got;
		char text[INET6_ADDRSTRLEN] = "";

		if (proxy_client(&list, &ss, slice_of(r->forwarded), &got))
			assert_non_null(inet_ntop(got.family, got.bytes, text,
			    sizeof(text)));
		if (strcmp(text, r->want == NULL ? "" : r->want) != 0)
			fail_msg("%s \"%s\": %s", r->peer, r->forwarded, text);
	}
}

/* Bytes of no address, and none behind the last. */
static void
test_client_bytes(void **state)
{
	struct conf_list none = { NULL, 0 };
	char *ours = (char *)(uintptr_t)"unix", *exact;
	struct conf_list list = { &ours, 1 };
	struct sockaddr_storage ss = peer("unix");
	struct proxy_address got;
	char large[5000];
	size_t n;

	(void)state;
	memset(large, ':', sizeof(large));
	for (n = 1; n < 300; n++) {
		exact = malloc(n);
		assert_non_null(exact);
		memset(exact, '1', n);
		assert_false(proxy_client(&list, &ss, (struct slice){ exact, n },
		    &got));
		free(exact);
	}
	assert_false(proxy_client(&list, &ss,
	    (struct slice){ large, sizeof(large) }, &got));
	assert_false(proxy_client(&list, &ss,
	    (struct slice){ "192.0.2.1\0x", 11 }, &got));
	assert_false(proxy_client(&none, &ss, slice_of("192.0.2.1"), &got));
}

static void
test_bad_entries(void **state)
{
	static const char *const bad[] = {
		"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0", "::/129",
		"localhost", "", "unix:", "1.2.3.4/-1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(bad); i++) {
		char *entry = (char *)(uintptr_t)bad[i];
		struct conf_list list = { &entry, 1 };
		struct sockaddr_storage ss = peer("10.0.0.1");
		struct buf err = { NULL, 0, 0 };

		if (proxy_check_list(&list, &err))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_false(proxy_is_trusted(&list, &ss));
		assert_non_null(strstr(buf_str(&err), bad[i]));
		buf_fini(&err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_client_bytes),
		cmocka_unit_test(test_bad_entries),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

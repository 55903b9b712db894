/*
 * The frames of tabs: the exact bytes of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "proto/message.h"
#include "proto/tabmsg.h"

#define NOW	"2026-11-24T03:52:19.123456+00:00"
/* Wall-clock microseconds of NOW, and what they are a second later. */
#define NOW_US	INT64_C(1795492339123456)
#define NEXT	"2026-11-24T03:52:20.123456+00:00"
#define NEXT_US	(NOW_US + 1000000)
#define NONE	{ NULL, true, NULL }

#define ANN	"\"user_id\":7,\"name\":\"Ann Lee\""
#define BOB	"\"user_id\":\"b\\\"1\",\"name\":\"B\xc3\xb6\xef\xbf\xbd\""

static const struct tabmsg_who ann = { "7", true, "Ann Lee" };
static const struct tabmsg_who bob = { "b\"1", false, "B\xc3\xb6\xff" };
static const struct tabmsg_who nobody = NONE;

/* Asserts what was built, that it is one JSON object, and starts anew. */
static void
expect(struct buf *b, const char *text)
{
	assert_string_equal(buf_str(b), text);
	assert_true(json_is_object((struct slice){ b->p, b->n }, 8));
	buf_reset(b);
}

static void
test_hello(void **state UNUSED)
{
	struct tabmsg_hello h = {
		.you = { .who = ann, .username = "ann", .email = "a@b" },
		.tab = "k3x", .may_change = true, .may_take_over = false,
		.now = NOW, .follows_log = true,
		.settings = SLICE_LIT("{\"texts\":{}}"),
	};
	struct buf b = { NULL, 0, 0 };

	tabmsg_add_hello(&b, &h);
	expect(&b, "{\"type\":\"hello\",\"you\":{" ANN ",\"username\":\"ann\","
	    "\"email\":\"a@b\",\"avatar_url\":null},\"tab\":\"k3x\","
	    "\"may_change\":true,\"may_take_over\":false,\"now\":\"" NOW "\","
	    "\"saves\":\"log\",\"last_save\":null,"
	    "\"settings\":{\"texts\":{}}}");
	h.you.who = bob;
	h.you.avatar_url = "/m/b.png";
	h.may_change = false;
	h.may_take_over = true;
	h.follows_log = false;
	h.last_save = (struct slice)SLICE_LIT("{\"id\":1}");
	tabmsg_add_hello(&b, &h);
	expect(&b, "{\"type\":\"hello\",\"you\":{" BOB ",\"username\":\"ann\","
	    "\"email\":\"a@b\",\"avatar_url\":\"/m/b.png\"},\"tab\":\"k3x\","
	    "\"may_change\":false,\"may_take_over\":true,\"now\":\"" NOW "\","
	    "\"saves\":\"click\",\"last_save\":{\"id\":1},"
	    "\"settings\":{\"texts\":{}}}");
	buf_fini(&b);
}

static void
test_presence(void **state UNUSED)
{
	const struct tabmsg_person people[] = {
		{ ann, "ann", "a@b", NULL, NOW, "dirty" },
		{ bob, "", "", "/m/b.png", NOW, "none" },
	};
	struct buf b = { NULL, 0, 0 }, one = { NULL, 0, 0 };
	size_t i;

#define FIRST	"{" ANN ",\"username\":\"ann\",\"email\":\"a@b\","	\
		"\"avatar_url\":null,\"since\":\"" NOW "\","		\
		"\"state\":\"dirty\"}"
	message_open_users(&b, MESSAGE_PRESENCE);
	message_close_users(&b);
	expect(&b, "{\"type\":\"presence\",\"users\":[]}");
	message_open_users(&b, MESSAGE_PRESENCE);
	for (i = 0; i < COUNT_OF(people); i++) {
		buf_reset(&one);
		tabmsg_add_person(&one, &people[i]);
		message_add_listed(&b, (struct slice){ one.p, one.n });
	}
	message_close_users(&b);
	expect(&b, "{\"type\":\"presence\",\"users\":[" FIRST ",{" BOB
	    ",\"username\":\"\",\"email\":\"\",\"avatar_url\":\"/m/b.png\","
	    "\"since\":\"" NOW "\",\"state\":\"none\"}]}");
	tabmsg_add_present(&b, SLICE_LIT(FIRST));
	expect(&b, "{\"type\":\"user_present\",\"user\":" FIRST "}");
	message_open_users(&b, MESSAGE_USERS_PRESENT);
	message_add_listed(&b, SLICE_LIT(FIRST));
	message_close_users(&b);
	expect(&b, "{\"type\":\"users_present\",\"users\":[" FIRST "]}");
	tabmsg_add_absent(&b, &ann);
	expect(&b, "{\"type\":\"user_absent\",\"user_id\":7}");
	tabmsg_add_absent(&b, &bob);
	expect(&b, "{\"type\":\"user_absent\",\"user_id\":\"b\\\"1\"}");
	buf_fini(&one);
	buf_fini(&b);
}

static void
test_lock(void **state UNUSED)
{
	const struct tabmsg_claim line[] = { { ann, true }, { bob, false } };
	struct tabmsg_lock lock = { .id_is_number = true };
	struct buf b = { NULL, 0, 0 };

	tabmsg_add_lock(&b, &lock);
	expect(&b, "{\"type\":\"lock\",\"editor\":null,\"previous\":null,"
	    "\"line\":[],\"offer\":null,\"countdown\":null,"
	    "\"hold_until\":null}");
	lock.editor = ann;
	lock.tab = "k3x";
	lock.line = line;
	lock.n_line = 2;
	lock.next = "8";
	lock.countdown_us = NOW_US;
	tabmsg_add_lock(&b, &lock);
	expect(&b, "{\"type\":\"lock\",\"editor\":{" ANN ",\"tab\":\"k3x\"},"
	    "\"previous\":null,\"line\":[{" ANN ",\"asked\":true},{" BOB
	    ",\"asked\":false}],\"offer\":null,\"countdown\":{\"user_id\":8,"
	    "\"until\":\"" NOW "\"},\"hold_until\":null}");
	/* a page of the package, and somebody who asked but no countdown */
	lock.tab = NULL;
	lock.n_line = 1;
	lock.countdown_us = 0;
	lock.hold_us = NEXT_US;
	tabmsg_add_lock(&b, &lock);
	expect(&b, "{\"type\":\"lock\",\"editor\":{" ANN ",\"tab\":null},"
	    "\"previous\":null,\"line\":[{" ANN ",\"asked\":true}],"
	    "\"offer\":null,\"countdown\":null,\"hold_until\":\"" NEXT "\"}");
	memset(&lock, 0, sizeof(lock));
	lock.previous = "b\"1";
	lock.previous_until_us = NOW_US;
	lock.offered = "7";
	lock.offer_us = NEXT_US;
	tabmsg_add_lock(&b, &lock);
	expect(&b, "{\"type\":\"lock\",\"editor\":null,\"previous\":{"
	    "\"user_id\":\"b\\\"1\",\"until\":\"" NOW "\"},\"line\":[],"
	    "\"offer\":{\"user_id\":\"7\",\"until\":\"" NEXT "\"},"
	    "\"countdown\":null,\"hold_until\":null}");
	buf_fini(&b);
}

/* What has nothing but its type. */
static void
test_bare(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };

	tabmsg_add_lock_unknown(&b);
	expect(&b, "{\"type\":\"lock_unknown\"}");
	tabmsg_add_pong(&b);
	expect(&b, "{\"type\":\"pong\"}");
	buf_fini(&b);
}

static void
test_changes(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };

	tabmsg_add_handed_over(&b, &ann, &bob, "countdown");
	expect(&b, "{\"type\":\"handed_over\",\"from\":{" ANN "},\"to\":{" BOB
	    "},\"how\":\"countdown\"}");
	tabmsg_add_taken_over(&b, &bob, &ann, "a \"b\"\n\xff");
	expect(&b, "{\"type\":\"taken_over\",\"from\":{" BOB "},\"by\":{" ANN
	    "},\"reason\":\"a \\\"b\\\"\\u000a\xef\xbf\xbd\"}");
	tabmsg_add_lock_lost(&b, &ann, "silent");
	expect(&b, "{\"type\":\"lock_lost\",\"from\":{" ANN
	    "},\"why\":\"silent\"}");
	tabmsg_add_lock_lost(&b, &nobody, "forbidden");
	expect(&b, "{\"type\":\"lock_lost\",\"from\":null,"
	    "\"why\":\"forbidden\"}");
	tabmsg_add_save_refused(&b, "k3x", &ann);
	expect(&b, "{\"type\":\"save_refused\",\"tab\":\"k3x\","
	    "\"editor\":{" ANN "}}");
	tabmsg_add_save_refused(&b, "k3x", &nobody);
	expect(&b, "{\"type\":\"save_refused\",\"tab\":\"k3x\","
	    "\"editor\":null}");
	buf_fini(&b);
}

/* What is kept in Redis, and the frame that is made of it. */
static void
test_saves(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 }, save = { NULL, 0, 0 };

#define SAVE	"\"id\":12," ANN ",\"when\":\"" NOW "\","		\
		"\"action\":\"change\",\"fields\":[\"Name\"]}"
	tabmsg_add_save(&save, 12, &ann, NOW, "change",
	    SLICE_LIT("[\"Name\"]"));
	assert_string_equal(buf_str(&save), "{" SAVE);
	tabmsg_add_saved(&b, (struct slice){ save.p, save.n });
	expect(&b, "{\"type\":\"saved\"," SAVE);
	/* of somebody else's making */
	tabmsg_add_saved(&b, SLICE_LIT("{}"));
	expect(&b, "{\"type\":\"saved\"}");
	tabmsg_add_saved(&b, SLICE_LIT("{ \n}"));
	expect(&b, "{\"type\":\"saved\"}");
	tabmsg_add_saved(&b, SLICE_LIT("{ \"id\":1}"));
	expect(&b, "{\"type\":\"saved\",\"id\":1}");
	buf_reset(&save);
	tabmsg_add_save(&save, 0, &bob, NOW, "delete", SLICE_LIT("[]"));
	expect(&save, "{\"id\":0," BOB ",\"when\":\"" NOW "\","
	    "\"action\":\"delete\",\"fields\":[]}");
	buf_fini(&b);
	buf_fini(&save);
}

static void
test_badges(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 }, value = { NULL, 0, 0 };
	struct slice v;

	tabmsg_add_badge_value(&value, &ann);
	assert_string_equal(buf_str(&value), "{" ANN "}");
	v = (struct slice){ value.p, value.n };
	tabmsg_add_badge(&b, SLICE_LIT("a_2F\"b"), v);
	expect(&b, "{\"type\":\"badge\",\"object\":\"a_2F\\\"b\","
	    "\"editor\":{" ANN "}}");
	tabmsg_add_badge(&b, SLICE_LIT("1"), (struct slice){ NULL, 0 });
	expect(&b, "{\"type\":\"badge\",\"object\":\"1\",\"editor\":null}");
	tabmsg_open_badges(&b);
	tabmsg_close_badges(&b);
	expect(&b, "{\"type\":\"badges\",\"objects\":{}}");
	tabmsg_open_badges(&b);
	tabmsg_add_badges(&b, SLICE_LIT("1"), v);
	tabmsg_add_badges(&b, SLICE_LIT("{"), v);
	tabmsg_add_badges(&b, SLICE_LIT("\xc3\xa4"), v);
	tabmsg_close_badges(&b);
	expect(&b, "{\"type\":\"badges\",\"objects\":{\"1\":{" ANN "},"
	    "\"{\":{" ANN "},\"\xc3\xa4\":{" ANN "}}}");
	buf_fini(&b);
	buf_fini(&value);
}

/* What Redis may hold: an id that is no number never goes out bare. */
static void
test_number_ids(void **state UNUSED)
{
	const struct tabmsg_who odd = { "1,\"x\":2", true, "u" };
	struct buf b = { NULL, 0, 0 };

	tabmsg_add_absent(&b, &odd);
	expect(&b, "{\"type\":\"user_absent\",\"user_id\":"
	    "\"1,\\\"x\\\":2\"}");
	buf_fini(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_presence),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_saves),
		cmocka_unit_test(test_badges),
		cmocka_unit_test(test_number_ids),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

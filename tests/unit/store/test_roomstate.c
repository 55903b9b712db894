/*
 * Texts of a room to the rule book's state and back: the package's forms, what
 * other programs may leave there, and that unknown keys survive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/roomstate.h"

#define NOW	INT64_C(1764000000000000)	/* 2025-11-24T16:00:00Z */

static const struct roomtext_policy numbers = { true, 180000 };
static const struct roomtext_policy texts = { false, 180000 };

static struct store_snapshot
snap(const char *editor, const char *previous, const char *state)
{
	return ((struct store_snapshot){
		.editor = slice_of(editor), .previous = slice_of(previous),
		.previous_ttl_ms = 1000, .state = slice_of(state),
	});
}

static void
test_package_editor(void **state)
{
	struct store_snapshot s = snap("{\"editor_id\": 7, \"editor_name\": "
	    "\"a@x\", \"last_heartbeat\": \"2025-11-24T15:59:58.500000+00:00\","
	    " \"reclaimed\": true, \"later\": [1, {\"k\": null}]}", "7", NULL);
	struct roomstate rs;
	struct roomtext text;
	struct store_change change;

	(void)state;
	memset(&text, 0, sizeof(text));
	memset(&change, 0, sizeof(change));
	roomstate_decode(&rs, &s, NOW);
	assert_string_equal(rs.st.editor.id, "7");
	assert_string_equal(rs.st.editor.name, "a@x");
	assert_true(rs.st.heartbeat_us == NOW - 1500000);
	assert_string_equal(rs.st.previous, "7");
	assert_true(rs.st.previous_until_us == NOW + 1000000);
	/* Unchanged but for the heartbeat: what we do not know survives. */
	rs.st.heartbeat_us = NOW;
	roomstate_encode(&rs, &rs.st, &numbers, NOW, &text, &change);
	assert_string_equal(buf_str(&text.editor), "{\"editor_id\":7,"
	    "\"editor_name\":\"a@x\",\"last_heartbeat\":"
	    "\"2025-11-24T16:00:00.000000+00:00\",\"reclaimed\":true,"
	    "\"later\":[1,{\"k\":null}]}");
	assert_int_equal(change.editor_ttl_ms, 180000);
	/* An unchanged head start keeps the time to live that it has. */
	assert_int_equal(change.previous_ttl_ms, 0);
	assert_true(slice_is(change.previous, "7"));
	roomstate_fini(&rs);
	roomtext_fini(&text);
}

static void
test_new_editor_drops_the_rest(void **state)
{
	struct store_snapshot s = snap("{\"editor_id\": 7, \"editor_name\": "
	    "\"a@x\", \"last_heartbeat\": \"2025-11-24T15:59:58+00:00\", "
	    "\"reclaimed\": true}", NULL, NULL);
	struct edit_state next;
	struct roomstate rs;
	struct roomtext text;
	struct store_change change;

	(void)state;
	memset(&text, 0, sizeof(text));
	memset(&change, 0, sizeof(change));
	roomstate_decode(&rs, &s, NOW);
	next = rs.st;
	next.editor = (struct edit_person){ "8", "b\"\xc3\xa9" };
	next.heartbeat_us = NOW;
	roomstate_encode(&rs, &next, &texts, NOW, &text, &change);
	assert_string_equal(buf_str(&text.editor), "{\"editor_id\":\"8\","
	    "\"editor_name\":\"b\\\"\xc3\xa9\",\"last_heartbeat\":"
	    "\"2025-11-24T16:00:00.000000+00:00\"}");
	roomstate_fini(&rs);
	roomtext_fini(&text);
}

static void
test_own_state_round_trip(void **state)
{
	struct store_snapshot s = snap(NULL, NULL, NULL);
	struct edit_state next;
	struct roomstate rs;
	struct roomtext text;
	struct store_change change;

	(void)state;
	memset(&text, 0, sizeof(text));
	memset(&change, 0, sizeof(change));
	roomstate_decode(&rs, &s, NOW);
	next = rs.st;
	next.previous = "7";
	next.previous_until_us = NOW + 30 * US_PER_SEC;
	next.holder = "7";
	next.last = "7";
	next.last_until_us = NOW + 10 * US_PER_SEC;
	next.claims[0] = (struct edit_claim){
		.who = { "8", "b@x" }, .since_us = NOW - 5,
	};
	next.claims[1] = (struct edit_claim){
		.who = { "9", "c@x" }, .since_us = NOW - 4,
	};
	next.n_claims = 2;
	roomstate_encode(&rs, &next, &numbers, NOW, &text, &change);
	roomstate_fini(&rs);
	assert_int_equal(change.previous_ttl_ms, 30000);
	assert_null(change.editor.p);
	s = snap(NULL, buf_str(&text.previous), buf_str(&text.state));
	roomstate_decode(&rs, &s, NOW);
	assert_string_equal(rs.st.holder, "7");
	assert_string_equal(rs.st.last, "7");
	assert_true(rs.st.last_until_us == next.last_until_us);
	assert_int_equal(rs.st.n_claims, 2);
	assert_string_equal(rs.st.claims[1].who.id, "9");
	assert_string_equal(rs.st.claims[0].who.name, "b@x");
	assert_true(rs.st.claims[0].since_us == NOW - 5);
	/* Nothing to remember is no text. */
	memset(&next, 0, sizeof(next));
	roomstate_encode(&rs, &next, &numbers, NOW, &text, &change);
	assert_null(change.state.p);
	assert_null(change.previous.p);
	roomstate_fini(&rs);
	roomtext_fini(&text);
}

#define EDITOR_7	"{\"editor_id\": 7, \"editor_name\": \"a@x\", " \
	"\"last_heartbeat\": \"2025-11-24T15:59:58+00:00\"}"

/* What is noted of a lock, with the very text: workers of several versions
 * read it. */
static void
test_lock_round_trip(void **state)
{
	static const char text_of_all[] = "{\"holder\":\"7\",\"tab\":\"t-1\","
	    "\"idle\":11,\"countdown\":12,\"hold\":13,\"claims\":["
	    "{\"id\":\"8\",\"name\":\"b@x\",\"since\":5,\"tab\":\"u\","
	    "\"asked\":true},{\"id\":\"9\",\"name\":\"c@x\",\"since\":6}]}";
	struct store_snapshot s = snap(EDITOR_7, NULL, text_of_all);
	struct roomstate rs;
	struct roomtext text;
	struct store_change change;

	(void)state;
	memset(&text, 0, sizeof(text));
	memset(&change, 0, sizeof(change));
	roomstate_decode(&rs, &s, NOW);
	assert_string_equal(rs.st.tab, "t-1");
	assert_true(rs.st.idle_us == 11);
	assert_true(rs.st.countdown_us == 12);
	assert_true(rs.st.hold_us == 13);
	assert_true(rs.st.offer_us == 0);
	assert_int_equal(rs.st.n_claims, 2);
	assert_string_equal(rs.st.claims[0].tab, "u");
	assert_true(rs.st.claims[0].asked);
	assert_null(rs.st.claims[1].tab);
	assert_false(rs.st.claims[1].asked);
	roomstate_encode(&rs, &rs.st, &numbers, NOW, &text, &change);
	assert_string_equal(buf_str(&text.state), text_of_all);
	roomstate_fini(&rs);
	roomtext_fini(&text);
}

static void
test_offer_round_trip(void **state)
{
	static const char text_of_offer[] = "{\"offer\":14,\"claims\":["
	    "{\"id\":\"8\",\"name\":\"b@x\",\"since\":5,\"asked\":true}]}";
	struct store_snapshot s = snap(NULL, NULL, text_of_offer);
	struct roomstate rs;
	struct roomtext text;
	struct store_change change;

	(void)state;
	memset(&text, 0, sizeof(text));
	memset(&change, 0, sizeof(change));
	roomstate_decode(&rs, &s, NOW);
	assert_true(rs.st.offer_us == 14);
	roomstate_encode(&rs, &rs.st, &numbers, NOW, &text, &change);
	assert_string_equal(buf_str(&text.state), text_of_offer);
	roomstate_fini(&rs);
	roomtext_fini(&text);
}

/* Who edits in which pages, and whose save is awaited. */
static void
test_pages_round_trip(void **state)
{
	struct store_snapshot s = snap(EDITOR_7, NULL, "{\"holder\":\"7\"}");
	struct edit_state next;
	struct roomstate rs;
	struct roomtext text;
	struct store_change change;

	(void)state;
	memset(&text, 0, sizeof(text));
	memset(&change, 0, sizeof(change));
	roomstate_decode(&rs, &s, NOW);
	next = rs.st;
	next.pages[0] = (struct edit_page){ "p", NOW - 5 };
	next.pages[1] = (struct edit_page){ "q", NOW - 4 };
	next.n_pages = 2;
	next.saver = (struct edit_person){ "8", "b@x" };
	next.saved_us = NOW - 3;
	roomstate_encode(&rs, &next, &numbers, NOW, &text, &change);
	roomstate_fini(&rs);
	s = snap(EDITOR_7, NULL, buf_str(&text.state));
	roomstate_decode(&rs, &s, NOW);
	assert_int_equal(rs.st.n_pages, 2);
	assert_string_equal(rs.st.pages[1].id, "q");
	assert_true(rs.st.pages[0].beat_us == NOW - 5);
	assert_string_equal(rs.st.saver.id, "8");
	assert_string_equal(rs.st.saver.name, "b@x");
	assert_true(rs.st.saved_us == NOW - 3);
	assert_true(rs.st.settle_us == 0);
	/* One whose row does not come is forgotten. */
	next = rs.st;
	roomstate_encode(&rs, &next, &numbers, NOW + EDIT_SAVE_AWAIT_US, &text,
	    &change);
	assert_null(strstr(buf_str(&text.state), "saver"));
	roomstate_fini(&rs);
	/* The lock was freed, and is kept for the saver. */
	s = snap(NULL, "8", "{\"saver\":\"8\",\"saved\":1763999990000000,"
	    "\"settle\":1764000010000000,\"claims\":[{\"id\":\"9\","
	    "\"asked\":true}],\"offer\":1764000010000000}");
	roomstate_decode(&rs, &s, NOW);
	assert_string_equal(rs.st.saver.name, "");
	assert_true(rs.st.settle_us == INT64_C(1764000010000000));
	assert_true(rs.st.offer_us == 0);
	roomstate_fini(&rs);
	roomtext_fini(&text);
}

/* Pages of another editor than the holder, a lock that is held though it is
 * kept for a save, and times that nobody would write. */
static void
test_odd_pages(void **state)
{
	struct store_snapshot s = snap(EDITOR_7, NULL, "{\"holder\":\"8\","
	    "\"pages\":[{\"id\":\"p\",\"beat\":1}],\"saver\":\"8\","
	    "\"settle\":1764000010000000}");
	struct roomstate rs;

	(void)state;
	roomstate_decode(&rs, &s, NOW);
	assert_int_equal(rs.st.n_pages, 0);
	assert_true(rs.st.settle_us == 0);
	roomstate_fini(&rs);
	s = snap(EDITOR_7, NULL, "{\"holder\":\"7\",\"pages\":[7,{},"
	    "{\"id\":\"\"},{\"id\":\"p\",\"beat\":\"x\"}],"
	    "\"saver\":7,\"saved\":1}");
	roomstate_decode(&rs, &s, NOW);
	assert_int_equal(rs.st.n_pages, 1);
	assert_true(rs.st.pages[0].beat_us == 0);
	assert_null(rs.st.saver.id);
	roomstate_fini(&rs);
	s = snap(NULL, NULL, "{\"saver\":\"7\","
	    "\"saved\":9007199254740991,\"settle\":9007199254740991}");
	roomstate_decode(&rs, &s, NOW);
	assert_true(rs.st.saved_us == NOW);
	assert_true(rs.st.settle_us == NOW + EDIT_SAVE_AWAIT_US);
	roomstate_fini(&rs);
}

/* Another program made another editor, or freed the lock, and left our text
 * alone: what was noted of the one before is not of the one now. */
static void
test_another_editor(void **state)
{
	static const char *const editors[] = { EDITOR_7, NULL };
	static const char *const holders[] = { "\"holder\":\"8\",", "" };
	struct roomstate rs;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct store_snapshot s;

		(void)snprintf(text, sizeof(text), "{%s\"tab\":\"t\","
		    "\"idle\":11,\"countdown\":12,\"hold\":13}",
		    holders[i / 2]);
		s = snap(editors[i % 2], NULL, text);
		roomstate_decode(&rs, &s, NOW);
		if (rs.st.tab != NULL || rs.st.idle_us != 0 ||
		    rs.st.countdown_us != 0 || rs.st.hold_us != 0)
			fail_msg("%zu", i);
		roomstate_fini(&rs);
	}
}

/* An offer is of a free lock to the first, who has asked. */
static void
test_no_offer(void **state)
{
	static const struct {
		const char	*editor, *state;
	} odd[] = {
		{ EDITOR_7, "{\"offer\":14,\"claims\":[{\"id\":\"8\","
		    "\"asked\":true}]}" },
		{ NULL, "{\"offer\":14}" },
		{ NULL, "{\"offer\":14,\"claims\":[{\"id\":\"8\"},"
		    "{\"id\":\"9\",\"asked\":true}]}" },
		{ NULL, "{\"offer\":-14,\"claims\":[{\"id\":\"8\","
		    "\"asked\":true}]}" },
		{ NULL, "{\"offer\":\"14\",\"claims\":[{\"id\":\"8\","
		    "\"asked\":true}]}" },
		{ NULL, "{\"offer\":14,\"claims\":[{\"id\":\"8\","
		    "\"asked\":1}]}" },
	};
	struct roomstate rs;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(odd); i++) {
		struct store_snapshot s = snap(odd[i].editor, NULL,
		    odd[i].state);

		roomstate_decode(&rs, &s, NOW);
		if (rs.st.offer_us != 0)
			fail_msg("%s", odd[i].state);
		roomstate_fini(&rs);
	}
}

/* Nobody stands in the line twice, and the editor does not. */
static void
test_odd_line(void **state)
{
	struct store_snapshot s = snap(EDITOR_7, NULL, "{\"holder\":\"7\","
	    "\"claims\":[{\"id\":\"7\",\"asked\":true},{\"id\":\"8\","
	    "\"tab\":[]},{\"id\":\"9\"},{\"id\":\"8\",\"asked\":true}]}");
	struct roomstate rs;

	(void)state;
	roomstate_decode(&rs, &s, NOW);
	assert_int_equal(rs.st.n_claims, 2);
	assert_string_equal(rs.st.claims[0].who.id, "8");
	assert_false(rs.st.claims[0].asked);
	assert_null(rs.st.claims[0].tab);
	assert_string_equal(rs.st.claims[1].who.id, "9");
	roomstate_fini(&rs);
}

/* Bad values of an editor's notes are absent. */
static void
test_odd_notes(void **state)
{
	struct store_snapshot s = snap(EDITOR_7, NULL, "{\"holder\":\"7\","
	    "\"tab\":7,\"idle\":\"11\",\"countdown\":-1,\"hold\":1.5}");
	struct roomstate rs;

	(void)state;
	roomstate_decode(&rs, &s, NOW);
	assert_string_equal(rs.st.holder, "7");
	assert_null(rs.st.tab);
	assert_true(rs.st.idle_us == 0);
	assert_true(rs.st.countdown_us == 0);
	assert_true(rs.st.hold_us == 0);
	roomstate_fini(&rs);
}

/* Whatever another program left there: absent, never a crash. */
static void
test_nonsense(void **state)
{
	static const char *const odd[] = {
		"", "null", "[]", "7", "{", "{}", "{\"editor_id\": null}",
		"{\"editor_id\": {}}", "{\"editor_id\": true}",
		"{\"editor_id\": 1.5}", "{\"editor_id\": \"\"}",
		"{\"editor_id\": \"a\\u0000b\"}",
		"{\"holder\": 7, \"claims\": {}, \"last\": []}",
		"{\"claims\": [7, null, {\"id\": 7}, {\"id\": \"\"}]}",
	};
	struct roomstate rs;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(odd); i++) {
		struct store_snapshot s = snap(odd[i], "", odd[i]);

		roomstate_decode(&rs, &s, NOW);
		if (rs.st.editor.id != NULL || rs.st.previous != NULL ||
		    rs.st.holder != NULL || rs.st.n_claims != 0)
			fail_msg("%s", odd[i]);
		roomstate_fini(&rs);
	}
}

static void
test_odd_heartbeat_is_fresh(void **state)
{
	struct store_snapshot s = snap("{\"editor_id\": \"u\", "
	    "\"last_heartbeat\": \"yesterday\"}", NULL, NULL);
	struct roomstate rs;

	(void)state;
	roomstate_decode(&rs, &s, NOW);
	assert_string_equal(rs.st.editor.id, "u");
	assert_string_equal(rs.st.editor.name, "");
	assert_true(rs.st.heartbeat_us == NOW);
	roomstate_fini(&rs);
}

static void
test_previous_without_expiry(void **state)
{
	struct store_snapshot s = snap(NULL, "7", NULL);
	struct roomstate rs;

	(void)state;
	s.previous_ttl_ms = -1;
	roomstate_decode(&rs, &s, NOW);
	assert_true(rs.st.previous_until_us == INT64_MAX);
	roomstate_fini(&rs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_package_editor),
		cmocka_unit_test(test_new_editor_drops_the_rest),
		cmocka_unit_test(test_own_state_round_trip),
		cmocka_unit_test(test_lock_round_trip),
		cmocka_unit_test(test_offer_round_trip),
		cmocka_unit_test(test_pages_round_trip),
		cmocka_unit_test(test_odd_pages),
		cmocka_unit_test(test_another_editor),
		cmocka_unit_test(test_no_offer),
		cmocka_unit_test(test_odd_line),
		cmocka_unit_test(test_odd_notes),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_odd_heartbeat_is_fresh),
		cmocka_unit_test(test_previous_without_expiry),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * The rule book by a table: what the pages of the package rely on. Asking,
 * handing over and tabs are in test_edit_line.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/rows.h"

static const struct row rows[] = {
	/* claim */
	{ .what = "first claim", .verb = EDIT_CLAIM, .user = "a", .now = 10,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a" },
	{ .what = "claim of a held lock", .editor = "a", .beat = 10,
	    .verb = EDIT_CLAIM, .user = "b", .now = 20,
	    .outcome = EDIT_HELD, .to_editor = "a" },
	{ .what = "claim by the editor's other tab", .editor = "a", .beat = 10,
	    .verb = EDIT_CLAIM, .user = "a", .now = 20,
	    .outcome = EDIT_IS_EDITOR, .to_editor = "a" },
	{ .what = "no right to change", .verb = EDIT_CLAIM, .user = "a",
	    .no_right = true, .now = 1, .outcome = EDIT_FORBIDDEN },
	{ .what = "no right, and never in the line", .previous = "b",
	    .until = 30, .verb = EDIT_CLAIM, .user = "a", .no_right = true,
	    .now = 1, .outcome = EDIT_FORBIDDEN, .to_previous = "b" },
	{ .what = "head start of another", .previous = "a", .until = 30,
	    .verb = EDIT_CLAIM, .user = "b", .now = 29,
	    .outcome = EDIT_PENDING, .to_previous = "a", .to_claims = "b" },
	{ .what = "a head start of the package is no longer than ours",
	    .previous = "a", .until = 600, .verb = EDIT_CLAIM, .user = "b",
	    .now = 10, .outcome = EDIT_PENDING, .to_previous = "a",
	    .to_until = 40, .to_claims = "b" },
	{ .what = "so for who waits already", .previous = "a", .until = 600,
	    .claims = "b", .verb = EDIT_CLAIM, .user = "b", .now = 10,
	    .outcome = EDIT_PENDING, .to_previous = "a", .to_until = 40,
	    .to_claims = "b" },
	{ .what = "second in the line", .previous = "a", .until = 30,
	    .claims = "b", .verb = EDIT_CLAIM, .user = "c", .now = 29,
	    .outcome = EDIT_PENDING, .to_previous = "a", .to_claims = "bc" },
	{ .what = "repeated while waiting", .previous = "a", .until = 30,
	    .claims = "bc", .verb = EDIT_CLAIM, .user = "b", .now = 29,
	    .outcome = EDIT_PENDING, .to_previous = "a", .to_claims = "bc" },
	{ .what = "head start over", .previous = "a", .until = 30,
	    .verb = EDIT_CLAIM, .user = "b", .now = 30,
	    .outcome = EDIT_DONE, .events = "Sb", .to_editor = "b" },
	{ .what = "head start over, but others waited longer",
	    .previous = "a", .until = 30, .claims = "bc",
	    .verb = EDIT_CLAIM, .user = "c", .now = 31,
	    .outcome = EDIT_HELD, .events = "Sb", .to_editor = "b" },
	{ .what = "head start over, and one's own turn",
	    .previous = "a", .until = 30, .claims = "bc",
	    .verb = EDIT_CLAIM, .user = "b", .now = 31,
	    .outcome = EDIT_DONE, .events = "Sb", .to_editor = "b" },
	{ .what = "the previous editor is back late, but first",
	    .previous = "a", .until = 30, .claims = "bc",
	    .verb = EDIT_CLAIM, .user = "a", .now = 31,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a" },
	{ .what = "a claimant lost the right", .previous = "a", .until = 30,
	    .claims = "bc", .verb = EDIT_WITHDRAW, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .to_previous = "a", .to_claims = "c" },
	{ .what = "the previous editor is back", .previous = "a", .until = 30,
	    .claims = "bc", .verb = EDIT_CLAIM, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a" },
	{ .what = "stale lock: status alone", .editor = "a", .beat = 10,
	    .verb = EDIT_CLAIM, .user = "b", .now = 130,
	    .outcome = EDIT_DONE, .events = "XaSb", .to_editor = "b" },
	{ .what = "not yet stale", .editor = "a", .beat = 11,
	    .verb = EDIT_CLAIM, .user = "b", .now = 130,
	    .outcome = EDIT_HELD, .to_editor = "a" },
	{ .what = "a package's editor is on record as previous too",
	    .editor = "a", .beat = 10, .previous = "a", .until = 600,
	    .verb = EDIT_CLAIM, .user = "b", .now = 20,
	    .outcome = EDIT_HELD, .to_editor = "a", .to_previous = "a" },

	/* heartbeat */
	{ .what = "heartbeat", .editor = "a", .beat = 10,
	    .verb = EDIT_HEARTBEAT, .user = "a", .now = 25,
	    .outcome = EDIT_DONE, .to_editor = "a" },
	{ .what = "heartbeat of a viewer", .editor = "a", .beat = 10,
	    .verb = EDIT_HEARTBEAT, .user = "b", .now = 25,
	    .outcome = EDIT_NOT_EDITOR, .to_editor = "a" },
	{ .what = "heartbeat of the last editor, still free", .holder = "a",
	    .verb = EDIT_HEARTBEAT, .user = "a", .now = 500,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a" },
	{ .what = "heartbeat after a deliberate release", .last = "a",
	    .last_until = 50, .verb = EDIT_HEARTBEAT, .user = "a", .now = 45,
	    .outcome = EDIT_NOT_EDITOR },
	{ .what = "heartbeat of the last editor, who lost the right",
	    .holder = "a", .no_right = true,
	    .verb = EDIT_HEARTBEAT, .user = "a", .now = 500,
	    .outcome = EDIT_NOT_EDITOR },
	{ .what = "heartbeat of a former editor, held by another",
	    .editor = "b", .beat = 490, .holder = "b",
	    .verb = EDIT_HEARTBEAT, .user = "a", .now = 500,
	    .outcome = EDIT_NOT_EDITOR, .to_editor = "b" },

	/* content_updated */
	{ .what = "saved by the editor", .editor = "a", .beat = 10,
	    .verb = EDIT_UPDATED, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "Ua", .to_editor = "a",
	    .modified = true },
	{ .what = "saved by a viewer", .editor = "a", .beat = 10,
	    .verb = EDIT_UPDATED, .user = "b", .now = 20,
	    .outcome = EDIT_NOT_EDITOR, .to_editor = "a" },
	{ .what = "saved 10 s after the release", .last = "a",
	    .last_until = 30, .verb = EDIT_UPDATED, .user = "a", .now = 30,
	    .outcome = EDIT_DONE, .events = "Ua", .modified = true },
	{ .what = "saved 11 s after the release", .last = "a",
	    .last_until = 30, .verb = EDIT_UPDATED, .user = "a", .now = 31,
	    .outcome = EDIT_NOT_EDITOR },
	{ .what = "saved by the last one while another edits", .editor = "b",
	    .beat = 25, .last = "a", .last_until = 30,
	    .verb = EDIT_UPDATED, .user = "a", .now = 30,
	    .outcome = EDIT_DONE, .events = "Ua", .to_editor = "b",
	    .modified = true },

	/* release */
	{ .what = "release", .editor = "a", .beat = 10, .holder = "a",
	    .verb = EDIT_RELEASE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "Da", .modified = true },
	{ .what = "release clears the record of the previous editor",
	    .editor = "a", .beat = 10, .previous = "a", .until = 600,
	    .verb = EDIT_RELEASE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "Da", .modified = true },
	{ .what = "release by a viewer", .editor = "a", .beat = 10,
	    .verb = EDIT_RELEASE, .user = "b", .now = 20,
	    .outcome = EDIT_NOT_EDITOR, .to_editor = "a" },
	{ .what = "head start given away", .previous = "a", .until = 30,
	    .claims = "b", .verb = EDIT_RELEASE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "Sb", .to_editor = "b" },

	/* attention */
	{ .what = "attention", .editor = "a", .beat = 10,
	    .verb = EDIT_ATTENTION, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .events = "Ab", .to_editor = "a",
	    .gated = true },
	{ .what = "attention of the editor", .editor = "a", .beat = 10,
	    .verb = EDIT_ATTENTION, .user = "a", .now = 20,
	    .outcome = EDIT_IS_EDITOR, .to_editor = "a" },
	{ .what = "attention of nobody", .verb = EDIT_ATTENTION, .user = "b",
	    .now = 20, .outcome = EDIT_NO_EDITOR },

	/* leave */
	{ .what = "a viewer leaves", .editor = "a", .beat = 10,
	    .verb = EDIT_LEAVE, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .events = "Lb", .to_editor = "a" },
	{ .what = "the editor's connection is lost", .editor = "a",
	    .beat = 10, .holder = "a", .verb = EDIT_LEAVE, .user = "a",
	    .now = 20, .outcome = EDIT_DONE, .events = "LaRa",
	    .to_previous = "a" },
	{ .what = "a claimant leaves the line", .previous = "a", .until = 30,
	    .claims = "bc", .verb = EDIT_LEAVE, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .events = "Lb", .to_previous = "a",
	    .to_claims = "c" },
	{ .what = "leaving lets the line move when the head start is over",
	    .previous = "a", .until = 30, .claims = "bc",
	    .verb = EDIT_LEAVE, .user = "b", .now = 31,
	    .outcome = EDIT_DONE, .events = "LbSc", .to_editor = "c" },

	/* tick */
	{ .what = "head start unused", .previous = "a", .until = 30,
	    .claims = "bc", .verb = EDIT_TICK, .now = 30,
	    .outcome = EDIT_DONE, .events = "Sb", .to_editor = "b" },
	{ .what = "head start still running", .previous = "a", .until = 30,
	    .claims = "bc", .verb = EDIT_TICK, .now = 29,
	    .outcome = EDIT_NOTHING, .to_previous = "a", .to_claims = "bc" },
	{ .what = "the record ran out in Redis first", .claims = "bc",
	    .verb = EDIT_TICK, .now = 29, .outcome = EDIT_DONE,
	    .events = "Sb", .to_editor = "b" },
	{ .what = "stale among viewers", .editor = "a", .beat = 10,
	    .holder = "a", .viewers = true, .verb = EDIT_TICK, .now = 130,
	    .outcome = EDIT_DONE, .events = "RaXa" },
	{ .what = "stale and alone: the lock stays", .editor = "a",
	    .beat = 10, .verb = EDIT_TICK, .now = 130,
	    .outcome = EDIT_NOTHING, .to_editor = "a" },
	{ .what = "not stale after all", .editor = "a", .beat = 100,
	    .viewers = true, .verb = EDIT_TICK, .now = 130,
	    .outcome = EDIT_NOTHING, .to_editor = "a" },

	/* restore */
	{ .what = "Redis came back empty", .verb = EDIT_RESTORE, .user = "a",
	    .now = 50, .outcome = EDIT_DONE, .to_editor = "a" },
	{ .what = "Redis came back, somebody was faster", .editor = "b",
	    .beat = 45, .verb = EDIT_RESTORE, .user = "a", .now = 50,
	    .outcome = EDIT_NOTHING, .to_editor = "b" },
	{ .what = "its worker was taken for dead, and is back", .previous = "a",
	    .until = 70, .verb = EDIT_RESTORE, .user = "a", .now = 50,
	    .outcome = EDIT_DONE, .to_editor = "a" },
	{ .what = "the same, when somebody else has edited since", .previous = "b",
	    .until = 70, .verb = EDIT_RESTORE, .user = "a", .now = 50,
	    .outcome = EDIT_NOTHING, .to_previous = "b", .to_until = 70 },
};

static void
test_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++)
		run_row(&rows[i]);
}

static void
test_heartbeat_moves_time(void **state)
{
	struct edit_state st = { .editor = { "a", "a" }, .heartbeat_us = SEC };
	struct edit_command cmd = { .verb = EDIT_HEARTBEAT,
	    .user = { "a", "a" }, .may_change = true };
	struct edit_result res;

	(void)state;
	edit_apply(&st, &cmd, &policy, 9 * SEC, &res);
	assert_true(res.next.heartbeat_us == 9 * SEC);
	assert_int_equal(res.n_events, 0);
}

static void
test_status(void **state)
{
	struct edit_state st = { .editor = { "a", "a@x" },
	    .heartbeat_us = 10 * SEC };

	(void)state;
	assert_string_equal(edit_status(&st, "b", &policy, 20 * SEC).name,
	    "a@x");
	/* Stale in another's hands: nobody. In one's own: oneself. */
	assert_null(edit_status(&st, "b", &policy, 130 * SEC).id);
	assert_string_equal(edit_status(&st, "a", &policy, 130 * SEC).id, "a");
}

static void
test_deadline(void **state)
{
	struct edit_state st;

	(void)state;
	memset(&st, 0, sizeof(st));
	assert_true(edit_deadline(&st, &policy) == INT64_MAX);
	st.previous = "a";
	st.previous_until_us = 30 * SEC;
	assert_true(edit_deadline(&st, &policy) == INT64_MAX);
	st.claims[st.n_claims++].who.id = "b";
	assert_true(edit_deadline(&st, &policy) == 30 * SEC);
	st.editor.id = "a";
	st.heartbeat_us = 5 * SEC;
	assert_true(edit_deadline(&st, &policy) == 125 * SEC);
}

static void
test_line_is_bounded(void **state)
{
	struct edit_state st;
	struct edit_result res;
	struct edit_command cmd = { .verb = EDIT_CLAIM, .user = { "z", "z" },
	    .may_change = true };
	static char ids[EDIT_CLAIMS_MAX][8];
	size_t i;

	(void)state;
	memset(&st, 0, sizeof(st));
	st.previous = "p";
	st.previous_until_us = 30 * SEC;
	for (i = 0; i < EDIT_CLAIMS_MAX; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "%zu", i);
		st.claims[st.n_claims++].who = (struct edit_person){ ids[i],
		    ids[i] };
	}
	edit_apply(&st, &cmd, &policy, SEC, &res);
	assert_int_equal(res.outcome, EDIT_HELD);
	assert_int_equal(res.next.n_claims, EDIT_CLAIMS_MAX);
	assert_int_equal(edit_place(&st, "3"), 4);
	assert_int_equal(edit_place(&st, "z"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_heartbeat_moves_time),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_line_is_bounded),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

/*
 * The rule book by tables: several pages of the package of one user, of which
 * none gives back what another one edits; and a page that saves, which says so
 * before it is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROWS_SAVE_SETTLE	10
#include "rules/rows.h"

static const struct row page_rows[] = {
	{ .what = "a page says that it edits", .editor = "a", .beat = 10,
	    .verb = EDIT_HEARTBEAT, .user = "a", .page = "p", .now = 20,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_pages = "p20" },
	{ .what = "and again", .editor = "a", .beat = 10,
	    .pages = "p20 q25", .verb = EDIT_HEARTBEAT, .user = "a",
	    .page = "p", .now = 35, .outcome = EDIT_DONE, .to_editor = "a",
	    .to_pages = "p35 q25" },
	{ .what = "a viewer's says nothing", .editor = "a", .beat = 10,
	    .pages = "p20", .verb = EDIT_HEARTBEAT, .user = "b",
	    .page = "q", .now = 25, .outcome = EDIT_NOT_EDITOR,
	    .to_editor = "a", .to_pages = "p20" },
	{ .what = "that of a tab is none of a page", .editor = "a",
	    .in_tab = "t", .beat = 10, .verb = EDIT_HEARTBEAT, .user = "a",
	    .tab = "t", .now = 20, .outcome = EDIT_DONE, .to_editor = "a",
	    .to_tab = "t" },
	{ .what = "a heartbeat that takes the lock back", .holder = "a",
	    .verb = EDIT_HEARTBEAT, .user = "a", .page = "p", .now = 500,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a",
	    .to_pages = "p500" },
	{ .what = "the only page gives back", .editor = "a", .beat = 35,
	    .pages = "p35", .verb = EDIT_RELEASE, .user = "a", .page = "p",
	    .now = 40, .outcome = EDIT_DONE, .events = "Da",
	    .to_previous = "a", .to_until = 41, .modified = true },
	{ .what = "another one edits", .editor = "a", .beat = 35,
	    .pages = "p35 q30", .verb = EDIT_RELEASE, .user = "a",
	    .page = "p", .now = 40, .outcome = EDIT_DONE,
	    .to_editor = "a", .to_pages = "q30" },
	{ .what = "from one that does not", .editor = "a", .beat = 35,
	    .pages = "q30", .verb = EDIT_RELEASE, .user = "a", .page = "p",
	    .now = 40, .outcome = EDIT_NOTHING, .to_editor = "a",
	    .to_pages = "q30" },
	{ .what = "from one that never said so", .editor = "a", .beat = 35,
	    .pages = "q30", .verb = EDIT_RELEASE, .user = "a", .now = 40,
	    .outcome = EDIT_NOTHING, .to_editor = "a", .to_pages = "q30" },
	{ .what = "others wait on", .editor = "a", .beat = 35,
	    .pages = "p35 q30", .claims = "B", .verb = EDIT_RELEASE,
	    .user = "a", .page = "p", .now = 40, .outcome = EDIT_DONE,
	    .to_editor = "a", .to_pages = "q30", .to_claims = "B" },
	{ .what = "another one that is silent for as long as makes stale",
	    .editor = "a", .beat = 145, .pages = "p145 q30",
	    .verb = EDIT_RELEASE, .user = "a", .page = "p", .now = 150,
	    .outcome = EDIT_DONE, .events = "Da", .to_previous = "a",
	    .modified = true },
	{ .what = "and one that is not, yet", .editor = "a", .beat = 145,
	    .pages = "p145 q30", .verb = EDIT_RELEASE, .user = "a",
	    .page = "p", .now = 149, .outcome = EDIT_DONE,
	    .to_editor = "a", .to_pages = "q30" },
	{ .what = "a page does not give back what a tab has",
	    .editor = "a", .in_tab = "t", .beat = 35, .pages = "p35",
	    .verb = EDIT_RELEASE, .user = "a", .page = "p",
	    .has_tabs = true, .now = 40, .outcome = EDIT_DONE,
	    .to_editor = "a", .to_tab = "t" },
	{ .what = "unless the tab is gone", .editor = "a", .in_tab = "t",
	    .beat = 35, .pages = "p35", .verb = EDIT_RELEASE, .user = "a",
	    .page = "p", .now = 40, .outcome = EDIT_DONE, .events = "Da",
	    .to_previous = "a", .modified = true },
	{ .what = "some tab is no reason if a page had the lock",
	    .editor = "a", .beat = 35, .pages = "p35", .verb = EDIT_RELEASE,
	    .user = "a", .page = "p", .has_tabs = true, .now = 40,
	    .outcome = EDIT_DONE, .events = "Da", .to_previous = "a",
	    .modified = true },
	{ .what = "a tab stops while a page edits", .editor = "a",
	    .in_tab = "t", .beat = 35, .pages = "p35",
	    .verb = EDIT_RELEASE, .user = "a", .tab = "t", .now = 40,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_pages = "p35" },
	{ .what = "and goes on where it was if it comes back",
	    .editor = "a", .in_tab = "t", .beat = 35, .pages = "p35",
	    .verb = EDIT_RELEASE, .user = "a", .tab = "t",
	    .may_return = true, .now = 40, .outcome = EDIT_NOTHING,
	    .to_editor = "a", .to_tab = "t", .to_pages = "p35" },
	{ .what = "a page's socket is gone", .editor = "a", .beat = 35,
	    .pages = "p35 q30", .verb = EDIT_PAGE_GONE, .user = "a",
	    .page = "q", .now = 40, .outcome = EDIT_DONE,
	    .to_editor = "a", .to_pages = "p35" },
	{ .what = "that of one that is not known", .editor = "a",
	    .beat = 35, .pages = "p35", .verb = EDIT_PAGE_GONE,
	    .user = "a", .page = "q", .now = 40, .outcome = EDIT_NOTHING,
	    .to_editor = "a", .to_pages = "p35" },
	{ .what = "that of a former editor", .editor = "b", .beat = 35,
	    .pages = "p35", .verb = EDIT_PAGE_GONE, .user = "a",
	    .page = "p", .now = 40, .outcome = EDIT_NOTHING,
	    .to_editor = "b", .to_pages = "p35" },
	{ .what = "the next editor's pages are others", .editor = "a",
	    .beat = 10, .pages = "p10", .verb = EDIT_CLAIM, .user = "b",
	    .now = 130, .outcome = EDIT_DONE, .events = "XaSb",
	    .to_editor = "b" },
	{ .what = "the last socket, of one that had given back in vain",
	    .editor = "a", .beat = 35, .holder = "a", .pages = "q30",
	    .verb = EDIT_LEAVE, .user = "a", .gave_back = true, .now = 40,
	    .outcome = EDIT_DONE, .events = "LaDa", .to_previous = "a",
	    .to_until = 41 },
};

static const struct row save_rows[] = {
	{ .what = "others wait for a moment", .previous = "a", .until = 41,
	    .last = "a", .last_until = 50, .verb = EDIT_CLAIM, .user = "b",
	    .now = 40, .outcome = EDIT_PENDING, .to_previous = "a",
	    .to_until = 41, .to_claims = "b" },
	{ .what = "not who released", .previous = "a", .until = 41,
	    .last = "a", .last_until = 50, .claims = "b",
	    .verb = EDIT_CLAIM, .user = "a", .now = 40,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a" },
	{ .what = "who has asked waits, too", .editor = "a", .beat = 35,
	    .claims = "B", .verb = EDIT_RELEASE, .user = "a", .now = 40,
	    .outcome = EDIT_DONE, .events = "Da", .to_previous = "a",
	    .to_until = 41, .to_claims = "B", .modified = true },
	{ .what = "a tab's save is done when it releases", .editor = "a",
	    .in_tab = "t", .beat = 35, .verb = EDIT_RELEASE, .user = "a",
	    .tab = "t", .now = 40, .outcome = EDIT_DONE, .events = "Da",
	    .modified = true },
	{ .what = "it did save", .previous = "a", .until = 41, .last = "a",
	    .last_until = 50, .claims = "b", .verb = EDIT_UPDATED,
	    .user = "a", .now = 40, .outcome = EDIT_DONE, .events = "Ua",
	    .to_previous = "a", .to_until = 50, .to_claims = "b",
	    .to_saver = "a", .to_settle = 50, .modified = true },
	{ .what = "late, and nobody was faster", .last = "a",
	    .last_until = 50, .verb = EDIT_UPDATED, .user = "a", .now = 43,
	    .outcome = EDIT_DONE, .events = "Ua", .to_previous = "a",
	    .to_until = 53, .to_saver = "a", .to_settle = 53,
	    .modified = true },
	{ .what = "late, and offered to another", .last = "a",
	    .last_until = 50, .claims = "B", .offer = 60,
	    .verb = EDIT_UPDATED, .user = "a", .now = 43,
	    .outcome = EDIT_DONE, .events = "Ua", .to_saver = "a",
	    .to_claims = "B", .to_offer = 60, .modified = true },
	{ .what = "late, and another edits", .editor = "b", .beat = 42,
	    .last = "a", .last_until = 50, .verb = EDIT_UPDATED,
	    .user = "a", .now = 43, .outcome = EDIT_DONE, .events = "Ua",
	    .to_editor = "b", .to_saver = "a", .modified = true },
	{ .what = "said twice: no longer", .previous = "a", .until = 50,
	    .last = "a", .last_until = 50, .saver = "a", .saved = 40,
	    .settle = 50, .verb = EDIT_UPDATED, .user = "a", .now = 45,
	    .outcome = EDIT_DONE, .events = "Ua", .to_previous = "a",
	    .to_until = 50, .to_saver = "a", .to_settle = 50,
	    .modified = true },
	{ .what = "said before the release", .editor = "a", .beat = 35,
	    .verb = EDIT_UPDATED, .user = "a", .now = 40,
	    .outcome = EDIT_DONE, .events = "Ua", .to_editor = "a",
	    .to_saver = "a", .modified = true },
	{ .what = "which comes then", .editor = "a", .beat = 35,
	    .saver = "a", .saved = 40, .verb = EDIT_RELEASE, .user = "a",
	    .now = 41, .outcome = EDIT_DONE, .events = "Da",
	    .to_previous = "a", .to_until = 50, .to_saver = "a",
	    .to_settle = 50, .modified = true },
	{ .what = "or long after", .editor = "a", .beat = 55,
	    .saver = "a", .saved = 40, .verb = EDIT_RELEASE, .user = "a",
	    .now = 60, .outcome = EDIT_DONE, .events = "Da",
	    .to_previous = "a", .to_until = 61, .to_saver = "a",
	    .modified = true },
	{ .what = "a tab says so when it is done", .editor = "a",
	    .in_tab = "t", .beat = 35, .verb = EDIT_UPDATED, .user = "a",
	    .tab = "t", .now = 40, .outcome = EDIT_DONE, .events = "Ua",
	    .to_editor = "a", .to_tab = "t", .modified = true },
	{ .what = "others wait for the row", .previous = "a", .until = 50,
	    .saver = "a", .saved = 40, .settle = 50, .verb = EDIT_CLAIM,
	    .user = "b", .now = 49, .outcome = EDIT_PENDING,
	    .to_previous = "a", .to_until = 50, .to_saver = "a",
	    .to_settle = 50, .to_claims = "b" },
	{ .what = "so if the record of the previous editor is gone",
	    .saver = "a", .saved = 40, .settle = 50, .claims = "b",
	    .verb = EDIT_CLAIM, .user = "b", .now = 49,
	    .outcome = EDIT_PENDING, .to_saver = "a", .to_settle = 50,
	    .to_claims = "b" },
	{ .what = "not who saves", .previous = "a", .until = 50,
	    .saver = "a", .saved = 40, .settle = 50, .claims = "b",
	    .verb = EDIT_CLAIM, .user = "a", .now = 42,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a",
	    .to_saver = "a" },
	{ .what = "the page goes away, and says so again",
	    .previous = "a", .until = 50, .saver = "a", .saved = 40,
	    .settle = 50, .verb = EDIT_RELEASE, .user = "a", .now = 41,
	    .outcome = EDIT_NOTHING, .to_previous = "a", .to_until = 50,
	    .to_saver = "a", .to_settle = 50 },
	{ .what = "and its socket", .previous = "a", .until = 50,
	    .saver = "a", .saved = 40, .settle = 50, .verb = EDIT_LEAVE,
	    .user = "a", .gave_back = true, .now = 41,
	    .outcome = EDIT_DONE, .events = "La", .to_previous = "a",
	    .to_until = 50, .to_saver = "a", .to_settle = 50 },
	{ .what = "its last page, which another one kept from releasing",
	    .editor = "a", .beat = 35, .saver = "a", .saved = 40,
	    .pages = "q30", .verb = EDIT_LEAVE, .user = "a",
	    .gave_back = true, .now = 41, .outcome = EDIT_DONE,
	    .events = "LaDa", .to_previous = "a", .to_until = 50,
	    .to_saver = "a", .to_settle = 50 },
	{ .what = "too early", .previous = "a", .until = 50, .saver = "a",
	    .saved = 40, .settle = 50, .claims = "b", .verb = EDIT_TICK,
	    .now = 49, .outcome = EDIT_NOTHING, .to_previous = "a",
	    .to_saver = "a", .to_settle = 50, .to_claims = "b" },
	{ .what = "no row came", .previous = "a", .until = 50, .saver = "a",
	    .saved = 40, .settle = 50, .verb = EDIT_TICK, .now = 50,
	    .outcome = EDIT_DONE, .events = "Ra", .to_saver = "a" },
	{ .what = "no row came, and somebody waits", .previous = "a",
	    .until = 50, .saver = "a", .saved = 40, .settle = 50,
	    .claims = "b", .verb = EDIT_TICK, .now = 50,
	    .outcome = EDIT_DONE, .events = "RaSb", .to_editor = "b",
	    .to_saver = "a" },
	{ .what = "no row came, and somebody has asked", .saver = "a",
	    .saved = 40, .settle = 50, .claims = "B", .verb = EDIT_TICK,
	    .now = 50, .outcome = EDIT_DONE, .events = "Ra",
	    .to_saver = "a", .to_claims = "B", .to_offer = 70 },
	{ .what = "no row came, and a claim is faster", .previous = "a",
	    .until = 50, .saver = "a", .saved = 40, .settle = 50,
	    .verb = EDIT_CLAIM, .user = "b", .now = 50,
	    .outcome = EDIT_DONE, .events = "RaSb", .to_editor = "b",
	    .to_saver = "a" },
	{ .what = "the row", .previous = "a", .until = 50, .saver = "a",
	    .saved = 40, .settle = 50, .claims = "b", .verb = EDIT_SAVED,
	    .user = "a", .logged = 44, .now = 45, .outcome = EDIT_DONE,
	    .events = "RaSb", .to_editor = "b" },
	{ .what = "the row, says a clock that is behind", .previous = "a",
	    .until = 50, .saver = "a", .saved = 40, .settle = 50,
	    .verb = EDIT_SAVED, .user = "a", .logged = 39, .now = 41,
	    .outcome = EDIT_DONE, .events = "Ra" },
	{ .what = "the row of the save before it", .previous = "a",
	    .until = 50, .saver = "a", .saved = 40, .settle = 50,
	    .verb = EDIT_SAVED, .user = "a", .logged = 38, .now = 41,
	    .outcome = EDIT_NOTHING, .to_previous = "a", .to_saver = "a",
	    .to_settle = 50 },
	{ .what = "the row of somebody else", .previous = "a", .until = 50,
	    .saver = "a", .saved = 40, .settle = 50, .verb = EDIT_SAVED,
	    .user = "b", .logged = 44, .now = 45, .outcome = EDIT_NOTHING,
	    .to_previous = "a", .to_saver = "a", .to_settle = 50 },
	{ .what = "the row, when another edits already", .editor = "b",
	    .beat = 52, .saver = "a", .saved = 40, .verb = EDIT_SAVED,
	    .user = "a", .logged = 54, .now = 55, .outcome = EDIT_DONE,
	    .to_editor = "b" },
	{ .what = "take-over does not wait", .previous = "a", .until = 50,
	    .saver = "a", .saved = 40, .settle = 50, .verb = EDIT_TAKE,
	    .user = "b", .tab = "t", .may_take = true, .now = 41,
	    .outcome = EDIT_DONE, .events = "Sb", .to_editor = "b",
	    .to_tab = "t", .to_saver = "a" },
};

static void
test_pages(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(page_rows); i++)
		run_row(&page_rows[i]);
}

static void
test_saves(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(save_rows); i++)
		run_row(&save_rows[i]);
}

/* More pages than are told apart: the one that was silent for longest goes. */
static void
test_many_pages(void **state)
{
	static const char *const ids[] = { "0", "1", "2", "3", "4", "5", "6",
	    "7", "8" };
	struct edit_state st = { .editor = { "a", "a" } };
	struct edit_command cmd = { .verb = EDIT_HEARTBEAT,
	    .user = { "a", "a" } };
	struct edit_result res;
	size_t i;

	(void)state;
	assert_int_equal(COUNT_OF(ids), EDIT_PAGES_MAX + 1);
	for (i = 0; i < COUNT_OF(ids); i++) {
		/* The second page is the first one to be heard. */
		cmd.page = ids[i];
		edit_apply(&st, &cmd, &policy, (i == 1 ? 1 : 10 +
		    (int64_t)i) * SEC, &res);
		st = res.next;
	}
	assert_int_equal(st.n_pages, EDIT_PAGES_MAX);
	for (i = 0; i < st.n_pages; i++)
		assert_string_not_equal(st.pages[i].id, "1");
	cmd.verb = EDIT_PAGE_GONE;
	cmd.page = "8";
	edit_apply(&st, &cmd, &policy, 30 * SEC, &res);
	assert_int_equal(res.outcome, EDIT_DONE);
}

/* Others than the saver are told that the saver edits, while it may. */
static void
test_status(void **state)
{
	struct edit_state st = { .saver = { "a", "a@x" },
	    .saved_us = 40 * SEC, .settle_us = 50 * SEC };

	(void)state;
	assert_string_equal(edit_status(&st, "b", &policy, 49 * SEC).name,
	    "a@x");
	assert_null(edit_status(&st, "a", &policy, 49 * SEC).id);
	assert_null(edit_status(&st, "b", &policy, 50 * SEC).id);
	st.editor = (struct edit_person){ "c", "c" };
	st.heartbeat_us = 40 * SEC;
	assert_string_equal(edit_status(&st, "b", &policy, 49 * SEC).id, "c");
}

static void
test_deadline(void **state)
{
	struct edit_state st = { .previous = "a",
	    .previous_until_us = 30 * SEC };

	(void)state;
	/* Whoever was told that the saver edits waits without a claim. */
	assert_true(edit_deadline(&st, &policy) == INT64_MAX);
	st.saver.id = "a";
	st.settle_us = 30 * SEC;
	assert_true(edit_deadline(&st, &policy) == 30 * SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_saves),
		cmocka_unit_test(test_many_pages),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_deadline),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

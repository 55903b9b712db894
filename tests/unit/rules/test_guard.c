/*
 * The guard's rules by tables: which requests are looked at, and who may save.
 * Users are a, b and c; times are seconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/guard.h"

#define SEC	INT64_C(1000000)

static const struct edit_policy policy = {
	.heartbeat_timeout_us = 120 * SEC, .save_settle_us = 10 * SEC,
};

static const struct look {
	bool		  is_post;
	enum guard_page	  page;
	bool		  looks;
	enum guard_reason reason;
} looks[] = {
	{ true, GUARD_PAGE_CHANGE, true, 0 },
	{ true, GUARD_PAGE_DELETE, true, 0 },
	{ true, GUARD_PAGE_ADD, false, GUARD_ADD },
	{ true, GUARD_PAGE_LIST, false, GUARD_LIST },
	{ true, GUARD_PAGE_NONE, false, GUARD_OTHER },
	{ false, GUARD_PAGE_CHANGE, false, GUARD_METHOD },
	{ false, GUARD_PAGE_DELETE, false, GUARD_METHOD },
	{ false, GUARD_PAGE_NONE, false, GUARD_METHOD },
};

static void
test_looks(void **state UNUSED)
{
	enum guard_reason reason;
	size_t i;

	for (i = 0; i < COUNT_OF(looks); i++) {
		reason = GUARD_HELD;
		if (guard_looks(looks[i].is_post, looks[i].page, &reason) !=
		    looks[i].looks)
			fail_msg("row %zu", i);
		if (!looks[i].looks)
			assert_int_equal(reason, looks[i].reason);
	}
}

static const struct row {
	const char	*what;
	const char	*editor, *tab;
	int		 beat;
	const char	*last;
	int		 last_until;
	const char	*previous;
	const char	*saver;
	int		 saved, settle;
	const char	*user;		/* NULL: nobody of the staff */
	int		 now;
	enum guard_reason reason;
} rows[] = {
	{ .what = "nobody edits", .user = "a", .now = 10,
	    .reason = GUARD_FREE },
	{ .what = "nor is it known who saves", .now = 10,
	    .reason = GUARD_FREE },
	{ .what = "the editor", .editor = "a", .beat = 5, .user = "a",
	    .now = 10, .reason = GUARD_EDITOR },
	{ .what = "the editor, in whichever tab", .editor = "a", .tab = "t",
	    .beat = 5, .user = "a", .now = 10, .reason = GUARD_EDITOR },
	{ .what = "somebody else", .editor = "b", .beat = 5, .user = "a",
	    .now = 10, .reason = GUARD_HELD },
	{ .what = "an id that begins alike", .editor = "b", .beat = 5,
	    .user = "b1", .now = 10, .reason = GUARD_HELD },
	{ .what = "nobody of the staff", .editor = "b", .beat = 5, .now = 10,
	    .reason = GUARD_NO_USER },
	{ .what = "the other one is silent, not yet for too long",
	    .editor = "b", .beat = 5, .user = "a", .now = 124,
	    .reason = GUARD_HELD },
	{ .what = "for too long", .editor = "b", .beat = 5, .user = "a",
	    .now = 125, .reason = GUARD_FREE },
	{ .what = "silent oneself", .editor = "a", .beat = 5, .user = "a",
	    .now = 500, .reason = GUARD_EDITOR },
	{ .what = "the editor before, within the grace", .editor = "b",
	    .beat = 15, .last = "a", .last_until = 20, .user = "a",
	    .now = 20, .reason = GUARD_LAST },
	{ .what = "behind it", .editor = "b", .beat = 15, .last = "a",
	    .last_until = 20, .user = "a", .now = 21, .reason = GUARD_HELD },
	{ .what = "the grace is nobody else's", .editor = "b", .beat = 15,
	    .last = "a", .last_until = 20, .user = "c", .now = 16,
	    .reason = GUARD_HELD },
	{ .what = "a free lock that is kept for a save: who saves",
	    .saver = "a", .saved = 10, .settle = 20, .previous = "a",
	    .user = "a", .now = 15, .reason = GUARD_FREE },
	{ .what = "and others, who still see the old text", .saver = "a",
	    .saved = 10, .settle = 20, .previous = "a", .user = "b",
	    .now = 15, .reason = GUARD_HELD },
	{ .what = "until it is over", .saver = "a", .saved = 10,
	    .settle = 20, .user = "b", .now = 20, .reason = GUARD_FREE },
	{ .what = "a head start is no editor", .previous = "a", .user = "b",
	    .now = 15, .reason = GUARD_FREE },
};

static void
fill(struct edit_state *st, const struct row *r)
{
	memset(st, 0, sizeof(*st));
	st->editor = (struct edit_person){ r->editor, r->editor };
	st->tab = r->tab;
	st->heartbeat_us = r->beat * SEC;
	st->last = r->last;
	st->last_until_us = r->last_until * SEC;
	st->previous = r->previous;
	st->previous_until_us = r->previous == NULL ? 0 : INT64_MAX;
	st->saver = (struct edit_person){ r->saver, r->saver };
	st->saved_us = r->saved * SEC;
	st->settle_us = r->settle * SEC;
}

static void
test_decisions(void **state UNUSED)
{
	struct edit_state st;
	enum guard_reason reason;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];

		fill(&st, r);
		reason = guard_decide(&st, r->user, &policy, r->now * SEC);
		if (reason != r->reason)
			fail_msg("%s: %s, not %s", r->what,
			    guard_reason_name(reason),
			    guard_reason_name(r->reason));
		/* Who need not be known is not asked for. */
		if (!guard_is_held(&st, &policy, r->now * SEC) &&
		    guard_verdict_of(reason) != GUARD_PASS)
			fail_msg("%s: held by nobody", r->what);
	}
}

/* What is not known passes, and only one thing is refused. */
static void
test_verdicts(void **state UNUSED)
{
	int i, refused = 0;

	for (i = 0; i < GUARD_REASONS; i++) {
		assert_non_null(guard_reason_name((enum guard_reason)i));
		refused += guard_verdict_of((enum guard_reason)i) ==
		    GUARD_REFUSE;
	}
	assert_int_equal(refused, 1);
	assert_int_equal(guard_verdict_of(GUARD_HELD), GUARD_REFUSE);
	assert_int_equal(guard_verdict_of(GUARD_REDIS), GUARD_UNDECIDED);
	assert_int_equal(guard_verdict_of(GUARD_DATABASE), GUARD_UNDECIDED);
	assert_int_equal(guard_verdict_of(GUARD_LATE), GUARD_UNDECIDED);
	assert_int_equal(guard_verdict_of(GUARD_URL), GUARD_UNDECIDED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_verdicts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

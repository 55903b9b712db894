/*
 * The guard's part of the rule book. It asks edit_status(), as a page does that
 * wants to know who edits, so the two never differ: a lock that is stale in
 * another's hands is none, and one that is kept for a save is the saver's.
 */
#include "base/text.h"
#include "rules/guard.h"

static const struct {
	const char		*name;
	enum guard_verdict	 verdict;
} reasons[GUARD_REASONS] = {
	[GUARD_METHOD] = { "method", GUARD_PASS },
	[GUARD_OTHER] = { "other", GUARD_PASS },
	[GUARD_ADD] = { "add", GUARD_PASS },
	[GUARD_LIST] = { "list", GUARD_PASS },
	[GUARD_FREE] = { "free", GUARD_PASS },
	[GUARD_EDITOR] = { "editor", GUARD_PASS },
	[GUARD_LAST] = { "last", GUARD_PASS },
	[GUARD_NO_USER] = { "no_user", GUARD_PASS },
	[GUARD_HELD] = { "held", GUARD_REFUSE },
	[GUARD_URL] = { "url", GUARD_UNDECIDED },
	[GUARD_REDIS] = { "redis", GUARD_UNDECIDED },
	[GUARD_DATABASE] = { "database", GUARD_UNDECIDED },
	[GUARD_LATE] = { "late", GUARD_UNDECIDED },
};

bool
guard_looks(bool is_post, enum guard_page page, enum guard_reason *reason)
{
	if (!is_post) {
		*reason = GUARD_METHOD;
		return (false);
	}
	switch (page) {
	case GUARD_PAGE_CHANGE:
	case GUARD_PAGE_DELETE:
		return (true);
	case GUARD_PAGE_ADD:
		*reason = GUARD_ADD;
		return (false);
	case GUARD_PAGE_LIST:
		*reason = GUARD_LIST;
		return (false);
	case GUARD_PAGE_NONE:
		break;
	}
	*reason = GUARD_OTHER;
	return (false);
}

bool
guard_is_held(const struct edit_state *st, const struct edit_policy *policy,
    int64_t now_us)
{
	return (edit_status(st, NULL, policy, now_us).id != NULL);
}

enum guard_reason
guard_decide(const struct edit_state *st, const char *user_id,
    const struct edit_policy *policy, int64_t now_us)
{
	struct edit_person editor = edit_status(st, user_id, policy, now_us);

	if (editor.id == NULL)
		return (GUARD_FREE);
	if (user_id == NULL)
		return (GUARD_NO_USER);
	if (text_same(editor.id, user_id))
		return (GUARD_EDITOR);
	/* Pages of the package give the lock back at the click on Save, before
	 * they post, and a slow POST comes when the next one has it. */
	if (text_same(st->last, user_id) && now_us <= st->last_until_us)
		return (GUARD_LAST);
	return (GUARD_HELD);
}

enum guard_verdict
guard_verdict_of(enum guard_reason reason)
{
	return (reasons[reason].verdict);
}

const char *
guard_reason_name(enum guard_reason reason)
{
	return (reasons[reason].name);
}

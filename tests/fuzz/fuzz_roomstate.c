/*
 * Whatever Redis holds of a room, read as a state, given to the rule book with
 * some command, and written again. Input: a byte that picks the command, one
 * with its flags, then editor:R, previous_editor:R and collabd's own text, a
 * line each. What must hold: a state that was read keeps what the rule book
 * relies on; what is written is read as what it was; a tick leaves no deadline
 * behind that has come.
 */
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "store/roomstate.h"

#define NOW	INT64_C(1764000000000000)	/* 2025-11-24T16:00:00Z */

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct edit_policy policy = {
	.heartbeat_timeout_us = 120000000, .reclaim_grace_us = 30000000,
	.leave_grace_us = 5000000, .countdown_us = 60000000,
	.hold_us = 300000000, .offer_us = 20000000,
	.save_settle_us = 10000000,
};

static bool
same(const char *a, const char *b)
{
	return (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

static struct slice
take_line(struct slice *rest)
{
	struct slice line = *rest;
	const char *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);

	if (end == NULL) {
		*rest = (struct slice){ NULL, 0 };
		return (line);
	}
	line.n = (size_t)(end - line.p);
	*rest = (struct slice){ end + 1, rest->n - line.n - 1 };
	return (line);
}

static void
check_state(const struct edit_state *st)
{
	size_t i;

	ASSERT(st->n_claims <= EDIT_CLAIMS_MAX);
	for (i = 0; i < st->n_claims; i++) {
		ASSERT(edit_place(st, st->claims[i].who.id) == i + 1);
		ASSERT(!same(st->claims[i].who.id, st->editor.id));
	}
	if (st->offer_us != 0)
		ASSERT(st->editor.id == NULL && st->n_claims != 0 &&
		    st->claims[0].asked);
	if (st->editor.id == NULL || !same(st->editor.id, st->holder))
		ASSERT(st->tab == NULL && st->idle_us == 0 &&
		    st->countdown_us == 0 && st->hold_us == 0 &&
		    st->n_pages == 0);
	ASSERT(st->n_pages <= EDIT_PAGES_MAX);
	if (st->settle_us != 0)
		ASSERT(st->editor.id == NULL && st->saver.id != NULL &&
		    st->offer_us == 0);
}

static void
check_same(const struct edit_state *a, const struct edit_state *b)
{
	size_t i;

	ASSERT(same(a->editor.id, b->editor.id));
	ASSERT(same(a->editor.name, b->editor.name));
	ASSERT(same(a->holder, b->holder));
	ASSERT(a->offer_us == b->offer_us);
	/* Another program's editor has no tab and is not idle. */
	if (a->editor.id != NULL && same(a->editor.id, a->holder))
		ASSERT(same(a->tab, b->tab) && a->idle_us == b->idle_us &&
		    a->countdown_us == b->countdown_us &&
		    a->hold_us == b->hold_us && a->n_pages == b->n_pages);
	ASSERT(a->settle_us == b->settle_us);
	ASSERT(a->n_claims == b->n_claims);
	for (i = 0; i < a->n_claims; i++)
		ASSERT(same(a->claims[i].who.id, b->claims[i].who.id) &&
		    same(a->claims[i].who.name, b->claims[i].who.name) &&
		    same(a->claims[i].tab, b->claims[i].tab) &&
		    a->claims[i].asked == b->claims[i].asked &&
		    a->claims[i].since_us == b->claims[i].since_us);
}

/* Writes what next is and reads it again. */
static void
check_texts(const struct roomstate *rs, const struct edit_state *next)
{
	static const struct roomtext_policy texts = { true, 180000 };
	struct roomtext text = { 0 };
	struct store_change change = { 0 };
	struct store_snapshot snap = { 0 };
	struct roomstate again;

	roomstate_encode(rs, next, &texts, NOW, &text, &change);
	snap.editor = change.editor;
	snap.previous = change.previous;
	snap.previous_ttl_ms = change.previous_ttl_ms;
	snap.state = change.state;
	roomstate_decode(&again, &snap, NOW);
	check_state(&again.st);
	check_same(next, &again.st);
	roomstate_fini(&again);
	roomtext_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ids[] = { "7", "8", "9", "u" };
	static const char *const tabs[] = { NULL, "t" };
	struct store_snapshot snap = { .previous_ttl_ms = 1000 };
	struct edit_command cmd, tick = { .verb = EDIT_TICK,
	    .has_viewers = true };
	struct edit_result res;
	struct roomstate rs;
	struct slice rest;
	const char *user;

	if (size < 2)
		return (0);
	user = ids[data[1] & 3];
	cmd = (struct edit_command){
		.verb = (enum edit_verb)(data[0] % (EDIT_RESTORE + 1)),
		.user = { user, user }, .tab = tabs[data[1] >> 2 & 1],
		.page = tabs[data[1] >> 6 & 1],
		.has_tabs = (data[1] & 16) == 0,
		.gave_back = (data[1] & 32) != 0, .saved_us = NOW,
		.may_change = (data[1] & 8) == 0,
		.may_take_over = (data[1] & 16) == 0,
		.moves = (data[1] & 32) != 0,
		.may_return = (data[1] & 32) != 0,
		.target = (data[1] & 64) != 0 ? ids[data[0] >> 6] : NULL,
		.has_viewers = (data[1] & 128) != 0, .heartbeat_us = NOW,
	};
	rest = (struct slice){ (const char *)data + 2, size - 2 };
	snap.editor = take_line(&rest);
	snap.previous = take_line(&rest);
	snap.state = rest;
	roomstate_decode(&rs, &snap, NOW);
	check_state(&rs.st);
	edit_apply(&rs.st, &cmd, &policy, NOW, &res);
	ASSERT(res.n_events <= EDIT_EVENTS_MAX);
	check_texts(&rs, &res.next);
	edit_apply(&rs.st, &tick, &policy, NOW, &res);
	ASSERT(edit_deadline(&res.next, &policy) > NOW);
	check_texts(&rs, &res.next);
	roomstate_fini(&rs);
	return (0);
}

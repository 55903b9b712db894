/*
 * The rule book of an edit room. Read it from edit_apply() at the bottom: one
 * function for each verb, each of which starts from a copy of the state in
 * out->next, changes it through the few verbs of this file (grant, free_lock,
 * settle, ...) and adds events. A function that refuses leaves the copy as it
 * is, but for what a tick that is on its way would have done anyway.
 */
#include "base/text.h"
#include "rules/claims.h"
#include "rules/edit.h"
#include "rules/pages.h"

/* How much the clocks of two machines may be apart without being wrong. */
#define SKEW_US	INT64_C(1000000)

static bool
is_stale(const struct edit_state *st, const struct edit_policy *policy,
    int64_t now_us)
{
	return (st->editor.id != NULL &&
	    now_us - st->heartbeat_us >= policy->heartbeat_timeout_us);
}

static bool
has_head_start(const struct edit_state *st, int64_t now_us)
{
	return (st->previous != NULL && now_us < st->previous_until_us);
}

/*
 * The package writes head starts of 5 and 10 minutes, for which nobody could
 * edit: none is longer than ours would be, from the first claim on that has to
 * wait for it.
 */
static void
cap_head_start(struct edit_result *out, const struct edit_policy *policy,
    int64_t now_us)
{
	struct edit_state *next = &out->next;
	int64_t grace_us = policy->reclaim_grace_us;

	if (grace_us < policy->leave_grace_us)
		grace_us = policy->leave_grace_us;
	if (grace_us < policy->save_settle_us)
		grace_us = policy->save_settle_us;
	if (next->previous == NULL ||
	    next->previous_until_us <= now_us + grace_us)
		return;
	next->previous_until_us = now_us + grace_us;
	out->changed = true;
}

/* A time of the state that is set and has come. */
static bool
is_due(int64_t at_us, int64_t now_us)
{
	return (at_us != 0 && now_us >= at_us);
}

/* The lock is free, and its last editor's save may still be under way. */
static bool
is_settling(const struct edit_state *st, int64_t now_us)
{
	return (st->editor.id == NULL && now_us < st->settle_us);
}

/* The free lock is kept for somebody else: by a save or a head start that is
 * still running, or by an offer. */
static bool
is_reserved(const struct edit_state *st, const char *user_id, int64_t now_us)
{
	if (is_settling(st, now_us))
		return (!text_same(st->saver.id, user_id));
	if (has_head_start(st, now_us))
		return (!text_same(st->previous, user_id));
	return (st->offer_us != 0 && claims_place(st, user_id) != 1);
}

static void
add_event(struct edit_result *out, enum edit_event_type type,
    struct edit_person who, bool deliberate)
{
	out->events[out->n_events++] = (struct edit_event){
		.type = type, .who = who, .deliberate = deliberate,
	};
}

/* HANDED, TAKEN and LOST; why is not looked at with TAKEN. */
static void
add_transfer(struct edit_result *out, enum edit_event_type type,
    struct edit_person who, struct edit_person from, enum edit_why why)
{
	out->events[out->n_events++] = (struct edit_event){
		.type = type, .who = who, .from = from, .why = why,
	};
}

static void
refuse(struct edit_result *out, enum edit_outcome outcome)
{
	out->outcome = outcome;
}

/* The editor of next stops being it; it may still report a save. */
static void
free_lock(struct edit_state *next, int64_t now_us)
{
	next->last = next->editor.id;
	next->last_until_us = now_us + EDIT_SAVE_GRACE_US;
	next->editor = (struct edit_person){ NULL, NULL };
	next->tab = NULL;
	next->heartbeat_us = 0;
	next->n_pages = 0;
	next->idle_us = next->countdown_us = next->hold_us = 0;
}

static void
clear_previous(struct edit_state *next)
{
	next->previous = NULL;
	next->previous_until_us = 0;
}

/* The lock was free and is the user's. Whoever waited, waits no more: there is
 * somebody to watch now. Who has asked, still asks. */
static void
set_editor(struct edit_state *next, struct edit_person user, const char *tab,
    int64_t heartbeat_us)
{
	next->editor = user;
	next->tab = tab;
	next->heartbeat_us = heartbeat_us;
	next->holder = user.id;
	next->offer_us = next->settle_us = 0;
	(void)claims_remove(next, user.id);
	claims_keep_asked(next);
	clear_previous(next);
}

/* Makes user the editor and tells the room. */
static void
grant(struct edit_result *out, struct edit_person user, const char *tab,
    int64_t now_us)
{
	struct edit_state *next = &out->next;

	if (next->editor.id != NULL)
		free_lock(next, now_us);
	set_editor(next, user, tab, now_us);
	out->changed = true;
	add_event(out, EDIT_EV_STATUS, user, false);
}

/* The saver edits no more: who was told so, is told that, too. */
static void
release_saver(struct edit_result *out)
{
	struct edit_state *next = &out->next;

	next->settle_us = 0;
	if (text_same(next->previous, next->saver.id))
		clear_previous(next);
	out->changed = true;
	add_event(out, EDIT_EV_RELEASED, next->saver, false);
}

/* The row of a save did not come in time: there may be none. */
static void
end_settling(struct edit_result *out, int64_t now_us)
{
	if (is_due(out->next.settle_us, now_us))
		release_saver(out);
}

/* Who was offered the lock and let the time go by is out of the line. */
static void
end_offer(struct edit_result *out, int64_t now_us)
{
	struct edit_state *next = &out->next;

	if (!is_due(next->offer_us, now_us))
		return;
	next->offer_us = 0;
	if (next->n_claims != 0)
		(void)claims_remove(next, next->claims[0].who.id);
	out->changed = true;
}

/* A free lock that is kept for nobody goes to the first in the line: at once
 * to who waits for it, and as an offer to who has asked. */
static void
settle(struct edit_result *out, const struct edit_policy *policy,
    int64_t now_us)
{
	struct edit_state *next = &out->next;
	struct edit_claim first;

	end_offer(out, now_us);
	if (next->editor.id != NULL || next->n_claims == 0 ||
	    next->offer_us != 0 || next->settle_us != 0 ||
	    has_head_start(next, now_us))
		return;
	first = next->claims[0];
	if (!first.asked) {
		grant(out, first.who, first.tab, now_us);
		return;
	}
	clear_previous(next);
	next->offer_us = now_us + policy->offer_us;
	out->changed = true;
}

/* The countdown runs while somebody has asked, the editor is idle, and has not
 * said "later". */
static void
start_countdown(struct edit_result *out, const struct edit_policy *policy,
    int64_t now_us)
{
	struct edit_state *next = &out->next;

	if (next->idle_us == 0 || next->countdown_us != 0 ||
	    claims_first_asked(next) == NULL ||
	    (next->hold_us != 0 && now_us < next->hold_us))
		return;
	next->hold_us = 0;
	next->countdown_us = now_us + policy->countdown_us;
	out->changed = true;
}

/* Takes a user out of the line, with the offer to it and with the countdown if
 * it was the last who asked. False: was not in the line. */
static bool
leave_line(struct edit_result *out, const char *user_id)
{
	struct edit_state *next = &out->next;

	if (claims_place(next, user_id) == 1)
		next->offer_us = 0;
	if (!claims_remove(next, user_id))
		return (false);
	if (claims_first_asked(next) == NULL)
		next->countdown_us = 0;
	out->changed = true;
	return (true);
}

static void
wait_in_line(const struct edit_command *cmd, int64_t now_us,
    struct edit_result *out)
{
	const struct edit_claim claim = {
		.who = cmd->user, .tab = cmd->tab, .since_us = now_us,
		.asked = cmd->verb == EDIT_ASK,
	};

	refuse(out, claims_add(&out->next, &claim, &out->changed) ?
	    EDIT_PENDING : EDIT_HELD);
}

/* The user is the editor already; may be in another of its tabs. */
static void
move_to_tab(const struct edit_command *cmd, bool moves,
    struct edit_result *out)
{
	struct edit_state *next = &out->next;

	if (!moves || cmd->tab == NULL || text_same(next->tab, cmd->tab)) {
		refuse(out, EDIT_IS_EDITOR);
		return;
	}
	next->tab = cmd->tab;
	out->changed = true;
}

/* Somebody else has the lock: who asks is heard, who claims is refused. */
static void
want_held(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	if (cmd->verb != EDIT_ASK) {
		refuse(out, EDIT_HELD);
		return;
	}
	wait_in_line(cmd, now_us, out);
	if (out->outcome != EDIT_PENDING)
		return;
	out->is_gated = true;
	add_event(out, EDIT_EV_ATTENTION, cmd->user, false);
	start_countdown(out, policy, now_us);
}

/* Whether the free lock is somebody else's turn. */
static bool
is_behind_others(const struct edit_state *st, const char *user_id)
{
	return (st->n_claims != 0 &&
	    !text_same(st->claims[0].who.id, user_id) &&
	    !text_same(st->previous, user_id));
}

static void
want_free(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	const struct edit_state *next = &out->next;

	/* An offer or a head start may have just ended and its tick be on its
	 * way: what that would do comes first. */
	end_offer(out, now_us);
	end_settling(out, now_us);
	cap_head_start(out, policy, now_us);
	if (is_reserved(next, cmd->user.id, now_us)) {
		wait_in_line(cmd, now_us, out);
		return;
	}
	if (!is_behind_others(next, cmd->user.id)) {
		grant(out, cmd->user, cmd->tab, now_us);
		return;
	}
	settle(out, policy, now_us);
	if (next->editor.id != NULL)
		want_held(cmd, policy, now_us, out);
	else
		wait_in_line(cmd, now_us, out);
}

/* CLAIM and ASK. */
static void
want(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	static const struct edit_person nobody = { NULL, NULL };
	const struct edit_state *next = &out->next;

	if (text_same(next->editor.id, cmd->user.id))
		move_to_tab(cmd, cmd->verb == EDIT_CLAIM && cmd->moves, out);
	else if (!cmd->may_change)
		refuse(out, EDIT_FORBIDDEN);
	else if (next->editor.id == NULL)
		want_free(cmd, policy, now_us, out);
	else if (is_stale(next, policy, now_us)) {
		/* Pages of the package hear who is the editor, and no
		 * lock_released, on which they would load anew. */
		add_transfer(out, EDIT_EV_LOST, nobody, next->editor,
		    EDIT_SILENT);
		grant(out, cmd->user, cmd->tab, now_us);
	} else
		want_held(cmd, policy, now_us, out);
}

static void
heartbeat(const struct edit_command *cmd, int64_t now_us,
    struct edit_result *out)
{
	struct edit_state *next = &out->next;

	if (text_same(next->editor.id, cmd->user.id)) {
		next->heartbeat_us = now_us;
		pages_note(next, cmd->page, now_us);
		out->changed = true;
	} else if (next->editor.id == NULL && cmd->may_change &&
	    text_same(next->holder, cmd->user.id) &&
	    !is_reserved(next, cmd->user.id, now_us)) {
		grant(out, cmd->user, cmd->tab, now_us);
		pages_note(next, cmd->page, now_us);
	} else
		refuse(out, EDIT_NOT_EDITOR);
}

/*
 * A page of the package gave the lock back: its user keeps the free lock for as
 * long as what the page has saved may still be under way, or a moment, in which
 * it may yet say that it saves.
 */
static void
keep_for_save(struct edit_result *out, struct edit_person user,
    const struct edit_policy *policy, int64_t now_us)
{
	struct edit_state *next = &out->next;
	int64_t until_us = now_us + EDIT_RELEASE_SETTLE_US;

	if (policy->save_settle_us == 0)
		return;
	if (text_same(next->saver.id, user.id) &&
	    next->saved_us + policy->save_settle_us > now_us)
		next->settle_us = until_us =
		    next->saved_us + policy->save_settle_us;
	next->previous = user.id;
	next->previous_until_us = until_us;
	out->changed = true;
}

/* A page says that it saves before it has sent its POST. */
static void
await_save(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	struct edit_state *next = &out->next;

	/* Said once more of the same save, or of the next one. */
	if (is_settling(next, now_us))
		return;
	next->saver = cmd->user;
	next->saved_us = now_us;
	out->changed = true;
	if (next->editor.id == NULL && next->offer_us == 0 &&
	    !is_reserved(next, cmd->user.id, now_us))
		keep_for_save(out, cmd->user, policy, now_us);
}

static void
updated(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	const struct edit_state *next = &out->next;

	if (!text_same(next->editor.id, cmd->user.id) &&
	    !(text_same(next->last, cmd->user.id) &&
	    now_us <= next->last_until_us)) {
		refuse(out, EDIT_NOT_EDITOR);
		return;
	}
	out->sets_modified = true;
	if (cmd->tab == NULL && policy->save_settle_us != 0)
		await_save(cmd, policy, now_us, out);
	add_event(out, EDIT_EV_UPDATED, cmd->user, false);
}

/* The row of a save: what others load from now on is the new text. */
static void
saved(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	struct edit_state *next = &out->next;

	if (!edit_awaits(next, cmd->user.id, cmd->saved_us)) {
		refuse(out, EDIT_NOTHING);
		return;
	}
	if (next->settle_us != 0)
		release_saver(out);
	next->saver = (struct edit_person){ NULL, NULL };
	next->saved_us = 0;
	out->changed = true;
	settle(out, policy, now_us);
}

/* The editor gives the lock back, or has it taken away: without a head start,
 * and no heartbeat brings it back. */
static void
give_back(struct edit_result *out, int64_t now_us)
{
	struct edit_state *next = &out->next;
	struct edit_person editor = next->editor;

	free_lock(next, now_us);
	clear_previous(next);
	next->holder = NULL;
	out->changed = true;
	add_event(out, EDIT_EV_RELEASED, editor, true);
}

/* A tab does not give back what another one of its user has. */
static bool
is_editing_here(const struct edit_state *st, const struct edit_command *cmd)
{
	return (text_same(st->editor.id, cmd->user.id) && (cmd->tab == NULL ||
	    st->tab == NULL || text_same(st->tab, cmd->tab)));
}

/* Nor does anybody give back what a page still says that it edits, nor a page
 * what a tab has. A page that is silent for so long that its lock would be stale
 * says nothing any more, and a tab that is nowhere has gone. */
static bool
is_edited_elsewhere(const struct edit_state *st,
    const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us)
{
	return ((cmd->tab == NULL && st->tab != NULL && cmd->has_tabs) ||
	    pages_others_since(st, cmd->page,
	    now_us - policy->heartbeat_timeout_us));
}

/* One page or tab of the editor edits no more, others do. */
static void
stop_here(const struct edit_command *cmd, struct edit_result *out)
{
	struct edit_state *next = &out->next;

	out->changed = pages_forget(next, cmd->page);
	/* One that may be back goes on where it was. */
	if (cmd->tab != NULL && next->tab != NULL && !cmd->may_return) {
		next->tab = NULL;
		out->changed = true;
	}
	if (!out->changed)
		refuse(out, EDIT_NOTHING);
}

static void
release(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	struct edit_state *next = &out->next;
	struct edit_person editor = next->editor;

	if (is_editing_here(next, cmd) &&
	    is_edited_elsewhere(next, cmd, policy, now_us)) {
		stop_here(cmd, out);
		return;
	}
	if (is_editing_here(next, cmd)) {
		give_back(out, now_us);
		out->sets_modified = true;
		if (cmd->tab == NULL)
			keep_for_save(out, editor, policy, now_us);
		else if (cmd->may_return && policy->leave_grace_us > 0) {
			next->previous = editor.id;
			next->previous_until_us =
			    now_us + policy->leave_grace_us;
		}
	} else if (is_settling(next, now_us) &&
	    text_same(next->saver.id, cmd->user.id)) {
		/* Said again by the page that saves, when it goes away. */
		refuse(out, EDIT_NOTHING);
		return;
	} else if (next->editor.id == NULL &&
	    text_same(next->previous, cmd->user.id)) {
		/* Came back, and gives its head start away. */
		clear_previous(next);
		next->holder = NULL;
		out->changed = true;
	} else {
		refuse(out, EDIT_NOT_EDITOR);
		return;
	}
	settle(out, policy, now_us);
}

static void
attention(const struct edit_command *cmd, struct edit_result *out)
{
	if (out->next.editor.id == NULL)
		refuse(out, EDIT_NO_EDITOR);
	else if (text_same(out->next.editor.id, cmd->user.id))
		refuse(out, EDIT_IS_EDITOR);
	else {
		out->is_gated = true;
		add_event(out, EDIT_EV_ATTENTION, cmd->user, false);
	}
}

static void
withdraw(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	if (leave_line(out, cmd->user.id))
		settle(out, policy, now_us);
	else
		refuse(out, EDIT_NOTHING);
}

/* The lock goes from the editor to somebody in the line who has asked. */
static void
hand_to(struct edit_result *out, const struct edit_claim *to,
    enum edit_why why, int64_t now_us)
{
	struct edit_person who = to->who;
	const char *tab = to->tab;

	add_transfer(out, EDIT_EV_HANDED, who, out->next.editor, why);
	grant(out, who, tab, now_us);
}

static void
hand_over(const struct edit_command *cmd, int64_t now_us,
    struct edit_result *out)
{
	const struct edit_state *next = &out->next;
	const struct edit_claim *to = claims_first_asked(next);
	size_t place;

	if (!text_same(next->editor.id, cmd->user.id)) {
		refuse(out, EDIT_NOT_EDITOR);
		return;
	}
	if (cmd->target != NULL) {
		place = claims_place(next, cmd->target);
		to = place == 0 ? NULL : &next->claims[place - 1];
	}
	if (to == NULL || !to->asked)
		refuse(out, EDIT_NOBODY);
	else
		hand_to(out, to, EDIT_BY_EDITOR, now_us);
}

static void
later(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	struct edit_state *next = &out->next;

	if (!text_same(next->editor.id, cmd->user.id)) {
		refuse(out, EDIT_NOT_EDITOR);
		return;
	}
	next->hold_us = now_us + policy->hold_us;
	next->countdown_us = 0;
	out->changed = true;
}

static void
take(const struct edit_command *cmd, int64_t now_us, struct edit_result *out)
{
	struct edit_person editor = out->next.editor;

	if (!cmd->may_change || !cmd->may_take_over)
		refuse(out, EDIT_FORBIDDEN);
	else if (text_same(editor.id, cmd->user.id))
		move_to_tab(cmd, true, out);
	else {
		if (editor.id != NULL)
			add_transfer(out, EDIT_EV_TAKEN, cmd->user, editor,
			    EDIT_BY_EDITOR);
		grant(out, cmd->user, cmd->tab, now_us);
	}
}

static void
revoke(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	static const struct edit_person nobody = { NULL, NULL };
	struct edit_person editor = out->next.editor;
	bool was_in_line = leave_line(out, cmd->user.id);

	if (text_same(editor.id, cmd->user.id)) {
		give_back(out, now_us);
		add_transfer(out, EDIT_EV_LOST, nobody, editor, EDIT_REVOKED);
	} else if (!was_in_line) {
		refuse(out, EDIT_NOTHING);
		return;
	}
	settle(out, policy, now_us);
}

static void
set_idle(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	struct edit_state *next = &out->next;
	bool is_idle = cmd->verb == EDIT_IDLE;

	if (!text_same(next->editor.id, cmd->user.id) ||
	    (next->idle_us != 0) == is_idle) {
		refuse(out, EDIT_NOTHING);
		return;
	}
	next->idle_us = is_idle ? now_us : 0;
	next->countdown_us = 0;
	out->changed = true;
	start_countdown(out, policy, now_us);
}

static void
leave(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	struct edit_state *next = &out->next;
	struct edit_person editor = next->editor;

	add_event(out, EDIT_EV_LEFT, cmd->user, false);
	(void)leave_line(out, cmd->user.id);
	if (text_same(next->editor.id, cmd->user.id) && cmd->gave_back) {
		/* It was kept for a page that is gone as well. */
		give_back(out, now_us);
		keep_for_save(out, editor, policy, now_us);
	} else if (text_same(next->editor.id, cmd->user.id)) {
		free_lock(next, now_us);
		if (policy->reclaim_grace_us > 0) {
			next->previous = editor.id;
			next->previous_until_us =
			    now_us + policy->reclaim_grace_us;
		} else
			clear_previous(next);
		out->changed = true;
		add_event(out, EDIT_EV_RELEASED, editor, false);
	}
	settle(out, policy, now_us);
}

/* A page whose socket is gone says nothing any more. */
static void
page_gone(const struct edit_command *cmd, struct edit_result *out)
{
	struct edit_state *next = &out->next;

	out->changed = text_same(next->editor.id, cmd->user.id) &&
	    pages_forget(next, cmd->page);
	if (!out->changed)
		refuse(out, EDIT_NOTHING);
}

/* The editor was silent for too long: no head start, but a heartbeat may still
 * bring it back. */
static void
lose_silent(struct edit_result *out, int64_t now_us)
{
	static const struct edit_person nobody = { NULL, NULL };
	struct edit_state *next = &out->next;
	struct edit_person editor = next->editor;

	free_lock(next, now_us);
	clear_previous(next);
	out->changed = true;
	add_event(out, EDIT_EV_RELEASED, editor, false);
	add_transfer(out, EDIT_EV_LOST, nobody, editor, EDIT_SILENT);
}

static void
end_countdown(struct edit_result *out, int64_t now_us)
{
	struct edit_state *next = &out->next;
	const struct edit_claim *to = claims_first_asked(next);

	next->countdown_us = 0;
	out->changed = true;
	if (to != NULL)
		hand_to(out, to, EDIT_BY_COUNTDOWN, now_us);
}

static void
tick(const struct edit_command *cmd, const struct edit_policy *policy,
    int64_t now_us, struct edit_result *out)
{
	struct edit_state *next = &out->next;

	if (is_stale(next, policy, now_us) && cmd->has_viewers)
		lose_silent(out, now_us);
	if (is_due(next->countdown_us, now_us))
		end_countdown(out, now_us);
	end_settling(out, now_us);
	if (is_due(next->hold_us, now_us)) {
		next->hold_us = 0;
		out->changed = true;
		start_countdown(out, policy, now_us);
	}
	settle(out, policy, now_us);
	if (!out->changed)
		refuse(out, EDIT_NOTHING);
}

/* Quiet: the room was told before Redis lost its memory. A head start of the
 * user's own is none of another's: its worker was taken for dead. */
static void
restore(const struct edit_command *cmd, struct edit_result *out)
{
	struct edit_state *next = &out->next;

	if (next->editor.id != NULL || (next->previous != NULL &&
	    !text_same(next->previous, cmd->user.id))) {
		refuse(out, EDIT_NOTHING);
		return;
	}
	set_editor(next, cmd->user, cmd->tab, cmd->heartbeat_us);
	out->changed = true;
}

void
edit_apply(const struct edit_state *state, const struct edit_command *cmd,
    const struct edit_policy *policy, int64_t now_us, struct edit_result *out)
{
	out->outcome = EDIT_DONE;
	out->changed = false;
	out->is_gated = false;
	out->sets_modified = false;
	out->n_events = 0;
	out->next = *state;
	switch (cmd->verb) {
	case EDIT_CLAIM:
	case EDIT_ASK:
		want(cmd, policy, now_us, out);
		break;
	case EDIT_HEARTBEAT:
		heartbeat(cmd, now_us, out);
		break;
	case EDIT_UPDATED:
		updated(cmd, policy, now_us, out);
		break;
	case EDIT_RELEASE:
		release(cmd, policy, now_us, out);
		break;
	case EDIT_ATTENTION:
		attention(cmd, out);
		break;
	case EDIT_WITHDRAW:
		withdraw(cmd, policy, now_us, out);
		break;
	case EDIT_HAND_OVER:
		hand_over(cmd, now_us, out);
		break;
	case EDIT_LATER:
		later(cmd, policy, now_us, out);
		break;
	case EDIT_TAKE:
		take(cmd, now_us, out);
		break;
	case EDIT_REVOKE:
		revoke(cmd, policy, now_us, out);
		break;
	case EDIT_IDLE:
	case EDIT_ACTIVE:
		set_idle(cmd, policy, now_us, out);
		break;
	case EDIT_LEAVE:
		leave(cmd, policy, now_us, out);
		break;
	case EDIT_PAGE_GONE:
		page_gone(cmd, out);
		break;
	case EDIT_SAVED:
		saved(cmd, policy, now_us, out);
		break;
	case EDIT_TICK:
		tick(cmd, policy, now_us, out);
		break;
	case EDIT_RESTORE:
		restore(cmd, out);
		break;
	}
}

struct edit_person
edit_status(const struct edit_state *st, const char *user_id,
    const struct edit_policy *policy, int64_t now_us)
{
	if (is_stale(st, policy, now_us) && !text_same(st->editor.id, user_id))
		return ((struct edit_person){ NULL, NULL });
	if (is_settling(st, now_us) && !text_same(st->saver.id, user_id))
		return (st->saver);
	return (st->editor);
}

int64_t
edit_deadline(const struct edit_state *st, const struct edit_policy *policy)
{
	int64_t at_us;

	if (st->editor.id == NULL) {
		if (st->offer_us != 0)
			return (st->offer_us);
		if (st->settle_us != 0)
			return (st->settle_us);
		if (st->n_claims == 0)
			return (INT64_MAX);
		return (st->previous != NULL ? st->previous_until_us : 0);
	}
	at_us = st->heartbeat_us + policy->heartbeat_timeout_us;
	if (st->countdown_us != 0 && st->countdown_us < at_us)
		at_us = st->countdown_us;
	if (st->hold_us != 0 && st->hold_us < at_us &&
	    claims_first_asked(st) != NULL)
		at_us = st->hold_us;
	return (at_us);
}

bool
edit_awaits(const struct edit_state *st, const char *user_id, int64_t saved_us)
{
	return (text_same(st->saver.id, user_id) &&
	    saved_us >= st->saved_us - SKEW_US);
}

size_t
edit_place(const struct edit_state *st, const char *user_id)
{
	return (claims_place(st, user_id));
}

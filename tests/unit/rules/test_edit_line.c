/*
 * The rule book by tables: asking, offers, the countdown, handing over, taking
 * over, and in which tab a user edits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/rows.h"

static const struct row tab_rows[] = {
	{ .what = "the tab that edits claims again", .editor = "a",
	    .in_tab = "t", .beat = 10, .verb = EDIT_CLAIM, .user = "a",
	    .tab = "t", .moves = true, .now = 20,
	    .outcome = EDIT_IS_EDITOR, .to_editor = "a", .to_tab = "t" },
	{ .what = "another tab", .editor = "a", .in_tab = "t", .beat = 10,
	    .verb = EDIT_CLAIM, .user = "a", .tab = "u", .now = 20,
	    .outcome = EDIT_IS_EDITOR, .to_editor = "a", .to_tab = "t" },
	{ .what = "another tab, which wants it", .editor = "a",
	    .in_tab = "t", .beat = 10, .idle = 12, .hold = 300,
	    .claims = "B", .verb = EDIT_CLAIM, .user = "a", .tab = "u",
	    .moves = true, .now = 20, .outcome = EDIT_DONE, .to_editor = "a",
	    .to_tab = "u", .to_idle = 12, .to_hold = 300, .to_claims = "B" },
	{ .what = "from a page of the package to a tab", .editor = "a",
	    .beat = 10, .verb = EDIT_CLAIM, .user = "a", .tab = "u",
	    .moves = true, .now = 20, .outcome = EDIT_DONE, .to_editor = "a",
	    .to_tab = "u" },
	{ .what = "from a page of the package, without a word",
	    .editor = "a", .beat = 10, .verb = EDIT_CLAIM, .user = "a",
	    .tab = "u", .now = 20, .outcome = EDIT_IS_EDITOR,
	    .to_editor = "a" },
	{ .what = "never to a page of the package", .editor = "a",
	    .in_tab = "t", .beat = 10, .verb = EDIT_CLAIM, .user = "a",
	    .moves = true, .now = 20, .outcome = EDIT_IS_EDITOR,
	    .to_editor = "a", .to_tab = "t" },
	{ .what = "a move of who is not the editor", .editor = "a",
	    .in_tab = "t", .beat = 10, .verb = EDIT_CLAIM, .user = "b",
	    .tab = "u", .moves = true, .now = 20,
	    .outcome = EDIT_HELD, .to_editor = "a", .to_tab = "t" },
	{ .what = "a free lock goes to the tab that claims",
	    .verb = EDIT_CLAIM, .user = "a", .tab = "t", .now = 20,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a",
	    .to_tab = "t" },
	{ .what = "and so does a stale one", .editor = "b", .in_tab = "u",
	    .beat = 10, .idle = 20, .countdown = 140, .claims = "bC",
	    .verb = EDIT_CLAIM, .user = "a", .tab = "t", .now = 130,
	    .outcome = EDIT_DONE, .events = "XbSa", .to_editor = "a",
	    .to_tab = "t", .to_claims = "C" },
	{ .what = "a heartbeat brings the lock back to its tab",
	    .holder = "a", .verb = EDIT_HEARTBEAT, .user = "a", .tab = "t",
	    .now = 500, .outcome = EDIT_DONE, .events = "Sa",
	    .to_editor = "a", .to_tab = "t" },
	{ .what = "a heartbeat of another tab leaves it where it is",
	    .editor = "a", .in_tab = "t", .beat = 10,
	    .verb = EDIT_HEARTBEAT, .user = "a", .tab = "u", .now = 20,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_tab = "t" },
	{ .what = "a heartbeat does not get what is offered",
	    .holder = "a", .offer = 30, .claims = "B",
	    .verb = EDIT_HEARTBEAT, .user = "a", .tab = "t", .now = 20,
	    .outcome = EDIT_NOT_EDITOR, .to_offer = 30, .to_claims = "B" },
	{ .what = "Redis came back empty", .claims = "abC",
	    .verb = EDIT_RESTORE, .user = "a", .tab = "t", .now = 50,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_tab = "t",
	    .to_claims = "C" },
};

static const struct row ask_rows[] = {
	{ .what = "a free lock", .verb = EDIT_ASK, .user = "a", .tab = "t",
	    .now = 10, .outcome = EDIT_DONE, .events = "Sa",
	    .to_editor = "a", .to_tab = "t" },
	{ .what = "by the editor", .editor = "a", .in_tab = "t", .beat = 10,
	    .verb = EDIT_ASK, .user = "a", .tab = "u", .moves = true,
	    .now = 20, .outcome = EDIT_IS_EDITOR, .to_editor = "a",
	    .to_tab = "t" },
	{ .what = "no right to change", .editor = "a", .beat = 10,
	    .verb = EDIT_ASK, .user = "b", .no_right = true, .now = 20,
	    .outcome = EDIT_FORBIDDEN, .to_editor = "a" },
	{ .what = "a held lock", .editor = "a", .in_tab = "t", .beat = 10,
	    .verb = EDIT_ASK, .user = "b", .now = 20,
	    .outcome = EDIT_PENDING, .events = "Ab", .to_editor = "a",
	    .to_tab = "t", .to_claims = "B", .gated = true },
	{ .what = "again", .editor = "a", .beat = 10, .claims = "BC",
	    .verb = EDIT_ASK, .user = "b", .tab = "tb", .now = 20,
	    .outcome = EDIT_PENDING, .events = "Ab", .to_editor = "a",
	    .to_claims = "BC", .gated = true },
	{ .what = "after another", .editor = "a", .beat = 10, .claims = "C",
	    .verb = EDIT_ASK, .user = "b", .now = 20,
	    .outcome = EDIT_PENDING, .events = "Ab", .to_editor = "a",
	    .to_claims = "CB", .gated = true },
	{ .what = "a claim does not ask", .editor = "a", .beat = 10,
	    .claims = "B", .verb = EDIT_CLAIM, .user = "b", .now = 20,
	    .outcome = EDIT_HELD, .to_editor = "a", .to_claims = "B" },
	{ .what = "an idle editor", .editor = "a", .beat = 10, .idle = 12,
	    .verb = EDIT_ASK, .user = "b", .now = 20,
	    .outcome = EDIT_PENDING, .events = "Ab", .to_editor = "a",
	    .to_idle = 12, .to_countdown = 80, .to_claims = "B",
	    .gated = true },
	{ .what = "an idle editor, again", .editor = "a", .beat = 10,
	    .idle = 12, .countdown = 70, .claims = "B", .verb = EDIT_ASK,
	    .user = "b", .tab = "tb", .now = 20, .outcome = EDIT_PENDING,
	    .events = "Ab", .to_editor = "a", .to_idle = 12,
	    .to_countdown = 70, .to_claims = "B", .gated = true },
	{ .what = "an idle editor who said later", .editor = "a",
	    .beat = 10, .idle = 12, .hold = 21, .verb = EDIT_ASK,
	    .user = "b", .now = 20, .outcome = EDIT_PENDING, .events = "Ab",
	    .to_editor = "a", .to_idle = 12, .to_hold = 21,
	    .to_claims = "B", .gated = true },
	{ .what = "an idle editor whose time is over", .editor = "a",
	    .beat = 10, .idle = 12, .hold = 20, .verb = EDIT_ASK,
	    .user = "b", .now = 20, .outcome = EDIT_PENDING, .events = "Ab",
	    .to_editor = "a", .to_idle = 12, .to_countdown = 80,
	    .to_claims = "B", .gated = true },
	{ .what = "a stale lock", .editor = "a", .beat = 10,
	    .verb = EDIT_ASK, .user = "b", .tab = "t", .now = 130,
	    .outcome = EDIT_DONE, .events = "XaSb", .to_editor = "b",
	    .to_tab = "t" },
	{ .what = "a head start of another", .previous = "a", .until = 30,
	    .verb = EDIT_ASK, .user = "b", .now = 20,
	    .outcome = EDIT_PENDING, .to_previous = "a", .to_claims = "B" },
	{ .what = "who claimed before, asks now", .previous = "a",
	    .until = 30, .claims = "bc", .verb = EDIT_ASK, .user = "b",
	    .now = 20, .outcome = EDIT_PENDING, .to_previous = "a",
	    .to_claims = "Bc" },
	{ .what = "who asked before, claims now", .previous = "a",
	    .until = 30, .claims = "Bc", .verb = EDIT_CLAIM, .user = "b",
	    .tab = "tb", .now = 20, .outcome = EDIT_PENDING,
	    .to_previous = "a", .to_claims = "Bc" },
	{ .what = "a lock that is offered to another", .offer = 30,
	    .claims = "C", .verb = EDIT_ASK, .user = "b", .now = 20,
	    .outcome = EDIT_PENDING, .to_offer = 30, .to_claims = "CB" },
	{ .what = "who waited gets the lock first, and hears of it",
	    .previous = "a", .until = 30, .claims = "b", .verb = EDIT_ASK,
	    .user = "c", .now = 31, .outcome = EDIT_PENDING,
	    .events = "SbAc", .to_editor = "b", .to_claims = "C",
	    .gated = true },
};

static const struct row offer_rows[] = {
	{ .what = "accepted", .offer = 30, .claims = "BC",
	    .verb = EDIT_CLAIM, .user = "b", .tab = "t", .now = 29,
	    .outcome = EDIT_DONE, .events = "Sb", .to_editor = "b",
	    .to_tab = "t", .to_claims = "C" },
	{ .what = "accepted by asking", .offer = 30, .claims = "B",
	    .verb = EDIT_ASK, .user = "b", .tab = "t", .now = 29,
	    .outcome = EDIT_DONE, .events = "Sb", .to_editor = "b",
	    .to_tab = "t" },
	{ .what = "a claim of another", .offer = 30, .claims = "B",
	    .verb = EDIT_CLAIM, .user = "a", .now = 29,
	    .outcome = EDIT_PENDING, .to_offer = 30, .to_claims = "Ba" },
	{ .what = "a claim of the next in the line", .offer = 30,
	    .claims = "BC", .verb = EDIT_CLAIM, .user = "c", .tab = "tc",
	    .now = 29, .outcome = EDIT_PENDING, .to_offer = 30,
	    .to_claims = "BC" },
	{ .what = "a claim without a right", .offer = 30, .claims = "B",
	    .verb = EDIT_CLAIM, .user = "a", .no_right = true, .now = 31,
	    .outcome = EDIT_FORBIDDEN, .to_offer = 30, .to_claims = "B" },
	{ .what = "run out, and nobody else", .offer = 30, .claims = "B",
	    .verb = EDIT_CLAIM, .user = "a", .now = 30,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a" },
	{ .what = "run out, and its own claim comes late", .offer = 30,
	    .claims = "B", .verb = EDIT_CLAIM, .user = "b", .now = 30,
	    .outcome = EDIT_DONE, .events = "Sb", .to_editor = "b" },
	{ .what = "run out, and its own claim comes late: the next's turn",
	    .offer = 30, .claims = "BC", .verb = EDIT_CLAIM, .user = "b",
	    .now = 30, .outcome = EDIT_PENDING, .to_offer = 50,
	    .to_claims = "Cb" },
	{ .what = "run out, and the next claims", .offer = 30,
	    .claims = "BC", .verb = EDIT_CLAIM, .user = "c", .now = 30,
	    .outcome = EDIT_DONE, .events = "Sc", .to_editor = "c" },
	{ .what = "run out, and the next waits", .offer = 30,
	    .claims = "Bc", .verb = EDIT_CLAIM, .user = "a", .now = 30,
	    .outcome = EDIT_HELD, .events = "Sc", .to_editor = "c" },
	{ .what = "run out, and the next has asked", .offer = 30,
	    .claims = "BC", .verb = EDIT_CLAIM, .user = "a", .now = 30,
	    .outcome = EDIT_PENDING, .to_offer = 50, .to_claims = "Ca" },
	{ .what = "declined", .offer = 30, .claims = "BC",
	    .verb = EDIT_WITHDRAW, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .to_offer = 40, .to_claims = "C" },
	{ .what = "declined, and another waits", .offer = 30,
	    .claims = "Bc", .verb = EDIT_WITHDRAW, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .events = "Sc", .to_editor = "c" },
	{ .what = "declined by the only one", .offer = 30, .claims = "B",
	    .verb = EDIT_WITHDRAW, .user = "b", .now = 20,
	    .outcome = EDIT_DONE },
	{ .what = "another leaves the line", .offer = 30, .claims = "BC",
	    .verb = EDIT_WITHDRAW, .user = "c", .now = 20,
	    .outcome = EDIT_DONE, .to_offer = 30, .to_claims = "B" },
	{ .what = "not in the line", .offer = 30, .claims = "B",
	    .verb = EDIT_WITHDRAW, .user = "a", .now = 20,
	    .outcome = EDIT_NOTHING, .to_offer = 30, .to_claims = "B" },
	{ .what = "who is offered it leaves", .offer = 30, .claims = "BC",
	    .verb = EDIT_LEAVE, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .events = "Lb", .to_offer = 40,
	    .to_claims = "C" },
	{ .what = "another leaves", .offer = 30, .claims = "BC",
	    .verb = EDIT_LEAVE, .user = "c", .now = 20,
	    .outcome = EDIT_DONE, .events = "Lc", .to_offer = 30,
	    .to_claims = "B" },
	{ .what = "who is offered it loses the right", .offer = 30,
	    .claims = "BC", .verb = EDIT_REVOKE, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .to_offer = 40, .to_claims = "C" },
	{ .what = "its time is over", .offer = 30, .claims = "BC",
	    .verb = EDIT_TICK, .now = 30, .outcome = EDIT_DONE,
	    .to_offer = 50, .to_claims = "C" },
	{ .what = "its time is over, and another waits", .offer = 30,
	    .claims = "BcA", .verb = EDIT_TICK, .now = 30,
	    .outcome = EDIT_DONE, .events = "Sc", .to_editor = "c",
	    .to_claims = "A" },
	{ .what = "its time is over, and nobody else", .offer = 30,
	    .claims = "B", .verb = EDIT_TICK, .now = 30,
	    .outcome = EDIT_DONE },
	{ .what = "its time is not over", .offer = 30, .claims = "BC",
	    .verb = EDIT_TICK, .now = 29, .outcome = EDIT_NOTHING,
	    .to_offer = 30, .to_claims = "BC" },
	{ .what = "head start unused, the first has asked",
	    .previous = "a", .until = 30, .claims = "Bc",
	    .verb = EDIT_TICK, .now = 30, .outcome = EDIT_DONE,
	    .to_offer = 50, .to_claims = "Bc" },
	{ .what = "head start unused, its tick late: a claim",
	    .previous = "a", .until = 30, .claims = "B",
	    .verb = EDIT_CLAIM, .user = "c", .now = 31,
	    .outcome = EDIT_PENDING, .to_offer = 51, .to_claims = "Bc" },
	{ .what = "head start given away", .previous = "a", .until = 30,
	    .claims = "B", .verb = EDIT_RELEASE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .to_offer = 40, .to_claims = "B" },
	{ .what = "the previous editor is back before who asked",
	    .previous = "a", .until = 30, .claims = "BC",
	    .verb = EDIT_CLAIM, .user = "a", .tab = "t", .now = 20,
	    .outcome = EDIT_DONE, .events = "Sa", .to_editor = "a",
	    .to_tab = "t", .to_claims = "BC" },
};

static const struct row idle_rows[] = {
	{ .what = "idle", .editor = "a", .beat = 10, .verb = EDIT_IDLE,
	    .user = "a", .now = 20, .outcome = EDIT_DONE, .to_editor = "a",
	    .to_idle = 20 },
	{ .what = "idle, and somebody has asked", .editor = "a", .beat = 10,
	    .claims = "B", .verb = EDIT_IDLE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_idle = 20,
	    .to_countdown = 80, .to_claims = "B" },
	{ .what = "idle, and has said later", .editor = "a", .beat = 10,
	    .hold = 30, .claims = "B", .verb = EDIT_IDLE, .user = "a",
	    .now = 20, .outcome = EDIT_DONE, .to_editor = "a",
	    .to_idle = 20, .to_hold = 30, .to_claims = "B" },
	{ .what = "idle already", .editor = "a", .beat = 10, .idle = 12,
	    .countdown = 72, .claims = "B", .verb = EDIT_IDLE, .user = "a",
	    .now = 20, .outcome = EDIT_NOTHING, .to_editor = "a",
	    .to_idle = 12, .to_countdown = 72, .to_claims = "B" },
	{ .what = "a viewer is idle", .editor = "a", .beat = 10,
	    .verb = EDIT_IDLE, .user = "b", .now = 20,
	    .outcome = EDIT_NOTHING, .to_editor = "a" },
	{ .what = "nobody edits", .verb = EDIT_IDLE, .user = "b",
	    .now = 20, .outcome = EDIT_NOTHING },
	{ .what = "active again", .editor = "a", .beat = 10, .idle = 12,
	    .countdown = 72, .claims = "B", .verb = EDIT_ACTIVE,
	    .user = "a", .now = 20, .outcome = EDIT_DONE,
	    .to_editor = "a", .to_claims = "B" },
	{ .what = "active as before", .editor = "a", .beat = 10,
	    .hold = 40, .verb = EDIT_ACTIVE, .user = "a", .now = 20,
	    .outcome = EDIT_NOTHING, .to_editor = "a", .to_hold = 40 },
	{ .what = "a viewer is active", .editor = "a", .beat = 10,
	    .idle = 12, .verb = EDIT_ACTIVE, .user = "b", .now = 20,
	    .outcome = EDIT_NOTHING, .to_editor = "a", .to_idle = 12 },
	{ .what = "later", .editor = "a", .beat = 10, .idle = 12,
	    .countdown = 72, .claims = "B", .verb = EDIT_LATER,
	    .user = "a", .now = 20, .outcome = EDIT_DONE, .to_editor = "a",
	    .to_idle = 12, .to_hold = 320, .to_claims = "B" },
	{ .what = "later, by a viewer", .editor = "a", .beat = 10,
	    .idle = 12, .countdown = 72, .claims = "B",
	    .verb = EDIT_LATER, .user = "b", .now = 20,
	    .outcome = EDIT_NOT_EDITOR, .to_editor = "a", .to_idle = 12,
	    .to_countdown = 72, .to_claims = "B" },
	{ .what = "the last who asked does not want any more",
	    .editor = "a", .beat = 10, .idle = 12, .countdown = 72,
	    .claims = "B", .verb = EDIT_WITHDRAW, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_idle = 12 },
	{ .what = "one of two does not want any more", .editor = "a",
	    .beat = 10, .idle = 12, .countdown = 72, .claims = "BC",
	    .verb = EDIT_WITHDRAW, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_idle = 12,
	    .to_countdown = 72, .to_claims = "C" },
	{ .what = "the last who asked leaves", .editor = "a", .beat = 10,
	    .idle = 12, .countdown = 72, .claims = "B",
	    .verb = EDIT_LEAVE, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .events = "Lb", .to_editor = "a",
	    .to_idle = 12 },
	{ .what = "the last who asked loses the right", .editor = "a",
	    .beat = 10, .idle = 12, .countdown = 72, .claims = "B",
	    .verb = EDIT_REVOKE, .user = "b", .now = 20,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_idle = 12 },
	{ .what = "the countdown ends", .editor = "a", .in_tab = "t",
	    .beat = 10, .idle = 12, .countdown = 72, .claims = "BC",
	    .viewers = true, .verb = EDIT_TICK, .now = 72,
	    .outcome = EDIT_DONE, .events = "CbaSb", .to_editor = "b",
	    .to_tab = "tb", .to_claims = "C" },
	{ .what = "the countdown runs", .editor = "a", .in_tab = "t",
	    .beat = 10, .idle = 12, .countdown = 72, .claims = "BC",
	    .viewers = true, .verb = EDIT_TICK, .now = 71,
	    .outcome = EDIT_NOTHING, .to_editor = "a", .to_tab = "t",
	    .to_idle = 12, .to_countdown = 72, .to_claims = "BC" },
	{ .what = "the countdown ends for nobody", .editor = "a",
	    .beat = 10, .idle = 12, .countdown = 72, .viewers = true,
	    .verb = EDIT_TICK, .now = 72, .outcome = EDIT_DONE,
	    .to_editor = "a", .to_idle = 12 },
	{ .what = "the time that was asked for ends", .editor = "a",
	    .beat = 310, .hold = 320, .claims = "B", .viewers = true,
	    .verb = EDIT_TICK, .now = 320, .outcome = EDIT_DONE,
	    .to_editor = "a", .to_claims = "B" },
	{ .what = "the time ends, and the editor is idle", .editor = "a",
	    .beat = 310, .idle = 300, .hold = 320, .claims = "B",
	    .viewers = true, .verb = EDIT_TICK, .now = 320,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_idle = 300,
	    .to_countdown = 380, .to_claims = "B" },
	{ .what = "the time does not end yet", .editor = "a",
	    .beat = 310, .idle = 300, .hold = 320, .claims = "B",
	    .viewers = true, .verb = EDIT_TICK, .now = 319,
	    .outcome = EDIT_NOTHING, .to_editor = "a", .to_idle = 300,
	    .to_hold = 320, .to_claims = "B" },
};

static const struct row hand_rows[] = {
	{ .what = "to the first who asked", .editor = "a", .in_tab = "t",
	    .beat = 10, .idle = 12, .countdown = 72, .claims = "BC",
	    .verb = EDIT_HAND_OVER, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "HbaSb", .to_editor = "b",
	    .to_tab = "tb", .to_claims = "C" },
	{ .what = "to a certain one", .editor = "a", .in_tab = "t",
	    .beat = 10, .hold = 50, .claims = "BC", .target = "c",
	    .verb = EDIT_HAND_OVER, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "HcaSc", .to_editor = "c",
	    .to_tab = "tc", .to_claims = "B" },
	{ .what = "to nobody", .editor = "a", .beat = 10,
	    .verb = EDIT_HAND_OVER, .user = "a", .now = 20,
	    .outcome = EDIT_NOBODY, .to_editor = "a" },
	{ .what = "to who is not there", .editor = "a", .beat = 10,
	    .claims = "B", .target = "c", .verb = EDIT_HAND_OVER,
	    .user = "a", .now = 20, .outcome = EDIT_NOBODY,
	    .to_editor = "a", .to_claims = "B" },
	{ .what = "to who has not asked", .editor = "a", .beat = 10,
	    .claims = "bC", .target = "b", .verb = EDIT_HAND_OVER,
	    .user = "a", .now = 20, .outcome = EDIT_NOBODY,
	    .to_editor = "a", .to_claims = "bC" },
	{ .what = "past who has not asked", .editor = "a", .beat = 10,
	    .claims = "bC", .verb = EDIT_HAND_OVER, .user = "a",
	    .now = 20, .outcome = EDIT_DONE, .events = "HcaSc",
	    .to_editor = "c", .to_tab = "tc" },
	{ .what = "by a viewer", .editor = "a", .beat = 10, .claims = "BC",
	    .verb = EDIT_HAND_OVER, .user = "b", .now = 20,
	    .outcome = EDIT_NOT_EDITOR, .to_editor = "a",
	    .to_claims = "BC" },
	{ .what = "of a free lock", .offer = 30, .claims = "BC",
	    .verb = EDIT_HAND_OVER, .user = "b", .now = 20,
	    .outcome = EDIT_NOT_EDITOR, .to_offer = 30,
	    .to_claims = "BC" },

	{ .what = "taken over", .editor = "a", .in_tab = "t", .beat = 10,
	    .idle = 12, .countdown = 72, .claims = "BC",
	    .verb = EDIT_TAKE, .may_take = true, .user = "b", .tab = "u",
	    .now = 20, .outcome = EDIT_DONE, .events = "TbaSb",
	    .to_editor = "b", .to_tab = "u", .to_claims = "C" },
	{ .what = "must not take over", .editor = "a", .beat = 10,
	    .verb = EDIT_TAKE, .user = "b", .now = 20,
	    .outcome = EDIT_FORBIDDEN, .to_editor = "a" },
	{ .what = "may take over, but not change", .editor = "a",
	    .beat = 10, .verb = EDIT_TAKE, .may_take = true,
	    .no_right = true, .user = "b", .now = 20,
	    .outcome = EDIT_FORBIDDEN, .to_editor = "a" },
	{ .what = "must not take a free lock either", .verb = EDIT_TAKE,
	    .user = "b", .now = 20, .outcome = EDIT_FORBIDDEN },
	{ .what = "taken over by the tab that edits", .editor = "a",
	    .in_tab = "t", .beat = 10, .verb = EDIT_TAKE,
	    .may_take = true, .user = "a", .tab = "t", .now = 20,
	    .outcome = EDIT_IS_EDITOR, .to_editor = "a", .to_tab = "t" },
	{ .what = "taken over by another tab of the editor",
	    .editor = "a", .in_tab = "t", .beat = 10, .verb = EDIT_TAKE,
	    .may_take = true, .user = "a", .tab = "u", .now = 20,
	    .outcome = EDIT_DONE, .to_editor = "a", .to_tab = "u" },
	{ .what = "a free lock taken", .verb = EDIT_TAKE, .may_take = true,
	    .user = "b", .tab = "u", .now = 20, .outcome = EDIT_DONE,
	    .events = "Sb", .to_editor = "b", .to_tab = "u" },
	{ .what = "taken in spite of a head start", .previous = "a",
	    .until = 30, .claims = "Bc", .verb = EDIT_TAKE,
	    .may_take = true, .user = "c", .now = 20,
	    .outcome = EDIT_DONE, .events = "Sc", .to_editor = "c",
	    .to_claims = "B" },
	{ .what = "taken in spite of an offer", .offer = 30,
	    .claims = "Ba", .verb = EDIT_TAKE, .may_take = true,
	    .user = "c", .now = 20, .outcome = EDIT_DONE, .events = "Sc",
	    .to_editor = "c", .to_claims = "B" },
};

static const struct row free_rows[] = {
	{ .what = "released by its tab", .editor = "a", .in_tab = "t",
	    .beat = 10, .idle = 12, .hold = 300, .holder = "a",
	    .verb = EDIT_RELEASE, .user = "a", .tab = "t", .now = 20,
	    .outcome = EDIT_DONE, .events = "Da", .modified = true },
	{ .what = "released by another tab", .editor = "a", .in_tab = "t",
	    .beat = 10, .verb = EDIT_RELEASE, .user = "a", .tab = "u",
	    .now = 20, .outcome = EDIT_NOT_EDITOR, .to_editor = "a",
	    .to_tab = "t" },
	{ .what = "released by a page of the package", .editor = "a",
	    .in_tab = "t", .beat = 10, .verb = EDIT_RELEASE, .user = "a",
	    .now = 20, .outcome = EDIT_DONE, .events = "Da",
	    .modified = true },
	{ .what = "a page of the package's lock, released by a tab",
	    .editor = "a", .beat = 10, .verb = EDIT_RELEASE, .user = "a",
	    .tab = "t", .now = 20, .outcome = EDIT_DONE, .events = "Da",
	    .modified = true },
	{ .what = "released, and somebody has asked", .editor = "a",
	    .beat = 10, .idle = 12, .countdown = 72, .claims = "BC",
	    .verb = EDIT_RELEASE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "Da", .to_offer = 40,
	    .to_claims = "BC", .modified = true },
	{ .what = "released, and somebody waits", .editor = "a",
	    .beat = 10, .claims = "bC", .verb = EDIT_RELEASE, .user = "a",
	    .now = 20, .outcome = EDIT_DONE, .events = "DaSb",
	    .to_editor = "b", .to_claims = "C", .modified = true },
	{ .what = "the page is loaded again", .editor = "a", .in_tab = "t",
	    .beat = 10, .holder = "a", .claims = "BC",
	    .verb = EDIT_RELEASE, .user = "a", .tab = "t",
	    .may_return = true, .now = 20, .outcome = EDIT_DONE,
	    .events = "Da", .to_previous = "a", .to_until = 25,
	    .to_claims = "BC", .modified = true },
	{ .what = "loaded again, and another claims meanwhile",
	    .previous = "a", .until = 25, .verb = EDIT_CLAIM, .user = "b",
	    .now = 24, .outcome = EDIT_PENDING, .to_previous = "a",
	    .to_until = 25, .to_claims = "b" },
	{ .what = "not loaded again in time", .previous = "a", .until = 25,
	    .claims = "BC", .verb = EDIT_TICK, .now = 25,
	    .outcome = EDIT_DONE, .to_offer = 45, .to_claims = "BC" },

	{ .what = "the editor lost the right", .editor = "a",
	    .in_tab = "t", .beat = 10, .previous = "a", .until = 600,
	    .holder = "a", .verb = EDIT_REVOKE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "DaVa" },
	{ .what = "the editor lost the right, and somebody has asked",
	    .editor = "a", .beat = 10, .claims = "B",
	    .verb = EDIT_REVOKE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "DaVa", .to_offer = 40,
	    .to_claims = "B" },
	{ .what = "the editor lost the right, and somebody waits",
	    .editor = "a", .beat = 10, .claims = "b",
	    .verb = EDIT_REVOKE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "DaVaSb", .to_editor = "b" },
	{ .what = "one in the line lost the right", .editor = "a",
	    .beat = 10, .claims = "BC", .verb = EDIT_REVOKE, .user = "b",
	    .now = 20, .outcome = EDIT_DONE, .to_editor = "a",
	    .to_claims = "C" },
	{ .what = "a viewer lost the right", .editor = "a", .beat = 10,
	    .claims = "B", .verb = EDIT_REVOKE, .user = "c", .now = 20,
	    .outcome = EDIT_NOTHING, .to_editor = "a", .to_claims = "B" },

	{ .what = "the editor's connection is lost", .editor = "a",
	    .in_tab = "t", .beat = 10, .idle = 12, .countdown = 72,
	    .claims = "B", .verb = EDIT_LEAVE, .user = "a", .now = 20,
	    .outcome = EDIT_DONE, .events = "LaRa", .to_previous = "a",
	    .to_until = 50, .to_claims = "B" },
	{ .what = "stale among viewers, and somebody has asked",
	    .editor = "a", .in_tab = "t", .beat = 10, .idle = 12,
	    .countdown = 130, .previous = "a", .until = 600,
	    .claims = "B", .viewers = true, .verb = EDIT_TICK,
	    .now = 130, .outcome = EDIT_DONE, .events = "RaXa",
	    .to_offer = 150, .to_claims = "B" },
	{ .what = "stale among viewers, and somebody waits",
	    .editor = "a", .beat = 10, .claims = "bC", .viewers = true,
	    .verb = EDIT_TICK, .now = 130, .outcome = EDIT_DONE,
	    .events = "RaXaSb", .to_editor = "b", .to_claims = "C" },
};

static void
run(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		run_row(&rows[i]);
}

static void
test_tabs(void **state)
{
	(void)state;
	run(tab_rows, COUNT_OF(tab_rows));
}

static void
test_asking(void **state)
{
	(void)state;
	run(ask_rows, COUNT_OF(ask_rows));
}

static void
test_offers(void **state)
{
	(void)state;
	run(offer_rows, COUNT_OF(offer_rows));
}

static void
test_idle(void **state)
{
	(void)state;
	run(idle_rows, COUNT_OF(idle_rows));
}

static void
test_handing_over(void **state)
{
	(void)state;
	run(hand_rows, COUNT_OF(hand_rows));
}

static void
test_freed(void **state)
{
	(void)state;
	run(free_rows, COUNT_OF(free_rows));
}

/* Who gives the lock back is forgotten: a heartbeat does not bring it back.
 * Who lost it by silence or to another is not. */
static void
test_holder(void **state)
{
	static const struct {
		enum edit_verb	 verb;
		const char	*user, *holder;
	} rows[] = {
		{ EDIT_RELEASE, "a", NULL }, { EDIT_REVOKE, "a", NULL },
		{ EDIT_LEAVE, "a", "a" }, { EDIT_TICK, NULL, "a" },
		{ EDIT_HAND_OVER, "a", "b" }, { EDIT_TAKE, "c", "c" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct edit_state st = { .editor = { "a", "a" },
		    .holder = "a", .n_claims = 1, .claims = {
		    { .who = { "b", "b" }, .asked = true } } };
		struct edit_command cmd = { .verb = rows[i].verb,
		    .user = { rows[i].user, rows[i].user }, .may_change = true,
		    .may_take_over = true, .may_return = true,
		    .has_viewers = true };
		struct edit_result res;

		edit_apply(&st, &cmd, &policy, 130 * SEC, &res);
		assert_true(res.changed);
		if (!same(res.next.holder, rows[i].holder))
			fail_msg("row %zu: %s", i, or_empty(res.next.holder));
		/* Whoever it was may still report a save. */
		assert_string_equal(res.next.last, "a");
		assert_true(res.next.last_until_us == 140 * SEC);
	}
}

/* A claim takes its place in the line from where it was made last. */
static void
test_tabs_in_line(void **state)
{
	struct edit_state st = { .previous = "p",
	    .previous_until_us = 30 * SEC };
	struct edit_command cmd = { .verb = EDIT_CLAIM, .user = { "a", "a" },
	    .tab = "t", .may_change = true };
	struct edit_command tick = { .verb = EDIT_TICK };
	struct edit_result res;

	(void)state;
	edit_apply(&st, &cmd, &policy, 10 * SEC, &res);
	assert_int_equal(res.outcome, EDIT_PENDING);
	assert_string_equal(res.next.claims[0].tab, "t");
	assert_true(res.next.claims[0].since_us == 10 * SEC);
	st = res.next;
	edit_apply(&st, &cmd, &policy, 11 * SEC, &res);
	assert_false(res.changed);
	cmd.tab = "u";
	edit_apply(&st, &cmd, &policy, 12 * SEC, &res);
	assert_true(res.changed);
	assert_int_equal(res.next.n_claims, 1);
	assert_string_equal(res.next.claims[0].tab, "u");
	assert_true(res.next.claims[0].since_us == 10 * SEC);
	st = res.next;
	edit_apply(&st, &tick, &policy, 30 * SEC, &res);
	assert_string_equal(res.next.editor.id, "a");
	assert_string_equal(res.next.tab, "u");
	assert_int_equal(res.next.n_claims, 0);
	st.n_claims = 0;
	cmd.tab = NULL;
	edit_apply(&st, &cmd, &policy, 13 * SEC, &res);
	assert_null(res.next.claims[0].tab);
}

/* An asker whom the line has no place for is refused, and nobody is told. */
static void
test_full_line(void **state)
{
	struct edit_state st = { .editor = { "e", "e" } };
	struct edit_command cmd = { .verb = EDIT_ASK, .user = { "z", "z" },
	    .may_change = true };
	static char ids[EDIT_CLAIMS_MAX][8];
	struct edit_result res;
	size_t i;

	(void)state;
	for (i = 0; i < EDIT_CLAIMS_MAX; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "%zu", i);
		st.claims[st.n_claims++] = (struct edit_claim){
			.who = { ids[i], ids[i] }, .asked = true,
		};
	}
	edit_apply(&st, &cmd, &policy, SEC, &res);
	assert_int_equal(res.outcome, EDIT_HELD);
	assert_false(res.changed);
	assert_false(res.is_gated);
	assert_int_equal(res.n_events, 0);
	cmd.user = (struct edit_person){ "63", "63" };
	edit_apply(&st, &cmd, &policy, SEC, &res);
	assert_int_equal(res.outcome, EDIT_PENDING);
	assert_int_equal(res.n_events, 1);
}

/* A site may do without the short head start of a page that is loaded again,
 * and without that of a lost connection. */
static void
test_no_graces(void **state)
{
	struct edit_policy none = policy;
	struct edit_state st = { .editor = { "a", "a" }, .n_claims = 1,
	    .claims = { { .who = { "b", "b" }, .asked = true } } };
	struct edit_command cmd = { .verb = EDIT_RELEASE,
	    .user = { "a", "a" }, .may_return = true };
	static const enum edit_verb verbs[] = { EDIT_RELEASE, EDIT_LEAVE };
	struct edit_result res;
	size_t i;

	(void)state;
	none.leave_grace_us = none.reclaim_grace_us = 0;
	edit_apply(&st, &cmd, &none, 10 * SEC, &res);
	assert_null(res.next.previous);
	assert_true(res.next.offer_us == 30 * SEC);
	cmd.verb = EDIT_LEAVE;
	edit_apply(&st, &cmd, &none, 10 * SEC, &res);
	assert_null(res.next.previous);
	assert_true(res.next.offer_us == 30 * SEC);
	st.n_claims = 0;
	for (i = 0; i < COUNT_OF(verbs); i++) {
		cmd.verb = verbs[i];
		edit_apply(&st, &cmd, &none, 10 * SEC, &res);
		assert_null(res.next.editor.id);
		assert_null(res.next.previous);
	}
}

static void
test_deadlines(void **state)
{
	struct edit_state st = { .editor = { "a", "a" },
	    .heartbeat_us = 5 * SEC, .hold_us = 50 * SEC };

	(void)state;
	/* Nobody has asked: what the editor wants is of no interest. */
	assert_true(edit_deadline(&st, &policy) == 125 * SEC);
	st.claims[st.n_claims++].who.id = "b";
	assert_true(edit_deadline(&st, &policy) == 125 * SEC);
	st.claims[0].asked = true;
	assert_true(edit_deadline(&st, &policy) == 50 * SEC);
	st.hold_us = 126 * SEC;
	assert_true(edit_deadline(&st, &policy) == 125 * SEC);
	st.hold_us = 0;
	st.countdown_us = 60 * SEC;
	assert_true(edit_deadline(&st, &policy) == 60 * SEC);
	st.countdown_us = 126 * SEC;
	assert_true(edit_deadline(&st, &policy) == 125 * SEC);
	memset(&st.editor, 0, sizeof(st.editor));
	st.countdown_us = 0;
	st.offer_us = 30 * SEC;
	assert_true(edit_deadline(&st, &policy) == 30 * SEC);
	/* The offer decides, whatever else another program has noted. */
	st.previous = "p";
	st.previous_until_us = 20 * SEC;
	assert_true(edit_deadline(&st, &policy) == 30 * SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tabs),
		cmocka_unit_test(test_asking),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_handing_over),
		cmocka_unit_test(test_freed),
		cmocka_unit_test(test_holder),
		cmocka_unit_test(test_tabs_in_line),
		cmocka_unit_test(test_full_line),
		cmocka_unit_test(test_no_graces),
		cmocka_unit_test(test_deadlines),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

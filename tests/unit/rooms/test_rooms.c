/*
 * A room as a machine of states: what comes of each input, without a server,
 * a Redis or a clock.
 */
#include "rooms/rig.h"

/* A socket of user 1, and user 2 elsewhere. */
#define TWO								\
	{ "page 1", "?join 1 whole" },					\
	{ "ok 3 0 12", "X1: joined 1; X2: joined 2; 1: joined 1; "	\
	    "1: joined 2" }

/* Who comes is told of itself first, then of the others; what it has said before
 * is heard then. A ping is answered at once. */
static void
test_joining(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "page 1", "?join 1 whole" },
		{ "say 1 claim", "" },
		{ "tab 2", "" },
		{ "say 2 ping", "2: pong" },
		{ "say 2 hello", "" },
		{ "ok 3 0 1", "X1: joined 1; 1: joined 1; ?join 2" },
		{ "ok 4 0 -", "?load" },
		{ "event 4 0 joined=2",
		    "X2: joined 2; 2: joined 2; 2: hello; 2: presence; "
		    "2: lock nobody; 2: present" },
		{ "ok 4 0 12", "?commit the editor 1" },
		{ "ok 5 1 -", "" },
		{ "event 5 1 status", "A: status; T: lock 1" },
		{ "leave 2", "?load" },
		{ "ok 5 1 12", "?leave 2, editor 1" },
		{ "ok 6 1 -", "" },
		{ "event 6 1 left=2", "X2: left 2" },
	};

	PLAY(rows);
}

/* A user who comes back before its going is told of is news to itself, too. */
static void
test_comes_back(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "page 2", "?join 2 whole" },
		{ "ok 3 0 2", "X2: joined 2; 2: joined 2" },
		{ "tab 1", "?join 1" },
		{ "ok 4 0 -", "" },
		{ "event 4 0 joined=1",
		    "X1: joined 1; 1: joined 1; 1: joined 2" },
		{ "say 1 hello",
		    "1: hello; 1: presence; 1: lock nobody; ?state 1 v" },
		{ "ok 5 0 -", "" },
		{ "event 5 0 state=1", "O: news +1 -0" },
		{ "leave 1", "?load" },
		{ "ok 5 0 12", "?leave 1, editor nobody" },
		{ "tab 1", "" },
		{ "say 1 hello", "" },
		{ "ok 6 0 -", "?join 1" },
		{ "ok 7 0 -", "" },
		{ "event 6 0 left=1", "?join 1; X1: left 1" },
		{ "event 7 0 joined=1",
		    "X1: joined 1; 1: joined 1; 1: hello; 1: presence; "
		    "1: lock nobody; 1: present" },
	};

	PLAY(rows);
}

/* Another was faster: the claim is decided again, and refused. */
static void
test_claim(void **state UNUSED)
{
	static const struct row rows[] = {
		TWO,
		{ "tab 3", "?join 3" },
		{ "ok 4 0 -", "" },
		{ "event 4 0 joined=3",
		    "X3: joined 3; 3: joined 3; 3: joined 1; 3: joined 2" },
		{ "say 3 claim", "?load" },
		{ "ok 4 0 123", "?commit the editor 3" },
		{ "mismatch 5 2", "3: refused held" },
		{ "event 5 2 status", "A: status" },
		{ "say 3 release", "?load" },
		{ "ok 5 2 123", "3: refused not_editor" },
		{ "say 3 claim", "?load" },
		{ "busy", "3: refused undecided" },
		{ "say 3 ask", "3: refused bad" },
		{ "say 3 whatever", "3: refused bad" },
	};

	PLAY(rows);
}

/* An event is missing, then the epoch is another: nothing is told of what went by,
 * but the difference, once, and of no state that is too old. */
static void
test_gap(void **state UNUSED)
{
	static const struct row rows[] = {
		TWO,
		{ "event 4 2 status", "A: status" },
		{ "event 4 0 status", "" },
		{ "event 6 2 -", "resync; ?load" },
		{ "event 7 2 left=2", "" },
		{ "ok 6 2 12", "?load" },
		{ "ok 7 0 1", "A: released 2; X2: left 2" },
		{ "event 8 0 joined=2", "X2: joined 2" },
		{ "epoch 9", "" },
		{ "event 1 0 -", "resync; ?load" },
		{ "ok 1 2 12", "A: editor 2" },
	};

	PLAY(rows);
}

/* Suspended, nobody is told who edits. Then under a new id, with the lock given
 * away: the editor, whose socket is here, has it again before anybody hears
 * that it is free. */
static void
test_suspend(void **state UNUSED)
{
	static const struct row rows[] = {
		TWO,
		{ "event 4 1 status", "A: status" },
		{ "down", "" },
		{ "suspend", "A: editor nobody" },
		{ "say 1 status", "1: editor nobody" },
		{ "up fresh", "?join 1 whole" },
		{ "ok 5 0 12", "?load" },
		{ "ok 5 0 12", "?commit editor 1" },
		{ "ok 6 1 -", "?load" },
		{ "ok 6 1 12", "1: editor 1" },
	};

	PLAY(rows);
}

/* The same, and the editor has claimed meanwhile: it is answered when it is known
 * again who edits. */
static void
test_claim_meanwhile(void **state UNUSED)
{
	static const struct row rows[] = {
		TWO,
		{ "event 4 1 status", "A: status" },
		{ "down", "" },
		{ "suspend", "A: editor nobody" },
		{ "say 1 claim", "?load" },
		{ "up fresh", "" },
		{ "ok 5 0 2", "?join 1 whole" },
		{ "ok 5 0 12", "?load" },
		{ "ok 5 0 12", "?commit editor 1" },
		{ "ok 6 1 -", "?load" },
		{ "ok 6 1 12", "?load" },
		{ "ok 6 1 12", "1: editor 1; ?load" },
		{ "ok 6 1 12", "1: editor 1" },
	};

	PLAY(rows);
}

/* The same with a page that had released, unheard: it has lost nothing. */
static void
test_released(void **state UNUSED)
{
	static const struct row rows[] = {
		TWO,
		{ "event 4 1 status", "A: status" },
		{ "down", "" },
		{ "say 1 release", "?load" },
		{ "up fresh", "" },
		{ "busy", "?join 1 whole" },
		{ "ok 5 0 12", "A: released 1; ?load" },
		{ "ok 5 0 12", "" },
	};

	PLAY(rows);
}

/* Another Redis, with less: it is told what is known here before it is believed,
 * and who is missing is looked for when it is settled. */
static void
test_unsettled(void **state UNUSED)
{
	static const struct row rows[] = {
		TWO,
		{ "event 4 1 status", "A: status" },
		{ "down", "" },
		{ "unsettled", "" },
		{ "epoch 6", "" },
		{ "up", "?recall 1" },
		{ "ok 7 1 -", "?join 1 whole" },
		{ "ok 8 1 1", "?load" },
		{ "page 3", "" },
		{ "ok 8 1 1", "?join 3" },
		{ "ok 9 1 -", "" },
		{ "event 9 1 joined=3",
		    "X3: joined 3; 3: joined 3; 3: joined 1; 3: joined 2" },
		{ "tick", "?check" },
		{ "settled", "" },
		{ "tick", "?load" },
		{ "ok 9 1 13", "X2: left 2" },
	};

	PLAY(rows);
}

/* Nobody is made the editor in an unsettled generation: who claims twice waits
 * once, and is asked for when it is settled. */
static void
test_put_aside(void **state UNUSED)
{
	static const struct row rows[] = {
		TWO,
		{ "unsettled", "" },
		{ "say 1 claim", "?load" },
		{ "ok 3 0 12", "?commit the editor 1" },
		{ "later", "" },
		{ "say 1 claim", "?load" },
		{ "ok 3 0 12", "?commit the editor 1" },
		{ "later", "" },
		{ "tick", "?check" },
		{ "settled", "" },
		{ "tick", "?load" },
		{ "ok 3 0 12", "?commit the editor 1" },
		{ "ok 4 1 -", "" },
	};

	PLAY(rows);
}

/* A deadline comes by itself. What cannot be done then is tried again. */
static void
test_time(void **state UNUSED)
{
	static const struct row rows[] = {
		TWO,
		{ "event 4 2 status", "A: status" },
		{ "wait 100000", "" },
		{ "wait 100000", "?load" },
		{ "busy", "" },
		{ "wait 2000", "?load" },
		{ "ok 4 2 12", "?commit the editor nobody" },
		{ "ok 5 0 -", "" },
		{ "event 5 0 lost", "A: lost" },
	};

	PLAY(rows);
}

/* Redis takes no writes: who comes is shown what can be read. */
static void
test_refused(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "refusing", "" },
		{ "page 1", "?join 1 whole" },
		{ "busy", "?load" },
		{ "ok 3 2 2",
		    "A: editor 2; X2: joined 2; 1: joined 1; 1: joined 2" },
		{ "tick", "?join 1 whole; ?check" },
		{ "ok 4 2 12", "X1: joined 1" },
	};

	PLAY(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joining),
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_claim),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_claim_meanwhile),
		cmocka_unit_test(test_released),
		cmocka_unit_test(test_unsettled),
		cmocka_unit_test(test_put_aside),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}

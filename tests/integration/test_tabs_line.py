"""Tabs: who wants to edit, and how the lock goes from one to another."""
import json
import re

import pytest

from tabs import Lock, tabs_of
from utils import PATIENCE, SOON, unique, wait_for


@pytest.fixture(scope="module")
def settings():
    """Nothing runs out."""
    return dict(notification_request_interval=0, reclaim_grace=3600,
                leave_grace=60, save_poll_interval=0, offer_time=3600,
                handover_countdown=3600, handover_hold=3600)


@pytest.fixture(scope="module")
def short(start, site, redis, settings):
    """What runs out does so soon."""
    return start(database_url=site.url, redis_url=redis.url(),
                 **dict(settings, reclaim_grace=SOON, leave_grace=SOON,
                         offer_time=max(5, SOON), handover_countdown=20,
                         handover_hold=10))


@pytest.fixture
def tabs(daemon, room):
    with tabs_of(daemon, room) as t:
        yield t


@pytest.fixture
def alice(tabs, people):
    """The editor."""
    return tabs.editor(people.alice)


@pytest.fixture
def bob(alice, tabs, people):
    return tabs.open(people.bob)


@pytest.fixture
def carol(bob, tabs, people):
    return tabs.open(people.carol)


def asks(tabs, ws, **wanted):
    ws.send("request_edit")
    tabs.all_lock(**wanted)


# --- the line --------------------------------------------------------------

def test_request_of_a_free_lock(tabs, people):
    """Is a claim."""
    alice = tabs.open(people.alice)
    tabs.open(people.bob)
    alice.send("request_edit")
    tabs.all_lock(editor=alice)
    alice.send("request_edit")
    alice.refused("is_editor", "request_edit")


def test_first_come_first_in_line(tabs, people, alice, bob, carol):
    asks(tabs, carol, editor=alice, line=[carol])
    asks(tabs, bob, editor=alice, line=[carol, bob])
    frame = tabs.open(people.viewer).shown
    assert Lock.of(frame) == Lock(editor=alice, line=[carol, bob])
    assert frame["line"][0] == {"user_id": people.carol.id, "name": "carol",
                                "asked": True}
    carol.send("cancel_request")
    tabs.all_lock(editor=alice, line=[bob])
    bob.send("cancel_request")
    tabs.all_lock(editor=alice)


def test_nothing_to_cancel(tabs, people, alice, bob):
    tabs.mark(people.viewer)
    for ws in (alice, bob):
        ws.send("cancel_request")
    tabs.silence()


def test_second_request_of_a_user(tabs, people, redis, alice, bob):
    """Has one place in the line, in whichever tab it asks."""
    two = tabs.open(people.bob)
    tabs.mark(people.viewer)
    asks(tabs, bob, editor=alice, line=[bob])
    bob.send("request_edit")
    tabs.silence(of=bob)
    two.send("request_edit")
    # The tab that asked last is the one that gets the lock.
    wait_for(lambda: redis.lock_state(tabs.room)["claims"][0]["tab"] ==
             two.tab, "the other tab to have asked")
    tabs.silence()
    alice.send("answer_request", answer="hand_over")
    tabs.all_expect("handed_over", how="editor")
    tabs.all_lock(editor=two)


def test_requests_are_limited(start, site, redis, people, room):
    c = start(database_url=site.url, redis_url=redis.url(),
              notification_request_interval=3600)
    with tabs_of(c, room) as tabs:
        alice = tabs.editor(people.alice)
        bob = tabs.open(people.bob)
        carol = tabs.open(people.carol)
        asks(tabs, bob, editor=alice, line=[bob])
        bob.send("request_edit")
        bob.refused("too_soon", "request_edit")
        asks(tabs, carol, editor=alice, line=[bob, carol])


def test_who_goes_is_out_of_the_line(tabs, people, alice, bob, carol):
    asks(tabs, bob, editor=alice, line=[bob])
    asks(tabs, carol, editor=alice, line=[bob, carol])
    tabs.gone(bob, cut=True)
    tabs.all_expect("user_absent", user_id=people.bob.id)
    tabs.all_lock(editor=alice, line=[carol])


def test_a_claim_is_no_request(tabs, people, alice, bob):
    tabs.mark(people.viewer)
    bob.send("claim_editor")
    bob.refused("held", "claim_editor")
    tabs.silence()


# --- the editor's answer ---------------------------------------------------

def test_hand_over(tabs, people, alice, bob, carol):
    """To the first; who else has asked, still asks. Who gave the lock away
    has no claim to it any more."""
    asks(tabs, bob, editor=alice, line=[bob])
    asks(tabs, carol, editor=alice, line=[bob, carol])
    alice.send("answer_request", answer="hand_over")
    tabs.all_expect("handed_over", how="editor", to={
        "user_id": people.bob.id, "name": "bob"}, **{
        "from": {"user_id": people.alice.id, "name": "alice"}})
    tabs.all_lock(editor=bob, line=[carol])
    alice.send("claim_editor")
    alice.refused("held")
    for kind in ("release_lock", "heartbeat", "answer_request"):
        alice.send(kind, answer="hand_over")
        alice.refused("not_editor", kind)
    bob.send("answer_request", answer="hand_over")
    tabs.all_expect("handed_over", how="editor")
    tabs.all_lock(editor=carol)


def test_hand_over_to_whom(tabs, people, alice, bob, carol):
    asks(tabs, bob, editor=alice, line=[bob])
    asks(tabs, carol, editor=alice, line=[bob, carol])
    alice.send("answer_request", answer="hand_over",
               user_id=people.carol.id)
    tabs.all_expect("handed_over", to={"user_id": people.carol.id,
                                       "name": "carol"})
    tabs.all_lock(editor=carol, line=[bob])


def test_hand_over_to_nobody(tabs, people, alice, bob, carol):
    tabs.mark(people.viewer)
    alice.send("answer_request", answer="hand_over")
    alice.refused("nobody", "answer_request")
    tabs.silence()
    asks(tabs, bob, editor=alice, line=[bob])
    for who in (people.carol.id, 999999, people.alice.id, "bob", 0, "", {},
                [people.bob.id], True):
        alice.send("answer_request", answer="hand_over", user_id=who)
        alice.refused("nobody", "answer_request")
    carol.send("answer_request", answer="hand_over")
    carol.refused("not_editor", "answer_request")
    carol.send("answer_request", answer="later")
    carol.refused("not_editor", "answer_request")
    tabs.silence()


def test_answer_without_a_word(tabs, people, alice, bob):
    for answer in (None, "", "no", 1):
        alice.send("answer_request", answer=answer)
        alice.refused("bad_answer", "answer_request")


def test_later(tabs, people, alice, bob):
    """More time; it is seen by all, and may be asked for again."""
    asks(tabs, bob, editor=alice, line=[bob])
    alice.send("answer_request", answer="later")
    first = tabs.all_lock(editor=alice, line=[bob], hold=True)
    alice.send("answer_request", answer="later")
    second = tabs.all_lock(editor=alice, line=[bob], hold=True)
    assert second[0]["hold_until"] > first[0]["hold_until"]
    # The hold is the editor's, not the lock's.
    alice.send("answer_request", answer="hand_over")
    tabs.all_expect("handed_over")
    tabs.all_lock(editor=bob)


# --- the countdown ---------------------------------------------------------

def test_countdown_starts_and_stops(tabs, people, redis, alice, bob):
    """It runs while the editor is idle and somebody has asked."""
    tabs.goes_idle(alice, redis)
    asks(tabs, bob, editor=alice, line=[bob], countdown=bob)
    alice.state("dirty")
    for ws in tabs.here:
        ws.present(people.alice, "dirty")
        ws.lock(editor=alice, line=[bob])
    alice.state("idle")
    for ws in tabs.here:
        ws.present(people.alice, "idle")
        ws.lock(editor=alice, line=[bob], countdown=bob)
    bob.send("cancel_request")
    tabs.all_lock(editor=alice)
    asks(tabs, bob, editor=alice, line=[bob], countdown=bob)
    tabs.gone(bob, cut=True)
    alice.expect("user_absent", user_id=people.bob.id)
    alice.lock(editor=alice)


@pytest.mark.parametrize("where", ["one worker", "two workers"])
def test_idle_is_idle_everywhere(tabs, people, alice, bob, where):
    """One tab of the editor that is not idle stops the countdown."""
    mine = tabs.daemon.worker_of(alice)
    two = tabs.open(people.alice,
                    fits=lambda pid: (pid == mine) == (where == "one worker"))
    tabs.mark(people.viewer)
    asks(tabs, bob, editor=alice, line=[bob])
    alice.state("idle")
    tabs.silence()
    two.state("idle")
    for ws in tabs.here:
        ws.present(people.alice, "idle")
        ws.lock(editor=alice, line=[bob], countdown=bob)
    alice.state("viewing")
    for ws in tabs.here:
        ws.present(people.alice, "viewing")
        ws.lock(editor=alice, line=[bob])
    # The one that is active goes away.
    alice.state("idle")
    for ws in tabs.here:
        ws.present(people.alice, "idle")
        ws.lock(editor=alice, line=[bob], countdown=bob)
    two.state("dirty")
    for ws in tabs.here:
        ws.present(people.alice, "dirty")
        ws.lock(editor=alice, line=[bob])
    tabs.gone(two)
    for ws in tabs.here:
        ws.present(people.alice, "idle")
        ws.lock(editor=alice, line=[bob], countdown=bob)


@pytest.mark.daemon("short")
def test_countdown_and_hold(tabs, people, redis, alice, bob):
    """"Later" stops it; when the hold is over it starts anew, and at its end
    the lock is the asker's."""
    alice.patience = bob.patience = PATIENCE + 20
    tabs.goes_idle(alice, redis)
    asks(tabs, bob, editor=alice, line=[bob], countdown=bob)
    alice.send("answer_request", answer="later")
    held = tabs.all_lock(editor=alice, line=[bob], hold=True)[0]
    running = tabs.all_lock(editor=alice, line=[bob], countdown=bob)[0]
    assert running["countdown"]["until"] > held["hold_until"]
    tabs.all_expect("handed_over", how="countdown", to={
        "user_id": people.bob.id, "name": "bob"}, **{
        "from": {"user_id": people.alice.id, "name": "alice"}})
    tabs.all_lock(editor=bob)
    # The worker writes it when Redis answers, perhaps after the event.
    tabs.daemon.log_contains(r"audit \{.*" + re.escape(tabs.room))
    lines = [json.loads(t) for t in re.findall(
        r"(?m)audit (\{.*\})$", tabs.daemon.log()) if tabs.room in t]
    assert [(t["action"], t["why"]) for t in lines] == [
        ("hand_over", "countdown")]


# --- offers ----------------------------------------------------------------

def offered(tabs, alice, bob, **wanted):
    """The editor is done; the first who asked is offered the lock."""
    alice.send("release_lock")
    tabs.all_lock(offer=bob, **wanted)


def test_an_offer_is_taken(tabs, people, alice, bob, carol):
    asks(tabs, bob, editor=alice, line=[bob])
    asks(tabs, carol, editor=alice, line=[bob, carol])
    offered(tabs, alice, bob, line=[bob, carol])
    bob.send("claim_editor")
    tabs.all_lock(editor=bob, line=[carol])


def test_an_offer_is_taken_by_asking(tabs, people, alice, bob):
    """A request of a lock that is one's own to take is a claim."""
    asks(tabs, bob, editor=alice, line=[bob])
    offered(tabs, alice, bob, line=[bob])
    bob.send("request_edit")
    tabs.all_lock(editor=bob)


def test_an_offer_is_kept_for_its_user(tabs, people, alice, bob, carol):
    """Who claims meanwhile waits behind."""
    asks(tabs, bob, editor=alice, line=[bob])
    offered(tabs, alice, bob, line=[bob])
    carol.send("claim_editor")
    tabs.all_lock(line=[bob, (carol, False)], offer=bob)
    alice.send("request_edit")
    tabs.all_lock(line=[bob, (carol, False), alice], offer=bob)
    bob.send("cancel_request")          # declined
    tabs.all_lock(editor=carol, line=[alice])


def test_an_offer_is_declined(tabs, people, alice, bob, carol):
    asks(tabs, bob, editor=alice, line=[bob])
    asks(tabs, carol, editor=alice, line=[bob, carol])
    offered(tabs, alice, bob, line=[bob, carol])
    bob.send("cancel_request")
    tabs.all_lock(line=[carol], offer=carol)
    carol.send("cancel_request")
    tabs.all_lock()


@pytest.mark.daemon("short")
def test_offers_run_out(tabs, people, alice, bob, carol):
    """Each is out of the line then; the last leaves a free lock."""
    asks(tabs, bob, editor=alice, line=[bob])
    asks(tabs, carol, editor=alice, line=[bob, carol])
    offered(tabs, alice, bob, line=[bob, carol])
    tabs.all_lock(line=[carol], offer=carol)
    tabs.all_lock()
    bob.send("claim_editor")
    tabs.all_lock(editor=bob)


def test_who_was_offered_the_lock_goes(tabs, people, alice, bob, carol):
    asks(tabs, bob, editor=alice, line=[bob])
    asks(tabs, carol, editor=alice, line=[bob, carol])
    offered(tabs, alice, bob, line=[bob, carol])
    tabs.gone(bob, cut=True)
    tabs.all_expect("user_absent", user_id=people.bob.id)
    tabs.all_lock(line=[carol], offer=carol)


@pytest.mark.daemon("short")
def test_an_offer_after_the_grace(tabs, people, alice, bob):
    """The page went away and does not come back."""
    asks(tabs, bob, editor=alice, line=[bob])
    alice.send("release_lock", grace=True)
    tabs.all_lock(previous=alice, line=[bob])
    tabs.all_lock(line=[bob], offer=bob)


def test_the_editor_is_back_before_the_offer(tabs, people, alice, bob):
    asks(tabs, bob, editor=alice, line=[bob])
    alice.send("release_lock", grace=True)
    tabs.all_lock(previous=alice, line=[bob])
    alice.send("claim_editor")
    tabs.all_lock(editor=alice, line=[bob])


@pytest.mark.daemon("short")
def test_an_offer_after_a_lost_connection(tabs, people, alice, bob):
    asks(tabs, bob, editor=alice, line=[bob])
    tabs.gone(alice, cut=True)
    bob.expect("user_absent", user_id=people.alice.id)
    bob.lock(previous=people.alice, line=[bob])
    bob.lock(line=[bob], offer=bob)
    bob.send("claim_editor")
    bob.lock(editor=bob)


# --- take-over -------------------------------------------------------------

def taken(tabs, old, new, reason):
    tabs.all_expect("taken_over", reason=reason, by={
        "user_id": new.user.id, "name": new.user.username}, **{
        "from": {"user_id": old.user.id, "name": old.user.username}})


def test_take_over(tabs, people, alice, bob):
    """At once. Who lost the lock has no claim, and cannot give it back."""
    root = tabs.open(people.root)
    plain = tabs.plain(people.viewer)
    asks(tabs, bob, editor=alice, line=[bob])
    root.send("take_over", reason="deadline")
    taken(tabs, alice, root, "deadline")
    tabs.all_lock(editor=root, line=[bob])
    plain.until("editor_status", editor_id=people.root.id)
    alice.send("claim_editor")
    alice.refused("held")
    alice.send("release_lock")
    alice.refused("not_editor")
    alice.send("heartbeat")
    alice.refused("not_editor")
    # It asks like anybody.
    asks(tabs, alice, editor=root, line=[bob, alice])


@pytest.mark.parametrize("given,told", [
    (None, ""), ("", ""), (17, ""), ("x" * 200, "x" * 200),
    ("x" * 201, "x" * 200), ("\u00e4" * 250, "\u00e4" * 200),
    ("\u20ac" * 250, "\u20ac" * 200), ("a" + "\U0001f600" * 250,
                                       "a" + "\U0001f600" * 199),
    ("<b>\"\\\n\u2028", "<b>\"\\\n\u2028")], ids=lambda t: repr(t)[:8])
def test_reason(tabs, people, alice, given, told):
    """At most 200 characters, whatever they are."""
    root = tabs.open(people.root)
    root.send("take_over", reason=given)
    taken(tabs, alice, root, told)
    tabs.all_lock(editor=root)


def test_take_over_needs_the_right(tabs, people, alice, bob):
    assert bob.welcome["may_take_over"] is False
    tabs.mark(people.viewer)
    bob.send("take_over", reason="please")
    bob.refused("forbidden", "take_over")
    tabs.silence()


def test_take_over_permission(start, site, redis, people, room):
    """As the site has named it. It does not replace the right to change."""
    c = start(database_url=site.url, redis_url=redis.url(),
              take_over_permission="shop.delete_item", save_poll_interval=0)
    boss = site.user(unique("boss"), permissions=["shop.change_item",
                                                  "shop.delete_item"])
    ghost = site.user(unique("ghost"), permissions=["shop.view_item",
                                                    "shop.delete_item"])
    with tabs_of(c, room) as tabs:
        alice = tabs.editor(people.alice)
        assert alice.welcome["may_take_over"] is False
        ghostly = tabs.open(ghost)
        ghostly.send("take_over")
        ghostly.refused("forbidden", "take_over")
        chief = tabs.open(boss)
        assert chief.welcome["may_take_over"] is True
        chief.send("take_over", reason="r")
        taken(tabs, alice, chief, "r")
        tabs.all_lock(editor=chief)


def test_take_over_of_a_free_lock(tabs, people):
    """There is nobody to take it from."""
    root = tabs.open(people.root)
    tabs.open(people.bob)
    root.send("take_over", reason="why not")
    tabs.all_lock(editor=root)


def test_take_over_from_oneself(tabs, people):
    """Is a move to this tab."""
    one = tabs.editor(people.root)
    two = tabs.open(people.root)
    tabs.open(people.bob)
    two.send("take_over")
    tabs.all_lock(editor=two)
    two.send("take_over")
    two.refused("is_editor", "take_over")
    one.send("release_lock")
    one.refused("not_editor")


def test_take_over_of_an_offer(tabs, people, alice, bob):
    """The right goes before the line; who was first still asks."""
    root = tabs.open(people.root)
    asks(tabs, bob, editor=alice, line=[bob])
    offered(tabs, alice, bob, line=[bob])
    root.send("take_over")
    tabs.all_lock(editor=root, line=[bob])


def test_take_over_out_of_the_line(tabs, people, alice, bob):
    root = tabs.open(people.root)
    asks(tabs, bob, editor=alice, line=[bob])
    asks(tabs, root, editor=alice, line=[bob, root])
    root.send("take_over", reason="now")
    taken(tabs, alice, root, "now")
    tabs.all_lock(editor=root, line=[bob])

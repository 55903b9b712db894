"""The daemon ends, or is loaded anew, while somebody edits."""
import signal

import pytest

from tabs import Lock, tabs_of
from utils import SOON, Closed, wait_for


@pytest.fixture
def c(start, site, redis):
    daemon = start(database_url=site.url, redis_url=redis.url(),
                   reclaim_grace=3600, save_poll_interval=0)
    yield daemon
    daemon.close_all()
    daemon.stop()


def frames_to_the_end(ws):
    """What it was told before it was closed, and how it was closed."""
    seen = []
    while True:
        try:
            seen.append(ws.next())
        except Closed as e:
            return seen, e.code


def meet(c, room, people):
    """Alice edits, Bob has asked, Carol watches; on both workers."""
    tabs = tabs_of(c, room).__enter__()
    alice = tabs.editor(people.alice, tab="alices")
    mine = c.worker_of(alice)
    bob = tabs.open(people.bob, tab="bobs", fits=lambda pid: pid != mine)
    carol = tabs.open(people.carol, tab="carols")
    bob.send("request_edit")
    tabs.all_lock(editor=alice, line=[bob])
    return tabs, alice, bob, carol


def come_back(tabs, people, first="alice"):
    """The same three tabs, in some order; each finds what it had."""
    users = ["alice", "bob", "carol"]
    users.remove(first)
    tabs.here = []
    back = {}
    for name in [first] + users:
        user = getattr(people, name)
        back[name] = tabs.connect(user).hello(name + "s")
        assert Lock.of(back[name].shown) == Lock(
            editor=people.alice, tab="alices", line=[people.bob]), name
    tabs.here = list(back.values())
    return back


def goes_on(tabs, back):
    alice, bob = back["alice"], back["bob"]
    alice.send("answer_request", answer="hand_over")
    for ws in tabs.here:
        ws.until("handed_over", how="editor")
        ws.lock(editor=bob)


@pytest.mark.parametrize("first", ["alice", "bob"])
def test_restart(c, redis, room, people, first):
    """Stopped and started: the same tab is the editor, without a word, and
    whoever comes first finds it so."""
    tabs, alice, bob, carol = meet(c, room, people)
    c.process.send_signal(signal.SIGTERM)
    for ws in (alice, bob, carol):
        seen, code = frames_to_the_end(ws)
        assert code == 1012
        assert [f for f in seen if f["type"] != "user_present"] == []
    c.stop()
    leases = redis.hold_leases()
    c.start()
    back = come_back(tabs, people, first)
    # Nor is the end of the old workers' leases one of the lock.
    redis.end_leases(leases)
    c.log_contains(r"is gone; its users have left")
    back["carol"].state("dirty")
    for ws in tabs.here:
        while True:
            frame = ws.next()
            assert frame["type"] == "user_present", frame
            if frame["user"]["user_id"] == people.carol.id and \
                    frame["user"]["state"] == "dirty":
                break
    back["alice"].send("claim_editor")
    back["alice"].lock(editor=back["alice"], line=[people.bob])
    goes_on(tabs, back)


def test_reload(c, redis, room, people):
    """New workers, new settings: every tab comes back to what it had."""
    tabs, alice, bob, carol = meet(c, room, people)
    old = set(c.workers())
    c.reload(viewer_mode_text="Wait", enable_chat=False)
    for ws in (alice, bob, carol):
        seen, code = frames_to_the_end(ws)
        assert code == 1012
        assert [f for f in seen if f["type"] != "user_present"] == []
    wait_for(lambda: not old & set(c.workers()), "the old workers' end")
    redis.hold_leases()
    back = come_back(tabs, people)
    for ws in tabs.here:
        assert c.worker_of(ws) not in old
        assert ws.welcome["settings"]["texts"] == {
            "viewer_mode_text": "Wait"}
        assert ws.welcome["settings"]["enable_chat"] is False
    goes_on(tabs, back)


def test_one_after_the_other(c, room, people):
    """During a reload those who are back already and those who are still on
    the old workers are in one room."""
    tabs, alice, bob, carol = meet(c, room, people)
    mark = c.mark()
    c.reload(drain_time=1)
    # Not back on an old one that has not heard of it yet.
    c.log_contains("(?s)draining.*draining", mark)
    assert frames_to_the_end(alice)[1] == 1012
    alice = tabs.connect(people.alice).hello("alices")
    assert Lock.of(alice.shown) == Lock(editor=alice, line=[people.bob])
    alice.send("answer_request", answer="hand_over")
    alice.until("handed_over", how="editor")
    alice.until_lock(editor=people.bob, tab="bobs")
    frames_to_the_end(bob)
    bob = tabs.connect(people.bob).hello("bobs")
    assert Lock.of(bob.shown) == Lock(editor=bob)


def test_nobody_comes_back(start, site, redis, room, people):
    """The lock is kept for its editor, then for who has asked."""
    c = start(database_url=site.url, redis_url=redis.url(),
              reclaim_grace=SOON, offer_time=3600, save_poll_interval=0)
    tabs, alice, bob, carol = meet(c, room, people)
    c.stop()
    leases = redis.hold_leases()
    c.start()
    bob = tabs.connect(people.bob).hello("bobs")
    assert Lock.of(bob.shown) == Lock(editor=people.alice, tab="alices",
                                      line=[bob])
    redis.end_leases(leases)
    bob.until_lock(previous=people.alice, line=[bob])
    bob.until_lock(offer=bob, line=[bob])
    bob.send("claim_editor")
    bob.until_lock(editor=bob)

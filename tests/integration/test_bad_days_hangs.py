"""Redis hangs, a machine is cut off from it, a worker is stopped: for longer than
a lease lasts, which is 15 s. These tests take that time.

With redis_settle_time as it is by default.
"""
import contextlib
import os
import signal
import time

import pytest

from outages import FREE, UNKNOWN, Seat, all_shown, mark_all
from utils import unique, wait_for

LEASE = 15                  # STORE_LEASE_MS, in seconds


@pytest.fixture(scope="module")
def staff(site):
    return [site.staff(unique("staff")) for _ in range(6)]


@contextlib.contextmanager
def stopped(pid, seconds):
    """A process does nothing for so long, or longer if it takes the block
    longer."""
    since = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield since
        wait_for(lambda: time.monotonic() - since > seconds, "",
                 seconds + 10)
    finally:
        os.kill(pid, signal.SIGCONT)


# --- F4 ----------------------------------------------------------------------

def ids_in(r, pattern):
    """The ids of workers in all values of the keys: those of a room's members
    and workers, and of the set of all."""
    found = set()
    for key in r.keys(pattern):
        if r.type(key) == "hash":
            for field, value in r.hgetall(key).items():
                found.update(w[:16] for w in (value.split(" ")[0].split(",")
                             if ":members:" in key else [field]))
        elif r.type(key) == "set":
            found |= set(r.smembers(key))
        else:
            found.add(key.rsplit(":", 1)[1])
    return found


def test_f4_redis_hangs(fleet, staff, room):
    """Redis hangs for longer than the leases last: who leaves meanwhile is gone
    when it goes on, and nothing stays of the workers' former ids."""
    f = fleet(1)
    daemon, r = f.machines[0], f.redis.client()
    chat = "chat/" + unique()
    alice = Seat.tab(daemon, staff[0], room)
    early, late = staff[1:3]
    mine = [daemon.worker_of(alice.ws)]
    leavers = {user: [Seat.tab(daemon, user, room, but_not=mine),
                      Seat.page(daemon, user, chat, v1=False)]
               for user in (early, late)}
    talker = Seat.page(daemon, staff[0], chat, v1=False)
    for seat in (alice, talker):
        seat.until_people(staff[:3])
    alice.send("claim_editor")
    all_shown([alice] + [seats[0] for seats in leavers.values()], staff[0])
    former = ids_in(r, "collabd:worker:*")
    assert len(former) >= 2
    f.mark()
    mark_all([alice, talker])
    with stopped(f.redis.process.pid, 25):
        for seat in leavers[early]:
            seat.close()
        f.wait("down")
        # Locks are given up before the lease ends.
        alice.until_editor(UNKNOWN)
        for seat in leavers[late]:
            seat.close()
    f.wait("up")
    for seat in (alice, talker):
        seat.until_people([staff[0]])
    f.wait_members("e:" + room, [staff[0]])
    f.wait_members("c:" + chat.split("/")[1], [staff[0]])
    wait_for(lambda: not former & ids_in(r, "collabd:*worker*") and
             not former & ids_in(r, "collabd:members:*"),
             "the former ids to be gone", 60)
    alice.until_editor(staff[0])
    assert set(alice.told()) == {UNKNOWN, staff[0].id}
    # Nor has the new id been cleaned up after.
    dave = Seat.tab(daemon, staff[3], room)
    dave.until_people([staff[0], staff[3]])
    dave.until_editor(staff[0])


# --- F5 ----------------------------------------------------------------------

def test_f5_cut_off_editor(fleet, staff, room):
    """A machine with editors is cut off from Redis: they are told that nobody
    knows before somebody on another machine gets a lock, and afterwards what
    became of it. Whose lock was not taken has it again."""
    # An editor whose machine is gone keeps no head start here. With one worker
    # those who watch there are told what the editor is; others hear that it has
    # gone and come.
    f = fleet(2, reclaim_grace=0, workers=1)
    there, here = f.machines
    editor, viewer, watcher = staff[:3]
    rooms = [room] + ["shop/item/" + unique() for _ in range(3)]
    # By a tab and by a page of the package; taken, and left alone.
    editors = [Seat.tab(here, editor, rooms[0]),
               Seat.page(here, editor, rooms[1]),
               Seat.tab(here, editor, rooms[2]),
               Seat.page(here, editor, rooms[3])]
    watchers = [Seat.tab(here, watcher, r) for r in rooms]
    viewers = [Seat.page(there, viewer, r) for r in rooms[:2]]
    for one in editors:
        one.until_people([editor, watcher] + [viewer] * (one in editors[:2]))
        one.send("claim_editor")
    all_shown(editors + watchers + viewers, editor)
    everybody = editors + watchers + viewers
    f.mark()
    mark_all(everybody)
    f.relays[1].stall()
    for taker in viewers:
        taker.until_editor(FREE, LEASE + 20)
        taker.send("claim_editor")
    for one, taker, watching in zip(editors, viewers, watchers):
        granted = taker.until_editor(viewer)
        for seat in (one, watching):
            assert seat.until_editor(UNKNOWN) < granted
            assert seat.told() == [UNKNOWN]
    for one in editors[2:] + watchers[2:]:
        one.until_editor(UNKNOWN)
    f.relays[1].restore()
    f.wait("up", here)
    all_shown(editors[:2] + watchers[:2], viewer)
    all_shown(editors[2:] + watchers[2:], editor)
    for seat in everybody[:8]:
        seat.until_people([editor, watcher] +
                          [viewer] * (seat.room in rooms[:2]))
    for one, watching in zip(editors, watchers):
        for seat in (one, watching):
            now = viewer if seat.room in rooms[:2] else editor
            assert set(seat.told()) == {UNKNOWN, now.id}, \
                seat.frames()
    for taker in viewers:
        assert taker.told()[-1] == viewer.id
    # And who has it can go on.
    mark_all(everybody)
    viewers[0].send("release_lock")
    editors[2].send("release_lock")
    all_shown([viewers[0], editors[0], watchers[0], editors[2], watchers[2]],
              FREE)


# --- F6 ----------------------------------------------------------------------

def test_f6_stopped_worker(fleet, staff, room):
    """A worker is stopped for longer than its lease lasts, and goes on: its
    editors, who are still there, are not told that the lock is free, and keep
    it if nobody has claimed it."""
    f = fleet(1)
    daemon = f.machines[0]
    other = "shop/item/" + unique()
    alice = Seat.tab(daemon, staff[0], room)
    pid = daemon.worker_of(alice.ws)
    elsewhere = [p for p in daemon.workers() if p != pid]
    page = Seat.page(daemon, staff[0], other, but_not=elsewhere)
    beside = Seat.tab(daemon, staff[1], room, but_not=elsewhere)
    bobs = [Seat.tab(daemon, staff[2], r, but_not=[pid])
            for r in (room, other)]
    for seat in (alice, page):
        seat.until_people(staff[:3] if seat is alice else
                          [staff[0], staff[2]])
        seat.send("claim_editor")
    all_shown([alice, page, beside] + bobs, staff[0])
    f.mark()
    mark_all([alice, page, beside])
    with stopped(pid, 20):
        for bob in bobs:
            # Whoever it held is taken for gone.
            bob.until_people([staff[2]])
            bob.mark()
    all_shown([alice, page, beside] + bobs, staff[0])
    for bob in bobs:
        bob.until_people(staff[:3] if bob is bobs[0] else
                         [staff[0], staff[2]])
    for seat in (alice, page, beside):
        assert set(seat.told()) <= {UNKNOWN, staff[0].id}, seat.frames()
    for bob in bobs:
        assert bob.told()[-1] == staff[0].id
    mark_all([alice, bobs[0]])
    bobs[0].send("request_edit")
    alice.wait(lambda f: f["type"] == "lock" and f["line"] != [], "the line")
    alice.send("answer_request", answer="hand_over")
    all_shown([alice, beside, bobs[0]], staff[2])

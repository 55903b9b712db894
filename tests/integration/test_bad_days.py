"""Redis comes back with old data, or with none, or refuses writes, while people
edit.

With redis_settle_time as it is by default: that is the time in which all who
were there say what they know.
"""
import contextlib
import os
import signal

import pytest

from outages import FREE, UNKNOWN, Seat, all_shown, mark_all
from utils import free_port, unique, wait_for


@pytest.fixture(scope="module")
def staff(site):
    return [site.staff(unique("staff")) for _ in range(12)]


def none_told_but(seats, *allowed):
    """Since they were marked."""
    for seat in seats:
        others = set(seat.told()) - {getattr(a, "id", a) for a in allowed}
        assert not others, "%s was shown %s" % (seat.user.username,
                                                seat.frames())


def hand_on(seats, one, other):
    """The lock can be given back and claimed: all goes on."""
    mark_all(seats)
    one.send("release_lock")
    all_shown(seats, FREE)
    other.send("claim_editor")
    all_shown(seats, other.user)


# --- F1 ----------------------------------------------------------------------

def old_days(one, two, staff, room):
    """Alice, Bob, Carol and Frank as they are at the moment of the dump, in
    which the lock is free."""
    alice = Seat.tab(one, staff[0], room)
    bob = Seat.tab(two, staff[1], room)
    carol = Seat.page(two, staff[2], room)
    dave = Seat.tab(one, staff[3], room)
    frank = Seat.page(one, staff[5], room)
    seats = [alice, bob, carol, dave, frank]
    for seat in seats:
        seat.until_people(s.user for s in seats)
    alice.send("claim_editor")
    all_shown(seats, alice.user)
    mark_all(seats)
    alice.send("release_lock")
    all_shown(seats, FREE)
    return alice, bob, carol, dave, frank


@pytest.mark.parametrize("machines", [1, 2])
def test_f1_older_data(fleet, staff, room, machines):
    """Redis comes back with data some seconds old: who got the lock since then
    keeps it, all are told the same, and whom the old data has is no ghost."""
    f = fleet(machines)
    one, two = f.machines[0], f.machines[-1]
    alice, bob, carol, dave, frank = old_days(one, two, staff, room)
    assert f.redis.client().save()
    seats = [alice, bob, carol, frank]
    mark_all(seats)
    bob.send("claim_editor")
    all_shown(seats, bob.user)
    dave.close()
    erin = Seat.tab(one, staff[4], room)
    seats.append(erin)
    for seat in seats:
        seat.until_people(s.user for s in seats)
    f.mark()
    mark_all(seats)
    f.redis.stop(signal.SIGKILL)
    f.wait("down")
    frank.close()
    seats.remove(frank)
    f.redis.start()
    f.wait("up")
    # A newcomer is told, and who asks for the lock does not get it.
    grace = Seat.page(one, staff[6], room)
    grace.until("user_joined", user_id=grace.user.id)
    grace.send("request_editor_status")
    grace.until_editor(bob.user)
    carol.send("claim_editor")
    carol.until("error", in_reply_to="claim_editor", code="held")
    alice.send("request_edit")
    for seat in (alice, bob, erin):
        seat.wait(lambda f: f["type"] == "lock" and f["line"] != [],
                  "the line")
    carol.close()
    seats.remove(carol)
    seats.append(grace)
    f.wait_members("e:" + room, [s.user for s in seats])
    for seat in seats:
        seat.until_people(s.user for s in seats)
    none_told_but(seats, bob.user)
    mark_all(seats)
    bob.send("answer_request", answer="hand_over")
    all_shown(seats, alice.user)
    none_told_but(seats, alice.user)


# --- F2 ----------------------------------------------------------------------

@pytest.mark.parametrize("first", ["editors", "viewers"])
def test_f2_empty_while_viewers_act(fleet, staff, room, first):
    """Redis comes back empty while viewers act: the editor, whose socket never
    broke, keeps the lock, whichever machine is back first."""
    f = fleet(2)
    here, there = f.machines
    rooms = [room, "shop/item/" + unique()]
    # A tab is the editor of one room, a page of the package of the other.
    editors = [Seat.tab(here, staff[0], rooms[0]),
               Seat.page(here, staff[0], rooms[1], v1=False)]
    bobs = [Seat.tab(there, staff[1], r) for r in rooms]
    carols = [Seat.page(there, staff[2], r) for r in rooms]
    watching = editors + bobs + carols
    for editor in editors:
        editor.until_people(staff[:3])
        editor.send("claim_editor")
    all_shown(watching, staff[0])
    f.mark()
    mark_all(watching)
    f.redis.stop(signal.SIGKILL)
    f.wait("down")
    for relay in f.relays:
        relay.cut()
    for bob, carol in zip(bobs, carols):
        bob.send("claim_editor")
        bob.send("request_edit")
        carol.send("claim_editor")
    daves = [Seat.page(there, staff[3], r) for r in rooms]
    erins = [Seat.late(there, staff[4], r) for r in rooms]
    # Redis is away for as long as it takes to refuse them.
    for carol in carols:
        carol.until("error", in_reply_to="claim_editor", code="unavailable")
    for carol in carols:
        carol.send("claim_editor")
    f.redis.start()
    order = list(zip(f.machines, f.relays))
    if first == "viewers":
        order.reverse()
    for machine, relay in order:
        relay.restore()
        f.wait("up", machine)
    watching += erins + daves
    for erin in erins:
        erin.until("hello")
    all_shown(erins, staff[0])
    for carol in carols:
        carol.send("claim_editor")
        carol.until("error", in_reply_to="claim_editor", code="held")
    for dave in daves:
        dave.send("request_editor_status")
    all_shown(daves, staff[0])
    for r, dave in zip(rooms, daves):
        f.wait_members("e:" + r, staff[:5])
        dave.until_people(staff[:5])
    f.wait_settled()
    none_told_but(watching, staff[0], UNKNOWN)
    for editor, bob, carol, dave, erin in zip(editors, bobs, carols, daves,
                                              erins):
        hand_on([editor, bob, carol, dave, erin], editor, bob)


# --- F3 ----------------------------------------------------------------------

def test_f3_newcomers(fleet, staff, room):
    """Pages that connect while Redis is down learn of everybody who was there
    before once it is back empty: in rooms and in chats."""
    f = fleet(1)
    daemon = f.machines[0]
    chat = "chat/" + unique()
    before, after = staff[:8], staff[8:]
    seats = []
    for user in before:
        # Of the first two each is on another worker.
        taken = [daemon.worker_of(seats[0].ws)] if len(seats) == 2 else []
        seats.append(Seat.tab(daemon, user, room, but_not=taken))
        seats.append(Seat.page(daemon, user, chat, v1=False))
    for seat in seats:
        seat.until_people(before)
    seats[0].send("claim_editor")
    all_shown(seats[::2], before[0])
    f.mark()
    mark_all(seats)
    f.redis.stop(signal.SIGKILL)
    f.wait("down")
    new = []
    for user in after:
        new.append(Seat.late(daemon, user, room))
        new.append(Seat.page(daemon, user, room, v1=False))
        new.append(Seat.page(daemon, user, chat, v1=False))
    f.redis.start()
    f.wait("up")
    for seat in new + seats:
        seat.until_people(staff)
    all_shown(new[::3], before[0])
    for key in ("e:" + room, "c:" + chat.split("/")[1]):
        f.wait_members(key, staff)
    f.wait_settled()
    # Nor does anybody get lost when the time to be put back is over.
    new[0].send("state", state="dirty")
    for seat in seats[::2] + new[::3]:
        seat.wait(lambda f: f["type"] == "user_present" and
                  f["user"]["user_id"] == after[0].id and
                  f["user"]["state"] == "dirty", "the change of state")
    new[2].send("chat_message", recipient_id=before[7].id, message="there?")
    seats[15].until("chat_message", message="there?")
    for seat in new + seats:
        assert seat.people() | {seat.user.id} == {u.id for u in staff}
    none_told_but(seats + new, before[0], UNKNOWN)


# --- F9 ----------------------------------------------------------------------

@contextlib.contextmanager
def configured(r, **settings):
    """A Redis with other settings; afterwards it has its own again."""
    own = {name: r.config_get(name)[name] for name in settings}
    for name, value in settings.items():
        r.config_set(name, value)
    try:
        yield
    finally:
        for name, value in own.items():
            r.config_set(name, value)


@contextlib.contextmanager
def no_replicas(server):
    with configured(server.client(), **{"min-replicas-to-write": 1}):
        yield "min-replicas-to-write"


@contextlib.contextmanager
def full(server):
    with configured(server.client(), **{"maxmemory-policy": "noeviction",
                                        "maxmemory": 1}):
        yield "maxmemory"


@contextlib.contextmanager
def cannot_save(server):
    """What it writes cannot be moved to where it belongs."""
    r = server.client()
    os.mkdir(server.folder + "/dump.rdb")
    with configured(r, save="3600 1"):
        r.bgsave()
        wait_for(lambda: r.info("persistence")["rdb_last_bgsave_status"] ==
                 "err", "a dump to fail")
        yield "stop-writes-on-bgsave-error"
        # The remedy that health names.
        r.config_set("stop-writes-on-bgsave-error", "no")


@contextlib.contextmanager
def read_only(server):
    """Its master does not answer; what it has can be read."""
    r = server.client()
    r.replicaof("127.0.0.1", free_port())
    try:
        yield "read-only replica"
    finally:
        r.replicaof("NO", "ONE")


def wait_health(daemon, status, words=""):
    """Until whichever worker is asked says so: the workers have been asked
    when one of many has."""
    def all_say():
        said = [daemon.health() for _ in range(12)]
        return all(s == status and words in body for s, body in said)
    wait_for(all_say, "health to be %d with %r, not %s" % (
        status, words, daemon.health()))


def wait_renewed(r):
    """Until every lease was renewed, which comes each 5 s, or has ended: that
    of a worker that is no more."""
    for key in r.keys("collabd:worker:*"):
        wait_for(lambda: r.pttl(key) < 14000, key + " to grow old")
        wait_for(lambda: not 0 < r.pttl(key) < 14000, key + " to be renewed")


@pytest.mark.parametrize("refuse", [no_replicas, full, cannot_save])
def test_f9_refused(fleet, staff, room, refuse):
    """Redis answers and refuses writes: health says what to do, who comes is
    shown what can be read, locks stay as they are, and nothing is granted.
    Later all goes on, on the same sockets."""
    f = fleet(1)
    daemon = f.machines[0]
    free, empty = "shop/item/" + unique(), "shop/item/" + unique()
    chat = "chat/" + unique()
    alice = Seat.tab(daemon, staff[0], room)
    bob = Seat.tab(daemon, staff[1], room)
    carol = Seat.page(daemon, staff[2], free)
    dave = Seat.page(daemon, staff[3], chat, v1=False)
    dave.until("active_users")
    carol.until("user_joined")
    alice.send("claim_editor")
    all_shown([alice, bob], alice.user)
    links = daemon.metrics()["collabd_redis_reconnects_total"]
    f.mark()
    mark_all([alice, bob])
    with refuse(f.redis) as remedy:
        erin = Seat.page(daemon, staff[4], room)
        frank = Seat.late(daemon, staff[5], room)
        grace = Seat.page(daemon, staff[6], empty)
        henry = Seat.page(daemon, staff[7], chat, v1=False)
        erin.until_people([staff[0], staff[1], erin.user])
        erin.send("request_editor_status")
        frank.until("hello")
        all_shown([erin, frank], alice.user)
        frank.until_people([staff[0], staff[1], frank.user])
        grace.until("user_joined", user_id=grace.user.id)
        henry.until_people([dave.user, henry.user])
        for seat in (carol, grace):
            seat.send("claim_editor")
            seat.until("error", in_reply_to="claim_editor",
                       code="unavailable")
        erin.send("claim_editor")
        erin.until("error", in_reply_to="claim_editor", code="held")
        wait_for(lambda: remedy in daemon.health()[1], "the remedy")
        if refuse is full:
            # Leases are renewed all the same: no write like others, and no
            # reason to take Redis for well.
            wait_health(daemon, 503, remedy)
            wait_renewed(f.redis.client())
            wait_health(daemon, 503, remedy)
        assert "takes writes again" not in daemon.log()[f.marks[daemon]:]
    wait_health(daemon, 200)
    seats = [alice, bob, erin, frank]
    f.wait_members("e:" + room, [s.user for s in seats])
    for seat in seats:
        seat.until_people(s.user for s in seats)
    for seat in (dave, henry):
        seat.until_people([dave.user, henry.user])
    f.wait_members("c:" + chat.split("/")[1], [dave.user, henry.user])
    # A lease that cannot be renewed ends.
    none_told_but(seats, alice.user, *[] if refuse is full else [UNKNOWN])
    none_told_but([carol, grace], UNKNOWN)
    assert daemon.metrics()["collabd_redis_reconnects_total"] == links
    hand_on(seats, alice, erin)
    for seat in (carol, grace):
        seat.send("claim_editor")
        seat.until_editor(seat.user)


def test_f9_read_only(fleet, staff, room):
    """Redis has become a replica: perhaps there is a master behind its address
    now, so it is asked again on other connections. The rest is as with other
    refusals."""
    f = fleet(1)
    daemon = f.machines[0]
    alice = Seat.tab(daemon, staff[0], room)
    bob = Seat.page(daemon, staff[1], room)
    alice.until_people([alice.user, bob.user])
    alice.send("claim_editor")
    all_shown([alice, bob], alice.user)
    f.mark()
    mark_all([alice, bob])
    with read_only(f.redis) as words:
        bob.send("claim_editor")
        carol = Seat.page(daemon, staff[2], room)
        f.wait("down")
        wait_for(lambda: words in daemon.health()[1], "the reason")
    wait_health(daemon, 200)
    seats = [alice, bob, carol]
    for seat in seats:
        seat.until_people(s.user for s in seats)
    bob.until("error", in_reply_to="claim_editor")
    carol.send("request_editor_status")
    carol.until_editor(alice.user)
    f.wait_settled()
    none_told_but(seats, alice.user, UNKNOWN)
    hand_on(seats, alice, carol)

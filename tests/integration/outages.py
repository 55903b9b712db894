"""Machines that share a Redis with which something happens, for the tests of bad
days.

    Fleet   one or more daemons, each behind a relay of its own, on one Redis;
            the fixture of that name makes one
    Seat    a page that listens all the time: what it was told, and when

What is to hold is said of all that a page was told since a moment, not only of
the end: told() gives the editors that it was shown, in their order.
"""
import time

import websockets

from tabs import Tab
from utils import Closed, FaultProxy, Loop, Redis, unique, wait_for

FREE = "nobody"             # told: the lock is free
UNKNOWN = "unknown"         # told: who edits is not known


class Fleet:
    """Machines on one Redis, with the product's redis_settle_time."""

    def __init__(self, base, start, site, machines=1, **settings):
        self.redis = Redis(base + "/" + unique("r"))
        settings.setdefault("redis_settle_time", None)
        settings.setdefault("save_poll_interval", 0)
        # A page's release is not to wait for a save.
        settings.setdefault("save_settle", 0)
        self.relays = [FaultProxy(self.redis.daemon_port)
                       for _ in range(machines)]
        self.machines = [
            start(run=False, database_url=site.url,
                  redis_url=self.redis.url(relay.port), **settings)
            for relay in self.relays]
        for machine in self.machines:
            machine.start(wait=False)
        for machine in self.machines:
            machine.wait_up()
        self.marks = None

    def mark(self):
        """What is waited for is what comes from now on."""
        self.marks = {m: m.mark() for m in self.machines}

    def wait(self, state, *machines):
        """Until all workers of these machines, or of all, have said that Redis
        is up, or down."""
        for machine in machines or self.machines:
            machine.redis_state(state, self.marks[machine])

    def members(self, key):
        """Whom Redis knows in a room: ids as texts."""
        return set(self.redis.client().hkeys("collabd:members:" + key))

    def wait_members(self, key, users):
        here = {str(user.pk) for user in users}
        wait_for(lambda: self.members(key) == here,
                 "%s to be in %s" % (here, key))

    def wait_settled(self):
        """Until Redis grants again."""
        r = self.redis.client()
        wait_for(lambda: not r.exists("collabd:unsettled"),
                 "the generation to be settled")

    def stop(self):
        for machine in self.machines:
            machine.close_all()
            machine.stop()
        for relay in self.relays:
            relay.stop()
        self.redis.stop()


def connect(machine, user, room, but_not=(), v1=True):
    """A socket that none of these workers holds."""
    def attempt():
        ws = Tab.open(machine, user, room, v1=v1)
        machine.sockets.append(ws)
        if not but_not or machine.worker_of(ws) not in but_not:
            return ws
        ws.close()
        return None
    return wait_for(attempt, "a socket on another worker")


class Seat:
    """Listens from when it is made. A Tab must have said hello before."""

    def __init__(self, ws, room, *frames):
        self.ws, self.user, self.room = ws, ws.user, room
        # (time.monotonic(), frame), with those that it has heard already.
        self.heard = [(time.monotonic(), frame) for frame in frames]
        self.code = None            # how it was closed
        self.since = 0              # in heard; of told() and the waits
        self.future = Loop.start(self._listen())

    @classmethod
    def tab(cls, machine, user, room, but_not=()):
        """A tab of collabd's own client, on none of these workers."""
        ws = connect(machine, user, room, but_not)
        ws.hello(unique("tab"))
        return cls(ws, room, ws.welcome, ws.presence, ws.shown)

    @classmethod
    def late(cls, machine, user, room):
        """A tab that says hello and waits for no answer."""
        ws = connect(machine, user, room)
        ws.tab = unique("tab")
        ws.send("hello", tab=ws.tab, state="viewing")
        return cls(ws, room)

    @classmethod
    def page(cls, machine, user, room, v1=True, but_not=()):
        """A page of the package; v1: one that is told why it is refused."""
        return cls(connect(machine, user, room, but_not, v1), room)

    async def _listen(self):
        try:
            while True:
                frame = self.ws.read(await self.ws.connection.recv())
                self.heard.append((time.monotonic(), frame))
        except websockets.exceptions.ConnectionClosed as e:
            self.code = e.rcvd.code if e.rcvd else 1006

    def send(self, kind, /, **fields):
        self.ws.send(kind, **fields)

    def close(self):
        self.ws.close()

    def mark(self):
        self.since = len(self.heard)

    def frames(self):
        return [frame for _, frame in self.heard[self.since:]]

    def _problem(self):
        if self.future.done() and self.future.exception() is not None:
            raise self.future.exception()
        if self.code is not None:
            raise Closed(self.code, "")

    def wait(self, fits, what, patience=None):
        """Until it has been told something; (when, frame)."""
        def found():
            for when, frame in self.heard[self.since:]:
                if fits(frame):
                    return when, frame
            self._problem()
            return None
        try:
            return wait_for(found, what, patience)
        except AssertionError as e:
            raise AssertionError("%s; %s heard only %s" % (
                e, self.user.username, self.frames())) from None

    def until(self, kind, **fields):
        return self.wait(lambda f: f["type"] == kind and all(
            f.get(k) == v for k, v in fields.items()),
            "%s %s" % (kind, fields))

    def until_editor(self, who, patience=None):
        """Until it is shown this user, FREE or UNKNOWN; when that was."""
        wanted = getattr(who, "id", who)
        return self.wait(lambda f: editor_in(f) == wanted,
                         "the editor %s" % wanted, patience)[0]

    def told(self):
        """The editors that it was shown since mark(): ids, FREE, UNKNOWN."""
        self._problem()
        all_told = [editor_in(frame) for frame in self.frames()]
        return [who for who in all_told if who is not None]

    def people(self):
        """The ids of those whom it is shown, of all that it ever heard."""
        here = set()
        for _, frame in list(self.heard):
            kind = frame["type"]
            if kind in ("presence", "active_users"):
                here = {u["user_id"] for u in frame["users"]}
            elif kind == "user_joined":
                here.add(frame["user_id"])
            elif kind == "user_present":
                here.add(frame["user"]["user_id"])
            elif kind in ("user_left", "user_absent"):
                here.discard(frame["user_id"])
        return here

    def until_people(self, users):
        wanted = {user.id for user in users}

        def same():
            self._problem()
            return self.people() | {self.user.id} == wanted
        try:
            wait_for(same, "")
        except AssertionError:
            raise AssertionError("%s is shown %s, not %s: %s" % (
                self.user.username, self.people(), wanted,
                self.frames())) from None


def editor_in(frame):
    """Whom a frame makes the editor in the eyes of who reads it; None: it says
    nothing of that. A page of the package is told of nobody for "unknown", too.
    """
    kind = frame["type"]
    if kind == "lock":
        return frame["editor"]["user_id"] if frame["editor"] else FREE
    if kind == "editor_status":
        return frame["editor_id"] or UNKNOWN
    if kind in ("lock_released", "lock_lost"):
        return FREE
    if kind == "lock_unknown":
        return UNKNOWN
    return None


def all_shown(seats, who):
    for seat in seats:
        seat.until_editor(who)


def mark_all(seats):
    for seat in seats:
        seat.mark()

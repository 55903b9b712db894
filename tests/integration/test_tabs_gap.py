"""Tabs of a daemon that is cut off from Redis for a while, and what other
programs do to Redis."""
import datetime
import json

import pytest

from tabs import Lock, Tabs, tabs_of
from utils import FaultProxy, unique


@pytest.fixture(scope="module")
def settings():
    return dict(notification_request_interval=0, reclaim_grace=30,
                save_poll_interval=0, redis_retry_delay=0.05,
                redis_socket_timeout=1)


@pytest.fixture
def cut(start, site, redis, settings):
    """A daemon behind a relay to the same Redis."""
    proxy = FaultProxy(redis.daemon_port)
    c = start(database_url=site.url, redis_url=redis.url(proxy.port),
              **settings)
    c.proxy = proxy
    yield c
    c.close_all()
    c.stop()
    proxy.stop()


def lose(c, how):
    since = c.mark()
    getattr(c.proxy, how)()
    c.redis_state("down", since)


def find(c):
    since = c.mark()
    c.proxy.restore()
    c.redis_state("up", since)


class Seen:
    """Everything that a tab was told since."""

    def __init__(self, ws):
        self.ws, self.people, self.lock = ws, {}, Lock.of(ws.shown)
        self.people.update((u["user_id"], u["state"])
                           for u in ws.presence["users"])

    def until(self, people, **lock):
        """Reads on to where the room is as wanted."""
        while self.people != people or self.lock != Lock(**lock):
            frame = self.ws.next()
            if frame["type"] == "lock":
                self.lock = Lock.of(frame)
            elif frame["type"] == "user_present":
                user = frame["user"]
                self.people[user["user_id"]] = user["state"]
            elif frame["type"] == "user_absent":
                del self.people[frame["user_id"]]
            else:
                raise AssertionError("what is this? %s" % frame)


@pytest.mark.parametrize("how", ["cut", "stall"])
def test_what_happened_meanwhile(cut, collabd, people, room, how):
    """In the frames of always: who came, went, does what, and edits."""
    here, there = Tabs(cut, room), Tabs(collabd, room)
    a, v, r = people.alice.id, people.viewer.id, people.root.id
    alice = here.connect(people.alice).hello("alices")
    seen = Seen(alice)
    seen.until({a: "viewing"})
    bob = there.connect(people.bob).hello("bobs")
    victor = there.connect(people.viewer).hello("victors")
    seen.until({a: "viewing", people.bob.id: "viewing", v: "viewing"})
    lose(cut, how)
    carol = there.connect(people.carol).hello("carols")
    root = there.connect(people.root).hello("roots")
    root.send("claim_editor")
    root.until_lock(editor=root)
    root.send("state", state="dirty")
    carol.until_present(people.root, "dirty")
    bob.close()
    carol.until("user_absent", user_id=people.bob.id)
    carol.send("request_edit")
    for ws in (carol, victor):
        ws.until_lock(editor=root, line=[carol])
    # What cannot be decided is said to be so.
    for kind in ("claim_editor", "request_edit"):
        alice.send(kind)
        alice.refused("unavailable", kind)
    alice.send("chat_message", recipient_id=people.bob.id, message="hi")
    alice.refused("unavailable", "chat_message")
    find(cut)
    seen.until({a: "viewing", v: "viewing", r: "dirty",
                people.carol.id: "viewing"},
               editor=root, line=[people.carol])
    assert states_of(there, people.viewer) == seen.people


def states_of(tabs, user):
    ws = tabs.connect(user).hello(unique())
    return {u["user_id"]: u["state"] for u in ws.presence["users"]}


def test_the_editor_is_cut_off(cut, collabd, people, room):
    """It stays the editor: the lock is in Redis, and so is its worker's
    lease."""
    here, there = Tabs(cut, room), Tabs(collabd, room)
    alice = here.connect(people.alice).hello("alices")
    alice.send("claim_editor")
    alice.until_lock(editor=alice)
    bob = there.connect(people.bob).hello("bobs")
    assert Lock.of(bob.shown) == Lock(editor=alice)
    alice.until_present(people.bob, "viewing")
    lose(cut, "cut")
    # What it does meanwhile is not forgotten.
    alice.state("dirty")
    bob.send("request_edit")
    bob.until_lock(editor=alice, line=[bob])
    find(cut)
    bob.until_present(people.alice, "dirty")
    alice.until_lock(editor=alice, line=[bob])
    alice.send("answer_request", answer="hand_over")
    alice.until("handed_over", how="editor")
    for ws in (alice, bob):
        ws.until_lock(editor=bob)


def test_model_room(cut, collabd, redis, people, room):
    redis.wait_left("shop.item")
    ws = Tabs(cut, "shop.item").connect(people.carol).hello("list")
    assert ws.shown["objects"] == {}
    lose(cut, "cut")
    there = Tabs(collabd, room)
    alice = there.connect(people.alice).hello("alices")
    alice.send("claim_editor")
    alice.until_lock(editor=alice)
    find(cut)
    frame = ws.until("badge")
    assert frame["object"] == room.split("/")[2]
    assert frame["editor"]["user_id"] == people.alice.id
    alice.send("release_lock")
    assert ws.until("badge")["editor"] is None


# --- other programs --------------------------------------------------------

def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(
        timespec="microseconds")


def test_the_package_makes_an_editor(collabd, redis, people, room):
    """A server of the package on the same Redis: found by the slow check,
    and shown as a page of the package."""
    key = "editor:admin_" + room.replace("/", "_")
    redis.wait_left("shop.item")
    lists = Tabs(collabd, "shop.item").connect(people.carol).hello("list")
    with tabs_of(collabd, room) as tabs:
        tabs.open(people.alice)
        tabs.open(people.carol)
        redis.client().set(key, json.dumps({
            "editor_id": people.bob.id, "editor_name": people.bob.email,
            "last_heartbeat": now()}), px=180000)
        for frame in tabs.all_lock(editor=people.bob):
            assert frame["editor"]["name"] == people.bob.email
        frame = lists.until("badge")
        assert frame["editor"]["user_id"] == people.bob.id
        tabs.here[0].send("claim_editor")
        tabs.here[0].refused("held")
        tabs.here[0].send("request_edit")
        tabs.all_lock(editor=people.bob, line=[people.alice])
        redis.client().delete(key)
        # The asker is offered what became free.
        tabs.all_until_lock(line=[people.alice], offer=people.alice)
        assert lists.until("badge")["editor"] is None


def test_the_session_ends(start, site, redis, people, room):
    """Closed with 4401; the lock is kept for its user, as for anybody whose
    connection was lost."""
    c = start(database_url=site.url, redis_url=redis.url(), reclaim_grace=30,
              save_poll_interval=0)
    ann = site.staff(unique("ann"))
    with tabs_of(c, room) as tabs:
        bob = tabs.open(people.bob)
        alice = tabs.editor(ann)
        site("logout", key=ann.cookie)
        assert alice.closed() == 4401
        bob.expect("user_absent", user_id=ann.id)
        bob.lock(previous=ann)

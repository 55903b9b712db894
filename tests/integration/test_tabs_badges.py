"""The room of a model: who edits which object, as a change list shows it."""
import os
import signal
import time

import pytest

from tabs import Tabs, tabs_of
from utils import Redis, alive, unique, wait_for

MODEL = "shop.item"


@pytest.fixture(scope="module")
def settings():
    return dict(notification_request_interval=0, reclaim_grace=2,
                leave_grace=2, save_poll_interval=0, workers=3)


@pytest.fixture
def tabs(collabd, room):
    with tabs_of(collabd, room) as t:
        yield t


@pytest.fixture(autouse=True)
def no_badges(redis):
    redis.wait_left(MODEL)


def watch(daemon, user, n=1, model=MODEL):
    """Tabs of a change list, on different workers as far as there are."""
    tabs = Tabs(daemon, model)
    pids = daemon.workers()
    return [tabs.connect_on(user, lambda p, i=i: p == pids[i % len(pids)])
            .hello("list-%d" % i) for i in range(n)]


def shows(ws):
    return {k: v["user_id"] for k, v in ws.shown["objects"].items()}


def badge(lists, room, user):
    """Each list is told of this object next; who comes and goes there is
    not looked at."""
    for ws in lists:
        frame = ws.until("badge")
        assert frame["object"] == room.split("/", 2)[2], frame
        assert frame["editor"] == (user and {
            "user_id": user.id, "name": user.username}), frame


def value_of(redis, room):
    return redis.client().hget("collabd:editing:m:" + MODEL,
                               room.split("/", 2)[2])


def test_nobody_edits(collabd, people):
    ws = watch(collabd, people.carol)
    assert shows(ws[0]) == {}


def test_on_every_worker(collabd, tabs, people):
    """Claimed, handed over, taken over, given back: each is told."""
    lists = watch(collabd, people.carol, 3)
    alice = tabs.editor(people.alice)
    badge(lists, tabs.room, people.alice)
    bob = tabs.open(people.bob)
    bob.send("request_edit")
    tabs.all_lock(editor=alice, line=[bob])
    alice.send("answer_request", answer="hand_over")
    badge(lists, tabs.room, people.bob)
    late = watch(collabd, people.carol)[0]
    assert shows(late) == {tabs.room.split("/")[2]: people.bob.id}
    root = tabs.open(people.root)
    root.send("take_over")
    badge(lists + [late], tabs.room, people.root)
    root.send("release_lock")
    badge(lists + [late], tabs.room, None)
    assert shows(watch(collabd, people.carol)[0]) == {}


def test_of_a_page_of_the_package(collabd, tabs, people):
    lists = watch(collabd, people.carol, 2)
    page = tabs.plain(people.alice)
    page.send("claim_editor")
    badge(lists, tabs.room, people.alice)
    page.send("heartbeat")              # no news
    page.send("release_lock")
    badge(lists, tabs.room, None)


def test_an_editor_that_is_lost(collabd, tabs, people):
    lists = watch(collabd, people.carol, 2)
    bob = tabs.open(people.bob)
    alice = tabs.editor(people.alice)
    badge(lists, tabs.room, people.alice)
    tabs.gone(alice, cut=True)
    badge(lists, tabs.room, None)
    bob.send("claim_editor")
    badge(lists, tabs.room, people.bob)


def test_only_this_model(collabd, site, people, room):
    """Of a model whose name begins like another's, nothing."""
    boss = site.user(unique("boss"), superuser=True)
    items = watch(collabd, boss)
    shelves = watch(collabd, boss, model="shop.shelf")
    with tabs_of(collabd, "shop/shelf/" + unique()) as shelf, \
            tabs_of(collabd, room) as item:
        shelf.editor(boss)
        item.editor(boss)
        badge(items, room, boss)
        badge(shelves, shelf.room, boss)


@pytest.mark.parametrize("object_id", [
    "a_2Fb", "x y", "\u00e4\u20ac\U0001f600", "q\"'\\", "a%b", "k:v,w",
    "<i>&amp;", "{}[]", "-1", "a.b~c", "%2F", "\u2028", "x" * 255],
    ids=lambda i: ascii(i)[:16])
def test_odd_objects(collabd, people, object_id):
    """As in the URL of the object's page, decoded once."""
    from urllib.parse import quote
    room = "shop/item/" + quote(object_id, safe="")
    lists = watch(collabd, people.carol)
    with tabs_of(collabd, room) as tabs:
        alice = tabs.editor(people.alice)
        badge(lists, "shop/item/" + object_id, people.alice)
        assert shows(watch(collabd, people.carol)[0]) == {
            object_id: people.alice.id}
        alice.send("release_lock")
        badge(lists, "shop/item/" + object_id, None)


def test_heartbeats_make_it_hold_longer(start, site, redis, people, room):
    """And nobody is told."""
    c = start(database_url=site.url, redis_url=redis.url(),
              heartbeat_timeout=8, save_poll_interval=0)
    lists = watch(c, people.carol, 2)
    with tabs_of(c, room) as tabs:
        alice = tabs.editor(people.alice)
        badge(lists, room, people.alice)
        first = value_of(redis, room)
        wait_for(lambda: value_of(redis, room) != first, "a heartbeat")
        now = value_of(redis, room)
        assert int(now.split(" ")[0]) > int(first.split(" ")[0])
        assert now.split(" ", 1)[1] == first.split(" ", 1)[1]
        assert int(now.split(" ")[0]) > time.time() * 1000
        alice.send("release_lock")
        badge(lists, room, None)


def test_what_ran_out_is_taken_away(collabd, tabs, redis, people):
    """Nobody announces it: found by the slow check, and shown to nobody who
    comes later."""
    lists = watch(collabd, people.carol, 2)
    tabs.editor(people.alice)
    badge(lists, tabs.room, people.alice)
    key = "collabd:editing:m:" + MODEL
    field = tabs.room.split("/")[2]
    text = redis.client().hget(key, field)
    redis.client().hset(key, field, "1000 " + text.split(" ", 1)[1])
    badge(lists, tabs.room, None)
    assert not redis.client().hexists(key, field)
    assert shows(watch(collabd, people.carol)[0]) == {}


def test_a_message_that_was_lost(collabd, tabs, redis, people):
    """Another program changed it, or an event did not arrive: the slow check
    finds that too."""
    lists = watch(collabd, people.carol, 2)
    key = "collabd:editing:m:" + MODEL
    until = int((time.time() + 600) * 1000)
    field = tabs.room.split("/")[2]
    redis.client().hset(key, field, "%d %s" % (
        until, '{"user_id":%d,"name":"bob"}' % people.bob.id))
    badge(lists, tabs.room, people.bob)
    redis.client().hdel(key, field)
    badge(lists, tabs.room, None)


@pytest.mark.parametrize("value", ["", "x", "99999999999999", "nonsense {}",
                                   "99999999999999 ", "99999999999999 [1]",
                                   "99999999999999 {\"user_id\":1"])
def test_nonsense_in_redis(collabd, redis, people, value):
    """Is no badge, and stays between us and Redis."""
    key = "collabd:editing:m:" + MODEL
    redis.client().hset(key, "odd", value)
    ws = watch(collabd, people.carol)[0]
    assert shows(ws) == {}
    redis.client().hdel(key, "odd")


def test_everything_was_killed(base, start, site, people, room):
    """Master and workers at once: nobody says that the lock is free. It is
    while the lock holds, and not when that has run out."""
    server = Redis(base + "/" + unique("r"))
    c = start(database_url=site.url, redis_url=server.url(),
              save_poll_interval=0)
    with tabs_of(c, room) as tabs:
        tabs.editor(people.alice)
        pids = [c.process.pid] + c.processes()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        c.process.wait()
        wait_for(lambda: not [p for p in pids if alive(p)], "their end")
    c.start()
    lists = watch(c, people.carol, 2)
    field = room.split("/")[2]
    assert shows(lists[0]) == {field: people.alice.id}
    # The lease of who held it has an end.
    badge(lists, room, None)
    c.close_all()
    c.stop()
    server.stop()


def test_redis_comes_back_empty(base, start, site, people, room):
    """What is edited is known again with the lock's next sign of life."""
    server = Redis(base + "/" + unique("r"))
    c = start(database_url=site.url, redis_url=server.url(),
              heartbeat_timeout=20, redis_retry_delay=0.05,
              save_poll_interval=0)
    with tabs_of(c, room) as tabs:
        lists = watch(c, people.carol, 2)
        alice = tabs.editor(people.alice)
        badge(lists, room, people.alice)
        since = c.mark()
        server.stop()
        c.redis_state("down", since)
        since = c.mark()
        server.start()
        c.redis_state("up", since)
        wait_for(lambda: value_of(server, room), "the badge to be back")
        late = watch(c, people.carol)[0]
        assert shows(late) == {room.split("/")[2]: people.alice.id}
        alice.send("release_lock")
        badge([late], room, None)
    c.stop()
    server.stop()

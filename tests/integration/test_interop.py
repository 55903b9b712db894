"""Redis data as the package's server writes and reads it."""
import datetime
import json

import pytest

from utils import unique, wait_for


@pytest.fixture(scope="module")
def settings():
    return dict(reclaim_grace=20, save_settle=0)


@pytest.fixture
def name():
    return unique("p")


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


class Package:
    """What the package's server does to Redis for one room."""

    def __init__(self, redis, name):
        self.r = redis.client()
        self.room = "admin_shop_item_" + name

    def claim(self, pk, email, **more):
        value = {"editor_id": pk, "editor_name": email,
                 "last_heartbeat": now()}
        value.update(more)
        self.r.setex("editor:" + self.room, 180, json.dumps(value))

    def editor(self):
        text = self.r.get("editor:" + self.room)
        return json.loads(text) if text else None

    def release(self):
        self.r.delete("editor:" + self.room)


@pytest.fixture
def package(redis, name):
    return Package(redis, name)


def test_packages_lock_is_honoured(collabd, people, package, name):
    package.claim(4711, "zoe@example.com")
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined", user_id=people.alice.id)
    alice.send("request_editor_status")
    alice.expect("editor_status", editor_id=4711,
                 editor_name="zoe@example.com")
    alice.send("claim_editor")
    assert alice.quiet()["editor_id"] == 4711
    assert package.editor()["editor_id"] == 4711


def test_packages_claim_behind_our_back(collabd, people, package, name):
    """The cache says "nobody"; the compare-and-set knows better."""
    alice = collabd.join(people.alice, "shop/item/" + name, v1=True)
    alice.expect("user_joined", user_id=people.alice.id)
    package.claim(4711, "zoe@example.com")
    alice.send("claim_editor")
    frame = alice.next()
    while frame["type"] == "editor_status":     # the room learns of the lock
        assert frame["editor_id"] == 4711
        frame = alice.next()
    assert frame["type"] == "error"
    assert package.editor()["editor_id"] == 4711


def test_packages_release_behind_our_back(collabd, people, package, name):
    package.claim(4711, "zoe@example.com")
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined", user_id=people.alice.id)
    package.release()
    # The package does not tell us; the slow check finds it, and a page that
    # hears this reloads and claims.
    alice.until("lock_released", user_id=4711)
    alice.send("claim_editor")
    alice.until("editor_status", editor_id=people.alice.id)
    assert package.editor()["editor_id"] == people.alice.id


def test_every_room_is_checked(collabd, redis, people):
    """Also of more rooms than one script of the slow check is for."""
    names = [unique("p") for _ in range(100)]
    sockets = [collabd.join(people.alice, "shop/item/" + name)
               for name in names]
    for ws in sockets:
        ws.expect("user_joined", user_id=people.alice.id)
    for name in names:
        Package(redis, name).claim(4711, "zoe@example.com")
    for ws in sockets:
        ws.until("editor_status", editor_id=4711)


def test_our_lock_has_the_packages_form(collabd, people, package, name):
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined")
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)
    value = package.editor()
    assert value["editor_id"] == people.alice.id
    assert value["editor_name"] == people.alice.email
    told = datetime.datetime.fromisoformat(value["last_heartbeat"])
    assert told.utcoffset() == datetime.timedelta(0)
    assert 170 < package.r.ttl("editor:" + package.room) <= 180
    modified = package.r.get("last_modified:" + package.room)
    assert datetime.datetime.fromisoformat(modified).utcoffset() is not None
    assert 600000 < package.r.ttl("last_modified:" + package.room) <= 604800
    alice.send("release_lock")
    alice.expect("lock_released")
    assert package.editor() is None
    assert not package.r.exists("previous_editor:" + package.room)


def test_previous_editor(collabd, people, package, name):
    """Ours after a lost connection, then the package's."""
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined")
    alice.send("claim_editor")
    alice.expect("editor_status")
    alice.abort()
    wait_for(lambda: package.editor() is None, "the lock to be freed")
    key = "previous_editor:" + package.room
    assert package.r.get(key) == str(people.alice.id)
    assert 0 < package.r.ttl(key) <= 20


def test_packages_previous_editor_is_honoured(collabd, people, package, name):
    """But for no longer than reclaim_grace, from the first claim on: the
    package writes 300 and 600 seconds, for which nobody could edit."""
    key = "previous_editor:" + package.room
    package.r.setex(key, 300, str(people.bob.id))
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined")
    assert package.r.ttl(key) > 200
    alice.send("claim_editor")
    assert alice.quiet()["editor_id"] is None
    assert 0 < package.r.ttl(key) <= 20
    bob = collabd.join(people.bob, "shop/item/" + name)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.send("claim_editor")
    bob.until("editor_status", editor_id=people.bob.id)


def test_unknown_keys_survive(collabd, people, package, name):
    package.claim(people.alice.id, people.alice.email, reclaimed=True,
                  colour="blue", nested={"a": [1, None]})
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined")
    before = package.editor()["last_heartbeat"]
    alice.send("heartbeat")
    wait_for(lambda: package.editor()["last_heartbeat"] != before,
             "the heartbeat")
    value = package.editor()
    assert value["colour"] == "blue" and value["nested"] == {"a": [1, None]}
    assert value["reclaimed"] is True


@pytest.mark.parametrize("text", [
    "", "x", "[]", "{}", "null", "17", "{\"editor_id\": null}",
    "{\"editor_id\": {}}", "[" * 5000, "{\"editor_id\": 1e400}",
    "{\"editor_id\": 7, \"editor_name\": 17, \"last_heartbeat\": false}",
    "\0" * 100, "x" * 1000000],
    ids=lambda s: ascii(s[:24]))
def test_strange_values(collabd, people, package, name, text):
    """What stands in Redis is input like any other."""
    package.r.set("editor:" + package.room, text)
    package.r.set("previous_editor:" + package.room, text, px=1)
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined", user_id=people.alice.id)
    alice.send("claim_editor")
    alice.send("request_editor_status")
    alice.until("editor_status")
    assert collabd.health()[0] == 200


def test_wrong_type(collabd, people, package, name):
    package.r.rpush("editor:" + package.room, "a list")
    ws = collabd.join(people.alice, "shop/item/" + name)
    ws.send("claim_editor")
    other = collabd.join(people.bob, "shop/item/" + unique())
    other.expect("user_joined", user_id=people.bob.id)
    package.release()


def test_prefix(start, site, redis, people, name):
    c = start(database_url=site.url, redis_url=redis.url(),
              redis_prefix="{one}:")
    alice = c.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined")
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)
    assert redis.client().exists("{one}:editor:admin_shop_item_" + name)
    assert not redis.client().exists("editor:admin_shop_item_" + name)


def test_two_daemons_share_rooms(start, collabd, site, redis, people, name):
    """Two machines on one Redis."""
    other = start(database_url=site.url, redis_url=redis.url())
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined")
    bob = other.join(people.bob, "shop/item/" + name)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.expect("user_joined", user_id=people.alice.id)
    alice.expect("user_joined", user_id=people.bob.id)
    alice.send("claim_editor")
    for ws in (alice, bob):
        ws.expect("editor_status", editor_id=people.alice.id)
    alice.abort()
    bob.expect("user_left", user_id=people.alice.id)
    bob.expect("lock_released", user_id=people.alice.id)


def test_all_keys_have_an_end(collabd, people, redis, package, name):
    """Nothing of ours stays in Redis for ever."""
    alice = collabd.join(people.alice, "shop/item/" + name)
    alice.expect("user_joined")
    alice.send("claim_editor")
    alice.expect("editor_status")
    r = redis.client()
    ours = [k for k in r.keys("*") if k.startswith("collabd:") or name in k]
    assert ours
    assert [k for k in ours if r.ttl(k) == -1] == []

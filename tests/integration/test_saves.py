"""Saves are announced by the admin's log, once its row is committed."""
import json
import os
import signal

import pytest

from tabs import Tabs
from utils import (FaultProxy, PREFIX, Redis, free_port, raw_get, unique,
                   wait_for)

CHANGED = json.dumps([{"changed": {"fields": ["Title", "Price"]}}])


@pytest.fixture(scope="module")
def settings():
    return dict(save_poll_interval=0.2, workers=2)


@pytest.fixture
def item():
    return "a%s" % unique()         # no character that the admin quotes


@pytest.fixture
def tabs(collabd, item):
    yield Tabs(collabd, "shop/item/" + item)
    collabd.close_all()


def test_who_and_what(tabs, people, site, item):
    alice = tabs.open(people.alice)
    bob = tabs.open(people.bob)
    assert alice.welcome["saves"] == "log"
    number = site("log", user=people.alice.pk, model="shop.item",
                  object_id=item, message=CHANGED)
    for ws in (alice, bob):
        ws.expect("saved", id=number, user_id=people.alice.id, name="alice",
                  action="change", fields=["Title", "Price"])
    # Polls overlap; nothing is told twice.
    second = site("log", user=people.bob.pk, model="shop.item",
                  object_id=item, flag=3)
    for ws in (alice, bob):
        ws.expect("saved", id=second, action="delete", fields=[])


def test_what_was_rolled_back_is_no_save(tabs, people, site, item):
    alice = tabs.open(people.alice)
    site("log", user=people.bob.pk, model="shop.item", object_id=item,
         rolled_back=True)
    number = site("log", user=people.bob.pk, model="shop.item",
                  object_id=item)
    alice.expect("saved", id=number)


def test_of_another_object(tabs, people, site, item):
    alice = tabs.open(people.alice)
    site("log", user=people.bob.pk, model="shop.item", object_id=item + "x")
    site("log", user=people.bob.pk, model="shop.shelf", object_id=item)
    number = site("log", user=people.bob.pk, model="shop.item",
                  object_id=item)
    alice.expect("saved", id=number)


def test_every_worker(tabs, people, site, item):
    alice = tabs.open(people.alice)
    other = tabs.daemon.worker_of(alice)
    bob = tabs.open(people.bob, fits=lambda pid: pid != other)
    number = site("log", user=people.carol.pk, model="shop.item",
                  object_id=item)
    alice.expect("saved", id=number, name="carol")
    bob.expect("saved", id=number, name="carol")


def test_quoted_key(collabd, people, site):
    """The log has the key, the URL its quoted form."""
    key = "r/s_%s ü" % unique()
    tabs = Tabs(collabd, "shop/shelf/" + key.replace("_", "_5F").replace(
        "/", "_2F"))
    alice = tabs.open(people.root)
    number = site("log", user=people.root.pk, model="shop.shelf",
                  object_id=key)
    alice.expect("saved", id=number)


def test_newcomer_is_told_the_last_one(tabs, people, site, item):
    alice = tabs.open(people.alice)
    assert alice.welcome["last_save"] is None
    number = site("log", user=people.bob.pk, model="shop.item",
                  object_id=item, message=CHANGED)
    told = alice.expect("saved", id=number)
    bob = tabs.open(people.bob)
    del told["type"]
    assert bob.welcome["last_save"] == told


def test_save_while_nobody_was_there(tabs, people, site, item):
    """Found when the log is read on, or the first time."""
    number = site("log", user=people.bob.pk, model="shop.item",
                  object_id=item, minutes_ago=5)

    def last_save():
        ws = Tabs(tabs.daemon, tabs.room).connect(people.alice)
        ws.hello("t%s" % unique())
        save = ws.welcome["last_save"]
        ws.close()
        return save
    assert wait_for(last_save, "the save")["id"] == number


def test_page_of_the_package(tabs, people, site, item, collabd):
    """It knows a save as content_updated, and is told once: by the click if
    there was one."""
    watcher = tabs.open(people.carol)
    plain = collabd.join(people.bob, tabs.room)
    plain.expect("user_joined", user_id=people.bob.id)
    plain.expect("user_joined", user_id=people.carol.id)
    number = site("log", user=people.carol.pk, model="shop.item",
                  object_id=item)
    watcher.until("saved", id=number)
    plain.expect("content_updated", user_id=people.carol.id)
    plain.send("claim_editor")
    plain.expect("editor_status", editor_id=people.bob.id)
    plain.send("content_updated")
    plain.expect("content_updated", user_id=people.bob.id)
    number = site("log", user=people.bob.pk, model="shop.item",
                  object_id=item)
    watcher.until("saved", id=number)
    assert plain.quiet()["editor_id"] == people.bob.id


def test_worker_that_follows_is_killed(start, people, site, redis):
    """Another one takes the turn."""
    c = start(database_url=site.url, redis_url=redis.url(),
              save_poll_interval=0.2, workers=2)
    key = "k%s" % unique()
    tabs = Tabs(c, "shop/item/" + key)
    alice = tabs.open(people.alice)
    mine = c.worker_of(alice)
    bob = tabs.open(people.bob, fits=lambda pid: pid != mine)
    number = site("log", user=people.carol.pk, model="shop.item",
                  object_id=key)
    alice.until("saved", id=number)
    bob.until("saved", id=number)
    os.kill(mine, signal.SIGKILL)
    number = site("log", user=people.carol.pk, model="shop.item",
                  object_id=key)
    bob.until("saved", id=number)


def test_off(start, people, site, redis):
    c = start(database_url=site.url, redis_url=redis.url(),
              save_poll_interval=0)
    tabs = Tabs(c, "shop/item/%s" % unique())
    alice = tabs.open(people.alice)
    assert alice.welcome["saves"] == "click"
    bob = tabs.open(people.bob)
    alice.send("claim_editor")
    bob.until_lock(editor=alice)
    alice.send("content_updated")
    bob.expect("saved", id=0, user_id=people.alice.id, action="change")


def test_log_that_cannot_be_read(start, people, site, redis):
    """Said once in the log; tabs are told to say it themselves."""
    c = start(database_url=site.url, redis_url=redis.url(),
              save_poll_interval=0.2, admin_log_table="no_such_table")
    tabs = Tabs(c, "shop/item/%s" % unique())

    def saves():
        ws = tabs.connect(people.alice)
        ws.hello("t%s" % unique())
        told = ws.welcome["saves"]
        ws.close()
        return told == "click"
    wait_for(saves, "the log to be given up")
    assert "no_such_table" in c.log()
    assert raw_get(c.port, "/%s/health" % PREFIX)[0] == 200


# --- a Redis that is not well ------------------------------------------------

class Sick:
    """A Redis of a test's own behind a relay, and a daemon that gives up on a
    command early; with a tab and a page of the package in a room."""

    def __init__(self, base, start, site, people, postgres, **settings):
        self.site, self.people, self.postgres = site, people, postgres
        self.server = Redis(base + "/" + unique("r"))
        self.proxy = FaultProxy(self.server.daemon_port)
        self.daemon = start(database_url=site.url, save_poll_interval=0.2,
                            redis_url=self.server.url(self.proxy.port),
                            redis_socket_timeout=1, redis_retry_delay=0.05,
                            **settings)
        self.item = "s%s" % unique()
        self.tabs = Tabs(self.daemon, "shop/item/" + self.item)
        self.daemon.redis_state("up")

    def meet(self):
        self.alice = self.tabs.open(self.people.alice)
        self.page = self.tabs.plain(self.people.bob)
        # The log is followed, and Redis takes what is found.
        self.told(self.save())

    def save(self, user=None, **more):
        return self.site("log", user=(user or self.people.carol).pk,
                         model="shop.item", object_id=self.item, **more)

    def save_others(self, number, n):
        """Of other objects: more than a poll reads again, or at once."""
        self.postgres.sql(
            "INSERT INTO django_admin_log (action_time, user_id,"
            " content_type_id, object_id, object_repr, action_flag,"
            " change_message) SELECT now(), user_id, content_type_id,"
            " 'm' || g, '', 2, '' FROM django_admin_log,"
            " generate_series(1, %s) g WHERE id = %s", [n, number],
            self.site.database)

    def told(self, number):
        self.alice.until("saved", id=number)
        while self.page.until("content_updated")["user_id"] != \
                self.people.carol.id:
            pass

    def save_in_vain(self):
        """A save whose announcement has been given up."""
        # Each command of this room that comes later is refused later.
        self.proxy.watch()
        number = self.save()
        self.proxy.wait_sent('"id":%d' % number)
        self.alice.send("claim_editor")
        self.alice.until("error", in_reply_to="claim_editor")
        return number

    def told_at_last(self, number):
        """Who connects anew."""
        ws = self.tabs.connect(self.people.alice)
        ws.hello("t%s" % unique())
        if (ws.welcome["last_save"] or {}).get("id") != number:
            ws.until("saved", id=number)

    def another_in_vain(self):
        """Of another object. What was read before it was given up as well."""
        self.item, item = self.item + "x", self.item
        number = self.save_in_vain()
        self.item = item
        return number

    def stop(self):
        self.daemon.close_all()
        self.daemon.stop()
        self.proxy.stop()
        self.server.stop()


@pytest.fixture
def sick(base, start, site, people, postgres, request):
    made = Sick(base, start, site, people, postgres,
                workers=getattr(request, "param", 1))
    made.meet()
    yield made
    made.stop()


def is_replica_of(redis, port):
    redis.execute_command("REPLICAOF", *(("127.0.0.1", port) if port
                                         else ("NO", "ONE")))


REFUSALS = {
    "NOREPLICAS": (lambda r: r.config_set("min-replicas-to-write", 1),
                   lambda r: r.config_set("min-replicas-to-write", 0)),
    "OOM": (lambda r: r.config_set("maxmemory", 1),
            lambda r: r.config_set("maxmemory", 0)),
    "READONLY": (lambda r: is_replica_of(r, free_port()),
                 lambda r: is_replica_of(r, None)),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_redis_refuses(sick, reason):
    """It is announced when Redis takes it again; so is a later one."""
    refuse, relent = REFUSALS[reason]
    refuse(sick.server.client())
    number = sick.save_in_vain()
    relent(sick.server.client())
    sick.told(number)
    sick.told(sick.save())


def test_requests_are_lost(sick):
    sick.proxy.drop()
    number = sick.save_in_vain()
    sick.proxy.restore()
    sick.told(number)


def test_many_while_redis_refuses(sick):
    """More than a page of the log, and one of an object in the oldest."""
    refuse, relent = REFUSALS["NOREPLICAS"]
    refuse(sick.server.client())
    number = sick.save_in_vain()
    sick.save_others(number, 1200)
    relent(sick.server.client())
    sick.told(number)


@pytest.mark.parametrize("sick", [2], indirect=True)
def test_refused_and_the_workers_die(sick):
    """Who comes after them goes on where they were."""
    refuse, relent = REFUSALS["NOREPLICAS"]
    refuse(sick.server.client())
    number = sick.save_in_vain()
    sick.save_others(number, 300)
    sick.another_in_vain()
    for pid in sick.daemon.workers():
        os.kill(pid, signal.SIGKILL)
    relent(sick.server.client())
    sick.told_at_last(number)


def test_refused_and_reloaded(sick):
    refuse, relent = REFUSALS["NOREPLICAS"]
    refuse(sick.server.client())
    number = sick.save_in_vain()
    sick.save_others(number, 300)
    sick.another_in_vain()
    before = sick.daemon.workers()
    sick.daemon.reload()
    wait_for(lambda: not set(before) & set(sick.daemon.workers()),
             "the old worker to end")
    relent(sick.server.client())
    sick.told_at_last(number)


def test_redis_forgets(base, start, site, people, postgres):
    """A save is announced while one worker does not hear of it, and Redis loses
    it before that worker asks."""
    sick = Sick(base, start, site, people, postgres, workers=2)
    alice = sick.tabs.open(people.alice)
    mine = sick.daemon.worker_of(alice)
    bob = sick.tabs.open(people.bob, fits=lambda pid: pid != mine)
    stopped = sick.daemon.worker_of(bob)
    redis = sick.server.client()
    mark = sick.daemon.mark()
    os.kill(stopped, signal.SIGSTOP)
    for kind in ("normal", "pubsub"):
        redis.client_kill_filter(_type=kind, skipme=True)
    sick.daemon.log_contains(r"w\d+\[%d\] \w+: redis is up" % mine, mark)
    number = sick.save()
    alice.until("saved", id=number)
    sick.save_others(number, 300)
    wait_for(lambda: redis.exists("collabd:saved:e:shop/item/m300"),
             "all to be announced")
    redis.flushall()
    os.kill(stopped, signal.SIGCONT)
    bob.until("saved", id=number)
    sick.stop()


def test_everything_was_down(sick):
    """It is found when the log is read for the first time."""
    sick.daemon.close_all()
    sick.server.stop()
    sick.daemon.stop()
    number = sick.save()
    sick.save_others(number, 300)
    sick.daemon.start(wait=False)
    sick.server.start()
    sick.daemon.wait_up()
    sick.told_at_last(number)


def test_from_before_the_room(sick):
    """A page of the package shows it already, and is not loaded anew."""
    old = sick.save(minutes_ago=5)
    sick.alice.until("saved", id=old)
    number = sick.save(user=sick.people.alice)
    sick.alice.until("saved", id=number)
    sick.page.expect("content_updated", user_id=sick.people.alice.id)

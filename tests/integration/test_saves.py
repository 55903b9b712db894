"""Saves are announced by the admin's log, once its row is committed."""
import json
import os
import signal

import pytest

from tabs import Tabs
from utils import PREFIX, raw_get, unique, wait_for

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

"""Pages of the package: several of one user, of which none gives back what
another one edits, and what others are told of a save that is not done yet."""
import datetime
import json
import time

import pytest

from tabs import Tabs
from utils import SOON, unique, wait_for


@pytest.fixture(scope="module")
def settings():
    return dict(workers=2, save_poll_interval=0.2, save_settle=60)


@pytest.fixture(scope="module")
def hasty(start, site, redis):
    """Nobody waits for a save for long."""
    return start(database_url=site.url, redis_url=redis.url(), workers=2,
                 save_poll_interval=0.2, save_settle=1)


@pytest.fixture(scope="module")
def clicked(start, site, redis):
    """Nobody follows the admin's log."""
    return start(database_url=site.url, redis_url=redis.url(), workers=2,
                 save_poll_interval=0, save_settle=SOON)


class Object:
    """An object, its room, and the pages that show it."""

    def __init__(self, daemon, site, redis):
        self.daemon, self.site, self.redis = daemon, site, redis.client()
        self.key = "g%s" % unique()
        self.room = "shop/item/" + self.key

    def page(self, user):
        return Page(self, user)

    def editor(self, user):
        page = self.page(user)
        page.send("claim_editor")
        page.until("editor_status", editor_id=user.id)
        return page

    def state(self):
        """What the rules keep of the room."""
        text = self.redis.hget("collabd:room:e:" + self.room, "state")
        return json.loads(text) if text else {}

    def save(self, user):
        """The POST is done."""
        return self.site("log", user=user.pk, model="shop.item",
                         object_id=self.key)


class Page:
    """What is told besides who is there."""

    def __init__(self, of, user):
        self.of, self.user = of, user
        self.ws = of.daemon.join(user, of.room)
        self.modified = self.ws.expect("user_joined",
                                       user_id=user.id)["last_modified"]

    def send(self, kind, **fields):
        self.ws.send(kind, **fields)

    def next(self):
        while True:
            frame = self.ws.next()
            if frame["type"] not in ("user_joined", "user_left"):
                return frame

    def expect(self, kind, **fields):
        frame = self.next()
        assert frame["type"] == kind, frame
        assert {k: frame[k] for k in fields} == fields, frame
        return frame

    def until(self, kind, **fields):
        return self.ws.until(kind, **fields)

    def status(self):
        """Who edits, and nothing came before that answer."""
        self.send("request_editor_status")
        return self.expect("editor_status")["editor_id"]

    def beat(self):
        """Says that it edits, and that has arrived: each time of a page that
        the rules know is an event."""
        before = self.of.state().get("pages")
        self.send("heartbeat")
        wait_for(lambda: self.of.state().get("pages") not in (None, before),
                 "the heartbeat to be stored")

    def save(self, frames=("release_lock", "content_updated", "release_lock"),
             **fields):
        """A click on Save, up to where the browser sends its POST."""
        for kind in frames:
            self.send(kind, **(fields if kind == "content_updated" else {}))
        self.until("content_updated", user_id=self.user.id)
        self.ws.close()

    def reload(self):
        self.ws.close()
        return Page(self.of, self.user)


@pytest.fixture
def item(collabd, site, redis):
    yield Object(collabd, site, redis)
    collabd.close_all()


def utc(text):
    return datetime.datetime.fromisoformat(text)


# --- several pages of one user -----------------------------------------------

def n_pages(item, n):
    return lambda: len(item.state().get("pages", [])) == n


def test_second_page_is_closed(item, people):
    one = item.editor(people.alice)
    one.beat()
    two = item.page(people.alice)
    assert two.status() == people.alice.id
    two.beat()
    bob = item.page(people.bob)
    two.send("release_lock")
    wait_for(n_pages(item, 1), "the page to be forgotten")
    two.ws.close()
    # What one socket says is done in its order, and bob hears of it.
    one.send("content_updated")
    bob.expect("content_updated", user_id=people.alice.id)
    assert bob.status() == people.alice.id
    one.send("release_lock")
    assert "timestamp" in bob.expect("lock_released",
                                     user_id=people.alice.id)


def test_second_page_saves(item, people):
    """The lock stays with the user, who says so of the save."""
    item.editor(people.alice).beat()
    two = item.page(people.alice)
    two.beat()
    bob = item.page(people.bob)
    two.save()
    bob.expect("content_updated", user_id=people.alice.id)
    assert bob.status() == people.alice.id


@pytest.mark.parametrize("elsewhere", [False, True])
def test_second_page_breaks(item, people, elsewhere):
    """It has not given the lock back; the first one does."""
    one = item.editor(people.alice)
    one.beat()
    two = item.page(people.alice)
    while (item.daemon.worker_of(one.ws) != item.daemon.worker_of(two.ws)) \
            != elsewhere:
        two = two.reload()
    two.beat()
    bob = item.page(people.bob)
    two.ws.abort()
    wait_for(n_pages(item, 1), "the page to be forgotten")
    one.send("release_lock")
    bob.expect("lock_released", user_id=people.alice.id)


def test_page_that_never_said_that_it_edits(item, people):
    """It does not keep the other one from releasing, and does not release."""
    one = item.editor(people.alice)
    one.beat()
    two = item.page(people.alice)
    bob = item.page(people.bob)
    two.send("release_lock")
    two.send("content_updated")         # behind it, and heard by all
    bob.expect("content_updated", user_id=people.alice.id)
    assert bob.status() == people.alice.id
    one.send("release_lock")
    bob.expect("lock_released", user_id=people.alice.id)


def test_page_and_tab(collabd, item, people):
    """The tab's lock is not the page's to give; what both have, the tab."""
    tabs = Tabs(collabd, item.room)
    tab = tabs.editor(people.alice)
    page = item.page(people.alice)
    bob = item.page(people.bob)
    page.send("release_lock")
    page.send("content_updated")
    bob.expect("content_updated", user_id=people.alice.id)
    assert bob.status() == people.alice.id
    page.beat()
    tab.send("release_lock")
    tab.until_lock(editor=people.alice)
    assert bob.status() == people.alice.id
    page.send("release_lock")
    bob.expect("lock_released", user_id=people.alice.id)


# --- saves that take their time ----------------------------------------------

FRAMES = {
    "Save": ("release_lock", "content_updated", "release_lock"),
    "Save and add another": ("content_updated", "release_lock"),
}


@pytest.mark.parametrize("button", FRAMES)
def test_others_wait_for_the_row(item, people, button):
    alice = item.editor(people.alice)
    bob = item.page(people.bob)
    alice.save(FRAMES[button])
    bob.until("lock_released", user_id=people.alice.id)
    # It loads anew, and may read the old text.
    bob = bob.reload()
    carol = item.page(people.carol)
    assert bob.status() == carol.status() == people.alice.id
    bob.send("claim_editor")
    wait_for(lambda: item.state().get("claims"), "the claim to wait")
    assert bob.status() == people.alice.id
    item.save(people.alice)
    told = carol.expect("content_updated", user_id=people.alice.id)
    assert utc(told["timestamp"]) > utc(carol.modified)
    assert "timestamp" not in carol.expect("lock_released",
                                           user_id=people.alice.id)
    carol.expect("editor_status", editor_id=people.bob.id)
    # Before it is the editor, or its script would not load it anew.
    bob.expect("content_updated", user_id=people.alice.id)
    bob.expect("lock_released", user_id=people.alice.id)
    bob.expect("editor_status", editor_id=people.bob.id)


def test_next_editor_without_a_claim(item, people):
    """As the scripts do: they are told that there is an editor, wait, load
    anew, and find that there is none."""
    alice = item.editor(people.alice)
    bob = item.page(people.bob)
    alice.save()
    bob.until("lock_released")
    bob = bob.reload()
    assert bob.status() == people.alice.id
    item.save(people.alice)
    bob.expect("content_updated")
    bob.expect("lock_released")
    bob = bob.reload()
    assert bob.status() is None
    bob.send("claim_editor")
    bob.expect("editor_status", editor_id=people.bob.id)


def test_who_saves_comes_back(item, people):
    """Save and continue: it does not wait for its own row, and is not loaded
    anew when that comes."""
    alice = item.editor(people.alice)
    bob = item.page(people.bob)
    alice.save()
    bob.until("lock_released")
    bob = bob.reload()
    assert bob.status() == people.alice.id
    alice = item.page(people.alice)
    assert alice.status() is None
    alice.send("claim_editor")
    for page in (alice, bob):
        page.expect("editor_status", editor_id=people.alice.id)
    item.save(people.alice)
    bob.expect("content_updated", user_id=people.alice.id)
    wait_for(lambda: "saver" not in item.state(), "the save to be known")
    assert alice.status() == bob.status() == people.alice.id


def test_row_of_another_save(item, people):
    alice = item.editor(people.alice)
    bob = item.page(people.bob)
    alice.save()
    bob.until("lock_released")
    bob = bob.reload()
    item.save(people.carol)
    bob.expect("content_updated", user_id=people.carol.id)
    assert bob.status() == people.alice.id
    item.save(people.alice)
    bob.expect("content_updated", user_id=people.alice.id)
    bob.expect("lock_released", user_id=people.alice.id)
    assert bob.status() is None


def test_browser_whose_clock_is_ahead(item, people):
    """What the log says is later than what the browser said, or the scripts
    would not heed it."""
    alice = item.editor(people.alice)
    bob = item.page(people.bob)
    alice.save(timestamp="2099-01-02T03:04:05.678Z")
    bob.until("content_updated", user_id=people.alice.id)
    bob = bob.reload()
    item.save(people.alice)
    told = bob.expect("content_updated", user_id=people.alice.id)
    assert utc(told["timestamp"]) > utc(bob.modified)
    assert utc(bob.modified).year == 2099


def test_release_without_a_save(item, people):
    """Whoever claims waits for a moment, and is not told of it."""
    alice = item.editor(people.alice)
    bob = item.page(people.bob)
    alice.send("release_lock")
    bob.expect("lock_released", user_id=people.alice.id)
    assert bob.status() is None
    bob.send("claim_editor")
    bob.expect("editor_status", editor_id=people.bob.id)


def test_without_the_log(clicked, site, redis, people):
    item = Object(clicked, site, redis)
    alice = item.editor(people.alice)
    bob = item.page(people.bob)
    alice.save()
    since = time.monotonic()
    bob.until("lock_released")
    bob = bob.reload()
    assert bob.status() == people.alice.id
    bob.send("claim_editor")
    assert "timestamp" not in bob.expect("lock_released",
                                         user_id=people.alice.id)
    # Not earlier, whatever made this test slow.
    assert time.monotonic() - since > SOON / 2
    bob.expect("editor_status", editor_id=people.bob.id)


def test_save_that_takes_too_long(hasty, site, redis, people):
    """Somebody else has become the editor, with the old text. Its script heeds
    a save only while it believes that it is not the editor: so it is told."""
    item = Object(hasty, site, redis)
    alice = item.editor(people.alice)
    bob = item.page(people.bob)
    carol = item.page(people.carol)
    alice.save()
    bob.until("lock_released")
    bob = bob.reload()
    bob.send("claim_editor")
    bob.until("editor_status", editor_id=people.bob.id)
    carol.until("editor_status", editor_id=people.bob.id)
    item.save(people.alice)
    bob.expect("editor_status", editor_id=None)
    bob.expect("content_updated", user_id=people.alice.id)
    bob.send("claim_editor")
    bob.expect("editor_status", editor_id=people.bob.id)
    carol.expect("content_updated", user_id=people.alice.id)
    # An editor who has seen that save is left alone.
    wait_for(lambda: "saver" not in item.state(), "the save to be known")
    item.save(people.alice)
    carol.expect("content_updated", user_id=people.alice.id)
    bob.expect("content_updated", user_id=people.alice.id)
    assert bob.status() == people.bob.id

"""Rooms in which tabs and pages of the package are together, and messages
from tab to tab."""
import pytest

from tabs import tabs_of
from utils import SOON, wait_for


@pytest.fixture(scope="module")
def settings():
    return dict(notification_request_interval=0, reclaim_grace=3600,
                leave_grace=60, save_poll_interval=0, offer_time=3600,
                chat_message_max=100, save_settle=0)


@pytest.fixture(scope="module")
def short(start, site, redis, settings):
    """What runs out does so soon."""
    return start(database_url=site.url, redis_url=redis.url(),
                 **dict(settings, leave_grace=SOON))


@pytest.fixture
def tabs(daemon, room):
    with tabs_of(daemon, room) as t:
        yield t


class Plain:
    """A page of the package, and what it is told besides people."""

    def __init__(self, tabs, user, v1=False):
        self.ws, self.user = tabs.plain(user, v1=v1), user

    def send(self, kind, **fields):
        self.ws.send(kind, **fields)

    def expect(self, kind, **fields):
        """The next frame that is not about who is there."""
        while True:
            frame = self.ws.next()
            if frame["type"] not in ("user_joined", "user_left"):
                break
        assert frame["type"] == kind, frame
        for name, value in fields.items():
            assert frame[name] == value, frame
        return frame

    def status(self, editor):
        """Nothing came before the answer, and this is the editor."""
        self.send("request_editor_status")
        self.expect("editor_status", editor_id=editor)


@pytest.fixture(params=["plain", "v1"])
def page(request):
    return lambda tabs, user: Plain(tabs, user, v1=request.param == "v1")


# --- mixed rooms -----------------------------------------------------------

def test_a_page_is_the_editor(tabs, people, page):
    """It is asked in its own words, and gives the lock back in them."""
    bob = tabs.open(people.bob)
    alice = page(tabs, people.alice)
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id,
                 editor_name=people.alice.email)
    frame = bob.lock(editor=people.alice)
    assert frame["editor"] == {"user_id": people.alice.id, "name": "alice",
                               "tab": None}
    bob.send("request_edit")
    alice.expect("attention_requested", user_id=people.bob.id,
                 username=people.bob.email)
    bob.lock(editor=people.alice, line=[bob])
    alice.send("release_lock")
    alice.expect("lock_released", user_id=people.alice.id)
    bob.lock(line=[bob], offer=bob)
    # Its scripts claim what is free; the offer is for somebody else.
    alice.send("claim_editor")
    bob.lock(line=[bob, (people.alice, False)], offer=bob)
    if alice.ws.subprotocol is not None:
        alice.expect("claim_pending", position=2)
    bob.send("claim_editor")
    bob.lock(editor=bob)
    alice.expect("editor_status", editor_id=people.bob.id,
                 editor_name=people.bob.email)
    alice.status(people.bob.id)
    bob.quiet()


def test_a_tab_is_the_editor(tabs, people, page):
    alice = tabs.editor(people.alice)
    bob = page(tabs, people.bob)
    bob.status(people.alice.id)
    bob.send("request_attention")
    bob.expect("attention_requested", user_id=people.bob.id)
    alice.expect("attention_requested", user_id=people.bob.id,
                 username=people.bob.email)
    def refused():
        return tabs.daemon.metrics()[
            "collabd_claims_total{result=\"refused\"}"]
    before = refused()
    bob.send("claim_editor")
    if bob.ws.subprotocol is not None:
        bob.expect("error", code="held")
    # No page of the package is told; the release must not come first.
    wait_for(lambda: refused() > before, "the claim to be refused")
    bob.status(people.alice.id)
    alice.send("release_lock")
    bob.expect("lock_released", user_id=people.alice.id)
    alice.lock()
    bob.send("claim_editor")
    bob.expect("editor_status", editor_id=people.bob.id)
    alice.lock(editor=people.bob)
    bob.send("heartbeat")
    bob.status(people.bob.id)
    alice.quiet()


def test_a_page_saves(tabs, people, page):
    """With nobody to follow the log, the click is a save for tabs."""
    bob = tabs.open(people.bob)
    alice = page(tabs, people.alice)
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)
    bob.lock(editor=people.alice)
    alice.send("content_updated")
    told = alice.expect("content_updated", user_id=people.alice.id)
    saved = bob.expect("saved", id=0, user_id=people.alice.id, name="alice",
                       action="change", fields=[])
    assert saved["when"] == told["timestamp"]


def test_a_tab_saves(tabs, people, page):
    alice = tabs.editor(people.alice)
    two = tabs.open(people.alice)
    bob = tabs.open(people.bob)
    carol = page(tabs, people.carol)
    alice.send("content_updated")
    tabs.all_expect("saved", id=0, user_id=people.alice.id)
    carol.expect("content_updated", user_id=people.alice.id,
                 username=people.alice.email)
    bob.send("content_updated")
    bob.refused("not_editor", "content_updated")
    # The click that saves and the end of the page are close together.
    alice.send("content_updated")
    alice.send("release_lock", grace=True)
    tabs.all_expect("saved", user_id=people.alice.id)
    for ws in (alice, two, bob):
        ws.lock(previous=people.alice)
    carol.expect("content_updated", user_id=people.alice.id)
    carol.expect("lock_released", user_id=people.alice.id)


@pytest.mark.daemon("short")
def test_a_page_waits_among_tabs(tabs, people, page):
    """A head start ends: whoever is first in the line gets the lock, the
    page at once and the tab by an offer."""
    alice = tabs.editor(people.alice)
    bob = page(tabs, people.bob)
    carol = tabs.open(people.carol)
    alice.send("release_lock", grace=True)
    tabs.all_lock(previous=alice)
    bob.expect("lock_released", user_id=people.alice.id)
    bob.send("claim_editor")
    tabs.all_lock(previous=alice, line=[(people.bob, False)])
    if bob.ws.subprotocol is not None:
        bob.expect("claim_pending", position=1)
    carol.send("request_edit")
    tabs.all_lock(previous=alice, line=[(people.bob, False), carol])
    bob.expect("editor_status", editor_id=people.bob.id)
    # Who has asked, still asks.
    tabs.all_lock(editor=people.bob, line=[carol])


def test_take_over_from_a_page(tabs, people, page):
    alice = page(tabs, people.alice)
    root = tabs.open(people.root)
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)
    root.lock(editor=people.alice)
    root.send("take_over", reason="sorry")
    root.expect("taken_over", reason="sorry")
    root.lock(editor=root)
    alice.expect("editor_status", editor_id=people.root.id,
                 editor_name=people.root.email)
    alice.send("heartbeat")
    if alice.ws.subprotocol is not None:
        alice.expect("error", code="not_editor")
    alice.status(people.root.id)
    root.quiet()


def test_hand_over_between_tabs_in_front_of_a_page(tabs, people, page):
    carol = page(tabs, people.carol)
    alice = tabs.editor(people.alice)
    carol.expect("editor_status", editor_id=people.alice.id)
    bob = tabs.open(people.bob)
    bob.send("request_edit")
    carol.expect("attention_requested", user_id=people.bob.id)
    tabs.all_lock(editor=alice, line=[bob])
    alice.send("answer_request", answer="hand_over")
    tabs.all_expect("handed_over")
    tabs.all_lock(editor=bob)
    carol.expect("editor_status", editor_id=people.bob.id,
                 editor_name=people.bob.email)
    carol.status(people.bob.id)


def test_a_page_and_a_tab_of_one_user(tabs, people, page):
    """They have one lock, which goes from the page to the tab."""
    alice = page(tabs, people.alice)
    tab = tabs.open(people.alice)
    bob = tabs.open(people.bob)
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)
    tabs.all_lock(editor=people.alice)
    tab.send("claim_editor")
    tab.lock(editor=people.alice)
    tab.send("claim_editor", move=True)
    tabs.all_lock(editor=tab)
    alice.status(people.alice.id)
    # It is not the page's to give back.
    alice.send("release_lock")
    alice.status(people.alice.id)
    tab.send("release_lock")
    alice.expect("lock_released", user_id=people.alice.id)
    tabs.all_lock()
    assert bob.quiet()


def test_a_silent_page_loses_the_lock(start, site, redis, people, room):
    """A page of the package has to say that it is alive, whatever tabs do."""
    c = start(database_url=site.url, redis_url=redis.url(),
              heartbeat_timeout=1)
    with tabs_of(c, room) as tabs:
        bob = tabs.open(people.bob)
        alice = Plain(tabs, people.alice)
        alice.send("claim_editor")
        alice.expect("editor_status", editor_id=people.alice.id)
        bob.lock(editor=people.alice)
        bob.expect("lock_lost", why="silent")
        bob.lock()
        assert "timestamp" not in alice.expect("lock_released",
                                               user_id=people.alice.id)


# --- chat ------------------------------------------------------------------

def say(ws, to, text):
    ws.send("chat_message", recipient_id=getattr(to, "id", to), message=text)


@pytest.fixture(scope="module")
def wide(start, site, redis, settings):
    """Three workers."""
    return start(database_url=site.url, redis_url=redis.url(), workers=3,
                 **settings)


@pytest.mark.parametrize("model", [False, True], ids=["edit", "model"])
def test_chat_reaches_every_tab_of_two_and_no_one_else(wide, redis, people,
                                                       room, model):
    if model:
        room = "shop.item"
        redis.wait_left(room)
    with tabs_of(wide, room) as tabs:
        pids = wide.workers()
        alices = [tabs.open(people.alice, fits=lambda p, i=i: p == pids[i])
                  for i in range(3)]
        bobs = [tabs.open(people.bob, fits=lambda p, i=i: p == pids[i])
                for i in range(3)]
        carol = tabs.open(people.carol)
        plain = None if model else Plain(tabs, people.bob, v1=True)
        tabs.mark(people.viewer)
        text = "gr\u00fc\u00dfe \U0001f600 \"q\" \\ \n <b>"
        say(alices[0], people.bob, text)
        frames = [ws.expect("chat_message", sender_id=people.alice.id,
                            sender_name="alice", sender_avatar=None,
                            sender_email=people.alice.email,
                            recipient_id=people.bob.id, message=text)
                  for ws in alices + bobs]
        assert all(f == frames[0] for f in frames)
        say(bobs[1], people.carol, "for carol")
        for ws in bobs + [carol]:
            ws.expect("chat_message", message="for carol",
                      sender_id=people.bob.id)
        say(carol, people.carol, "note to self")
        carol.expect("chat_message", message="note to self")
        tabs.silence()
        if plain is not None:
            plain.status(None)


def test_chat_that_is_refused(tabs, people):
    alice = tabs.open(people.alice)
    tabs.open(people.bob)
    tabs.mark(people.viewer)
    say(alice, people.bob, "x" * 100)
    for ws in tabs.here[:2]:
        ws.expect("chat_message", message="x" * 100)
    for text, code in (("x" * 101, "too_long"), ("\u00e4" * 51, "too_long"),
                       ("", "empty"), (None, "empty"), (7, "empty")):
        say(alice, people.bob, text)
        alice.refused(code, "chat_message")
    for to in (None, "", 0, 1.5, [people.bob.id], True):
        say(alice, to, "hi")
        alice.refused("empty", "chat_message")
    tabs.silence()


def test_chat_with_nobody(tabs, people):
    """It has gone out all the same: the sender's tabs show it."""
    alice = tabs.open(people.alice)
    tabs.open(people.bob)
    tabs.mark(people.viewer)
    say(alice, 999999, "is there anybody")
    alice.expect("chat_message", recipient_id=999999)
    tabs.silence()


def test_chat_of_one_room_is_not_heard_in_another(collabd, redis, people,
                                                  room):
    redis.wait_left("shop.item")
    with tabs_of(collabd, room) as here, tabs_of(collabd, "shop.item") as o:
        alice, bob = here.open(people.alice), here.open(people.bob)
        other = o.open(people.bob)
        say(alice, people.bob, "here")
        for ws in (alice, bob):
            ws.expect("chat_message", message="here")
        say(other, people.bob, "there")
        other.expect("chat_message", message="there")
        assert bob.quiet() and alice.quiet()


def test_chat_is_off(start, site, redis, people, room):
    c = start(database_url=site.url, redis_url=redis.url(),
              enable_chat=False)
    with tabs_of(c, room) as tabs:
        alice = tabs.open(people.alice)
        bob = tabs.open(people.bob)
        say(alice, people.bob, "hi")
        alice.refused("disabled", "chat_message")
        bob.quiet()

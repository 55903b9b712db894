"""Tabs: the lock. Who edits, in which tab, and what is kept for whom."""
import datetime
import json
import os
import signal

import pytest

from tabs import Lock, tabs_of
from utils import PATIENCE, SOON, unique, wait_for


@pytest.fixture(scope="module")
def settings():
    """Nothing runs out."""
    return dict(notification_request_interval=0, reclaim_grace=3600,
                leave_grace=60, save_poll_interval=0)


@pytest.fixture(scope="module")
def short(start, site, redis, settings):
    """What runs out does so soon."""
    return start(database_url=site.url, redis_url=redis.url(),
                 **dict(settings, reclaim_grace=SOON, leave_grace=SOON))


@pytest.fixture
def tabs(daemon, room):
    with tabs_of(daemon, room) as t:
        yield t


@pytest.fixture(scope="module")
def stale(start, site, redis):
    """A lock is stale soon without a sign of life."""
    return start(database_url=site.url, redis_url=redis.url(),
                 heartbeat_timeout=SOON, reclaim_grace=3600,
                 save_poll_interval=0)


@pytest.fixture
def hasty(stale, room):
    with tabs_of(stale, room) as t:
        yield t


def elsewhere(collabd, ws):
    """Another worker than that of a socket."""
    mine = collabd.worker_of(ws)
    return lambda pid: pid != mine


def beat(redis, room):
    """When the editor was last heard of, as Redis has it."""
    text = redis.client().get("editor:admin_" + room.replace("/", "_"))
    return datetime.datetime.fromisoformat(
        json.loads(text)["last_heartbeat"])


# --- claim and release -----------------------------------------------------

def test_claim_and_release(tabs, site, people):
    ann = site.staff(unique("ann"), fields={"first_name": "Ann",
                                            "last_name": "Lee"})
    alice = tabs.open(ann)
    assert Lock.of(alice.shown) == Lock()
    tabs.open(people.bob, fits=elsewhere(tabs.daemon, alice))
    tabs.mark(people.viewer)
    alice.send("claim_editor")
    for frame in tabs.all_lock(editor=alice):
        assert frame["editor"] == {"user_id": ann.id, "name": "Ann Lee",
                                   "tab": alice.tab}
    tabs.silence()
    carol = tabs.open(people.carol)
    assert Lock.of(carol.shown) == Lock(editor=alice)
    alice.send("release_lock")
    tabs.all_lock()
    tabs.silence()


def test_claim_of_a_held_lock(tabs, people):
    tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    tabs.mark(people.carol)
    bob.send("claim_editor")
    bob.refused("held", "claim_editor")
    tabs.silence()


def test_release_by_another_user(tabs, people):
    tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    tabs.mark(people.carol)
    bob.send("release_lock")
    bob.refused("not_editor", "release_lock")
    bob.send("release_lock", grace=True)
    bob.refused("not_editor", "release_lock")
    tabs.silence()


def test_view_only_user(tabs, people):
    victor = tabs.open(people.viewer)
    tabs.mark(people.carol)
    for kind in ("claim_editor", "request_edit", "take_over"):
        victor.send(kind)
        victor.refused("forbidden", kind)
    tabs.silence()


def test_claim_of_the_editor_itself(tabs, people):
    """Answered with the lock, to this tab alone."""
    alice = tabs.editor(people.alice)
    tabs.open(people.bob)
    tabs.mark(people.carol)
    alice.send("claim_editor")
    alice.lock(editor=alice)
    alice.send("claim_editor", move=True)
    alice.lock(editor=alice)
    tabs.silence()


def test_only_true_moves_a_lock(tabs, people):
    one = tabs.editor(people.alice)
    two = tabs.open(people.alice)
    tabs.mark(people.carol)
    for move in (False, None, "true", 1, "yes"):
        two.send("claim_editor", move=move)
        two.lock(editor=one)
    tabs.silence()


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_move_between_own_tabs(tabs, people, where):
    one = tabs.editor(people.alice)
    fits = elsewhere(tabs.daemon, one)
    two = tabs.open(people.alice, fits=fits if where == "elsewhere" else
                    lambda pid: not fits(pid))
    assert Lock.of(two.shown) == Lock(editor=one)
    tabs.mark(people.bob)
    two.send("claim_editor")
    two.lock(editor=one)
    two.send("claim_editor", move=True)
    tabs.all_lock(editor=two)
    # What the first one does is not to give back another tab's lock.
    one.send("release_lock", grace=True)
    one.refused("not_editor", "release_lock")
    one.send("release_lock")
    one.refused("not_editor", "release_lock")
    tabs.silence()
    # Nor is its end.
    tabs.gone(one)
    tabs.silence()
    two.send("release_lock")
    tabs.all_lock()


def test_the_line_is_kept_by_a_move(tabs, people):
    one = tabs.editor(people.alice)
    two = tabs.open(people.alice)
    bob = tabs.open(people.bob)
    bob.send("request_edit")
    tabs.all_lock(editor=one, line=[bob])
    two.send("claim_editor", move=True)
    tabs.all_lock(editor=two, line=[bob])


def test_permission_is_taken_away(tabs, site, redis):
    """The lock goes with it, and what is said is that."""
    ann = site.user(unique("ann"), permissions=["shop.change_item"],
                    groups={"viewers": ["shop.view_item"]})
    bob = site.staff(unique("bob"))
    alice = tabs.editor(ann)
    watcher = tabs.open(bob)
    site("sql", text="DELETE FROM auth_user_user_permissions "
         "WHERE user_id = %s", args=[ann.pk])
    tabs.all_expect("lock_lost", why="forbidden", **{
        "from": {"user_id": ann.id, "name": ann.username}})
    tabs.all_lock()
    alice.send("claim_editor")
    alice.refused("forbidden")
    watcher.send("claim_editor")
    tabs.all_lock(editor=watcher)


# --- a page that goes away -------------------------------------------------

def test_grace_is_for_the_one_who_left(tabs, people):
    """A reload: released, gone, back with the tab's id; nobody else gets the
    lock meanwhile, and who tried is told to wait."""
    alice = tabs.editor(people.alice, tab="reloaded")
    bob = tabs.open(people.bob)
    alice.send("release_lock", grace=True)
    tabs.all_lock(previous=alice)
    tabs.gone(alice)
    bob.expect("user_absent", user_id=people.alice.id)
    bob.send("claim_editor")
    bob.lock(previous=people.alice, line=[(bob, False)])
    alice = tabs.open(people.alice, tab="reloaded")
    assert Lock.of(alice.shown) == Lock(previous=people.alice,
                                        line=[(bob, False)])
    alice.send("claim_editor")
    # Who waited, waits no more: there is somebody to watch.
    tabs.all_lock(editor=alice)
    bob.quiet()


def until_of(lock):
    """When the head start ends, in seconds from now."""
    until = datetime.datetime.fromisoformat(lock["previous"]["until"])
    return (until - datetime.datetime.now(datetime.timezone.utc)
            ).total_seconds()


@pytest.mark.parametrize("code,most", [(1001, 60), (1000, 3600), (4000, 3600)])
def test_who_closes_because_the_page_goes(tabs, people, code, most):
    """Firefox closes the socket, with 1001, before the page can say anything:
    that is leave_grace. Whoever else closes may have lost the connection."""
    alice = tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    alice.close(code)
    tabs.here.remove(alice)
    lock = bob.until("lock")
    assert lock["editor"] is None
    assert lock["previous"]["user_id"] == people.alice.id
    assert most / 2 < until_of(lock) <= most


def test_another_tab_goes(tabs, people):
    """Of a user who edits in one: the lock stays where it is."""
    alice = tabs.editor(people.alice)
    other = tabs.open(people.alice, tab="other")
    bob = tabs.open(people.bob)
    other.close(1001)
    tabs.here.remove(other)
    bob.send("claim_editor")
    bob.until("error", code="held")
    late = tabs.open(people.carol)
    assert Lock.of(late.shown) == Lock(editor=alice)


@pytest.mark.daemon("short")
def test_grace_ends(tabs, people):
    """Who waits gets the lock without asking again."""
    alice = tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    carol = tabs.open(people.carol)
    alice.send("release_lock", grace=True)
    tabs.all_lock(previous=alice)
    bob.send("claim_editor")
    tabs.all_lock(previous=alice, line=[(bob, False)])
    carol.send("claim_editor")
    tabs.all_lock(previous=alice, line=[(bob, False), (carol, False)])
    tabs.all_lock(editor=bob)


@pytest.mark.daemon("short")
def test_grace_ends_unused(tabs, people, redis):
    """Nobody waited: whoever comes then has it."""
    alice = tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    alice.send("release_lock", grace=True)
    tabs.all_lock(previous=alice)
    key = "previous_editor:admin_" + tabs.room.replace("/", "_")
    assert redis.client().get(key) == people.alice.pk
    wait_for(lambda: not redis.client().exists(key), "the grace to end")
    bob.send("claim_editor")
    tabs.all_lock(editor=bob)


def test_grace_is_given_away(tabs, people):
    """Came back and does not want it."""
    alice = tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    alice.send("release_lock", grace=True)
    tabs.all_lock(previous=alice)
    bob.send("claim_editor")
    tabs.all_lock(previous=alice, line=[(bob, False)])
    alice.send("release_lock")
    tabs.all_lock(editor=bob)


def test_no_grace(start, site, redis, people, room):
    c = start(database_url=site.url, redis_url=redis.url(), leave_grace=0)
    with tabs_of(c, room) as tabs:
        alice = tabs.editor(people.alice)
        tabs.open(people.bob)
        alice.send("release_lock", grace=True)
        tabs.all_lock()


def test_what_happens_meanwhile_is_no_news_of_the_lock(tabs, people):
    """Time goes by, people come and change: the head start is as it was."""
    alice = tabs.editor(people.alice)
    tabs.open(people.bob)
    tabs.open(people.bob, fits=elsewhere(tabs.daemon, alice))
    tabs.mark(people.viewer)
    tabs.gone(alice, cut=True)
    for ws in tabs.here:
        ws.expect("user_absent", user_id=people.alice.id)
    first = tabs.all_lock(previous=people.alice)
    assert first[0]["previous"]["until"]
    for _ in range(5):
        tabs.silence()


@pytest.mark.daemon("short")
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_lost_connection(tabs, people, where):
    """Without a word: kept for reclaim_grace, then for who waits."""
    bob = tabs.open(people.bob)
    fits = elsewhere(tabs.daemon, bob)
    alice = tabs.editor(people.alice, fits=fits if where == "elsewhere" else
                        lambda pid: not fits(pid))
    tabs.gone(alice, cut=True)
    bob.expect("user_absent", user_id=people.alice.id)
    bob.lock(previous=people.alice)
    bob.send("claim_editor")
    bob.lock(previous=people.alice, line=[(bob, False)])
    bob.lock(editor=bob)


def test_lost_connection_is_back(hasty, people):
    bob = hasty.open(people.bob)
    alice = hasty.editor(people.alice, tab="same")
    hasty.gone(alice, cut=True)
    bob.expect("user_absent", user_id=people.alice.id)
    bob.lock(previous=people.alice)
    alice = hasty.open(people.alice, tab="same")
    assert Lock.of(alice.shown) == Lock(previous=people.alice)
    alice.send("claim_editor")
    hasty.all_lock(editor=alice)


def test_the_editors_other_tab_stays(tabs, people):
    """The tab that edits is lost, its user is not: the lock stays as it is,
    and the other tab may have it."""
    one = tabs.editor(people.alice)
    two = tabs.open(people.alice, fits=elsewhere(tabs.daemon, one))
    tabs.open(people.bob)
    tabs.mark(people.viewer)
    tabs.gone(one, cut=True)
    tabs.silence()
    two.send("claim_editor")
    two.lock(editor=people.alice, tab=one.tab)
    two.send("claim_editor", move=True)
    tabs.all_lock(editor=two)


# --- signs of life ---------------------------------------------------------

@pytest.mark.parametrize("where", ["alone", "watched"])
def test_the_server_keeps_the_lock(hasty, people, redis, where):
    """A tab says nothing for longer than heartbeat_timeout and stays the
    editor; nobody is told anything of it."""
    alice = hasty.editor(people.alice)
    hasty.mark(people.alice if where == "alone" else people.bob)
    since = beat(redis, hasty.room)
    wait_for(lambda: (beat(redis, hasty.room) - since).total_seconds() >
             2.2 * SOON, "two timeouts to go by", PATIENCE + 3 * SOON)
    hasty.silence()
    carol = hasty.open(people.carol)
    assert Lock.of(carol.shown) == Lock(editor=alice)
    carol.send("claim_editor")
    carol.refused("held")


def test_own_heartbeats_are_silent(tabs, people, redis):
    alice = tabs.editor(people.alice)
    tabs.mark(people.bob)
    since = beat(redis, tabs.room)
    for _ in range(3):
        alice.send("heartbeat")
    wait_for(lambda: beat(redis, tabs.room) > since, "a heartbeat")
    tabs.silence()
    tabs.marker.send("heartbeat")
    tabs.marker.refused("not_editor", "heartbeat")


def test_a_dead_tab_loses_the_lock(hasty, people):
    """Its user has another page open, so that it did not leave; but nothing
    speaks for that tab any more."""
    one = hasty.editor(people.alice)
    two = hasty.open(people.alice, fits=elsewhere(hasty.daemon, one))
    bob = hasty.open(people.bob)
    hasty.gone(one, cut=True)
    hasty.all_expect("lock_lost", why="silent", **{
        "from": {"user_id": people.alice.id, "name": "alice"}})
    hasty.all_lock()
    bob.quiet()
    two.send("claim_editor")
    hasty.all_lock(editor=two)


def test_a_tab_that_is_back_in_time(hasty, people, redis):
    one = hasty.editor(people.alice, tab="same")
    hasty.open(people.alice)
    hasty.mark(people.bob)
    hasty.gone(one, cut=True)
    one = hasty.connect(people.alice).hello("same")
    assert Lock.of(one.shown) == Lock(editor=one)
    since = beat(redis, hasty.room)
    wait_for(lambda: (beat(redis, hasty.room) - since).total_seconds() >
             1.2 * SOON, "a timeout to go by", PATIENCE + 2 * SOON)
    hasty.silence()


@pytest.fixture(params=["here", "elsewhere"])
def lone(hasty, people, redis, request):
    """A lock that grew stale in a dead tab while nobody but its user was
    there: shown to nobody who comes, and still the user's."""
    one = hasty.editor(people.alice, tab="dead")
    mine = hasty.daemon.worker_of(one)
    two = hasty.open(people.alice, fits=lambda pid: pid == mine)
    hasty.gone(one, cut=True)
    wait_for(lambda: (datetime.datetime.now(datetime.timezone.utc) -
                      beat(redis, hasty.room)).total_seconds() > 1.1 * SOON,
             "the lock to grow stale", PATIENCE + 2 * SOON)
    two.quiet()
    bob = hasty.open(people.bob, fits=lambda pid: (
        pid == mine) == (request.param == "here"))
    assert Lock.of(bob.shown) == Lock()
    bob.state("dirty")
    for ws in (two, bob):
        ws.present(people.bob, "dirty")
        ws.quiet()
    return two, bob


def test_a_lone_stale_lock_is_free(lone, hasty):
    two, bob = lone
    bob.send("claim_editor")
    hasty.all_until_lock(editor=bob)


def test_a_lone_stale_lock_comes_back(lone, hasty, people):
    """Its tab is there again before anybody else has claimed: who was shown
    a free lock is shown that."""
    two, bob = lone
    one = hasty.connect(people.alice).hello("dead")
    bob.until_lock(editor=one)
    bob.send("claim_editor")
    bob.refused("held")


def test_a_killed_worker(start, site, redis, people, room):
    """Its users have not said that they go: each lock is kept for its
    editor."""
    c = start(database_url=site.url, redis_url=redis.url(), reclaim_grace=60,
              save_poll_interval=0)
    with tabs_of(c, room) as tabs:
        bob = tabs.open(people.bob)
        alice = tabs.editor(people.alice, tab="mine",
                            fits=elsewhere(c, bob))
        os.kill(c.worker_of(alice), signal.SIGKILL)
        tabs.here.remove(alice)
        bob.until_lock(previous=people.alice)
        alice = tabs.open(people.alice, tab="mine")
        alice.send("claim_editor")
        tabs.all_lock(editor=alice)

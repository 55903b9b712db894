"""Tabs: hello, and who is here. What a socket of collabd's own client is
shown from its hello on."""
import datetime
import os
import signal

import pytest

from tabs import Lock, Tab, tabs_of
from utils import FaultProxy, Redis, Refused, handshake, unique, wait_for


@pytest.fixture(scope="module")
def settings():
    return dict(notification_request_interval=0, save_poll_interval=0,
                save_settle=0)


@pytest.fixture
def tabs(collabd, room):
    with tabs_of(collabd, room) as t:
        yield t


def states(presence):
    return {u["user_id"]: u["state"] for u in presence["users"]}


# --- hello -----------------------------------------------------------------

def test_order_of_the_first_frames(tabs, people):
    """hello, presence, lock: before anything else."""
    alice = tabs.connect(people.alice)
    alice.send("hello", tab="k3x_-", state="dirty")
    first = []
    while "lock" not in first:
        first.append(alice.next()["type"])
    assert first == ["user_joined", "hello", "presence", "lock"]
    alice.present(people.alice, "dirty")
    alice.quiet()


def test_hello_says_who_one_is(site, tabs):
    ann = site.staff(unique("ann"), fields={"first_name": "Ann",
                                            "last_name": "Lee"})
    ws = tabs.open(ann)
    assert ws.welcome["you"] == {
        "user_id": ann.id, "name": "Ann Lee", "username": ann.username,
        "email": ann.email, "avatar_url": None}
    assert ws.welcome["may_change"] is True
    assert ws.welcome["may_take_over"] is False
    assert ws.welcome["last_save"] is None
    now = datetime.datetime.fromisoformat(ws.welcome["now"])
    real = datetime.datetime.now(datetime.timezone.utc)
    assert abs((now - real).total_seconds()) < 60
    assert [u for u in ws.presence["users"]] == [
        dict(ws.welcome["you"], state="viewing",
             since=ws.presence["users"][0]["since"])]


def test_hello_says_what_one_may(tabs, people):
    victor = tabs.open(people.viewer)
    root = tabs.open(people.root)
    assert victor.welcome["may_change"] is False
    assert victor.welcome["may_take_over"] is False
    assert root.welcome["may_change"] is True
    assert root.welcome["may_take_over"] is True


def test_settings(tabs, people):
    """As they are by default: the client has texts of its own."""
    ws = tabs.open(people.alice)
    assert ws.welcome["settings"] == {
        "texts": {}, "enable_chat": True, "chat_message_max": 4096,
        "notification_request_interval": 0, "handover_countdown": 60,
        "handover_hold": 300, "offer_time": 20, "save_check": "on",
        "save_check_timeout": 3, "admin_url": "admin"}
    assert ws.welcome["saves"] == "click"


def test_save_checks_are_counted(start, site, redis, people, room):
    """By their results; other words, and pages of the package, are not."""
    c = start(database_url=site.url, redis_url=redis.url())
    results = ["same", "differs", "gone", "login", "timeout", "error",
               "unreadable"]
    with tabs_of(c, room) as tabs:
        alice = tabs.open(people.alice)
        for n, result in enumerate(results):
            for _ in range(n + 1):
                alice.send("save_check", result=result)
        alice.send("save_check", result="anything")
        alice.send("save_check", result=7)
        alice.send("save_check")
        # The answer comes after all of it.
        alice.send("ping")
        alice.expect("pong")
        metrics = c.metrics()
        assert [metrics["collabd_save_checks_total{result=\"%s\"}" % r]
                for r in results] == [1, 2, 3, 4, 5, 6, 7]
        alice.quiet()


def test_settings_of_a_site(start, site, redis, people, room):
    """Numbers in seconds; of the texts those alone that the site has set."""
    text = "Bearbeitet von {editor_name} \"jetzt\" \\ <b>"
    c = start(database_url=site.url, redis_url=redis.url(),
              viewer_mode_text=text, chat_user_list_title="Leute",
              enable_chat=False, chat_message_max=77, offer_time=5,
              handover_countdown=20, handover_hold=10, save_check="log",
              save_check_timeout="0.5",
              notification_request_interval=3, admin_url="boss/admin")
    with tabs_of(c, room) as tabs:
        ws = tabs.open(people.alice)
        assert ws.welcome["settings"] == {
            "texts": {"viewer_mode_text": text,
                      "chat_user_list_title": "Leute"},
            "enable_chat": False, "chat_message_max": 77,
            "notification_request_interval": 3, "handover_countdown": 20,
            "handover_hold": 10, "offer_time": 5, "save_check": "log",
            "save_check_timeout": 0.5, "admin_url": "boss/admin"}
        assert ws.welcome["saves"] == "log"


@pytest.mark.parametrize("tab", [
    "", "a" * 65, "a b", "a.b", "\u00e4", "a\u0000", None, 17, ["a"]],
    ids=lambda t: repr(t)[:12])
def test_bad_tab_ids(tabs, people, tab):
    ws = tabs.connect(people.alice)
    ws.expect("user_joined")
    ws.send("hello", tab=tab, state="viewing")
    assert ws.expect("error", in_reply_to="hello")["code"] == "bad_hello"
    # It is no tab: the frames of the package are for it.
    ws.send("request_editor_status")
    ws.expect("editor_status", editor_id=None)


@pytest.mark.parametrize("tab", ["a", "_", "-", "a" * 64,
                                 "ABCXYZabcxyz0189_-"], ids=lambda t: t[:12])
def test_good_tab_ids(tabs, people, tab):
    ws = tabs.editor(people.alice, tab=tab)
    assert ws.tab == tab


def test_hello_without_tab(tabs, people):
    ws = tabs.connect(people.alice)
    ws.expect("user_joined")
    ws.send("hello")
    assert ws.expect("error", in_reply_to="hello")["code"] == "bad_hello"


@pytest.mark.parametrize("state", ["", "asleep", None, 7, "x" * 1000])
def test_unknown_states_are_viewing(tabs, people, state):
    """A later client may know more than we do."""
    ws = tabs.connect(people.alice)
    ws.send("hello", tab="one", state=state)
    ws.until("lock")
    ws.present(people.alice, "viewing")
    ws.state("dirty")
    ws.present(people.alice, "dirty")
    ws.state(state)
    ws.present(people.alice, "viewing")


def test_hello_without_the_subprotocol(tabs, people):
    """Is not a word of the package's protocol."""
    ws = tabs.plain(people.alice)
    ws.send("hello", tab="one", state="viewing")
    assert ws.quiet()["editor_id"] is None
    ws.send("request_edit")
    ws.send("take_over")
    ws.send("state", state="dirty")
    assert ws.quiet()["editor_id"] is None
    assert states(tabs.open(people.bob).presence)[people.alice.id] == "none"


def test_what_needs_a_hello(tabs, people):
    """collabd.v1 alone makes no tab."""
    ws = tabs.connect(people.root)
    ws.expect("user_joined")
    for kind in ("state", "request_edit", "cancel_request", "take_over",
                 "answer_request", "chat_message"):
        ws.send(kind, state="dirty", answer="later", recipient_id=1,
                message="hi")
        assert ws.expect("error")["code"] == "unknown_type"
    ws.send("request_editor_status")
    ws.expect("editor_status", editor_id=None)


def test_hello_twice(tabs, people):
    """Shows everything anew; the last id counts."""
    bob = tabs.open(people.bob)
    alice = tabs.editor(people.alice, tab="old")
    alice.hello("new", "dirty")
    assert states(alice.presence) == {people.alice.id: "dirty",
                                      people.bob.id: "viewing"}
    assert alice.shown["editor"]["tab"] == "old"
    for ws in (alice, bob):
        ws.present(people.alice, "dirty")
    alice.send("claim_editor", move=True)
    tabs.all_lock(editor=alice, tab="new")
    tabs.gone(bob)
    alice.expect("user_absent", user_id=people.bob.id)
    alice.quiet()


def test_hello_before_the_room_has_answered(base, start, site, people, room):
    """A page says it at once; what it says is kept until it can be
    answered."""
    server = Redis(base + "/" + unique("r"))
    proxy = FaultProxy(server.daemon_port)
    c = start(database_url=site.url, redis_url=server.url(proxy.port))
    with tabs_of(c, room) as tabs:
        proxy.stall()
        ws = tabs.connect(people.alice)
        ws.send("hello", tab="early", state="idle")
        ws.send("claim_editor")
        ws.send("state", state="dirty")
        proxy.restore()
        ws.tab = "early"
        for kind in ("user_joined", "hello", "presence"):
            ws.expect(kind)
        ws.lock()
        left = {"dirty", "editor"}
        while left:
            frame = ws.next()
            if frame["type"] == "user_present":
                left.discard(frame["user"]["state"])
            else:
                assert Lock.of(frame) == Lock(editor=ws)
                left.discard("editor")
    c.stop()
    proxy.stop()
    server.stop()


def test_base_frames_end_with_hello(tabs, people):
    """Neither who comes, nor who goes, nor who edits is said twice."""
    alice = tabs.open(people.alice)
    bob = tabs.plain(people.bob, v1=True)
    bob.expect("user_joined", user_id=people.alice.id)
    bob.send("claim_editor")
    alice.lock(editor=people.bob)
    bob.send("release_lock")
    alice.lock()
    bob.close()
    alice.expect("user_absent", user_id=people.bob.id)
    alice.quiet()


@pytest.mark.parametrize("value", ["", "7", "7 ", "7 nonsense", "7 [1]",
                                   "7 {\"id\":7", "{}", " "])
def test_nonsense_for_a_save(tabs, redis, people, value):
    """What another program wrote to Redis does not reach a browser."""
    redis.client().set("collabd:saved:e:" + tabs.room, value)
    ws = tabs.open(people.alice)
    assert ws.welcome["last_save"] is None
    ws.quiet()


def test_unknown_messages(tabs, people):
    alice = tabs.open(people.alice)
    bob = tabs.open(people.bob)
    alice.raw("{")
    alice.refused("bad_json")
    alice.send("no_such_type")
    alice.refused("unknown_type")
    alice.send("answer_request", answer="perhaps")
    alice.refused("bad_answer", "answer_request")
    alice.send("presence", users=[])
    alice.refused("unknown_type")
    alice.quiet()
    bob.quiet()


def test_hello_in_a_room_of_the_packages_chat(collabd, people):
    ws = collabd.join(people.alice, "chat/%s" % unique("page"), v1=True)
    ws.expect("active_users")
    ws.expect("user_joined")
    ws.send("hello", tab="one", state="viewing")
    assert ws.expect("error", in_reply_to="hello")["code"] == "bad_hello"


# --- ping ------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["edit", "model"])
def test_ping(collabd, redis, people, room, kind):
    """Answered in its order, to that socket and no other."""
    if kind == "model":
        room = MODEL
        redis.wait_left(MODEL)
    with tabs_of(collabd, room) as tabs:
        alice, bob = tabs.open(people.alice), tabs.open(people.bob)
        for ws in tabs.here:
            ws.quiet()
        alice.send("ping")
        alice.expect("pong")
        alice.send("ping")
        alice.send("no_such_type")
        alice.send("ping")
        alice.expect("pong")
        alice.refused("unknown_type")
        alice.expect("pong")
        alice.quiet()
        bob.quiet()


def test_ping_before_hello(tabs, people):
    """A socket of our client is no tab yet; here it is heard all the same."""
    alice = tabs.connect(people.alice)
    alice.expect("user_joined")
    alice.send("ping")
    alice.expect("pong")
    alice.quiet()


def test_ping_in_a_room_of_the_packages_chat(collabd, people):
    ws = collabd.join(people.alice, "chat/%s" % unique("page"), v1=True)
    ws.expect("active_users")
    ws.expect("user_joined")
    ws.send("ping")
    ws.expect("pong")


def test_ping_without_the_subprotocol(tabs, people):
    """Is not a word of the package's protocol."""
    ws = tabs.plain(people.alice)
    ws.send("ping")
    ws.quiet()


def test_ping_while_redis_does_not_answer(base, start, site, people, room):
    """It asks about the worker, and waits for nothing: neither behind what
    is under way, nor before the room is entered."""
    server = Redis(base + "/" + unique("r"))
    proxy = FaultProxy(server.daemon_port)
    c = start(database_url=site.url, redis_url=server.url(proxy.port))
    with tabs_of(c, room) as tabs:
        alice = tabs.open(people.alice)
        proxy.stall()
        alice.send("claim_editor")
        alice.send("ping")
        alice.expect("pong")
        bob = tabs.connect(people.bob)
        bob.send("hello", tab="early", state="viewing")
        bob.send("ping")
        bob.expect("pong")
        proxy.restore()
        alice.until_lock(editor=alice)
        for kind in ("user_joined", "hello", "presence"):
            bob.expect(kind)
    c.stop()
    proxy.stop()
    server.stop()


def test_pings_count_as_messages(start, site, redis, people, room):
    c = start(database_url=site.url, redis_url=redis.url(), message_rate=1,
              message_burst=5)
    with tabs_of(c, room) as tabs:
        alice = tabs.open(people.alice)
        for _ in range(20):
            try:
                alice.send("ping")
            except Exception:
                break
        assert alice.closed() == 1008


# --- the room of a model ---------------------------------------------------

MODEL = "shop.item"


def test_model_room_needs_the_subprotocol(collabd, people):
    path = "/admin/collaboration/%s/" % MODEL
    assert handshake(collabd, path, people.alice)[0] == 404
    status, headers, _ = handshake(
        collabd, path, people.alice,
        extra=[("Sec-WebSocket-Protocol", "collabd.v1")])
    assert status == 101
    assert headers["sec-websocket-protocol"] == "collabd.v1"


@pytest.mark.parametrize("room", ["shop.", ".item", "shop.item.x", "shop..x",
                                  "shop.it%20em", "shopitem"])
def test_no_such_model_room(collabd, people, room):
    with pytest.raises(Refused) as e:
        Tab.open(collabd, people.root, room.replace("%20", " "), v1=True)
    assert e.value.status == 404


def test_model_room_wants_a_permission(collabd, site, people):
    nobody = site.user(unique("n"))
    for user, room, status in (
            (nobody, MODEL, 403), (None, MODEL, 403),
            (people.alice, "shop.nothing", 403),
            (people.alice, "auth.user", 403)):
        with pytest.raises(Refused) as e:
            Tab.open(collabd, user, room, v1=True)
        assert e.value.status == status, (user, room)
    Tab.open(collabd, people.viewer, MODEL, v1=True).close()


def test_model_room(collabd, redis, people):
    """Who is there, and their states, as in an edit room; no lock."""
    redis.wait_left(MODEL)
    with tabs_of(collabd, MODEL) as tabs:
        alice = tabs.open(people.alice, state="idle")
        assert alice.shown["type"] == "badges"
        assert states(alice.presence) == {people.alice.id: "idle"}
        bob = tabs.open(people.bob)
        assert states(bob.presence) == {people.alice.id: "idle",
                                        people.bob.id: "viewing"}
        for kind in ("claim_editor", "request_edit", "release_lock",
                     "heartbeat", "content_updated", "take_over",
                     "request_editor_status"):
            bob.send(kind)
            bob.refused("unknown_type")
        tabs.gone(bob)
        alice.expect("user_absent", user_id=people.bob.id)
        alice.quiet()


# --- who is here -----------------------------------------------------------

def test_presence_both_ways(tabs, people):
    alice = tabs.open(people.alice)
    assert states(alice.presence) == {people.alice.id: "viewing"}
    bob = tabs.open(people.bob, state="dirty")
    assert states(bob.presence) == {people.alice.id: "viewing",
                                    people.bob.id: "dirty"}
    one = {u["user_id"]: u for u in alice.presence["users"]}
    other = {u["user_id"]: u for u in bob.presence["users"]}
    assert one[people.alice.id] == other[people.alice.id]
    alice.state("idle")
    for ws in (alice, bob):
        ws.present(people.alice, "idle")
    tabs.gone(alice)
    bob.expect("user_absent", user_id=people.alice.id)
    bob.quiet()


def test_the_same_state_again_is_no_news(tabs, people):
    alice = tabs.open(people.alice, state="dirty")
    tabs.mark(people.viewer)
    alice.state("dirty")
    alice.state("dirty")
    tabs.silence()


def test_pages_of_the_package_have_no_state(tabs, people):
    alice = tabs.open(people.alice)
    bob = tabs.plain(people.bob)
    carol = tabs.open(people.carol)
    assert states(carol.presence)[people.bob.id] == "none"
    # Its user opens a tab besides.
    tab = tabs.open(people.bob)
    tabs.gone(tab)
    for ws in (alice, carol):
        ws.present(people.bob, "none")
    bob.close()
    tabs.all_expect("user_absent", user_id=people.bob.id)
    assert alice.quiet() and carol.quiet()


@pytest.fixture(params=["one worker", "two workers"])
def second(request, collabd):
    """Where a user's second tab goes: fits(first)."""
    same = request.param == "one worker"

    def fits(first):
        worker = collabd.worker_of(first)
        return lambda pid: (pid == worker) == same
    return fits


def test_state_over_two_tabs(tabs, people, second):
    """dirty before viewing before idle; who closes gives back the rest."""
    bob = tabs.open(people.bob)
    one = tabs.open(people.alice, state="idle")
    two = tabs.connect_on(people.alice, second(one)).hello("two", "idle")
    assert states(two.presence)[people.alice.id] == "idle"

    def shown(state):
        for ws in (one, two, bob):
            ws.until_present(people.alice, state)
    two.state("viewing")
    shown("viewing")
    one.state("dirty")
    shown("dirty")
    two.state("idle")
    two.state("dirty")
    one.state("viewing")
    one.state("idle")           # the other one is dirty
    one.done()
    two.done()
    three = tabs.open(people.carol)
    assert states(three.presence)[people.alice.id] == "dirty"
    two.close()
    for ws in (one, bob, three):
        ws.until_present(people.alice, "idle")
    one.close()
    bob.until("user_absent", user_id=people.alice.id)


def test_closing_of_the_idle_one_is_no_news(tabs, people, second):
    """Whoever is dirty stays it."""
    tabs.open(people.bob)
    one = tabs.open(people.alice, state="dirty")
    two = tabs.connect_on(people.alice, second(one)).hello("two", "idle")
    tabs.mark(people.viewer)
    two.close()
    tabs.marker.state("dirty")
    for ws in tabs.here:
        while True:
            frame = ws.expect("user_present")["user"]
            if frame["user_id"] == people.viewer.id and \
                    frame["state"] == "dirty":
                break
            assert frame["state"] == "dirty" or \
                frame["user_id"] != people.alice.id


def test_a_killed_worker_takes_its_states_along(start, site, redis, people,
                                                room):
    """The worker that held the dirty tab dies; the user's other tab is what
    counts then, and who was there alone is gone."""
    c = start(database_url=site.url, redis_url=redis.url())
    with tabs_of(c, room) as tabs:
        alice = tabs.open(people.alice, state="idle")
        mine = c.worker_of(alice)
        bob = tabs.open(people.bob, fits=lambda pid: pid == mine)
        tabs.connect_on(people.alice, lambda pid: pid != mine).hello(
            "other", "dirty")
        tabs.connect_on(people.carol, lambda pid: pid != mine).hello(
            "carols", "dirty")
        for ws in (alice, bob):
            ws.until_present(people.carol, "dirty")
        os.kill([p for p in c.workers() if p != mine][0], signal.SIGKILL)
        for ws in (alice, bob):
            left = {"idle", "absent"}
            while left:
                frame = ws.next()
                if frame["type"] == "user_absent":
                    assert frame["user_id"] == people.carol.id
                    left.remove("absent")
                elif frame["user"]["user_id"] == people.alice.id:
                    assert frame["user"]["state"] == "idle"
                    left.remove("idle")
        dora = tabs.connect(people.viewer).hello("doras")
        assert states(dora.presence) == {
            people.alice.id: "idle", people.bob.id: "viewing",
            people.viewer.id: "viewing"}


def test_redis_comes_back_empty(base, start, site, people, room):
    """States are put back; nobody is said to have gone."""
    server = Redis(base + "/" + unique("r"))
    c = start(database_url=site.url, redis_url=server.url(),
              redis_retry_delay=0.05)
    with tabs_of(c, room) as tabs:
        alice = tabs.editor(people.alice)
        bob = tabs.open(people.bob, state="idle",
                        fits=lambda pid: pid != c.worker_of(alice))
        alice.state("dirty")
        for ws in tabs.here:
            ws.present(people.alice, "dirty")
        since = c.mark()
        server.stop()
        c.redis_state("down", since)
        since = c.mark()
        server.start()
        c.redis_state("up", since)

        def back():
            carol = tabs.connect(people.carol).hello(tabs.name())
            carol.close()
            return states(carol.presence) == {
                people.alice.id: "dirty", people.bob.id: "idle",
                people.carol.id: "viewing"} and \
                (carol.shown["editor"] or {}).get("tab") == alice.tab
        wait_for(back, "the states to be back")
        # The tabs that stayed were told of nothing but the visitor.
        tabs.marker = bob
        bob.state("dirty")
        for ws in tabs.here:
            while True:
                frame = ws.next()
                assert frame["type"] in ("user_present", "user_absent"), frame
                if frame["type"] == "user_absent":
                    assert frame["user_id"] == people.carol.id
                elif frame["user"]["user_id"] == people.bob.id and \
                        frame["user"]["state"] == "dirty":
                    break
    c.stop()
    server.stop()


def test_everybody_sees_everybody(start, site, redis, room):
    """Sixteen users come and go at once, through four workers: nobody is
    missed, whoever came while whom was being welcomed."""
    c = start(database_url=site.url, redis_url=redis.url(), workers=4)
    users = [site.staff(unique("crowd")) for _ in range(16)]
    with tabs_of(c, room) as tabs:
        seen = {}
        for turn in range(6):
            stay = {ws.user.id for ws in seen}
            tabs.connect_all([u for u in users if u.id not in stay],
                             "turn-%d" % turn, seen)
            wanted = {u.id: "viewing" for u in users}
            for ws in seen:
                while seen[ws] != wanted:
                    ws.note_people(seen[ws])
            for ws in list(seen)[turn % 2::2]:
                ws.abort()
                del seen[ws]

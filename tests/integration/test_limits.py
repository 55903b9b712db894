"""What one user may take of a worker and of a room: messages over all sockets,
places in line, memory while Redis does not answer. One worker each, so that
what two sockets say has an order."""
import json

import pytest

from tabs import Lock, Tabs
from utils import FaultProxy, Loop, Redis, unique, wait_for

MANY = 3000
KINDS = ["lock", "chat"]


@pytest.fixture
def relayed(base, start, site, request):
    """One worker with a Redis of its own behind a relay, which waits for an
    answer however late it is."""
    server = Redis(base + "/" + unique("r"))
    proxy = FaultProxy(server.daemon_port)
    values = dict(workers=1, redis_socket_timeout=60, save_poll_interval=0,
                  message_rate=1000000)
    mark = request.node.get_closest_marker("with_settings")
    values.update(mark.kwargs if mark else {})
    c = start(database_url=site.url, redis_url=server.url(proxy.port),
              **values)
    c.proxy, c.server = proxy, server
    yield c
    c.close_all()
    c.stop()
    proxy.stop()
    server.stop()


def waiting(c, kind):
    return c.metrics()['collabd_room_operations{kind="%s"}' % kind]


def idle(c):
    """Until nothing is under way."""
    wait_for(lambda: not any(waiting(c, kind) for kind in KINDS),
             "all operations to end")


def at_once(ws, frames):
    async def burst():
        for frame in frames:
            await ws.connection.send(json.dumps(frame))
    Loop.run(burst(), 60)


def heard(ws):
    """The worker has read all that this socket has sent. What it was told is
    dropped."""
    ws.send("is anybody there")
    # On a slow machine the worker's lease may be in doubt meanwhile.
    while ws.next().get("code") != "unknown_type":
        pass


def chat(to, text):
    return {"type": "chat_message", "recipient_id": to.id, "message": text}


def say(ws, to, text):
    ws.raw(json.dumps(chat(to, text)))


def texts_of(ws, n):
    return [ws.until("chat_message")["message"] for _ in range(n)]


def test_the_lock_does_not_wait_behind_chat(relayed, people, room):
    """Redis' answer to a message is held; all others stand behind it. Bob is
    made the editor meanwhile: he and Victor hear of it before that answer is
    there, and so before the messages that were sent first."""
    c, n = relayed, 10
    tabs = Tabs(c, room)
    bob = tabs.open(people.bob)
    many = [tabs.connect(people.viewer).hello(tabs.name()) for _ in range(n)]
    bob.until_present(people.viewer, "viewing")
    idle(c)
    c.proxy.hold_answers_to("message 0")
    for i, ws in enumerate(many):
        say(ws, people.viewer, "message %d" % i)
        heard(ws)
    assert waiting(c, "chat") == n
    # Long before the lease is in doubt, whose answers are held, too.
    bob.send("claim_editor")
    for ws in [bob] + many:
        ws.until_lock(editor=bob)
    c.proxy.restore()
    # The first one is there already, and was dropped.
    assert texts_of(many[0], n - 1) == ["message %d" % i
                                        for i in range(1, n)]
    idle(c)


def test_users_take_turns_in_chat(relayed, people, room):
    """Carol's message goes between those of a user who has many in line."""
    c, n = relayed, 20
    tabs = Tabs(c, room)
    bob, carol = tabs.open(people.bob), tabs.open(people.carol)
    many = [tabs.connect(people.alice).hello(tabs.name()) for _ in range(n)]
    idle(c)
    c.proxy.hold_answers_to("message 0")
    for i, ws in enumerate(many):
        say(ws, people.bob, "message %d" % i)
        heard(ws)
    say(carol, people.bob, "from carol")
    heard(carol)
    c.proxy.restore()
    said = texts_of(bob, n + 1)
    assert said.index("from carol") <= 2, said
    said.remove("from carol")
    assert said == ["message %d" % i for i in range(n)]


def test_chat_in_line_has_an_end(relayed, people, room):
    """What a user may have in line is a number of bytes; more is refused, and
    others are not."""
    c = relayed
    tabs = Tabs(c, room)
    bob = tabs.open(people.bob)
    alice = tabs.open(people.alice)
    idle(c)
    c.proxy.hold_answers_to("first")
    say(alice, people.bob, "first")
    at_once(alice, [chat(people.alice if i % 2 else people.bob, "x" * 4000)
                    for i in range(300)])
    alice.send("is anybody there")
    refused = 0
    while True:
        frame = alice.next()
        if frame.get("code") == "unknown_type":
            break
        refused += frame.get("code") == "unavailable"
    assert 200 < refused < 300
    say(bob, people.alice, "from bob")
    heard(bob)
    c.proxy.restore()
    alice.until("chat_message", message="from bob")
    idle(c)


def test_chat_waits_for_who_is_put_back(relayed, people):
    """Redis has lost everything, and Alice is put back first: a message of
    others goes when it knows both of them again."""
    c, page = relayed, unique()
    alice, bob, carol = (c.join(u, "chat/" + page, v1=True)
                         for u in (people.alice, people.bob, people.carol))
    for ws in (alice, bob, carol):
        ws.until("user_joined", user_id=people.carol.id)
    idle(c)
    key = "collabd:members:c:" + page
    c.server.stop()
    c.redis_state("down")
    c.proxy.hold_from(key)
    c.server.start()
    c.proxy.wait_held(key)
    say(bob, people.carol, "again")
    heard(bob)
    c.proxy.restore()
    for ws in (bob, carol):
        ws.until("chat_message", message="again")


def edits_in_line(ws):
    """Asks and withdraws until the worker has no place for it."""
    at_once(ws, [{"type": kind} for _ in range(200)
                 for kind in ("request_edit", "cancel_request")])
    ws.send("is anybody there")
    refused = 0
    while True:
        frame = ws.next()
        if frame.get("code") == "unknown_type":
            return refused
        refused += frame.get("code") == "unavailable"


def test_one_user_does_not_fill_the_line(relayed, people, room):
    """Who asks too often is refused, and others stand behind a number of its
    questions that does not depend on how often it asks."""
    c = relayed
    tabs = Tabs(c, room)
    bob = tabs.open(people.bob)
    alice = tabs.open(people.alice)
    carol = tabs.editor(people.carol)
    idle(c)
    c.proxy.hold_answers_to("claims")
    assert edits_in_line(alice) > 300
    assert waiting(c, "lock") <= 100
    bob.send("request_edit")
    heard(bob)
    c.proxy.restore()
    carol.until_lock(editor=carol, line=[bob])
    idle(c)


@pytest.mark.with_settings(heartbeat_timeout=24)
def test_the_lock_is_kept_in_a_busy_room(relayed, people, room):
    """The editor's tab is alive: its heartbeat gets into line once, though the
    line is never empty."""
    c = relayed
    tabs = Tabs(c, room)
    alice = tabs.open(people.alice)
    bob = tabs.open(people.bob)
    carol = tabs.editor(people.carol)
    idle(c)
    c.proxy.hold_answers_to("claims")
    alice.send("request_edit")
    heard(alice)
    wait_for(lambda: waiting(c, "lock") == 2, "a heartbeat in line")
    bob.send("request_edit")
    heard(bob)
    assert waiting(c, "lock") == 3
    c.proxy.restore()
    carol.until_lock(editor=carol, line=[alice, bob])
    idle(c)


def test_memory_while_redis_is_down(relayed, people, room):
    """Operations that say the same as one in line take no place of their own,
    whatever a client does; when Redis is back, none is left."""
    c = relayed
    tabs, lists = Tabs(c, room), Tabs(c, "shop.item")
    bob, alice = tabs.open(people.bob), tabs.open(people.alice)
    shelf = lists.connect(people.alice).hello("list")
    idle(c)
    c.proxy.stall()
    for ws in (alice, shelf):
        at_once(ws, [{"type": "state", "state": "dirty" if i % 2 == 0 else
                      "viewing"} for i in range(MANY)])
        at_once(ws, [{"type": "hello", "tab": "tab-%d" % (i % 7),
                      "state": "idle" if i % 2 == 0 else "dirty"}
                     for i in range(MANY // 10)])
        heard(ws)
    for _ in range(100):
        tabs.connect(people.alice).abort()
        tabs.connect(people.carol).abort()
    heard(bob)
    wait_for(lambda: c.metrics()["collabd_connections"] == 4,
             "the sockets to be gone")
    assert waiting(c, "lock") < 20
    alice.state("idle")
    c.proxy.restore()
    bob.until_present(people.alice, "idle")
    idle(c)
    assert Lock.of(bob.shown) == Lock()


@pytest.mark.with_settings(message_rate=1, message_burst=10,
                           user_message_rate=1, user_message_burst=40)
def test_messages_of_a_user(relayed, people, room):
    """Over all its sockets together. Chat is refused first; the lock is not,
    as long as the user does not flood it as well; nobody is closed, and others
    do not notice."""
    c = relayed
    tabs = Tabs(c, room)
    bob = tabs.open(people.bob)
    many = [tabs.connect(people.alice).hello(tabs.name()) for _ in range(10)]
    bob.until_present(people.alice, "viewing")
    name, over = 'collabd_frames_total{direction="in"}', \
        "collabd_messages_over_rate_total"
    before = c.metrics()[name]
    for ws in many:
        at_once(ws, [chat(people.bob, "x") for _ in range(5)])
    many[0].send("claim_editor")
    wait_for(lambda: c.metrics()[name] == before + 51, "all to be read")
    idle(c)
    said, editor = 0, None
    say(bob, people.alice, "the end")
    while True:
        frame = bob.next()
        if frame.get("message") == "the end":
            break
        said += frame["type"] == "chat_message"
        if frame["type"] == "lock":
            editor = frame["editor"]["user_id"]
    assert editor == people.alice.id
    # The claim may have been read before the last messages.
    assert 19 <= said < 40
    assert c.metrics()[over] == 50 - said
    refused = 0
    for ws in many:
        frame = None
        while not frame or frame.get("message") != "the end":
            frame = ws.next()
            if frame["type"] == "error":
                assert frame["code"] == "rate"
                assert frame["in_reply_to"] == "chat_message"
                refused += 1
    assert refused == 50 - said


@pytest.mark.with_settings(message_rate=20, message_burst=40)
def test_many_tabs_of_one_user_reconnect(relayed, people, room):
    """By default a user with a hundred tabs is not limited when all of them
    come back in the same instant."""
    c = relayed
    tabs, seen = Tabs(c, room), {}
    tabs.connect_all([people.alice] * 100, "tab", seen)
    for ws in seen:
        ws.send("request_editor_status")
        ws.send("claim_editor")
    for ws in seen:
        ws.until("hello")
        ws.until("lock", "error")
    assert c.metrics()["collabd_messages_over_rate_total"] == 0

"""The chat room: who is there, and to whom a message goes."""
import json

import pytest

from utils import Loop, handshake, unique, wait_for, PREFIX


@pytest.fixture(params=[False, True], ids=["plain", "v1"])
def v1(request):
    return request.param


@pytest.fixture
def page():
    return "chat/admin_shop_%s_" % unique()


def enter(collabd, user, page, v1=False, others=()):
    """Joins; active_users first, then the own user_joined."""
    ws = collabd.join(user, page, v1=v1)
    users = ws.expect("active_users")["users"]
    for u in users:
        assert set(u) == {"user_id", "username", "email", "avatar_url",
                          "last_seen"}
    ws.listed = {u["user_id"]: u for u in users}
    assert set(ws.listed) == {o.id for o in others}
    return ws


def joined(ws, user):
    ws.expect("user_joined", user_id=user.id, username=user.username,
              email=user.email, avatar_url=None)


def say(ws, to, text):
    ws.send("chat_message", recipient_id=to, message=text)


def test_joining_and_leaving(collabd, people, page, v1):
    alice = enter(collabd, people.alice, page, v1)
    joined(alice, people.alice)
    bob = enter(collabd, people.bob, page, v1, [people.alice])
    listed = bob.listed[people.alice.id]
    assert listed["username"] == people.alice.username
    assert listed["email"] == people.alice.email
    assert listed["avatar_url"] is None
    joined(bob, people.bob)
    joined(alice, people.bob)
    bob.close()
    alice.expect("user_left", user_id=people.bob.id,
                 username=people.bob.username, email=people.bob.email)


def test_message_reaches_every_tab_of_two_and_no_one_else(
        collabd, people, page, v1):
    a1 = enter(collabd, people.alice, page, v1)
    a2 = enter(collabd, people.alice, page, v1)
    b1 = enter(collabd, people.bob, page, v1, [people.alice])
    b2 = enter(collabd, people.bob, page, v1, [people.alice])
    c1 = enter(collabd, people.carol, page, v1, [people.alice, people.bob])
    for ws in (a1, a2, b1, b2, c1):
        ws.until("user_joined", user_id=people.carol.id)
    text = "grüße \U0001f600 \"quoted\" \\ \n <b>"
    say(a1, people.bob.id, text)
    frames = [ws.expect("chat_message", sender_id=people.alice.id,
                        sender_name=people.alice.username,
                        sender_email=people.alice.email, sender_avatar=None,
                        recipient_id=people.bob.id, message=text)
              for ws in (a1, a2, b1, b2)]
    assert all(f == frames[0] for f in frames)
    # The next message Carol gets is the next one that is for her.
    say(b2, people.carol.id, "for carol")
    c1.expect("chat_message", message="for carol", sender_id=people.bob.id)
    for ws in (b1, b2):
        ws.expect("chat_message", message="for carol")
    say(a1, people.alice.id, "note to self")
    for ws in (a1, a2):
        ws.expect("chat_message", message="note to self")


def test_many_messages_at_once(collabd, people, page, v1):
    """Each comes once and in order, at both ends, however many go together;
    those to another recipient go between them."""
    alice = enter(collabd, people.alice, page, v1)
    bob = enter(collabd, people.bob, page, v1, [people.alice])
    alice.until("user_joined", user_id=people.bob.id)
    bob.until("user_joined", user_id=people.bob.id)
    sent = [(people.bob.id if n % 11 else people.carol.id, "message %d" % n)
            for n in range(36)]
    texts = [json.dumps({"type": "chat_message", "recipient_id": to,
                         "message": text}) for to, text in sent]

    async def burst():
        for text in texts:
            await alice.connection.send(text)
    Loop.run(burst())
    for to, text in sent:
        alice.expect("chat_message", message=text, recipient_id=to)
        if to == people.bob.id:
            bob.expect("chat_message", message=text,
                       sender_id=people.alice.id)


def test_recipient_keeps_its_type(collabd, people, page, v1):
    alice = enter(collabd, people.alice, page, v1)
    bob = enter(collabd, people.bob, page, v1, [people.alice])
    for ws in (alice, bob):
        ws.until("user_joined", user_id=people.bob.id)
    for recipient in (people.bob.id, str(people.bob.id)):
        say(alice, recipient, "hello")
        for ws in (alice, bob):
            ws.expect("chat_message", recipient_id=recipient)


@pytest.mark.parametrize("fields", [
    {}, {"message": "x"}, {"recipient_id": 1},
    {"message": "", "recipient_id": 1}, {"message": None, "recipient_id": 1},
    {"message": "x", "recipient_id": ""},
    {"message": "x", "recipient_id": None}, {"message": 17,
                                             "recipient_id": 1},
    {"message": ["x"], "recipient_id": 1},
    {"message": {"a": 1}, "recipient_id": 1},
    {"message": "x" * 4097, "recipient_id": 1},
    {"message": "\u00e9" * 2049, "recipient_id": 1}])
def test_dropped_messages(collabd, people, page, v1, fields):
    alice = enter(collabd, people.alice, page, v1)
    joined(alice, people.alice)
    fields = {k: (people.alice.id if v == 1 else v)
              for k, v in fields.items()}
    alice.send("chat_message", **fields)
    if v1:
        alice.expect("error", in_reply_to="chat_message")
    say(alice, people.alice.id, "barrier")
    alice.expect("chat_message", message="barrier")


def test_longest_message(collabd, people, page):
    alice = enter(collabd, people.alice, page)
    joined(alice, people.alice)
    text = "\u00e9" * 2048
    say(alice, people.alice.id, text)
    alice.expect("chat_message", message=text)


def test_to_somebody_absent(collabd, people, page, v1):
    """The sender's tabs see it all the same, as in the package."""
    alice = enter(collabd, people.alice, page, v1)
    joined(alice, people.alice)
    say(alice, people.bob.id, "hello?")
    frame = alice.next()
    while frame["type"] == "error":
        frame = alice.next()
    assert frame["message"] == "hello?"


def test_users_are_counted_not_sockets(collabd, people, page, v1):
    alice = enter(collabd, people.alice, page, v1)
    joined(alice, people.alice)
    b1 = enter(collabd, people.bob, page, v1, [people.alice])
    joined(b1, people.bob)
    joined(alice, people.bob)
    b2 = enter(collabd, people.bob, page, v1, [people.alice])
    b1.close()
    say(alice, people.bob.id, "still there?")
    alice.expect("chat_message", message="still there?")
    frame = b2.next()
    if frame["type"] == "user_joined":      # the tab's own
        frame = b2.next()
    assert frame["message"] == "still there?"
    b2.close()
    alice.expect("user_left", user_id=people.bob.id)


def test_same_room_name_of_other_kind(collabd, people):
    """chat/x/7 is an edit room, chat/x a chat room."""
    status = handshake(collabd, "/%s/chat/x/7/" % PREFIX, people.root)[0]
    assert status == 101
    ws = collabd.join(people.root, "chat/x/7")
    ws.expect("user_joined", user_id=people.root.id)


def test_heartbeat_refreshes_last_seen(collabd, people, page, redis):
    alice = enter(collabd, people.alice, page)
    joined(alice, people.alice)
    key = "chat_active_users:chat_" + page.split("/", 1)[1]

    def seen():
        return json.loads(redis.client().hget(key, people.alice.pk))
    before = seen()
    assert set(before) == {"user_id", "username", "email", "avatar_url",
                           "last_seen"}
    assert before["user_id"] == people.alice.id
    alice.send("heartbeat")
    wait_for(lambda: seen()["last_seen"] > before["last_seen"],
             "last_seen to move")
    assert 0 < redis.client().ttl(key) <= 60
    alice.close()
    wait_for(lambda: not redis.client().hexists(key, people.alice.pk),
             "the entry to go")


def test_chat_can_be_off(start, site, redis, people):
    c = start(database_url=site.url, redis_url=redis.url(), enable_chat=False)
    assert handshake(c, "/%s/chat/page/" % PREFIX, people.alice)[0] == 404
    assert handshake(c, "/%s/shop/item/1/" % PREFIX, people.alice)[0] == 101

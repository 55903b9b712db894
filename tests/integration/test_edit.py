"""The edit room: every frame, in order, with and without the subprotocol."""
import datetime
import json

import pytest

from utils import SOON, Closed, Loop, wait_for


@pytest.fixture(params=[False, True], ids=["plain", "v1"])
def v1(request):
    return request.param


@pytest.fixture(scope="module")
def settings():
    return dict(notification_request_interval=60, reclaim_grace=3600,
                save_settle=0)          # see test_pages.py


@pytest.fixture(scope="module")
def hasty(start, site, redis):
    """Short head start; the lock never grows stale here."""
    return start(database_url=site.url, redis_url=redis.url(),
                 reclaim_grace=SOON)


@pytest.fixture(scope="module")
def stale(start, site, redis):
    """A lock is stale after one second of silence."""
    return start(database_url=site.url, redis_url=redis.url(),
                 heartbeat_timeout=1)


@pytest.fixture(scope="module")
def clicked(start, site, redis):
    """Nobody follows the admin's log: tabs are told of a save at once."""
    return start(database_url=site.url, redis_url=redis.url(),
                 save_poll_interval=0)


class Party:
    """Sockets of one room on one daemon; joining reads what each is told."""

    def __init__(self, daemon, room, v1):
        self.daemon, self.room, self.v1 = daemon, room, v1
        self.here = []

    def enter(self, user):
        """Joins and checks the first frames of everybody."""
        ws = self.daemon.join(user, self.room, v1=self.v1)
        first = ws.expect("user_joined", user_id=user.id,
                          username=user.email)
        ws.joined = first["timestamp"]
        others = {}
        for other in self.here:
            if other.user is not user:
                others.setdefault(other.user.id, other)
        told = {}
        for _ in others:
            frame = ws.expect("user_joined")
            told[frame["user_id"]] = frame
        assert set(told) == set(others)
        for pk, other in others.items():
            assert told[pk]["timestamp"] == other.joined
            assert told[pk]["username"] == other.user.email
        if user not in [w.user for w in self.here]:
            for other in self.here:
                other.expect("user_joined", user_id=user.id,
                             timestamp=first["timestamp"])
        self.here.append(ws)
        return ws

    def all_expect(self, kind, **fields):
        frames = [ws.expect(kind, **fields) for ws in self.here]
        assert all(f == frames[0] for f in frames)
        return frames[0]

    def editor(self, user):
        """Enters and becomes the editor."""
        ws = self.enter(user)
        ws.send("claim_editor", timestamp="whatever")
        self.all_expect("editor_status", editor_id=user.id,
                        editor_name=user.email)
        return ws

    def leaves(self, ws, cut=True):
        self.here.remove(ws)
        if cut:
            ws.abort()
        else:
            ws.close()


@pytest.fixture
def party(collabd, room, v1):
    p = Party(collabd, room, v1)
    yield p
    collabd.close_all()


def refused(ws, kind, *codes):
    """A refused message: an error for the subprotocol's clients, nothing
    for the others."""
    if ws.subprotocol is not None:
        frame = ws.expect("error", in_reply_to=kind)
        assert frame["code"] and isinstance(frame["code"], str)
        assert frame["message"] and isinstance(frame["message"], str)
        return frame
    return None


def test_newcomer(party, people):
    """Its own user_joined first, then who is there; the others hear of it."""
    alice = party.enter(people.alice)
    alice.send("request_editor_status")
    alice.expect("editor_status", editor_id=None, editor_name=None)
    party.enter(people.bob)
    party.enter(people.carol)
    for ws in party.here:
        ws.quiet()


def test_last_modified_is_the_rooms(party, people, redis):
    alice = party.daemon.join(people.alice, party.room, v1=party.v1)
    modified = alice.expect("user_joined")["last_modified"]
    bob = party.daemon.join(people.bob, party.room, v1=party.v1)
    assert bob.expect("user_joined")["last_modified"] == modified
    stored = redis.client().get(
        "last_modified:admin_" + party.room.replace("/", "_"))
    assert stored == modified


def test_claim_and_status(party, people):
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    bob.send("request_editor_status")
    bob.expect("editor_status", editor_id=people.alice.id,
               editor_name=people.alice.email)
    bob.send("claim_editor")
    refused(bob, "claim_editor")
    assert bob.quiet()["editor_id"] == people.alice.id
    assert alice.quiet()["editor_id"] == people.alice.id


def test_heartbeat_is_silent(party, people, redis):
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    key = "editor:admin_" + party.room.replace("/", "_")
    before = json.loads(redis.client().get(key))["last_heartbeat"]
    alice.send("heartbeat")
    wait_for(lambda: json.loads(redis.client().get(key))["last_heartbeat"] >
             before, "the heartbeat to be stored")
    alice.quiet()
    bob.quiet()
    bob.send("heartbeat")
    refused(bob, "heartbeat")
    assert bob.quiet()["editor_id"] == people.alice.id


@pytest.mark.parametrize("given", [
    None, "", "not a time", 17, "2026-11-24T03:52:19.123456+00:00",
    "2026-11-24T03:52:19.123Z", "missing"])
def test_content_updated(party, people, given):
    alice = party.editor(people.alice)
    party.enter(people.bob)
    if given == "missing":
        alice.send("content_updated")
    else:
        alice.send("content_updated", timestamp=given)
    frame = party.all_expect("content_updated", user_id=people.alice.id,
                             username=people.alice.email)
    if isinstance(given, str) and given.startswith("2026"):
        assert frame["timestamp"].startswith("2026-11-24T03:52:19.123")
    else:
        told = datetime.datetime.fromisoformat(frame["timestamp"])
        now = datetime.datetime.now(datetime.timezone.utc)
        assert abs((now - told).total_seconds()) < 60


def burst(ws, times):
    """Saves without a pause between them; None: without a time."""
    frames = []
    for time in times:
        frame = {"type": "content_updated"}
        if time is not None:
            frame["timestamp"] = time
        frames.append(json.dumps(frame))

    async def send():
        for frame in frames:
            await ws.connection.send(frame)
    Loop.run(send())


def test_many_saves_at_once(party, people, redis):
    """Each is told, in order and with its own time, and the last one counts,
    though those that stand in line go with the one before them."""
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    key = "collabd:room:e:" + party.room
    before = int(redis.client().hget(key, "seq"))
    times = ["2026-11-24T03:52:19.%06d+00:00" % (n * 1000)
             for n in range(36)]
    times[7] = None
    burst(alice, times)
    for time in times:
        frame = party.all_expect("content_updated",
                                 user_id=people.alice.id,
                                 username=people.alice.email)
        if time is not None:
            assert frame["timestamp"] == time
        else:
            assert frame["timestamp"] > "2026"
    bob.quiet()
    after = int(redis.client().hget(key, "seq"))
    assert before + 3 <= after < before + len(times)
    assert redis.client().get("last_modified:admin_" +
                              party.room.replace("/", "_")) == times[-1]


def test_many_saves_of_a_tab(clicked, people, room):
    """Two frames each, and more of them than one event can hold."""
    plain = clicked.join(people.bob, room)
    tab = clicked.join(people.alice, room, v1=True)
    tab.send("hello", tab="t1", state="viewing")
    tab.send("claim_editor")
    plain.until("editor_status", editor_id=people.alice.id)
    times = ["2026-11-24T03:52:19.%06d+00:00" % n for n in range(30)]
    burst(tab, times)
    for time in times:
        plain.expect("content_updated", timestamp=time)
        tab.until("saved", when=time, id=0)
    clicked.close_all()


def test_many_refused_saves(party, people):
    """A refusal for each, however they were decided."""
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    burst(bob, [None] * 20)
    for _ in range(20):
        refused(bob, "content_updated")
    bob.quiet()
    alice.send("content_updated")
    party.all_expect("content_updated", user_id=people.alice.id)


def test_release_then_claim(party, people):
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    alice.send("release_lock")
    frame = party.all_expect("lock_released", user_id=people.alice.id,
                             username=people.alice.email)
    assert "timestamp" in frame
    bob.send("request_editor_status")
    bob.expect("editor_status", editor_id=None, editor_name=None)
    bob.send("claim_editor")
    party.all_expect("editor_status", editor_id=people.bob.id,
                     editor_name=people.bob.email)


def test_save_after_release(party, people):
    """Save sends release_lock, then content_updated: valid for 10 s."""
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    alice.send("release_lock")
    alice.send("content_updated")
    party.all_expect("lock_released")
    party.all_expect("content_updated", user_id=people.alice.id)
    # Also when somebody else has become the editor meanwhile.
    bob.send("claim_editor")
    party.all_expect("editor_status", editor_id=people.bob.id)
    alice.send("content_updated")
    party.all_expect("content_updated", user_id=people.alice.id)


def test_viewers_update_is_refused(party, people):
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    bob.send("content_updated")
    refused(bob, "content_updated")
    bob.quiet()
    alice.send("content_updated")       # the next thing anybody hears
    party.all_expect("content_updated", user_id=people.alice.id)


def test_viewers_release_is_refused(party, people):
    party.editor(people.alice)
    bob = party.enter(people.bob)
    bob.send("release_lock")
    refused(bob, "release_lock")
    assert bob.quiet()["editor_id"] == people.alice.id


def test_attention(party, people, redis):
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    bob.send("request_attention", timestamp="ignored")
    party.all_expect("attention_requested", user_id=people.bob.id,
                     username=people.bob.email)
    key = "attention_request:admin_%s:%s" % (party.room.replace("/", "_"),
                                             people.bob.pk)
    r = redis.client()
    assert r.get(key) == "1"
    assert 0 < r.ttl(key) <= 60
    r.delete(key)                       # as if the interval had ended
    bob.send("request_attention")
    party.all_expect("attention_requested", user_id=people.bob.id)
    bob.send("request_attention")       # too soon
    refused(bob, "request_attention")
    alice.send("request_attention")     # the editor itself
    refused(alice, "request_attention")
    # The next things that are told: what one says is done in its order.
    alice.send("release_lock")
    party.all_expect("lock_released", user_id=people.alice.id)
    bob.send("claim_editor")
    party.all_expect("editor_status", editor_id=people.bob.id)


def test_attention_without_editor(party, people):
    alice = party.enter(people.alice)
    alice.send("request_attention")
    refused(alice, "request_attention")
    alice.quiet()


def test_attention_by_two_users(party, people):
    """The interval is each user's own."""
    party.editor(people.alice)
    bob = party.enter(people.bob)
    carol = party.enter(people.carol)
    bob.send("request_attention")
    party.all_expect("attention_requested", user_id=people.bob.id)
    carol.send("request_attention")
    party.all_expect("attention_requested", user_id=people.carol.id)


def test_two_tabs(party, people):
    """A second tab is announced to itself alone, and nobody leaves before
    the last one."""
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    tab = party.enter(people.bob)
    assert tab.quiet()["editor_id"] == people.alice.id
    alice.quiet()
    bob.quiet()
    party.leaves(bob, cut=False)
    alice.quiet()
    tab.send("request_attention")       # still there, still one user
    party.all_expect("attention_requested", user_id=people.bob.id)
    party.leaves(tab, cut=False)
    alice.expect("user_left", user_id=people.bob.id,
                 username=people.bob.email)
    alice.quiet()


def test_editors_second_tab(party, people):
    """It may claim, is told the status alone, and keeps the lock when the
    first tab goes."""
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    tab = party.enter(people.alice)
    tab.send("claim_editor")
    tab.expect("editor_status", editor_id=people.alice.id,
               editor_name=people.alice.email)
    alice.quiet()
    bob.quiet()
    party.leaves(alice)
    assert tab.quiet()["editor_id"] == people.alice.id
    tab.send("content_updated")
    party.all_expect("content_updated", user_id=people.alice.id)


def test_repeated_claim(party, people):
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id,
                 editor_name=people.alice.email)
    bob.quiet()


def test_leaving(party, people):
    alice = party.enter(people.alice)
    bob = party.enter(people.bob)
    party.leaves(bob, cut=False)
    alice.expect("user_left", user_id=people.bob.id,
                 username=people.bob.email)
    alice.quiet()
    party.enter(people.bob)             # and back


def test_orderly_leaving_of_the_editor(party, people):
    """Leaving a page: release_lock, then the end; the lock is free at once."""
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    alice.send("release_lock")
    alice.expect("lock_released")
    party.leaves(alice, cut=False)
    assert "timestamp" in bob.expect("lock_released",
                                     user_id=people.alice.id)
    bob.expect("user_left", user_id=people.alice.id)
    bob.send("claim_editor")
    bob.expect("editor_status", editor_id=people.bob.id)


def lost(party, ws):
    """The editor's connection is lost: what the others are told."""
    user = ws.user
    party.leaves(ws)
    party.all_expect("user_left", user_id=user.id, username=user.email)
    frame = party.all_expect("lock_released", user_id=user.id,
                             username=user.email)
    assert "timestamp" not in frame


def pending(ws, redis, room, place=1):
    """A claim that has to wait. Sockets are on several workers: the next
    claim must not overtake it on its way to Redis, and a client without the
    subprotocol is not told that it has arrived."""
    ws.send("claim_editor")
    if ws.subprotocol is not None:
        ws.expect("claim_pending", position=place)
    def line():
        return redis.lock_state(room).get("claims", [])
    wait_for(lambda: len(line()) >= place, "the claim to be in the line")
    assert line()[place - 1]["id"] == str(ws.user.id)
    assert ws.quiet()["editor_id"] is None


def test_previous_editor_returns(party, room, people, redis):
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    lost(party, alice)
    pending(bob, redis, room)
    alice = party.enter(people.alice)
    alice.send("claim_editor")
    party.all_expect("editor_status", editor_id=people.alice.id,
                     editor_name=people.alice.email)
    assert bob.quiet()["editor_id"] == people.alice.id


def test_head_start_ends_unused(hasty, room, v1, people, redis):
    party = Party(hasty, room, v1)
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    carol = party.enter(people.carol)
    lost(party, alice)
    pending(bob, redis, room, 1)
    pending(carol, redis, room, 2)
    party.all_expect("editor_status", editor_id=people.bob.id,
                     editor_name=people.bob.email)
    carol.send("claim_editor")
    refused(carol, "claim_editor")
    assert carol.quiet()["editor_id"] == people.bob.id


def test_first_in_line_leaves(hasty, room, v1, people, redis):
    party = Party(hasty, room, v1)
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    carol = party.enter(people.carol)
    lost(party, alice)
    pending(bob, redis, room, 1)
    pending(carol, redis, room, 2)
    party.leaves(bob)
    frames = [carol.next(), carol.next()]
    kinds = [f["type"] for f in frames if f["type"] != "claim_pending"]
    if len(kinds) == 1:                 # the place in the line moved up
        frames.append(carol.next())
        kinds.append(frames[-1]["type"])
    assert kinds == ["user_left", "editor_status"]
    assert frames[-1]["editor_id"] == people.carol.id


def test_claim_after_the_head_start(hasty, room, v1, people, redis):
    """Nobody waited; who comes later claims as usual."""
    party = Party(hasty, room, v1)
    alice = party.editor(people.alice)
    bob = party.enter(people.bob)
    lost(party, alice)
    key = "previous_editor:admin_" + room.replace("/", "_")
    assert redis.client().get(key) == people.alice.pk
    wait_for(lambda: not redis.client().exists(key), "the head start to end")
    bob.send("claim_editor")
    party.all_expect("editor_status", editor_id=people.bob.id)


def test_stale_editor_with_viewers(stale, room, v1, people):
    party = Party(stale, room, v1)
    bob = party.enter(people.bob)
    party.editor(people.alice)
    frame = party.all_expect("lock_released", user_id=people.alice.id,
                             username=people.alice.email)
    assert "timestamp" not in frame
    bob.send("claim_editor")
    party.all_expect("editor_status", editor_id=people.bob.id,
                     editor_name=people.bob.email)


def test_stale_editor_comes_back_by_heartbeat(stale, room, v1, people):
    party = Party(stale, room, v1)
    party.enter(people.bob)
    alice = party.editor(people.alice)
    party.all_expect("lock_released", user_id=people.alice.id)
    alice.send("heartbeat")
    party.all_expect("editor_status", editor_id=people.alice.id,
                     editor_name=people.alice.email)


def age_of_lock(redis, room):
    text = redis.client().get("editor:admin_" + room.replace("/", "_"))
    beat = datetime.datetime.fromisoformat(json.loads(text)["last_heartbeat"])
    return (datetime.datetime.now(datetime.timezone.utc) -
            beat).total_seconds()


def test_stale_editor_alone(stale, room, v1, people, redis):
    """The lock stays until somebody asks, and no lock_released is sent."""
    party = Party(stale, room, v1)
    alice = party.editor(people.alice)
    wait_for(lambda: age_of_lock(redis, room) > 1.2, "the lock to grow stale")
    assert alice.quiet()["editor_id"] == people.alice.id
    bob = stale.join(people.bob, room, v1=v1)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.expect("user_joined", user_id=people.alice.id)
    alice.expect("user_joined", user_id=people.bob.id)
    bob.send("request_editor_status")
    first = bob.next()
    if first["type"] == "lock_released":
        pytest.fail("the new editor's page would reload")
    assert first == {"type": "editor_status", "editor_id": None,
                     "editor_name": None}
    bob.send("claim_editor")
    for ws in (alice, bob):
        ws.expect("editor_status", editor_id=people.bob.id,
                  editor_name=people.bob.email)


def test_stale_editor_is_heard_of_before_the_claim(stale, room, v1, people,
                                                   redis):
    """Who was shown a stale lock as a free one is told when it is none."""
    party = Party(stale, room, v1)
    alice = party.editor(people.alice)
    wait_for(lambda: age_of_lock(redis, room) > 1.2, "the lock to grow stale")
    bob = stale.join(people.bob, room, v1=v1)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.expect("user_joined", user_id=people.alice.id)
    bob.send("request_editor_status")
    assert bob.next()["editor_id"] is None
    alice.send("heartbeat")
    bob.until("editor_status", editor_id=people.alice.id,
              editor_name=people.alice.email)
    bob.send("claim_editor")
    if v1:
        bob.expect("error", code="held")
    assert bob.quiet()["editor_id"] in (people.alice.id, None)


def test_view_only_user(party, people):
    victor = party.enter(people.viewer)
    victor.send("claim_editor")
    refused(victor, "claim_editor")
    # No null status in answer to the claim: that would be an endless loop.
    assert victor.quiet()["editor_id"] is None
    alice = party.enter(people.alice)
    alice.send("claim_editor")
    party.all_expect("editor_status", editor_id=people.alice.id)
    victor.send("request_attention")
    party.all_expect("attention_requested", user_id=people.viewer.id)


@pytest.mark.parametrize("text", [
    "", "{", "nonsense", "[]", "[1,2]", "17", "null", "\"claim_editor\"",
    "{}", "{\"type\":null}", "{\"type\":17}", "{\"type\":[\"heartbeat\"]}",
    "{\"type\":\"no_such_type\"}", "{\"type\":\"chat_message\"}",
    "{\"type\":\"claim_editor\"} x", "{'type':'claim_editor'}",
    "{\"Type\":\"claim_editor\"}", "[" * 1000,
    "{\"type\":\"claim_editor\"" + ",\"a\":{\"b\":1" * 40],
    ids=lambda s: s[:24])
def test_bad_messages_are_ignored(party, people, text):
    alice = party.enter(people.alice)
    bob = party.enter(people.bob)
    alice.raw(text)
    alice.send("request_editor_status")
    frame = alice.next()
    if alice.subprotocol is not None:
        assert frame["type"] == "error"
        frame = alice.next()
    assert frame == {"type": "editor_status", "editor_id": None,
                     "editor_name": None}
    bob.quiet()


def test_unknown_fields_are_ignored(party, people):
    """What a client says about itself does not count."""
    alice = party.enter(people.alice)
    bob = party.enter(people.bob)
    bob.send("claim_editor", editor_id=people.alice.id,
             user_id=people.alice.id, username="mallory")
    party.all_expect("editor_status", editor_id=people.bob.id,
                     editor_name=people.bob.email)
    alice.quiet()


@pytest.mark.parametrize("message,code", [
    (b"binary", 1003), ("x" * (64 * 1024 + 1), 1009)],
    ids=["binary", "too large"])
def test_fatal_messages(party, people, message, code):
    alice = party.enter(people.alice)
    bob = party.enter(people.bob)
    alice.raw(message)
    assert alice.closed() == code
    party.here.remove(alice)
    bob.expect("user_left", user_id=people.alice.id)


def test_largest_message(party, people):
    alice = party.enter(people.alice)
    text = json.dumps({"type": "claim_editor", "timestamp": ""})
    alice.raw(text[:-2] + "x" * (64 * 1024 - len(text)) + text[-2:])
    alice.expect("editor_status", editor_id=people.alice.id)


def test_rate_limit(start, site, redis, people, room):
    c = start(database_url=site.url, redis_url=redis.url(), message_rate=1,
              message_burst=5)
    alice = c.join(people.alice, room)
    for _ in range(20):
        try:
            alice.send("request_editor_status")
        except Exception:
            break
    assert alice.closed() == 1008


def test_rooms_do_not_mix(collabd, people, v1):
    """Neither frames nor locks go from one object to another."""
    one = Party(collabd, "shop/item/mix1", v1)
    two = Party(collabd, "shop/item/mix2", v1)
    one.editor(people.alice)
    two.editor(people.bob)
    assert one.here[0].quiet()["editor_id"] == people.alice.id
    assert two.here[0].quiet()["editor_id"] == people.bob.id


def test_closing_handshake(party, people):
    alice = party.enter(people.alice)
    alice.close(1001)
    with pytest.raises(Closed) as e:
        alice.next()
    assert e.value.code == 1001

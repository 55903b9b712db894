"""Redis of every kind, down, back, and embedded."""
import os
import signal

import pytest

from utils import (FaultProxy, Redis, descendants, exe_of, handshake, unique,
                   wait_for, PREFIX)


def meet(c, people, room):
    """Alice is the editor, Bob watches."""
    alice = c.join(people.alice, room)
    alice.expect("user_joined", user_id=people.alice.id)
    bob = c.join(people.bob, room)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.expect("user_joined", user_id=people.alice.id)
    alice.expect("user_joined", user_id=people.bob.id)
    alice.send("claim_editor")
    for ws in (alice, bob):
        ws.expect("editor_status", editor_id=people.alice.id)
    return alice, bob


def goes_on(alice, bob, people):
    """Events flow: the editor hands the lock over."""
    alice.send("release_lock")
    for ws in (alice, bob):
        ws.until("lock_released", user_id=people.alice.id)
    bob.send("claim_editor")
    for ws in (alice, bob):
        ws.until("editor_status", editor_id=people.bob.id)


@pytest.mark.parametrize("kind", ["password", "tls", "unix", "tls+password"])
def test_kinds(base, start, site, people, room, kind):
    server = Redis(base + "/" + unique("r"), tls="tls" in kind,
                   unix=kind == "unix",
                   password="p:@/%w" if "password" in kind else None)
    extra = {"redis_tls_ca_file": server.folder + "/ca.crt"} \
        if "tls" in kind else {}
    c = start(database_url=site.url, redis_url=server.url(), **extra)
    alice, bob = meet(c, people, room)
    goes_on(alice, bob, people)
    assert "p:@/%w" not in c.log() and "%40" not in c.log()
    c.close_all()
    c.stop()
    server.stop()


def test_tls_is_verified(base, start, site, people):
    server = Redis(base + "/" + unique("r"), tls=True)
    c = start(run=False, database_url=site.url, redis_url=server.url(),
              redis_retry_delay=0.05)
    c.start(wait=False)
    c.log_contains("(?i)certificate")
    wait_for(lambda: _status(c) == 503, "health to answer red")
    c.stop()
    c = start(database_url=site.url, redis_url=server.url(),
              redis_tls_verify=False)
    c.redis_state("up")
    # Whoever reads the log knows what the link is worth.
    c.log_contains("redis.*encrypted.*not verified")
    c.stop()
    server.stop()


def _status(c):
    try:
        return c.health()[0]
    except OSError:
        return None


def test_wrong_password(base, start, site):
    server = Redis(base + "/" + unique("r"), password="right")
    c = start(run=False, database_url=site.url,
              redis_url="redis://:wr0ngs3cret@127.0.0.1:%d" % server.port)
    c.start(wait=False)
    c.log_contains("(?i)WRONGPASS|password|NOAUTH")
    wait_for(lambda: _status(c) == 503, "health to answer red")
    assert "wr0ngs3cret" not in c.log()
    c.stop()
    server.stop()


def behind_relay(base, start, site, **settings):
    """A daemon with a Redis of its own behind a relay."""
    server = Redis(base + "/" + unique("r"))
    proxy = FaultProxy(server.daemon_port)
    settings.setdefault("redis_socket_timeout", 1)
    c = start(database_url=site.url, redis_url=server.url(proxy.port),
              **settings)
    c.proxy, c.server = proxy, server
    c.redis_state("up")
    yield c
    c.close_all()
    c.stop()
    proxy.stop()
    server.stop()


@pytest.fixture
def faulty(base, start, site):
    """Gives up on a command early."""
    yield from behind_relay(base, start, site, redis_retry_delay=0.05)


@pytest.fixture
def patient(base, start, site):
    """Repeats a command for 3.5 s, as by default."""
    yield from behind_relay(base, start, site)


@pytest.fixture
def unhurried(base, start, site):
    """One worker, which waits for an answer however late it is."""
    yield from behind_relay(base, start, site, redis_socket_timeout=60,
                            workers=1)


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_down_and_back(faulty, people, room, fault):
    c = faulty
    alice, bob = meet(c, people, room)
    getattr(c.proxy, fault)()
    c.redis_state("down")
    status, body = c.health()
    assert status == 503 and "redis" in body.lower()
    # Sockets stay open and the status comes from the cache.
    assert alice.quiet()["editor_id"] == people.alice.id
    assert bob.quiet()["editor_id"] == people.alice.id
    c.proxy.restore()
    c.redis_state("up")
    assert c.health()[0] == 200
    goes_on(alice, bob, people)
    assert sum(v for n, v in c.metrics().items() if "reconnect" in n) >= 1


def test_claim_while_down_is_refused(faulty, people, room):
    """A claim waits, and is refused in the end rather than granted on a
    guess."""
    c = faulty
    alice = c.join(people.alice, room, v1=True)
    alice.expect("user_joined")
    c.proxy.cut()
    c.redis_state("down")
    alice.send("claim_editor")
    alice.expect("error", in_reply_to="claim_editor")
    assert alice.quiet()["editor_id"] is None
    c.proxy.restore()
    c.redis_state("up")
    assert c.health()[0] == 200
    alice.send("claim_editor")
    alice.until("editor_status", editor_id=people.alice.id)


def test_short_cut_is_not_noticed(patient, people, room):
    """A command that meets a broken connection is repeated."""
    c = patient
    alice, bob = meet(c, people, room)
    c.proxy.cut()
    alice.send("release_lock")
    c.proxy.restore()
    for ws in (alice, bob):
        ws.until("lock_released", user_id=people.alice.id)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_back_without_data(faulty, people, room, number):
    """Redis comes back empty: the editor keeps the lock, the roster is whole
    again, and a newcomer is told the truth."""
    c = faulty
    alice, bob = meet(c, people, room)
    c.server.stop(number)
    c.redis_state("down")
    c.server.start()
    c.redis_state("up")
    assert c.health()[0] == 200
    key = "editor:admin_" + room.replace("/", "_")
    wait_for(lambda: c.server.client().exists(key), "the lock to be back")
    carol = c.join(people.carol, room, v1=True)
    carol.expect("user_joined", user_id=people.carol.id)
    told = {carol.expect("user_joined")["user_id"] for _ in range(2)}
    assert told == {people.alice.id, people.bob.id}
    carol.send("claim_editor")
    carol.expect("error", in_reply_to="claim_editor", code="held")
    assert carol.quiet()["editor_id"] == people.alice.id
    goes_on(alice, bob, people)


def test_data_lost_while_connected(faulty, people, room):
    """FLUSHALL under a running daemon: the slow check finds it."""
    c = faulty
    alice, bob = meet(c, people, room)
    c.server.client().flushall()
    key = "editor:admin_" + room.replace("/", "_")
    wait_for(lambda: c.server.client().exists(key), "the lock to be back", 60)
    carol = c.join(people.carol, room)
    carol.expect("user_joined", user_id=people.carol.id)
    told = {carol.expect("user_joined")["user_id"] for _ in range(2)}
    assert told == {people.alice.id, people.bob.id}
    goes_on(alice, bob, people)


def test_leaves_while_put_back(unhurried, people, room):
    """Redis has forgotten that the worker is in the room, and while the worker
    asks, Bob leaves: he is taken out, although his leave stands behind
    another command and the worker puts the room back meanwhile."""
    c, r, key = unhurried, unhurried.server.client(), "e:" + room
    alice, bob = meet(c, people, room)
    c.proxy.hold_from(key)
    c.proxy.wait_held(key)                  # the slow check
    alice.send("release_lock")
    c.proxy.wait_held("lock_released")
    bob.close()                             # behind it
    assert r.delete("collabd:room_workers:" + key) == 1
    c.proxy.restore()
    alice.until("user_left", user_id=people.bob.id)
    assert r.hkeys("collabd:members:" + key) == [str(people.alice.id)]
    assert r.exists("collabd:room_workers:" + key)


def test_place_in_the_line_is_told_once(unhurried, people, room):
    """Events and answers come on two connections: the event that a claim made
    may be there before the answer to it."""
    c = unhurried
    alice, _ = meet(c, people, room)
    carol = c.join(people.carol, room, v1=True)
    alice.abort()
    carol.until("lock_released")
    c.proxy.hold_answers_to("claims")
    carol.send("claim_editor")
    carol.expect("claim_pending", position=1, of=1)
    c.proxy.restore()
    carol.send("heartbeat")
    carol.expect("error", in_reply_to="heartbeat")


def test_late_state_is_not_the_last_word(unhurried, start, site, people, room):
    """A claim loses against one by another page of Alice's, and Redis' answer
    to it comes after events that know better: Redis is asked again, and she is
    not told last that she is the editor."""
    c = unhurried
    other = start(database_url=site.url, redis_url=c.server.url())
    alice, bob = (other.join(u, room) for u in (people.alice, people.bob))
    second = c.join(people.alice, room, v1=True)
    second.until("user_joined", user_id=people.bob.id)
    c.proxy.hold_answers_to("last_heartbeat")
    c.proxy.hold_from("last_heartbeat")
    second.send("claim_editor")
    c.proxy.wait_held("last_heartbeat")     # what it wants to commit
    alice.send("claim_editor")
    second.expect("editor_status", editor_id=people.alice.id)
    c.proxy.let_requests()
    c.proxy.wait_held("last_heartbeat")     # what Redis has instead
    goes_on(alice, bob, people)
    second.expect("lock_released", user_id=people.alice.id)
    second.expect("editor_status", editor_id=people.bob.id)
    c.proxy.restore()
    second.expect("error", in_reply_to="claim_editor", code="held")
    assert second.quiet()["editor_id"] == people.bob.id
    other.close_all()
    other.stop()


def test_scripts_flushed(faulty, people, room):
    c = faulty
    alice, bob = meet(c, people, room)
    c.server.client().script_flush()
    goes_on(alice, bob, people)


def test_chat_survives(faulty, people):
    c = faulty
    page = unique()
    alice, bob = (c.join(u, "chat/" + page) for u in (people.alice,
                                                      people.bob))
    for ws in (alice, bob):
        ws.until("user_joined", user_id=people.bob.id)
    c.server.stop()
    c.redis_state("down")
    c.server.start()
    c.redis_state("up")
    assert c.health()[0] == 200
    # Of whom Redis does not know again, no message can be taken to.
    here = {str(people.alice.id), str(people.bob.id)}
    wait_for(lambda: set(c.server.client().hkeys(
        "collabd:members:c:" + page)) == here, "both to be put back")
    alice.send("chat_message", recipient_id=people.bob.id, message="again")
    for ws in (alice, bob):
        ws.until("chat_message", message="again")


def test_starts_without_redis(base, start, site, people, room):
    """It answers 503, says why, and works once Redis is there."""
    server = Redis(base + "/" + unique("r"))
    server.stop()
    c = start(run=False, database_url=site.url, redis_url=server.url(),
              redis_retry_delay=0.05)
    c.start(wait=False)
    wait_for(lambda: _status(c) == 503, "health to answer red")
    path = "/%s/shop/item/1/" % PREFIX
    assert handshake(c, path, people.alice)[0] in (101, 503)
    server.start()
    wait_for(lambda: _status(c) == 200, "health to turn green")
    meet(c, people, room)
    c.close_all()
    c.stop()
    server.stop()


# --- embedded --------------------------------------------------------------

def embedded_server(c):
    return [p for p in descendants(c.process.pid)
            if "redis" in os.path.basename(exe_of(p))]


def test_embedded(start, site, people, room):
    c = start(database_url=site.url, redis_url="embedded")
    alice, bob = meet(c, people, room)
    pids = embedded_server(c)
    assert len(pids) == 1
    mark = c.mark()
    os.kill(pids[0], signal.SIGKILL)
    wait_for(lambda: embedded_server(c) not in ([], pids),
             "another redis-server")
    c.redis_state("up", mark)
    assert c.health()[0] == 200
    # Its data was lost: the room is put together again.
    carol = c.join(people.carol, room)
    carol.expect("user_joined", user_id=people.carol.id)
    goes_on(alice, bob, people)
    with open("/proc/net/tcp") as f:
        assert ":18EB " not in f.read(), "it must not listen on TCP"
    c.close_all()
    c.stop()


def test_embedded_dies_with_the_master(start, site):
    c = start(database_url=site.url, redis_url="embedded")
    pids = c.processes()
    c.process.kill()
    c.process.wait()
    wait_for(lambda: not [p for p in pids if os.path.exists("/proc/%d" % p)
                          and exe_of(p)], "all children to end")
    c.process = None


def test_embedded_without_program(start, site):
    c = start(run=False, database_url=site.url, redis_url="embedded",
              redis_server="/nonexistent/redis-server")
    done = c.run("-t", "-c", c.conf_path)
    assert done.returncode != 0
    assert "redis-server" in done.stdout + done.stderr

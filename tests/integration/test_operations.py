"""Health, metrics, the echo room, another client library."""
import json
import os
import socket
import subprocess

import pytest

from utils import (PATIENCE, PREFIX, ROOT, free_port, handshake, raw_get,
                   raw_head, raw_response, unique, wait_for, Ws)


def test_health(collabd):
    status, headers, body = raw_get(collabd.port, "/%s/health" % PREFIX)
    assert status == 200
    assert headers["content-type"].startswith("application/json")
    assert isinstance(json.loads(body), dict)
    assert body.count("\n") <= 1


def test_metrics(collabd, people, room):
    """Prometheus text; the workers' figures are summed, whichever answers."""
    status, headers, body = raw_get(collabd.port, "/%s/metrics" % PREFIX)
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    names = set()
    for line in body.splitlines():
        if line.startswith("# TYPE "):
            names.add(line.split()[2])
        elif line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            float(value)
            base = name.split("{")[0]
            assert base in names or base.rsplit("_", 1)[0] in names, line
    for word in ("connections", "rooms", "users", "frames", "claims",
                 "auth", "redis", "cache", "slow"):
        assert [n for n in names if word in n], word

    def total(word):
        return sum(v for n, v in collabd.metrics().items()
                   if word in n and "bucket" not in n)
    before = total("claims")
    alice = collabd.join(people.alice, room)
    alice.expect("user_joined")
    alice.send("claim_editor")
    alice.expect("editor_status")
    # Counted when Redis answers, perhaps after the event.
    wait_for(lambda: total("claims") > before, "the claim to be counted")
    after = {total("claims") for _ in range(10)}
    assert after == {before + 1}


def test_other_methods_and_paths(collabd):
    assert raw_get(collabd.port, "/%s/healthy" % PREFIX)[0] == 404
    assert handshake(collabd, "/%s/health/" % PREFIX)[0] == 404


def test_head_of_a_room(collabd):
    """An answer to HEAD has no body, whatever it says."""
    with socket.create_connection(("127.0.0.1", collabd.port), PATIENCE) as s:
        s.sendall(("HEAD /%s/shop/item/1/ HTTP/1.1\r\nHost: h\r\n\r\n" %
                   PREFIX).encode())
        answer = s.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert answer.endswith(b"\r\n\r\n")


def test_a_fault_is_counted_once(collabd, people, room):
    """However much comes behind a frame that is none."""
    name = "collabd_bad_messages_total{kind=\"protocol_error\"}"
    before = collabd.metrics()[name]
    with socket.create_connection(("127.0.0.1", collabd.port), PATIENCE) as s:
        s.sendall(raw_head("/%s/%s/" % (PREFIX, room), collabd.port,
                           "sessionid=" + people.alice.cookie))
        assert raw_response(s)[0] == 101
        s.sendall(b"\x83\x80\0\0\0\0")
        got = b""
        while b"\x88" not in got:      # the Close that says so
            got += s.recv(4096)
        for _ in range(3):
            s.sendall(b"more")
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass
    assert collabd.metrics()[name] == before + 1


def test_metrics_listen(start, site, redis):
    port = free_port()
    c = start(run=False, database_url=site.url, redis_url=redis.url())
    c.write_conf(metrics_listen="127.0.0.1:%d" % port)
    c.start(wait=False)

    def up():
        try:
            return raw_get(port, "/%s/health" % PREFIX)[0] == 200
        except OSError:
            return False
    wait_for(up, "health on the address of its own")
    assert raw_get(port, "/%s/metrics" % PREFIX)[0] == 200
    for name in ("health", "metrics"):
        assert raw_get(c.port, "/%s/%s" % (PREFIX, name))[0] == 404
    assert raw_get(port, "/%s/shop/item/1/" % PREFIX)[0] == 404


def test_echo(start, site, redis):
    c = start(database_url=site.url, redis_url=redis.url(), echo_room=True)
    ws = Ws.open(c, None, "echo")
    for message in ("text", "", "\u00e9" * 1000, b"\0\xff" * 1000, b""):
        ws.raw(message)
        assert ws.receive() == message
    ws.close()


def test_prefix_and_admin_url(start, site, redis, people):
    c = start(run=False, database_url=site.url, redis_url=redis.url(),
              websocket_prefix="/live/x/")
    c.start(wait=False)

    def up():
        try:
            return raw_get(c.port, "/live/x/health")[0] == 200
        except OSError:
            return False
    wait_for(up, "health below the prefix")
    assert handshake(c, "/live/x/shop/item/1/", people.alice)[0] == 101
    assert handshake(c, "/%s/shop/item/1/" % PREFIX, people.alice)[0] == 404


def test_node_client(collabd, people, room):
    """npm's ws, a second client library, beside python3-websockets."""
    modules = ROOT + "/tests/node_modules"
    if not os.path.isdir(modules + "/ws"):
        pytest.fail("run sh tests/deps.sh check: npm's ws is missing")
    bob = collabd.join(people.bob, room)
    bob.expect("user_joined", user_id=people.bob.id)
    page = unique()
    environment = dict(os.environ, NODE_PATH=modules)
    node = subprocess.run(
        ["node", os.path.join(os.path.dirname(__file__), "node_client.js"),
         str(collabd.port), PREFIX, people.alice.cookie, room, page],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=60)
    assert node.returncode == 0, node.stdout + node.stderr
    for kind in ("user_joined", "editor_status", "content_updated",
                 "lock_released", "user_left"):
        bob.expect(kind)


@pytest.fixture(scope="module")
def settings():
    return {}

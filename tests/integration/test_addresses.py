"""How many connections one client address may have. Loopback is a trusted
proxy unless a test says otherwise, so X-Forwarded-For says who comes."""
import contextlib
import socket

import pytest

from utils import (PREFIX, FaultProxy, Refused, handshake, raw_get, raw_head,
                   raw_response, unique, wait_for)

LIMIT = 3
PATH = "/%s/shop/item/7/" % PREFIX
OFFICE = "203.0.113.5"


@pytest.fixture(scope="module")
def settings():
    return {"workers": 1, "max_connections_per_address": LIMIT}


def comes_from(address):
    return [("X-Forwarded-For", address)]


def refused(c):
    return c.metrics()['collabd_handshakes_total{status="429"}']


def test_open_sockets_count(collabd, people):
    before = refused(collabd)
    mark = collabd.mark()
    held = [collabd.join(user, "shop/item/" + unique(),
                         headers=comes_from(OFFICE))
            for user in (people.alice, people.bob, people.carol)]
    with pytest.raises(Refused) as e:
        collabd.join(people.root, "shop/item/1", headers=comes_from(OFFICE))
    assert e.value.status == 429
    # What a client invents stands before what the proxy saw.
    assert handshake(collabd, PATH, people.root, extra=comes_from(
        "198.51.100.1, " + OFFICE))[0] == 429
    # Static files are connections, too.
    assert raw_get(collabd.port, "/%s/client.js" % PREFIX)[0] == 200
    assert handshake(collabd, "/%s/client.js" % PREFIX, drop=(
        "Upgrade", "Connection"), extra=comes_from(OFFICE))[0] == 429
    assert refused(collabd) == before + 3
    assert collabd.log_contains(r"too many connections of one address\" "
                                r"address=203\.0\.113\.5 ", mark)

    # Others do not notice; nor does one whom the proxy does not name.
    assert handshake(collabd, PATH, people.root,
                     extra=comes_from("203.0.113.6"))[0] == 101
    for _ in range(LIMIT + 1):
        collabd.join(people.root, "shop/item/" + unique()).expect(
            "user_joined")

    # Who closes makes room.
    held[0].close()
    wait_for(lambda: handshake(collabd, PATH, people.root, extra=comes_from(
        OFFICE))[0] == 101, "a place to be free")
    for ws in held[1:]:
        ws.expect("user_joined", user_id=ws.user.id)
        ws.quiet()


def test_a_network_of_ipv6_is_one(collabd, people):
    for i in range(LIMIT):
        collabd.join(people.alice, "shop/item/" + unique(),
                     headers=comes_from("2001:db8:0:1::%x" % i))
    assert handshake(collabd, PATH, people.alice, extra=comes_from(
        "[2001:db8:0:1:ffff::1]:4711"))[0] == 429
    assert handshake(collabd, PATH, people.alice, extra=comes_from(
        "2001:db8:0:2::1"))[0] == 101


def test_before_the_database(start, postgres, site, redis, people):
    """Those who wait for the database count; a refusal does not need it. Not
    behind a proxy a connection counts before it has said a word."""
    proxy = FaultProxy(postgres.port)
    c = start(database_url=postgres.url(site.database, port=proxy.port),
              redis_url=redis.url(), workers=1, auth_timeout=300,
              handshake_timeout=300, max_connections_per_address=LIMIT,
              trusted_proxies="192.0.2.1")
    head = raw_head(PATH, c.port, "sessionid=" + people.alice.cookie,
                    extra=comes_from(OFFICE))
    proxy.stall()
    with contextlib.ExitStack() as stack:
        def connect(source):
            return stack.enter_context(socket.create_connection(
                ("127.0.0.1", c.port), 10, (source, 0)))
        waiting = [connect("127.0.0.2") for _ in range(LIMIT - 1)]
        for s in waiting:
            s.sendall(head)
        silent = connect("127.0.0.2")
        assert raw_response(connect("127.0.0.2"))[0] == 429
        other = connect("127.0.0.3")
        other.sendall(head)

        proxy.restore()
        for s in waiting + [other]:
            assert raw_response(s)[0] == 101
        silent.sendall(head)
        assert raw_response(silent)[0] == 101
        assert raw_response(connect("127.0.0.2"))[0] == 429
        silent.close()

        def admitted():
            s = connect("127.0.0.2")
            s.sendall(head)
            return raw_response(s)[0] == 101
        wait_for(admitted, "a place to be free")
    proxy.stop()

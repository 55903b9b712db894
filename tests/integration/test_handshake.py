"""The handshake: who gets in, and the answers to all who do not."""
import base64
import socket

import pytest

from utils import (KEY, PREFIX, SOON, FaultProxy, handshake, raw_head,
                   raw_request, raw_response, unique, wait_for)

PATH = "/%s/shop/item/7/" % PREFIX
CHAT = "/%s/chat/admin_shop_item_7_change_/" % PREFIX


# --- refused: 403, one body ------------------------------------------------

def no_cookie(site, people):
    return None


def empty_cookie(site, people):
    return "sessionid="


def other_cookie(site, people):
    return "csrftoken=" + people.alice.cookie


def unknown_session(site, people):
    return "sessionid=" + "a" * 32


def session_too_short(site, people):
    return "sessionid=abc"


def sql_in_cookie(site, people):
    return "sessionid=' OR 1=1 --aaaaaaaa"


def expired_session(site, people):
    key = people.alice.log_in()
    site("sql", text="UPDATE django_session SET expire_date = now() - "
         "interval '1 second' WHERE session_key = %s", args=[key])
    return "sessionid=" + key


def tampered_session(site, people):
    key = people.alice.log_in()
    data = site("session_data", key=key)
    payload, rest = data.split(":", 1)
    payload = payload[:-1] + ("A" if payload[-1] != "A" else "B")
    site("sql", text="UPDATE django_session SET session_data = %s WHERE "
         "session_key = %s", args=[payload + ":" + rest, key])
    return "sessionid=" + key


def foreign_key_session(site, people):
    """Signed, but with a key that is not the site's."""
    key = people.alice.log_in()
    site.restart(SECRET_KEY="another-key-0123456789")
    other = site("login", pk=people.alice.pk)
    site.restart(SECRET_KEY=KEY)
    data = site("session_data", key=other)
    site("sql", text="UPDATE django_session SET session_data = %s WHERE "
         "session_key = %s", args=[data, key])
    return "sessionid=" + key


def anonymous_session(site, people):
    return "sessionid=" + site("anonymous")


def logged_out(site, people):
    user = site.staff()
    site("logout", key=user.cookie)
    return "sessionid=" + user.cookie


def changed_password(site, people):
    user = site.staff()
    site("password", pk=user.pk, password="another")
    return "sessionid=" + user.cookie


def inactive_user(site, people):
    user = site.staff()
    site("change", pk=user.pk, is_active=False)
    return "sessionid=" + user.cookie


def not_staff(site, people):
    return "sessionid=" + site.staff(staff=False).cookie


def superuser_not_staff(site, people):
    return "sessionid=" + site.user(superuser=True, staff=False).cookie


def deleted_user(site, people):
    user = site.user()
    site("delete", pk=user.pk)
    return "sessionid=" + user.cookie


def no_permission(site, people):
    return "sessionid=" + site.user().cookie


def other_models_permission(site, people):
    return "sessionid=" + site.user(
        permissions=["shop.change_shelf"]).cookie


def add_permission_alone(site, people):
    return "sessionid=" + site.user(
        permissions=["shop.add_item", "shop.delete_item"]).cookie


def last_cookie_wins(site, people):
    return "sessionid=%s; sessionid=%s" % (people.alice.cookie, "b" * 32)


REFUSED = [no_cookie, empty_cookie, other_cookie, unknown_session,
           session_too_short, sql_in_cookie, expired_session,
           tampered_session, foreign_key_session, anonymous_session,
           logged_out, changed_password, inactive_user, not_staff,
           superuser_not_staff, deleted_user, no_permission,
           other_models_permission, add_permission_alone, last_cookie_wins]

ORIGINS = {
    "missing": None,
    "null": "null",
    "foreign": "http://evil.example",
    "other scheme": "https://127.0.0.1:%d",
    "other port": "http://127.0.0.1:1",
    "no port": "http://127.0.0.1",
    "suffix": "http://127.0.0.1:%d.evil.example",
    "user info": "http://127.0.0.1:%d@evil.example",
    "path": "http://127.0.0.1:%d/",
    "empty": "",
}


@pytest.fixture(scope="module")
def refusal(collabd):
    """What a request without any cookie is told."""
    return shape(handshake(collabd, PATH))


def shape(answer):
    status, headers, body = answer
    return status, sorted(set(headers) - {"date"}), body


@pytest.mark.parametrize("case", REFUSED, ids=lambda f: f.__name__)
def test_refused(collabd, site, people, refusal, case):
    answer = shape(handshake(collabd, PATH, case(site, people)))
    assert answer[0] == 403
    assert answer == refusal


@pytest.mark.parametrize("name", ORIGINS)
@pytest.mark.parametrize("path", [PATH, CHAT])
def test_refused_origin(collabd, people, refusal, name, path):
    origin = ORIGINS[name]
    if origin is not None and "%d" in origin:
        origin %= collabd.port
    answer = shape(handshake(collabd, path, people.alice, origin=origin))
    assert answer[0] == 403
    assert answer == refusal


def test_two_origins(collabd, people):
    status = handshake(collabd, PATH, people.alice, extra=[
        ("Origin", "http://evil.example")])[0]
    assert status in (400, 403)


def test_forwarded_proto_of_a_trusted_proxy(collabd, people):
    """Behind TLS the Origin is https; loopback is a trusted proxy."""
    origin = "https://127.0.0.1:%d" % collabd.port
    assert handshake(collabd, PATH, people.alice, origin=origin, extra=[
        ("X-Forwarded-Proto", "https")])[0] == 101


# --- admitted --------------------------------------------------------------

def test_admitted(collabd, site, people):
    by_group = site.user(groups={"keepers": ["shop.change_item"]})
    for user in (people.alice, people.viewer, people.root, by_group):
        assert handshake(collabd, PATH, user)[0] == 101, user.username


def test_chat_needs_staff_alone(collabd, site):
    assert handshake(collabd, CHAT, site.user())[0] == 101
    assert handshake(collabd, CHAT, site.user(staff=False))[0] == 403


@pytest.mark.parametrize("cookie", [
    "sessionid=%s", "a=b; sessionid=%s; c=d", "sessionid=\"%s\"",
    "sessionid=bad; sessionid=%s", " sessionid = %s ", "x;sessionid=%s;;"])
def test_cookie_forms(collabd, people, cookie):
    assert handshake(collabd, PATH, cookie % people.alice.cookie)[0] == 101


def test_accept_key_and_no_extension(collabd, people):
    """The key and its answer are those of RFC 6455, section 1.3."""
    status, headers, _ = handshake(
        collabd, PATH, people.alice, drop=("Sec-WebSocket-Key",), extra=[
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Extensions", "permessage-deflate")])
    assert status == 101
    assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert "sec-websocket-extensions" not in headers
    assert "sec-websocket-protocol" not in headers


@pytest.mark.parametrize("offered,chosen", [
    ("collabd.v1", "collabd.v1"), ("foo, collabd.v1", "collabd.v1"),
    ("foo", None), ("collabd.v12", None)])
def test_subprotocol(collabd, people, offered, chosen):
    status, headers, _ = handshake(collabd, PATH, people.alice, extra=[
        ("Sec-WebSocket-Protocol", offered)])
    assert status == 101
    assert headers.get("sec-websocket-protocol") == chosen


@pytest.mark.parametrize("changes", [
    dict(drop=("Connection",), extra=[("Connection", "keep-alive, Upgrade")]),
    dict(drop=("Connection",), extra=[("Connection", "upgrade")]),
    dict(drop=("Upgrade",), extra=[("Upgrade", "WebSocket")]),
    dict(extra=[("X-Anything", "\x80\xff")]),
])
def test_head_variants(collabd, people, changes):
    assert handshake(collabd, PATH, people.alice, **changes)[0] == 101


def test_query_string_is_ignored(collabd, people):
    assert handshake(collabd, PATH + "?a=b&sessionid=x",
                     people.alice)[0] == 101


def test_session_in_query_does_not_count(collabd, people):
    path = PATH + "?sessionid=" + people.alice.cookie
    assert handshake(collabd, path)[0] == 403


# --- paths -----------------------------------------------------------------

@pytest.mark.parametrize("path", [
    "/", "/admin/", "/%s/" % PREFIX, "/%s/shop/item/" % PREFIX + "7",
    "/%s/shop/item/" % PREFIX, "/%s/shop/item/7/8/" % PREFIX,
    "/%s/shop//7/" % PREFIX, "/%s/chat//" % PREFIX, "/%s/chat/x" % PREFIX,
    "/%s//item/7/" % PREFIX, "/other/shop/item/7/", "/%sx/a/b/7/" % PREFIX,
    "/%s/shop/item/%s/" % (PREFIX, "x" * 256),
    "/%s/echo/" % PREFIX, "/%s/nothing/" % PREFIX])
def test_unknown_path(collabd, people, path):
    assert handshake(collabd, path, people.alice)[0] == 404
    assert handshake(collabd, path)[0] == 404


@pytest.mark.parametrize("path", [
    "/%s/shop/item/%%zz/" % PREFIX, "/%s/shop/item/%%/" % PREFIX,
    "/%s/shop/item/%%ff/" % PREFIX, "/%s/shop/item/a%%00b/" % PREFIX])
def test_bad_percent_encoding(collabd, people, path):
    assert handshake(collabd, path, people.alice)[0] in (400, 404)


# --- malformed requests ----------------------------------------------------

def good(collabd, people):
    return raw_head(PATH, collabd.port, "sessionid=" + people.alice.cookie)


MALFORMED = {
    "no key": dict(drop=("Sec-WebSocket-Key",)),
    "short key": dict(drop=("Sec-WebSocket-Key",), extra=[
        ("Sec-WebSocket-Key", base64.b64encode(b"short").decode())]),
    "key not base64": dict(drop=("Sec-WebSocket-Key",), extra=[
        ("Sec-WebSocket-Key", "!" * 24)]),
    "two keys": dict(extra=[("Sec-WebSocket-Key",
                             "dGhlIHNhbXBsZSBub25jZQ==")]),
    "no host": dict(drop=("Host",)),
    "two hosts": dict(extra=[("Host", "evil.example")]),
    "two cookies": dict(extra=[("Cookie", "sessionid=x")]),
    "space before colon": dict(extra=[("X-A ", "b")]),
    "folded": dict(extra=[("X-A", "b\r\n c")]),
    "bare CR": dict(extra=[("X-A", "b\rc")]),
    "bare LF": dict(extra=[("X-A", "b\nX-B: c")]),
    "NUL": dict(extra=[("X-A", "b\0c")]),
    "no colon": dict(extra=[("X-A\r\nX-B", "")]),
    "empty name": dict(extra=[("", "b")]),
    "HTTP/1.0": dict(version="HTTP/1.0"),
    "HTTP/2.0": dict(version="HTTP/2.0"),
    "POST": dict(method="POST"),
    "no method": dict(method=""),
    "not upgrade": dict(drop=("Connection",), extra=[
        ("Connection", "keep-alive")]),
    "upgrade to another": dict(drop=("Upgrade",), extra=[("Upgrade", "h2c")]),
    "body": dict(extra=[("Content-Length", "5")]),
    "chunked": dict(extra=[("Transfer-Encoding", "chunked")]),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(collabd, people, name):
    head = raw_head(PATH, collabd.port, "sessionid=" + people.alice.cookie,
                    **MALFORMED[name])
    assert raw_request(collabd.port, head)[0] in (400, 405, 413, 426, 501,
                                                  505)


@pytest.mark.parametrize("version", ["8", "12", "14", "013", "x", None])
def test_version(collabd, people, version):
    extra = [] if version is None else [("Sec-WebSocket-Version", version)]
    status, headers, _ = handshake(
        collabd, PATH, people.alice, drop=("Sec-WebSocket-Version",),
        extra=extra)
    assert status in (400, 426)
    if version in ("8", "12", "14"):
        assert status == 426
    if status == 426:
        assert headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("head", [
    b"GET " + b"/" * 70000,
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70000,
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
], ids=["line", "header", "headers"])
def test_head_too_large(collabd, head):
    with socket.create_connection(("127.0.0.1", collabd.port), 10) as s:
        try:
            s.sendall(head)
        except OSError:
            pass            # refused before all of it was sent
        try:
            status = raw_response(s)[0]
        except ConnectionError:
            return
    assert status in (400, 414, 431)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_head_in_pieces(collabd, people, size):
    head = good(collabd, people)
    with socket.create_connection(("127.0.0.1", collabd.port), 10) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(0, len(head), size):
            s.sendall(head[i:i + size])
        assert raw_response(s)[0] == 101


def test_frames_behind_the_head(collabd, people):
    """A client may send at once; nothing of it is lost."""
    frame = b"\x89\x80\0\0\0\0"            # a ping, masked with zeroes
    with socket.create_connection(("127.0.0.1", collabd.port), 10) as s:
        s.settimeout(10)
        s.sendall(good(collabd, people) + frame)
        data = b""
        while b"\x8a\x00" not in data:
            got = s.recv(65536)
            assert got, data
            data += got


def test_slow_head_is_cut(start, site, redis):
    c = start(database_url=site.url, redis_url=redis.url(),
              handshake_timeout=0.3)
    with socket.create_connection(("127.0.0.1", c.port), 10) as s:
        s.settimeout(10)
        s.sendall(b"GET / HTTP/1.1\r\n")
        answer = s.recv(1000)
        assert answer == b"" or b" 408 " in answer or b" 400 " in answer


# --- could not decide: 503 -------------------------------------------------

@pytest.fixture(scope="module")
def behind_proxy(start, postgres, site, redis):
    proxy = FaultProxy(postgres.port)
    c = start(database_url=postgres.url(site.database, port=proxy.port),
              redis_url=redis.url(), auth_timeout=SOON)
    c.proxy = proxy
    yield c
    proxy.stop()


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_database_gone(behind_proxy, people, fault):
    c = behind_proxy
    getattr(c.proxy, fault)()
    status, headers, body = handshake(c, PATH, people.alice)
    assert status == 503
    assert int(headers["retry-after"]) >= 1
    wait_for(lambda: c.health()[0] == 503, "health to turn red")
    c.proxy.restore()
    wait_for(lambda: handshake(c, PATH, people.alice)[0] == 101,
             "the database to be found again")
    wait_for(lambda: c.health()[0] == 200, "health to turn green")


def test_wrong_table_is_no_refusal(start, site, redis, people):
    """A configuration fault must not look like a decided no."""
    c = start(run=False, database_url=site.url, redis_url=redis.url(),
              user_table="no_such_table")
    c.start(wait=False)
    wait_for(lambda: listening(c.port), "the port")
    status, headers, _ = handshake(c, PATH, people.alice)
    assert status == 503
    assert "retry-after" in headers
    c.log_contains("no_such_table")


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


@pytest.mark.parametrize("reuse", [True, False])
def test_budget(start, postgres, site, redis, people, reuse):
    """However many come at once, few connections are open at a time, as the
    server sees it: one that we have closed is not gone yet."""
    import threading
    role = unique("budget")
    postgres.sql("CREATE ROLE %s LOGIN SUPERUSER PASSWORD 'x'" % role)
    url = postgres.url(site.database, user=role, password="x")
    c = start(database_url=url, redis_url=redis.url(), workers=4,
              auth_max_connections=3, auth_reuse=reuse)
    users = [people.alice, people.bob, people.carol] + \
        [site.staff() for _ in range(27)]
    results, most = [], 0
    threads = [threading.Thread(target=lambda u=u: results.append(
        handshake(c, PATH, u)[0])) for u in users]
    with postgres.connect("postgres") as watch, watch.cursor() as cursor:
        for t in threads:
            t.start()
        while any(t.is_alive() for t in threads):
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE "
                           "usename = %s", [role])
            most = max(most, cursor.fetchone()[0])
    assert results == [101] * 30
    assert most <= 3

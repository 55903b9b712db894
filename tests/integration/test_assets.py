"""The browser client's files over HTTP: what a browser and a cache see of
them. Which names the script's style sheet and languages have, the script
itself says."""
import gzip
import hashlib
import http.client
import json
import os
import re
import socket

import pytest

from utils import PATIENCE, PREFIX, ROOT, free_port, raw_get, wait_for

KEEP = "public, max-age=31536000, immutable"
LANG = ROOT + "/src/browser/lang"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def __getitem__(self, name):
        return self.headers[name]


def ask(daemon, name, method="GET", port=None, **headers):
    """headers: Accept_Encoding="gzip" and the like. Nothing else is sent, not
    even http.client's own Accept-Encoding."""
    c = http.client.HTTPConnection("127.0.0.1", port or daemon.port,
                                   timeout=PATIENCE)
    try:
        c.putrequest(method, "/%s/%s" % (PREFIX, name),
                     skip_accept_encoding=True)
        for key, value in headers.items():
            c.putheader(key.replace("_", "-"), value)
        c.endheaders()
        return Answer(c.getresponse())
    finally:
        c.close()


@pytest.fixture(scope="module")
def script(collabd):
    answer = ask(collabd, "client.js")
    assert answer.status == 200
    return answer


@pytest.fixture(scope="module")
def style_name(script):
    return re.search(r"client\.[0-9a-f]{8}\.css", script.body.decode())[0]


@pytest.fixture(scope="module")
def panel_name(script):
    return re.search(r"panel\.[0-9a-f]{8}\.js", script.body.decode())[0]


@pytest.fixture(scope="module")
def language_names(script):
    return set(re.findall(r"lang\.[A-Za-z-]+\.[0-9a-f]{8}\.json",
                          script.body.decode()))


@pytest.fixture(scope="module")
def immutable_names(script, style_name, panel_name, language_names):
    return {style_name, panel_name, hashed_name(script)} | language_names


def hashed_name(script):
    return "client.%s.js" % hashlib.sha256(script.body).hexdigest()[:8]


def test_script(script):
    assert script["Content-Type"] == "text/javascript; charset=utf-8"
    assert script["Cache-Control"] == "no-cache"
    assert script["Content-Length"] == str(len(script.body))
    assert script["Vary"] == "Accept-Encoding"
    assert script["X-Content-Type-Options"] == "nosniff"
    assert script["Connection"] == "close"
    assert re.fullmatch(r'"[0-9a-f]+"', script["ETag"])
    for absent in ("Content-Encoding", "Set-Cookie", "Last-Modified"):
        assert script[absent] is None


def test_hashed_script(collabd, script):
    same = ask(collabd, hashed_name(script))
    assert same.body == script.body
    assert same["Cache-Control"] == KEEP
    assert same["Content-Type"] == script["Content-Type"]


def test_style(collabd, style_name):
    style = ask(collabd, style_name)
    assert style.status == 200
    assert style["Content-Type"] == "text/css; charset=utf-8"
    assert style["Cache-Control"] == KEEP
    assert style["X-Content-Type-Options"] == "nosniff"
    assert hashlib.sha256(style.body).hexdigest()[:8] in style_name


def test_panel(collabd, script, panel_name):
    """The second script is a module, and the first one does without it."""
    panel = ask(collabd, panel_name)
    assert panel.status == 200
    assert panel["Content-Type"] == script["Content-Type"]
    assert panel["Cache-Control"] == KEEP
    assert hashlib.sha256(panel.body).hexdigest()[:8] in panel_name
    assert b"export{" in panel.body
    assert b"export{" not in script.body


def test_languages(collabd, language_names):
    """All that there are in the source, with what is in it; English is part
    of the script."""
    codes = {name[:-len(".json")] for name in os.listdir(LANG)} - {"en"}
    assert {name.split(".")[1] for name in language_names} == codes
    for name in language_names:
        answer = ask(collabd, name)
        assert answer.status == 200
        assert answer["Content-Type"] == "application/json"
        assert answer["Cache-Control"] == KEEP
        with open("%s/%s.json" % (LANG, name.split(".")[1]),
                  encoding="utf-8") as f:
            # Without the names, which the script has, in their order.
            assert json.loads(answer.body) == list(json.load(f).values())
    assert ask(collabd, "lang.en.json").status == 404


def test_gzip(collabd, script, immutable_names):
    for name in immutable_names | {"client.js"}:
        plain = ask(collabd, name)
        packed = ask(collabd, name, Accept_Encoding="gzip, deflate, br")
        assert packed["Content-Encoding"] == "gzip"
        assert packed["Content-Length"] == str(len(packed.body))
        assert gzip.decompress(packed.body) == plain.body
        assert packed["Vary"] == "Accept-Encoding"
        assert packed["ETag"] != plain["ETag"]
        for same in ("Content-Type", "Cache-Control"):
            assert packed[same] == plain[same]
    for value in ("gzip;q=0", "identity", "br", "", "gzip;q=0, *;q=0.5"):
        answer = ask(collabd, "client.js", Accept_Encoding=value)
        assert answer["Content-Encoding"] is None, value
        assert answer.body == script.body


def test_not_modified(collabd, script, immutable_names):
    for name in immutable_names | {"client.js"}:
        for accept in ("gzip", "identity"):
            full = ask(collabd, name, Accept_Encoding=accept)
            for tags in (full["ETag"], "W/" + full["ETag"], "*",
                         '"a,b", %s, "c"' % full["ETag"]):
                answer = ask(collabd, name, Accept_Encoding=accept,
                             If_None_Match=tags)
                assert (answer.status, answer.body) == (304, b""), tags
                for same in ("ETag", "Cache-Control", "Vary"):
                    assert answer[same] == full[same]
                for absent in ("Content-Length", "Content-Encoding",
                               "Content-Type"):
                    assert answer[absent] is None
    other = ask(collabd, "client.js", Accept_Encoding="gzip",
                If_None_Match=script["ETag"])
    assert (other.status, other["Content-Encoding"]) == (200, "gzip")
    assert ask(collabd, "client.js", If_None_Match='"x"').status == 200


def test_head(collabd, immutable_names):
    for name in immutable_names | {"client.js"}:
        for accept in ("gzip", "identity"):
            full = ask(collabd, name, Accept_Encoding=accept)
            head = ask(collabd, name, "HEAD", Accept_Encoding=accept)
            assert (head.status, head.body) == (200, b"")
            assert head.headers.items() == full.headers.items()
    # http.client would not show a body that must not be there.
    with socket.create_connection(("127.0.0.1", collabd.port), PATIENCE) as s:
        s.sendall(("HEAD /%s/client.js HTTP/1.1\r\nHost: h\r\n\r\n" %
                   PREFIX).encode())
        assert s.makefile("rb").read().endswith(b"\r\n\r\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS",
                                    "get"])
def test_other_methods(collabd, style_name, method):
    for name in ("client.js", style_name):
        answer = ask(collabd, name, method)
        assert answer.status == 405
        assert set(re.split(r",\s*", answer["Allow"])) == {"GET", "HEAD"}


def test_unknown_names(collabd, style_name, language_names):
    names = ["client.00000000.css", "client.00000000.js", "client.css",
             "client.js//", "client.js.gz", "Client.js", "../client.js",
             "client%2Ejs", style_name.upper(), style_name + "/"]
    names += [re.sub(r"[0-9a-f]{8}", "00000000", n) for n in language_names]
    for name in names:
        for method in ("GET", "HEAD"):
            answer = ask(collabd, name, method)
            assert answer.status == 404, name
            assert answer["Cache-Control"] == "no-store"
    with socket.create_connection(("127.0.0.1", collabd.port), PATIENCE) as s:
        s.sendall(("HEAD /%s/client.css HTTP/1.1\r\nHost: h\r\n\r\n" %
                   PREFIX).encode())
        assert s.makefile("rb").read().endswith(b"\r\n\r\n")


def test_query_and_cookies_do_not_matter(collabd, script):
    assert ask(collabd, "client.js?v=1").body == script.body
    answer = ask(collabd, "client.js", Cookie="sessionid=forged",
                 Origin="https://elsewhere.example")
    assert answer.headers.items() == script.headers.items()
    assert answer.body == script.body


def test_upgrade_is_no_handshake(collabd, script):
    answer = ask(collabd, "client.js", Connection="Upgrade",
                 Upgrade="websocket", Sec_WebSocket_Version="13",
                 Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
    assert (answer.status, answer.body) == (200, script.body)


def test_counted(collabd, script):
    def count(status):
        return collabd.metrics()[
            'collabd_handshakes_total{status="%d"}' % status]
    before = count(200), count(304)
    ask(collabd, "client.js")
    ask(collabd, "client.js", If_None_Match=script["ETag"])
    ask(collabd, "client.js", If_None_Match="*")
    assert (count(200), count(304)) == (before[0] + 1, before[1] + 2)


def test_many_at_once(collabd, script):
    """All answers are whole, however they are read."""
    request = ("GET /%s/client.js HTTP/1.1\r\nHost: h\r\n\r\n" %
               PREFIX).encode()
    sockets = []
    for _ in range(100):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        s.settimeout(PATIENCE)
        s.connect(("127.0.0.1", collabd.port))
        s.sendall(request)
        sockets.append(s)
    for s in reversed(sockets):
        with s, s.makefile("rb") as f:
            head, body = f.read().split(b"\r\n\r\n", 1)
            assert head.startswith(b"HTTP/1.1 200 ") and body == script.body


def test_no_database_and_no_redis(start):
    """They come from memory: nothing else has to be up."""
    c = start(run=False, database_url="postgres://x:y@127.0.0.1:%d/z" %
              free_port(), redis_url="redis://127.0.0.1:%d/0" % free_port())
    c.start(wait=False)

    def answers():
        try:
            return ask(c, "client.js").status == 200
        except OSError:
            return False
    wait_for(answers, "the script without database and Redis")
    assert c.health()[0] == 503


def test_not_on_the_metrics_address(start, site, redis, style_name):
    port = free_port()
    c = start(run=False, database_url=site.url, redis_url=redis.url())
    c.write_conf(metrics_listen="127.0.0.1:%d" % port)
    c.start(wait=False)

    def up():
        try:
            return raw_get(port, "/health")[0] == 200
        except OSError:
            return False
    wait_for(up, "health on the address of its own")
    for name in ("client.js", style_name):
        assert ask(c, name, port=port).status == 404
        assert ask(c, name).status == 200
    assert raw_get(port, "/client.js")[0] == 404

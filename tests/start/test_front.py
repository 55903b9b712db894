"""What goes through: bodies both ways, headers, other websockets, errors; and
what must not."""
import base64
import contextlib
import hashlib
import os
import re
import select
import socket
import time

import pytest

import rig
from rig import PYTHON, raw_response, wait_for

MB = 1 << 20


# --- bodies

def memory(s):
    """What nginx has, in bytes; one that serves, and not one that is starting."""
    assert s.get("/echo")[0] == 200
    total = 0
    for pid in s.pids("nginx"):
        with open("/proc/%d/status" % pid) as f:
            total += 1024 * int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    return total


def on_disk(s):
    total = 0
    for folder, _, files in os.walk(s.env["TMPDIR"]):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(folder + "/" + name).st_size
    return total


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_upload_streams(running, chunked):
    """200 MB, and neither memory nor disk has them."""
    piece, n = os.urandom(MB), 200
    before, most, disk = memory(running), 0, 0
    digest = hashlib.sha256()
    with running.connect() as c:
        c.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                  (b"Transfer-Encoding: chunked" if chunked else
                   b"Content-Length: %d" % (n * MB)) + b"\r\n\r\n")
        for i in range(n):
            c.sendall(b"%x\r\n%s\r\n" % (MB, piece) if chunked else piece)
            digest.update(piece)
            if i % 20 == 0:
                most, disk = max(most, memory(running)), max(disk,
                                                             on_disk(running))
        if chunked:
            c.sendall(b"0\r\n\r\n")
        assert raw_response(c)[2] == "%d %s" % (n * MB, digest.hexdigest())
    assert most - before < 20 * MB and disk < 5 * MB


def test_a_large_download_streams(running):
    n, got, before, most = 100 * MB, 0, memory(running), 0
    with running.connect() as c:
        c.sendall(b"GET /download?n=%d HTTP/1.1\r\nHost: x\r\n"
                  b"Connection: close\r\n\r\n" % n)
        while True:
            piece = c.recv(MB)
            if not piece:
                break
            got += len(piece)
            most = max(most, memory(running)) if got % 7 == 0 else most
    assert got > n and most - before < 20 * MB and on_disk(running) < 5 * MB


def test_small_bodies_of_each_size(running):
    for n in (0, 1, 16383, 16384, 16385, 99999, 100000, 100001):
        body = os.urandom(n)
        got = running.echo(method="POST", body=body)
        assert got["length"] == n
        assert got["sha256"] == hashlib.sha256(body).hexdigest()


def test_an_answer_comes_as_it_is_made(running, base):
    go = base + "/go-on"
    with running.connect() as c:
        c.sendall(b"GET /stream?file=%s HTTP/1.1\r\nHost: x\r\n\r\n" %
                  go.encode())
        got = b""
        while b"first\n" not in got:
            got += c.recv(65536)
        assert b"second" not in got
        open(go, "w").close()
        while b"second\n" not in got:
            got += c.recv(65536)


def test_many_slow_uploads_keep_nobody_waiting(running):
    """The site has two workers; a thousand who type slowly take none."""
    n, size = 1000, 3000
    slow = []
    try:
        for _ in range(n):
            c = running.connect()
            c.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close"
                      b"\r\nContent-Length: %d\r\n\r\n%s" % (size, b"x" * 10))
            slow.append(c)
        for _ in range(20):
            assert running.echo()["method"] == "GET"
        for c in slow:
            c.sendall(b"x" * (size - 10))
        want = "%d %s" % (size, hashlib.sha256(b"x" * size).hexdigest())
        assert {raw_response(c)[2] for c in slow} == {want}
    finally:
        for c in slow:
            c.close()


def test_a_crowd_that_is_larger_than_the_sites_line(start):
    """A unix socket with a full line refuses at once. Most find a place a
    little later; nobody gets anything but an answer or a 502."""
    s = start(rig.GUNICORN + ["--backlog", "20"])
    crowd = [s.connect() for _ in range(400)]
    for c in crowd:
        c.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  b"Content-Length: 2\r\n\r\nx")
    for c in crowd:
        c.sendall(b"x")
    got = [raw_response(c)[0] for c in crowd]
    for c in crowd:
        c.close()
    assert set(got) <= {200, 502} and got.count(200) > 360, got.count(200)


# --- headers

FORGED = ("X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https",
          "X-Forwarded-Port: 443", "X-Forwarded-Host: evil.example.com",
          "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6;proto=https",
          "X-Forwarded-Ssl: on", "X-Scheme: https",
          "X_Forwarded_Proto: https", "X_Forwarded_For: 6.6.6.6")


def test_what_a_client_says_of_itself_counts_for_nothing(running):
    got = running.echo(*FORGED)["headers"]
    assert got["X-Forwarded-For"] == got["X-Real-Ip"] == "127.0.0.1"
    assert got["X-Forwarded-Proto"] == "http"
    assert got["X-Forwarded-Port"] == str(running.port)
    assert not {"X-Forwarded-Host", "Forwarded", "X-Forwarded-Ssl",
                "X-Scheme"} & set(got)


def test_what_a_router_says_counts(start):
    s = start(port=None, env={"PORT": str(rig.free_port())})
    got = s.echo(*FORGED)["headers"]
    assert got["X-Forwarded-For"] == "6.6.6.6"
    assert got["X-Forwarded-Proto"] == "https"
    assert got["X-Forwarded-Port"] == "443"
    got = s.echo("X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 2.2.2.2",
                 "X-Forwarded-Proto: gopher", "X-Forwarded-Port: x")["headers"]
    assert got["X-Forwarded-For"] == "1.1.1.1, 2.2.2.2"
    assert got["X-Forwarded-Proto"] == "http"
    assert got["X-Forwarded-Port"] == str(s.port)
    # Nobody in front after all.
    assert s.echo()["headers"]["X-Forwarded-For"] == "127.0.0.1"
    s.stop()
    for options in (["--forwarded", "replace"], ["--listen", "127.0.0.1:0"]):
        s = start(port=None, env={"PORT": str(rig.free_port())},
                  options=options)
        assert s.echo(*FORGED)["headers"]["X-Forwarded-For"] == "127.0.0.1"


def test_the_rest_of_a_request_is_as_it_was(running):
    got = running.echo("X-Request-ID: abcd-1234-efgh", "Accept: a/b",
                       "X-Odd: \"a; b\", c", "Cookie: a=1; b=\"2\"",
                       "Accept-Encoding: gzip, br", method="PATCH",
                       path="/echo?q=%2f%0d%0aX:y&&%zz//", body=b"x")
    assert got["method"] == "PATCH"
    assert got["uri"] == "/echo?q=%2f%0d%0aX:y&&%zz//"
    head = got["headers"]
    assert head["X-Request-Id"] == "abcd-1234-efgh"
    assert head["X-Odd"] == '"a; b", c' and head["Cookie"] == 'a=1; b="2"'
    assert head["Accept-Encoding"] == "gzip, br" and head["Accept"] == "a/b"
    assert head["Host"] == "www.example.com"
    one = running.echo("X-Request-ID: short")["headers"]["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", one)


def test_connections_outlive_a_routers(running):
    """90 s; ours are not counted in real time, but read."""
    with open(find_conf(running)) as f:
        conf = f.read()
    assert int(re.search(r"keepalive_timeout (\d+)s", conf).group(1)) > 90
    with running.connect() as c:
        for _ in range(3):
            c.sendall(b"GET /status/200 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert raw_response(c)[0] == 200


def find_conf(s):
    for name in os.listdir(s.env["TMPDIR"]):
        if name.startswith("start-collabd-"):
            return "%s/%s/nginx.conf" % (s.env["TMPDIR"], name)


def test_nothing_is_logged_of_requests(running):
    mark = len(running.log())
    running.get("/secret-path")
    assert "secret-path" not in running.log()[mark:]


def test_an_access_log_when_asked_for(start, folder):
    s = start(options=["--access-log", folder + "/access"])
    s.get("/status/200")
    wait_for(lambda: "/status/200" in open(folder + "/access").read(), "it")


# --- errors

@pytest.mark.parametrize("status", [400, 403, 404, 413, 418, 429, 500, 502,
                                    503, 504])
def test_the_sites_own_errors(running, status):
    got, headers, text = running.get("/status/%d" % status)
    assert got == status and text == "the site's own %d" % status
    assert headers["server"] == "gunicorn"
    assert headers["content-type"] == "text/plain"


def test_a_site_that_takes_too_long(running, base):
    go = base + "/late"
    status, headers, text = running.get("/wait?file=" + go)
    open(go, "w").close()
    assert status == 504 and "has not answered within 2 seconds" in text
    assert headers["content-type"].startswith("text/html")
    assert headers["cache-control"] == "no-store"


def test_a_site_that_is_gone_for_a_while(start, folder):
    """As while runserver starts anew."""
    site = ("import os, socket, sys\n"
            "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); "
            "s.listen(5)\n"
            "while not os.path.exists('go'): s.accept()[0].close()\n"
            "s.close()\nimport time\ntime.sleep(1000)\n")
    s = start([PYTHON, "-c", site, "{socket}"])
    status, _, text = s.get("/")
    assert status == 502 and "The site does not answer" in text
    open(folder + "/go", "w").close()
    s.get("/")
    status, _, text = s.get("/big" * 10)
    assert status == 502 and "The site does not answer" in text
    status = s.request("POST / HTTP/1.1\nHost: x\nConnection: close\n"
                       "Content-Length: 200000", b"x" * 200000)[0]
    assert status == 502


# --- byte for byte

@pytest.fixture(scope="module")
def wire(base):
    """A site that keeps what it gets."""
    import tempfile
    path = tempfile.mkdtemp(prefix="w", dir=base)
    os.chmod(path, 0o755)
    folder = rig.make_site(path + "/site")
    rig.make_conf(folder)
    os.mkdir(folder + "/kept")
    s = rig.Start(folder, [PYTHON, "wire.py", "{socket}", folder + "/kept"])
    s.kept = folder + "/kept"
    s.wait_collabd()
    yield s
    s.end()


def kept(s):
    """What came on each connection since the last time."""
    found = []
    for name in sorted((n for n in os.listdir(s.kept) if n.isdigit()),
                       key=int):
        with open(s.kept + "/" + name, "rb") as f:
            found.append(f.read())
        os.unlink(s.kept + "/" + name)
    return found


def arrived(s, mark):
    """The one connection that begins like this, when it has ended. There may be
    others, of a test before."""
    found = []

    def look():
        found.extend(k for k in kept(s) if k.startswith(mark))
        return found
    return wait_for(look, "%r to arrive" % mark)[0]


def send_all(s, data, then_end=False):
    """Sends it, and reads until nginx closes. then_end: what was sent may wait
    for more, which does not come."""
    with s.connect() as c:
        c.sendall(data)
        with contextlib.suppress(OSError):
            if then_end:
                c.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(ConnectionError):
            while True:
                piece = c.recv(65536)
                if not piece:
                    return got
                got += piece
        return got


HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST %s HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = {
    "CL.TE": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
             b"0\r\n\r\n" + HIDDEN,
    "TE.CL": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
             b"5\r\nGET /\r\n0\r\n\r\n",
    "TE.TE": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"
             b"\r\n0\r\n\r\n" + HIDDEN,
    "TE other": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "TE list": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" +
               HIDDEN,
    "TE space": POST + b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n"
                b"\r\n0\r\n\r\n" + HIDDEN,
    "TE 1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n"
              b"Connection: keep-alive\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two CL": POST + b"Content-Length: 0\r\nContent-Length: 35\r\n\r\n" +
              HIDDEN,
    "CL list": POST + b"Content-Length: 0, 35\r\n\r\n" + HIDDEN,
    "CL plus": POST + b"Content-Length: +35\r\n\r\n" + HIDDEN,
    "CL minus": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "CL hex": POST + b"Content-Length: 0x23\r\n\r\n" + HIDDEN,
    "chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n"
                  b"fffffffffffffffff\r\n" + HIDDEN,
    "chunk sign": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + HIDDEN,
    "fold": POST + b"Content-Length: 0\r\nX: a\r\n Transfer-Encoding: chunked"
            b"\r\n\r\n",
    "NUL": POST + b"Content-Length: 0\r\nX: a\0b\r\n\r\n",
    "NUL in a path": POST.replace(b"%s", b"%s\0") + b"Content-Length: 0\r\n\r\n",
    "no colon": POST + b"Content-Length: 0\r\nnonsense\r\n\r\n",
    "two hosts": POST + b"Host: y\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("path", [b"/", b"/admin/collaboration/x/"])
@pytest.mark.parametrize("name", list(SMUGGLED))
def test_smuggling(wire, name, path):
    """Either it is refused, or the site sees one request on the connection,
    and no second one in its body."""
    kept(wire)
    data = SMUGGLED[name].replace(b"%s", path)
    got = send_all(wire, data, then_end=True)
    answers = len(re.findall(rb"HTTP/1\.[01] \d{3} ", got))
    first = int(got.split()[1]) if got else 400
    assert wire.get("/after")[0] == 200
    for one in kept(wire):
        if one.startswith(b"GET /after "):
            continue
        head, body = one.split(b"\r\n\r\n", 1)
        assert b"hidden" not in head.split(b"\r\n")[0] or answers > 1
        lengths = re.findall(rb"(?im)^content-length: *(.*?)\r?$", head)
        coding = re.findall(rb"(?im)^transfer-encoding: *(.*?)\r?$", head)
        assert len(lengths) + len(coding) <= 1
        assert not lengths or len(body) == int(lengths[0])
        assert re.search(rb"(?im)^connection: close\r?$", head)
    # nginx drops a line that is no header.
    if name not in ("TE.CL", "fold", "no colon"):
        assert first >= 400, (name, got)


def test_one_request_for_a_connection(wire):
    """Two that come at once go apart."""
    got = send_all(wire, b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n"
                   b"GET /two HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert got.count(b"HTTP/1.1 200") == 2
    one = arrived(wire, b"GET /one ")
    assert b"/two" not in one and one.count(b"HTTP/1.1") == 1


UPGRADE = (b"GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: %s\r\nConnection: Upgrade"
           b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n")
WS_KEY = base64.b64encode(b"0123456789abcdef")


def test_a_path_as_it_was_written(wire):
    for path in (b"/a//b/./%2e/%41?a=%0d%0aX:%20y", b"/a;b=c/../d",
                 b"/x?/admin/collaboration/", b"/%e2%82%ac/caf%C3%a9"):
        send_all(wire, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n"
                 b"Connection: close\r\n\r\n")
        assert arrived(wire, b"GET " + path + b" HTTP/1.1\r\n")


def test_a_websocket_of_the_site(wire):
    with wire.connect() as c:
        c.sendall(UPGRADE % (b"/chat", b"websocket", WS_KEY))
        assert raw_response(c)[0] == 101
        for frame in (b"\x81\x85abcd" + b"x" * 5, b"y" * 100000):
            c.sendall(frame)
            got = b""
            while len(got) < len(frame):
                got += c.recv(65536)
            assert got == frame


def test_no_tunnel_without_a_101(wire):
    """The site said 200: what follows is another request, for nginx to read."""
    for path, what in ((b"/refuse", b"websocket"), (b"/h2c", b"h2c")):
        got = send_all(wire, UPGRADE % (path, what, WS_KEY) +
                       b"GET /hidden HTTP/1.1\r\nX_Y: z\r\nHost: x\r\n"
                       b"Connection: close\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 200")
        one = arrived(wire, b"GET " + path)
        assert one.count(b" HTTP/1.1\r\n") == 1 and b"X_Y" not in one


def test_the_private_places(wire):
    for path in ("metrics", "health", "./metrics", "x/../health", "%6detrics",
                 "/health", "metrics?x", "health#x", "%2e/metrics"):
        assert wire.get("/admin/collaboration/" + path)[0] in (400, 404), path
    assert not [k for k in kept(wire) if b"metrics" in k or b"health" in k]

"""--inject: the client in the pages of an admin that knows nothing of it, and
in no others."""
import json
import os
import re
import signal
import subprocess
import sys
from urllib.parse import quote

import pytest

import rig
from rig import wait_for

sys.path.insert(0, rig.ROOT + "/tests/demo")
from visit import Browser

TAG = ('<script async fetchpriority="high" '
       'src="/admin/collaboration/client.js"></script></head>')


@pytest.fixture(scope="module")
def plain(base):
    """The site without a framework, in a trial."""
    import tempfile
    path = tempfile.mkdtemp(prefix="t", dir=base)
    os.chmod(path, 0o755)
    folder = rig.make_site(path + "/site")
    rig.make_conf(folder)
    s = rig.Start(folder, rig.GUNICORN, options=["--inject"])
    yield s
    s.end()


def page(s, path, *fields):
    return s.request("\n".join(["GET " + path + " HTTP/1.1", "Host: x",
                                "Connection: close"] + list(fields)))


def test_where_it_goes(plain):
    status, headers, text = page(plain, "/admin/x/?a=b",
                                 "Accept-Encoding: gzip, br")
    assert status == 200 and text.count(TAG) == 1
    # A coded page could not be read.
    assert headers["x-coding"] == ""


@pytest.mark.parametrize("path", ["/", "/administration/", "/admin", "/x/admin/",
                                  "/admin/?status=404", "/admin/?status=500",
                                  "/admin/?status=403", "/admin/?status=201"])
def test_where_it_does_not(plain, path):
    text = page(plain, path)[2]
    assert "</head>" in text and "client.js" not in text


def test_other_types(plain):
    assert "client.js" not in page(plain, "/echo?</head>")[2]
    assert json.loads(page(plain, "/echo", "Accept-Encoding: br")[2])[
        "headers"]["Accept-Encoding"] == "br"


ALLOW = ["script-src 'self'", "default-src 'self'; img-src *",
         "default-src 'none'; script-src 'self' https://cdn.example.com",
         "img-src 'none'", "script-src *", "script-src http: https:",
         "default-src 'none';script-src-elem 'self';script-src 'none'",
         "SCRIPT-SRC 'SELF'", "style-src 'self'; frame-ancestors 'none'"]
FORBID = ["script-src 'none'", "default-src 'none'",
          "script-src 'nonce-abc' 'strict-dynamic'",
          "script-src 'self' 'nonce-abc' 'strict-dynamic'",
          "default-src 'self'; script-src https://cdn.example.com",
          "script-src", "default-src 'self'; script-src-elem 'none'",
          "script-src *.example.com", "img-src 'self'; default-src data:",
          "script-src 'self', script-src 'none'",
          "script-src-attr 'self'; default-src 'none'"]


@pytest.mark.parametrize("policy", ALLOW + FORBID)
def test_a_policy_is_respected(plain, policy):
    status, headers, text = page(plain, "/admin/?policy=" +
                                 quote(policy, safe=""))
    assert status == 200 and headers["content-security-policy"] == policy
    assert ("client.js" in text) == (policy in ALLOW)


def test_a_policy_that_forbids_it_is_said(start, folder):
    rig.make_conf(folder)
    with open(folder + "/app.py") as f:
        text = f.read()
    with open(folder + "/app.py", "w") as f:
        f.write(text.replace('if "policy" in query:', 'if True:').replace(
            'query["policy"]', '"script-src \'none\'"'))
    s = start(options=["--inject"])
    s.log_contains("the Content-Security-Policy of /admin/login/ forbids the "
                   "client, which is left out: add 'self'")
    s.log_contains("script-src 'none'")


def test_an_admin_that_is_elsewhere_is_said(start, folder):
    rig.make_conf(folder, admin_url="backoffice")
    s = start(options=["--inject"])
    s.log_contains(r"/backoffice/login/ answers 404 \(text/html\), not a page")


def test_a_project_that_nobody_has_prepared(start, project):
    """SQLite, runserver, no configuration, no template, no Redis: two users
    are in one room, through one address."""
    s = start(["manage.py", "runserver", "{port}"], where=project,
              options=["--inject", "-o", "drain_time=0.2"])
    s.log_contains("asked manage.py for the site's settings, which took ")
    s.log_contains(r"(?s)http://127.0.0.1:%d/admin/\n\nOpen it in two browsers "
                   "as two users" % s.port)
    s.wait_collabd()
    people = {}
    for name in ("ann", "bob"):
        one = people[name] = Browser("http://127.0.0.1:%d" % s.port)
        assert "Log out" in one.log_in(name, "demo")
        status, text = one.get("/admin/auth/user/1/change/")
        assert status == 200 and text.count(TAG) == 1
    edit(people)
    # Its settings are in nobody's hands but ours.
    folder = [n for n in os.listdir(s.env["TMPDIR"])
              if n.startswith("start-collabd-")][0]
    folder = s.env["TMPDIR"] + "/" + folder
    assert os.stat(folder).st_mode & 0o067 == 0
    assert os.stat(folder + "/collabd.conf").st_mode & 0o077 == 0
    with open(project + "/mysite/settings.py") as f:
        key = re.search("SECRET_KEY = '(.*)'", f.read()).group(1)
    with open(folder + "/collabd.conf") as f:
        assert key in f.read()
    assert key not in s.log()
    s.stop(signal.SIGINT)
    assert not os.path.exists(project + "/collabd.conf")


def edit(people):
    import asyncio

    async def meet():
        room = "/admin/collaboration/auth/user/1/"
        ann, bob = [await people[n].socket(room) for n in ("ann", "bob")]
        await ann.send('{"type": "claim_editor"}')
        while True:
            frame = json.loads(await asyncio.wait_for(bob.recv(),
                                                      rig.PATIENCE))
            if frame["type"] == "editor_status" and frame["editor_id"]:
                assert frame["editor_name"].startswith("ann")
                break
        await ann.close()
        await bob.close()
    asyncio.run(meet())


ODD_KEY = " '\"a b\" #=,;%s\\n\\ \u00fc\u20ac{}$@ "
ODD_PASSWORD = "p@:/?#%&= w+[\\]\u00fc"


def test_gunicorn_and_a_database_with_a_password(start, base, folder):
    """The site is asked as well when its command is not manage.py. Neither key
    nor password have to be plain."""
    from utils import Postgres
    server = Postgres(base + "/pg")
    try:
        server.sql("CREATE DATABASE shop")
        server.sql("CREATE ROLE odd LOGIN SUPERUSER PASSWORD %s",
                   (ODD_PASSWORD,))
        database = dict(server.settings("shop"), USER="odd",
                        PASSWORD=ODD_PASSWORD)
        project = rig.make_project(
            os.path.dirname(folder) + "/project", DATABASES={
                "default": database}, SECRET_KEY=ODD_KEY,
            SECRET_KEY_FALLBACKS=["old, and odd", b"\xff\x01"])
        s = start([rig.PYTHON, "-m", "gunicorn", "mysite.wsgi", "--bind",
                   "unix:{socket}", "--graceful-timeout", "5",
                   "--worker-tmp-dir", "/dev/shm"], where=project,
                  options=["-o", "redis_url=embedded"])
        s.wait_collabd()
        assert "FAILED" not in s.log()
        one = Browser("http://127.0.0.1:%d" % s.port)
        assert "Log out" in one.log_in("ann", "demo")
        # Only a trial puts it there.
        assert "client.js" not in one.get("/admin/")[1]
        other = Browser("http://127.0.0.1:%d" % s.port)
        other.log_in("bob", "demo")
        edit({"ann": one, "bob": other})
        assert "p@" not in s.log() and "#=,;" not in s.log()
        assert s.stop() == 0
    finally:
        server.stop()

"""Dynos of a built app: what their users see, what they cost, how they end and
follow each other."""
import asyncio
import os
import re
import subprocess
import threading

import pytest

from conftest import KEY
from dyno import HERE, MEASURED, TESTS, Dyno, form_of, write
from kit.base import PATIENCE, PREFIX, exe_of
from kit.client import Loop, Refused, Ws
from tabs import Tab

ROOM = "press/article/%d"
PAGE = "/admin/press/article/%d/change/"


class Place:
    """Where a Ws connects to: the router."""

    def __init__(self, port):
        self.port, self.settings = port, {}


def open_tab(who, article, tab, **options):
    """A page of an article with collabd's client, behind the router."""
    who.id = who.id if hasattr(who, "id") else None
    ws = Tab.open(Place(who.port), who, ROOM % article, v1=True,
                  origin="https://127.0.0.1:%d" % who.port,
                  headers=[("X-Forwarded-Proto", "https"),
                           ("X-Forwarded-For", "203.0.113.7")], **options)
    ws.hello(tab)
    who.id = ws.welcome["you"]["user_id"]
    return ws


def test_two_users(start, visit):
    """One edits, the other watches; a save is told from the database."""
    start().wait_collabd()
    ann, bob = visit("ann"), visit("bob")
    status, page = ann.get(PAGE % 1)
    assert status == 200 and 'src="/%s/client.js"' % PREFIX in page
    one = open_tab(ann, 1, "tab-ann")
    one.send("claim_editor")
    one.until_lock(editor=one)
    other = open_tab(bob, 1, "tab-bob")
    assert other.shown["editor"]["user_id"] == ann.id
    other.send("request_edit")
    other.until_lock(editor=one, line=[bob])
    form = dict(form_of(page), title="Read by the router", author="2",
                state="draft")
    status, text = ann.post(PAGE % 1, form)
    assert status == 302, re.findall(r'(?s)errorlist.*?</ul>', text)
    assert other.until("saved")["user_id"] == ann.id
    # Neither figures nor state for the public.
    for name in ("health", "metrics"):
        assert ann.get("/%s/%s" % (PREFIX, name))[0] == 404


class Watch(threading.Thread):
    """The most that is seen of some figures while it runs."""

    def __init__(self, **figures):
        super().__init__(daemon=True)
        self.figures, self.most = figures, dict.fromkeys(figures, 0)
        self.error = None
        self.is_over = threading.Event()

    def run(self):
        while self.error is None and not self.is_over.wait(0.02):
            for name, ask in self.figures.items():
                try:
                    self.most[name] = max(self.most[name], ask())
                except Exception as e:
                    self.error = e

    def __enter__(self):
        self.start()
        return self.most

    def __exit__(self, *_):
        self.is_over.set()
        self.join()
        assert self.error is None, self.error


def test_cost(start, visit, postgres, redis):
    """With the defaults, while people come and work: two workers whatever the
    app has, at most 8 connections to PostgreSQL and 6 to Redis, under 60 MB."""
    def at_postgres():
        with looker.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity "
                           "WHERE application_name = 'collabd'")
            return cursor.fetchone()[0]

    def at_redis():
        return sum(not c["cmd"].startswith("client")
                   for c in client.client_list())
    dyno = start().wait_collabd()
    looker, client = postgres.connect("site"), redis.client()
    people = [visit(n) for n in ("ann", "bob", "carol", "erin")]
    with Watch(PostgreSQL=at_postgres, Redis=at_redis,
               memory=dyno.memory) as most:
        tabs = [open_tab(p, a, "tab-%d" % a) for p in people
                for a in range(5, 13)]
        tabs[0].send("claim_editor")
        tabs[0].until_lock(editor=tabs[0])
        at_once(dyno, [p for p in people for _ in range(16)])
    MEASURED["beside the app, with 32 tabs"] = \
        "%.0f MB, %d connections to PostgreSQL, %d to Redis" % (
            most["memory"] / 1e6, most["PostgreSQL"], most["Redis"])
    assert 1 <= most["PostgreSQL"] <= 8
    assert most["Redis"] == 4
    assert most["memory"] < 60e6
    workers = [p for p in dyno.beside_the_app()
               if exe_of(p).endswith("/sbin/collabd")]
    assert len(workers) == 1 + 2
    for ws in tabs:
        ws.abort()


def at_once(dyno, people):
    """All of them connect in the same instant."""
    async def every():
        place = Place(dyno.port)
        found = await asyncio.gather(*[
            Ws.connect(place, p, ROOM % 5, v1=True,
                       origin="https://127.0.0.1:%d" % place.port,
                       headers=[("X-Forwarded-Proto", "https")])
            for p in people])
        for connection in found:
            await connection.close()
    Loop.run(every(), 60)


def test_settings(site, config):
    """Those of a dyno, over collabd's own and below the app's."""
    def settings(**env):
        said = dyno.once("collabd -T", SECRET_KEY=KEY, **env)
        assert said.returncode == 0, said.stdout
        return dict(line.split(" = ", 1) for line in
                    said.stdout.splitlines() if " = " in line)
    dyno = Dyno("dyno2", site, config)
    usual = {"workers": "2", "auth_max_connections": "8",
             "redis_max_connections": "6", "redis_tls_verify": "off"}
    assert usual.items() <= settings().items()
    # A Redis without TLS, or with a certificate to be looked at.
    assert settings(REDIS_URL="redis://h")["redis_tls_verify"] == "on"
    found = settings(COLLABD_REDIS_TLS_VERIFY="on", COLLABD_WORKERS="1")
    assert (found["redis_tls_verify"], found["workers"]) == ("on", "1")
    write(dyno.root + "/app/collabd.conf",
          "# workers = 5\n workers=3\nredis_max_connections = 12\n")
    said = dyno.once("collabd -T -c collabd.conf", SECRET_KEY=KEY).stdout
    for line in ("workers = 3", "redis_max_connections = 12",
                 "auth_max_connections = 8"):
        assert "\n%s\n" % line in said


def test_upload(start, visit):
    """200 MB go through it, and it gets no larger."""
    dyno = start().wait_collabd()
    ann = visit("ann")
    status, page = ann.get(PAGE % 2)
    form = dict(form_of(page), title="With a film", author="2", state="draft")
    before = dyno.memory()
    with Watch(memory=dyno.memory) as most:
        assert ann.upload(PAGE % 2, form, "attachment", 200) == 302
    more = most["memory"] - before
    MEASURED["while 200 MB are uploaded"] = "%.1f MB more" % (more / 1e6)
    assert more < 4e6, "%.1f MB more" % (more / 1e6)


def test_a_new_dyno(start, visit, router, redis):
    """A deploy: the new dyno is there before the old one goes, which the editor
    survives in mid-edit. Nobody else gets the lock, who has asked before stays
    in the line, and both dynos end in time with nothing left."""
    old = start().wait_collabd()
    ann, bob = visit("ann"), visit("bob")
    one = open_tab(ann, 3, "tab-ann")
    one.send("claim_editor")
    one.until_lock(editor=one)
    one.state("dirty")
    two = open_tab(bob, 3, "tab-bob")
    two.send("request_edit")
    two.until_lock(editor=one, line=[bob])
    new = start("dyno2").wait_collabd()
    # New sockets come to the new one, old ones stay for up to two minutes.
    three = open_tab(visit("carol"), 3, "tab-carol")
    assert three.shown["editor"]["user_id"] == ann.id
    old.stop()
    assert one.closed() in (1001, 1012) and two.closed() in (1001, 1012)
    # Who wants to edit is here before the editor is.
    two = open_tab(bob, 3, "tab-bob")
    for ws in (two, three):
        ws.send("claim_editor")
    one = open_tab(ann, 3, "tab-ann")
    one.send("claim_editor")
    for ws in (one, two, three):
        assert set(editors_until(ws, ann.id)) <= {None, ann.id}
    new.stop()


def editors_until(ws, wanted):
    """Who edits, as a tab was told it, to the last of them."""
    said = [(ws.shown["editor"] or {}).get("user_id")]
    while said[-1] != wanted:
        frame = ws.until("lock")
        said.append((frame["editor"] or {}).get("user_id"))
    return said


def test_a_new_dyno_in_a_browser(start, router, postgres):
    """The same for two people: what is typed stays on the page, and is saved
    through the new dyno."""
    if not os.path.isdir(TESTS + "/node_modules"):
        pytest.skip("tests/node_modules is not there: tests/deps.sh check")
    old = start().wait_collabd()
    new = start("dyno2", route=False).wait_collabd()
    title = "Saved behind the new dyno"
    node = subprocess.Popen(
        ["sh", "-c", '. tests/path.sh; exec node "$@"', "sh",
         HERE + "/browser.mjs", "http://127.0.0.1:%d" % router.port,
         PAGE % 4, title], cwd=os.path.dirname(TESTS), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for line in node.stdout:
            if line == "deploy\n":
                router.target = new.port
                old.stop()
            if line in ("deploy\n", "done\n"):
                node.stdin.write("yes\n")
                node.stdin.flush()
        assert node.wait(PATIENCE) == 0
    finally:
        node.kill()
        node.wait()
    assert postgres.sql("SELECT title FROM press_article WHERE id = 4",
                        name="site") == [(title,)]


def test_alone(start, visit, site):
    """A process type of its own, for who routes to it from elsewhere."""
    with open(site.folder + "/Procfile", "a") as f:
        f.write("collabd: bin/collabd\n")
    dyno = start(process="collabd").wait_collabd()
    assert dyno.get("/admin/login/") == 404
    assert dyno.stop() == 0


def test_another_key(start, visit):
    """Of a key that is not the site's nobody is let in, and the site works."""
    dyno = start(COLLABD_SECRET_KEY="another-key-" + KEY).wait_collabd()
    ann = visit("ann")
    assert ann.get("/admin/")[0] == 200
    with pytest.raises(Refused) as e:
        open_tab(ann, 1, "tab-ann")
    assert e.value.status == 403
    dyno.log_contains(r"(?i)secret.key|signature")


def test_no_redis(start, visit):
    """An embedded one cannot be: the site works, and the log says why collabd
    does not."""
    dyno = start(REDIS_URL=None).wait_up()
    assert visit("ann").get("/admin/")[0] == 200
    dyno.log_contains(r"redis-server")


def test_switched_off(start, visit):
    dyno = start(COLLABD_ENABLED="0").wait_up()
    assert visit("ann").get("/admin/")[0] == 200
    assert not dyno.beside_the_app()


def test_what_the_dyno_says(start, visit, config):
    """That the link to Redis is not verified; and no secret, also when the
    shell traces what it does."""
    dyno = start().wait_collabd()
    dyno.log_contains(r"(?i)redis.*not verif|certificate.*not verif")
    done = dyno.once("true")
    assert done.returncode == 0 and not done.stdout, done.stdout
    dyno.config["BASH_ENV"] = "/app/trace"
    with open(dyno.root + "/app/trace", "w") as f:
        f.write("set -x\n")
    said = dyno.once("true").stdout + dyno.log()
    assert "collabd.sh" in said
    for word in ("secret-word", KEY, config["REDIS_URL"]):
        assert word not in said

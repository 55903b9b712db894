"""The guard: a proxy asks whether a form may be saved. Asked directly here; what
browsers get behind a real nginx, and Django by itself, is in
test_guard_sites.py."""
import json
import socket
import time
from datetime import datetime, timezone

import pytest

from tabs import Tabs
from utils import PREFIX, FaultProxy, raw_request, unique, wait_for

METRIC = 'collabd_guard_answers_total{verdict="%s",reason="%s"}'


@pytest.fixture(scope="module")
def settings():
    # A release is none of a save here, unless a test says so; and sockets are
    # not closed by the database's absence.
    return dict(save_guard="enforce", save_guard_timeout=10,
                reauth_interval=60, save_settle=0,
                save_poll_interval=0, leave_grace=0)


@pytest.fixture
def item():
    return unique("i")


@pytest.fixture
def tabs(daemon, item):
    return Tabs(daemon, "shop/item/" + item)


@pytest.fixture
def special(request, start, site, redis, settings):
    """A daemon with the settings that the test is marked with."""
    mark = request.node.get_closest_marker("with_settings")
    c = start(**dict(settings, database_url=site.url, redis_url=redis.url(),
                     **mark.kwargs if mark else {}))
    yield c
    c.close_all()
    c.stop()


def change(item):
    return "/admin/shop/item/%s/change/" % item


def question(user, uri, method="POST", names="Original", more=(),
             path="guard", by="GET"):
    """The head of a question, as nginx asks it; names "Forwarded": as Caddy and
    Traefik do."""
    uri_name = "X-Original-URI" if names == "Original" else \
        "X-Forwarded-Uri"
    lines = ["%s /%s/%s HTTP/1.1" % (by, PREFIX, path), "Host: 127.0.0.1",
             "X-%s-Method: %s" % (names, method), "%s: %s" % (uri_name, uri)]
    if user is not None:
        lines.append("Cookie: sessionid=%s" % getattr(user, "cookie", user))
    lines += more
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def ask(daemon, user, uri, method="POST", **options):
    return raw_request(daemon.port, question(user, uri, method, **options))


def verdict(daemon, user, uri, method="POST", **options):
    return ask(daemon, user, uri, method, **options)[0]


class counted:
    """Within it these answers are counted, and no others."""

    def __init__(self, daemon, **wanted):
        self.daemon, self.wanted = daemon, wanted

    def look(self):
        return {name: value for name, value in self.daemon.metrics().items()
                if name.startswith("collabd_guard_answers_total")}

    def __enter__(self):
        self.before = self.look()

    def __exit__(self, kind, *_):
        if kind is None:
            after = self.look()
            assert {k: v - self.before[k] for k, v in after.items()
                    if v != self.before[k]} == {
                METRIC % tuple(k.split("_", 1)): v
                for k, v in self.wanted.items()}


def hold(redis, item, user, seconds_ago=0):
    """The lock of a room that nobody on this machine is in, as a page of the
    package on another one has it."""
    when = datetime.fromtimestamp(time.time() - seconds_ago, timezone.utc)
    redis.client().set("editor:admin_shop_item_" + item, json.dumps({
        "editor_id": user.id, "editor_name": user.email,
        "last_heartbeat": when.isoformat(timespec="microseconds")}))


def test_editor_saves_and_nobody_else(collabd, tabs, people, item):
    tabs.editor(people.alice)
    with counted(collabd, passed_editor=1, refused_held=3):
        assert verdict(collabd, people.alice, change(item)) == 204
        assert verdict(collabd, people.bob, change(item)) == 403
        assert verdict(collabd, people.bob,
                       "/admin/shop/item/%s/delete/" % item) == 403
        # A superuser takes the lock over first.
        assert verdict(collabd, people.root, change(item)) == 403


def test_same_user_elsewhere_is_nobody_else(collabd, tabs, people, item):
    """Another tab, and another session of the same user."""
    tabs.editor(people.alice)
    tabs.open(people.alice)
    assert verdict(collabd, people.alice, change(item)) == 204
    assert verdict(collabd, people.alice.log_in(), change(item)) == 204


def test_free(collabd, tabs, people, item):
    with counted(collabd, passed_free=2):
        assert verdict(collabd, people.bob, change(item)) == 204
        tabs.open(people.alice)
        assert verdict(collabd, people.bob, change(item)) == 204


def test_by_caddys_names(collabd, tabs, people, item):
    tabs.editor(people.alice)
    assert verdict(collabd, people.bob, change(item),
                   names="Forwarded") == 403
    assert verdict(collabd, people.alice, change(item),
                   names="Forwarded") == 204


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_nothing_is_saved(collabd, tabs, people, item, method):
    tabs.editor(people.alice)
    with counted(collabd, passed_method=1):
        assert verdict(collabd, people.bob, change(item), method) == 204


@pytest.mark.parametrize("uri, reason", [
    ("/admin/shop/item/add/", "add"),
    ("/admin/shop/item/", "list"),
    ("/admin/shop/item/?q=1/change/", "list"),
    ("/admin/shop/item/%s/history/", "other"),
    ("/admin/auth/user/%s/password/", "other"),
    ("/shop/item/%s/change/", "other"),
    ("/", "other"),
])
def test_other_pages(collabd, tabs, people, item, uri, reason):
    tabs.editor(people.alice)
    with counted(collabd, **{"passed_" + reason: 1}):
        assert verdict(collabd, people.bob,
                       uri.replace("%s", item)) == 204


def test_other_ways_to_write_the_url(collabd, tabs, people, item):
    tabs.editor(people.alice)
    for uri in ("/de/admin/shop/item/%s/change/", "/%%61dmin/shop/item/%s/"
                "change/", "/admin/shop/item/%s%%2Fchange/",
                "/admin/shop/item/%s/change/?_popup=1"):
        assert verdict(collabd, people.bob, uri % item) == 403, uri


def test_quoted_key(collabd, people):
    """The room has the quoted key; Django takes the plain one as well."""
    # Nothing in it reads as quoted: "_24" would be a dollar sign.
    key = unique("a/b") + "_x"
    quoted = key.replace("_", "_5F").replace("/", "_2F")
    tabs = Tabs(collabd, "shop/item/" + quoted)
    tabs.editor(people.alice)
    for id in (quoted, key, key.replace("/", "%2F")):
        assert verdict(collabd, people.bob, change(id)) == 403, id
        assert verdict(collabd, people.alice, change(id)) == 204, id


@pytest.mark.parametrize("more", [
    ["X-Original-URI: /admin/shop/item/x/change/"],
    ["X-Forwarded-Uri: /admin/shop/item/x/change/"],
    ["X-Original-Method: GET"],
    ["X-Forwarded-Method: GET"],
])
def test_said_twice(collabd, tabs, people, item, more):
    """One of them may be the browser's own."""
    tabs.editor(people.alice)
    with counted(collabd, undecided_url=1):
        assert verdict(collabd, people.bob, change(item), more=more) == 204


def test_said_twice_alike(collabd, tabs, people, item):
    tabs.editor(people.alice)
    assert verdict(collabd, people.bob, change(item), more=[
        "X-Forwarded-Method: POST",
        "X-Forwarded-Uri: " + change(item)]) == 403


def test_nothing_said(collabd, people):
    with counted(collabd, undecided_url=1):
        assert raw_request(collabd.port, (
            "GET /%s/guard HTTP/1.1\r\nHost: h\r\n\r\n" %
            PREFIX).encode())[0] == 204


def test_only_get(collabd, people, item):
    assert verdict(collabd, people.bob, change(item), by="POST") == 405
    assert verdict(collabd, people.bob, change(item), by="HEAD") == 204


def test_no_user(collabd, tabs, people, item, site):
    """Django refuses them itself."""
    tabs.editor(people.alice)
    guest = site.user(staff=False)
    with counted(collabd, passed_no_user=4):
        assert verdict(collabd, None, change(item)) == 204
        assert verdict(collabd, guest, change(item)) == 204
        assert verdict(collabd, "x" * 32, change(item)) == 204
        assert verdict(collabd, site("anonymous"), change(item)) == 204


def test_refusal_is_not_remembered(collabd, tabs, people, item, site):
    """Nor does a session that was good count for long: who logs out is known
    no more at the latest when the time for it is over."""
    tabs.editor(people.alice)
    late = site.user(staff=False)
    assert verdict(collabd, late, change(item)) == 204
    site("change", pk=late.pk, is_staff=True)
    assert verdict(collabd, late, change(item)) == 403


@pytest.mark.with_settings(workers=1)
def test_session_of_the_last_seconds(special, tabs, people, redis, item):
    """Asked about twice, it is looked up once."""
    def looked_up():
        return sum(v for k, v in special.metrics().items()
                   if k.startswith("collabd_authorizations_total"))
    hold(redis, item, people.alice)
    before = looked_up()
    for _ in range(3):
        assert verdict(special, people.bob, change(item)) == 403
    assert looked_up() == before + 1
    # One with an open socket is not looked up at all.
    Tabs(special, "shop/item/" + unique("i")).open(people.carol)
    before = looked_up()
    assert verdict(special, people.carol, change(item)) == 403
    assert looked_up() == before


def test_room_of_another_machine(collabd, people, redis, item):
    """It is not in the cache: one read of Redis."""
    hold(redis, item, people.alice)
    assert verdict(collabd, people.bob, change(item)) == 403
    assert verdict(collabd, people.alice, change(item)) == 204


def test_stale_lock(collabd, people, redis, item):
    hold(redis, item, people.alice, seconds_ago=119)
    assert verdict(collabd, people.bob, change(item)) == 403
    hold(redis, item, people.alice, seconds_ago=121)
    with counted(collabd, passed_free=1):
        assert verdict(collabd, people.bob, change(item)) == 204


def test_last_editor_may_still_save(collabd, tabs, people, item):
    """The page of the package gives the lock back before it posts."""
    alice = tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    alice.send("release_lock")
    tabs.all_lock()
    bob.send("claim_editor")
    tabs.all_lock(editor=bob)
    with counted(collabd, passed_last=1, refused_held=1, passed_editor=1):
        assert verdict(collabd, people.alice, change(item)) == 204
        assert verdict(collabd, people.carol, change(item)) == 403
        assert verdict(collabd, people.bob, change(item)) == 204


@pytest.mark.with_settings(save_settle=60)
def test_kept_for_a_save(special, people, item):
    """Others still have the old text before them."""
    room = "shop/item/" + item
    page = special.join(people.alice, room)
    page.expect("user_joined")
    page.send("claim_editor")
    page.expect("editor_status", editor_id=people.alice.id)
    page.send("content_updated")
    page.expect("content_updated")
    page.send("release_lock")
    page.expect("lock_released")
    assert verdict(special, people.alice, change(item)) == 204
    assert verdict(special, people.bob, change(item)) == 403


@pytest.mark.with_settings(save_guard="report")
def test_report(special, people, item):
    Tabs(special, "shop/item/" + item).editor(people.alice)
    with counted(special, reported_held=1, passed_editor=1):
        assert verdict(special, people.bob, change(item)) == 204
        assert verdict(special, people.alice, change(item)) == 204
    special.log_contains('"action":"save_reported"')


@pytest.mark.with_settings(save_guard=None)
def test_report_is_the_default(special, people, item):
    Tabs(special, "shop/item/" + item).editor(people.alice)
    with counted(special, reported_held=1):
        assert verdict(special, people.bob, change(item)) == 204


@pytest.mark.with_settings(save_guard="off")
def test_off(special, people, item):
    Tabs(special, "shop/item/" + item).editor(people.alice)
    with counted(special):
        assert verdict(special, people.bob, change(item)) == 204


def test_audit_log(start, site, redis, settings, people, item):
    c = start(run=False, **dict(settings, database_url=site.url,
                                redis_url=redis.url()))
    c.write_conf(audit_log=c.folder + "/audit")
    c.start()
    Tabs(c, "shop/item/" + item).editor(people.alice)
    assert verdict(c, people.bob, change(item)) == 403
    assert verdict(c, people.bob, "/admin/shop/item/%s/delete/" % item) == 403
    c.reload(save_guard="report")
    wait_for(lambda: verdict(c, people.bob, change(item)) == 204,
             "the new setting")
    bob, alice = ({"user_id": str(u.id), "name": u.username}
                  for u in (people.bob, people.alice))
    line = {"action": "save_refused", "object": "shop/item/" + item,
            "from": bob, "to": alice, "why": "change"}
    # Names are read after the answer: a line may be late.
    for wanted in (line, dict(line, why="delete"),
                   dict(line, action="save_reported")):
        wait_for(lambda: wanted in audited(c), "%s in the log" % wanted)
    c.close_all()
    c.stop()


def audited(c):
    """The lines of the audit log, without their times."""
    with open(c.folder + "/audit") as f:
        found = [json.loads(line) for line in f]
    assert all(line.pop("time") for line in found)
    return found


@pytest.mark.with_settings(trusted_proxies="192.0.2.1")
def test_stranger(special, people, item):
    """Who is not a proxy of ours learns nothing, whatever it says."""
    Tabs(special, "shop/item/" + item).editor(people.alice)
    nothing = raw_request(special.port, (
        "GET /%s/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" %
        PREFIX).encode())
    with counted(special):
        for path in ("guard", "refused"):
            for more in ((), ["X-Forwarded-For: 192.0.2.1"],
                         ["X-Real-IP: 192.0.2.1"]):
                assert ask(special, people.bob, change(item), path=path,
                           more=more) == nothing
    assert nothing[0] == 404


def test_over_a_unix_socket(start, site, redis, settings, people, item):
    c = start(run=False, **dict(settings, database_url=site.url,
                                redis_url=redis.url()))
    path = c.folder + "/sock"
    c.write_conf(listen="127.0.0.1:%d unix:%s" % (c.port, path))
    c.start()
    Tabs(c, "shop/item/" + item).editor(people.alice)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(question(people.bob, change(item)))
        assert s.recv(65536).startswith(b"HTTP/1.1 403 ")
    c.close_all()
    c.stop()


def test_not_on_the_metrics_address(start, site, redis, settings, people,
                                    item):
    from utils import free_port
    port = free_port()
    c = start(**dict(settings, database_url=site.url, redis_url=redis.url(),
                     metrics_listen="127.0.0.1:%d" % port), run=False)
    c.start(wait=False)
    wait_for(lambda: listens(port), "the metrics address")
    assert raw_request(port, question(people.bob, change(item)))[0] == 404
    c.stop()


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


# --- undecided ---------------------------------------------------------------

@pytest.fixture
def broken(start, site, redis, settings, postgres):
    """A daemon whose ways to Redis and PostgreSQL can be cut."""
    to_redis, to_postgres = FaultProxy(redis.port), FaultProxy(postgres.port)
    c = start(**dict(settings, redis_url=redis.url(to_redis.port),
                     save_guard_timeout=1, database_url=postgres.url(site.database,
                                               to_postgres.port)))
    c.to_redis, c.to_postgres = to_redis, to_postgres
    yield c
    c.close_all()
    c.stop()
    to_redis.stop()
    to_postgres.stop()


def test_redis_is_down(broken, people, item):
    Tabs(broken, "shop/item/" + item).editor(people.alice)
    wait_for(lambda: verdict(broken, people.bob, change(item)) == 403,
             "a refusal")
    mark = broken.mark()
    broken.to_redis.cut()
    broken.redis_state("down", mark)
    with counted(broken, undecided_redis=1):
        assert verdict(broken, people.bob, change(item)) == 204
    mark = broken.mark()
    broken.to_redis.restore()
    broken.redis_state("up", mark)
    wait_for(lambda: verdict(broken, people.bob, change(item)) == 403,
             "the guard to know again who edits")


def test_redis_hangs(broken, people, redis, item):
    """The answer comes within its time all the same."""
    hold(redis, item, people.alice)
    broken.to_redis.stall()
    with counted(broken, undecided_late=1):
        assert verdict(broken, people.bob, change(item)) == 204
    broken.log_contains("guard: not decided reason=late")
    broken.to_redis.restore()


def test_postgres_is_down(broken, people, item):
    Tabs(broken, "shop/item/" + item).editor(people.alice)
    broken.to_postgres.cut()
    with counted(broken, undecided_database=1):
        assert verdict(broken, people.bob, change(item)) == 204
    broken.to_postgres.restore()
    wait_for(lambda: verdict(broken, people.bob, change(item)) == 403,
             "the guard to know again who asks")


def test_postgres_hangs(broken, people, item):
    Tabs(broken, "shop/item/" + item).editor(people.alice)
    broken.to_postgres.stall()
    with counted(broken, undecided_late=1):
        assert verdict(broken, people.bob, change(item)) == 204
    broken.to_postgres.restore()


def test_asker_goes_away(broken, people, item):
    """While the answer is waited for; nothing is left behind."""
    Tabs(broken, "shop/item/" + item).editor(people.alice)
    broken.to_postgres.stall()
    broken.to_redis.stall()
    for uri in (change(item), change(unique("i"))):
        with socket.create_connection(("127.0.0.1", broken.port)) as s:
            s.sendall(question(people.bob, uri))
    broken.to_postgres.restore()
    broken.to_redis.restore()
    wait_for(lambda: verdict(broken, people.bob, change(item)) == 403,
             "the guard to answer")


# --- what the browser gets ---------------------------------------------------

def refused(daemon, user, item, *more, **options):
    return ask(daemon, user, change(item), path="refused", more=more,
               **options)


def test_page(collabd, tabs, people, item):
    tabs.editor(people.alice)
    status, headers, body = refused(collabd, people.bob, item)
    assert status == 423
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-language"] == "en"
    assert "<bdi>alice</bdi></strong> is editing this" in body
    assert "Back button" in body and "<script" not in body
    assert "set-cookie" not in headers
    status, headers, body = refused(collabd, people.bob, item,
                                    "Accept-Language: de-AT,en;q=0.5")
    assert status == 423 and headers["content-language"] == "de"
    assert "bearbeitet" in body


def test_page_names_nobody(collabd, tabs, people, item, site):
    """To whom the room would not be open; nor when it is not known."""
    tabs.editor(people.alice)
    other = site.user(permissions=["shop.view_shelf"])
    assert verdict(collabd, other, change(item)) == 403
    for who in (other, None):
        status, _, body = refused(collabd, who, item)
        assert status == 423
        assert "alice" not in body and "Somebody else" in body
    status, _, body = refused(collabd, people.bob, unique("i"))
    assert status == 423 and "Somebody else" in body


def test_tab_is_told(collabd, tabs, people, item):
    """The page that has sent the form stays, and hears why; on whichever
    worker its socket is."""
    alice = tabs.editor(people.alice)
    first = tabs.open(people.bob)
    pid = collabd.worker_of(first)
    second = tabs.open(people.bob, fits=lambda p: p != pid)
    status, headers, body = raw_request(collabd.port, question(
        "%s; collabd_save=%s" % (people.bob.cookie, second.tab),
        change(item), path="refused"))
    assert (status, body) == (204, "")
    assert headers["set-cookie"].startswith(
        "collabd_save=%s.refused; Path=/;" % second.tab)
    assert "content-length" not in headers
    for ws in (first, second):
        ws.expect("save_refused", tab=second.tab,
                  editor={"user_id": people.alice.id, "name": "alice"})
    assert alice.quiet()


@pytest.mark.parametrize("cookie, more", [
    ("%s; collabd_save=", ()),
    ("%s; collabd_save=t1.refused", ()),
    ("%s; collabd_save=t%%0d%%0aX:y", ()),
    ('%s; collabd_save="t\\015\\012X: y"', ()),
    ("%s; collabd_save=" + "t" * 65, ()),
    ("%s; collabd_save=t1", ("Sec-Fetch-Mode: cors",)),
])
def test_no_page_of_ours(collabd, tabs, people, item, cookie, more):
    """What is no tab's id is none; and a script that posts would take 204 for a
    yes."""
    tabs.editor(people.alice)
    status, headers, _ = raw_request(collabd.port, question(
        cookie.replace("%s", people.bob.cookie, 1), change(item),
        path="refused", more=more))
    assert status == 423 and "set-cookie" not in headers


def test_page_of_ours_navigates(collabd, tabs, people, item):
    tabs.editor(people.alice)
    assert raw_request(collabd.port, question(
        people.bob.cookie + "; collabd_save=t1", change(item),
        path="refused", more=["Sec-Fetch-Mode: navigate"]))[0] == 204


def test_verdict_has_the_page_too(collabd, tabs, people, item):
    """For proxies that show it to the browser: without the name."""
    tabs.editor(people.alice)
    status, headers, body = ask(collabd, people.bob, change(item))
    assert status == 403 and "Somebody else" in body
    assert headers["content-type"].startswith("text/html")

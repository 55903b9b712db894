"""The guard in front of a real Django: behind nginx with etc/nginx.conf and
etc/nginx-guard.conf, and with the middleware etc/collabd_guard.py."""
import contextlib
import os
import signal
from urllib.parse import urlencode

import pytest

from tabs import Tabs
from utils import (PREFIX, REQUIRE, Browser, Gunicorn, Nginx, Redis, Site,
                   django_python, unique, wait_for)

METRIC = 'collabd_guard_answers_total{verdict="%s",reason="%s"}'


@pytest.fixture(scope="module")
def settings():
    return dict(save_guard="enforce", save_settle=0, save_poll_interval=0,
                leave_grace=0, save_guard_timeout=10)


@pytest.fixture(scope="module")
def serve(base):
    """serve(Class, ...) gives a server that ends with the module."""
    with contextlib.ExitStack() as made:
        def make(kind, *arguments, **settings):
            one = kind(base + "/" + unique("web"), *arguments, **settings)
            made.callback(one.stop)
            return one
        yield make


@pytest.fixture(scope="module")
def gunicorn(serve, site):
    return serve(Gunicorn, site)


@pytest.fixture(scope="module")
def nginx(serve, gunicorn, collabd):
    return serve(Nginx, gunicorn, collabd)


class Guarded(Gunicorn):
    """The site with the middleware, which asks at this address."""

    def __init__(self, folder, site, address, **settings):
        super().__init__(folder, site, COLLABD_GUARD=address, MIDDLEWARE=[
            "collabd_guard.CollabdGuard",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ], **dict(dict(COLLABD_GUARD_TIMEOUT=10), **settings))


def address(collabd):
    return "127.0.0.1:%d" % collabd.port


@pytest.fixture(scope="module")
def guarded(serve, site, collabd):
    """The site without nginx."""
    return serve(Guarded, site, address(collabd))


@pytest.fixture(params=["nginx", "guarded"])
def front(request):
    """Either way to the site."""
    return request.getfixturevalue(request.param)


class Item:
    """An object of the site's, and its forms."""

    def __init__(self, site):
        self.site = site
        self.id = site("sql", text="INSERT INTO shop_item (name) VALUES "
                                   "('old') RETURNING id")[0][0]
        self.room = "shop/item/%d" % self.id
        self.path = "/admin/shop/item/%d/change/" % self.id

    @property
    def name(self):
        return self.site("sql", text="SELECT name FROM shop_item WHERE id = "
                                     "%s", args=[self.id])[0][0]

    def save(self, browser, name="new", headers=(), path=None, **cookies):
        """Opens the form and sends it."""
        fields = dict(csrfmiddlewaretoken=browser.token(self.path),
                      name=name, _save="Save")
        browser.cookies.update(cookies)
        return browser.request("POST", path or self.path, urlencode(fields),
                               headers)


@pytest.fixture
def item(site):
    return Item(site)


@pytest.fixture
def tabs(collabd, item):
    return Tabs(collabd, item.room)


def questions(daemon):
    return sum(v for k, v in daemon.metrics().items()
               if k.startswith("collabd_guard_answers_total"))


def test_editor_saves(front, tabs, people, item):
    tabs.editor(people.alice)
    assert item.save(Browser(front.port, people.alice))[0] == 302
    assert item.name == "new"


def test_nobody_edits(front, people, item):
    assert item.save(Browser(front.port, people.bob))[0] == 302
    assert item.name == "new"


def test_somebody_else_does_not(front, tabs, people, item):
    tabs.editor(people.alice)
    status, headers, text = item.save(Browser(front.port, people.bob), headers={
        "Accept-Language": "fr-CA, en;q=0.7"})
    assert status == 423
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Language"] == "fr"
    assert "<bdi>alice</bdi></strong> modifie cet objet" in text
    assert item.name == "old"


def test_page_of_ours_stays(front, tabs, people, item):
    """The browser gets nothing to show, the tab is told why."""
    tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    browser = Browser(front.port, people.bob)
    status, headers, text = item.save(browser, collabd_save=bob.tab,
                                      headers={"Sec-Fetch-Mode": "navigate"})
    assert (status, text) == (204, "")
    assert browser.cookies["collabd_save"] == bob.tab + ".refused"
    bob.expect("save_refused", tab=bob.tab, editor={
        "user_id": people.alice.id, "name": "alice"})
    assert item.name == "old"


def test_script_is_not_told_that_it_saved(front, tabs, people, item):
    tabs.editor(people.alice)
    bob = tabs.open(people.bob)
    assert item.save(Browser(front.port, people.bob), collabd_save=bob.tab,
                     headers={"Sec-Fetch-Mode": "cors"})[0] == 423


def test_delete(front, tabs, people, site, item):
    keeper = site.staff(permissions=["shop.change_item", "shop.delete_item",
                                     "shop.view_item"])
    path = item.path.replace("change", "delete")
    tabs.editor(people.alice)
    browser = Browser(front.port, keeper)
    body = urlencode(dict(csrfmiddlewaretoken=browser.token(path), post="yes"))
    status, _, text = browser.request("POST", path, body)
    assert status == 423 and "alice" in text
    assert item.name == "old"


def test_forms_of_others_are_the_sites(front, collabd, people, site):
    """A form that adds is not looked up."""
    maker = site.staff(permissions=["shop.add_item"])
    browser = Browser(front.port, maker)
    path = "/admin/shop/item/add/"
    body = urlencode(dict(csrfmiddlewaretoken=browser.token(path),
                          name=unique("new"), _save="Save"))
    before = questions(collabd)
    assert browser.request("POST", path, body)[0] == 302
    assert questions(collabd) == before + 1


def test_reading_costs_no_question(front, collabd, tabs, people, item):
    tabs.editor(people.alice)
    before = questions(collabd)
    browser = Browser(front.port, people.bob)
    browser.token(item.path)
    assert browser.request("HEAD", item.path)[0] == 200
    assert questions(collabd) == before


@pytest.mark.parametrize("headers", [
    {"X-Original-URI": "/admin/"}, {"X-Forwarded-Uri": "/admin/"},
    {"X-Original-Method": "GET"}, {"X-Forwarded-Method": "GET"},
    {"X_Original_Method": "GET"}, {"X-HTTP-Method-Override": "GET"},
    {"X-Forwarded-For": "127.0.0.1"}, {"Connection": "Cookie, close"},
])
def test_forged(front, tabs, people, item, headers):
    tabs.editor(people.alice)
    assert item.save(Browser(front.port, people.bob),
                     headers=headers)[0] == 423
    assert item.name == "old"


@pytest.mark.parametrize("path", [
    "%s?x=/admin/shop/item/", "/admin/shop/item/%d/%%63hange/",
    "/admin/shop/item%%2F%d/change/", "/%%61dmin/shop/item/%d/change/",
    "/x/../admin/shop/item/%d/change/", "/admin/./shop/item/%d/change/",
    "//admin/shop/item/%d/change/",
])
def test_other_ways_to_write_the_url(front, tabs, people, item, path):
    """Whatever Django takes for this page is this page."""
    tabs.editor(people.alice)
    browser = Browser(front.port, people.bob)
    status = item.save(browser, path=path % (
        item.path if "%s" in path else item.id))[0]
    assert status in (423, 404)
    assert item.name == "old"


def test_long_query_and_cookie(nginx, collabd, tabs, people, item):
    """The longest that nginx takes do not keep the guard from being asked."""
    tabs.editor(people.alice)
    assert item.save(Browser(nginx.port, people.bob), path=item.path + "?" +
                     "q" * 8100, a="b" * 7900)[0] == 423


def test_large_cookie(front, tabs, people, item):
    """Whatever the site can read, the guard can."""
    tabs.editor(people.alice)
    assert item.save(Browser(front.port, people.bob), a="b" * 7000)[0] == 423


def test_errors_of_the_site_are_its_own(front, tabs, people, item):
    """Django's 403 is no refusal of ours."""
    tabs.editor(people.alice)
    status, _, text = Browser(front.port, people.alice).request(
        "POST", item.path, "name=new")
    assert status == 403 and "CSRF" in text


@pytest.mark.parametrize("path", [
    "/%s/guard" % PREFIX, "/%s/refused" % PREFIX, "/collabd-guard",
    "/%s/%%67uard" % PREFIX])
def test_stranger(nginx, collabd, tabs, people, item, path):
    """Only nginx itself asks."""
    tabs.editor(people.alice)
    before = questions(collabd)
    for method in ("GET", "POST"):
        status, _, text = Browser(nginx.port, people.bob).request(
            method, path, headers={"X-Original-Method": "POST",
                                   "X-Original-URI": item.path})
        assert status in (204, 404) and "alice" not in text
    assert questions(collabd) == before


def test_report(serve, start, site, redis, gunicorn, settings, people, item):
    c = start(**dict(settings, save_guard="report", database_url=site.url,
                     redis_url=redis.url()))
    Tabs(c, item.room).editor(people.alice)
    for front in (serve(Nginx, gunicorn, c), serve(Guarded, site, address(c))):
        name = unique("new")
        assert item.save(Browser(front.port, people.bob), name)[0] == 302
        assert item.name == name
    assert c.metrics()[METRIC % ("reported", "held")] == 2
    assert c.metrics()[METRIC % ("refused", "held")] == 0


def test_without_collabd(serve, start, site, redis, gunicorn, settings, people,
                         item):
    """The site goes on: it hangs, and is gone."""
    c = start(**dict(settings, database_url=site.url, redis_url=redis.url()))
    Tabs(c, item.room).editor(people.alice)
    # The second as it is by default: does not wait for long.
    fronts = [serve(Nginx, gunicorn, c), serve(Guarded, site, address(c),
                                               COLLABD_GUARD_TIMEOUT=0.1)]
    for front in fronts:
        wait_for(lambda: item.save(Browser(front.port, people.bob))[0] == 423,
                 "a refusal")
    pids = c.workers()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for front in fronts:
        assert item.save(Browser(front.port, people.bob))[0] == 302
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    c.close_all()
    c.stop()
    for front in fronts:
        name = unique("new")
        assert item.save(Browser(front.port, people.bob), name)[0] == 302
        assert item.name == name


@pytest.mark.release_only
@pytest.mark.parametrize("version", ["4.2", "5.2", "6.1"])
def test_middleware_in_newer_djangos(serve, start, base, postgres, settings,
                                     version):
    python = django_python(version)
    if python is None:
        (pytest.fail if REQUIRE else pytest.skip)(
            "Django %s could not be downloaded" % version)
    name = unique("db")
    postgres.sql("CREATE DATABASE " + name)
    site = Site(base + "/" + unique("site"), postgres.settings(name),
                python=python)
    assert site("version").startswith(version + ".")
    # Its users and objects have the numbers of the other site's.
    own = Redis(base + "/" + unique("redis"))
    c = start(**dict(settings, database_url=postgres.url(name),
                     redis_url=own.url()))
    ann, ben = site.staff("ann"), site.staff("ben")
    item = Item(site)
    tabs = Tabs(c, item.room)
    tabs.editor(ann)
    there = tabs.open(ben)
    front = serve(Guarded, site, address(c))
    assert item.save(Browser(front.port, ben))[0] == 423
    assert item.save(Browser(front.port, ben), collabd_save=there.tab)[0] == \
        204
    assert item.save(Browser(front.port, ann))[0] == 302
    c.close_all()
    c.stop()
    own.stop()
    site.stop()


def test_middleware_over_a_unix_socket(serve, start, site, redis, settings,
                                       people, item):
    c = start(run=False, **dict(settings, database_url=site.url,
                                redis_url=redis.url()))
    path = c.folder + "/guard.sock"
    c.write_conf(listen="127.0.0.1:%d unix:%s" % (c.port, path))
    c.start()
    Tabs(c, item.room).editor(people.alice)
    front = serve(Guarded, site, "unix:" + path)
    assert item.save(Browser(front.port, people.bob))[0] == 423
    assert item.save(Browser(front.port, people.alice))[0] == 302
    c.close_all()
    c.stop()

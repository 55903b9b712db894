import contextlib
import os
import shutil
import tempfile

import pytest

import utils
from outages import Fleet
from utils import Collabd, Postgres, Redis, Site, unique


@pytest.fixture(scope="session")
def base():
    """A folder for everything; readable, because PostgreSQL runs as another
    user, and short, because of unix sockets."""
    path = tempfile.mkdtemp(prefix="cld")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(base):
    server = Postgres(base + "/pg")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(base, postgres):
    """A migrated site; each module works on a copy of its database."""
    postgres.sql("CREATE DATABASE template_site")
    site = Site(base + "/template", postgres.settings("template_site"))
    site.stop()
    return site


@pytest.fixture(scope="module")
def site(base, postgres, template):
    name = unique("site")
    postgres.sql("CREATE DATABASE %s TEMPLATE template_site" % name)
    made = Site(base + "/" + name, postgres.settings(name), migrate=False,
                template=template.folder)
    made.database = name
    made.url = postgres.url(name)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def redis(base):
    server = Redis(base + "/" + unique("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def start(base, request):
    """start(**settings) gives a running Collabd that ends with the module;
    a module with a site and a redis of its own gets them as defaults."""
    started = []

    def make(env=None, run=True, **settings):
        c = Collabd(base + "/" + unique("collabd"), env=env, start=False,
                    **settings)
        started.append(c)
        return c.start() if run else c
    yield make
    problems = []
    for c in started:
        c.close_all()
        try:
            c.stop()
        except AssertionError as e:
            problems.append(str(e))
    assert not problems, "\n".join(problems)


@pytest.fixture
def fleet(base, start, site):
    """fleet(2, **settings) makes two machines on one Redis."""
    with contextlib.ExitStack() as made:
        def make(machines, **settings):
            one = Fleet(base, start, site, machines, **settings)
            make.machines += one.machines
            made.callback(one.stop)
            return one
        make.machines = []
        yield make


@pytest.fixture(scope="module")
def settings():
    """What a test module wants different in its daemon."""
    return {}


@pytest.fixture(scope="module")
def collabd(start, site, redis, settings):
    """The module's daemon: two workers, PostgreSQL, Redis."""
    values = dict(database_url=site.url, redis_url=redis.url())
    values.update(settings)
    return start(**values)


@pytest.fixture
def daemon(request):
    """The module's daemon, or the one that the test is marked with."""
    mark = request.node.get_closest_marker("daemon")
    return request.getfixturevalue(mark.args[0] if mark else "collabd")


@pytest.fixture(scope="module")
def people(site):
    """Staff users who may change items."""
    class People:
        alice = site.staff("alice")
        bob = site.staff("bob")
        carol = site.staff("carol")
        viewer = site.user("victor", permissions=["shop.view_item"])
        root = site.user("root", superuser=True)
    return People


@pytest.fixture
def room():
    """An edit room that no other test uses."""
    return "shop/item/%s" % unique()


@pytest.fixture(autouse=True)
def closes_sockets(request):
    yield
    if "collabd" in request.fixturenames:
        request.getfixturevalue("collabd").close_all()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the ends of its daemons' logs."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    values = list(item.funcargs.values())
    for value in item.funcargs.values():
        values += getattr(value, "machines", [])
    for daemon in {id(v): v for v in values
                   if isinstance(v, Collabd)}.values():
        report.sections.append(("collabd's log", daemon.log()[-4000:]))


# Files that take long, the longest first. Several run at a time, in this order
# and then by name, so that none of them is what is waited for at the end.
LONG = ["test_sites", "test_tabs_lock", "test_embedded", "test_bad_days_hangs",
        "test_bad_days", "test_tabs_line", "test_sessions", "test_tabs_mixed",
        "test_edit", "test_reload", "test_tabs_restart", "test_tabs_audit"]


def pytest_collection_modifyitems(config, items):
    """With a sanitizer's binary what is long and adds no code stays out."""
    rank = {name: i for i, name in enumerate(LONG)}
    items.sort(key=lambda i: rank.get(i.module.__name__, len(LONG)))
    if not utils.SANITIZED:
        return
    out = [i for i in items if i.get_closest_marker("release_only")]
    config.hook.pytest_deselected(items=out)
    items[:] = [i for i in items if i not in out]


def pytest_sessionfinish():
    utils.Loop.end()


def pytest_terminal_summary(terminalreporter):
    if utils.JITTER is not None:
        terminalreporter.write_line("COLLABD_JITTER=" + utils.JITTER)


def pytest_configure(config):
    config.addinivalue_line("markers", "daemon(name): of another fixture")
    config.addinivalue_line("markers", "with_settings(**settings): different")
    config.addinivalue_line("markers", "release_only: not under a sanitizer")

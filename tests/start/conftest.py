import fcntl
import os
import shutil
import tempfile

import pytest

import rig


@pytest.fixture(scope="session")
def base():
    """A folder for everything; short, because of unix sockets, and readable,
    because nginx's workers are another user."""
    path = tempfile.mkdtemp(prefix="cls")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder(base):
    """A site of its own for a test."""
    path = tempfile.mkdtemp(prefix="s", dir=base)
    os.chmod(path, 0o755)
    return rig.make_site(path + "/site")


@pytest.fixture(scope="session", autouse=True)
def project(base):
    """A Django project that nobody has prepared; one for all who test at the
    same time, if there is a folder for it."""
    path = os.environ.get("START_SHARED", base) + "/project"
    with open(os.path.dirname(path) + "/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            rig.make_project(path)
    rig.Start.database = path + "/db.sqlite3"
    return path


@pytest.fixture
def start(folder):
    """start(command, ...) runs one in the test's folder, and ends it."""
    started = []

    def make(command=None, where=None, **options):
        one = rig.Start(where or folder, command or rig.GUNICORN, **options)
        started.append(one)
        return one
    yield make
    for one in started:
        one.end()


@pytest.fixture(scope="module")
def running(base):
    """One that serves the tests of a module that change nothing: the site
    without a framework, and collabd."""
    path = tempfile.mkdtemp(prefix="r", dir=base)
    os.chmod(path, 0o755)
    folder = rig.make_site(path + "/site")
    rig.make_conf(folder)
    one = rig.Start(folder, rig.GUNICORN, options=["--timeout", "2"])
    yield one
    one.end()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the ends of the logs."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    for value in item.funcargs.values():
        for cell in getattr(value, "__closure__", None) or ():
            if isinstance(cell.cell_contents, list):
                for one in cell.cell_contents:
                    report.sections.append(("log", one.log()[-6000:]))
        if isinstance(value, rig.Start):
            report.sections.append(("log", value.log()[-6000:]))

import os
import time

import pytest

from dyno import MEASURED, WEB, WORK, App, Dyno, Visitor
from kit.base import free_port
from kit.postgres import Postgres
from kit.redis import Redis
from kit.relay import FaultProxy
from kit.tls import make_ca, make_certificate, openssl

KEY = "a-key-of-the-site-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF"


@pytest.fixture(scope="session")
def postgres():
    """With TLS, and no login without it."""
    server = Postgres(WORK + "/pg")
    folder = WORK + "/pg-tls"
    os.makedirs(folder)
    make_ca(folder)
    make_certificate(folder)
    server.tls(folder)
    server.sql("CREATE ROLE dyno SUPERUSER LOGIN PASSWORD 'pg-secret-word'")
    server.sql("CREATE DATABASE site OWNER dyno")
    with open(server.folder + "/data/pg_hba.conf", "r+") as f:
        lines = f.read()
        f.seek(0)
        f.write("hostnossl all dyno all reject\n" + lines)
    server.sql("SELECT pg_reload_conf()")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis():
    """With a certificate that nobody but itself has signed."""
    folder = WORK + "/redis"
    os.makedirs(folder)
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
            "2", "-subj", "/CN=redis", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", "server.key", "-out",
            "server.crt")
    os.link(folder + "/server.crt", folder + "/ca.crt")
    server = Redis(folder, password="redis-secret-word", tls=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def config(postgres, redis):
    """The config vars. 127.1 is a host of which collabd cannot tell that it
    is this machine, so it wants TLS there."""
    return {"DATABASE_URL": postgres.url("site", user="dyno",
                                         password="pg-secret-word",
                                         host="127.1"),
            "REDIS_URL": redis.url(), "SITE_KEY": KEY,
            "DJANGO_SETTINGS_MODULE": "dyno_settings",
            "WEB_CONCURRENCY": "3"}


@pytest.fixture(scope="session")
def app(config):
    """The site, compiled. first is what that said."""
    app = App("site", config).django().procfile("web: %s\n" % WEB)
    app.before = app.written_elsewhere()
    began = time.monotonic()
    app.first = app.compile()
    MEASURED["the first build"] = "%.0f s" % (time.monotonic() - began)
    assert app.first.returncode == 0, app.first.stdout
    return app


@pytest.fixture(scope="session")
def site(app, config):
    """The database, filled by a one-off dyno. Bob's rights are many, so that
    he may change what Ann edits."""
    dyno = Dyno("dyno1", app, config)
    done = dyno.once("sh -c 'python manage.py migrate -v 0 && "
                     "python manage.py load_demo'")
    assert done.returncode == 0, done.stdout
    return app


@pytest.fixture(scope="session")
def router():
    relay = FaultProxy(free_port())
    yield relay
    relay.stop()


@pytest.fixture
def start(site, config, router):
    """Starts dynos, to which the router then leads."""
    dynos = []

    def make(name="dyno1", process="web", route=True, **changes):
        dyno = Dyno(name, site, dict(config, **changes))
        dynos.append(dyno)
        dyno.start(process)
        if route:
            router.target = dyno.port
        return dyno
    yield make
    for dyno in dynos:
        dyno.kill()


@pytest.fixture
def visit(router):
    return lambda name: Visitor(router.port, name)


def pytest_terminal_summary(terminalreporter):
    for name, figure in MEASURED.items():
        terminalreporter.write_line("measured: %s: %s" % (name, figure))

"""TLS to PostgreSQL: whom collabd talks to, and what it says if it does not.

The server lets nobody in as "cautious" without TLS, and 127.1 is a host of
which collabd cannot tell that it is this machine."""
import os

import pytest

from utils import PREFIX, handshake, make_ca, make_certificate, unique

PATH = "/%s/shop/item/7/" % PREFIX
OTHER_HOST = "127.1"


@pytest.fixture(scope="module")
def folder(base):
    """Of the server's authority, and of its certificate for 127.0.0.1."""
    path = base + "/" + unique("tls")
    os.makedirs(path)
    make_ca(path)
    make_certificate(path)
    return path


@pytest.fixture(scope="module")
def cautious(postgres, site):
    """A role that the server demands TLS of: as whom collabd comes."""
    hba = postgres.folder + "/data/pg_hba.conf"
    with open(hba) as f:
        saved = f.read()
    with open(hba, "w") as f:
        f.write("hostnossl all cautious all reject\n" + saved)
    postgres.sql("CREATE ROLE cautious SUPERUSER LOGIN PASSWORD 'hush'")
    yield "cautious"
    with open(hba, "w") as f:
        f.write(saved)
    postgres.tls(None)
    postgres.sql("DROP ROLE cautious")


@pytest.fixture
def url(postgres, site, cautious):
    def make(options="", **where):
        return postgres.url(site.database, user=cautious, password="hush",
                            **where) + options
    return make


@pytest.fixture
def cannot_connect(start, redis, people):
    """Asserts that nobody is authorised, but that it is not called a no; and
    that the log and "collabd -t" say what is wrong."""
    def check(url, in_log, in_check):
        c = start(run=False, database_url=url, redis_url=redis.url())
        c.start(wait=False)
        c.log_contains(r"listening on")
        status, headers, _ = handshake(c, PATH, people.alice)
        assert status == 503
        assert "retry-after" in headers
        c.log_contains(r"no TLS with the database: .*" + in_log)
        done = c.run("-t", "-c", c.conf_path)
        assert done.returncode != 0
        for words in (in_log, "ssl = on", "sslrootcert") + in_check:
            assert words in done.stdout, done.stdout
        assert "hush" not in done.stdout + done.stderr + c.log()
        c.stop()
        return done.stdout
    return check


def test_verified(start, redis, postgres, people, folder, url):
    postgres.tls(folder)
    c = start(database_url=url("?sslmode=verify-full&sslrootcert=%s/ca.crt" %
                               folder), redis_url=redis.url())
    done = c.run("-t", "-c", c.conf_path)
    assert done.returncode == 0, done.stdout + done.stderr
    alice = c.join(people.alice, "shop/item/7")
    alice.expect("user_joined", user_id=people.alice.id)
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)


def test_another_authority(postgres, base, folder, url, cannot_connect):
    """Somebody in between, who has a certificate for the right host."""
    postgres.tls(folder)
    other = base + "/" + unique("tls")
    os.makedirs(other)
    make_ca(other)
    cannot_connect(url("?sslmode=verify-full&sslrootcert=%s/ca.crt" % other),
                   "certificate verify failed", ("authority",))


def test_another_host(postgres, base, folder, url, cannot_connect, start,
                      redis, people):
    """A certificate of the right authority for another host: verify-ca takes
    it, verify-full does not."""
    other = base + "/" + unique("tls")
    os.makedirs(other)
    for name in "ca.crt", "ca.key":
        os.link(folder + "/" + name, other + "/" + name)
    make_certificate(other, "db.example.com", "DNS")
    postgres.tls(other)
    options = "?sslmode=%s&sslrootcert=" + folder + "/ca.crt"
    cannot_connect(url(options % "verify-full"), "does not match host name",
                   ("verify-full",))
    c = start(database_url=url(options % "verify-ca"),
              redis_url=redis.url())
    assert handshake(c, PATH, people.alice)[0] == 101


def test_no_authority(postgres, folder, url, cannot_connect):
    postgres.tls(folder)
    cannot_connect(url("?sslmode=verify-full&sslrootcert=/nonexistent/ca"),
                   "/nonexistent/ca", ())


@pytest.mark.parametrize("options", ["", "?sslmode=prefer", "?sslmode=allow"])
def test_another_machine_without_tls(postgres, url, cannot_connect, options):
    """Not even if the URL would put up with it."""
    postgres.tls(None)
    said = cannot_connect(url(options, host=OTHER_HOST), "SSL",
                          ("not this machine",))
    assert "not support SSL" in said


def test_another_machine_with_tls(start, redis, postgres, people, folder,
                                  url):
    postgres.tls(folder)
    c = start(database_url=url(host=OTHER_HOST), redis_url=redis.url())
    assert handshake(c, PATH, people.alice)[0] == 101


def test_the_operators_word(start, redis, postgres, site, people):
    """sslmode=disable is obeyed, wherever the host is."""
    postgres.tls(None)
    c = start(database_url=postgres.url(site.database, host=OTHER_HOST) +
              "?sslmode=disable", redis_url=redis.url())
    assert handshake(c, PATH, people.alice)[0] == 101

"""Reloads: never more than two generations of workers, never more connections
than are allowed, and what was asked for last is in force in the end."""
import contextlib
import glob
import os
import re
import signal
import socket
import threading
import time

import pytest

from utils import PATIENCE, PREFIX, Redis, alive, handshake, unique, wait_for

PATH = "/%s/shop/item/7/" % PREFIX
CHAT = "/%s/chat/x/" % PREFIX


def sockets_to(port):
    """Inodes of the sockets that are, or are being, connected to port."""
    found = set()
    with open("/proc/net/tcp") as f:
        for line in f.readlines()[1:]:
            field = line.split()
            if field[2].endswith(":%04X" % port) and field[3] in ("01", "02"):
                found.add("socket:[%s]" % field[9])
    return found


def connections(pids, port):
    found, inodes = set(), sockets_to(port)
    for pid in pids:
        for path in glob.glob("/proc/%d/fd/*" % pid):
            with contextlib.suppress(OSError):
                found.add(os.readlink(path))
    return len(found & inodes)


class Watch:
    """Looks again and again how much of everything there is."""

    def __init__(self, c, redis, postgres=None, role=None):
        self.c, self.redis = c, redis
        self.postgres, self.role = postgres, role
        self.workers = self.redis_most = self.database_most = 0
        self.is_over = False
        self.thread = threading.Thread(target=self.look_on)

    def look(self):
        # The workers are counted first: who has ended by then is not.
        pids = self.c.workers()
        self.workers = max(self.workers, len(pids))
        self.redis_most = max(self.redis_most,
                              connections(pids, self.redis.daemon_port))

    def look_on(self):
        with contextlib.ExitStack() as stack:
            cursor = None
            if self.postgres:
                db = stack.enter_context(self.postgres.connect("postgres"))
                cursor = stack.enter_context(db.cursor())
            while not self.is_over:
                self.look()
                if cursor:
                    cursor.execute("SELECT count(*) FROM pg_stat_activity "
                                   "WHERE usename = %s", [self.role])
                    self.database_most = max(self.database_most,
                                             cursor.fetchone()[0])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def own_redis(base):
    server = Redis(base + "/" + unique("r"))
    yield server
    server.stop()


def is_chat_on(c, people):
    return handshake(c, CHAT, people.alice)[0] == 101


def is_settled(c):
    """All that was asked for is done: said last, and by as many as began."""
    said = re.findall("reloading the conf|ready workers|reload waits", c.log())
    return said[-1] == "ready workers" and \
        said.count(said[-1]) == said.count("reloading the conf") + 1


def gone(pids):
    return not [p for p in pids if alive(p)]


@pytest.fixture
def manager(base):
    """A service manager's socket; what it was told."""
    class Manager:
        path = base + "/" + unique("n")
        said = []

        def hears(self):
            with contextlib.suppress(BlockingIOError):
                while True:
                    self.said.append(self.socket.recv(4096).decode())
            return self.said

        def hears_now(self, word):
            """Waits for a datagram that has word; all before it are gone."""
            def came():
                for i, text in enumerate(self.hears()):
                    if word in text:
                        del self.said[:i + 1]
                        return text
                return None
            return wait_for(came, word + " for the service manager", 2 *
                            PATIENCE)
    m = Manager()
    m.said = []
    m.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    m.socket.bind(m.path)
    m.socket.setblocking(False)
    yield m
    m.socket.close()


# --- many at once ------------------------------------------------------------

def test_reloads_do_not_pile_up(start, site, postgres, own_redis, people):
    """Nine in a second while Redis does not answer."""
    workers, role = 16, unique("reload")
    postgres.sql("CREATE ROLE %s LOGIN SUPERUSER PASSWORD 'x'" % role)
    c = start(database_url=postgres.url(site.database, user=role,
                                        password="x"),
              redis_url=own_redis.url(), workers=workers,
              redis_max_connections=2 * workers, redis_socket_timeout=1,
              auth_max_connections=3)
    first = c.workers()
    with Watch(c, own_redis, postgres, role) as watch:
        with stopped(own_redis.process.pid):
            for i in range(9):
                c.reload(enable_chat=i != 8)
                # As quickly as somebody types them; nothing waits for it.
                time.sleep(0.1)
        wait_for(lambda: is_settled(c), "the last reload", 3 * PATIENCE)
        wait_for(lambda: gone(first) and len(c.workers()) == workers,
                 "the old workers to end")
    assert watch.workers == workers
    assert workers <= watch.redis_most <= 2 * workers
    assert watch.database_most <= 3
    now = c.workers()
    wait_for(lambda: connections(now, own_redis.daemon_port) == 2 * workers,
             "their connections")
    assert c.health()[0] == 200
    assert not is_chat_on(c, people)
    assert c.workers() == now


def test_one_after_the_other(start, site, own_redis, people):
    """With room for two generations both are there, and no third one."""
    c = start(database_url=site.url, redis_url=own_redis.url(), workers=4,
              redis_max_connections=64, drain_time=1)
    first = c.workers()
    with Watch(c, own_redis) as watch:
        for i in range(9):
            c.reload(enable_chat=i != 8)
            time.sleep(0.05)
        wait_for(lambda: not is_chat_on(c, people), "the last configuration",
                 2 * PATIENCE)
        wait_for(lambda: gone(first) and len(c.workers()) == 4,
                 "the old workers to end")
    assert 4 < watch.workers <= 8
    assert watch.redis_most <= 16


# --- few connections ---------------------------------------------------------

@pytest.mark.parametrize("workers,most", [(1, 2), (2, 4), (2, 6), (4, 8),
                                          (4, 10)])
def test_reload_within_the_limit(start, site, own_redis, people, workers, most,
                                 room):
    """Old workers make place for the new ones; half of them at least go on."""
    c = start(database_url=site.url, redis_url=own_redis.url(),
              workers=workers, redis_max_connections=most)
    ws = c.join(people.alice, room)
    ws.expect("user_joined")
    first = c.workers()
    with Watch(c, own_redis) as watch:
        c.reload(enable_chat=False)
        assert ws.closed() == 1012
        # Nobody is refused: who comes while there is no worker stands in line.
        assert handshake(c, PATH, people.alice)[0] == 101
        wait_for(lambda: gone(first) and len(c.workers()) == workers,
                 "the new workers")
    assert watch.redis_most <= most
    assert watch.workers <= most // 2
    wait_for(lambda: connections(c.workers(), own_redis.daemon_port) ==
             2 * workers, "their connections")
    assert not is_chat_on(c, people)


def test_fewer_by_a_reload(start, site, own_redis, people):
    """Fewer workers, fewer connections: from then on it is the new limit."""
    c = start(database_url=site.url, redis_url=own_redis.url(), workers=4,
              redis_max_connections=8)
    first = c.workers()
    with Watch(c, own_redis) as watch:
        c.reload(workers=1, redis_max_connections=2)
        wait_for(lambda: gone(first) and len(c.workers()) == 1, "one worker")
    assert watch.redis_most <= 8
    assert handshake(c, PATH, people.alice)[0] == 101
    second = c.workers()
    c.reload(workers=4, redis_max_connections=8)
    wait_for(lambda: gone(second) and len(c.workers()) == 4, "four workers")


# --- what does not end or begin ----------------------------------------------

def test_slow_redis_holds_up_no_worker(start, site, own_redis):
    """One that leaves waits for Redis' answer until shutdown_timeout, not
    longer, and is not killed for it."""
    c = start(database_url=site.url, redis_url=own_redis.url(), workers=1,
              redis_socket_timeout=300, shutdown_timeout=1)
    first, mark = c.workers(), c.mark()
    with stopped(own_redis.process.pid):
        c.reload()
        wait_for(lambda: gone(first), "the old worker to end")
    assert "died of signal" not in c.log()[mark:]


def test_hung_worker_holds_up_no_reload(start, site, redis, people, manager):
    """One that does not leave is killed after shutdown_timeout, and then what
    was asked for meanwhile is done; READY is said when it is."""
    c = start(database_url=site.url, redis_url=redis.url(),
              shutdown_timeout=3, env={"NOTIFY_SOCKET": manager.path})
    manager.hears_now("READY=1")
    first = c.workers()
    with stopped(first[0]):
        c.reload()
        manager.hears_now("RELOADING=1")
        wait_for(lambda: not alive(first[1]), "the one that does not hang")
        second = [p for p in c.workers() if p not in first]
        mark = c.mark()
        c.reload(enable_chat=False)
        assert "MONOTONIC_USEC" in manager.hears_now("RELOADING=1")
        c.log_contains("reload waits for old workers", mark)
        assert is_chat_on(c, people)
        assert not [s for s in manager.hears() if "READY" in s]
        manager.hears_now("READY=1")
        assert "died of signal 9" in c.log()[mark:]
        assert not is_chat_on(c, people)
        assert gone(first)
    wait_for(lambda: gone(second), "the second ones")
    assert len(c.workers()) == 2
    assert not [s for s in manager.hears() if "READY" in s]


def test_worker_that_dies_in_a_reload(start, site, own_redis, people, manager):
    """The old ones stay as long as the new ones do not accept."""
    c = start(database_url=site.url, redis_url=own_redis.url(),
              env={"NOTIFY_SOCKET": manager.path})
    manager.hears_now("READY=1")
    first, killed = c.workers(), set()

    def another():
        return [p for p in c.workers() if p not in first and p not in killed]
    with stopped(own_redis.process.pid):
        c.reload()
        for _ in range(4):
            victim = wait_for(another, "a new worker")[0]
            killed.add(victim)
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            c.reload(enable_chat=False)
        assert not [p for p in first if not alive(p)]
        assert not [s for s in manager.hears() if "READY" in s]
        assert is_chat_on(c, people)
    manager.hears_now("READY=1")
    assert not is_chat_on(c, people)
    wait_for(lambda: gone(first) and len(c.workers()) == 2, "two workers")


def test_workers_that_cannot_start(base, start, site, people, manager):
    """A configuration that is found wrong only by the new workers: the old ones
    stay with theirs, and what is mended is taken at once."""
    server = Redis(base + "/" + unique("r"), tls=True)
    ca = server.folder + "/ca.crt"
    c = start(database_url=site.url, redis_url=server.url(),
              redis_tls_ca_file=ca, env={"NOTIFY_SOCKET": manager.path})
    manager.hears_now("READY=1")
    first, mark = c.workers(), c.mark()
    c.reload(redis_tls_ca_file="/nonexistent/ca.crt", enable_chat=False,
             log_level="error")
    manager.hears_now("RELOADING=1")
    assert "fail" in manager.hears_now("READY=1")
    c.log_contains("the new workers cannot start", mark)
    wait_for(lambda: c.workers() == first, "the old ones to be alone")
    assert is_chat_on(c, people)
    # One that dies is forked again, with the configuration that is in force,
    # and that has what is logged, too.
    os.kill(first[0], signal.SIGKILL)
    wait_for(lambda: len(c.workers()) == 2 and first[0] not in c.workers(),
             "another worker")
    c.redis_state("up")
    first = c.workers()
    c.reload(redis_tls_ca_file=ca)
    manager.hears_now("READY=1")
    assert not is_chat_on(c, people)
    wait_for(lambda: gone(first) and len(c.workers()) == 2, "two workers")
    c.stop()
    server.stop()


def test_new_worker_hangs(start, site, own_redis, people):
    """It is given up after a while, the old ones stay, and who left to make
    place for it is replaced."""
    c = start(database_url=site.url, redis_url=own_redis.url(), workers=2,
              redis_max_connections=4, shutdown_timeout=1)
    first, mark = c.workers(), c.mark()

    def new():
        return [p for p in c.workers() if p not in first]
    with stopped(own_redis.process.pid):
        c.reload(enable_chat=False)
        hung = wait_for(new, "a new worker")[0]
        os.kill(hung, signal.SIGSTOP)
    c.log_contains("the new workers do not begin", mark, 3 * PATIENCE)
    wait_for(lambda: gone([hung]) and len(c.workers()) == 2,
             "two workers, and not the one that hangs")
    assert is_chat_on(c, people)
    assert set(first) & set(c.workers())
    old = c.workers()
    c.reload()
    wait_for(lambda: gone(old) and len(c.workers()) == 2, "two new ones")
    assert not is_chat_on(c, people)


# --- wrong configurations, and the end ---------------------------------------

def test_waiting_reload_is_checked_twice(start, site, redis, people, manager):
    """When it is asked for, and when it is carried out."""
    c = start(database_url=site.url, redis_url=redis.url(),
              shutdown_timeout=3, env={"NOTIFY_SOCKET": manager.path})
    manager.hears_now("READY=1")
    first = c.workers()
    with stopped(first[0]):
        c.reload()
        manager.hears_now("RELOADING=1")
        mark = c.mark()
        c.reload(reauth_interval="soon")
        assert "READY" not in manager.hears_now("wrong")
        c.log_contains("reauth_interval", mark)
        assert "reload waits" not in c.log()[mark:]
        c.reload(reauth_interval=1, enable_chat=False)
        c.log_contains("reload waits", mark)
        mark = c.mark()
        c.write_conf(reauth_interval="later")
        assert "READY=1" in manager.hears_now("wrong")
    c.log_contains("later", mark)
    assert gone(first)
    assert is_chat_on(c, people)
    c.reload(reauth_interval=1)
    manager.hears_now("READY=1")
    assert not is_chat_on(c, people)


@pytest.mark.parametrize("again", [False, True])
def test_stop_with_a_reload_that_waits(start, site, redis, manager, again):
    """It is dropped; another one is not even thought of."""
    c = start(database_url=site.url, redis_url=redis.url(),
              shutdown_timeout=2, env={"NOTIFY_SOCKET": manager.path})
    manager.hears_now("READY=1")
    first = c.workers()
    os.kill(first[0], signal.SIGSTOP)
    for _ in range(2):
        c.reload()
        manager.hears_now("RELOADING=1")
    c.log_contains("reload waits")
    mark = c.mark()
    c.process.send_signal(signal.SIGTERM)
    manager.hears_now("STOPPING=1")
    if again:
        c.reload()
        c.log_contains("no reload", mark)
    assert c.stop(0) == 0
    assert gone(first)
    assert "reloading" not in c.log()[mark:]
    assert not [s for s in manager.hears() if "LOADING" in s or "READY" in s]

"""Workers that die, signals, reloads, the command line, secrets."""
import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from utils import (KEY, PATIENCE, PREFIX, Closed, Loop, Ws, alive, build, free_port,
                   handshake, has_open, raw_get, raw_request, raw_head, unique,
                   wait_for)

PATH = "/%s/shop/item/7/" % PREFIX


@pytest.fixture(scope="module")
def settings():
    return dict(reclaim_grace=1)


def on_two_workers(c, people, room):
    """Alice and Bob on different workers, Alice the editor."""
    alice = c.join(people.alice, room)
    alice.expect("user_joined", user_id=people.alice.id)
    mine = c.worker_of(alice)
    spare = []
    for _ in range(200):
        bob = c.join(people.bob, room)
        if c.worker_of(bob) != mine:
            break
        spare.append(bob)
    else:
        pytest.fail("all sockets landed on one worker")
    for ws in spare:
        ws.close()
    bob.until("user_joined", user_id=people.alice.id)
    alice.until("user_joined", user_id=people.bob.id)
    alice.send("claim_editor")
    for ws in (alice, bob):
        ws.until("editor_status", editor_id=people.alice.id)
    return alice, bob


def test_killed_worker_frees_its_lock(collabd, people, room):
    c = collabd
    alice, bob = on_two_workers(c, people, room)
    dead = c.worker_of(alice)
    before = c.workers()
    os.kill(dead, signal.SIGKILL)
    with pytest.raises(Closed):
        alice.next()
    bob.expect("user_left", user_id=people.alice.id)
    bob.expect("lock_released", user_id=people.alice.id)
    bob.send("claim_editor")
    bob.until("editor_status", editor_id=people.bob.id)
    wait_for(lambda: len(c.workers()) == len(before) and
             dead not in c.workers(), "another worker")
    wait_for(lambda: c.health()[0] == 200, "health")
    assert collabd.log_contains(r"(?i)worker")


def test_editor_reconnects_after_worker_death(start, site, redis, people,
                                              room):
    """The page reconnects at once and claims: with its head start it gets
    the lock back."""
    c = start(database_url=site.url, redis_url=redis.url(), reclaim_grace=30)
    alice, bob = on_two_workers(c, people, room)
    os.kill(c.worker_of(alice), signal.SIGKILL)
    with pytest.raises(Closed):
        alice.next()
    again = c.join(people.alice, room)
    again.expect("user_joined", user_id=people.alice.id)
    again.send("claim_editor")
    again.until("editor_status", editor_id=people.alice.id)
    bob.send("claim_editor")
    bob.send("request_editor_status")
    bob.until("editor_status", editor_id=people.alice.id)
    # And still so when the dead worker's lease has run out.
    again.send("content_updated")
    bob.until("content_updated", user_id=people.alice.id)


def test_no_ghosts(start, site, redis, people):
    """A user of a killed worker leaves the chat list."""
    c = start(database_url=site.url, redis_url=redis.url())
    page = "chat/" + unique()
    alice, bob = c.join(people.alice, page), c.join(people.bob, page)
    for ws in (alice, bob):
        ws.until("user_joined", user_id=people.bob.id)
    for _ in range(200):
        if c.worker_of(alice) != c.worker_of(bob):
            break
        bob.close()
        alice.until("user_left", user_id=people.bob.id)
        bob = c.join(people.bob, page)
        alice.until("user_joined", user_id=people.bob.id)
    os.kill(c.worker_of(bob), signal.SIGKILL)
    alice.until("user_left", user_id=people.bob.id)
    key = "chat_active_users:chat_" + page.split("/")[1]
    assert not redis.client().hexists(key, people.bob.pk)


def test_all_workers_killed(collabd, people, room):
    c = collabd
    ws = c.join(people.alice, room)
    old = c.workers()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Closed):
        while True:
            ws.next()
    wait_for(lambda: len(c.workers()) == len(old) and
             not set(c.workers()) & set(old), "new workers")
    wait_for(lambda: c.health()[0] == 200, "health")
    again = c.join(people.alice, room)
    again.expect("user_joined", user_id=people.alice.id)


def test_reload(start, site, redis, people, room):
    """New workers with the new settings; old sockets are told 1012."""
    c = start(database_url=site.url, redis_url=redis.url())
    ws = c.join(people.alice, room)
    ws.expect("user_joined")
    old = c.workers()
    c.reload(enable_chat=False)
    assert ws.closed() == 1012
    wait_for(lambda: not [p for p in old if alive(p)], "old workers to end")
    assert len(c.workers()) == 2
    assert handshake(c, "/%s/chat/x/" % PREFIX, people.alice)[0] == 404
    again = c.join(people.alice, room)
    again.expect("user_joined", user_id=people.alice.id)


def test_a_worker_that_ends_is_told_so_again(start, site, redis):
    """As by the next reload: it ends all the same, and not of the signal."""
    c = start(database_url=site.url, redis_url=redis.url(), drain_time=0)
    for _ in range(3):
        old = c.workers()
        c.reload()
        for pid in old:
            while alive(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
    wait_for(lambda: len(c.workers()) == 2, "the new workers")
    assert "died of signal" not in c.log()


def test_nobody_is_refused_during_a_reload(start, site, redis, people):
    """Whoever comes, at whatever moment, is let in."""
    c = start(database_url=site.url, redis_url=redis.url(), drain_time=0,
              max_connections_per_user=0)
    over = []

    async def come():
        path = "shop/item/%s" % unique()
        while not over:
            ws = await Ws.connect(c, people.alice, path)
            await ws.close()

    async def come_on():
        await asyncio.gather(*[come() for _ in range(20)])

    crowd = Loop.start(come_on())
    for _ in range(5):
        old = c.workers()
        c.reload()
        wait_for(lambda: not [p for p in old if alive(p)], "their end")
    over.append(True)
    crowd.result(PATIENCE)


def test_reload_keeps_the_lock(start, site, redis, people, room):
    """The editor's page reconnects and claims, as the scripts do."""
    c = start(database_url=site.url, redis_url=redis.url(), reclaim_grace=30)
    alice = c.join(people.alice, room)
    alice.expect("user_joined")
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)
    bob = c.join(people.bob, room)
    bob.until("user_joined", user_id=people.alice.id)
    c.reload()
    assert alice.closed() == 1012
    assert bob.closed() == 1012
    bob = c.join(people.bob, room)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.send("claim_editor")
    alice = c.join(people.alice, room)
    alice.expect("user_joined", user_id=people.alice.id)
    alice.send("claim_editor")
    alice.until("editor_status", editor_id=people.alice.id)


@pytest.mark.parametrize("name,value", [
    ("no_such_setting", 1), ("reauth_interval", "soon"),
    ("origin", "lax"), ("websocket_prefix", "/")])
def test_bad_reload(start, site, redis, people, room, name, value):
    """A bad configuration changes nothing and is logged."""
    c = start(database_url=site.url, redis_url=redis.url())
    ws = c.join(people.alice, room)
    ws.expect("user_joined")
    workers, mark = c.workers(), c.mark()
    c.reload(**{name: value})
    c.log_contains(name, mark)
    assert ws.quiet()["editor_id"] is None
    assert c.workers() == workers
    assert c.health()[0] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop(start, site, redis, people, room, number):
    c = start(database_url=site.url, redis_url=redis.url())
    ws = c.join(people.alice, room)
    ws.expect("user_joined")
    c.process.send_signal(number)
    assert ws.closed() == 1012
    assert c.stop(0) == 0


def test_stop_of_every_process(start, site, redis, people, room):
    """A platform says SIGTERM to each process, and who supervises us says it
    once more: websockets are closed in order all the same."""
    c = start(database_url=site.url, redis_url=redis.url(), drain_time=1)
    sockets = [c.join(people.alice, room) for _ in range(8)]
    pids = [c.process.pid] + c.workers()
    for _ in range(2):
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
    assert [ws.closed() for ws in sockets] == [1012] * 8
    assert c.stop(0) == 0


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_is_immediate(start, site, redis, people, room, second):
    c = start(database_url=site.url, redis_url=redis.url(), drain_time=300,
              shutdown_timeout=300)
    sockets = [c.join(people.alice, room) for _ in range(4)]
    mark = c.mark()
    c.process.send_signal(signal.SIGTERM)
    c.log_contains("(?i)stop|drain|term|shut", mark)

    def is_over():
        c.process.send_signal(second)
        return c.process.poll() is not None
    # A SIGTERM of the same second is the same word.
    wait_for(is_over, "the daemon to end")
    assert c.stop(0) == 0
    for ws in sockets:
        ws.closed()


def test_reopen_log(start, site, redis, people):
    c = start(run=False, database_url=site.url, redis_url=redis.url())
    path = c.folder + "/own.log"
    c.write_conf(log_file=path)
    c.start()
    os.rename(path, path + ".1")
    c.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: all(has_open(p, path) for p in
                         [c.process.pid] + c.workers()),
             "every process to write to the new log file")
    for _ in range(20):
        handshake(c, PATH, "sessionid=" + "u" * 32)
    wait_for(lambda: open(path).read().count("\n") >= 3, "lines in it")
    old = os.path.getsize(path + ".1")
    for _ in range(20):
        handshake(c, PATH, "sessionid=" + "v" * 32)
    assert os.path.getsize(path + ".1") == old


# --- the command line ------------------------------------------------------

@pytest.fixture(scope="module")
def idle(start, site, redis):
    """A daemon that is not running, for its command line."""
    return start(run=False, database_url=site.url, redis_url=redis.url())


def test_version_and_help(idle):
    done = idle.run("-V")
    assert done.returncode == 0 and re.search(r"\d+\.\d+", done.stdout)
    done = idle.run("-h")
    assert done.returncode == 0 and "-c" in done.stdout
    assert idle.run("-Z").returncode == 64


def test_check_good(idle):
    done = idle.run("-t", "-c", idle.conf_path)
    assert done.returncode == 0, done.stderr


BAD_LINES = [
    ("no_such_setting = 1", "no_such_setting"),
    ("workerz = 1", "workers"), ("workers = many", "workers"),
    ("workers = 65", "64"), ("reauth_interval = 0.2", "1"),
    ("origin = lax", "strict"), ("no equals sign", "name = value"),
    ("session_engine = cache", "cached_db"), ("echo_room = maybe", "off"),
    ("listen = nonsense", "listen"), ("max_message_size = 1t", "bytes"),
]


def test_grace_shorter_than_interval(idle):
    """Two settings that do not fit: said in words, naming both."""
    path = idle.folder + "/grace.conf"
    with open(idle.conf_path) as f:
        lines = f.read() + "reauth_grace = 0.5\n"
    with open(path, "w") as f:
        f.write(lines)
    done = idle.run("-t", "-c", path)
    assert done.returncode == 78, done.stderr
    assert "reauth_grace: must be 0" in done.stderr
    assert "reauth_interval" in done.stderr


@pytest.mark.parametrize("line,word", BAD_LINES,
                         ids=[b[0] for b in BAD_LINES])
def test_bad_configuration(idle, line, word):
    path = idle.folder + "/bad.conf"
    with open(idle.conf_path) as f:
        lines = [x for x in f.read().splitlines()
                 if x.split(" ")[0] != line.split(" ")[0]]
    with open(path, "w") as f:
        f.write("# a comment\n" + "\n".join(lines) + "\n" + line + "\n")
    for arguments in (["-t", "-c", path], ["-c", path]):
        done = idle.run(*arguments)
        assert done.returncode == 78, done.stderr
        assert word in done.stderr
        if not line.startswith("listen"):
            assert "bad.conf:%d" % (len(lines) + 2) in done.stderr


def test_missing_file(idle):
    done = idle.run("-c", "/nonexistent/collabd.conf")
    assert done.returncode == 78
    assert "/nonexistent/collabd.conf" in done.stderr


def check_with(idle, **settings):
    saved = dict(idle.settings)
    try:
        idle.write_conf(**settings)
        return idle.run("-t", "-c", idle.conf_path)
    finally:
        idle.settings = saved
        idle.write_conf()


def test_check_says_what_to_do(idle, postgres, site):
    """In plain words, and never with a secret."""
    port = free_port()
    for settings, words in (
            (dict(secret_key_file=None), ["secret_key"]),
            (dict(secret_key_file="/nonexistent"), ["/nonexistent"]),
            (dict(database_url=None), ["database_url"]),
            (dict(database_url="mysql://u:hush@h/d"), ["database_url"]),
            (dict(database_url=postgres.url(site.database, port=port)),
             ["database"]),
            (dict(database_url=postgres.url("no_such_db")), ["no_such_db"]),
            (dict(database_url=postgres.url(site.database,
                                            password="wr0ng-hush")),
             ["password"]),
            (dict(user_table="no_such_table"), ["no_such_table"]),
            (dict(user_email_column="no_such_column"), ["no_such_column"]),
            (dict(session_table="no_such_sessions"), ["no_such_sessions"]),
            (dict(redis_url="http://u:hush@h"), ["redis_url"]),
            (dict(redis_url="redis://:hush@127.0.0.1:%d" % port),
             ["Redis"]),
            (dict(workers=50), ["workers", "redis_max_connections"])):
        done = check_with(idle, **settings)
        text = done.stdout + done.stderr
        assert done.returncode != 0, settings
        for word in words:
            assert word.lower() in text.lower(), (settings, text)
        for secret in (postgres.password, "hush", "s%3Aecr", KEY):
            assert secret not in text, (settings, text)


def test_weak_keys_are_named(idle):
    with open(idle.folder + "/weak", "w") as f:
        f.write("django-insecure-abcdefghijklmnopqrstuvwxyz")
    done = check_with(idle, secret_key_file=idle.folder + "/weak")
    assert "django-insecure" in done.stdout + done.stderr
    open(idle.folder + "/empty", "w").close()
    done = check_with(idle, secret_key_file=idle.folder + "/empty")
    assert done.returncode == 78


# --- addresses, environment ------------------------------------------------

def test_listens_on_several(start, site, redis, people, base):
    path = base + "/" + unique("s")
    port, six = free_port(), free_port()
    addresses = "127.0.0.1:%d unix:%s" % (port, path)
    has_six = os.path.exists("/proc/net/if_inet6") and \
        open("/proc/net/if_inet6").read()
    if has_six:
        addresses += " [::1]:%d" % six
    c = start(run=False, database_url=site.url, redis_url=redis.url())
    c.port = port
    c.write_conf(listen=addresses)
    c.start()
    head = raw_head(PATH, port, "sessionid=" + people.alice.cookie)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(head)
        assert s.recv(100).startswith(b"HTTP/1.1 101")
    if has_six:
        with socket.create_connection(("::1", six)) as s:
            s.sendall(head)
            assert s.recv(100).startswith(b"HTTP/1.1 101")
    c.stop()
    assert not os.path.exists(path)


def test_address_in_use(start, site, redis):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        c = start(run=False, database_url=site.url, redis_url=redis.url())
        c.write_conf(listen="127.0.0.1:%d" % port)
        done = c.run("-c", c.conf_path)
    assert done.returncode not in (0, None)
    assert str(port) in done.stderr


def test_environment(start, site, redis, people, room):
    """Every setting may come from there; some under their own names. The
    secrets are gone from /proc afterwards, from every process."""
    port = free_port()
    c = start(run=False, env={
        "DATABASE_URL": site.url, "REDIS_URL": redis.url(),
        "SECRET_KEY": KEY, "COLLABD_SECRET_KEY_FALLBACKS": "older-s3cret",
        "COLLABD_WORKERS": "3"}, secret_key_file=None, listen=None,
        workers=None)
    c.env["PORT"] = str(port)
    c.port = port
    c.start()
    assert len(c.workers()) == 3
    ws = c.join(people.alice, room)
    ws.expect("user_joined", user_id=people.alice.id)
    for pid in [c.process.pid] + c.workers():
        with open("/proc/%d/environ" % pid, "rb") as f:
            environ = f.read()
        for secret in (KEY, "older-s3cret", site.url):
            assert secret.encode() not in environ, pid
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            assert KEY.encode() not in f.read()


def test_no_secret_in_the_log(start, site, postgres, redis, people, room):
    """A debug log of a session's life, with failures."""
    c = start(database_url=site.url, redis_url=redis.url())
    ws = c.join(people.alice, room)
    ws.expect("user_joined")
    chat = c.join(people.alice, "chat/" + unique())
    chat.send("chat_message", recipient_id=people.alice.id,
              message="very-private-words")
    chat.until("chat_message")
    for cookie in ("sessionid=" + "q" * 32, "sessionid=abc"):
        handshake(c, PATH, cookie)
    data = people.alice.site("session_data", key=people.alice.cookie)
    c.close_all()
    c.stop()
    log = c.log()
    for secret in (KEY, postgres.password, "s%3Aecr", people.alice.cookie,
                   data, data.split(":")[0], "very-private-words", "q" * 32):
        assert secret not in log, "%s... is in the log" % secret[:8]


def test_log_is_one_line_an_event(collabd, people):
    """What clients send cannot forge lines."""
    mark = collabd.mark()
    assert handshake(collabd, PATH, people.alice,
                     origin="http://evil\x1b[31m.example")[0] in (400, 403)
    raw_request(collabd.port, raw_head(
        "/%s/shop/item/%%0Aforged/" % PREFIX, collabd.port))
    raw_request(collabd.port, raw_head(
        "/%s/shop/item/%%E2%%80%%A8forged/" % PREFIX, collabd.port))
    assert handshake(collabd, PATH, people.alice,
                     origin="http://evil\x85\xff.example")[0] == 403
    collabd.log_contains("refused reason=.malformed", mark)
    text = collabd.log()[mark:]
    assert "\x1b" not in text and "\x85" not in text
    assert not re.search(r"(?m)^forged", text)


def core_limits(pid):
    with open("/proc/%d/limits" % pid) as f:
        line = [x for x in f if x.startswith("Max core file size")][0]
    return line.split()[4:6]


def may_be_traced(pid):
    """Whether its own user, without privileges, may look into the process:
    the kernel asks the same before it lets a debugger in."""
    with open("/proc/%d/status" % pid) as f:
        ids = {x.split()[0]: int(x.split()[1]) for x in f
               if x.startswith(("Uid:", "Gid:"))}
    if os.getuid() != 0:
        return os.access("/proc/%d/environ" % pid, os.R_OK)
    assert ids["Uid:"] != 0, "root may look into everything"
    return subprocess.run(["cat", "/proc/%d/environ" % pid], cwd="/",
                          user=ids["Uid:"], group=ids["Gid:"],
                          extra_groups=[], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize("begins_as", ["root", "nobody"])
def test_no_core_and_not_dumpable(start, site, redis, begins_as):
    """Also where no user is changed, which makes the kernel forbid it."""
    c = start(run=False, database_url=site.url, redis_url=redis.url(),
              user="nobody")
    if begins_as == "nobody" and os.getuid() == 0:
        c.binary = shutil.copy(c.binary, c.folder)      # it may run that one
        c.launcher = ["setpriv", "--reuid=nobody", "--regid=nogroup",
                      "--clear-groups"]
    c.start()
    for pid in [c.process.pid] + c.workers():
        assert core_limits(pid) == ["0", "0"]
        assert not may_be_traced(pid)
    assert "debug build" not in c.log()


@pytest.mark.release_only
def test_debug_build_can_be_debugged(start, site, redis):
    """It leaves cores, lets a debugger in, also after it has become another
    user, and says so once."""
    c = start(run=False, database_url=site.url, redis_url=redis.url(),
              user="nobody")
    c.binary = build("debug")
    c.launcher = ["prlimit", "--core=0:4096"]
    c.start()
    for pid in [c.process.pid] + c.workers():
        assert core_limits(pid) == ["4096", "4096"]
        assert may_be_traced(pid)
    assert len(re.findall(r"(?m) \w+: a debug build: core", c.log())) == 1


def test_user(start, site, redis, people, base):
    """Started as root with user = ..., nothing runs as root."""
    if os.getuid() != 0:
        pytest.skip("not root")
    c = start(database_url=site.url, redis_url=redis.url(), user="nobody")
    import pwd
    uid = pwd.getpwnam("nobody").pw_uid
    for pid in c.workers():
        with open("/proc/%d/status" % pid) as f:
            ids = [x for x in f if x.startswith("Uid:")][0].split()[1:]
        assert ids == [str(uid)] * 4
    assert handshake(c, PATH, people.alice)[0] == 101


def test_descriptors_run_out(start, site, redis, people, room):
    """At the limit it waits, and goes on when some are free again."""
    c = start(run=False, database_url=site.url, redis_url=redis.url(),
              workers=1)
    c.launcher = ["prlimit", "--nofile=64:"]
    c.start()
    sockets = [socket.create_connection(("127.0.0.1", c.port))
               for _ in range(150)]
    for s in sockets:
        s.close()
    wait_for(lambda: handshake(c, PATH, people.alice)[0] == 101,
             "it to take connections again")
    assert raw_get(c.port, "/%s/health" % PREFIX)[0] == 200

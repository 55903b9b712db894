"""The embedded Redis: what was known before it, or collabd, was started again
is known afterwards, so that a viewer whose browser is back first gets nothing
that is still the editor's."""
import glob
import os
import pwd
import re
import shutil
import signal

import pytest
import redis

from tabs import Lock, tabs_of
from utils import PATIENCE, SOON, alive, descendants, exe_of, wait_for


def embedded_server(c):
    return [p for p in descendants(c.process.pid)
            if "redis" in os.path.basename(exe_of(p))]


def socket_of(c):
    return re.findall(r"embedded redis pid=\d+ socket=(\S+)", c.log())[-1]


def redis_of(c):
    return redis.Redis(unix_socket_path=socket_of(c), decode_responses=True)


def home_of(c):
    return os.path.dirname(socket_of(c))


def daemon(start, site, **settings):
    settings.setdefault("reclaim_grace", 3600)
    return start(database_url=site.url, redis_url="embedded",
                 save_poll_interval=0, **settings)


def kill_all(c, but=()):
    """As an OOM killer or a hard stop does: nobody is told anything."""
    pids = [p for p in [c.process.pid] + c.processes() if p not in but]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    c.process.wait()
    c.process = None
    wait_for(lambda: not [p for p in pids if alive(p)], "all to end")


def kill_master(c):
    """The others notice, and end by themselves."""
    pids = c.processes()
    c.process.kill()
    c.process.wait()
    c.process = None
    wait_for(lambda: not [p for p in pids if alive(p)], "the others to end")


def again(c, how):
    """Stops and starts all of it, or only what is named. The sockets of all
    browsers are gone then, and the workers before are soon taken for dead."""
    if how == "redis":
        pids, mark = embedded_server(c), c.mark()
        os.kill(pids[0], signal.SIGKILL)
        c.close_all()
        wait_for(lambda: embedded_server(c) not in ([], pids),
                 "another redis-server")
        c.redis_state("up", mark)
        return
    gone = set(re.findall(r"redis: up, worker id (\w+)", c.log()))
    {"stop": c.stop, "kill": lambda: kill_all(c),
     "master": lambda: kill_master(c)}[how]()
    c.close_all()
    c.start()
    assert gone
    redis_of(c).delete(*["collabd:worker:" + i for i in gone])


def claim_first(bob, people):
    """Bob's tab asks for the lock at once, and whenever it is told that the lock
    is free, until it stands in the line behind Alice's head start."""
    wanted = Lock(previous=people.alice, line=[(people.bob, False)])
    bob.send("claim_editor")
    shown = Lock.of(bob.shown)
    while shown != wanted:
        assert shown.it["editor"] in (None, people.alice.id), shown
        assert shown.it["editor"] or shown.it["previous"], shown
        if shown == Lock(previous=people.alice):
            bob.send("claim_editor")
        shown = Lock.of(bob.until("lock"))


HOW = ["stop", "kill", "master", "redis"]


def page_claims_first(bob, people):
    """The same with a page of the package, which sees the frames that tell of
    the line."""
    bob.send("claim_editor")
    while True:
        frame = bob.next()
        if frame["type"] == "lock_released":
            bob.send("claim_editor")
        elif frame["type"] == "claim_pending":
            return
        assert frame.get("editor_id") in (None, people.alice.id), frame


@pytest.mark.parametrize("how", HOW)
def test_viewer_is_back_first(start, site, people, room, how):
    """Alice edits, here in a tab and there in a page of the package, and Bob
    reads. His browser is back first, and claims; she comes when she is long
    taken for gone, and edits."""
    c, there = daemon(start, site), room + "p"
    with tabs_of(c, room) as tabs:
        tabs.editor(people.alice, tab="alices")
        tabs.open(people.bob, tab="bobs")
        page = c.join(people.alice, there)
        page.send("claim_editor")
        page.until("editor_status", editor_id=people.alice.id)
        again(c, how)
        bob = tabs.connect(people.bob).hello("bobs")
        viewer = c.join(people.bob, there, v1=True)
        claim_first(bob, people)
        page_claims_first(viewer, people)
        alice = tabs.connect(people.alice).hello("alices")
        alice.send("claim_editor")
        for ws in (alice, bob):
            ws.until_lock(editor=alice)
        page = c.join(people.alice, there)
        page.send("claim_editor")
        for ws in (page, viewer):
            ws.until("editor_status", editor_id=people.alice.id)
    c.stop()


@pytest.mark.parametrize("how", HOW)
def test_nobody_comes_back(start, site, people, room, how):
    """Then Bob waits for the head start, and no longer."""
    c = daemon(start, site, reclaim_grace=SOON)
    with tabs_of(c, room) as tabs:
        tabs.editor(people.alice, tab="alices")
        again(c, how)
        bob = tabs.connect(people.bob).hello("bobs")
        claim_first(bob, people)
        bob.until_lock(editor=bob)
    c.stop()


# --- the folder ------------------------------------------------------------

def marked(c):
    """Leaves something in its Redis that only a file can bring back."""
    redis_of(c).set("kept", "yes")
    return c


def is_marked(c):
    return redis_of(c).get("kept") == "yes"


def aof_of(c):
    """The file that is appended to, of Redis 6 or 7."""
    return max(glob.glob(home_of(c) + "/data/**/*.aof", recursive=True),
               key=os.path.getsize)


def test_what_a_stop_leaves(start, site):
    """The file, for this user alone, and nothing else."""
    c = marked(daemon(start, site))
    home = home_of(c)
    assert home == c.folder + "/run/redis"
    c.stop()
    assert os.listdir(home) == ["data"]
    for path in [c.folder + "/run", home] + glob.glob(home + "/**",
                                                      recursive=True):
        assert os.lstat(path).st_mode & 0o077 == 0, path
    c.start()
    assert is_marked(c)
    c.stop()


def test_without_runtime_dir(start, site):
    """It has a place of its own that the next start finds."""
    c = marked(daemon(start, site, runtime_dir=None))
    home = home_of(c)
    assert os.path.dirname(home) == "/tmp/collabd-%d" % os.geteuid()
    try:
        for path in (home, os.path.dirname(home)):
            assert os.stat(path).st_mode & 0o777 == 0o700
        other = daemon(start, site, runtime_dir=None)
        assert home_of(other) != home       # its address is another
        kill_all(c)
        c.start()
        assert home_of(c) == home and is_marked(c)
        c.stop()
        other.stop()
    finally:
        for path in (home, home_of(other)):
            shutil.rmtree(path)


def test_two_of_them(start, site):
    """One folder is for one collabd. The other one works without, and looking
    at a configuration disturbs nobody."""
    c = marked(daemon(start, site))
    other = daemon(start, site, runtime_dir=c.settings["runtime_dir"])
    assert "in use by another collabd" in other.log()
    home = home_of(other)
    assert home != home_of(c) and not is_marked(other)
    done = c.run("-t", "-c", c.conf_path)
    assert done.returncode == 0, done.stderr
    other.stop()
    assert not os.path.exists(home)
    assert is_marked(c) and c.health()[0] == 200
    c.stop()


@pytest.mark.parametrize("what", ["link", "open", "file"])
def test_folder_of_others(base, start, site, what):
    """It is not used if somebody else may have put it there."""
    c = start(run=False, database_url=site.url, redis_url="embedded")
    folder, real = c.folder + "/run", c.folder + "/real"
    for path in (folder, real):
        os.mkdir(path, 0o700)
    if what == "link":
        os.symlink(real, folder + "/redis")
    elif what == "open":
        os.mkdir(folder + "/redis")
        os.chmod(folder + "/redis", 0o755)
    else:
        open(folder + "/redis", "w").close()
    c.start(wait=False)
    assert c.process.wait(PATIENCE) == 1
    assert folder + "/redis" in c.log()
    assert os.listdir(real) == []
    c.process = None


# --- files that are not as they were ---------------------------------------

@pytest.mark.parametrize("how", ["stop", "redis"])
def test_end_is_missing(start, site, how):
    """As when it was killed while it wrote: what is whole is read."""
    c = marked(daemon(start, site))
    path, pids = aof_of(c), embedded_server(c)
    mark = c.mark()
    if how == "stop":
        c.stop()
    with open(path, "ab") as f:
        f.write(b"*3\r\n$3\r\nSET\r\n$4\r\nkept\r\n$2\r\nn")
    if how == "stop":
        c.start()
    else:
        os.kill(pids[0], signal.SIGKILL)
        wait_for(lambda: embedded_server(c) not in ([], pids), "another one")
        c.redis_state("up", mark)
    assert is_marked(c)
    assert not os.path.exists(home_of(c) + "/damaged")
    c.stop()


def wrapped(c, text):
    """With a redis-server that does something before."""
    program = c.folder + "/redis-server"
    with open(program, "w") as f:
        f.write("#!/bin/sh\n%s\nexec redis-server \"$@\"\n" % text)
    os.chmod(program, 0o755)
    c.write_conf(redis_server=program)
    return c


def damage(path):
    with open(path, "r+b") as f:
        f.seek(100)
        f.write(b"\0" * 50)


@pytest.mark.parametrize("how", ["stop", "redis"])
def test_damaged(start, site, people, room, how):
    """Unreadable: it is put aside, and collabd starts and works."""
    c = marked(daemon(start, site))
    path, pids, mark = aof_of(c), embedded_server(c), c.mark()
    for _ in range(2):
        if how == "stop":
            c.stop()
            damage(path)
            c.start()
        else:
            damage(path)
            os.kill(pids[0], signal.SIGKILL)
            c.redis_state("down", mark)
            c.redis_state("up", mark)
        c.log_contains("cannot read its file.*/damaged; it starts empty",
                       mark)
        assert not is_marked(c)
        marked(c)
        assert os.path.isdir(home_of(c) + "/damaged")
        pids, mark = embedded_server(c), c.mark()
    alice = c.join(people.alice, room)
    alice.send("claim_editor")
    alice.until("editor_status", editor_id=people.alice.id)
    c.close_all()
    c.stop()


@pytest.mark.parametrize("how", ["stop", "redis"])
def test_crashes_on_it(start, site, how):
    """Of some files Redis finds out so late that something kills it."""
    c = start(run=False, database_url=site.url, redis_url="embedded")
    wrapped(c, "if [ -e %s/run/redis/data/bad ]; then kill -s ABRT $$; fi"
            % c.folder)
    marked(c.start())
    pids, mark = embedded_server(c), c.mark()
    open(home_of(c) + "/data/bad", "w").close()
    if how == "stop":
        c.stop()
        c.start()
    else:
        os.kill(pids[0], signal.SIGKILL)
        c.redis_state("down", mark)
        c.redis_state("up", mark)
    c.log_contains("/damaged; it starts empty", mark)
    assert not is_marked(c)
    assert os.path.exists(home_of(c) + "/damaged/bad")
    c.stop()


def test_file_grows(start, site):
    """It is made shorter again and again, and one that cannot be is given
    up."""
    c = start(run=False, database_url=site.url, redis_url="embedded").start()
    r, mark = redis_of(c), c.mark()
    sizes = [0]

    def is_shorter():
        r.set("large", "x" * (1 << 20))
        sizes.append(r.info("persistence")["aof_current_size"])
        return sizes[-1] < sizes[-2]
    wait_for(is_shorter, "a shorter file")
    folder = os.path.dirname(aof_of(c))
    shutil.rmtree(folder)
    open(folder, "w").close()
    for _ in range(70):
        r.set("large", "x" * (1 << 20))
    c.log_contains("cannot make its file any shorter", mark)
    wait_for(lambda: r.config_get("appendonly") == {"appendonly": "no"},
             "it to write no more")
    assert os.listdir(home_of(c)) == ["sock"]
    assert c.health()[0] == 200
    c.stop()


def test_disk_full(start, site, people, room):
    """A file that cannot grow: locks go on, without it. What is on disk is
    removed, because it would be old news at the next start."""
    c = start(run=False, database_url=site.url, redis_url="embedded",
              log_level="info")
    c.launcher = ["sh", "-c", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"",
                  "sh"]
    c.start()
    r, mark = redis_of(marked(c)), c.mark()
    r.set("large", "x" * (3 << 20))
    c.log_contains("cannot write its file", mark)
    wait_for(lambda: r.config_get("appendonly") == {"appendonly": "no"},
             "it to write no more")
    assert os.listdir(home_of(c)) == ["sock"]
    alice = c.join(people.alice, room)
    alice.send("claim_editor")
    alice.until("editor_status", editor_id=people.alice.id)
    c.close_all()
    c.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_usual_place_of_others(start, site):
    """Somebody else was there first: it takes another one, and says so."""
    user = pwd.getpwnam("games")
    place = "/tmp/collabd-%d" % user.pw_uid
    os.mkdir(place, 0o777)
    try:
        c = daemon(start, site, runtime_dir=None, user=user.pw_name)
        assert place + ": belongs to another user" in c.log()
        home = home_of(c)
        assert not home.startswith(place)
        assert os.stat(home).st_uid == user.pw_uid
        assert os.listdir(place) == []
        c.stop()
        assert not os.path.exists(home)
    finally:
        os.rmdir(place)


def test_former_one_does_not_end(start, site):
    """A child of it, say, that may still write: nobody else gets the folder
    before that is gone."""
    c = start(run=False, database_url=site.url, redis_url="embedded")
    marked(wrapped(c, "sleep 3600 &").start())
    home = home_of(c)
    child = [p for p in c.processes() if "sleep" in exe_of(p)]
    kill_all(c, but=child)
    try:
        c.write_conf(redis_server="redis-server")
        c.start()
        assert "in use by another collabd" in c.log()
        assert home_of(c) != home and not is_marked(c)
        c.stop()
    finally:
        os.kill(child[0], signal.SIGKILL)
    wait_for(lambda: not alive(child[0]), "its end")
    c.start()
    assert home_of(c) == home and is_marked(c)
    c.stop()

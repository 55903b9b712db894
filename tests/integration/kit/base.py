"""What all of it needs: where things are, how long one waits, free ports,
processes."""
import contextlib
import glob
import itertools
import os
import random
import select
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))
BINARY = os.environ.get("COLLABD_BINARY", ROOT + "/build/release/collabd")
DJANGOS = os.environ.get("COLLABD_DJANGOS", ROOT + "/build/django")
REQUIRE = os.environ.get("REQUIRE", "") not in ("", "0")
SANITIZED = "asan" in BINARY or "tsan" in BINARY
# How long anything may take; sanitizers and a busy machine are slow.
PATIENCE = float(os.environ.get("COLLABD_PATIENCE", "20"))
# What is to run out in a test: after the few steps that come before.
SOON = PATIENCE / 5
PREFIX = "admin/collaboration"
KEY = "test-key-not-a-secret-0123456789-abcdefghijklmnopqrstuvwxyz"



def build(flavour):
    """The daemon of another flavour; made now if it is not there or old."""
    folder = os.path.abspath(os.path.join(ROOT, os.environ.get("B", "build")))
    subprocess.run(["make", "-s", "-C", ROOT, "B=" + folder,
                    "FLAVOUR=" + flavour, "all"], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return "%s/%s/collabd" % (folder, flavour)


_counter = itertools.count(1)


def unique(word="x"):
    return "%s%d" % (word, next(_counter))


# What keeps a port ours, see free_port().
reserved = []


def free_port():
    """A port that no other process of the tests gets as long as we live, so
    that a server can be started late, or stopped and started again. It is below
    the range that outgoing connections take their ports from."""
    while True:
        port = random.randrange(10000, 32000)
        mine = socket.socket(socket.AF_UNIX)
        with socket.socket() as s:
            try:
                # A name that is nowhere in the file system, and ours alone.
                mine.bind("\0collabd-tests-%d" % port)
                s.bind(("127.0.0.1", port))
            except OSError:
                mine.close()
                continue
        reserved.append(mine)
        return port


def wait_for(condition, what, patience=None):
    """Asks again and again until condition() is true; for states that nobody
    announces (a key's expiry, a file's growth)."""
    deadline = time.monotonic() + (patience or PATIENCE)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for %s" % what)
        select.select([], [], [], 0.01)


def signal_and_wait(process, number=signal.SIGTERM, patience=None):
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(patience or PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError("pid %d did not end" % process.pid)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def exe_of(pid):
    try:
        return os.readlink("/proc/%d/exe" % pid)
    except OSError:
        return ""


def descendants(pid):
    found = []
    for path in glob.glob("/proc/%d/task/*/children" % pid):
        with contextlib.suppress(OSError):
            with open(path) as f:
                for child in map(int, f.read().split()):
                    found += [child] + descendants(child)
    return found


def server_inode(port, client_port):
    with open("/proc/net/tcp") as f:
        for line in f.readlines()[1:]:
            field = line.split()
            if field[1].endswith(":%04X" % port) and \
                    field[2].endswith(":%04X" % client_port):
                return field[9]
    raise AssertionError("no connection from port %d" % client_port)


def established(port):
    """The inodes of the connections that a server on this port has."""
    with open("/proc/net/tcp") as f:
        fields = [line.split() for line in f.readlines()[1:]]
    return [field[9] for field in fields
            if field[1].endswith(":%04X" % port) and field[3] == "01"]


def has_open(pid, name):
    """Whether a process has a file of this name open, or "socket:[inode]"."""
    if not name.startswith("socket:"):
        name = os.path.realpath(name)
    for path in glob.glob("/proc/%d/fd/*" % pid):
        with contextlib.suppress(OSError):
            if os.readlink(path) == name:
                return True
    return False

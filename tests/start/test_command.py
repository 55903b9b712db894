"""The command: its arguments, its address, its end, and signals."""
import json
import os
import shutil
import signal
import socket
import stat
import sys

import pytest

import rig
from rig import GUNICORN, PYTHON, alive, wait_for

# A program that says what it got, and serves.
TELL = """
import json, os, socket, sys
print(json.dumps({"argv": sys.argv[1:], "upstream":
    os.environ.get("COLLABD_UPSTREAM"), "port": os.environ.get("PORT")}),
    file=open("told", "w"), flush=True)
where = os.environ["COLLABD_UPSTREAM"]
if where.startswith("unix:"):
    s = socket.socket(socket.AF_UNIX); s.bind(where[5:])
else:
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((where.split(":")[0], int(where.split(":")[1])))
s.listen(16)
while True:
    c = s.accept()[0]
    if c.recv(65536):
        c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nhere")
    c.close()
"""


def told(folder):
    with open(folder + "/told") as f:
        return json.load(f)


def test_arguments_reach_it_unchanged(start, folder):
    odd = ["two words", "", "'quoted' \"twice\"", "$HOME", "a\nb", "*", "\\",
           "{other}", "--inject", "-c", "unix:{socket}"]
    s = start([PYTHON, "-c", TELL] + odd)
    got = told(folder)
    path = got["upstream"][5:]
    assert got["argv"] == odd[:-1] + ["unix:" + path]
    assert path.startswith(s.env["TMPDIR"]) and got["port"] is None
    assert s.get("/")[2] == "here"
    assert s.stop() == 128 + signal.SIGTERM


def test_a_port_for_those_who_take_no_socket(start, folder):
    s = start([PYTHON, "-c", TELL, "runserver", "{port}", "x={port}"])
    got = told(folder)
    port = got["port"]
    assert got["upstream"] == "127.0.0.1:" + port
    assert got["argv"] == ["runserver", port, "x=" + port]
    assert s.get("/")[2] == "here"


def test_a_platforms_own_line_works(start, folder):
    """Neither placeholder: PORT is that of the site, as it is used to."""
    s = start([PYTHON, "-c", TELL], env={"PORT": str(rig.free_port())},
              port=None)
    assert told(folder)["port"] != s.env["PORT"] == str(s.port)
    assert s.get("/")[2] == "here"


def test_on_a_platform_it_listens_for_everybody(start):
    s = start(port=None, env={"PORT": str(rig.free_port())})
    s.log_contains(r"listening on 0\.0\.0\.0:" + s.env["PORT"])
    assert s.stop() == 0


def test_both_placeholders(start):
    s = start(["true", "{socket}", "{port}"], wait=False)
    assert s.wait() == 64
    assert "use the one on which it listens" in s.log()


@pytest.mark.parametrize("command,status,words", [
    (["/nowhere/site"], 127, "cannot run /nowhere/site: No such file"),
    (["./app.py/"], 126, "cannot run ./app.py/: Not a directory"),
    (["./plain"], 126, "cannot run ./plain: Permission denied"),
    (["sh", "-c", "exit 7"], 7, "the site ended with status 7"),
    (["sh", "-c", "kill -9 $$"], 137, "the site was ended by signal 9"),
    (["true"], 0, "the site ended with status 0"),
])
def test_it_ends_before_it_accepts(start, folder, command, status, words):
    open(folder + "/plain", "w").close()
    s = start(command, wait=False)
    assert s.wait() == status
    assert words in s.log()


def test_it_never_accepts(start):
    s = start(["sleep", "1000"], options=["--wait", "1"], wait=False)
    assert s.wait() == 69
    assert "does not accept on 127.0.0.1:" in s.log()


def test_it_dies_later(start):
    s = start()
    os.kill(s.pids("python3")[0], signal.SIGKILL)
    assert s.wait() == 137


def test_it_ends_with_what_it_has_left_behind(start, folder):
    """Also what has a session of its own and ignores SIGTERM."""
    script = ("setsid sh -c 'trap \"\" TERM; echo $$ >stray; "
              "while :; do sleep 1; done' & exec %s -c \"$1\"" % PYTHON)
    s = start(["sh", "-c", script, "sh", TELL])
    wait_for(lambda: os.path.exists(folder + "/stray"), "the stray")
    with open(folder + "/stray") as f:
        stray = int(f.read())
    assert alive(stray)
    s.stop()
    assert not alive(stray)


def test_it_does_not_want_to_end(start):
    s = start(["sh", "-c", "trap '' TERM; exec \"$@\"", "sh", PYTHON, "-c",
               TELL])
    s.send(signal.SIGTERM)
    assert s.wait(20) == 137


def test_it_floods_its_output(start):
    """What it says goes where ours goes, and nobody has to read along."""
    flood = ("import sys, threading\n"
             "def flood():\n"
             "    while True: sys.stdout.write('x' * 99 + '\\n')\n"
             "threading.Thread(target=flood, daemon=True).start()\n" + TELL)
    s = start([PYTHON, "-c", flood], launcher=[
        "sh", "-c", 'exec "$@" 2>&1 >/dev/null', "sh"])
    assert [s.get("/")[0] for _ in range(20)] == [200] * 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGQUIT])
def test_signals(start, folder, number):
    rig.make_conf(folder)
    s = start().wait_collabd()
    assert s.stop(number) == 0          # gunicorn's, for all three


COUNT = """
import os, signal, sys
def note(number, frame):
    with open("signals", "a") as f:
        f.write("%d " % number)
for n in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
    signal.signal(n, note)
import threading
def end():
    while not os.path.exists("end"):
        threading.Event().wait(0.01)
    os._exit(9)
threading.Thread(target=end).start()
""" + TELL


@pytest.mark.parametrize("key,number", [(b"\x03", signal.SIGINT),
                                        (b"\x1c", signal.SIGQUIT)])
def test_a_terminal_says_it_once(start, folder, key, number):
    """It says it to the site itself; nginx and collabd hear it from us."""
    rig.make_conf(folder)
    here, there = os.openpty()
    tty = os.ttyname(there)
    # The terminal of a session is the first that its leader opens.
    s = start([PYTHON, "-c", COUNT],
              launcher=["sh", "-c", "exec <%s; exec \"$@\"" % tty, "sh"])
    s.wait_collabd()
    os.write(here, key)
    wait_for(lambda: not s.pids("nginx") and not s.pids("collabd"), "their end")
    with open(folder + "/signals") as f:
        assert f.read() == "%d " % number
    open(folder + "/end", "w").close()
    assert s.wait() == 9
    os.close(here)
    os.close(there)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_each_signal_once(start, folder, number):
    """However often it comes."""
    rig.make_conf(folder)
    s = start([PYTHON, "-c", COUNT]).wait_collabd()
    for _ in range(5):
        s.send(number)
    wait_for(lambda: os.path.exists(folder + "/signals"), "the site")
    s.send(number)
    open(folder + "/end", "w").close()
    assert s.wait() == 9
    with open(folder + "/signals") as f:
        said = f.read().split()
    assert set(said) == {str(int(number))}
    assert number != signal.SIGTERM or len(said) == 1


def test_the_end_comes_while_it_starts(start, folder):
    """Before there is a site: with the status that a shell would give."""
    with open(folder + "/nginx", "w") as f:
        f.write("#!/bin/sh\ntouch here\nsleep 1000\n")
    os.chmod(folder + "/nginx", 0o755)
    s = start(options=["--nginx", "./nginx"], wait=False)
    wait_for(lambda: os.path.exists(folder + "/here"), "nginx -t")
    s.send(signal.SIGTERM)
    assert s.wait() == 128 + signal.SIGTERM


def everybody(s):
    for pid in [s.process.pid] + s.pids():
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass


def test_a_platform_ends_everybody_at_once_and_again(start, folder):
    """What is under way is answered, by nginx as well."""
    rig.make_conf(folder)
    s = start().wait_collabd()
    with s.connect() as c:
        c.sendall(b"GET /wait?file=%s/go HTTP/1.1\r\nHost: x\r\n\r\n" %
                  folder.encode())
        wait_for(lambda: busy(s), "the site to be at it")
        for _ in range(3):
            everybody(s)
        open(folder + "/go", "w").close()
        assert rig.raw_response(c)[2] == "done"
    assert s.wait() == 0


def busy(s):
    """Whether nginx has a connection to the site."""
    with open("/proc/net/unix") as f:
        return any(s.env["TMPDIR"] in line and "site.sock" in line and
                   " 03 " in line for line in f)


def test_two_interrupts_do_not_wait(start, folder):
    rig.make_conf(folder)
    s = start().wait_collabd()
    with s.connect() as c:
        c.sendall(b"GET /wait?file=%s/never HTTP/1.1\r\nHost: x\r\n\r\n" %
                  folder.encode())
        wait_for(lambda: busy(s), "the site to be at it")
        s.send(signal.SIGTERM)
        s.send(signal.SIGINT)
        assert s.wait(18) == 0


def test_a_reload_reaches_all(start, folder):
    rig.make_conf(folder)
    s = start().wait_collabd()
    nginx, mark = s.pids("nginx"), len(s.log())
    reload(s)
    s.log_contains("ready workers=2 generation=2", mark)
    # nginx has nothing new to read.
    assert s.pids("nginx") == nginx
    rig.make_conf(folder, websocket_prefix="rooms")
    reload(s)
    wait_for(lambda: s.get("/rooms/client.js")[0] == 200, "the new path")
    rig.make_conf(folder, workers="many")
    mark = len(s.log())
    reload(s)
    s.log_contains("nothing is changed for collabd and nginx", mark)
    assert s.get("/rooms/client.js")[0] == 200
    assert s.stop() == 0


def reload(s):
    """Until gunicorn has no worker of before."""
    before = s.pids("python3")
    s.send(signal.SIGHUP)
    wait_for(lambda: len(set(s.pids("python3")) & set(before)) == 1 and
             len(s.pids("python3")) == 3, "gunicorn's new workers")
    for _ in range(4):
        assert s.get("/echo")[0] == 200


def test_a_reload_of_a_site_that_cannot_be_asked(start, project, folder):
    """What it said before holds, also for a collabd that is started again."""
    shutil.rmtree(folder)
    shutil.copytree(project, folder)
    s = start(["/usr/bin/python3", "-c", COUNT], options=[
        "-o", "redis_url=embedded", "-o", "drain_time=0.2"]).wait_collabd()
    with open(folder + "/mysite/settings.py", "a") as f:
        f.write("\nimport nowhere\n")
    s.send(signal.SIGHUP)
    s.log_contains("nothing is changed for collabd and nginx")
    assert "No module named 'nowhere'" in s.log()
    os.kill(s.master("collabd"), signal.SIGKILL)
    mark = len(s.log())
    s.log_contains("ready workers=", mark)
    s.wait_collabd()
    open(folder + "/end", "w").close()
    assert s.wait() == 9


def test_it_is_killed_itself(start, folder):
    rig.make_conf(folder)
    s = start().wait_collabd()
    pids = s.pids()
    assert len(pids) > 6
    s.process.kill()
    wait_for(lambda: not [p for p in pids if alive(p)], "all to end", 30)
    s.process.wait()


def test_switched_off(start, folder):
    """Then it is the command, on the address of the whole."""
    port = rig.free_port()
    s = start(port=port, env={"COLLABD_ENABLED": "0"}, wait=False)
    s.port = port
    wait_for(lambda: "Listening at: http://127.0.0.1:%d" % port in s.log(),
             "gunicorn itself")
    assert rig.exe_of(s.process.pid).startswith("/usr/bin/python3")
    assert s.echo()["headers"]["Host"] == "www.example.com"
    assert s.stop() == 0


def test_in_another_one(start, folder):
    """As behind another supervisor: a shell that starts it and is not it."""
    s = start(launcher=["sh", "-c", '"$@" & wait $!; exit $?', "sh"])
    mine = s.master("start-collabd")
    os.kill(mine, signal.SIGTERM)
    assert s.wait(15) == 0

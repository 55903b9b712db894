"""What is missing or wrong is said in a sentence, with what to do about it, and
the site runs. What ends at run time is started again, and the site runs."""
import os
import re
import signal
import socket
import subprocess

import pytest

import rig
from rig import GUNICORN, PYTHON, alive, free_port, wait_for


def serves(s, words):
    """The site answers, and collabd's path is the site's."""
    s.log_contains(words)
    assert s.echo()["headers"]["Host"] == "www.example.com"
    assert s.get("/admin/collaboration/client.js")[2].startswith("<!doctype")
    s.log_contains("without collabd")
    assert s.stop() == 0


def test_no_settings(start):
    serves(start(options=["-c", "/dev/null"]), "SECRET_KEY is needed")


def test_a_wrong_setting(start, folder):
    rig.make_conf(folder, workers="many")
    serves(start(), r'collabd.conf:5: workers: "many" is not allowed')


def test_a_file_that_is_not_there(start):
    serves(start(options=["-c", "nowhere.conf"]),
           "nowhere.conf: No such file or directory")


def test_a_site_that_cannot_be_asked(start, folder):
    with open(folder + "/manage.py", "w") as f:
        f.write("raise SystemExit('no settings today')\n")
    s = start()
    serves(s, "manage.py cannot be asked for the site's settings: "
           "no settings today; mend that, or write a collabd.conf")


def test_no_python_to_ask_it(start, folder):
    open(folder + "/manage.py", "w").close()
    serves(start(options=["--python", "/nowhere/python3"]),
           "cannot run /nowhere/python3")


def test_no_collabd(start, folder):
    rig.make_conf(folder)
    serves(start(options=["--collabd", "/nowhere/collabd"]),
           'there is no program "/nowhere/collabd"; install collabd')


def test_no_redis_server(start, folder):
    rig.make_conf(folder, redis_server="/nowhere/redis-server")
    serves(start(), "install the package redis-server")


def test_a_key_in_the_environment_wins(start, folder):
    """Environment last: a file without a key, and none at all."""
    rig.make_conf(folder, secret_key="")
    s = start(env={"SECRET_KEY": rig.KEY}).wait_collabd()
    assert s.stop() == 0
    os.unlink(folder + "/collabd.conf")
    s = start(env={"SECRET_KEY": rig.KEY, "DATABASE_URL":
                   "sqlite:///" + rig.Start.database}).wait_collabd()
    assert s.stop() == 0


def test_a_database_that_does_not_answer(start, folder):
    """It may later: collabd is there, and says so itself."""
    rig.make_conf(folder, database_url="postgres://x@127.0.0.1:%d/x" %
                  free_port())
    s = start().wait_collabd()
    s.log_contains("database: FAILED")
    s.log_contains("works as soon as that is mended")
    assert s.echo()["method"] == "GET"


@pytest.mark.parametrize("bind", ["unix:{socket}", "127.0.0.1:{port}"])
def test_no_nginx(start, bind):
    """The site takes the port itself."""
    port = free_port()
    command = [bind if a == "unix:{socket}" else a for a in GUNICORN]
    s = start(command, port=port, options=["--nginx", "/nowhere/nginx"],
              wait=False)
    s.port = port
    wait_for(lambda: "Listening at: http://127.0.0.1:%d" % port in s.log(),
             "gunicorn itself")
    assert 'no program "/nowhere/nginx"; install the package nginx-light' in \
        s.log()
    assert s.echo()["headers"]["Host"] == "www.example.com"
    assert s.stop() == 0


def test_no_nginx_and_no_way_without(start):
    s = start(["sh", "-c", "exit 1", "{socket}"], wait=False,
              options=["--nginx", "/nowhere/nginx"])
    assert s.wait() == 69
    assert "would have to listen on the port itself" in s.log()


def test_an_nginx_that_cannot_do_it(start, folder):
    """Its reason is said."""
    with open(folder + "/nginx", "w") as f:
        f.write("#!/bin/sh\necho 'unknown directive \"sub_filter\"' >&2\n"
                "exit 1\n")
    os.chmod(folder + "/nginx", 0o755)
    port = free_port()
    s = start(port=port, options=["--nginx", folder + "/nginx"], wait=False)
    wait_for(lambda: "Listening at: http://127.0.0.1:%d" % port in s.log(),
             "gunicorn itself")
    assert 'unknown directive "sub_filter"' in s.log().replace("\\x22", '"')
    assert s.stop() == 0


def test_a_port_that_is_taken(start, folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        s = start(["touch", "started"], port=port, wait=False)
        assert s.wait() == 69
    assert "cannot listen on 127.0.0.1:%d: Address already in use; end" % port \
        in s.log()
    assert not os.path.exists(folder + "/started")


@pytest.mark.parametrize("port", ["http", "-1", "65536", "8000x", "0", " "])
def test_a_port_that_is_no_number(start, port):
    s = start(["true"], port=None, env={"PORT": port}, wait=False)
    assert s.wait() == 64
    assert "environment PORT: not a port number" in s.log()


@pytest.mark.parametrize("options,words", [
    (["--wait", "x"], "--wait x: must be a number of seconds"),
    (["--timeout", "0"], "--timeout 0: must be a number of seconds"),
    (["--listen", "nowhere"], "--listen nowhere: must be a port"),
    (["--listen", "host:80"], "--listen host:80: must be a port"),
    (["--forwarded", "yes"], "--forwarded yes: must be trust or replace"),
    (["-o", "workers"], "-o workers: not of the form"),
    (["--nonsense"], "usage: start-collabd"),
    (["--access-log", "a;b"], "must be a path of plain letters"),
])
def test_wrong_options(folder, options, words):
    done = subprocess.run([rig.BINARY] + options + ["true"], text=True,
                          stderr=subprocess.PIPE, cwd=folder)
    assert done.returncode == 64 and words in done.stderr


def test_no_command(folder):
    done = subprocess.run([rig.BINARY], text=True, stderr=subprocess.PIPE)
    assert done.returncode == 64 and "usage:" in done.stderr


def test_nowhere_to_write(start, folder):
    """Neither where it stands nor where it is told to; as somebody whom the
    mode of a folder keeps out."""
    rig.make_conf(folder)
    os.chmod(folder, 0o555)
    os.chmod(folder + "/collabd.conf", 0o644)
    s = start(launcher=["setpriv", "--reuid=65534", "--regid=65534",
                        "--clear-groups"],
              env={"TMPDIR": folder, "HOME": "/"})
    assert s.echo()["method"] == "GET"
    assert s.stop() == 0
    assert sorted(os.listdir(folder)) == sorted(
        os.listdir(rig.HERE + "/site") + ["collabd.conf"])


def test_a_folder_that_nginx_cannot_enter(start, folder):
    """Of root, whose nginx is somebody else; then it is another folder."""
    os.mkdir(folder + "/closed", 0o700)
    s = start(env={"TMPDIR": folder + "/closed"})
    assert s.echo()["method"] == "GET"
    assert s.stop() == 0


# --- at run time

@pytest.fixture
def complete(start, folder):
    rig.make_conf(folder)
    return start().wait_collabd()


def test_collabd_dies(complete):
    s, first = complete, complete.master("collabd")
    os.kill(first, signal.SIGKILL)
    assert s.echo()["method"] == "GET"
    wait_for(lambda: s.master("collabd") not in (None, first),
             "another collabd")
    s.wait_collabd()
    assert "the site goes on, and collabd is started again" in s.log()
    assert s.stop() == 0


def test_collabd_is_away(complete):
    """A page of the site as ever, and a short answer where collabd was."""
    s = complete
    os.kill(s.master("collabd"), signal.SIGSTOP)
    for pid in s.pids("collabd"):
        os.kill(pid, signal.SIGSTOP)
    assert s.echo()["method"] == "GET"
    for pid in s.pids("collabd"):
        os.kill(pid, signal.SIGKILL)
    status, headers, body = s.get("/admin/collaboration/client.js")
    if status != 200:                   # else it is back already
        assert status == 503 and headers["retry-after"] == "5"
        assert "collabd does not answer" in body
    assert s.echo()["method"] == "GET"
    s.wait_collabd()


def test_redis_dies(complete):
    s = complete
    os.kill(s.pids("redis")[0], signal.SIGKILL)
    assert s.echo()["method"] == "GET"
    wait_for(lambda: "the embedded redis died; starting it again" in s.log(),
             "collabd to notice")
    assert s.stop() == 0


def test_nginx_dies(complete):
    """Who connects meanwhile waits. What its workers are at is finished."""
    s, first = complete, complete.master("nginx")
    workers = s.pids("nginx")
    os.kill(first, signal.SIGKILL)
    assert [s.echo()["method"] for _ in range(20)] == ["GET"] * 20
    wait_for(lambda: not [p for p in workers if alive(p)], "the old ones")
    wait_for(lambda: s.master("nginx") not in (None, first), "another nginx")
    assert [s.echo()["method"] for _ in range(20)] == ["GET"] * 20
    assert s.stop() == 0


def test_a_worker_of_nginx_dies(complete):
    s = complete
    first = [p for p in s.pids("nginx") if p != s.master("nginx")]
    os.kill(first[0], signal.SIGKILL)
    assert [s.echo()["method"] for _ in range(20)] == ["GET"] * 20
    assert s.stop() == 0


def test_a_worker_of_the_site_dies(complete):
    s = complete
    os.kill(s.echo()["pid"], signal.SIGKILL)
    wait_for(lambda: s.get("/echo")[0] == 200, "gunicorn's other one")
    assert s.stop() == 0


def test_everybody_dies_but_the_site(complete):
    s = complete
    for pid in s.pids("nginx") + s.pids("collabd") + s.pids("redis"):
        os.kill(pid, signal.SIGKILL)
    assert [s.echo()["method"] for _ in range(20)] == ["GET"] * 20
    s.wait_collabd()
    assert s.stop() == 0

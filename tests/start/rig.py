"""start-collabd under test, real sites for it, and raw requests."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, ROOT + "/tests/integration")

from utils import (PATIENCE, alive, descendants, exe_of, free_port,
                   raw_get, raw_request, raw_response, wait_for)

BINARY = os.environ.get("START_BINARY", ROOT + "/build/release/start-collabd")
COLLABD = os.environ.get("COLLABD_BINARY", ROOT + "/build/release/collabd")
PYTHON = "/usr/bin/python3"
# A worker of gunicorn that hears SIGTERM as it is born does not end by it.
GUNICORN = [PYTHON, "-m", "gunicorn", "app:app", "--bind", "unix:{socket}",
            "--workers", "2", "--worker-tmp-dir", "/dev/shm",
            "--graceful-timeout", "5"]
KEY = "test-key-not-a-secret-0123456789-abcdefghijklmnopqrstuvwxyz"


def own_signals():
    """A shell that runs us in the background lets children ignore SIGINT."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def is_called(pid, name):
    """Whether it runs this program; collabd's own user may not see more."""
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().startswith(name)
    except OSError:
        return False


class Start:
    """A start-collabd in a folder. options come before its command."""
    database = None             # path of one that Django has made

    def __init__(self, folder, command, options=(), env=None, wait=True,
                 port="127.0.0.1:0", launcher=()):
        self.folder, self.command = str(folder), list(command)
        self.options = ["--collabd", COLLABD] + list(options)
        if port is not None:
            self.options += ["--listen", str(port)]
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("COLLABD_", "DJANGO_", "PYTHON"))
                    and k not in ("PORT", "DATABASE_URL", "REDIS_URL",
                                  "SECRET_KEY", "VIRTUAL_ENV")}
        # Whatever Python comes first in the tests' own PATH.
        self.env["PATH"] = "/usr/bin:/bin"
        self.env["PYTHONDONTWRITEBYTECODE"] = "1"
        self.env["TMPDIR"] = tempfile.mkdtemp(prefix="tmp", dir=os.path.dirname(
            self.folder))
        os.chmod(self.env["TMPDIR"], 0o755)
        self.env.update(env or {})
        self.log_path = self.env["TMPDIR"] + ".log"
        self.launcher = list(launcher)
        self.process = self.port = None
        self.start()
        if wait:
            self.wait_up()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.launcher + [BINARY] + self.options + self.command,
                cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=own_signals,
                start_new_session=True)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def log_contains(self, pattern, since=0):
        def look():
            found = re.search(pattern, self.log()[since:])
            assert found or self.process.poll() is None, \
                "it ended with %s:\n%s" % (self.process.returncode, self.log())
            return found
        return wait_for(look, "%r in the log:\n%s" % (pattern, self.log()))

    def wait_up(self):
        self.port = int(self.log_contains(
            r"listening on [0-9.]+:(\d+)").group(1))
        return self

    def wait_collabd(self):
        """Until it answers for itself."""
        wait_for(lambda: self.get("/admin/collaboration/client.js")[0] == 200,
                 "collabd behind nginx")
        return self

    def pids(self, name=None):
        """Those below it, or those of a program."""
        return [p for p in descendants(self.process.pid) if name is None or
                is_called(p, name)]

    def master(self, name):
        """The child that runs this program, or None."""
        with open("/proc/%d/task/%d/children" % (self.process.pid,
                                                 self.process.pid)) as f:
            return ([p for p in map(int, f.read().split())
                     if is_called(p, name)] or [None])[0]

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, patience=None):
        """Its exit status; nothing of it may be left."""
        pids = descendants(self.process.pid)
        try:
            code = self.process.wait(patience or PATIENCE + 20)
        except subprocess.TimeoutExpired:
            for pid in [self.process.pid] + descendants(self.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError("it did not end:\n" + self.log())
        left = [p for p in pids if alive(p)]
        assert not left, "processes left: %s\n%s" % (left, self.log())
        left = [n for n in os.listdir(self.env["TMPDIR"])
                if n.startswith("start-collabd-")]
        assert not left, "files left: %s" % left
        return code

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return None
        self.send(number)
        code = self.wait()
        self.process = None
        return code

    def end(self):
        """After a test, however it ended."""
        if self.process is not None and self.process.poll() is None:
            self.stop()

    # --- requests
    def get(self, path):
        return raw_get(self.port, path)

    def request(self, head, body=b""):
        return raw_request(self.port, head.replace("\n", "\r\n").encode() +
                           b"\r\n\r\n" + body)

    def echo(self, *fields, method="GET", path="/echo", body=b""):
        """What the site saw of a request with these header lines."""
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: www.example.com",
                 "Connection: close"] + list(fields)
        if body:
            lines.append("Content-Length: %d" % len(body))
        status, _, text = self.request("\n".join(lines), body)
        assert status == 200, (status, text)
        return json.loads(text)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)


def make_site(folder):
    """The site without a framework, without settings for collabd."""
    shutil.copytree(HERE + "/site", str(folder))
    return str(folder)


def make_conf(folder, **settings):
    """A collabd.conf, for the database of the Django project."""
    values = dict(secret_key=KEY, redis_url="embedded", drain_time=0.2,
                  database_url="sqlite:///" + Start.database)
    values.update(settings)
    with open(str(folder) + "/collabd.conf", "w") as f:
        for item in values.items():
            f.write("%s = %s\n" % item)


def make_project(folder, python=PYTHON, **settings):
    """What "django-admin startproject" makes, with these settings, migrated,
    with two users; and nothing that knows of collabd."""
    os.makedirs(str(folder))
    run = dict(cwd=str(folder), check=True, stdout=subprocess.DEVNULL,
               env=dict(os.environ, DJANGO_SUPERUSER_PASSWORD="demo",
                        PYTHONDONTWRITEBYTECODE="1"))
    subprocess.run([python, "-m", "django", "startproject", "mysite", "."],
                   **run)
    with open(str(folder) + "/mysite/settings.py", "a") as f:
        for item in settings.items():
            f.write("\n%s = %r\n" % item)
    subprocess.run([python, "manage.py", "migrate", "-v", "0"], **run)
    for name in ("ann", "bob"):
        subprocess.run([python, "manage.py", "createsuperuser", "--noinput",
                        "--username", name, "--email", name + "@example.com"],
                       **run)
    return str(folder)

"""The platform: what builds an app and what runs it. Both are roots that root.sh
has put up below $HEROKU_WORK; programs run in them as an unprivileged user.

    App       a folder with an app's files, a cache, config vars: detect,
              compile, release, report
    Dyno      what has been built, at /app in a root of its own
    Visitor   a user of the site's admin, behind the router
    MEASURED  figures for README.md, printed at the end
"""
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, TESTS + "/integration")

from kit.base import (PATIENCE, PREFIX, alive, descendants, free_port,
                      wait_for)

WORK = os.environ["HEROKU_WORK"]
UID = 1000
PATH = "/usr/local/bin:/usr/bin:/bin"
WEB = "bin/start-collabd gunicorn wsgi --bind unix:{socket}"
STACK = "heroku-24"
MEASURED = {}                   # figures, which the suite prints at its end
BOUNDARY = "0f6c1f5ad3e84a2b9c7d"    # does not come by chance


def enter(root, cwd):
    """For a child: becomes a user of this root."""
    def become():
        os.setsid()
        os.chroot(root)
        os.setgroups([])
        os.setgid(UID)
        os.setuid(UID)
        os.chdir(cwd)
    return become


def give(path):
    """To the user, with all that is below it."""
    subprocess.run(["chown", "-R", "-h", "%d:%d" % (UID, UID), path],
                   check=True)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


class App:
    """An app's folder at a path of its own on the image to build on."""
    root = WORK + "/image"

    def __init__(self, name, config=None, cache=None):
        self.build = "/tmp/build_" + name
        self.cache = cache or "/tmp/cache_" + name
        self.env = "/tmp/env_" + name
        for path in (self.build, self.cache, self.env):
            os.makedirs(self.root + path, exist_ok=True)
        for key, value in (config or {}).items():
            write("%s%s/%s" % (self.root, self.env, key), value)

    @property
    def folder(self):
        return self.root + self.build

    def django(self):
        """The demo's site, and the settings of a dyno."""
        shutil.copytree(TESTS + "/demo/site", self.folder, dirs_exist_ok=True)
        shutil.copytree(HERE + "/app", self.folder, dirs_exist_ok=True)
        write(self.folder + "/data/secret_key", "not the one that is used")
        return self

    def procfile(self, text):
        write(self.folder + "/Procfile", text)
        return self

    def run(self, *command, **env):
        give(self.folder)
        for path in (self.cache, self.env):
            give(self.root + path)
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, preexec_fn=enter(
                self.root, "/"), env=dict(self.environment(), **env))

    @staticmethod
    def environment():
        env = {k: v for k, v in os.environ.items()
               if k.lower().endswith("_proxy")}
        env.update(PATH=PATH, HOME="/nonexistent", STACK=STACK)
        return env

    def detect(self):
        return self.run("/buildpack/bin/detect", self.build)

    def compile(self, shell=(), **env):
        return self.run(*shell, "/buildpack/bin/compile", self.build,
                        self.cache, self.env, **env)

    def release(self):
        return self.run("/buildpack/bin/release", self.build)

    def report(self):
        return self.run("/buildpack/bin/report", self.build, self.cache,
                        self.env)

    def written_elsewhere(self):
        """What is in the image's own layer and not below the app's folders,
        with the time of its last change."""
        upper = self.root + ".upper"
        found = {}
        for folder, _, names in os.walk(upper):
            for name in names:
                path = os.path.join(folder, name)
                inside = path[len(upper):]
                if not inside.startswith(("/tmp/build_", "/tmp/cache_",
                                          "/tmp/env_")):
                    found[inside] = os.lstat(path).st_mtime_ns
        return found

    def needed(self, program):
        """The shared libraries that a program of the app asks for."""
        done = subprocess.run(["readelf", "-d", self.folder + "/" + program],
                              stdout=subprocess.PIPE, text=True, check=True)
        return set(re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout))


class Dyno:
    def __init__(self, name, app, config):
        self.root = "%s/%s" % (WORK, name)
        self.config = dict(config)
        self.port = free_port()
        self.log_path = "%s/%s.log" % (WORK, name)
        self.process = None
        self.seen = set()
        # Its file system is as the slug has it.
        shutil.rmtree(self.root + "/app", ignore_errors=True)
        shutil.copytree(app.folder, self.root + "/app", symlinks=True)
        give(self.root + "/app")

    def environment(self, **more):
        env = {"PATH": PATH, "HOME": "/app", "DYNO": "web.1",
               "PORT": str(self.port), "LANG": "C.UTF-8",
               "PYTHONUNBUFFERED": "1"}
        env.update(self.config)
        env.update(more)
        return {k: v for k, v in env.items() if v is not None}

    def command(self, text):
        return ["/bin/bash", "-c", "for f in .profile.d/*.sh; do . \"$f\"; "
                "done; exec " + text]

    def once(self, text, **env):
        """A one-off dyno."""
        return subprocess.run(
            self.command(text), preexec_fn=enter(self.root, "/app"),
            env=self.environment(**env), stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def start(self, process="web", **env):
        with open(self.root + "/app/Procfile") as f:
            found = re.search(r"(?m)^%s: *(.*)$" % process, f.read())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(found.group(1)), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=self.environment(**env),
                preexec_fn=enter(self.root, "/app"))
        return self

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def get(self, path, patience=None):
        """The status of a page, 0 if nobody answers."""
        http_ = http.client.HTTPConnection("127.0.0.1", self.port,
                                           timeout=patience or PATIENCE)
        try:
            http_.request("GET", path, headers={"Connection": "close"})
            return http_.getresponse().status
        except OSError:
            return 0
        finally:
            http_.close()

    def wait_up(self, path="/admin/login/", status=200):
        def up():
            assert self.process.poll() is None, self.log()[-4000:]
            return self.get(path) == status
        wait_for(up, "%s\n%s" % (path, self.log()[-4000:]))
        return self

    def wait_collabd(self):
        return self.wait_up("/%s/client.js" % PREFIX)

    def log_contains(self, pattern):
        return wait_for(lambda: re.search(pattern, self.log()),
                        "%r in the log:\n%s" % (pattern, self.log()[-4000:]))

    def pids(self):
        pids = [self.process.pid] + descendants(self.process.pid)
        self.seen |= set(pids)
        return pids

    def beside_the_app(self):
        """Those that would not be there without collabd."""
        return [p for p in self.pids() if not is_of_the_app(p)]

    def memory(self):
        """In bytes, of what is beside the app; what processes share is
        counted once."""
        return sum(map(pss, self.beside_the_app()))

    def stop(self):
        """As the platform does it: TERM to every process at the same moment,
        and again, and KILL 30 s later, which is too late. The status."""
        if self.process is None:
            return None
        pids = self.pids()
        for _ in range(2):
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the dyno did not end in 30 s:\n" +
                                 self.log()[-4000:])
        left = [p for p in self.seen if alive(p)]
        self.kill()
        assert not left, "left behind: %s\n%s" % (left, self.log()[-4000:])
        return status

    def kill(self):
        if self.process is not None:
            for pid in self.pids():
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def is_of_the_app(pid):
    with open("/proc/%d/cmdline" % pid, "rb") as f:
        argv = f.read().split(b"\0")
    return b"gunicorn" in b" ".join(argv[:2]) and \
        not argv[0].endswith(b"start-collabd")


def pss(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            return 1024 * int(re.search(r"Pss: +(\d+)", f.read()).group(1))
    except (OSError, AttributeError):
        return 0


class Visitor:
    """A user who is logged in. What it sends comes through the router, which
    has it from a browser that spoke TLS."""

    def __init__(self, port, name, password="demo"):
        self.port, self.name = port, name
        self.cookies = {}
        path = "/admin/login/"
        self.get(path)
        status, _ = self.post(path, {"username": name, "password": password,
                                     "next": "/admin/"})
        assert status == 302 and "sessionid" in self.cookies, \
            "%s cannot log in: %d" % (name, status)
        self.cookie = self.cookies["sessionid"]

    def headers(self, port):
        host = "127.0.0.1:%d" % port
        return {"Host": host, "X-Forwarded-Proto": "https",
                "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Port": "443",
                "X-Request-Id": "a-request", "Via": "1.1 router",
                "Referer": "https://" + host + "/",
                "Cookie": "; ".join("%s=%s" % c
                                    for c in self.cookies.items())}

    def get(self, path):
        return self.ask("GET", path, None, {})

    def post(self, path, form):
        return self.ask("POST", path, urllib.parse.urlencode(dict(
            form, csrfmiddlewaretoken=self.cookies["csrftoken"])),
            {"Content-Type": "application/x-www-form-urlencoded"})

    def ask(self, method, path, body, headers):
        """(status, text)"""
        http_ = http.client.HTTPConnection("127.0.0.1", self.port,
                                           timeout=PATIENCE)
        http_.request(method, path, body,
                      dict(self.headers(self.port), **headers))
        answer = http_.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for header in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = header.split(";")[0].partition("=")
            self.cookies[name] = value
        http_.close()
        return answer.status, text

    def upload(self, path, form, field, megabytes):
        """A form with a file of so many MiB. The status."""
        parts = dict(form, csrfmiddlewaretoken=self.cookies["csrftoken"])
        head = "".join(
            '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' %
            ((BOUNDARY,) + part) for part in parts.items())
        head += ('--%s\r\nContent-Disposition: form-data; name="%s"; '
                 'filename="big.bin"\r\nContent-Type: '
                 'application/octet-stream\r\n\r\n' % (BOUNDARY, field))
        head = head.encode()
        tail = ("\r\n--%s--\r\n" % BOUNDARY).encode()
        piece = os.urandom(1 << 20)
        http_ = http.client.HTTPConnection("127.0.0.1", self.port,
                                           timeout=PATIENCE)
        http_.putrequest("POST", path, skip_host=True)
        for name, value in dict(self.headers(self.port), **{
                "Content-Type": "multipart/form-data; boundary=" +
                BOUNDARY,
                "Content-Length": str(len(head) + len(tail) +
                                      megabytes * len(piece))}).items():
            http_.putheader(name, value)
        http_.endheaders()
        http_.send(head)
        try:
            for _ in range(megabytes):
                http_.send(piece)
            http_.send(tail)
        except OSError as e:
            raise AssertionError("not taken: %s\n%s" % (
                e, http_.sock.recv(65536))) from None
        answer = http_.getresponse()
        answer.read()
        http_.close()
        return answer.status


def form_of(text):
    """What a browser would send of the admin's form, as far as this site's
    articles need it."""
    form = {}
    for tag in re.findall(r"<input [^>]*>", text):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        kind = fields.get("type")
        if "name" in fields and kind in ("text", "hidden", "number", "url") \
                and fields["name"] != "csrfmiddlewaretoken":
            form[fields["name"]] = fields.get("value", "")
    for name, text in re.findall(
            r'(?s)<textarea name="([^"]*)"[^>]*>\s*(.*?)</textarea>', text):
        form[name] = text
    return form

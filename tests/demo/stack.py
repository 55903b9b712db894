"""A whole small site with collabd, on one address: PostgreSQL, Django behind
gunicorn (plain WSGI), collabd, and nginx in front with the route of
etc/nginx.conf. All files are in a private temporary folder; SIGINT, SIGTERM or
the end of stdin (with --ready-json) ends everything, also while it starts, and
leaves neither a process nor a file.

    stack.py [--port N] [--django VERSION|FOLDER] [--redis] [--relay]
             [--workers N] [--set NAME=VALUE ...] [--env NAME=VALUE ...]
             [--ready-json]

--port        where nginx listens on 127.0.0.1; 0 takes any free one; without
              it the first free one from 8000 on
--django      3.2 is the system's; others are those of newer_django.py
--redis       a redis-server that outlives collabd; else collabd's embedded one
--relay       between nginx and collabd, for the command "route"
--workers     of collabd (2)
--set         a setting of collabd.conf
--env         a variable for the site, see site/settings.py
--ready-json  for programs: the first line on stdout is a JSON object that
              says what was started, then each line on stdin is a command and
              each line on stdout its answer, {"ok": value} or {"error": text}

Commands:

    {"do": "collabd", "action": "stop" | "start" | "restart"}
    {"do": "collabd", "action": "reload", "settings": {...}}
    {"do": "collabd", "action": "kill_worker"}
    {"do": "collabd", "action": "hang" | "hang_holders" | "go_on"}
                        stops all workers, or those that hold a client's
                        socket, as a machine does that is paused; the answer
                        is how many
    {"do": "route", "state": "open" | "cut" | "stalled"}
                        between nginx and collabd; needs --relay
    {"do": "site", "env": {...}}
                        gunicorn anew, with these variables changed; null
                        takes one away
    {"do": "sql", "text": "...", "args": [...]}
    {"do": "django", "code": "..."}
                        Python in the site's Django; the answer is what it
                        leaves in "result"
    {"do": "log"}       the end of collabd's log

collabd's binary is $COLLABD_BINARY, or build/release/collabd.
"""
import argparse
import contextlib
import ctypes
import json
import os
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, ROOT + "/tests/integration")

import utils
from utils import signal_and_wait, wait_for

DATABASE = "press"
TAKE_OVER = "press.take_over_editing"
PR_SET_CHILD_SUBREAPER = 36


class Stopped(Exception):
    """A signal came, or nobody reads our answers any more."""


class Failed(Exception):
    """Something did not start, or ended by itself."""


def replace_once(text, old, new):
    if text.count(old) != 1:
        raise Failed("%r stands %d times in etc/nginx.conf, not once" %
                     (old, text.count(old)))
    return text.replace(old, new)


def listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A process with a log of its own that listens on a port."""

    def __init__(self, name, folder, port):
        self.name, self.port = name, port
        self.log_path = "%s/%s.log" % (folder, name)
        self.process = None

    def start(self, command, cwd, env):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

        def up():
            self.check()
            return listening(self.port)
        wait_for(up, self.name)

    def check(self):
        """Raises Failed if it ended by itself."""
        if self.process is not None and self.process.poll() is not None:
            with open(self.log_path, errors="replace") as f:
                raise Failed("%s ended with %s:\n%s" % (
                    self.name, self.process.returncode, f.read()[-3000:]))

    def stop(self):
        if self.process is not None:
            process, self.process = self.process, None
            signal_and_wait(process)


class Daemon(utils.Collabd):
    """collabd with the collabd.conf that the site printed (text), in which
    the given settings come instead of the site's."""

    def __init__(self, folder, text, **settings):
        self.text = text
        # Of what the integration tests set, only the address.
        for name in ("reauth_interval", "drain_time", "shutdown_timeout",
                     "message_rate", "message_burst"):
            settings.setdefault(name, None)
        settings.setdefault("log_level", "info")
        super().__init__(folder, start=False, **settings)

    def write_conf(self, **settings):
        super().write_conf(**settings)
        with open(self.conf_path) as f:
            mine = f.read()
        names = set(re.findall(r"(?m)^(\w+) *=", mine))
        site = [line for line in self.text.splitlines()
                if line.split("=")[0].strip() not in names]
        with open(self.conf_path, "w") as f:
            os.fchmod(f.fileno(), 0o600)        # the database's password
            f.write("\n".join(site) + "\n\n# Of the demo\n" + mine)

    def check(self):
        if self.process is not None and self.process.poll() is not None:
            raise Failed("collabd ended with %s:\n%s" % (
                self.process.returncode, self.log()[-3000:]))


class Site:
    """The Django project, copied, with a hook into its Django."""

    def __init__(self, folder, python, env):
        self.folder, self.python = folder, python
        self.base_env = env
        self.hook = None
        shutil.copytree(HERE + "/site", folder,
                        ignore=shutil.ignore_patterns("__pycache__"))

    def environment(self, changes=None):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("DJANGO_", "COLLABD_", "PYTHON",
                                    "SITE_"))}
        for name, value in dict(self.base_env, **(changes or {})).items():
            env.pop(name, None)
            if value is not None:
                env[name] = value
        return env

    def start_hook(self):
        self.hook = subprocess.Popen(
            [self.python, HERE + "/hook.py"], cwd=self.folder,
            env=self.environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def run(self, code):
        """A piece of Python in the site's Django; what it calls result."""
        self.hook.stdin.write(json.dumps({"code": code}) + "\n")
        self.hook.stdin.flush()
        line = self.hook.stdout.readline()
        if not line:
            raise Failed("the site's Django ended at: " + code)
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["ok"]

    def command(self, name, **options):
        """A command of manage.py, in the Django that runs already."""
        self.run("from django.core.management import call_command\n"
                 "call_command(%r, verbosity=0, **%r)" % (name, options))

    def print_conf(self):
        """What the README tells a site to run."""
        with open(ROOT + "/etc/django_conf.py") as script:
            done = subprocess.run(
                [self.python, "manage.py", "shell", "-v", "0"],
                cwd=self.folder, env=self.environment(), stdin=script,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0 or "database_url" not in done.stdout:
            raise Failed("django_conf.py: " + done.stderr)
        return done.stdout

    def stop(self):
        if self.hook is not None:
            self.hook.stdin.close()
            self.hook.wait(utils.PATIENCE)
            self.hook.stdout.close()


class Stack:
    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.stops = []         # what ends each part, last started first
        self.checks = []
        self.hung = []          # workers
        self.is_over = False
        self.port = self.choose_port(options.port)
        self.url = "http://127.0.0.1:%d" % self.port
        self.python = "/usr/bin/python3"
        if options.django and options.django != "3.2":
            self.python = utils.django_python(options.django) or \
                options.django + "/python"

    @staticmethod
    def choose_port(wanted):
        if wanted is not None:
            return wanted or utils.free_port()
        for port in range(8000, 8100):
            if not listening(port):
                return port
        return utils.free_port()

    # --- start
    def start(self, say):
        if listening(self.port):
            raise Failed("port %d is taken" % self.port)
        if not os.path.exists(utils.BINARY):
            raise Failed("%s is missing" % utils.BINARY)
        if not os.path.exists(self.python):
            raise Failed("%s is missing" % self.python)
        say("PostgreSQL")
        self.postgres = self.owned(utils.Postgres(self.folder + "/pg"))
        self.postgres.sql("CREATE DATABASE " + DATABASE)
        self.redis = None
        if self.options.redis:
            self.redis = self.owned(utils.Redis(self.folder + "/redis"))
        say("the site's data")
        self.start_site()
        say("collabd")
        self.start_collabd()
        say("gunicorn and nginx")
        self.gunicorn = self.owned(Server("gunicorn", self.folder,
                                          utils.free_port()))
        self.start_gunicorn()
        self.start_nginx()

    def end_if_over(self):
        """Python swallows what a signal's handler raises in some places, such
        as a fork: what it said is heard here."""
        if self.is_over:
            raise Stopped

    def owned(self, part):
        self.stops.append(part.stop)
        if hasattr(part, "check"):
            self.checks.append(part.check)
        self.end_if_over()
        return part

    def start_site(self):
        data = self.folder + "/data"
        os.makedirs(data)
        # nginx runs as somebody else, and serves what Django wrote.
        os.chmod(data, 0o755)
        with open(os.open(data + "/secret_key", os.O_WRONLY | os.O_CREAT,
                          0o600), "w") as f:
            f.write(secrets.token_urlsafe(50))
        env = {"SITE_DATA": data, "SITE_DATABASE":
               json.dumps(self.postgres.settings(DATABASE))}
        if self.redis is not None:
            env["SITE_REDIS_URL"] = self.redis.url()
        env.update(self.options.env)
        self.site = self.owned(Site(self.folder + "/site", self.python, env))
        self.site.start_hook()
        self.site.command("migrate", interactive=False)
        self.site.command("collectstatic", interactive=False)
        self.site.command("load_demo")

    def grant(self, password):
        """The role that the README proposes, with its rights."""
        with open(ROOT + "/README.md") as f:
            found = re.search(r"```sql\n(CREATE ROLE collabd .*?)```",
                              f.read(), re.S)
        if found is None:
            raise Failed("README.md has no CREATE ROLE collabd")
        self.postgres.sql(found.group(1).replace("a long one", password)
                          .replace("%", "%%"), name=DATABASE)
        self.postgres.sql("GRANT SELECT (avatar) ON auth_user TO collabd",
                          name=DATABASE)

    def start_collabd(self):
        password = secrets.token_urlsafe(20)
        self.grant(password)
        settings = {
            "workers": self.options.workers,
            "secret_key_file": self.folder + "/data/secret_key",
            "take_over_permission": TAKE_OVER,
            "database_url": self.postgres.url(DATABASE, user="collabd",
                                              password=password),
            "runtime_dir": self.folder + "/run",
        }
        settings.update(self.options.set)
        os.makedirs(self.folder + "/run")
        self.collabd = self.owned(Daemon(
            self.folder + "/collabd", self.site.print_conf(), **settings))
        self.collabd.start()
        self.relay = None
        if self.options.relay:
            self.relay = self.owned(utils.FaultProxy(self.collabd.port))

    def start_gunicorn(self, changes=None):
        self.gunicorn.start(
            [self.python, "-m", "gunicorn", "wsgi:application", "--bind",
             "127.0.0.1:%d" % self.gunicorn.port, "--workers", "2",
             "--threads", "4", "--worker-tmp-dir", self.folder],
            self.site.folder, self.site.environment(changes))

    def guard_conf(self):
        """A file with etc/nginx-guard.conf for these ports; its path."""
        path = self.folder + "/nginx-guard.conf"
        with open(ROOT + "/etc/nginx-guard.conf") as f:
            text = f.read()
        for old, server in (("127.0.0.1:8000", self.gunicorn),
                            ("127.0.0.1:8080", self.relay or self.collabd)):
            text = text.replace(old, "127.0.0.1:%d" % server.port)
        with open(path, "w") as f:
            f.write(text)
        return path

    def nginx_conf(self):
        with open(ROOT + "/etc/nginx.conf") as f:
            site = f.read()
        data = self.folder + "/data"
        for old, new in (
                ("listen 80;", "listen 127.0.0.1:%d;" % self.port),
                ("server_name www.example.com;",
                 "server_name 127.0.0.1 localhost;\n"
                 "\tlocation /static/ { alias %s/static/; }\n"
                 "\tlocation /media/ { alias %s/media/; }" % (data, data)),
                ("#include /usr/local/share/collabd/nginx-guard.conf;",
                 "include %s;" % self.guard_conf()),
                ("http://127.0.0.1:8000",
                 "http://127.0.0.1:%d" % self.gunicorn.port),
                ("http://127.0.0.1:8080",
                 "http://127.0.0.1:%d" % (self.relay or self.collabd).port)):
            site = replace_once(site, old, new)
        temp = "".join("%s_temp_path %s/nginx_%s;\n" % (n, self.folder, n)
                       for n in ("client_body", "proxy", "fastcgi", "uwsgi",
                                 "scgi"))
        return ("daemon off;\nworker_processes 1;\npid %s/nginx.pid;\n"
                "error_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
                "include /etc/nginx/mime.types;\n%s%s}\n" %
                (self.folder, temp, site))

    def start_nginx(self):
        path = self.folder + "/nginx.conf"
        with open(path, "w") as f:
            f.write(self.nginx_conf())
        nginx = self.owned(Server("nginx", self.folder, self.port))
        nginx.start(["/usr/sbin/nginx", "-e", "stderr", "-p", self.folder,
                     "-c", path], self.folder, self.site.environment())

    # --- commands
    def describe(self):
        people = self.site.run(
            "from press.models import User\n"
            "result = {u.username: u.get_full_name() "
            "for u in User.objects.all()}")
        return {"url": self.url, "folder": self.folder, "people": people,
                "password": "demo", "pid": os.getpid(),
                "django": self.site.run("import django\n"
                                        "result = django.get_version()")}

    def do_collabd(self, action, settings=None):
        if action in ("stop", "restart"):
            self.collabd.stop()
        if action in ("start", "restart"):
            self.collabd.start()
        elif action == "reload":
            before = self.collabd.workers()
            self.collabd.reload(**(settings or {}))
            self.wait_workers(before)
        elif action == "kill_worker":
            victim = self.collabd.workers()[:1]
            os.kill(victim[0], signal.SIGKILL)
            self.wait_workers(victim)
        elif action in ("hang", "hang_holders"):
            self.hung = self.collabd.workers() if action == "hang" else \
                self.collabd.holders()
            for pid in self.hung:
                os.kill(pid, signal.SIGSTOP)
            return len(self.hung)
        elif action == "go_on":
            hung, self.hung = self.hung, []
            for pid in hung:
                os.kill(pid, signal.SIGCONT)

    def wait_workers(self, gone):
        """Until other workers are there and can work."""
        wait_for(lambda: self.collabd.workers() and
                 not set(gone) & set(self.collabd.workers()),
                 "collabd's new workers")
        self.collabd.wait_up()

    def do_route(self, state):
        {"open": self.relay.restore, "cut": self.relay.cut,
         "stalled": self.relay.stall}[state]()

    def do_site(self, env):
        self.gunicorn.stop()
        self.start_gunicorn(env)

    def do_sql(self, text, args=()):
        return self.postgres.sql(text, args, name=DATABASE)

    def do_django(self, code):
        return self.site.run(code)

    def do_log(self):
        return self.collabd.log()[-20000:]

    def answer(self, line):
        try:
            command = json.loads(line)
            do = getattr(self, "do_" + command.pop("do"))
            return {"ok": do(**command)}
        except (Failed, AssertionError, AttributeError, KeyError, TypeError,
                ValueError, OSError, utils.psycopg2.Error) as e:
            return {"error": "%s: %s" % (type(e).__name__, e)}

    # --- end
    def check(self):
        self.end_if_over()
        for check in self.checks:
            check()

    def stop(self):
        for stop in reversed(self.stops):
            # What does not end by itself is ended by end_processes().
            with contextlib.suppress(Exception):
                stop()


# --- processes -------------------------------------------------------------

def adopt_orphans():
    """What a child of ours leaves behind becomes a child of ours."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_processes():
    """Ends whatever is still below this process, however far the start had
    come: first in order, then by force."""
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        deadline = time.monotonic() + patience
        told = set()
        while time.monotonic() < deadline:
            reap()
            left = set(utils.descendants(os.getpid()))
            if not left:
                return
            for pid in left - told:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            told |= left
            select.select([], [], [], 0.02)


def serve(stack):
    """Commands from stdin until it ends."""
    buffer = b""
    while True:
        stack.check()
        if not select.select([0], [], [], 1)[0]:
            continue
        data = os.read(0, 65536)
        if not data:
            raise Stopped
        lines = (buffer + data).split(b"\n")
        buffer = lines.pop()
        for line in lines:
            print(json.dumps(stack.answer(line), default=str), flush=True)


def wait_for_end(stack):
    while True:
        stack.check()
        select.select([], [], [], 1)


TEXT = """
The site runs at

    %(url)s/admin/

Three people can log in, each with the password "demo":

    ann      may do everything
    bob      writes and edits
    victor   looks on

Log in as ann in one window and as bob in a private one, open the same article
in both, and type: one edits, the other watches, asks for it and gets it.

Files and logs are in %(folder)s. Ctrl-C ends everything.
"""


def run(stack, options):
    if options.ready_json:
        stack.start(lambda what: None)
        print(json.dumps(stack.describe()), flush=True)
        serve(stack)
    else:
        stack.start(lambda what: print("Starting %s ..." % what, flush=True))
        print(TEXT % stack.__dict__, flush=True)
        wait_for_end(stack)


def pair(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("%r is no NAME=VALUE" % text)
    return name, value


def parse(arguments):
    parser = argparse.ArgumentParser(
        description="A small Django site with collabd, on one address.")
    parser.add_argument("--port", type=int)
    parser.add_argument("--django")
    parser.add_argument("--redis", action="store_true")
    parser.add_argument("--relay", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--set", type=pair, action="append", default=[])
    parser.add_argument("--env", type=pair, action="append", default=[])
    parser.add_argument("--ready-json", action="store_true")
    options = parser.parse_args(arguments)
    options.set, options.env = dict(options.set), dict(options.env)
    return options


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say_unraisable(unraisable, say=sys.unraisablehook):
    # Where Python swallows what our handler raises, end_if_over() hears of it.
    if not isinstance(unraisable.exc_value, Stopped):
        say(unraisable)


def main():
    options = parse(sys.argv[1:])
    sys.unraisablehook = say_unraisable
    adopt_orphans()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def stop(*_):
        for one in SIGNALS:
            signal.signal(one, lambda *_: None)
        if stack is not None:
            stack.is_over = True
        raise Stopped
    for one in SIGNALS:
        signal.signal(one, stop)
    folder = tempfile.mkdtemp(prefix="clddemo")
    code = 0
    stack = None
    try:
        os.chmod(folder, 0o755)         # PostgreSQL and nginx are others
        os.environ["TMPDIR"] = folder
        stack = Stack(folder, options)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        run(stack, options)
    except Stopped:
        pass
    except (Failed, AssertionError, OSError,
            subprocess.SubprocessError) as e:
        print("stack: %s" % e, file=sys.stderr)
        code = 1
    finally:
        for one in SIGNALS:
            signal.signal(one, lambda *_: None)
        if stack is not None:
            stack.stop()
        end_processes()
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())

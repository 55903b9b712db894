"""The daemon under test."""
import contextlib
import os
import re
import signal
import subprocess

from kit.base import (BINARY, KEY, PATIENCE, PREFIX, alive, descendants,
                      established, exe_of, free_port, has_open, server_inode,
                      signal_and_wait, wait_for)
from kit.client import Ws
from kit.raw import raw_get


class Collabd:
    """Starts the daemon on a loopback port. settings go into its conf; a
    value None leaves a line out."""

    def __init__(self, folder, env=None, start=True, binary=None, **settings):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.binary = binary or BINARY
        self.port = free_port()
        self.conf_path = self.folder + "/collabd.conf"
        self.log_path = self.folder + "/log"
        self.process = None
        self.launcher = []      # a command that becomes the daemon
        self.env = dict(env or {})
        self.sockets = []
        self.settings = {
            "listen": "127.0.0.1:%d" % self.port, "workers": 2,
            "log_level": "debug", "secret_key_file": self.folder + "/key",
            "reauth_interval": 1, "drain_time": 0.2, "shutdown_timeout": 5,
            "message_rate": 1000, "message_burst": 2000,
            # When Redis was started again tests do not wait for long.
            "redis_settle_time": 0.2,
            # Of an embedded Redis: what stays goes with the folder.
            "runtime_dir": self.folder + "/run",
        }
        self.settings.update(settings)
        with open(self.folder + "/key", "w") as f:
            f.write(KEY + "\n")
        self.write_conf()
        if start:
            self.start()

    def write_conf(self, **settings):
        self.settings.update(settings)
        # In one step: an earlier reload may be reading it.
        with open(self.conf_path + ".new", "w") as f:
            for name, value in self.settings.items():
                if value is None:
                    continue
                if isinstance(value, bool):
                    value = "on" if value else "off"
                f.write("%s = %s\n" % (name, value))
        os.rename(self.conf_path + ".new", self.conf_path)

    def environment(self):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("COLLABD_") and k not in
               ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT",
                "SECRET_KEY_FALLBACKS", "RUNTIME_DIRECTORY")}
        env.setdefault("ASAN_OPTIONS", "abort_on_error=1:detect_leaks=0")
        env.update(self.env)
        return env

    def run(self, *arguments):
        """The program with other arguments, to its end."""
        return subprocess.run([self.binary] + list(arguments), text=True,
                              env=self.environment(), cwd=self.folder,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.launcher + [self.binary, "-c", self.conf_path],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=self.environment())
        if wait:
            self.wait_up()
        return self

    def wait_up(self):
        """Until it can work: healthy, and every worker has its Redis."""
        def up():
            assert self.process.poll() is None, \
                "collabd ended with %s:\n%s" % (self.process.poll(),
                                                self.log()[-3000:])
            try:
                return raw_get(self.port, "/%s/health" % PREFIX)[0] == 200
            except OSError:
                return False
        wait_for(up, "collabd to be healthy:\n" + self.log()[-3000:])
        if self.settings.get("log_level") in ("info", "debug") and \
                not self.settings.get("log_file"):
            self.redis_state("up")

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.log_path, errors="replace") as f:
                return f.read()
        return ""

    def mark(self):
        return len(self.log())

    def log_contains(self, pattern, since=0, patience=None):
        """Waits for a line of the log after position since."""
        return wait_for(lambda: re.search(pattern, self.log()[since:]),
                        "%r in the log:\n%s" % (pattern,
                                                self.log()[since:][-3000:]),
                        patience)

    def processes(self):
        """All pids below the master, the master not included."""
        return descendants(self.process.pid)

    def workers(self):
        """The children that run the daemon's own program."""
        mine = os.path.realpath(self.binary)
        return sorted(p for p in descendants(self.process.pid)
                      if exe_of(p) == mine)

    def worker_of(self, ws):
        """The pid of the worker that holds a client's socket."""
        inode = server_inode(self.port, ws.local_port)
        for pid in self.workers():
            if has_open(pid, "socket:[%s]" % inode):
                return pid
        raise AssertionError("no worker holds port %d" % ws.local_port)

    def holders(self):
        """The workers that hold a client's socket, whosever it is."""
        sockets = ["socket:[%s]" % i for i in established(self.port)]
        return [pid for pid in self.workers()
                if any(has_open(pid, s) for s in sockets)]

    def reload(self, **settings):
        self.write_conf(**settings)
        self.process.send_signal(signal.SIGHUP)

    def stop(self, number=signal.SIGTERM):
        """Ends it and makes sure that nothing is left."""
        if self.process is None:
            return None
        pids = self.processes()
        process, self.process = self.process, None
        code = signal_and_wait(process, number, PATIENCE + 10)
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not [p for p in pids if alive(p)], "", 2)
        left = [p for p in pids if alive(p)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, "processes left behind: %s" % left
        faults = re.findall(r"(?m)^.*(?:AddressSanitizer|runtime error|"
                            r"ThreadSanitizer|ASSERT).*$", self.log())
        assert not faults, "\n".join(faults)
        return code

    def join(self, user, room, **options):
        """An edit room "app/model/id" or a chat room "chat/page"."""
        ws = Ws.open(self, user, room, **options)
        self.sockets.append(ws)
        return ws

    def close_all(self):
        for ws in self.sockets:
            ws.abort()
        self.sockets = []

    def health(self, port=None):
        status, headers, body = raw_get(port or self.port,
                                        "/%s/health" % PREFIX)
        return status, body

    def redis_state(self, state, since=0):
        """Waits until every worker has said that Redis is up, or down."""
        def all_say():
            said = dict(re.findall(r"(?m) w\d+\[(\d+)\] \w+: redis is (\w+)",
                                   self.log()[since:]))
            return all(said.get(str(p)) == state for p in self.workers())
        wait_for(all_say, "all workers to say that redis is " + state)

    def metrics(self, port=None):
        """{name or name{labels}: value}"""
        body = raw_get(port or self.port, "/%s/metrics" % PREFIX)[2]
        return {m.group(1): float(m.group(2)) for m in
                re.finditer(r"(?m)^([a-z_]+(?:\{[^}]*\})?) (\S+)$", body)}

"""Redis: a private server of any kind."""
import json
import os
import signal
import subprocess
from urllib.parse import quote

import redis

from kit.base import free_port, signal_and_wait, wait_for
from kit.jitter import jitter
from kit.tls import make_ca, make_certificate


class Redis:
    def __init__(self, folder, password=None, tls=False, unix=False,
                 port=None):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.password, self.tls, self.unix = password, tls, unix
        self.port = port or free_port()
        # Where daemons find it; tests look into it without delay.
        self.daemon_port = self.port
        if jitter() is not None and not unix:
            self.daemon_port = jitter().port_to(self.port)
        self.process = None
        self.start()
        self._was_here()

    def _was_here(self):
        """As if collabd had been on it before: else its first ones would wait
        for what others might know of an older one (redis_settle_time)."""
        info = self.client().info()
        self.client().set("collabd:generation", "%016x %s/%s" % (
            1, info["run_id"], info["master_replid"]))

    def start(self):
        args = ["redis-server", "--save", "", "--appendonly", "no", "--bind",
                "127.0.0.1", "--dir", self.folder, "--logfile",
                self.folder + "/log", "--daemonize", "no"]
        if self.password:
            args += ["--requirepass", self.password]
        if self.unix:
            args += ["--port", "0", "--unixsocket", self.folder + "/sock"]
        elif self.tls:
            if not os.path.exists(self.folder + "/ca.crt"):
                make_ca(self.folder)
                make_certificate(self.folder)
            args += ["--port", "0", "--tls-port", str(self.port),
                     "--tls-cert-file", "server.crt", "--tls-key-file",
                     "server.key", "--tls-ca-cert-file", "ca.crt",
                     "--tls-auth-clients", "no"]
        else:
            args += ["--port", str(self.port)]
        self.process = subprocess.Popen(args, cwd=self.folder,
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

        def up():
            assert self.process.poll() is None, "redis-server ended"
            try:
                return self.client().ping()
            except redis.exceptions.ConnectionError:
                return False
        wait_for(up, "redis-server")

    def stop(self, number=signal.SIGTERM):
        if self.process is not None:
            signal_and_wait(self.process, number)

    def url(self, port=None):
        login = ":%s@" % quote(self.password, safe="") if self.password \
            else ""
        if self.unix:
            return "unix://%s%s/sock" % (login, self.folder)
        return "%s://%s127.0.0.1:%d/0" % ("rediss" if self.tls else "redis",
                                          login, port or self.daemon_port)

    def client(self):
        options = {"password": self.password, "decode_responses": True}
        if self.unix:
            return redis.Redis(unix_socket_path=self.folder + "/sock",
                               **options)
        if self.tls:
            options.update(ssl=True, ssl_ca_certs=self.folder + "/ca.crt")
        return redis.Redis("127.0.0.1", self.port, **options)

    def wait_left(self, model):
        """Until nobody is in a model's room and no object of it has an editor:
        those of an earlier test leave when their workers come to it."""
        keys = ["collabd:members:m:" + model, "collabd:editing:m:" + model]
        wait_for(lambda: not self.client().exists(*keys),
                 "the room of %s to be empty" % model)

    def hold_leases(self):
        """Workers that have ended are not taken for dead before end_leases()
        of what this returns, however slow the test is. Those that live renew
        theirs as ever."""
        r = self.client()
        keys = r.keys("collabd:worker:*")
        for key in keys:
            r.expire(key, 3600)
        return keys

    def end_leases(self, keys):
        self.client().delete(*keys)

    def lock_state(self, room):
        """What collabd keeps of an edit room's lock besides its editor: the
        line, the tab, whether the editor is idle."""
        text = self.client().hget("collabd:room:e:" + room, "state")
        return json.loads(text or "{}")

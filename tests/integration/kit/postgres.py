"""PostgreSQL: a private cluster."""
import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
from urllib.parse import quote

import psycopg2

from kit.base import free_port, signal_and_wait, wait_for


class Postgres:
    def __init__(self, folder):
        self.folder = str(folder)
        self.port = free_port()
        self.password = "s:ecr@t/%"
        self.process = None
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        user = pwd.getpwnam("postgres")
        self.uid, self.gid = user.pw_uid, user.pw_gid
        os.makedirs(self.folder)
        if os.getuid() == 0:
            os.chown(self.folder, self.uid, self.gid)
        self._init()
        self.start()

    def _demote(self):
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)

    def _init(self):
        secret = self.folder + "/password"
        with open(secret, "w") as f:
            f.write(self.password)
        os.chmod(secret, 0o644)
        subprocess.run([self.bin + "/initdb", "-D", self.folder + "/data",
                        "-U", "root", "-A", "scram-sha-256", "--pwfile",
                        secret, "-E", "UTF8", "--no-locale", "--no-sync"],
                       check=True, stdout=subprocess.DEVNULL, cwd="/",
                       preexec_fn=self._demote)
        with open(self.folder + "/data/postgresql.conf", "a") as f:
            f.write("listen_addresses = '127.0.0.1'\nport = %d\n"
                    "unix_socket_directories = ''\nfsync = off\n"
                    "synchronous_commit = off\nmax_connections = 150\n"
                    "full_page_writes = off\nautovacuum = off\n" % self.port)

    def start(self):
        log = open(self.folder + "/log", "a")
        self.process = subprocess.Popen(
            [self.bin + "/postgres", "-D", self.folder + "/data"], cwd="/",
            stdout=log, stderr=log, preexec_fn=self._demote)
        log.close()

        def up():
            assert self.process.poll() is None, open(self.folder +
                                                     "/log").read()
            try:
                self.connect("postgres").close()
                return True
            except psycopg2.OperationalError:
                return False
        wait_for(up, "PostgreSQL")

    def stop(self):
        if self.process is not None:
            signal_and_wait(self.process, signal.SIGQUIT)

    def connect(self, name):
        c = psycopg2.connect(host="127.0.0.1", port=self.port, user="root",
                             password=self.password, dbname=name)
        c.autocommit = True
        return c

    def tls(self, folder):
        """Goes on with the certificate in folder, or without TLS (None). Who
        connects after this sees it."""
        data = self.folder + "/data"
        for name, mode in ("server.key", 0o600), ("server.crt", 0o644):
            if folder is not None:
                shutil.copy(folder + "/" + name, data)
                os.chmod(data + "/" + name, mode)
                if os.getuid() == 0:
                    os.chown(data + "/" + name, self.uid, self.gid)
        with open(self.folder + "/log") as f:
            seen = len(f.read())
        self.sql("ALTER SYSTEM SET ssl = " + ("off" if folder is None
                                              else "on"))
        self.process.send_signal(signal.SIGHUP)

        def reloaded():
            with open(self.folder + "/log") as f:
                return "received SIGHUP" in f.read()[seen:]
        wait_for(reloaded, "PostgreSQL to read its files")
        wait_for(lambda: self.uses_tls() == (folder is not None),
                 "PostgreSQL's TLS")

    def uses_tls(self):
        return self.sql("SELECT ssl FROM pg_stat_ssl WHERE pid = "
                        "pg_backend_pid()")[0][0]

    def sql(self, text, args=(), name="postgres"):
        with contextlib.closing(self.connect(name)) as c:
            with c.cursor() as cursor:
                cursor.execute(text, args)
                return cursor.fetchall() if cursor.description else None

    def url(self, name, port=None, user="root", password=None,
            host="127.0.0.1"):
        return "postgres://%s:%s@%s:%d/%s" % (
            user, quote(password or self.password, safe=""), host,
            port or self.port, name)

    def settings(self, name):
        return {"ENGINE": "django.db.backends.postgresql", "NAME": name,
                "USER": "root", "PASSWORD": self.password,
                "HOST": "127.0.0.1", "PORT": str(self.port)}

"""The way to a site: Django behind gunicorn, and nginx in front of it with what
etc/ has for it."""
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess

from kit.base import PATIENCE, ROOT, free_port, signal_and_wait, wait_for


class Server:
    """A process with a log that listens on a port."""

    def __init__(self, folder):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        self.process = None

    def run(self, command, cwd, env=None):
        self.log_path = self.folder + "/log"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

        def up():
            with open(self.log_path) as log:
                assert self.process.poll() is None, log.read()
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        wait_for(up, command[0])
        return self

    def stop(self):
        if self.process is not None:
            process, self.process = self.process, None
            signal_and_wait(process)


class Gunicorn(Server):
    """A Site, as it answers to browsers; settings come over the site's own."""

    def __init__(self, folder, site, **settings):
        super().__init__(folder)
        path = self.folder + "/site.json"
        with open(path, "w") as f:
            json.dump({"settings": dict(site.settings, **settings)}, f)
        env = site.environment()
        env.update(COLLABD_SITE=path, DJANGO_SETTINGS_MODULE="settings")
        shutil.copy(ROOT + "/etc/collabd_guard.py", site.folder)
        self.run([site.python, "-m", "gunicorn",
                  "django.core.wsgi:get_wsgi_application()", "--bind",
                  "127.0.0.1:%d" % self.port, "--threads", "4",
                  "--worker-tmp-dir", self.folder], site.folder, env)


class Nginx(Server):
    """etc/nginx.conf with the guard, in front of a Gunicorn and a Collabd."""

    def __init__(self, folder, gunicorn, collabd):
        super().__init__(folder)

        def with_ports(name):
            with open("%s/etc/%s" % (ROOT, name)) as f:
                return f.read().replace(
                    "127.0.0.1:8000", "127.0.0.1:%d" % gunicorn.port).replace(
                    "127.0.0.1:8080", "127.0.0.1:%d" % collabd.port)
        guard = self.folder + "/guard.conf"
        with open(guard, "w") as f:
            f.write(with_ports("nginx-guard.conf"))
        site, n = re.subn(r"#include \S*/nginx-guard\.conf;",
                          "include %s;" % guard, with_ports("nginx.conf"))
        assert n == 1, "etc/nginx.conf does not include the guard"
        site = site.replace("listen 80;", "listen 127.0.0.1:%d;" % self.port)
        temp = "".join("%s_temp_path %s/%s;\n" % (n, self.folder, n) for n in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = self.folder + "/nginx.conf"
        with open(conf, "w") as f:
            f.write("daemon off;\nworker_processes 1;\npid %s/pid;\n"
                    "error_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
                    "%s%s}\n" % (self.folder, temp, site))
        self.run(["/usr/sbin/nginx", "-e", "stderr", "-p", self.folder, "-c",
                  conf], self.folder)


class Browser:
    """A user at the site that a port leads to: knows cookies, no scripts."""

    def __init__(self, port, user=None):
        self.port = port
        self.cookies = {}
        if user is not None:
            self.cookies["sessionid"] = user.cookie

    def request(self, method, path, body=None, headers=()):
        """(status, headers, body text)"""
        fields = {"Cookie": "; ".join("%s=%s" % c for c in
                                      self.cookies.items())}
        if body is not None:
            fields["Content-Type"] = "application/x-www-form-urlencoded"
        fields.update(headers)
        with contextlib.closing(http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=PATIENCE)) as c:
            c.request(method, path, body, fields)
            answer = c.getresponse()
            text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers, text

    def token(self, path):
        """Opens a page with a form; its token."""
        status, _, text = self.request("GET", path)
        assert status == 200, (status, text[:500])
        return re.search(r'csrfmiddlewaretoken" value="(\w+)"', text).group(1)

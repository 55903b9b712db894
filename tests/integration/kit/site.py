"""Django: a project with its users and sessions."""
import json
import os
import shutil
import subprocess

from kit.base import DJANGOS, HERE, KEY, PATIENCE, unique


class Site:
    """A Django project of its own in folder. python: the command that runs
    the wanted Django. Its users and sessions are made by Django itself."""

    def __init__(self, folder, database, python="/usr/bin/python3",
                 user_model="auth.User", engine="db", settings=None,
                 migrate=True, template=None):
        self.folder = str(folder)
        self.python = python
        if template is None:
            shutil.copytree(HERE + "/site", self.folder)
        else:
            shutil.copytree(template, self.folder)
        self.settings = {
            "SECRET_KEY": KEY, "DATABASES": {"default": database},
            "AUTH_USER_MODEL": user_model,
            "SESSION_ENGINE": "django.contrib.sessions.backends." + engine,
        }
        self.settings.update(settings or {})
        self.process = None
        self._write()
        self.start()
        if migrate:
            self("migrate")

    def _write(self):
        with open(self.folder + "/site.json", "w") as f:
            json.dump({"settings": self.settings}, f)

    def environment(self):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("DJANGO_", "COLLABD_", "PYTHON"))}
        env.update(COLLABD_SITE=self.folder + "/site.json",
                   PYTHONDONTWRITEBYTECODE="1")
        return env

    def start(self):
        self.process = subprocess.Popen(
            [self.python, self.folder + "/control.py"], cwd=self.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=self.environment())

    def stop(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait(PATIENCE)
            self.process.stdout.close()
            self.process = None

    def restart(self, **settings):
        """The same site with other settings."""
        self.stop()
        self.settings.update(settings)
        self._write()
        self.start()

    def __call__(self, do, **arguments):
        arguments["do"] = do
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the site's process ended at %r" % do
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["ok"]

    def manage(self, *arguments, stdin="", env=None):
        environment = self.environment()
        environment.update(env or {})
        return subprocess.run(
            [self.python, self.folder + "/manage.py"] + list(arguments),
            cwd=self.folder, env=environment, input=stdin, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def user(self, name=None, **options):
        """A user with a session: a User whose .cookie is the cookie."""
        return User(self, name or unique("user"), options)

    def staff(self, name=None, **options):
        """One who may change items."""
        options.setdefault("permissions", ["shop.change_item"])
        return self.user(name, **options)


class User:
    def __init__(self, site, name, options):
        self.site = site
        made = site("user", name=name, **options)
        self.pk, self.email = made["id"], made["email"]
        self.username = made["username"]
        self.cookie = site("login", pk=self.pk)

    @property
    def id(self):
        """As it stands in frames: a number for integer keys."""
        return int(self.pk) if self.pk.isdigit() and \
            self.site.settings["AUTH_USER_MODEL"] != "accounts.Badge" \
            else self.pk

    def log_in(self):
        return self.site("login", pk=self.pk)


def django_python(version):
    """The command that runs this Django, which is downloaded if it is not there
    yet; None, and the reason on standard error, if it cannot be had."""
    if version == "3.2":
        return "/usr/bin/python3"
    subprocess.run(["/usr/bin/python3", "-B", HERE + "/newer_django.py",
                    DJANGOS, version], stdout=2)
    path = "%s/%s/python" % (DJANGOS, version)
    return path if os.path.exists(path) else None

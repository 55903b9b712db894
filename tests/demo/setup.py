"""Makes the demo's site with a real Django: an SQLite database, two staff
users who may change groups and one who may not, a session of each, and a
collabd.conf made by etc/django_conf.py.

Usage: setup.py folder port
"""
import contextlib
import io
import os
import secrets
import sys

import django
from django.conf import settings

FOLDER, PORT = os.path.abspath(sys.argv[1]), int(sys.argv[2])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

settings.configure(
    SECRET_KEY=secrets.token_urlsafe(50),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                           "NAME": FOLDER + "/db.sqlite3"}},
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.contrib import auth
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.http import HttpRequest

call_command("migrate", verbosity=0)
Group.objects.create(name="The object that the demo edits")


def private(name, text):
    path = "%s/%s" % (FOLDER, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(text)
    return path


def make_user(name, may_change):
    user = User.objects.create_user(name, name + "@example.com",
                                    secrets.token_urlsafe(20), is_staff=True)
    if may_change:
        user.user_permissions.add(
            Permission.objects.get(codename="change_group"))
    request = HttpRequest()
    request.session = SessionStore()
    auth.login(request, user)           # as Django's log-in page does
    request.session.save()
    private(name + ".session", request.session.session_key)


make_user("alice", True)
make_user("bob", True)
make_user("carol", False)

key = private("secret_key", settings.SECRET_KEY)
made = io.StringIO()
with open(ROOT + "/etc/django_conf.py") as f, \
        contextlib.redirect_stdout(made):
    exec(compile(f.read(), "django_conf.py", "exec"), {})
text = made.getvalue().replace("/etc/collabd/secret_key", key)
# Nothing is posted in this demo, so nobody is to wait for a save.
private("collabd.conf", "%s\nlisten = 127.0.0.1:%d\nruntime_dir = %s/run\n"
        "save_settle = 0\n" % (text, PORT, FOLDER))

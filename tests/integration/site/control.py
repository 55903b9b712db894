"""A real Django, driven by the tests: one JSON command a line on stdin, one
JSON answer a line on stdout. Runs under every Django the tests know."""
import json
import os
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django

django.setup()

from importlib import import_module

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest

BACKEND = "django.contrib.auth.backends.ModelBackend"


def store(key=None):
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def request_with(key=None):
    request = HttpRequest()
    request.session = store(key)
    return request


def find(pk):
    return auth.get_user_model()._default_manager.get(pk=pk)


def do_migrate():
    apps = [a for a in ("accounts", "shop")
            if not os.path.isdir(os.path.join(settings.BASE_DIR, a,
                                              "migrations"))]
    for app in apps:
        folder = os.path.join(settings.BASE_DIR, app, "migrations")
        os.makedirs(folder)
        open(os.path.join(folder, "__init__.py"), "w").close()
    call_command("makemigrations", verbosity=0, interactive=False)
    call_command("migrate", verbosity=0, interactive=False)


def do_user(name, superuser=False, staff=True, active=True, permissions=(),
            groups=None, email=None, fields=None):
    """Makes a user; permissions are "app.codename"."""
    model = auth.get_user_model()
    values = {"email": email or name + "@example.com", "is_staff": staff,
              "is_active": active}
    values.update(fields or {})
    if model.USERNAME_FIELD != "email":
        values[model.USERNAME_FIELD] = name
    if any(f.name == "is_superuser" for f in model._meta.get_fields()):
        values["is_superuser"] = superuser
    user = model(**values)
    user.set_password("password of " + name)
    user.save()
    for text in permissions:
        user.user_permissions.add(permission(text))
    for group, texts in (groups or {}).items():
        row = Group.objects.get_or_create(name=group)[0]
        row.permissions.add(*[permission(text) for text in texts])
        user.groups.add(row)
    return {"id": model._meta.pk.value_to_string(user), "email": user.email,
            "username": user.get_username()}


def do_log(user, model, object_id, flag=2, message="", minutes_ago=0,
           rolled_back=False):
    """What the admin writes with a save, in a transaction of its own; or
    takes back with it."""
    from datetime import timedelta

    from django.apps import apps
    from django.contrib.admin.models import LogEntry
    from django.contrib.contenttypes.models import ContentType
    from django.db import transaction
    from django.utils import timezone

    with transaction.atomic():
        row = LogEntry.objects.create(
            user_id=user, object_id=object_id, object_repr=object_id[:200],
            content_type=ContentType.objects.get_for_model(
                apps.get_model(model), for_concrete_model=False),
            action_flag=flag, change_message=message,
            action_time=timezone.now() - timedelta(minutes=minutes_ago))
        if rolled_back:
            transaction.set_rollback(True)
    return row.pk


def permission(text):
    app, codename = text.split(".")
    return Permission.objects.get(content_type__app_label=app,
                                  codename=codename)


def do_login(pk, backend=BACKEND):
    """What Django's log-in page does; the answer is the cookie's value."""
    request = request_with()
    auth.login(request, find(pk), backend=backend)
    request.session.save()
    return request.session.session_key


def do_logout(key):
    auth.logout(request_with(key))


def do_anonymous():
    """A session of somebody who has not logged in."""
    session = store()
    session["colour"] = "blue"
    session.save()
    return session.session_key


def do_expire(key):
    session = store(key)
    session.set_expiry(-60)
    session.save()


def do_change(pk, **fields):
    user = find(pk)
    for name, value in fields.items():
        setattr(user, name, value)
    user.save()


def do_password(pk, password):
    user = find(pk)
    user.set_password(password)
    user.save()


def do_forget_permissions(pk):
    user = find(pk)
    user.user_permissions.clear()
    user.groups.clear()


def do_delete(pk):
    find(pk).delete()


def do_sql(text, args=()):
    with connection.cursor() as cursor:
        cursor.execute(text, args)
        return [list(row) for row in cursor.fetchall()] \
            if cursor.description else cursor.rowcount


def do_session_data(key):
    """The session's text as it stands in the table."""
    return do_sql("SELECT session_data FROM django_session "
                  "WHERE session_key = %s", [key])[0][0]


def do_close():
    connection.close()


def do_version():
    return django.get_version()


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)               # what else prints must not break the protocol
    for line in sys.stdin:
        command = json.loads(line)
        try:
            value = globals()["do_" + command.pop("do")](**command)
            answer = {"ok": value}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


main()

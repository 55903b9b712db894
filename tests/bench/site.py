"""The Django site behind the bench: tables, users, sessions.

Run with Debian's Python and Django. Makes Django's own tables, a group whose
members may view and change groups, COUNT staff users in it, and a session for
each, signed by Django's SessionStore; prints one line a session: the user's id
and the session's key. Then lets the role collabd read what it reads.

    site.py DATABASE_PORT SECRET_KEY_FILE COUNT      (PGPASSWORD is the superuser's)
"""

import os
import sys
from datetime import timedelta

import django
from django.conf import settings

port, key_file, count = sys.argv[1:4]
with open(key_file, encoding="ascii") as file:
    secret_key = file.read().strip()

settings.configure(
    SECRET_KEY=secret_key,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        # For the table of its log only.
        "django.contrib.admin.apps.SimpleAdminConfig",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": port,
            "NAME": "bench",
            "USER": "postgres",
            "PASSWORD": os.environ["PGPASSWORD"],
        }
    },
)
django.setup()

from django.contrib.auth import (  # noqa: E402
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
)
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.contrib.sessions.backends.base import VALID_KEY_CHARS  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.crypto import get_random_string  # noqa: E402

READABLE = (
    "django_session, django_content_type, auth_user, auth_user_groups, "
    "auth_user_user_permissions, auth_group, auth_group_permissions, "
    "auth_permission, django_admin_log"
)


def make_users(number):
    """The users, members of one group. They share a password's hash."""
    group = Group.objects.create(name="editors")
    group.permissions.set(
        Permission.objects.filter(codename__in=["view_group", "change_group"])
    )
    password = make_password("bench")
    users = User.objects.bulk_create(
        User(
            username=f"user{i}",
            email=f"user{i}@example.org",
            password=password,
            is_staff=True,
        )
        for i in range(number)
    )
    membership = User.groups.through
    membership.objects.bulk_create(
        membership(user_id=user.pk, group_id=group.pk) for user in users
    )
    return users


def make_sessions(users):
    """A session for each, with what login() puts into one."""
    store = SessionStore()
    expire_date = timezone.now() + timedelta(days=14)
    for user in users:
        data = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        yield Session(
            session_key=get_random_string(32, VALID_KEY_CHARS),
            session_data=store.encode(data),
            expire_date=expire_date,
        )


def main():
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        users = make_users(int(count))
        sessions = list(make_sessions(users))
        Session.objects.bulk_create(sessions)
        with connection.cursor() as cursor:
            cursor.execute(f"GRANT SELECT ON {READABLE} TO collabd")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    for user, session in zip(users, sessions):
        print(user.pk, session.session_key)


main()

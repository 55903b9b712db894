"""Real sites of every Django and user model, with the configuration that
etc/django_conf.py prints for them."""
import re

import pytest

import utils
from utils import KEY, ROOT, PREFIX, Site, django_python, handshake, unique

SCRIPT = open(ROOT + "/etc/django_conf.py").read()
MODELS = ["auth.User", "accounts.Member", "accounts.Person",
          "accounts.Badge", "accounts.Child"]
NAMES = {"accounts.Person": "family_name first_name", "accounts.Badge": ""}
SITES = [("3.2", m) for m in MODELS] + \
    [pytest.param(v, m, marks=pytest.mark.release_only)
     for v in ("4.2", "5.2", "6.1") for m in ("auth.User", "accounts.Member")]


def python_of(version):
    python = django_python(version)
    if python is None:
        if utils.REQUIRE:
            pytest.fail("Django %s could not be downloaded" % version)
        pytest.skip("Django %s could not be downloaded" % version)
    return python


def printed(site, *flags, env=None):
    """What the script prints, as {name: value} and as text."""
    done = site.manage("shell", *flags, stdin=SCRIPT, env=env)
    assert done.returncode == 0, done.stderr
    values = {}
    for line in done.stdout.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert name.strip() not in values, "twice: " + line
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            values[name.strip()] = value
    known = set(re.findall(
        r"^\t(?:[A-Z]+\(|\{ \")([a-z_0-9]+)", open(
            ROOT + "/src/base/conf_table.c").read(), re.M))
    assert len(known) > 80
    assert set(values) <= known, set(values) - known
    return values, done


@pytest.mark.parametrize("version,model", SITES)
def test_site(base, start, postgres, redis, version, model):
    python = python_of(version)
    name = unique("db")
    postgres.sql("CREATE DATABASE " + name)
    site = Site(base + "/" + unique("site"), postgres.settings(name),
                python=python, user_model=model)
    assert site("version").startswith(version + ".")
    staff = ["shop.change_item"]
    ann, ben = site.user("ann", permissions=staff), \
        site.user("ben", groups={"keepers": staff})
    plain = site.user("plain", staff=False)
    powerless = site.user("powerless")
    boss = site.user("boss", superuser=True)

    values, done = printed(site)
    assert KEY not in done.stdout and postgres.password not in done.stdout
    assert postgres.password not in done.stderr
    assert values["user_name_columns"] == NAMES.get(
        model, "first_name last_name")
    assert values["admin_log_table"] == "django_admin_log"
    assert values["room_alias"].split() == (
        ["accounts.child=accounts.base"] if model == "accounts.Child"
        else []) + ["shop.book=shop.item", "shop.offer=shop.item"]
    # By hand remain: the key's file, the password, an address.
    assert values["database_url"] == "postgres://root@127.0.0.1:%d/%s" % (
        postgres.port, name)
    for own in ("secret_key_file", "database_url", "redis_url"):
        values.pop(own)
    c = start(database_url=postgres.url(name), redis_url=redis.url(),
              redis_prefix=name + ":", **values)
    done = c.run("-t", "-c", c.conf_path)
    assert done.returncode == 0, done.stderr

    room = "shop/item/7"
    a = c.join(ann, room)
    a.expect("user_joined", user_id=ann.id, username=ann.email)
    b = c.join(ben, room)
    b.expect("user_joined", user_id=ben.id)
    b.expect("user_joined", user_id=ann.id)
    a.expect("user_joined", user_id=ben.id)
    a.send("claim_editor")
    for ws in (a, b):
        ws.expect("editor_status", editor_id=ann.id, editor_name=ann.email)
    chat = c.join(ann, "chat/page")
    chat.expect("active_users", users=[])
    chat.expect("user_joined", user_id=ann.id, username=ann.username,
                email=ann.email)
    path = "/%s/%s/" % (PREFIX, room)
    assert handshake(c, path, boss)[0] == 101
    assert handshake(c, path, plain)[0] == 403
    assert handshake(c, path, powerless)[0] == 403
    site("logout", key=ben.cookie)
    assert b.closed() == 4401
    site("password", pk=ann.pk, password="another")
    assert a.closed() == 4401
    assert handshake(c, path, ann)[0] == 403
    site.stop()


@pytest.mark.release_only
@pytest.mark.parametrize("version", ["4.2", "5.2", "6.1"])
def test_rotated_key(base, start, postgres, redis, version):
    """SECRET_KEY_FALLBACKS as a Django that has them writes the sessions."""
    python = python_of(version)
    name = unique("db")
    postgres.sql("CREATE DATABASE " + name)
    site = Site(base + "/" + unique("site"), postgres.settings(name),
                python=python, settings={"SECRET_KEY": "old-key-0123456789"})
    user = site.staff()
    site.restart(SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=["old-key-0123456789"])
    fresh = user.log_in()
    values, _ = printed(site)
    assert values["secret_key_fallbacks_file"]
    folder = base + "/" + name
    with open(folder + ".old", "w") as f:
        f.write("old-key-0123456789\n")
    c = start(database_url=postgres.url(name), redis_url=redis.url(),
              redis_prefix=name + ":",
              secret_key_fallbacks_file=folder + ".old")
    path = "/%s/shop/item/7/" % PREFIX
    assert handshake(c, path, user)[0] == 101
    assert handshake(c, path, "sessionid=" + fresh)[0] == 101
    site.stop()


@pytest.mark.parametrize("model", ["auth.User", "accounts.Member"])
def test_sqlite(base, start, model):
    """Django's default database, with the embedded Redis."""
    folder = base + "/" + unique("site")
    site = Site(folder, {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": folder + "/db file.sqlite3"},
                user_model=model)
    ann, ben = site.staff("ann"), site.staff("ben")
    plain = site.user("plain", staff=False)
    values, _ = printed(site)
    assert values["database_url"] == "sqlite:///%s/db%%20file.sqlite3" % folder
    assert values["redis_url"] == "embedded"
    values.pop("secret_key_file")
    c = start(**values)
    a, b = c.join(ann, "shop/item/1"), c.join(ben, "shop/item/1")
    a.expect("user_joined", user_id=ann.id)
    b.until("user_joined", user_id=ann.id)
    a.expect("user_joined", user_id=ben.id)
    a.send("claim_editor")
    b.expect("editor_status", editor_id=ann.id)
    path = "/%s/shop/item/1/" % PREFIX
    assert handshake(c, path, plain)[0] == 403
    site("logout", key=ann.cookie)
    assert a.closed() == 4401
    site.stop()


def test_avatar(base, start, postgres, redis):
    name = unique("db")
    postgres.sql("CREATE DATABASE " + name)
    site = Site(base + "/" + unique("site"), postgres.settings(name),
                user_model="accounts.Member", settings={
                    "MEDIA_URL": "https://cdn.example.com/m/",
                    "ADMIN_COLLABORATOR_OPTIONS": {"avatar_field": "avatar"}})
    ann = site.staff("ann", fields={"avatar": "faces/ann.png"})
    ben = site.staff("ben")
    values, _ = printed(site)
    assert values["avatar_field"] == "avatar"
    for own in ("secret_key_file", "database_url", "redis_url"):
        values.pop(own)
    c = start(database_url=postgres.url(name), redis_url=redis.url(),
              redis_prefix=name + ":", **values)
    url = "https://cdn.example.com/m/faces/ann.png"
    ws = c.join(ann, "shop/item/1")
    ws.expect("user_joined", user_id=ann.id, avatar_url=url)
    ws = c.join(ben, "shop/item/1")
    ws.expect("user_joined", user_id=ben.id, avatar_url=None)
    ws.expect("user_joined", user_id=ann.id, avatar_url=url)
    chat = c.join(ann, "chat/x")
    chat.expect("active_users")
    chat.expect("user_joined", user_id=ann.id, avatar_url=url)
    site.stop()


# --- the script alone ------------------------------------------------------

# (None of these runs the daemon: once is enough.)

@pytest.fixture(scope="module")
def bare(base):
    folder = base + "/" + unique("site")
    site = Site(folder, {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": folder + "/db"}, migrate=False)
    yield site
    site.stop()


def with_settings(site, **settings):
    saved = dict(site.settings)
    site.settings.update(settings)
    site._write()
    try:
        return printed(site)
    finally:
        site.settings = saved
        site._write()


@pytest.mark.release_only
def test_collaborator_settings(bare):
    options = {
        "editor_mode_text": "Du bearbeitest.  ",
        "viewer_mode_text": "# {editor_name} \"edits\" = 1",
        "claiming_editor_text": "line\nbreak",
        "notification_request_interval": 7, "enable_chat": False,
        "chat_online_status_text": "Онлайн", "no_such_option": 1,
    }
    values, done = with_settings(
        bare, ADMIN_COLLABORATOR_OPTIONS=options,
        ADMIN_COLLABORATOR_REDIS_URL="redis://:s3cret@cache:6380/2",
        ADMIN_COLLABORATOR_ADMIN_URL="/backstage/",
        ADMIN_COLLABORATOR_WEBSOCKET_CONNECTION_PREFIX_URL="/live/collab/",
        ADMIN_COLLABORATOR_REDIS_MAX_RETRIES=5,
        ADMIN_COLLABORATOR_REDIS_RETRY_DELAY=0.25,
        ADMIN_COLLABORATOR_REDIS_SOCKET_TIMEOUT=2,
        ADMIN_COLLABORATOR_REDIS_MAX_CONNECTIONS=20,
        CSRF_TRUSTED_ORIGINS=["https://*.example.com", ".example.org"],
        ALLOWED_HOSTS=["a.example.com", ".example.org"],
        SESSION_COOKIE_NAME="sid", SESSION_COOKIE_AGE=3600)
    assert "s3cret" not in done.stdout + done.stderr
    want = {
        "editor_mode_text": "Du bearbeitest.  ",
        "viewer_mode_text": "# {editor_name} \"edits\" = 1",
        "claiming_editor_text": "line break",
        "notification_request_interval": "7", "enable_chat": "off",
        "chat_online_status_text": "Онлайн",
        "redis_url": "redis://cache:6380/2", "admin_url": "backstage",
        "websocket_prefix": "live/collab", "redis_max_retries": "5",
        "redis_retry_delay": "0.25", "redis_socket_timeout": "2",
        "redis_max_connections": "20",
        "allowed_origins": "https://*.example.com https://*.example.org",
        "allowed_hosts": "a.example.com .example.org",
        "session_cookie_name": "sid", "session_cookie_age": "3600",
    }
    assert {k: values.get(k) for k in want} == want
    assert "no_such_option" in done.stdout
    assert "claiming_editor_text" in done.stderr


@pytest.mark.release_only
def test_channel_layers(bare):
    for hosts, url in (([("cache", 6379)], "redis://cache:6379"),
                       (["rediss://cache:1"], "rediss://cache:1"),
                       ([{"address": "redis://c/3"}], "redis://c/3")):
        values, _ = with_settings(bare, CHANNEL_LAYERS={"default": {
            "BACKEND": "x", "CONFIG": {"hosts": hosts}}})
        assert values["redis_url"] == url


@pytest.mark.release_only
def test_debug_hosts(bare):
    values, _ = with_settings(bare, DEBUG=True, ALLOWED_HOSTS=[])
    assert values["allowed_hosts"] == ".localhost localhost 127.0.0.1 [::1]"


def test_admin_log(bare):
    """Its table; and a site where there is none that collabd could read."""
    values, _ = with_settings(bare)
    assert values["admin_log_table"] == "django_admin_log"
    assert "save_poll_interval" not in values
    values, done = with_settings(bare, INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes",
        "django.contrib.sessions", "django.contrib.messages"],
        AUTH_USER_MODEL="auth.User")
    assert "admin_log_table" not in values
    assert values["save_poll_interval"] == "0"
    with open(bare.folder + "/routers.py", "w") as f:
        f.write("class Router:\n"
                "    def db_for_read(self, model, **hints):\n"
                "        return 'log' if model.__name__ == 'LogEntry' "
                "else None\n")
    databases = dict(bare.settings["DATABASES"])
    databases["log"] = databases["default"]
    values, done = with_settings(bare, DATABASES=databases,
                                 DATABASE_ROUTERS=["routers.Router"])
    assert "admin_log_table" not in values
    assert values["save_poll_interval"] == "0"


@pytest.mark.release_only
@pytest.mark.parametrize("engine", ["cache", "file"])
def test_refused_engine(bare, engine):
    values, done = with_settings(
        bare, SESSION_ENGINE="django.contrib.sessions.backends." + engine)
    assert "session_engine" not in values
    assert "cannot read" in done.stderr


@pytest.mark.release_only
def test_own_session_store(bare):
    """A subclass of another name signs with another salt."""
    with open(bare.folder + "/own.py", "w") as f:
        f.write("from django.contrib.sessions.backends.db import "
                "SessionStore as Base\n"
                "class SessionStore(Base):\n"
                "    @property\n"
                "    def key_salt(self):\n        return 'own.salt'\n")
    values, _ = with_settings(bare, SESSION_ENGINE="own")
    assert values["session_engine"] == "db"
    assert values["session_salt"] == "own.salt"


@pytest.mark.release_only
@pytest.mark.parametrize("database,url,schema", [
    (dict(HOST="", PORT="", NAME="a b", USER="u@x", PASSWORD="p"),
     "postgres://u%40x@/a%20b?host=/var/run/postgresql", None),
    (dict(HOST="/run/pg", PORT="5433", NAME="d", USER="u"),
     "postgres://u@:5433/d?host=/run/pg", None),
    (dict(HOST="::1", PORT=5432, NAME="d", USER="u", OPTIONS={
        "sslmode": "verify-full", "sslrootcert": "/etc/ca.pem",
        "options": "-c search_path=tenant"}),
     "postgres://u@[::1]:5432/d?sslmode=verify-full&"
     "sslrootcert=/etc/ca.pem", "tenant")])
def test_database_urls(bare, database, url, schema):
    database["ENGINE"] = "django.db.backends.postgresql"
    values, _ = with_settings(bare, DATABASES={"default": database})
    assert values["database_url"] == url
    assert values.get("database_schema") == schema


@pytest.mark.release_only
@pytest.mark.parametrize("version", ["5.2", "6.1"])
@pytest.mark.parametrize("flags", [[], ["-v", "0"]])
def test_nothing_but_configuration(base, version, flags):
    """Newer shells announce their imports on standard output."""
    folder = base + "/" + unique("site")
    site = Site(folder, {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": folder + "/db"}, migrate=False,
                python=python_of(version))
    _, done = printed(site, *flags)
    assert done.stdout.startswith("# collabd.conf"), done.stdout[:200]
    site.stop()

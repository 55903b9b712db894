# Prints a collabd.conf made of a Django site's own settings:
#
#     python manage.py shell -v 0 < django_conf.py > collabd.conf
#
# Works with Django 3.2 to 6.1. (Without -v 0, newer Djangos announce their
# imports on standard output; that is moved to standard error where it has not
# left yet.) Standard output has the configuration alone; what needs attention
# stands in it as a comment and goes to standard error. No secret is printed: the
# comments say where the key and the database's password go. (start-collabd names
# a folder that only its user can enter in COLLABD_CONF_FOLDER, and gets them.)
# What has the same value as collabd's default is printed too, so that the file
# shows all that the site decides.
#
# The whole file is one function because the shell executes it as a text whose
# names would otherwise end up beside the shell's own.


def _collabd_conf():
    import os
    import re
    import sys
    from importlib import import_module
    from urllib.parse import urlsplit, urlunsplit

    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.exceptions import FieldDoesNotExist
    from django.db import connections, models, router

    lines = []
    problems = []
    folder = os.environ.get("COLLABD_CONF_FOLDER")

    def remark(text):
        """A comment, folded to 78 columns."""
        line = "#"
        for word in text.split():
            if len(line) + 1 + len(word) > 78 and line != "#":
                lines.append(line)
                line = "#"
            line += " " + word
        lines.append(line)

    def warn(text):
        problems.append(text)
        remark("ATTENTION: " + text)

    def section(title):
        lines.append("")
        lines.append("# " + title)

    def put(name, value):
        if isinstance(value, bool):
            value = "on" if value else "off"
        elif isinstance(value, (list, tuple)):
            value = " ".join(str(v) for v in value)
        value = str(value)
        # A value is the rest of its line.
        if "\n" in value or "\r" in value or "\0" in value:
            warn("%s has a line break in it, which a line of this file "
                 "cannot hold; it became a blank." % name)
            value = re.sub(r"[\r\n\0]+", " ", value)
        quoted = value != value.strip() or value == "" or (
            len(value) > 1 and value[0] == '"' and value[-1] == '"')
        lines.append('%s = "%s"' % (name, value) if quoted and value
                     else ("%s = %s" % (name, value)).rstrip())

    def column(field):
        return field.column

    # --- the site
    def put_site():
        section("The site")
        prefix = getattr(
            settings, "ADMIN_COLLABORATOR_WEBSOCKET_CONNECTION_PREFIX_URL",
            "admin/collaboration")
        put("websocket_prefix", str(prefix).strip("/") or
            "admin/collaboration")
        admin = getattr(settings, "ADMIN_COLLABORATOR_ADMIN_URL", None)
        put("admin_url", (str(admin) if admin else find_admin()).strip("/"))
        put("media_url", settings.MEDIA_URL or "/media/")
        hosts = list(settings.ALLOWED_HOSTS)
        if settings.DEBUG and not hosts:
            # What Django itself answers to then.
            hosts = [".localhost", "localhost", "127.0.0.1", "[::1]"]
            remark("DEBUG is on and ALLOWED_HOSTS is empty: the hosts of a "
                   "development server.")
        elif not hosts:
            warn("ALLOWED_HOSTS is empty and DEBUG is off: Django refuses "
                 "every request so, and collabd takes any Host.")
        if "*" in hosts:
            remark("ALLOWED_HOSTS has *, so the Host of a request is not "
                   "checked; list the site's names to stop DNS rebinding.")
        put("allowed_hosts", hosts)
        origins = []
        for origin in settings.CSRF_TRUSTED_ORIGINS:
            if "://" in origin:
                origins.append(origin)
            else:
                # Before Django 4.0 the entries had no scheme, and the check
                # was made for https only.
                host = "*" + origin if origin.startswith(".") else origin
                origins.append("https://" + host)
        put("allowed_origins", origins)

    def find_admin():
        try:
            from django.urls import reverse
            return reverse("admin:index")
        except Exception:
            return "admin"

    # --- sessions
    def write_keys(name, keys):
        """A file that nobody else can read; its path."""
        path = "%s/%s" % (folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "wb") as f:
            for key in keys:
                f.write((key if isinstance(key, bytes) else
                         str(key).encode()) + b"\n")
        return path

    def put_key():
        """In the line itself, so that one of the environment wins; in a file
        if a line cannot hold it."""
        key = settings.SECRET_KEY
        if isinstance(key, str) and not re.search(r"[\r\n\0]", key):
            put("secret_key", key)
            return
        put("secret_key_file", write_keys("secret_key", [key]))

    def put_fallbacks(keys):
        if not folder:
            put("secret_key_fallbacks_file",
                "/etc/collabd/secret_key_fallbacks")
            return
        put("secret_key_fallbacks_file",
            write_keys("secret_key_fallbacks", keys))

    def remark_key():
        remark("The key itself is not printed. Write SECRET_KEY, and nothing "
               "else, into this file, readable by collabd only; or remove "
               "the line and set SECRET_KEY in the environment. For example:")
        lines.append("#   (umask 077; python manage.py shell -v 0 -c \"from "
                     "django.conf import settings; "
                     "print(settings.SECRET_KEY)\" > "
                     "/etc/collabd/secret_key)")
        put("secret_key_file", "/etc/collabd/secret_key")

    def put_sessions():
        section("Sessions")
        if folder:
            put_key()
        else:
            remark_key()
        if not isinstance(settings.SECRET_KEY, (str, bytes)) or \
                not settings.SECRET_KEY:
            warn("SECRET_KEY is empty or no text.")
        elif "\n" in str(settings.SECRET_KEY)[-1:] + \
                str(settings.SECRET_KEY)[:1]:
            warn("SECRET_KEY begins or ends with a line break, which a key "
                 "file cannot hold.")
        elif str(settings.SECRET_KEY).startswith("django-insecure-"):
            warn("SECRET_KEY is the one that startproject made for "
                 "development.")
        fallbacks = getattr(settings, "SECRET_KEY_FALLBACKS", [])
        if fallbacks:
            remark("One old key a line, %d of them (SECRET_KEY_FALLBACKS)." %
                   len(fallbacks))
            put_fallbacks(fallbacks)
        import django
        legacy = django.VERSION < (4, 0)
        if legacy:
            remark("Django %d.%d also reads what older versions signed with "
                   "SHA-1." % django.VERSION[:2])
        put("django_legacy", "3.2" if legacy else "off")
        put("session_cookie_name", settings.SESSION_COOKIE_NAME)
        put("session_cookie_age", int(settings.SESSION_COOKIE_AGE))
        put_engine()
        put("auth_backends", list(settings.AUTHENTICATION_BACKENDS))
        known = ("django.contrib.auth.backends.ModelBackend",
                 "django.contrib.auth.backends.RemoteUserBackend",
                 "django.contrib.auth.backends.AllowAllUsersModelBackend",
                 "django.contrib.auth.backends."
                 "AllowAllUsersRemoteUserBackend")
        others = [b for b in settings.AUTHENTICATION_BACKENDS
                  if b not in known]
        if others:
            remark("collabd does not run these backends: it takes the "
                   "permissions from Django's tables and refuses inactive "
                   "users: " + ", ".join(others))

    def put_engine():
        from django.contrib.sessions.backends.db import \
            SessionStore as DbStore
        from django.contrib.sessions.backends.cached_db import \
            SessionStore as CachedDbStore
        from django.contrib.sessions.backends.signed_cookies import \
            SessionStore as CookieStore

        engine = settings.SESSION_ENGINE
        store = import_module(engine).SessionStore
        if issubclass(store, CookieStore):
            name = "signed_cookies"
        elif issubclass(store, CachedDbStore):
            name = "cached_db"
        elif issubclass(store, DbStore):
            name = "db"
        else:
            warn("SESSION_ENGINE is %s, which collabd cannot read. It reads "
                 "django.contrib.sessions.backends.db, .cached_db and "
                 ".signed_cookies; with one of them this site works." %
                 engine)
            lines.append("# session_engine =")
            return
        serializer = str(settings.SESSION_SERIALIZER)
        if not serializer.endswith("JSONSerializer"):
            warn("SESSION_SERIALIZER is %s; collabd reads JSON only." %
                 serializer)
        put("session_engine", name)
        salt = ""
        if name == "signed_cookies":
            if store.load is not CookieStore.load:
                warn("%s.SessionStore has a load() of its own, which collabd "
                     "does not follow." % engine)
        else:
            made = store()
            salt = getattr(made, "key_salt", "")
            if salt == "django.contrib.sessions.SessionStore":
                salt = ""
            try:
                table = store.get_model_class()._meta.db_table
            except AttributeError:
                table = "django_session"
            put("session_table", table)
        if salt:
            put("session_salt", salt)

    # --- the database
    def put_database(alias):
        section("The database")
        config = connections[alias].settings_dict
        engine = config["ENGINE"]
        name = str(config.get("NAME") or "")
        if "sqlite3" in engine:
            put("database_url", "sqlite:///" + path_quote(absolute(name)))
            remark("SQLite is for development.")
        elif "postg" in engine or "psycopg" in engine:
            put_postgres(config, name)
        else:
            warn("The database is %s; collabd reads PostgreSQL, and SQLite "
                 "for development." % engine)
            lines.append("# database_url =")

    def absolute(name):
        return os.path.abspath(name)

    def path_quote(text):
        from urllib.parse import quote
        return quote(text, safe="/")

    def put_postgres(config, name):
        from urllib.parse import quote, urlencode
        options = dict(config.get("OPTIONS") or {})
        user = quote(str(config.get("USER") or ""), safe="")
        host = str(config.get("HOST") or "")
        port = str(config.get("PORT") or "")
        query = {}
        if options.get("service"):
            warn("OPTIONS names a service of ~/.pg_service.conf, which "
                 "collabd does not read: fill in host, user and dbname.")
        if host.startswith("/") or not host:
            # A folder of unix sockets cannot stand before the slash.
            query["host"] = host or "/var/run/postgresql"
            netloc = ""
        else:
            netloc = "[%s]" % host if ":" in host else host
        if port:
            netloc += ":" + port
        for key in ("sslmode", "sslrootcert", "sslcert", "sslkey",
                    "target_session_attrs", "channel_binding"):
            if key in options:
                query[key] = options[key]
        schema = ""
        found = re.search(r"search_path\s*=\s*\"?([A-Za-z0-9_$]+)",
                          str(options.get("options", "")))
        if found:
            schema = found.group(1)
        password = str(config.get("PASSWORD") or "")
        login = user
        if folder and password:
            login += ":" + quote(password, safe="")
        url = "postgres://%s%s/%s%s" % (
            login + "@" if login else "", netloc, quote(name, safe=""),
            "?" + urlencode(query, safe="/") if query else "")
        if password and not folder:
            remark("The password is not printed. Put it behind the user, "
                   "percent-encoded (user:password@host), and keep this file "
                   "from others' eyes (chmod 640); or remove the line and "
                   "set DATABASE_URL in the environment. A role that may "
                   "only SELECT is enough.")
        put("database_url", url)
        if schema:
            put("database_schema", schema)

    # --- the user model
    def put_user(model):
        section("The user model, %s" % model._meta.label)
        meta = model._meta
        put("user_table", table_name(meta.db_table))
        pk = meta.pk
        put("user_id_column", column(pk))
        put("user_id_type", id_type(pk))
        put("user_username_column", column_of(meta, model.USERNAME_FIELD))
        put_names(model)
        put("user_email_column", column_of(
            meta, getattr(model, "EMAIL_FIELD", "email"), optional=True))
        put("user_password_column", column_of(meta, "password"))
        put("user_is_active_column", column_of(meta, "is_active",
                                               optional=True))
        put("user_is_staff_column", column_of(meta, "is_staff"))
        put("user_is_superuser_column", column_of(meta, "is_superuser",
                                                  optional=True))
        if not hasattr(model, "get_session_auth_hash"):
            warn("The user model has no get_session_auth_hash(): collabd "
                 "cannot tell whether a password was changed, and refuses "
                 "such sessions.")
        put_m2m(meta, "groups", "user_groups_table",
                "user_groups_user_column", "user_groups_group_column")
        put_m2m(meta, "user_permissions", "user_permissions_table",
                "user_permissions_user_column",
                "user_permissions_permission_column")

    def put_names(model):
        """The columns of the name that people are shown: those that
        get_full_name() reads, else first_name and last_name."""
        meta = model._meta
        hidden = {"password", model.USERNAME_FIELD,
                  getattr(model, "EMAIL_FIELD", "email")}
        texts = {f.name: f.column for f in meta.local_concrete_fields
                 if isinstance(f, (models.CharField, models.TextField)) and
                 not isinstance(f, models.EmailField) and
                 f.name not in hidden}
        full_name = getattr(model, "get_full_name", None)
        code = getattr(full_name, "__code__", None)
        names = [n for n in getattr(code, "co_names", ()) if n in texts]
        own = getattr(full_name, "__qualname__", "")
        if names and own != "AbstractUser.get_full_name":
            remark("Read from get_full_name() of the model; change it if "
                   "people would be shown another name.")
        if not names:
            names = [n for n in ("first_name", "last_name") if n in texts]
        for name in list(names):
            if texts[name].split() != [texts[name]]:
                warn("The column %r has a blank in its name, so it cannot "
                     "stand in user_name_columns and is left out." %
                     texts[name])
                names.remove(name)
        put("user_name_columns", [texts[n] for n in names])

    def put_admin_log(user_alias):
        section("The admin's log, which tells what was saved")
        from django.apps import apps
        if not apps.is_installed("django.contrib.admin"):
            remark("django.contrib.admin is not installed here.")
            put("save_poll_interval", 0)
            return
        from django.contrib.admin.models import LogEntry
        if (router.db_for_read(LogEntry) or "default") != user_alias:
            remark("The log is in another database than the users, where "
                   "collabd does not read: a click on Save is believed.")
            put("save_poll_interval", 0)
            return
        put("admin_log_table", table_name(LogEntry._meta.db_table))

    def table_name(table):
        """The name without a schema, which has a setting of its own."""
        schema = re.fullmatch(r'"?([^".]+)"\."([^".]+)"?', table)
        if not schema:
            return table
        warn("The table %s names a schema: set database_schema." % table)
        return schema.group(2)

    def id_type(pk):
        # A key that is a foreign key (multi-table inheritance) is of the
        # type that it points at.
        while getattr(pk, "remote_field", None) is not None:
            pk = pk.target_field
        if isinstance(pk, models.UUIDField):
            return "uuid"
        if isinstance(pk, (models.IntegerField, models.AutoField)):
            return "integer"
        return "text"

    def column_of(meta, name, optional=False):
        try:
            field = meta.get_field(name)
        except FieldDoesNotExist:
            field = None
        if field is not None and getattr(field, "column", None) and \
                field.model._meta.concrete_model is not None and \
                field in meta.local_concrete_fields:
            return field.column
        if field is not None and getattr(field, "column", None) and \
                field not in meta.local_concrete_fields:
            warn("%s is a column of %s, not of %s: make a view that joins "
                 "them, and name it as user_table." %
                 (name, field.model._meta.db_table, meta.db_table))
            return field.column
        if not optional:
            warn("%s.%s is no column of the table, so collabd cannot read "
                 "it." % (meta.label, name))
            return name
        return ""

    def put_m2m(meta, name, table_key, user_key, other_key):
        try:
            field = meta.get_field(name)
            through = field.remote_field.through._meta
        except (FieldDoesNotExist, AttributeError):
            put(table_key, "")
            return
        put(table_key, through.db_table)
        put(user_key, field.m2m_column_name())
        put(other_key, field.m2m_reverse_name())

    # --- ADMIN_COLLABORATOR_*
    texts = (
        "editor_mode_text", "viewer_mode_text", "claiming_editor_text",
        "notification_request_interval", "notification_message",
        "notification_button_text", "notification_request_sent_text",
        "enable_chat", "chat_user_list_title", "chat_empty_state_text",
        "chat_start_conversation_text", "chat_input_placeholder",
        "chat_online_status_text", "chat_offline_status_text",
        "chat_offline_placeholder", "chat_cannot_send_message",
    )

    def put_collaborator(model):
        section("The settings of django-admin-collaborator")
        options = getattr(settings, "ADMIN_COLLABORATOR_OPTIONS", None) or {}
        avatar = options.get("avatar_field")
        if avatar:
            put("avatar_field", column_of(model._meta, avatar))
        for name in texts:
            if name not in options or options[name] is None:
                continue
            value = options[name]
            if name == "enable_chat":
                value = bool(value)
            put(name, value)
        unknown = sorted(set(options) - set(texts) - {"avatar_field"})
        if unknown:
            remark("Unknown to collabd, left out: " + ", ".join(unknown))
        for name in ("max_retries", "retry_delay", "socket_timeout",
                     "max_connections"):
            value = getattr(settings, "ADMIN_COLLABORATOR_REDIS_" +
                            name.upper(), None)
            if value is not None:
                put("redis_" + name, value)

    def put_redis():
        section("Redis")
        url = getattr(settings, "ADMIN_COLLABORATOR_REDIS_URL", None) or \
            getattr(settings, "REDIS_URL", None) or channel_layer_url()
        if not url:
            remark("The site names no Redis: collabd starts a private one.")
            put("redis_url", "embedded")
            return
        url = str(url)
        parts = urlsplit(url)
        secret = parts.password is not None or "password=" in parts.query
        if secret and not folder:
            remark("The password is not printed. Put it in front of the host "
                   "(redis://:password@host), or remove the line and set "
                   "REDIS_URL in the environment.")
            user = parts.username or ""
            where = parts.netloc.rpartition("@")[2]
            query = "&".join(q for q in parts.query.split("&")
                             if not q.startswith("password="))
            url = urlunsplit((parts.scheme, (user + "@" if user else "") +
                              where, parts.path, query, ""))
        put("redis_url", url)

    def channel_layer_url():
        layer = (getattr(settings, "CHANNEL_LAYERS", None) or {}).get(
            "default") or {}
        hosts = (layer.get("CONFIG") or {}).get("hosts") or []
        if not hosts:
            return None
        host = hosts[0]
        if isinstance(host, dict):
            host = host.get("address") or \
                (host.get("host"), host.get("port", 6379))
        if isinstance(host, (list, tuple)):
            return "redis://%s:%s" % (host[0], host[1])
        return host

    def print_alone(text):
        """What the shell wrote before us and still holds goes to stderr."""
        try:
            out = os.dup(1)
            os.dup2(2, 1)
            sys.stdout.flush()
            os.dup2(out, 1)
            os.close(out)
        except OSError:
            pass
        sys.stdout.write(text)
        sys.stdout.flush()

    import django
    user_model = get_user_model()
    alias = router.db_for_read(user_model) or "default"
    lines.append("# collabd.conf, made from the settings of this site "
                 "(Django %s)." % django.get_version())
    put_site()
    put_sessions()
    put_database(alias)
    put_user(user_model)
    put_admin_log(alias)
    put_redis()
    put_collaborator(user_model)
    print_alone("\n".join(lines) + "\n")
    for text in problems:
        sys.stderr.write("django_conf: " + text + "\n")


_collabd_conf()

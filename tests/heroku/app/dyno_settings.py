"""The demo's site as a dyno runs it: what varies comes from config vars."""
import os
from urllib.parse import unquote, urlsplit

os.environ["SITE_DATA"] = os.path.dirname(os.path.abspath(__file__)) + "/data"
os.environ["SITE_DATABASE"] = "{}"

from settings import *  # noqa

# Not under the name that collabd would look for.
SECRET_KEY = os.environ["SITE_KEY"]
ALLOWED_HOSTS = ["*"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
url = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:],
    "USER": url.username, "PASSWORD": unquote(url.password),
    "HOST": url.hostname, "PORT": url.port,
    "OPTIONS": {"sslmode": "require"},
}}

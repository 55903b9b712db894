"""Settings of the demo's site, a small publisher's admin. It knows nothing of
collabd but the three lines in templates/admin/base_site.html. Runs on Django
3.2 to 6.1; what varies comes from the environment:

    SITE_DATA           the folder for static and uploaded files and the key
    SITE_DATABASE       the database, as JSON of Django's settings
    SITE_REDIS_URL      a Redis of the site's, which collabd is to share
    SITE_LANGUAGE       the language; without it each browser gets its own
    SITE_CSP            1: a strict Content-Security-Policy on every page
"""
import json
import os

BASE_DIR = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ["SITE_DATA"]
with open(DATA + "/secret_key") as f:
    SECRET_KEY = f.read().strip()
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"
INSTALLED_APPS = [
    "press",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [BASE_DIR + "/templates"],
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
DATABASES = {"default": json.loads(os.environ["SITE_DATABASE"])}
AUTH_USER_MODEL = "press.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
X_FRAME_OPTIONS = "SAMEORIGIN"

USE_TZ = True
TIME_ZONE = "Europe/Copenhagen"
USE_I18N = True
LANGUAGE_CODE = "en-us"
if os.environ.get("SITE_LANGUAGE"):
    LANGUAGE_CODE = os.environ["SITE_LANGUAGE"]
    MIDDLEWARE.remove("django.middleware.locale.LocaleMiddleware")

STATIC_URL = "/static/"
STATIC_ROOT = DATA + "/static"
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA + "/media"

# Passwords are "demo": what guards them need not cost a second of each log-in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

ADMIN_COLLABORATOR_OPTIONS = {"avatar_field": "avatar"}
if os.environ.get("SITE_REDIS_URL"):
    REDIS_URL = os.environ["SITE_REDIS_URL"]

if os.environ.get("SITE_CSP") == "1":
    MIDDLEWARE.append("press.middleware.strict_csp")

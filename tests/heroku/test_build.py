"""detect, compile, release and report, as a build calls them."""
import glob
import os
import re
import time

import pytest

from dyno import MEASURED, WEB, App, write

# Of the image that it runs on.
THERE = re.compile(r"(libevent_(core|extra|openssl|pthreads)-2\.1|libpq|libssl"
                   r"|libcrypto|libz|libc|libm|libcrypt|ld-linux.*)\.so\.\d+$")
STEP = r"       [\w].* \(\d+\.\d s\)"


def steps(done):
    return re.findall(r"(?m)^" + STEP + "$", done.stdout)


def complaints(done):
    return re.findall(r"(?m)^ !     (.*)$", done.stdout)


@pytest.fixture(scope="module")
def other(app, config):
    """Another app, with what has been compiled for the first one."""
    def make(name, config=config):
        return App(name, config, cache=app.cache)
    return make


def test_detect(app, other):
    done = app.detect()
    assert (done.returncode, done.stdout) == (0, "collabd\n")
    plain = other("plain")
    assert plain.detect().returncode == 1
    plain.procfile("web: gunicorn shop:app\n")
    assert plain.detect().returncode == 1
    plain.procfile("web: bin/start-collabd gunicorn shop:app\n")
    assert plain.detect().returncode == 0


def test_images():
    """The images have none of what compile has to bring."""
    for image in ("image", "dyno1"):
        found = [os.path.join(folder, name) for folder, _, names in
                 os.walk(App.root.replace("image", image) + "/usr")
                 for name in names if re.match(
                     r"(libhiredis|libjson-c|libbsd)\b.*|"
                     r"nginx|redis-server|esbuild", name)]
        assert not found


def test_first(app, config):
    assert len(steps(app.first)) == 3, app.first.stdout
    assert "compiled for heroku-24" in app.first.stdout
    assert not complaints(app.first)
    assert "not verified" in app.first.stdout
    secrets = [v for k, v in config.items() if k.endswith(("URL", "KEY"))]
    for secret in secrets + ["secret-word"]:
        assert secret not in app.first.stdout
    assert app.written_elsewhere() == app.before


def test_programs(app):
    """They find their libraries on the image that they run on, and are those
    of the package, for a path that the app does not have at build time."""
    for program in (".collabd/sbin/collabd", ".collabd/bin/start-collabd"):
        if open(app.folder + "/" + program, "rb").read(4) != b"\x7fELF":
            continue
        libraries = app.needed(program)
        assert not [n for n in libraries if not THERE.match(n)], libraries
    libraries = app.needed(".collabd/libexec/nginx")
    brought = os.listdir(app.folder + "/.collabd/lib")
    assert not [n for n in libraries if not THERE.match(n) and
                n not in brought], libraries
    for folder, _, names in os.walk(app.folder + "/.collabd"):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                text = f.read()
            assert b"/tmp/build_" not in text and b"/tmp/cache_" not in \
                text, name


def test_again(app):
    """Nothing has changed: no compiler, no archive."""
    before = os.stat(app.folder + "/.collabd/sbin/collabd").st_mtime_ns
    began = time.monotonic()
    done = app.compile(http_proxy="http://127.0.0.1:1", CC="false")
    MEASURED["a build when nothing has changed"] = \
        "%.1f s" % (time.monotonic() - began)
    assert done.returncode == 0, done.stdout
    assert len(steps(done)) == 3
    assert done.stdout.count("from the cache") == 2
    assert os.stat(app.folder +
                   "/.collabd/sbin/collabd").st_mtime_ns == before
    assert app.written_elsewhere() == app.before


def test_traced(app, config):
    """Not even the shell's own trace has a value of a config var in it."""
    done = app.compile(shell=("/bin/sh", "-x"))
    assert done.returncode == 0
    assert "+ " in done.stdout
    for name in ("DATABASE_URL", "REDIS_URL", "SITE_KEY"):
        assert config[name] not in done.stdout
    assert "secret-word" not in done.stdout


def test_no_archive(app):
    """Old packages are better than no build."""
    made = glob.glob(app.root + app.cache + "/collabd/*/packages/made")[0]
    write(made, "1000")
    done = app.compile(http_proxy="http://127.0.0.1:1",
                       https_proxy="http://127.0.0.1:1")
    write(made, "9" * 11)
    assert done.returncode == 0, done.stdout
    assert "cannot be fetched" in done.stdout


def test_release_and_report(app):
    done = app.release()
    assert done.returncode == 0
    assert done.stdout.startswith("---\ndefault_process_types:\n  collabd: ")
    done = app.report()
    assert done.returncode == 0
    assert re.search(r'(?m)^stack: "heroku-24"$', done.stdout)
    assert re.search(r'(?m)^nginx: "1\.\d+\.\d+', done.stdout)
    assert re.search(r'(?m)^from_cache: true$', done.stdout)


@pytest.mark.parametrize("procfile, said", [
    (None, "there is no Procfile"),
    ("web: gunicorn wsgi\n", "does not start collabd"),
    ("web: bin/start-collabd gunicorn wsgi -b 0.0.0.0:$PORT\n",
     "the dyno's own PORT"),
    ("worker: celery\n", '0 lines "web:"'),
    ("web: %s\nweb: %s\n" % (WEB, WEB), '2 lines "web:"'),
    ("web %s\n" % WEB, "Procfile, line 1: not of the form"),
    ("# hush-hush\n\nweb: %s\nworker=hush-hush\nclock:\n" % WEB,
     "Procfile, line 4 5: not of the form"),
    ("web: %s\r\n" % WEB, "line ends of Windows"),
])
def test_procfile(other, procfile, said):
    """The build goes on, and says what is wrong and what would be right."""
    app = other("procfile").django()
    path = app.folder + "/Procfile"
    if procfile is None:
        if os.path.exists(path):
            os.unlink(path)
    else:
        with open(path, "w", newline="") as f:
            f.write(procfile)
    done = app.compile()
    assert done.returncode == 0, done.stdout
    assert said in done.stdout
    assert "hush-hush" not in done.stdout


def test_right_procfiles(other):
    app = other("right").django()
    for text in ("web: " + WEB,
                 "web: bin/start-collabd gunicorn wsgi",
                 "web : bin/start-pgbouncer %s\n\nrelease: true\n" % WEB,
                 "web: bin/start-collabd python manage.py runserver {port}\n"):
        assert not complaints(app.procfile(text).compile())


def test_without_django(other):
    app = other("flask").procfile("web: %s\n" % WEB)
    done = app.compile()
    assert done.returncode == 0
    assert "no manage.py" in complaints(done)[0]


def test_without_config_vars(other):
    app = other("bare", config={}).django().procfile("web: %s\n" % WEB)
    done = app.compile()
    assert done.returncode == 0
    said = "\n".join(complaints(done))
    assert "no DATABASE_URL" in said
    assert "no REDIS_URL" in said and "embedded" in said


def test_names_of_the_app(other):
    """A program of the app's own is not replaced."""
    app = other("own").django().procfile("web: %s\n" % WEB)
    write(app.folder + "/bin/collabd", "#!/bin/sh\nexit 3\n")
    done = app.compile()
    assert done.returncode == 0
    assert "bin/collabd is the app's own" in done.stdout
    with open(app.folder + "/bin/collabd") as f:
        assert "exit 3" in f.read()


def test_no_headers():
    """An image that is not to build on: one sentence, and the old release
    goes on. What the cache has of another stack goes."""
    app = App("image").django()
    other = app.root + app.cache + "/collabd/heroku-20-amd64/app"
    os.makedirs(other)
    done = app.compile(PKG_CONFIG_LIBDIR="/nonexistent", STACK="heroku-22")
    assert done.returncode == 1
    assert "heroku-22 is deprecated" in complaints(done)[0]
    assert "is it a -build image?" in complaints(done)[1]
    assert not os.path.exists(other)
    assert not os.path.exists(app.folder + "/.collabd")


def test_no_archive_at_all():
    """Nor a build before: what apt says, and one sentence."""
    done = App("offline").django().compile(
        http_proxy="http://127.0.0.1:1", https_proxy="http://127.0.0.1:1")
    assert done.returncode == 1
    assert re.search(r"(?m)^       \| .*127\.0\.0\.1", done.stdout)
    assert "cannot fetch the packages" in complaints(done)[-1]


def test_usage(app):
    for program in ("detect", "compile"):
        done = app.run("/buildpack/bin/" + program)
        assert done.returncode not in (0, 1) or "usage" in done.stdout
        assert "usage: %s BUILD_DIR" % program in done.stdout

"""Newer Djangos beside the system's, from later Debian releases.

Debian 12 has Django 3.2. This program downloads the python3-django packages
of later releases with an apt state of its own (the machine's configured
mirror, other suite names, nothing installed) and unpacks them into

    <folder>/<version>/        4.2, 5.2, 6.1
    <folder>/<version>/python  runs a Python with that Django first in its path

Django 6.1 needs Python 3.12 or later, so for it a later release's python3.13
with its C library is unpacked as well and started through its own loader, and
a gunicorn that knows it. (The admin's static files link to libjs-jquery.)

Usage: newer_django.py <folder> [version...]; prints one line per version,
"4.2 ok" or "4.2 missing: why"; exit 0 when all are there. What is already
unpacked is not downloaded again.
"""
import fcntl
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile

SYSTEM_PYTHON = "/usr/bin/python3"
PY313 = ["libc6", "python3.13-minimal", "libpython3.13-minimal",
         "libpython3.13-stdlib", "libexpat1", "libssl3t64", "libsqlite3-0",
         "zlib1g", "libffi8", "python3-psycopg2", "python3-gunicorn",
         "python3-packaging"]

# version: [(suite, packages)], and whether it brings its own Python
WANTED = {
    "4.2": ([("bookworm-backports", ["python3-django"]),
             ("bookworm", ["python3-asgiref", "python3-sqlparse",
                           "libjs-jquery"])], False),
    "5.2": ([("trixie-backports", ["python3-django"]),
             ("trixie", ["python3-asgiref", "python3-sqlparse",
                         "python3-typing-extensions", "libjs-jquery"])],
            False),
    "6.1": ([("experimental", ["python3-django"]),
             ("sid", ["python3-asgiref", "python3-sqlparse"]),
             ("trixie", PY313 + ["libjs-jquery"])], True),
}


class Missing(Exception):
    pass


def archive():
    """(URI, options) of the Debian archive that this machine uses."""
    for path in ["/etc/apt/sources.list"] + \
            sorted(glob.glob("/etc/apt/sources.list.d/*")):
        try:
            text = open(path).read()
        except OSError:
            continue
        if path.endswith(".sources"):
            for part in re.split(r"\n\s*\n", text):
                found = dict(re.findall(r"(?m)^([A-Za-z-]+):[ \t]*(.+)$",
                                        part))
                if "bookworm" in found.get("Suites", "").split():
                    key = found.get("Signed-By", "").strip()
                    uri = found["URIs"].split()[0]
                    return uri, "[signed-by=%s]" % key if key else ""
        elif path.endswith(".list"):
            found = re.search(r"(?m)^deb\s+(\[[^]]*\])?\s*(\S+)\s+bookworm\s",
                              text)
            if found:
                return found.group(2), found.group(1) or ""
    raise Missing("no Debian 12 archive among apt's sources")


class Apt:
    """An apt of its own: one suite, nothing installed."""

    def __init__(self, folder, suite):
        self.folder = os.path.join(folder, suite)
        self.suite = suite
        for sub in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.folder, sub), exist_ok=True)
        open(os.path.join(self.folder, "status"), "w").close()
        uri, options = archive()
        with open(os.path.join(self.folder, "sources.list"), "w") as f:
            f.write("deb %s %s %s main\n" % (options, uri, suite))
        self.run(["update"], self.folder)

    def run(self, args, cwd):
        options = []
        for name, value in (
                ("Dir::Etc::sourcelist", self.folder + "/sources.list"),
                ("Dir::Etc::sourceparts", "/dev/null"),
                ("Dir::Etc::preferencesparts", "/dev/null"),
                ("Dir::State::lists", self.folder + "/lists"),
                ("Dir::State::status", self.folder + "/status"),
                ("Dir::Cache", self.folder + "/cache"),
                ("APT::Sandbox::User", "root"),
                ("Acquire::Retries", "2"),
                ("Acquire::http::Timeout", "30")):
            options += ["-o", "%s=%s" % (name, value)]
        done = subprocess.run(["apt-get", "-qq"] + options + args, cwd=cwd,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            lines = done.stdout.strip().splitlines() or ["no reason given"]
            raise Missing("%s: apt-get %s: %s" % (self.suite, args[0],
                                                  lines[-1]))

    def unpack(self, packages, target):
        with tempfile.TemporaryDirectory(dir=self.folder) as debs:
            os.chmod(debs, 0o755)
            self.run(["download"] + packages, debs)
            for deb in glob.glob(debs + "/*.deb"):
                subprocess.run(["dpkg-deb", "-x", deb, target], check=True)


def write_python(target, own_python):
    """The command that runs a Python with this Django."""
    packages = target + "/usr/lib/python3/dist-packages"
    if own_python:
        lib = "%s/usr/lib/%s" % (target, sysconfig.get_config_var("MULTIARCH"))
        loader = glob.glob(lib + "/ld-linux-*.so.*")[0]
        command = ("exec %s --library-path %s --argv0 %s/usr/bin/python3.13 "
                   "%s/usr/bin/python3.13" % (loader, lib, target, target))
        extra = 'export PYTHONHOME="%s/usr"\n' % target
    else:
        command, extra = "exec " + SYSTEM_PYTHON, ""
    path = target + "/python"
    with open(path, "w") as f:
        f.write('#!/bin/sh\n%sexport PYTHONPATH="%s"\n%s "$@"\n' %
                (extra, packages, command))
    os.chmod(path, 0o755)
    return path


def version_of(python):
    done = subprocess.run([python, "-c", "import django, psycopg2, sqlite3, "
                           "ssl; print(django.get_version())"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Missing((done.stderr.strip().splitlines() or ["?"])[-1])
    return done.stdout.strip()


def is_there(target, parts):
    """Whether it was unpacked, from the packages that are wanted now."""
    try:
        with open(target + "/packages.json") as f:
            return os.path.exists(target + "/python") and \
                json.load(f) == json.loads(json.dumps(parts))
    except (OSError, ValueError):
        return False


def fetch(folder, version, apts):
    if version not in WANTED:
        raise Missing("none of " + " ".join(sorted(WANTED)))
    target = os.path.join(folder, version)
    parts, own_python = WANTED[version]
    if is_there(target, parts):
        return
    fresh = target + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    for suite, packages in parts:
        if suite not in apts:
            apts[suite] = Apt(os.path.join(folder, ".apt"), suite)
        apts[suite].unpack(packages, fresh)
    shutil.rmtree(target, ignore_errors=True)
    os.rename(fresh, target)
    with open(target + "/packages.json", "w") as f:
        json.dump(parts, f)
    python = write_python(target, own_python)
    try:
        found = version_of(python)
        if not found.startswith(version + "."):
            raise Missing("the archive has %s now" % found)
    except Missing:
        os.unlink(python)
        raise


def main():
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    # Several suites may want them at once: the first one downloads.
    lock = os.open(os.path.join(folder, ".lock"),
                   os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(lock, fcntl.LOCK_EX)
    apts, failed = {}, False
    for version in sys.argv[2:] or sorted(WANTED):
        try:
            fetch(folder, version, apts)
            print(version, "ok", flush=True)
        except (Missing, OSError, subprocess.CalledProcessError) as e:
            failed = True
            print(version, "missing:", e, flush=True)
    shutil.rmtree(os.path.join(folder, ".apt"), ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

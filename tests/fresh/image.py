"""Runs what an image of etc/Containerfile would run, in its root, which this is:

    image.py USER ENTRYPOINT COMMAND HEALTHCHECK

the last three as they stand in the file, lists in JSON. Healthy, it serves; told
to stop, as "docker stop" does it, it ends within 10 s and leaves nothing. The
network is one that has nobody else in it. Prints "N passed, N failed".
"""
import glob
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.request

passed = failed = 0


def step(ok, text):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("%s  %s" % ("ok    " if ok else "FAILED", text), flush=True)


def processes():
    """(pid, uid, command) of what runs in here besides this one."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(path + "/cmdline") as f:
                command = f.read().replace("\0", " ")
            pid = int(path[6:])
            if pid > 1 and pid != os.getpid() and "start-collabd" in command \
                    or "nginx" in command or "collabd" in command.split()[:1]:
                found.append((pid, os.stat(path).st_uid, command))
        except OSError:
            pass
    return found


def main():
    user = sys.argv[1]
    entrypoint, command, health = [json.loads(a) for a in sys.argv[2:5]]
    run = dict(user=user, cwd="/app", stdin=subprocess.DEVNULL,
               env={"PATH": os.environ["PATH"], "HOME": "/app"})
    main = subprocess.Popen(entrypoint + command, **run)
    deadline = time.monotonic() + 60
    while True:
        healthy = subprocess.run(health, stderr=subprocess.DEVNULL,
                                 **run).returncode == 0
        if healthy or time.monotonic() > deadline or \
                main.poll() is not None:
            break
        select.select([], [], [], 0.1)
    step(healthy, "healthy")
    answer = urllib.request.urlopen("http://127.0.0.1:8000/", timeout=30)
    step(answer.status == 200, "the site answers %d" % answer.status)
    mine = [p for p in processes() if "image.py" not in p[2]]
    step(len(mine) >= 3 and not [p for p in mine if p[1] == 0],
         "nobody is root: %s" % sorted({p[1] for p in mine}))
    main.send_signal(signal.SIGTERM)
    try:
        code = main.wait(10)
    except subprocess.TimeoutExpired:
        code = None
    step(code == 128 + signal.SIGTERM, "it stops with %s" % code)
    print("%d passed, %d failed" % (passed, failed))


main()

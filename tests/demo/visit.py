"""The demo without a person: starts stack.py, logs two users in as a browser
does, looks at a page and at collabd's script, opens each one's websocket
through nginx, and makes sure that nothing is left, also when it is ended while
it starts. Prints the steps and "demo: N passed, N failed".
"""
import asyncio
import contextlib
import http.cookiejar
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

import websockets

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from steps import step, summary

PATIENCE = 60
PAGE = "/admin/press/article/1/change/"
ROOM = "/admin/collaboration/press/article/1/"
SCRIPT = "/admin/collaboration/client.js"


class Browser:
    """One user: cookies, and what a page of Django's admin needs."""

    def __init__(self, url):
        self.url = url
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path, form=None):
        """(status, text) of a page; with a form it is sent."""
        request = urllib.request.Request(self.url + path)
        if form is not None:
            request.data = urllib.parse.urlencode(form).encode()
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, ""

    def cookie(self, name):
        return {c.name: c.value for c in self.jar}.get(name)

    def log_in(self, name, password):
        path = "/admin/login/?next=/admin/"
        self.get(path)
        return self.get(path, {
            "username": name, "password": password, "next": "/admin/",
            "csrfmiddlewaretoken": self.cookie("csrftoken")})[1]

    async def socket(self, path):
        return await websockets.connect(
            "ws" + self.url[4:] + path, origin=self.url,
            subprotocols=["collabd.v1"], open_timeout=PATIENCE,
            extra_headers={"Cookie": "sessionid=" +
                           (self.cookie("sessionid") or "")})


def start(folder):
    """A stack that makes its files below folder."""
    return subprocess.Popen(
        [sys.executable, "-B", HERE + "/stack.py", "--port", "0",
         "--ready-json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env=dict(os.environ, TMPDIR=folder))


def below(pid):
    """All processes below this one."""
    found = []
    with contextlib.suppress(OSError):
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            for child in map(int, f.read().split()):
                found += [child] + below(child)
    return found


def end(process, number, folder):
    pids = below(process.pid)
    process.send_signal(number)
    code = process.wait(PATIENCE)
    step(code == 0, "the stack ends with status %s" % code)
    left = [p for p in pids if os.path.exists("/proc/%d" % p)]
    step(not left, "none of its %d processes is left %s" % (len(pids),
                                                            left or ""))
    files = os.listdir(folder)
    step(not files, "none of its files is left %s" % (files or ""))


async def meet(ann, bob):
    """Both are in one room; each frame comes through nginx."""
    sockets = [await one.socket(ROOM) for one in (ann, bob)]
    for ws in sockets:
        frame = json.loads(await asyncio.wait_for(ws.recv(), PATIENCE))
        step(frame["type"] == "user_joined", "a websocket through nginx: "
             "%s joined" % frame.get("username"))
    await sockets[0].send('{"type": "claim_editor"}')
    while True:
        frame = json.loads(await asyncio.wait_for(sockets[1].recv(),
                                                  PATIENCE))
        if frame["type"] == "editor_status" and frame["editor_id"]:
            break
    step(True, "the other one hears that %s edits" % frame["editor_name"])
    for ws in sockets:
        await ws.close()


def visit(folder):
    process = start(folder)
    line = process.stdout.readline()
    if not line:
        step(False, "the stack starts: it ended with %s" % process.wait())
        return
    site = json.loads(line)
    step(True, "a site with Django %s runs at %s" % (site["django"],
                                                     site["url"]))
    people = {}
    for name in ("ann", "bob"):
        people[name] = Browser(site["url"])
        text = people[name].log_in(name, site["password"])
        step("Log out" in text, name + " logs in")
        status, text = people[name].get(PAGE)
        step(status == 200 and 'name="_save"' in text,
             "%s opens an article: %d" % (name, status))
        step('src="%s"' % SCRIPT in text, "the page loads collabd's script")
    found = re.search(r'href="(/static/[^"]*\.css)"', text)
    status = people["ann"].get(found.group(1) if found else "/static/")[0]
    step(status == 200, "its style sheet is there: %d" % status)
    status = people["ann"].get(SCRIPT)[0]
    step(status == 200, "the script itself: %d" % status)
    status = people["ann"].get("/admin/collaboration/health")[0]
    step(status == 404, "health is not for the public: %d" % status)
    asyncio.run(asyncio.wait_for(meet(people["ann"], people["bob"]),
                                 PATIENCE))
    end(process, signal.SIGINT, folder)


def stop_early(folder):
    """Ended as soon as PostgreSQL is being made."""
    process = start(folder)
    while not below(process.pid) and process.poll() is None:
        select.select([], [], [], 0.001)
    print("          another one is ended while it starts")
    end(process, signal.SIGTERM, folder)


def main():
    folder = tempfile.mkdtemp(prefix="cldvisit")
    os.chmod(folder, 0o755)             # PostgreSQL is another user
    try:
        visit(folder)
        stop_early(folder)
    except Exception as e:
        step(False, repr(e))
    finally:
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    return summary()


if __name__ == "__main__":
    sys.exit(main())

"""The guard, asked by the private nginx: who is not the editor does not save."""
import asyncio
import json
import os
import shutil
import sys
import tempfile

import pytest

import rig

sys.path.insert(0, rig.ROOT + "/tests/demo")
from visit import Browser

PAGE = "/admin/auth/group/1/change/"
ROOM = "/admin/collaboration/auth/group/1/"


@pytest.fixture
def own_project(base, project):
    """It is saved to: a database that several write to at once is locked."""
    path = tempfile.mkdtemp(prefix="g", dir=base)
    os.chmod(path, 0o755)
    return shutil.copytree(project, path + "/project")


def logged_in(s):
    people = [Browser("http://127.0.0.1:%d" % s.port) for _ in range(2)]
    for one, name in zip(people, ("ann", "bob")):
        assert "Log out" in one.log_in(name, "demo")
    return people


def save(one, name, **more):
    """(status, text) of what the site, or the guard, answers to a save."""
    return one.get(PAGE, dict({
        "name": name, "_continue": "1",
        "csrfmiddlewaretoken": one.cookie("csrftoken")}, **more))


async def edits(one):
    """A socket through which one holds the lock."""
    ws = await one.socket(ROOM)
    await ws.send('{"type": "claim_editor"}')
    while True:
        frame = json.loads(await asyncio.wait_for(ws.recv(), rig.PATIENCE))
        if frame["type"] == "editor_status" and frame["editor_id"]:
            return ws


def guarded(start, project, mode):
    """Who could save while ann edits, and what the answers were."""
    s = start(["manage.py", "runserver", "--noreload", "{port}"],
              where=project, options=[
                  "-o", "save_guard=" + mode, "-o", "drain_time=0.2",
                  "-o", "leave_grace=0", "-o", "reclaim_grace=0"])
    s.wait_collabd()
    ann, bob = logged_in(s)
    ann.get("/admin/auth/group/add/", {
        "name": "one", "csrfmiddlewaretoken": ann.cookie("csrftoken")})

    async def both():
        ws = await edits(ann)
        # A large body goes another way through nginx.
        seen = (save(ann, "a" + mode)[0], save(bob, "b" + mode)[0],
                save(bob, "b" + mode, filler="x" * 200000)[0])
        await ws.close()
        return seen
    seen = asyncio.run(both())
    return s, bob, seen


def test_enforced(start, own_project):
    s, bob, seen = guarded(start, own_project, "enforce")
    assert seen == (200, 423, 423)
    assert 'value="aenforce"' in bob.get(PAGE)[1]
    s.stop()


def test_reported(start, own_project):
    s, bob, seen = guarded(start, own_project, "report")
    assert seen == (200, 200, 200)
    s.log_contains('"action":"save_reported"')
    assert 'value="breport"' in bob.get(PAGE)[1]
    s.stop()


def test_off(start, own_project):
    s, bob, seen = guarded(start, own_project, "off")
    assert seen == (200, 200, 200)
    with open([os.path.join(p, "nginx.conf") for p, _, names in os.walk(
            s.env["TMPDIR"]) if "nginx.conf" in names][0]) as f:
        assert "auth_request" not in f.read()
    s.stop()


def test_without_collabd_saves_go_on(start, own_project):
    """Its death is no reason to keep anybody from saving."""
    s, bob, seen = guarded(start, own_project, "enforce")
    os.kill(s.master("collabd"), 9)
    assert save(bob, "afterwards")[0] == 200
    s.stop()

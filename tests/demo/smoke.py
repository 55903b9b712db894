"""The demo without a person: Alice and Bob share a room, Carol is kept out.
Prints the exchange and "demo: N passed, N failed".

Usage: smoke.py folder
"""
import asyncio
import json
import os
import sys
import urllib.request

import websockets

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from client import address, connect, tell
from steps import step, summary


class Person:
    def __init__(self, name, ws):
        self.name, self.ws, self.id = name, ws, None

    async def hears(self, kind, **fields):
        """The next frame, said in words."""
        try:
            frame = json.loads(await asyncio.wait_for(self.ws.recv(), 20))
        except (asyncio.TimeoutError,
                websockets.exceptions.ConnectionClosed) as e:
            step(False, "%s hears nothing, wanted %s (%r)" % (self.name,
                                                              kind, e))
            return {}
        if self.id is None:
            self.id = frame.get("user_id")
        ok = frame["type"] == kind and all(
            frame.get(k) == v for k, v in fields.items())
        step(ok, "%s is told: %s" % (self.name, tell(frame, self.id)))
        return frame

    async def says(self, kind):
        print("          %s sends %s" % (self.name, kind))
        await self.ws.send(json.dumps({"type": kind}))


async def exchange(folder):
    url = "http://%s/admin/collaboration/health" % address(folder)
    with urllib.request.urlopen(url, timeout=20) as answer:
        step(answer.status == 200, "health: " + answer.read().decode())
    alice = Person("alice", await connect(folder, "alice"))
    await alice.hears("user_joined")
    await alice.says("claim_editor")
    await alice.hears("editor_status", editor_id=alice.id)
    bob = Person("bob", await connect(folder, "bob"))
    await bob.hears("user_joined")
    await bob.hears("user_joined", user_id=alice.id)
    await alice.hears("user_joined", user_id=bob.id)
    await bob.says("claim_editor")
    await bob.hears("error", in_reply_to="claim_editor")
    await bob.says("request_attention")
    for one in (alice, bob):
        await one.hears("attention_requested", user_id=bob.id)
    await alice.says("content_updated")
    for one in (alice, bob):
        await one.hears("content_updated", user_id=alice.id)
    await alice.says("release_lock")
    for one in (alice, bob):
        await one.hears("lock_released", user_id=alice.id)
    await bob.says("claim_editor")
    for one in (alice, bob):
        await one.hears("editor_status", editor_id=bob.id)
    await bob.ws.close()
    await alice.hears("user_left", user_id=bob.id)
    await alice.hears("lock_released", user_id=bob.id)
    await alice.ws.close()
    try:
        await (await connect(folder, "carol")).close()
        step(False, "carol is let in")
    except websockets.exceptions.InvalidStatusCode as e:
        step(e.status_code == 403, "carol, who has no right to the object, "
             "is refused with HTTP %d" % e.status_code)


try:
    asyncio.run(asyncio.wait_for(exchange(sys.argv[1]), 120))
except Exception as e:
    step(False, repr(e))
sys.exit(summary())

"""One user of the demo in the room of group 1, in words.

Usage: client.py folder user

Type a word and Enter: claim, release, attention, save, status, quit.
"""
import asyncio
import json
import sys

import websockets

PATH = "admin/collaboration/auth/group/1"
WORDS = {
    "claim": "claim_editor", "release": "release_lock",
    "attention": "request_attention", "save": "content_updated",
    "status": "request_editor_status",
}


def tell(frame, me):
    """A frame in plain words."""
    who = frame.get("username") or "?"
    if frame.get("user_id") == me:
        who = "you"
    kind = frame["type"]
    if kind == "editor_status":
        if frame["editor_id"] is None:
            return "nobody edits; type: claim"
        if frame["editor_id"] == me:
            return "you are the editor; type: save, or release"
        return "%s edits, you watch; type: attention" % frame["editor_name"]
    if kind == "error":
        return "refused: %s" % frame["message"]
    return {
        "user_joined": "%s joined" % who if who != "you" else "you joined",
        "user_left": "%s left" % who,
        "lock_released": "%s no longer edit%s; type: claim" % (
            who, "" if who == "you" else "s"),
        "content_updated": "%s saved" % who,
        "attention_requested": "%s ask%s the editor for attention" % (
            who, "" if who == "you" else "s"),
        "claim_pending": "you are in the line for the lock",
    }.get(kind, json.dumps(frame))


def address(folder):
    with open(folder + "/port") as f:
        return "127.0.0.1:" + f.read().strip()


async def connect(folder, user):
    host = address(folder)
    with open("%s/%s.session" % (folder, user)) as f:
        cookie = "sessionid=" + f.read().strip()
    return await websockets.connect(
        "ws://%s/%s/" % (host, PATH), origin="http://" + host,
        extra_headers={"Cookie": cookie}, subprotocols=["collabd.v1"])


async def show(ws):
    me = None
    async for text in ws:
        frame = json.loads(text)
        if me is None:
            me = frame["user_id"]       # the first is always one's own
            await ws.send('{"type": "request_editor_status"}')
        print("  " + tell(frame, me), flush=True)
    print("  closed by the server (%s %s)" % (ws.close_code,
                                              ws.close_reason))


async def beat(ws):
    """What an open page sends, so that its lock stays fresh."""
    while True:
        await asyncio.sleep(15)
        await ws.send('{"type": "heartbeat"}')


async def type_words(ws):
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while True:
        line = await reader.readline()
        word = line.decode(errors="replace").strip()
        if not line or word == "quit":
            return
        if word in WORDS:
            await ws.send(json.dumps({"type": WORDS[word]}))
        elif word:
            print("  words: %s, quit" % ", ".join(WORDS))


async def main():
    folder, user = sys.argv[1:3]
    try:
        ws = await connect(folder, user)
    except websockets.exceptions.InvalidStatusCode as e:
        print("refused with HTTP %d%s" % (e.status_code, {
            403: ": %s has no right to this object" % user}.get(
                e.status_code, "")))
        return 1
    except OSError as e:
        print("cannot connect: %s. Is the demo running?" % e)
        return 1
    tasks = [asyncio.ensure_future(t(ws)) for t in (show, beat, type_words)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for t in tasks:
        t.cancel()
    await ws.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except KeyboardInterrupt:
        sys.exit(130)

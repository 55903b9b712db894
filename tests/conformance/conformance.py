"""Runs the table of cases.py against an echo room, through autobahn's
client: it does the handshake, checks every frame that the server sends, and
puts what the cases say on the wire, invalid or not.

Usage: conformance.py binary [word]    (only the cases with this word)
"""
import asyncio
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

from autobahn.asyncio.websocket import (WebSocketClientFactory,
                                        WebSocketClientProtocol)

from cases import CASES, LIMIT
from utils import PREFIX, Collabd

PATIENCE = 15
AT_A_TIME = 8


class Client(WebSocketClientProtocol):
    """Sends the steps of one case and notes what comes back."""

    def __init__(self, steps, answers, done):
        super().__init__()
        self.steps, self.answers, self.done = steps, answers, done
        self.events = []

    def onOpen(self):
        self.task = asyncio.ensure_future(self.play())

    async def play(self):
        for step in self.steps:
            if isinstance(step, tuple):
                _, size, data = step
                for i in range(0, len(data), size):
                    self.transport.write(data[i:i + size])
                    await asyncio.sleep(0)      # a turn: a write of its own
            else:
                self.transport.write(step)
                await asyncio.sleep(0)
        self.maybe_close()

    def maybe_close(self):
        """All came that should: end in order."""
        closes = self.answers and self.answers[-1][0] == "close"
        if not closes and len(self.events) >= len(self.answers):
            self.sendClose(1000)

    def note(self, *event):
        self.events.append(event)
        if hasattr(self, "task") and self.task.done():
            self.maybe_close()

    def onMessage(self, payload, isBinary):
        if isBinary:
            self.note("binary", payload)
        else:
            self.note("text", payload.decode("utf-8"))

    def onPong(self, payload):
        self.note("pong", payload)

    def onPing(self, payload):          # the server's own keep-alive
        self.sendPong(payload)

    def onClose(self, wasClean, code, reason):
        if not self.done.done():
            code = self.remoteCloseCode if self.wasServingClose() else None
            self.done.set_result(code)

    def wasServingClose(self):
        return self.state == self.STATE_CLOSED or \
            self.remoteCloseCode is not None


def verdict(answers, events, code):
    """None, or what is wrong."""
    want = list(answers)
    codes = (1000,)
    if want and want[-1][0] == "close":
        codes = want.pop()[1:]
    if events != [tuple(w) for w in want]:
        return "wanted %s, got %s" % (short(want), short(events))
    got = 1005 if code is None else code
    if got not in codes:
        return "wanted close %s, got %s" % (" or ".join(map(str, codes)), got)
    return None


def short(value):
    text = repr(value)
    return text if len(text) < 200 else text[:200] + "..."


async def run(port, item):
    name, steps, answers = item
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    factory = WebSocketClientFactory(
        "ws://127.0.0.1:%d/%s/echo/" % (port, PREFIX),
        origin="http://127.0.0.1:%d" % port)
    factory.setProtocolOptions(failByDrop=False, openHandshakeTimeout=10,
                               closeHandshakeTimeout=10,
                               serverConnectionDropTimeout=10)
    made = []

    def protocol():
        p = Client(steps, answers, done)
        p.factory = factory
        made.append(p)
        return p
    transport = None
    try:
        transport, _ = await loop.create_connection(protocol, "127.0.0.1",
                                                    port)
        code = await asyncio.wait_for(done, PATIENCE)
        return verdict(answers, made[0].events, code)
    except asyncio.TimeoutError:
        return "no end came; so far %s" % short(made[0].events)
    except OSError as e:
        return str(e)
    finally:
        if transport is not None:
            transport.abort()


async def run_all(port, cases):
    passed = failed = 0
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(item):
        async with gate:
            return item[0], await run(port, item)
    for result in asyncio.as_completed([one(c) for c in cases]):
        name, wrong = await result
        if wrong is None:
            passed += 1
        else:
            failed += 1
            print("  FAILED  %s: %s" % (name, wrong), flush=True)
    return passed, failed


def main():
    cases = [c for c in CASES if len(sys.argv) < 3 or sys.argv[2] in c[0]]
    names = [c[0] for c in CASES]
    assert len(names) == len(set(names)), "two cases with one name"
    with tempfile.TemporaryDirectory(prefix="cld") as folder:
        os.chmod(folder, 0o755)
        open(folder + "/db", "w").close()
        daemon = Collabd(
            folder + "/c", start=False, binary=os.path.abspath(sys.argv[1]),
            echo_room=True, redis_url="embedded",
            database_url="sqlite://%s/db" % folder, log_level="info",
            max_message_size=LIMIT, message_rate=1000000,
            message_burst=1000000)
        daemon.start(wait=False)
        try:
            wait_listening(daemon)
            passed, failed = asyncio.run(run_all(daemon.port, cases))
            try:
                daemon.stop()
            except AssertionError as e:
                print("  FAILED  the daemon's end:", e)
                failed += 1
        finally:
            if daemon.process is not None:
                daemon.stop()
    print("conformance: %d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


def wait_listening(daemon):
    import socket

    from utils import wait_for

    def up():
        assert daemon.process.poll() is None, daemon.log()
        try:
            socket.create_connection(("127.0.0.1", daemon.port), 1).close()
            return True
        except OSError:
            return False
    wait_for(up, "the daemon to listen")


if __name__ == "__main__":
    sys.exit(main())

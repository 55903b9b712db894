"""A relay between the daemons and Redis that makes their workers overtake each
other, as they do now and then on a slow machine.

With COLLABD_JITTER=<seed> (on: a seed of its own) each piece of what goes
either way of a connection is late by a random time. What goes one way keeps
its order, as with TCP; nothing else does.
"""
import asyncio
import functools
import itertools
import os
import random
import threading

from kit.base import free_port


def read_seed(text):
    if text in ("", "0", "off"):
        return None
    return str(random.randrange(1000000)) if text == "on" else text


JITTER = read_seed(os.environ.get("COLLABD_JITTER", ""))
if JITTER is not None:
    # Processes that run a part of the tests each have the same.
    os.environ["COLLABD_JITTER"] = JITTER


def lateness(rng):
    """Seconds: mostly little; one piece in four may be late by as much as
    others take for several round trips."""
    return rng.uniform(0, 0.1 if rng.random() < 0.25 else 0.015)


async def write_late(late, writer):
    """(when it is due, bytes) after (when, bytes), until b"" is the end."""
    loop = asyncio.get_running_loop()
    while True:
        due, data = await late.get()
        await asyncio.sleep(due - loop.time())
        if data == b"":
            writer.write_eof()
            return
        writer.write(data)
        await writer.drain()


async def read_on(reader, late, rng):
    loop = asyncio.get_running_loop()
    data = None
    while data != b"":
        data = await reader.read(65536)
        late.put_nowait((loop.time() + lateness(rng), data))


class Jitter:
    """Relays to any number of ports of this machine. They end with the
    program, because a server may come back on its port."""

    def __init__(self, seed):
        self.seed = seed
        self.ways = itertools.count()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def port_to(self, target):
        """Where a new relay to this port listens."""
        port = free_port()
        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(functools.partial(self._relay, target),
                                 "127.0.0.1", port, backlog=200),
            self.loop).result()
        return port

    async def _relay(self, target, reader, writer):
        writers = [writer]
        try:
            there = await asyncio.open_connection("127.0.0.1", target)
            writers.append(there[1])
            tasks = []
            for source, sink in ((reader, there[1]), (there[0], writer)):
                late = asyncio.Queue()
                rng = random.Random("%s %d" % (self.seed, next(self.ways)))
                tasks += [asyncio.ensure_future(read_on(source, late, rng)),
                          asyncio.ensure_future(write_late(late, sink))]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
        except OSError:
            for one in writers:
                one.transport.abort()
        for one in writers:
            one.close()


@functools.lru_cache(None)
def jitter():
    """The one of the program; None: nothing is to be late."""
    return None if JITTER is None else Jitter(JITTER)

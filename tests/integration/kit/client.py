"""A websocket client with blocking calls."""
import asyncio
import contextlib
import json
import threading
from urllib.parse import quote

import websockets

from kit.base import PATIENCE, PREFIX
from kit.frames import check_frame


class Loop:
    """One asyncio loop in a thread, so that tests read from top to bottom."""
    loop = None
    thread = None

    @classmethod
    def get(cls):
        if cls.loop is None:
            cls.loop = asyncio.new_event_loop()
            cls.thread = threading.Thread(target=cls.loop.run_forever,
                                          daemon=True)
            cls.thread.start()
        return cls.loop

    @classmethod
    def end(cls):
        """Ends what connections are still doing, and the loop."""
        async def cancel():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if cls.loop is not None:
            cls.run(cancel())
            cls.loop.call_soon_threadsafe(cls.loop.stop)
            cls.thread.join()
            cls.loop = None

    @classmethod
    def start(cls, coroutine):
        """Its future: it runs beside the test."""
        return asyncio.run_coroutine_threadsafe(coroutine, cls.get())

    @classmethod
    def run(cls, coroutine, patience=None):
        future = cls.start(coroutine)
        try:
            return future.result(patience or PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError("timed out") from None
        except TimeoutError:
            future.cancel()
            raise AssertionError("timed out") from None


class Refused(Exception):
    def __init__(self, status, headers):
        super().__init__("refused with %s" % status)
        self.status, self.headers = status, headers


class Closed(Exception):
    def __init__(self, code, reason):
        super().__init__("closed with %s %r" % (code, reason))
        self.code, self.reason = code, reason


def quote_path(text):
    return quote(text, safe="/%:@!$&'()*+,;=-._~")


class Ws:
    """One websocket. Every frame comes out once, in order."""

    def __init__(self, connection, user, room=""):
        self.connection = connection
        self.user = user
        self.is_chat = room.startswith("chat/") and room.count("/") == 1
        self.is_tab = False
        self.local_port = connection.local_address[1] \
            if connection.local_address else None

    @staticmethod
    async def connect(collabd, user, room, v1=False, origin="same",
                      headers=(), port=None, **options):
        port = port or collabd.port
        url = "ws://127.0.0.1:%d/%s/%s/" % (port, PREFIX, quote_path(room))
        name = collabd.settings.get("session_cookie_name", "sessionid")
        headers = list(headers)
        if user is not None:
            cookie = user if isinstance(user, str) else user.cookie
            headers.append(("Cookie", "%s=%s" % (name, cookie)))
        if origin == "same":
            origin = "http://127.0.0.1:%d" % port
        if v1:
            options["subprotocols"] = ["collabd.v1"]
        options.setdefault("ping_interval", None)
        options.setdefault("open_timeout", PATIENCE)
        options.setdefault("close_timeout", 5)
        try:
            return await websockets.connect(url, origin=origin,
                                            extra_headers=headers, **options)
        except websockets.exceptions.InvalidStatusCode as e:
            raise Refused(e.status_code, e.headers) from None

    @classmethod
    def open(cls, collabd, user, room, **options):
        return cls(Loop.run(cls.connect(collabd, user, room, **options),
                            PATIENCE + 5), user, room)

    @property
    def subprotocol(self):
        return self.connection.subprotocol

    def send(self, kind, /, **fields):
        """A message of a type, with its other fields."""
        return self.raw(json.dumps(dict(fields, type=kind)))

    def raw(self, data):
        """A message as it is: text or bytes."""
        Loop.run(self.connection.send(data))
        return self

    async def _receive(self, patience):
        try:
            return await asyncio.wait_for(self.connection.recv(), patience)
        except asyncio.TimeoutError:
            raise AssertionError("no frame came") from None
        except websockets.exceptions.ConnectionClosed as e:
            raise Closed(e.rcvd.code if e.rcvd else 1006,
                         e.rcvd.reason if e.rcvd else "") from None

    def receive(self, patience=None):
        patience = patience or PATIENCE
        return Loop.run(self._receive(patience), patience + 5)

    def next(self, patience=None):
        return self.read(self.receive(patience))

    def read(self, text):
        """The frame that a message is, checked."""
        assert isinstance(text, str), "a binary frame: %r" % text
        frame = json.loads(text)
        if frame.get("type") == "hello":
            self.is_tab = True
        check_frame(frame, self.is_chat, self.subprotocol is not None,
                    self.is_tab)
        return frame

    def expect(self, kind, **fields):
        """The next frame, which must be this one; fields are compared."""
        frame = self.next()
        assert frame.get("type") == kind, "wanted %s, got %s" % (kind, frame)
        for name, value in fields.items():
            assert name in frame, "%s is missing in %s" % (name, frame)
            assert frame[name] == value and \
                type(frame[name]) is type(value), \
                "%s: wanted %r in %s" % (name, value, frame)
        return frame

    def until(self, kind, **fields):
        """Reads on to the first such frame."""
        seen = []
        while True:
            try:
                frame = self.next()
            except (AssertionError, Closed) as e:
                raise AssertionError("no %s %s, only %s (%s)" %
                                     (kind, fields, seen, e)) from None
            seen.append(frame)
            if frame.get("type") == kind and \
                    all(frame.get(k) == v for k, v in fields.items()):
                return frame

    def quiet(self):
        """Nothing stands before the answer to a question asked now. (The
        answer comes at once from this worker; for what another worker sends
        use an event that this socket hears too.) Returns the answer."""
        self.send("request_editor_status")
        return self.expect("editor_status")

    def closed(self, patience=None):
        """Reads on to the end; the close code."""
        while True:
            try:
                self.receive(patience)
            except Closed as e:
                return e.code

    def close(self, code=1000):
        Loop.run(self.connection.close(code))

    def abort(self):
        """Cut without a close frame, as when a machine loses its network."""
        async def cut():
            if self.connection.transport is not None:
                self.connection.transport.abort()
        with contextlib.suppress(Exception):
            Loop.run(cut(), 5)

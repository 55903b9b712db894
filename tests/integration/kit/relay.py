"""A relay between a server and its clients, which breaks."""
import os
import select
import socket
import struct
import threading

from kit.base import free_port, wait_for


class FaultProxy:
    """A TCP relay to a port: open, cut (connections are reset, new ones at
    once), stalled (everything is accepted and nothing is passed on), holding
    (what is sent to the port is read and kept), which can be one connection's
    answers alone, or dropping (what is sent to the port is lost)."""

    def __init__(self, target):
        self.target = target
        self.port = free_port()
        self.mode = "open"
        self.pairs = []
        self.awaited = None     # what makes it hold
        self.asked = None       # whose answers it holds
        self.muted = []         # the server's sockets of those
        self.held = []          # (to which socket, bytes)
        self.refused = 0        # connections, while it was cut
        self.sent = None        # to the port, since watch()
        self.lock = threading.Lock()
        self.wake_r, self.wake_w = os.pipe()
        self.closing = False
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(200)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.closing:
            with self.lock:
                peers = {}
                if self.mode != "stalled":
                    for a, b in self.pairs:
                        peers[a], peers[b] = b, a
                watched = list(peers) + [self.wake_r, self.listener]
            try:
                ready = select.select(watched, [], [])[0]
            except (OSError, ValueError):
                continue
            for s in ready:
                if s == self.wake_r:
                    os.read(self.wake_r, 100)
                elif s is self.listener:
                    self._accept()
                else:
                    self._relay(s, peers.get(s))

    def _accept(self):
        client = self.listener.accept()[0]
        try:
            if self.mode == "cut":
                self.refused += 1
                raise OSError
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            self._reset(client)
            return
        with self.lock:
            self.pairs.append((client, server))

    @staticmethod
    def _reset(s):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
        s.close()

    def _keeps(self, s, peer, data):
        with self.lock:
            if s not in self._clients():
                if s in self.muted:
                    self.held.append((peer, data))
                return s in self.muted
            if self.sent is not None:
                self.sent += data
            if self.asked is not None and self.asked in data:
                self.asked = None
                self.muted.append(peer)
            if self.awaited is not None and self.awaited in data:
                self.awaited, self.mode = None, "holding"
            if self.mode == "holding":
                self.held.append((peer, data))
            return self.mode in ("holding", "dropping")

    def _relay(self, s, peer):
        try:
            data = s.recv(65536)
            if data and peer is not None:
                if not self._keeps(s, peer, data):
                    peer.sendall(data)
                return
        except OSError:
            pass
        with self.lock:
            for pair in [p for p in self.pairs if s in p]:
                self.pairs.remove(pair)
                for one in pair:
                    one.close()

    def _wake(self):
        os.write(self.wake_w, b"x")

    def cut(self):
        with self.lock:
            self.mode = "cut"
            for pair in self.pairs:
                for one in pair:
                    self._reset(one)
            self.pairs = []
        self._wake()

    def stall(self):
        with self.lock:
            self.mode = "stalled"
        self._wake()

    def drop(self):
        """Nothing reaches the port, and nobody is told."""
        with self.lock:
            self.mode = "dropping"

    def watch(self):
        with self.lock:
            self.sent = b""

    def wait_sent(self, text):
        """Until somebody sends this, after watch(); whatever becomes of it."""
        def has():
            with self.lock:
                return text.encode() in self.sent
        wait_for(has, "%r to be sent" % text)

    def hold_from(self, text):
        """Holds from the first piece on in which this is sent to the port."""
        with self.lock:
            self.awaited = text.encode()

    def hold_answers_to(self, text):
        """Holds what comes back on the connection on which this is sent."""
        with self.lock:
            self.asked = text.encode()

    def wait_held(self, text):
        """Until what is held has this."""
        def has():
            with self.lock:
                held = b"".join(data for _, data in self.held)
            return text.encode() in held
        wait_for(has, "%r to be held" % text)

    def let_requests(self):
        """What is sent to the port goes on; answers stay held."""
        with self.lock:
            self.mode = "open"
            self._let([(to, data) for to, data in self.held
                       if to not in self._clients()])

    def restore(self):
        with self.lock:
            self.mode, self.muted = "open", []
            self._let(list(self.held))
        self._wake()

    def _let(self, pieces):
        for piece in pieces:
            self.held.remove(piece)
            to, data = piece
            to.sendall(data)

    def _clients(self):
        return [client for client, _ in self.pairs]

    def stop(self):
        self.closing = True
        self.cut()
        self.thread.join(5)
        self.listener.close()

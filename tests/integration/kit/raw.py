"""Requests without a library."""
import base64
import socket

from kit.base import PATIENCE
from kit.site import User


def raw_head(path, port, cookie=None, origin="same", drop=(), extra=(),
             method="GET", version="HTTP/1.1", host=None):
    """The text of a handshake's request head."""
    host = host or "127.0.0.1:%d" % port
    fields = [("Host", host), ("Upgrade", "websocket"),
              ("Connection", "Upgrade"),
              ("Sec-WebSocket-Key",
               base64.b64encode(b"0123456789abcdef").decode()),
              ("Sec-WebSocket-Version", "13")]
    if origin == "same":
        fields.append(("Origin", "http://" + host))
    elif origin is not None:
        fields.append(("Origin", origin))
    if cookie is not None:
        fields.append(("Cookie", cookie))
    fields = [f for f in fields if f[0] not in drop] + list(extra)
    head = "%s %s %s\r\n" % (method, path, version)
    head += "".join("%s: %s\r\n" % f for f in fields) + "\r\n"
    return head.encode("latin-1", "surrogateescape")


def raw_response(s, patience=None):
    """(status, {header: value}, body text) read off a socket; after a 101
    the body is what came so far."""
    s.settimeout(patience or PATIENCE)
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(65536)
        if not got:
            raise ConnectionError("closed after %r" % data)
        data += got
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split()[1])
    headers = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length")
    while status != 101:
        if length is not None and len(body) >= int(length):
            break
        got = s.recv(65536)
        if not got:
            break
        body += got
    return status, headers, body.decode("latin-1")


def raw_request(port, head, patience=None):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as s:
        s.sendall(head)
        return raw_response(s, patience)


def raw_get(port, path):
    return raw_request(port, ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                              "Connection: close\r\n\r\n" %
                              (path, port)).encode())


def handshake(collabd, path, cookie=None, **options):
    """One handshake without a library: (status, headers, body)."""
    if isinstance(cookie, User):
        cookie = "sessionid=" + cookie.cookie
    return raw_request(collabd.port,
                       raw_head(path, collabd.port, cookie, **options))

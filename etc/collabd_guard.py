"""A Django middleware that asks collabd whether a form of the admin may be
saved, for sites whose proxy cannot ask (nginx, Caddy and Traefik can). Who is
not the editor of an object does not save it; see save_guard in collabd.conf(5).

Put this file where the site's Python finds it, and in its settings:

    MIDDLEWARE = ["collabd_guard.CollabdGuard", ...]    # the first, or nearly so
    COLLABD_GUARD = "unix:/run/collabd/guard.sock"      # or "127.0.0.1:8080"

COLLABD_GUARD is an address of collabd's "listen"; by default 127.0.0.1:8080.
collabd answers to peers in its trusted_proxies only, in which loopback addresses
and unix sockets are by default. COLLABD_PREFIX is its websocket_prefix, by
default that of django-admin-collaborator or admin/collaboration.

Whatever becomes of collabd, the site goes on: an answer that does not come
within COLLABD_GUARD_TIMEOUT seconds (0.1), or is not a clear no, is a yes. Works with Django 3.2 to 6.1.
"""
import logging
import socket
import time
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse

# A refusal's page; more is none of collabd's.
ANSWER_MAX = 65536
# What an answer says to this end of the connection only.
HOP_BY_HOP = ("connection", "content-length", "keep-alive",
              "transfer-encoding", "upgrade")

log = logging.getLogger("collabd_guard")


def connect(address, seconds):
    """A stream to "unix:/path", "host:port" or "[v6]:port"."""
    if address.startswith("unix:"):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.settimeout(seconds)
            s.connect(address[len("unix:"):])
        except OSError:
            s.close()
            raise
        return s
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), seconds)


def exchange(address, request, seconds):
    """Sends a request, and returns all that comes until the other side closes;
    OSError if that is not done in time."""
    deadline = time.monotonic() + seconds

    def left():
        rest = deadline - time.monotonic()
        if rest <= 0:
            raise socket.timeout("no answer in time")
        return rest
    with connect(address, left()) as s:
        s.settimeout(left())
        s.sendall(request)
        answer = b""
        while len(answer) <= ANSWER_MAX:
            s.settimeout(left())
            piece = s.recv(ANSWER_MAX)
            if not piece:
                break
            answer += piece
    return answer


def parse(answer):
    """(status, [(header, value), ...], body); ValueError if it is none."""
    head, end, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if not end or len(words) < 2 or not words[0].startswith("HTTP/1."):
        raise ValueError("no HTTP answer")
    headers = [tuple(part.strip() for part in line.split(":", 1))
               for line in lines[1:]]
    if any(len(h) != 2 for h in headers):
        raise ValueError("a broken header")
    return int(words[1]), headers, body


class CollabdGuard:
    def __init__(self, get_response):
        self.get_response = get_response
        self.address = getattr(settings, "COLLABD_GUARD", "127.0.0.1:8080")
        # Of each question, whatever is slow.
        self.seconds = getattr(settings, "COLLABD_GUARD_TIMEOUT", 0.1)
        self.prefix = str(getattr(
            settings, "COLLABD_PREFIX", None) or getattr(
                settings, "ADMIN_COLLABORATOR_WEBSOCKET_CONNECTION_PREFIX_URL",
                None) or "admin/collaboration").strip("/")

    def __call__(self, request):
        if request.method == "POST":
            refusal = self.refusal(request)
            if refusal is not None:
                return refusal
        return self.get_response(request)

    def ask(self, what, request):
        """What collabd answers about a request."""
        lines = ["GET /%s/%s HTTP/1.1" % (self.prefix, what),
                 "Host: collabd",
                 "X-Original-Method: " + request.method,
                 "X-Original-URI: " + quote(request.path)]
        for name in ("Cookie", "Accept-Language", "Sec-Fetch-Mode"):
            value = request.META.get("HTTP_" + name.upper().replace("-", "_"))
            if value and not set("\r\n\0") & set(value):
                lines.append("%s: %s" % (name, value))
        head = "\r\n".join(lines) + "\r\n\r\n"
        return parse(exchange(self.address, head.encode("latin-1"),
                              self.seconds))

    def refusal(self, request):
        """The answer to a form that may not be saved; else None."""
        try:
            status, headers, body = self.ask("guard", request)
        except (OSError, ValueError) as e:
            log.warning("collabd does not say whether %s may be saved: %s",
                        request.path, e)
            return None
        if status != 403:
            return None
        try:
            # A server may cut a connection on which a form was left unread.
            while request.read(65536):
                pass
            answer = self.ask("refused", request)
            if answer[0] in (204, 423):
                status, headers, body = answer
        except (OSError, ValueError):
            pass                # the first answer has a page as well
        response = HttpResponse(body, status=status)
        if not body:
            del response["Content-Type"]
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                response[name] = value
        return response

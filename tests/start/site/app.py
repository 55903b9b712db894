"""A site without a framework, for what goes through a proxy. gunicorn runs it.

    /echo            what of the request arrived, as JSON
    /upload          reads the body; how many bytes, and their SHA-256
    /download?n=N    N bytes
    /status/N        that status, with a text of the site's own
    /stream?file=F   one line, and when F is there another one
    /wait?file=F     an answer when F is there
    /admin/...       a page of HTML; ?policy=P gives it that
                     Content-Security-Policy, ?status=N that status
"""
import hashlib
import json
import os
import select
from urllib.parse import parse_qs

PAGE = b"<!doctype html><html><head><title>x</title></head><body>x</body></html>"


def wait_for_file(path):
    while not os.path.exists(path):
        select.select([], [], [], 0.01)


def body(environ):
    """(bytes, sha256), read in pieces."""
    total, digest = 0, hashlib.sha256()
    while True:
        piece = environ["wsgi.input"].read(65536)
        if not piece:
            return total, digest.hexdigest()
        total += len(piece)
        digest.update(piece)


def echo(environ, query):
    length, digest = body(environ)
    headers = {k[5:].replace("_", "-").title(): v for k, v in environ.items()
               if k.startswith("HTTP_")}
    return 200, "application/json", [json.dumps({
        "method": environ["REQUEST_METHOD"], "uri": environ["RAW_URI"],
        "headers": headers, "length": length, "sha256": digest,
        "pid": os.getpid()}).encode()]


def upload(environ, query):
    return 200, "text/plain", [("%d %s" % body(environ)).encode()]


def download(environ, query):
    n = int(query["n"])
    piece = b"x" * 65536
    return 200, "application/octet-stream", (
        piece[:min(len(piece), n - i)] for i in range(0, n, len(piece)))


def stream(environ, query):
    def lines():
        yield b"first\n"
        wait_for_file(query["file"])
        yield b"second\n"
    return 200, "text/plain", lines()


def wait(environ, query):
    wait_for_file(query["file"])
    return 200, "text/plain", [b"done"]


def app(environ, start_response):
    query = {k: v[-1] for k, v in parse_qs(environ["QUERY_STRING"]).items()}
    path = environ["PATH_INFO"]
    extra = []
    pages = {"/echo": echo, "/upload": upload, "/download": download,
             "/stream": stream, "/wait": wait}
    if path in pages:
        status, kind, text = pages[path](environ, query)
    elif path.startswith("/status/"):
        status, kind = int(path[8:]), "text/plain"
        text = [b"the site's own %d" % status]
    elif path.startswith("/admin/"):
        status, kind = int(query.get("status", 200)), "text/html"
        text = [PAGE]
        if "policy" in query:
            extra.append(("Content-Security-Policy", query["policy"]))
        extra.append(("X-Coding", environ.get("HTTP_ACCEPT_ENCODING", "")))
    else:
        status, kind, text = 404, "text/html", [PAGE]
    if isinstance(text, list):
        extra.append(("Content-Length", str(len(text[0]))))
    start_response("%d Whatever" % status, [("Content-Type", kind)] + extra)
    return text

#!/usr/bin/python3
"""Makes seeds for the fuzz targets out of the test vectors.

usage: make_corpus.py DIR

Writes DIR/<target>/<number>, for the targets session, cookie, origin, url and
conf.
"""
import base64
import json
import os
import sys
import zlib

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def latin1(text):
    """The bytes that are on the wire (see meta.encoding of the vectors)."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def sessions(vectors):
    """First byte: 0 text, 1 a value to sign, 2 and 3 JSON (3 in the old
    form)."""
    texts = [v["session_data"] for v in vectors["session_data"]]
    for v in vectors["auth"]:
        data = v["session_data"]
        texts += data.values() if isinstance(data, dict) else [data]
    texts += [v["cookie_value"] for v in vectors["signed_cookies"]]
    for text in sorted(set(texts)):
        yield b"\0" + text.encode()
        value = text.rpartition(":")[0]
        if not value:
            continue
        yield b"\1" + value.encode()
        payload = value.rpartition(":")[0]
        try:
            plain = base64.urlsafe_b64decode(
                payload.lstrip(".") + "=" * (-len(payload.lstrip(".")) % 4))
            if payload.startswith("."):
                plain = zlib.decompress(plain)
        except (ValueError, zlib.error):
            continue
        yield b"\2" + plain
        yield b"\3" + plain


def cookies(vectors):
    """First byte: the size of the buffer."""
    for v in vectors["cookies"]:
        for header in v["headers"]:
            yield b"\x28" + latin1(header)


def origins(vectors):
    """First byte: 1 channels, 2 https, 4 the number of Origin headers."""
    for v in vectors["origins"]:
        origin = v["origin"]
        many = isinstance(origin, list)
        count = len(origin) if many else int(origin is not None)
        text = origin[-1] if many else origin or ""
        lines = [latin1(text), v["host"].encode(),
                 " ".join(v["allowed_hosts"]).encode(),
                 " ".join(v["csrf_trusted_origins"]).encode()]
        for channels in 0, 1:
            flags = channels | 2 * v["request_secure"] | 4 * count
            yield bytes([flags]) + b"\n".join(lines)


def urls(vectors):
    """First two bytes: where the marker goes."""
    for kind in "redis_urls", "database_urls":
        for i, v in enumerate(vectors[kind]):
            yield bytes([i, 0]) + v["url"].encode()
    for text in ("sqlite:////srv/site/db.sqlite3",
                 r"dbname='a b' password='it\'s' host=h port=5433",
                 "rediss://:p@h?ssl_cert_reqs=none&ssl_ca_certs=/ca.pem",
                 "postgres://u:p@h/d?currentSchema=x&ssl=true&options=-cx"):
        yield b"\x10\0" + text.encode()


def confs(_vectors):
    """The sample file whole, and line by line."""
    path = os.path.join(ROOT, "etc", "collabd.conf")
    if os.path.exists(path):
        with open(path, "rb") as f:
            text = f.read()
        yield text
        for line in text.splitlines():
            if b"=" in line:
                yield line.lstrip(b"# ")
    yield b"workers = 4\nlisten = 127.0.0.1:80\nlisten = unix:/run/x\n"
    yield b"drain_time = 1.5s\nmax_message_size = 64k\norigin = channels\n"
    yield b"secret_key_fallbacks = a b, c\nchat_empty_state_text = \" x \"\n"


TARGETS = {"session": sessions, "cookie": cookies, "origin": origins,
           "url": urls, "conf": confs}


def main():
    """Writes all seeds."""
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    path = os.path.join(ROOT, "tests", "vectors.json")
    with open(path, encoding="utf-8") as f:
        vectors = json.load(f)
    for target, seeds in TARGETS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        count = 0
        for seed in seeds(vectors):
            with open(os.path.join(folder, f"{count:04}"), "wb") as f:
                f.write(seed)
            count += 1
        print(f"{target}: {count} seeds")


if __name__ == "__main__":
    main()

"""A site that keeps what came, byte for byte: wire.py SOCKET FOLDER. Each
connection is a file of the folder, written when it ends. Every request is
answered 200; one that asks for a websocket gets a 101 unless its path is
/refuse, and then whatever it sends."""
import asyncio
import base64
import hashlib
import itertools
import os
import sys

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
numbers = itertools.count()


async def answer(reader, writer):
    kept = b""
    try:
        while b"\r\n\r\n" not in kept:
            piece = await reader.read(65536)
            if not piece:
                return
            kept += piece
        head = kept.split(b"\r\n\r\n")[0].decode("latin-1")
        fields = dict(line.lower().split(": ", 1)
                      for line in head.split("\r\n")[1:])
        if fields.get("upgrade") == "websocket" and \
                fields["connection"] == "upgrade" and "/refuse" not in head:
            key = [line.split(": ")[1] for line in head.split("\r\n")
                   if line.lower().startswith("sec-websocket-key")][0]
            accept = base64.b64encode(hashlib.sha1(
                (key + GUID).encode()).digest()).decode()
            writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: "
                          "websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n" %
                          accept).encode())
            while True:
                piece = await reader.read(65536)
                if not piece:
                    return
                kept += piece
                writer.write(piece)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                     b"Content-Type: text/plain\r\n\r\nok")
        await writer.drain()
        # Whatever else comes on this connection.
        while True:
            piece = await reader.read(65536)
            if not piece:
                return
            kept += piece
    except ConnectionError:
        pass
    finally:
        if kept:
            path = "%s/%d" % (sys.argv[2], next(numbers))
            with open(path + ".new", "wb") as f:
                f.write(kept)
            os.rename(path + ".new", path)
        writer.close()


async def main():
    server = await asyncio.start_unix_server(answer, sys.argv[1])
    async with server:
        await server.serve_forever()


asyncio.run(main())

"""The table of RFC 6455 cases: what is sent, and what must come back.

A case is (name, steps, answers). Steps are bytes for the wire, made by
frame() or raw; a step that is a tuple ("chop", n, bytes) goes out n bytes at
a time. Answers, in order:

    ("text", str)  ("binary", bytes)  ("pong", bytes)
    ("close", code, ...)    the server closes with one of these codes;
                            1005 is a close without a code

A case whose answers end without a close is closed by the client with 1000,
and the server must answer that with 1000.
"""
import struct

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
LIMIT = 64 * 1024           # max_message_size of the daemon under test


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, length=None,
          width=None, key=b"\x11\x22\x33\x44"):
    """One client frame. length announces another size than the payload has;
    width 7, 16 or 64 forces the form in which it is written."""
    if isinstance(payload, str):
        payload = payload.encode("utf-8", "surrogatepass")
    n = len(payload) if length is None else length
    if width is None:
        width = 7 if n < 126 else 16 if n < 65536 else 64
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if masked else 0
    if width == 7:
        head += bytes([bit | n])
    elif width == 16:
        head += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", n)
    if not masked:
        return head + payload
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + key + body.to_bytes(len(payload), "big")


def close_frame(code=None, reason=b""):
    body = b"" if code is None else struct.pack(">H", code) + reason
    return frame(CLOSE, body)


CASES = []


def case(name, steps, *answers):
    CASES.append((name, steps if isinstance(steps, list) else [steps],
                  list(answers)))


ERROR = ("close", 1002)
BAD_TEXT = ("close", 1007)
TOO_BIG = ("close", 1009)

# --- 5.2 base framing: lengths, whole and in pieces ------------------------
for n in (0, 1, 2, 124, 125, 126, 127, 128, 1000, 16384, 65535, LIMIT):
    text = ("*" * n)
    blob = bytes(i & 255 for i in range(n))
    case("text of %d bytes" % n, frame(TEXT, text), ("text", text))
    case("binary of %d bytes" % n, frame(BINARY, blob), ("binary", blob))
for n in (0, 1, 125, 126, 300):
    case("text of %d bytes, byte by byte" % n,
         ("chop", 1, frame(TEXT, "c" * n)), ("text", "c" * n))
for n in (997, 4096):
    case("text of %d bytes in pieces of %d" % (LIMIT, n),
         ("chop", n, frame(TEXT, "p" * LIMIT)), ("text", "p" * LIMIT))
for cut in range(1, 15):
    wire = frame(TEXT, "cut" * 100)
    case("header cut after %d bytes" % cut, [wire[:cut], wire[cut:]],
         ("text", "cut" * 100))
case("three frames in one segment",
     frame(TEXT, "one") + frame(BINARY, b"two") + frame(TEXT, "three"),
     ("text", "one"), ("binary", b"two"), ("text", "three"))
case("a frame and a half in one segment",
     [frame(TEXT, "one") + frame(TEXT, "two")[:5], frame(TEXT, "two")[5:]],
     ("text", "one"), ("text", "two"))
case("masking key of zeroes", frame(TEXT, "plain", key=b"\0\0\0\0"),
     ("text", "plain"))
case("masking key of ones", frame(BINARY, b"\xff\x00", key=b"\xff" * 4),
     ("binary", b"\xff\x00"))

# --- 5.1 masking -----------------------------------------------------------
case("unmasked text", frame(TEXT, "x", masked=False), ERROR)
case("unmasked empty text", frame(TEXT, "", masked=False), ERROR)
case("unmasked ping", frame(PING, b"x", masked=False), ERROR)
case("unmasked close", frame(CLOSE, b"\x03\xe8", masked=False), ERROR)

# --- 5.2 length encodings --------------------------------------------------
for n in (0, 1, 125):
    case("%d bytes in the 16-bit form" % n,
         frame(TEXT, "x" * n, width=16), ERROR)
for n in (0, 125, 126, 65535):
    case("%d bytes in the 64-bit form" % n,
         frame(TEXT, "x" * n, width=64), ERROR)
case("64-bit length with the top bit",
     frame(TEXT, "", length=1 << 63, width=64), ERROR)
case("64-bit length of all ones",
     frame(TEXT, "", length=(1 << 64) - 1, width=64), ERROR)

# --- limits, on the announced length ---------------------------------------
for n in (LIMIT + 1, 1 << 20, 1 << 31, 1 << 32, (1 << 63) - 1):
    case("text of %d bytes announced" % n,
         frame(TEXT, "", length=n, width=64), TOO_BIG)
    case("binary of %d bytes announced" % n,
         frame(BINARY, b"", length=n, width=64), TOO_BIG)
case("fragments that add up to the limit",
     [frame(TEXT, "a" * 32768, fin=False), frame(CONT, "b" * 32768)],
     ("text", "a" * 32768 + "b" * 32768))
case("fragments that add up to more",
     [frame(TEXT, "a" * 32768, fin=False), frame(CONT, "b" * 32769)], TOO_BIG)

# --- 5.5 control frames ----------------------------------------------------
for body in (b"", b"hello", b"\x00\xff\xfe\x80", b"p" * 125):
    case("ping with %d bytes" % len(body), frame(PING, body), ("pong", body))
    case("ping with %d bytes, byte by byte" % len(body),
         ("chop", 1, frame(PING, body)), ("pong", body))
    case("unasked pong with %d bytes" % len(body),
         [frame(PONG, body), frame(TEXT, "after")], ("text", "after"))
case("pings and a message, in order",
     frame(PING, b"1") + frame(TEXT, "2") + frame(PING, b"3"),
     ("pong", b"1"), ("text", "2"), ("pong", b"3"))
case("ping of 126 bytes", frame(PING, b"p" * 126), ERROR)
case("pong of 126 bytes", frame(PONG, b"p" * 126), ERROR)
case("close of 126 bytes", frame(CLOSE, b"\x03\xe8" + b"r" * 124), ERROR)
case("ping of 1 MiB announced", frame(PING, b"", length=1 << 20, width=64),
     ("close", 1002, 1009))
for opcode, name in ((PING, "ping"), (PONG, "pong"), (CLOSE, "close")):
    case("fragmented " + name, frame(opcode, b"\x03\xe8", fin=False), ERROR)

# --- 5.2 reserved bits and opcodes -----------------------------------------
for opcode, name in ((TEXT, "text"), (BINARY, "binary"), (PING, "ping"),
                     (PONG, "pong"), (CLOSE, "close")):
    for rsv in range(1, 8):
        case("reserved bits %d on a %s" % (rsv, name),
             frame(opcode, b"\x03\xe8" if opcode == CLOSE else b"x",
                   rsv=rsv), ERROR)
case("reserved bit on a continuation",
     [frame(TEXT, "a", fin=False), frame(CONT, "b", rsv=4)], ERROR)
for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    case("reserved opcode %d" % opcode, frame(opcode, b"x"), ERROR)
    case("reserved opcode %d after a message" % opcode,
         [frame(TEXT, "first"), frame(opcode)], ("text", "first"), ERROR)
    case("reserved opcode %d in a message" % opcode,
         [frame(TEXT, "a", fin=False), frame(opcode)], ERROR)

# --- 5.4 fragmentation -----------------------------------------------------
case("text in two", [frame(TEXT, "frag", fin=False), frame(CONT, "ment")],
     ("text", "fragment"))
case("text in two, one segment",
     frame(TEXT, "frag", fin=False) + frame(CONT, "ment"),
     ("text", "fragment"))
case("text in two, byte by byte",
     ("chop", 1, frame(TEXT, "frag", fin=False) + frame(CONT, "ment")),
     ("text", "fragment"))
case("binary in three",
     [frame(BINARY, b"\0", fin=False), frame(CONT, b"\1", fin=False),
      frame(CONT, b"\2")], ("binary", b"\0\1\2"))
case("all fragments empty",
     [frame(TEXT, "", fin=False), frame(CONT, "", fin=False),
      frame(CONT, "")], ("text", ""))
case("empty first and last",
     [frame(TEXT, "", fin=False), frame(CONT, "mid", fin=False),
      frame(CONT, "")], ("text", "mid"))
case("twenty fragments",
     frame(TEXT, "0", fin=False) +
     b"".join(frame(CONT, "%d" % (i % 10), fin=False) for i in range(1, 19)) +
     frame(CONT, "9"), ("text", "0123456789" * 2))
case("ping between fragments",
     [frame(TEXT, "a", fin=False), frame(PING, b"in"), frame(CONT, "b")],
     ("pong", b"in"), ("text", "ab"))
case("pong between fragments",
     [frame(TEXT, "a", fin=False), frame(PONG, b"in"), frame(CONT, "b")],
     ("text", "ab"))
case("close between fragments",
     [frame(TEXT, "a", fin=False), close_frame(1000)], ("close", 1000))
case("continuation without a start", frame(CONT, "x"), ERROR)
case("continuation without a start or an end", frame(CONT, "x", fin=False),
     ERROR)
case("continuation after a whole message",
     [frame(TEXT, "x"), frame(CONT, "y")], ("text", "x"), ERROR)
case("text inside a message",
     [frame(TEXT, "a", fin=False), frame(TEXT, "b")], ERROR)
case("binary inside a message",
     [frame(TEXT, "a", fin=False), frame(BINARY, b"b")], ERROR)
case("a start inside a message",
     [frame(BINARY, b"a", fin=False), frame(BINARY, b"b", fin=False)], ERROR)
case("two fragmented messages",
     [frame(TEXT, "a", fin=False), frame(CONT, "b"),
      frame(BINARY, b"c", fin=False), frame(CONT, b"d")],
     ("text", "ab"), ("binary", b"cd"))
case("a flood of empty fragments",
     frame(TEXT, "", fin=False) + frame(CONT, "", fin=False) * 100000,
     ("close", 1002, 1008, 1009))

# --- 8.1 UTF-8 -------------------------------------------------------------
VALID = {
    "two bytes": "\u00e9", "three bytes": "\u20ac", "four bytes": "\U0001f600",
    "first of two": "\x80", "last of two": "\u07ff", "first of three":
    "\u0800", "last of three": "\uffff", "first of four": "\U00010000",
    "last of all": "\U0010ffff", "below the surrogates": "\ud7ff",
    "above the surrogates": "\ue000", "non-character": "\ufffe",
    "byte order mark": "\ufefftext", "a NUL": "a\0b",
    "mixed": "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!",
}
for name, text in VALID.items():
    case("UTF-8: " + name, frame(TEXT, text), ("text", text))
    case("UTF-8: %s, byte by byte" % name,
         ("chop", 1, frame(TEXT, text)), ("text", text))
    if len(text) < 8:
        case("UTF-8: %s, a fragment a byte" % name,
             frame(TEXT, b"", fin=False) +
             b"".join(frame(CONT, bytes([b]), fin=False)
                      for b in text.encode()) + frame(CONT, b""),
             ("text", text))
INVALID = {
    "lone continuation": b"\x80", "two lone continuations": b"\xbf\xbf",
    "FE": b"\xfe", "FF": b"\xff", "C0 80": b"\xc0\x80",
    "overlong slash, 2": b"\xc0\xaf", "overlong slash, 3": b"\xe0\x80\xaf",
    "overlong slash, 4": b"\xf0\x80\x80\xaf", "C1 BF": b"\xc1\xbf",
    "overlong 3": b"\xe0\x9f\xbf", "overlong 4": b"\xf0\x8f\xbf\xbf",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "first surrogate": b"\xed\xa0\x80", "last surrogate": b"\xed\xbf\xbf",
    "surrogate pair": b"\xed\xa0\x80\xed\xb0\x80",
    "above the last": b"\xf4\x90\x80\x80", "F5": b"\xf5\x80\x80\x80",
    "cut after 1 of 2": b"\xc3", "cut after 2 of 3": b"\xe2\x82",
    "cut after 3 of 4": b"\xf0\x9f\x98", "bad second": b"\xe2\x28\xa1",
    "bad third": b"\xe2\x82\x28", "good then bad": "\u20ac".encode() +
    b"\xff", "bad then good": b"\xff" + "\u20ac".encode(),
}
for name, wire in INVALID.items():
    case("not UTF-8: " + name, frame(TEXT, b"ab" + wire), BAD_TEXT)
    case("not UTF-8: %s, in the last fragment" % name,
         [frame(TEXT, "good", fin=False), frame(CONT, wire)], BAD_TEXT)
    case("not UTF-8 is fine as binary: " + name, frame(BINARY, wire),
         ("binary", wire))
case("a character cut by the end of the message",
     [frame(TEXT, b"\xe2\x82", fin=False), frame(CONT, b"")], BAD_TEXT)
case("a character across fragments",
     [frame(TEXT, b"\xe2", fin=False), frame(CONT, b"\x82\xac")],
     ("text", "\u20ac"))
case("a ping inside a character",
     [frame(TEXT, b"\xe2", fin=False), frame(PING, b"!"),
      frame(CONT, b"\x82\xac")], ("pong", b"!"), ("text", "\u20ac"))

# --- 5.5.1, 7 closing ------------------------------------------------------
case("close without a body", close_frame(), ("close", 1005, 1000))
case("close with one byte", frame(CLOSE, b"\x03"), ERROR)
case("close with a code, byte by byte", ("chop", 1, close_frame(1000)),
     ("close", 1000))
case("close with the longest reason", close_frame(1000, b"r" * 123),
     ("close", 1000))
case("close with a reason in UTF-8",
     close_frame(1000, "gr\u00fc\u00dfe".encode()), ("close", 1000))
for name, wire in INVALID.items():
    case("close with a reason not UTF-8: " + name, close_frame(1000, wire),
         BAD_TEXT)
# (1014 is valid too, but this client takes it for an error.)
for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
             3000, 3999, 4000, 4999):
    case("close with %d" % code, close_frame(code), ("close", code))
for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
             65535):
    case("close with the bad code %d" % code, close_frame(code), ERROR)
case("two closes", close_frame(1000) + close_frame(1001), ("close", 1000))
case("a message behind the close", close_frame(1001) + frame(TEXT, "late"),
     ("close", 1001))
case("a ping behind the close", close_frame(1000) + frame(PING, b"late"),
     ("close", 1000))
case("a message before the close", frame(TEXT, "early") + close_frame(1000),
     ("text", "early"), ("close", 1000))
case("a protocol error behind the close",
     close_frame(1000) + frame(15, b"x"), ("close", 1000))

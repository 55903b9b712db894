"""What the integration tests are made of. Each part is in a file of its own in
kit/; tests take all of it from here.

    Postgres   a private cluster on loopback TCP, SCRAM, run by "postgres"
    Redis      a private redis-server: TCP, TLS or a unix socket, a password
    Site       a real Django project with its users and sessions
    Collabd    the daemon: its configuration, log, workers, an orderly end
    Ws         a websocket client (python3-websockets) with blocking calls
    Gunicorn   the site as it answers to browsers; Nginx, in front of it; Browser
    raw_*      sockets without a library, for what a library would not send
    FaultProxy a TCP relay that can be cut, stalled, held and restored
    JITTER     is not None if all that goes to Redis and back is late

Nothing here sleeps to synchronise: what is awaited is an event (a frame, a
line of a log, an exit), and each wait has a deadline after which the test
fails with what was seen. All files live in a temporary folder.
"""
import psycopg2

from kit.base import (BINARY, DJANGOS, HERE, KEY, PATIENCE, PREFIX, REQUIRE,
                      ROOT, SANITIZED, SOON, alive, build, descendants,
                      exe_of, free_port, has_open, server_inode,
                      signal_and_wait, unique, wait_for)
from kit.jitter import JITTER
from kit.tls import make_ca, make_certificate, openssl
from kit.postgres import Postgres
from kit.redis import Redis
from kit.relay import FaultProxy
from kit.site import Site, User, django_python
from kit.daemon import Collabd
from kit.web import Browser, Gunicorn, Nginx
from kit.frames import CHAT_FRAMES, EDIT_FRAMES, TAB_FRAMES, TIME, check_frame
from kit.client import Closed, Loop, Refused, Ws, quote_path
from kit.raw import handshake, raw_get, raw_head, raw_request, raw_response

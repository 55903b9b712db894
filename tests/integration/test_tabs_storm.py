"""Exactly one editor: twenty tabs of twenty users on four workers say at
random whatever a tab can say, at once and again and again."""
import asyncio
import collections
import json
import random

import pytest

from tabs import CHECKS
from utils import Loop, PATIENCE, Ws, unique

TABS = 20
ROUNDS = 60
WORKERS = 4
VERBS = [("claim_editor", {}), ("claim_editor", {"move": True}),
         ("release_lock", {}), ("release_lock", {"grace": True}),
         ("request_edit", {}), ("request_edit", {}), ("cancel_request", {}),
         ("answer_request", {"answer": "hand_over"}),
         ("answer_request", {"answer": "later"}), ("take_over", {}),
         ("heartbeat", {}), ("content_updated", {})]


@pytest.fixture(scope="module")
def settings():
    """No time runs out while it lasts."""
    return dict(workers=WORKERS, log_level="info",
                notification_request_interval=0, reclaim_grace=3600,
                leave_grace=60, offer_time=3600, handover_countdown=3600,
                handover_hold=3600, heartbeat_timeout=3600,
                save_poll_interval=0)


class Actor:
    """One tab. Reads all the time; keeps what it was shown last."""

    def __init__(self, user, connection, id):
        self.user, self.connection, self.id = user, connection, id
        self.lock, self.states = None, {}
        self.events = []
        self.news = asyncio.Event()

    def is_editor(self):
        editor = self.lock and self.lock["editor"]
        return bool(editor) and editor["user_id"] == self.user.id

    async def say(self, kind, **fields):
        await self.connection.send(json.dumps(dict(fields, type=kind)))

    async def read(self):
        async for text in self.connection:
            frame = json.loads(text)
            kind = frame["type"]
            if kind in CHECKS:
                CHECKS[kind](frame)
            if kind == "lock":
                # When a head start ends is reckoned by each worker.
                if frame["previous"] is not None:
                    del frame["previous"]["until"]
                self.lock = frame
            elif kind == "user_present":
                user = frame["user"]
                self.states[user["user_id"]] = user["state"]
            elif kind == "presence":
                self.states = {u["user_id"]: u["state"]
                               for u in frame["users"]}
            elif kind in ("handed_over", "taken_over", "lock_lost"):
                self.events.append(frame)
            self.news.set()

    async def until_all_are(self, state, ids):
        while {i: s for i, s in self.states.items()
               if i in ids and s == state}.keys() != ids:
            self.news.clear()
            await self.news.wait()


async def one_round(actors, state, ids):
    """Everybody says something, and shows then that it has been done: what a
    socket says is worked off in its order."""
    async def act(actor):
        kind, fields = random.choice(VERBS)
        if random.random() < 0.5 and actor.is_editor():
            kind, fields = "answer_request", {"answer": "hand_over"}
        if random.random() < 0.2:
            fields = dict(fields, user_id=random.choice(sorted(ids)))
        if random.random() < 0.7:
            await actor.say(kind, **fields)
        await actor.say("state", state=state)
    await asyncio.gather(*[act(a) for a in actors])
    await asyncio.wait_for(asyncio.gather(
        *[a.until_all_are(state, ids) for a in actors]), PATIENCE)


async def storm(collabd, room, users, rounds):
    actors, readers = [], []
    for user in users:
        connection = await Ws.connect(collabd, user, room, v1=True)
        actor = Actor(user, connection, "tab-%s" % user.pk)
        actors.append(actor)
        readers.append(asyncio.ensure_future(actor.read()))
        await actor.say("hello", tab=actor.id, state="viewing")
    pids = [collabd.worker_of(Ws(a.connection, a.user)) for a in actors]
    assert len(set(pids)) == WORKERS
    ids = {u.id for u in users}
    editors = collections.Counter()
    try:
        await asyncio.wait_for(asyncio.gather(
            *[a.until_all_are("viewing", ids) for a in actors]), PATIENCE)
        for i in range(rounds):
            state = "dirty" if i % 2 == 0 else "viewing"
            await one_round(actors, state, ids)
            for a in actors:
                assert a.lock == actors[0].lock, "round %d: %s and %s" % (
                    i, a.lock, actors[0].lock)
            editor = actors[0].lock["editor"]
            editors[editor and editor["user_id"]] += 1
            if editor is not None:
                assert editor["tab"] == "tab-%s" % editor["user_id"]
        for reader in readers:
            assert not reader.done(), reader
    finally:
        for a in actors:
            a.connection.transport.abort()
        await asyncio.gather(*readers, return_exceptions=True)
    return actors, editors


def test_one_editor(collabd, site, people, room):
    users = [site.user(unique("root"), superuser=True) for _ in range(4)]
    users += [site.staff(unique("user")) for _ in range(TABS - 4)]
    random.seed(20261125)
    actors, editors = Loop.run(storm(collabd, room, users, ROUNDS),
                               ROUNDS + PATIENCE)
    # They did fight for it.
    assert len(editors) > 5, editors
    for a in actors:
        assert a.events == actors[0].events
    kinds = collections.Counter(e["type"] for e in actors[0].events)
    assert kinds["taken_over"] >= ROUNDS / 15, kinds
    assert kinds["handed_over"] >= ROUNDS / 15, kinds
    # Each was noted once, and before its worker did what came next.
    metrics = collabd.metrics()
    name = "collabd_lock_changes_total{kind=\"%s\"}"
    assert metrics[name % "take_over"] == kinds["taken_over"]
    assert metrics[name % "hand_over"] == kinds["handed_over"]
    assert metrics[name % "forced_release"] == kinds["lock_lost"] == 0
    assert collabd.log().count("audit {") == sum(kinds.values())

"""Twenty users on four workers claim at the same instant, 200 times. More of them
are in the simulator's worlds."""
import asyncio
import json

import pytest

from utils import Loop, unique

ROUNDS = 200
USERS = 20
WORKERS = 4


@pytest.fixture(scope="module")
def settings():
    return dict(workers=WORKERS, log_level="info", message_rate=1000000,
                message_burst=1000000,
                redis_max_connections=20, max_connections_per_user=0,
                save_settle=0)


def spread(collabd, users, room):
    """One socket each, the same number on every worker. What lands on a
    worker that is full already stays open meanwhile, as ballast."""
    held = {pid: 0 for pid in collabd.workers()}
    assert len(held) == WORKERS
    kept, ballast = [], []
    for user in users:
        for _ in range(100):
            ws = collabd.join(user, room, v1=True)
            pid = collabd.worker_of(ws)
            if held[pid] < USERS // WORKERS:
                held[pid] += 1
                kept.append(ws)
                break
            ballast.append(ws)
        else:
            pytest.fail("no socket on every worker: %s" % held)
    for ws in ballast:
        ws.close()
    assert set(held.values()) == {USERS // WORKERS}
    return kept


class Racer:
    def __init__(self, ws):
        self.connection = ws.connection
        self.id = ws.user.id

    async def frame(self):
        return json.loads(await asyncio.wait_for(self.connection.recv(), 30))

    async def settle(self):
        """Reads up to the answer to a question asked now."""
        await self.connection.send('{"type":"request_editor_status"}')
        while (await self.frame())["type"] != "editor_status":
            pass

    async def claim(self):
        """Returns whom this client was told to be the editor. A loser reads
        its refusal as well, so that nothing of the round is left."""
        await self.connection.send('{"type":"claim_editor"}')
        editors, refused = [], False
        while not editors or (editors[0] != self.id and not refused):
            frame = await self.frame()
            if frame["type"] == "editor_status":
                editors.append(frame["editor_id"])
            elif frame["type"] == "error":
                assert frame["in_reply_to"] == "claim_editor", frame
                refused = True
            else:
                raise AssertionError("unexpected: %s" % frame)
        return editors

    async def released(self, editor):
        frame = await self.frame()
        assert frame["type"] == "lock_released", frame
        assert frame["user_id"] == editor, frame


async def race(racers, rounds):
    wins = {}
    for number in range(rounds):
        told = await asyncio.gather(*[r.claim() for r in racers])
        # Everybody was told once, and everybody the same.
        assert all(len(t) == 1 for t in told), (number, told)
        editors = {t[0] for t in told}
        assert len(editors) == 1, "round %d: %s" % (number, editors)
        editor = editors.pop()
        wins[editor] = wins.get(editor, 0) + 1
        winner = [r for r in racers if r.id == editor][0]
        await winner.connection.send('{"type":"release_lock"}')
        await asyncio.gather(*[r.released(editor) for r in racers])
        racers.append(racers.pop(0))    # another one sends first
    return wins


def test_one_editor_each_round(collabd, site):
    users = [site.staff() for _ in range(USERS)]
    sockets = spread(collabd, users, "shop/item/" + unique())
    racers = [Racer(ws) for ws in sockets]

    async def everything():
        # Who joined last was seen by all; then nothing else is under way.
        await asyncio.gather(*[r.settle() for r in racers])
        await racers[-1].connection.send('{"type":"claim_editor"}')
        for r in racers:
            while (await r.frame()).get("editor_id") != racers[-1].id:
                pass
        await racers[-1].connection.send('{"type":"release_lock"}')
        await asyncio.gather(*[r.released(racers[-1].id) for r in racers])
        return await race(racers, ROUNDS)

    wins = Loop.run(everything(), 300)
    assert sum(wins.values()) == ROUNDS
    assert len(wins) > 1, "the same user won every round"

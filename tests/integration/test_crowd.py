"""Many enter one room at once: what each socket is told, and in which order,
when joins are under way together, when tabs are told of who came in one frame a
turn, and when the frames that show a user are made once for all."""
import asyncio
import json

import pytest

from tabs import Tab, Tabs, tabs_of
from utils import FaultProxy, Loop, PATIENCE, Ws, unique

# More than 32 are a large room (roster.c), and as many joins are under way
# together (roomop.c).
CROWD = 40


@pytest.fixture
def crowd(start, site, redis):
    """A daemon behind a relay to Redis, and staff."""
    proxy = FaultProxy(redis.daemon_port)
    c = start(database_url=site.url, redis_url=redis.url(proxy.port),
              workers=2, redis_socket_timeout=60)
    c.proxy = proxy
    c.staff = [site.staff(unique("crowd")) for _ in range(CROWD)]
    yield c
    c.close_all()
    c.stop()
    proxy.stop()


async def open_one(c, room, user, hello):
    connection = await Ws.connect(c, user, room, v1=hello is not None)
    if hello is not None:
        await connection.send(json.dumps(dict(
            hello, type="hello", tab="t", state="viewing")))
    return (Ws if hello is None else Tab)(connection, user, room)


def open_all(c, room, users, hellos):
    """Sockets that are opened at once: tabs, or pages where hello is None."""
    async def every():
        return await asyncio.gather(*[open_one(c, room, u, h)
                                      for u, h in zip(users, hellos)])
    sockets = Loop.run(every(), PATIENCE * 2)
    for ws, hello in zip(sockets, hellos):
        ws.tab = "t"
        c.sockets.append(ws)
    return sockets


def new_tab(tabs, user):
    """One of a client as it is now, which takes many users at once."""
    ws = tabs.connect(user)
    ws.tab = "new"
    ws.send("hello", tab="new", state="viewing", many=True)
    ws.until("lock")
    ws.until_present(user, "viewing")
    return ws


def hear_of(ws, wanted, seen):
    """Reads until the tab has been told that everybody of wanted is here and
    does what is wanted; seen is what it knew. How many each frame showed."""
    told = []
    while {i: s for i, s in seen.items() if i in wanted} != wanted:
        frame = ws.next()
        if frame["type"] == "users_present":
            users = frame["users"]
            assert len(users) > 1, frame
        else:
            assert frame["type"] == "user_present", frame
            users = [frame["user"]]
        for user in users:
            # Nobody is told what it knows.
            assert seen.get(user["user_id"]) != user["state"], (frame, seen)
            seen[user["user_id"]] = user["state"]
        told.append(len(users))
    return told


def read_tab(ws, wanted):
    """One that has said hello before it was in the room: its own user_joined,
    perhaps the others', and the answer to its hello, each once; then who came
    after it."""
    assert ws.expect("user_joined")["user_id"] == ws.user.id
    before = [ws.user.id]
    while True:
        frame = ws.next()
        if frame["type"] == "hello":
            break
        assert frame["type"] == "user_joined"
        before.append(frame["user_id"])
    assert len(set(before)) == len(before)
    seen = {u["user_id"]: u["state"] for u in ws.expect("presence")["users"]}
    ws.expect("lock")
    assert set(before) <= set(seen)
    # It is told of itself as the others are.
    assert seen.pop(ws.user.id) == "viewing"
    return hear_of(ws, wanted, seen)


def read_page(ws, ids):
    """Its own user first, then everybody once."""
    frames = [ws.expect("user_joined") for _ in ids]
    assert frames[0]["user_id"] == ws.user.id
    assert sorted(f["user_id"] for f in frames) == sorted(ids)
    return {f["user_id"]: f for f in frames}


def test_all_at_once(crowd, room, people):
    """Redis answers all of them in one instant."""
    with tabs_of(crowd, room) as tabs:
        old = tabs.open(people.alice)
        new = new_tab(tabs, people.bob)
        old.until_present(people.bob, "viewing")
        page = tabs.plain(people.carol)
        new.until_present(people.carol, "none")
        for user in (people.alice, people.bob):
            page.expect("user_joined")
        known = {people.alice.id: "viewing", people.bob.id: "viewing",
                 people.carol.id: "none"}
        crowd.proxy.stall()
        hellos = [None if i % 2 else {"many": i % 4 == 0}
                  for i in range(CROWD)]
        sockets = open_all(crowd, room, crowd.staff, hellos)
        crowd.proxy.restore()
        came = {u.id: "viewing" if h else "none"
                for u, h in zip(crowd.staff, hellos)}
        here = {**known, **came}

        # Who knows it is told of many at once; a client that came with an
        # older daemon is not, nor is a page of the package.
        told = hear_of(new, came, dict(known))
        assert max(told) > 1 and len(told) < CROWD, told
        assert set(hear_of(old, came, dict(known))) == {1}
        told = [page.expect("user_joined") for _ in came]
        assert sorted(f["user_id"] for f in told) == sorted(came)
        frames = {f["user_id"]: f for f in told}
        for ws, hello in zip(sockets, hellos):
            if hello is None:
                # Whoever is told of a user is told the same.
                for i, frame in read_page(ws, here).items():
                    assert frames.setdefault(i, frame) == frame
            else:
                told = read_tab(ws, here)
                assert hello["many"] or set(told) == {1}
        # That was all.
        old.state("dirty")
        tab_sockets = [ws for ws, h in zip(sockets, hellos) if h]
        for ws in [old, new] + tab_sockets:
            ws.present(people.alice, "dirty")
        for ws in [page] + [s for s, h in zip(sockets, hellos) if not h]:
            ws.quiet()


def test_who_has_left_is_not_here(crowd, room, people):
    """Come and gone while Redis did not answer: whoever was told of a user is
    told of its going, and nobody else."""
    with tabs_of(crowd, room) as tabs:
        old = tabs.open(people.alice)
        new = new_tab(tabs, people.bob)
        old.until_present(people.bob, "viewing")
        crowd.proxy.stall()
        sockets = open_all(crowd, room, crowd.staff,
                           [{"many": True}] * CROWD)
        stays, goes = sockets[::2], sockets[1::2]
        for ws in goes:
            ws.abort()
        crowd.proxy.restore()
        known = {people.alice.id: "viewing", people.bob.id: "viewing"}
        wanted = {**known, **{ws.user.id: "viewing" for ws in stays}}
        for ws in [old, new] + stays:
            if ws in stays:
                users = ws.until("presence")["users"]
                seen = {u["user_id"]: u["state"] for u in users}
                ws.expect("lock")
            else:
                seen = dict(known)
            while seen != wanted:
                ws.note_people(seen)


def enters(c, room, user, n):
    """A page that has been told of all: {user id: frame}."""
    ws = c.join(user, room)
    frames = {}
    while len(frames) < n:
        frame = ws.expect("user_joined")
        frames[frame["user_id"]] = frame
    return frames


def test_what_is_shown_is_as_it_is_now(start, site, redis, room):
    """What was made to show a user is not used any more when something else is
    to be shown."""
    staff = [site.staff(unique("crowd")) for _ in range(CROWD + 3)]
    c = start(database_url=site.url, redis_url=redis.url(), workers=1)
    first, last = staff[0], staff[CROWD]
    pages = open_all(c, room, staff[:CROWD], [None] * CROWD)
    frames = enters(c, room, staff[CROWD + 0], CROWD + 1)
    assert frames[first.id]["username"] == first.email
    modified = frames[first.id]["last_modified"]
    # Another address, as the user's next page tells.
    site("sql", text="UPDATE auth_user SET email = 'new@example.com' "
         "WHERE id = %s", args=[first.pk])
    c.join(first, room).expect("user_joined", username="new@example.com")
    frames = enters(c, room, staff[CROWD + 1], CROWD + 2)
    assert frames[first.id]["username"] == "new@example.com"
    # A save, which every user_joined has.
    pages[0].send("claim_editor")
    pages[0].until("editor_status", editor_id=first.id)
    pages[0].send("content_updated", timestamp="2030-01-01T00:00:00.000Z")
    pages[0].until("content_updated")
    frames = enters(c, room, staff[CROWD + 2], CROWD + 3)
    assert {f["last_modified"] for f in frames.values()} != {modified}
    assert len({f["last_modified"] for f in frames.values()}) == 1
    # And what a tab does.
    tabs = Tabs(c, room)
    one = tabs.connect(first).hello("one")
    two = tabs.connect(last).hello("two")
    state = {u["user_id"]: u["state"] for u in two.presence["users"]}
    assert state[first.id] == "viewing"
    one.state("dirty")
    two.until_present(first, "dirty")
    two.hello("again")
    state = {u["user_id"]: u["state"] for u in two.presence["users"]}
    assert state[first.id] == "dirty"
    c.close_all()
    c.stop()

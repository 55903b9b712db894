"""SIGUSR2: what a worker knows of itself, in its log."""
import os
import re
import signal

import pytest

from tabs import Tabs
from utils import KEY, alive, unique, wait_for

HELLO = "words that nobody else reads"


@pytest.fixture
def c(start, site, redis):
    return start(database_url=site.url, redis_url=redis.url(), workers=1,
                 log_level="info", max_connections_per_user=0)


def dump(daemon, pid=None):
    """Lines of the dump of a worker, or of each: { pid: [line, ...] }."""
    workers = daemon.workers() if pid is None else [pid]
    mark = daemon.mark()
    os.kill(pid or daemon.process.pid, signal.SIGUSR2)

    def lines():
        found = {}
        for who, text in re.findall(
                r"(?m)^\S+ w\d+\[(\d+)\] info: dump: (.*)$",
                daemon.log()[mark:]):
            found.setdefault(int(who), []).append(text)
        return found
    wait_for(lambda: all("end" in lines().get(w, []) for w in workers),
             "the dumps of %s in %s" % (workers, daemon.log()[mark:]))
    return lines()


def fields(line):
    return dict(re.findall(r'(\S+?)=("[^"]*"|\S+)', line))


def one(lines, *words):
    found = [fields(x) for x in lines if all(w in x for w in words)]
    assert len(found) == 1, (words, lines)
    return found[0]


def test_every_worker_writes_one(start, site, redis):
    """And who is not asked does not."""
    c = start(database_url=site.url, redis_url=redis.url())
    c.log_contains("ready workers=2")
    both = dump(c)
    assert sorted(both) == c.workers()
    c.log_contains(r" master\[\d+\] info: dump: generation=1 .*accepting=2")
    for lines in both.values():
        for name in "commands", "subscriber":
            link = one(lines, "redis link=" + name)
            assert link["state"] == "READY"
            assert link["reason"] == '""'
            assert re.match(r"\d+\.\d{3}s$", link["up_for"])
        redis_is = one(lines, "redis up=")
        assert redis_is["up"] == redis_is["leased"] == "yes"
        assert redis_is["suspended"] == redis_is["resigned"] == "no"
        assert 0 < float(redis_is["lease_left"][:-1]) <= 12
        assert int(redis_is["generation"], 16) != 0
        assert one(lines, "authorization")["healthy"] == "yes"
        assert one(lines, "worker id=")["state"] == "accepting"
    mine = c.workers()[0]
    assert list(dump(c, mine)) == [mine]
    assert all(alive(p) for p in both)


def test_a_room(c, people, room):
    """Who edits where, how many are there, and nothing that is a secret or a
    person's."""
    tabs = Tabs(c, room)
    alice = tabs.editor(people.alice)
    tabs.open(people.bob)
    page = tabs.plain(people.carol)
    talk = c.join(people.alice, "chat/" + unique())
    talk.expect("active_users")
    talk.send("chat_message", recipient_id=people.alice.id, message=HELLO)
    talk.until("chat_message")
    mark = c.mark()
    lines, = dump(c).values()
    it = one(lines, "room=e:%s " % room)
    assert it["kind"] == "edit"
    assert it["editor"] == str(people.alice.id)
    assert it["editors_tab"] == alice.tab
    assert (it["sockets"], it["tabs"], it["users"]) == ("3", "2", "3")
    assert (it["synced"], it["suspended"], it["unsettled"]) == \
        ("yes", "no", "no")
    assert it["in_line"] == "0"
    assert re.match(r"[0-9a-f]{16}:[1-9][0-9]*$", it["at"])
    assert one(lines, "sockets=", "live=")["live"] == "4"
    text = c.log()[mark:]
    for secret in [KEY, HELLO] + [v for u in (people.alice, people.bob,
                                              people.carol)
                                  for v in (u.cookie, u.email, u.username)]:
        assert secret not in text, secret
    page.close()


def test_what_waits_for_redis(c, people, room, redis):
    """An operation that is under way, with its age, and those behind it; then
    why the link is down, and since when."""
    ws = c.join(people.alice, room)
    ws.until("user_joined", user_id=people.alice.id)
    redis.process.send_signal(signal.SIGSTOP)
    try:
        ws.send("claim_editor")
        ws.send("content_updated")
        pid, = c.workers()
        seen = []

        def waits():
            seen[:] = dump(c, pid)[pid]
            return any("room=e:%s " % room in x and "in_line=1,edit:1" in x
                       for x in seen)
        wait_for(waits, "two operations")
        it = one(seen, "room=e:%s " % room)
        assert it["under_way"] == "edit/claim"
        assert it["of"] == str(people.alice.id)
        assert re.match(r"\d+\.\d{3}s$", it["age"])
        assert int(one(seen, "redis link=commands")["in_flight"]) >= 1
        assert int(one(seen, "redis commands ")["in_flight"]) >= 1
    finally:
        redis.process.send_signal(signal.SIGCONT)
    ws.until("editor_status", editor_id=people.alice.id)
    mark = c.mark()
    redis.stop()
    try:
        c.redis_state("down", mark)
        lines, = dump(c).values()
        link = one(lines, "redis link=commands")
        assert link["state"] in ("CONNECTING", "BACKOFF")
        assert len(link["reason"]) > 4
        assert re.match(r"\d+\.\d{3}s$", link["down_for"])
        assert one(lines, "redis up=")["up"] == "no"
    finally:
        redis.start()
    c.redis_state("up", mark)


def test_many_rooms(c, people):
    """There is a bound, and those that something is wrong with come first."""
    for i in range(205):
        ws = c.join(people.alice, "shop/item/%s" % unique("many"))
        ws.expect("user_joined")
    lines, = dump(c).values()
    assert len([x for x in lines if x.startswith("room=")]) == 200
    assert one(lines, "rooms=")["rooms"] == "205"
    assert "and 5 rooms more" in lines


def test_during_a_reload(start, site, redis):
    """Whoever is about to begin or to end does not end of it."""
    c = start(database_url=site.url, redis_url=redis.url(), drain_time=0)
    for _ in range(3):
        old = c.workers()
        c.reload()

        def is_over():
            c.process.send_signal(signal.SIGUSR2)
            return not set(old) & set(c.workers())
        wait_for(is_over, "old workers to end")
    assert sorted(dump(c)) == c.workers()
    assert "died of signal" not in c.log()


def test_not_at_other_levels(start, site, redis):
    c = start(database_url=site.url, redis_url=redis.url(), workers=1,
              log_level="warning")
    mark = c.mark()
    os.kill(c.process.pid, signal.SIGUSR2)
    c.log_contains(r"w0\[\d+\] warning: .*SIGUSR2.* log_level = info", mark)
    assert c.health()[0] == 200

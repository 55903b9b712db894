"""The audit log: one line for each lock that changed hands by somebody else's
will, whoever of the workers wrote it."""
import json
import os
import re
import signal
import time

import pytest

from tabs import check_time, tabs_of
from utils import SOON, has_open, unique, wait_for

METRIC = "collabd_lock_changes_total{kind=\"%s\"}"


@pytest.fixture(scope="module")
def settings():
    return dict(notification_request_interval=0, reclaim_grace=30,
                save_poll_interval=0, workers=3)


@pytest.fixture
def audited(request, start, site, redis, settings):
    """A daemon with an audit log of its own."""
    mark = request.node.get_closest_marker("with_settings")
    c = start(run=False, database_url=site.url, redis_url=redis.url(),
              **dict(settings, **mark.kwargs if mark else {}))
    c.audit = c.folder + "/audit"
    c.write_conf(audit_log=c.audit)
    c.start()
    yield c
    c.close_all()
    c.stop()


def lines(path):
    """The objects of a whole log."""
    if not os.path.exists(path):
        return []
    with open(path) as f:
        text = f.read()
    assert text == "" or text[-1] == "\n"
    return [json.loads(line) for line in text.split("\n")[:-1]]


def person(user):
    return {"user_id": str(user.id), "name": user.username}


def written(c, n):
    """The first n lines, without their times, in the order of those: each
    worker writes when Redis answers it."""
    wait_for(lambda: len(lines(c.audit)) >= n, "line %d" % n)
    found = sorted(lines(c.audit), key=lambda line: line["time"])
    for line in found:
        check_time(line.pop("time"))
    return found


def counted(c, **wanted):
    """A worker counts a change right after its line."""
    wait_for(lambda: {k: c.metrics()[METRIC % k] for k in wanted} == wanted,
             "the metrics to be %s" % wanted)


def hand_over(tabs, old, new):
    new.send("request_edit")
    tabs.all_lock(editor=old, line=[new])
    old.send("answer_request", answer="hand_over")
    tabs.all_expect("handed_over")
    tabs.all_lock(editor=new)


def on_each_worker(c, tabs, users):
    """Tabs of these users; there is one on every worker."""
    pids = c.workers()
    return [tabs.open(u, fits=lambda p, i=i: p == pids[i % len(pids)])
            for i, u in enumerate(users)]


def test_one_line_each(audited, people, room):
    """With its reason, and escaped: whatever somebody writes, it is one
    line."""
    c = audited
    reason = "caf\u00e9 \"late\"\n{\"action\":\"hand_over\"}\r\u2028\\"
    with tabs_of(c, room) as tabs:
        alice, bob, root, _ = on_each_worker(
            c, tabs, [people.alice, people.bob, people.root, people.carol])
        alice.send("claim_editor")
        tabs.all_lock(editor=alice)
        hand_over(tabs, alice, bob)
        root.send("take_over", reason=reason)
        tabs.all_expect("taken_over")
        tabs.all_lock(editor=root)
        hand_over(tabs, root, alice)
        root.send("take_over")
        tabs.all_expect("taken_over")
        tabs.all_lock(editor=root)
        # What somebody does of its own will is nobody's business.
        root.send("release_lock")
        tabs.all_lock()
        root.send("take_over", reason="it was free")
        tabs.all_lock(editor=root)
        root.send("release_lock", grace=True)
        tabs.all_lock(previous=root)
    assert written(c, 4) == [
        {"action": "hand_over", "object": room,
         "from": person(people.alice), "to": person(people.bob),
         "why": "editor"},
        {"action": "take_over", "object": room,
         "from": person(people.bob), "to": person(people.root),
         "reason": reason},
        {"action": "hand_over", "object": room,
         "from": person(people.root), "to": person(people.alice),
         "why": "editor"},
        {"action": "take_over", "object": room,
         "from": person(people.alice), "to": person(people.root)}]
    counted(c, hand_over=2, take_over=2, forced_release=0)


@pytest.mark.with_settings(heartbeat_timeout=SOON)
def test_forced_releases(audited, site, people, room):
    """A dead tab, a silent page, and a right that was taken away."""
    c = audited
    ann = site.user(unique("ann"), permissions=["shop.change_item"],
                    groups={"viewers": ["shop.view_item"]})
    with tabs_of(c, room) as tabs:
        one, _, bob, _ = on_each_worker(
            c, tabs, [people.alice, people.alice, people.bob, people.carol])
        one.send("claim_editor")
        tabs.all_lock(editor=one)
        tabs.gone(one, cut=True)
        tabs.all_expect("lock_lost", why="silent")
        tabs.all_lock()
    with tabs_of(c, room + "-page") as tabs:
        on_each_worker(c, tabs, [people.alice, people.bob, people.carol])
        page = tabs.plain(people.root)
        page.send("claim_editor")
        tabs.all_lock(editor=people.root)
        tabs.all_expect("lock_lost", why="silent")
        tabs.all_lock()
    with tabs_of(c, room + "-right") as tabs:
        editor, _, _ = on_each_worker(
            c, tabs, [ann, people.bob, people.carol])
        editor.send("claim_editor")
        tabs.all_lock(editor=editor)
        site("sql", text="DELETE FROM auth_user_user_permissions "
             "WHERE user_id = %s", args=[ann.pk])
        tabs.all_expect("lock_lost", why="forbidden")
        tabs.all_lock()
    # Nobody sees this one end: it is taken by who comes later, and claims.
    with tabs_of(c, room + "-later") as tabs:
        page = tabs.plain(people.root)
        page.send("claim_editor")
        page.expect("editor_status", editor_id=people.root.id)
        since = time.monotonic()
        wait_for(lambda: time.monotonic() - since > SOON + 1, "its end")
        bob = tabs.open(people.bob)
        bob.send("claim_editor")
        bob.expect("lock_lost", why="silent")
        bob.lock(editor=bob)
        page.until("editor_status", editor_id=people.bob.id)
    assert written(c, 4) == [
        {"action": "forced_release", "object": room,
         "from": person(people.alice), "why": "silent"},
        {"action": "forced_release", "object": room + "-page",
         "from": person(people.root), "why": "silent"},
        {"action": "forced_release", "object": room + "-right",
         "from": person(ann), "why": "forbidden"},
        {"action": "forced_release", "object": room + "-later",
         "from": person(people.root), "why": "silent"}]
    counted(c, forced_release=4)


def test_names_of_people(audited, site, people):
    """The names and ids of objects are as odd as people make them."""
    ann = site.staff(unique("ann"), fields={"first_name": "Ann \"A\"\n",
                                            "last_name": "L\u00e9e\\"})
    room = "shop/item/a_0A\"b_2F\\\u00e9"
    with tabs_of(audited, room) as tabs:
        alice = tabs.editor(ann)
        bob = tabs.open(people.bob)
        hand_over(tabs, alice, bob)
    line = written(audited, 1)[0]
    assert line["from"]["name"] == alice.welcome["you"]["name"]
    assert line["object"] == room


def test_reopened(audited, people, room):
    """SIGUSR1, as after logrotate: every worker writes to the new file."""
    c = audited
    with tabs_of(c, room) as tabs:
        alice, bob, carol = on_each_worker(
            c, tabs, [people.alice, people.bob, people.carol])
        alice.send("claim_editor")
        tabs.all_lock(editor=alice)
        hand_over(tabs, alice, bob)
        written(c, 1)
        os.rename(c.audit, c.audit + ".1")
        c.process.send_signal(signal.SIGUSR1)

        wait_for(lambda: all(has_open(p, c.audit) for p in c.workers()),
                 "each worker to have the new file open")
        assert lines(c.audit) == []
        hand_over(tabs, bob, carol)
        hand_over(tabs, carol, alice)
        hand_over(tabs, alice, bob)
        assert [w["to"] for w in written(c, 3)] == [
            person(people.carol), person(people.alice), person(people.bob)]
        assert len(lines(c.audit + ".1")) == 1
        assert os.stat(c.audit).st_mode & 0o777 == 0o640


def test_to_the_log(collabd, people, room):
    """Without a file of its own it goes where everything goes."""
    with tabs_of(collabd, room) as tabs:
        alice = tabs.editor(people.alice)
        bob = tabs.open(people.bob)
        hand_over(tabs, alice, bob)
    collabd.log_contains(r"audit \{.*%s" % re.escape(room))
    found = re.findall(r"(?m)audit (\{.*\})$", collabd.log())
    found = [json.loads(t) for t in found]
    assert [f["action"] for f in found if f["object"] == room] == [
        "hand_over"]


def test_a_file_that_cannot_be_opened(start, site, redis):
    c = start(run=False, database_url=site.url, redis_url=redis.url(),
              audit_log="/nonexistent/audit")
    c.start(wait=False)
    assert c.process.wait(20) != 0
    assert "/nonexistent/audit" in c.log() or "audit_log" in c.log()
    c.process = None

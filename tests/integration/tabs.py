"""Sockets that have said hello, for the tests of tabs.

    Tab     a Ws that has said hello; knows its tab's id
    Tabs    the tabs and plain clients of one room, on one daemon or several

A lock is compared whole: lock(editor=alice, line=[bob]) means that nothing
else is in it, neither an offer nor a countdown.
"""
import asyncio
import contextlib
import json
import re

from utils import TIME, Closed, Loop, Ws, wait_for

WHO = {"user_id", "name"}
PERSON = WHO | {"username", "email", "avatar_url"}
PRESENT = PERSON | {"since", "state"}
SAVE = {"id", "user_id", "name", "when", "action", "fields"}
SETTINGS = {"texts", "enable_chat", "chat_message_max",
            "notification_request_interval", "handover_countdown",
            "handover_hold", "offer_time", "save_check",
            "save_check_timeout", "admin_url"}


def check_time(text):
    assert re.fullmatch(TIME, text), text


def check_until(value):
    if value is not None:
        assert set(value) == {"user_id", "until"}
        check_time(value["until"])


def check_lock(frame):
    editor = frame["editor"]
    assert editor is None or set(editor) == WHO | {"tab"}
    for claim in frame["line"]:
        assert set(claim) == WHO | {"asked"}
        assert isinstance(claim["asked"], bool)
    for key in ("previous", "offer", "countdown"):
        check_until(frame[key])
    if frame["hold_until"] is not None:
        check_time(frame["hold_until"])


def check_hello(frame):
    assert set(frame["you"]) == PERSON
    assert isinstance(frame["may_change"], bool)
    assert isinstance(frame["may_take_over"], bool)
    check_time(frame["now"])
    assert frame["saves"] in ("log", "click")
    assert frame["last_save"] is None or set(frame["last_save"]) == SAVE
    assert set(frame["settings"]) == SETTINGS


def check_users(users):
    for user in users:
        assert set(user) == PRESENT, user
        check_time(user["since"])
        assert user["state"] in ("viewing", "dirty", "idle", "none")


CHECKS = {
    "hello": check_hello,
    "presence": lambda f: check_users(f["users"]),
    "user_present": lambda f: check_users([f["user"]]),
    "users_present": lambda f: check_users(f["users"]),
    "lock": check_lock,
    "handed_over": lambda f: [check_who(f[k]) for k in ("from", "to")],
    "taken_over": lambda f: [check_who(f[k]) for k in ("from", "by")],
    "lock_lost": lambda f: check_who(f["from"]),
    "saved": lambda f: check_time(f["when"]),
    "save_refused": lambda f: f["editor"] is None or check_who(f["editor"]),
    "badges": lambda f: [check_who(w) for w in f["objects"].values()],
    "badge": lambda f: f["editor"] is None or check_who(f["editor"]),
}


def check_who(who):
    assert set(who) == WHO, who


def id_of(who):
    """Of a socket, a user, an id or nobody."""
    who = getattr(who, "user", who)
    return getattr(who, "id", who)


def as_claim(one):
    """A user who has asked, or (user, asked)."""
    who, asked = one if isinstance(one, tuple) else (one, True)
    return id_of(who), asked


class Lock:
    """What a lock frame shows, without names and times."""

    def __init__(self, editor=None, tab=None, previous=None, line=(),
                 offer=None, countdown=None, hold=False):
        if tab is None and isinstance(editor, Tab):
            tab = editor.tab
        self.it = dict(editor=id_of(editor), tab=tab,
                       previous=id_of(previous),
                       line=[as_claim(c) for c in line],
                       offer=id_of(offer), countdown=id_of(countdown),
                       hold=hold)

    @classmethod
    def of(cls, frame):
        def who(key):
            return (frame[key] or {}).get("user_id")
        return cls(editor=who("editor"),
                   tab=(frame["editor"] or {}).get("tab"),
                   previous=who("previous"), offer=who("offer"),
                   line=[(c["user_id"], c["asked"]) for c in frame["line"]],
                   countdown=who("countdown"),
                   hold=frame["hold_until"] is not None)

    def __eq__(self, other):
        return self.it == other.it

    def __repr__(self):
        return repr({k: v for k, v in self.it.items() if v})


class Tab(Ws):
    """One that has said hello. Base frames that came before are dropped."""
    tab = None
    last_state = None           # what it has said to do
    patience = None             # other than everybody's
    passed = ()                 # frames that are to be read once more

    def next(self, patience=None):
        if self.passed:
            return self.passed.pop(0)
        return super().next(patience or self.patience)

    def read(self, text):
        frame = super().read(text)
        if self.is_tab and frame["type"] in CHECKS:
            CHECKS[frame["type"]](frame)
        return frame

    def hello(self, tab, state="viewing"):
        """Says it, and reads the three frames that answer."""
        self.tab, self.last_state = tab, state
        self.send("hello", tab=tab, state=state)
        while True:
            frame = self.next()
            if frame["type"] == "hello":
                break
            assert frame["type"] in ("user_joined", "user_left",
                                     "editor_status", "lock_released"), frame
        self.welcome = frame
        assert frame["tab"] == tab
        self.presence = self.expect("presence")
        # Somebody else may come between the two. What comes until a lock is
        # known, or badges are read, is news for all.
        passed, waited = [], False
        while True:
            self.shown = self.next()
            if self.shown["type"] in ("lock", "badges"):
                break
            if self.shown["type"] == "lock_unknown":
                passed, waited = [], True
            else:
                passed.append(self.shown)
        if waited or self.shown["type"] == "badges":
            self.passed = passed
        return self

    def until(self, *kinds, **fields):
        """Reads on to the first frame of one of the kinds."""
        seen = []
        while True:
            try:
                frame = self.next()
            except (AssertionError, Closed) as e:
                raise AssertionError("no %s %s, only %s (%s)" % (
                    kinds, fields, seen, e)) from None
            seen.append(frame)
            if frame["type"] in kinds and all(
                    frame.get(k) == v for k, v in fields.items()):
                return frame

    def lock(self, **wanted):
        """The next frame is this lock."""
        frame = self.expect("lock")
        assert Lock.of(frame) == Lock(**wanted), "wanted %r, got %r" % (
            Lock(**wanted), Lock.of(frame))
        return frame

    def until_lock(self, **wanted):
        """Reads on to this lock; other frames may come before."""
        seen = []
        while True:
            try:
                frame = self.until("lock")
            except AssertionError as e:
                raise AssertionError("no %r, only %r: %s" % (
                    Lock(**wanted), seen, e)) from None
            seen.append(Lock.of(frame))
            if seen[-1] == Lock(**wanted):
                return frame

    def state(self, state):
        self.last_state = state
        self.send("state", state=state)

    def present(self, user, state):
        """The next frame shows this user so."""
        frame = self.expect("user_present")
        assert frame["user"]["user_id"] == id_of(user), frame
        assert frame["user"]["state"] == state, frame
        return frame

    def until_present(self, user, state):
        while True:
            frame = self.until("user_present")["user"]
            if frame["user_id"] == id_of(user) and frame["state"] == state:
                return frame

    def done(self):
        """All that it has said is done, because that is worked off in its
        order. What came meanwhile is dropped. Not for the editor."""
        self.send("heartbeat")
        self.until("error", in_reply_to="heartbeat")

    def note_people(self, people):
        """Takes the next frame into {user id: state}."""
        frame = self.next()
        if frame["type"] == "presence":
            people.clear()
            people.update((u["user_id"], u["state"]) for u in frame["users"])
        elif frame["type"] in ("user_present", "users_present"):
            for user in frame.get("users") or [frame["user"]]:
                people[user["user_id"]] = user["state"]
        elif frame["type"] == "user_absent":
            del people[frame["user_id"]]

    def refused(self, code, kind=None):
        """The next frame is this error."""
        frame = self.expect("error", code=code)
        assert frame["message"]
        if kind is not None:
            assert frame["in_reply_to"] == kind, frame
        return frame

    def quiet(self):
        """Nothing stands before the answer to a question asked now. What
        another worker has to say is not waited for: see Tabs.silence()."""
        self.send("is anybody there")
        return self.refused("unknown_type")


class Tabs:
    def __init__(self, daemon, room):
        self.daemon, self.room = daemon, room
        self.here = []
        self.n = 0
        self.marker = None

    def connect(self, user, daemon=None, room=None, **options):
        """A socket of collabd's client that has not said hello."""
        daemon = daemon or self.daemon
        ws = Tab.open(daemon, user, room or self.room, v1=True, **options)
        daemon.sockets.append(ws)
        return ws

    def connect_on(self, user, fits, **options):
        """One that a fitting worker holds: fits(pid)."""
        def attempt():
            ws = self.connect(user, **options)
            if fits((options.get("daemon") or self.daemon).worker_of(ws)):
                return ws
            ws.close()
            return None
        return wait_for(attempt, "a socket on the wanted worker")

    def name(self):
        self.n += 1
        return "tab-%d" % self.n

    def open(self, user, state="viewing", tab=None, fits=None, **options):
        """A tab; everybody else has heard of it."""
        if fits is not None:
            ws = self.connect_on(user, fits, **options)
        else:
            ws = self.connect(user, **options)
        ws.hello(tab or self.name(), state)
        is_news = not any(w.user is user for w in self.here)
        self.here.append(ws)
        # A second tab that does the same is none.
        for one in self.here if is_news else []:
            one.until_present(user, state)
        return ws

    def editor(self, user, **options):
        """A tab that is the editor; everybody knows it."""
        ws = self.open(user, **options)
        ws.send("claim_editor")
        self.all_lock(editor=ws)
        return ws

    def plain(self, user, v1=False):
        """A page of the package. Everybody has heard of it."""
        ws = self.daemon.join(user, self.room, v1=v1)
        ws.expect("user_joined", user_id=user.id)
        if not any(w.user is user for w in self.here):
            for one in self.here:
                one.until_present(user, "none")
        return ws

    def all_lock(self, **wanted):
        """The next frame of every tab is this lock."""
        return [ws.lock(**wanted) for ws in self.here]

    def all_until_lock(self, **wanted):
        return [ws.until_lock(**wanted) for ws in self.here]

    def all_expect(self, kind, **fields):
        frames = [ws.expect(kind, **fields) for ws in self.here]
        assert all(f == frames[0] for f in frames)
        return frames[0]

    def connect_all(self, users, tab, seen):
        """Tabs that are opened in the same instant; each is a key of seen
        then, with an empty dict."""
        async def one(user):
            connection = await Ws.connect(self.daemon, user, self.room,
                                          v1=True)
            await connection.send(json.dumps(
                {"type": "hello", "tab": tab, "state": "viewing"}))
            return Tab(connection, user, self.room)

        async def every():
            return await asyncio.gather(*[one(u) for u in users])
        for ws in Loop.run(every()):
            ws.tab = tab
            self.daemon.sockets.append(ws)
            seen[ws] = {}

    def gone(self, ws, cut=False):
        self.here.remove(ws)
        if cut:
            ws.abort()
        else:
            ws.close()

    def mark(self, user):
        """A tab whose changes of state are what silence() waits for."""
        self.marker = self.open(user)
        return self.marker

    def goes_idle(self, editor, redis):
        """The editor does nothing, and the lock knows it. What the tabs are
        told comes before that: the editor's worker tells the lock only when
        it hears of it itself, and what somebody says to another worker may
        be decided earlier."""
        editor.state("idle")
        for ws in self.here:
            ws.present(editor.user, "idle")
        wait_for(lambda: "idle" in redis.lock_state(self.room),
                 "the lock to know that its editor is idle")

    def silence(self, of=None):
        """Nothing was under way to any tab: events of a room come to every
        worker in their order, and the next one is of our making. It is made
        by the tab of mark(), or by another one: then all that this one has
        said before is done, because that is worked off in its order."""
        ws = of or self.marker
        state = "viewing" if ws.last_state == "dirty" else "dirty"
        ws.state(state)
        for one in self.here:
            one.present(ws.user, state)


@contextlib.contextmanager
def tabs_of(daemon, room):
    tabs = Tabs(daemon, room)
    yield tabs
    daemon.close_all()



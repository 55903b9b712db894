"""Open sockets whose user loses the right, and the other session engines."""
import contextlib
import re
import signal

import pytest

from utils import (KEY, PREFIX, ROOT, SOON, Site, handshake, unique,
                   wait_for)

PATH = "/%s/shop/item/7/" % PREFIX


def log_out(site, user):
    site("logout", key=user.cookie)


def deactivate(site, user):
    site("change", pk=user.pk, is_active=False)


def demote(site, user):
    site("change", pk=user.pk, is_staff=False)


def change_password(site, user):
    site("password", pk=user.pk, password="another")


def delete(site, user):
    site("delete", pk=user.pk)


def expire(site, user):
    site("sql", text="UPDATE django_session SET expire_date = now() "
         "WHERE session_key = %s", args=[user.cookie])


def take_permission(site, user):
    site("forget_permissions", pk=user.pk)


@pytest.mark.parametrize("loss", [
    log_out, deactivate, demote, change_password, delete, expire,
    take_permission], ids=lambda f: f.__name__)
def test_open_socket_loses_the_right(collabd, site, people, room, loss):
    """Closed with 4401 within reauth_interval; the lock is freed; nobody
    else is touched."""
    user = site.staff()
    bob = collabd.join(people.bob, room)
    bob.expect("user_joined", user_id=people.bob.id)
    first = collabd.join(user, room)
    second = collabd.join(user, room)
    first.until("user_joined", user_id=people.bob.id)
    bob.expect("user_joined", user_id=user.id)
    first.send("claim_editor")
    bob.expect("editor_status", editor_id=user.id)
    loss(site, user)
    assert first.closed() == 4401
    assert second.closed() == 4401
    bob.expect("user_left", user_id=user.id)
    bob.expect("lock_released", user_id=user.id)
    assert bob.quiet()["editor_id"] is None
    assert handshake(collabd, PATH, user)[0] == 403


def test_permission_lost_keeps_the_chat(collabd, site, people):
    """A chat room needs staff alone."""
    user = site.staff()
    edit = collabd.join(user, "shop/item/" + unique())
    chat = collabd.join(user, "chat/" + unique())
    take_permission(site, user)
    assert edit.closed() == 4401
    chat.until("user_joined", user_id=user.id)
    chat.send("chat_message", recipient_id=user.id, message="here")
    chat.expect("chat_message", message="here")


def test_change_becomes_view(collabd, site, people, room):
    """Who may only view from now on stays, and cannot claim any more."""
    user = site.staff(permissions=["shop.change_item", "shop.view_item"])
    alice = collabd.join(user, room, v1=True)
    alice.expect("user_joined")
    site("sql", text="DELETE FROM auth_user_user_permissions WHERE user_id "
         "= %s AND permission_id = (SELECT id FROM auth_permission WHERE "
         "codename = 'change_item')", args=[user.id])
    bob = collabd.join(people.bob, room)
    bob.until("user_joined", user_id=user.id)
    alice.expect("user_joined", user_id=people.bob.id)

    def no_more():
        """Claims until one is refused; gives back what was granted."""
        alice.send("claim_editor")
        frame = alice.next()
        while frame.get("in_reply_to") == "release_lock":
            frame = alice.next()        # it was taken away before
        if frame["type"] == "error":
            assert frame["code"] == "forbidden"
            return True
        assert frame["editor_id"] == user.id
        alice.send("release_lock")
        alice.until("lock_released")
        return False
    wait_for(no_more, "the right to claim to end")


def test_database_down_keeps_sockets(start, postgres, site, redis, people,
                                     room):
    """A re-check that could not be made takes nobody's right."""
    from utils import FaultProxy
    proxy = FaultProxy(postgres.port)
    c = start(database_url=postgres.url(site.database, port=proxy.port),
              redis_url=redis.url(), auth_timeout=SOON)
    alice = c.join(people.alice, room)
    alice.expect("user_joined")
    proxy.cut()
    wait_for(lambda: c.health()[0] == 503, "health to turn red")
    assert alice.quiet()["editor_id"] is None
    mark = c.mark()
    proxy.restore()
    wait_for(lambda: c.health()[0] == 200, "health to turn green")
    assert alice.quiet()["editor_id"] is None
    assert "4401" not in c.log()[mark:]
    proxy.stop()


@contextlib.contextmanager
def users_locked(postgres, site):
    """Nobody can read the table of the users meanwhile."""
    with contextlib.closing(postgres.connect(site.database)) as c:
        c.autocommit = False
        with c.cursor() as cursor:
            cursor.execute("LOCK TABLE auth_user IN ACCESS EXCLUSIVE MODE")
            yield
        c.rollback()


def test_users_locked(start, postgres, site, redis, people, room):
    """A session that is seen to be gone ends its sockets, though it is not
    known what becomes of the others."""
    user = site.staff()
    c = start(database_url=site.url, redis_url=redis.url(), auth_timeout=300,
              workers=1)
    bob = c.join(people.bob, room)
    bob.expect("user_joined", user_id=people.bob.id)
    alice = c.join(user, room)
    bob.expect("user_joined", user_id=user.id)
    with users_locked(postgres, site):
        log_out(site, user)
        assert alice.closed() == 4401
        bob.expect("user_left", user_id=user.id)
        assert bob.quiet()["editor_id"] is None


@contextlib.contextmanager
def database_cut(proxy):
    proxy.cut()
    yield
    proxy.restore()


@contextlib.contextmanager
def database_stalled(proxy):
    proxy.stall()
    yield
    proxy.restore()


@pytest.mark.parametrize("how", ["cut", "stalled", "users_locked"])
def test_reauth_grace(start, postgres, site, redis, people, room, how):
    """Nobody can be verified for reauth_grace: the sockets are closed, and
    whoever comes back has what it had."""
    from utils import FaultProxy
    proxy = FaultProxy(postgres.port)
    c = start(database_url=postgres.url(site.database, port=proxy.port),
              redis_url=redis.url(), auth_timeout=2, reauth_grace=2,
              reclaim_grace=120)
    bob = c.join(people.bob, room)
    bob.expect("user_joined", user_id=people.bob.id)
    alice = c.join(people.alice, room)
    bob.expect("user_joined", user_id=people.alice.id)
    alice.send("claim_editor")
    bob.expect("editor_status", editor_id=people.alice.id)
    chat = c.join(people.alice, "chat/" + unique())
    down = {"cut": lambda: database_cut(proxy),
            "stalled": lambda: database_stalled(proxy),
            "users_locked": lambda: users_locked(postgres, site)}[how]
    with down():
        assert alice.closed() == 4503
        assert bob.closed() == 4503
        assert chat.closed() == 4503
        assert handshake(c, PATH, people.alice)[0] == 503
    c.log_contains("could not be checked for reauth_grace")
    assert c.metrics()['collabd_reauthorization_closed_total'
                       '{reason="unverified"}'] == 3
    wait_for(lambda: handshake(c, PATH, people.bob)[0] == 101,
             "handshakes to be decided")
    bob = c.join(people.bob, room, v1=True)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.send("claim_editor")
    bob.expect("claim_pending", position=1)
    alice = c.join(people.alice, room)
    bob.expect("user_joined", user_id=people.alice.id)
    alice.send("claim_editor")
    bob.expect("editor_status", editor_id=people.alice.id)
    proxy.stop()


def test_reauth_grace_is_no_verdict(start, postgres, site, redis, people):
    """Many sockets are closed one after the other; an editor who comes late,
    after further re-checks in vain, has not lost the lock by them."""
    from utils import FaultProxy
    proxy = FaultProxy(postgres.port)
    c = start(database_url=postgres.url(site.database, port=proxy.port),
              redis_url=redis.url(), auth_timeout=2, reauth_grace=2,
              reclaim_grace=120, drain_time=20, shutdown_timeout=20,
              workers=1)
    # In the order of their rooms, ten in a second.
    room = "shop/item/9" + unique()
    others = [c.join(people.carol, "shop/item/1" + unique())
              for _ in range(30)]
    alice = c.join(people.alice, room)
    alice.expect("user_joined", user_id=people.alice.id)
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)
    proxy.cut()
    assert alice.closed() == 4503
    assert {ws.closed() for ws in others} == {4503}
    proxy.restore()
    wait_for(lambda: handshake(c, PATH, people.bob)[0] == 101,
             "handshakes to be decided")
    bob = c.join(people.bob, room, v1=True)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.send("claim_editor")
    bob.expect("claim_pending", position=1)
    c.stop(signal.SIGQUIT)
    proxy.stop()


def test_no_reauth_grace(start, postgres, site, redis, people, room):
    """With 0 they stay open for ever."""
    from utils import FaultProxy
    proxy = FaultProxy(postgres.port)
    c = start(database_url=postgres.url(site.database, port=proxy.port),
              redis_url=redis.url(), auth_timeout=2, reauth_grace=0,
              save_poll_interval=0)
    alice = c.join(people.alice, room)
    alice.expect("user_joined")
    proxy.cut()
    wait_for(lambda: proxy.refused > 4, "some re-checks")
    assert alice.quiet()["editor_id"] is None
    proxy.stop()


# --- other engines, keys, cookie names -------------------------------------

def other_site(base, site, **options):
    """The module's database seen by a Django with other settings."""
    made = Site(base + "/" + unique("site"),
                site.settings["DATABASES"]["default"], migrate=False,
                template=site.folder, **options)
    return made


@pytest.mark.parametrize("engine", ["cached_db", "signed_cookies"])
def test_engine(base, start, site, redis, engine):
    other = other_site(base, site, engine=engine)
    user = other.staff()
    c = start(database_url=site.url, redis_url=redis.url(),
              session_engine=engine)
    ws = c.join(user, "shop/item/%s" % unique())
    ws.expect("user_joined", user_id=user.id)
    cookie = user.cookie
    broken = cookie[:-1] + ("A" if cookie[-1] != "A" else "B")
    assert handshake(c, PATH, "sessionid=" + broken)[0] == 403
    other("password", pk=user.pk, password="another")
    assert ws.closed() == 4401
    assert handshake(c, PATH, user)[0] == 403
    other.stop()


def test_signed_cookie_age(base, start, site, redis):
    other = other_site(base, site, engine="signed_cookies")
    user = other.staff()
    c = start(database_url=site.url, redis_url=redis.url(),
              session_engine="signed_cookies", session_cookie_age=SOON)
    wait_for(lambda: handshake(c, PATH, user)[0] == 403,
             "the cookie to grow old")
    fresh = user.log_in()
    ws = c.join(fresh, "shop/item/%s" % unique())
    ws.expect("user_joined", user_id=user.id)
    assert ws.closed() == 4401
    other.stop()


def test_key_fallbacks(start, site, redis, people):
    """A session of before the rotation, in an open page that reconnects."""
    old = "an-older-key-0123456789"
    site.restart(SECRET_KEY=old)
    user = site.staff()
    site.restart(SECRET_KEY=KEY)
    c = start(database_url=site.url, redis_url=redis.url())
    assert handshake(c, PATH, user)[0] == 403
    with open(c.folder + "/old", "w") as f:
        f.write("not-this-one\n%s\n" % old)
    c2 = start(database_url=site.url, redis_url=redis.url(),
               secret_key_fallbacks_file=c.folder + "/old")
    assert handshake(c2, PATH, user)[0] == 101
    assert handshake(c2, PATH, people.alice)[0] == 101
    # Django 3.2 knows no fallbacks.
    c3 = start(database_url=site.url, redis_url=redis.url(),
               secret_key_fallbacks_file=c.folder + "/old",
               django_legacy="3.2")
    assert handshake(c3, PATH, user)[0] == 403
    assert handshake(c3, PATH, people.alice)[0] == 101


def test_legacy_sessions(base, start, site, redis):
    """Django 3.2 with DEFAULT_HASHING_ALGORITHM = sha1 signs the old way."""
    other = other_site(base, site,
                       settings={"DEFAULT_HASHING_ALGORITHM": "sha1"})
    user = other.staff()
    c = start(database_url=site.url, redis_url=redis.url())
    assert handshake(c, PATH, user)[0] == 403
    c = start(database_url=site.url, redis_url=redis.url(),
              django_legacy="3.2")
    # The session's text is read, its SHA-1 hash of the password as well.
    assert handshake(c, PATH, user)[0] == 101
    other.stop()


def test_cookie_name(start, site, redis, people):
    c = start(database_url=site.url, redis_url=redis.url(),
              session_cookie_name="__Host-sid")
    assert handshake(c, PATH, people.alice)[0] == 403
    assert handshake(c, PATH, "__Host-sid=" + people.alice.cookie)[0] == 101


def test_permission_staff(start, site, redis):
    """As in the package: any staff user may join and claim."""
    c = start(database_url=site.url, redis_url=redis.url(),
              permission="staff")
    user = site.user()
    ws = c.join(user, "shop/item/" + unique())
    ws.expect("user_joined", user_id=user.id)
    ws.send("claim_editor")
    ws.expect("editor_status", editor_id=user.id)
    assert handshake(c, PATH, site.user(staff=False))[0] == 403


def test_origin_settings(start, site, redis, people):
    c = start(database_url=site.url, redis_url=redis.url(),
              allowed_origins="https://admin.example.com "
              "https://*.example.net")
    for origin, status in [("https://admin.example.com", 101),
                           ("http://admin.example.com", 403),
                           ("https://a.example.net", 101),
                           ("https://example.org", 403)]:
        assert handshake(c, PATH, people.alice,
                         origin=origin)[0] == status, origin
    c = start(database_url=site.url, redis_url=redis.url(),
              allowed_hosts="admin.example.com")
    assert handshake(c, PATH, people.alice)[0] == 403       # DNS rebinding
    assert handshake(c, PATH, people.alice, host="admin.example.com",
                     origin="http://admin.example.com")[0] == 101
    c = start(database_url=site.url, redis_url=redis.url(),
              origin="channels", allowed_hosts="admin.example.com")
    assert handshake(c, PATH, people.alice,
                     origin="https://admin.example.com:99")[0] == 101
    assert handshake(c, PATH, people.alice, origin=None)[0] == 403


def test_least_privilege_role(start, postgres, site, redis, people, room):
    """The statements that README names are enough, for -t and for work."""
    name = site.database
    text = re.search(r"```sql\n(CREATE ROLE collabd .*?)```",
                     open(ROOT + "/README.md").read(), re.S).group(1)
    assert text.count("GRANT SELECT") == 4
    text = text.replace("collabd", "reader").replace("a long one", "reader")
    postgres.sql(text, name=name)
    c = start(database_url=postgres.url(name, user="reader",
                                        password="reader"),
              redis_url=redis.url())
    done = c.run("-t", "-c", c.conf_path)
    assert done.returncode == 0, done.stderr
    alice = c.join(people.alice, room)
    alice.expect("user_joined", user_id=people.alice.id)
    alice.send("claim_editor")
    alice.expect("editor_status", editor_id=people.alice.id)

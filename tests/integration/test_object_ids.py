"""Object ids of every kind that Django can put into an admin URL."""
import json
from urllib.parse import unquote

import pytest

from utils import PREFIX, handshake

IDS = [
    "7", "0", "-1", "a-b_c.d~e", "UPPER", "_3A_2F_5F", "_", ".", "..", "...",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "%C3%A9t%C3%A9",
    "%E6%97%A5%E6%9C%AC", "%F0%9F%98%80", "%20", "a%20b", "a+b", "a&b=c",
    "%22quoted%22", "%27", "a;b", "a,b", "a:b", "a@b", "(x)", "[x]", "%7B",
    "{x}", "%25", "%2525", "*", "!$'", "%3Cscript%3E", "a%5Cb", "`", "%7C",
    "^", "%23", "%3F", "editor:admin_x", "a%2Fb", "x" * 255,
    "%C3%A9" * 127, "%25s%25n", "{}", "$1", "--", "%E2%80%AE",
]


@pytest.mark.parametrize("id", IDS, ids=lambda s: s[:20])
def test_id(collabd, people, redis, id):
    room = "shop/item/" + id
    alice = collabd.join(people.alice, room)
    alice.expect("user_joined", user_id=people.alice.id)
    bob = collabd.join(people.bob, room)
    bob.expect("user_joined", user_id=people.bob.id)
    bob.expect("user_joined", user_id=people.alice.id)
    alice.expect("user_joined", user_id=people.bob.id)
    alice.send("claim_editor")
    for ws in (alice, bob):
        ws.expect("editor_status", editor_id=people.alice.id)
    text = redis.client().get("editor:admin_shop_item_" + unquote(id))
    assert json.loads(text)["editor_id"] == people.alice.id
    alice.send("release_lock")
    for ws in (alice, bob):
        ws.expect("lock_released")


@pytest.mark.parametrize("id", ["x" * 256, "%C3%A9" * 128, "a%00b", "%FF",
                                "%C3", "a%0Ab", "a%0D%0AX:y", "%ED%A0%80",
                                "%C0%AF", "%1B[2J", "%7F"])
def test_refused_id(collabd, people, id):
    path = "/%s/shop/item/%s/" % (PREFIX, id)
    assert handshake(collabd, path, people.root)[0] in (400, 404)


def test_same_name_other_room(collabd, people):
    """a_b + c and a + b_c have one name in the package's keys; here their
    users do not see each other."""
    one = collabd.join(people.root, "a_b/c/1")
    one.expect("user_joined", user_id=people.root.id)
    boss = people.alice.site.user(superuser=True)
    two = collabd.join(boss, "a/b_c/1")
    two.expect("user_joined", user_id=boss.id)
    two.quiet()
    one.quiet()


def test_encoded_and_plain_are_one_room(collabd, people):
    one = collabd.join(people.alice, "shop/item/%41")
    one.expect("user_joined", user_id=people.alice.id)
    two = collabd.join(people.bob, "shop/item/A")
    two.expect("user_joined", user_id=people.bob.id)
    two.expect("user_joined", user_id=people.alice.id)

"""Models whose rows are another's (room_alias): one row, one room."""
import pytest

from tabs import Tabs
from utils import PREFIX, handshake, unique

ALIASES = "shop.offer=shop.item, shop.book=shop.item"


@pytest.fixture(scope="module")
def settings():
    return dict(room_alias=ALIASES, workers=2, save_poll_interval=0.2,
                leave_grace=0, reclaim_grace=0)


@pytest.fixture(scope="module")
def seller(site):
    """Of offers alone."""
    return site.user(permissions=["shop.change_offer"])


@pytest.fixture
def item():
    return "a%s" % unique()


@pytest.fixture
def pages(collabd, item):
    yield {model: Tabs(collabd, "shop/%s/%s" % (model, item))
           for model in ("item", "offer", "book")}
    collabd.close_all()


def test_one_lock(pages, people, seller):
    alice = pages["item"].editor(people.alice)
    bob = pages["offer"].open(seller)
    assert bob.shown["editor"]["user_id"] == people.alice.id
    root = pages["book"].open(people.root)
    bob.send("claim_editor")
    bob.until("error", code="held")
    bob.send("request_edit")
    alice.until_lock(editor=alice, line=[bob])
    alice.send("answer_request", answer="hand_over")
    for ws in (alice, root):
        assert ws.until("handed_over")["to"]["user_id"] == seller.id


def test_permission_is_the_pages(collabd, seller, item):
    """Who may change offers may not see items."""
    def status(model):
        return handshake(collabd, "/%s/shop/%s/%s/" % (PREFIX, model, item),
                         seller)[0]
    assert [status(m) for m in ("offer", "item", "book")] == [101, 403, 403]


@pytest.mark.parametrize("saved", ["offer", "book", "item"])
def test_save_is_told_in_the_one_room(pages, people, seller, site, item,
                                      saved):
    tabs = [pages["item"].open(people.alice), pages["offer"].open(seller)]
    number = site("log", user=people.root.pk, model="shop." + saved,
                  object_id=item)
    for ws in tabs:
        ws.until("saved", id=number)


def test_lists_show_it(collabd, pages, people, seller, item):
    lists = [Tabs(collabd, "shop.item").open(people.carol),
             Tabs(collabd, "shop.offer").open(seller)]
    pages["offer"].editor(seller)
    for ws in lists:
        frame = ws.until("badge", object=item)
        assert frame["editor"]["user_id"] == seller.id

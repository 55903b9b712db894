"""Fills the empty database: people, authors, articles, books, shelves."""
import datetime
import os

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from press.models import Article, Author, Book, Comment, Shelf, Tag, User

PASSWORD = "demo"
# Login name, first and last name, colour of the picture ("" for none), and
# what they may do: everything, or the named actions on what the press keeps.
PEOPLE = [
    ("ann", "Ann", "Lee", "#8a4f7d", "all"),
    ("bob", "Bob", "Okafor", "#2f6f8f", "view add change delete"),
    ("carol", "Carol", "Nyman", "", "view add change delete"),
    ("erin", "Erin", "Castro", "", "view change takeover"),
    ("victor", "Victor", "Petrov", "", "view"),
]
AUTHORS = [
    ("Ines Duarte", 1971, "Writes about rivers and the towns along them."),
    ("Jonas Feld", 1984, "Was a ship's cook before he was a reporter."),
    ("Mariam Haidari", 1990, "Translates from four languages into three."),
    ("Oskar Lindqvist", 1958, "Has kept bees for thirty years."),
    ("Ruth Abara", 1979, "Teaches the history of maps in Lagos."),
]
TAGS = ["Essay", "Food", "History", "Interview", "Nature", "Review",
        "Sea", "Travel"]
ARTICLES = [
    ("The last ferry to Marstal", "Jonas Feld", "published", "Sea Travel",
     "The ferry sails once more in October. Then the island is on its own."),
    ("What the harbour master knows", "Jonas Feld", "review",
     "Interview Sea", "Forty years in one tower, and two log books a year."),
    ("A map is an argument", "Ruth Abara", "published", "Essay History",
     "Every border was drawn by somebody who wanted something."),
    ("Salt, smoke and patience", "Oskar Lindqvist", "draft", "Food",
     "Three ways to keep a fish, none of them in a hurry."),
    ("Rivers that changed their mind", "Ines Duarte", "published",
     "Essay Nature", "The Tejo moved a mile in one night in 1909."),
    ("The dictionary on the kitchen table", "Mariam Haidari", "review",
     "Essay", "A family, three alphabets, one shopping list."),
    ("Bees in a bad summer", "Oskar Lindqvist", "draft", "Nature",
     "It rained for nine weeks. The bees had opinions."),
    ("How to read a tide table", "Ines Duarte", "published", "Sea",
     "Twelve columns of figures, and a picnic that got wet."),
    ("Letters from the lighthouse", "Mariam Haidari", "draft",
     "History Sea", "Found in a tin, behind a wall, under a lamp."),
    ("Lunch at the fish market", "Jonas Feld", "review", "Food Travel",
     "Come at ten, leave at noon, bring a bag."),
    ("The cartographer's daughter", "Ruth Abara", "draft", "Review",
     "A novel with a fold-out map that is wrong on purpose."),
    ("Night train to the coast", "Ines Duarte", "draft", "Travel",
     "Nine hours, four languages, one samovar."),
]
COMMENTS = [
    ("Lene", "My grandmother sailed on it every week.", True),
    ("Tomasz", "Is there really no bridge planned?", True),
    ("Per", "The picture shows the wrong ferry.", False),
]
BOOKS = [
    ("5f0c2f0e-1f7b-4c8e-9a51-3d1f6f8f0a01", "A Year of Tides",
     "Ines Duarte", "978-87-0000-001-1", "24.90"),
    ("5f0c2f0e-1f7b-4c8e-9a51-3d1f6f8f0a02", "The Galley Cookbook",
     "Jonas Feld", "978-87-0000-002-8", "32.00"),
    ("5f0c2f0e-1f7b-4c8e-9a51-3d1f6f8f0a03", "Lines on Paper",
     "Ruth Abara", "978-87-0000-003-5", "28.50"),
    ("5f0c2f0e-1f7b-4c8e-9a51-3d1f6f8f0a04", "Thirty Hives",
     "Oskar Lindqvist", "978-87-0000-004-2", "19.95"),
]
SHELVES = [("North 1/A", "Beside the door"), ("North_1_B", "Top row"),
           ("S\u00fcd & Kontor", "The office"), ("Window", "")]
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect width="64" height="64" fill="%s"/>
<circle cx="32" cy="24" r="12" fill="#fff"/>
<path d="M8 64a24 24 0 0 1 48 0z" fill="#fff"/>
</svg>
"""


class Command(BaseCommand):
    help = __doc__

    @transaction.atomic
    def handle(self, *args, **options):
        for person in PEOPLE:
            make_person(*person)
        authors = {name: Author.objects.create(
            name=name, born=datetime.date(year, 5, 17), biography=text)
            for name, year, text in AUTHORS}
        tags = {name: Tag.objects.create(name=name) for name in TAGS}
        for number, row in enumerate(ARTICLES):
            make_article(number, authors, tags, *row)
        books = [Book.objects.create(
            id=key, title=title, author=authors[author], isbn=isbn,
            price=price, blurb="From the spring list.")
            for key, title, author, isbn, price in BOOKS]
        for code, note in SHELVES:
            Shelf.objects.create(code=code, note=note).books.add(books[0])


def make_person(name, first, last, colour, rights):
    user = User(username=name, first_name=first, last_name=last,
                email=name + "@harbour.example", is_staff=True,
                is_superuser=rights == "all")
    user.set_password(PASSWORD)
    if colour:
        user.avatar = picture(name, colour)
    user.save()
    for action in rights.split():
        if action == "takeover":
            found = Permission.objects.filter(codename="take_over_editing")
        else:
            found = Permission.objects.filter(
                content_type__app_label="press",
                codename__startswith=action + "_").exclude(
                content_type__model="user")
        user.user_permissions.add(*found)


def picture(name, colour):
    path = "avatars/%s.svg" % name
    os.makedirs(settings.MEDIA_ROOT + "/avatars", exist_ok=True)
    with open(settings.MEDIA_ROOT + "/" + path, "w") as f:
        f.write(PICTURE % colour)
    return path


def make_article(number, authors, tags, title, author, state, names, summary):
    slug = "".join(c if c.isalnum() else "-" for c in title.lower())
    article = Article.objects.create(
        title=title, slug=slug, author=authors[author], state=state,
        summary=summary, is_featured=number == 0,
        publish_at=timezone.now() + datetime.timedelta(days=7 - 3 * number)
        if state != "draft" else None,
        body="<p>%s</p><p>The rest of the <b>story</b> follows on page "
             "%d.</p>" % (summary, 4 + 2 * number))
    article.tags.add(*[tags[n] for n in names.split()])
    for name, text, approved in COMMENTS if number == 0 else []:
        Comment.objects.create(article=article, name=name, text=text,
                               is_approved=approved)

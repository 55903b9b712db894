"""What a small publisher keeps: articles with readers' comments, books, and
the shelves they stand on."""
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Django's user with a picture. The table keeps Django's name, as in
    sites that got a model of their own later."""
    avatar = models.FileField(upload_to="avatars", blank=True)

    class Meta(AbstractUser.Meta):
        db_table = "auth_user"
        permissions = [("take_over_editing",
                        "Can take over what somebody else is editing")]


class Author(models.Model):
    name = models.CharField(max_length=100)
    born = models.DateField(null=True, blank=True)
    biography = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=40, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class Article(models.Model):
    STATES = [("draft", "Draft"), ("review", "In review"),
              ("published", "Published")]

    title = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)
    author = models.ForeignKey(Author, on_delete=models.PROTECT)
    state = models.CharField(max_length=10, choices=STATES, default="draft")
    publish_at = models.DateTimeField(null=True, blank=True)
    summary = models.TextField(
        blank=True, help_text="Two sentences for the front page.")
    body = models.TextField(blank=True)
    tags = models.ManyToManyField(Tag, blank=True)
    is_featured = models.BooleanField(default=False)
    attachment = models.FileField(upload_to="attachments", blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-publish_at", "title"]

    def __str__(self):
        return self.title


class Comment(models.Model):
    article = models.ForeignKey(Article, on_delete=models.CASCADE)
    name = models.CharField(max_length=60)
    text = models.TextField()
    is_approved = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return "%s: %s" % (self.name, self.text[:30])


class Book(models.Model):
    """Known to the shop as well, so its key is a UUID."""
    id = models.UUIDField(primary_key=True, default=uuid.uuid4,
                          editable=False)
    title = models.CharField(max_length=200)
    author = models.ForeignKey(Author, on_delete=models.PROTECT)
    isbn = models.CharField("ISBN", max_length=17, unique=True)
    price = models.DecimalField(max_digits=7, decimal_places=2)
    in_print = models.BooleanField(default=True)
    blurb = models.TextField(blank=True)

    class Meta:
        ordering = ["title"]

    def __str__(self):
        return self.title


class Shelf(models.Model):
    """The key is what stands on the shelf, blanks and slashes included."""
    code = models.CharField(max_length=30, primary_key=True)
    note = models.CharField(max_length=200, blank=True)
    books = models.ManyToManyField(Book, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "shelves"

    def __str__(self):
        return self.code

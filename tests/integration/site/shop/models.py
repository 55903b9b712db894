from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=100)


class Offer(Item):
    """An item in another light: the same row."""
    class Meta:
        proxy = True


class Book(Item):
    """An item and more: its key is the item's."""
    pages = models.IntegerField(default=0)


class Shelf(models.Model):
    """Only superusers and those with a permission on it may see this one."""
    name = models.CharField(max_length=100)

from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=100)


class Shelf(models.Model):
    """Only superusers and those with a permission on it may see this one."""
    name = models.CharField(max_length=100)

from django.contrib import admin

from shop.models import Book, Item, Offer, Shelf

admin.site.register(Item)
admin.site.register(Offer)
admin.site.register(Book)
admin.site.register(Shelf)

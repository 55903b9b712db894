from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from press.models import Article, Author, Book, Comment, Shelf, Tag, User
from press.widgets import RichText


class CommentInline(admin.TabularInline):
    model = Comment
    extra = 1


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    list_display = ["title", "author", "state", "publish_at", "is_featured"]
    list_filter = ["state", "tags"]
    search_fields = ["title", "summary"]
    date_hierarchy = "publish_at"
    autocomplete_fields = ["author"]
    filter_horizontal = ["tags"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["created", "length"]
    inlines = [CommentInline]
    actions = ["publish"]
    save_as = True
    fieldsets = [
        (None, {"fields": ["title", "slug", "author", "state", "publish_at"]}),
        ("Text", {"fields": ["summary", "body", "length"]}),
        ("More", {"fields": ["tags", "is_featured", "attachment",
                             "created"]}),
    ]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "body":
            kwargs["widget"] = RichText
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="Length")
    def length(self, article):
        return "%d words" % len(article.body.split())

    @admin.action(description="Publish selected articles")
    def publish(self, request, queryset):
        for article in queryset:
            article.state = "published"
            article.save()
            self.log_change(request, article,
                            [{"changed": {"fields": ["State"]}}])


@admin.register(Author)
class AuthorAdmin(admin.ModelAdmin):
    list_display = ["name", "born"]
    search_fields = ["name"]


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["title", "author", "isbn", "price", "in_print"]
    list_filter = ["in_print"]
    search_fields = ["title", "isbn"]
    readonly_fields = ["id"]
    autocomplete_fields = ["author"]


@admin.register(Shelf)
class ShelfAdmin(admin.ModelAdmin):
    list_display = ["code", "note"]
    filter_horizontal = ["books"]


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    search_fields = ["name"]


@admin.register(User)
class PressUserAdmin(UserAdmin):
    fieldsets = UserAdmin.fieldsets + ((None, {"fields": ["avatar"]}),)

"""The user models of the tests; only the one in use is defined, because the
reverse names of their groups would clash."""
import uuid

from django.conf import settings
from django.contrib.auth.models import (AbstractBaseUser, AbstractUser,
                                        BaseUserManager, PermissionsMixin)
from django.db import models

MODEL = settings.AUTH_USER_MODEL


class Manager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


if MODEL == "accounts.Member":
    class Member(AbstractUser):
        """A UUID as primary key, the e-mail as login name, an avatar."""
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        username = None
        email = models.EmailField(unique=True)
        avatar = models.CharField(max_length=200, blank=True)
        USERNAME_FIELD = "email"
        REQUIRED_FIELDS = []
        objects = Manager()

elif MODEL == "accounts.Person":
    class Person(AbstractUser):
        """Names of its own for the table and a column."""
        is_staff = models.BooleanField(default=False, db_column="Staff Flag")
        family = models.CharField(max_length=80, db_column="family_name")

        def get_full_name(self):
            return "%s %s" % (self.family, self.first_name) if self.family \
                else self.email

        class Meta:
            db_table = "people"

elif MODEL == "accounts.Badge":
    class Badge(AbstractBaseUser, PermissionsMixin):
        """Text as primary key, which is the login name as well."""
        handle = models.CharField(max_length=60, primary_key=True)
        email = models.EmailField()
        is_staff = models.BooleanField(default=False)
        is_active = models.BooleanField(default=True)
        USERNAME_FIELD = "handle"
        EMAIL_FIELD = "email"
        objects = Manager()

        def get_full_name(self):
            return self.email or self.handle

elif MODEL == "accounts.Child":
    class Base(models.Model):
        note = models.CharField(max_length=20, blank=True)

    class Child(AbstractUser, Base):
        """Multi-table inheritance: the primary key is a foreign key."""

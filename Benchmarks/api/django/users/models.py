"""Users who sign in by email."""
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    role = models.CharField(max_length=20, default="doctor")
    institution = models.CharField(max_length=200, blank=True)
    specialty = models.CharField(max_length=200, blank=True)
    phone_number = models.CharField(max_length=40, blank=True)
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["username"]

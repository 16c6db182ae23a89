"""Cases with the same columns as NeuroAI's."""
import uuid

from django.conf import settings
from django.db import models


class Case(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="cases")
    patient_id = models.CharField(max_length=100)
    age = models.IntegerField(null=True)
    sex = models.CharField(max_length=1, null=True)
    status = models.CharField(max_length=20, default="created", db_index=True)
    scan_date = models.DateField(null=True)
    field_strength = models.CharField(max_length=5, null=True)
    scanner_type = models.CharField(max_length=200, blank=True)
    clinical_history = models.TextField(blank=True)
    indication = models.TextField(blank=True)
    diagnosis = models.TextField(blank=True)
    priority = models.CharField(max_length=40, default="normal")
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(db_index=True)
    updated_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

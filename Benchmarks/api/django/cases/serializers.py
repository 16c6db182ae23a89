"""A case in the contract's format."""
from rest_framework import serializers

from cases.models import Case


class CaseSerializer(serializers.ModelSerializer):
    caseId = serializers.UUIDField(source="id", read_only=True)
    patientId = serializers.CharField(source="patient_id")
    createdBy = serializers.CharField(source="created_by.get_full_name", read_only=True)
    scanDate = serializers.DateField(source="scan_date")
    fieldStrength = serializers.CharField(source="field_strength")
    scannerType = serializers.CharField(source="scanner_type")
    clinicalHistory = serializers.CharField(source="clinical_history")
    createdAt = serializers.DateTimeField(source="created_at")
    updatedAt = serializers.DateTimeField(source="updated_at")
    completedAt = serializers.DateTimeField(source="completed_at")

    class Meta:
        model = Case
        fields = ["caseId", "patientId", "createdBy", "status", "age", "sex", "scanDate", "fieldStrength", "scannerType",
                  "clinicalHistory", "indication", "diagnosis", "priority", "notes", "createdAt", "updatedAt", "completedAt"]

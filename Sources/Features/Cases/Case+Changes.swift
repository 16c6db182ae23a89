extension Case {
    /// What the audit trail says of a change: of the patient, the names of the fields alone.
    func changes(since before: Case) -> [FieldChange?] {
        [
            .redacted("patientId", before.patientID, patientID), .redacted("age", before.age, age),
            .redacted("sex", before.sex, sex), .withValues("status", before.status, status),
            .redacted("scanDate", before.scanDate, scanDate),
            .redacted("fieldStrength", before.fieldStrength, fieldStrength),
            .redacted("scannerType", before.scannerType, scannerType),
            .redacted("indication", before.indication, indication),
            .redacted("clinicalHistory", before.clinicalHistory, clinicalHistory),
            .redacted("diagnosis", before.diagnosis, diagnosis), .redacted("priority", before.priority, priority),
            .redacted("notes", before.notes, notes),
        ]
    }
}

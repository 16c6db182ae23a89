extension Case {
    /// What the audit trail says of a change: of the patient, the names of the fields alone.
    func changes(since before: Case) -> [FieldChange?] {
        [
            .named("patientId", before.patientID, patientID), .named("age", before.age, age),
            .named("sex", before.sex, sex), .told("status", before.status, status),
            .named("scanDate", before.study.date, study.date),
            .named("fieldStrength", before.fieldStrength, fieldStrength),
            .named("scannerType", before.scannerType, scannerType),
            .named("indication", before.indication, indication),
            .named("clinicalHistory", before.clinicalHistory, clinicalHistory),
            .named("diagnosis", before.diagnosis, diagnosis), .named("priority", before.priority, priority),
            .named("notes", before.notes, notes),
        ]
    }
}

import Kernel

extension Case {
    /// What the audit trail says of a change: of the patient, the names of the fields alone.
    func changes(since before: Case) -> [FieldChange?] {
        [.withValues("status", before.status, status)]
            + CaseField.all.map { .redacted($0.name, $0.value(before), $0.value(self)) }
    }
}

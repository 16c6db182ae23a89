import Kernel

extension Case {
    /// The audit trail's changes; for patient data, only the names of the fields.
    func changes(since before: Case) -> [FieldChange?] {
        [.withValues("status", before.status, status)]
            + CaseField.all.map { .redacted($0.name, $0.value(before), $0.value(self)) }
    }
}

import Storage

/// What a client sends to create or change a case; every field may be left out, nothing of it has been checked.
package struct CaseForm: Decodable, Sendable {
    package var patientId: Field<String> = .absent
    package var age: Field<FormInteger> = .absent
    package var sex: Field<String> = .absent
    package var status: Field<String> = .absent
    package var scanDate: Field<String> = .absent
    package var fieldStrength: Field<String> = .absent
    package var scannerType: Field<String> = .absent
    package var clinicalHistory: Field<String> = .absent
    package var indication: Field<String> = .absent
    package var diagnosis: Field<String> = .absent
    package var priority: Field<String> = .absent
    package var notes: Field<String> = .absent

    package init() {}

    /// Characters of one free text.
    private static let textLimit = 20_000

    /// `before` with the checked fields of this form.
    func applied(to before: Case) throws -> Case {
        var after = before
        var check = Validation()
        if !patientId.isAbsent {
            after.patientID = check.label("patientId", patientId.given, required: true, atMost: 100)
        }
        if !age.isAbsent { after.age = checkedAge(&check) }
        if !sex.isAbsent { after.sex = check.choice("sex", sex.given ?? "", among: Case.Sex.self) }
        applyStatus(to: &after, &check)
        applyScan(to: &after, &check)
        applyTexts(to: &after, &check)
        try check.finish()
        return after
    }

    private func checkedAge(_ check: inout Validation) -> Int? {
        guard let years = age.given?.value else {
            check.add("age", "This field is required.")
            return nil
        }
        if !(0...130).contains(years) { check.add("age", "Ensure this value is between 0 and 130.") }
        return years
    }

    /// A status that stays as it is may be sent, since clients send whole cases.
    private func applyStatus(to after: inout Case, _ check: inout Validation) {
        guard let text = status.given, text != after.status.rawValue else { return }
        guard let wanted = Case.Status(rawValue: text), Case.Status.settable.contains(wanted) else {
            let names = Case.Status.allCases.filter(Case.Status.settable.contains).map(\.rawValue)
            check.add("status", Validation.choices(names))
            return
        }
        if after.status == .processing {
            check.add("status", "The status can't be changed while the case is being segmented.")
        }
        after.status = wanted
    }

    /// Forms send an empty text where nothing was chosen.
    private func applyScan(to after: inout Case, _ check: inout Validation) {
        if !scanDate.isAbsent {
            let text = String((scanDate.given ?? "").trimmed.prefix { $0 != "T" })
            after.study.date = text.isEmpty ? nil : text
            if !text.isEmpty && CivilDate(text) == nil {
                check.add("scanDate", "Enter a date as YYYY-MM-DD.")
            }
        }
        if !fieldStrength.isAbsent {
            let text = fieldStrength.given ?? ""
            after.fieldStrength =
                text.isEmpty ? nil : check.choice("fieldStrength", text, among: Case.FieldStrength.self)
        }
    }

    private func applyTexts(to after: inout Case, _ check: inout Validation) {
        func text(_ name: String, _ field: Field<String>, _ current: String, atMost limit: Int) -> String {
            field.isAbsent ? current : check.text(name, field.given, atMost: limit)
        }
        let long = Self.textLimit
        if !scannerType.isAbsent { after.scannerType = check.label("scannerType", scannerType.given, atMost: 200) }
        after.clinicalHistory = text("clinicalHistory", clinicalHistory, after.clinicalHistory, atMost: long)
        after.indication = text("indication", indication, after.indication, atMost: long)
        after.diagnosis = text("diagnosis", diagnosis, after.diagnosis, atMost: long)
        after.notes = text("notes", notes, after.notes, atMost: long)
        if !priority.isAbsent {
            let priority = check.label("priority", priority.given, atMost: 40)
            after.priority = priority.isEmpty ? Case.defaultPriority : priority
        }
    }
}

extension Case {
    static let defaultPriority = Priority.normal.rawValue
}

extension CaseForm {
    /// A fresh case of this form's fields.
    func newCase(_ scope: Scope, at now: Timestamp) throws -> Case {
        var form = self
        // Absent is as wrong as empty here.
        if form.patientId.isAbsent { form.patientId = .null }
        if form.age.isAbsent { form.age = .null }
        if form.sex.isAbsent { form.sex = .null }
        let blank = Case(
            id: ID(), institutionID: scope.institution, createdBy: scope.user, author: "", study: ImagingStudy(), patientID: "", age: nil,
            sex: nil, status: .created, fieldStrength: nil, scannerType: "", clinicalHistory: "",
            indication: "", diagnosis: "", priority: Case.defaultPriority, notes: "", createdAt: now, updatedAt: now,
            completedAt: nil)
        return try form.applied(to: blank)
    }
}

extension Validation {
    /// One of an enumeration's values; nil and an error that lists them where `text` is none.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ field: String, _ text: String, among type: Choice.Type
    ) -> Choice? {
        if let choice = Choice(rawValue: text) { return choice }
        add(field, text.isEmpty ? "This field is required." : Self.choices(Choice.allCases.map(\.rawValue)))
        return nil
    }
}

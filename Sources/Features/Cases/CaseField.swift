import Basics
import Kernel
import Storage

/// A field of a case that users fill in. This description defines its JSON, its form with validation, its column, its
/// audit changes, the API's schema and the administration's pages.
package struct CaseField: Sendable {
    /// The kind of input.
    package enum Kind: Sendable {
        /// One line with this maximum length, of visible characters; the administration offers only the suggestions.
        case label(atMost: Int, suggestions: [String] = [])
        case text(atMost: Int)
        /// A whole number of years, 0 to 130.
        case years
        /// `YYYY-MM-DD`.
        case date
        case choice([String])
    }

    /// Where it is stored.
    package enum Column: Sendable {
        case ofCase(String)
        case ofStudy(String)

        /// Qualified as in `CaseStore.selection`.
        package var qualified: String {
            switch self {
            case .ofCase(let name): "c.\(name)"
            case .ofStudy(let name): "y.\(name)"
            }
        }
    }

    /// How it is handled.
    package struct Traits: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) {
            self.rawValue = rawValue
        }

        static let required = Traits(rawValue: 1)
        /// Searched.
        static let searched = Traits(rawValue: 2)
        /// May identify the patient: empty for users who may not know the patient.
        static let identifying = Traits(rawValue: 4)
        /// Shown in the administration's lists.
        package static let listed = Traits(rawValue: 8)
    }

    let key: StaticString
    /// Its name in JSON.
    package let name: String
    package let title: String
    package let kind: Kind
    package let traits: Traits
    package let column: Column
    /// Stored if the form leaves the field empty.
    package let defaultValue: String?
    let value: @Sendable (Case) -> Value
    let assign: @Sendable (Value, inout Case) throws -> Void

    package var isRequired: Bool { traits.contains(.required) }

    /// A field's value of any type.
    enum Value: Equatable, Sendable {
        case text(String)
        case number(Int)
        case empty

        var text: String? {
            if case .text(let text) = self { return text }
            return nil
        }

        var sql: SQL {
            switch self {
            case .text(let text): "\(text)"
            case .number(let number): "\(number)"
            case .empty: "NULL"
            }
        }
    }
}

// MARK: The fields

extension CaseField {
    package static let patientID = text(
        "patientId", "Patient ID", \.patientID, .label(atMost: 100), "patient_id", [.required, .searched, .listed])
    package static let age = CaseField(
        "age", "Age", .years, [.required, .listed], .ofCase("age"),
        value: { $0.age.map { .number($0) } ?? .empty },
        assign: { value, item in
            if case .number(let years) = value { item.age = years } else { item.age = nil }
        })
    package static let sex = choice("sex", "Sex", \.sex, "sex", [.required, .listed])
    package static let scanDate = optional(
        "scanDate", "Scan date", \.study.date, .date, .ofStudy("study_date"), .identifying)
    package static let studyDescription = CaseField(
        "studyDescription", "Study description", .label(atMost: 64), [.searched, .identifying],
        .ofStudy("description"), value: { .text($0.study.description ?? "") },
        assign: { $1.study.description = $0.text.flatMap { $0.isEmpty ? nil : $0 } })
    package static let fieldStrength = choice("fieldStrength", "Field strength", \.fieldStrength, "field_strength")
    package static let scannerType = text(
        "scannerType", "Scanner", \.scannerType, .label(atMost: 200), "scanner_type", .searched)
    package static let priority = text(
        "priority", "Priority", \.priority, .label(atMost: 40, suggestions: Case.Priority.allCases.map(\.rawValue)),
        "priority", .listed, defaultValue: Case.defaultPriority)
    package static let indication = freeText("indication", "Indication", \.indication, "indication")
    package static let clinicalHistory = freeText(
        "clinicalHistory", "Clinical history", \.clinicalHistory, "clinical_history")
    package static let diagnosis = freeText("diagnosis", "Diagnosis", \.diagnosis, "diagnosis")
    package static let notes = freeText("notes", "Notes", \.notes, "notes")

    /// In the order of forms.
    package static let all = [
        patientID, age, sex, scanDate, studyDescription, fieldStrength, scannerType, priority, indication,
        clinicalHistory, diagnosis,
        notes,
    ]
}

// MARK: Making

extension CaseField {
    private typealias Path<Value> = WritableKeyPath<Case, Value> & Sendable

    private init(
        _ key: StaticString, _ title: String, _ kind: Kind, _ traits: Traits, _ column: Column,
        defaultValue: String? = nil,
        value: @escaping @Sendable (Case) -> Value, assign: @escaping @Sendable (Value, inout Case) throws -> Void
    ) {
        self.key = key
        name = key.description
        self.title = title
        self.kind = kind
        self.traits = traits
        self.column = column
        self.defaultValue = defaultValue
        self.value = value
        self.assign = assign
    }

    private static func text(
        _ key: StaticString, _ title: String, _ path: Path<String>, _ kind: Kind, _ column: String,
        _ traits: Traits = [], defaultValue: String? = nil
    ) -> CaseField {
        CaseField(
            key, title, kind, traits, .ofCase(column), defaultValue: defaultValue,
            value: { .text($0[keyPath: path]) }, assign: { $1[keyPath: path] = $0.text ?? "" })
    }

    /// Free text, which may identify the patient.
    private static func freeText(
        _ key: StaticString, _ title: String, _ path: Path<String>, _ column: String
    ) -> CaseField {
        text(key, title, path, .text(atMost: 20_000), column, [.searched, .identifying])
    }

    private static func optional(
        _ key: StaticString, _ title: String, _ path: Path<String?>, _ kind: Kind, _ column: Column,
        _ traits: Traits = []
    ) -> CaseField {
        CaseField(
            key, title, kind, traits, column,
            value: { $0[keyPath: path].map { .text($0) } ?? .empty }, assign: { $1[keyPath: path] = $0.text })
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ key: StaticString, _ title: String, _ path: Path<Choice?>, _ column: String, _ traits: Traits = []
    ) -> CaseField {
        CaseField(
            key, title, .choice(Choice.allCases.map(\.rawValue)), traits, .ofCase(column),
            value: { $0[keyPath: path].map { .text($0.rawValue) } ?? .empty },
            assign: { value, item in
                let choice = value.text.flatMap(Choice.init(rawValue:))
                guard (choice == nil) == (value == .empty) else {
                    throw DatabaseError(.decoding, "Column \(column) holds an unknown choice.")
                }
                item[keyPath: path] = choice
            })
    }
}

// MARK: Forms and rows

extension CaseField {
    /// The validated value of a form's field, null if it is empty; an error and an empty value if it is invalid.
    func checked(_ given: FormValue?, _ check: inout Validation) -> Value {
        switch kind {
        case .label(let limit, _):
            let text = check.label(name, given?.text, required: isRequired, atMost: limit)
            return .text(text.isEmpty ? defaultValue ?? "" : text)
        case .text(let limit): return .text(check.text(name, given?.text, required: isRequired, atMost: limit))
        case .years: return years(given, &check)
        case .date: return date(given?.text ?? "", &check)
        case .choice(let choices):
            let text = given?.text ?? ""
            if choices.contains(text) { return .text(text) }
            if !text.isEmpty || isRequired {
                check.add(name, text.isEmpty ? "This field is required." : Validation.choices(choices))
            }
            return .empty
        }
    }

    /// The valid ages.
    package static let ages = 0...130

    private func years(_ given: FormValue?, _ check: inout Validation) -> Value {
        guard case .number(let years)? = given else {
            check.add(name, "This field is required.")
            return .empty
        }
        if !Self.ages.contains(years) {
            check.add(name, "Ensure this value is between \(Self.ages.lowerBound) and \(Self.ages.upperBound).")
        }
        return .number(years)
    }

    /// Forms send an empty text for no choice, and clients a time of that day.
    private func date(_ given: String, _ check: inout Validation) -> Value {
        let text = String(given.trimmed.prefix { $0 != "T" })
        guard !text.isEmpty else { return .empty }
        if CivilDate(text) == nil { check.add(name, "Enter a date as YYYY-MM-DD.") }
        return .text(text)
    }

    /// The value of a page's form field.
    package func filledIn(_ text: String) throws -> FormValue {
        guard case .years = kind, !text.trimmed.isEmpty else { return .text(text) }
        guard let years = Int(text.trimmed) else {
            throw AppError.invalid(name, "Enter the age in whole years.")
        }
        return .number(years)
    }

    func read(_ row: SQLRow, into item: inout Case) throws {
        let name =
            switch column {
            case .ofCase(let name), .ofStudy(let name): name
            }
        let value: Value =
            if case .years = kind {
                try row.optional(name, as: Int.self).map { .number($0) } ?? .empty
            } else {
                try row.optional(name, as: String.self).map { .text($0) } ?? .empty
            }
        try assign(value, &item)
    }

    var json: @Sendable (Case) -> JSONField {
        { [value, kind] item in
            switch value(item) {
            case .text(let text): .text(text)
            case .number(let number): .number(number)
            case .empty: if case .years = kind { .number(nil) } else { .text(nil) }
            }
        }
    }
}

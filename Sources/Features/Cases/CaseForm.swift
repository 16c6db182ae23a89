import Kernel
import Storage

/// A request to create or change a case; every field is optional, none has been validated.
package struct CaseForm: Sendable {
    package var status: Field<String> = .absent
    private var values: [String: Field<FormValue>] = [:]

    package init() {}

    package subscript(field: CaseField) -> Field<FormValue> {
        get { values[field.name] ?? .absent }
        set { values[field.name] = newValue }
    }

    /// `before` with this form's validated fields.
    func applied(to before: Case) throws -> Case {
        var after = before
        var check = Validation()
        for field in CaseField.all where !self[field].isAbsent {
            try field.assign(field.checked(self[field].given, &check), &after)
        }
        applyStatus(to: &after, &check)
        try check.finish()
        return after
    }

    /// An unchanged status may be sent, since clients send whole cases.
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

    /// A new case with this form's fields.
    func newCase(_ scope: Scope, at now: Timestamp) throws -> Case {
        var form = self
        // Here a missing field is as invalid as an empty one.
        for field in CaseField.all where field.isRequired && form[field].isAbsent { form[field] = .null }
        return try form.applied(
            to: Case(
                id: ID(), institutionID: scope.institution, createdBy: scope.user, author: "", study: ImagingStudy(),
                createdAt: now, updatedAt: now))
    }
}

extension CaseForm: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: JSONField.Key.self)
        for field in CaseField.all {
            let key = JSONField.Key(field.name)
            guard container.contains(key) else { continue }
            if try container.decodeNil(forKey: key) {
                self[field] = .null
            } else if case .years = field.kind {
                self[field] = .value(.number(try container.decode(FormInteger.self, forKey: key).value))
            } else {
                self[field] = .value(.text(try container.decode(String.self, forKey: key)))
            }
        }
        status = try container.decode(Field<String>.self, forKey: JSONField.Key("status"))
    }
}

/// A form's value for one field.
package enum FormValue: Sendable, Equatable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    case text(String)
    case number(Int)

    package init(stringLiteral text: String) {
        self = .text(text)
    }

    package init(integerLiteral number: Int) {
        self = .number(number)
    }

    var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }
}

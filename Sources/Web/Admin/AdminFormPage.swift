import Administration
import Kernel

/// A form with its errors beside the fields.
struct AdminFormPage: Sendable {
    /// A field with its label, help text and error.
    struct Field: Sendable {
        let key: String
        let caption: String
        let help: String?
        let faults: [String]
        let isWrong: Bool
        let isMandatory: Bool
        let control: FormControl
    }

    /// The page after saving, other than the object's.
    enum Next: String, Sendable {
        /// The same object's form.
        case editing = "continue"
        /// The form for another object.
        case another

        /// The name of the form field.
        static let name = "next"
    }

    /// A button that saves and opens another page.
    struct Further: Sendable {
        let next: String
        let furtherTitle: String

        init(_ next: Next, _ title: String) {
            self.next = next.rawValue
            furtherTitle = title
        }
    }

    let frame: AdminFrame
    let heading: String
    let path: String
    let fields: [Field]
    let backHref: String
    let button: String
    let further: [Further]
    /// The object's revision when the form was rendered, so that services detect concurrent changes.
    let revision: String?

    init(
        _ frame: AdminFrame, _ form: AdminForm, _ values: AdminForm.Values, error: AppError?, path: String,
        backHref: String, button: String, further: [Further] = []
    ) {
        let keys = Set(form.fields.map(\.key))
        var frame = frame
        if let error {
            let others = error.fields.filter { !keys.contains($0.key) }.sorted { $0.key < $1.key }.flatMap(\.value)
            frame.failures = error.fields.isEmpty ? [error.message] : others
            if frame.failures.isEmpty { frame.failures = ["Correct the errors below."] }
        }
        self.frame = frame
        heading = frame.title
        self.path = path
        self.backHref = backHref
        self.button = button
        self.further = further
        fields = form.fields.map { Field($0, values, faults: error?.fields[$0.key] ?? []) }
        revision = values[AdminForm.revision]
    }
}

extension AdminFormPage.Field {
    fileprivate init(_ field: AdminForm.Field, _ values: AdminForm.Values, faults: [String]) {
        key = field.key
        caption = field.title
        help = field.help.isEmpty ? nil : field.help
        self.faults = faults
        isWrong = !faults.isEmpty
        isMandatory = field.isRequired
        var control = FormControl(field, name: field.key, value: values[field.key], isWrong: isWrong)
        control.description = "h-\(field.key)"
        self.control = control
    }
}

extension AdminForm {
    /// A row's values, as shown by the form's fields.
    func values(of row: AdminRow) -> Values {
        var values: [String: String] = [:]
        for field in fields {
            guard let cell = row[field.key] else { continue }
            if case .flag = field.kind, cell.text == "0" { continue }
            values[field.key] = cell.text
        }
        values[Self.revision] = row.revision.map { String($0) }
        return Values(values)
    }

    /// The submitted values; in a list every name ends with a row's id.
    func values(of sent: FormFields, prefix: String = "", row id: String? = nil) -> Values {
        let names = fields.map(\.key) + [Self.revision]
        let pairs = names.compactMap { name in
            sent[FormControl.name(prefix + name, row: id)].map { (name, $0) }
        }
        return Values(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
    }
}

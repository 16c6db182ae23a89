import Features

/// A form with what is wrong beside each field.
struct AdminFormPage: Sendable {
    /// A choice of a field.
    struct Option: Sendable {
        let value: String
        let caption: String
        let isSelected: Bool
    }

    /// One field as HTML needs it.
    struct Field: Sendable {
        let key: String
        let caption: String
        let help: String?
        let faults: [String]
        let isWrong: Bool
        let isMandatory: Bool
        let isArea: Bool
        let isChoice: Bool
        let isTick: Bool
        let isTicked: Bool
        let isInput: Bool
        let inputKind: String
        let current: String
        let options: [Option]
    }

    let frame: AdminFrame
    let heading: String
    let path: String
    let fields: [Field]
    let backHref: String
    let button: String
    /// What the object was when the form was made, for services that refuse a change of what has changed since.
    let revision: String?

    init(
        _ frame: AdminFrame, _ form: AdminForm, _ values: AdminForm.Values, error: AppError?, path: String,
        backHref: String, button: String
    ) {
        let keys = Set(form.fields.map(\.key))
        var frame = frame
        if let error {
            let others = error.fields.filter { !keys.contains($0.key) }.sorted { $0.key < $1.key }.flatMap(\.value)
            frame.failures = error.fields.isEmpty ? [error.message] : others
            if frame.failures.isEmpty { frame.failures = ["Please correct what is marked below."] }
        }
        self.frame = frame
        heading = frame.title
        self.path = path
        self.backHref = backHref
        self.button = button
        fields = form.fields.map { Field($0, values, faults: error?.fields[$0.key] ?? []) }
        revision = values["revision"]
    }
}

extension AdminFormPage.Field {
    fileprivate init(_ field: AdminForm.Field, _ values: AdminForm.Values, faults: [String]) {
        let current = values[field.key] ?? ""
        key = field.key
        caption = field.title
        help = field.help.isEmpty ? nil : field.help
        self.faults = faults
        isWrong = !faults.isEmpty
        isMandatory = field.isRequired
        var (isArea, isChoice, isTick, inputKind) = (false, false, false, "text")
        var options: [AdminFormPage.Option] = []
        switch field.kind {
        case .text: break
        case .longText: isArea = true
        case .email: inputKind = "email"
        case .number: inputKind = "number"
        case .date: inputKind = "date"
        case .flag: isTick = true
        case .choice(let choices):
            isChoice = true
            options = choices.map { .init(value: $0.value, caption: $0.title, isSelected: $0.value == current) }
            // What may be left open, or has not been chosen yet.
            if !field.isRequired || current.isEmpty {
                options.insert(.init(value: "", caption: "–", isSelected: current.isEmpty), at: 0)
            }
        }
        self.isArea = isArea
        self.isChoice = isChoice
        self.isTick = isTick
        isInput = !isArea && !isChoice && !isTick
        self.inputKind = inputKind
        // Browsers leave a tick out that is not set.
        isTicked = isTick && values[field.key] != nil
        self.current = current
        self.options = options
    }
}

extension AdminForm {
    /// What a row holds, as the form's fields show it.
    func values(of row: AdminRow) -> Values {
        var values: [String: String] = [:]
        for field in fields {
            guard let cell = row[field.key] else { continue }
            if case .flag = field.kind, cell.text == "0" { continue }
            values[field.key] = cell.text
        }
        values["revision"] = row["revision"]?.text
        return Values(values)
    }

    /// What a browser sent.
    func values(of sent: FormFields) -> Values {
        let names = fields.map(\.key) + ["revision"]
        let pairs = names.compactMap { name in sent[name].map { (name, $0) } }
        return Values(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
    }
}

/// Collects the errors of a form, so that the client gets all of them at once.
package struct Validation {
    private var fields: [String: [String]] = [:]

    package init() {}

    package mutating func add(_ field: String, _ message: String) {
        fields[field, default: []].append(message)
    }

    /// The trimmed text; an error and an empty text if it is missing, too long or cannot be stored.
    package mutating func text(_ field: String, _ text: String?, required: Bool = false, atMost limit: Int) -> String {
        let trimmed = text?.trimmed ?? ""
        // Text without visible characters counts as empty.
        let isBlank = trimmed.unicodeScalars.allSatisfy {
            $0.isInvisible && $0.value != 0 || $0.properties.isWhitespace
        }
        if isBlank && required {
            add(field, text == nil ? "This field is required." : "This field may not be blank.")
        } else if trimmed.unicodeScalars.count > limit {
            add(field, "Ensure this field has no more than \(limit) characters.")
        } else if trimmed.unicodeScalars.contains(where: { $0.value == 0 }) {
            add(field, "Null characters are not allowed.")
        } else {
            return trimmed
        }
        return ""
    }

    /// The error of a field that accepts only these values.
    package static func choices(_ names: [String]) -> String {
        "Not a valid choice. Choose one of \(names.joined(separator: ", "))."
    }

    /// One of an enumeration's values; `nil` and an error that lists them if `text` is not one of them.
    package mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ field: String, _ text: String, among type: Choice.Type
    ) -> Choice? {
        if let choice = Choice(rawValue: text) { return choice }
        add(field, text.isEmpty ? "This field is required." : Self.choices(Choice.allCases.map(\.rawValue)))
        return nil
    }

    package func finish() throws {
        if let error { throw error }
    }

    /// `nil` if there are no errors.
    package var error: AppError? {
        guard !fields.isEmpty else { return nil }
        let names = fields.keys.sorted().joined(separator: ", ")
        return AppError(.validation, "Correct these fields: \(names).", fields: fields)
    }
}

extension String {
    /// Without leading and trailing white space and line ends.
    package var trimmed: String {
        var view = self[...]
        while view.first?.isWhitespace == true { view.removeFirst() }
        while view.last?.isWhitespace == true { view.removeLast() }
        return String(view)
    }
}

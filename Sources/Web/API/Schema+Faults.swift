import Basics
import Foundation
import Kernel

/// A schema violation in a body.
struct SchemaFault: Equatable {
    /// `ratings.whole_tumor`; empty for the whole body.
    let field: String
    let message: String
}

extension Schema {
    /// All errors of a JSON value, worded as in forms; members missing from the schema are ignored.
    func faults(in value: JSONValue) -> [SchemaFault] {
        SchemaKeywords(self).faults(value, at: "")
    }

    /// The error of a query's text, which is parsed as a number or boolean if required.
    func fault(ofText text: String) -> String? {
        SchemaKeywords(self).fault(ofText: text)
    }
}

/// A schema's keywords, for validation.
struct SchemaKeywords {
    private let keywords: [String: JSONValue]

    init(_ schema: Schema) {
        self.init(schema.json)
    }

    private init(_ value: JSONValue) {
        guard case .object(let keywords) = value else {
            self.keywords = [:]
            return
        }
        self.keywords = keywords
    }

    // MARK: Keywords

    /// The schema itself, or the referenced component.
    private var resolved: SchemaKeywords {
        guard let reference = text("$ref") else { return self }
        let name = reference.split(separator: "/").last.map(String.init) ?? ""
        return Components.all[name].map { SchemaKeywords($0) } ?? SchemaKeywords(JSONValue.object([:]))
    }

    private var choices: [SchemaKeywords] {
        (list("anyOf") + list("oneOf")).map { SchemaKeywords($0).resolved }
    }

    private var types: [String] {
        if let type = text("type") { return [type] }
        return list("type").compactMap(\.asText)
    }

    /// The allowed texts; `nil` if there is no such restriction.
    private var names: [String]? {
        let all = list("enum")
        return all.isEmpty ? nil : all.compactMap(\.asText)
    }

    private func text(_ keyword: String) -> String? { keywords[keyword]?.asText }

    private func integer(_ keyword: String) -> Int? {
        guard case .integer(let number)? = keywords[keyword] else { return nil }
        return number
    }

    private func list(_ keyword: String) -> [JSONValue] {
        guard case .list(let values)? = keywords[keyword] else { return [] }
        return values
    }

    // MARK: Bodies

    func faults(_ value: JSONValue, at field: String) -> [SchemaFault] {
        let schema = resolved
        let choices = schema.choices
        guard choices.isEmpty else { return Self.faults(value, choices, at: field) }
        guard schema.takes(value) else { return [SchemaFault(field: field, message: schema.expectation(of: value))] }
        switch value {
        case .null, .bool: return []
        case .integer(let number): return Self.fault(at: field, schema.rangeFault(Double(number)))
        case .number(let number): return Self.fault(at: field, schema.rangeFault(number))
        case .text(let text): return Self.fault(at: field, schema.textFault(text))
        case .list(let items):
            guard let item = schema.keywords["items"].map({ SchemaKeywords($0) }) else { return [] }
            return items.enumerated().flatMap { item.faults($0.element, at: "\(field)[\($0.offset)]") }
        case .object(let members): return schema.memberFaults(members, at: field)
        }
    }

    private static func fault(at field: String, _ message: String?) -> [SchemaFault] {
        message.map { [SchemaFault(field: field, message: $0)] } ?? []
    }

    /// The value must match one of several schemas; otherwise the errors are those of the first schema of its type, or
    /// of the first one.
    private static func faults(_ value: JSONValue, _ choices: [SchemaKeywords], at field: String) -> [SchemaFault] {
        let results = choices.map { $0.faults(value, at: field) }
        guard !results.contains(where: \.isEmpty), let first = choices.first, let expected = results.first else {
            return []
        }
        // A number may be sent as text.
        if case .text(let text) = value, first.types == ["integer"] {
            let number = Int(text).flatMap { first.rangeFault(Double($0)) }
            return [SchemaFault(field: field, message: number ?? first.expectation(of: value))]
        }
        return zip(choices, results).first { $0.0.takes(value) }?.1 ?? expected
    }

    private func memberFaults(_ members: [String: JSONValue], at field: String) -> [SchemaFault] {
        guard case .object(let properties)? = keywords["properties"] else { return [] }
        let required = list("required")
        let given = Dictionary(members.map { ($0.key.camelCased, $0.value) }, uniquingKeysWith: { $1 })
        return properties.flatMap { name, schema -> [SchemaFault] in
            let path = field.isEmpty ? name : "\(field).\(name)"
            let isRequired = required.contains(.text(name))
            guard let value = given[name.camelCased], !(isRequired && value == .null) else {
                return isRequired ? [SchemaFault(field: path, message: "This field is required.")] : []
            }
            return SchemaKeywords(schema).faults(value, at: path)
        }
    }

    private func takes(_ value: JSONValue) -> Bool {
        types.isEmpty || types.contains { value.isA($0) }
    }

    /// The expectation if the value has another type.
    private func expectation(of value: JSONValue) -> String {
        if case .null = value { return "This field may not be null." }
        if let names { return Validation.choices(names.filter { !$0.isEmpty }) }
        switch types.first ?? "" {
        case "integer": return "Enter a whole number."
        case "number": return "Enter a number."
        case "boolean": return "Must be true or false."
        case "array": return "Must be a list."
        case "object": return "Must be a JSON object."
        default: return formatMessage ?? "Not a valid string."
        }
    }

    private var formatMessage: String? {
        switch text("format") {
        case "uuid": "Must be a valid UUID."
        case "date": "Enter a date as YYYY-MM-DD."
        case "date-time": "Enter an ISO 8601 time, such as 2026-11-01T08:00:00Z."
        case "email": "Enter a valid email address."
        default: nil
        }
    }

    private func rangeFault(_ number: Double) -> String? {
        guard let least = integer("minimum"), let most = integer("maximum") else { return nil }
        return (Double(least)...Double(most)).contains(number)
            ? nil : "Ensure this value is between \(least) and \(most)."
    }

    private func textFault(_ text: String) -> String? {
        if let names { return names.contains(text) ? nil : Validation.choices(names.filter { !$0.isEmpty }) }
        let length = text.unicodeScalars.count
        if length == 0, integer("minLength") ?? 0 > 0 { return "This field may not be blank." }
        if let limit = integer("maxLength"), length > limit {
            return limit == 0 ? "Must be empty." : "Ensure this field has no more than \(limit) characters."
        }
        if let limit = integer("minLength"), length < limit {
            return "Ensure this field has at least \(limit) characters."
        }
        if text.unicodeScalars.contains("\0") { return "Null characters are not allowed." }
        guard hasFormat(text), matchesPattern(text) else {
            return formatMessage ?? (text.trimmed.isEmpty ? "This field may not be blank." : "Not a valid value.")
        }
        return nil
    }

    private func matchesPattern(_ text: String) -> Bool {
        guard let pattern = self.text("pattern") else { return true }
        return text.range(of: pattern, options: .regularExpression) != nil
    }

    private func hasFormat(_ text: String) -> Bool {
        switch self.text("format") {
        case "uuid": UUID(uuidString: text) != nil
        case "date": TimeSpan.isDate(text)
        case "date-time": TimeSpan.isTime(text)
        default: true
        }
    }

    // MARK: Addresses

    /// A query parameter: as lenient as the calls, which validate it further.
    func fault(ofText text: String) -> String? {
        let schema = resolved
        let choices = schema.choices
        if !choices.isEmpty {
            let faults = choices.map { $0.fault(ofText: text) }
            guard !faults.contains(nil) else { return nil }
            let takesDatesAndTimes = choices.compactMap { $0.text("format") } == ["date", "date-time"]
            return takesDatesAndTimes ? TimeSpan.expected : faults.compactMap(\.self).first
        }
        if let names = schema.names {
            // Both spellings are accepted.
            let known = names.map { $0.camelCased.lowercased() }
            return known.contains(text.camelCased.lowercased()) ? nil : Validation.choices(names.filter { !$0.isEmpty })
        }
        switch schema.types.first ?? "" {
        case "integer":
            guard let number = Int(text) else { return schema.expectation(of: .text(text)) }
            return schema.rangeFault(Double(number))
        case "boolean":
            return ["", "true", "false", "1", "0"].contains(text.lowercased()) ? nil : "Must be true or false."
        case "string": return schema.textFault(text)
        default: return nil
        }
    }
}

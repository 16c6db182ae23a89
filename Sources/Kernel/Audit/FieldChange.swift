import Basics
import Foundation

/// A field that a change gave another value, as the audit trail keeps it for ever.
package struct FieldChange: Sendable, Equatable, Codable {
    package let field: String
    /// Nil where there was none, and for a field that is only named.
    package let from: String?
    package let to: String?

    private init?(_ field: String, _ from: String?, _ to: String?) {
        guard from != to else { return nil }
        self.field = field
        self.from = from
        self.to = to
    }

    private init(_ field: String) {
        self.field = field
        from = nil
        to = nil
    }

    /// Whether the entry says what the value was, and not only which field it is.
    package var hasValues: Bool { from != nil || to != nil }

    // MARK: Making

    /// Names a field that holds data of a patient or a person, or free text: those must be able to go, and entries never do.
    package static func redacted<Value: Equatable>(_ field: String, _ before: Value, _ after: Value) -> FieldChange? {
        before == after ? nil : FieldChange(field)
    }

    /// With the former value and the new one. There is no such function for a text, so that none gets in.
    package static func withValues<Value: RawRepresentable<String> & CaseIterable>(
        _ field: String, _ before: Value?, _ after: Value?
    ) -> FieldChange? {
        FieldChange(field, before?.rawValue, after?.rawValue)
    }

    package static func withValues(_ field: String, _ before: Bool, _ after: Bool) -> FieldChange? {
        FieldChange(field, String(before), String(after))
    }

    package static func withValues(_ field: String, _ before: Int64?, _ after: Int64?) -> FieldChange? {
        FieldChange(field, before.map { String($0) }, after.map { String($0) })
    }

    /// What a model package calls itself.
    package static func withValues(_ field: String, _ before: ModelIdentity?, _ after: ModelIdentity?) -> FieldChange? {
        FieldChange(field, before.map { "\($0.name) \($0.version)" }, after.map { "\($0.name) \($0.version)" })
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(field, forKey: .field)
        try container.encode(from, forKey: .from)
        try container.encode(to, forKey: .to)
    }
}

// MARK: Storing

extension [FieldChange] {
    /// As a column holds them: JSON, empty where nothing was changed.
    func stored() throws -> String {
        guard !isEmpty else { return "" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Text that is no list of changes was put there by somebody else; its seal is then wrong as well.
    package init(stored text: String?) {
        self = text.flatMap { try? JSONDecoder().decode([FieldChange].self, from: Data($0.utf8)) } ?? []
    }
}

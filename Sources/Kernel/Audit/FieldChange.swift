import Basics
import Foundation

/// A changed field in the audit trail, kept permanently.
package struct FieldChange: Sendable, Equatable, Codable {
    package let field: String
    /// `nil` if there was no value, and for redacted fields.
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

    /// Whether the entry contains the values rather than only the field's name.
    package var hasValues: Bool { from != nil || to != nil }

    // MARK: Making

    /// Records only the name of a field with patient or personal data or free text: such data must be erasable, entries
    /// are not.
    package static func redacted<Value: Equatable>(_ field: String, _ before: Value, _ after: Value) -> FieldChange? {
        before == after ? nil : FieldChange(field)
    }

    /// With the old and new values. There is deliberately no such function for text.
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

    /// The model package's name and version.
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
    /// JSON for a column, empty if there are no changes.
    func stored() throws -> String {
        guard !isEmpty else { return "" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Text that is not a list of changes was not written by the service; its seal is then wrong as well.
    package init(stored text: String?) {
        self = text.flatMap { try? JSONDecoder().decode([FieldChange].self, from: Data($0.utf8)) } ?? []
    }
}

import Kernel
import Storage

/// A correction of a signed report. The signed text does not change.
package struct ReportAddendum: Sendable, Equatable {
    /// 1 is the first.
    package let number: Int
    package let text: String
    package let reason: String
    /// A full name.
    package let createdBy: String
    package let createdAt: Timestamp
}

extension ReportAddendum: Encodable {
    private enum CodingKeys: CodingKey {
        case number, text, reason, createdBy, createdAt
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(number, forKey: .number)
        try container.encode(text, forKey: .text)
        try container.encode(reason, forKey: .reason)
        try container.encode(createdBy, forKey: .createdBy)
        try container.encode(createdAt, forKey: .createdAt)
    }
}

/// A client's request to add an addendum.
package struct AddendumForm: Decodable, Sendable {
    package var text: String?
    package var reason: String?

    package init(text: String? = nil, reason: String? = nil) {
        self.text = text
        self.reason = reason
    }

    /// The trimmed texts.
    ///
    /// - Throws: a validation error with all errors.
    func checked() throws -> (text: String, reason: String) {
        var check = Validation()
        let text = check.text("text", text, required: true, atMost: ReportForm.textLimit)
        let reason = check.text("reason", reason, required: true, atMost: ReportForm.reasonLimit)
        try check.finish()
        return (text, reason)
    }
}

/// A failure that the service can name. `message` is one sentence for the person who asked and never holds patient data.
package struct AppError: Error, CustomStringConvertible {
    /// Closed: `Web` maps each code to one HTTP status in one table.
    package enum Code: String, Sendable, CaseIterable {
        case validation
        case unauthenticated
        case forbidden
        case notFound = "not_found"
        case conflict
        case tooLarge = "too_large"
        case tooManyRequests = "too_many_requests"
        case unavailable
        case internalFault = "internal"
    }

    package let code: Code
    package let message: String
    /// For `.validation`: what is wrong by field; `non_field_errors` for what concerns several.
    package let fields: [String: [String]]
    /// For the log only.
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, fields: [String: [String]] = [:], cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.fields = fields
        self.cause = cause
    }

    /// A validation failure of one field.
    package static func invalid(_ field: String, _ message: String) -> AppError {
        AppError(.validation, message, fields: [field: [message]])
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

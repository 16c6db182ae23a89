/// A failure that the service can name. `message` is one sentence for the person who asked and never holds patient data.
package struct AppError: Error, CustomStringConvertible {
    /// Closed: `Web` maps each code to one HTTP status in one table.
    package enum Code: String, Sendable, CaseIterable {
        case validation
        case unauthenticated
        /// The password was right; the code of the second factor is missing.
        case codeRequired = "code_required"
        case forbidden
        /// The password was right; the account waits for an administrator.
        case approvalPending = "approval_pending"
        /// The role must have a second factor, and the user has none yet.
        case secondFactorRequired = "second_factor_required"
        case notFound = "not_found"
        case conflict
        /// The case has a signed report; the change is to be asked for by `force`.
        case caseSigned = "case_signed"
        /// The object is no longer the one that the client has seen (`If-Match`).
        case preconditionFailed = "precondition_failed"
        /// An `Idempotency-Key` that another request has used.
        case keyReused = "idempotency_key_reused"
        /// Somebody else is writing this very file.
        case locked
        case checksumMismatch = "checksum_mismatch"
        case tooLarge = "too_large"
        case quotaExceeded = "quota_exceeded"
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
    /// Seconds after which it may work.
    package let retryAfter: Int?

    package init(
        _ code: Code, _ message: String, fields: [String: [String]] = [:], cause: (any Error)? = nil,
        retryAfter: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.fields = fields
        self.cause = cause
        self.retryAfter = retryAfter
    }

    /// A validation failure of one field.
    package static func invalid(_ field: String, _ message: String) -> AppError {
        AppError(.validation, message, fields: [field: [message]])
    }

    package var description: String { "\(code.rawValue): \(message)" }

    /// What is wrong, without the fields' names, for forms whose sentences name them.
    package var fieldSentences: [String] {
        fields.isEmpty ? [message] : fields.sorted { $0.key < $1.key }.flatMap(\.value)
    }
}

/// A failure with a message for the client: one sentence without patient data.
package struct AppError: Error, CustomStringConvertible {
    /// Closed: `Web` maps each code to an HTTP status in one table.
    package enum Code: String, Sendable, CaseIterable {
        case validation
        case unauthenticated
        /// The password is correct, but the two-factor code is missing.
        case codeRequired = "code_required"
        case forbidden
        /// The password is correct, but the account is pending approval.
        case approvalPending = "approval_pending"
        /// The role requires a second factor, and the user has none.
        case secondFactorRequired = "second_factor_required"
        case notFound = "not_found"
        case conflict
        /// The case has a signed report; the change requires `force`.
        case caseSigned = "case_signed"
        /// The object has changed since the client read it (`If-Match`).
        case preconditionFailed = "precondition_failed"
        /// An `Idempotency-Key` that was used for a different request.
        case keyReused = "idempotency_key_reused"
        /// Another request is writing this file.
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
    /// For `.validation`: errors by field; `non_field_errors` for errors of several fields.
    package let fields: [String: [String]]
    /// For the log only.
    package let cause: (any Error)?
    /// Seconds after which a retry may succeed.
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

    /// A validation error of one field.
    package static func invalid(_ field: String, _ message: String) -> AppError {
        AppError(.validation, message, fields: [field: [message]])
    }

    package var description: String { "\(code.rawValue): \(message)" }

    /// The errors without field names, for forms whose messages include them.
    package var fieldSentences: [String] {
        fields.isEmpty ? [message] : fields.sorted { $0.key < $1.key }.flatMap(\.value)
    }
}

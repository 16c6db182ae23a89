/// An error response (Amazon S3 API Reference, "Error responses"). Keeps the code alone: the message may repeat the
/// access key and the string to sign.
struct S3ErrorResponse {
    let status: Int
    let code: String

    init(status: Int, _ body: XMLNode?) {
        self.status = status
        // A code is a word; anything else is not from an object store.
        let found = body?["Code"].flatMap { $0.wholeMatch(of: /[A-Za-z]{1,60}/) }
        code = found.map { String($0.0) } ?? "no error code"
    }

    /// Codes of temporary failures whose status does not say so.
    private static let transientCodes: Set<String> = [
        "InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "RequestTimeTooSkewed", "Throttling",
        "ThrottlingException", "TooManyRequests", "BandwidthLimitExceeded", "OperationAborted",
        "ConditionalRequestConflict", "ConcurrentModification",
    ]

    var error: BucketError {
        let reason = "\(code) (HTTP \(status))"
        switch code {
        case "NoSuchKey": return .noSuchKey
        case "NoSuchUpload": return .noSuchUpload
        case "PreconditionFailed": return .preconditionFailed
        case "EntityTooSmall": return .entityTooSmall
        case "InvalidPart", "InvalidPartOrder": return .invalidPart
        // The body was changed on its way; sending it again helps.
        case "BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest": return .unavailable(reason: reason)
        default:
            let isTransient = status >= 500 && status != 501 || status == 429 || Self.transientCodes.contains(code)
            return isTransient ? .unavailable(reason: reason) : .refused(reason: reason)
        }
    }
}

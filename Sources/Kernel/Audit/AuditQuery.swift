import Storage

/// A filter of the audit trail; `nil` values do not filter.
package struct AuditQuery: Sendable, Equatable {
    package var actor: UserID?
    package var action: String?
    package var objectType: String?
    package var objectID: String?
    package var outcome: AuditEntry.Outcome?
    package var requestID: String?
    /// The start time, inclusive.
    package var from: Timestamp?
    /// The end time, exclusive.
    package var to: Timestamp?
    package var window: Window = .plain(limit: Window.plainLimit)

    package init() {}
}

extension AuditQuery {
    /// Reads filters by their query parameters: `actor`, `action`, `objectType`, `objectId`, `outcome`, `requestId`,
    /// `from`, `to`.
    ///
    /// - Throws: a validation error with every invalid parameter.
    package init(reading text: (_ name: String) -> String?) throws {
        self.init()
        var check = Validation()
        action = check.text("action", text("action"), atMost: 60).nonEmpty
        objectType = check.text("objectType", text("objectType"), atMost: 60).nonEmpty
        objectID = check.text("objectId", text("objectId"), atMost: 100).nonEmpty
        requestID = check.text("requestId", text("requestId"), atMost: 64).nonEmpty
        actor = check.read("actor", text("actor"), "Must be a valid UUID.") { UserID($0) }
        outcome = check.read(
            "outcome", text("outcome"), Validation.choices(AuditEntry.Outcome.allCases.map(\.rawValue))
        ) {
            AuditEntry.Outcome(rawValue: $0)
        }
        from = check.read("from", text("from"), Self.noTime) { TimeSpan.time($0) }
        to = check.read("to", text("to"), Self.noTime) { TimeSpan.time($0) }
        try check.finish()
    }

    private static let noTime = "Enter an ISO 8601 time, such as 2026-11-01T00:00:00Z."
}

extension Validation {
    /// `nil` if there is no text; an error if `parse` rejects it.
    fileprivate mutating func read<Value>(
        _ field: String, _ text: String?, _ message: String, _ parse: (String) -> Value?
    ) -> Value? {
        guard let text, !text.isEmpty else { return nil }
        let value = parse(text)
        if value == nil { add(field, message) }
        return value
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

/// The position after which a list continues; opaque to clients.
struct AuditCursor: Equatable {
    let time: Timestamp
    let id: ID<AuditEntry>

    init(_ entry: AuditEntry) {
        time = entry.occurredAt
        id = entry.id
    }

    init(_ text: String) throws {
        let parts = text.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, let time = Int64(parts[0], radix: 36), let id = ID<AuditEntry>(parts[1]) else {
            throw AppError.invalid("cursor", "Invalid cursor.")
        }
        self.time = Timestamp(microseconds: time)
        self.id = id
    }

    var text: String { "\(String(time.microseconds, radix: 36))_\(id)" }
}

/// A kind of event that processes tell each other through the database.
package struct NotificationChannel: Hashable, Sendable {
    package let name: String

    /// - Parameter name: without spaces.
    package init(_ name: String) {
        self.name = name
    }
}

/// What a subscriber of `Database.notifications(of:)` receives.
///
/// Each committed notification arrives at most once, in commit order, within milliseconds (on SQLite, within 50 ms of
/// another process's commit); that of a transaction rolled back never does, and equal ones of a transaction may be one. Notifications may be lost while PostgreSQL is unreachable or if a subscriber lags far behind. It
/// then receives `resync` and must read the state that it follows again. The first element is always a `resync`:
/// nothing committed after it is missed without another one.
package enum DatabaseNotification: Sendable, Equatable {
    /// The payload is an ID or another short word, never patient data: other database users can see it.
    case message(NotificationChannel, payload: String)
    case resync
}

/// A notification's longest payload, in bytes.
let longestPayload = 200

extension NotificationChannel {
    /// Refuses payloads that are too long for an ID.
    func check(_ payload: String) throws {
        guard payload.utf8.count <= longestPayload, !payload.utf8.contains(0) else {
            throw DatabaseError(.invalidValue, "A notification's payload has at most \(longestPayload) bytes.")
        }
    }
}

import Basics
import Foundation

/// The states of a task (`celery.states`).
package enum TaskState: String, Sendable {
    case pending = "PENDING"
    case received = "RECEIVED"
    case started = "STARTED"
    case success = "SUCCESS"
    case failure = "FAILURE"
    case revoked = "REVOKED"
    case retry = "RETRY"
    case rejected = "REJECTED"
    case ignored = "IGNORED"

    package var isReady: Bool { [.success, .failure, .revoked].contains(self) }
    /// Whether the result is an exception.
    var isException: Bool { [.retry, .failure, .revoked].contains(self) }
}

/// What the result backend holds of a task.
package struct TaskResult: Sendable, Equatable {
    package let id: String
    package let state: TaskState
    /// The value; of a failure the exception.
    package let value: JSONValue
    package let traceback: String?
    package let completedAt: Date?
    package let children: [JSONValue]

    init?(_ json: JSONValue, id: String) {
        guard let state = json["status"]?.asText.flatMap({ TaskState(rawValue: $0) }) else { return nil }
        self.id = id
        self.state = state
        value = json["result"] ?? .null
        traceback = json["traceback"]?.asText
        completedAt = json["date_done"]?.asText.flatMap(ISOTime.date)
        children = json["children"]?.asList ?? []
    }

    /// Of a state with an exception.
    package var failure: TaskFailure? { state.isException ? TaskFailure(value) : nil }
}

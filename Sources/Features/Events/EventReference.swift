import Kernel
import Storage

/// What an event is about.
package enum EventObject: Sendable, Hashable {
    case `case`(CaseID)
    case task(ID<InferenceTask>)
    case report(ID<Report>)
}

/// A change of an object: only says which one, since each subscriber reads the object's state with its own permissions.
struct EventReference: Sendable, Equatable {
    let object: EventObject
    let caseID: CaseID
    let institution: InstitutionID
    /// `nil` for a task's progress, which is not logged.
    let position: EventPosition?

    /// Whether this has a later place in the log; progress has none, and changes nothing that a logged change would not.
    func isAfter(_ other: EventReference) -> Bool {
        guard let position else { return false }
        return other.position.map { position.isAfter($0) } ?? true
    }
}

/// The objects that a stream reports on.
package enum EventTopic: Sendable, Hashable {
    /// All that the user may see.
    case all
    /// A case with its tasks and reports.
    case `case`(CaseID)
    /// One segmentation, until it is over.
    case task(ID<InferenceTask>)

    func includes(_ reference: EventReference) -> Bool {
        switch self {
        case .all: true
        case .case(let id): reference.caseID == id
        case .task(let id): reference.object == .task(id)
        }
    }
}

/// A row of the log.
struct LoggedEvent: Sendable {
    enum Change: Sendable {
        case object(EventReference)
        case sessionEnd(SessionID)
    }

    let position: EventPosition
    let change: Change
}

extension LoggedEvent {
    init(_ row: SQLRow) throws {
        let position = EventPosition(
            transaction: try row.get("transaction_id"), id: try row.get("id"), time: try row.get("created_at"))
        self.position = position
        func reference(_ object: EventObject) throws -> Change {
            .object(
                EventReference(
                    object: object, caseID: try row.get("case_id"), institution: try row.get("institution_id"),
                    position: position))
        }
        switch try row.get("kind", as: String.self) {
        case "case": change = try reference(.case(row.get("object_id")))
        case "task": change = try reference(.task(row.get("object_id")))
        case "report": change = try reference(.report(row.get("object_id")))
        default: change = .sessionEnd(try row.get("object_id"))
        }
    }
}

import Foundation
import Storage

/// Which cases a list shows, and in which order.
package struct CaseQuery: Sendable, Equatable {
    /// The columns that a list can be ordered by.
    package enum Key: String, Sendable, CaseIterable {
        case createdAt, updatedAt, status, patientId, priority

        var column: String {
            switch self {
            case .createdAt: "c.created_at"
            case .updatedAt: "c.updated_at"
            case .status: "c.status"
            case .patientId: "c.patient_id"
            case .priority: "c.priority"
            }
        }

        /// A cursor stands in URLs, so it may hold a time but nothing of the patient.
        var time: KeyPath<Case, Timestamp>? {
            switch self {
            case .createdAt: \.createdAt
            case .updatedAt: \.updatedAt
            case .status, .patientId, .priority: nil
            }
        }
    }

    package var status: Case.Status?
    package var search: String?
    package var patientID: String?
    /// A user's id or a part of the full name.
    package var createdBy: String?
    package var key: Key = .createdAt
    package var isDescending = true
    package var window: Window = .plain(limit: Window.plainLimit)

    package init() {}

    /// Reads `createdAt`, `-created_at` and the like; an unknown name is refused.
    package mutating func order(by text: String) throws {
        let isDescending = text.hasPrefix("-")
        let name = (isDescending ? text.dropFirst() : text[...]).replacing("_", with: "").lowercased()
        guard let key = Key.allCases.first(where: { $0.rawValue.lowercased() == name }) else {
            let names = Key.allCases.map(\.rawValue).joined(separator: ", ")
            throw AppError.invalid("ordering", "Order by one of \(names), with - before it for descending.")
        }
        self.key = key
        self.isDescending = isDescending
    }

    /// Reads a status as clients name it; `pending` is their word for a case that waits for its segmentation.
    package mutating func filter(status text: String) throws {
        guard let status = Case.Status(rawValue: text == "pending" ? "uploaded" : text) else {
            let names = Case.Status.allCases.map(\.rawValue).joined(separator: ", ")
            throw AppError.invalid("status", "The status is one of \(names).")
        }
        self.status = status
    }
}

/// The place in a list after which it continues; opaque to clients.
struct CaseCursor: Equatable {
    let time: Timestamp
    let id: ID<Case>

    init(time: Timestamp, id: ID<Case>) {
        self.time = time
        self.id = id
    }

    init(_ text: String) throws {
        let parts = text.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, let time = Int64(parts[0], radix: 36), let id = ID<Case>(parts[1]) else {
            throw AppError.invalid("cursor", "This cursor is not one that a list of ours gave.")
        }
        self.init(time: Timestamp(microseconds: time), id: id)
    }

    var text: String { "\(String(time.microseconds, radix: 36))_\(id)" }
}

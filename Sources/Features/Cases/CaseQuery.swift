import Foundation
import Kernel
import Storage

/// The filters and the order of a list of cases.
package struct CaseQuery: Sendable, Hashable {
    /// The columns by which a list can be sorted.
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
    }

    package var status: Case.Status?
    package var search: String?
    package var patientID: String?
    /// A user's id or part of the full name.
    package var createdBy: String?
    /// Whether the newest result needs review; `nil` for all cases.
    package var needsReview: Bool?
    package var created = TimeSpan()
    package var updated = TimeSpan()
    /// Lists deleted cases that wait to be purged, instead of others.
    package var isDeleted = false
    package var key: Key = .createdAt
    package var isDescending = true
    package var window: Window = .plain(limit: Window.plainLimit)

    package init() {}

    /// Text that no patient id or name can contain would find nothing, which would look like a result.
    func checkTexts() throws {
        var check = Validation()
        for (name, text) in [("search", search), ("patientId", patientID), ("createdBy", createdBy)] {
            _ = check.label(name, text, atMost: .max)
        }
        try check.finish()
    }

    /// Parses `createdAt`, `-created_at` and the like; unknown names are rejected.
    package mutating func order(by text: String) throws {
        let isDescending = text.hasPrefix("-")
        let name = (isDescending ? text.dropFirst() : text[...]).replacing("_", with: "").lowercased()
        guard let key = Key.allCases.first(where: { $0.rawValue.lowercased() == name }) else {
            let names = Key.allCases.map(\.rawValue).joined(separator: ", ")
            throw AppError.invalid(
                "ordering", "Not a valid choice. Choose one of \(names), with - in front for descending.")
        }
        self.key = key
        self.isDescending = isDescending
    }

    /// Parses a status as sent by clients; they use `pending` for a case that waits for its segmentation.
    package mutating func filter(status text: String) throws {
        guard let status = Case.Status(rawValue: text == "pending" ? "uploaded" : text) else {
            throw AppError.invalid("status", Validation.choices(Case.Status.allCases.map(\.rawValue)))
        }
        self.status = status
    }
}

/// The position after which a list continues; opaque to clients.
struct CaseCursor: Equatable {
    let time: Timestamp
    let id: CaseID

    init(time: Timestamp, id: CaseID) {
        self.time = time
        self.id = id
    }

    init(_ text: String) throws {
        let parts = text.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, let time = Int64(parts[0], radix: 36), let id = CaseID(parts[1]) else {
            throw AppError.invalid("cursor", "Invalid cursor.")
        }
        self.init(time: Timestamp(microseconds: time), id: id)
    }

    var text: String { "\(String(time.microseconds, radix: 36))_\(id)" }
}

/// The position after which a list of cases continues.
///
/// Cursors appear in URLs, so they contain times and states but no patient data: for lists ordered by text they contain
/// the row's id, and the text is looked up.
struct CaseListCursor: Equatable {
    enum Place: Equatable {
        case time(Timestamp)
        case status(Case.Status, Timestamp)
        case row
    }

    let place: Place
    let id: CaseID

    init(_ item: Case, _ key: CaseQuery.Key) {
        id = item.id
        place =
            switch key {
            case .createdAt: .time(item.createdAt)
            case .updatedAt: .time(item.updatedAt)
            case .status: .status(item.status, item.createdAt)
            case .patientId, .priority: .row
            }
    }

    init(_ text: String, _ key: CaseQuery.Key) throws {
        let parts = text.split(separator: "_")
        guard parts.count == 2, let id = CaseID(parts[1]) else { throw Self.unknown }
        self.id = id
        switch key {
        case .createdAt, .updatedAt:
            guard let time = Self.time(parts[0]) else { throw Self.unknown }
            place = .time(time)
        case .status:
            guard let number = parts[0].first?.wholeNumberValue, Case.Status.allCases.indices.contains(number),
                let time = Self.time(parts[0].dropFirst())
            else { throw Self.unknown }
            place = .status(Case.Status.allCases[number], time)
        case .patientId, .priority:
            guard parts[0] == "0" else { throw Self.unknown }
            place = .row
        }
    }

    private static func time(_ text: Substring) -> Timestamp? {
        Int64(text, radix: 36).map { Timestamp(microseconds: $0) }
    }

    static var unknown: AppError {
        AppError.invalid("cursor", "Invalid cursor.")
    }

    /// The position, `_`, the id; a state's number precedes the time.
    var text: String {
        let start =
            switch place {
            case .time(let time): String(time.microseconds, radix: 36)
            case .status(let status, let time):
                "\(Case.Status.allCases.firstIndex(of: status) ?? 0)\(String(time.microseconds, radix: 36))"
            case .row: "0"
            }
        return "\(start)_\(id)"
    }
}

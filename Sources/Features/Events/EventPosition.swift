import Kernel
import Storage

/// A place in the log of changes: the `id` of an event, from which a client resumes.
package struct EventPosition: Sendable, Hashable {
    /// The writing transaction; 0 on SQLite.
    let transaction: Int64
    let id: Int64
    /// When the change was made: a place that is older than the log is not resumed from.
    let time: Timestamp

    init(transaction: Int64, id: Int64, time: Timestamp) {
        self.transaction = transaction
        self.id = id
        self.time = time
    }

    /// `nil` if no event has such an ID.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        guard parts.count == 3, let transaction = parts[0], let id = parts[1], let seconds = parts[2],
            transaction >= 0, id >= 0, (0...1 << 40).contains(seconds)
        else { return nil }
        self.init(transaction: transaction, id: id, time: Timestamp(microseconds: seconds * 1_000_000))
    }

    /// As in `Last-Event-ID`.
    package var text: String { "\(transaction)-\(id)-\(time.microseconds / 1_000_000)" }

    func isAfter(_ other: EventPosition) -> Bool {
        (transaction, id) > (other.transaction, other.id)
    }
}

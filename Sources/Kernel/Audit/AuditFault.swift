import Storage

/// A fault of an institution's chain, with its position.
package enum AuditFault: Sendable, Equatable {
    /// An entry's current content in the database.
    package struct Place: Sendable, Equatable {
        package let sequence: Int64?
        package let entry: ID<AuditEntry>
        package let action: String
        package let occurredAt: Timestamp

        init(_ entry: AuditEntry) {
            sequence = entry.seal?.sequence
            self.entry = entry.id
            action = entry.action
            occurredAt = entry.occurredAt
        }
    }

    /// The content differs from the sealed content.
    case changed(Place)
    /// The entry was sealed with another number.
    case moved(Place, from: Int64)
    /// Entries with these numbers are missing.
    case dropped(ClosedRange<Int64>)
    /// The entry is intact, but its predecessor is not the one that it was sealed after.
    case broken(Place)
    /// Its time is earlier than the time until which the chain had been sealed.
    case backDated(Place, sealed: Timestamp)
    /// The chain's end differs from the one that the sealer recorded.
    case otherEnd(sequence: Int64, noted: Int64)
    /// An externally recorded head is not in the chain.
    case headNotFound(String)

    package var description: String {
        switch self {
        case .changed(let place): "changed: \(place)"
        case .moved(let place, let number): "reordered: \(place), was sealed as number \(number)"
        case .dropped(let range):
            range.count == 1
                ? "dropped: entry number \(range.lowerBound) is missing"
                : "dropped: entries number \(range.lowerBound) to \(range.upperBound) are missing"
        case .broken(let place): "broken: what stood before \(place) was replaced"
        case .backDated(let place, let sealed):
            "back-dated: \(place), though all until \(sealed) had been sealed before"
        case .otherEnd(let sequence, let noted):
            "broken: the chain ends with number \(sequence) and not as the sealer noted it (number \(noted))"
        case .headNotFound(let hash): "cut off or rewritten: no chain contains the recorded head \(hash)"
        }
    }
}

extension AuditFault.Place: CustomStringConvertible {
    package var description: String {
        let number = sequence.map { "entry number \($0)" } ?? "an entry that is not sealed"
        return "\(number) (\(entry), \(action) at \(occurredAt))"
    }
}

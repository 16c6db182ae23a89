import Storage

/// Compares a chain with its hashes, entry by entry in the chain's order. Performs no I/O..
struct AuditChainCheck {
    /// How long a transaction may stay open after writing an entry. The entry's time is later than its chain's last
    /// seal (`AuditStore.time`), regardless of clock differences between servers; the chain may be sealed again in the
    /// meantime. On SQLite, no write waits longer than this; on PostgreSQL, transactions take milliseconds.
    static let tolerance: Duration = .seconds(10)
    /// Further faults are counted but not reported individually.
    static let faultLimit = 1000
    /// The maximum number of entries with wrong hashes whose positions are compared pairwise.
    private static let suspectLimit = 200

    private(set) var faults: [AuditFault] = []
    private(set) var faultCount = 0
    private(set) var count = 0
    private var last: AuditSeal?
    private var sealedBefore: Timestamp?
    private var sealedUntil: Timestamp?
    private var suspects: [AuditEntry] = []
    /// Externally recorded heads that have not been found yet.
    private(set) var missingHeads: Set<String>
    /// Numbers by recent hashes, to find a moved entry's former position by the preceding hash.
    private var numbers: [String: Int64] = [AuditSeal.origin: 0]

    init(heads: Set<String> = []) {
        missingHeads = heads
    }

    /// Checks the next entry.
    mutating func take(_ entry: AuditEntry) {
        guard let seal = entry.seal else { return }
        count += 1
        let expected = (last?.sequence ?? 0) + 1
        let hasGap = seal.sequence > expected
        if hasGap { add(.dropped(expected...(seal.sequence - 1))) }
        let isWhole =
            seal
            == AuditSeal(
                entry, sequence: seal.sequence, previousHash: seal.previousHash, sealedUntil: seal.sealedUntil)
        if !isWhole {
            suspect(entry)
        } else if !hasGap && seal.previousHash != last?.hash ?? AuditSeal.origin && !isBehindSuspect {
            add(.broken(AuditFault.Place(entry)))
        }
        checkTime(entry, seal)
        if isWhole { missingHeads.remove(seal.hash) }
        remember(seal)
        last = seal
    }

    /// The preceding entry is known to be wrong, so a broken link to it is not reported again.
    private var isBehindSuspect: Bool {
        guard let suspect = suspects.last?.seal, let last else { return false }
        return suspect.sequence == last.sequence
    }

    private mutating func checkTime(_ entry: AuditEntry, _ seal: AuditSeal) {
        if let current = sealedUntil, seal.sealedUntil != current { sealedBefore = current }
        sealedUntil = seal.sealedUntil
        if let sealedBefore, entry.occurredAt.advanced(by: Self.tolerance) < sealedBefore {
            add(.backDated(AuditFault.Place(entry), sealed: sealedBefore))
        }
    }

    /// Checks an entry that is not sealed yet; `head` is the end of the chain.
    mutating func takeUnsealed(_ entry: AuditEntry) {
        if let sealedUntil, entry.occurredAt.advanced(by: Self.tolerance) < sealedUntil {
            add(.backDated(AuditFault.Place(entry), sealed: sealedUntil))
        }
    }

    /// Finishes the check; `head` is the end that the sealer recorded in its own row.
    mutating func finish(_ head: AuditHead) {
        tellSuspects()
        let sequence = last?.sequence ?? 0
        if sequence < head.sequence {
            add(.dropped((sequence + 1)...head.sequence))
        } else if sequence > head.sequence || last?.hash ?? AuditSeal.origin != head.hash {
            add(.otherEnd(sequence: sequence, noted: head.sequence))
        }
    }

    private mutating func add(_ fault: AuditFault) {
        faultCount += 1
        if faults.count < Self.faultLimit { faults.append(fault) }
    }

    private mutating func remember(_ seal: AuditSeal) {
        // Bounded: a move across more entries than this is reported as a change.
        if numbers.count >= 100_000 { numbers = [:] }
        numbers[seal.hash] = seal.sequence
    }

    // MARK: Moved or changed?

    private mutating func suspect(_ entry: AuditEntry) {
        if suspects.count < Self.suspectLimit {
            suspects.append(entry)
        } else {
            add(.changed(AuditFault.Place(entry)))
        }
    }

    /// An entry whose hash is correct at another position was moved, otherwise changed.
    private mutating func tellSuspects() {
        for entry in suspects {
            let place = AuditFault.Place(entry)
            if let number = oldNumber(of: entry) {
                add(.moved(place, from: number))
            } else {
                add(.changed(place))
            }
        }
        suspects = []
    }

    private func oldNumber(of entry: AuditEntry) -> Int64? {
        guard let seal = entry.seal else { return nil }
        // Only its number was changed: its hashes still identify the position.
        let before = numbers[seal.previousHash].map { $0 + 1 }
        for number in [before].compactMap({ $0 }) + (1...8).flatMap({ [seal.sequence - $0, seal.sequence + $0] })
        where AuditSeal(
            entry, sequence: number, previousHash: seal.previousHash, sealedUntil: seal.sealedUntil
        ).hash == seal.hash {
            return number
        }
        // Its whole seal was given to another entry.
        return suspects.lazy.compactMap(\.seal).first { other in
            other.sequence != seal.sequence
                && AuditSeal(
                    entry, sequence: other.sequence, previousHash: other.previousHash, sealedUntil: other.sealedUntil
                ).hash == other.hash
        }?.sequence
    }
}

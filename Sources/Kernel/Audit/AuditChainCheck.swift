import Storage

/// Compares a chain with its hashes, entry by entry in the chain's order; a value that reads nothing itself.
struct AuditChainCheck {
    /// How long a transaction may stay open behind the entry that it has written. The entry's time is none by which its chain
    /// was sealed (`AuditStore.time`), however the servers' clocks differ; meanwhile the chain may be sealed on. SQLite lets
    /// nobody wait longer than this for a change, and PostgreSQL's are milliseconds.
    static let tolerance: Duration = .seconds(10)
    /// Faults beyond these are counted and not told one by one.
    static let faultLimit = 1000
    /// Entries with wrong hashes that are compared with each other's places: each with each.
    private static let suspectLimit = 200

    private(set) var faults: [AuditFault] = []
    private(set) var faultCount = 0
    private(set) var count = 0
    private var last: AuditSeal?
    private var sealedBefore: Timestamp?
    private var sealedUntil: Timestamp?
    private var suspects: [AuditEntry] = []
    /// Heads that were noted elsewhere and not met yet.
    private(set) var missingHeads: Set<String>
    /// Numbers of recent hashes, so that a moved entry's old place is found by the hash that stood before it.
    private var numbers: [String: Int64] = [AuditSeal.origin: 0]

    init(heads: Set<String> = []) {
        missingHeads = heads
    }

    /// Takes the next entry.
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

    /// The entry before is known to be wrong; that this one does not follow it is no news.
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

    /// An entry that waits for the sealer; `head` is the end of the chain.
    mutating func takeUnsealed(_ entry: AuditEntry) {
        if let sealedUntil, entry.occurredAt.advanced(by: Self.tolerance) < sealedUntil {
            add(.backDated(AuditFault.Place(entry), sealed: sealedUntil))
        }
    }

    /// The end: `head` is what the sealer noted in a row of its own.
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
        // Bounded: a move over more than this many entries is told as a change.
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

    /// An entry whose hash is right at another place was moved, else it was changed.
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
        // Its number alone was changed: its own hashes still know the place.
        let before = numbers[seal.previousHash].map { $0 + 1 }
        for number in [before].compactMap({ $0 }) + (1...8).flatMap({ [seal.sequence - $0, seal.sequence + $0] })
        where AuditSeal(
            entry, sequence: number, previousHash: seal.previousHash, sealedUntil: seal.sealedUntil
        ).hash == seal.hash {
            return number
        }
        // All of its seal was given to another entry.
        return suspects.lazy.compactMap(\.seal).first { other in
            other.sequence != seal.sequence
                && AuditSeal(
                    entry, sequence: other.sequence, previousHash: other.previousHash, sealedUntil: other.sealedUntil
                ).hash == other.hash
        }?.sequence
    }
}

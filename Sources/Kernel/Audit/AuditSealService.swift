import Storage

/// Links the entries of each institution into its chain: behind the writers, so that they never wait for each other.
///
/// Several may run, one in each server process: the chain's end is one row, whoever moves it first has sealed, and the others
/// find that out before they write anything.
package struct AuditSealService: Sendable {
    /// Entries that one transaction seals: on SQLite changes wait for it.
    package static let batch = 1024

    private let database: any Database
    private let clock: @Sendable () -> Timestamp
    private let batch: Int

    package init(
        database: any Database, batch: Int = AuditSealService.batch,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.batch = batch
        self.clock = clock
    }

    /// Seals what is there now; how many entries that were.
    @discardableResult
    package func seal() async throws -> Int {
        let institutions = try await database.read { try AuditStore($0).unsealedInstitutions() }
        var count = 0
        for institution in institutions { count += try await seal(institution) }
        return count
    }

    private func seal(_ institution: InstitutionID) async throws -> Int {
        var count = 0
        // Also ends where others seal all the time: what they leave is theirs.
        for _ in 0..<1000 {
            guard let step = try await nextStep(institution) else { return count }
            if try await write(step) { count += step.entries.count }
            if step.isLast { return count }
        }
        return count
    }

    /// What one transaction writes.
    private struct Step: Sendable {
        let head: AuditHead
        let entries: [AuditEntry]
        let seals: [AuditSeal]
        /// Nothing was left behind it.
        let isLast: Bool
    }

    private func nextStep(_ institution: InstitutionID) async throws -> Step? {
        // Before the look: an entry that comes after it may bear this time.
        let now = clock()
        let (head, found) = try await database.read { [batch] connection in
            let store = AuditStore(connection)
            return (try store.head(institution), try store.unsealed(institution, limit: batch + 1))
        }
        let entries = Array(found.prefix(batch))
        guard let last = entries.last else { return nil }
        let isLast = found.count <= batch
        // What is left happened after the last entry of a full batch, and no earlier is promised.
        let sealedUntil = isLast ? now : min(now, last.occurredAt)
        // Never back: clocks of several servers differ a little.
        let until = max(sealedUntil, head.sealedUntil ?? sealedUntil)
        return Step(head: head, entries: entries, seals: head.seals(of: entries, sealedUntil: until), isLast: isLast)
    }

    /// - Returns: false where another sealer was faster.
    private func write(_ step: Step) async throws -> Bool {
        guard let last = step.seals.last else { return false }
        return try await database.write { connection in
            let store = AuditStore(connection)
            guard try store.advance(step.head, to: last) else { return false }
            try store.seal(step.entries, step.seals)
            return true
        }
    }
}

import Storage

/// Links the entries of each institution into its chain: asynchronously, so that writers never wait for each other.
///
/// Each server process may run one: the chain's end is one row, the first to advance it seals, and the others notice
/// before they write.
package struct AuditSealService: Sendable {
    /// The number of entries sealed per transaction: on SQLite other writes wait for it.
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

    /// Seals all present entries and returns their number.
    @discardableResult
    package func seal() async throws -> Int {
        let institutions = try await database.read { try AuditStore($0).unsealedInstitutions() }
        var count = 0
        for institution in institutions { count += try await seal(institution) }
        return count
    }

    private func seal(_ institution: InstitutionID) async throws -> Int {
        var count = 0
        // Ends even if others seal continuously: the rest is theirs.
        for _ in 0..<1000 {
            guard let step = try await nextStep(institution) else { return count }
            if try await write(step) { count += step.entries.count }
            if step.isLast { return count }
        }
        return count
    }

    /// The writes of one transaction.
    private struct Step: Sendable {
        let head: AuditHead
        let entries: [AuditEntry]
        let seals: [AuditSeal]
        /// No entries remain after it.
        let isLast: Bool
    }

    private func nextStep(_ institution: InstitutionID) async throws -> Step? {
        // Before the query: an entry that arrives after it may have this time.
        let now = clock()
        let (head, found) = try await database.read { [batch] connection in
            let store = AuditStore(connection)
            return (try store.head(institution), try store.unsealed(institution, limit: batch + 1))
        }
        let entries = Array(found.prefix(batch))
        guard let last = entries.last else { return nil }
        let isLast = found.count <= batch
        // The remaining entries happened after the last entry of a full batch, so nothing earlier is guaranteed.
        let sealedUntil = isLast ? now : min(now, last.occurredAt)
        // Never decreases: the clocks of several servers differ slightly.
        let until = max(sealedUntil, head.sealedUntil ?? sealedUntil)
        return Step(head: head, entries: entries, seals: head.seals(of: entries, sealedUntil: until), isLast: isLast)
    }

    /// - Returns: false if another sealer was first.
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

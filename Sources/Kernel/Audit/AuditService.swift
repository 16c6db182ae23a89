import Storage

/// Records reads and denied requests. Concurrent entries are written together: each waits for the transaction that
/// contains it.
package actor AuditService {
    private let database: any Database
    private let clock: @Sendable () -> Timestamp
    private var waiting: [Waiting] = []
    private var isWriting = false
    private var refusals: RefusalBudget

    private struct Waiting {
        let entries: [AuditEntry]
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// The number of entries per transaction: on SQLite other writes wait for it.
    private static let batchLimit = 1024

    package init(
        database: any Database, refusals: RefusalLimits = RefusalLimits(),
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.clock = clock
        self.refusals = RefusalBudget(refusals)
    }

    /// Returns once `entry` is durable, so that no response is sent without its entry.
    package func record(_ entry: AuditEntry) async throws {
        try await record([entry])
    }

    /// The same for several objects in one response: all of the entries or none.
    package func record(_ entries: [AuditEntry]) async throws {
        guard !entries.isEmpty else { return }
        try await withCheckedThrowingContinuation { continuation in
            waiting.append(Waiting(entries: entries, continuation: continuation))
            guard !isWriting else { return }
            isWriting = true
            Task { await self.writeAll() }
        }
    }

    /// The same for denied requests. Beyond a limit they are counted instead of written individually:
    /// `writeCountedRefusals` turns each source's count into one entry.
    package func recordRefusal(_ entry: AuditEntry) async throws {
        guard refusals.admits(entry, at: clock()) else { return }
        try await record(entry)
    }

    /// Counts a request without a token: it identifies no user, so it gets no entry.
    package func countAnonymousRequest(_ origin: RequestOrigin) {
        refusals.countAnonymousRequest(at: origin.address, at: clock())
    }

    /// Writes the counted requests; run it periodically.
    ///
    /// - Parameter atOnce: includes counts whose interval has not elapsed; for shutdown.
    package func writeCountedRefusals(atOnce: Bool = false) async throws {
        for entry in refusals.takeCounted(at: clock(), atOnce: atOnce) { try await record(entry) }
    }

    private func writeAll() async {
        while !waiting.isEmpty {
            let batch = nextBatch()
            do {
                try await write(batch.flatMap(\.entries))
                for item in batch { item.continuation.resume() }
            } catch let error as DatabaseError where batch.count > 1 && error.isFaultOfOne {
                await writeEach(batch)
            } catch {
                for item in batch { item.continuation.resume(throwing: error) }
            }
        }
        isWriting = false
    }

    /// The first waiting entries that fit into one transaction.
    private func nextBatch() -> [Waiting] {
        var count = 0
        let batch = waiting.prefix { item in
            count += item.entries.count
            return count <= Self.batchLimit || count == item.entries.count
        }
        waiting.removeFirst(batch.count)
        return Array(batch)
    }

    /// An entry that the database rejects must not fail the others.
    private func writeEach(_ batch: [Waiting]) async {
        for item in batch {
            do {
                try await write(item.entries)
                item.continuation.resume()
            } catch {
                item.continuation.resume(throwing: error)
            }
        }
    }

    private func write(_ entries: [AuditEntry]) async throws {
        try await database.write { try AuditStore($0).append(entries) }
    }
}

extension DatabaseError {
    /// Whether a single row may be the cause.
    fileprivate var isFaultOfOne: Bool {
        switch kind {
        case .uniqueViolation, .foreignKeyViolation, .checkViolation, .notNullViolation, .invalidValue: true
        case .busy, .unavailable, .diskFull, .schema, .decoding, .statement: false
        }
    }
}

// MARK: Reading

extension AuditService {
    /// The institution's entries that match the query, newest first; reading them is recorded as well.
    package func list(_ scope: Scope, _ query: AuditQuery = AuditQuery()) async throws -> Page<AuditEntry> {
        try Policy.require(.readAudit, scope)
        let page = try await database.read { try AuditStore($0).entries(scope, query) }
        try await record(AuditEntry(scope, "audit.list", "audit", nil, at: clock()))
        return page
    }

    /// The institution's entries, oldest first, in batches: memory use does not depend on the trail's length.
    package func export(_ scope: Scope, _ query: AuditQuery) async throws -> AuditExport {
        try Policy.require(.readAudit, scope)
        try await record(AuditEntry(scope, "audit.export", "audit", nil, at: clock()))
        return AuditExport(database: database, institution: scope.institution, query, until: clock())
    }

    /// The end of the institution's chain.
    package func head(_ scope: Scope) async throws -> AuditHead {
        try Policy.require(.readAudit, scope)
        let head = try await database.read { try AuditStore($0).head(scope.institution) }
        try await record(AuditEntry(scope, "audit.head", "audit", nil, at: clock()))
        return head
    }
}

/// An export in progress: each step reads the next batch.
package struct AuditExport: AsyncSequence, Sendable {
    package typealias Element = [AuditEntry]

    private static let part = 1000

    private let database: any Database
    private let institution: InstitutionID
    private let query: AuditQuery

    /// - Parameter until: the end for queries without one, so that exports of a busy service terminate.
    init(database: any Database, institution: InstitutionID, _ query: AuditQuery, until: Timestamp) {
        self.database = database
        self.institution = institution
        var query = query
        query.to = query.to ?? until
        self.query = query
    }

    package func makeAsyncIterator() -> Iterator { Iterator(export: self) }

    /// The position of an export.
    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let export: AuditExport
        private var last: AuditEntry?
        private var isOver = false

        fileprivate init(export: AuditExport) {
            self.export = export
        }

        package mutating func next() async throws -> [AuditEntry]? {
            guard !isOver else { return nil }
            let entries = try await export.database.read { [export, last] connection in
                try AuditStore(connection).entries(
                    of: export.institution, export.query, after: last, limit: AuditExport.part)
            }
            last = entries.last
            isOver = entries.count < AuditExport.part
            return entries.isEmpty ? nil : entries
        }
    }
}

import Storage

/// Records who read what. Reads that come together are written together: each waits for the transaction that holds
/// its entry, and none for a transaction of its own.
package actor AuditService {
    private let database: any Database
    private var waiting: [Waiting] = []
    private var isWriting = false

    private struct Waiting {
        let entry: AuditEntry
        let continuation: CheckedContinuation<Void, any Error>
    }

    package init(database: any Database) {
        self.database = database
    }

    /// Returns once `entry` is on disk, so that no answer leaves without its trace.
    package func record(_ entry: AuditEntry) async throws {
        try await withCheckedThrowingContinuation { continuation in
            waiting.append(Waiting(entry: entry, continuation: continuation))
            guard !isWriting else { return }
            isWriting = true
            Task { await self.writeAll() }
        }
    }

    /// The institution's entries, newest first.
    package func entries(_ scope: Scope, object: String? = nil, limit: Int = 200) async throws -> [AuditEntry] {
        try Policy.require(.readAudit, scope)
        return try await database.read { try AuditStore($0).entries(scope, object: object, limit: min(limit, 1000)) }
    }

    private func writeAll() async {
        while !waiting.isEmpty {
            let batch = waiting
            waiting = []
            let entries = batch.map(\.entry)
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(
                    try await database.write { connection in
                        for entry in entries { try AuditStore(connection).append(entry) }
                    })
            } catch {
                outcome = .failure(error)
            }
            for item in batch { item.continuation.resume(with: outcome) }
        }
        isWriting = false
    }
}

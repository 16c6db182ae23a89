import Kernel
import Storage

/// Permanently removes deleted cases after the retention period: the operator's maintenance, for all institutions.
package struct CasePurgeService: Sendable {
    private let database: any Database
    private let blobs: any BlobStore
    private let partials: any PartialBlobs
    private let contents: CaseContents
    private let retention: Duration
    private let clock: @Sendable () -> Timestamp

    /// The number of cases per query.
    private static let batch = 100

    /// - Parameter retention: how long a deleted case can be restored.
    package init(
        database: any Database, blobs: any BlobStore, partials: any PartialBlobs, contents: CaseContents,
        retention: Duration = .seconds(30 * 86_400), clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.database = database
        self.blobs = blobs
        self.partials = partials
        self.contents = contents
        self.retention = retention
        self.clock = clock
    }

    /// - Returns: the number of purged cases.
    @discardableResult
    package func purge() async throws -> Int {
        let time = clock().advanced(by: .zero - retention)
        var purged = 0
        while true {
            let due = try await database.read { try CasePurgeStore($0, contents).due(before: time, limit: Self.batch) }
            for item in due where try await purge(item, deletedBefore: time) { purged += 1 }
            if due.count < Self.batch { return purged }
        }
    }

    /// The rows first: a file without a row is swept, a row without a file would be wrong.
    private func purge(_ item: CasePurgeStore.Deleted, deletedBefore time: Timestamp) async throws -> Bool {
        let now = clock()
        let leftovers = try await database.write { connection -> CasePurgeStore.Leftovers? in
            let leftovers = try CasePurgeStore(connection, contents).purge(item, deletedBefore: time)
            guard let leftovers else { return nil }
            try AuditStore(connection).append(
                AuditEntry(
                    institution: item.institution, actor: nil, origin: RequestOrigin(), action: "case.purge",
                    objectType: "case", objectID: item.id.string, at: now))
            return leftovers
        }
        guard let leftovers else { return false }
        for key in leftovers.blobs { try? await blobs.delete(key) }
        for id in leftovers.uploads { await partials.remove(id.blobKey) }
        return true
    }
}

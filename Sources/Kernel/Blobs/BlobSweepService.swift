import Storage

/// Deletes unreferenced files, left behind by crashes or deleted rows.
package struct BlobSweepService: Sendable {
    private let database: any Database
    private let blobs: any BlobStore

    /// The number of keys held in memory and checked in one statement.
    private static let batch = 500

    package init(database: any Database, blobs: any BlobStore) {
        self.database = database
        self.blobs = blobs
    }

    /// - Parameter age: newer files are kept, since their rows may not have been written yet.
    /// - Returns: the number of deleted files.
    @discardableResult
    package func sweep(olderThan age: Duration = .seconds(24 * 3600), now: Timestamp = .now) async throws -> Int {
        var removed = 0
        for try await keys in blobs.pages(writtenBefore: now.advanced(by: .zero - age), limit: Self.batch) {
            let named = try await database.read { try BlobRowStore($0).named(among: keys) }
            for key in keys where !named.contains(key) {
                try await blobs.delete(key)
                removed += 1
            }
        }
        return removed
    }
}

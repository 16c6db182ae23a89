import Storage

/// The rows that say which stored files are still wanted.
package struct BlobRowStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Names a blob that has been committed to the blob store; rows of a case's files go with the case.
    package func insert(_ scope: Scope, _ blob: StagedBlob, case id: ID<Case>?, at time: Timestamp = .now) throws {
        try insert(institution: scope.institution, blob, case: id, at: time)
    }

    /// The same for work that no user is signed in for.
    package func insert(
        institution: ID<Institution>, _ blob: StagedBlob, case id: ID<Case>?, at time: Timestamp = .now
    ) throws {
        try connection.execute(
            """
            INSERT INTO blobs (id, institution_id, case_id, sha256, size, created_at)
            VALUES (\(blob.key), \(institution), \(id), \(blob.sha256), \(blob.size), \(time))
            """)
    }

    /// All files of a case, whichever rows name them.
    package func keys(_ scope: Scope, case id: ID<Case>) throws -> [BlobKey] {
        try connection.query(
            "SELECT id FROM blobs WHERE institution_id = \(scope.institution) AND case_id = \(id)"
        ).map { try $0.get("id") }
    }

    package func delete(_ scope: Scope, _ keys: [BlobKey]) throws {
        try connection.execute(
            "DELETE FROM blobs WHERE institution_id = \(scope.institution) AND id IN \(list: keys)")
    }

    /// Those of `keys` that a row names, of whichever institution: only the sweeper asks.
    func named(among keys: [BlobKey]) throws -> Set<BlobKey> {
        let rows = try connection.query("SELECT id FROM blobs WHERE id IN \(list: keys)")
        return Set(try rows.map { try $0.get("id") })
    }
}

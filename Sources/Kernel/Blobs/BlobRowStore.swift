import Storage

/// The rows that say which stored files are still wanted.
package struct BlobRowStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Names a blob that has been committed to the blob store; rows of a case's files go with the case.
    package func insert(_ scope: Scope, _ blob: StagedBlob, case id: CaseID?, at time: Timestamp = .now) throws {
        try insert(institution: scope.institution, blob, case: id, at: time)
    }

    /// The same for work that no user is signed in for.
    package func insert(
        institution: InstitutionID, _ blob: StagedBlob, case id: CaseID?, at time: Timestamp = .now
    ) throws {
        try connection.execute(
            """
            INSERT INTO blobs (id, institution_id, case_id, sha256, size, created_at)
            VALUES (\(blob.key), \(institution), \(id), \(blob.sha256), \(blob.size), \(time))
            """)
        try connection.execute(
            "UPDATE institutions SET stored_bytes = stored_bytes + \(blob.size) WHERE id = \(institution)")
    }

    package func delete(_ scope: Scope, _ keys: [BlobKey]) throws {
        try subtract(institution: scope.institution, "id IN \(list: keys)")
        try connection.execute(
            "DELETE FROM blobs WHERE institution_id = \(scope.institution) AND id IN \(list: keys)")
    }

    /// The case's files no longer count as stored: call it where their rows are about to go with the case.
    package func subtract(institution: InstitutionID, case id: CaseID) throws {
        try subtract(institution: institution, "case_id = \(id)")
    }

    private func subtract(institution: InstitutionID, _ which: SQL) throws {
        try connection.execute(
            """
            UPDATE institutions SET stored_bytes = stored_bytes - COALESCE(
                (SELECT SUM(size) FROM blobs WHERE institution_id = \(institution) AND \(which)), 0)
            WHERE id = \(institution)
            """)
    }

    /// Those of `keys` that a row names, of whichever institution: only the sweeper asks.
    func named(among keys: [BlobKey]) throws -> Set<BlobKey> {
        let rows = try connection.query("SELECT id FROM blobs WHERE id IN \(list: keys)")
        return Set(try rows.map { try $0.get("id") })
    }
}

import Storage

/// The rows that reference stored files.
package struct BlobRowStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// References a blob that has been committed to the blob store; rows of a case's files are deleted with the case.
    package func insert(_ scope: Scope, _ blob: StagedBlob, case id: CaseID?, at time: Timestamp = .now) throws {
        try insert(institution: scope.institution, blob, case: id, at: time)
    }

    /// Like the above, for work without a signed-in user.
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

    /// Subtracts the case's files from the stored size. Call this before their rows are deleted with the case.
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

    /// Every stored file that a row references, across institutions. For backups only.
    package func all() throws -> [StagedBlob] {
        try connection.query("SELECT id, size, sha256 FROM blobs ORDER BY id").map {
            StagedBlob(key: try $0.get("id"), size: try $0.get("size"), sha256: try $0.get("sha256"))
        }
    }

    /// The subset of `keys` that a row references, across institutions. For the sweep only.
    func named(among keys: [BlobKey]) throws -> Set<BlobKey> {
        let rows = try connection.query("SELECT id FROM blobs WHERE id IN \(list: keys)")
        return Set(try rows.map { try $0.get("id") })
    }

    /// The recorded blobs among `keys`, across institutions.
    func recorded(among keys: [BlobKey]) throws -> [BlobKey: StagedBlob] {
        let rows = try connection.query("SELECT id, size, sha256 FROM blobs WHERE id IN \(list: keys)").map(Self.blob)
        return Dictionary(rows.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Up to `limit` recorded blobs in ascending order after `key`, across institutions.
    func recorded(after key: BlobKey?, limit: Int) throws -> [StagedBlob] {
        try connection.query(
            "SELECT id, size, sha256 FROM blobs WHERE id > \(key?.string ?? "") ORDER BY id LIMIT \(limit)"
        ).map(Self.blob)
    }

    private static func blob(_ row: SQLRow) throws -> StagedBlob {
        StagedBlob(key: try row.get("id"), size: try row.get("size"), sha256: try row.get("sha256"))
    }
}

import Storage

/// How much an institution stores and may store.
package struct QuotaStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// - Parameters:
    ///   - bytes: what is to come on top of what is stored.
    ///   - defaultQuota: the operator's rule for institutions that have none of their own; nil is no limit.
    /// - Throws: quota exceeded where there is no room for it.
    package func requireRoom(_ scope: Scope, for bytes: Int64 = 0, defaultQuota: Int64?) throws {
        let row = try connection.queryOne(
            "SELECT stored_bytes, quota_bytes FROM institutions WHERE id = \(scope.institution)")
        guard let row, let quota = try row.optional("quota_bytes", as: Int64.self) ?? defaultQuota else { return }
        let stored: Int64 = try row.get("stored_bytes")
        guard stored + bytes > quota else { return }
        throw AppError(
            .quotaExceeded,
            "Your institution's \(ByteCount(quota).size) storage quota is used up. Ask your administrator for more.")
    }

    /// Bytes that are promised to uploads under way.
    package func promised(_ scope: Scope, at now: Timestamp) throws -> Int64 {
        try connection.queryOne(
            """
            SELECT COALESCE(SUM(size), 0) AS bytes FROM case_uploads
            WHERE institution_id = \(scope.institution) AND completed_at IS NULL AND expires_at > \(now)
            """
        )?.get("bytes") ?? 0
    }
}

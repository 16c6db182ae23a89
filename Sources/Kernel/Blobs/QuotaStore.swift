import Storage

/// An institution's storage use and quota.
package struct QuotaStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// - Parameters:
    ///   - bytes: the size to be added.
    ///   - defaultQuota: for institutions without their own quota; `nil` means no limit.
    /// - Throws: quota exceeded if there is not enough space.
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

    /// Bytes reserved for uploads in progress.
    package func promised(_ scope: Scope, at now: Timestamp) throws -> Int64 {
        try connection.queryOne(
            """
            SELECT COALESCE(SUM(size), 0) AS bytes FROM case_uploads
            WHERE institution_id = \(scope.institution) AND completed_at IS NULL AND expires_at > \(now)
            """
        )?.get("bytes") ?? 0
    }
}

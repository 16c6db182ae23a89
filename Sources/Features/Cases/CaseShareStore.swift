import Kernel
import Storage

/// The rows of shared cases; the caller must check that `scope` may share the case.
struct CaseShareStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    func list(_ scope: Scope, case id: CaseID) throws -> [CaseShare] {
        try connection.query(
            """
            SELECT s.user_id, s.access, s.created_at, u.email, u.first_name, u.last_name,
                b.first_name AS by_first, b.last_name AS by_last
            FROM case_shares s
                JOIN users u ON u.institution_id = s.institution_id AND u.id = s.user_id
                JOIN users b ON b.id = s.shared_by
            WHERE s.institution_id = \(scope.institution) AND s.case_id = \(id) AND u.deleted_at IS NULL
            ORDER BY s.created_at, s.user_id
            """
        ).map(CaseShare.init)
    }

    /// Sharing again changes the access.
    func put(
        _ scope: Scope, case id: CaseID, with user: UserID, _ access: ShareAccess, at time: Timestamp
    ) throws {
        try connection.execute(
            """
            INSERT INTO case_shares (case_id, institution_id, user_id, access, shared_by, created_at)
            VALUES (\(id), \(scope.institution), \(user), \(access), \(scope.user), \(time))
            ON CONFLICT (case_id, user_id) DO UPDATE SET access = excluded.access, shared_by = excluded.shared_by
            """)
    }

    /// - Returns: false if the case was not shared with `user`.
    func delete(_ scope: Scope, case id: CaseID, with user: UserID) throws -> Bool {
        try connection.execute(
            """
            DELETE FROM case_shares
            WHERE institution_id = \(scope.institution) AND case_id = \(id) AND user_id = \(user)
            """) == 1
    }
}

extension CaseShare {
    init(_ row: SQLRow) throws {
        func name(_ first: String, _ last: String) throws -> String {
            "\(try row.get(first, as: String.self)) \(try row.get(last, as: String.self))".trimmed
        }
        user = try row.get("user_id")
        self.name = try name("first_name", "last_name")
        email = try row.get("email")
        access = try row.get("access")
        sharedBy = try name("by_first", "by_last")
        createdAt = try row.get("created_at")
    }
}

import Storage

/// The audit trail's rows: added, read, never changed.
package struct AuditStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Call it in the transaction of the change that it records.
    package func append(_ entry: AuditEntry) throws {
        try connection.execute(
            """
            INSERT INTO audit_entries
                (id, institution_id, occurred_at, actor_id, action, object_type, object_id, outcome, request_id, address)
            VALUES (\(entry.id), \(entry.institution), \(entry.occurredAt), \(entry.actor), \(entry.action),
                \(entry.objectType), \(entry.objectID), \(entry.outcome), \(entry.requestID), \(entry.address))
            """)
    }

    /// The institution's entries, newest first; `object` narrows to one object's id.
    package func entries(_ scope: Scope, object: String? = nil, limit: Int) throws -> [AuditEntry] {
        let narrowed: SQL = object.map { "AND object_id = \($0)" } ?? ""
        return try connection.query(
            """
            SELECT * FROM audit_entries WHERE institution_id = \(scope.institution) \(narrowed)
            ORDER BY occurred_at DESC, id DESC LIMIT \(limit)
            """
        ).map(AuditEntry.init)
    }
}

import Storage

/// The audit trail's rows: appended, read, never changed.
package struct AuditStore {
    let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// Call it in the transaction of the change that it records.
    package func append(_ entry: AuditEntry) throws {
        try append([entry])
    }

    /// A batch costs little more than one entry.
    package func append(_ entries: [AuditEntry]) throws {
        for part in Self.parts(of: entries) {
            try connection.execute(
                """
                INSERT INTO audit_entries
                    (id, institution_id, occurred_at, actor_id, action, object_type, object_id, outcome, request_id, address,
                    changes)
                VALUES \(SQL.joined(try part.map(Self.values), by: ", "))
                """)
        }
    }

    /// Nulls are passed as empty texts: otherwise PostgreSQL would prepare a statement for each pattern of nulls.
    private static func values(_ entry: AuditEntry) throws -> SQL {
        """
        (\(entry.id), \(entry.institution), \(time(entry)), NULLIF(\(entry.actor?.string ?? ""), ''),
        \(entry.action), \(entry.objectType), NULLIF(\(entry.objectID ?? ""), ''), \(entry.outcome),
        NULLIF(\(entry.requestID ?? ""), ''), NULLIF(\(entry.address ?? ""), ''),
        NULLIF(\(try entry.changes.stored()), ''))
        """
    }

    /// The entry's time, or the time until which its chain is sealed if that is later: for a write that waited, or a
    /// server whose clock is behind. An entry with an earlier time was therefore not written here (`AuditChainCheck`).
    private static func time(_ entry: AuditEntry) -> SQL {
        """
        (SELECT MAX(t.time) FROM (SELECT \(entry.occurredAt) AS time UNION ALL
            SELECT sealed_until FROM audit_chains WHERE institution_id = \(entry.institution)) AS t)
        """
    }

    /// Batches of a few fixed lengths, so that each length is one prepared statement.
    static func parts<Item>(of items: [Item]) -> [ArraySlice<Item>] {
        var rest = items[...]
        var parts: [ArraySlice<Item>] = []
        for length in [128, 32, 8, 2, 1] {
            while rest.count >= length {
                parts.append(rest.prefix(length))
                rest = rest.dropFirst(length)
            }
        }
        return parts
    }

    /// The institution's entries that match the query, newest first.
    func entries(_ scope: Scope, _ query: AuditQuery) throws -> Page<AuditEntry> {
        let filter = Self.condition(scope.institution, query)
        var condition = filter
        if case .cursor(let after?, _) = query.window {
            let cursor = try AuditCursor(after)
            condition = condition + " AND (occurred_at, id) < (\(cursor.time), \(cursor.id))"
        }
        let rows = try connection.query(
            """
            SELECT * FROM audit_entries WHERE \(condition)
            ORDER BY occurred_at DESC, id DESC LIMIT \(query.window.size + 1) OFFSET \(query.window.offset)
            """)
        let items = try rows.prefix(query.window.size).map(AuditEntry.init)
        let hasNext = rows.count > query.window.size
        return Page(
            items: items, count: try count(filter, query.window),
            nextCursor: hasNext ? items.last.map { AuditCursor($0).text } : nil, hasNext: hasNext)
    }

    private func count(_ condition: SQL, _ window: Window) throws -> Int? {
        guard case .page = window else { return nil }
        return try connection.queryOne("SELECT COUNT(*) AS number FROM audit_entries WHERE \(condition)")?
            .get("number")
    }

    /// For an export: the entries after `last` by time, oldest first.
    func entries(
        of institution: InstitutionID, _ query: AuditQuery, after last: AuditEntry?, limit: Int
    ) throws -> [AuditEntry] {
        var condition = Self.condition(institution, query)
        if let last { condition = condition + " AND (occurred_at, id) > (\(last.occurredAt), \(last.id))" }
        return try connection.query(
            "SELECT * FROM audit_entries WHERE \(condition) ORDER BY occurred_at, id LIMIT \(limit)"
        ).map(AuditEntry.init)
    }

    /// Whether an entry records a change rather than a read or use; `alias` is the table's alias.
    package static func isChange(_ alias: String) -> String {
        let reading = ["read", "list", "trace", "export", "pdfs", "start", "refresh", "repeat"]
        let verbs = reading.map { "\(alias).action NOT LIKE '%.\($0)'" }.joined(separator: " AND ")
        // Exporting a report is a change, as is starting a segmentation.
        return "(\(alias).changes IS NOT NULL OR \(alias).action = 'inference.start' OR (\(verbs)))"
    }

    static func condition(_ institution: InstitutionID, _ query: AuditQuery) -> SQL {
        var parts: [SQL] = ["institution_id = \(institution)"]
        if let actor = query.actor { parts.append("actor_id = \(actor)") }
        if let action = query.action {
            parts.append("action = \(action)")
            // Repeated as in the indices: neither database infers it from a binding.
            if !action.hasSuffix(".read") && !action.hasSuffix(".list") {
                parts.append("action NOT LIKE '%.read' AND action NOT LIKE '%.list'")
            }
        }
        if let type = query.objectType { parts.append("object_type = \(type)") }
        if let object = query.objectID { parts.append("object_id = \(object)") }
        if let outcome = query.outcome {
            parts.append("outcome = \(outcome)")
            if outcome != .done { parts.append("outcome <> 'done'") }
        }
        if let request = query.requestID { parts.append("request_id = \(request)") }
        if let from = query.from { parts.append("occurred_at >= \(from)") }
        if let to = query.to { parts.append("occurred_at < \(to)") }
        return .joined(parts, by: " AND ")
    }
}

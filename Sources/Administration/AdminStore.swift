import Kernel
import Storage

/// Reads the rows of any `AdminTable`; the features' services perform changes.
package struct AdminStore {
    let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// The rows of `table` visible to `scope`, filtered and searched.
    func condition(
        _ scope: Scope, _ table: AdminTable, _ rows: AdminRows, _ query: AdminQuery, at now: Timestamp
    ) throws -> SQL {
        var parts = [rows.visible(scope)]
        for selection in query.selections {
            guard let filter = table.filter(selection.key) else { continue }
            parts.append(try filter.condition(selection.value, at: now))
        }
        for word in query.search.split(whereSeparator: \.isWhitespace).prefix(8) {
            let text = word.lowercased()
            var matches = rows.search.map { expression -> SQL in
                "\(raw: expression) LIKE \(Self.pattern(text)) ESCAPE '!'"
            }
            matches.append("\(raw: rows.id) = \(text)")
            parts.append("(\(SQL.joined(matches, by: " OR ")))")
        }
        return SQL.joined(parts, by: " AND ")
    }

    func list(
        _ scope: Scope, _ table: AdminTable, _ rows: AdminRows, _ query: AdminQuery, at now: Timestamp
    ) throws -> AdminList {
        let condition = try condition(scope, table, rows, query, at: now)
        let size = AdminQuery.pageSize
        let columns = table.listed
        let found = try connection.query(
            """
            SELECT \(Self.selection(rows, columns)) FROM \(raw: rows.from) WHERE \(condition)
            ORDER BY \(raw: Self.order(table, rows, query)) LIMIT \(size + 1) OFFSET \(query.offset)
            """)
        let limit = AdminQuery.countLimit
        let counted = try connection.queryOne(
            """
            SELECT COUNT(*) AS number FROM
                (SELECT 1 AS one FROM \(raw: rows.from) WHERE \(condition) LIMIT \(limit + 1)) AS part
            """)
        let count: Int = try counted?.get("number") ?? 0
        return AdminList(
            rows: try found.prefix(size).map { try Self.row($0, columns) }, count: min(count, limit),
            hasUncounted: count > limit, hasNext: found.count > size,
            facets: query.showsCounts ? try facets(scope, table, rows, query, at: now) : [],
            calendar: try calendar(scope, table, rows, query, at: now))
    }

    /// `nil` if there is no such row or `scope` may not know of it.
    func row(_ scope: Scope, _ table: AdminTable, _ rows: AdminRows, id: String) throws -> AdminRow? {
        try connection.queryOne(
            """
            SELECT \(Self.selection(rows, table.columns)) FROM \(raw: rows.from)
            WHERE \(rows.visible(scope)) AND \(raw: rows.id) = \(id)
            """
        ).map { try Self.row($0, table.columns) }
    }

    /// The objects that match a list's filters and search, on all pages, in order.
    func matching(
        _ scope: Scope, _ table: AdminTable, _ rows: AdminRows, _ query: AdminQuery,
        limit: Int = AdminQuery.bulkLimit + 1, at now: Timestamp
    ) throws -> [AdminRow] {
        let condition = try condition(scope, table, rows, query, at: now)
        return try connection.query(
            """
            SELECT \(Self.selection(rows, table.columns)) FROM \(raw: rows.from) WHERE \(condition)
            ORDER BY \(raw: Self.order(table, rows, query)) LIMIT \(limit)
            """
        ).map { try Self.row($0, table.columns) }
    }

    /// Those of `ids` that `scope` may see.
    func rows(_ scope: Scope, _ table: AdminTable, _ rows: AdminRows, ids: [String]) throws -> [AdminRow] {
        try connection.query(
            """
            SELECT \(Self.selection(rows, table.columns)) FROM \(raw: rows.from)
            WHERE \(rows.visible(scope)) AND \(raw: rows.id) IN \(list: ids)
            """
        ).map { try Self.row($0, table.columns) }
    }

    /// The number of objects related to those of `ids`, which must be visible to `scope`.
    func count(_ scope: Scope, _ related: AdminRelated, of ids: [String]) throws -> AdminCount {
        let size = related.bytes.map { "CAST(COALESCE(SUM(\($0)), 0) AS BIGINT)" } ?? "0"
        let further = related.condition.map { "AND \($0)" } ?? ""
        // A superuser also counts the objects of institutions themselves.
        let institution: SQL =
            related.isOfInstitution ? "1 = 1" : "institution_id = \(scope.institution)"
        let row = try connection.queryOne(
            """
            SELECT COUNT(*) AS number, \(raw: size) AS bytes FROM \(raw: related.table)
            WHERE \(institution) AND \(raw: related.column) IN \(list: ids) \(raw: further)
            """)
        return AdminCount(
            related: related, number: try row?.get("number") ?? 0,
            bytes: related.bytes == nil ? nil : try row?.get("bytes"))
    }

    // MARK: Parts

    /// Every column, named by its index.
    static func selection(_ rows: AdminRows, _ columns: [AdminColumn]) -> SQL {
        var parts = [
            "\(rows.id) AS id", "CAST(\(rows.revision ?? "NULL") AS BIGINT) AS revision",
            "CAST(\(rows.superusers ?? "0") AS BIGINT) AS reserved",
        ]
        for (place, column) in columns.enumerated() {
            parts.append("\(column.expression) AS v\(place)")
            switch column.link {
            case .object(_, let id): parts.append("\(id) AS l\(place)")
            case .audited(let type, let id): parts += ["\(id) AS l\(place)", "\(type) AS t\(place)"]
            case nil: break
            }
        }
        return "\(raw: parts.joined(separator: ", "))"
    }

    static func row(_ row: SQLRow, _ columns: [AdminColumn]) throws -> AdminRow {
        AdminRow(
            id: try row.get("id"),
            cells: try columns.enumerated().map { place, column in
                AdminCell(column, try row.value("v\(place)"), link: try link(row, column, at: place))
            }, revision: try row.optional("revision"), isSuperusers: try row.get("reserved"))
    }

    private static func link(_ row: SQLRow, _ column: AdminColumn, at place: Int) throws -> AdminReference? {
        switch column.link {
        case nil: return nil
        case .object(let table, _):
            return try row.optional("l\(place)", as: String.self).map { AdminReference(table: table, id: $0) }
        case .audited:
            guard let id = try row.optional("l\(place)", as: String.self),
                let table = AdminTable.named(auditType: try row.get("t\(place)"))
            else { return nil }
            return AdminReference(table: table.name, id: id)
        }
    }

    private static func order(_ table: AdminTable, _ rows: AdminRows, _ query: AdminQuery) -> String {
        guard let key = query.sort, let column = table.columns.first(where: { $0.key == key && $0.isSortable }) else {
            let direction = rows.order.isDescending ? "DESC" : "ASC"
            return "\(rows.order.column) \(direction), \(rows.id) \(direction)"
        }
        let direction = query.isDescending ? "DESC" : "ASC"
        let last = column.isOptional ? "(CASE WHEN \(column.expression) IS NULL THEN 1 ELSE 0 END), " : ""
        return "\(last)\(column.expression) \(direction), \(rows.id) \(direction)"
    }

    /// A pattern that finds `text` anywhere; its own wildcards are escaped.
    private static func pattern(_ text: String) -> String {
        "%" + text.map { "!%_".contains($0) ? "!\($0)" : String($0) }.joined() + "%"
    }
}

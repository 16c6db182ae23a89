import Kernel
import Storage

extension CaseStore {
    /// The cases that match `query`, in its order.
    func list(_ scope: Scope, _ query: CaseQuery) throws -> Page<Case> {
        let sources = Self.sources(scope, query)
        let filters = try filters(scope, query)
        let order = CaseOrder(query)
        var conditions = filters
        if case .cursor(let after?, _) = query.window {
            conditions.append(order.following(try anchor(scope, after, order)))
        }
        let rows = try connection.query(Self.page(sources.map { $0.narrowed(by: conditions) }, order, query.window))
        // One extra row shows whether there are more.
        let items = try rows.prefix(query.window.size).map { try Case($0) }
        let hasNext = rows.count > query.window.size
        return Page(
            items: try warned(scope, items).map { Self.shown($0, scope) },
            count: try count(scope, query, sources, filters),
            nextCursor: hasNext ? items.last.map { CaseListCursor($0, query.key).text } : nil, hasNext: hasNext)
    }

    private static func page(_ sources: [CaseSource], _ order: CaseOrder, _ window: Window) -> SQL {
        let limit: SQL = "ORDER BY \(order.terms) LIMIT \(window.size + 1)"
        if sources.count == 1, window.offset == 0 {
            return "\(selection) WHERE \(sources[0].condition) \(limit)"
        }
        // Skipped rows are counted only in the index; only the page's own rows are read.
        let keys: SQL
        if sources.count == 1 {
            keys =
                "SELECT c.id FROM \(sources[0].tables) WHERE \(sources[0].condition) \(limit) OFFSET \(window.offset)"
        } else {
            let parts: [SQL] = sources.enumerated().map { number, source in
                """
                SELECT * FROM (SELECT c.id, c.created_at, c.updated_at, c.status, c.patient_id, c.priority
                    FROM \(source.tables) WHERE \(source.condition)
                    ORDER BY \(order.terms) LIMIT \(window.offset + window.size + 1)) AS part\(raw: "\(number)")
                """
            }
            keys = "SELECT c.id FROM (\(SQL.joined(parts, by: " UNION ALL "))) AS c \(limit) OFFSET \(window.offset)"
        }
        return "\(selection) WHERE c.id IN (\(keys)) ORDER BY \(order.terms)"
    }

    /// The sources of a list. A user's own and shared cases are queried separately, since no index provides both in
    /// order.
    private static func sources(_ scope: Scope, _ query: CaseQuery) -> [CaseSource] {
        if query.isDeleted {
            let condition: SQL = "c.institution_id = \(scope.institution) AND c.deleted_at IS NOT NULL"
            return [CaseSource(tables: "cases c", condition: condition)]
        }
        guard Policy.reach(of: .readCase, scope) == .own, scope.hasShares else {
            return [CaseSource(tables: "cases c", condition: visible(scope))]
        }
        let live: SQL = "c.institution_id = \(scope.institution) AND c.deleted_at IS NULL"
        return [
            CaseSource(tables: "cases c", condition: "\(live) AND c.created_by = \(scope.user)"),
            // CROSS makes SQLite start with the few shares.
            CaseSource(
                tables: "case_shares s CROSS JOIN cases c",
                condition:
                    "s.user_id = \(scope.user) AND c.id = s.case_id AND \(live) AND c.created_by <> \(scope.user)"),
        ]
    }

    // MARK: Counts

    /// Uses the stored counts if possible; searches, a patient's cases and shared cases are counted row by row.
    private func count(_ scope: Scope, _ query: CaseQuery, _ sources: [CaseSource], _ filters: [SQL]) throws -> Int? {
        guard case .page = query.window else { return nil }
        var total = 0
        for (number, source) in sources.enumerated() {
            if number == 0, let kept = try keptCount(scope, query) {
                total += kept
            } else {
                let narrowed = source.narrowed(by: filters)
                let row = try connection.queryOne(
                    "SELECT COUNT(*) AS number FROM \(narrowed.tables) WHERE \(narrowed.condition)")
                total += try row?.get("number") ?? 0
            }
        }
        return total
    }

    private func keptCount(_ scope: Scope, _ query: CaseQuery) throws -> Int? {
        guard query.search == nil, query.patientID == nil, query.needsReview == nil, !query.isDeleted,
            query.created.isOpen, query.updated.isOpen
        else { return nil }
        var author = query.createdBy.flatMap { UserID($0) }
        // An author's name may match several people.
        guard query.createdBy == nil || author != nil else { return nil }
        var status = query.status
        switch Policy.reach(of: .readCase, scope) {
        case .nothing: return 0
        case .own:
            guard author == nil || author == scope.user else { return 0 }
            author = scope.user
        case .anonymised:
            guard status == nil || status == .completed else { return 0 }
            status = .completed
        case .institution, .platform: break
        }
        return try CaseCountStore(connection).number(institution: scope.institution, author: author, status: status)
    }

    // MARK: Conditions

    /// The users that `createdBy` matches; `nil` if it does not restrict the list.
    private func authors(_ scope: Scope, _ query: CaseQuery) throws -> [UserID]? {
        guard let text = query.createdBy else { return nil }
        if let id = UserID(text) { return [id] }
        return try connection.query(
            """
            SELECT id FROM users
            WHERE institution_id = \(scope.institution) AND search_text LIKE \(Self.pattern(text)) ESCAPE '!'
            """
        ).map { try $0.get("id") }
    }

    /// The filters beyond what `scope` may see.
    private func filters(_ scope: Scope, _ query: CaseQuery) throws -> [SQL] {
        var parts: [SQL] = []
        if let status = query.status { parts.append("c.status = \(status)") }
        if let needsReview = query.needsReview {
            parts.append(needsReview ? "c.review_reasons <> ''" : "c.review_reasons = ''")
        }
        // Users who may not see the patient may not filter by patient either.
        let isAnonymised = Policy.reach(of: .readCase, scope) == .anonymised
        if let patient = query.patientID { parts.append(isAnonymised ? "1 = 0" : "c.patient_id = \(patient)") }
        if let search = query.search, !search.isEmpty {
            let pattern = Self.pattern(search)
            let byAuthor: SQL = """
                c.created_by IN (SELECT id FROM users WHERE institution_id = \(scope.institution)
                    AND search_text LIKE \(pattern) ESCAPE '!')
                """
            parts.append(isAnonymised ? byAuthor : "(c.search_text LIKE \(pattern) ESCAPE '!' OR \(byAuthor))")
        }
        parts += query.created.conditions(on: "c.created_at") + query.updated.conditions(on: "c.updated_at")
        if let authors = try authors(scope, query) {
            // For a single author the index provides the order.
            parts.append(authors.count == 1 ? "c.created_by = \(authors[0])" : "c.created_by IN \(list: authors)")
        }
        return parts
    }

    /// A pattern that finds `text` anywhere; its own wildcards are escaped.
    private static func pattern(_ text: String) -> String {
        let literal = text.lowercased().map { "!%_".contains($0) ? "!\($0)" : String($0) }.joined()
        return "%\(literal)%"
    }

    // MARK: Cursors

    /// The columns' values at the position of `text`.
    private func anchor(_ scope: Scope, _ text: String, _ order: CaseOrder) throws -> [SQL] {
        let cursor = try CaseListCursor(text, order.key)
        let id: SQL = "\(cursor.id)"
        switch cursor.place {
        case .time(let time): return ["\(time)", id]
        case .status(let status, let time): return ["\(status)", "\(time)", id]
        case .row:
            // The row may have been deleted in the meantime, but users who may not see it must not compare with it.
            let row = try connection.queryOne(
                """
                SELECT \(raw: order.key.column) AS value, c.created_at FROM cases c
                WHERE \(Self.reached(scope)) AND c.id = \(cursor.id)
                """)
            guard let row else { throw CaseListCursor.unknown }
            let value: SQL = "\(try row.get("value", as: String.self))"
            let time: SQL = "\(try row.get("created_at", as: Timestamp.self))"
            return order.hasTime ? [value, time, id] : [value, id]
        }
    }
}

/// Tables including `cases c`, and a condition on them.
struct CaseSource {
    let tables: SQL
    let condition: SQL

    func narrowed(by conditions: [SQL]) -> CaseSource {
        CaseSource(tables: tables, condition: .joined([condition] + conditions, by: " AND "))
    }
}

/// The order of a list: the sort column, then those that make the order total.
private struct CaseOrder {
    let key: CaseQuery.Key
    private let isDescending: Bool

    init(_ query: CaseQuery) {
        key = query.key
        isDescending = query.isDescending
    }

    /// As in the indices: cases in one state or of one patient are ordered by time.
    var hasTime: Bool { key == .status || key == .patientId }

    private var columns: [String] {
        hasTime ? [key.column, "c.created_at", "c.id"] : [key.column, "c.id"]
    }

    var terms: SQL {
        let direction = isDescending ? " DESC" : " ASC"
        return "\(raw: columns.map { $0 + direction }.joined(separator: ", "))"
    }

    /// The condition for rows after the row with these values.
    func following(_ values: [SQL]) -> SQL {
        let comparison = isDescending ? "<" : ">"
        return "(\(raw: columns.joined(separator: ", "))) \(raw: comparison) (\(SQL.joined(values, by: ", ")))"
    }
}

import Storage

/// The rows of cases; every question is limited to what its scope may see.
package struct CaseStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    private static let selection: SQL = """
        SELECT c.*, u.first_name, u.last_name
        FROM cases c JOIN users u ON u.institution_id = c.institution_id AND u.id = c.created_by
        """

    /// What `scope` may see for `action`, as a condition on `c`.
    static func visible(_ scope: Scope, for action: Action = .readCase) -> SQL {
        let institution: SQL = "c.institution_id = \(scope.institution)"
        return switch Policy.reach(of: action, for: scope.role) {
        case .nothing: "1 = 0"
        case .own: "\(institution) AND c.created_by = \(scope.user)"
        case .anonymised: "\(institution) AND c.status = \(Case.Status.completed)"
        case .institution: institution
        }
    }

    func insert(_ scope: Scope, _ item: Case) throws {
        try connection.execute(
            """
            INSERT INTO cases
                (id, institution_id, created_by, patient_id, age, sex, status, scan_date, field_strength, scanner_type,
                clinical_history, indication, diagnosis, priority, notes, search_text, created_at, updated_at)
            VALUES (\(item.id), \(scope.institution), \(scope.user), \(item.patientID), \(item.age), \(item.sex),
                \(item.status), \(item.scanDate), \(item.fieldStrength), \(item.scannerType), \(item.clinicalHistory),
                \(item.indication), \(item.diagnosis), \(item.priority), \(item.notes), \(item.searchText),
                \(item.createdAt), \(item.updatedAt))
            """)
    }

    /// Nil where there is no such case or `scope` may not know of it; anonymised where it may not know the patient.
    package func find(_ scope: Scope, _ id: ID<Case>, for action: Action = .readCase) throws -> Case? {
        let condition = Self.visible(scope, for: action)
        let row = try connection.queryOne("\(Self.selection) WHERE c.id = \(id) AND \(condition)")
        return try row.map { try Self.shown(Case($0), scope) }
    }

    /// The case that `action` is meant for.
    ///
    /// - Throws: not found where `scope` may not know of it, forbidden where it may see it but not do this.
    package func require(_ scope: Scope, _ id: ID<Case>, for action: Action = .readCase) throws -> Case {
        if let item = try find(scope, id, for: action) { return item }
        if action != .readCase, try find(scope, id) != nil {
            throw AppError(.forbidden, "You may read this case, but your role does not allow this.")
        }
        throw AppError(.notFound, "There is no such case.")
    }

    func list(_ scope: Scope, _ query: CaseQuery) throws -> Page<Case> {
        let filter = Self.condition(scope, query)
        var condition = filter
        if case .cursor(let after?, _) = query.window {
            let comparison: SQL = query.isDescending ? "<" : ">"
            let cursor = try CaseCursor(after)
            condition =
                condition + " AND (\(raw: query.key.column), c.id) \(comparison) (\(cursor.time), \(cursor.id))"
        }
        let direction = query.isDescending ? "DESC" : "ASC"
        // One more than asked for tells whether anything follows.
        let rows = try connection.query(
            """
            \(Self.selection) WHERE \(condition)
            ORDER BY \(raw: query.key.column) \(raw: direction), c.id \(raw: direction)
            LIMIT \(query.window.size + 1) OFFSET \(query.window.offset)
            """)
        let items = try rows.prefix(query.window.size).map { try Case($0) }
        let hasNext = rows.count > query.window.size
        return Page(
            items: items.map { Self.shown($0, scope) }, count: try count(filter, query),
            nextCursor: hasNext ? Self.cursor(items.last, query) : nil, hasNext: hasNext)
    }

    private func count(_ condition: SQL, _ query: CaseQuery) throws -> Int? {
        guard case .page = query.window else { return nil }
        return try connection.queryOne(
            """
            SELECT COUNT(*) AS number
            FROM cases c JOIN users u ON u.institution_id = c.institution_id AND u.id = c.created_by
            WHERE \(condition)
            """
        )?.get("number")
    }

    private static func cursor(_ last: Case?, _ query: CaseQuery) -> String? {
        guard let last, let time = query.key.time else { return nil }
        return CaseCursor(time: last[keyPath: time], id: last.id).text
    }

    private static func shown(_ item: Case, _ scope: Scope) -> Case {
        Policy.reach(of: .readCase, for: scope.role) == .anonymised ? item.anonymised : item
    }

    private static func condition(_ scope: Scope, _ query: CaseQuery) -> SQL {
        var parts = [visible(scope)]
        if let status = query.status { parts.append("c.status = \(status)") }
        // Whoever may not see the patient can't ask for one either.
        let isAnonymised = Policy.reach(of: .readCase, for: scope.role) == .anonymised
        if let patient = query.patientID { parts.append(isAnonymised ? "1 = 0" : "c.patient_id = \(patient)") }
        if let search = query.search, !search.isEmpty {
            let text: SQL = isAnonymised ? "u.search_text" : "c.search_text || ' ' || u.search_text"
            parts.append("\(text) LIKE \(pattern(search)) ESCAPE '!'")
        }
        if let author = query.createdBy {
            if let id = ID<User>(author) {
                parts.append("c.created_by = \(id)")
            } else {
                parts.append("u.search_text LIKE \(pattern(author)) ESCAPE '!'")
            }
        }
        return .joined(parts, by: " AND ")
    }

    /// A pattern that finds `text` anywhere; its own wildcards are taken literally.
    private static func pattern(_ text: String) -> String {
        let literal = text.lowercased().map { "!%_".contains($0) ? "!\($0)" : String($0) }.joined()
        return "%\(literal)%"
    }

    func update(_ scope: Scope, _ item: Case) throws {
        try connection.execute(
            """
            UPDATE cases SET patient_id = \(item.patientID), age = \(item.age), sex = \(item.sex),
                status = \(item.status), scan_date = \(item.scanDate), field_strength = \(item.fieldStrength),
                scanner_type = \(item.scannerType), clinical_history = \(item.clinicalHistory),
                indication = \(item.indication), diagnosis = \(item.diagnosis), priority = \(item.priority),
                notes = \(item.notes), search_text = \(item.searchText), updated_at = \(item.updatedAt)
            WHERE institution_id = \(scope.institution) AND id = \(item.id)
            """)
    }

    /// Moves a case on; `completed` notes the time. For the service's own steps, so no client's rules hold here.
    package func setStatus(_ scope: Scope, _ id: ID<Case>, _ status: Case.Status, at time: Timestamp) throws {
        let completedAt = status == .completed ? time : nil
        try connection.execute(
            """
            UPDATE cases SET status = \(status), updated_at = \(time),
                completed_at = COALESCE(\(completedAt), completed_at)
            WHERE institution_id = \(scope.institution) AND id = \(id)
            """)
    }

    func delete(_ scope: Scope, _ id: ID<Case>) throws {
        try connection.execute("DELETE FROM cases WHERE institution_id = \(scope.institution) AND id = \(id)")
    }
}

extension Case {
    init(_ row: SQLRow) throws {
        id = try row.get("id")
        institutionID = try row.get("institution_id")
        createdBy = try row.get("created_by")
        author = "\(try row.get("first_name", as: String.self)) \(try row.get("last_name", as: String.self))".trimmed
        patientID = try row.get("patient_id")
        age = try row.optional("age")
        sex = try row.optional("sex")
        status = try row.get("status")
        scanDate = try row.optional("scan_date")
        fieldStrength = try row.optional("field_strength")
        scannerType = try row.get("scanner_type")
        clinicalHistory = try row.get("clinical_history")
        indication = try row.get("indication")
        diagnosis = try row.get("diagnosis")
        priority = try row.get("priority")
        notes = try row.get("notes")
        createdAt = try row.get("created_at")
        updatedAt = try row.get("updated_at")
        completedAt = try row.optional("completed_at")
    }
}

import Kernel
import Storage

/// The rows of cases; every query is limited to what its scope may see.
package struct CaseStore {
    let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// LEFT, although every case has an author: so that no database starts with the users.
    static let selection: SQL = """
        SELECT c.*, \(StudyStore.columns), u.first_name, u.last_name
        FROM cases c LEFT JOIN studies y ON y.id = c.study_id
        LEFT JOIN users u ON u.institution_id = c.institution_id AND u.id = c.created_by
        """

    /// What `scope` may see for `action`, as a condition on `c`.
    package static func visible(_ scope: Scope, for action: Action = .readCase) -> SQL {
        "\(reached(scope, for: action)) AND c.deleted_at IS NULL"
    }

    /// The same, including deleted cases.
    static func reached(_ scope: Scope, for action: Action = .readCase) -> SQL {
        let institution: SQL = "c.institution_id = \(scope.institution)"
        return switch Policy.reach(of: action, scope) {
        case .nothing: "1 = 0"
        case .own: "\(institution) AND \(own(scope, for: action))"
        case .anonymised: "\(institution) AND c.status = \(Case.Status.completed)"
        case .institution, .platform: institution
        }
    }

    /// The user's own cases, and those shared for `action`.
    private static func own(_ scope: Scope, for action: Action) -> SQL {
        let owned: SQL = "c.created_by = \(scope.user)"
        guard scope.hasShares, let needed = Policy.share(neededFor: action) else { return owned }
        let narrowed: SQL = needed == .write ? " AND s.access = \(needed)" : ""
        return """
            (\(owned) OR c.id IN (SELECT s.case_id FROM case_shares s WHERE s.user_id = \(scope.user)\(narrowed)))
            """
    }

    /// The scope of the user who created a case, for a worker, across institutions; `nil` if there is no such case.
    func author(asWorkerOf id: CaseID) throws -> Scope? {
        try connection.queryOne(
            "SELECT institution_id, created_by FROM cases WHERE id = \(id) AND deleted_at IS NULL"
        ).map { Scope(institution: try $0.get("institution_id"), user: try $0.get("created_by"), role: .doctor) }
    }

    /// The ids of the user's own and shared cases that are not deleted, as a query of two index ranges; `nil` if the
    /// user sees other cases or only own ones, since an index then supports `visible`.
    ///
    /// - Parameter action: an action that any share allows.
    static func ownAndShared(_ scope: Scope, for action: Action) -> SQL? {
        guard Policy.reach(of: action, scope) == .own, scope.hasShares, Policy.share(neededFor: action) == .read else {
            return nil
        }
        let live: SQL = "c.institution_id = \(scope.institution) AND c.deleted_at IS NULL"
        // CROSS makes SQLite start with the few shares.
        return """
            SELECT c.id FROM cases c WHERE \(live) AND c.created_by = \(scope.user)
            UNION SELECT c.id FROM case_shares s CROSS JOIN cases c
            WHERE s.user_id = \(scope.user) AND c.id = s.case_id AND \(live)
            """
    }

    /// The case as `scope` may see it.
    static func shown(_ item: Case, _ scope: Scope) -> Case {
        Policy.reach(of: .readCase, scope) == .anonymised ? item.anonymised : item
    }

    private var counts: CaseCountStore { CaseCountStore(connection) }

    func insert(_ scope: Scope, _ item: Case) throws {
        try StudyStore(connection).insert(scope, item.study)
        let fields = Self.columns(of: item)
        try connection.execute(
            """
            INSERT INTO cases
                (id, institution_id, created_by, study_id, status, search_text, created_at, updated_at,
                \(raw: fields.map(\.name).joined(separator: ", ")))
            VALUES (\(item.id), \(scope.institution), \(scope.user), \(item.study.id), \(item.status),
                \(item.searchText), \(item.createdAt), \(item.updatedAt),
                \(SQL.joined(fields.map(\.value), by: ", ")))
            """)
        try counts.add(institution: scope.institution, author: scope.user, status: item.status)
    }

    /// The input fields, except the study's.
    private static func columns(of item: Case) -> [(name: String, value: SQL)] {
        CaseField.all.compactMap { field in
            guard case .ofCase(let name) = field.column else { return nil }
            return (name, field.value(item).sql)
        }
    }

    /// `nil` if there is no such case or `scope` may not know of it; anonymised if it may not know the patient.
    package func find(_ scope: Scope, _ id: CaseID, for action: Action = .readCase) throws -> Case? {
        let condition = Self.visible(scope, for: action)
        let row = try connection.queryOne("\(Self.selection) WHERE c.id = \(id) AND \(condition)")
        return try row.map { try Self.shown(Case($0), scope) }
    }

    /// Whether this is a deleted case that `scope` could see before.
    func isDeleted(_ scope: Scope, _ id: CaseID) throws -> Bool {
        let condition = Self.reached(scope)
        return try connection.queryOne(
            "SELECT 1 AS one FROM cases c WHERE c.id = \(id) AND \(condition) AND c.deleted_at IS NOT NULL") != nil
    }

    /// The case for `action`.
    ///
    /// - Throws: not found if `scope` may not know of it, forbidden if it may see it but not perform `action`.
    package func require(_ scope: Scope, _ id: CaseID, for action: Action = .readCase) throws -> Case {
        if let item = try find(scope, id, for: action) { return item }
        if action != .readCase, try find(scope, id) != nil {
            throw AppError(.forbidden, "You can view this case, but your role does not permit this action.")
        }
        throw AppError(.notFound, "Case not found.")
    }

    /// Locks the row until this transaction ends, so that no concurrent change is lost.
    func lock(_ scope: Scope, _ id: CaseID) throws {
        try connection.execute(
            """
            UPDATE cases SET revision = revision WHERE institution_id = \(scope.institution) AND id = \(id)
            """)
    }

    /// Writes a case that this transaction has locked and read as `before`.
    func update(_ scope: Scope, _ item: Case, from before: Case) throws {
        let changes: [SQL] = Self.columns(of: item).map { "\(raw: $0.name) = \($0.value)" }
        try connection.execute(
            """
            UPDATE cases SET \(SQL.joined(changes, by: ", ")), status = \(item.status),
                search_text = \(item.searchText), updated_at = \(item.updatedAt), revision = revision + 1
            WHERE institution_id = \(scope.institution) AND id = \(item.id)
            """)
        if item.study != before.study { try StudyStore(connection).update(scope, item.study) }
        try count(before, becoming: item.status)
    }

    /// Changes a case's state; `completed` records the time. For the service itself, so clients' rules do not apply.
    ///
    /// - Parameter isNew: false if the case was completed before.
    package func setStatus(
        _ scope: Scope, _ id: CaseID, _ status: Case.Status, at time: Timestamp, isNew: Bool = true
    ) throws {
        try lock(scope, id)
        guard let before = try any(scope, id) else { return }
        let completedAt = status == .completed && isNew ? time : nil
        try connection.execute(
            """
            UPDATE cases SET status = \(status), updated_at = \(time),
                completed_at = COALESCE(\(completedAt), completed_at), revision = revision + 1
            WHERE institution_id = \(scope.institution) AND id = \(id)
            """)
        try count(before, becoming: status)
    }

    /// Marks a case that this transaction has locked as deleted.
    func delete(_ scope: Scope, _ item: Case, at time: Timestamp) throws {
        try connection.execute(
            """
            UPDATE cases SET deleted_at = \(time), deleted_by = \(scope.user), revision = revision + 1
            WHERE institution_id = \(scope.institution) AND id = \(item.id)
            """)
        try counts.remove(institution: item.institutionID, author: item.createdBy, status: item.status)
    }

    /// Restores a deleted case that this transaction has locked.
    func restore(_ scope: Scope, _ item: Case, at time: Timestamp) throws {
        try connection.execute(
            """
            UPDATE cases SET deleted_at = NULL, deleted_by = NULL, updated_at = \(time), revision = revision + 1
            WHERE institution_id = \(scope.institution) AND id = \(item.id)
            """)
        try counts.add(institution: item.institutionID, author: item.createdBy, status: item.status)
    }

    /// A deleted case of the institution; the caller must check that `scope` may see deleted cases.
    func deleted(_ scope: Scope, _ id: CaseID) throws -> Case? {
        guard let item = try any(scope, id), item.deletedAt != nil else { return nil }
        return item
    }

    /// The case, deleted or not.
    private func any(_ scope: Scope, _ id: CaseID) throws -> Case? {
        try connection.queryOne(
            "\(Self.selection) WHERE c.institution_id = \(scope.institution) AND c.id = \(id)"
        ).map { try Case($0) }
    }

    /// In the same order in all transactions, so that concurrent changes do not deadlock.
    private func count(_ before: Case, becoming status: Case.Status) throws {
        guard before.deletedAt == nil, before.status != status else { return }
        for changed in [before.status, status].sorted(by: { $0.rawValue < $1.rawValue }) {
            if changed == status {
                try counts.add(institution: before.institutionID, author: before.createdBy, status: status)
            } else {
                try counts.remove(institution: before.institutionID, author: before.createdBy, status: changed)
            }
        }
    }
}

extension Case {
    init(_ row: SQLRow) throws {
        id = try row.get("id")
        institutionID = try row.get("institution_id")
        createdBy = try row.get("created_by")
        author = "\(try row.get("first_name", as: String.self)) \(try row.get("last_name", as: String.self))".trimmed
        study = try ImagingStudy(row)
        status = try row.get("status")
        createdAt = try row.get("created_at")
        updatedAt = try row.get("updated_at")
        completedAt = try row.optional("completed_at")
        revision = try row.get("revision")
        deletedAt = try row.optional("deleted_at")
        reviewReasons = try row.optional("review_reasons", as: String.self).map { text in
            text.split(separator: "\n").map(String.init)
        }
        let warning: String? = try row.optional("series_warning")
        seriesWarning = warning.flatMap { $0.isEmpty ? nil : $0 }
        lacksSeriesWarning = warning == nil
        for field in CaseField.all { try field.read(row, into: &self) }
    }
}

import Imaging
import Kernel
import Storage

/// The rows of feedback: inserted and read, never changed.
struct FeedbackStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    private static let selection: SQL = """
        SELECT f.*, r.task_id, u.first_name, u.last_name
        FROM result_feedback f
        JOIN results r ON r.institution_id = f.institution_id AND r.id = f.result_id
        JOIN users u ON u.institution_id = f.institution_id AND u.id = f.created_by
        """

    /// The caller must check that `scope` may give feedback on the result.
    func insert(_ scope: Scope, _ content: FeedbackContent, on result: CaseResult, at now: Timestamp) throws
        -> ID<Feedback>
    {
        let id = ID<Feedback>()
        try connection.execute(
            """
            INSERT INTO result_feedback
                (id, institution_id, case_id, result_id, rating, whole_tumour_rating, tumour_core_rating,
                enhancing_tumour_rating, is_correct, comment, created_by, created_at)
            VALUES (\(id), \(scope.institution), \(result.caseID), \(result.id), \(content.rating),
                \(content.ratings[.wholeTumour]), \(content.ratings[.tumourCore]), \(content.ratings[.enhancingTumour]),
                \(content.isCorrect), \(content.comment), \(scope.user), \(now))
            """)
        return id
    }

    func find(_ scope: Scope, _ id: ID<Feedback>) throws -> Feedback? {
        try connection.queryOne("\(Self.selection) WHERE f.institution_id = \(scope.institution) AND f.id = \(id)")
            .map(Feedback.init)
    }

    /// Newest first; the caller must check that `scope` may see the case.
    func list(_ scope: Scope, case id: CaseID, _ window: Window) throws -> Page<Feedback> {
        let filter: SQL = "f.institution_id = \(scope.institution) AND f.case_id = \(id)"
        var condition = filter
        if case .cursor(let after?, _) = window {
            let cursor = try CaseCursor(after)
            condition = condition + " AND (f.created_at, f.id) < (\(cursor.time), \(cursor.id))"
        }
        let rows = try connection.query(
            """
            \(Self.selection) WHERE \(condition)
            ORDER BY f.created_at DESC, f.id DESC LIMIT \(window.size + 1) OFFSET \(window.offset)
            """)
        let items = try rows.prefix(window.size).map(Feedback.init)
        let hasNext = rows.count > window.size
        return Page(
            items: items, count: try count(filter, window), nextCursor: hasNext ? items.last?.cursor : nil,
            hasNext: hasNext)
    }

    private func count(_ condition: SQL, _ window: Window) throws -> Int? {
        guard case .page = window else { return nil }
        return try connection.queryOne("SELECT COUNT(*) AS number FROM result_feedback f WHERE \(condition)")?
            .get("number")
    }
}

extension Feedback {
    fileprivate init(_ row: SQLRow) throws {
        id = try row.get("id")
        caseID = try row.get("case_id")
        task = try row.get("task_id")
        rating = try row.optional("rating")
        var marks: [TumourRegion: Int] = [:]
        marks[.wholeTumour] = try row.optional("whole_tumour_rating")
        marks[.tumourCore] = try row.optional("tumour_core_rating")
        marks[.enhancingTumour] = try row.optional("enhancing_tumour_rating")
        ratings = marks
        isCorrect = try row.optional("is_correct")
        comment = try row.get("comment")
        author = "\(try row.get("first_name", as: String.self)) \(try row.get("last_name", as: String.self))".trimmed
        createdAt = try row.get("created_at")
    }

    fileprivate var cursor: String? {
        CaseID(id.string).map { CaseCursor(time: createdAt, id: $0).text }
    }
}

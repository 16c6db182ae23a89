import Kernel
import Storage

/// Case counts, updated by every change: counting a million rows would delay each page.
struct CaseCountStore {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// A case of this author entered a state.
    func add(institution: InstitutionID, author: UserID, status: Case.Status) throws {
        try connection.execute(
            """
            INSERT INTO case_counts (institution_id, created_by, status, number)
            VALUES (\(institution), \(author), \(status), 1)
            ON CONFLICT (institution_id, created_by, status) DO UPDATE SET number = case_counts.number + 1
            """)
    }

    /// A case of this author left a state.
    func remove(institution: InstitutionID, author: UserID, status: Case.Status) throws {
        try connection.execute(
            """
            UPDATE case_counts SET number = number - 1
            WHERE institution_id = \(institution) AND created_by = \(author) AND status = \(status)
            """)
    }

    /// The number of an institution's cases, those of one author or in one state.
    func number(institution: InstitutionID, author: UserID? = nil, status: Case.Status? = nil) throws -> Int {
        var conditions: [SQL] = ["institution_id = \(institution)"]
        if let author { conditions.append("created_by = \(author)") }
        if let status { conditions.append("status = \(status)") }
        let row = try connection.queryOne(
            "SELECT COALESCE(SUM(number), 0) AS number FROM case_counts WHERE \(SQL.joined(conditions, by: " AND "))")
        return try row?.get("number") ?? 0
    }
}

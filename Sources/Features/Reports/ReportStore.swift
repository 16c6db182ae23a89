import Foundation
import Storage

/// The rows of reports.
package struct ReportStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// A draft that a job wrote for a result; the result's own row says which institution it belongs to.
    func insert(_ draft: ReportDraft, for result: CaseResult, job: ID<JobRecord>, at now: Timestamp) throws {
        guard
            let row = try connection.queryOne("SELECT institution_id FROM results WHERE id = \(result.id)")
        else { return }
        let institution: ID<Institution> = try row.get("institution_id")
        let id = ID<ReportDraft>()
        let document = String(decoding: try JSONEncoder().encode(draft), as: UTF8.self)
        try connection.execute(
            """
            INSERT INTO reports (id, institution_id, case_id, result_id, job_id, status, ai_generated_text,
                document_json, generated_at, updated_at)
            VALUES (\(id), \(institution), \(result.caseID), \(result.id), \(job), 'draft', \(draft.text), \(document),
                \(now), \(now))
            """)
        try AuditStore(connection).append(
            AuditEntry(
                institution: institution, actor: nil, origin: RequestOrigin(), action: "report.create",
                objectType: "report", objectID: id.string, at: now))
    }

    /// The text of the newest report of a result.
    package func text(of result: ID<CaseResult>) throws -> String? {
        try connection.queryOne(
            """
            SELECT ai_generated_text FROM reports WHERE result_id = \(result) ORDER BY generated_at DESC, id DESC LIMIT 1
            """
        )?.get("ai_generated_text")
    }
}

extension WriteReportJob {
    /// Composes the report from the result's findings.
    package init(database: any Database) {
        self.init(database: database) { result, job in
            let draft = ReportComposer.compose(result.result)
            return { try ReportStore($0).insert(draft, for: result, job: job, at: .now) }
        }
    }
}

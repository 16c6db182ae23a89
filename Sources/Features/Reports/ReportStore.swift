import Foundation
import Imaging
import Kernel
import Storage

/// The rows of reports.
package struct ReportStore {
    let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    private static let selection: SQL = """
        SELECT p.*, c.patient_id, u.first_name, u.last_name, s.edited_at AS signed_at,
            s.acknowledged AS overridden_checks,
            v.first_name AS signer_first_name, v.last_name AS signer_last_name
        FROM reports p
        JOIN cases c ON c.institution_id = p.institution_id AND c.id = p.case_id
        LEFT JOIN users u ON u.institution_id = p.institution_id AND u.id = p.last_edited_by
        LEFT JOIN report_edits s ON s.institution_id = p.institution_id AND s.report_id = p.id
            AND p.status IN ('finalized', 'exported')
            AND s.number = (
                SELECT MAX(e.number) FROM report_edits e WHERE e.report_id = p.id AND e.status = 'finalized')
        LEFT JOIN users v ON v.institution_id = s.institution_id AND v.id = s.edited_by
        """

    /// A composed text, encoded before the transaction.
    package struct Draft: Sendable {
        let text: String
        let document: String

        package init(_ draft: ReportDraft) throws {
            text = draft.text
            document = String(decoding: try JSONEncoder().encode(draft), as: UTF8.self)
        }
    }

    /// A draft that a job wrote for a result; the result's row determines the institution.
    ///
    /// - Throws: `JobFailure(.obsolete)` if the result has been deleted in the meantime.
    func insert(asWorker draft: Draft, for result: CaseResult, job: ID<JobRecord>, at now: Timestamp) throws {
        // The job's request and its user: the trail names the person and not only the machine.
        guard
            let row = try connection.queryOne(
                """
                SELECT r.institution_id, t.created_by, j.request_id
                FROM results r JOIN inference_tasks t ON t.institution_id = r.institution_id AND t.id = r.task_id
                LEFT JOIN jobs j ON j.institution_id = r.institution_id AND j.id = \(job)
                WHERE r.id = \(result.id)
                """)
        else { throw JobFailure(.obsolete, "The result has been deleted.") }
        let institution: InstitutionID = try row.get("institution_id")
        let origin = RequestOrigin(requestID: try row.optional("request_id"))
        let id = try write(draft, for: result, institution: institution, job: job, at: now)
        try AuditStore(connection).append(
            AuditEntry(
                institution: institution, actor: try row.optional("created_by"), origin: origin,
                action: "report.create", objectType: "report", objectID: id.string, at: now))
    }

    /// The draft that a user requested.
    func insert(_ scope: Scope, _ draft: Draft, for result: CaseResult, at now: Timestamp) throws -> ID<Report> {
        try write(draft, for: result, institution: scope.institution, job: nil, at: now)
    }

    /// - Parameter job: the job that wrote it; `nil` if a user requested it.
    private func write(
        _ draft: Draft, for result: CaseResult, institution: InstitutionID, job: ID<JobRecord>?,
        at now: Timestamp
    ) throws -> ID<Report> {
        let id = ID<Report>()
        try connection.execute(
            """
            INSERT INTO reports (id, institution_id, case_id, result_id, job_id, status, ai_generated_text,
                document_json, generated_at, updated_at)
            VALUES (\(id), \(institution), \(result.caseID), \(result.id), \(job), 'draft', \(draft.text), \(draft.document),
                \(now), \(now))
            """)
        return id
    }

    /// The text of the newest report of a result.
    package func text(asWorker result: ID<CaseResult>) throws -> String? {
        try connection.queryOne(
            """
            SELECT ai_generated_text FROM reports WHERE result_id = \(result) ORDER BY generated_at DESC, id DESC LIMIT 1
            """
        )?.get("ai_generated_text")
    }

    /// `nil` if there is no such report or `scope` may not know of its case.
    func find(_ scope: Scope, _ id: ID<Report>, for action: Action = .readReport) throws -> Report? {
        let condition = CaseStore.visible(scope, for: action)
        let rows = try connection.query("\(Self.selection) WHERE p.id = \(id) AND \(condition)")
        return try reports(scope, rows).first
    }

    /// Locks the report until this transaction ends.
    func lock(_ scope: Scope, _ id: ID<Report>) throws {
        try connection.execute(
            """
            UPDATE reports SET revision = revision WHERE institution_id = \(scope.institution) AND id = \(id)
            """)
    }

    /// Whether a case has a signed report, which is kept regardless of its series and results.
    func hasSigned(_ scope: Scope, case id: CaseID) throws -> Bool {
        try connection.queryOne(
            """
            SELECT 1 AS one FROM reports
            WHERE institution_id = \(scope.institution) AND case_id = \(id)
                AND status IN (\(Report.Status.finalized), \(Report.Status.exported)) LIMIT 1
            """) != nil
    }

    /// Whether a selected result has a signed report; prevents signing until this transaction ends.
    func lockSigned(_ scope: Scope, results: SQL) throws -> Bool {
        let chosen: SQL = "institution_id = \(scope.institution) AND result_id IN (\(results))"
        try connection.execute("UPDATE reports SET revision = revision WHERE \(chosen)")
        return try connection.queryOne(
            """
            SELECT 1 AS one FROM reports
            WHERE \(chosen) AND status IN (\(Report.Status.finalized), \(Report.Status.exported)) LIMIT 1
            """) != nil
    }

    /// - Throws: `.caseSigned` if the case has a signed report.
    func requireUnsigned(_ scope: Scope, case id: CaseID) throws {
        guard try hasSigned(scope, case: id) else { return }
        throw AppError(
            .caseSigned,
            "The case has a signed report, which will not change. Send force=true to continue; a new draft is added."
        )
    }

    /// Also deletes the report's edits and PDFs; the files are swept once no row references them.
    func delete(_ scope: Scope, _ id: ID<Report>) throws {
        let files: [BlobKey] = try connection.query(
            "SELECT blob_id FROM report_pdfs WHERE institution_id = \(scope.institution) AND report_id = \(id)"
        ).map { try $0.get("blob_id") }
        try connection.execute("DELETE FROM reports WHERE institution_id = \(scope.institution) AND id = \(id)")
        try BlobRowStore(connection).delete(scope, files)
    }

    /// Newest first.
    func list(
        _ scope: Scope, case caseID: CaseID?, created: TimeSpan = TimeSpan(), _ window: Window
    ) throws -> Page<Report> {
        let list = CaseContentStore(
            connection: connection, table: "reports", time: "generated_at", scope: scope, action: .readReport,
            caseID: caseID, span: created, window: window)
        let rows = try connection.query(
            "\(Self.selection) WHERE p.id IN (\(try list.keys())) ORDER BY p.generated_at DESC, p.id DESC")
        let items = try reports(scope, rows.prefix(window.size))
        let hasNext = rows.count > window.size
        return Page(
            items: items, count: try list.count(), nextCursor: hasNext ? items.last?.cursor : nil,
            hasNext: hasNext)
    }

    /// With their findings and addenda: one query each, regardless of the number of reports.
    private func reports(_ scope: Scope, _ rows: some Collection<SQLRow>) throws -> [Report] {
        let results: [ID<CaseResult>] = try rows.map { try $0.get("result_id") }
        let findings = try FindingStore(connection).lists(scope.institution, of: results)
        return try ReportAddendumStore(connection).completed(
            zip(rows, results).map { try Report($0, findings[$1] ?? []) })
    }
}

extension Report {
    fileprivate init(_ row: SQLRow, _ findings: [Finding]) throws {
        let document: String = try row.get("document_json")
        let firstName: String? = try row.optional("first_name")
        let lastName: String? = try row.optional("last_name")
        do {
            draft = try JSONDecoder().decode(ReportDraft.self, from: Data(document.utf8))
        } catch {
            throw DatabaseError(.decoding, "A report's document is not of this version.")
        }
        self.findings = findings
        id = try row.get("id")
        caseID = try row.get("case_id")
        resultID = try row.get("result_id")
        revision = try row.get("revision")
        patientID = try row.get("patient_id")
        status = try row.get("status")
        aiGeneratedText = try row.get("ai_generated_text")
        finalizedText = try row.optional("finalized_text")
        editCount = try row.get("edit_count")
        generatedAt = try row.get("generated_at")
        updatedAt = try row.get("updated_at")
        lastEditedBy = firstName.map { "\($0) \(lastName ?? "")".trimmed }
        signature = try Signature(row)
    }

    fileprivate var cursor: String? {
        CaseID(id.string).map { CaseCursor(time: generatedAt, id: $0).text }
    }
}

extension Report.Signature {
    fileprivate init?(_ row: SQLRow) throws {
        guard let time: Timestamp = try row.optional("signed_at") else { return nil }
        let firstName: String? = try row.optional("signer_first_name")
        let lastName: String? = try row.optional("signer_last_name")
        signedBy = "\(firstName ?? "") \(lastName ?? "")".trimmed
        signedAt = time
        overriddenChecks = try ReportEdit.checks(row.get("overridden_checks"))
    }
}

extension WriteReportJob {
    /// Composes the report from the result's findings.
    package init(database: any Database) {
        self.init(database: database) { result, job in
            let draft = try ReportStore.Draft(ReportComposer.checked(result.result))
            return { try ReportStore($0).insert(asWorker: draft, for: result, job: job, at: .now) }
        }
    }
}

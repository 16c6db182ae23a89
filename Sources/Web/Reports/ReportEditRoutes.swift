import Basics
import Features
import HTTPTypes
import Hummingbird
import Imaging
import Kernel

/// Reports after their draft: edits, signatures, and the sources of their sentences.
struct ReportEditRoutes {
    let reports: ReportsService
    let files: FilesService
    let settings: WebSettings

    var all: [APIRoute] {
        [
            APIRoute(
                .patch, "/api/reports/{reportId}/update/",
                "Edit, review or sign a report. A signed report cannot be changed (409). Without `If-Match`, a new status applies to the revision "
                    + "that you loaded or wrote last, else 409",
                access: .allowed(.writeReport), body: .json(.named("ReportChange")),
                responses: [.json(.ok, .named("CheckedReport"))],
                details: .init(failures: [412], headers: [.ifMatch]), handler: update),
            APIRoute(
                .get, "/api/reports/{reportId}/traceability/",
                "Provenance of each sentence: findings, result, model, files", access: .allowed(.readReport),
                responses: [.json(.ok, .named("ReportTrace"))], handler: trace),
            APIRoute(
                .get, "/api/reports/templates/", "List report templates", access: .signedIn,
                responses: [.json(.ok, .list(of: .named("ReportTemplate")))]
            ) { _, context in
                _ = try context.signedIn()
                return try JSON.response(.ok, ReportTemplate.all)
            },
        ]
    }

    @Sendable private func update(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("reportId", of: ID<Report>.self)
        let form = try await JSON.body(of: request, as: ReportForm.self)
        let report = try await reports.update(scope, id, form, if: request.precondition)
        return try await CheckedReport(report).response()
    }

    @Sendable private func trace(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let trace = try await reports.trace(scope, context.id("reportId", of: ID<Report>.self))
        let base = request.base(settings)
        return try JSON.response(
            .ok, TraceBody(trace, manifest: trace.manifest.map { base + self.files.path(scope, $0) }))
    }
}

/// A report with its text's contradictions of the measurements, and claims beyond them.
struct CheckedReport: Encodable {
    let report: Report
    private let checks: [ReportRemark]

    init(_ report: Report) async throws {
        self.report = report
        checks = try await report.checks()
    }

    private enum CodingKeys: CodingKey {
        case checks
    }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(checks, forKey: .checks)
    }

    func response(_ status: HTTPResponse.Status = .ok) throws -> Response {
        var response = try JSON.response(status, self)
        response.headers[.eTag] = "\"\(report.revision)\""
        return response
    }
}

/// A report's origin and history, as in the API.
struct TraceBody: Encodable {
    /// A revision.
    struct Edit: Encodable {
        let number: Int
        let editedBy: String
        let editedAt: String
        let editReason: String
        let status: Report.Status
        let text: String?
        let acknowledgedChecks: [String]
    }

    /// A stored file of the result.
    struct File: Encodable {
        let name: String
        let sha256: String
        let size: Int64
    }

    let reportId: String
    let caseId: String
    let resultId: String
    let taskId: String
    let model: ModelIdentity
    let codeVersion: String
    let device: String
    let measuredAt: String
    let inputsDigest: String
    let inputs: [RunManifest.Input]
    let files: [File]
    /// The manifest's signed URL.
    let manifest: String?
    let sentences: [ReportTrace.Statement]
    let edits: [Edit]

    init(_ trace: ReportTrace, manifest: String?) throws {
        reportId = trace.report.id.string
        caseId = trace.report.caseID.string
        resultId = trace.result.id.string
        taskId = trace.result.task.string
        model = trace.result.model
        codeVersion = trace.result.codeVersion
        device = trace.result.result.device
        measuredAt = trace.result.createdAt.description
        inputsDigest = trace.result.inputsDigest
        inputs = try trace.inputs
        files = trace.result.files.map { File(name: $0.name, sha256: $0.sha256, size: $0.size) }
        self.manifest = manifest
        sentences = trace.statements
        edits = trace.edits.map {
            Edit(
                number: $0.number, editedBy: $0.editedBy, editedAt: $0.editedAt.description, editReason: $0.reason,
                status: $0.status, text: $0.text, acknowledgedChecks: $0.acknowledged)
        }
    }
}

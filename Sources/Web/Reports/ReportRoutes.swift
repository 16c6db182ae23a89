import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Reports.
struct ReportRoutes {
    let reports: ReportsService
    let settings: WebSettings

    private struct GenerateForm: Decodable {
        let caseId: String
    }

    private static let filters =
        [.caseFilter] + APIRoute.Parameter.span("created", "the draft was created (`generatedAt`)")

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/reports/", "List reports, newest first", access: .allowed(.readReport),
                query: Self.filters + APIRoute.Parameter.paging,
                responses: [.list(of: "Report")], handler: list),
            APIRoute(
                .post, "/api/reports/", "Create a report draft from the latest result", access: .allowed(.writeReport),
                body: .json(.named("ReportForm")), responses: [.json(.created, .named("Report"))], handler: create),
            APIRoute(
                .post, "/api/reports/generate/{caseId}/", "Create a report draft for a case",
                access: .allowed(.writeReport), responses: [.json(.created, .named("Report"))]
            ) { try await generate($1.id("caseId", of: CaseID.self), $1) },
            APIRoute(
                .get, "/api/reports/{reportId}/", "Retrieve a report", access: .allowed(.readReport),
                responses: [.json(.ok, .named("CheckedReport"))]
            ) {
                let report = try await reports.get($1.scope, $1.id("reportId", of: ID<Report>.self))
                return try await CheckedReport(report).response()
            },
        ]
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let window = try request.window()
        let caseID = try request.queryID("caseId", of: CaseID.self)
        let page = try await reports.list(
            context.scope, case: caseID, created: request.span("created"), window)
        return try Lists.response(page, window, request, settings)
    }

    @Sendable private func create(_ request: Request, _ context: WebContext) async throws -> Response {
        _ = try context.scope
        let form = try await JSON.body(of: request, as: GenerateForm.self)
        guard let id = CaseID(form.caseId) else { throw AppError.invalid("caseId", "Must be a valid UUID.") }
        return try await generate(id, context)
    }

    private func generate(_ id: CaseID, _ context: WebContext) async throws -> Response {
        let report = try await reports.generate(context.scope, case: id)
        var response = try JSON.response(.created, report)
        response.headers[.location] = "/api/reports/\(report.id)/"
        return response
    }
}

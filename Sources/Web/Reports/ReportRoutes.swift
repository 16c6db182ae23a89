import Features
import HTTPTypes
import Hummingbird

/// Reports.
struct ReportRoutes {
    let services: WebServices

    private struct GenerateForm: Decodable {
        var caseId: String?
    }

    func add(to group: RouterGroup<WebContext>) {
        group.get(use: list)
        group.post(use: create)
        group.post("generate/:case") { try await generate($1.id("case", of: Case.self), $1) }
        group.get(":id") { try JSON.response(.ok, await services.reports.get($1.scope, $1.id(of: Report.self))) }
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let window = try request.window()
        let caseID = (request.query("caseId") ?? request.query("case_id")).flatMap { ID<Case>($0) }
        let page = try await services.reports.list(context.scope, case: caseID, window)
        return try Lists.response(page, window, request, services.settings)
    }

    @Sendable private func create(_ request: Request, _ context: WebContext) async throws -> Response {
        _ = try context.scope
        let form = try await JSON.body(of: request, as: GenerateForm.self)
        guard let text = form.caseId, let id = ID<Case>(text) else {
            throw AppError.invalid("caseId", form.caseId == nil ? "This field is required." : "This is no case's id.")
        }
        return try await generate(id, context)
    }

    private func generate(_ id: ID<Case>, _ context: WebContext) async throws -> Response {
        let report = try await services.reports.generate(context.scope, case: id)
        var response = try JSON.response(.created, report)
        response.headers[.location] = "/api/reports/\(report.id)/"
        return response
    }
}

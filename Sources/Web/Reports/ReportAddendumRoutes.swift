import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Addenda of signed reports.
struct ReportAddendumRoutes {
    let reports: ReportsService

    private static let path = "/api/reports/{reportId}/addenda/"

    var all: [APIRoute] {
        [
            APIRoute(
                .get, Self.path, "List addenda of a report, oldest first", access: .allowed(.readReport),
                responses: [.json(.ok, ReportRoutes.addenda)]
            ) {
                try JSON.response(
                    .ok, await reports.get($1.scope, $1.id("reportId", of: ID<Report>.self)).addenda)
            },
            APIRoute(
                .post, Self.path, "Add an addendum to a signed report",
                access: .allowed(.signReport), body: .json(.named("AddendumForm")),
                responses: [.json(.created, .named("CheckedReport"))],
                details: .init(failures: [412], headers: [.ifMatch]), handler: add),
        ]
    }

    @Sendable private func add(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("reportId", of: ID<Report>.self)
        let form = try await JSON.body(of: request, as: AddendumForm.self)
        let report = try await reports.addAddendum(scope, id, form, if: request.precondition)
        var response = try await CheckedReport(report).response(.created)
        response.headers[.location] = "/api/reports/\(id)/addenda/"
        return response
    }

    /// The component schemas of these calls.
    static let schemas: [String: Schema] = [
        "ReportAddendum": .object([
            "number": .integer(), "text": .text(), "reason": .text(), "createdBy": .text(), "createdAt": .time,
        ]),
        "AddendumForm": .form(
            ["text": .filledLine(atMost: 50_000), "reason": .filledLine(atMost: 2000)], required: ["text", "reason"]),
    ]
}

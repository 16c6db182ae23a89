import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Clinicians' feedback on results.
struct FeedbackRoutes {
    let feedback: FeedbackService
    let settings: WebSettings

    var all: [APIRoute] {
        [
            APIRoute(
                .post, "/api/cases/{caseId}/feedback/", "Give feedback on a result", access: .allowed(.giveFeedback),
                body: .json(.named("FeedbackForm")), responses: [.json(.created, .named("Feedback"))], handler: give),
            APIRoute(
                .get, "/api/cases/{caseId}/feedback/", "List feedback on the results of a case, newest first",
                access: .allowed(.giveFeedback), query: APIRoute.Parameter.paging,
                responses: [.list(of: "Feedback")], handler: list),
        ]
    }

    @Sendable private func give(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("caseId", of: CaseID.self)
        let form = try await JSON.body(of: request, as: FeedbackForm.self)
        return try JSON.response(.created, await feedback.give(scope, case: id, form))
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let window = try request.window()
        let page = try await feedback.list(scope, case: context.id("caseId", of: CaseID.self), window)
        return try Lists.response(page, window, request, settings)
    }

    private static let mark = Schema.integer(1...5)
    private static let givenMark = Schema.anyOf([mark, .text(pattern: "^0*[1-5]$"), .null])

    /// The component schemas of these calls.
    static let schemas: [String: Schema] = [
        "FeedbackForm": .form([
            "taskId": Schema.id.nullable.described("Task of the result; default: the latest of the case."),
            "rating": givenMark.described("1 (unusable) to 5 (no correction needed)."),
            "ratings": Schema.form([
                "whole_tumor": givenMark, "tumor_core": givenMark, "enhancing_tumor": givenMark,
            ]).nullable, "isCorrect": Schema.boolean.nullable, "comment": Schema.line(atMost: 4000).nullable,
        ]).described("At least one field is required."),
        "Feedback": .object([
            "id": .id, "caseId": .id, "taskId": .id, "rating": mark.nullable,
            "ratings": .object([
                "whole_tumor": mark.nullable, "tumor_core": mark.nullable, "enhancing_tumor": mark.nullable,
            ]),
            "isCorrect": .boolean.nullable, "comment": .text(), "createdBy": .text(), "createdAt": .time,
        ]),
    ]
}

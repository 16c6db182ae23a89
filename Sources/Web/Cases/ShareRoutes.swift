import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Sharing of cases.
struct ShareRoutes {
    let shares: CaseSharesService

    private static let access = Schema.choice(ShareAccess.allCases.map(\.rawValue))

    static let schemas: [String: Schema] = [
        "CaseShare": .object([
            "userId": .id, "name": .text(), "email": .text(), "access": access, "sharedBy": .text(),
            "createdAt": .time,
        ]),
        "ShareForm": .form([
            "userId": Schema.id.nullable.described("User ID of the colleague; alternatively, give the email address."),
            "email": UserRoutes.email.nullable,
            "access": access.nullable.described("Default: `read`."),
        ]),
    ]

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/cases/{caseId}/shares/", "List shares of a case", access: .allowed(.shareCase),
                responses: [.json(.ok, .list(of: .named("CaseShare")))]
            ) { _, context in
                let id = try context.id("caseId", of: CaseID.self)
                return try JSON.response(.ok, await shares.list(context.scope, case: id))
            },
            APIRoute(
                .post, "/api/cases/{caseId}/shares/", "Share a case with a colleague, or change the access",
                access: .allowed(.shareCase), body: .json(.named("ShareForm")),
                responses: [.json(.created, .named("CaseShare"))], handler: share),
            APIRoute(
                .delete, "/api/cases/{caseId}/shares/{userId}/", "Remove a share",
                access: .allowed(.shareCase), responses: [.message()]
            ) { _, context in
                let id = try context.id("caseId", of: CaseID.self)
                let user = try context.id("userId", of: UserID.self)
                try await shares.end(context.scope, case: id, with: user)
                return try JSON.response(.ok, Message(message: "Share removed."))
            },
        ]
    }

    @Sendable private func share(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("caseId", of: CaseID.self)
        let form = try await JSON.body(of: request, as: ShareForm.self)
        return try JSON.response(.created, await shares.share(scope, case: id, form))
    }
}

import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Institutions, for superusers.
struct InstitutionRoutes {
    let institutions: InstitutionsService

    static let schemas: [String: Schema] = [
        "Institution": .object(["id": .id, "name": .text(1...200), "createdAt": .time]),
        "InstitutionForm": .form(["name": .filledLabel(atMost: 200)], required: ["name"]),
        "InstitutionUpdate": .form(["name": .filledLabel(atMost: 200)]),
    ]

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/institutions/", "List institutions", access: .allowed(.manageInstitutions),
                responses: [.json(.ok, .list(of: .named("Institution")))]
            ) { try JSON.response(.ok, await institutions.list($1.scope)) },
            APIRoute(
                .post, "/api/institutions/", "Create an institution", access: .allowed(.manageInstitutions),
                body: .json(.named("InstitutionForm")), responses: [.json(.created, .named("Institution"))],
                handler: create),
            APIRoute(
                .get, "/api/institutions/{institutionId}/", "Retrieve an institution",
                access: .allowed(.manageInstitutions),
                responses: [.json(.ok, .named("Institution"))]
            ) { _, context in
                let id = try context.id("institutionId", of: InstitutionID.self)
                return try JSON.response(.ok, await institutions.get(context.scope, id))
            },
            APIRoute(
                .patch, "/api/institutions/{institutionId}/", "Rename an institution",
                access: .allowed(.manageInstitutions), body: .json(.named("InstitutionUpdate")),
                responses: [.json(.ok, .named("Institution"))], handler: rename),
        ]
    }

    @Sendable private func create(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let form = try await JSON.body(of: request, as: InstitutionForm.self)
        return try JSON.response(.created, await institutions.create(scope, form))
    }

    @Sendable private func rename(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let id = try context.id("institutionId", of: InstitutionID.self)
        let form = try await JSON.body(of: request, as: InstitutionUpdate.self)
        return try JSON.response(.ok, await institutions.update(scope, id, form.change))
    }
}

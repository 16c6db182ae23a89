import Features
import HTTPTypes
import Hummingbird
import Kernel

/// Inviting people into an institution; an administrator's part.
struct InvitationRoutes {
    let settings: WebSettings
    let invitations: InvitationsService

    private static let properties: [String: Schema] = [
        "id": .id, "role": .choice(Role.allCases.map(\.rawValue)), "email": .text().nullable, "createdAt": .time,
        "expiresAt": .time, "usedAt": .time.nullable, "revokedAt": .time.nullable,
    ]

    static let schemas: [String: Schema] = [
        "Invitation": .object(properties),
        "IssuedInvitation": .object([
            "invitation": .named("Invitation"), "token": .text(), "link": .url,
        ]).described("Token and link, shown only in this response."),
        "InvitationForm": .form(
            [
                "role": .choice(Role.allCases.map(\.rawValue)),
                "email": Schema.anyOf([UserRoutes.email, .text(atMost: 0), .null]).described(
                    "The only email address that may use it."),
            ], required: ["role"]),
    ]

    private struct Issued: Encodable {
        let invitation: Invitation
        let token: String
        let link: String
    }

    var all: [APIRoute] {
        [
            APIRoute(
                .get, "/api/users/invitations/", "List invitations, newest first",
                access: .allowed(.changeUsers), responses: [.json(.ok, .list(of: .named("Invitation")))]
            ) { try JSON.response(.ok, await invitations.list($1.scope)) },
            APIRoute(
                .post, "/api/users/invitations/", "Create an invitation", access: .allowed(.changeUsers),
                body: .json(.named("InvitationForm")), responses: [.json(.created, .named("IssuedInvitation"))],
                handler: create),
            APIRoute(
                .delete, "/api/users/invitations/{invitationId}/", "Revoke an invitation",
                access: .allowed(.changeUsers), responses: [.message()]
            ) { _, context in
                let id = try context.id("invitationId", of: ID<Invitation>.self)
                try await invitations.revoke(context.scope, id)
                return try JSON.response(.ok, Message(message: "Invitation revoked."))
            },
        ]
    }

    @Sendable private func create(_ request: Request, _ context: WebContext) async throws -> Response {
        let scope = try context.scope
        let form = try await JSON.body(of: request, as: InvitationForm.self)
        let issued = try await invitations.create(scope, form)
        let link = request.base(settings) + "/register?invitation=\(issued.token.text)"
        return try JSON.response(
            .created, Issued(invitation: issued.invitation, token: issued.token.text, link: link))
    }
}

import Features
import HTTPTypes
import Hummingbird
import Kernel

/// The second factor of one's own account, and its reset by an administrator.
struct SecondFactorRoutes {
    let factors: SecondFactorsService

    static let schemas: [String: Schema] = [
        "SecondFactorStatus": .object([
            "isEnabled": .boolean, "isRequired": .boolean, "recoveryCodesLeft": .integer(),
        ]),
        "SecondFactorEnrolment": .object([
            "secret": .text().described("Base32 secret for manual entry in an authenticator app."),
            "uri": .text().described("`otpauth://…` URI for a QR code."),
        ]),
        "SecondFactorCode": .form(["code": .text(atMost: 20)], required: ["code"]),
        "SecondFactorPassword": .form(["password": .text(atMost: 512)], required: ["password"]),
        "RecoveryCodes": .object(["recoveryCodes": .list(of: .text())]),
    ]

    private struct CodeForm: Decodable {
        let code: String
    }

    private struct PasswordForm: Decodable {
        let password: String
    }

    private static let path = "/api/users/second-factor/"

    var all: [APIRoute] {
        [
            APIRoute(
                .get, Self.path, "Status of two-factor authentication", access: .signedIn,
                responses: [.json(.ok, .named("SecondFactorStatus"))]
            ) { try JSON.response(.ok, await factors.status($1.signedIn(enrolling: true))) },
            APIRoute(
                .post, Self.path, "Start enrolling an authenticator app", access: .signedIn,
                body: .json(.named("SecondFactorPassword")),
                responses: [.json(.created, .named("SecondFactorEnrolment"))], handler: enrol),
            APIRoute(
                .post, Self.path + "confirm/", "Confirm the enrolment; returns the recovery codes",
                access: .signedIn, body: .json(.named("SecondFactorCode")),
                responses: [.json(.ok, .named("RecoveryCodes"))], handler: confirm),
            APIRoute(
                .post, Self.path + "disable/", "Disable two-factor authentication", access: .signedIn,
                body: .json(.named("SecondFactorPassword")), responses: [.message()], handler: disable),
            APIRoute(
                .delete, "/api/users/users/{userId}/second-factor/", "Reset a user's two-factor authentication",
                access: .allowed(.changeUsers), responses: [.message()]
            ) { _, context in
                let id = try context.id("userId", of: UserID.self)
                try await factors.reset(context.scope, id)
                return try JSON.response(.ok, Message(message: "Two-factor authentication has been reset."))
            },
        ]
    }

    @Sendable private func enrol(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn(enrolling: true)
        let password = try await JSON.body(of: request, as: PasswordForm.self).password
        return try JSON.response(
            .created, await factors.enrol(principal, password: password))
    }

    @Sendable private func confirm(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn(enrolling: true)
        let code = try await JSON.body(of: request, as: CodeForm.self).code
        return try JSON.response(.ok, await factors.confirm(principal, code: code))
    }

    @Sendable private func disable(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.signedIn()
        let password = try await JSON.body(of: request, as: PasswordForm.self).password
        try await factors.disable(principal, password: password)
        return try JSON.response(.ok, Message(message: "Two-factor authentication has been disabled."))
    }
}

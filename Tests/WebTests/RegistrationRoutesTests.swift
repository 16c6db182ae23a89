import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Registration if it is open, needs approval or is closed: API, pages and administration.
struct RegistrationRoutesTests {
    private static let fields = [
        "firstName": "Grace", "lastName": "Hopper", "email": "grace@clinic.org", "password": WebFixture.password,
        "confirmPassword": WebFixture.password, "role": "radiologist",
    ]

    private static func with(
        _ mode: RegistrationMode, _ kind: TestDatabase = .sqlite,
        _ body: @escaping @Sendable (WebFixture, String) async throws -> Void
    ) async throws {
        try await WebFixture.with(kind, accounts: AccountSettings(registration: mode)) { clinic in
            let form = Registration(
                email: "root@clinic.org", password: WebFixture.password, confirmPassword: WebFixture.password,
                firstName: "Ro", lastName: "Ot")
            try await clinic.services.users.createAdmin(form)
            let login = "{\"email\": \"root@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            try await body(clinic, try #require(try await clinic.call(.post, "/api/users/login/", login)["access"]))
        }
    }

    @Test(arguments: TestDatabase.all) func theAPILetsNobodyInWithoutApproval(_ kind: TestDatabase) async throws {
        try await Self.with(.approval, kind) { clinic, admin in
            let made = try await clinic.call(
                .post, "/api/users/register/", WebFixture.registration("ada@clinic.org", role: "radiologist"))
            #expect(made.status == .created && made["access"] == nil && made["refresh"] == nil)
            #expect((made["message"] ?? "").contains("approve"))
            let user = try #require(made.object["user"] as? [String: Any])
            #expect(user["isPending"] as? Bool == true && user["isActive"] as? Bool == false)
            let login = "{\"email\": \"ada@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            let early = try await clinic.call(.post, "/api/users/login/", login)
            #expect(early.status == .forbidden && early["code"] == "approval_pending")
            let path = "/api/users/users/\(try #require(user["id"] as? String))/approve/"
            #expect(try await clinic.call(.post, path, "{}", as: admin).status == .badRequest)
            let approved = try await clinic.call(.post, path, "{\"role\": \"doctor\"}", as: admin)
            #expect(approved.status == .ok && approved["role"] == "doctor")
            #expect(try await clinic.call(.post, path, "{\"role\": \"admin\"}", as: admin).status == .conflict)
            #expect(try await clinic.call(.post, "/api/users/login/", login).status == .ok)
        }
    }

    @Test(arguments: TestDatabase.all) func anAdministratorApprovesOnThePage(_ kind: TestDatabase) async throws {
        try await Self.with(.approval, kind) { clinic, admin in
            let browser = Browser(clinic)
            #expect(try await browser.get("/register").text.contains("must approve your account"))
            let sent = try await browser.post("/register", Self.fields)
            #expect(sent.status == .created && sent.text.contains("Registration received") && !browser.isSignedIn)
            let early = try await browser.signIn("grace@clinic.org")
            #expect(early.status == .forbidden && early.text.contains("pending approval by an administrator"))
            #expect(early.text.contains("value=\"grace@clinic.org\""))
            #expect(try await clinic.page("/admin/", as: admin).contains("/admin/users?pending=1\">1</a>"))
            #expect(try await clinic.page("/admin/users?pending=1", as: admin).contains("grace@clinic.org"))
            let id = try #require(try await clinic.ids("users WHERE is_pending = 1").first)
            let page = try await clinic.page("/admin/users/\(id)", as: admin)
            #expect(page.contains("/admin/users/\(id)/approve\">Approve") && !page.contains("value=\"activate\""))
            let form = try await clinic.page("/admin/users/\(id)/approve", as: admin)
            #expect(form.contains("<option value=\"radiologist\" selected>"))
            let saved = try await clinic.post("/admin/users/\(id)/approve", [("role", "researcher")], as: admin)
            #expect(saved.status == .seeOther)
            #expect(try await !clinic.page("/admin/users/\(id)", as: admin).contains("/approve\">"))
            #expect(try await browser.signIn("grace@clinic.org").status == .seeOther)
            #expect(try await clinic.rows("users WHERE role = 'researcher' AND is_active = 1") == 1)
            #expect(try await clinic.entries("user.approve") == 1)
        }
    }

    @Test func nothingLeadsInWhereItIsClosed() async throws {
        try await Self.with(.closed) { clinic, admin in
            let browser = Browser(clinic)
            #expect(try await !browser.get("/login").text.contains("/register"))
            for answer in [try await browser.get("/register"), try await browser.post("/register", Self.fields)] {
                #expect(answer.status == .notFound && answer.text.contains("Page not found"))
            }
            let refused = try await clinic.call(
                .post, "/api/users/register/", WebFixture.registration("ada@clinic.org"))
            #expect(refused.status == .forbidden)
            let made = try await clinic.post(
                "/admin/invitations/add", [("role", "radiologist"), ("email", "")], as: admin)
            let link = String(try #require(made.text.firstMatch(of: /\/register\?invitation=[0-9a-f]{64}/)).0)
            #expect(try await browser.get(link).status == .ok)
            let token = String(try #require(link.split(separator: "=").last))
            let joined = try await browser.post("/register", Self.fields.merging(["invitation": token]) { $1 })
            #expect(joined.status == .seeOther && browser.isSignedIn)
            // Already used.
            #expect(try await browser.get(link).status == .notFound)
            #expect(try await clinic.rows("users") == 2)
        }
    }

    @Test func theFormKeepsWhatWasTyped() async throws {
        try await WebFixture.with(.sqlite, accounts: AccountSettings(passwords: PasswordRules(shortest: 12))) {
            clinic in
            let browser = Browser(clinic)
            let form = try await browser.get("/register").text
            #expect(form.components(separatedBy: "minlength=\"12\"").count == 3)
            let refused = try await browser.post("/register", Self.fields.merging(["password": "eleven char"]) { $1 })
            #expect(refused.status == .badRequest && refused.text.contains("12 to 128"))
            for part in [
                "value=\"Grace\"", "value=\"Hopper\"", "value=\"grace@clinic.org\"",
                "<option value=\"radiologist\" selected>",
            ] { #expect(refused.text.contains(part), "\(part)") }
            #expect(!refused.text.contains("eleven char") && !refused.text.contains(WebFixture.password))
        }
    }
}

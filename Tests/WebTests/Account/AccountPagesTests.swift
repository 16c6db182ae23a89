import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The account page in a browser without scripts.
struct AccountPagesTests {
    private static func code(_ page: String) throws -> String {
        let secret = page.matches(of: /<span>([A-Z2-7]{4})<\/span>/).map { String($0.1) }.joined()
        #expect(secret.count == 32)
        return OneTimeCodes(base32: secret).code(step: OneTimeCodes.step(at: .now))
    }

    @Test(arguments: TestDatabase.all) func aSecondFactorIsSetUpAndTurnedOff(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            _ = try await clinic.signUp()
            let browser = Browser(clinic)
            #expect(try await browser.get("/account").headers[.location] == "/login?next=%2Faccount")
            let worklist = try await browser.follow(try await browser.signIn("ada@clinic.org"))
            #expect(worklist.text.contains("<a href=\"/account\">Ada Lovelace</a>"))
            let off = try await browser.get("/account")
            #expect(off.status == .ok && off.text.contains("Set up two-factor authentication"))
            #expect(try await browser.get("/account/second-factor.svg").status == .notFound)

            let bare = try await browser.post("/account/second-factor")
            #expect(bare.status == .badRequest && bare.text.contains("Enter your current password."))
            let begun = try await browser.follow(
                try await browser.post("/account/second-factor", ["password": WebFixture.password]))
            #expect(begun.text.contains("href=\"otpauth://totp/NeuroAI:ada%40clinic%2Eorg?secret="))
            let picture = try await browser.get("/account/second-factor.svg")
            #expect(picture.headers[.contentType] == "image/svg+xml" && picture.text.hasPrefix("<svg "))
            #expect(picture.headers[.cacheControl] == "no-store")
            // A wrong code keeps the secret.
            let wrong = try await browser.post("/account/second-factor/confirm", ["code": "1"])
            #expect(wrong.status == .badRequest && wrong.text.contains("Incorrect code"))
            #expect(try Self.code(wrong.text) == Self.code(begun.text))
            let confirmed = try await browser.post(
                "/account/second-factor/confirm", ["code": try Self.code(begun.text)])
            let recovery = confirmed.text.matches(of: /<li>([a-z2-9]{5}-[a-z2-9]{5})<\/li>/).map { String($0.1) }
            #expect(confirmed.status == .ok && recovery.count == 10)
            let on = try await browser.get("/account")
            #expect(on.text.contains("Recovery codes left: 10") && !on.text.contains(recovery[0]))
            #expect(try await browser.get("/account/second-factor.svg").status == .notFound)

            let other = Browser(clinic)
            #expect(try await other.signIn("ada@clinic.org").status == .unauthorized)
            #expect(try await other.signIn("ada@clinic.org", code: recovery[0]).status == .seeOther)
            let refused = try await browser.post(
                "/account/second-factor/disable", ["password": WebFixture.password, "code": recovery[0]])
            #expect(refused.status == .badRequest && refused.text.contains("already used code"))
            let open = try await browser.post(
                "/account/second-factor/disable", ["password": "wrong", "code": recovery[1]])
            #expect(open.status == .badRequest && open.text.contains("Incorrect password."))
            let disabled = try await browser.follow(
                try await browser.post(
                    "/account/second-factor/disable", ["password": WebFixture.password, "code": recovery[1]]))
            #expect(disabled.text.contains("Two-factor authentication is off"))
            #expect(try await Browser(clinic).signIn("ada@clinic.org").status == .seeOther)
            #expect(try await clinic.entries("second_factor.remove") == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func theAddressChangesWithThePassword(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            _ = try await clinic.signUp()
            _ = try await clinic.signUp("eve@clinic.org")
            let browser = Browser(clinic)
            _ = try await browser.signIn("ada@clinic.org")
            func change(_ email: String, _ password: String) async throws -> Answer {
                try await browser.post("/account/email", ["email": email, "currentPassword": password])
            }
            for (email, password, sentence) in [
                ("new@clinic.org", "", "Enter your current password"), ("new@clinic.org", "x", "Incorrect"),
                ("nonsense", WebFixture.password, "valid email"),
                ("eve@clinic.org", WebFixture.password, "cannot be used"),
            ] {
                let refused = try await change(email, password)
                #expect(refused.status == .badRequest && refused.text.contains(sentence), "\(sentence)")
                // The input is kept, except for the password.
                #expect(refused.text.contains("value=\"\(email)\"") && !refused.text.contains(WebFixture.password))
            }
            let changed = try await browser.follow(try await change("new@clinic.org", WebFixture.password))
            #expect(changed.text.contains("Email address changed."))
            #expect(try await Browser(clinic).signIn("new@clinic.org").status == .seeOther)
        }
    }

    @Test func whoseRoleNeedsOneIsLedToIt() async throws {
        var settings = SessionSettings()
        settings.requiresAdminSecondFactor = true
        try await WebFixture.with(.sqlite, sessions: settings) { clinic in
            _ = try await clinic.signUp("root@clinic.org")
            try await clinic.database.write { try $0.execute("UPDATE users SET role = 'admin'") }
            let browser = Browser(clinic)
            let entered = try await browser.signIn("root@clinic.org")
            for path in [try #require(entered.headers[.location]), "/admin/", "/admin/users", "/cases/\(CaseID())"] {
                #expect(try await browser.get(path).headers[.location] == "/account", "\(path)")
            }
            let account = try await browser.get("/account")
            #expect(account.text.contains("Your role requires two-factor authentication"))
            #expect(!account.text.contains("Active sessions"))
            let begun = try await browser.follow(
                try await browser.post("/account/second-factor", ["password": WebFixture.password]))
            _ = try await browser.post("/account/second-factor/confirm", ["code": try Self.code(begun.text)])
            #expect(try await browser.get("/admin/").status == .ok)
        }
    }

    @Test(arguments: TestDatabase.all) func sessionsAreSeenAndEnded(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            _ = try await clinic.signUp("eve@clinic.org")
            let api = try await clinic.signUp()
            let browser = Browser(clinic)
            _ = try await browser.signIn("ada@clinic.org")
            let account = try await browser.get("/account")
            #expect(account.text.components(separatedBy: "this session").count == 2)
            let ends = account.text.matches(of: /action="(\/account\/sessions\/[0-9a-f-]{36}\/end)"/).map {
                String($0.1)
            }
            #expect(ends.count == 1)
            let foreign = try await clinic.ids(
                "sessions WHERE user_id IN (SELECT id FROM users WHERE email = 'eve@clinic.org')")
            let refused = try await browser.post("/account/sessions/\(try #require(foreign.first))/end")
            #expect(refused.status == .notFound)
            let ended = try await browser.follow(try await browser.post(ends[0]))
            #expect(ended.text.contains("Session ended."))
            #expect(try await clinic.call(.get, "/api/users/profile/", as: api).status == .unauthorized)
        }
    }

    @Test func anotherSitesFormDoesNothing() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            _ = try await clinic.signUp()
            let browser = Browser(clinic)
            _ = try await browser.signIn("ada@clinic.org")
            let answer = try await browser.post("/account/second-factor", from: "http://evil.example")
            #expect(answer.headers[.location] == "/login")
            #expect(try await clinic.rows("second_factors") == 0)
            let forged = try await browser.get("/account?done=%3Cscript%3E")
            #expect(!forged.text.contains("class=\"done\""))
        }
    }
}

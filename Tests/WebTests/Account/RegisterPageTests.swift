import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features

/// Joining through an invitation's link.
struct RegisterPageTests {
    private static let person = [
        "firstName": "Eve", "lastName": "Example", "email": "eve@clinic.org", "password": WebFixture.password,
        "confirmPassword": WebFixture.password,
    ]

    /// The link's path from the administrator's page.
    private static func invite(
        _ clinic: WebFixture, _ token: String, role: String = "radiologist", email: String = ""
    ) async throws -> String {
        let made = try await clinic.post("/admin/invitations/add", [("role", role), ("email", email)], as: token)
        return String(try #require(made.text.firstMatch(of: /\/register\?invitation=[0-9a-f]{64}/)).0)
    }

    /// Opens the link, and fills in and submits the form.
    private static func join(
        _ browser: Browser, _ link: String, _ change: [String: String] = [:]
    ) async throws -> Answer {
        let form = try await browser.get(link)
        #expect(form.status == .ok && form.text.contains("<h1>Register</h1>"))
        // The invitation determines the role.
        #expect(!form.text.contains("name=\"role\""))
        let hidden = try #require(form.text.firstMatch(of: /name="invitation" value="([0-9a-f]+)"/)).1
        var fields = person.merging(change) { $1 }
        fields["invitation"] = String(hidden)
        return try await browser.post("/register", fields)
    }

    private static func expectRefusal(_ answer: Answer, _ sentence: String) {
        #expect(answer.status == .badRequest && answer.text.contains(sentence))
        // It can be corrected without the link.
        #expect(answer.text.contains("name=\"invitation\" value="))
    }

    private static let spent = "This invitation is invalid, already used or expired."

    @Test(arguments: TestDatabase.all) func aLinkLetsOnePersonIn(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let link = try await Self.invite(clinic, clinic.signUpAdmin())
            let browser = Browser(clinic)
            let wrong = try await Self.join(browser, link, ["confirmPassword": "another one"])
            Self.expectRefusal(wrong, "The passwords do not match.")
            let joined = try await Self.join(browser, link)
            #expect(joined.headers[.location] == "/cases" && browser.isSignedIn)
            #expect(try await browser.get("/cases").text.contains("Eve Example"))
            #expect(try await clinic.rows("users WHERE email = 'eve@clinic.org' AND role = 'radiologist'") == 1)

            let late = Browser(clinic)
            let refused = try await Self.join(late, link, ["email": "mallory@clinic.org"])
            Self.expectRefusal(refused, Self.spent)
            #expect(!late.isSignedIn)
            #expect(try await clinic.rows("users WHERE email = 'mallory@clinic.org'") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func whatIsNoOpenInvitationLetsNobodyIn(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let admin = try await clinic.signUpAdmin()
            let expired = try await Self.invite(clinic, admin)
            try await clinic.database.write { try $0.execute("UPDATE invitations SET expires_at = 1") }
            let revoked = try await Self.invite(clinic, admin)
            let open = try await clinic.ids("invitations WHERE expires_at > 1")
            #expect(try await clinic.act("invitations", "revoke", on: open, as: admin).status == .seeOther)
            let unknown = "/register?invitation=" + String(repeating: "0", count: 64)
            for link in [expired, revoked, unknown] {
                let browser = Browser(clinic)
                Self.expectRefusal(try await Self.join(browser, link), Self.spent)
                #expect(!browser.isSignedIn)
            }
            let bound = try await Self.invite(clinic, admin, email: "ada@clinic.org")
            Self.expectRefusal(
                try await Self.join(Browser(clinic), bound), "The invitation is for a different email address.")
            #expect(try await clinic.rows("users") == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func theLinkLeadsIntoItsOwnInstitution(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let admin = try await clinic.signUpAdmin()
            let caseID = try await clinic.makeCase(admin, patient: "HOME-1")
            let link = try await Self.invite(clinic, clinic.signUpStranger(), role: "admin")
            let browser = Browser(clinic)
            #expect(try await Self.join(browser, link, ["institution": "Default institution"]).status == .seeOther)
            let row = try await clinic.database.read {
                try $0.queryOne(
                    """
                    SELECT i.name FROM users u JOIN institutions i ON i.id = u.institution_id
                    WHERE u.email = 'eve@clinic.org'
                    """)
            }
            #expect(try row?.get("name", as: String.self) == "Other")
            #expect(try await !browser.get("/cases").text.contains("HOME-1"))
            #expect(try await browser.get("/cases/\(caseID)").status == .notFound)
            #expect(try await browser.get("/admin/cases/\(caseID)").status == .notFound)
            // An administrator of another institution sees neither the user nor the invitation.
            #expect(try await !clinic.page("/admin/users", as: admin).contains("eve@clinic.org"))
            #expect(try await clinic.page("/admin/invitations", as: admin).contains("0 results"))
        }
    }

    @Test func withoutALinkTheRoleIsChosenAndIsNoAdministrators() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let browser = Browser(clinic)
            #expect(try await browser.get("/register").text.contains("name=\"role\""))
            let refused = try await browser.post("/register", Self.person.merging(["role": "admin"]) { $1 })
            #expect(refused.status == .badRequest && !browser.isSignedIn)
            #expect(
                try await browser.post("/register", Self.person.merging(["role": "doctor"]) { $1 }).status == .seeOther)
        }
    }
}

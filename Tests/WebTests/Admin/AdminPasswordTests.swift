import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features

/// The form by which an administrator sets a user's password, and the link to the audit trail's export.
struct AdminPasswordTests {
    private static func fields(_ password: String, _ again: String? = nil) -> [(String, String)] {
        [("newPassword", password), ("confirmPassword", again ?? password)]
    }

    @Test(arguments: TestDatabase.all) func aPasswordIsSet(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let ada = try await clinic.signUp()
            let id = try #require(try await clinic.ids("users WHERE email = 'ada@clinic.org'").first)
            let path = "/admin/users/\(id)/password"
            #expect(try await clinic.page("/admin/users/\(id)", as: token).contains("href=\"\(path)\">Set password"))
            let form = try await clinic.page(path, as: token)
            #expect(form.components(separatedBy: "type=\"password\"").count == 3)
            for (sent, sentence) in [
                (Self.fields("short"), "8 to 128 characters"), (Self.fields("battery staple", "other"), "do not match"),
                (Self.fields("ada@clinic.org"), "email address or name"),
            ] {
                let refused = try await clinic.post(path, sent, as: token)
                #expect(refused.status == .badRequest && refused.text.contains(sentence), "\(sentence)")
                #expect(!refused.text.contains("value=\"\(sent[0].1)\""))
            }
            #expect(try await clinic.call(.get, "/api/users/profile/", as: ada).status == .ok)
            let saved = try await clinic.post(path, Self.fields("battery staple"), as: token)
            #expect(saved.headers[.location] == "/admin/users/\(id)?done=saved")
            #expect(try await clinic.call(.get, "/api/users/profile/", as: ada).status == .unauthorized)
            let login = "{\"email\": \"ada@clinic.org\", \"password\": \"battery staple\"}"
            #expect(try await clinic.call(.post, "/api/users/login/", login).status == .ok)
            #expect(try await clinic.entries("user.set_password") == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func superusersAndOneselfAreRefused(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let root = try await clinic.signUpAdmin("super@clinic.org")
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_superuser = 1 WHERE email = 'super@clinic.org'")
            }
            let above = try #require(try await clinic.ids("users WHERE email = 'super@clinic.org'").first)
            let own = try #require(try await clinic.ids("users WHERE email = 'root@clinic.org'").first)
            let sent = Self.fields("battery staple")
            #expect(try await clinic.post("/admin/users/\(above)/password", sent, as: token).status == .forbidden)
            #expect(try await clinic.call(.get, "/api/users/profile/", as: root).status == .ok)
            #expect(try await clinic.post("/admin/users/\(own)/password", sent, as: token).status == .conflict)
            #expect(try await clinic.post("/admin/users/\(own)/password", sent, as: root).status == .seeOther)
            let stranger = try await clinic.signUpStranger()
            #expect(try await clinic.post("/admin/users/\(own)/password", sent, as: stranger).status == .notFound)
            #expect(try await clinic.call(.get, "/admin/users/\(own)/nothing", as: root).status == .notFound)
        }
    }

    @Test(arguments: TestDatabase.all) func theTrailIsDownloadedByTheCookie(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            _ = try await clinic.makeCase(token)
            let list = try await clinic.page("/admin/audit?type=case&outcome=done&to=2099-01-01&search=x", as: token)
            let link = try #require(list.firstMatch(of: /href="([^"]+)" download>/)?.1).replacing("&amp;", with: "&")
            for part in ["/api/audit/export/?", "objectType=case", "outcome=done", "to=2099-01-02T00"] {
                #expect(link.contains(part), "\(part)")
            }
            #expect(list.contains("ignores some filters"))
            let headers: HTTPFields = [.cookie: "neuroai_access=\(token)"]
            let file = try await clinic.call(.get, String(link), headers: headers)
            #expect(file.status == .ok && file.headers[.contentType] == "application/x-ndjson")
            let lines = file.text.split(separator: "\n")
            #expect(!lines.isEmpty && lines.allSatisfy { $0.contains("\"objectType\":\"case\"") })
            #expect(try await clinic.entries("audit.export") == 1)
            let plain = try await clinic.page("/admin/audit", as: token)
            #expect(plain.contains("href=\"/api/audit/export/\" download>") && !plain.contains("ignores some filters"))
            let recent = try await clinic.page("/admin/audit?period=7", as: token)
            #expect(recent.firstMatch(of: /href="\/api\/audit\/export\/\?from=[0-9TZ%A-]+/) != nil)
            #expect(try await !clinic.page("/admin/users", as: token).contains(" download>"))
        }
    }
}

import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The history on pages, and the entries that pages leave in the trail.
struct AdminHistoryTests {
    @Test(arguments: TestDatabase.all) func aHistorySaysWhatWasChanged(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            _ = try await clinic.signUp()
            let ada = try #require(try await clinic.ids("users WHERE email = 'ada@clinic.org'").first)
            let form = [
                ("email", "ada@clinic.org"), ("firstName", "Augusta"), ("lastName", "Lovelace"),
                ("role", "radiologist"), ("isEmailVerified", "1"),
            ]
            #expect(try await clinic.post("/admin/users/\(ada)/edit", form, as: token).status == .seeOther)
            let history = try await clinic.page("/admin/users/\(ada)/history", as: token)
            #expect(history.contains("Role: doctor → radiologist"))
            #expect(history.contains("First name; Email verified: no → yes"))
            #expect(!history.contains("Augusta"))
            let id = try await clinic.makeCase(token)
            let change = [
                ("patientId", "SECRET-9"), ("age", "62"), ("sex", "F"), ("status", "archived"), ("notes", "SECRET"),
            ]
            #expect(try await clinic.post("/admin/cases/\(id)/edit", change, as: token).status == .seeOther)
            let trail = try await clinic.page("/admin/cases/\(id)/history", as: token)
            #expect(trail.contains("Status: created → archived; Patient ID; Age; Notes") && !trail.contains("SECRET"))
            let other = try #require(WebFixture.models.find("other")?.id?.string)
            #expect(try await clinic.act("models", "activate", on: [other], as: token).status == .seeOther)
            #expect(
                try await clinic.page("/admin/audit?action=model.activate", as: token)
                    .contains("Model: stand-in 1.0 → other 2.0"))
            let entry = try #require(
                try await clinic.call(.get, "/api/audit/?action=user.change_role", as: token).list.first)
            let told = try #require(entry["changes"] as? [[String: Any]])
            #expect(
                told.count == 1 && told[0]["field"] as? String == "role" && told[0]["to"] as? String == "radiologist")

            let overview = try await clinic.page("/admin/", as: token)
            #expect(overview.contains("Your recent changes") && overview.contains("Role: doctor → radiologist"))
            #expect(overview.contains("model.activate") && overview.contains("case.create"))
            #expect(!overview.contains("case.list") && !overview.contains("session.start"))
            // Another administrator's changes are not one's own.
            let second = try await clinic.signUpAdmin("second@clinic.org")
            #expect(try await !clinic.page("/admin/", as: second).contains("Role: doctor → radiologist"))
        }
    }

    @Test(arguments: TestDatabase.all) func thePageThatAsksOnceMoreReads(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for number in 0..<27 { _ = try await clinic.makeCase(token, patient: "P\(number)") }
            let ids = try await clinic.ids("cases")
            func reads() async throws -> Int { try await clinic.entries("case.read") }
            let two = try await clinic.post(
                "/admin/cases", [("action", "delete"), ("id", ids[0]), ("id", ids[1])], as: token)
            #expect(two.status == .ok)
            #expect(try await reads() == 2)
            #expect(try await clinic.rows("audit_entries WHERE action = 'case.read' AND object_id = '\(ids[1])'") == 1)
            // Only the displayed ones.
            let all = try await clinic.post("/admin/cases", [("action", "delete"), ("all", "1")], as: token)
            #expect(all.text.contains("and 2 more"))
            #expect(try await reads() == 27)
            #expect(try await clinic.act("cases", "archive", on: [ids[0]], as: token).status == .seeOther)
            #expect(try await reads() == 27)
            // A rejection reveals the patient's id.
            let refused = try await clinic.act("cases", "archive", on: [ids[0]], as: token)
            #expect(refused.status == .conflict)
            #expect(try await reads() == 28)
        }
    }

    @Test(arguments: TestDatabase.all) func aSuperuserIsOutOfReach(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let root = try await clinic.signUp("super@clinic.org")
            try await clinic.database.write {
                try $0.execute("UPDATE users SET role = 'admin', is_superuser = 1")
            }
            let admin = try await clinic.signUpAdmin()
            let id = try #require(try await clinic.ids("users WHERE is_superuser = 1").first)
            let sessions = try await clinic.ids("sessions WHERE user_id = '\(id)'")
            let tokens = try await clinic.ids("refresh_tokens WHERE session_id = '\(sessions[0])'")
            for (table, action, ids) in [
                ("users", "end-sessions", [id]), ("users", "deactivate", [id]), ("users", "delete", [id]),
                ("sessions", "end", sessions), ("tokens", "revoke", tokens),
            ] {
                let refused = try await clinic.act(table, action, on: ids, as: admin)
                #expect(
                    refused.status == .conflict && refused.text.contains("Only superusers can"), "\(table) \(action)")
            }
            let edited = try await clinic.post("/admin/users/\(id)/edit", [("role", "doctor")], as: admin)
            #expect(edited.status == .forbidden && edited.text.contains("Only superusers can"))
            for (method, path) in [
                (HTTPRequest.Method.delete, ""), (.patch, ""), (.delete, "second-factor/"),
            ] {
                let body = method == .patch ? "{\"isActive\": false}" : nil
                let refused = try await clinic.call(method, "/api/users/users/\(id)/\(path)", body, as: admin)
                #expect(refused.status == .forbidden && refused.text.contains("superuser"), "\(method) \(path)")
            }
            #expect(try await clinic.call(.get, "/api/users/profile/", as: root).status == .ok)
        }
    }
}

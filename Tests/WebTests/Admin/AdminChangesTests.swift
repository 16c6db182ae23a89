import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Administrators' changes follow the features' own rules.
struct AdminChangesTests {
    private static let good = [
        ("email", "ada@clinic.org"), ("firstName", "Augusta"), ("lastName", "King"), ("role", "radiologist"),
        ("institution", ""), ("specialty", "Neuroradiology"), ("phoneNumber", ""), ("isEmailVerified", "1"),
    ]

    @Test(arguments: TestDatabase.all) func usersAreEdited(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            _ = try await clinic.signUp()
            let id = try #require(try await clinic.ids("users WHERE email = 'ada@clinic.org'").first)
            let path = "/admin/users/\(id)/edit"
            let form = try await clinic.page(path, as: token)
            #expect(form.contains("value=\"ada@clinic.org\"") && form.contains("<option value=\"doctor\" selected>"))
            var bad = Self.good
            bad[0] = ("email", "nonsense")
            bad[1] = ("firstName", "")
            let refused = try await clinic.post(path, bad, as: token)
            #expect(refused.status == .badRequest && refused.text.contains("value=\"nonsense\""))
            #expect(refused.text.contains("This field may not be blank."))
            #expect(refused.text.components(separatedBy: "aria-invalid").count == 3)
            #expect(try await clinic.entries("user.update") == 0)
            let saved = try await clinic.post(path, Self.good, as: token)
            #expect(saved.status == .seeOther)
            let after = try await clinic.page(try #require(saved.headers[.location]), as: token)
            #expect(after.contains("Saved user.") && after.contains("Neuroradiology"))
            #expect(try await clinic.rows("users WHERE role = 'radiologist' AND is_email_verified = 1") == 1)
            let history = try await clinic.page("/admin/users/\(id)/history", as: token)
            #expect(history.contains("user.update") && history.contains("root@clinic.org"))
        }
    }

    @Test(arguments: TestDatabase.all) func casesAreAddedEditedAndDeleted(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let refused = try await clinic.post("/admin/cases/add", [("patientId", ""), ("age", "x")], as: token)
            #expect(refused.status == .badRequest && refused.text.contains("in whole years"))
            let id = try await clinic.makeFinishedCase(token)
            let fields = [
                ("patientId", "PAT-9"), ("age", "70"), ("sex", "M"), ("status", "completed"), ("notes", "seen"),
            ]
            #expect(try await clinic.post("/admin/cases/\(id)/edit", fields, as: token).status == .seeOther)
            #expect(try await clinic.rows("cases WHERE patient_id = 'PAT-9' AND age = 70 AND notes = 'seen'") == 1)
            let asked = try await clinic.post("/admin/cases", [("action", "delete"), ("id", id)], as: token)
            for sentence in ["Images: 1", "Tasks: 1", "Results: 1", "Reports: 1", "Files: 4"] {
                #expect(asked.text.contains(sentence), "\(sentence)")
            }
            #expect(try await clinic.call(.get, "/api/cases/\(id)/", as: token).status == .ok)
            let done = try await clinic.act("cases", "delete", on: [id], as: token)
            #expect(done.headers[.location] == "/admin/cases?done=delete&count=1")
            #expect(try await clinic.call(.get, "/api/cases/\(id)/", as: token).status == .notFound)
            #expect(try await clinic.entries("case.delete") == 1)
            let list = try await clinic.page("/admin/cases?done=delete&count=1", as: token)
            #expect(list.contains("Delete: 1 case.") && !list.contains("PAT-9"))
            let deleted = try await clinic.page("/admin/deleted/\(id)", as: token)
            #expect(deleted.contains("PAT-9") && deleted.contains("Images: 1"))
            #expect(try await clinic.act("deleted", "restore", on: [id], as: token).status == .seeOther)
            #expect(try await clinic.page("/admin/cases", as: token).contains("PAT-9"))
            let late = fields + [("revision", "1")]
            let refusedLate = try await clinic.post("/admin/cases/\(id)/edit", late, as: token)
            #expect(
                refusedLate.status == .preconditionFailed && refusedLate.text.contains("Someone else has changed this"))
        }
    }

    @Test(arguments: TestDatabase.all) func oneActionChangesAllThatWasFound(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for patient in ["P1", "P2", "Q1"] { _ = try await clinic.makeCase(token, patient: patient) }
            let asked = try await clinic.post(
                "/admin/cases", [("action", "archive"), ("all", "1"), ("query", "search=p")], as: token)
            #expect(asked.text.contains("Archive 2 cases?"))
            let ids = asked.text.matches(of: /name="id" value="([^"]+)"/).map { String($0.1) }
            #expect(ids.count == 2)
            #expect(try await clinic.act("cases", "archive", on: ids, as: token).status == .seeOther)
            #expect(try await clinic.rows("cases WHERE status = 'archived'") == 2)
            // Archived once more, they refuse; the third does not care.
            let mixed = try await clinic.act("cases", "archive", on: try await clinic.ids("cases"), as: token)
            #expect(mixed.status == .conflict && mixed.text.contains("1 case changed."))
            #expect(mixed.text.components(separatedBy: "does not permit this action").count == 3)
            let nothing = try await clinic.post("/admin/cases", [("action", "archive")], as: token)
            #expect(nothing.status == .badRequest && nothing.text.contains("Select at least one case."))
            let aimless = try await clinic.post("/admin/cases", [("id", ids[0])], as: token)
            #expect(aimless.status == .badRequest && aimless.text.contains("Select an action."))
        }
    }

    @Test(arguments: TestDatabase.all) func sessionsEndAndUsersGo(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let ada = try await clinic.signUp()
            let eve = try await clinic.signUp("eve@clinic.org")
            let adaID = try #require(try await clinic.ids("users WHERE email = 'ada@clinic.org'").first)
            _ = try await clinic.act("users", "end-sessions", on: [adaID], as: token)
            #expect(try await clinic.call(.get, "/api/users/profile/", as: ada).status == .unauthorized)
            let tokens = try await clinic.ids(
                "refresh_tokens WHERE session_id IN (SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id "
                    + "WHERE u.email = 'eve@clinic.org')")
            #expect(try await clinic.act("tokens", "revoke", on: tokens, as: token).status == .seeOther)
            #expect(try await clinic.call(.get, "/api/users/profile/", as: eve).status == .unauthorized)
            let users = try await clinic.ids("users")
            // The administrator is the last one and stays.
            let outcome = try await clinic.act("users", "delete", on: users, as: token)
            #expect(outcome.status == .conflict && outcome.text.contains("last administrator"))
            #expect(try await clinic.rows("users WHERE deleted_at IS NULL") == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func imagesTasksReportsAndModelsChange(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let caseID = try await clinic.makeFinishedCase(token)
            let task = try #require(try await clinic.ids("inference_tasks").first)
            let late = try await clinic.act("tasks", "cancel", on: [task], as: token)
            #expect(late.status == .conflict)
            let reports = try await clinic.ids("reports")
            #expect(try await clinic.act("reports", "delete", on: reports, as: token).status == .seeOther)
            #expect(try await clinic.rows("reports") == 0)
            let image = try #require(try await clinic.ids("series").first)
            let moved = try await clinic.post(
                "/admin/images/\(image)/edit", [("modality", "t1"), ("originalFilename", "../x\u{1}.nii")], as: token)
            #expect(moved.status == .seeOther)
            #expect(try await clinic.rows("series WHERE role = 't1' AND original_filename = 'x.nii'") == 1)
            let wrong = try await clinic.post(
                "/admin/images/\(image)/edit", [("modality", "ct"), ("originalFilename", "x")], as: token)
            #expect(wrong.status == .badRequest)
            #expect(try await clinic.act("tasks", "delete", on: [task], as: token).status == .seeOther)
            #expect(try await clinic.rows("results") == 0)
            #expect(try await clinic.rows("result_files") == 0)
            #expect(try await clinic.rows("blobs") == 1)
            #expect(try await clinic.act("images", "delete", on: [image], as: token).status == .seeOther)
            #expect(try await clinic.rows("series") == 0)
            #expect(try await clinic.rows("blobs") == 0)
            #expect(try await clinic.call(.get, "/api/cases/\(caseID)/", as: token)["status"] == "created")
            let models = try await clinic.page("/admin/models", as: token)
            let other = try #require(models.firstMatch(of: /name="id" value="([^"]+)" aria-label="Select other"/)?.1)
            #expect(try await clinic.act("models", "activate", on: [String(other)], as: token).status == .seeOther)
            #expect(try await clinic.page("/admin/", as: token).contains("other 2.0"))
            #expect(try await clinic.act("models", "rollback", on: [String(other)], as: token).status == .seeOther)
            for action in ["report.delete", "image.update", "image.delete", "inference.delete", "model.activate"] {
                #expect(try await clinic.entries(action) == 1, "\(action)")
            }
        }
    }

    @Test func aTaskThatWaitsIsCancelledAndStartedAgain() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUpAdmin()
            let id = try await clinic.makeUploadedCase(token)
            _ = try await clinic.act("cases", "segment", on: [id], as: token)
            let task = try #require(try await clinic.ids("inference_tasks").first)
            #expect(try await clinic.act("tasks", "cancel", on: [task], as: token).status == .seeOther)
            #expect(try await clinic.rows("jobs WHERE status = 'cancelled'") == 1)
            #expect(try await clinic.act("tasks", "repeat", on: [task], as: token).status == .seeOther)
            #expect(try await clinic.rows("jobs WHERE status = 'pending'") == 1)
        }
    }

    @Test func readsAreRecordedAndAnotherSitesFormDoesNothing() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUpAdmin()
            let id = try await clinic.makeCase(token)
            let before = try await clinic.entries("case.list")
            _ = try await clinic.page("/admin/cases", as: token)
            #expect(try await clinic.entries("case.list") == before + 1)
            _ = try await clinic.page("/admin/cases/\(id)", as: token)
            #expect(try await clinic.entries("case.read") == 1)
            let foreign = try await clinic.call(
                .post, "/admin/cases", "action=delete&confirmed=1&id=\(id)",
                headers: [
                    .contentType: "application/x-www-form-urlencoded", .cookie: "neuroai_access=\(token)",
                    .origin: "http://evil.example",
                ])
            #expect(foreign.headers[.location] == "/login")
            #expect(try await clinic.rows("cases") == 1)
            let own = try await clinic.call(
                .post, "/admin/cases", "action=delete&confirmed=1&id=\(id)",
                headers: [
                    .contentType: "application/x-www-form-urlencoded", .cookie: "neuroai_access=\(token)",
                    .origin: "http://localhost",
                ])
            #expect(own.status == .seeOther)
        }
    }

    @Test(arguments: TestDatabase.all) func accountsAreClosedAndPeopleInvited(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let ada = try await clinic.signUp()
            let id = try #require(try await clinic.ids("users WHERE email = 'ada@clinic.org'").first)
            #expect(try await clinic.act("users", "deactivate", on: [id], as: token).status == .seeOther)
            #expect(try await clinic.call(.get, "/api/users/profile/", as: ada).status == .unauthorized)
            #expect(try await clinic.page("/admin/users?active=0", as: token).contains("ada@clinic.org"))
            #expect(try await clinic.act("users", "activate", on: [id], as: token).status == .seeOther)
            #expect(try await clinic.rows("users WHERE is_active = 0") == 0)

            try await clinic.database.write {
                try $0.execute(
                    """
                    INSERT INTO second_factors (user_id, institution_id, secret, created_at, confirmed_at)
                    VALUES (\(id), \(InstitutionID.default.string), 'x', 1, 1)
                    """)
            }
            #expect(try await clinic.page("/admin/users?factor=1", as: token).contains("ada@clinic.org"))
            #expect(try await clinic.act("users", "reset-factor", on: [id], as: token).status == .seeOther)
            #expect(try await clinic.rows("second_factors") == 0)
            let bad = try await clinic.post("/admin/invitations/add", [("role", ""), ("email", "x")], as: token)
            #expect(bad.status == .badRequest && bad.text.contains("aria-invalid"))
            let made = try await clinic.post("/admin/invitations/add", [("role", "admin"), ("email", "")], as: token)
            let link = try #require(made.text.firstMatch(of: /http:\/\/localhost\/register\?invitation=[0-9a-f]{64}/))
            #expect(made.status == .ok)
            let listed = try await clinic.page("/admin/invitations", as: token)
            #expect(!listed.contains(link.0))
            let open = try await clinic.ids("invitations")
            _ = try await clinic.page("/admin/invitations/\(open[0])", as: token)
            #expect(try await clinic.act("invitations", "revoke", on: open, as: token).status == .seeOther)
            #expect(try await clinic.act("invitations", "revoke", on: open, as: token).status == .conflict)
        }
    }

    @Test(arguments: TestDatabase.all) func superusersActInOtherInstitutions(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            try await clinic.database.write { try $0.execute("UPDATE users SET is_superuser = 1") }
            _ = try await clinic.signUpStranger()
            let list = try await clinic.page("/admin/institutions", as: token)
            #expect(list.contains("Other") && list.contains("Default institution"))
            let made = try await clinic.post("/admin/institutions/add", [("name", "Third")], as: token)
            #expect(made.status == .seeOther)
            let other = try #require(try await clinic.ids("institutions WHERE name = 'Other'").first)
            let path = "/admin/institutions/\(other)"
            #expect(try await clinic.post("\(path)/edit", [("name", "Renamed")], as: token).status == .seeOther)
            let object = try await clinic.page(path, as: token)
            #expect(object.contains("Renamed") && object.contains("Users: 1") && object.contains("\(path)/visit"))
            var headers: HTTPFields = [.cookie: "neuroai_access=\(token)", .origin: "http://localhost"]
            let visit = try await clinic.call(.post, "\(path)/visit", "", headers: headers)
            let cookie = try #require(visit.headers[values: .setCookie].first)
            #expect(cookie.hasPrefix("neuroai_institution=\(other)") && cookie.contains("HttpOnly"))
            headers[.cookie] = "neuroai_access=\(token); neuroai_institution=\(other)"
            let users = try await clinic.call(.get, "/admin/users", headers: headers).text
            #expect(users.contains("root@other.org") && !users.contains("root@clinic.org"))
            #expect(users.contains("Acting in Renamed"))
            let home = "/admin/institutions/\(InstitutionID.default.string)/visit"
            let back = try await clinic.call(.post, home, "", headers: headers)
            #expect(back.headers[values: .setCookie].first?.hasPrefix("neuroai_institution=;") == true)
        }
    }
}

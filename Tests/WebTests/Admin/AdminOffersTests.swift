import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The administration only offers what is allowed, and accepts typical input.
struct AdminOffersTests {
    @Test(arguments: TestDatabase.all) func aSignedReportIsRefusedBeforeItIsAnnounced(_ kind: TestDatabase) async throws
    {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for _ in 0..<2 { _ = try await clinic.makeFinishedCase(token) }
            let reports = try await clinic.ids("reports")
            #expect(reports.count == 2)
            try await clinic.database.write {
                try $0.execute("UPDATE reports SET status = 'finalized' WHERE id = \(reports[0])")
            }
            let alone = try await clinic.post("/admin/reports", [("action", "delete"), ("id", reports[0])], as: token)
            #expect(alone.status == .conflict && alone.text.contains("Signed reports cannot be deleted"))
            #expect(!alone.text.contains("name=\"confirmed\""))
            let both = try await clinic.post(
                "/admin/reports", [("action", "delete")] + reports.map { ("id", $0) }, as: token)
            #expect(both.status == .ok && both.text.contains("Delete 1 report?"))
            #expect(both.text.contains("Not included") && !both.text.contains("name=\"id\" value=\"\(reports[0])\""))
            #expect(try await !clinic.page("/admin/reports/\(reports[0])", as: token).contains("value=\"delete\""))
            let task = try #require(
                try await clinic.ids(
                    "inference_tasks WHERE id IN (SELECT task_id FROM results WHERE id IN "
                        + "(SELECT result_id FROM reports WHERE status = 'finalized'))"
                ).first)
            let page = try await clinic.page("/admin/tasks/\(task)", as: token)
            #expect(!page.contains("value=\"delete\"") && page.contains("value=\"repeat\""))
        }
    }

    @Test(arguments: TestDatabase.all) func theLastAdministratorIsNotOfferedToGo(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let root = try #require(try await clinic.ids("users").first)
            let page = try await clinic.page("/admin/users/\(root)", as: token)
            for offer in ["value=\"delete\"", "value=\"deactivate\"", "/password\">"] { #expect(!page.contains(offer)) }
            for action in ["delete", "deactivate"] {
                let asked = try await clinic.post("/admin/users", [("action", action), ("id", root)], as: token)
                #expect(asked.status == .conflict && asked.text.contains("last administrator"))
                let done = try await clinic.act("users", action, on: [root], as: token)
                #expect(done.status == .conflict && done.text.contains("last administrator"))
            }
            let change = [("row", root), ("role.\(root)", "doctor"), ("was.role.\(root)", "admin")]
            #expect(try await clinic.post("/admin/users/list", change, as: token).status == .conflict)
            for body in ["{\"isActive\": false}", "{\"role\": \"doctor\"}"] {
                let patch = try await clinic.call(.patch, "/api/users/users/\(root)/", body, as: token)
                #expect(patch.status == .conflict)
            }
            #expect(try await clinic.call(.delete, "/api/users/users/\(root)/", as: token).status == .conflict)
            #expect(
                try await clinic.call(.patch, "/api/users/profile/update/", "{\"role\": \"doctor\"}", as: token).status
                    == .conflict)
            _ = try await clinic.signUpAdmin("second@clinic.org")
            #expect(try await clinic.page("/admin/users/\(root)", as: token).contains("value=\"delete\""))
        }
    }

    @Test func aSuperuserIsOutOfReach() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUpAdmin()
            _ = try await clinic.signUpAdmin("super@clinic.org")
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_superuser = 1 WHERE email = 'super@clinic.org'")
            }
            let above = try #require(try await clinic.ids("users WHERE is_superuser = 1").first)
            let page = try await clinic.page("/admin/users/\(above)", as: token)
            for offer in ["name=\"action\"", "/edit\">", "/password\">"] { #expect(!page.contains(offer), "\(offer)") }
            let list = try await clinic.page("/admin/users", as: token)
            #expect(!list.contains("name=\"role.\(above)\"") && list.contains("name=\"role."))
            #expect(try await clinic.call(.get, "/admin/users/\(above)/edit", as: token).status == .conflict)
        }
    }

    @Test func nothingClinicalIsOfferedElsewhere() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let root = try await clinic.signUpAdmin()
            try await clinic.database.write { try $0.execute("UPDATE users SET is_superuser = 1") }
            let stranger = try await clinic.signUpStranger()
            let id = try await clinic.makeUploadedCase(stranger)
            let home = try #require(try await clinic.ids("institutions WHERE name = 'Other'").first)
            let there: HTTPFields = [.init("X-Institution")!: home]
            func page(_ path: String) async throws -> String {
                try await clinic.call(.get, path, as: root, headers: there).text
            }
            let list = try await page("/admin/cases")
            #expect(!list.contains("/admin/cases/add") && !list.contains("value=\"segment\""))
            #expect(list.contains("value=\"archive\""))
            #expect(try await !page("/admin/cases/\(id)").contains("value=\"segment\""))
            #expect(try await !page("/cases").contains("<h2>New case</h2>"))
            #expect(try await !page("/cases/\(id)").contains("class=\"upload\""))
            let own = try await clinic.page("/admin/cases", as: stranger)
            #expect(own.contains("/admin/cases/add") && own.contains("value=\"segment\""))
        }
    }

    @Test(arguments: TestDatabase.all) func prioritiesAreChosenAndQuotasHaveUnits(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let item = try await clinic.makeCase(token)
            for path in ["/admin/cases/add", "/admin/cases/\(item)/edit", "/admin/cases"] {
                let page = try await clinic.page(path, as: token)
                #expect(page.contains("<select id=\"f-priority"), "\(path)")
                #expect(page.contains("<option value=\"normal\" selected>"), "\(path)")
            }
            // A client's unknown value is kept until a known one is selected.
            _ = try await clinic.call(.patch, "/api/cases/\(item)/", "{\"priority\": \"stat\"}", as: token)
            let form = try await clinic.page("/admin/cases/\(item)/edit", as: token)
            #expect(form.contains("<option value=\"stat\" selected>"))

            try await clinic.database.write { try $0.execute("UPDATE users SET is_superuser = 1") }
            let path = "/admin/institutions/\(InstitutionID.default.string)/edit"
            let bare = try await clinic.post(path, [("name", "Home"), ("quotaBytes", "45")], as: token)
            #expect(bare.status == .badRequest && bare.text.contains("with its unit"))
            #expect(bare.text.contains("value=\"45\""))
            #expect(
                try await clinic.post(path, [("name", "Home"), ("quotaBytes", "45 MB")], as: token).status == .seeOther)
            #expect(try await clinic.rows("institutions WHERE quota_bytes = 45000000") == 1)
            #expect(try await clinic.page(path, as: token).contains("value=\"45 MB\""))
        }
    }

    @Test func auditTimesShowSeconds() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUpAdmin()
            let item = try await clinic.makeCase(token)
            for path in ["/admin/audit", "/admin/cases/\(item)/history", "/admin/"] {
                let page = try await clinic.page(path, as: token)
                #expect(page.firstMatch(of: /\d\d:\d\d:\d\d UTC/) != nil, "\(path)")
            }
            #expect(try await clinic.page("/admin/cases", as: token).firstMatch(of: /\d\d:\d\d:\d\d UTC/) == nil)
        }
    }
}

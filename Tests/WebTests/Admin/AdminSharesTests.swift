import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Shares of cases, related objects on object pages, and links after forms.
struct AdminSharesTests {
    @Test(arguments: TestDatabase.all) func sharesAreAddedFoundAndDeleted(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let ada = try await clinic.signUp()
            let caseID = try await clinic.makeCase(token)
            let page = try await clinic.page("/admin/cases/\(caseID)", as: token)
            #expect(page.contains("/admin/shares/add?case=\(caseID)") && page.contains("Shares</a>: 0"))
            let blank = try await clinic.page("/admin/shares/add?case=\(caseID)&email=x@y.org", as: token)
            #expect(blank.contains("value=\"\(caseID)\"") && !blank.contains("x@y.org"))
            for (fields, sentence) in [
                ([("case", "x"), ("email", "ada@clinic.org"), ("access", "read")], "Case not found."),
                ([("case", CaseID().string), ("email", "ada@clinic.org"), ("access", "read")], "Case not found."),
                (
                    [("case", caseID), ("email", "nobody@clinic.org"), ("access", "read")],
                    "No user of your institution"
                ),
                ([("case", caseID), ("email", "ada@clinic.org"), ("access", "")], "aria-invalid"),
            ] {
                let refused = try await clinic.post("/admin/shares/add", fields, as: token)
                #expect(refused.status == .badRequest && refused.text.contains(sentence), "\(sentence)")
            }
            let good = [("case", caseID), ("email", "ada@clinic.org"), ("access", "read")]
            let made = try await clinic.post("/admin/shares/add", good, as: token)
            let path = try #require(made.headers[.location]?.split(separator: "?").first.map(String.init))
            #expect(try await clinic.page(path, as: token).contains("ada@clinic.org"))
            #expect(try await clinic.call(.get, "/api/cases/\(caseID)/", as: ada).status == .ok)
            for query in ["search=ada", "access=read", "case=\(caseID)", "shared=1"] {
                #expect(try await clinic.page("/admin/shares?\(query)", as: token).contains("1 result"), "\(query)")
            }
            #expect(try await clinic.page("/admin/shares?access=write", as: token).contains("0 results"))
            #expect(try await clinic.page("/admin/cases/\(caseID)", as: token).contains("Delete ada@clinic.org"))
            let stranger = try await clinic.signUpStranger()
            #expect(try await clinic.call(.get, path, as: stranger).status == .notFound)
            let id = try #require(path.split(separator: "/").last.map(String.init))
            #expect(try await clinic.act("shares", "delete", on: [id], as: stranger).status == .badRequest)
            #expect(try await clinic.act("shares", "delete", on: [id], as: token).status == .seeOther)
            #expect(try await clinic.call(.get, "/api/cases/\(caseID)/", as: ada).status == .notFound)
            // One entry on the case, one on the colleague.
            #expect(try await clinic.entries("case.share") == 2)
            #expect(try await clinic.entries("case.unshare") == 2)
        }
    }

    @Test(arguments: TestDatabase.all) func aCasesPageShowsWhatHangsOnIt(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let caseID = try await clinic.makeFinishedCase(token)
            let before = try await clinic.entries("image.list")
            let page = try await clinic.page("/admin/cases/\(caseID)", as: token)
            for (table, rows) in [
                ("images", "series"), ("tasks", "inference_tasks"), ("results", "results"), ("reports", "reports"),
            ] {
                let id = try #require(try await clinic.ids(rows).first)
                #expect(page.contains("<a href=\"/admin/\(table)/\(id)\">"), "\(table)")
                #expect(page.contains("<a href=\"/admin/\(table)?case=\(caseID)\">"), "\(table)")
            }
            // Offers exactly the actions of the objects' own pages.
            #expect(page.contains("aria-label=\"Delete scan.nii\"") && page.contains("aria-label=\"Run again "))
            #expect(!page.contains("aria-label=\"Cancel "))
            // The column that links back is omitted.
            #expect(page.components(separatedBy: "<a href=\"/admin/cases/\(caseID)\">").count == 1)
            #expect(try await clinic.entries("image.list") == before + 1)
        }
    }

    @Test(arguments: TestDatabase.all) func longTablesAreCutAndLeadToTheirList(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let login = "{\"email\": \"ada@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            _ = try await clinic.signUp()
            for _ in 0..<11 { _ = try await clinic.call(.post, "/api/users/login/", login) }
            let ada = try #require(try await clinic.ids("users WHERE email = 'ada@clinic.org'").first)
            let ended = try #require(try await clinic.ids("sessions WHERE user_id = '\(ada)'").first)
            _ = try await clinic.act("sessions", "end", on: [ended], as: token)
            let page = try await clinic.page("/admin/users/\(ada)", as: token)
            #expect(page.contains("Sessions</a>: 11"))
            #expect(page.matches(of: /<tr><td data-label="[^"]*"><a href="\/admin\/sessions\//).count == 10)
            #expect(page.contains("<a href=\"/admin/sessions?user=\(ada)&amp;ended=0\">Show all</a>"))
            #expect(try await clinic.page("/admin/sessions?user=\(ada)&ended=0", as: token).contains("11 results"))
            let home = try await clinic.page("/admin/institutions/\(InstitutionID.default.string)", as: token)
            #expect(home.contains("Users</a>: 2") && home.contains("/admin/users/\(ada)"))
        }
    }

    @Test func peopleOfAnotherInstitutionAreCountedOnly() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUpAdmin()
            try await clinic.database.write { try $0.execute("UPDATE users SET is_superuser = 1") }
            _ = try await clinic.signUpStranger()
            let other = try #require(try await clinic.ids("institutions WHERE name = 'Other'").first)
            let page = try await clinic.page("/admin/institutions/\(other)", as: token)
            #expect(page.contains("Users: 1") && !page.contains("root@other.org"))
        }
    }

    @Test(arguments: TestDatabase.all) func formsGoOn(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let fields = [("patientId", "P1"), ("age", "61"), ("sex", "F")]
            #expect(try await clinic.page("/admin/cases/add", as: token).contains("Add and add another"))
            let another = try await clinic.post("/admin/cases/add", fields + [("next", "another")], as: token)
            #expect(another.headers[.location] == "/admin/cases/add?done=saved")
            #expect(try await clinic.page("/admin/cases/add?done=saved", as: token).contains("Saved case."))
            let going = try await clinic.post("/admin/cases/add", fields + [("next", "continue")], as: token)
            let path = try #require(going.headers[.location])
            #expect(path.hasSuffix("/edit?done=saved"))
            let form = try await clinic.page(path, as: token)
            #expect(form.contains("Saved case.") && form.contains("Save and continue editing"))
            let edit = String(path.prefix { $0 != "?" })
            let again = try await clinic.post(
                edit, fields + [("status", "created"), ("next", "continue")], as: token)
            #expect(again.headers[.location] == path)
            // Tables without a form for adding do not offer another one, and a link that is shown once is not skipped.
            let user = try #require(try await clinic.ids("users").first)
            let users = try await clinic.page("/admin/users/\(user)/edit", as: token)
            #expect(users.contains("Save and continue editing") && !users.contains("add another"))
            #expect(try await !clinic.page("/admin/invitations/add", as: token).contains("add another"))
        }
    }
}

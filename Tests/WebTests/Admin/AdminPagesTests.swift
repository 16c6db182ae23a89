import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Administration
@testable import Features
@testable import Kernel
@testable import Web

/// Every page of every table, on both databases.
struct AdminPagesTests {
    @Test(arguments: TestDatabase.all) func everyTableListsFiltersAndSorts(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            _ = try await clinic.makeFinishedCase(token)
            for table in AdminTable.all {
                let path = "/admin/\(table.name)"
                let list = try await clinic.page(path, as: token)
                #expect(list.contains("<h1>\(table.title)</h1>"))
                _ = try await clinic.page("\(path)?search=Ada%20x_%25!", as: token)
                for column in table.listed where column.isSortable {
                    let up = try await clinic.page("\(path)?sort=\(column.key)", as: token)
                    #expect(up.contains("aria-sort=\"ascending\""))
                    let down = try await clinic.page("\(path)?sort=-\(column.key)", as: token)
                    #expect(down.contains("aria-sort=\"descending\""))
                }
                for filter in table.filters {
                    var values = filter.choices.map(\.value)
                    if values.isEmpty { values = ["2026-01-31"] }
                    for value in values { _ = try await clinic.page("\(path)?\(filter.key)=\(value)", as: token) }
                    guard !filter.choices.isEmpty else { continue }
                    let bad = try await clinic.call(.get, "\(path)?\(filter.key)=nonsense", as: token)
                    #expect(bad.status == (table.name == "models" ? .ok : .badRequest))
                }
            }
        }
    }

    @Test(arguments: TestDatabase.all) func everyObjectHasItsPages(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            _ = try await clinic.makeFinishedCase(token)
            try await Self.giveFeedback(clinic, token)
            try await Self.addTheRest(clinic, token)
            let other = try #require(WebFixture.models.find("other")?.id?.string)
            #expect(try await clinic.act("models", "activate", on: [other], as: token).status == .seeOther)
            for table in AdminTable.all where !["masks", "invitations", "deleted"].contains(table.name) {
                let list = try await clinic.page("/admin/\(table.name)", as: token)
                let start = try #require(
                    list.range(of: "\"><a href=\"/admin/\(table.name)/")?.upperBound, "\(table.name)")
                let id = String(list[start...].prefix { $0 != "\"" })
                let object = try await clinic.page("/admin/\(table.name)/\(id)", as: token)
                for column in table.columns { #expect(object.contains("<dt>\(column.title)</dt>")) }
                _ = try await clinic.page("/admin/\(table.name)/\(id)/history", as: token)
                let isOurs = !table.isChangedBySuperusersAlone
                // No account is pending approval here.
                for form in table.objectForms where isOurs && form.key != "approve" {
                    let page = try await clinic.page("/admin/\(table.name)/\(id)/\(form.key)", as: token)
                    #expect(page.contains("<label for=\"f-"))
                }
                #expect(
                    (table.listEdit?.fields ?? []).allSatisfy { field in table.listed.contains { $0.key == field.key } }
                )
                if table.add != nil && isOurs { _ = try await clinic.page("/admin/\(table.name)/add", as: token) }
                for action in table.actions {
                    let asked = try await clinic.post(
                        "/admin/\(table.name)", [("action", action.key), ("id", id)], as: token)
                    // Actions that the object would refuse are neither confirmed nor offered on its page.
                    let isOffered = object.contains("type=\"hidden\" name=\"action\" value=\"\(action.key)\"")
                    #expect(asked.status == (isOffered ? .ok : .conflict), "\(table.name) \(action.key)")
                    #expect(asked.text.contains(isOffered ? ">Cancel</a>" : "No changes."))
                }
            }
            let overview = try await clinic.page("/admin/", as: token)
            #expect(overview.contains("other 2.0") && overview.contains("Storage used"))
        }
    }

    /// An edit of the first report and feedback on its result.
    private static func giveFeedback(_ clinic: WebFixture, _ token: String) async throws {
        let report = try #require(try await clinic.ids("reports").first)
        let edited = try await clinic.post(
            "/admin/reports/\(report)/edit",
            [("finalizedText", "A text of ours."), ("status", "draft"), ("editReason", "A test"), ("revision", "0")],
            as: token)
        #expect(edited.status == .seeOther)
        let late = try await clinic.post(
            "/admin/reports/\(report)/edit", [("finalizedText", "Late."), ("status", "draft"), ("revision", "0")],
            as: token)
        #expect(late.status == .preconditionFailed && late.text.contains("Late."))
        let caseID = try #require(try await clinic.ids("cases").first)
        let given = try await clinic.call(.post, "/api/cases/\(caseID)/feedback/", "{\"rating\": 4}", as: token)
        #expect(given.status == .created)
    }

    /// A share, an upload in progress, a printed report and a second factor.
    private static func addTheRest(_ clinic: WebFixture, _ token: String) async throws {
        _ = try await clinic.signUp()
        let caseID = try #require(try await clinic.ids("cases").first)
        let shared = try await clinic.call(
            .post, "/api/cases/\(caseID)/shares/", "{\"email\": \"ada@clinic.org\"}", as: token)
        #expect(shared.status == .created)
        let report = try #require(try await clinic.ids("reports").first)
        #expect(try await clinic.call(.get, "/api/reports/\(report)/export/", as: token).status == .ok)
        let admin = try await clinic.services.sessions.authenticate(token, origin: RequestOrigin()).scope
        let item = try #require(CaseID(caseID))
        _ = try await clinic.services.uploads.create(admin, case: item, modality: .t2, filename: "t2.nii", size: 10)
        try await clinic.database.write {
            try $0.execute(
                """
                INSERT INTO second_factors (user_id, institution_id, secret, created_at)
                VALUES (\(admin.user), \(admin.institution), 'a secret of the table', 1)
                """)
            let identity = Identity(
                id: ID(), institution: admin.institution, user: admin.user, issuer: "https://sso.example.org",
                subject: "s-1")
            try IdentityStore($0).insert(identity, at: .now)
        }
        #expect(try await !clinic.page("/admin/factors", as: token).contains("a secret of the table"))
        try await addAddendum(clinic, to: report)
    }

    private static func addAddendum(_ clinic: WebFixture, to report: String) async throws {
        let radiologist = try await clinic.signUp("rad@clinic.org", role: "radiologist")
        let path = "/api/reports/\(report)/"
        #expect(try await clinic.call(.get, path, as: radiologist).status == .ok)
        let signed = try await clinic.call(.patch, path + "update/", #"{"status": "finalized"}"#, as: radiologist)
        #expect(signed.status == .ok)
        let form = #"{"text": "Compared with the study of May.", "reason": "Prior study found"}"#
        #expect(try await clinic.call(.post, path + "addenda/", form, as: radiologist).status == .created)
    }

    @Test func onlyAdministratorsGetIn() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let paths = ["/admin/"] + AdminTable.all.map { "/admin/\($0.name)" } + ["/admin/cases/add"]
            for path in paths {
                let place = try #require(try await clinic.call(.get, path).headers[.location])
                #expect(place.hasPrefix("/login?next=%2Fadmin%2F"))
            }
            for role in ["doctor", "radiologist", "researcher"] {
                let token = try await clinic.signUp("\(role)@clinic.org", role: role)
                for path in paths { #expect(try await clinic.call(.get, path, as: token).status == .forbidden) }
                let id = try #require(try await clinic.ids("users").first)
                let refused = try await clinic.act("users", "delete", on: [id], as: token)
                #expect(refused.status == .forbidden)
                #expect(
                    try await clinic.post("/admin/users/\(id)/edit", [("role", "admin")], as: token).status
                        == .forbidden)
            }
            #expect(try await clinic.rows("users WHERE deleted_at IS NOT NULL OR role = 'admin'") == 0)
            let admin = try await clinic.signUpAdmin()
            #expect(try await clinic.call(.get, "/admin/nothing", as: admin).status == .notFound)
            #expect(try await clinic.call(.get, "/cases", as: admin).text.contains("href=\"/admin/\""))
        }
    }

    @Test(arguments: TestDatabase.all) func anotherInstitutionsObjectsAreUnknown(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let caseID = try await clinic.makeFinishedCase(token)
            let stranger = try await clinic.signUpStranger()
            let mine = [
                "users": "users", "cases": "cases", "images": "series", "tasks": "inference_tasks",
                "results": "results", "reports": "reports", "jobs": "jobs", "audit": "audit_entries",
                "files": "blobs", "result-files": "result_files",
            ]
            for (table, rows) in mine {
                let institution = "institution_id = '\(InstitutionID.default.string)'"
                for id in try await clinic.ids("\(rows) WHERE \(institution)").prefix(3) {
                    // First the list: the audit trail then contains the stranger's requests.
                    let seen = try await clinic.page("/admin/\(table)", as: stranger)
                    #expect(!seen.contains(id), "\(table)")
                    #expect(try await clinic.call(.get, "/admin/\(table)/\(id)", as: stranger).status == .notFound)
                }
            }
            let refused = try await clinic.act("cases", "delete", on: [caseID], as: stranger)
            #expect(refused.status == .badRequest)
            let edited = try await clinic.post(
                "/admin/cases/\(caseID)/edit", [("patientId", "X"), ("age", "1"), ("sex", "M")], as: stranger)
            #expect(edited.status == .notFound)
            let institutions = try await clinic.page("/admin/institutions", as: stranger)
            #expect(institutions.contains("Other") && !institutions.contains("Default institution"))
            #expect(try await clinic.call(.get, "/admin/institutions/add", as: stranger).status == .notFound)
            let home = try await clinic.post(
                "/admin/institutions/\(InstitutionID.default.string)/visit", [], as: stranger)
            #expect(home.status == .forbidden)
            #expect(try await clinic.rows("cases WHERE patient_id = 'PAT-1'") == 1)
        }
    }

    @Test func hostileTextsStayTexts() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUpAdmin()
            let hostile = "\"><script>alert('1')</script>&{{id}}"
            let made = try await clinic.post(
                "/admin/cases/add", [("patientId", hostile), ("age", "61"), ("sex", "F"), ("notes", hostile)], as: token
            )
            let path = try #require(made.headers[.location]?.split(separator: "?").first.map(String.init))
            let shown = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;{{id}}"
            for page in ["/admin/cases", path, "\(path)/edit"] {
                let text = try await clinic.call(.get, page, as: token).text
                #expect(text.contains(shown) && !text.contains("<script"), "\(page)")
            }
            let id = try #require(path.split(separator: "/").last.map(String.init))
            let asked = try await clinic.call(
                .post, "/admin/cases", "action=delete&id=\(id)", as: token,
                headers: [.contentType: "application/x-www-form-urlencoded"])
            #expect(asked.text.contains(shown))
            let search = try await clinic.call(.get, "/admin/cases?search=%22%3E%3Cscript%3E&sort=%22%3E", as: token)
            #expect(search.text.contains("value=\"&quot;&gt;&lt;script&gt;\"") && !search.text.contains("<script"))
            // Text in a URL must not appear on the page.
            let forged = try await clinic.call(.get, "/admin/cases?done=%3Cscript%3E&count=3", as: token)
            #expect(!forged.text.contains("<script") && !forged.text.contains("done for"))
        }
    }
}

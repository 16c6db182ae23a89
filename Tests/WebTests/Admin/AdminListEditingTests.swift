import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// Editing rows in a list.
struct AdminListEditingTests {
    private func id(_ clinic: WebFixture, _ email: String) async throws -> String {
        try #require(try await clinic.ids("users WHERE email = '\(email)'").first)
    }

    @Test(arguments: TestDatabase.all) func onlyChangedRowsAreSaved(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for email in ["ada@clinic.org", "eve@clinic.org"] { _ = try await clinic.signUp(email) }
            let ada = try await id(clinic, "ada@clinic.org")
            let page = try await clinic.page("/admin/users?sort=email", as: token)
            #expect(page.contains("aria-label=\"Role of ada@clinic.org\" form=\"edits\""))
            var sent = EditedList(page)
            #expect(sent["role.\(ada)"] == "doctor" && sent["isEmailVerified.\(ada)"] == nil)
            #expect(
                try await clinic.post("/admin/users/list", sent.fields, as: token).headers[.location]
                    == "/admin/users?sort=email&done=saved&count=0")
            sent["role.\(ada)"] = "radiologist"
            sent["isEmailVerified.\(ada)"] = "1"
            let saved = try await clinic.post("/admin/users/list", sent.fields, as: token)
            #expect(saved.headers[.location] == "/admin/users?sort=email&done=saved&count=1")
            let after = try await clinic.page(try #require(saved.headers[.location]), as: token)
            #expect(after.contains("Saved 1 user."))
            #expect(EditedList(after)["role.\(ada)"] == "radiologist")
            #expect(EditedList(after)["isEmailVerified.\(ada)"] == "1")
            #expect(try await clinic.entries("user.change_role") == 1)
            #expect(try await clinic.entries("user.update") == 1)
            #expect(try await clinic.rows("users WHERE is_email_verified = 1") == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func noUpdateIsLost(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for email in ["ada@clinic.org", "eve@clinic.org"] { _ = try await clinic.signUp(email) }
            let (ada, eve) = (try await id(clinic, "ada@clinic.org"), try await id(clinic, "eve@clinic.org"))
            var sent = EditedList(try await clinic.page("/admin/users", as: token))
            // A concurrent change by another user.
            let other = try await clinic.call(
                .patch, "/api/users/users/\(ada)/", "{\"role\": \"radiologist\"}", as: token)
            #expect(other.status == .ok)
            // An unchanged row is not saved, whatever it contains now.
            sent["role.\(eve)"] = "researcher"
            #expect(try await clinic.post("/admin/users/list", sent.fields, as: token).status == .seeOther)
            #expect(try await clinic.rows("users WHERE role = 'radiologist'") == 1)
            sent["isEmailVerified.\(ada)"] = "1"
            sent["role.\(eve)"] = "doctor"
            let refused = try await clinic.post("/admin/users/list", sent.fields, as: token)
            #expect(refused.status == .conflict && refused.text.contains("Someone else has changed this"))
            #expect(try await clinic.rows("users WHERE is_email_verified = 1") == 0)
            // The page shows the current values to start again from.
            #expect(EditedList(refused.text)["role.\(ada)"] == "radiologist")
            #expect(EditedList(refused.text)["isEmailVerified.\(ada)"] == nil)
            sent = EditedList(refused.text)
            sent["isEmailVerified.\(ada)"] = "1"
            #expect(try await clinic.post("/admin/users/list", sent.fields, as: token).status == .seeOther)
            #expect(try await clinic.rows("users WHERE is_email_verified = 1 AND role = 'radiologist'") == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func eachRowIsRefusedOnItsOwn(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for email in ["ada@clinic.org", "eve@clinic.org"] { _ = try await clinic.signUp(email) }
            let (ada, eve) = (try await id(clinic, "ada@clinic.org"), try await id(clinic, "eve@clinic.org"))
            let root = try await id(clinic, "root@clinic.org")
            var sent = EditedList(try await clinic.page("/admin/users", as: token))
            sent["role.\(ada)"] = "radiologist"
            sent["role.\(eve)"] = "emperor"
            sent["role.\(root)"] = "doctor"
            let refused = try await clinic.post("/admin/users/list", sent.fields, as: token)
            #expect(refused.status == .conflict && refused.text.contains("Saved 1 user."))
            #expect(refused.text.contains("eve@clinic.org: Must be one of"))
            #expect(refused.text.contains("root@clinic.org: This is the last administrator of the institution"))
            #expect(refused.text.contains("aria-describedby=\"h-\(eve)\""))
            #expect(refused.text.components(separatedBy: "aria-invalid").count == 2)
            #expect(try await clinic.rows("users WHERE role = 'radiologist'") == 1)
            #expect(try await clinic.rows("users WHERE role = 'admin'") == 1)
            // Errors of a row that the list no longer shows appear above it.
            sent = EditedList(try await clinic.page("/admin/users?role=doctor", as: token))
            sent["role.\(eve)"] = "radiologist"
            _ = try await clinic.call(.patch, "/api/users/users/\(eve)/", "{\"role\": \"researcher\"}", as: token)
            let unseen = try await clinic.post("/admin/users/list", sent.fields, as: token)
            #expect(unseen.status == .conflict && unseen.text.contains("eve@clinic.org: Someone else has changed"))
        }
    }

    @Test(arguments: TestDatabase.all) func casesAndQuotasAreChangedInTheirLists(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let item = try await clinic.makeCase(token)
            var sent = EditedList(try await clinic.page("/admin/cases", as: token))
            sent["priority.\(item)"] = "urgent"
            #expect(try await clinic.post("/admin/cases/list", sent.fields, as: token).status == .seeOther)
            #expect(try await clinic.rows("cases WHERE priority = 'urgent'") == 1)
            #expect(try await clinic.post("/admin/cases/list", sent.fields, as: token).status == .conflict)

            let home = InstitutionID.default.string
            #expect(try await !clinic.page("/admin/institutions", as: token).contains("id=\"edits\""))
            let foreign = [("row", home), ("quotaBytes.\(home)", "1 TiB"), ("was.quotaBytes.\(home)", "")]
            #expect(try await clinic.post("/admin/institutions/list", foreign, as: token).status == .notFound)
            #expect(try await clinic.post("/admin/images/list", [("row", home)], as: token).status == .notFound)
            try await clinic.database.write { try $0.execute("UPDATE users SET is_superuser = 1") }
            sent = EditedList(try await clinic.page("/admin/institutions", as: token))
            sent["quotaBytes.\(home)"] = "plenty"
            let wrong = try await clinic.post("/admin/institutions/list", sent.fields, as: token)
            #expect(wrong.status == .conflict && wrong.text.contains("value=\"plenty\""))
            sent["quotaBytes.\(home)"] = "20 GiB"
            #expect(try await clinic.post("/admin/institutions/list", sent.fields, as: token).status == .seeOther)
            #expect(try await clinic.rows("institutions WHERE quota_bytes = 21474836480") == 1)
            let page = try await clinic.page("/admin/institutions?quota=1&full=0&sort=used", as: token)
            #expect(EditedList(page)["quotaBytes.\(home)"] == "20 GiB")
            #expect(try await clinic.entries("institution.set_quota") == 1)
        }
    }

    @Test func whatIsNoListIsRefused() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUpAdmin()
            let doctor = try await clinic.signUp()
            let ada = try await id(clinic, "ada@clinic.org")
            let change = [("row", ada), ("role.\(ada)", "admin"), ("was.role.\(ada)", "doctor")]
            #expect(try await clinic.post("/admin/users/list", change, as: doctor).status == .forbidden)
            let twice = try await clinic.post("/admin/users/list", change + [("row", ada)], as: token)
            #expect(twice.status == .badRequest)
            let many = (0..<51).map { ("row", "\($0)") }
            #expect(try await clinic.post("/admin/users/list", many, as: token).status == .badRequest)
            let unknown = [("row", "nobody"), ("role.nobody", "admin"), ("was.role.nobody", "doctor")]
            #expect(try await clinic.post("/admin/users/list", unknown, as: token).status == .notFound)
            let stranger = try await clinic.signUpStranger()
            #expect(try await clinic.post("/admin/users/list", change, as: stranger).status == .notFound)
            #expect(try await clinic.rows("users WHERE role = 'admin' AND email = 'ada@clinic.org'") == 0)
        }
    }
}

/// The form data that a browser would submit for a list.
struct EditedList {
    private(set) var fields: [(String, String)] = []

    init(_ html: String) {
        if let form = html.firstMatch(of: /id="edits"[\s\S]*?<\/form>/) {
            for match in form.0.matches(of: /name="([^"]+)" value="([^"]*)"/) {
                fields.append((String(match.1), String(match.2).replacing("&amp;", with: "&")))
            }
        }
        for match in html.matches(of: /<input id="f-[^"]+" name="([^"]+)" type="([a-z]+)" value="([^"]*)"([^>]*)>/)
        where match.4.contains("form=\"edits\"") && (match.2 != "checkbox" || match.4.contains(" checked")) {
            fields.append((String(match.1), String(match.3)))
        }
        for match in html.matches(of: /<select id="f-[^"]+" name="([^"]+)"[^>]*form="edits"[^>]*>(.*?)<\/select>/) {
            let chosen = match.2.firstMatch(of: /value="([^"]*)" selected/)?.1
            fields.append((String(match.1), chosen.map(String.init) ?? ""))
        }
    }

    subscript(name: String) -> String? {
        get { fields.first { $0.0 == name }?.1 }
        set {
            fields.removeAll { $0.0 == name }
            if let newValue { fields.append((name, newValue)) }
        }
    }
}

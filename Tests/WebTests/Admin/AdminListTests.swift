import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Administration
@testable import Features

/// Search, filters, order and paging, by the rows of a list.
struct AdminListTests {
    /// The texts of the rows' first cells.
    private func names(_ html: String) -> [String] {
        html.matches(of: /<tr><td[^>]*>(?:<input[^>]*><\/td><td[^>]*>)?<a href="[^"]*">([^<]*)</).map { String($0.1) }
    }

    @Test(arguments: TestDatabase.all) func rowsAreFoundAndOrdered(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for patient in ["B-1", "A-2", "C_3"] { _ = try await clinic.makeCase(token, patient: patient) }
            let archived = try #require(try await clinic.ids("cases WHERE patient_id = 'C_3'").first)
            #expect(try await clinic.act("cases", "archive", on: [archived], as: token).status == .seeOther)
            func found(_ query: String) async throws -> [String] {
                names(try await clinic.page("/admin/cases?\(query)", as: token))
            }
            #expect(try await found("") == ["C_3", "A-2", "B-1"])
            #expect(try await found("sort=patientId") == ["A-2", "B-1", "C_3"])
            #expect(try await found("sort=-patientId") == ["C_3", "B-1", "A-2"])
            #expect(try await found("search=b-") == ["B-1"])
            // A wildcard of the database is a letter like any other.
            #expect(try await found("search=_") == ["C_3"])
            #expect(try await found("search=Lovelace+a-2") == ["A-2"])
            #expect(try await found("search=\(archived)") == ["C_3"])
            #expect(try await found("status=archived") == ["C_3"])
            #expect(try await found("status=created&sort=patientId") == ["A-2", "B-1"])
            #expect(try await found("created=1").count == 3)
            let author = try #require(try await clinic.ids("users").first)
            #expect(try await found("author=\(author)").count == 3)
            #expect(try await found("author=\(archived)").isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func longListsHavePages(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for number in 100..<153 { _ = try await clinic.makeCase(token, patient: "P\(number)") }
            let first = try await clinic.page("/admin/cases?sort=patientId&search=p1", as: token)
            #expect(names(first).count == 50 && names(first).first == "P100" && first.contains("53 results"))
            #expect(first.contains("/admin/cases?search=p1&amp;sort=patientId&amp;page=2"))
            let second = try await clinic.page("/admin/cases?sort=patientId&search=p1&page=2", as: token)
            #expect(names(second) == ["P150", "P151", "P152"])
            #expect(try await clinic.call(.get, "/admin/cases?page=0", as: token).status == .badRequest)
            #expect(try await clinic.call(.get, "/admin/cases?page=201", as: token).status == .badRequest)
        }
    }

    @Test(arguments: TestDatabase.all) func choicesAreCountedWhereAsked(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for patient in ["A-1", "A-2", "B-1"] { _ = try await clinic.makeCase(token, patient: patient) }
            let first = try #require(try await clinic.ids("cases WHERE patient_id = 'A-1'").first)
            _ = try await clinic.act("cases", "archive", on: [first], as: token)
            func amounts(_ path: String) async throws -> [String] {
                try await clinic.page(path, as: token).matches(
                    of: /<li><a [^>]*>([^<]*) <span class="amount">(\d+)<\/span>/
                ).map { "\($0.1) \($0.2)" }
            }
            #expect(try await amounts("/admin/cases").isEmpty)
            let all = try await amounts("/admin/cases?counts=1")
            #expect(all.contains("created 2") && all.contains("archived 1") && all.contains("failed 0"))
            #expect(all.contains("F 3") && all.contains("Past 24 hours 3"))
            // What is chosen narrows the others, and not itself.
            let some = try await amounts("/admin/cases?counts=1&status=archived&search=a-")
            #expect(some.contains("created 1") && some.contains("archived 1") && some.contains("F 1"))
            #expect(try await amounts("/admin/users?counts=1").contains("admin 1"))
            #expect(try await amounts("/admin/sessions?counts=1").contains("Open 2"))
            #expect(try await amounts("/admin/models?counts=1").contains("Yes 1"))
            for table in AdminTable.all { _ = try await clinic.page("/admin/\(table.name)?counts=1", as: token) }
        }
    }

    @Test(arguments: TestDatabase.all) func datesLeadDownToADay(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            let days = ["2024-05-31T23:59:59Z", "2025-02-01T00:00:00Z", "2025-02-28T12:00:00Z", "2025-12-31T23:59:59Z"]
            for (number, day) in days.enumerated() {
                let id = try await clinic.makeCase(token, patient: "D\(number)")
                let time = try #require(Timestamp(day))
                try await clinic.database.write {
                    try $0.execute("UPDATE cases SET created_at = \(time) WHERE id = \(id)")
                }
            }
            func steps(_ query: String) async throws -> [String] {
                let html = try await clinic.page("/admin/cases?\(query)", as: token)
                let bar = html.firstMatch(of: /(?s)<nav class="calendar".*?<\/nav>/)?.0 ?? ""
                return bar.matches(of: /<li>(?:<a [^>]*>)?([^<]+)/).map { String($0.1) }
            }
            #expect(try await steps("") == ["2024", "2025"])
            #expect(
                try await steps("created=2025") == [
                    "All dates", "2025", "February", "March", "April", "May", "June", "July", "August", "September",
                    "October", "November", "December",
                ])
            #expect(try await steps("created=2025-02").prefix(4) == ["All dates", "2025", "February", "1"])
            #expect(try await steps("created=2025-02-28") == ["All dates", "2025", "February", "28"])
            #expect(names(try await clinic.page("/admin/cases?created=2025-02", as: token)) == ["D2", "D1"])
            #expect(names(try await clinic.page("/admin/cases?created=2024-05-31", as: token)) == ["D0"])
            #expect(names(try await clinic.page("/admin/cases?created=2025&search=d3", as: token)) == ["D3"])
            #expect(try await clinic.call(.get, "/admin/cases?created=2025-13", as: token).status == .badRequest)
        }
    }

    @Test(arguments: TestDatabase.all) func theWayBackLeadsToTheSameList(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for number in 100..<152 { _ = try await clinic.makeCase(token, patient: "P\(number)") }
            let place = "search=p1&status=created&sort=patientId&page=2"
            let kept = "list=search%3Dp1%26status%3Dcreated%26sort%3DpatientId%26page%3D2"
            let list = try await clinic.page("/admin/cases?\(place)", as: token)
            let escaped = place.replacing("&", with: "&amp;")
            #expect(list.contains("name=\"query\" value=\"\(escaped)\""))
            let id = try #require(try await clinic.ids("cases WHERE patient_id = 'P151'").first)
            #expect(list.contains("href=\"/admin/cases/\(id)?\(kept)\""))
            let object = try await clinic.page("/admin/cases/\(id)?\(kept)", as: token)
            #expect(object.contains("href=\"/admin/cases?\(escaped)\""))
            #expect(object.contains("/admin/cases/\(id)/edit?\(kept)") && object.contains("/history?\(kept)"))
            let fields = [("patientId", "P151"), ("age", "62"), ("sex", "F"), ("status", "created")]
            let saved = try await clinic.post("/admin/cases/\(id)/edit?\(kept)", fields, as: token)
            #expect(saved.headers[.location] == "/admin/cases/\(id)?\(kept)&done=saved")
            let asked = try await clinic.post(
                "/admin/cases", [("action", "delete"), ("id", id), ("query", place)], as: token)
            #expect(asked.text.contains("name=\"query\" value=\"\(escaped)\""))
            for id in try await clinic.ids("cases WHERE patient_id IN ('P150', 'P151')") {
                let done = try await clinic.post(
                    "/admin/cases", [("action", "delete"), ("id", id), ("confirmed", "1"), ("query", place)], as: token)
                #expect(done.headers[.location] == "/admin/cases?\(place)&done=delete&count=1")
            }
            // The second page no longer exists without its rows.
            let after = try await clinic.page("/admin/cases?\(place)&done=delete&count=1", as: token)
            #expect(after.contains("Delete: 1 case.") && names(after).count == 50)
            // A forged URL must not add links to other sites.
            let forged = try await clinic.page(
                "/admin/cases/\(try await clinic.ids("cases WHERE deleted_at IS NULL")[0])?list=//evil.example",
                as: token)
            #expect(!forged.contains("evil.example"))
        }
    }

    @Test func optionalValuesComeLast() async throws {
        for kind in TestDatabase.all {
            try await WebFixture.with(kind) { clinic in
                let token = try await clinic.signUpAdmin()
                _ = try await clinic.signUp("eve@clinic.org")
                let eve = try await clinic.ids(
                    "sessions WHERE user_id IN (SELECT id FROM users WHERE email = 'eve@clinic.org')")
                _ = try await clinic.act("sessions", "end", on: eve, as: token)
                for sort in ["endedAt", "-endedAt"] {
                    let list = names(try await clinic.page("/admin/sessions?sort=\(sort)", as: token))
                    // The administrator has signed in twice.
                    #expect(list.first == "eve@clinic.org" && Set(list.dropFirst()) == ["root@clinic.org"])
                }
            }
        }
    }
}

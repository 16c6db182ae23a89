import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features

/// Searching, filtering, sorting and paging, by what a list shows.
struct AdminListTests {
    /// The texts of the rows' first cells.
    private func names(_ html: String) -> [String] {
        html.matches(of: /<tr><td>(?:<input[^>]*><\/td><td>)?<a href="[^"]*">([^<]*)</).map { String($0.1) }
    }

    @Test(arguments: TestDatabase.all) func rowsAreFoundAndOrdered(_ kind: TestDatabase) async throws {
        try await WebClinic.with(kind) { clinic in
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
        try await WebClinic.with(kind) { clinic in
            let token = try await clinic.signUpAdmin()
            for number in 100..<153 { _ = try await clinic.makeCase(token, patient: "P\(number)") }
            let first = try await clinic.page("/admin/cases?sort=patientId&search=p1", as: token)
            #expect(names(first).count == 50 && names(first).first == "P100" && first.contains("53 found"))
            #expect(first.contains("/admin/cases?search=p1&amp;sort=patientId&amp;page=2"))
            let second = try await clinic.page("/admin/cases?sort=patientId&search=p1&page=2", as: token)
            #expect(names(second) == ["P150", "P151", "P152"])
            #expect(try await clinic.call(.get, "/admin/cases?page=0", as: token).status == .badRequest)
            #expect(try await clinic.call(.get, "/admin/cases?page=201", as: token).status == .badRequest)
        }
    }

    @Test func optionalValuesComeLast() async throws {
        for kind in TestDatabase.all {
            try await WebClinic.with(kind) { clinic in
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

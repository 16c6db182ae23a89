import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Queries are validated by each call's parameters.
struct QueryTests {
    /// A route's path with unknown ids.
    private static func path(_ route: APIRoute) -> String {
        route.path.split(separator: "/").map { $0.hasPrefix("{") ? UUID().uuidString.lowercased() : String($0) }
            .joined(separator: "/")
    }

    @Test func everyCallNamesUnknownParametersAndKnownOnes() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let admin = try await clinic.signUpAdmin()
            let radiologist = try await clinic.signUp("grace@clinic.org", role: "radiologist")
            try await clinic.database.write {
                try $0.execute("UPDATE users SET is_superuser = TRUE WHERE email = 'root@clinic.org'")
            }
            for route in try clinic.services.apiRoutes where route.access != .signedAddress {
                let body = route.bodySchema == nil ? nil : "{}"
                // Administrators may not sign.
                let token = route.access == .allowed(.signReport) ? radiologist : admin
                let answer = try await clinic.call(
                    route.method, "/\(Self.path(route))/?nonsense=1&_=17", body, as: token)
                #expect(answer.status == .badRequest, "\(route.method) \(route.path): \(answer.status)")
                guard route.method != .head else { continue }
                let said = (answer.object["nonsense"] as? [String])?.first ?? ""
                #expect(said.hasPrefix("Unknown parameter."), "\(route.method) \(route.path): \(answer.text)")
                for parameter in route.query { #expect(said.contains(parameter.name), "\(route.path): \(said)") }
                #expect(answer.object.count == 1, "\(answer.text)")
            }
        }
    }

    @Test func whatExistingClientsSendIsTaken() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token, patient: "P 1")
            for query in [
                "status=&search=&patientId=&createdBy=&ordering=", "status=pending&ordering=-created_at",
                "patient_id=P+1&created_by=ada+love", "patientId=P%201&createdBy=Ada%20Lovelace", "page=1&pageSize=10",
                "page=1&page_size=10&cursor=", "cursor=&page_size=2", "ordering=-createdAt&_=1764457200", "&&",
                "deleted=false", "deleted=0", "createdAfter=&createdBefore=",
            ] {
                let answer = try await clinic.call(.get, "/api/cases/?\(query)", as: token)
                #expect(answer.status == .ok, "\(query): \(answer.text)")
            }
            let found = try await clinic.call(.get, "/api/cases/?patient_id=P+1", as: token)
            #expect(found.list.first?["caseId"] as? String == id)
            #expect(try await clinic.call(.get, "/api/schema/?format=json").status == .ok)
        }
    }

    @Test func allThatIsWrongIsNamedAtOnce() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let answer = try await clinic.call(
                .get,
                "/api/cases/?status=lost&page=x&page_size=500&patientId=A&patient_id=B&deleted=maybe&q=1"
                    + "&ordering=password&cursor=me&error=1", as: token)
            #expect(answer.status == .badRequest)
            let fields = try #require(answer.object as? [String: [String]])
            #expect(fields["status"]?.first?.hasPrefix("Not a valid choice. Choose one of created, ") == true)
            #expect(fields["page"] == ["Enter a whole number."])
            #expect(fields["page_size"] == ["Ensure this value is between 1 and 200."])
            #expect(fields["patient_id"] == ["Give this parameter only once."])
            #expect(fields["deleted"] == ["Must be true or false."])
            #expect(fields["q"]?.first?.hasPrefix("Unknown parameter. Known parameters: status, search, ") == true)
            #expect(fields["ordering"]?.first?.contains("-createdAt") == true)
            #expect(fields["cursor"] == ["Invalid cursor."])
            // Clients recognise other errors by this key.
            #expect(fields["error"] == nil && fields["non_field_errors"]?.count == 1)
            #expect(fields.count == 9)
            #expect(!answer.text.contains("lost") && !answer.text.contains("maybe"))
        }
    }

    @Test func aPageLeadsToTheNextWithTheSameQuery() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            for number in 1...2 { _ = try await clinic.makeCase(token, patient: "A+B & \(number)") }
            let first = try await clinic.call(
                .get, "/api/cases/?search=A%2BB+%26&page=1&page_size=1", as: token)
            let next = try #require(first["next"].flatMap { URLComponents(string: $0) })
            let second = try await clinic.call(
                .get, "\(next.path)?\(next.percentEncodedQuery ?? "")", as: token)
            #expect((second.object["results"] as? [[String: Any]])?.first?["patientId"] as? String == "A+B & 1")
            #expect(second.object["next"] is NSNull && second["previous"]?.contains("page=1") == true)
        }
    }

    @Test(arguments: TestDatabase.all) func listsAreNarrowedByTimeAndCase(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let other = try await clinic.makeCase(token)
            _ = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)
            try await clinic.work()
            for (list, key) in [("cases", "createdAt"), ("inference", "createdAt"), ("reports", "generatedAt")] {
                let all = try await clinic.call(.get, "/api/\(list)/", as: token).list
                let time = try #require(all.last?[key] as? String)
                let day = String(time.prefix(10))
                func count(_ query: String) async throws -> Int {
                    let answer = try await clinic.call(.get, "/api/\(list)/?\(query)", as: token)
                    #expect(answer.status == .ok, "\(list)?\(query): \(answer.text)")
                    return answer.list.count
                }
                #expect(try await count("createdAfter=\(day)&createdBefore=2999-12-31") == all.count)
                #expect(try await count("created_after=\(time)") == all.count, "\(list): both ends count")
                #expect(try await count("created_before=\(time)") == 1, "\(list): both ends count")
                #expect(try await count("createdBefore=2001-01-01T00:00:00%2B01:00") == 0)
                #expect(try await count("createdAfter=2999-01-01T00:00:00") == 0)
                let page = try await clinic.call(
                    .get, "/api/\(list)/?page=1&createdBefore=2001-01-01", as: token)
                #expect(page.object["count"] as? Int == 0, "\(list): \(page.text)")
                let refused = try await clinic.call(
                    .get, "/api/\(list)/?createdAfter=yesterday&created_before=31.12.2026", as: token)
                #expect(refused.status == .badRequest)
                let fields = refused.object as? [String: [String]]
                #expect(fields == ["createdAfter": [TimeSpan.expected], "created_before": [TimeSpan.expected]])
                guard list != "cases" else { continue }
                #expect(try await count("caseId=\(id)") == 1)
                #expect(try await count("case_id=\(other)") == 0)
            }
            for time in ["2026-01-01T25:00:00Z", "2026-02-30T00:00:00Z", "2026-02-30", "1", "2026-01-01T00:00:00%2B99"]
            {
                let refused = try await clinic.call(.get, "/api/cases/?createdAfter=\(time)", as: token)
                #expect(refused.status == .badRequest, "\(time)")
            }
            let touched = "/api/cases/?updatedAfter=2020-01-01&updatedBefore=2021-01-01"
            #expect(try await clinic.call(.get, touched, as: token).list.isEmpty)
        }
    }
}

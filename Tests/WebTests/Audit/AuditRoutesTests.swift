import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

@Suite struct AuditRoutesTests {
    @Test(arguments: TestDatabase.all) func anAdministratorReadsFiltersAndExports(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let doctor = try await clinic.signUp()
            let id = try await clinic.makeCase(doctor)
            #expect(try await clinic.call(.get, "/api/cases/\(id)/", as: doctor).status == .ok)
            #expect(try await clinic.call(.get, "/api/audit/", as: doctor).status == .forbidden)
            #expect(try await clinic.call(.get, "/api/audit/").status == .unauthorized)
            let admin = try await clinic.signUpAdmin()
            let all = try await clinic.call(.get, "/api/audit/?objectId=\(id)", as: admin)
            #expect(all.list.map { $0["action"] as? String } == ["case.read", "case.create"])
            #expect(all.list[0]["sequence"] is NSNull)
            let refused = try await clinic.call(.get, "/api/audit/?outcome=refused&action=audit.read", as: admin)
            #expect(refused.list.count == 1)
            try await AuditSealService(database: clinic.database).seal()
            let page = try await clinic.call(.get, "/api/audit/?cursor=&page_size=1&objectId=\(id)", as: admin)
            let next = try #require(page["next"].flatMap { URLComponents(string: $0) })
            let rest = try await clinic.call(.get, "\(next.path)?\(next.query ?? "")", as: admin)
            let entry = try #require((rest.object["results"] as? [[String: Any]])?.first)
            #expect(entry["action"] as? String == "case.create" && entry["sequence"] is Int)

            let export = try await clinic.call(.get, "/api/audit/export/?from=2020-01-01T00:00:00Z", as: admin)
            #expect(export.headers[.contentType] == "application/x-ndjson")
            #expect(export.text.split(separator: "\n").count >= 5 && export.text.hasSuffix("}\n"))
            let head = try await clinic.call(.get, "/api/audit/head/", as: admin)
            #expect((head.object["sequence"] as? Int ?? 0) > 3 && head["hash"]?.count == 64)
        }
    }

    @Test func badFiltersAreNamed() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let admin = try await clinic.signUpAdmin()
            let query = "actor=x&outcome=maybe&from=yesterday&to=1&action=\(String(repeating: "a", count: 61))"
            let answer = try await clinic.call(.get, "/api/audit/?\(query)", as: admin)
            #expect(answer.status == .badRequest)
            #expect(Set(answer.object.keys) == ["actor", "outcome", "from", "to", "action"])
            #expect(try await clinic.call(.get, "/api/audit/export/?from=x", as: admin).status == .badRequest)
            #expect(try await clinic.call(.get, "/api/audit/?actor=&outcome=&from=&to=", as: admin).status == .ok)
        }
    }

    /// For each kind of denied request: who, what, which object, and in whose trail.
    @Test(arguments: TestDatabase.all) func whatIsRefusedIsRecorded(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let owner = try await clinic.signUp()
            let other = try await clinic.signUp("eve@clinic.org")
            let id = try await clinic.makeUploadedCase(owner)
            func refused(_ answer: Answer) async throws -> AuditEntry? {
                guard let request = answer.headers[.requestID] else { return nil }
                return try await clinic.database.read { connection in
                    try connection.query(
                        "SELECT * FROM audit_entries WHERE request_id = \(request) AND outcome = 'refused'"
                    ).map(AuditEntry.init).first
                }
            }
            let hidden = try #require(try await refused(clinic.call(.get, "/api/cases/\(id)/images/", as: other)))
            #expect(hidden.action == "case.read" && hidden.objectType == "case" && hidden.objectID == id)
            #expect(hidden.actor != nil)
            let forbidden = try #require(try await refused(clinic.call(.get, "/api/users/users/", as: other)))
            #expect(forbidden.action == "user.read" && forbidden.objectID == nil)
            let page = try #require(try await refused(clinic.call(.get, "/cases/\(id)", as: other)))
            #expect(page.action == "page.open" && page.objectType == "case" && page.objectID == id)

            let forged = try #require(try await refused(clinic.call(.get, "/api/cases/\(id)/", as: "no.good.token")))
            #expect(forged.actor == nil && forged.institution.string == InstitutionID.default.string)
            _ = try await clinic.database.write {
                try $0.execute("UPDATE sessions SET ended_at = 1, end_reason = 'logout'")
            }
            let ended = try #require(try await refused(clinic.call(.get, "/api/cases/\(id)/", as: owner)))
            #expect(ended.actor != nil && ended.action == "case.read")
            let anonymous = try await clinic.call(.get, "/api/cases/\(id)/")
            #expect(anonymous.status == .unauthorized)
            #expect(try await refused(anonymous) == nil)
            // Counted instead; open calls deny no one.
            #expect(try await clinic.call(.get, "/api/cases/").status == .unauthorized)
            #expect(try await clinic.call(.get, "/api/health/").status == .ok)
            try await clinic.services.audit.writeCountedRefusals(atOnce: true)
            #expect(try await clinic.rows("audit_entries WHERE action = 'audit.anonymous' AND object_id = '2'") == 1)
        }
    }

    /// Too many wrong passwords, at sign-in and elsewhere: recorded in the trail of the account's institution.
    @Test(arguments: TestDatabase.all) func whoTriesTooOftenIsRecorded(_ kind: TestDatabase) async throws {
        var settings = SessionSettings()
        settings.throttling = ThrottleSettings(account: 2, address: 100, registrations: 2)
        try await WebFixture.with(kind, sessions: settings) { clinic in
            let token = try await clinic.signUp()
            let user = try #require(try await clinic.call(.get, "/api/users/profile/", as: token)["id"])
            func throttled(_ answer: Answer) async throws -> AuditEntry? {
                #expect(answer.status == .tooManyRequests)
                guard let request = answer.headers[.requestID] else { return nil }
                let entries = try await clinic.database.read { connection in
                    try connection.query("SELECT * FROM audit_entries WHERE request_id = \(request)")
                        .map(AuditEntry.init)
                }
                #expect(entries.map(\.outcome) == [.refused])
                return entries.first { $0.action == "attempt.throttle" }
            }
            for (email, known) in [("ada@clinic.org", true), ("nobody@clinic.org", false)] {
                let login = #"{"email": "\#(email)", "password": "wrong"}"#
                let path = "/api/users/login/"
                for _ in 0..<2 { #expect(try await clinic.call(.post, path, login).status == .unauthorized) }
                let entry = try #require(try await throttled(clinic.call(.post, path, login)))
                #expect(entry.objectID == (known ? user : nil) && entry.actor == nil)
                #expect(entry.institution.string == InstitutionID.default.string)
            }
            let form =
                #"{"currentPassword": "x", "newPassword": "a better horse 2", "confirmPassword": "a better horse 2"}"#
            let path = "/api/users/profile/change-password/"
            for _ in 0..<2 { #expect(try await clinic.call(.post, path, form, as: token).status == .badRequest) }
            let own = try #require(try await throttled(clinic.call(.post, path, form, as: token)))
            #expect(own.objectID == user && own.actor?.string == user)
        }
    }

    @Test(arguments: TestDatabase.all) func aSignedAddressThatIsNoGoodIsRecorded(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let owner = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(owner)
            let images = try await clinic.call(.get, "/api/cases/\(id)/images/", as: owner).list
            let url = try #require((images.first?["filePath"] as? String).flatMap { URLComponents(string: $0) })
            let good = "\(url.path)?\(url.query ?? "")"
            #expect(try await clinic.call(.get, good).status == .ok)
            let forged = good.replacing(/institution=[0-9a-f-]+/) { _ in "institution=\(UUID().uuidString.lowercased())"
            }
            #expect(try await clinic.call(.get, forged).status == .forbidden)
            let old = good.replacing(/expires=[0-9]+/) { _ in "expires=1" }
            #expect(try await clinic.call(.get, old).status == .forbidden)
            let rows = try await clinic.rows("audit_entries WHERE action = 'file.read' AND outcome = 'refused'")
            #expect(rows == 2)
        }
    }
}

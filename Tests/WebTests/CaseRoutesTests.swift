import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Web

struct CaseRoutesTests {
    @Test(arguments: TestDatabase.all) func makesListsChangesAndDeletes(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let first = try await clinic.makeCase(token, patient: "PAT-1")
            let second = try await clinic.makeCase(token, patient: "PAT-2")
            let list = try await clinic.call(.get, "/api/cases/", as: token)
            #expect(list.list.compactMap { $0["caseId"] as? String } == [second, first])
            let page = try await clinic.call(.get, "/api/cases/?page=1&page_size=1", as: token)
            #expect(page.object["count"] as? Int == 2)
            #expect((page["next"] ?? "").contains("page=2") && page.object["previous"] is NSNull)
            let cursor = try await clinic.call(.get, "/api/cases/?cursor=&page_size=1", as: token)
            let next = try #require(cursor["next"].flatMap { URLComponents(string: $0) })
            let rest = try await clinic.call(.get, "\(next.path)?\(next.query ?? "")", as: token)
            #expect((rest.object["results"] as? [[String: Any]])?.first?["caseId"] as? String == first)

            let change = "{\"notes\": \"seen\", \"scan_date\": \"2026-01-02\"}"
            for path in ["update/", ""] {
                let changed = try await clinic.call(.patch, "/api/cases/\(first)/\(path)", change, as: token)
                #expect(changed["notes"] == "seen" && changed["scanDate"] == "2026-01-02")
            }
            #expect(try await clinic.call(.delete, "/api/cases/\(first)/delete/", as: token)["message"] != nil)
            #expect(try await clinic.call(.get, "/api/cases/\(first)/", as: token).status == .notFound)
        }
    }

    @Test func anothersCaseIsUnknown() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let owner = try await clinic.signUp()
            let other = try await clinic.signUp("eve@clinic.org")
            let id = try await clinic.makeUploadedCase(owner)
            for path in ["", "images/", "segmentation/", "visualizations/"] {
                #expect(try await clinic.call(.get, "/api/cases/\(id)/\(path)", as: other).status == .notFound)
                #expect(try await clinic.call(.get, "/api/cases/\(id)/\(path)").status == .unauthorized)
            }
            #expect(try await clinic.call(.patch, "/api/cases/\(id)/", "{}", as: other).status == .notFound)
            #expect(try await clinic.call(.delete, "/api/cases/\(id)/", as: other).status == .notFound)
            #expect(try await clinic.upload(HeadPhantom.nifti(), "t1", to: id, as: other).status == .notFound)
            let start = try await clinic.call(.post, "/api/inference/", "{\"caseId\": \"\(id)\"}", as: other)
            #expect(start.status == .notFound)
            #expect(try await clinic.call(.get, "/api/cases/no-id/", as: owner).status == .notFound)
        }
    }

    @Test(arguments: TestDatabase.all) func aChangeNamesTheRevisionThatItMeans(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let made = try await clinic.call(
                .post, "/api/cases/", #"{"patientId": "P", "age": 61, "sex": "F"}"#, as: token)
            let id = try #require(made["caseId"])
            let tag = try #require(made.headers[.eTag])
            #expect(try await clinic.call(.get, "/api/cases/\(id)/", as: token).headers[.eTag] == tag)
            func patch(_ tag: String) async throws -> Answer {
                try await clinic.call(
                    .patch, "/api/cases/\(id)/", #"{"notes": "n"}"#, as: token, headers: [.ifMatch: tag])
            }
            let changed = try await patch(tag)
            #expect(changed.status == .ok && changed.headers[.eTag] != tag)
            for stale in [tag, "W/\(changed.headers[.eTag] ?? "")", "nonsense"] {
                let refused = try await patch(stale)
                #expect(refused.status == .preconditionFailed && refused["code"] == "precondition_failed")
            }
            #expect(try await patch("\"0\", \(changed.headers[.eTag] ?? "")").status == .ok)
            #expect(try await patch("*").status == .ok)
            let stale = try await clinic.call(.delete, "/api/cases/\(id)/", as: token, headers: [.ifMatch: tag])
            #expect(stale.status == .preconditionFailed)
        }
    }

    @Test(arguments: TestDatabase.all) func aRepeatedPostIsDoneOnce(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            func post(_ patient: String, key: String) async throws -> Answer {
                try await clinic.call(
                    .post, "/api/cases/", "{\"patientId\": \"\(patient)\", \"age\": 61, \"sex\": \"F\"}", as: token,
                    headers: [.idempotencyKey: key])
            }
            let first = try await post("P1", key: "a")
            let second = try await post("P1", key: "a")
            #expect(first.status == .created && second.status == .created && first.data == second.data)
            #expect(second.headers[.idempotentReplayed] == "true" && second.headers[.eTag] == first.headers[.eTag])
            #expect(try await clinic.rows("cases") == 1)
            let other = try await post("P2", key: "a")
            #expect(other.status == .unprocessableContent && other["code"] == "idempotency_key_reused")
            #expect(try await post("P1", key: "b").status == .created)
            // A rejected request changes nothing and releases its key.
            #expect(try await post("", key: "c").status == .badRequest)
            #expect(try await post("P3", key: "c").status == .created)
            #expect(try await clinic.rows("cases") == 3)
            // Without a signed-in user the key has no owner.
            let anonymous = try await clinic.call(.post, "/api/cases/", "{}", headers: [.idempotencyKey: "a"])
            #expect(anonymous.status == .unauthorized)
        }
    }

    @Test func aDeletedCaseLeavesNoWayIn() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let started = try await clinic.call(.post, "/api/inference/", "{\"caseId\": \"\(id)\"}", as: token)
            try await clinic.work()
            let task = try #require(started["id"])
            let images = try await clinic.call(.get, "/api/cases/\(id)/images/", as: token)
            let reports = try await clinic.call(.get, "/api/reports/", as: token)
            let address = try #require(
                (images.list.first?["filePath"] as? String).flatMap { URLComponents(string: $0) })
            let report = try #require(reports.list.first?["reportId"] as? String)
            let file = "\(address.path)?\(address.query ?? "")"
            let paths = [
                "/api/cases/\(id)/", "/api/cases/\(id)/images/", "/api/cases/\(id)/segmentation/",
                "/api/cases/\(id)/visualizations/", "/api/inference/\(task)/", "/api/inference/result/\(id)/",
                "/api/reports/\(report)/", file,
            ]
            for path in paths { #expect(try await clinic.call(.get, path, as: token).status == .ok, "\(path)") }
            #expect(try await clinic.call(.delete, "/api/cases/\(id)/", as: token).status == .ok)
            for path in paths { #expect(try await clinic.call(.get, path, as: token).status == .notFound, "\(path)") }
            for list in ["/api/cases/", "/api/inference/", "/api/reports/"] {
                #expect(try await clinic.call(.get, list, as: token).list.isEmpty)
            }
            #expect(try await clinic.call(.get, "/api/cases/?deleted=true", as: token).status == .forbidden)
            #expect(try await clinic.call(.post, "/api/cases/\(id)/restore/", as: token).status == .forbidden)
        }
    }
}

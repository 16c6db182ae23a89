import Foundation
import HTTPTypes
import TestSupport
import Testing

struct CaseRoutesTests {
    @Test(arguments: TestDatabase.all) func makesListsChangesAndDeletes(_ kind: TestDatabase) async throws {
        try await WebClinic.with(kind) { clinic in
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
        try await WebClinic.with(.sqlite) { clinic in
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
}

import Foundation
import HTTPTypes
import TestSupport
import Testing

struct FeedbackRoutesTests {
    @Test(arguments: TestDatabase.all) func feedbackIsStoredAndListed(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await ReportRoutesTests.Finished(clinic)
            let path = "/api/cases/\(ward.caseID)/feedback/"
            let given = try await clinic.call(
                .post, path,
                #"{"rating": 4, "ratings": {"whole_tumor": "5", "tumor_core": 2}, "is_correct": true, "comment": "good"}"#,
                as: ward.doctor)
            #expect(given.status == .created && given.object["rating"] as? Int == 4)
            let marks = try #require(given.object["ratings"] as? [String: Any])
            #expect(marks["whole_tumor"] as? Int == 5 && marks["enhancing_tumor"] is NSNull)
            #expect(given["createdBy"] == "Ada Lovelace" && given["comment"] == "good")
            let second = try await clinic.call(.post, path, #"{"comment": "late"}"#, as: ward.radiologist)
            #expect(second.status == .created && second["taskId"] == given["taskId"])
            let list = try await clinic.call(.get, path, as: ward.doctor).list
            #expect(list.map { $0["comment"] as? String } == ["late", "good"])
            let page = try await clinic.call(.get, path + "?page=1&page_size=1", as: ward.doctor).object
            #expect(page["count"] as? Int == 2 && page["next"] is String)

            for (json, field) in [
                ("{}", "non_field_errors"), (#"{"rating": 6}"#, "rating"),
                (#"{"ratings": {"tumor_core": 0}}"#, "ratings"), (#"{"rating": 1, "taskId": "x"}"#, "taskId"),
                (#"{"rating": 1, "taskId": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}"#, "taskId"),
            ] {
                let answer = try await clinic.call(.post, path, json, as: ward.doctor)
                #expect(answer.status == .badRequest && answer.object[field] != nil, "\(json)")
            }
            #expect(try await clinic.rows("result_feedback") == 2)
            let stranger = try await clinic.signUp("eve@clinic.org")
            #expect(try await clinic.call(.post, path, #"{"rating": 1}"#, as: stranger).status == .notFound)
            let researcher = try await clinic.signUp("res@clinic.org", role: "researcher")
            #expect(try await clinic.call(.get, path, as: researcher).status == .forbidden)
            let empty = try await clinic.makeCase(ward.doctor)
            let early = try await clinic.call(
                .post, "/api/cases/\(empty)/feedback/", #"{"rating": 1}"#, as: ward.doctor)
            #expect(early.status == .conflict)
        }
    }
}

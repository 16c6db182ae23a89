import Foundation
import HTTPTypes
import TestSupport
import Testing

struct InferenceRoutesTests {
    @Test(arguments: TestDatabase.all) func aTaskRunsToItsResultAndReport(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let body = "{\"case_id\": \"\(id)\"}"
            let started = try await clinic.call(.post, "/api/inference/", body, as: token)
            #expect(started.status == .accepted && started["status"] == "pending")
            let task = try #require(started["id"])
            #expect(started.headers[.location] == "/api/inference/tasks/\(task)/")
            #expect(try await clinic.call(.post, "/api/inference/segment/", body, as: token)["id"] == task)
            try await clinic.work()

            let done = try await clinic.call(.get, "/api/inference/tasks/\(task)/", as: token)
            #expect(done["status"] == "completed" && done.object["progress_percentage"] as? Int == 100)
            let result = try #require(done.object["result"] as? [String: Any])
            #expect((result["volumes"] as? [String: Double])?["whole_tumor"] == 12_340)
            #expect(result["caseId"] as? String == id)
            let masks = try #require(result["mask_files"] as? [[String: Any]])
            #expect(masks.compactMap { $0["name"] as? String } == ["manifest.json", "segmentation.nii.gz"])
            #expect(try await follow(masks.last?["url"], clinic).text == "mask")
            let pictures = try await clinic.call(.get, "/api/cases/\(id)/visualizations/", as: token).list
            #expect(try await follow(pictures.first?["url"], clinic).headers[.contentType] == "image/png")
            #expect(try await clinic.call(.get, "/api/inference/result/\(id)/", as: token).object["volumes"] != nil)

            let reports = try await clinic.call(.get, "/api/reports/?caseId=\(id)", as: token).list
            #expect((reports.first?["aiGeneratedText"] as? String)?.contains("12.3 ml") == true)
            let report = try #require(reports.first?["reportId"] as? String)
            let found = try await clinic.call(.get, "/api/reports/\(report)/", as: token)
            #expect(found["patientId"] == "PAT-1" && found["status"] == "draft")
            let again = try await clinic.call(.post, "/api/reports/generate/\(id)/", "{}", as: token)
            #expect(again.status == .created && again["aiGeneratedText"] == found["aiGeneratedText"])
            let other = try await clinic.signUp("eve@clinic.org")
            #expect(try await clinic.call(.get, "/api/reports/\(report)/", as: other).status == .notFound)
            #expect(try await clinic.call(.get, "/api/reports/", as: other).list.isEmpty)
        }
    }

    private func follow(_ url: Any?, _ clinic: WebFixture) async throws -> Answer {
        let address = try #require((url as? String).flatMap { URLComponents(string: $0) })
        return try await clinic.call(.get, "\(address.path)?\(address.query ?? "")")
    }

    @Test func startsNothingWithoutImages() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let refused = try await clinic.call(.post, "/api/inference/", "{\"caseId\": \"\(id)\"}", as: token)
            #expect(refused.status == .badRequest && refused.object["caseId"] != nil)
            let nothing = try await clinic.call(.post, "/api/inference/", "{}", as: token)
            #expect(nothing.status == .badRequest && nothing.object["caseId"] != nil)
            #expect(try await clinic.call(.post, "/api/reports/generate/\(id)/", as: token).status == .badRequest)
            #expect(try await clinic.call(.get, "/api/cases/\(id)/segmentation/", as: token).status == .notFound)
        }
    }

    @Test func aResultOfReplacedImagesSaysSo() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            _ = try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)
            try await clinic.work()
            let fresh = try await clinic.call(.get, "/api/cases/\(id)/segmentation/", as: token)
            #expect(fresh.object["images_changed"] as? Bool == false)
            _ = try await clinic.upload(HeadPhantom.nifti(brightness: 50), "t1ce", to: id, as: token)
            let stale = try await clinic.call(.get, "/api/cases/\(id)/segmentation/", as: token)
            #expect(stale.object["images_changed"] as? Bool == true)
        }
    }

    @Test func cancels() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let task = try #require(
                try await clinic.call(.post, "/api/inference/predict/\(id)/", as: token)["id"])
            let cancelled = try await clinic.call(.post, "/api/inference/tasks/\(task)/cancel/", "", as: token)
            #expect(cancelled["status"] == "cancelled")
            #expect(try await clinic.call(.get, "/api/inference/", as: token).list.count == 1)
        }
    }
}

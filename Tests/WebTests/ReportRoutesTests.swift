import Foundation
import HTTPTypes
import TestSupport
import Testing

/// A report from its draft to its signature, through HTTP.
struct ReportRoutesTests {
    /// A case with a finished result: its owner's token, a radiologist's, and the report's id.
    struct Finished {
        let doctor: String
        let radiologist: String
        let caseID: String
        let report: String

        init(_ clinic: WebFixture) async throws {
            doctor = try await clinic.signUp()
            radiologist = try await clinic.signUp("rad@clinic.org", role: "radiologist")
            caseID = try await clinic.makeUploadedCase(doctor)
            _ = try await clinic.call(.post, "/api/inference/predict/\(caseID)/", as: doctor)
            try await clinic.work()
            let list = try await clinic.call(.get, "/api/reports/?caseId=\(caseID)", as: doctor).list
            report = try #require(list.first?["reportId"] as? String)
        }

        func patch(_ clinic: WebFixture, _ json: String, as token: String? = nil, headers: HTTPFields = [:])
            async throws -> Answer
        {
            try await clinic.call(
                .patch, "/api/reports/\(report)/update/", json, as: token ?? doctor, headers: headers)
        }

        /// The radiologist reads and signs the report.
        func sign(_ clinic: WebFixture, _ json: String = #"{"status": "finalized"}"#) async throws -> Answer {
            _ = try await read(clinic, as: radiologist)
            return try await patch(clinic, json, as: radiologist)
        }

        func read(_ clinic: WebFixture, as token: String? = nil) async throws -> Answer {
            try await clinic.call(.get, "/api/reports/\(report)/", as: token ?? doctor)
        }
    }

    @Test(arguments: TestDatabase.all) func aReportIsEditedReviewedAndSigned(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            let edited = try await ward.patch(clinic, #"{"finalizedText": "Whole tumour 12.3 ml. No lesion."}"#)
            #expect(edited.status == .ok && edited["finalizedText"] == "Whole tumour 12.3 ml. No lesion.")
            #expect(edited["status"] == "draft" && edited.object["editCount"] as? Int == 1)
            #expect(edited["lastEditedBy"] == "Ada Lovelace" && (edited.object["checks"] as? [Any])?.isEmpty == true)
            #expect(try await ward.patch(clinic, #"{"status": "reviewed"}"#)["status"] == "reviewed")

            // A doctor may not sign, and nothing can be exported before it is signed.
            #expect(try await ward.patch(clinic, #"{"status": "finalized"}"#).status == .forbidden)
            #expect(try await ward.patch(clinic, #"{"status": "exported"}"#).object["status"] != nil)
            let edit = #"{"finalized_text": "Whole tumour 12.3 ml.", "edit_reason": "shorter", "status": "reviewed"}"#
            #expect(try await ward.patch(clinic, edit).object["editCount"] as? Int == 2)
            let signed = try await ward.sign(clinic)
            #expect(signed["status"] == "finalized" && signed.object["editCount"] as? Int == 2)

            let path = "/api/reports/\(ward.report)/traceability/"
            let trace = try await clinic.call(.get, path, as: ward.doctor).object
            let edits = try #require(trace["edits"] as? [[String: Any]])
            #expect(edits.map { $0["status"] as? String } == ["draft", "reviewed", "reviewed", "finalized"])
            #expect(edits.dropLast().last?["editReason"] as? String == "shorter")
            let sentences = try #require(trace["sentences"] as? [[String: Any]])
            #expect(sentences.allSatisfy { ($0["findings"] as? [Any])?.isEmpty == false })
            #expect((trace["model"] as? [String: String])?["digest"] == WebFixture.model.digest)
            #expect(trace["manifest"] as? String != nil)
        }
    }

    @Test func aContradictionIsSignedKnowinglyOrNotAtAll() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let ward = try await Finished(clinic)
            let edited = try await ward.patch(clinic, #"{"finalizedText": "Whole tumour 99 ml, on the left."}"#)
            let checks = try #require(edited.object["checks"] as? [[String: Any]])
            #expect(checks.count == 2 && checks.allSatisfy { $0["kind"] as? String == "contradiction" })
            let refused = try await ward.sign(clinic)
            #expect(refused.status == .badRequest)
            #expect((refused.object["acknowledgeChecks"] as? [String])?.first?.contains("99 ml") == true)
            let signed = try await ward.patch(
                clinic, #"{"status": "finalized", "acknowledgeChecks": true}"#, as: ward.radiologist)
            #expect(signed["status"] == "finalized")
            let trace = try await clinic.call(.get, "/api/reports/\(ward.report)/traceability/", as: ward.doctor)
            let last = (trace.object["edits"] as? [[String: Any]])?.last
            #expect((last?["acknowledgedChecks"] as? [String])?.count == 2)
            // A signature over contradictions is visible to whoever reads the report.
            let changes = "%acknowledgeChecks%"
            #expect(
                try await clinic.rows("audit_entries WHERE action = 'report.sign' AND changes LIKE '\(changes)'") == 1)
            let document = try await ward.printed(clinic)
            #expect(document.checks.title == "Checks overridden at signing")
            #expect(document.checks.remarks == last?["acknowledgedChecks"] as? [String])
            let page = try await ward.casePage(clinic)
            #expect(page.contains("Checks overridden at signing") && page.contains("The text says 99 ml"))
        }
    }

    @Test func aDraftShowsItsContradictions() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let ward = try await Finished(clinic)
            let plain = try await ward.printed(clinic)
            #expect(plain.checks.remarks == [])
            let heading = "Contradictions with the measurements"
            #expect(try await !ward.casePage(clinic).contains(heading))
            _ = try await ward.patch(clinic, #"{"finalizedText": "Whole tumour 99 ml."}"#)
            let document = try await ward.printed(clinic)
            #expect(document.checks.title == heading && document.checks.remarks.count == 1)
            let page = try await ward.casePage(clinic)
            #expect(page.contains(heading) && page.contains("The text says 99 ml"))
        }
    }

    @Test func whatIsWrongIsNamed() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let ward = try await Finished(clinic)
            for (json, field) in [
                (#"{"status": "signed"}"#, "status"), (#"{"finalizedText": "  "}"#, "finalizedText"),
                (#"{"finalizedText": 5}"#, "finalizedText"), (#"{"acknowledgeChecks": "yes"}"#, "acknowledgeChecks"),
            ] {
                let answer = try await ward.patch(clinic, json)
                #expect(answer.status == .badRequest && answer.object[field] != nil, "\(json)")
            }
            let path = "/api/reports/\(ward.report)/"
            let tag = try #require(try await clinic.call(.get, path, as: ward.doctor).headers[.eTag])
            #expect(try await ward.patch(clinic, #"{"status": "reviewed"}"#, headers: [.ifMatch: tag]).status == .ok)
            let late = try await ward.patch(clinic, #"{"status": "draft"}"#, headers: [.ifMatch: tag])
            #expect(late.status == .preconditionFailed && late["code"] == "precondition_failed")
            let stranger = try await clinic.signUp("eve@clinic.org")
            #expect(try await ward.patch(clinic, "{}", as: stranger).status == .notFound)
            #expect(try await ward.patch(clinic, "{}").status == .ok)
            let templates = try await clinic.call(.get, "/api/reports/templates/", as: stranger).list
            #expect(templates.first?["id"] as? String == "tumour-measurements")
        }
    }
}

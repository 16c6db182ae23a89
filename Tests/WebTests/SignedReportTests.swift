import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Rendering
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// A signed text does not change, and users only sign what they have been shown.
struct SignedReportTests {
    private typealias Finished = ReportRoutesTests.Finished

    @Test(arguments: TestDatabase.all) func aSignedTextNeverChanges(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            let before = try await ward.sign(clinic)
            #expect(before["signedBy"] == "Ada Lovelace" && before["signedAt"] != nil)
            #expect(before.object["addenda"] as? [String] == [])
            for json in [
                #"{"finalizedText": "Another text.", "editReason": "because"}"#,
                #"{"finalizedText": "Another text.", "editReason": "because", "status": "finalized"}"#,
                #"{"status": "draft", "editReason": "because"}"#, #"{"status": "reviewed", "editReason": "because"}"#,
            ] {
                for token in [ward.doctor, ward.radiologist] {
                    let refused = try await ward.patch(clinic, json, as: token)
                    #expect(refused.status == .conflict && refused["error"]?.contains("addendum") == true, "\(json)")
                }
            }
            let id = ward.report
            for statement in [
                "UPDATE reports SET finalized_text = 'Another text.' WHERE id = \(id)",
                "UPDATE reports SET ai_generated_text = 'Another text.', finalized_text = NULL WHERE id = \(id)",
                "UPDATE reports SET status = 'draft' WHERE id = \(id)", "DELETE FROM reports WHERE id = \(id)",
                "DELETE FROM inference_tasks", "DELETE FROM report_edits WHERE report_id = \(id)",
                "UPDATE report_edits SET reason = 'x' WHERE report_id = \(id)",
            ] as [SQL] {
                await #expect(throws: DatabaseError.self, "\(statement)") {
                    try await clinic.database.write { _ = try $0.execute(statement) }
                }
            }
            let admin = try await clinic.signUpAdmin()
            let scope = try await clinic.services.sessions.authenticate(admin, origin: RequestOrigin()).scope
            let report = try #require(ID<Report>(id))
            await #expect { try await clinic.services.reports.delete(scope, report) } throws: {
                ($0 as? AppError)?.code == .conflict
            }
            let after = try await ward.read(clinic)
            #expect(after["finalizedText"] == before["finalizedText"] && after["status"] == "finalized")
            #expect(after["signedAt"] == before["signedAt"])
        }
    }

    @Test(arguments: TestDatabase.all) func aNewRunStandsBesideASignedReport(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            let signed = try await ward.sign(clinic)
            let predict = "/api/inference/predict/\(ward.caseID)/"
            let form = "{\"caseId\": \"\(ward.caseID)\"}"
            for answer in [
                try await clinic.call(.post, predict, as: ward.doctor),
                try await clinic.call(.post, "/api/inference/", form, as: ward.doctor),
                try await clinic.upload(HeadPhantom.nifti(), "t1ce", to: ward.caseID, as: ward.doctor),
            ] {
                #expect(answer.status == .conflict && answer["code"] == "case_signed")
            }
            #expect(try await clinic.rows("inference_tasks") == 1)
            #expect(try await clinic.call(.post, predict + "?force=true", as: ward.doctor).status == .accepted)
            try await clinic.work()
            let list = try await clinic.call(.get, "/api/reports/?caseId=\(ward.caseID)", as: ward.doctor).list
            #expect(list.map { $0["status"] as? String } == ["draft", "finalized"])
            #expect(list.last?["signedBy"] as? String == "Ada Lovelace" && list.first?["signedBy"] is NSNull)
            let forced = String(form.dropLast()) + ", \"force\": true}"
            let again = try await clinic.call(.post, "/api/inference/", forced, as: ward.doctor)
            #expect(again.status == .accepted)
            let task = try #require(again["id"])
            _ = try await clinic.call(.post, "/api/inference/tasks/\(task)/cancel/", as: ward.doctor)
            let page = try await clinic.call(.get, "/cases/\(ward.caseID)", headers: Self.cookie(ward.doctor)).text
            #expect(page.contains("Signed report") && page.contains("Signed by Ada Lovelace"))
            #expect(page.contains("Report draft") && page.contains("data-signed=\"true\""))
            #expect(try await ward.read(clinic)["finalizedText"] == signed["finalizedText"])
        }
    }

    @Test(arguments: TestDatabase.all) func aSeriesOfASignedCaseIsReplacedByForceAlone(_ kind: TestDatabase)
        async throws
    {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            _ = try await ward.sign(clinic)
            let scope = try await clinic.services.sessions.authenticate(ward.doctor, origin: RequestOrigin()).scope
            let item = try #require(CaseID(ward.caseID))
            let image = HeadPhantom.nifti()
            await #expect { _ = try await Self.begin(clinic, scope, item, force: false) } throws: {
                ($0 as? AppError)?.code == .caseSigned
            }
            let upload = try await Self.begin(clinic, scope, item, force: true)
            var appender = try await clinic.services.uploads.open(scope, upload, case: item, at: 0)
            try await appender.append(Data(image))
            try await appender.drain()
            _ = try await clinic.services.uploads.close(scope, appender)
            let body = WebFixture.form(Data(image), "t1ce")
            let sent = try await clinic.client.execute(
                uri: "/api/cases/\(ward.caseID)/upload/?force=true", method: .post,
                headers: [
                    .contentType: "multipart/form-data; boundary=edge", .authorization: "Bearer \(ward.doctor)",
                ], body: .init(bytes: body)
            ) { Answer($0) }
            #expect(sent.status == .created)
            #expect(try await ward.read(clinic)["status"] == "finalized")
        }
    }

    private static func begin(_ clinic: WebFixture, _ scope: Scope, _ item: CaseID, force: Bool) async throws
        -> UploadID
    {
        try await clinic.services.uploads.create(
            scope, case: item, modality: .t1ce, filename: "t1ce.nii", size: Int64(HeadPhantom.nifti().count),
            force: force
        ).id
    }

    @Test(arguments: TestDatabase.all) func correctionsAreAddenda(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            let path = "/api/reports/\(ward.report)/"
            let form = #"{"text": "Compared with May.\nNo growth.", "reason": "Prior study found"}"#
            let early = try await clinic.call(.post, path + "addenda/", form, as: ward.radiologist)
            #expect(early.status == .conflict && early["error"]?.contains("not signed") == true)
            let signed = try await ward.sign(clinic)
            let first = try await clinic.call(.get, path + "export/", as: ward.doctor).data
            #expect(try await clinic.call(.post, path + "addenda/", form, as: ward.doctor).status == .forbidden)
            for (json, field) in [(#"{"text": "  ", "reason": "x"}"#, "text"), (#"{"text": "x"}"#, "reason")] {
                let wrong = try await clinic.call(.post, path + "addenda/", json, as: ward.radiologist)
                #expect(wrong.status == .badRequest && wrong.object[field] != nil)
            }
            let tag = try #require(signed.headers[.eTag])
            let stale = try await clinic.call(
                .post, path + "addenda/", form, as: ward.radiologist, headers: [.ifMatch: tag])
            #expect(stale.status == .preconditionFailed)
            let added = try await clinic.call(.post, path + "addenda/", form, as: ward.radiologist)
            #expect(added.status == .created && added["finalizedText"] == signed["finalizedText"])
            let addendum = try #require((added.object["addenda"] as? [[String: Any]])?.first)
            #expect(addendum["number"] as? Int == 1 && addendum["createdBy"] as? String == "Ada Lovelace")
            #expect(addendum["reason"] as? String == "Prior study found" && addendum["createdAt"] != nil)
            #expect(try await clinic.call(.get, path + "addenda/", as: ward.doctor).list.count == 1)

            let second = try await clinic.call(.get, path + "export/", as: ward.doctor).data
            #expect(second != first)
            #expect(try await clinic.call(.get, path + "export/", as: ward.doctor).data == second)
            #expect(try await clinic.rows("report_pdfs") == 2)
            let part = try #require(try await ward.printed(clinic).sections.last)
            #expect(part.title.hasPrefix("ADDENDUM 1 – Ada Lovelace, "))
            #expect(
                part.sentences.map(\.text) == ["Reason: Prior study found", "Compared with May.", "No growth."])
            let page = try await clinic.call(.get, "/cases/\(ward.caseID)", headers: Self.cookie(ward.doctor)).text
            #expect(page.contains("Addendum 1") && page.contains("Prior study found"))
            #expect(try await clinic.rows("audit_entries WHERE action = 'report.addendum'") == 1)
            for statement in ["DELETE FROM report_addenda", "UPDATE report_addenda SET text = 'x'"] as [SQL] {
                await #expect(throws: DatabaseError.self) {
                    try await clinic.database.write { _ = try $0.execute(statement) }
                }
            }
            // Purging the case also deletes its reports.
            try await clinic.database.write { try $0.execute("DELETE FROM cases") }
            #expect(try await clinic.rows("report_addenda") == 0)
            #expect(try await clinic.rows("report_edits") == 0)
        }
    }

    // MARK: Seen revisions

    static func cookie(_ token: String) -> HTTPFields { [.cookie: "neuroai_access=\(token)"] }

    @Test(arguments: TestDatabase.all) func aStatusIsForTheRevisionThatWasSeen(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            let sign = #"{"status": "finalized"}"#
            let unseen = try await ward.patch(clinic, sign, as: ward.radiologist)
            #expect(unseen.status == .conflict && unseen["error"]?.contains("revision 0") == true)
            let seen = try await ward.read(clinic, as: ward.radiologist)
            #expect(try await ward.patch(clinic, #"{"finalizedText": "A doctor's text."}"#).status == .ok)
            let late = try await ward.patch(clinic, sign, as: ward.radiologist)
            #expect(late.status == .conflict && late["error"]?.contains("revision 1") == true)
            let tag = try #require(seen.headers[.eTag])
            let stale = try await ward.patch(clinic, sign, as: ward.radiologist, headers: [.ifMatch: tag])
            #expect(stale.status == .preconditionFailed)
            #expect(try await ward.patch(clinic, #"{"status": "reviewed"}"#, as: ward.radiologist).status == .conflict)
            #expect(try await ward.read(clinic)["status"] == "draft")
            // Every call that returns the text counts.
            let path = "/api/reports/\(ward.report)/"
            for (number, look) in [
                path, "/api/reports/", "/api/reports/?caseId=\(ward.caseID)", path + "traceability/", path + "export/",
                "/cases/\(ward.caseID)",
            ].enumerated() {
                let text = "{\"finalizedText\": \"Text \(number).\"}"
                #expect(try await ward.patch(clinic, text).status == .ok)
                let review = #"{"status": "reviewed"}"#
                #expect(try await ward.patch(clinic, review, as: ward.radiologist).status == .conflict)
                let isPage = look.hasPrefix("/cases")
                let shown = try await clinic.call(
                    .get, look, as: isPage ? nil : ward.radiologist,
                    headers: isPage ? Self.cookie(ward.radiologist) : [:])
                #expect(shown.status == .ok, "\(look)")
                #expect(try await ward.patch(clinic, review, as: ward.radiologist).status == .ok, "\(look)")
            }
        }
    }

    @Test(arguments: TestDatabase.all) func aNamedRevisionAndAnOwnTextNeedNoLook(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await Finished(clinic)
            let review = try await ward.patch(
                clinic, #"{"status": "reviewed"}"#, as: ward.radiologist, headers: [.ifMatch: "\"0\""])
            #expect(review["status"] == "reviewed")
            #expect(try await ward.patch(clinic, #"{"finalizedText": "A doctor's text."}"#).status == .ok)
            let own = #"{"finalizedText": "A radiologist's text.", "status": "finalized"}"#
            let signed = try await ward.patch(clinic, own, as: ward.radiologist)
            #expect(signed["status"] == "finalized" && signed["finalizedText"] == "A radiologist's text.")
        }
    }

    @Test func anOutageIsNotAMissingReport() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let ward = try await Finished(clinic)
            let path = "/cases/\(ward.caseID)"
            let researcher = try await clinic.signUp("res@clinic.org", role: "researcher")
            let plain = try await clinic.call(.get, path, headers: Self.cookie(researcher))
            #expect(plain.status == .ok && !plain.text.contains("Report draft"))
            try await clinic.database.write { try $0.execute("ALTER TABLE report_edits RENAME TO elsewhere") }
            let broken = try await clinic.call(.get, path, headers: Self.cookie(ward.doctor))
            #expect(broken.status.code >= 500)
        }
    }
}

extension ReportRoutesTests.Finished {
    /// The report as it would be printed.
    func printed(_ clinic: WebFixture) async throws -> ReportDocument {
        let scope = try await clinic.services.sessions.authenticate(doctor, origin: RequestOrigin()).scope
        let id = try #require(ID<Report>(report))
        let source = try await clinic.database.read { try ReportPrintSource(scope, id, at: .now, in: $0) }
        return source.document(picture: nil, contradictions: try await source.report.contradictions())
    }

    func casePage(_ clinic: WebFixture) async throws -> String {
        try await clinic.call(.get, "/cases/\(caseID)", headers: SignedReportTests.cookie(doctor)).text
    }
}

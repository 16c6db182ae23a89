import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Features
@testable import Kernel

struct ReportExportRoutesTests {
    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func aReportIsPrintedOnceForEachState(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await WebFixture.with(kind, on: blobs) { clinic in
            let ward = try await ReportRoutesTests.Finished(clinic)
            let path = "/api/reports/\(ward.report)/"
            let draft = try await clinic.call(.get, path + "export/", as: ward.doctor)
            #expect(draft.status == .ok && draft.headers[.contentType] == "application/pdf")
            #expect(draft.data.starts(with: Data("%PDF-".utf8)))
            #expect(draft.headers[.contentDisposition]?.contains("PAT-1") == false)
            #expect(try await clinic.call(.get, path + "export/", as: ward.radiologist).data == draft.data)
            #expect(try await clinic.call(.get, path, as: ward.doctor)["status"] == "draft")

            #expect(try await ward.sign(clinic)["status"] == "finalized")
            // HEAD neither prints the report nor marks it as exported.
            let seen = try await clinic.call(.head, path + "export/", as: ward.doctor)
            #expect(seen.status == .ok && seen.headers[.contentType] == "application/pdf" && seen.data.isEmpty)
            #expect(seen.headers[.eTag] == nil && seen.headers[.contentLength] == nil)
            #expect(try await clinic.call(.get, path, as: ward.doctor)["status"] == "finalized")
            #expect(try await clinic.rows("report_pdfs") == 1)
            let final = try await clinic.call(.get, path + "export/", as: ward.doctor)
            #expect(final.status == .ok && final.data != draft.data)
            let report = try await clinic.call(.get, path, as: ward.doctor)
            #expect(report["status"] == "exported" && report["lastEditedBy"] == "Ada Lovelace")
            #expect(try await clinic.call(.get, path + "export/", as: ward.doctor).data == final.data)

            let known = try await clinic.call(.head, path + "export/", as: ward.doctor)
            #expect(known.headers[.eTag] == final.headers[.eTag] && known.data.isEmpty)
            #expect(known.headers[.contentLength] == String(final.data.count))

            let list = try await clinic.call(.get, path + "pdfs/", as: ward.doctor).list
            #expect(list.map { $0["status"] as? String } == ["exported", "draft"])
            let url = try #require((list.first?["url"] as? String).flatMap { URLComponents(string: $0) })
            let file = try await clinic.call(.get, "\(url.path)?\(url.query ?? "")")
            #expect(file.data == final.data && file.headers[.contentType] == "application/pdf")
            #expect(file.headers[.eTag] == "\"\(list.first?["sha256"] as? String ?? "")\"")
            let stranger = try await clinic.signUp("eve@clinic.org")
            for ending in ["export/", "pdfs/"] {
                #expect(try await clinic.call(.get, path + ending, as: stranger).status == .notFound)
            }
            #expect(try await clinic.rows("audit_entries WHERE action = 'report.export'") == 4)
            // Related objects are deleted with a case.
            try await clinic.database.write { try $0.execute("DELETE FROM cases") }
            #expect(try await clinic.rows("report_pdfs") == 0)
            #expect(try await clinic.rows("blobs") == 0)
        }
    }

    /// Twelve concurrent requests in one process or across two: each process prints once, and one PDF is stored and
    /// returned to all.
    @Test(arguments: TestDatabase.all, [1, 2]) func oneRevisionIsPrintedOnce(
        _ kind: TestDatabase, _ processes: Int
    ) async throws {
        try await WebFixture.with(kind) { clinic in
            let ward = try await ReportRoutesTests.Finished(clinic)
            let id = try #require(ID<Report>(ward.report))
            let scope = try await clinic.services.sessions.authenticate(ward.doctor, origin: RequestOrigin()).scope
            let count = Mutex(0)
            let exports = (0..<processes).map { _ in
                ReportExportService(
                    database: clinic.database, blobs: clinic.blobs, audit: clinic.services.audit,
                    printer: ReportPrinter { document in
                        count.withLock { $0 += 1 }
                        return Data("%PDF-\(document.footer)".utf8)
                    })
            }
            for isSigned in [false, true] {
                count.withLock { $0 = 0 }
                let exported = try await clinic.rows("audit_entries WHERE action = 'report.export'")
                if isSigned { #expect(try await ward.sign(clinic)["status"] == "finalized") }
                let files = try await clinic.storedFiles()
                let prints = try await withThrowingTaskGroup(of: PrintedReport.self) { group in
                    for number in 0..<12 {
                        group.addTask { try await exports[number % processes].export(scope, id) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(prints.map(\.id)).count == 1)
                #expect((1...processes).contains(count.withLock { $0 }))
                #expect(try await clinic.rows("report_pdfs") == (isSigned ? 2 : 1))
                #expect(try await clinic.storedFiles() == files + 1)
                let added = try await clinic.rows("audit_entries WHERE action = 'report.export'") - exported
                #expect(added == 12)
            }
        }
    }
}

import Foundation
import HTTPTypes
import HummingbirdTesting
import Imaging
import NIOCore
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// Served files identify no one, have the extension of their content, and uploads report a mismatch.
struct DeidentificationRoutesTests {
    /// The series' file from a response's signed URL.
    private func served(_ image: [String: Any], _ clinic: WebFixture) async throws -> Answer {
        let text = try #require(image["filePath"] as? String)
        let address = try #require(URLComponents(string: text))
        return try await clinic.call(.get, "\(address.path)?\(address.query ?? "")")
    }

    private func names(_ data: Data) -> Bool {
        ["SMITH", "JOHN"].contains { data.range(of: Data($0.utf8)) != nil }
    }

    @Test(arguments: TestDatabase.all) func anUploadIsServedWithoutAName(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let researcher = try await clinic.signUp("rae@clinic.org", role: "researcher")
            let id = try await clinic.makeCase(token)
            for (modality, file) in [
                ("t1", NamedNIfTI()), ("t2", NamedNIfTI(isBigEndian: true, members: 1, seed: 1)),
                ("flair", NamedNIfTI(isSecond: true, members: 3, seed: 2)),
            ] {
                let uploaded = try await clinic.upload(file.bytes, modality, to: id, as: token, name: "IM0001")
                #expect(uploaded.status == .created, "\(uploaded.text)")
                let answer = try await served(uploaded.object, clinic)
                #expect(answer.status == .ok && !names(answer.data))
                #expect((uploaded.object["fileSize"] as? Int) == answer.data.count)
                let ending = file.members > 0 ? ".nii.gz" : ".nii"
                #expect(answer.headers[.contentDisposition] == "inline; filename=\"\(modality)\(ending)\"")
                #expect(uploaded["filePath"]?.contains("/\(modality)\(ending)?") == true)
                #expect((answer.headers[.contentType] == "application/gzip") == (file.members > 0))
                // Replacing a series leaves no file behind.
                let replaced = try await clinic.upload(file.bytes, modality, to: id, as: token)
                #expect(replaced.status == .created)
            }
            for image in try await clinic.call(.get, "/api/cases/\(id)/images/", as: researcher).list {
                #expect(try await !names(served(image, clinic).data))
            }
            #expect(try await clinic.storedFiles() == 3)
        }
    }

    @Test func whatComesInPartsIsServedWithoutAName() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let file = NamedNIfTI(members: 1).bytes
            let modality = Data("t1ce".utf8).base64EncodedString()
            var headers: HTTPFields = [
                .authorization: "Bearer \(token)", .tusResumable: "1.0.0", .uploadLength: String(file.count),
                .uploadMetadata: "modality \(modality)",
            ]
            let begun = try await clinic.client.execute(
                uri: "/api/cases/\(id)/uploads/", method: .post, headers: headers
            ) { Answer($0) }
            let path = try #require(begun.headers[.location])
            headers[.uploadOffset] = "0"
            headers[.contentType] = ResumableUploadRoutes.contentType
            let sent = try await clinic.client.execute(
                uri: path, method: .patch, headers: headers, body: ByteBuffer(bytes: file)
            ) { Answer($0) }
            #expect(sent.status == .noContent && sent.headers[.uploadOffset] == String(file.count))
            let image = try #require(try await clinic.call(.get, "/api/cases/\(id)/images/", as: token).list.first)
            #expect(try await !names(served(image, clinic).data))
            #expect(try await clinic.storedFiles() == 1)
            #expect(try await clinic.rows("blobs") == 1)
        }
    }

    /// Files stored by earlier versions are de-identified on first access.
    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func aFileFromBeforeIsServedWithoutAName(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await WebFixture.with(kind, on: blobs) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let file = NamedNIfTI(members: 1).bytes
            let uploaded = try await clinic.upload(file, "t1", to: id, as: token, name: "scan.nii")
            #expect(uploaded.status == .created)
            let old = try await clinic.blobs.put(file)
            try await clinic.database.write { connection in
                try BlobRowStore(connection).insert(
                    institution: InstitutionID.default, old,
                    case: CaseID(id))
                try connection.execute("UPDATE series SET file_format = NULL, affine = NULL")
                try connection.execute("UPDATE series_blobs SET blob_id = \(old.key)")
            }
            for _ in 0..<2 {
                let answer = try await served(uploaded.object, clinic)
                #expect(answer.status == .ok && !names(answer.data) && answer.data.count < file.count)
                #expect(answer.headers[.contentDisposition] == "inline; filename=\"t1.nii.gz\"")
            }
            let image = try #require(try await clinic.call(.get, "/api/cases/\(id)/images/", as: token).list.first)
            #expect((image["filePath"] as? String)?.contains("/t1.nii.gz?") == true)
            #expect(try await clinic.rows("series WHERE affine IS NOT NULL AND file_format = 'nii.gz'") == 1)
            #expect(try await clinic.rows("audit_entries WHERE action = 'image.strip'") == 1)
            #expect(try await clinic.rows("blobs WHERE id = '\(old.key)'") == 0)
        }
    }

    @Test(arguments: TestDatabase.all) func aSeriesElsewhereIsSaidAtUpload(_ kind: TestDatabase) async throws {
        try await WebFixture.with(kind) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            var moved = HeadPhantom.nifti(brightness: 20)
            withUnsafeBytes(of: Float(-10).bitPattern.littleEndian) { moved.replaceSubrange(292..<296, with: $0) }
            let uploaded = try await clinic.upload(moved, "flair", to: id, as: token)
            #expect(uploaded.status == .created && uploaded.object["isValid"] as? Bool == true)
            #expect(uploaded["message"]?.contains("FLAIR and T1CE do not overlap enough") == true, "\(uploaded.text)")
            let images = try await clinic.call(.get, "/api/cases/\(id)/images/", as: token).list
            #expect(images.allSatisfy { $0["message"] as? String != "" })
            let fitting = try await clinic.upload(HeadPhantom.nifti(brightness: 20), "flair", to: id, as: token)
            #expect(fitting.object["isValid"] as? Bool == true && fitting["message"] == "")
            let again = try await clinic.call(.post, "/api/inference/", "{\"caseId\": \"\(id)\"}", as: token)
            #expect(again.status == .accepted, "\(again.text)")
        }
    }

    @Test func whatIsNoHeadIsRefusedAtUpload() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            var wide = HeadPhantom.nifti()
            for axis in 0..<3 {
                withUnsafeBytes(of: Float(8.3).bitPattern.littleEndian) {
                    wide.replaceSubrange(280 + 20 * axis..<284 + 20 * axis, with: $0)
                    wide.replaceSubrange(80 + 4 * axis..<84 + 4 * axis, with: $0)
                }
            }
            let answer = try await clinic.upload(wide, "t1", to: id, as: token)
            #expect(answer.status == .badRequest)
            #expect((answer.object["file"] as? [String])?.first?.contains("a head measures 40 to 400 mm") == true)
        }
    }
}

import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

struct UploadRoutesTests {
    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func keepsAnImageAndServesItByASignedAddress(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await WebFixture.with(kind, on: blobs) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let image = HeadPhantom.nifti()
            let uploaded = try await clinic.upload(image, "t1ce", to: id, as: token, name: "Smith^John.nii")
            #expect(uploaded.status == .created)
            #expect(uploaded.object["dimensions"] as? [Int] == [80, 96, 72])
            #expect(uploaded.object["isValid"] as? Bool == true)
            let address = try #require(uploaded["filePath"].flatMap { URLComponents(string: $0) })
            #expect(!address.path.contains("Smith"))
            let path = "\(address.path)?\(address.query ?? "")"

            let whole = try await clinic.call(.get, path)
            #expect(whole.data == image)
            let part = try await clinic.call(.get, path, headers: [.range: "bytes=344-347"])
            #expect(part.status == .partialContent && part.text == "n+1\0")
            #expect(part.headers[.contentRange] == "bytes 344-347/\(image.count)")
            let tag = try #require(whole.headers[.eTag])
            for known in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
                #expect(try await clinic.call(.get, path, headers: [.ifNoneMatch: known]).status == .notModified)
            }
            for (condition, status) in [(tag, HTTPResponse.Status.partialContent), ("\"x\"", .ok)] {
                let answer = try await clinic.call(.get, path, headers: [.range: "bytes=0-3", .ifRange: condition])
                #expect(answer.status == status)
            }
            let head = try await clinic.call(.head, path)
            #expect(head.status == .ok && head.data.isEmpty)
            #expect(head.headers[.contentDisposition] == "inline; filename=\"t1ce.nii\"")
            #expect(
                try await clinic.call(.get, path, headers: [.range: "bytes=99999999-"]).status == .rangeNotSatisfiable)
            // Any change of the URL is detected.
            #expect(try await clinic.call(.get, path.replacing("expires=1", with: "expires=2")).status == .forbidden)
            #expect(try await clinic.call(.get, String(path.dropLast())).status == .forbidden)
            #expect(try await clinic.call(.get, address.path).status == .notFound)
        }
    }

    /// As sent by .NET, and with Windows file names.
    @Test func otherClientsFormsAreTaken() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let path = "/api/cases/\(id)/upload/"
            for (name, shown) in [
                ("filename=t1.nii; filename*=utf-8''t1.nii", "t1.nii"),
                ("filename=\"C:\\Users\\Ada\\t1 scan.nii\"", "t1 scan.nii"),
                ("filename=\"t1\u{202e}iin.nii\"", "t1iin.nii"),
            ] {
                let head =
                    "--edge\r\nContent-Disposition: form-data; name=modality\r\n\r\nt1\r\n--edge\r\n"
                    + "Content-Type: application/octet-stream\r\nContent-Disposition: form-data; name=file; \(name)\r\n\r\n"
                let body = Data(head.utf8) + HeadPhantom.nifti() + Data("\r\n--edge--\r\n".utf8)
                let answer = try await clinic.client.execute(
                    uri: path, method: .post,
                    headers: [
                        .contentType: "multipart/form-data; boundary=\"edge\"", .authorization: "Bearer \(token)",
                    ], body: ByteBuffer(bytes: body)
                ) { Answer($0) }
                #expect(answer.status == .created && answer["originalFilename"] == shown, "\(answer.text)")
            }
        }
    }

    /// A rejected body, with the field and a word of the error.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let data: @Sendable () -> Data
        var modality = "t1"
        var field = "file"
        var status = HTTPResponse.Status.badRequest

        var testDescription: String { name }
    }

    private static let faults = [
        Fault(name: "text") { Data("this is no image".utf8) },
        Fault(name: "empty") { Data() },
        Fault(name: "cut short") { HeadPhantom.nifti().prefix(200_000) },
        Fault(name: "too large", data: { Data(count: Int(WebFixture.uploadLimit) + 1) }, status: .contentTooLarge),
        Fault(name: "four-dimensional") {
            var data = HeadPhantom.nifti()
            data[40] = 4
            data[48] = 2
            return data
        },
        Fault(name: "zero spacing") {
            var data = HeadPhantom.nifti()
            data.replaceSubrange(80..<84, with: Data(count: 4))
            return data
        },
        Fault(name: "sform and qform that disagree about left and right") {
            HeadPhantom.withForms(sform: [-2, 0, 0, 80, 0, 2, 0, -96, 0, 0, 2, -72])
        },
        Fault(name: "an sform of zeros alone") {
            var data = HeadPhantom.nifti()
            data.replaceSubrange(280..<328, with: Data(count: 48))
            return data
        },
        Fault(name: "label map", data: { HeadPhantom.labels() }),
        Fault(name: "not a sequence", data: { HeadPhantom.nifti() }, modality: "t1c", field: "modality"),
    ]

    @Test(arguments: faults) func aRefusedUploadSaysWhyAndLeavesNothing(_ fault: Fault) async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let answer = try await clinic.upload(fault.data(), fault.modality, to: id, as: token)
            #expect(answer.status == fault.status, "\(answer.text)")
            if fault.status == .badRequest {
                #expect((answer.object[fault.field] as? [String])?.first?.isEmpty == false, "\(answer.text)")
            } else {
                #expect(answer["error"]?.isEmpty == false)
            }
            #expect(try await clinic.storedFiles() == 0)
            #expect(try await clinic.rows("series") == 0)
            #expect(try await clinic.rows("blobs") == 0)
        }
    }

    /// Equal forms, and an sform of zeros beside a valid qform.
    @Test(arguments: [nil, [Float](repeating: 0, count: 12)]) func aSoundQformIsEnough(_ sform: [Float]?) async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let answer = try await clinic.upload(HeadPhantom.withForms(sform: sform), "flair", to: id, as: token)
            #expect(answer.status == .created, "\(answer.text)")
            #expect(answer.object["isValid"] as? Bool == true)
        }
    }

    @Test func anUploadCutAnywhereLeavesNothing() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let whole = WebFixture.form(HeadPhantom.nifti(), "t1")
            for length in [0, 1, 60, 120, 200, 600, 1_000_000, whole.count - 9, whole.count - 3] {
                let answer = try await clinic.post(form: whole.prefix(length), to: id, as: token)
                #expect(answer.status == .badRequest, "\(length)")
                #expect(try await clinic.storedFiles() == 0)
            }
            #expect(try await clinic.rows("series") == 0)
            #expect(try await clinic.rows("blobs") == 0)
            #expect(try await clinic.call(.get, "/api/cases/\(id)/", as: token)["status"] == "created")
        }
    }

    @Test func oneImageIsNotTwoSequences() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeUploadedCase(token)
            let again = try await clinic.upload(HeadPhantom.nifti(), "t1", to: id, as: token)
            #expect(again.status == .badRequest && again.object["file"] != nil)
            let replaced = try await clinic.upload(HeadPhantom.nifti(brightness: 50), "t1ce", to: id, as: token)
            #expect(replaced.status == .created)
            #expect(try await clinic.storedFiles() == 1)
            #expect(try await clinic.call(.get, "/api/cases/\(id)/images/", as: token).list.count == 1)
        }
    }
}

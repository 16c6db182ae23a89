import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

@testable import Web

struct ResumableUploadRoutesTests {
    /// A client of the tus protocol.
    private struct Tus {
        let clinic: WebFixture
        let token: String

        func call(
            _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = [:], _ body: Data? = nil
        ) async throws -> Answer {
            var headers = headers
            headers[.authorization] = "Bearer \(token)"
            if headers[.tusResumable] == nil { headers[.tusResumable] = "1.0.0" }
            let answer = try await clinic.client.execute(
                uri: path, method: method, headers: headers, body: body.map { ByteBuffer(bytes: $0) }
            ) { Answer($0) }
            return try await clinic.traced(method, path, answer)
        }

        func begin(_ caseID: String, _ size: Int, modality: String = "t1ce") async throws -> Answer {
            let metadata =
                "filename \(Data("Smith.nii".utf8).base64EncodedString()),modality "
                + Data(modality.utf8).base64EncodedString()
            return try await call(
                .post, "/api/cases/\(caseID)/uploads/",
                [.uploadLength: String(size), .uploadMetadata: metadata])
        }

        func send(_ path: String, _ bytes: Data, at offset: Int, checksum: String? = nil) async throws -> Answer {
            var headers: HTTPFields = [
                .uploadOffset: String(offset), .contentType: ResumableUploadRoutes.contentType,
            ]
            headers[.uploadChecksum] = checksum
            return try await call(.patch, path, headers, bytes)
        }
    }

    @Test(arguments: TestDatabase.all, TestBlobs.Kind.all) func anImageComesInParts(
        _ kind: TestDatabase, _ blobs: TestBlobs.Kind
    ) async throws {
        try await WebFixture.with(kind, on: blobs) { clinic in
            let token = try await clinic.signUp()
            let tus = Tus(clinic: clinic, token: token)
            let id = try await clinic.makeCase(token)
            let image = HeadPhantom.nifti()
            let begun = try await tus.begin(id, image.count)
            #expect(begun.status == .created && begun.headers[.tusResumable] == "1.0.0")
            #expect(begun.headers[.uploadExpires]?.hasSuffix("GMT") == true)
            let path = try #require(begun.headers[.location])
            var offset = 0
            while offset < image.count {
                let head = try await tus.call(.head, path)
                #expect(head.status == .ok && head.headers[.uploadOffset] == String(offset) && head.data.isEmpty)
                #expect(head.headers[.uploadLength] == String(image.count))
                let sent = try await tus.send(path, image.dropFirst(offset).prefix(1_000_000), at: offset)
                #expect(sent.status == .noContent, "\(sent.text)")
                offset = sent.headers[.uploadOffset].flatMap { Int($0) } ?? image.count
            }
            let list = try await clinic.call(.get, "/api/cases/\(id)/images/", as: token).list
            #expect(list.first?["modality"] as? String == "t1ce" && list.first?["fileSize"] as? Int == image.count)
            #expect(try await tus.call(.head, path).headers[.uploadOffset] == String(image.count))
            #expect(try await clinic.storedFiles() == 1)
        }
    }

    @Test func refusalsAreTheProtocols() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let tus = Tus(clinic: clinic, token: token)
            let id = try await clinic.makeCase(token)
            let collection = "/api/cases/\(id)/uploads/"
            let options = try await clinic.call(.options, collection)
            #expect(options.status == .noContent && options.headers[.tusVersion] == "1.0.0")
            #expect(options.headers[.tusExtension] == "creation,expiration,checksum,termination")
            #expect(options.headers[.tusMaxSize] == String(WebFixture.uploadLimit))
            let old = try await tus.call(.post, collection, [.tusResumable: "0.2.2", .uploadLength: "5"])
            #expect(old.status == .preconditionFailed && old.headers[.tusVersion] == "1.0.0")
            #expect(try await tus.begin(id, Int(WebFixture.uploadLimit) + 1).status == .contentTooLarge)
            #expect(try await tus.begin(id, 0).object["Upload-Length"] != nil)
            #expect(try await tus.begin(id, 10, modality: "t1c").object["modality"] != nil)

            let begun = try await tus.begin(id, 10)
            let path = try #require(begun.headers[.location])
            let bytes = Data("12345".utf8)
            #expect(try await tus.send(path, bytes, at: 3).status == .conflict)
            #expect(try await tus.send(path, bytes, at: 0, checksum: "sha1 AAAA").status.code == 460)
            #expect(try await tus.send(path, bytes, at: 0, checksum: "crc32 AAAA").status == .badRequest)
            let wrongType = try await tus.call(.patch, path, [.uploadOffset: "0", .contentType: "text/plain"], bytes)
            #expect(wrongType.status == .unsupportedMediaType)
            #expect(try await tus.call(.head, path).headers[.uploadOffset] == "0")
            #expect(try await tus.send(path, bytes, at: 0).status == .noContent)
            #expect(try await clinic.call(.get, "/api/cases/\(id)/images/", as: token).list.isEmpty)
            let end = try await tus.send(path, bytes, at: 5)
            #expect(end.status == .badRequest && end.object["file"] != nil)
            let gone = try await tus.call(.head, path)
            #expect(gone.status == .notFound && gone.data.isEmpty)

            let given = try #require(try await tus.begin(id, 10).headers[.location])
            #expect(try await tus.call(.delete, given).status == .noContent)
            #expect(try await tus.call(.head, given).status == .notFound)
            let other = Tus(clinic: clinic, token: try await clinic.signUp("eve@clinic.org"))
            #expect(try await other.begin(id, 10).status == .notFound)
            #expect(try await Tus(clinic: clinic, token: "x").begin(id, 10).status == .unauthorized)
        }
    }
}

import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

/// If an object store's own URLs are reachable, clients are redirected there for file contents, and nothing else.
struct FileRedirectTests {
    private static let bucket = "https://bucket.example/"

    private static func uploaded(_ clinic: WebFixture) async throws -> (path: String, bytes: Data) {
        let token = try await clinic.signUp()
        let image = HeadPhantom.nifti()
        let answer = try await clinic.upload(image, "t1ce", to: try await clinic.makeCase(token), as: token)
        let address = try #require(answer["filePath"].flatMap { URLComponents(string: $0) })
        return ("\(address.path)?\(address.query ?? "")", image)
    }

    @Test func theBytesAreAtTheAddress() async throws {
        try await WebFixture.with(.sqlite, on: .bucket, bucketAddress: Self.bucket) { clinic in
            let (path, image) = try await Self.uploaded(clinic)
            // A client repeats its range at the new address.
            for headers in [[:], [.range: "bytes=0-3"]] as [HTTPFields] {
                let answer = try await clinic.call(.get, path, headers: headers)
                #expect(answer.status == .temporaryRedirect && answer.data.isEmpty)
                #expect(answer.headers[.cacheControl] == "no-store" && answer.headers[.eTag] == nil)
                #expect(answer.headers[.accessControlAllowOrigin] == "*")
                let url = try #require(answer.headers[.location].flatMap { URLComponents(string: $0) })
                #expect(url.string?.hasPrefix(Self.bucket) == true)
                let query = url.queryItems?.reduce(into: [:]) { $0[$1.name] = $1.value }
                #expect(query?["response-content-type"] == "application/octet-stream")
                #expect(query?["response-content-disposition"] == "inline; filename=\"t1ce.nii\"")
                let object = try await clinic.stored.bucket?.get(String(url.path.dropFirst()), nil).data
                #expect(object == image)
            }
        }
    }

    @Test func whatNeedsNoBytesIsAnsweredHere() async throws {
        try await WebFixture.with(.sqlite, on: .bucket, bucketAddress: Self.bucket) { clinic in
            let (path, image) = try await Self.uploaded(clinic)
            let head = try await clinic.call(.head, path)
            #expect(head.status == .ok && head.headers[.contentLength] == String(image.count))
            let tag = try #require(head.headers[.eTag])
            #expect(try await clinic.call(.get, path, headers: [.ifNoneMatch: tag]).status == .notModified)
            let beyond = try await clinic.call(.get, path, headers: [.range: "bytes=99999999-"])
            #expect(beyond.status == .rangeNotSatisfiable)
            // Users who may not see the file are not redirected.
            let forged = try await clinic.call(.get, path.replacing("expires=1", with: "expires=2"))
            #expect(forged.status == .forbidden && forged.headers[.location] == nil)
        }
    }
}

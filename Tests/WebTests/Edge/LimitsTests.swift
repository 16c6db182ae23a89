import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// The largest accepted and the smallest rejected values.
struct LimitsTests {
    @Test func aPortHasSixteenBits() {
        #expect(Authority("localhost:65535")?.port == 65_535 && Authority("localhost:0")?.port == 0)
        #expect(Authority("localhost:65536") == nil)
    }

    @Test func pagesAreCountedFromOne() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            for (query, status) in [
                ("page=1&page_size=200", HTTPResponse.Status.ok), ("page=1&page_size=201", .badRequest),
                ("page=1&page_size=1", .ok), ("page=1&page_size=0", .badRequest), ("page=0", .badRequest),
                ("page=1000000", .ok), ("page=1000001", .badRequest),
            ] {
                #expect(try await clinic.call(.get, "/api/cases/?\(query)", as: token).status == status, "\(query)")
            }
        }
    }

    /// Prometheus counts a request in every bucket whose upper bound is at least its value.
    @Test func bucketsRise() {
        #expect(zip(RequestMetrics.buckets, RequestMetrics.buckets.dropFirst()).allSatisfy { $0 < $1 })
    }

    private static func request(_ length: Int, declared: Int? = nil) -> Request {
        var headers: HTTPFields = [:]
        if let declared { headers[.contentLength] = String(declared) }
        let head = HTTPRequest(method: .post, scheme: nil, authority: "localhost", path: "/", headerFields: headers)
        return Request(head: head, body: RequestBody(buffer: ByteBuffer(repeating: 65, count: length)))
    }

    /// By the declared length as well as by the bytes received.
    @Test func aBodyOfTheLimitIsRead() async throws {
        for declared in [nil, 100] {
            var request = Self.request(100, declared: declared)
            #expect(try await request.collectedBody(upTo: 100).readableBytes == 100)
        }
        for (length, declared) in [(101, nil), (1, 101)] {
            var request = Self.request(length, declared: declared)
            await #expect(throws: AppError.self) { _ = try await request.collectedBody(upTo: 100) }
        }
    }

    /// The list of sign-ins shows the browser's User-Agent, truncated to a maximum length.
    @Test func aBrowsersNameIsCut() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let login = "{\"email\": \"ada@clinic.org\", \"password\": \"\(WebFixture.password)\"}"
            for length in [300, 301, 5000] {
                let name = String(repeating: "u", count: length)
                _ = try await clinic.call(.post, "/api/users/login/", login, headers: [.userAgent: name])
            }
            let rows = try await clinic.database.read {
                try $0.query("SELECT user_agent FROM sessions WHERE user_agent LIKE 'uuu%'")
            }
            #expect(try rows.map { try $0.get("user_agent", as: String.self).count } == [300, 300, 300])
            _ = token
        }
    }

    @Test func anUploadInPartsHasALength() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            func begin(_ size: Int64) async throws -> Answer {
                try await clinic.call(
                    .post, "/api/cases/\(id)/uploads/", as: token,
                    headers: [
                        .tusResumable: "1.0.0", .uploadLength: String(size), .uploadMetadata: "modality dDFjZQ==",
                    ])
            }
            #expect(try await begin(WebFixture.uploadLimit + 1).status == .contentTooLarge)
            for size in [0, -1] as [Int64] { #expect(try await begin(size).status == .badRequest) }
            let begun = try await begin(WebFixture.uploadLimit)
            #expect(begun.status == .created)
            let path = try #require(begun.headers[.location])
            for (offset, status) in [
                ("-1", HTTPResponse.Status.badRequest), ("x", .badRequest), ("1", .conflict), ("0", .noContent),
            ] {
                let answer = try await clinic.call(
                    .patch, path, "bytes", as: token,
                    headers: [
                        .tusResumable: "1.0.0", .uploadOffset: offset,
                        .contentType: ResumableUploadRoutes.contentType,
                    ])
                #expect(answer.status == status, "\(offset)")
            }
        }
    }

    /// Three header fields, each within its own limit.
    @Test func aHeadHasALimit() async throws {
        try await LiveClinic.with { clinic in
            for (length, status) in [(8 << 10, 200), (12 << 10, 400)] {
                let field = String(repeating: "a", count: length)
                let head =
                    "GET /api/health/ HTTP/1.1\r\nHost: localhost\r\nX-A: \(field)\r\nX-B: \(field)\r\nX-C: \(field)\r\n"
                    + "Connection: close\r\n\r\n"
                let found = try await clinic.status(of: Array(head.utf8))
                #expect(found == status, "\(length)")
            }
        }
    }
}

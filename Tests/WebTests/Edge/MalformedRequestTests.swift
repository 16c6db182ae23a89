import Foundation
import TestSupport
import Testing

@testable import Web

/// Malformed requests over a real socket: each is rejected as a client error and not logged as an error.
struct MalformedRequestTests {
    /// Bytes, and the status of the response.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        var status = 400
        /// Whether the client then disconnects.
        var isEnd = false

        var testDescription: String { name }

        init(_ name: String, _ text: String, status: Int = 400, isEnd: Bool = false) {
            self.name = name
            bytes = Array(text.utf8)
            self.status = status
            self.isEnd = isEnd
        }

        /// A request with these header lines.
        static func request(
            _ name: String, _ first: String, _ lines: [String] = ["Host: localhost"], body: String = "",
            status: Int = 400,
            isEnd: Bool = false
        ) -> Fault {
            let head = ([first + " HTTP/1.1"] + lines + ["Connection: close"]).joined(separator: "\r\n")
            return Fault(name, head + "\r\n\r\n" + body, status: status, isEnd: isEnd)
        }

        static func form(_ body: String, status: Int = 400) -> Fault {
            request(
                "the form \(body.prefix(20))", "POST /login",
                [
                    "Host: localhost", "Origin: http://localhost", "Content-Type: application/x-www-form-urlencoded",
                    "Content-Length: \(body.utf8.count)",
                ], body: body, status: status)
        }

        static func chunks(_ body: String, isEnd: Bool = false) -> Fault {
            request(
                "the chunks \(body.prefix(20).debugDescription)", "POST /api/users/login/",
                ["Host: localhost", "Transfer-Encoding: chunked"], body: body, isEnd: isEnd)
        }

        static func json(_ name: String, _ body: String, status: Int = 400) -> Fault {
            request(
                name, "POST /api/users/login/",
                ["Host: localhost", "Content-Type: application/json", "Content-Length: \(body.utf8.count)"], body: body,
                status: status)
        }
    }

    private static let forms: [Fault] = [
        "a=%zz", "a=%", "a=%4", "%=1", "email=1&email=2", "a=1&a[b]=2", "a[-1]=1", "a[=1", "email=%ff", "email=%c0%80",
        "email=%ed%a0%80",
    ].map { .form($0) }

    private static let chunks: [Fault] = [
        .chunks("-1\r\nx\r\n"), .chunks("zz\r\nx\r\n"), .chunks("fffffffffffffffff\r\nx\r\n"), .chunks("\r\n"),
        .chunks("5 5\r\nhello\r\n0\r\n\r\n"), .chunks("5\r\nhel", isEnd: true), .chunks("", isEnd: true),
        .chunks("2\r\n{}XX0\r\n\r\n"), .chunks("0x2\r\n{}\r\n0\r\n\r\n"),
    ]

    private static let lengths: [Fault] = [
        .request(
            "an unknown transfer coding", "POST /api/users/login/", ["Host: localhost", "Transfer-Encoding: xchunked"],
            body: "2\r\n{}\r\n0\r\n\r\n"),
        .request(
            "chunked before another coding", "POST /api/users/login/",
            ["Host: localhost", "Transfer-Encoding: chunked, gzip"], body: "2\r\n{}\r\n0\r\n\r\n"),
        .request(
            "another coding before chunked", "POST /api/users/login/",
            ["Host: localhost", "Transfer-Encoding: gzip, chunked"], body: "2\r\n{}\r\n0\r\n\r\n"),
        .request(
            "a length and chunks", "POST /api/users/login/",
            ["Host: localhost", "Content-Length: 2", "Transfer-Encoding: chunked"], body: "2\r\n{}\r\n0\r\n\r\n"),
        .request(
            "two lengths", "POST /api/users/login/", ["Host: localhost", "Content-Length: 2", "Content-Length: 3"],
            body: "{} "),
    ]

    private static let numbers: [Fault] = ["-1", "abc", "99999999999999999999999", "2, 2", "+2", "0x2"].map {
        .request(
            "the length \($0)", "POST /api/users/login/", ["Host: localhost", "Content-Length: \($0)"], body: "{}")
    }

    private static let ends: [Fault] = [
        .request(
            "a client gone in mid-body", "POST /api/users/login/", ["Host: localhost", "Content-Length: 1000"],
            body: "{",
            isEnd: true),
        .request(
            "a form cut short", "POST /login",
            ["Host: localhost", "Origin: http://localhost", "Content-Length: 1000"], body: "email=", isEnd: true),
        .request(
            "a body too long", "POST /api/users/login/", ["Host: localhost", "Content-Length: 16385"], status: 413),
    ]

    private static let heads: [Fault] = [
        .request("no host", "GET /api/health/", []),
        .request("two hosts", "GET /api/health/", ["Host: localhost", "Host: localhost"]),
        .request("two hosts, one ours", "GET /api/health/", ["Host: localhost", "Host: evil.example"]),
        .request("an absolute target elsewhere", "GET http://evil.example/api/health/"),
        .request("an absolute target behind a name", "GET http://localhost@evil.example/api/health/"),
        .request("an absolute target of another scheme", "GET ftp://localhost/api/health/"),
        .request("an absolute target that agrees", "GET http://LOCALHOST/login?x=1", status: 200),
        .request("a target without a slash", "GET api/health/"),
        .request("an authority as target", "CONNECT localhost:80"),
        .request("a null in a header", "GET /api/health/", ["Host: localhost", "X-A: a\u{0}b"]),
        .request("a null in the host", "GET /api/health/", ["Host: localhost\u{0}.evil.example"]),
        .request("a blank before a colon", "GET /api/health/", ["Host: localhost", "X-A : b"]),
        .request("a folded header", "GET /api/health/", ["Host: localhost", "X-A: b\r\n c"]),
        .request("a null in the path", "GET /api/\u{0}health/"),
        .request("a broken escape in the path", "GET /api/cases/%zz/"),
        .request("a broken escape in an asset", "GET /assets/%zz"),
        .request("bytes of no text in an asset", "GET /assets/%ff%c0"),
        .request("a broken escape in the query", "GET /login?a=%zz"),
        .request("bytes of no text in the query", "GET /login?a=%ff"),
        .request("an escape in the query", "GET /login?a=%C3%A4%20+%25", status: 200),
        Fault("no HTTP", "hello\r\n\r\n"), Fault("another protocol", "GET / SIP/2.0\r\nHost: localhost\r\n\r\n"),
    ]

    private static let hosts: [Fault] = [
        "localhost:8000@evil.example", "localhost:99999/x?", "localhost:", "localhost:+1", "localhost:65536",
        "local host", "localhost/x", "localhost?", "[::1", "[::1]x", "[zz]", "[127.0.0.1]", "a@localhost",
        "localhost, localhost",
    ].map { .request("the host \($0)", "GET /api/health/", ["Host: \($0)"]) }

    private static let documents: [Fault] = [
        .json("deep lists", String(repeating: "[", count: 16_000)),
        .json("deep objects", String(repeating: "{\"a\":", count: 3000)),
        .json("a huge number", "{\"email\": 1e999999}"),
        .json("a long number", "{\"email\": \(String(repeating: "9", count: 10_000))}"),
        .json("half a surrogate pair", "{\"email\": \"\\ud800\", \"password\": \"x\"}"),
        .json("a null in a text", "{\"email\": \"a\\u0000b\", \"password\": \"x\"}", status: 401),
        .json("nothing", ""), .json("no object", "null"), .json("a list", "[]"),
    ]

    @Test func eachIsItsSendersFault() async throws {
        let faults = [
            Self.forms, Self.chunks, Self.lengths, Self.numbers, Self.ends, Self.heads, Self.hosts, Self.documents,
        ].flatMap(\.self)
        try await LiveClinic.with { clinic in
            for fault in faults {
                let status = try await clinic.status(of: fault.bytes, isEnd: fault.isEnd)
                #expect(status == fault.status, "\(fault.name)")
            }
            #expect(clinic.log.lines(from: .warning) == [])
            #expect(clinic.log.lines(from: .debug).contains { $0.hasPrefix("request refused") })
        }
    }

    @Test func whatIsTooLongIsToldTheLimit() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let form = "email=" + String(repeating: "a", count: 20_000)
            for path in ["/api/users/login/", "/api/users/register/", "/api/users/refresh/", "/api/users/logout/"] {
                let refused = try await clinic.call(.post, path, form)
                #expect(refused.status == .contentTooLarge && refused.text.contains("16 KiB"), "\(path)")
            }
            for path in ["/login", "/register"] {
                let refused = try await clinic.call(
                    .post, path, form,
                    headers: [.contentType: "application/x-www-form-urlencoded", .origin: "http://localhost"])
                #expect(refused.status == .contentTooLarge && refused.text.contains("16 KiB"), "\(path)")
            }
            let token = try await clinic.signUp()
            let notes = String(repeating: "a", count: JSON.bodyLimit)
            let refused = try await clinic.call(.post, "/api/cases/", "{\"notes\": \"\(notes)\"}", as: token)
            #expect(refused.status == .contentTooLarge && refused.text.contains("1 MiB"))
            let id = try await clinic.makeCase(token)
            let file = try await clinic.upload(
                Data(count: Int(WebFixture.uploadLimit) + 1), "t1", to: id, as: token)
            #expect(file.status == .contentTooLarge && file.text.contains("4 MiB"), "\(file.text)")
            let parts = try await clinic.call(
                .post, "/api/cases/\(id)/uploads/", as: token,
                headers: [
                    .tusResumable: "1.0.0", .uploadLength: "\(WebFixture.uploadLimit + 1)",
                    .uploadMetadata: "modality dDFjZQ==",
                ])
            #expect(parts.status == .contentTooLarge && parts.text.contains("4 MiB"), "\(parts.text)")
        }
    }

    @Test func aLongDocumentIsDecodedElsewhere() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let notes = String(repeating: "ä", count: 20_000)
            let made = try await clinic.call(
                .post, "/api/cases/", "{\"patientId\": \"P\", \"age\": 61, \"sex\": \"F\", \"notes\": \"\(notes)\"}",
                as: token)
            #expect(made.status == .created && made["notes"] == notes)
            let bad = try await clinic.call(
                .post, "/api/cases/", "{\"notes\": \"\(notes)\", \"age\": {}}", as: token)
            #expect(bad.status == .badRequest)
        }
    }
}

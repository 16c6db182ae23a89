import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import Web

/// The WebSocket protocol (RFC 6455), with a client that may break its rules.
@Suite struct EventSocketTests {
    private static func open(_ clinic: LiveClinic, _ path: String = "/ws/events/") async throws -> EventClient {
        let token = try await clinic.signUp("\(UUID())@clinic.org")
        let client = try EventClient(clinic)
        #expect(try await client.connect(path, ["Authorization": "Bearer \(token)"]) == 101)
        #expect(try await client.events(until: "ready") == ["ready"])
        return client
    }

    @Test func theHandshakeIsThatOfTheStandard() async throws {
        try await LiveClinic.with { clinic in
            let token = try await clinic.signUp()
            let client = try EventClient(clinic)
            client.open(
                "/ws/events/", EventClient.handshake.merging(["Sec-WebSocket-Protocol": "bearer, \(token)"]) { $1 })
            let head = try await client.read(until: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
            #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
            #expect(head.contains("Sec-WebSocket-Protocol: bearer\r\n"))
            #expect(!head.lowercased().contains("transfer-encoding") && !head.lowercased().contains("content-length"))
        }
    }

    @Test(arguments: [
        ("Upgrade", "h2c", 426), ("Connection", "keep-alive", 426), ("Sec-WebSocket-Version", "8", 426),
        ("Sec-WebSocket-Key", "x", 400), ("Sec-WebSocket-Key", "", 400),
    ])
    func otherHandshakesAreRefused(_ name: String, _ value: String, _ status: Int) async throws {
        try await LiveClinic.with { clinic in
            let token = try await clinic.signUp()
            let client = try EventClient(clinic)
            let headers = [name: value, "Authorization": "Bearer \(token)"]
            #expect(try await client.connect("/ws/events/", headers) == status)
        }
    }

    @Test func aSocketOpensOnAUsedConnection() async throws {
        try await LiveClinic.with { clinic in
            let token = try await clinic.signUp()
            let client = try EventClient(clinic)
            client.open("/api/health/")
            _ = try await client.read(until: "}")
            #expect(try await client.connect("/ws/events/", ["Authorization": "Bearer \(token)"]) == 101)
            #expect(try await client.events(until: "ready") == ["ready"])
        }
    }

    @Test func pingsAreAnsweredAndMessagesIgnored() async throws {
        try await LiveClinic.with { clinic in
            let client = try await Self.open(clinic)
            client.send(1, Array("hello".utf8))
            client.send(1, Array("in ".utf8), isFinal: false)
            client.send(9, Array("between".utf8))
            client.send(0, Array("parts".utf8))
            #expect(try await client.frame() == .init(opcode: 10, payload: Array("between".utf8)))
            client.send(8, [0x03, 0xE8])
            let close = try await client.frame()
            #expect(close?.opcode == 8 && close?.code == 1000)
            #expect(try await client.frame() == nil)
        }
    }

    /// What a client must not send, and the closing code.
    struct Violation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: Int
        let send: @Sendable (EventClient) -> Void
    }

    static let violations = [
        Violation(testDescription: "unmasked", code: 1002) { $0.send(1, [1], isMasked: false) },
        Violation(testDescription: "binary", code: 1003) { $0.send(2, [1]) },
        Violation(testDescription: "too long", code: 1009) { $0.send(1, [UInt8](repeating: 65, count: 5000)) },
        Violation(testDescription: "too long in parts", code: 1009) { client in
            for index in 0..<5 { client.send(index == 0 ? 1 : 0, [UInt8](repeating: 65, count: 1000), isFinal: false) }
        },
        Violation(testDescription: "a continuation of nothing", code: 1002) { $0.send(0, [65]) },
        Violation(testDescription: "a message within another", code: 1002) { client in
            client.send(1, [65], isFinal: false)
            client.send(1, [65])
        },
        Violation(testDescription: "a fragmented ping", code: 1002) { $0.send(9, [65], isFinal: false) },
        Violation(testDescription: "a long ping", code: 1002) { $0.send(9, [UInt8](repeating: 65, count: 126)) },
        Violation(testDescription: "an unknown opcode", code: 1002) { $0.send(3, [65]) },
        Violation(testDescription: "half a closing code", code: 1002) { $0.send(8, [3]) },
        Violation(testDescription: "a reserved closing code", code: 1002) { $0.send(8, [0x03, 0xED]) },
    ]

    @Test(arguments: violations) func violationsCloseTheSocket(_ violation: Violation) async throws {
        try await LiveClinic.with { clinic in
            let client = try await Self.open(clinic)
            violation.send(client)
            let close = try await client.frame()
            #expect(close?.opcode == 8 && close?.code == violation.code)
            #expect(await eventually { clinic.services.events.feed.figures.open[.webSocket] == 0 })
        }
    }

    @Test func aClientThatAnswersNoPingIsDisconnected() async throws {
        try await LiveClinic.with(events: { $0.keepAlive = .seconds(1) }) { clinic in
            let client = try await Self.open(clinic)
            #expect(try await client.frame()?.opcode == 9)
            client.send(10, [])
            #expect(try await client.frame()?.opcode == 9)
            #expect(try await client.frame() == nil)
            #expect(await eventually { clinic.services.events.feed.figures.ended == [.stalled: 1] })
        }
    }

    @Test func aSocketFollowsATaskToItsEnd() async throws {
        try await LiveClinic.with { clinic in
            let token = try await clinic.signUp()
            let task = try await clinic.startSegmentation(token)
            let client = try EventClient(clinic)
            let headers = ["Authorization": "Bearer \(token)"]
            #expect(try await client.connect("/ws/inference/\(task)/", headers) == 101)
            #expect(try await client.events(until: "task") == ["ready", "task"])
            #expect(try await clinic.call("POST", "/api/inference/tasks/\(task)/cancel/", as: token).status == 200)
            #expect(try await client.events(until: "end") == ["task", "end"])
            let close = try await client.frame()
            #expect(close?.code == 1000 && close?.text.hasSuffix("completed") == true)
        }
    }
}

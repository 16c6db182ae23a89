import Features
import Foundation
import TestSupport
import Testing

@testable import neuroai

/// The limits of requests to an identity provider, against Python's HTTP server.
@Suite struct ProviderTransportTests {
    private static func with(_ body: @Sendable (_ port: UInt16) async throws -> Void) async throws {
        try await TemporaryFolder.with { folder in
            try Data(repeating: 0x20, count: 2000).write(to: folder.appendingPathComponent("keys"))
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("elsewhere"), withIntermediateDirectories: false)
            let port = try FreePort.findForRestarts()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", "-m", "http.server", "\(port)", "--bind", "127.0.0.1", "-d", folder.path]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            TestProcesses.add(process)
            defer { kill(process.processIdentifier, SIGKILL) }
            #expect(await eventually { (try? RawConnection(port)) != nil })
            try await body(port)
        }
    }

    @Test func bodiesAreLimited() async throws {
        try await Self.with { port in
            let request = ProviderRequest(url: "http://127.0.0.1:\(port)/keys")
            let whole = try await ProviderTransport.http(limit: 2000).send(request)
            #expect(whole.body.count == 2000)
            await #expect { try await ProviderTransport.http(limit: 1999).send(request) } throws: {
                "\($0)" == "the response is too large"
            }
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        try await Self.with { port in
            let response = try await ProviderTransport.http().send(
                ProviderRequest(url: "http://127.0.0.1:\(port)/elsewhere"))
            #expect(response.status == 301)
        }
    }

    /// A provider that accepts the connection and says nothing, and one that is not there; the error has no address.
    @Test func waitingEnds() async throws {
        try await Self.with { port in
            let relay = try TCPRelay(to: "127.0.0.1", Int(port))
            relay.isSilent = true
            defer { relay.stop() }
            let start = ContinuousClock.now
            await #expect {
                try await ProviderTransport.http(timeout: .milliseconds(500)).send(
                    ProviderRequest(url: "http://127.0.0.1:\(relay.port)/keys?code=secret"))
            } throws: {
                !"\($0)".isEmpty && !"\($0)".contains("secret")
            }
            #expect(ContinuousClock.now - start < .seconds(10))
            let unused = try FreePort.find()
            await #expect {
                try await ProviderTransport.http().send(ProviderRequest(url: "http://127.0.0.1:\(unused)/?code=secret"))
            } throws: {
                !"\($0)".contains("secret")
            }
        }
    }
}

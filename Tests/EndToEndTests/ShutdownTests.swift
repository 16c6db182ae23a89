import Foundation
import TestSupport
import Testing

/// How the server shuts down while clients are connected.
@Suite(.serialized, .enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct ShutdownTests {
    private static let slowUpload =
        "POST /api/users/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"

    /// A server with a request whose body is never completed.
    private static func withBusyServer(timeout: Int, _ body: @Sendable (ServerFixture) async throws -> Void)
        async throws
    {
        try await TemporaryFolder.with { folder in
            let site = try await ServerFixture.open(
                in: folder, arguments: ["serve", "--without-worker"],
                environment: ["SHUTDOWN_TIMEOUT": String(timeout), "CLIENT_TIMEOUT": "3600"])
            let client = try RawConnection(UInt16(site.port))
            client.transmit(Array(slowUpload.utf8))
            // Its request has arrived if a later one on another connection has been answered.
            #expect(try await site.call("GET", "/api/health/").status == 200)
            try await body(site)
            withExtendedLifetime(client) {}
        }
    }

    @Test func aSlowClientDelaysTheEndNoLongerThanIsSet() async throws {
        try await Self.withBusyServer(timeout: 1) { site in
            #expect(await site.end(SIGTERM, within: 40), "\(site.said)")
            #expect(site.said.contains("closed connections"), "\(site.said)")
        }
    }

    @Test func aSecondSignalEndsAtOnce() async throws {
        try await Self.withBusyServer(timeout: 3600) { site in
            site.send(SIGTERM)
            #expect(await eventually { site.said.contains("stopping") }, "\(site.said)")
            #expect(await site.end(SIGINT, within: 40), "\(site.said)")
            #expect(site.said.contains("closed connections"), "\(site.said)")
        }
    }
}

import Foundation
import TestSupport
import Testing

/// What the server logs while its database is unavailable.
@Suite(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct OutageLogTests {
    @Test func anOutageIsOneLineForEachCauseAndNotOneForEachRequest() async throws {
        try await TemporaryFolder.with { folder in
            // The database stops when the closure returns.
            let site = try await PostgresServer.withFreshDatabase { address in
                let user = "\(address.user):\(address.password)"
                let url = "postgresql://\(user)@\(address.host):\(address.port)/\(address.database)"
                let site = try await ServerFixture.open(in: folder, environment: ["DATABASE_URL": url])
                #expect(await eventually { site.said.contains("worker started") }, "\(site.said)")
                return site
            }
            let form = #"{"email": "ada@example.org", "password": "a long enough one"}"#
            for _ in 0..<20 { #expect(try await site.post("/api/users/login/", form).status >= 500) }
            // The worker and the sealer poll continuously.
            #expect(await eventually { site.said.contains("the job queue can't be read") }, "\(site.said)")
            #expect(await eventually { site.said.contains("cannot seal the audit trail") }, "\(site.said)")
            try await Task.sleep(for: .seconds(3))
            let lines = site.said.split(separator: "\n").filter { $0.contains("outage=") }
            let messages = Dictionary(grouping: lines) { line in
                line.replacing(#/^[^ ]+ /#, with: "").replacing(#/ (id|error|job|omitted)=("[^"]*"|[^ ]+)/#, with: "")
            }
            #expect(messages.values.allSatisfy { $0.count <= 2 }, "\(site.said)")
            #expect(lines.contains { $0.contains("request failed") })
            await site.close()
        }
    }
}

import Foundation
import TestSupport
import Testing

/// Clients that stall the built server, over a real socket.
@Suite(.serialized) struct SlowClientTests {
    /// A way to be slow or to send too much, and the start of the expected response; empty if there is none.
    struct Habit: Sendable, CustomTestStringConvertible {
        let name: String
        let opening: String
        /// Sent repeatedly.
        var drip = ""
        var answer = ""

        var testDescription: String { name }
    }

    private static let habits = [
        Habit(name: "says nothing", opening: ""),
        Habit(name: "a head that never ends", opening: "GET / HTTP/1.1\r\n", drip: "X-A: b\r\n"),
        Habit(
            name: "a body that trickles in",
            opening: "POST /api/users/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", drip: "x"),
        Habit(
            name: "a body that nobody wants",
            opening: "POST /api/cases/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n",
            drip: String(repeating: "x", count: 20_000), answer: "HTTP/1.1 401"),
        Habit(
            name: "a head too large",
            opening: "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: \(String(repeating: "a", count: 40_000))\r\n\r\n",
            answer: "HTTP/1.1 400"),
        Habit(
            name: "an address too long",
            opening: "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n",
            answer: "HTTP/1.1 400"),
    ]

    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func slowClientsAreGivenUpAndOthersServed() async throws {
        try await TemporaryFolder.with { folder in
            let port = UInt16.random(in: 40_000...45_999)
            let log = folder.appendingPathComponent("server.log")
            let server = try Program.start(
                ["serve", "--without-worker"],
                environment: [
                    "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": "\(folder.path)/media",
                    "PORT": String(port), "CLIENT_TIMEOUT": "1",
                ], log: log)
            let health = "GET /api/health/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
            await wait(for: port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for habit in Self.habits {
                    group.addTask {
                        let answer = try await RawConnection(port).answer(
                            to: habit.opening.utf8, drip: habit.drip, within: 12)
                        #expect(answer?.hasPrefix(habit.answer) == true, "\(habit.name): \(answer ?? "still open")")
                    }
                }
                for try await _ in group {}
            }
            let served = try await RawConnection(port).answer(to: health.utf8, within: 12)
            #expect(served?.hasPrefix("HTTP/1.1 200") == true)
            #expect(await server.end(SIGTERM))
        }
    }

    private func wait(for port: UInt16) async {
        #expect(await eventually { (try? RawConnection(port)) != nil }, "the server does not listen")
    }
}

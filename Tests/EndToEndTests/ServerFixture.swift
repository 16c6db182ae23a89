import Foundation
import TestSupport
import Testing

/// The built server in its own folder, reached over a real socket.
struct ServerFixture: LocalServer {
    let folder: URL
    let port: Int
    private let server: RunningProgram

    /// Starts the server and waits until it responds.
    static func open(
        in folder: URL, arguments: [String] = ["serve"], port: Int = .random(in: 40_000...46_000),
        environment: [String: String] = [:]
    ) async throws -> ServerFixture {
        let own = [
            "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": "\(folder.path)/media",
            "LOG_ROOT": "\(folder.path)/logs", "PORT": String(port), "SECRET_KEY": "", "METRICS_TOKEN": "",
        ]
        let server = try Program.start(
            arguments, environment: own.merging(environment) { $1 }, log: folder.appendingPathComponent("said"))
        let site = ServerFixture(folder: folder, port: port, server: server)
        let isUp = await eventually { (try? await site.call("GET", "/api/health/"))?.status == 200 }
        try #require(isUp, "\(site.said)")
        return site
    }

    /// The standard error of the server and its worker.
    var said: String { text("said") }

    func text(_ name: String) -> String {
        (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
    }

    var pid: pid_t { server.pid }

    /// Sends a signal and waits for the server to exit.
    func end(_ signal: Int32, within seconds: Double = 15) async -> Bool { await server.end(signal, within: seconds) }

    /// Sends a signal without waiting.
    func send(_ signal: Int32) { kill(server.pid, signal) }

    func close() async {
        #expect(await server.end(SIGTERM), "\(said)")
    }
}

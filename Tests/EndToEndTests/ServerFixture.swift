import Foundation
import FoundationNetworking
import TestSupport
import Testing

/// The built server in its own folder, reached over a real socket.
struct ServerFixture: Sendable {
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

    struct Answer: Sendable {
        let status: Int
        let data: Data

        var text: String { String(decoding: data, as: UTF8.self) }
        subscript(_ key: String) -> String? {
            ((try? JSONSerialization.jsonObject(with: data)) as? [String: Any])?[key] as? String
        }
    }

    func call(
        _ method: String, _ path: String, body: Data? = nil, type: String = "application/json", as token: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        request.httpMethod = method
        request.httpBody = body
        if body != nil { request.setValue(type, forHTTPHeaderField: "Content-Type") }
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        return Answer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, data: data)
    }

    func post(_ path: String, _ json: String, as token: String? = nil) async throws -> Answer {
        try await call("POST", path, body: Data(json.utf8), as: token)
    }

    func upload(_ data: Data, name: String, to id: String, as token: String) async throws -> Answer {
        let head =
            "--edge\r\nContent-Disposition: form-data; name=\"modality\"\r\n\r\nt1ce\r\n--edge\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n"
        return try await call(
            "POST", "/api/cases/\(id)/upload/", body: Data(head.utf8) + data + Data("\r\n--edge--\r\n".utf8),
            type: "multipart/form-data; boundary=edge", as: token)
    }
}

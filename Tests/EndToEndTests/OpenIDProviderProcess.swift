import Basics
import Foundation
import TestSupport
import Testing

/// A genuine OpenID provider (`Peers/openid_provider.py`) on a loopback port.
final class OpenIDProviderProcess: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let description = "The OpenID provider is missing or does not start; run scripts/bootstrap"
    }

    static let clientSecret = "a secret: of the client/100%"

    let port: UInt16
    private let process: Process

    var issuer: String { "http://127.0.0.1:\(port)" }

    /// - Parameter publicURL: of the server that its only client belongs to.
    init(publicURL: String, in folder: URL) async throws {
        port = try FreePort.findForRestarts()
        let python = Program.root.appending(path: ".deps/openid/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else { throw Missing() }
        process = Process()
        process.executableURL = python
        process.arguments = [
            Program.root.appending(path: "Tests/EndToEndTests/Peers/openid_provider.py").path, "\(port)", publicURL,
            folder.path,
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        TestProcesses.add(process)
        let (port, process) = (port, process)
        let isUp = await eventually(within: .seconds(60)) {
            (try? RawConnection(port)) != nil || !process.isRunning
        }
        guard isUp, process.isRunning else { throw Missing() }
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    func stop() { kill(process.processIdentifier, SIGKILL) }

    /// Creates or changes a user, who has the password "p".
    ///
    /// - Parameter isInUserInfo: whether the claims are in the user info alone.
    func put(_ name: String, _ claims: JSONValue, isInUserInfo: Bool = false) async throws {
        let body: JSONValue = ["password": "p", "claims": claims, "userinfo_only": .bool(isInUserInfo)]
        let answer = try await RedirectBrowser().send("PUT", "\(issuer)/control/users/\(name)", body: body.json)
        try #require(answer.status == 200)
    }
}

/// A browser with cookies that follows redirects step by step, so that tests see each of them. Cookies of loopback
/// ports are kept apart, as those of different hosts are.
final class RedirectBrowser: Sendable {
    private let cookies = Locked<[String: [String: String]]>([:])

    struct Answer: Sendable {
        let status: Int
        let headers: [(name: String, value: String)]
        let text: String
        let url: URL

        /// The first value of a header.
        subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }

        func all(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }
    }

    /// The cookies for a server by name.
    func cookies(of port: Int) -> [String: String] { cookies.value["\(port)"] ?? [:] }

    func setCookie(_ name: String, _ value: String?, of port: Int) {
        cookies.withLock { $0["\(port)", default: [:]][name] = value }
    }

    func send(_ method: String, _ address: String, body: String = "", origin: String? = nil) async throws -> Answer {
        let url = try #require(URL(string: address))
        let port = try #require(url.port)
        let path = url.path(percentEncoded: true) + (url.query(percentEncoded: true).map { "?" + $0 } ?? "")
        var lines = ["\(method) \(path.isEmpty ? "/" : path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"]
        let sent = cookies(of: port).map { "\($0)=\($1)" }.joined(separator: "; ")
        if !sent.isEmpty { lines.append("Cookie: \(sent)") }
        if method != "GET" {
            lines.append("Content-Type: application/x-www-form-urlencoded")
            lines.append("Content-Length: \(body.utf8.count)")
            lines.append("Origin: \(origin ?? "http://127.0.0.1:\(port)")")
        }
        let text = lines.joined(separator: "\r\n") + "\r\n\r\n" + body
        let raw = try #require(
            try await RawConnection(UInt16(port)).answer(to: Array(text.utf8), within: 30), "\(method) \(address)")
        return try answer(raw, url, port)
    }

    private func answer(_ raw: String, _ url: URL, _ port: Int) throws -> Answer {
        let end = try #require(raw.range(of: "\r\n\r\n"))
        let lines = raw[..<end.lowerBound].components(separatedBy: "\r\n")
        let status = try #require(lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            return (line[..<colon].lowercased(), value)
        }
        for (name, value) in headers where name == "set-cookie" {
            let pair = value.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let isCleared = value.contains("Max-Age=0")
            setCookie(String(pair[0]), isCleared ? nil : String(pair[1]), of: port)
        }
        return Answer(status: status, headers: headers, text: String(raw[end.upperBound...]), url: url)
    }

    /// The page that a redirect, or a page that leads on by itself, names.
    func follow(_ answer: Answer) async throws -> Answer {
        let refresh = answer.text.firstMatch(of: /http-equiv="refresh" content="0; url=([^"]*)"/)
        let next = answer["location"] ?? refresh.map { String($0.output.1).replacing("&amp;", with: "&") }
        let address = try #require(next, "\(answer.status) \(answer.text)")
        let target = try #require(URL(string: address, relativeTo: answer.url))
        return try await send("GET", target.absoluteString)
    }
}

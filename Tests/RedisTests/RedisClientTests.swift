import Basics
import Foundation
import TestSupport
import Testing

@testable import Redis

/// Against real servers, which are stopped and started while in use.
struct RedisClientTests {
    private static func options(timeout: Duration = .seconds(5)) -> RedisOptions {
        var options = RedisOptions()
        options.commandTimeout = timeout
        options.backoff = Backoff(first: .milliseconds(10), longest: .milliseconds(100))
        return options
    }

    @Test func commandsArePipelinedAndMatched() async throws {
        let server = try RedisServer()
        let client = RedisClient(try RedisURL(server.url), options: Self.options())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let reply = try await client.send(RedisCommand("ECHO", .integer(number)))
                    #expect(reply.integer == number)
                }
            }
            try await group.waitForAll()
        }
        let clients = try await client.send(RedisCommand("CLIENT", "LIST")).text ?? ""
        #expect(clients.split(separator: "\n").count == 1 && clients.contains("name=neuroai"))
        await client.shutdown()
        await #expect(throws: RedisError.closed) { try await client.send(RedisCommand("PING")) }
    }

    @Test func errorRepliesAndTransactions() async throws {
        let server = try RedisServer()
        let client = RedisClient(try RedisURL(server.url), options: Self.options())
        let replies = try await client.transaction([RedisCommand("INCR", "n"), RedisCommand("INCRBY", "n", 4)])
        #expect(replies.map(\.integer) == [1, 5])
        _ = try await client.send(RedisCommand("SET", "text", "x"))
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("INCR", "text")) }
        guard case .server(let reply)? = error else { throw RedisError.closed }
        #expect(reply.code == "ERR")
        await #expect(throws: RedisError.self) {
            try await client.transaction([RedisCommand("INCR", "text"), RedisCommand("INCR", "n")])
        }
        let script = RedisScript("return {KEYS[1], ARGV[1]}")
        for _ in 0..<2 {
            let values = try await script.run(on: client, keys: ["k"], ["a"]).array?.compactMap(\.text)
            #expect(values == ["k", "a"])
        }
        await client.shutdown()
    }

    @Test func usersDatabasesAndPasswords() async throws {
        let server = try RedisServer(["--requirepass", "s3cret", "--user", "reader", "on", ">p@ss", "~*", "+@all"])
        func client(_ user: String, database: Int = 0) throws -> RedisClient {
            RedisClient(
                try RedisURL("redis://\(user)@127.0.0.1:\(server.port)/\(database)"),
                options: Self.options(timeout: .seconds(1)))
        }
        for user in [":s3cret", "default:s3cret", "reader:p%40ss"] {
            let client = try client(user, database: 3)
            let info = try await client.send(RedisCommand("CLIENT", "INFO")).text ?? ""
            #expect(info.contains(" db=3 "))
            await client.shutdown()
        }
        for user in [":wr0ng", "reader:wr0ng", "nobody:wr0ng"] {
            let error = await #expect(throws: RedisError.self) {
                try await client(user).send(RedisCommand("PING"))
            }
            #expect(error == .authentication(code: "WRONGPASS"))
            #expect(error.map { "\($0)".contains("wr0ng") } == false)
        }
        let anonymous = RedisClient(try RedisURL(server.url), options: Self.options(timeout: .seconds(1)))
        await #expect(throws: RedisError.authentication(code: "NOAUTH")) {
            try await anonymous.send(RedisCommand("PING"))
        }
    }

    @Test func aUnixSocket() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "r-\(UUID().uuidString.prefix(8)).sock").path
        let server = try RedisServer(["--unixsocket", path])
        let client = RedisClient(try RedisURL("unix://\(path)?db=2"), options: Self.options())
        #expect(try await client.send(RedisCommand("PING")).text == "PONG")
        await client.shutdown()
        withExtendedLifetime(server) {}
    }

    // MARK: Failures

    @Test func aRestartIsSurvived() async throws {
        let server = try RedisServer(keepsData: true)
        let client = RedisClient(try RedisURL(server.url), options: Self.options())
        _ = try await client.send(RedisCommand("SET", "k", "v"))
        server.kill()
        let later = Task { try await client.send(RedisCommand("GET", "k"), isIdempotent: true) }
        try await Task.sleep(for: .milliseconds(300))
        try server.start()
        #expect(try await later.value.text == "v")
        await client.shutdown()
    }

    /// The limit allows for a machine that runs all tests at once; without a timeout this would never end.
    @Test func anAbsentServerIsReportedInTime() async throws {
        let server = try RedisServer()
        server.kill()
        let client = RedisClient(try RedisURL(server.url), options: Self.options(timeout: .milliseconds(400)))
        let begin = ContinuousClock.now
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect(ContinuousClock.now - begin < .seconds(120))
        guard case .unavailable? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aBlockedConnectionEndsWithItsServer() async throws {
        let server = try RedisServer()
        let client = RedisClient(try RedisURL(server.url), options: Self.options())
        let connection = try await client.dedicatedConnection()
        let reply = Task { try await connection.send(RedisCommand("BRPOP", "list", 0), timeout: .seconds(60)) }
        try await Task.sleep(for: .milliseconds(200))
        server.kill()
        await #expect(throws: RedisError.connectionLost(command: "BRPOP")) { try await reply.value }
        #expect(!connection.isActive)
    }

    @Test func aSilentServerTimesOut() async throws {
        let server = try RedisServer(["--enable-debug-command", "yes"])
        let client = RedisClient(try RedisURL(server.url), options: Self.options(timeout: .milliseconds(300)))
        _ = try await client.send(RedisCommand("PING"))
        await #expect(throws: RedisError.timeout(command: "DEBUG")) {
            try await client.send(RedisCommand("DEBUG", "SLEEP", 2))
        }
        await client.shutdown()
    }

    // MARK: TLS

    @Test func certificatesAreVerified() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        openssl.currentDirectoryURL = folder
        openssl.arguments = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        let certificate = folder.appending(path: "cert.pem").path
        let server = try RedisServer(
            [
                "--tls-cert-file", certificate, "--tls-key-file", folder.appending(path: "key.pem").path,
                "--tls-auth-clients", "no",
            ], isTLS: true)
        func ping(_ host: String, _ query: String) async throws -> String? {
            let url = try RedisURL("rediss://\(host):\(server.port)/0?\(query)")
            let client = RedisClient(url, options: Self.options(timeout: .seconds(1)))
            let reply = try await client.send(RedisCommand("PING")).text
            await client.shutdown()
            return reply
        }
        #expect(try await ping("localhost", "ssl_ca_certs=\(certificate)") == "PONG")
        #expect(try await ping("127.0.0.1", "ssl_cert_reqs=none") == "PONG")
        #expect(try await ping("127.0.0.1", "ssl_ca_certs=\(certificate)&ssl_check_hostname=false") == "PONG")
        await #expect(throws: RedisError.self) { try await ping("localhost", "") }
        await #expect(throws: RedisError.self) { try await ping("127.0.0.1", "ssl_ca_certs=\(certificate)") }
    }
}

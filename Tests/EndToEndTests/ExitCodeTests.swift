import Foundation
import TestSupport
import Testing

/// Exit codes and messages that `docs/command-line.md` promises of every command.
@Suite(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct ExitCodeTests {
    private static func environment(_ folder: URL, _ more: [String: String] = [:]) -> [String: String] {
        let own = [
            "DATABASE_URL": "sqlite:///\(folder.path)/db.sqlite3", "MEDIA_ROOT": "\(folder.path)/media",
            "LOG_ROOT": "-",
        ]
        return own.merging(more) { $1 }
    }

    private static func run(
        _ command: String, _ settings: [String: String] = [:], in folder: URL
    ) async throws -> Program.Ending {
        try await Program.run(
            command.split(separator: " ").map(String.init), environment: environment(folder, settings), in: folder)
    }

    @Test func anInvalidSettingStopsEveryCommand() async throws {
        try await TemporaryFolder.with { folder in
            for (command, name, value) in [
                ("serve", "PORT", "abc"), ("audit verify", "PORT", "abc"), ("migrate", "DATABASE_URL", "mysql://x"),
                ("worker", "WORKER_CLASSES", "foo"), ("check-series --t1 /no/such", "MODEL_DEVICE", "quantum"),
                ("models list", "PORT", "0"), ("shell --user a@b.org", "LOG_LEVEL", "loud"),
            ] {
                let ending = try await Self.run(command, [name: value], in: folder)
                #expect(ending.code == 78 && ending.said.hasPrefix(name), "\(command): \(ending)")
                #expect(ending.said.split(separator: "\n").count == 1, "\(ending)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/db.sqlite3"))
            for command in ["--help", "--version", "help serve", "serve --help", "audit", "check --example"] {
                #expect(try await Self.run(command, ["PORT": "abc"], in: folder).code == 0, "\(command)")
            }
            let check = try await Self.run("check", ["PORT": "abc"], in: folder)
            #expect(check.code == 78 && check.said.contains("ERROR: PORT"), "\(check)")
        }
    }

    @Test func aWrongArgumentEndsWithTheUsageOfItsCommand() async throws {
        try await TemporaryFolder.with { folder in
            for (command, message, usage) in [
                ("worker --classes foo", "--classes must be one or more of", "neuroai worker"),
                ("worker --slots 0", "--slots must be a whole number from 1 to 64.", "neuroai worker"),
                ("audit verify --institution x", "--institution must be", "neuroai audit verify"),
                ("audit export --from x", "--from takes a time", "neuroai audit export"),
                ("check-series --t1 a --t1 b", "--t1 is given twice.", "neuroai check-series"),
                ("segment --t1 a --t1=b --out c", "--t1 is given twice.", "neuroai segment"),
            ] {
                let ending = try await Self.run(command, in: folder)
                #expect(ending.code == 64 && ending.said.contains("Error: \(message)"), "\(command): \(ending)")
                #expect(ending.said.contains("Usage: \(usage) "), "\(command): \(ending)")
            }
            #expect(try await Self.run("migrate", in: folder).code == 0)
            let hash = String(repeating: "0", count: 64)
            let heads = try await Self.run("audit verify --head \(hash) --head \(hash)", in: folder)
            #expect(heads.code == 65 && !heads.said.contains("twice"), "\(heads)")
        }
    }

    @Test func aMisspeltDatabaseStartsNoInstallation() async throws {
        try await TemporaryFolder.with { folder in
            for command in ["migrate", "audit head", "makemigrations"] {
                let ending = try await Self.run(
                    command, ["DATABASE_URL": "sqlite:///\(folder.path)/nope/x.db"], in: folder)
                #expect(ending.code == 69, "\(command): \(ending)")
                #expect(
                    ending.said.hasSuffix("The folder \(folder.path)/nope of DATABASE_URL does not exist.\n"),
                    "\(command): \(ending)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/nope"))
        }
    }

    @Test func anAddressThatCannotBeListenedOnIsNamed() async throws {
        try await TemporaryFolder.with { folder in
            let socket = try ListeningSocket()
            for (settings, message) in [
                (["PORT": "\(socket.port)"], "Port \(socket.port) on 127.0.0.1 is already in use."),
                (["HOST": "192.0.2.1"], "HOST 192.0.2.1 is not an address of this machine."),
                (["HOST": "x..y"], "HOST x..y cannot be resolved to an address."),
            ] {
                let ending = try await Self.run("serve --without-worker", settings, in: folder)
                #expect(ending.code == 78 && ending.said.hasPrefix(message), "\(ending)")
                #expect(ending.said.split(separator: "\n").count == 1, "\(ending)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/db.sqlite3"))
        }
    }
}

/// A socket that listens on a free loopback port until it is released.
private final class ListeningSocket {
    let port: UInt16
    private let descriptor: Int32

    struct Unavailable: Error {}

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard isListening else { throw Unavailable() }
    }

    deinit { close(descriptor) }
}

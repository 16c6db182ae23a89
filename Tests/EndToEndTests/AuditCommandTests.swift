import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// `neuroai audit`, as run by operators and auditors.
@Suite(.serialized, .enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
struct AuditCommandTests {
    private struct ServerFixture {
        let folder: URL
        let home = InstitutionID.default
        var file: String { folder.appendingPathComponent("db.sqlite3").path }

        func audit(_ arguments: String...) async throws -> (code: Int32?, said: String) {
            try await run(["audit"] + arguments)
        }

        func run(_ arguments: [String]) async throws -> (code: Int32?, said: String) {
            let log = folder.appendingPathComponent("log-\(UUID().uuidString)")
            let environment = [
                "MEDIA_ROOT": folder.appendingPathComponent("media").path, "DATABASE_URL": "sqlite:///\(file)",
                "LOG_ROOT": folder.appendingPathComponent("logs").path,
            ]
            let process = try Program.start(arguments, environment: environment, log: log)
            let hasEnded = await process.waitForEnd(60)
            return (hasEnded ? process.exitCode : nil, try String(contentsOf: log, encoding: .utf8))
        }

        /// Writes entries as a service does.
        func write(_ actions: String...) async throws {
            let database = try SQLiteDatabase(path: file)
            try await database.write { connection in
                for (number, action) in actions.enumerated() {
                    let entry = AuditEntry(
                        institution: home, actor: nil, origin: RequestOrigin(requestID: "r-\(number)"), action: action,
                        objectType: "case", objectID: "Grüße, 1:2-")
                    try AuditStore(connection).append(entry)
                }
            }
            try await database.close()
        }

        /// Tampers with the file directly.
        func tamper(_ script: String) async throws {
            let database = try SQLiteDatabase(path: file)
            try await database.write {
                try $0.executeScript("DROP TRIGGER IF EXISTS tr_audit_entries_update; " + script)
            }
            try await database.close()
        }
    }

    /// Verifying the evidence before an upgrade must not upgrade the database.
    @Test func anEarlierSchemaIsRefusedAndLeftAsItIs() async throws {
        try await TemporaryFolder.with { folder in
            let site = ServerFixture(folder: folder)
            for command in ["verify", "head", "export", "seal"] {
                let ending = try await site.audit(command)
                #expect(ending.code == 69 && ending.said.contains("Run `neuroai migrate`."), "\(ending)")
            }
            #expect(try await site.run(["migrate", "--check"]).code == 1)
        }
    }

    @Test func aManipulationEndsTheCommandAndIsNamed() async throws {
        try await TemporaryFolder.with { folder in
            let site = ServerFixture(folder: folder)
            #expect(try await site.run(["migrate"]).code == 0)
            #expect(try await site.audit("verify").code == 0)
            try await site.write("case.read", "case.update", "case.delete")
            let waiting = try await site.audit("verify")
            #expect(waiting.code == 0 && waiting.said.contains("3 not sealed yet"))
            #expect(try await site.audit("seal").said.contains("3 entries sealed"))
            let whole = try await site.audit("verify")
            #expect(whole.code == 0 && whole.said.contains("3 sealed entries, valid; 0 not sealed"), "\(whole.said)")

            let head = try #require(
                try await site.audit("head").said.split(whereSeparator: \.isWhitespace).last.map(String.init))
            #expect(head.count == 64)
            #expect(try await site.audit("verify", "--head", head).code == 0)
            let foreign = try await site.audit("verify", "--head", String(repeating: "a", count: 64))
            #expect(foreign.code == 65 && foreign.said.contains("cut off or rewritten"))

            try await site.tamper("UPDATE audit_entries SET action = 'case.list' WHERE chain_sequence = 2")
            let changed = try await site.audit("verify")
            #expect(changed.code == 65 && changed.said.contains("changed: entry number 2 ("), "\(changed.said)")
            #expect(try await site.audit("verify", "--institution", "nowhere").code == 64)
            #expect(try await site.audit("verify", "--institution", UUID().uuidString).code == 65)
        }
    }

    /// Another program, written only from docs/audit.md, verifies the exported lines.
    @Test(.enabled(if: Peer.isThere, "no python3"))
    func anExportIsVerifiedWithoutUs() async throws {
        try await TemporaryFolder.with { folder in
            let site = ServerFixture(folder: folder)
            #expect(try await site.run(["migrate"]).code == 0)
            #expect(try await site.audit("verify").code == 0)
            try await site.write("case.read", "case.update", "case.delete")
            #expect(try await site.audit("seal").code == 0)
            let lines = folder.appendingPathComponent("audit.jsonl")
            let export = try await site.audit("export")
            #expect(export.code == 0 && export.said.split(separator: "\n").count == 3, "\(export.said)")
            try Data(export.said.utf8).write(to: lines)
            #expect(try Peer.verify(lines) == 0)
            try Data(export.said.replacing("case.update", with: "case.list").utf8).write(to: lines)
            #expect(try Peer.verify(lines) == 1)
            #expect(try await site.audit("export", "--to", "2020-01-01T00:00:00Z").said.isEmpty)
            #expect(try await site.audit("export", "--from", "yesterday").code == 64)
        }
    }

    /// `scripts/verify-audit`.
    private enum Peer {
        static let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

        static func verify(_ lines: URL) throws -> Int32 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
            process.arguments = [Program.root.appendingPathComponent("scripts/verify-audit").path, lines.path]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }
    }
}

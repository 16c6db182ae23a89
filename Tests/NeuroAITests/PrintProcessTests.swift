import Foundation
import Rendering
import TestSupport
import Testing

@testable import Features
@testable import Kernel
@testable import neuroai

/// Shell scripts that stand in for `neuroai print-report`.
struct PrintProcessTests {
    @Test func theChildGetsTheDocumentAndPrintsThePDF() async throws {
        let pdf = try await Self.print(#"echo "%PDF $1 $(wc -c)""#)
        let length = try JSONEncoder().encode(Self.document()).count
        #expect(String(decoding: pdf, as: UTF8.self) == "%PDF print-report \(length)\n")
    }

    /// The last script never reads its input, so writes to it are lost.
    @Test(arguments: [
        "cat > /dev/null; echo %PDF; exit 1", "cat > /dev/null; echo sorry", "echo %PDF; kill $$", "exit 0",
    ])
    func aChildThatFailsPrintsNothing(_ script: String) async throws {
        let error = await #expect(throws: AppError.self) { try await Self.print(script) }
        #expect(error?.code == .internalFault)
    }

    @Test func aChildThatTakesTooLongIsKilled() async throws {
        let begun = ContinuousClock.now
        await #expect(throws: AppError.self) {
            try await Self.print("echo %PDF; exec sleep 1800", timeout: .milliseconds(300))
        }
        #expect(ContinuousClock.now - begun < .seconds(900))
    }

    @Test func twoPrintAtOnce() async throws {
        try await Self.withProgram(
            "mkdir \"$0.$$\"; ls -d \"$0\".* | wc -l > \"$0-count.$$\"; sleep 0.3; rmdir \"$0.$$\"; echo %PDF"
        ) {
            program in
            let process = PrintProcess(program: program.path)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...5 { group.addTask { _ = try await process.printer.pdf(Self.document()) } }
                try await group.waitForAll()
            }
            let folder = program.deletingLastPathComponent()
            let counts = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.contains("-count.") }
                .map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8).prefix(1) }
            #expect(counts.count == 5)
            #expect(counts.max() == "2")
        }
    }

    private static func print(_ script: String, timeout: Duration = .seconds(30)) async throws -> Data {
        try await withProgram(script) { program in
            try await PrintProcess(program: program.path, timeout: timeout).printer.pdf(document())
        }
    }

    private static func withProgram<Value: Sendable>(
        _ script: String, _ body: @Sendable (URL) async throws -> Value
    ) async throws -> Value {
        try await TemporaryFolder.with { folder in
            let program = folder.appendingPathComponent("program")
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: program)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program.path)
            return try await body(program)
        }
    }

    /// Longer than the pipe buffer.
    private static func document() throws -> ReportDocument {
        let title = String(repeating: "x", count: 200_000)
        return try JSONDecoder().decode(
            ReportDocument.self,
            from: Data(
                """
                {"title": "\(title)", "institution": "Clinic", "facts": [], "review": [], "checks": {"title": "", "remarks": []}, "sections": [], "measurements": [],
                "pictureCaption": "", "provenance": [], "footer": "", "printedAt": 0}
                """.utf8))
    }
}

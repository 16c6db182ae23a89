import Foundation
import TestSupport
import Testing

/// A time of day that a test sets back and forward, for programs that are started with its environment (`clock.c`).
final class FakeClock: Sendable {
    private let file: URL
    private let library: URL

    init(in folder: URL) async throws {
        file = folder.appendingPathComponent("clock-offset")
        library = folder.appendingPathComponent("clock.so")
        try Data(count: MemoryLayout<Int64>.size).write(to: file)
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("clock.c")
        compiler.arguments = ["clang", "-O2", "-shared", "-fPIC", "-o", library.path, source.path, "-ldl"]
        let said = try await TestProcesses.output(of: compiler)
        try #require(FileManager.default.fileExists(atPath: library.path), "\(said)")
    }

    /// Takes effect at once, in all programs.
    func set(seconds: Int64) throws {
        let handle = try FileHandle(forWritingTo: file)
        // In place: the programs have mapped it.
        try withUnsafeBytes(of: seconds) { try handle.write(contentsOf: Data($0)) }
        try handle.close()
    }

    var environment: [String: String] { ["LD_PRELOAD": library.path, "CLOCK_OFFSET_FILE": file.path] }
}

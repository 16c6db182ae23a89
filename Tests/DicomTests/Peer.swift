import Foundation

/// pydicom and highdicom, from the environment that `scripts/bootstrap` installs.
enum Peer {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Runs a script of `Peers` and returns what it prints.
    static func run(_ script: String, _ arguments: [String]) throws -> Data {
        let python = package.appending(path: ".deps/dicom/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw Failure(description: "pydicom is missing; run scripts/bootstrap")
        }
        let process = Process()
        process.executableURL = python
        process.arguments = [package.appending(path: "Tests/DicomTests/Peers/\(script)").path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: "\(script) failed") }
        return data
    }

    static func answer<Answer: Decodable>(_ script: String, _ arguments: [String]) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: run(script, arguments))
    }

    /// The DICOM files in pydicom's wheel.
    static let testFiles: Result<[URL], any Error> = Result {
        let paths: [String] = try answer("elements.py", ["--list"])
        return paths.map { URL(fileURLWithPath: $0) }
    }

    static func bytes(of file: URL) throws -> [UInt8] { [UInt8](try Data(contentsOf: file)) }
}

/// A folder that is removed after `body`.
func inTemporaryFolder<T>(_ body: (URL) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appending(path: "dicom-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}

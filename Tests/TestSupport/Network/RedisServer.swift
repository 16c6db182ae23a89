import Foundation

/// A `redis-server` of Debian's package on a free loopback port, without persistence unless asked for, in a folder of its own.
package final class RedisServer: @unchecked Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let port: UInt16
    package let folder: URL
    private let arguments: [String]
    // Used by the one test that owns the server, never concurrently.
    private var process: Process?

    /// - Parameters:
    ///   - arguments: further options such as `--requirepass`.
    ///   - isTLS: the port is the one for TLS.
    ///   - keepsData: whether a restart finds the data again.
    package init(_ arguments: [String] = [], isTLS: Bool = false, keepsData: Bool = false) throws {
        port = try FreePort.findForRestarts()
        folder = FileManager.default.temporaryDirectory.appending(path: "neuroai-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let listening = isTLS ? ["--port", "0", "--tls-port", "\(port)"] : ["--port", "\(port)"]
        let persistence = keepsData ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"]
        self.arguments =
            listening + ["--bind", "127.0.0.1", "--save", "", "--dir", folder.path] + persistence + arguments
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    package var url: String { "redis://127.0.0.1:\(port)/0" }

    package func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/redis-server")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/redis-server") else {
            throw Failure(description: "redis-server is missing; run scripts/bootstrap")
        }
        try process.run()
        TestProcesses.add(process)
        self.process = process
        for _ in 0..<500 {
            if (try? RawConnection(port)) != nil { return }
            guard process.isRunning else { break }
            usleep(10_000)
        }
        throw Failure(description: "redis-server does not start: \(arguments)")
    }

    /// Ends it at once, as `kill -9` does.
    package func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

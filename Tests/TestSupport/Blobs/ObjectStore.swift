import Foundation
import ObjectStorage
import Storage
import Synchronization

/// A real S3 server, started at its first use and ended with the tests.
package enum ObjectStore: Sendable {
    /// A server in Python (PyPI `moto`).
    case moto
    /// Ceph's object gateway, an independent implementation that verifies every signature.
    case radosgw

    private static let motos = Task { try await start("moto") }
    private static let gateways = Task { try await start("radosgw") }

    /// - Returns: the endpoint.
    private func started() async throws -> URL {
        switch self {
        case .moto: try await Self.motos.value
        case .radosgw: try await Self.gateways.value
        }
    }

    private static let bucket = "neuroai-test"
    private static let accessKeyID = "TESTACCESSKEY"
    private static let secretAccessKey = "testSecret/Key+0123456789"
    private static let credentials = ObjectStoreCredentials(accessKeyID: accessKeyID, secretAccessKey: secretAccessKey)

    /// A part of the server's bucket of its own.
    package func bucket() async throws -> LiveBucket {
        LiveBucket(try S3Bucket(try await configuration()))
    }

    /// A `STORAGE_URL` for a new, empty part of the server's bucket.
    ///
    /// - Parameter endpoint: of a proxy in front of the server.
    package func url(through endpoint: URL? = nil) async throws -> String {
        let server = try await started()
        return "s3://\(Self.bucket)/\(UUID().uuidString)?endpoint=\((endpoint ?? server).absoluteString)"
    }

    /// The credentials as settings.
    package static let environment = [
        "AWS_ACCESS_KEY_ID": accessKeyID, "AWS_SECRET_ACCESS_KEY": secretAccessKey,
    ]

    /// Settings for a new, empty part of the server's bucket.
    ///
    /// - Parameter endpoint: of a proxy in front of the server.
    package func configuration(through endpoint: URL? = nil) async throws -> S3Configuration {
        guard case .bucket(let location) = try StorageLocation(try await url(through: endpoint)) else { throw Failed() }
        return S3Configuration(location: location, credentials: Self.credentials)
    }

    /// The server's port.
    package func port() async throws -> UInt16 { UInt16(try await started().port ?? 0) }

    package struct Failed: Error {
        package init() {}
    }

    private static func start(_ script: String) async throws -> URL {
        let port = try FreePort.find()
        let process = Process()
        process.executableURL = root.appendingPathComponent("scripts/\(script)")
        process.arguments =
            [String(port)] + (script == "moto" ? [] : [accessKeyID, secretAccessKey])
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let handle = output.fileHandleForReading
        // On a thread of its own, since the read blocks.
        let isReady = await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: handle.availableData.starts(with: Data("ready".utf8))) }.start()
        }
        guard isReady, let url = URL(string: "http://127.0.0.1:\(port)"),
            case .bucket(let location) = try StorageLocation("s3://\(bucket)?endpoint=\(url.absoluteString)")
        else { throw Failed() }
        try await S3Bucket(S3Configuration(location: location, credentials: credentials)).create()
        return url
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
}

/// A bucket on a server, with a clock that tests can advance.
package final class LiveBucket: TestBucket {
    package let base: S3Bucket
    private let offset = Mutex<Duration>(.zero)

    package init(_ base: S3Bucket) {
        self.base = base
    }

    package var now: Timestamp { base.now.advanced(by: offset.withLock { $0 }) }
    package func advance(by duration: Duration) { offset.withLock { $0 += duration } }

    package var names: [String] {
        get async throws { try await base.list("", after: nil, limit: 1000).entries.map(\.name) }
    }
    package var unfinishedUploads: Int { get async throws { try await base.uploads().count } }

    package func put(_ name: String, _ data: Data, _ condition: BucketCondition) async throws -> String {
        try await base.put(name, data, condition)
    }
    package func get(_ name: String, _ range: Range<Int64>?) async throws -> BucketObject {
        try await base.get(name, range)
    }
    package func head(_ name: String) async throws -> Int64 { try await base.head(name) }
    package func delete(_ name: String) async throws { try await base.delete(name) }
    package func list(_ prefix: String, after cursor: String?, limit: Int) async throws -> BucketListing {
        try await base.list(prefix, after: cursor, limit: limit)
    }
    package func createUpload(_ name: String) async throws -> BucketUpload { try await base.createUpload(name) }
    package func uploadPart(_ number: Int, _ data: Data, of upload: BucketUpload) async throws -> BucketPart {
        try await base.uploadPart(number, data, of: upload)
    }
    package func completeUpload(_ upload: BucketUpload, _ parts: [BucketPart]) async throws {
        try await base.completeUpload(upload, parts)
    }
    package func abortUpload(_ upload: BucketUpload) async throws { try await base.abortUpload(upload) }
    package func signedURL(_ name: String, for lifetime: Duration, as download: DownloadDescription) async throws
        -> URL
    {
        try await base.signedURL(name, for: lifetime, as: download)
    }
}

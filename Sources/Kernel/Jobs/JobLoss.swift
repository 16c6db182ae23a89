import Foundation

/// The known cause of a worker's loss.
package enum JobLoss: String, Sendable, CaseIterable {
    /// Killed, or lost with its machine: usually not the job's fault.
    case unknown
    /// It crashed, or the system killed it for its memory use.
    case crash
    /// It was silent for too long and was killed.
    case silence
    /// It may not allocate the memory that it requested.
    case memory

    package static let outOfMemory =
        "This job needs more memory than a worker may use. Ask the administrator to raise WORKER_MEMORY_LIMIT."
}

/// Notes in the media folder on how workers ended, for the workers that take over their jobs.
package struct WorkerNotes: Sendable {
    private let folder: URL

    /// A job is taken over within minutes, or hours after an outage.
    private static let stale: TimeInterval = 7 * 24 * 3600

    package init(folder: URL) {
        self.folder = folder
    }

    /// The path of a worker's note; `nil` if the name is not a valid worker name.
    package func file(of worker: WorkerID) -> URL? {
        guard let id = UUID(uuidString: worker.string) else { return nil }
        return folder.appendingPathComponent("\(id.uuidString.lowercased()).ended")
    }

    /// Records how a worker ended; on a full disk the cause stays unknown.
    package func write(_ loss: JobLoss, of worker: WorkerID) {
        guard let file = file(of: worker) else { return }
        try? FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try? Data(loss.rawValue.utf8).write(to: file)
    }

    /// How a worker ended.
    package func loss(of worker: WorkerID) -> JobLoss {
        guard let file = file(of: worker), let text = try? String(contentsOf: file, encoding: .utf8) else {
            return .unknown
        }
        return JobLoss(rawValue: text) ?? .unknown
    }

    /// Removes notes that are no longer needed.
    package func sweep(now: Date = Date()) {
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: [.contentModificationDateKey])
        for file in files ?? [] where file.pathExtension == "ended" {
            let values = try? file.resourceValues(forKeys: [.contentModificationDateKey])
            guard let time = values?.contentModificationDate, now.timeIntervalSince(time) > Self.stale else { continue }
            try? FileManager.default.removeItem(at: file)
        }
    }
}

import Foundation

/// How a worker was lost, as far as is known.
package enum JobLoss: String, Sendable, CaseIterable {
    /// Killed, or gone with its machine: mostly not the job's fault.
    case unknown
    /// It crashed, or the system ended it for the memory that it took.
    case crash
    /// It was silent for too long and was ended for that.
    case silence
    /// It may not have the memory that it asked for.
    case memory

    package static let outOfMemory =
        "This job needs more memory than a worker may use. Ask the administrator to raise WORKER_MEMORY_LIMIT."
}

/// Notes beside the media on how workers ended, for those who take over their jobs.
package struct WorkerNotes: Sendable {
    private let folder: URL

    /// A job is taken over within minutes, or hours after an outage.
    private static let stale: TimeInterval = 7 * 24 * 3600

    package init(folder: URL) {
        self.folder = folder
    }

    /// Where a worker's note is; nil for a worker whose name is not one of ours.
    package func file(of worker: WorkerID) -> URL? {
        guard let id = UUID(uuidString: worker.string) else { return nil }
        return folder.appendingPathComponent("\(id.uuidString.lowercased()).ended")
    }

    /// Notes how a worker ended; without room for that the loss stays an unknown one.
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

    /// Removes notes that nobody will ask for.
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

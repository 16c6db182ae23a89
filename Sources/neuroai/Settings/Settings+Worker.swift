import Foundation
import Kernel

extension Settings {
    /// The time limits of a segmentation.
    func segmentationLimits() throws -> JobLimits {
        JobLimits(
            total: .seconds(60 * (try number("SEGMENTATION_TIME_LIMIT"))),
            stage: .seconds(60 * (try number("SEGMENTATION_STAGE_TIME_LIMIT"))))
    }

    /// Which jobs a worker runs, and how many at once. Command-line options take precedence.
    func workerSlots(classes: String? = nil, count: Int? = nil) throws -> WorkerSlots {
        guard let named = JobClass.list(classes ?? self["WORKER_CLASSES"] ?? "") else {
            throw SettingsError(JobClass.sentence(naming: classes == nil ? "WORKER_CLASSES" : "--classes"))
        }
        let set = try self["WORKER_SLOTS"] == nil ? nil : number("WORKER_SLOTS")
        guard let slots = WorkerSlots(named, count: count ?? set) else {
            throw SettingsError(WorkerSlots.sentence(naming: count == nil ? "WORKER_SLOTS" : "--slots"))
        }
        return slots
    }

    /// The memory limit of a worker process in bytes; `nil` means no limit.
    func workerMemoryLimit() throws -> UInt64? {
        try MemorySize(self["WORKER_MEMORY_LIMIT"] ?? "0").bytes(of: MachineMemory.bytes)
    }
}

extension JobClass {
    /// The error for an invalid list of classes in the setting or option `name`.
    static func sentence(naming name: String) -> String {
        "\(name) must be one or more of \(allCases.map(\.rawValue).joined(separator: ", ")), separated by commas."
    }
}

extension WorkerSlots {
    /// The error for an invalid number of slots in the setting or option `name`.
    static func sentence(naming name: String) -> String {
        "\(name) must be a whole number from \(allowedCounts.lowerBound) to \(allowedCounts.upperBound)."
    }
}

/// An amount of memory: a size such as `8G` or `512M`, or a share of the machine's memory such as `75%`; `0` means no
/// limit.
struct MemorySize {
    private enum Amount {
        case bytes(UInt64)
        case percent(UInt64)
    }

    private let amount: Amount

    /// Approximately what a worker needs with its model.
    private static let minimumBytes: UInt64 = 1 << 29

    /// - Throws: `SettingsError` that names the setting.
    init(_ text: String) throws {
        let fault = SettingsError(
            "WORKER_MEMORY_LIMIT must be a size of at least 512M such as 8G, a share such as 75%, or 0 for no limit.")
        guard let match = text.wholeMatch(of: /([0-9]{1,15})([KMGTkmgt%])?[Bb]?/), let number = UInt64(match.1) else {
            throw fault
        }
        let unit = match.2.map { $0.uppercased() }
        if unit == "%" {
            guard (1...100).contains(number) else { throw fault }
            amount = .percent(number)
            return
        }
        let shift: UInt64 = ["K": 10, "M": 20, "G": 30, "T": 40][unit ?? ""] ?? 0
        let (bytes, hasOverflowed) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !hasOverflowed, bytes == 0 || bytes >= Self.minimumBytes else { throw fault }
        amount = .bytes(bytes)
    }

    /// Returns `nil` if there is no limit.
    func bytes(of machine: UInt64) -> UInt64? {
        switch amount {
        case .bytes(let bytes): bytes == 0 ? nil : bytes
        case .percent(let share): max(Self.minimumBytes, machine / 100 * share)
        }
    }
}

/// The memory of this machine, or of the container it runs in.
enum MachineMemory {
    static var bytes: UInt64 {
        let files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        let limits = files.compactMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
                UInt64($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        return (limits + [ProcessInfo.processInfo.physicalMemory]).min() ?? 0
    }
}

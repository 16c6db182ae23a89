import Features
import Foundation
import Imaging
import Kernel
import Storage
import TestSupport
import Testing

/// The worker's resource limits.
@Suite(.serialized, .enabled(if: Program.isBuilt && Program.hasModel, "no built program or no model package"))
struct WorkerLimitTests {
    @Test func aJobThatNeedsTooMuchMemoryFailsWithThatReason() async throws {
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            let task = try await clinic.startedTask(series: Self.large())
            var worker: RunningProgram?
            var last: WorkerID?
            // An allocation may fail in native code, which reports it, or in Swift, which ends the process.
            let isOver = await eventually(within: .seconds(120)) {
                guard let now = try? await clinic.task(task.id) else { return false }
                if now.status.isOver { return true }
                if worker?.isRunning != true {
                    let id = WorkerID()
                    worker = try? clinic.worker(id, after: last, environment: ["WORKER_MEMORY_LIMIT": "600M"])
                    last = id
                }
                return false
            }
            #expect(isOver, "\(clinic.journal)")
            let after = try await clinic.task(task.id)
            #expect(after.status == .failed)
            #expect(after.errorMessage?.contains("WORKER_MEMORY_LIMIT") == true, "\(after.errorMessage ?? "")")
            if let worker, worker.isRunning { #expect(await worker.end(SIGTERM)) }
        }
    }

    @Test func aWorkerGoesBeforeTheServerAndMayTakeSoMuch() async throws {
        try await TemporaryFolder.with { folder in
            let clinic = try await CrashFixture(folder)
            let worker = try clinic.worker(WorkerID(), after: nil, environment: ["WORKER_MEMORY_LIMIT": "2G"])
            #expect(await eventually { clinic.journal.contains("worker started") }, "\(clinic.journal)")
            let score = try String(contentsOfFile: "/proc/\(worker.pid)/oom_score_adj", encoding: .utf8)
            #expect(Int(score.prefix { $0 != "\n" }) ?? 0 >= 500, "\(score)")
            let limits = try String(contentsOfFile: "/proc/\(worker.pid)/limits", encoding: .utf8)
            #expect(limits.contains(/Max data size +2147483648 +2147483648/), "\(limits)")
            #expect(await worker.end(SIGTERM))
        }
    }

    /// A block of brain in small one-byte voxels: 64 MB, converted several times to four-byte numbers.
    private static func large() -> Data {
        let side = 400
        let step: Float = 0.45
        var data = HeadPhantom.nifti().prefix(352)
        func put<Value>(_ value: Value, at offset: Int) {
            withUnsafeBytes(of: value) { data.replaceSubrange(offset..<offset + $0.count, with: $0) }
        }
        for axis in 0..<3 {
            put(Int16(side), at: 42 + 2 * axis)
            put(step, at: 80 + 4 * axis)
            // The diagonal and the last column of the sform.
            put(step, at: 280 + 20 * axis)
            put(-step * Float(side / 2), at: 292 + 16 * axis)
        }
        put(Int16(2), at: 70)
        put(Int16(8), at: 72)
        let empty = [UInt8](repeating: 0, count: side)
        let margin = side / 8
        let rows = (0..<8).map { (shift: Int) -> [UInt8] in
            (0..<side).map { (i: Int) -> UInt8 in
                if i < margin || i >= side - margin { return 0 }
                return UInt8(100 + (i * 7 + shift * 13) % 41)
            }
        }
        for k in 0..<side {
            for j in 0..<side {
                let isInside = min(j, k) >= margin && max(j, k) < side - margin
                data.append(contentsOf: isInside ? rows[(j + k) % 8] : empty)
            }
        }
        return Data(data)
    }
}

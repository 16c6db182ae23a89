import Foundation
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The throughput of the audit path alone, for docs/audit.md: `AUDIT_SPEED=1 scripts/with-postgres swift test --filter
/// AuditSpeed` (does not assert times; files in TMPDIR).
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["AUDIT_SPEED"] != nil))
struct AuditSpeedTests {
    @Test(arguments: TestDatabase.all, [1, 8, 64, 256])
    func readsASecond(_ kind: TestDatabase, clients: Int) async throws {
        try await AuditTrail.with(kind) { trail in
            let audit = AuditService(database: trail.database)
            let sealing = Task {
                let sealer = AuditSealService(database: trail.database)
                while !Task.isCancelled {
                    _ = try? await sealer.seal()
                    try? await Task.sleep(for: .milliseconds(500))
                }
            }
            let end = ContinuousClock.now + .seconds(3)
            let count = try await withThrowingTaskGroup(of: Int.self) { group in
                for client in 0..<clients {
                    group.addTask {
                        var count = 0
                        while ContinuousClock.now < end {
                            try await audit.record(AuditEntry(trail.user, "case.list", "case", "\(client)"))
                            count += 1
                        }
                        return count
                    }
                }
                return try await group.reduce(0, +)
            }
            sealing.cancel()
            await sealing.value
            let rest = try await AuditSealService(database: trail.database).seal()
            let text =
                "audit speed: \(kind.rawValue), \(clients) at once: \(count / 3) entries/s, \(rest) left to seal\n"
            FileHandle.standardError.write(Data(text.utf8))
        }
    }
}

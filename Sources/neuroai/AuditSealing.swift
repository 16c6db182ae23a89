import Kernel
import Logging
import ServiceLifecycle

/// Seals new audit entries continuously while the server runs.
struct AuditSealing: Service {
    /// Entries are sealed within this interval plus the time that sealing takes.
    private static let pause: Duration = .milliseconds(500)
    private static let pauseAfterFailure: Duration = .seconds(5)

    let wiring: Wiring

    func run() async throws {
        let sealer = AuditSealService(database: wiring.database)
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isWell = await work(sealer)
                try? await Task.sleep(for: isWell ? Self.pause : Self.pauseAfterFailure)
            }
        }
        // Seals the entries of the last requests, in a separate task because this one may be cancelled.
        await Task { _ = await work(sealer, isLast: true) }.value
    }

    private func work(_ sealer: AuditSealService, isLast: Bool = false) async -> Bool {
        do {
            try await wiring.audit.writeCountedRefusals(atOnce: isLast)
            try await sealer.seal()
            return true
        } catch {
            wiring.logger.error(
                "cannot seal the audit trail", metadata: ["outage": "\(AppError.cause(of: error))"])
            return false
        }
    }
}

import Kernel

/// Maintenance that runs periodically, for all institutions. It may run twice, also concurrently.
package struct MaintenanceTask: Sendable {
    /// As in a schedule; also the name of its Celery task.
    package let name: String
    /// Returns the number of objects that were removed.
    package let run: @Sendable () async throws -> Int

    package init(_ name: String, run: @escaping @Sendable () async throws -> Int) {
        self.name = name
        self.run = run
    }

    /// The time limit of a run.
    package static let limit = JobLimits.maintenance.total
}

extension MaintenanceTask {
    package static func all(
        purger: CasePurgeService, sweeper: BlobSweepService, sessions: SessionsService,
        idempotency: IdempotencyService, uploads: UploadsService, events: EventsService,
        operations: OperationsService
    ) -> [MaintenanceTask] {
        [
            MaintenanceTask("maintenance.purge_cases") { try await purger.purge() },
            MaintenanceTask("maintenance.sweep_files") { try await sweeper.sweep() },
            MaintenanceTask("maintenance.delete_expired_sessions") { try await sessions.deleteExpired() },
            MaintenanceTask("maintenance.delete_expired_keys") { try await idempotency.deleteExpired() },
            MaintenanceTask("maintenance.delete_expired_uploads") { try await uploads.deleteExpired() },
            MaintenanceTask("maintenance.delete_expired_events") { try await events.deleteExpired() },
            MaintenanceTask("maintenance.forget_dead_workers") { try await operations.forgetDeadWorkers() },
        ]
    }
}

import Features
import Kernel
import Web

extension Wiring {
    /// The scheduler, which runs maintenance in this process.
    func beat(_ services: WebServices, _ serving: ServeSettings) -> Beat {
        let maintenance = MaintenanceRun(tasks: maintenanceTasks(services, serving), logger: logger)
        return Beat(entries: BeatEntry.defaults, database: database, logger: logger) { entry in
            try await maintenance.run(entry.task)
        }
    }

    func maintenanceTasks(_ services: WebServices, _ serving: ServeSettings) -> [MaintenanceTask] {
        MaintenanceTask.all(
            purger: CasePurgeService(
                database: database, blobs: blobs, partials: partials, contents: .all, retention: serving.caseRetention),
            sweeper: BlobSweepService(database: database, blobs: blobs), sessions: services.sessions,
            idempotency: services.idempotency, uploads: services.uploads, operations: services.operations)
    }
}

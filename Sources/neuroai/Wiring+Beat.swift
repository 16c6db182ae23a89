import Features
import Kernel
import Web

extension Wiring {
    /// The scheduler: with a broker its tasks are sent to workers, otherwise they run in this process.
    func beat(_ services: WebServices, _ serving: ServeSettings) throws -> Beat {
        let tasks = maintenanceTasks(services, serving)
        let entries = try BeatEntry.list(settings, maintenance: tasks)
        if let broker = try settings.broker().map(CeleryJobBroker.init) {
            return Beat(entries: entries, database: database, logger: logger) { entry in
                try await broker.send(
                    task: entry.task, arguments: entry.arguments, keywords: entry.keywords, queue: entry.queue)
            }
        }
        let maintenance = MaintenanceRun(tasks: tasks, logger: logger)
        return Beat(entries: entries, database: database, logger: logger) { entry in
            try await maintenance.run(entry.task)
        }
    }

    func maintenanceTasks(_ services: WebServices, _ serving: ServeSettings) -> [MaintenanceTask] {
        MaintenanceTask.all(
            purger: CasePurgeService(
                database: database, blobs: blobs, partials: partials, contents: .all, retention: serving.caseRetention),
            sweeper: BlobSweepService(database: database, blobs: blobs), sessions: services.sessions,
            idempotency: services.idempotency, uploads: services.uploads, events: services.events,
            operations: services.operations)
    }
}

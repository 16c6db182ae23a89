import Celery
import Features
import Foundation
import Kernel
import Web

extension Wiring {
    /// Sends messages for jobs; every process that enqueues jobs runs one.
    func publishing(_ settings: BrokerSettings) -> JobPublishing {
        let broker = CeleryJobBroker(settings)
        let publisher = JobPublisher(
            database: database, broker: broker,
            kinds: [
                JobMessageHandler(SegmentCaseJob.self), JobMessageHandler(WriteReportJob.self),
                JobMessageHandler(ScoreMaskJob.self),
            ], logger: logger)
        return JobPublishing(publisher: publisher, broker: broker)
    }

    /// A worker that takes jobs and maintenance from the broker's queues.
    func messageWorker(
        _ configuration: WorkerConfiguration, runner: MessageRunner, services: WebServices, _ serving: ServeSettings
    ) -> MessageWorker {
        let tasks = JobTasks(
            intake: TaskIntake(database: database, segmentation: services.segmentation), runner: runner,
            maintenance: MaintenanceRun(tasks: maintenanceTasks(services, serving), logger: logger))
        return MessageWorker(
            worker: CeleryWorker(configuration, tasks: tasks.all, logger: logger), runner: runner)
    }
}

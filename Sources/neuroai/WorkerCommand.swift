import ArgumentParser
import Basics
import Celery
import Features
import Foundation
import Imaging
import Kernel
import Logging
import ServiceLifecycle

/// `neuroai worker`: runs the jobs that the API enqueues. Native imaging code runs here and never in the server.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Run jobs: segmentations, reports and mask scores.",
        discussion: "`neuroai serve` starts one worker; you can run more, also on other machines.")

    @Option(help: "Job classes, comma-separated: interactive, imaging, training; default: WORKER_CLASSES.")
    var classes: String?

    @Option(
        name: [.long, .customShort("c"), .customLong("concurrency")],
        help: "Jobs to run at once; with two or more, one slot is reserved for interactive jobs; default: WORKER_SLOTS."
    )
    var slots: Int?

    @Option(
        name: [.customShort("Q"), .long],
        help: "With a broker: the queues that it consumes, comma-separated (default: those of its classes).")
    var queues: String?

    @Option(
        name: [.customShort("n"), .long],
        help: "With a broker: its node name, celery@host by default; %h is the host name.")
    var hostname: String?

    @Flag(name: [.customShort("E"), .long], help: "With a broker: send task events for monitors.")
    var taskEvents = false

    @Option(help: ArgumentHelp("This worker's name in the queue.", visibility: .hidden))
    var id: String?

    @Option(help: ArgumentHelp("A worker that is known to be dead: its jobs are free.", visibility: .hidden))
    var predecessor: String?

    @Flag(help: ArgumentHelp("Ends when standard input does.", visibility: .hidden))
    var supervised = false

    func validate() throws {
        if let classes, JobClass.list(classes) == nil {
            throw ValidationError(JobClass.sentence(naming: "--classes"))
        }
        if let slots, !WorkerSlots.allowedCounts.contains(slots) {
            throw ValidationError(WorkerSlots.sentence(naming: "--slots"))
        }
    }

    func run() async throws {
        let input = supervised ? InputEnd() : nil
        let heart = supervised ? Task { await Heartbeat.run() } : nil
        defer { heart?.cancel() }
        let settings = try Settings.load()
        let slots = try settings.workerSlots(classes: classes, count: slots)
        if slots.segments {
            try settings.checkModelPath()
            try settings.checkDevice()
        }
        let wiring = try await Wiring.open(settings, label: "worker")
        let worker = id.flatMap { WorkerID($0) } ?? WorkerID()
        WorkerGuards.raise(
            note: wiring.workerNotes.file(of: worker), memoryLimit: try settings.workerMemoryLimit(),
            runsOneJob: slots.ownPart.count == 1, logger: wiring.logger)
        wiring.workFolders.sweep()
        wiring.workerNotes.sweep()
        wiring.warnOfUnknownSettings()
        let models = ModelRegistry(settings, logger: wiring.logger)
        // On a dedicated thread: on a single-core machine, loading would otherwise block the heartbeat.
        if slots.segments { try await DedicatedThread.run(named: "model") { models.warmUp() } }
        let broker = try settings.broker()
        let queue = try wiring.jobQueue(models, usesMessages: broker != nil)
        if let predecessor = predecessor.flatMap({ WorkerID($0) }) { try await queue.recover(from: predecessor) }
        let jobs: any Service =
            if let broker {
                try await messageWorker(broker, slots.ownPart, queue, worker, wiring)
            } else {
                Self.databaseWorker(slots.ownPart, queue, worker, wiring)
            }
        let presence = WorkerPresence(
            database: wiring.database, worker: worker, version: NeuroAI.version, classes: slots.ownPart.classes,
            logger: wiring.logger
        ) { models.lastLoaded.map { .init(identity: $0.identity, loadSeconds: $0.seconds) } }
        if let predecessor = predecessor.flatMap({ WorkerID($0) }) { try await presence.forget(predecessor) }
        var busy: ProcessServices.Stage = ["jobs": jobs]
        if let broker { busy["publishing"] = wiring.publishing(broker) }
        if let part = slots.interactivePart {
            busy["interactive worker"] = WorkerProcess(
                part, options: interactiveOptions, notes: wiring.workerNotes, logger: wiring.logger)
        }
        let parts = ProcessServices(
            stages: [
                ["presence": ClosureService { await cancelWhenGracefulShutdown { await presence.run() } }], busy,
            ], logger: wiring.logger)
        // A worker that hangs is terminated after this time, and its job is freed when the lease expires.
        let shutdown = ProcessShutdown(.init(lastSteps: 10), logger: wiring.logger)
        try await wiring.close(after: { try await parts.run(until: shutdown, input: input) })
    }

    /// Takes jobs from the database.
    private static func databaseWorker(
        _ slots: WorkerSlots, _ queue: JobQueue, _ worker: WorkerID, _ wiring: Wiring
    ) -> any Service {
        let worker = JobWorker(
            queue: queue, worker: worker, slots: slots, logger: wiring.logger, afterJob: UnusedMemory.release,
            giveUp: endProcess)
        return ClosureService {
            await withTaskCancellationOrGracefulShutdownHandler {
                await worker.run()
            } onCancelOrGracefulShutdown: {
                worker.stop()
            }
        }
    }

    /// Takes jobs from the broker.
    private func messageWorker(
        _ broker: BrokerSettings, _ slots: WorkerSlots, _ queue: JobQueue, _ worker: WorkerID, _ wiring: Wiring
    ) async throws -> any Service {
        let serving = try ServeSettings(wiring.settings)
        let runner = MessageRunner(
            queue: queue, worker: worker, logger: wiring.logger, afterJob: UnusedMemory.release, giveUp: Self.endProcess
        )
        var configuration = WorkerConfiguration(
            broker: broker.broker, backend: broker.backend, nodeName: nodeName(of: slots),
            queues: queues.map(Self.names) ?? slots.classes.flatMap(\.consumedQueues))
        configuration.defaultQueue = BrokerSettings.defaultQueue
        configuration.concurrency = slots.count
        // A message that another worker could run at once must not wait behind a segmentation.
        configuration.prefetchMultiplier = 1
        configuration.shutdownTimeout = 8
        configuration.sendsTaskEvents = taskEvents
        configuration.softwareVersion = NeuroAI.version
        return wiring.messageWorker(
            configuration, runner: runner, services: try await wiring.webServices(serving), serving)
    }

    /// As Celery's: the worker's name among all. The child for interactive jobs has a name of its own.
    private func nodeName(of slots: WorkerSlots) -> String {
        let host = ProcessInfo.processInfo.hostName
        guard let hostname else { return (slots.classes == [.interactive] ? "interactive@" : "celery@") + host }
        let name = hostname.replacing("%h", with: host)
        return name.contains("@") ? name : "\(name)@\(host)"
    }

    /// Workers on one host have names of their own, and so have their children.
    private var interactiveOptions: [String] {
        (hostname.map { ["--hostname", "interactive-" + $0] } ?? []) + (taskEvents ? ["--task-events"] : [])
    }

    private static func names(_ list: String) -> [String] {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// The supervisor starts another worker. The job has already been released.
    @Sendable private static func endProcess() { _exit(EXIT_FAILURE) }
}

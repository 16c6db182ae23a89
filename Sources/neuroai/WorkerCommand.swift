import ArgumentParser
import Basics
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
        help: "Jobs to run at once; with two or more, one slot is reserved for interactive jobs; default: WORKER_SLOTS."
    )
    var slots: Int?

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
        let queue = try wiring.jobQueue(models)
        if let predecessor = predecessor.flatMap({ WorkerID($0) }) { try await queue.recover(from: predecessor) }
        // The supervisor starts another worker. The job has already been released.
        let runner = JobWorker(
            queue: queue, worker: worker, slots: slots.ownPart, logger: wiring.logger, afterJob: UnusedMemory.release
        ) { _exit(EXIT_FAILURE) }
        let presence = WorkerPresence(
            database: wiring.database, worker: worker, version: NeuroAI.version, classes: slots.ownPart.classes,
            logger: wiring.logger
        ) { models.lastLoaded.map { .init(identity: $0.identity, loadSeconds: $0.seconds) } }
        if let predecessor = predecessor.flatMap({ WorkerID($0) }) { try await presence.forget(predecessor) }
        var busy: ProcessServices.Stage = [
            "jobs": ClosureService {
                await withTaskCancellationOrGracefulShutdownHandler {
                    await runner.run()
                } onCancelOrGracefulShutdown: {
                    runner.stop()
                }
            }
        ]
        if let part = slots.interactivePart {
            busy["interactive worker"] = WorkerProcess(part, notes: wiring.workerNotes, logger: wiring.logger)
        }
        let parts = ProcessServices(
            stages: [
                ["presence": ClosureService { await cancelWhenGracefulShutdown { await presence.run() } }], busy,
            ], logger: wiring.logger)
        // A worker that hangs is terminated after this time, and its job is freed when the lease expires.
        let shutdown = ProcessShutdown(.init(lastSteps: 10), logger: wiring.logger)
        try await wiring.close(after: { try await parts.run(until: shutdown, followsInput: supervised) })
    }
}

import ArgumentParser
import Features
import Foundation
import Imaging
import Logging

/// `neuroai worker`: does the work that the API asks for. Native imaging code runs here and never in the server.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Does the work that the API asks for: segmentations and reports.",
        discussion: "`neuroai serve` starts one by itself; run more of them beside it, also on other machines.")

    @Option(help: ArgumentHelp("This worker's name in the queue.", visibility: .hidden))
    var id: String?

    @Option(help: ArgumentHelp("A worker that is known to be dead: its jobs are free.", visibility: .hidden))
    var predecessor: String?

    @Flag(help: ArgumentHelp("Ends when standard input does.", visibility: .hidden))
    var supervised = false

    func run() async throws {
        let heart = supervised ? Task { await Heartbeat.run() } : nil
        defer { heart?.cancel() }
        let settings = try Settings.load()
        try settings.checkModelPath()
        try settings.checkDevice()
        let wiring = try await Wiring.open(settings, label: "worker")
        let worker = id.flatMap { WorkerID($0) } ?? WorkerID()
        WorkerGuards.raise(
            note: wiring.workerNotes.file(of: worker), memoryLimit: try settings.workerMemoryLimit(),
            logger: wiring.logger)
        wiring.workFolders.sweep()
        wiring.workerNotes.sweep()
        wiring.warnOfUnknownSettings()
        let models = ModelRegistry(settings, logger: wiring.logger)
        // On a thread of its own: on a machine with one core the heart would stand still meanwhile.
        try await DedicatedThread.run(named: "model") { models.warmUp() }
        let queue = try wiring.jobQueue(models)
        if let predecessor = predecessor.flatMap({ WorkerID($0) }) { try await queue.recover(from: predecessor) }
        // Its supervisor starts another one; the job has been handed back by then.
        let runner = JobRunner(
            queue: queue, worker: worker, logger: wiring.logger, afterJob: UnusedMemory.release
        ) { _exit(EXIT_FAILURE) }
        let presence = WorkerPresence(
            database: wiring.database, worker: worker, version: NeuroAI.version, logger: wiring.logger
        ) { models.lastLoaded }
        let stop = StopSignal { runner.stop() }
        if supervised { stop.watchStandardInput() }
        if let predecessor = predecessor.flatMap({ WorkerID($0) }) { try await presence.forget(predecessor) }
        let beating = Task { await presence.run() }
        await runner.run()
        beating.cancel()
        await beating.value
        try await wiring.close()
    }
}

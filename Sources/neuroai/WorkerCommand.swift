import ArgumentParser
import Features
import Foundation
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
        let settings = try Settings.load()
        try settings.checkDevice()
        let wiring = try await Wiring.open(settings, label: "worker")
        wiring.workFolders.sweep()
        let queue = wiring.jobQueue()
        if let predecessor = predecessor.flatMap({ WorkerID($0) }) { try await queue.recover(from: predecessor) }
        let runner = JobRunner(queue: queue, worker: id.flatMap { WorkerID($0) } ?? WorkerID(), logger: wiring.logger)
        let stop = StopSignal { runner.stop() }
        if supervised { stop.watchStandardInput() }
        await runner.run()
        try await wiring.database.close()
    }
}

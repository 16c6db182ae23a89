import ArgumentParser
import Kernel
import Logging

/// `neuroai beat`: starts periodic tasks, so that servers need not.
struct BeatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "beat", abstract: "Start periodic tasks when they are due.",
        discussion:
            "`neuroai serve` does this by itself unless it runs with --without-beat. Several schedulers share the work: each task runs once."
    )

    func run() async throws {
        let settings = try Settings.load()
        let serving = try ServeSettings(settings)
        let wiring = try await Wiring.open(settings, label: "beat")
        wiring.warnOfUnknownSettings()
        let beat = try wiring.beat(try await wiring.webServices(serving), serving)
        let parts = ProcessServices(stages: [["beat": beat]], logger: wiring.logger)
        let shutdown = ProcessShutdown(.init(lastSteps: 10), logger: wiring.logger)
        wiring.logger.notice("scheduling", metadata: ["entries": "\(beat.entries.count)"])
        try await wiring.close(after: { try await parts.run(until: shutdown) })
    }
}

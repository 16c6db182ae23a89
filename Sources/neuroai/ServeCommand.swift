import ArgumentParser
import Features
import Foundation
import Hummingbird
import Kernel
import Logging
import ServiceLifecycle
import Web

/// `neuroai serve`: serves the API and the pages, runs one worker process, and starts periodic tasks.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the API and the pages, and keep a worker process alive.",
        aliases: ["runserver"])

    @Flag(help: "Start no worker; run `neuroai worker` elsewhere.")
    var withoutWorker = false

    @Flag(help: "Start no periodic tasks; run `neuroai beat` elsewhere.")
    var withoutBeat = false

    func run() async throws {
        let settings = try Settings.load()
        let serving = try ServeSettings(settings)
        try settings.checkModelPath()
        // Otherwise the worker would exit and be restarted endlessly.
        if !withoutWorker, try settings.workerSlots().segments { try settings.checkDevice() }
        try await ListenAddress.check(host: serving.host, port: serving.port)
        let wiring = try await Wiring.open(settings, label: "serve")
        wiring.warnOfUnknownSettings()
        let services = try await wiring.webServices(serving)
        let connections = OpenConnections()
        let application = Application(
            router: try services.router(),
            server: ServerLimits.http(clientTimeout: serving.clientTimeout, connections: connections),
            configuration: ApplicationConfiguration(
                address: .hostname(serving.host, port: serving.port), serverName: "neuroai"),
            logger: wiring.logger)
        var busy: ProcessServices.Stage = [
            "http server": application, "event streams": EventStreams(feed: services.events.feed),
        ]
        if !withoutWorker { busy["worker"] = WorkerProcess(notes: wiring.workerNotes, logger: wiring.logger) }
        if let broker = try settings.broker() { busy["publishing"] = wiring.publishing(broker) }
        var stages: [ProcessServices.Stage] = [["audit sealing": AuditSealing(wiring: wiring)], busy]
        if !withoutBeat { stages.insert(["beat": try wiring.beat(services, serving)], at: 1) }
        let parts = ProcessServices(stages: stages, logger: wiring.logger)
        let shutdown = ProcessShutdown(
            .init(requests: serving.shutdownTimeout / .seconds(1), lastSteps: 12, lastStepsInHaste: 3),
            logger: wiring.logger, closeConnections: connections.closeAll)
        wiring.logger.notice("serving", metadata: ["host": "\(serving.host)", "port": "\(serving.port)"])
        try await wiring.close(after: { try await parts.run(until: shutdown) })
    }
}

/// Ends event streams at shutdown, which would otherwise keep their connections open.
private struct EventStreams: Service {
    let feed: EventFeed

    func run() async throws {
        try await gracefulShutdown()
        feed.stop()
    }
}

import ArgumentParser
import Features
import Foundation
import Hummingbird
import Kernel
import Logging
import ServiceLifecycle
import Web

/// `neuroai serve`: serves the API and the pages, and runs one worker process.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the API and the pages, and keep a worker process alive.",
        aliases: ["runserver"])

    @Flag(help: "Start no worker; run `neuroai worker` elsewhere.")
    var withoutWorker = false

    func run() async throws {
        let settings = try Settings.load()
        let serving = try ServeSettings(settings)
        try settings.checkModelPath()
        // Otherwise the worker would exit and be restarted endlessly.
        if !withoutWorker, try settings.workerSlots().segments { try settings.checkDevice() }
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
        let parts = ProcessServices(
            stages: [
                ["audit sealing": AuditSealing(wiring: wiring)],
                ["housekeeping": Housekeeping(wiring: wiring, services: services, serving: serving)],
                busy,
            ], logger: wiring.logger)
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

/// Periodic maintenance.
private struct Housekeeping: Service {
    private static let pause: Duration = .seconds(3600)

    let wiring: Wiring
    let services: WebServices
    let serving: ServeSettings

    func run() async throws {
        let sweeper = BlobSweepService(database: wiring.database, blobs: wiring.blobs)
        let purger = CasePurgeService(
            database: wiring.database, blobs: wiring.blobs, partials: wiring.partials, contents: .all,
            retention: serving.caseRetention)
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await turn { try await work(sweeper, purger) }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    private func turn(_ work: @escaping @Sendable () async throws -> Void) async {
        let turn = Task { try await work() }
        let clock = Task {
            try await Task.sleep(for: JobLimits.maintenance.total)
            wiring.logger.error("housekeeping timed out")
            turn.cancel()
        }
        do {
            try await withTaskCancellationHandler {
                try await turn.value
            } onCancel: {
                turn.cancel()
            }
        } catch {
            wiring.logger.error("housekeeping failed", metadata: ["outage": "\(AppError.cause(of: error))"])
        }
        clock.cancel()
    }

    private func work(_ sweeper: BlobSweepService, _ purger: CasePurgeService) async throws {
        let purged = try await purger.purge()
        if purged > 0 { wiring.logger.info("purged deleted cases", metadata: ["count": "\(purged)"]) }
        let removed = try await sweeper.sweep()
        if removed > 0 { wiring.logger.info("swept orphaned files", metadata: ["count": "\(removed)"]) }
        try await services.sessions.deleteExpired()
        try await services.idempotency.deleteExpired()
        try await services.uploads.deleteExpired()
        try await services.events.deleteExpired()
        try await services.operations.forgetDeadWorkers()
    }
}

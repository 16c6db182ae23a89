import Kernel
import Logging
import ServiceLifecycle

/// The services of a process, from its start to its end.
///
/// All run at once and are shut down stage by stage, the last stage first. None ends by itself: where one does, the others are shut
/// down as well and `run` throws, so that the process ends with a failure and whoever supervises it starts it again.
struct ProcessServices: Sendable {
    /// Services by name that are shut down at the same time.
    typealias Stage = [String: any Service]

    let stages: [Stage]
    let logger: Logger

    /// Runs them until the process is asked to end.
    ///
    /// - Parameter followsInput: whether the end of standard input is such a request.
    func run(until shutdown: ProcessShutdown, followsInput: Bool = false) async throws {
        // The last stage, so the first that learns of a shutdown, whatever its cause.
        let group = group(endingWith: [shutdown])
        shutdown.listen(includingInput: followsInput) { Task { await group.triggerGracefulShutdown() } }
        try await group.run()
    }

    func group(endingWith last: [any Service] = []) -> ServiceGroup {
        let stages = stages.map { stage in
            ConcurrentServices(
                groups: stage.map { name, service in
                    group(of: [WatchedService(name: name, service: service, logger: logger)])
                })
        }
        return group(of: stages + last)
    }

    /// A service that ends leaves the others their time: they are shut down and not cancelled.
    private func group(of services: [any Service]) -> ServiceGroup {
        let services = services.map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup)
        }
        return ServiceGroup(configuration: .init(services: services, logger: logger))
    }
}

/// Says in the log which service has ended though nobody asked it to, and makes a failure of that.
private struct WatchedService: Service {
    let name: String
    let service: any Service
    let logger: Logger

    func run() async throws {
        do {
            try await service.run()
        } catch {
            logger.critical(
                "a service failed", metadata: ["service": "\(name)", "error": "\(AppError.cause(of: error))"])
            throw error
        }
        guard Task.isShuttingDownGracefully || Task.isCancelled else {
            logger.critical("a service ended by itself", metadata: ["service": "\(name)"])
            throw ServiceEnded(service: name)
        }
    }
}

/// A service returned though it was not asked to.
struct ServiceEnded: Error, Equatable, CustomStringConvertible {
    let service: String

    var description: String { "A part of the program ended by itself: \(service)." }
}

/// Services that are shut down at the same time; a group tells its own services one after the other.
private struct ConcurrentServices: Service {
    /// One for each: a group hears of the shutdown of the one that it runs in.
    let groups: [ServiceGroup]

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for group in groups { tasks.addTask { try await group.run() } }
            var failure: (any Error)?
            while let result = await tasks.nextResult() {
                // Its neighbours have their time as in any shutdown.
                for group in groups { await group.triggerGracefulShutdown() }
                if case .failure(let error) = result { failure = failure ?? error }
            }
            if let failure { throw failure }
        }
    }
}

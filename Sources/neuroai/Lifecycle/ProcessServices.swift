import Kernel
import Logging
import ServiceLifecycle

/// The services of a process, from start to exit.
///
/// All services run concurrently and are shut down stage by stage, last stage first. No service is expected to return
/// on its own: if one does, the others are shut down and `run` throws, so that the process exits with a failure and its
/// supervisor restarts it.
struct ProcessServices: Sendable {
    /// Services that are shut down concurrently, by name.
    typealias Stage = [String: any Service]

    let stages: [Stage]
    let logger: Logger

    /// Runs the services until the process is asked to exit.
    ///
    /// - Parameter input: its end also shuts the process down.
    func run(until shutdown: ProcessShutdown, input: InputEnd? = nil) async throws {
        // The last stage is notified of a shutdown first, whatever the cause.
        let group = group(endingWith: [shutdown])
        shutdown.listen(to: input) { Task { await group.triggerGracefulShutdown() } }
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

    /// If a service ends, the others are shut down gracefully rather than cancelled.
    private func group(of services: [any Service]) -> ServiceGroup {
        let services = services.map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup)
        }
        return ServiceGroup(configuration: .init(services: services, logger: logger))
    }
}

/// Logs a service that returns or throws unexpectedly, and treats a return as a failure.
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

/// A service returned without a shutdown request.
struct ServiceEnded: Error, Equatable, CustomStringConvertible {
    let service: String

    var description: String { "A part of the program ended by itself: \(service)." }
}

/// Services that are shut down concurrently; a `ServiceGroup` shuts its own services down one after another.
private struct ConcurrentServices: Service {
    /// One group per service. A group is notified when the group that it runs in shuts down.
    let groups: [ServiceGroup]

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for group in groups { tasks.addTask { try await group.run() } }
            var failure: (any Error)?
            while let result = await tasks.nextResult() {
                // The other services shut down gracefully, as in any shutdown.
                for group in groups { await group.triggerGracefulShutdown() }
                if case .failure(let error) = result { failure = failure ?? error }
            }
            if let failure { throw failure }
        }
    }
}

import Basics
import Imaging
import Kernel
import Logging
import Storage

/// A worker's row in `workers`: that it lives, and which model it has loaded.
package struct WorkerPresence: Sendable {
    /// How often a worker says that it lives.
    package static let heartbeatInterval: Duration = .seconds(10)
    /// A worker that has been silent for this long is taken for dead.
    static let timeout: Duration = .seconds(45)

    /// A model that is ready in memory.
    package struct LoadedModel: Sendable, Equatable {
        package let identity: ModelIdentity
        /// From its files to a network that can run.
        package let loadSeconds: Double

        package init(identity: ModelIdentity, loadSeconds: Double) {
            self.identity = identity
            self.loadSeconds = loadSeconds
        }
    }

    private let database: any Database
    private let worker: WorkerID
    private let version: String
    private let classes: [JobClass]
    private let model: @Sendable () -> LoadedModel?
    private let logger: Logger

    /// - Parameters:
    ///   - classes: what it serves.
    ///   - model: the one that it loaded last.
    package init(
        database: any Database, worker: WorkerID, version: String,
        classes: [JobClass] = WorkerSlots.usualClasses, logger: Logger,
        model: @escaping @Sendable () -> LoadedModel?
    ) {
        self.database = database
        self.worker = worker
        self.version = version
        self.classes = classes
        self.logger = logger
        self.model = model
    }

    /// Beats until the task is cancelled, then takes the row away.
    package func run() async {
        let started = Timestamp.now
        while !Task.isCancelled {
            await heartbeat(since: started)
            try? await Task.sleep(for: Self.heartbeatInterval)
        }
        // A cancelled task's calls would fail at once.
        await Task { try? await leave() }.value
    }

    /// A database that is away for a moment is no reason to stop working.
    private func heartbeat(since started: Timestamp) async {
        let row = WorkerRow(
            id: worker, version: version, classes: classes, startedAt: started, beatAt: .now, model: model())
        do {
            try await database.write { try OperationsStore($0).heartbeat(row) }
        } catch is CancellationError {
            return
        } catch {
            logger.warning("cannot write the worker's heartbeat", metadata: ["outage": "\(AppError.cause(of: error))"])
        }
    }

    private func leave() async throws {
        try await forget(worker)
    }

    /// Takes away the row of a worker that is known to be dead.
    package func forget(_ dead: WorkerID) async throws {
        try await database.write { try OperationsStore($0).remove(dead) }
    }
}

/// A worker as its row has it.
package struct WorkerRow: Sendable, Equatable {
    package let id: WorkerID
    package let version: String
    package var classes = WorkerSlots.usualClasses
    package let startedAt: Timestamp
    package let beatAt: Timestamp
    package let model: WorkerPresence.LoadedModel?
}

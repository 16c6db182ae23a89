import Basics
import Imaging
import Kernel
import Logging
import Storage

/// A worker's row in `workers`: its heartbeat and loaded model.
package struct WorkerPresence: Sendable {
    /// The interval of a worker's heartbeat.
    package static let heartbeatInterval: Duration = .seconds(10)
    /// A worker silent for this long counts as dead.
    static let timeout: Duration = .seconds(45)

    /// A model loaded into memory.
    package struct LoadedModel: Sendable, Equatable {
        package let identity: ModelIdentity
        /// The time to load its files and compile its networks.
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
    ///   - classes: the classes that it serves.
    ///   - model: the model loaded last.
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

    /// Sends heartbeats until the task is cancelled, then deletes the row.
    package func run() async {
        let started = Timestamp.now
        while !Task.isCancelled {
            await heartbeat(since: started)
            try? await Task.sleep(for: Self.heartbeatInterval)
        }
        // Calls in a cancelled task would fail immediately.
        await Task { try? await leave() }.value
    }

    /// A brief database outage must not stop the work.
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

    /// Deletes the row of a worker that is known to be dead.
    package func forget(_ dead: WorkerID) async throws {
        try await database.write { try OperationsStore($0).remove(dead) }
    }
}

/// A worker's row.
package struct WorkerRow: Sendable, Equatable {
    package let id: WorkerID
    package let version: String
    package var classes = WorkerSlots.usualClasses
    package let startedAt: Timestamp
    package let beatAt: Timestamp
    package let model: WorkerPresence.LoadedModel?
}

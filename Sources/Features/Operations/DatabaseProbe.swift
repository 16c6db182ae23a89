import Kernel
import Storage

/// Writes a row and takes it back: for tests of an installation that leave nothing behind.
package struct DatabaseProbe: Sendable {
    private let database: any Database

    private struct RolledBack: Error {}

    package init(database: any Database) {
        self.database = database
    }

    /// Writes and removes a row in one transaction and commits it: a full disk shows itself only then. The row's time keeps all others
    /// from taking it for a worker's.
    func commit() async throws {
        let time = Timestamp(microseconds: 0)
        let row = WorkerRow(id: WorkerID(), version: "health", startedAt: time, beatAt: time, model: nil)
        try await database.write { connection in
            let store = OperationsStore(connection)
            try store.heartbeat(row)
            try store.remove(row.id)
        }
    }

    /// Writes a row, reads it, and takes the transaction back.
    ///
    /// - Throws: `DatabaseError`, or unavailable where a row is not what was written.
    package func run() async throws {
        let row = WorkerRow(id: WorkerID(), version: "self-test", startedAt: .now, beatAt: .now, model: nil)
        do {
            try await database.write { connection in
                let store = OperationsStore(connection)
                try store.heartbeat(row)
                guard try store.workers(heardSince: row.beatAt).contains(row) else { throw Self.fault }
                throw RolledBack()
            }
        } catch is RolledBack {
            let left = try await database.read { try OperationsStore($0).workers(heardSince: row.beatAt) }
            guard !left.contains(row) else { throw Self.fault }
        }
    }

    private static let fault = AppError(.unavailable, "The database returned a different row than was written.")
}

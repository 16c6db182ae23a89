import Kernel
import Storage

/// Writes a row and removes it: for installation tests that leave nothing behind.
package struct DatabaseProbe: Sendable {
    private let database: any Database

    private struct RolledBack: Error {}

    package init(database: any Database) {
        self.database = database
    }

    /// Inserts and removes a row in one transaction and commits it: only a commit reveals a full disk. The row's time
    /// keeps it from counting as a worker.
    func commit() async throws {
        let time = Timestamp(microseconds: 0)
        let row = WorkerRow(id: WorkerID(), version: "health", startedAt: time, beatAt: time, model: nil)
        try await database.write { connection in
            let store = OperationsStore(connection)
            try store.heartbeat(row)
            try store.remove(row.id)
        }
    }

    /// Writes a row, reads it, and rolls back.
    ///
    /// - Throws: `DatabaseError`, or unavailable if the row read differs from the one written.
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

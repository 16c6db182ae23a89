import Foundation
import GRDB

/// Dumps of SQLite by its online backup API (https://www.sqlite.org/backup.html): one read transaction of the
/// write-ahead log, so that neither writers nor the copy wait.
enum SQLiteDump {
    static func write<T: Sendable>(
        _ path: String, to file: URL, reading: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        guard FileManager.default.fileExists(atPath: path) else {
            throw DatabaseError(.unavailable, "The database file does not exist.")
        }
        let source = try SQLiteDatabase(path: path, readers: 1)
        do {
            try await source.copy(to: file.path)
            try await source.close()
        } catch {
            try? await source.close()
            throw error
        }
        let copy = try DatabaseQueue(path: file.path)
        // A single file, which can be opened without writing beside it.
        try await copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
        let value = try await copy.read { try reading(SQLiteConnection(database: $0)) }
        try copy.close()
        return value
    }

    static func restore(_ path: String, from file: URL) throws {
        let target = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        // An empty file and its log; the caller has checked that there are no tables.
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
        try FileManager.default.copyItem(at: file, to: target)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try synchronise(target)
        try synchronise(target.deletingLastPathComponent())
    }
}

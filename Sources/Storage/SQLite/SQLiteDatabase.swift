import Basics
import Foundation
import GRDB
import Synchronization

/// The embedded database: one file in WAL mode, with one writer and several concurrent readers, also across processes.
package final class SQLiteDatabase: Database {
    private let pool: DatabasePool
    private let readers: Int
    private let listener: SQLiteListener
    /// The number of pending calls, and of those with a connection.
    private let calls = Atomic(0)
    private let running = Atomic(0)

    private static let mappedBytes = 1 << 30

    /// Opens or creates the file at `path`, whose folder must exist: a misspelt path must not start an empty
    /// installation.
    package init(path: String, readers: Int = 8) throws {
        self.readers = max(1, readers)
        listener = SQLiteListener(path: path)
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.maximumReaderCount = max(1, readers)
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            // WAL's default may lose the last commits on power failure; acknowledged writes must be durable.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // Every commit invalidates the readers' page caches; mapped pages are found again without a copy.
            try database.execute(sql: "PRAGMA mmap_size = \(Self.mappedBytes)")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw DatabaseError(.unavailable, "The folder \(folder) of DATABASE_URL does not exist.")
        }
        do {
            // Patient data: a new file is accessible only to its owner, and SQLite's other files inherit its mode.
            let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            if descriptor >= 0 { Foundation.close(descriptor) }
            pool = try DatabasePool(path: path, configuration: configuration)
            pool.add(transactionObserver: NotificationObserver(listener), extent: .databaseLifetime)
        } catch {
            throw DatabaseError(
                .unavailable, "Cannot open the database file. Check that its folder is writable.")
        }
    }

    package func read<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await translating {
            try await self.pool.read { database in
                self.running.add(1, ordering: .relaxed)
                defer { self.running.subtract(1, ordering: .relaxed) }
                return try body(SQLiteConnection(database: database))
            }
        }
    }

    @discardableResult
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> T
    ) async throws -> T {
        try await translating {
            try await self.pool.writeWithoutTransaction { database in
                self.running.add(1, ordering: .relaxed)
                defer { self.running.subtract(1, ordering: .relaxed) }
                var result: Result<T, any Error>?
                // Immediate: takes the lock before the first read, so that a lock upgrade cannot fail.
                try database.inTransaction(.immediate) {
                    let value = Result {
                        let connection = SQLiteConnection(database: database)
                        let value = try body(connection)
                        // As on PostgreSQL: a transaction with a failed statement never commits.
                        if let fault = connection.fault { throw fault }
                        return value
                    }
                    result = value
                    if case .failure = value { return .rollback }
                    return .commit
                }
                guard let result else { throw DatabaseError(.statement, "The transaction did not run.") }
                return try result.get()
            }
        }
    }

    deinit {
        listener.close()
    }

    package func notifications(of channels: Set<NotificationChannel>) -> AsyncStream<DatabaseNotification> {
        let stream = listener.hub.subscribe(to: channels)
        listener.start()
        return stream
    }

    package func close() async throws {
        listener.close()
        // The last connection to close may be a reader, which would leave the log beside the file.
        try? await pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)") }
        try pool.close()
    }

    /// Copies the database to a new file, as of one moment and while it is in use.
    func copy(to file: String) async throws {
        // Outside the cooperative pool: it takes as long as the file is large.
        try await DedicatedThread.run(named: "sqlite-copy") { [pool] in
            let target = try DatabaseQueue(path: file)
            try pool.backup(to: target)
            try target.close()
        }
    }

    /// One writer and the readers.
    package var load: PoolLoad {
        let busy = running.load(ordering: .relaxed)
        return PoolLoad(
            places: readers + 1, busy: busy, waiting: max(0, calls.load(ordering: .relaxed) - busy))
    }

    private func translating<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        calls.add(1, ordering: .relaxed)
        defer { calls.subtract(1, ordering: .relaxed) }
        do {
            return try await body()
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(error)
        }
    }
}

/// SQLite's implementation of a transaction.
final class SQLiteConnection: DatabaseConnection {
    private let database: GRDB.Database
    let dialect = SQLDialect.sqlite
    /// The first statement's failure.
    private(set) var fault: DatabaseError?

    init(database: GRDB.Database) {
        self.database = database
    }

    func query(_ statement: SQL) throws -> [SQLRow] {
        try translating {
            let prepared = try prepare(statement)
            let columns = SQLColumns(prepared.columnNames)
            var rows: [SQLRow] = []
            let cursor = try Row.fetchCursor(prepared)
            while let row = try cursor.next() {
                rows.append(SQLRow(columns: columns, values: row.databaseValues.map(SQLValue.init)))
            }
            return rows
        }
    }

    func execute(_ statement: SQL) throws -> Int {
        try translating {
            let before = database.totalChangesCount
            try prepare(statement).execute()
            // `changesCount` keeps its last value if a statement changes nothing.
            return database.totalChangesCount == before ? 0 : database.changesCount
        }
    }

    func notify(_ channel: NotificationChannel, _ payload: String) throws {
        try channel.check(payload)
        _ = try execute("INSERT INTO notifications (channel, payload) VALUES (\(channel.name), \(payload))")
        _ = try execute("DELETE FROM notifications WHERE id <= last_insert_rowid() - \(SQLiteListener.kept)")
    }

    func executeScript(_ script: String) throws {
        try translating { try database.execute(sql: script) }
    }

    private func prepare(_ statement: SQL) throws -> Statement {
        try statement.checkValues()
        let prepared = try database.cachedStatement(sql: statement.text { _ in "?" })
        try prepared.setArguments(StatementArguments(statement.values.map(\.databaseValue)))
        return prepared
    }

    private func translating<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as GRDB.DatabaseError {
            let translated = DatabaseError(error)
            fault = fault ?? translated
            throw translated
        }
    }
}

extension SQLValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .int(let number): number.databaseValue
        case .double(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }

    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob([UInt8](data))
        }
    }
}

extension DatabaseError {
    /// SQLite's messages contain names of tables and columns, never values.
    fileprivate init(_ error: GRDB.DatabaseError) {
        let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        let named = message.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
        switch error.extendedResultCode {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID:
            self.init(.uniqueViolation, message, constraint: named.flatMap(Self.uniqueName))
        case .SQLITE_CONSTRAINT_FOREIGNKEY: self.init(.foreignKeyViolation, message)
        case .SQLITE_CONSTRAINT_NOTNULL: self.init(.notNullViolation, message)
        case .SQLITE_CONSTRAINT_CHECK: self.init(.checkViolation, message, constraint: named)
        // The index of the write-ahead log could not grow.
        case .SQLITE_IOERR_SHMSIZE: self.init(.diskFull, message)
        default: self.init(Self.kind(of: error.resultCode), message)
        }
    }

    private static func kind(of code: ResultCode) -> Kind {
        switch code {
        case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
        case .SQLITE_FULL: .diskFull
        case .SQLITE_CANTOPEN, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_NOTADB, .SQLITE_CORRUPT,
            // The connection has been closed.
            .SQLITE_MISUSE:
            .unavailable
        default: .statement
        }
    }

    /// `users.institution_id, users.email` → `uq_users_institution_id_email`.
    private static func uniqueName(_ columns: String) -> String? {
        let pairs = columns.components(separatedBy: ", ").map { $0.split(separator: ".") }
        guard let table = pairs.first?.first, pairs.allSatisfy({ $0.count == 2 }) else { return nil }
        return "uq_\(table)_" + pairs.map { String($0[1]) }.joined(separator: "_")
    }
}

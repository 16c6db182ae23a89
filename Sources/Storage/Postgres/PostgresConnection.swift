import CPostgres
import Foundation

/// A libpq connection; used only by the thread that created it.
final class PostgresConnection: DatabaseConnection {
    let dialect = SQLDialect.postgres
    private let address: PostgresAddress
    private var handle: OpaquePointer?
    /// The names of prepared statements by text and parameter types.
    private var prepared: [PreparedKey: String] = [:]
    /// The last statement's failure in this transaction.
    var lastFault: PostgresFault?
    /// BEGIN is sent with the first statement, which saves a round trip.
    private var pendingBegin: String?
    /// The COMMIT of a read-only transaction has been sent; its result is read before the next transaction.
    private var isCommitting = false

    private struct PreparedKey: Hashable {
        let text: String
        let types: [UInt32]
    }

    /// Beyond this number the server's prepared statements are dropped, so that lists of varying length cannot fill its
    /// memory.
    private static let preparedLimit = 256

    init(address: PostgresAddress) {
        self.address = address
    }

    deinit {
        PQfinish(handle)
    }

    // MARK: Connection

    func connectIfNeeded() throws {
        if isCommitting { finishCommitting() }
        if let handle, PQstatus(handle) == CONNECTION_OK { return }
        disconnect()
        var options: [(String, String)] = [
            ("host", address.host), ("port", String(address.port)), ("user", address.user),
            ("password", address.password), ("dbname", address.database), ("connect_timeout", "5"),
            ("client_encoding", "UTF8"), ("application_name", "neuroai"), ("options", "-c extra_float_digits=3"),
        ]
        if let sslMode = address.sslMode { options.append(("sslmode", sslMode)) }
        let opened = withCStrings(options.map(\.0)) { names in
            withCStrings(options.map(\.1)) { values in PQconnectdbParams(names, values, 0) }
        }
        guard PQstatus(opened) == CONNECTION_OK else {
            PQfinish(opened)
            throw DatabaseError(
                .unavailable,
                "PostgreSQL at \(address.host):\(address.port) can't be reached: check that it runs and DATABASE_URL.")
        }
        // Notices would be written to standard error.
        _ = PQsetNoticeReceiver(opened, { _, _ in }, nil)
        handle = opened
    }

    private func disconnect() {
        PQfinish(handle)
        handle = nil
        prepared = [:]
    }

    // MARK: Transaction

    /// - Parameter text: the whole statement; sent with the next one.
    func begin(_ text: String) {
        pendingBegin = text
    }

    /// Ends a read-only transaction without waiting for the server: nothing can be lost.
    func endReading() throws {
        // A swallowed error must surface, as in a writing transaction.
        guard lastFault == nil else { return try commit() }
        guard pendingBegin == nil else { return pendingBegin = nil }
        isCommitting = PQsendQuery(handle, "COMMIT") == 1
    }

    private func finishCommitting() {
        isCommitting = false
        while let result = PQgetResult(handle) { PQclear(result) }
    }

    private func command(_ text: String) throws {
        _ = try checked(PostgresResult(PQexec(handle, text)))
    }

    func commit() throws {
        // No statement has been sent.
        guard pendingBegin == nil else { return pendingBegin = nil }
        do {
            let result = try checked(PostgresResult(PQexec(handle, "COMMIT")))
            // A transaction broken by a swallowed error "commits" with the result ROLLBACK.
            guard result.command == "COMMIT" else {
                throw DatabaseError(.statement, "The transaction was rolled back because a statement in it had failed.")
            }
        } catch let fault as PostgresFault where fault.isLost {
            throw DatabaseError(.unavailable, "The connection was lost while committing; whether it did is unknown.")
        }
    }

    func rollBack() {
        pendingBegin = nil
        guard let handle, PQstatus(handle) == CONNECTION_OK else { return }
        if PQtransactionStatus(handle) != PQTRANS_IDLE { PQclear(PQexec(handle, "ROLLBACK")) }
    }

    // MARK: DatabaseConnection

    func query(_ statement: SQL) throws -> [SQLRow] {
        try unwrapped { try self.run(statement).rows() }
    }

    func execute(_ statement: SQL) throws -> Int {
        try unwrapped { try self.run(statement).changedRows }
    }

    func executeScript(_ script: String) throws {
        try unwrapped {
            if let begin = self.pendingBegin {
                self.pendingBegin = nil
                try self.command(begin)
            }
            try self.command(script)
        }
    }

    /// Callers see a `DatabaseError`; the transaction reads the fault in `lastFault`.
    private func unwrapped<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let fault as PostgresFault {
            lastFault = fault
            throw fault.error
        }
    }

    private func run(_ statement: SQL) throws -> PostgresResult {
        // Prepared first: that waits for its result, and may do so outside the transaction.
        let call = try PreparedCall(statement, name: preparedName)
        return try withOptionalCStrings(call.values) { pointers in
            let count = Int32(call.values.count)
            guard let begin = pendingBegin else {
                return try checked(PostgresResult(PQexecPrepared(handle, call.name, count, pointers, nil, nil, 0)))
            }
            pendingBegin = nil
            return try checked(PostgresPipeline(handle)) { pipeline in
                pipeline.send(begin)
                pipeline.send(call.name, count, pointers)
            }
        }
    }

    /// The last result of the statements that `send` sends together.
    private func checked(_ pipeline: PostgresPipeline?, _ send: (PostgresPipeline) -> Void) throws -> PostgresResult {
        guard let pipeline else { return try checked(PostgresResult(nil)) }
        send(pipeline)
        return try pipeline.results().map(checked).last ?? checked(PostgresResult(nil))
    }

    /// A prepared statement's name with its parameters in the server's text format.
    private struct PreparedCall {
        let name: String
        let values: [String?]

        init(_ statement: SQL, name: (PreparedKey) throws -> String) throws {
            try statement.checkValues()
            let values = statement.values
            let key = PreparedKey(text: statement.text { "$\($0)" }, types: values.map(\.postgresType))
            self.name = try name(key)
            self.values = values.map(\.postgresText)
        }
    }

    private func preparedName(_ key: PreparedKey) throws -> String {
        if let name = prepared[key] { return name }
        if prepared.count >= Self.preparedLimit {
            try command("DEALLOCATE ALL")
            prepared = [:]
        }
        let name = "s\(prepared.count)"
        _ = try checked(PostgresResult(PQprepare(handle, name, key.text, Int32(key.types.count), key.types)))
        prepared[key] = name
        return name
    }

    private func checked(_ result: PostgresResult) throws -> PostgresResult {
        if result.isGood { return result }
        let isLost = PQstatus(handle) != CONNECTION_OK
        if isLost { prepared = [:] }
        throw PostgresFault(result: result, isLost: isLost)
    }
}

/// Calls `body` with a C array of C strings that is valid during the call.
private func withCStrings<T>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) throws -> T
) rethrows -> T {
    try withOptionalCStrings(strings, terminated: true, body)
}

/// The same with `nil` for null; `terminated` appends a final `nil`.
private func withOptionalCStrings<T>(
    _ strings: [String?], terminated: Bool = false, _ body: (UnsafePointer<UnsafePointer<CChar>?>?) throws -> T
) rethrows -> T {
    let copies = strings.map { $0.flatMap { strdup($0) } }
    defer { for copy in copies { free(copy) } }
    var pointers = copies.map { $0.map { UnsafePointer($0) } }
    if terminated { pointers.append(nil) }
    return try pointers.withUnsafeBufferPointer { try body($0.baseAddress) }
}

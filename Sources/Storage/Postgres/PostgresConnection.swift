import CPostgres
import Foundation

/// A connection of the pool, opened on demand and reopened if lost; used only by the thread that created it.
final class PostgresConnection: DatabaseConnection {
    let dialect = SQLDialect.postgres
    private let address: PostgresAddress
    let limits: DatabaseLimits
    private let outage: PostgresOutage
    private var handle: PostgresHandle?
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

    /// - Parameter outage: shared by the connections of a pool.
    init(address: PostgresAddress, limits: DatabaseLimits, outage: PostgresOutage) {
        self.address = address
        self.limits = limits
        self.outage = outage
    }

    // MARK: Connection

    /// Waits a while for a server that was there before, such as during its restart.
    func connectIfNeeded() throws {
        if isCommitting { finishCommitting() }
        if let handle, handle.isUsable { return }
        while true {
            disconnect()
            do {
                handle = try PostgresHandle(address, limits)
                return outage.end()
            } catch {
                guard outage.mayWait(atMost: limits.restartGrace) else { throw error }
                Thread.sleep(forTimeInterval: Double.random(in: 0.05...0.15))
            }
        }
    }

    private func disconnect() {
        handle = nil
        prepared = [:]
    }

    /// When a statement that is sent now must have been answered.
    private var deadline: ContinuousClock.Instant? {
        // The URL's own limit takes precedence, and we do not know it.
        let isOverridden = address.parameters["options"]?.contains("statement_timeout") ?? false
        guard limits.statementTimeout > .zero, !isOverridden else { return nil }
        return .now + limits.statementTimeout + limits.answerGrace
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
        guard let handle else { return }
        isCommitting = PQsendQuery(handle.pointer, "COMMIT") == 1
        PQflush(handle.pointer)
    }

    private func finishCommitting() {
        isCommitting = false
        _ = handle?.results(until: .now + limits.answerGrace)
    }

    func commit() throws {
        // No statement has been sent.
        guard pendingBegin == nil else { return pendingBegin = nil }
        do {
            let result = try command("COMMIT", until: deadline)
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
        guard let handle, handle.isUsable else { return }
        guard PQtransactionStatus(handle.pointer) != PQTRANS_IDLE else { return }
        _ = try? command("ROLLBACK", until: .now + limits.answerGrace)
    }

    // MARK: DatabaseConnection

    func query(_ statement: SQL) throws -> [SQLRow] {
        try unwrapped { try self.run(statement).rows() }
    }

    func execute(_ statement: SQL) throws -> Int {
        try unwrapped { try self.run(statement).changedRows }
    }

    func executeAll(_ statements: [SQL]) throws -> [Int] {
        guard !statements.isEmpty else { return [] }
        return try unwrapped { try self.send(statements).map(\.changedRows) }
    }

    func notify(_ channel: NotificationChannel, _ payload: String) throws {
        try channel.check(payload)
        _ = try execute("SELECT pg_notify(\(PostgresListener.channel), \(channel.name + " " + payload))")
    }

    func executeScript(_ script: String) throws {
        try unwrapped {
            if let begin = self.pendingBegin {
                self.pendingBegin = nil
                _ = try self.command(begin, until: self.deadline)
            }
            // A migration takes as long as it needs.
            _ = try self.command(script, until: nil)
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

    // MARK: Statements

    /// Runs statements without parameters.
    private func command(_ text: String, until deadline: ContinuousClock.Instant?) throws -> PostgresResult {
        try exchange(until: deadline) { PQsendQuery($0, text) }
    }

    /// Sends something and waits for the last of its results.
    private func exchange(
        until deadline: ContinuousClock.Instant?, _ send: (OpaquePointer) -> Int32
    ) throws -> PostgresResult {
        guard let handle, send(handle.pointer) == 1 else { throw lost() }
        return try checked(handle.results(until: deadline).last ?? PostgresResult(nil))
    }

    private func run(_ statement: SQL) throws -> PostgresResult {
        // BEGIN goes with it, which saves a round trip.
        if pendingBegin != nil { return try send([statement]).last ?? PostgresResult(nil) }
        try limitPrepared(adding: 1)
        let call = try PreparedCall(statement, name: preparedName)
        return try withOptionalCStrings(call.values) { values in
            try exchange(until: deadline) {
                PQsendQueryPrepared($0, call.name, Int32(call.values.count), values, nil, nil, 0)
            }
        }
    }

    /// Sends statements together and waits for their results, in order.
    private func send(_ statements: [SQL]) throws -> [PostgresResult] {
        // Prepared first: that waits for its result, and may do so outside the transaction.
        try limitPrepared(adding: statements.count)
        let calls = try statements.map { try PreparedCall($0, name: preparedName) }
        guard let handle, let pipeline = PostgresPipeline(handle) else { throw lost() }
        if let begin = pendingBegin { pipeline.send(begin) }
        for call in calls { pipeline.send(call.name, call.values) }
        pendingBegin = nil
        let results = try pipeline.results(until: deadline).map(checked)
        guard results.count >= calls.count else { throw lost() }
        return results.suffix(calls.count)
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
        let name = "s\(prepared.count)"
        _ = try exchange(until: deadline) { PQsendPrepare($0, name, key.text, Int32(key.types.count), key.types) }
        prepared[key] = name
        return name
    }

    /// Drops the prepared statements before `count` more would be too many. Not between naming and sending them.
    private func limitPrepared(adding count: Int) throws {
        guard !prepared.isEmpty, prepared.count + count > Self.preparedLimit else { return }
        _ = try command("DEALLOCATE ALL", until: deadline)
        prepared = [:]
    }

    private func checked(_ result: PostgresResult) throws -> PostgresResult {
        if result.isGood { return result }
        let fault =
            handle?.hasTimedOut == true
            ? .noAnswer : PostgresFault(result: result, isLost: handle?.isUsable != true)
        if fault.isLost { disconnect() }
        throw fault
    }

    private func lost() -> PostgresFault {
        disconnect()
        return PostgresFault(result: PostgresResult(nil), isLost: true)
    }
}

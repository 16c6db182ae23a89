import CPostgres
import Foundation

/// An open libpq connection in non-blocking mode: every wait for the server has a deadline, so that a network that
/// swallows packets cannot hold a thread. Used by one thread at a time.
final class PostgresHandle {
    let pointer: OpaquePointer
    /// The connection was lost while waiting; libpq may not know yet.
    private var isCutOff = false
    /// The server did not answer in time: the connection cannot be used any more.
    private(set) var hasTimedOut = false

    /// Connects.
    ///
    /// - Throws: `DatabaseError` of kind `.unavailable` with libpq's reason, which contains no password.
    init(_ address: PostgresAddress, _ limits: DatabaseLimits) throws {
        let options = Self.options(address, limits)
        let opened = withCStrings(options.map(\.key)) { names in
            withCStrings(options.map(\.value)) { values in PQconnectdbParams(names, values, 0) }
        }
        guard let opened, PQstatus(opened) == CONNECTION_OK, PQsetnonblocking(opened, 1) == 0 else {
            let said = PQerrorMessage(opened).map { String(cString: $0) } ?? ""
            PQfinish(opened)
            let reason = said.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            throw DatabaseError(
                .unavailable,
                "PostgreSQL at \(address.place) can't be reached: check that it runs and DATABASE_URL."
                    + (reason.isEmpty ? "" : " (\(reason.joined(separator: "; ")))"))
        }
        // Notices would be written to standard error.
        _ = PQsetNoticeReceiver(opened, { _, _ in }, nil)
        pointer = opened
    }

    deinit {
        PQfinish(pointer)
    }

    var isUsable: Bool { !isCutOff && PQstatus(pointer) == CONNECTION_OK }

    /// The URL's parameters, and ours where it has none.
    private static func options(_ address: PostgresAddress, _ limits: DatabaseLimits) -> [String: String] {
        let ours = [
            "connect_timeout": "5", "fallback_application_name": "neuroai",
            // A connection that is cut off without a word is noticed after 10 + 3 × 5 s, or 15 s after data was sent.
            "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "15000",
        ]
        var options = address.parameters.merging(ours) { theirs, _ in theirs }
        options["client_encoding"] = "UTF8"
        let session = [
            "extra_float_digits=3", "statement_timeout=\(limits.statementTimeout.milliseconds)",
            "lock_timeout=\(limits.lockTimeout.milliseconds)",
            "idle_in_transaction_session_timeout=\(limits.idleInTransactionTimeout.milliseconds)",
        ].map { "-c " + $0 }
        options["options"] = (session + [address.parameters["options"] ?? ""]).joined(separator: " ")
        return options
    }

    /// The results of what was sent, up to the end of the statement or of the pipeline; the last one tells of a lost
    /// connection.
    ///
    /// - Parameter deadline: `nil` waits for as long as the connection lives.
    func results(until deadline: ContinuousClock.Instant?) -> [PostgresResult] {
        var results: [PostgresResult] = []
        let isPipeline = PQpipelineStatus(pointer) != PQ_PIPELINE_OFF
        while true {
            guard isReady(until: deadline) else { return results + [PostgresResult(nil)] }
            guard let result = PQgetResult(pointer) else {
                guard isPipeline else { return results }
                // `nil` also ends each statement's results.
                if PQstatus(pointer) == CONNECTION_OK { continue }
                return results + [PostgresResult(nil)]
            }
            guard PQresultStatus(result) != PGRES_PIPELINE_SYNC else {
                PQclear(result)
                return results
            }
            results.append(PostgresResult(result))
        }
    }

    /// Sends what is buffered and waits until the next result can be read without waiting.
    ///
    /// - Returns: false if the time is over or the connection is lost.
    private func isReady(until deadline: ContinuousClock.Instant?) -> Bool {
        while !isCutOff {
            let unsent = PQflush(pointer)
            guard unsent >= 0 else { break }
            if unsent == 0, PQisBusy(pointer) == 0 { return true }
            guard waitForSocket(writing: unsent == 1, until: deadline), PQconsumeInput(pointer) == 1 else { break }
        }
        isCutOff = true
        return false
    }

    private func waitForSocket(writing: Bool, until deadline: ContinuousClock.Instant?) -> Bool {
        while true {
            let left = deadline.map { max(.zero, $0 - .now).milliseconds } ?? -1
            var socket = pollfd(
                fd: PQsocket(pointer), events: Int16(POLLIN) | (writing ? Int16(POLLOUT) : 0), revents: 0)
            let ready = poll(&socket, 1, Int32(clamping: left))
            if ready > 0 { return true }
            hasTimedOut = ready == 0
            guard ready < 0, errno == EINTR else { return false }
        }
    }
}

extension Duration {
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}

/// Calls `body` with a C array of C strings that is valid during the call.
private func withCStrings<T>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) throws -> T
) rethrows -> T {
    try withOptionalCStrings(strings, terminated: true, body)
}

/// The same with `nil` for null; `terminated` appends a final `nil`.
func withOptionalCStrings<T>(
    _ strings: [String?], terminated: Bool = false, _ body: (UnsafePointer<UnsafePointer<CChar>?>?) throws -> T
) rethrows -> T {
    let copies = strings.map { $0.flatMap { strdup($0) } }
    defer { for copy in copies { free(copy) } }
    var pointers = copies.map { $0.map { UnsafePointer($0) } }
    if terminated { pointers.append(nil) }
    return try pointers.withUnsafeBufferPointer { try body($0.baseAddress) }
}

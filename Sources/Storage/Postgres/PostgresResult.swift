import Basics
import CPostgres
import Foundation

/// A result from the server; frees libpq's memory on deinitialisation.
final class PostgresResult {
    private let handle: OpaquePointer?

    init(_ handle: OpaquePointer?) {
        self.handle = handle
    }

    deinit {
        PQclear(handle)
    }

    var isGood: Bool {
        let status = PQresultStatus(handle)
        // A script for the other database may consist of comments.
        return [PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY].contains(status)
    }

    /// The command: `COMMIT`, `INSERT 0 1`.
    var command: String { PQcmdStatus(handle).map { String(cString: $0) } ?? "" }

    var changedRows: Int { PQcmdTuples(handle).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// A field of the server's error report, such as `PG_DIAG_SQLSTATE`.
    func diagnostic(_ code: Character) -> String? {
        guard let ascii = code.asciiValue else { return nil }
        return PQresultErrorField(handle, Int32(ascii)).map { String(cString: $0) }
    }

    func rows() throws -> [SQLRow] {
        let width = PQnfields(handle)
        let names = (0..<width).map { PQfname(handle, $0).map { String(cString: $0) } ?? "" }
        let types = (0..<width).map { PQftype(handle, $0) }
        let columns = SQLColumns(names)
        return try (0..<PQntuples(handle)).map { row in
            let values = try (0..<width).map { try value(row: row, column: $0, type: types[Int($0)]) }
            return SQLRow(columns: columns, values: values)
        }
    }

    private func value(row: Int32, column: Int32, type: Oid) throws -> SQLValue {
        if PQgetisnull(handle, row, column) == 1 { return .null }
        guard let bytes = PQgetvalue(handle, row, column) else { return .null }
        let text = String(cString: bytes)
        guard let value = SQLValue(postgresText: text, type: type) else {
            throw DatabaseError(.decoding, "PostgreSQL's type \(type) is not one that we read.")
        }
        return value
    }
}

/// Object ids of PostgreSQL's built-in types (pg_type.dat); they never change.
private enum PostgresType {
    static let boolean: Oid = 16
    static let bytea: Oid = 17
    static let integers: Set<Oid> = [20, 21, 23]
    static let int8: Oid = 20
    static let texts: Set<Oid> = [19, 25, 1042, 1043]
    static let text: Oid = 25
    static let floats: Set<Oid> = [700, 701]
    static let float8: Oid = 701
    /// The type of SUM of a BIGINT.
    static let numeric: Oid = 1700
}

extension SQLValue {
    /// The declared type of a parameter; 0 lets the server infer it, as for null.
    var postgresType: Oid {
        switch self {
        case .null: 0
        case .int: PostgresType.int8
        case .double: PostgresType.float8
        case .text: PostgresType.text
        case .blob: PostgresType.bytea
        }
    }

    /// The parameter in the server's text format; `nil` for null.
    var postgresText: String? {
        switch self {
        case .null: nil
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .text(let text): text
        case .blob(let bytes): "\\x" + bytes.hexadecimal
        }
    }

    init?(postgresText text: String, type: Oid) {
        switch type {
        case PostgresType.boolean: self = .int(text == "t" ? 1 : 0)
        case PostgresType.bytea: self = .blob(Self.bytes(hexadecimal: text.dropFirst(2)))
        case _ where PostgresType.texts.contains(type): self = .text(text)
        case _ where PostgresType.integers.contains(type) || type == PostgresType.numeric:
            if let number = Int64(text) {
                self = .int(number)
            } else if let number = Double(text) {
                self = .double(number)
            } else {
                return nil
            }
        case _ where PostgresType.floats.contains(type):
            guard let number = Double(text) else { return nil }
            self = .double(number)
        default: return nil
        }
    }

    private static func bytes(hexadecimal text: Substring) -> [UInt8] {
        let digits = text.utf8.map { $0 > 57 ? $0 - 87 : $0 - 48 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

/// A statement's failure, with the information that the transaction needs.
struct PostgresFault: Error {
    let error: DatabaseError
    /// The connection is lost.
    let isLost: Bool
    /// A retry may succeed.
    let mayRepeat: Bool

    /// Not repeated: the next attempt would take as long.
    static let noAnswer = PostgresFault(
        error: DatabaseError(.unavailable, "PostgreSQL did not answer in time; the connection was closed."),
        isLost: true, mayRepeat: false)

    private init(error: DatabaseError, isLost: Bool, mayRepeat: Bool) {
        self.error = error
        self.isLost = isLost
        self.mayRepeat = mayRepeat
    }

    /// The server's message is kept only if it cannot contain a row's values: never its detail, and nothing of class 22
    /// (data exception), which quotes them.
    init(result: PostgresResult, isLost: Bool) {
        let state = result.diagnostic("C") ?? ""
        // The server is ending the connection, which libpq notices only with the next statement.
        let isLost = isLost || Self.endings.contains(state)
        guard !isLost, !state.isEmpty else {
            self.init(
                error: DatabaseError(.unavailable, "The connection to PostgreSQL was lost."), isLost: isLost,
                mayRepeat: isLost)
            return
        }
        let said = state.hasPrefix("22") ? "data exception" : result.diagnostic("M") ?? ""
        self.init(
            error: DatabaseError(
                Self.kind(of: state), "PostgreSQL \(state): \(said)", constraint: result.diagnostic("n")),
            isLost: false, mayRepeat: ["40001", "40P01"].contains(state))
    }

    /// Shutdown and crash of the server, `pg_terminate_backend`, and the timeout of an idle transaction.
    private static let endings: Set<String> = ["57P01", "57P02", "57P03", "25P03"]

    private static func kind(of state: String) -> DatabaseError.Kind {
        switch state {
        case "23505": .uniqueViolation
        case "23503": .foreignKeyViolation
        case "23514": .checkViolation
        case "23502": .notNullViolation
        // The last two: lock_timeout and statement_timeout.
        case "40001", "40P01", "55P03", "57014": .busy
        case "53300": .unavailable
        case "53100": .diskFull
        default: .statement
        }
    }
}

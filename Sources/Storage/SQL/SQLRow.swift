/// A row of a result; columns are read by name and type.
package struct SQLRow: Sendable {
    /// Shared by all rows of a result.
    let columns: SQLColumns
    let values: [SQLValue]

    /// The value of a column that is never null. Inlinable, so that reading many rows is not slowed by generic code.
    @inlinable package func get<Value: SQLConvertible>(_ column: String, as type: Value.Type = Value.self) throws
        -> Value
    {
        let value = try self.value(column)
        guard let converted = Value(sqlValue: value) else { throw mismatch(column, value, Value.self) }
        return converted
    }

    /// The value of a column that may be null.
    @inlinable package func optional<Value: SQLConvertible>(
        _ column: String, as type: Value.Type = Value.self
    ) throws -> Value? {
        let value = try self.value(column)
        if value == .null { return nil }
        guard let converted = Value(sqlValue: value) else { throw mismatch(column, value, Value.self) }
        return converted
    }

    /// The value as stored in the database.
    package func value(_ column: String) throws -> SQLValue {
        guard let index = columns.indices[column], index < values.count else {
            throw DatabaseError(.decoding, "The answer has no column \(column).")
        }
        return values[index]
    }

    @usableFromInline package func mismatch(_ column: String, _ value: SQLValue, _ type: Any.Type) -> DatabaseError {
        DatabaseError(.decoding, "Column \(column) holds \(value.typeName), not \(type).")
    }
}

/// The columns of a result: name to index. Of two columns with the same name the last one counts.
struct SQLColumns: Sendable {
    let indices: [String: Int]

    init(_ names: [String]) {
        indices = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
    }
}

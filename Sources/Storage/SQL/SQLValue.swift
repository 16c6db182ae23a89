/// A value as stored in the databases; booleans are 0 and 1, times microseconds.
package enum SQLValue: Hashable, Sendable {
    case null
    case int(Int64)
    case double(Double)
    case text(String)
    case blob([UInt8])

    /// The name of the value's type, for error messages.
    var typeName: String {
        switch self {
        case .null: "null"
        case .int: "integer"
        case .double: "double"
        case .text: "text"
        case .blob: "blob"
        }
    }
}

/// A type that can be bound to a statement and read from a row.
package protocol SQLConvertible: Sendable {
    var sqlValue: SQLValue { get }
    /// `nil` if `sqlValue` has another type or is out of range.
    init?(sqlValue: SQLValue)
}

extension String: SQLConvertible {
    package var sqlValue: SQLValue { .text(self) }
    package init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self = text
    }
}

extension Int64: SQLConvertible {
    package var sqlValue: SQLValue { .int(self) }
    package init?(sqlValue: SQLValue) {
        guard case .int(let number) = sqlValue else { return nil }
        self = number
    }
}

extension Int: SQLConvertible {
    package var sqlValue: SQLValue { .int(Int64(self)) }
    package init?(sqlValue: SQLValue) {
        guard case .int(let number) = sqlValue else { return nil }
        self.init(exactly: number)
    }
}

extension Double: SQLConvertible {
    package var sqlValue: SQLValue { .double(self) }
    package init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .double(let number): self = number
        case .int(let number): self = Double(number)
        default: return nil
        }
    }
}

extension Bool: SQLConvertible {
    package var sqlValue: SQLValue { .int(self ? 1 : 0) }
    package init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .int(0): self = false
        case .int(1): self = true
        default: return nil
        }
    }
}

extension SQLConvertible where Self: RawRepresentable, RawValue: SQLConvertible {
    package var sqlValue: SQLValue { rawValue.sqlValue }
    package init?(sqlValue: SQLValue) {
        guard let raw = RawValue(sqlValue: sqlValue) else { return nil }
        self.init(rawValue: raw)
    }
}
